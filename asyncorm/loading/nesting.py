"""Nested loading: the related rows of each row, as arrays that a subquery in its select list makes.

One subquery for every relationship at any depth brings the rows of all owners at once: below the
first level it joins the owners to theirs, so that a tree costs as many subqueries for each row of
the statement as it has relationships, and not one for each object.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from asyncorm.loading.contained import check_none_contained
from asyncorm.loading.directives import Strategy
from asyncorm.loading.draft import Draft, Place
from asyncorm.loading.joining import nested_edges
from asyncorm.loading.payload import Payload
from asyncorm.loading.tree import Edge
from asyncorm.mapping.mapper import Mapper
from asyncorm.mapping.relationships import Direction
from asyncorm.sql.adapted import adapted
from asyncorm.sql.constructs import Constant, RowValue, true
from asyncorm.sql.expressions import CastTo, Expression, Label, Order, Parameter, ScalarQuery
from asyncorm.sql.functions import UNKNOWN, func
from asyncorm.sql.nodes import combined
from asyncorm.sql.select import Select, select
from asyncorm.sql.sources import Alias, Derived, column_of
from asyncorm.types.arrays import Array
from asyncorm.types.scalars import BIGINT
from asyncorm.types.transport import Transport, transport_of

#: keeps the planner from reading whole tables where it could follow an index for each owner
_FENCE: Constant[int, int] = Constant("0", BIGINT)


class Level:
    """The related rows of one edge: of the statement's rows, or of those of the level above."""

    def __init__(self, edge: Edge, place: Place, above: Level | None) -> None:
        self.edge = edge
        self.relationship = edge.relationship
        self.place = place
        self.above = above
        self.mapper: Mapper = edge.step.mapper
        self.alias: Any = Alias(self.mapper.entity, None)
        #: whether a row may be related to several owners of one row of the statement
        self.repeats: bool = edge.relationship.direction is not Direction.ONE_TO_MANY
        self.shared: bool = self.repeats or (above is not None and above.shared)
        _, _, link = self.relationship._join(None, self.alias)
        self.link: Any = None if link is None else link[0]

    @property
    def attributes(self) -> tuple[str, ...]:
        """The columns that are read."""
        return self.edge.node.attributes

    def rows(self, items: Sequence[Expression[Any, Any]]) -> Select[Any]:
        """Some of their columns, ordered among those of one owner."""
        if self.above is None:
            return self._of(self.place.source, items, self.order)
        owners = self._owners()
        order = [Label(o.expression, f"o{n}") for n, o in enumerate(self.order)]
        inner = self._of(owners, [*items, *order], () if self._count is None else self.order)
        if self._count is None:
            inner._offset = _FENCE
        found = inner.lateral()
        labels = [found.c[item.name] for item in items if isinstance(item, Label)]
        return (
            select(*labels)
            .select_from(owners)
            .join(found, true())
            .order_by(
                *(
                    Order(found.c[label.name], o.direction, o.nulls)
                    for label, o in zip(order, self.order, strict=True)
                )
            )
        )

    def _owners(self) -> Derived:
        """The keys of the owners, each once."""
        assert self.above is not None
        columns = [column_of(self.above.alias, n) for n in self.relationship.local_attributes]
        keys = self.above.rows([Label(column, column.attribute) for column in columns])
        if self.above._count is None:
            keys._order = ()
        derived = keys.subquery()
        if self.above.repeats or self.relationship.direction is Direction.MANY_TO_ONE:
            derived = select(*derived.c).distinct().subquery()
        return derived

    def _of(self, owner: Any, items: Sequence[Any], order: Sequence[Order]) -> Select[Any]:
        """The rows related to an owner, whose columns are visible around the query."""
        _, condition, link = self.relationship._join(owner, self.alias)
        rows: Select[Any] = select(*items).select_from(self.alias)
        if link is not None:
            # the link's alias is made anew with every join: the items are of the first one
            table, its = link
            places = (table, self.link)
            rows = rows.join(self.link, adapted(its, places))
            condition = adapted(condition, places)
        rows = rows.where(*self.edge.conditions(self._places), condition).order_by(*order)
        rows._limit = self._count
        return rows

    @property
    def _count(self) -> Expression[Any, Any] | None:
        return None if self.edge.selection is None else self.edge.selection.count

    @property
    def order(self) -> list[Order]:
        """How the rows of one owner are ordered: always the same where only some are asked for."""
        given = self.edge.order(self._places)
        if given and self._count is None:
            return given
        keys = (column_of(self.alias, name) for name in self.mapper.primary_key)
        return [*given, *map(Order, keys)]

    @property
    def _places(self) -> list[tuple[Any, Any]]:
        """What the related entity and the link table are named here."""
        return self.edge.places(self.alias, self.link)

    @property
    def constants(self) -> list[Parameter[Any]]:
        """The values that the mapping brings."""
        bound = (*self.relationship._bound, *combined(self.relationship.order_by)[1])
        return [one for one in bound if isinstance(one, Parameter)]


