"""The types and extensions that tables need, in an order that works."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from asyncorm.errors import ConfigurationError
from asyncorm.schema.ddl import (
    DDL,
    CreateComposite,
    CreateDomain,
    CreateEnum,
    DropComposite,
    DropDomain,
    DropEnum,
)
from asyncorm.sql.expressions import Expression
from asyncorm.sql.table import BaseColumn, Table
from asyncorm.types.base import SQLType
from asyncorm.types.composites import Composite
from asyncorm.types.domains import Domain
from asyncorm.types.enums import EnumType

#: types that are made by CREATE TYPE or CREATE DOMAIN, with a name of their own
OwnType = EnumType | Domain | Composite

#: operator classes of indexes with the extension that has them
_OPERATOR_CLASSES = {"gin_trgm_ops": "pg_trgm", "gist_trgm_ops": "pg_trgm"}

#: types whose operators of GiST are those of btree_gist, without length and precision
_BTREE_GIST = frozenset(
    (
        *("smallint", "integer", "bigint", "real", "double precision", "numeric", "boolean"),
        *("text", "varchar", "bytea", "bit", "varbit", "uuid", "inet", "cidr"),
        *("macaddr", "macaddr8", "date", "time", "timestamp", "timestamptz", "interval"),
    )
)


def types_of(tables: Iterable[Table]) -> list[OwnType]:
    """The types of all columns, each once and after those it is made of.

    Raises ConfigurationError if two differ that share a name.
    """
    found: dict[str, OwnType] = {}
    for table in tables:
        for column in table.columns.values():
            for type_ in _made_of(column._type):
                if not isinstance(type_, OwnType) or (
                    isinstance(type_, EnumType) and not type_.native
                ):
                    continue
                first = found.setdefault(type_.ddl, type_)
                if not _same(first, type_):
                    raise _ambiguous(first, type_, column)
    return list(found.values())


def create_types(types: Iterable[OwnType]) -> list[DDL]:
    """What creates the types."""
    return [_created(type_) for type_ in types]


def drop_types(types: Sequence[OwnType]) -> list[DDL]:
    """What drops the types, those first that are made of others."""
    return [_dropped(type_) for type_ in reversed(types)]


def extensions_of(tables: Iterable[Table]) -> list[str]:
    """The extensions that columns and indexes need."""
    found: dict[str, None] = {}
    for table in tables:
        for column in table.columns.values():
            found.update((t.extension, None) for t in _made_of(column._type) if t.extension)
        for index in table.indexes:
            needed = (_OPERATOR_CLASSES.get(name) for name in index.ops.values())
            found.update((name, None) for name in needed if name)
        if any(map(_is_plain, _indexed_by_gist(table))):
            found["btree_gist"] = None
    return list(found)


def _indexed_by_gist(table: Table) -> Iterator[SQLType[Any]]:
    """The types of what GiST is to compare by the operators that a type has by default."""
    for index in table.indexes:
        if index.using == "gist":
            for item, type_ in _types(table, index.expressions):
                if item not in index.ops:
                    yield type_
    for constraint in table.exclusions:
        if constraint.using == "gist":
            for _, type_ in _types(table, [item for item, _ in constraint.elements]):
                yield type_


def _types(table: Table, items: Iterable[Any]) -> Iterator[tuple[str | None, SQLType[Any]]]:
    """The names, as they were given, and the types of columns; the types of expressions."""
    for item in items:
        if isinstance(item, str):
            column = table.by_attribute.get(item, table.columns.get(item))
            if column is not None:
                yield item, column._type
        elif isinstance(item, Expression):
            yield None, item._type


def _is_plain(type_: SQLType[Any]) -> bool:
    if isinstance(type_, Domain):
        return any(map(_is_plain, type_.parts))
    return isinstance(type_, EnumType) or type_.ddl.partition("(")[0] in _BTREE_GIST


def _made_of(type_: SQLType[Any]) -> Iterator[SQLType[Any]]:
    """The parts of a type, and at last the type itself."""
    for part in type_.parts:
        yield from _made_of(part)
    yield type_


def _same(one: OwnType, other: OwnType) -> bool:
    if isinstance(one, EnumType) and isinstance(other, EnumType):
        return one.labels == other.labels
    if isinstance(one, Composite) and isinstance(other, Composite):
        return {n: t.ddl for n, t in one.fields.items()} == {
            n: t.ddl for n, t in other.fields.items()
        }
    return one == other


def _ambiguous(one: OwnType, other: OwnType, column: BaseColumn[Any, Any]) -> ConfigurationError:
    if isinstance(one, EnumType) and isinstance(other, EnumType):
        return ConfigurationError(
            f"{one.python_type.__name__} and {other.python_type.__name__} (of {column}) "
            f"are both the enum type {one.ddl}, with other labels",
            hint='name one of them: column(EnumType(Status, name="order_status"))',
        )
    return ConfigurationError(
        f"two different types (the second is that of {column}) are both named {one.ddl}",
        hint='name one of them: column(Composite(Address, name="postal_address"))',
    )


def _created(type_: OwnType) -> DDL:
    if isinstance(type_, EnumType):
        return CreateEnum(type_)
    return CreateDomain(type_) if isinstance(type_, Domain) else CreateComposite(type_)


def _dropped(type_: OwnType) -> DDL:
    if isinstance(type_, EnumType):
        return DropEnum(type_)
    return DropDomain(type_) if isinstance(type_, Domain) else DropComposite(type_)
