"""Payload: related rows that came as arrays in the rows of a statement become objects."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from asyncorm.loading.arrivals import take_in
from asyncorm.loading.existing import Existing
from asyncorm.loading.hydrator import hydrator
from asyncorm.loading.selectin import RelatedLoad
from asyncorm.loading.tree import Edge, LoadNode
from asyncorm.mapping.mapper import Mapper
from asyncorm.tracking.unit_of_work import UnitOfWork
from asyncorm.types.base import Converter

Rows = list[tuple[Any, ...]]


class Payload(NamedTuple):
    """The column of a statement that holds the rows of one edge, at any depth."""

    #: the item that the path to the edge begins at
    owner: int
    #: the payload of the objects that the edge leaves, if not those of the item
    above: int | None
    edge: Edge
    position: int
    mapper: Mapper
    attributes: tuple[str, ...]
    #: for each field what makes the driver's value of it, and whether arrays are wrapped
    fields: tuple[tuple[Converter | None, bool], ...]
    #: the fields that tell the owner, with decoders
    key: tuple[tuple[int, Converter | None], ...]
    #: whether the column holds one row instead of arrays
    is_single: bool
    #: whether a related row may come in several rows of the statement, or several times in one
    shared: bool

    def rows(self, records: Sequence[Any], index: int) -> Rows:
        """All related rows, as the driver would have returned them from a SELECT of their own."""
        values = [record[index] for record in records]
        found: Rows = []
        if self.is_single:
            columns = list(zip(*(one for one in values if one is not None), strict=True))
            return list(self._converted(columns)) if columns else found
        if any(convert or wrapped for convert, wrapped in self.fields):
            for arrays in values:
                if arrays is not None and arrays[0] is not None:
                    found.extend(self._converted(arrays))
            return found
        for arrays in values:
            if arrays is not None and arrays[0] is not None:
                found.extend(zip(*arrays, strict=True))
        return found

    def _converted(self, columns: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
        made: list[Any] = []
        for values, (convert, is_array) in zip(columns, self.fields, strict=True):
            if is_array and not self.is_single:
                values = [one[0] for one in values]
            if convert is not None:
                values = [None if one is None else convert(one) for one in values]
            made.append(values)
        return zip(*made, strict=True)

    def keys(self, rows: Rows) -> Iterator[tuple[Any, ...]]:
        """The keys of the rows' owners."""
        columns: list[Any] = []
        for number, decode in self.key:
            values = [row[number] for row in rows]
            columns.append(values if decode is None else [decode(value) for value in values])
        return zip(*columns, strict=True)


class Arrived(NamedTuple):
    """The objects of a payload, with the keys of their owners."""

    payload: Payload
    edge: Edge
    rows: Rows
    objects: list[Any]

    def by_key(self, *, repeated: bool) -> dict[Any, list[Any]]:
        """The objects of each owner, in their order; ``repeated`` owners come in several rows.

        Keys are bare if they have one part.
        """
        payload = self.payload
        if len(payload.key) == 1:
            number, decode = payload.key[0]
            keys: Any = [row[number] for row in self.rows]
            if decode is not None:
                keys = map(decode, keys)
        else:
            keys = payload.keys(self.rows)
        pairs: Any = zip(keys, self.objects, strict=True)
        if repeated or payload.shared:
            pairs = dict.fromkeys(pairs)
        found: defaultdict[Any, list[Any]] = defaultdict(list)
        for key, related in pairs:
            found[key].append(related)
        return found


def unfold(
    payloads: Sequence[tuple[Payload, int]],
    records: Sequence[Any],
    nodes: dict[int, LoadNode],
    unit: UnitOfWork,
    existing: Existing | None,
) -> list[Arrived]:
    """The objects of all payloads, not yet put in place; each comes with its place in a record."""
    # rows that were locked are only those of the statement itself
    policy = existing if existing is Existing.OVERWRITE else None
    found: list[Arrived] = []
    for payload, index in payloads:
        node = nodes[payload.owner] if payload.above is None else found[payload.above].edge.node
        # values in options are those of this statement, not of the one that was compiled
        edge = node.edges[payload.edge.relationship]
        rows = payload.rows(records, index)
        objects = _hydrated(payload, rows, edge.node, unit, policy)
        found.append(Arrived(payload, edge, rows, objects))
    return found


def _hydrated(
    payload: Payload, rows: Rows, node: LoadNode, unit: UnitOfWork, existing: Existing | None
) -> list[Any]:
    mapper = payload.mapper
    partial = mapper.lacks_columns(payload.attributes)
    width = len(payload.fields)
    hydrate = hydrator(mapper, payload.attributes, 0, nullable=False, width=width)
    return take_in(mapper, hydrate, rows, unit, existing, partial=partial, tree=node)


def hand_out(arrived: Sequence[Arrived], columns: list[list[Any]], unit: UnitOfWork) -> bool:
    """Put the objects of payloads in place, where their owners lack them.

    Returns whether all owners lacked them, and have got them.
    """
    is_complete = True
    for one in arrived:
        payload = one.payload
        found = columns[payload.owner] if payload.above is None else arrived[payload.above].objects
        owner = one.edge.relationship.owner
        owners = [instance for instance in found if isinstance(instance, owner)]
        load = RelatedLoad(one.edge, owners)
        if unready := load.unready:  # they are read again before they are asked
            load.instances = [instance for instance in load.instances if instance not in unready]
            is_complete = False
        load.find_missing(unit)
        is_complete = is_complete and len(load.lacking) == len(load.instances)
        if load.lacking:
            items = columns[payload.owner]
            by_key = one.by_key(repeated=len(set(map(id, items))) < len(items))
            load.hand_out(by_key, one.edge.selection)
    return is_complete