class Field(NamedTuple):
    """A column of related rows, and how it travels."""

    column: Any
    transport: Transport

    def sent(self, *, in_array: bool) -> Expression[Any, Any]:
        """What is written; arrays can't be elements of arrays but by way of a record."""
        cast = self.transport.cast
        sent = self.column if cast is None else CastTo(self.column, cast)
        return RowValue((sent,)) if in_array and self.is_array else sent

    @property
    def is_array(self) -> bool:
        """Whether its values are arrays."""
        return isinstance(self.column._type, Array)


def nest_related(draft: Draft) -> None:
    """Add arrays of related rows to a SELECT; other statements leave them to SELECTs of their
    own."""
    if not isinstance(draft.statement, Select):
        return
    for place in list(draft.places):
        for edge in nested_edges(place.node):
            _nest(draft, Level(edge, place, None), None)


def _nest(draft: Draft, level: Level, above: int | None) -> None:
    check_none_contained(level.edge.node)
    fields = _fields(level)
    if fields is None:
        return
    is_single = level.above is None and level.relationship.direction is Direction.MANY_TO_ONE
    items = [
        Label(field.sent(in_array=not is_single), f"c{number}")
        for number, field in enumerate(fields)
    ]
    rows = level.rows(items)
    if is_single:
        value = rows._copy()
        value._items, value._order = (RowValue(item.inner for item in items),), ()
    else:
        found = rows.subquery()
        value = select(RowValue(func.array_agg(column) for column in found.c)).select_from(found)
    position = len(draft.items)
    draft.items.append(Label(ScalarQuery(value, UNKNOWN), f"nested_{position}"))
    draft.constants.extend(level.constants)
    number = len(draft.payloads)
    draft.payloads.append(_payload(level, above, position, fields, is_single=is_single))
    for edge in level.edge.node.edges.values():
        # a join below would need a statement of its own; here it costs none
        is_nested = edge.strategy in (Strategy.NESTED, Strategy.JOINED)
        if is_nested and issubclass(level.mapper.entity, edge.relationship.owner):
            _nest(draft, Level(edge, level.place, level), number)


def _fields(level: Level) -> list[Field] | None:
    """The columns that are read, and after them keys that are not among them.

    None if the rows can't be nested: there is a type that only a column of its own brings, or
    they are those of a hierarchy, each with the columns of its class.
    """
    if level.mapper.discriminator is not None:
        return None
    known = level.attributes
    columns = [column_of(level.alias, name) for name in known]
    if level.link is not None:
        secondary: Any = level.relationship.secondary
        columns += [column_of(level.link, c.attribute) for c in secondary.owner_key.columns]
    else:
        keys = level.relationship.remote_attributes
        columns += [column_of(level.alias, name) for name in keys if name not in known]
    fields: list[Field] = []
    for column in columns:
        transport = transport_of(column._type)
        if transport is None:
            return None
        fields.append(Field(column, transport))
    return fields


def _payload(
    level: Level, above: int | None, position: int, fields: list[Field], *, is_single: bool
) -> Payload:
    attributes = level.attributes
    names = [field.column.attribute for field in fields]
    if level.link is not None:
        key = tuple(range(len(attributes), len(fields)))
    else:
        key = tuple(names.index(name) for name in level.relationship.remote_attributes)
    return Payload(
        level.place.position,
        above,
        level.edge,
        position,
        level.mapper,
        attributes,
        tuple((field.transport.convert, field.is_array) for field in fields),
        tuple((number, fields[number].column._type.decode) for number in key),
        is_single=is_single,
        shared=level.shared,
    )
