"""Rendering of UPDATE and DELETE of rows that are in several tables, joined by their keys.

An UPDATE writes one of the tables. A DELETE takes the rows out of all of them, also those that
subclasses have: one statement, whose CTEs delete by the keys that the first one has found.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from asyncorm.compiler.document_paths import write_subscripts
from asyncorm.compiler.joins import JoinTree
from asyncorm.compiler.modification import write_trees
from asyncorm.compiler.quoting import quote_name, quote_qualified
from asyncorm.compiler.renderer import Renderer
from asyncorm.compiler.scopes import source_key
from asyncorm.compiler.select import write_conditions
from asyncorm.compiler.subtypes import kinds_sql
from asyncorm.errors import InvalidRequestError
from asyncorm.sql.document_columns import PartColumn
from asyncorm.sql.nodes import AnonymousName
from asyncorm.sql.sources import Alias, entity_name
from asyncorm.sql.statements.delete import Delete
from asyncorm.sql.statements.modification import Filtered
from asyncorm.sql.statements.update import Update
from asyncorm.sql.subtype import Part, Subtype
from asyncorm.sql.table import BaseColumn, Table

Column = BaseColumn[Any, Any]
Write = Callable[[], None]


def parts_of(table: Table) -> tuple[Part, ...]:
    """The parts that a statement about a table or subtype is about, base first."""
    if isinstance(table, Subtype):
        return table.parts
    return (Part(table, table.by_attribute, table.primary_key),)


def parts_to_delete(table: Table) -> tuple[Part, ...]:
    """All parts that rows have, also rows of subclasses, but for those that the server deletes."""
    further: tuple[Part, ...] = () if table.below is None else table.below.joined
    first, *others = (*parts_of(table), *further)
    return (first, *(part for part in others if not _follows(part)))


def _follows(part: Part) -> bool:
    """Whether the server deletes the rows of a part with those that their key refers to."""
    key = {column._key for column in part.primary_key}
    return any(
        foreign_key.ondelete == "CASCADE" and {c._key for c in foreign_key.columns} == key
        for foreign_key in part.table.foreign_keys
    )


class Spread:
    """The tables that the columns of one statement's target are spread over.

    The key is that of the table which is written, so that others are joined only if they are used.
    """

    def __init__(self, renderer: Renderer, table: Table, written: Part) -> None:
        self.renderer = renderer
        self.table = table
        self.written = written
        self.parts = parts_of(table)
        #: the last one tells of which class a row is
        self.used: dict[Table, Part] = {}
        if written.table is not self.parts[-1].table:
            self.used[self.parts[-1].table] = self.parts[-1]
        self._origins = table.origins if isinstance(table, Subtype) else table.columns
        self._names = {part.table: AnonymousName(part.table.name) for part in self.parts}

    def name(self, part: Part) -> str:
        """How columns of a part are qualified."""
        return quote_name(self.renderer.alias_name(self._names[part.table]))

    def target(self) -> str:
        """The table that is written."""
        return f"{_qualified(self.written)} AS {self.name(self.written)}"

    def key(self, part: Part) -> list[str]:
        """The key columns of a part."""
        return [f"{self.name(part)}.{quote_name(column.name)}" for column in part.primary_key]

    def column(self, column: Column) -> str:
        """A column of the target where it really is."""
        bases = [own.attribute for own in self.parts[0].primary_key]
        if column.attribute in bases:
            return self.key(self.written)[bases.index(column.attribute)]
        return self.origin(self._origins[column.name])

    def origin(self, column: Column) -> str:
        """A physical column; its table is joined if it is not the one that is written."""
        part = next(part for part in self.parts if part.table is column.table)
        if part.table is not self.written.table:
            self.used[part.table] = part
        return f"{self.name(part)}.{quote_name(column.name)}"

    def joins(self) -> list[str]:
        """The conditions that join the tables used."""
        key = self.key(self.written)
        return [
            f"{own} = {other}"
            for part in self.used.values()
            for own, other in zip(key, self.key(part), strict=True)
        ]


def write_joined_update(
    renderer: Renderer, update: Update[Any], trees: list[JoinTree], returning: Write
) -> None:
    """UPDATE of one of the tables; what is known of its rows may be in others."""
    table = update._table
    _check_target(update)
    assert isinstance(table, Subtype)
    names = [cast("Column", assignment.column).name for assignment in update._assignments]
    columns = [table.origins[name] for name in names]
    written = {column.table: None for column in columns}
    if len(written) > 1:
        tables = " and ".join(repr(each.full_name) for each in written)
        raise InvalidRequestError(
            f"update({entity_name(update._target)}) sets columns of the tables {tables} at once",
            hint="write one update() for each table, or load the objects, change them and flush()",
        )
    part = next(part for part in table.parts if part.table in written)
    spread = Spread(renderer, table, part)
    with renderer.aside() as changes, renderer.spreading(table, spread.column):
        for index, (column, assignment) in enumerate(
            zip(columns, update._assignments, strict=True)
        ):
            renderer.write(", " if index else "", quote_name(column.name))
            if isinstance(assignment.column, PartColumn):
                write_subscripts(renderer, assignment.column)
            renderer.write(" = ")
            renderer.render(assignment.value)
    with renderer.aside() as returned, renderer.spreading(table, spread.column):
        returning()
    tail = _tail(renderer, update, spread, " FROM ", trees)
    renderer.write("UPDATE ", spread.target(), " SET ")
    renderer.extend((*changes, *tail, *returned))


def write_joined_delete(
    renderer: Renderer, delete: Delete[Any], trees: list[JoinTree], returning: Write
) -> None:
    """DELETE from all tables: the first finds the rows, and the others follow by its keys."""
    table, parts = delete._table, parts_to_delete(delete._table)
    _check_target(delete)
    if len(parts) == 1:
        _write_delete(renderer, delete, Spread(renderer, table, parts[0]), trees, returning)
        return
    deleted = {part.table for part in parts}
    written = next(part for part in reversed(parts_of(table)) if part.table in deleted)
    spread, found = Spread(renderer, table, written), Alias(table, None)
    name = quote_name(renderer.alias_name(found._name))

    def returned() -> None:
        columns = list(table.columns.values() if delete._returning else table.primary_key)
        renderer.write(" RETURNING ")
        renderer.write(", ".join(f"{spread.column(c)} AS {quote_name(c.name)}" for c in columns))

    with renderer.common_text(), renderer.placing({}):
        renderer.write(name, " AS (")
        _write_delete(renderer, delete, spread, trees, returned)
        renderer.write(")")
    for part in reversed(parts):
        if part.table is not written.table:
            _delete_found(renderer, part, table, name)
    renderer.write("SELECT " if delete._returning else "SELECT")
    with renderer.placing({source_key(table): found}):
        returning()
    renderer.write(" FROM ", name)


def _check_target(statement: Filtered[Any]) -> None:
    if isinstance(statement._target, Alias):
        name = entity_name(statement._target)
        raise InvalidRequestError(
            f"{statement._verb}() can't change rows of {name}, which are in several tables, "
            "through an alias",
            hint=f"give the class itself, and use the alias for the other rows: aliased({name})",
        )


def _delete_found(renderer: Renderer, part: Part, table: Table, found: str) -> None:
    """A CTE that deletes from another table what the first one has found."""
    name = quote_name(renderer.alias_name(AnonymousName(part.table.name)))
    with renderer.common_text():
        matches = " AND ".join(
            f"t.{quote_name(own.name)} = {found}.{quote_name(key.name)}"
            for own, key in zip(part.primary_key, table.primary_key, strict=True)
        )
        renderer.write(name, " AS (DELETE FROM ", _qualified(part), f" AS t USING {found}")
        renderer.write(" WHERE ", matches, ")")


def _write_delete(
    renderer: Renderer, delete: Delete[Any], spread: Spread, trees: list[JoinTree], returning: Write
) -> None:
    with renderer.aside() as returned, renderer.spreading(delete._table, spread.column):
        returning()
    tail = _tail(renderer, delete, spread, " USING ", trees)
    renderer.write("DELETE FROM ", spread.target())
    renderer.extend((*tail, *returned))


def _tail(
    renderer: Renderer, statement: Filtered[Any], spread: Spread, word: str, trees: list[JoinTree]
) -> list[Any]:
    """FROM (or USING) and WHERE: the other tables of the rows, and what the statement names."""
    with renderer.aside() as conditions, renderer.spreading(spread.table, spread.column):
        write_conditions(renderer, statement._where)
    with renderer.aside() as sources:
        write_trees(renderer, ", ", trees)
    kinds = spread.table.kinds if isinstance(spread.table, Subtype) else None
    own = [] if kinds is None else [kinds_sql(kinds, spread.origin(kinds.column))]
    tables = [f"{_qualified(part)} AS {spread.name(part)}" for part in spread.used.values()]
    fixed = [*spread.joins(), *own]
    tail: list[Any] = []
    if tables or trees:
        tail += [word, ", ".join(tables), *(sources if tables else sources[1:])]
    if fixed or conditions:
        tail += [" WHERE ", " AND ".join(fixed)]
    if conditions:
        tail += [" AND (", *conditions, ")"] if fixed else conditions
    return tail


def _qualified(part: Part) -> str:
    return quote_qualified(part.table.schema, part.table.name)
