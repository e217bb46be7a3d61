"""LoadPlan: how the records of one compiled statement become rows; made once per statement."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import inf
from operator import itemgetter
from typing import Any

from asyncorm.compiler.cache import StatementCache
from asyncorm.compiler.compiled import ColumnItem, CompiledStatement, EntityItem
from asyncorm.compiler.compiler import compile_statement
from asyncorm.engine.rows import row_class
from asyncorm.engine.shapes import shape_rows
from asyncorm.loading.arrivals import take_in
from asyncorm.loading.assembly import Left, assembly_of
from asyncorm.loading.directives import Strategy
from asyncorm.loading.documents import (
    as_columns,
    as_documents,
    check_shape,
    is_document,
    is_shaped,
)
from asyncorm.loading.draft import Expansion
from asyncorm.loading.existing import Existing
from asyncorm.loading.expansion import expand
from asyncorm.loading.hydrator import hydrator
from asyncorm.loading.placing import check_options
from asyncorm.loading.subtypes import is_partial
from asyncorm.loading.tree import LoadNode, loads_more, trees_of
from asyncorm.mapping.mapper import Mapper
from asyncorm.models.documents import read_documents
from asyncorm.sql.statements.query import Rows
from asyncorm.tracking.listeners import HEARD
from asyncorm.tracking.unit_of_work import UnitOfWork
from asyncorm.types.base import Converter

Column = Callable[[Sequence[Any], UnitOfWork, Existing | None, LoadNode | None], list[Any]]


class LoadPlan:
    """Makes rows of records: entities through the identity map, other values decoded.

    ``attachments`` are items that the statement has beside those asked for: related objects.
    """

    def __init__(
        self,
        compiled: CompiledStatement,
        trees: dict[int, LoadNode] | None = None,
        expansion: Expansion | None = None,
        *,
        is_document: bool = False,
    ) -> None:
        self.compiled = compiled
        self._is_document = is_document
        self.attachments = () if expansion is None else expansion.attachments
        payloads = () if expansion is None else expansion.payloads
        #: columns that hold related rows, with their places in a record; they are the last items
        self.payloads = [(one, _index(compiled.items[one.position])) for one in payloads]
        items = compiled.items[: len(compiled.items) - len(payloads)]
        #: whether a row comes several times, once for each member of a collection
        self.repeats = any(attachment.is_collection for attachment in self.attachments)
        self._asked = len(items) - len(self.attachments)
        contained = [a for a in self.attachments if a.edge.strategy is Strategy.CONTAINS]
        # these come from what the statement names itself, and its lock concerns
        locked = self._asked + len(contained)
        self.names = tuple(item.name for item in items[: self._asked])
        self.entities = [
            position for position, item in enumerate(items) if isinstance(item, EntityItem)
        ]
        # what a DELETE returns may be followed by keys that the session has asked for
        width = len(compiled.columns) if compiled.kind == "select" else None
        makers = [
            _maker(item, repeated=self._is_repeated(position), width=width)
            for position, item in enumerate(items)
        ]
        self._assembly = assembly_of(items, self.attachments, makers, self._is_repeated)
        #: how values are made of records: of what a lock concerns, and of all else
        self._locked, self._unlocked = makers[:locked], makers[locked:]
        self._row: Any = None if len(self.names) == 1 else row_class(self.names)
        self._trees = trees or {}
        #: whether rows bring all of the trees; looking at each object takes longer than 1 ms of 15
        self.brings_all = len(self.attachments) + len(payloads) == sum(
            map(_count_edges, self._trees.values())
        )
        #: whether options hold values, which differ between statements of one shape
        self._has_values = any(node.has_values for node in self._trees.values())
        #: whether records hold the values of the rows and nothing else, each as it is
        self.is_plain = (
            compiled.kind == "select"
            and not (is_document or expansion)
            and len(compiled.columns) == len(items)
            and all(isinstance(item, ColumnItem) and not item.type.decode for item in items)
        )

    def _is_repeated(self, position: int) -> bool:
        # beside other items an entity may be repeated: many-to-many targets come in rows of links;
        # so may what many others refer to
        return self._asked > 1 or any(
            a.owner == position if a.is_collection else a.position == position
            for a in self.attachments
        )

    def trees(self, statement: Any) -> dict[int, LoadNode]:
        """What is loaded with the entities of a statement, by position."""
        return trees_of(statement) if self._has_values else self._trees

    def columns(
        self,
        records: Sequence[Any],
        unit: UnitOfWork,
        existing: Existing | None,
        nodes: dict[int, LoadNode],
    ) -> tuple[list[list[Any]], Left]:
        """The values of each item of the statement, over all records; what joins have brought for
        objects that existed already, if the rest is in place."""
        if self._assembly is not None and existing is None and not HEARD:
            return self._assembly.columns(records, unit, nodes)
        found = [
            make(records, unit, existing, nodes.get(position))
            for position, make in enumerate(self._locked)
        ]
        if existing is not Existing.OVERWRITE:
            existing = None  # a lock does not concern rows that were joined to those it is on
        for make in self._unlocked:
            found.append(make(records, unit, existing, nodes.get(len(found))))
        return found, {}

    def nodes(self, trees: dict[int, LoadNode]) -> dict[int, LoadNode]:
        """The nodes of all items, those of attachments too."""
        if not self.attachments:
            return trees
        found = dict(trees)
        for owner, edge, position in self.attachments:
            found[position] = found[owner].edges[edge.relationship].node
        return found

    def values(self, columns: list[list[Any]]) -> list[list[Any]]:
        """The values of the items asked for, without repeated rows."""
        asked = columns[: self._asked] if self.attachments else columns
        if not self.repeats:
            return asked
        return [list(values) for values in zip(*_distinct(asked, tuple), strict=True)] or asked

    def attributes(self, records: Sequence[Any], names: Sequence[str]) -> list[list[Any]] | None:
        """What rows say of attributes of the first item; None if they do not, or come repeatedly.

        Reading them from the objects would make a dictionary of each: 0.15 µs, and memory.
        """
        item = self.compiled.items[0]
        if self.repeats or not isinstance(item, EntityItem):
            return None
        places = {column.attribute: item.start + n for n, column in enumerate(item.columns)}
        if not places.keys() >= set(names):
            return None
        types = {column.attribute: column._type for column in item.columns}
        return [_values(records, places[name], types[name].decode) for name in names]

    def plain_rows(self, records: Sequence[Any], shape: Any = None) -> list[Any]:
        """The rows of plain records: 0.16 µs for one of three columns, by columns 0.20."""
        if self._row is None:
            values = [record[0] for record in records]
            return values if shape is None else shape_rows(shape, self.names, values)
        if shape is not None:
            return shape_rows(shape, self.names, records)
        # a tuple of a record is made faster by this than by itself
        taken = map(itemgetter(*range(len(self.names))), records)
        return list(map(partial(tuple.__new__, self._row), taken))

    def rows(self, columns: list[list[Any]], shape: Any = None) -> list[Any]:
        """Rows of the values: bare for one item, named tuples for several, or of a shape."""
        asked = columns[: self._asked] if self.attachments else columns
        if self._is_document:
            return read_documents(shape, asked[0])
        # half the time of Row._make, which looks at the length
        make = None if self._row is None else partial(tuple.__new__, self._row)
        if self.repeats:
            rows = _distinct(asked, make)
        else:
            rows = asked[0] if make is None else list(map(make, zip(*asked, strict=True)))
        return rows if shape is None else shape_rows(shape, self.names, rows)


def _distinct(columns: list[list[Any]], make: Any) -> list[Any]:
    """Rows of the values, each once: objects are compared by identity."""
    if make is None:
        return list(dict.fromkeys(columns[0]))
    found: dict[tuple[Any, ...], Any] = {}
    for row in zip(*columns, strict=True):
        found.setdefault(tuple(map(_comparable, row)), row)
    return list(map(make, found.values()))


#: ``list | set`` in a function would be made anew at each call
_UNHASHABLE = (list, dict, set)


def _comparable(value: Any) -> Any:
    return repr(value) if isinstance(value, _UNHASHABLE) else value


def plan_for(statement: Any, statements: StatementCache, *, in_pieces: bool = False) -> LoadPlan:
    """The plan of a statement; it lives as long as the compiled statement stays cached.

    ``in_pieces`` is for streams: what comes with a row must be of that row.
    """
    compiled = statements.recent(statement._key)
    if compiled is not None and compiled.plan is not None:
        known: LoadPlan = compiled.plan
        return known
    is_shape_given = getattr(statement, "_shape", None) is not None and isinstance(statement, Rows)
    if is_shape_given or loads_more(statement):
        way, compile_it = ("stream", _compile_stream) if in_pieces else ("load", _compile_whole)
        compiled = statements.find((way, statement._key), compile_it, statement)
    else:
        compiled = statements.get(statement)
        if compiled.plan is None:
            compiled.plan = LoadPlan(compiled)
    found: LoadPlan = compiled.plan
    return found


def _compile_whole(statement: Any) -> CompiledStatement:
    return _compile_expanded(statement, in_pieces=False)


def _compile_stream(statement: Any) -> CompiledStatement:
    return _compile_expanded(statement, in_pieces=True)


def _compile_expanded(statement: Any, *, in_pieces: bool) -> CompiledStatement:
    check_options(statement)
    if is_document(statement):
        expansion = as_documents(statement)
        compiled = compile_statement(expansion.statement, statement, expansion.constants)
        compiled.plan = LoadPlan(compiled, is_document=True)
        return compiled
    if is_shaped(statement):
        compiled = compile_statement(as_columns(statement), statement)
        compiled.plan = LoadPlan(compiled)
        return compiled
    check_shape(statement)
    trees = trees_of(statement)
    expansion = expand(statement, trees, in_pieces=in_pieces)
    compiled = compile_statement(expansion.statement, statement, expansion.constants, loads=True)
    compiled.plan = LoadPlan(compiled, trees, expansion)
    return compiled


def _count_edges(node: LoadNode) -> float:
    """How many relationships a tree follows; no number if its levels repeat, or if loading one of
    them is an error."""
    count, pending, seen = 0, [node], {node}
    while pending:
        for edge in pending.pop().edges.values():
            if edge.node in seen or edge.relationship.lazy == "write_only":
                return inf
            count += 1
            seen.add(edge.node)
            pending.append(edge.node)
    return count


def _index(item: EntityItem | ColumnItem) -> int:
    return item.start if isinstance(item, EntityItem) else item.index


def _maker(item: EntityItem | ColumnItem, *, repeated: bool, width: int | None) -> Column:
    if isinstance(item, EntityItem):
        return _entity_maker(item, repeated=repeated, width=width)
    return _value_maker(item)


def _entity_maker(item: EntityItem, *, repeated: bool, width: int | None) -> Column:
    mapper: Mapper = item.entity.__mapper__
    attributes = tuple(column.attribute for column in item.columns)
    hydrate = hydrator(
        mapper,
        attributes,
        item.start,
        item.nullable,
        item.further,
        repeated=repeated,
        width=width,
    )
    partial = is_partial(mapper, attributes, item.further)

    def make(
        records: Sequence[Any], unit: UnitOfWork, existing: Existing | None, node: LoadNode | None
    ) -> list[Any]:
        return take_in(mapper, hydrate, records, unit, existing, partial=partial, tree=node)

    return make


def _value_maker(item: ColumnItem) -> Column:
    position, decode = item.index, item.type.decode

    def make(
        records: Sequence[Any], unit: UnitOfWork, existing: Existing | None, node: LoadNode | None
    ) -> list[Any]:
        return _values(records, position, decode)

    return make


def _values(records: Sequence[Any], position: int, decode: Converter | None) -> list[Any]:
    if decode is None:
        return [record[position] for record in records]
    return [None if (value := record[position]) is None else decode(value) for record in records]
