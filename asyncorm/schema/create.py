"""All statements that create or drop a set of tables, in an order that works."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from asyncorm._graph import sort_components
from asyncorm.errors import ConfigurationError
from asyncorm.schema.ddl import (
    DDL,
    AddForeignKey,
    CommentOnTable,
    CreateExtension,
    CreateIndex,
    CreateSchema,
    CreateTable,
    DropForeignKey,
    DropTable,
)
from asyncorm.schema.elements import NamedConstraints
from asyncorm.schema.exclusions import exclusions
from asyncorm.schema.indexes import index_names
from asyncorm.schema.types import (
    OwnType,
    create_types,
    drop_types,
    extensions_of,
    types_of,
)
from asyncorm.sql.table import ForeignKey, Table


def create_statements(tables: Iterable[Table]) -> list[DDL]:
    """What creates the tables and all they need; what exists already is left alone."""
    components = _components(tables)
    ordered = [table for component in components for table in component]
    types = types_of(ordered)
    _check_names(ordered, types)
    cyclic = _cyclic_keys(components)
    statements: list[DDL] = [CreateSchema(name) for name in _schemas(ordered, types)]
    statements += [CreateExtension(name) for name in extensions_of(ordered)]
    statements += create_types(types)
    for table in ordered:
        statements.append(CreateTable(table, if_not_exists=True, later=cyclic))
        statements += [CreateIndex(table, index, if_not_exists=True) for index in table.indexes]
        if table.comment:
            statements.append(CommentOnTable(table))
    return [*statements, *[AddForeignKey(key) for key in cyclic]]


def drop_statements(tables: Iterable[Table]) -> list[DDL]:
    """What drops the tables and their types; what is missing is skipped.

    Schemas and extensions stay, since others may use them.
    """
    components = _components(tables)
    ordered = [table for component in reversed(components) for table in component]
    statements: list[DDL] = [DropForeignKey(key) for key in _cyclic_keys(components)]
    statements += [DropTable(table, if_exists=True) for table in ordered]
    return [*statements, *drop_types(types_of(ordered))]


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


def _schemas(tables: Iterable[Table], types: Iterable[OwnType]) -> list[str]:
    named = [*[table.schema for table in tables], *[type_.schema for type_ in types]]
    return list(dict.fromkeys(name for name in named if name))


def _check_names(tables: Iterable[Table], types: Iterable[OwnType]) -> None:
    """Refuse two relations of one name: IF NOT EXISTS would skip the second in silence.

    A table is a type as well, so that no other type can have its name.
    """
    owners: dict[tuple[str | None, str], str] = {}
    for type_ in types:
        owners[type_.schema, type_.name] = f"the type of {type_.python_type.__name__}"
    for table in tables:
        for name, what in _relations(table):
            what = f"{what} of table {table.full_name!r}"
            other = owners.setdefault((table.schema, name), what)
            if other is not what:
                raise ConfigurationError(
                    f"{other} and {what} are both named {name!r}",
                    hint="give one of them another name (Index, UniqueConstraint, Enum and "
                    "Composite take name=)",
                )


def _relations(table: Table) -> Iterator[tuple[str, str]]:
    """Names that a table takes in its schema: its own and those of its indexes."""
    yield table.name, "the name"
    constraints = NamedConstraints(table)
    if constraints.primary_key is not None:
        yield constraints.primary_key[0], "the primary key"
    for name, _ in constraints.unique:
        yield name, "a unique constraint"
    for name, _ in exclusions(table):
        yield name, "an exclude constraint"
    for name in index_names(table):
        yield name, "an index"
