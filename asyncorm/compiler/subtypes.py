"""Rendering of hierarchies: subtypes in FROM, and what loading objects reads of subclasses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from asyncorm.compiler.joins import JoinTree
from asyncorm.compiler.quoting import quote_name, quote_qualified, quote_text
from asyncorm.compiler.renderer import Renderer
from asyncorm.compiler.scopes import source_key
from asyncorm.sql.conditions import and_
from asyncorm.sql.expressions import Label
from asyncorm.sql.implied import ImpliedAlias
from asyncorm.sql.sources import (
    Alias,
    Derived,
    PartialEntity,
    column_of,
    entity_columns,
    is_entity,
    source_of,
    table_of,
    whole,
)
from asyncorm.sql.statements.clauses import Join
from asyncorm.sql.subtype import Below, Kinds, OfKind, Part, Subtype
from asyncorm.sql.table import BaseColumn

Columns = tuple[BaseColumn[Any, Any], ...]


def write_subtype(renderer: Renderer, subtype: Subtype) -> None:
    """The table or subquery that a subtype stands for, without its name."""
    if len(subtype.parts) == 1:
        renderer.write(_table(subtype.parts[0]))
        return
    columns = ", ".join(
        f"{_qualified(origin)} AS {quote_name(name)}" for name, origin in subtype.origins.items()
    )
    first = subtype.parts[0]
    renderer.write("(SELECT ", columns, " FROM ", _table(first))
    for part in subtype.parts[1:]:
        matches = " AND ".join(
            f"{_qualified(own)} = {_qualified(base)}"
            for own, base in zip(part.primary_key, first.primary_key, strict=True)
        )
        renderer.write(" JOIN ", _table(part), " ON ", matches)
    if subtype.kinds is not None:
        renderer.write(" WHERE ", kinds_sql(subtype.kinds, _qualified(subtype.kinds.column)))
    renderer.write(")")


def kinds_of(*sources: Any) -> tuple[OfKind, ...]:
    """The conditions that the rows of these sources are of the right kinds.

    They stand with the other conditions and not in subqueries, so that FOR UPDATE locks no rows
    that a join leaves out. A subquery has its own.
    """
    found: list[OfKind] = []
    for source in sources:
        table = source.__table__ if isinstance(source, Alias) else source
        if isinstance(table, Subtype) and len(table.parts) == 1 and table.kinds is not None:
            found.append(OfKind(source, table.kinds))
    return tuple(found)


def render_of_kind(renderer: Renderer, condition: OfKind) -> None:
    """A condition on the discriminator."""
    name = quote_name(condition.kinds.column.name)
    column = f"{renderer.source_name(condition.source)}.{name}"
    renderer.write(kinds_sql(condition.kinds, column))


def kinds_sql(kinds: Kinds, column: str) -> str:
    """The condition that a column has the value of one of some classes."""
    # the values are part of the model, hence constants
    type_ = kinds.column._type
    values = [quote_text(type_.as_text(value)) for value in kinds.values]
    if not values:
        return "false"  # an abstract class that has no subclasses
    return f"{column} = {values[0]}" if len(values) == 1 else f"{column} IN ({', '.join(values)})"


def _table(part: Part) -> str:
    return quote_qualified(part.table.schema, part.table.name)


def _qualified(column: BaseColumn[Any, Any]) -> str:
    return f"{quote_qualified(column.table.schema, column.table.name)}.{quote_name(column.name)}"


class Widened:
    """What a SELECT reads for the subclasses of its entities, and the tables it joins for that."""

    def __init__(self, items: Sequence[Any], trees: list[JoinTree]) -> None:
        self.trees = trees
        self._columns: dict[int, Columns] = {}
        #: the keys of the tables joined
        self.keys: list[BaseColumn[Any, Any]] = []
        #: what the SELECT was about before
        self.sources = [source for tree in trees for source in tree.sources]
        for position, item in enumerate(items):
            below = below_of(item)
            if below is not None:
                self._columns[position] = self._widen(item, below)

    def columns(self, position: int) -> Columns:
        """The further columns of the item at a position."""
        return self._columns.get(position, ())

    def _widen(self, item: Any, below: Below) -> Columns:
        source, table = source_of(item), table_of(item)
        root = source_key(source._root if isinstance(source, ImpliedAlias) else source)
        tree = next(t for t in self.trees if root in map(source_key, t.sources))
        key = [column_of(whole(item), column.attribute) for column in table.primary_key]
        joined = [(part.table, part.primary_key) for part in below.joined]
        places: dict[Any, Any] = {table: source}
        if isinstance(source, Derived) and any(c.table is table for c in below.columns):
            joined.append((table, table.primary_key))  # the subquery lacks these columns
        for extending, its_key in joined:
            place = places[extending] = Alias(extending, None)
            found = [_at(place, column) for column in its_key]
            self.keys += found
            condition = and_(*(own == base for own, base in zip(found, key, strict=True)))
            tree.add(Join(place, condition, "LEFT JOIN"), condition)
        return tuple(_at(places[column.table], column) for column in below.columns)


def below_of(item: Any) -> Below | None:
    """What loading an item of a select list reads besides its columns."""
    if not is_entity(item):
        return None
    given = item.below if isinstance(item, PartialEntity) else None
    found: Below | None = table_of(item).below if given is None else given
    return found


def own_further(item: Any) -> tuple[Columns, Columns]:
    """The columns of subclasses in the table of an item itself, and their origins."""
    below = below_of(item)
    if below is None:
        return (), ()
    table = table_of(item)
    pairs = zip(below.columns, below.origins, strict=True)
    found = [(column, origin) for column, origin in pairs if column.table is table]
    return tuple(column for column, _ in found), tuple(origin for _, origin in found)


def physical_columns(entity: Any) -> tuple[Any, ...]:
    """The columns of an entity for raw SQL, which names the tables itself.

    Those of subclasses in the same table are among them.
    """
    table = table_of(entity)
    if isinstance(entity, Alias):
        return (entity, *(_at(entity, column) for column in own_further(entity)[0]))
    if not isinstance(table, Subtype):
        return (entity, *own_further(entity)[0])
    shown = (*entity_columns(entity), *own_further(entity)[0])
    pairs = ((column.name, table.origins[column.name]) for column in shown)
    return tuple(c if c.name == name else Label(c, name) for name, c in pairs)


def _at(source: Any, column: BaseColumn[Any, Any]) -> BaseColumn[Any, Any]:
    """A column of a table, seen through an alias of it."""
    if not isinstance(source, Alias):
        return column
    return column._of(source, ("of", source._key, column._key), source._parameters)
