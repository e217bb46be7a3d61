"""WrittenPart: what a flush writes of an entity to one of its tables."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from asyncorm.mapping.version import Version
from asyncorm.sql.subtype import Part
from asyncorm.sql.table import BaseColumn, ForeignKey


class WrittenPart:
    """One table of an entity, with the entity's columns in it.

    An entity that extends another one in a table of its own has several; then the part of the base
    is the same object for both.
    """

    def __init__(
        self,
        name: str,
        part: Part,
        *,
        made_by_server: tuple[str, ...] = (),
        version: Version | None = None,
        base: WrittenPart | None = None,
    ) -> None:
        #: of the entity that declares the table, for messages
        self.name = name
        self.part = part
        self.table = part.table
        #: the column of this table by attribute
        self.columns: dict[str, BaseColumn[Any, Any]] = dict(part.columns)
        #: the attributes of the primary key, in the order of the base's
        self.primary_key = tuple(c.attribute for c in part.primary_key)
        if base is not None:
            self.primary_key = base.primary_key
        self.primary_key_columns = tuple(self.columns[name] for name in self.primary_key)
        self.key_names = frozenset(self.primary_key)
        #: the part that has the key before, if the table is joined to that of another entity
        self.base = base
        #: whether an object may have rows in other tables besides
        self.joined = base is not None
        #: attributes that the server fills in when INSERT leaves them out
        self.made_by_server = tuple(
            name
            for name in made_by_server
            if name in self.columns and not (self.joined and name in self.key_names)
        )
        #: by what an UPDATE or DELETE notices that its row was changed meanwhile
        self.version: Version | None = None
        if version is not None and version.name in self.columns:
            self.version = version._replace(column=self.columns[version.name])
        #: what is never written: the server makes it anew with every INSERT and UPDATE
        self.computed = _computed(self.columns, self.version)
        #: whether values can change inside
        self.mutable = any(column._type.mutable for column in self.columns.values())
        #: what later layers keep per part (statement texts), by name
        self.memo: dict[Any, Any] = {}

    def __repr__(self) -> str:
        return f"<WrittenPart {self.table.full_name} of {self.name}>"

    @cached_property
    def key_to_base(self) -> ForeignKey | None:
        """The foreign key that joins a row to the one of the base table, if there is any."""
        if self.base is None:
            return None
        return next(
            key
            for key in self.table.foreign_keys
            if key.target is self.base.table and self.key_names == dict(key.pairs).keys()
        )

    @cached_property
    def key_follows(self) -> bool:
        """Whether the server changes the key when that of the base is changed."""
        return self.key_to_base is not None and self.key_to_base.onupdate == "CASCADE"

    @cached_property
    def row_follows(self) -> bool:
        """Whether the server deletes the row when that of the base is deleted."""
        return self.key_to_base is not None and self.key_to_base.ondelete == "CASCADE"

    def key_values(self, key: Any) -> tuple[Any, ...]:
        """The primary key as a tuple."""
        return (key,) if len(self.primary_key) == 1 else key

    def without_version(self) -> WrittenPart:
        """The same for statements that neither check versions nor count them."""
        if self.version is None:
            return self
        plain: WrittenPart | None = self.memo.get("without version")
        if plain is None:
            plain = self.memo["without version"] = WrittenPart(
                self.name, self.part, made_by_server=self.made_by_server, base=self.base
            )
            plain.joined = self.joined
        return plain


def written_parts(
    name: str,
    parts: tuple[Part, ...],
    known: tuple[WrittenPart, ...],
    made_by_server: tuple[str, ...],
    version: Version | None,
) -> tuple[WrittenPart, ...]:
    """What is written to the tables of an entity, given what is ``known`` of those of its base."""
    found: list[WrittenPart] = []
    for number, part in enumerate(parts):
        if number < len(known) and known[number].part is part:
            found.append(known[number])
            continue
        base = found[-1] if found else None
        if base is not None:
            base.joined = True
        found.append(
            WrittenPart(name, part, made_by_server=made_by_server, version=version, base=base)
        )
    return tuple(found)


def _computed(columns: dict[str, BaseColumn[Any, Any]], version: Version | None) -> tuple[str, ...]:
    names = [name for name, column in columns.items() if column.computed is not None]
    if version is not None and version.following is None:
        names.append(version.name)
    return tuple(names)
