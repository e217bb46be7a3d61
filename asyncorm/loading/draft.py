"""Draft: the statement that is sent, while items and joins are added to what was written."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from asyncorm.compiler.results import result_of
from asyncorm.loading.columns import with_columns
from asyncorm.loading.payload import Payload
from asyncorm.loading.tree import Edge, LoadNode
from asyncorm.sql.expressions import Parameter
from asyncorm.sql.operators.order import Order
from asyncorm.sql.sources import column_of, source_of
from asyncorm.sql.statements.clauses import Join
from asyncorm.sql.statements.query import Rows
from asyncorm.sql.statements.select import Select


class Attachment(NamedTuple):
    """An item that was added to a statement: the objects of an edge for those of another item."""

    owner: int
    edge: Edge
    position: int

    @property
    def is_collection(self) -> bool:
        """Whether the rows of an owner come once for each of the objects."""
        return self.edge.relationship.to_many


class Expansion(NamedTuple):
    """A statement with more items than were asked for, and what becomes of these."""

    statement: Any
    attachments: tuple[Attachment, ...] = ()
    #: further columns, which hold the rows of whole edges
    payloads: tuple[Payload, ...] = ()
    #: values in it that the mapping brings, not the statement that was written
    constants: tuple[Parameter[Any], ...] = ()


class Place(NamedTuple):
    """An entity among the items of a draft, and what is loaded with it."""

    position: int
    source: Any
    node: LoadNode
    #: whether the entity may be missing from a row
    nullable: bool
    #: the entities that joins have led over to this one
    above: tuple[Any, ...] = ()


class Draft:
    """The parts of a statement that grow."""

    def __init__(self, statement: Rows[Any], trees: dict[int, LoadNode]) -> None:
        self._statement = statement
        self.items = list(statement._output_items())
        self.joins: list[Join] = list(getattr(statement, "_joins", ()))
        self.attachments: list[Attachment] = []
        #: the columns that are read of items for which options say it
        self._chosen = {p: node.chosen for p, node in trees.items() if node.columns}
        self.payloads: list[Payload] = []
        #: values of the mapping that joins and orders have brought in
        self.constants: list[Parameter[Any]] = []
        #: how members of joined collections are ordered
        self.order: list[Order] = []
        known: Any = result_of(statement)[1]
        self.places = [
            Place(position, self.items[position], node, known[position].nullable)
            for position, node in trees.items()
        ]

    def add(self, owner: Place, edge: Edge, source: Any, *, nullable: bool) -> Place:
        """Add the objects of an edge as one more item."""
        above = (*owner.above, owner.node.mapper.entity)
        place = Place(len(self.items), source, edge.node, nullable, above)
        self.items.append(source)
        if edge.node.columns:
            self._chosen[place.position] = edge.node.chosen
        self.attachments.append(Attachment(owner.position, edge, place.position))
        return place

    def has_join(self, source: Any) -> str | None:
        """How a source stands in FROM: the kind of its join, FROM, or not at all."""
        for join in self.joins:
            if join.source is source:
                return join.kind
        extras = getattr(self._statement, "_extras", None)
        named = extras.sources if extras is not None else ()
        items = (source_of(place.source) for place in self.places)
        return "FROM" if any(one is source for one in (*named, *items)) else None

    def begin_again(self, statement: Select[Any], sources: Iterable[Any]) -> None:
        """Go on with a statement that has the same items as the draft has now."""
        self._statement = statement
        self.items = list(statement._output_items())
        self.joins, self.order = [], []
        self.places = [
            place._replace(source=source)
            for place, source in zip(self.places, sources, strict=True)
        ]

    @property
    def statement(self) -> Rows[Any]:
        """The statement as it is now."""
        statement = self._statement
        if not isinstance(statement, Select):
            return statement
        new = statement._copy()
        new._items, new._joins = tuple(self.items), tuple(self.joins)
        if self.order:
            new._order = (*(statement._order or self._natural_order()), *self.order)
        return new

    def _natural_order(self) -> Iterable[Order]:
        """An order for statements without one, so that only members are ordered by what is said
        of them."""
        added = {attachment.position for attachment in self.attachments}
        for place in self.places:
            if place.position not in added:
                for column in place.node.mapper.primary_key_columns:
                    yield Order(column_of(place.source, column.attribute))

    def finished(self) -> Expansion:
        """The statement to send, and what becomes of its items."""
        statement = with_columns(self.statement, self._chosen)
        return Expansion(
            statement, tuple(self.attachments), tuple(self.payloads), tuple(self.constants)
        )
