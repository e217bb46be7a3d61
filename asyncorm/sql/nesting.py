"""Nesting: a query becomes a subquery, and its items are found again in what stands around it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from asyncorm.sql.expressions import Expression, Label
from asyncorm.sql.operators.order import Order
from asyncorm.sql.sources import (
    Derived,
    EntityOf,
    column_of,
    entity_columns,
    entity_of,
    is_entity,
    output_columns,
)
from asyncorm.sql.statements.query import Compound, Rows
from asyncorm.sql.statements.select import Select
from asyncorm.sql.table import BaseColumn


class EntityPart(EntityOf):
    """An entity among the columns of a subquery, which has them by names of its own.

    ``nullable`` says that the entity may be missing from a row.
    """

    def __init__(
        self, item: Any, derived: Derived, names: dict[str, str], *, nullable: bool
    ) -> None:
        super().__init__(entity_of(item), derived, names)
        self._nullable = nullable
        self._key = ("part", self._key, tuple(names.items()))


class Nesting:
    """A query inside another one: ``items`` and ``order`` are those of the outer one."""

    def __init__(self, derived: Derived, items: Sequence[Any], order: tuple[Order, ...]) -> None:
        self.derived = derived
        self.items = list(items)
        self.order = order


def nest(
    statement: Rows[Any],
    names: Sequence[str],
    needed: dict[int, Sequence[str]],
    nullable: Sequence[bool],
    *,
    common: bool = False,
) -> Nesting | None:
    """A query as a subquery; None for a set operation whose columns can't be told apart.

    ``names`` are those of the items. Of the entities at the positions in ``needed`` attributes are
    read as well that selecting them would not give. ``common`` makes it a common table expression.
    """
    if isinstance(statement, Select):
        return _nest_select(statement, names, needed, nullable, common=common)
    if isinstance(statement, Compound):
        return _nest_compound(statement, names, needed, nullable)
    return None


def _nest_select(
    statement: Select[Any],
    names: Sequence[str],
    needed: dict[int, Sequence[str]],
    nullable: Sequence[bool],
    *,
    common: bool,
) -> Nesting:
    outputs = _Outputs()
    found: list[Any] = []
    for position, item in enumerate(statement._items):
        if is_entity(item):
            columns = {c.attribute: c for c in entity_columns(item)}
            for attribute in needed.get(position, ()):
                columns.setdefault(attribute, column_of(item, attribute))
            found.append({a: outputs.add(c, c.name) for a, c in columns.items()})
        else:
            found.append(outputs.add(item, names[position]))
    order = [(o, outputs.add(o.expression, "order")) for o in statement._order]
    inner = statement._copy()
    inner._items = tuple(outputs.items)
    inner._options, inner._shape = (), None
    extras = statement._extras
    if statement._limit is statement._offset is None and not extras.distinct and not extras.lock:
        inner._order = ()  # it would only be sorted twice
    # names of common table expressions are one for the whole text: none that somebody would give
    derived = inner.cte("_rows_of_statement") if common else inner.subquery()
    items = [
        EntityPart(item, derived, name, nullable=nullable[position])
        if isinstance(name, dict)
        else Label(derived.c[name], names[position])
        for position, (item, name) in enumerate(zip(statement._items, found, strict=True))
    ]
    return Nesting(derived, items, _outer(order, derived))


class _Outputs:
    """The select list of a subquery: every expression once, each by a name of its own."""

    def __init__(self) -> None:
        self.items: list[Expression[Any, Any]] = []
        self._names: dict[Any, str] = {}
        self._taken: set[str] = set()

    def add(self, expression: Expression[Any, Any], wanted: str) -> str:
        """The name of an expression, which enters the list if it is not there."""
        inner = expression.inner if isinstance(expression, Label) else expression
        key = (inner._key, *map(id, inner._parameters))
        if key in self._names:
            return self._names[key]
        name, number = wanted, 1
        while name in self._taken:
            number += 1
            name = f"{wanted[:50]}_{number}"
        self._taken.add(name)
        self._names[key] = name
        is_itself = isinstance(inner, BaseColumn) and inner.name == name
        self.items.append(inner if is_itself else Label(inner, name))
        return name


def _nest_compound(
    statement: Compound[Any],
    names: Sequence[str],
    needed: dict[int, Sequence[str]],
    nullable: Sequence[bool],
) -> Nesting | None:
    given = [name for name, _ in output_columns(statement)]
    order = [(o, getattr(o.expression, "name", None)) for o in statement._order]
    missing = [name for _, name in order if name not in given]
    inner = statement._copy()
    inner._options, inner._shape = (), None
    if len(set(given)) < len(given) or missing:
        return None
    derived = inner.subquery()
    items: list[Any] = []
    for position, item in enumerate(statement._output_items()):
        if is_entity(item):
            known = {c.attribute: c.name for c in entity_columns(item)}
            if not known.keys() >= set(needed.get(position, ())):
                return None
            items.append(EntityPart(item, derived, known, nullable=nullable[position]))
        elif isinstance(item, (BaseColumn, Label)):
            items.append(Label(derived.c[item.name], names[position]))
        else:
            return None
    return Nesting(derived, items, _outer(order, derived))


def _outer(order: Sequence[tuple[Order, Any]], derived: Derived) -> tuple[Order, ...]:
    return tuple(Order(derived.c[name], o.direction, o.nulls) for o, name in order)
