"""All statements that create or drop a set of tables, in an order that works."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from asyncorm._graph import sort_components
from asyncorm.errors import ConfigurationError
from asyncorm.schema.ddl import (
    DDL,
    AddForeignKey,
    CommentOnTable,
    CreateEnum,
    CreateIndex,
    CreateSchema,
    CreateTable,
    DropEnum,
    DropForeignKey,
    DropTable,
)
from asyncorm.schema.elements import NamedConstraints
from asyncorm.schema.indexes import index_names
from asyncorm.sql.table import ForeignKey, Table
from asyncorm.types.arrays import Array
from asyncorm.types.enums import Enum


def create_statements(tables: Iterable[Table]) -> list[DDL]:
    """What creates the tables and all they need; what exists already is left alone."""
    components = _components(tables)
    ordered = [table for component in components for table in component]
    _check_names(ordered)
    cyclic = _cyclic_keys(components)
    enums = _enums(ordered)
    statements: list[DDL] = [CreateSchema(name) for name in _schemas(ordered, enums)]
    statements += [CreateEnum(type_) for type_ in enums]
    for table in ordered:
        statements.append(CreateTable(table, if_not_exists=True, later=cyclic))
        statements += [CreateIndex(table, index, if_not_exists=True) for index in table.indexes]
        if table.comment:
            statements.append(CommentOnTable(table))
    return [*statements, *[AddForeignKey(key) for key in cyclic]]


def drop_statements(tables: Iterable[Table]) -> list[DDL]:
    """What drops the tables and their enum types; schemas stay, what is missing is skipped."""
    components = _components(tables)
    ordered = [table for component in reversed(components) for table in component]
    statements: list[DDL] = [DropForeignKey(key) for key in _cyclic_keys(components)]
    statements += [DropTable(table, if_exists=True) for table in ordered]
    return [*statements, *[DropEnum(type_) for type_ in _enums(ordered)]]


def _components(tables: Iterable[Table]) -> list[list[Table]]:
    unique = list(dict.fromkeys(tables))
    return sort_components(unique, lambda table: [key.target for key in table.foreign_keys])


def _cyclic_keys(components: Sequence[Sequence[Table]]) -> list[ForeignKey]:
    """The foreign keys between tables of one circle; they are added when all tables exist."""
    return [
        key
        for component in components
        for table in component
        for key in table.foreign_keys
        if key.target is not table and key.target in component
    ]


def _enums(tables: Iterable[Table]) -> list[Enum]:
    """The enum types of all columns, each once; ConfigurationError if two share a name."""
    found: dict[str, Enum] = {}
    for table in tables:
        for column in table.columns.values():
            type_ = column._type.item if isinstance(column._type, Array) else column._type
            if not isinstance(type_, Enum):
                continue
            first = found.setdefault(type_.ddl, type_)
            if first.labels != type_.labels:
                raise ConfigurationError(
                    f"{first.python_type.__name__} and {type_.python_type.__name__} (of {column}) "
                    f"are both the enum type {type_.ddl}, with other labels",
                    hint='name one of them: column(Enum(Status, name="order_status"))',
                )
    return list(found.values())


def _schemas(tables: Iterable[Table], enums: Iterable[Enum]) -> list[str]:
    named = [*[table.schema for table in tables], *[type_.schema for type_ in enums]]
    return list(dict.fromkeys(name for name in named if name))


def _check_names(tables: Iterable[Table]) -> None:
    """Refuse two relations of one name: IF NOT EXISTS would skip the second in silence."""
    owners: dict[tuple[str | None, str], str] = {}
    for table in tables:
        for name, what in _relations(table):
            what = f"{what} of table {table.full_name!r}"
            other = owners.setdefault((table.schema, name), what)
            if other is not what:
                raise ConfigurationError(
                    f"{other} and {what} are both named {name!r}",
                    hint="give one of them another name (Index and UniqueConstraint take name=)",
                )


def _relations(table: Table) -> Iterator[tuple[str, str]]:
    """Names that a table takes in its schema: its own and those of its indexes."""
    yield table.name, "the name"
    constraints = NamedConstraints(table)
    if constraints.primary_key is not None:
        yield constraints.primary_key[0], "the primary key"
    for name, _ in constraints.unique:
        yield name, "a unique constraint"
    for name in index_names(table):
        yield name, "an index"
