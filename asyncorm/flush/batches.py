"""Batches: rows of one shape go out as one statement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from asyncorm.flush.link import Link
from asyncorm.flush.plan import Batch, Kind
from asyncorm.flush.row import LinksOf
from asyncorm.mapping.written_part import WrittenPart
from asyncorm.models.construct import given_fields
from asyncorm.sql.expressions import Expression
from asyncorm.tracking.unit_of_work import identity_keys

NOTHING_REPLACED: Mapping[Any, Any] = MappingProxyType({})


def insert_batches(part: WrittenPart, instances: Iterable[Any], links_of: LinksOf) -> list[Batch]:
    """INSERTs in the order the rows were added, one for each set of columns left to the server."""
    batches: dict[InsertShape, Batch] = {}
    made = part.made_by_server
    usual: Batch | None = None
    for instance in instances:
        links = links_of(instance)
        # most rows leave all to the server that it can make; not to look them up saves 0.25 µs
        if (
            usual is not None
            and not instance._state.expressions
            and omitted_columns(part, instance, links) is made
        ):
            usual.instances.append(instance)
            if links:
                usual.links += links
            continue
        shape = insert_shape(part, instance, links)
        batch = batches.get(shape)
        if batch is None:
            batch = batches[shape] = _insert_batch(part, shape)
            if shape == (made, None):
                usual = batch
        batch.instances.append(instance)
        if links:
            batch.links.extend(links)
    return list(batches.values())


#: what rows of one INSERT have in common: the columns left to the server, and the row's own
#: number if a value is an SQL expression, which needs a statement of its own. A plain tuple, since
#: a named one costs 0.2 µs a row more.
InsertShape = tuple[tuple[str, ...], int | None]


def insert_shape(part: WrittenPart, instance: Any, links: list[Link]) -> InsertShape:
    """Which INSERT of a table a new instance belongs to."""
    alone = instance._state.expressions and _has_expressions(part, instance)
    return omitted_columns(part, instance, links), id(instance) if alone else None


def _insert_batch(part: WrittenPart, shape: InsertShape) -> Batch:
    omitted, alone = shape
    expressions = alone is not None
    columns: tuple[str, ...] | None = part.memo.get(("inserted", omitted))
    if columns is None:
        columns = part.memo["inserted", omitted] = tuple(
            name
            for name, column in part.columns.items()
            if name not in omitted and column.computed is None
        )
    returning = tuple(part.columns) if expressions else omitted
    return Batch(Kind.INSERT, part, columns, [], returning, [], expressions)


def omitted_columns(part: WrittenPart, instance: Any, links: list[Link]) -> tuple[str, ...]:
    """The columns that have no value and that the server will fill."""
    made = part.made_by_server
    if not made:
        return made
    values = instance.__dict__
    fields_set = given_fields(instance)
    linked: Sequence[str] = ()
    if len(links) == 1 and links[0].parent is not None:
        linked = links[0].foreign_key.attributes
    elif links:
        linked = [name for link in links for name in link.attributes]
    for name in made:
        if name in fields_set or values.get(name) is not None or name in linked:
            break
    else:
        return made
    return tuple(
        name
        for name in made
        if name in part.computed
        or (
            values.get(name) is None
            # None given is NULL, but no key is NULL: it asks for a new one
            and (name not in fields_set or name in part.key_names)
            and name not in linked
        )
    )


def _has_expressions(part: WrittenPart, instance: Any) -> bool:
    values = instance.__dict__
    return any(isinstance(values.get(name), Expression) for name in part.columns)


def update_batches(
    part: WrittenPart,
    updates: dict[Any, tuple[str, ...]],
    links_of: LinksOf,
    replaced: Mapping[Any, Any] = NOTHING_REPLACED,
) -> list[Batch]:
    """UPDATEs in primary key order, one for each set of changed columns.

    ``replaced`` are the deleted objects whose rows new ones take.
    """
    batches: dict[Any, Batch] = {}
    batch: Batch | None = None
    before: tuple[str, ...] | None = None
    for instance in _by_key(updates, replaced):
        columns = updates[instance]
        if instance._state.expressions or (replaced and instance in replaced):
            _add_special(batches, part, instance, columns, links_of, replaced)
            continue
        if batch is None or columns is not before:
            batch, before = batches.get(columns), columns
            if batch is None:
                batch = batches[columns] = _update_batch(part, _with_version(part, columns), (), ())
        batch.instances.append(instance)
        if links := links_of(instance):
            batch.links.extend(links)
    return list(batches.values())


def _add_special(
    batches: dict[Any, Batch],
    part: WrittenPart,
    instance: Any,
    columns: tuple[str, ...],
    links_of: LinksOf,
    replaced: Mapping[Any, Any],
) -> None:
    """Add a row that takes over another one's, or that has SQL expressions in it."""
    links, takes = links_of(instance), instance in replaced
    for shape in _special_shapes(part, instance, columns, links, takes):
        key = (shape, takes, instance if shape[2] else None)
        batch = batches.get(key)
        if batch is None:
            batch = batches[key] = _update_batch(part, *shape)
        batch.instances.append(instance)
        batch.links.extend(links)
        if takes:
            batch.replaced.append(replaced[instance])


