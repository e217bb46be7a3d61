"""Mapper: how one entity class corresponds to its tables; knows no pydantic and no session."""

from __future__ import annotations

from collections.abc import Callable, Container
from functools import cached_property
from typing import Any, NamedTuple

from asyncorm.mapping.relationships import Direction, Relationship
from asyncorm.mapping.version import Version
from asyncorm.mapping.written_part import WrittenPart, written_parts
from asyncorm.sql.subtype import Part
from asyncorm.sql.table import BaseColumn, ForeignKey, Table
from asyncorm.types.base import SQLType

Key = Any
"""The primary key as the identity map uses it: the bare value, or a tuple if composite."""

_EAGER = frozenset(("selectin", "joined", "nested", "noload"))


class Discriminator(NamedTuple):
    """The attribute that tells the classes of a hierarchy apart, and its value in one of them.

    ``value`` is None for a class that has no rows of its own, only those of its subclasses.
    """

    attribute: str
    value: Any


class Mapper:
    """The columns, key and relationships of an entity, by attribute name.

    ``source`` is what the entity is in FROM. That is its table, but for a class that derives from
    another entity: that has ``parts`` in one table or several, the last of which is ``table``.
    """

    def __init__(
        self,
        entity: type[Any],
        source: Table,
        relationships: dict[str, Relationship[Any, Any]],
        *,
        base: Mapper | None = None,
        parts: tuple[Part, ...] = (),
        discriminator: Discriminator | None = None,
        made_by_server: tuple[str, ...] = (),
        required_references: frozenset[str] = frozenset(),
        version: Version | None = None,
    ) -> None:
        self.entity = entity
        self.source = source
        #: the entity that this one extends, and the one that all of the hierarchy do
        self.base = base
        self.root: Mapper = self if base is None else base.root
        #: this entity and all that derive from it, in order of declaration
        self.subtypes: list[Mapper] = [self]
        self.discriminator = discriminator
        #: the physical tables, base first, each with the columns that hold values of this entity
        self.parts = parts or (Part(source, source.by_attribute, source.primary_key),)
        self.tables: tuple[Table, ...] = tuple(part.table for part in self.parts)
        self.table = self.tables[-1]
        self.columns: dict[str, BaseColumn[Any, Any]] = dict(source.by_attribute)
        self.position = {name: number for number, name in enumerate(self.columns)}
        self.primary_key_columns = source.primary_key
        self.primary_key: tuple[str, ...] = tuple(c.attribute for c in source.primary_key)
        self.key_names = frozenset(self.primary_key)
        self.relationships = relationships
        self._tie(base)
        self._know_writing(made_by_server, required_references, version)
        #: columns whose values can change inside, with their types
        self.mutable = _mutable(self.columns)
        #: columns that a SELECT leaves out unless they are asked for, with the group they load with
        self.deferred = _deferred(self.columns)
        #: what a SELECT of the entity brings
        self.selected = tuple(name for name in self.columns if name not in self.deferred)
        #: whether objects come with relationships that no option has asked for
        self.eager = any(r.lazy in _EAGER for r in relationships.values())
        #: collections that are never loaded
        self.write_only = tuple(n for n, r in relationships.items() if r.lazy == "write_only")
        #: what later layers keep per mapper (generated functions, statement texts), by name
        self.memo: dict[Any, Any] = {}
        self._along: dict[str, tuple[str, ...]] = {}
        self.key_of: Callable[[dict[str, Any]], Key] = _key_getter(self.primary_key)

    def _tie(self, base: Mapper | None) -> None:
        """Keep what others say of objects: of the base's until now, and later of all subtypes."""
        #: delete-orphan relationships to this entity: a row that none of them holds is deleted
        self.keepers: list[Relationship[Any, Any]] = [] if base is None else [*base.keepers]
        #: relationships of others whose values hold objects of this entity
        self.held_by: list[Relationship[Any, Any]] = [] if base is None else [*base.held_by]
        #: foreign keys of link tables that refer here: whether a flush that deletes a row deletes
        #: its links before (or the server sees to it)
        self.link_keys: dict[ForeignKey, bool] = {} if base is None else {**base.link_keys}
        #: delete-orphan relationships along a foreign key of this table
        self.owning: list[Relationship[Any, Any]] = [] if base is None else [*base.owning]

    def _know_writing(
        self,
        made_by_server: tuple[str, ...],
        required_references: frozenset[str],
        version: Version | None,
    ) -> None:
        """Keep what a flush must know of new and changed objects."""
        #: attributes that the server fills in when INSERT leaves them out
        self.made_by_server = made_by_server
        #: what a new row must have before the flush: keys that nobody makes, its own and foreign
        needed = self.key_names.difference(made_by_server) | required_references
        self.must_be_given = tuple(name for name in self.columns if name in needed)
        #: by what an UPDATE or DELETE notices that its row was changed meanwhile
        self.version = version
        known = () if self.base is None else self.base.written_parts
        #: what a flush writes to each of the tables
        self.written_parts: tuple[WrittenPart, ...] = written_parts(
            self.name, self.parts, known, made_by_server, version
        )
        #: what is never written: the server makes it anew with every INSERT and UPDATE
        self.computed = tuple(name for part in self.written_parts for name in part.computed)

    def __repr__(self) -> str:
        return f"<Mapper {self.entity.__name__}>"

    @property
    def name(self) -> str:
        """The entity's name, for messages."""
        return self.entity.__name__

    @property
    def foreign_keys(self) -> tuple[ForeignKey, ...]:
        """The foreign keys over the entity's columns, but not those that join its own tables."""
        columns = {column._key for part in self.parts for column in part.columns.values()}
        return tuple(
            key
            for number, part in enumerate(self.parts)
            for key in part.table.foreign_keys
            if all(column._key in columns for column in key.columns)
            and not self._joins(key, number)
        )

    @property
    def has_own_part(self) -> bool:
        """Whether it derives from another entity and has a table beside that one's."""
        return self.base is not None and len(self.parts) > len(self.base.parts)

    def joins_parts(self, key: ForeignKey) -> bool:
        """Whether a foreign key is the primary key of a part, and refers to the part before."""
        return any(self._joins(key, number) for number in range(1, len(self.parts)))

    def _joins(self, key: ForeignKey, number: int) -> bool:
        if not number or key.target is not self.parts[number - 1].table:
            return False
        return {c._key for c in key.columns} == {c._key for c in self.parts[number].primary_key}

    def key_values(self, key: Key) -> tuple[Any, ...]:
        """The primary key as a tuple."""
        return (key,) if len(self.primary_key) == 1 else key

    def lacks_columns(self, values: Container[str]) -> bool:
        """Whether some column that a SELECT would bring has no value."""
        return any(name not in values for name in self.selected)

    def along(self, cascade: str) -> tuple[str, ...]:
        """The relationships that a cascade goes along."""
        found = self._along.get(cascade)
        if found is None:
            known = self.relationships.items()
            found = self._along[cascade] = tuple(
                n for n, r in known if cascade in r.cascade and not r.viewonly
            )
        return found

    @cached_property
    def expiring(self) -> tuple[str, ...]:
        """What an object forgets that expires: all but its key."""
        names = (*self.columns, *self.relationships)
        return tuple(name for name in names if name not in self.key_names)

    @cached_property
    def saved(self) -> tuple[str, ...]:
        """The relationships that take objects into a session."""
        return self.along("save-update")

    @cached_property
    def many_to_one(self) -> tuple[Relationship[Any, Any], ...]:
        """The relationships whose foreign key is in this table."""
        return tuple(r for r in self.relationships.values() if r.direction is Direction.MANY_TO_ONE)


def _mutable(columns: dict[str, BaseColumn[Any, Any]]) -> dict[str, SQLType[Any]]:
    return {name: column._type for name, column in columns.items() if column._type.mutable}


def _deferred(columns: dict[str, BaseColumn[Any, Any]]) -> dict[str, str | None]:
    return {name: column.deferred_group for name, column in columns.items() if column.deferred}


def _key_getter(names: tuple[str, ...]) -> Callable[[dict[str, Any]], Key]:
    """A function from attribute values to the key; an incomplete key is None."""
    if len(names) == 1:
        (name,) = names
        return lambda values: values.get(name)

    def composite(values: dict[str, Any]) -> Key:
        key = tuple(map(values.get, names))
        return None if None in key else key

    return composite
