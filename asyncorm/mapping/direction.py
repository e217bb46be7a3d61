"""The direction of a relationship: the foreign key it follows, and from which side."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from asyncorm.errors import ConfigurationError
from asyncorm.mapping.relationships import Direction, Relationship, referring_keys
from asyncorm.sql.table import BaseColumn, ForeignKey


def resolve_direction(relationship: Relationship[Any, Any]) -> None:
    """Find the foreign key that a relationship follows; ConfigurationError if it can't be told."""
    for argument in ("foreign_keys", "remote_side"):
        check_names(relationship, argument)
    keys = candidates(relationship)
    if len(keys) > 1:
        keys = _narrow(relationship, keys)
    if not keys and relationship.to_many:
        _check_side(relationship)
    if len(keys) != 1:
        what = "no foreign key joins" if not keys else "several foreign keys join"
        raise ConfigurationError(
            f"{relationship}: {what} {relationship.mapper.table.full_name!r} and "
            f"{relationship.target.table.full_name!r}",
            hint="declare one with foreign_key(...)"
            + (", or name a link table: secondary=..." if relationship.to_many else "")
            if not keys
            else 'say which one: relationship(foreign_keys=["author_id"])',
        )
    relationship.direction, relationship.foreign_key = keys[0]
    key = relationship.foreign_key
    relationship.pairs = key.pairs


def check_names(relationship: Relationship[Any, Any], argument: str) -> None:
    """Refuse names of columns that neither side has."""
    tables = relationship.mapper.source, relationship.target.source
    known = [name for table in tables for name in (*table.by_attribute, *table.columns)]
    for column in getattr(relationship.declaration, argument):
        name = column_name(column)
        if name not in known:
            raise ConfigurationError(
                f"{relationship}: {argument} names no column of {relationship.mapper.name} or "
                f"{relationship.target.name}: {column!r}",
                hint=suggest(name, known, f'name a column as text: {argument}="author_id"'),
            )


def _check_side(relationship: Relationship[Any, Any]) -> None:
    """Refuse a collection on the side of the foreign key."""
    owner, target = relationship.mapper, relationship.target
    keys = referring_keys(owner, target)
    if keys:
        names = ", ".join(f"{owner.name}.{column.attribute}" for column in keys[0].columns)
        raise ConfigurationError(
            f"{relationship} is a collection, but {names} refers to one {target.name}",
            hint=f"annotate it Related[{target.name}], or Related[{target.name} | None]; a "
            "collection needs the foreign key on the other side, or secondary=...",
        )


def candidates(relationship: Relationship[Any, Any]) -> list[tuple[Direction, ForeignKey]]:
    """The foreign keys that a relationship may follow, and from which side."""
    own, target = relationship.mapper, relationship.target
    to_one = [(Direction.MANY_TO_ONE, key) for key in referring_keys(own, target)]
    to_many = [(Direction.ONE_TO_MANY, key) for key in referring_keys(target, own)]
    if relationship.to_many:
        return to_many
    if not set(own.tables).isdisjoint(target.tables):
        remote = {column_name(column) for column in relationship.declaration.remote_side}
        if remote and all(
            remote <= {column.attribute for column in key.columns} for _, key in to_one
        ):
            return to_many
        return to_one
    return to_one or to_many


def _narrow(
    relationship: Relationship[Any, Any], keys: list[tuple[Direction, ForeignKey]]
) -> list[tuple[Direction, ForeignKey]]:
    """Choose among several foreign keys by foreign_keys=, here or on the other side."""
    wanted = {column_name(column) for column in relationship.declaration.foreign_keys}
    other = relationship.declaration.back_populates
    if not wanted and other in relationship.target.relationships:
        declaration = relationship.target.relationships[other].declaration
        wanted = {column_name(column) for column in declaration.foreign_keys}
    if not wanted:
        return keys
    return [
        (direction, key)
        for direction, key in keys
        if wanted == {c.attribute for c in key.columns} or wanted == {c.name for c in key.columns}
    ]


def column_name(column: Any) -> str:
    """The name of a column that was given as text or by itself."""
    if isinstance(column, BaseColumn):
        return column.attribute
    return str(column).rpartition(".")[2]


def suggest(name: str, known: Any, otherwise: str) -> str:
    """The known name that was probably meant, as a hint; or another hint."""
    near = get_close_matches(name, list(known), 1)
    return f"did you mean {near[0]!r}?" if near else otherwise
