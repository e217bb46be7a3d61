"""Batches: rows of one shape go out as one statement."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from asyncorm.flush.changes import Link
from asyncorm.flush.plan import Batch, Kind
from asyncorm.mapping.mapper import Mapper
from asyncorm.models.construct import given_fields
from asyncorm.sql.expressions import Expression
from asyncorm.tracking.unit_of_work import identity_key, mapper_of

LinksOf = Callable[[Any], list[Link]]


def insert_batches(instances: Iterable[Any], links_of: LinksOf) -> list[Batch]:
    """INSERTs in the order the rows were added, one for each set of columns left to the server."""
    batches: list[Batch] = []
    shapes: dict[tuple[Mapper, tuple[str, ...]], Batch] = {}
    for instance in instances:
        mapper = mapper_of(instance)
        links = links_of(instance)
        omitted = _omitted(instance, mapper, links)
        if instance._state.expressions and _has_expressions(instance):
            batch = _insert_batch(mapper, omitted, expressions=True)
            batches.append(batch)
        else:
            found = shapes.get((mapper, omitted))
            if found is None:
                found = shapes[(mapper, omitted)] = _insert_batch(mapper, omitted)
                batches.append(found)
            batch = found
        batch.instances.append(instance)
        batch.links.extend(links)
    return batches


def _insert_batch(mapper: Mapper, omitted: tuple[str, ...], expressions: bool = False) -> Batch:
    columns = tuple(
        name
        for name, column in mapper.columns.items()
        if name not in omitted and column.computed is None
    )
    returning = tuple(mapper.columns) if expressions else omitted
    return Batch(Kind.INSERT, mapper, columns, [], returning, [], expressions)


def _omitted(instance: Any, mapper: Mapper, links: list[Link]) -> tuple[str, ...]:
    """The columns that have no value and that the server will fill."""
    made = mapper.made_by_server
    if not made:
        return made
    values = instance.__dict__
    fields_set = given_fields(instance)
    if not links and fields_set.isdisjoint(made):
        for name in made:
            if values.get(name) is not None:
                break
        else:
            return made
    linked = {name for link in links for name in link.attributes}
    return tuple(
        name
        for name in made
        if mapper.columns[name].computed is not None
        or (values.get(name) is None and name not in fields_set and name not in linked)
    )


def _has_expressions(instance: Any) -> bool:
    return any(isinstance(value, Expression) for value in instance.__dict__.values())


def update_batches(updates: dict[Any, tuple[str, ...]], links_of: LinksOf) -> list[Batch]:
    """UPDATEs in primary key order, one for each set of changed columns."""
    batches: dict[Any, Batch] = {}
    for instance in _by_key(updates):
        mapper, columns = mapper_of(instance), updates[instance]
        values = instance.__dict__
        expressions = instance._state.expressions and any(
            isinstance(values.get(name), Expression) for name in columns
        )
        shape = instance if expressions else (mapper, columns)
        batch = batches.get(shape)
        if batch is None:
            returning = mapper.computed
            if expressions:
                own = tuple(n for n in columns if isinstance(values.get(n), Expression))
                returning = tuple(dict.fromkeys((*own, *returning)))
            batch = batches[shape] = Batch(
                Kind.UPDATE, mapper, columns, [], returning, [], expressions
            )
        batch.instances.append(instance)
        batch.links.extend(links_of(instance))
    return list(batches.values())


def delete_batches(instances: Iterable[Any]) -> list[Batch]:
    """One DELETE for each table, in primary key order."""
    batches: dict[Mapper, Batch] = {}
    for instance in _by_key(instances):
        mapper = mapper_of(instance)
        batch = batches.get(mapper)
        if batch is None:
            batch = batches[mapper] = Batch(Kind.DELETE, mapper, (), [])
        batch.instances.append(instance)
    return list(batches.values())


def _by_key(instances: Iterable[Any]) -> list[Any]:
    """Sorted by primary key, which makes deadlocks rarer; as they came if keys can't be sorted."""
    rows = list(instances)
    try:
        return sorted(rows, key=identity_key)
    except TypeError:
        return rows