#: the columns that an UPDATE writes, those it sets to their default, and those among the first
#: whose values are SQL expressions
UpdateShape = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]


def _special_shapes(
    part: WrittenPart, instance: Any, columns: tuple[str, ...], links: list[Link], takes: bool
) -> tuple[UpdateShape, ...]:
    """The statements for such a row."""
    defaults = _defaults(part, instance, columns, links) if takes else ()
    written = tuple(name for name in columns if name not in defaults) if defaults else columns
    written = _with_version(part, written)
    own = _expressions(instance, written) if instance._state.expressions else ()
    if own and defaults:  # the compiler knows no DEFAULT
        return ((), defaults, ()), (written, (), own)
    return ((written, defaults, own),)


def _with_version(part: WrittenPart, columns: tuple[str, ...]) -> tuple[str, ...]:
    version = part.version
    if version is None or version.following is None or version.name in columns:
        return columns
    return (*columns, version.name)


def _update_batch(
    part: WrittenPart, columns: tuple[str, ...], defaults: tuple[str, ...], own: tuple[str, ...]
) -> Batch:
    returning = part.computed
    if own or defaults:
        returning = tuple(dict.fromkeys((*own, *defaults, *returning)))
    return Batch(Kind.UPDATE, part, columns, [], returning, [], bool(own), defaults)


def _defaults(
    part: WrittenPart, instance: Any, columns: tuple[str, ...], links: list[Link]
) -> tuple[str, ...]:
    """The columns that get their server default, because a new object leaves them open."""
    omitted = omitted_columns(part, instance, links)
    return tuple(name for name in omitted if name in columns)


def _expressions(instance: Any, columns: tuple[str, ...]) -> tuple[str, ...]:
    values = instance.__dict__
    return tuple(name for name in columns if isinstance(values.get(name), Expression))


def delete_batch(part: WrittenPart, instances: Iterable[Any]) -> Batch:
    """The DELETE of rows of one table, in primary key order."""
    return Batch(Kind.DELETE, part, (), _by_key(instances))


def _by_key(instances: Iterable[Any], replaced: Mapping[Any, Any] = NOTHING_REPLACED) -> list[Any]:
    """Sorted by primary key, so that rows are locked in one order; as they came if it has none."""
    rows = list(instances)
    if len(rows) < 2:
        return rows
    keys = identity_keys([replaced.get(row, row) for row in rows] if replaced else rows)
    try:
        return [rows[number] for number in sorted(range(len(rows)), key=keys.__getitem__)]
    except TypeError:
        return rows
