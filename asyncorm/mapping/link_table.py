"""The link table that ``secondary`` means: found, or made if no class maps it, and its two ends."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from asyncorm.errors import ConfigurationError
from asyncorm.mapping.custom_join import declared_join, restrict
from asyncorm.mapping.registry import Registry
from asyncorm.mapping.relationships import Relationship
from asyncorm.mapping.secondary import Secondary
from asyncorm.sql.constraints import ForeignKeyConstraint, Index
from asyncorm.sql.table import BaseColumn, Column, ForeignKey, Table


def link_table(relationship: Relationship[Any, Any], registry: Registry) -> Table:
    """The table that ``secondary`` means: a known one, or a new one of the two keys."""
    given = relationship.declaration.secondary
    if not isinstance(given, str):
        table = getattr(given, "__table__", given)
        if not isinstance(table, Table):
            raise ConfigurationError(
                f"{relationship}: secondary={given!r} is no table",
                hint='name a table, secondary="book_tag", or give a mapped class',
            )
        table = table.physical[-1]
        registry.metadata.tables.setdefault(table.full_name, table)
        return table
    owner, target = relationship.mapper.table, relationship.target.table
    for name in (given, *(f"{end.schema}.{given}" for end in (owner, target) if end.schema)):
        found = registry.metadata.tables.get(name)
        if found is not None and not _is_outdated(found, owner, target):
            return found
    made = _make(relationship, given)
    registry.metadata.tables[made.full_name] = made
    return made


def _is_outdated(table: Table, owner: Table, target: Table) -> bool:
    """Whether a table made automatically belongs to a class that has been declared again."""
    names = {owner.full_name: owner, target.full_name: target}
    return table.automatic and any(
        names.get(key.target.full_name, key.target) is not key.target for key in table.foreign_keys
    )


def _make(relationship: Relationship[Any, Any], given: str) -> Table:
    owner, target = relationship.mapper.table, relationship.target.table
    schema, _, name = given.rpartition(".")
    ends = list(zip((owner, target), _column_names(relationship), strict=True))
    columns: dict[str, BaseColumn[Any, Any]] = {}
    for end, names in ends:
        for key, column_name in zip(end.primary_key, names, strict=True):
            if column_name in columns:
                raise ConfigurationError(
                    f"{relationship}: both keys of the link table {given!r} would be called "
                    f"{column_name!r}",
                    hint="declare the link table as a class, with a foreign_key() for each side",
                )
            columns[column_name] = Column(column_name, key._type, primary_key=True)
    table = Table(
        name,
        list(columns.values()),
        schema=schema or owner.schema,
        # the primary key serves look-ups from the first end only
        indexes=[Index(None, *_column_names(relationship)[1])],
        foreign_keys=[
            ForeignKeyConstraint(names, end.primary_key, ondelete="CASCADE", onupdate="CASCADE")
            for end, names in ends
        ],
    )
    table.automatic = True
    return table


def _column_names(relationship: Relationship[Any, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The columns of an automatic table for the owner's key, and for the target's.

    They are called after the tables. In a self-reference that would be one name twice, so the
    relationship that leads to an end names it; an end without a relationship keeps the table's.
    """
    owner, target = relationship.mapper.table, relationship.target.table
    before, after = owner.name, target.name
    if owner is target:
        before = relationship.declaration.back_populates or owner.name
        after = relationship.name
    return (
        tuple(f"{before}_{key.name}" for key in owner.primary_key),
        tuple(f"{after}_{key.name}" for key in target.primary_key),
    )


def find_ends(relationship: Relationship[Any, Any], table: Table) -> Secondary:
    """The two foreign keys of a link table; ConfigurationError if they can't be told."""
    owner, target = relationship.mapper.table, relationship.target.table
    to_owner = _referring(table, relationship.mapper.tables)
    to_target = _referring(table, relationship.target.tables)
    for keys, end in ((to_owner, owner), (to_target, target)):
        if not keys:
            raise ConfigurationError(
                f"{relationship}: no foreign key of {table.full_name!r} refers to "
                f"{end.full_name!r}",
                hint="declare one with foreign_key(...), or name another table in secondary",
            )
    joins = [
        declared_join(relationship, "primaryjoin", relationship.mapper.source, table),
        declared_join(relationship, "secondaryjoin", table, relationship.target.source),
    ]
    rest = [part for join in joins if join is not None for part in join.rest]
    restrict(relationship, rest, [table, relationship.target.source])
    if any(joins):
        to_owner, to_target = (
            keys if join is None else [key for key in keys if join.has_key(key)]
            for keys, join in zip((to_owner, to_target), joins, strict=True)
        )
    elif table.automatic and owner is target:
        before, after = _column_names(relationship)
        to_owner, to_target = _over(to_owner, before), _over(to_target, after)
    else:
        to_owner, to_target = _narrow(relationship, to_owner, to_target)
    if len(to_owner) != 1 or len(to_target) != 1 or to_owner == to_target:
        raise ConfigurationError(
            f"{relationship}: which foreign keys of {table.full_name!r} refer to "
            f"{relationship.mapper.name} and to {relationship.target.name} is not clear",
            hint="name both sides in back_populates"
            if table.automatic
            else "say which columns refer to the target: relationship(remote_side=[...])",
        )
    return Secondary(table, to_owner[0], to_target[0])


def _referring(table: Table, tables: tuple[Table, ...]) -> list[ForeignKey]:
    """The keys that refer to an entity; to its own table rather than to that of its base."""
    for end in reversed(tables):
        keys = [key for key in table.foreign_keys if key.target is end]
        if keys:
            return keys
    return []


def _narrow(
    relationship: Relationship[Any, Any],
    to_owner: list[ForeignKey],
    to_target: list[ForeignKey],
) -> tuple[list[ForeignKey], list[ForeignKey]]:
    """Choose by foreign_keys and remote_side, given here or, mirrored, on the other side."""
    declaration = relationship.declaration
    other = relationship.target.relationships.get(declaration.back_populates or "")
    near = other.declaration.remote_side if other is not None else ()
    named = declaration.foreign_keys or (other.declaration.foreign_keys if other else ())
    if named:
        names = _names(named)
        to_owner = [key for key in to_owner if _names(key.columns) <= names]
        to_target = [key for key in to_target if _names(key.columns) <= names]
    if declaration.remote_side:
        to_target = _over(to_target, _names(declaration.remote_side))
        to_owner = [key for key in to_owner if key not in to_target]
    if near:
        to_owner = _over(to_owner, _names(near))
        to_target = [key for key in to_target if key not in to_owner]
    return to_owner, to_target


def _over(keys: list[ForeignKey], names: Iterable[str]) -> list[ForeignKey]:
    return [key for key in keys if _names(key.columns) == set(names)]


def _names(columns: Iterable[Any]) -> set[str]:
    return {
        column.name if isinstance(column, BaseColumn) else str(column).rpartition(".")[2]
        for column in columns
    }
