"""Mapper: how one entity class corresponds to its table; knows no pydantic and no session."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asyncorm.mapping.relationships import Direction, Relationship
from asyncorm.mapping.version import Version
from asyncorm.mapping.written_part import WrittenPart
from asyncorm.sql.table import BaseColumn, ForeignKey, Table
from asyncorm.types.base import SQLType

Key = Any
"""The primary key as the identity map uses it: the bare value, or a tuple if composite."""


class Mapper:
    """The columns, key and relationships of an entity, by attribute name."""

    def __init__(
        self,
        entity: type[Any],
        table: Table,
        relationships: dict[str, Relationship[Any, Any]],
        *,
        made_by_server: tuple[str, ...] = (),
        required_references: frozenset[str] = frozenset(),
        version: Version | None = None,
    ) -> None:
        self.entity = entity
        self.table = table
        self.columns: dict[str, BaseColumn[Any, Any]] = dict(table.by_attribute)
        #: the place of each column attribute in the table
        self.position = {name: number for number, name in enumerate(self.columns)}
        self.primary_key_columns = table.primary_key
        self.primary_key: tuple[str, ...] = tuple(c.attribute for c in table.primary_key)
        self.key_names = frozenset(self.primary_key)
        self.relationships = relationships
        #: delete-orphan relationships to this entity: a row that none of them holds is deleted
        self.keepers: list[Relationship[Any, Any]] = []
        #: relationships of others whose values hold objects of this entity
        self.held_by: list[Relationship[Any, Any]] = []
        #: foreign keys of link tables that refer here: whether a flush that deletes a row deletes
        #: its links before (or the server sees to it)
        self.link_keys: dict[ForeignKey, bool] = {}
        #: delete-orphan relationships along a foreign key of this table
        self.owning: list[Relationship[Any, Any]] = []
        #: attributes that the server fills in when INSERT leaves them out
        self.made_by_server = made_by_server
        #: what a new row must have before the flush: the parts of its key that nobody makes, and
        #: foreign keys that a relationship or the caller fills
        needed = self.key_names.difference(made_by_server) | required_references
        self.must_be_given = tuple(name for name in self.columns if name in needed)
        #: columns whose values can change inside, with their types
        self.mutable: dict[str, SQLType[Any]] = {
            name: column._type for name, column in self.columns.items() if column._type.mutable
        }
        #: by what an UPDATE or DELETE notices that its row was changed meanwhile
        self.version = version
        #: what is never written: the server makes it anew with every INSERT and UPDATE
        self.computed = _computed(self.columns, version)
        #: its tables, that of the base first
        self.written_parts: tuple[WrittenPart, ...] = (
            WrittenPart(
                entity.__name__,
                table,
                self.columns,
                self.primary_key,
                made_by_server=made_by_server,
                version=version,
            ),
        )
        #: what later layers keep per mapper (generated functions, statement texts), by name
        self.memo: dict[Any, Any] = {}
        self.key_of: Callable[[dict[str, Any]], Key] = _key_getter(self.primary_key)

    def __repr__(self) -> str:
        return f"<Mapper {self.entity.__name__}>"

    @property
    def name(self) -> str:
        """The entity's name, for messages."""
        return self.entity.__name__

    def key_values(self, key: Key) -> tuple[Any, ...]:
        """The primary key as a tuple."""
        return (key,) if len(self.primary_key) == 1 else key

    def lacks_columns(self, values: dict[str, Any]) -> bool:
        """Whether some column has no value."""
        return any(name not in values for name in self.columns)

    @property
    def many_to_one(self) -> tuple[Relationship[Any, Any], ...]:
        """The relationships whose foreign key is in this table."""
        return tuple(r for r in self.relationships.values() if r.direction is Direction.MANY_TO_ONE)


def _computed(columns: dict[str, BaseColumn[Any, Any]], version: Version | None) -> tuple[str, ...]:
    names = [name for name, column in columns.items() if column.computed is not None]
    if version is not None and version.following is None:
        names.append(version.name)
    return tuple(names)


def _key_getter(names: tuple[str, ...]) -> Callable[[dict[str, Any]], Key]:
    """A function from attribute values to the key; an incomplete key is None."""
    if len(names) == 1:
        (name,) = names
        return lambda values: values.get(name)

    def composite(values: dict[str, Any]) -> Key:
        key = tuple(values.get(name) for name in names)
        return None if None in key else key

    return composite
