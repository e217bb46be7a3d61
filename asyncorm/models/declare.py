"""Declaration: a model's annotations become a Table and a Mapper in the registry."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import NoneType, UnionType
from typing import Any, ForwardRef, Union, get_args, get_origin
from uuid import UUID

from pydantic.fields import FieldInfo

from asyncorm.errors import ConfigurationError
from asyncorm.mapping.mapper import Discriminator, Mapper
from asyncorm.mapping.registry import Registry
from asyncorm.mapping.related import ToMany, ToOne
from asyncorm.mapping.relationships import (
    Relationship,
    RelationshipDeclaration,
)
from asyncorm.mapping.version import Version
from asyncorm.models.assignment import assignment_validator
from asyncorm.models.attributes import (
    MAPPED,
    ColumnAttribute,
    DiscriminatorAttribute,
    MutableAttribute,
    RelationshipAttribute,
    WriteOnlyAttribute,
)
from asyncorm.models.fields import ColumnDeclaration, unset
from asyncorm.models.serializing import install_gaps
from asyncorm.models.targets import resolve_target
from asyncorm.models.versions import SYSTEM_COLUMNS, system_column, version_of, version_option
from asyncorm.sql.constraints import (
    CheckConstraint,
    Constraint,
    ExcludeConstraint,
    ForeignKeyConstraint,
    Identity,
    Index,
    UniqueConstraint,
)
from asyncorm.sql.document_columns import DocumentColumn, NullDocumentColumn
from asyncorm.sql.functions.func import func
from asyncorm.sql.table import BaseColumn, Column, NullColumn, Table
from asyncorm.sql.values import DocumentName
from asyncorm.types.base import SQLType
from asyncorm.types.domains import Domain
from asyncorm.types.json import JSONB, ModelJSON
from asyncorm.types.resolve import coerce_type, resolve_type

PLAIN = ColumnDeclaration()

#: https://www.postgresql.org/docs/current/ddl-system-columns.html
_SYSTEM_NAMES = frozenset(("tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"))


def declaration_of(field: FieldInfo) -> ColumnDeclaration:
    """The column options in a pydantic field's metadata."""
    return next((m for m in field.metadata if isinstance(m, ColumnDeclaration)), PLAIN)


def declare(
    cls: type[Any],
    table_name: str,
    schema: str | None,
    fields: Mapping[str, FieldInfo],
    declarations: Mapping[str, RelationshipDeclaration],
    registry: Registry,
    discriminator: Discriminator | None = None,
) -> Mapper:
    """Give a finished pydantic class its table, mapper and attributes."""
    options = {name: declaration_of(field).version for name, field in fields.items()}
    option = version_option(cls, options)
    arguments = table_arguments(cls, getattr(cls, "__table_args__", ()))
    shared = composite_references(arguments)
    columns = {name: make_column(cls, name, field, shared) for name, field in fields.items()}
    if option is not None and option.name in SYSTEM_COLUMNS:
        columns[option.name] = system_column(option.name)
    version = None if option is None else version_of(cls, option, columns)
    if not any(column.primary_key for column in columns.values()):
        raise ConfigurationError(
            f"{cls.__name__} has no primary key",
            hint="declare one: id: Mapped[int] = column(primary_key=True, init=False)",
        )
    check_column_names(cls, columns)
    table = make_table(table_name, schema or registry.metadata.schema, arguments, fields, columns)
    relationships = {
        name: make_relationship(cls, name, declaration, registry)
        for name, declaration in declarations.items()
    }
    mapper = Mapper(
        cls,
        table,
        relationships,
        discriminator=discriminator,
        made_by_server=made_by_server(fields, columns, version, shared),
        required_references=required_references(fields, columns, shared),
        version=version,
    )
    registry.add(mapper)
    install(cls, mapper, fields)
    return mapper


def install(cls: type[Any], mapper: Mapper, fields: Mapping[str, FieldInfo]) -> None:
    """Put columns and relationships on a class, and the mapper with them."""
    attributes: dict[str, ColumnAttribute | RelationshipAttribute] = {}
    for name, column in mapper.columns.items():
        attributes[name] = _column_attribute(cls, mapper, name, column, fields)
    for name, relationship in mapper.relationships.items():
        attributes[name] = _relationship_attribute(mapper, name, relationship)
    for name, attribute in attributes.items():
        type.__setattr__(cls, name, attribute)
    if cls.model_config.get("frozen"):
        # pydantic would hash by values, which the flush changes
        type.__setattr__(cls, "__hash__", object.__hash__)
    if mapper.deferred or cls.model_config.get("extra") == "allow":
        install_gaps(cls, tuple(mapper.deferred))
    type.__setattr__(cls, "__attributes__", attributes)
    type.__setattr__(cls, "__table__", mapper.source)
    type.__setattr__(cls, "__mapper__", mapper)


def _column_attribute(
    cls: type[Any],
    mapper: Mapper,
    name: str,
    column: BaseColumn[Any, Any],
    fields: Mapping[str, FieldInfo],
) -> ColumnAttribute:
    if mapper.discriminator is not None and mapper.discriminator.attribute == name:
        return DiscriminatorAttribute(name, column, mapper.discriminator.value)
    validate = None
    if not column.system:
        validate = assignment_validator(name, fields[name], cls.model_config)
    kind = MutableAttribute if name in mapper.mutable else ColumnAttribute
    return kind(name, column, validate)


def _relationship_attribute(
    mapper: Mapper, name: str, relationship: Relationship[Any, Any]
) -> RelationshipAttribute:
    write_only = relationship.lazy == "write_only"
    kind = WriteOnlyAttribute if write_only else RelationshipAttribute
    is_own = relationship.owner is mapper.entity
    return kind(name, relationship, None if is_own else relationship.seen_from(mapper))


def composite_references(arguments: Sequence[Any]) -> frozenset[str]:
    """The columns of the foreign keys over several columns: relationships fill them."""
    return frozenset(
        name
        for argument in arguments
        if isinstance(argument, ForeignKeyConstraint)
        for name in argument.columns
    )


def make_column(
    cls: type[Any], name: str, field: FieldInfo, references: frozenset[str]
) -> BaseColumn[Any, Any]:
    """The column that a field declares; raises ConfigurationError."""
    _check_annotation(cls, name, field)
    given = declaration_of(field)
    if given.deferred and (given.primary_key or given.version):
        needed = "the primary key" if given.primary_key else "the version"
        raise ConfigurationError(
            f"{cls.__name__}.{name} is deferred, but {needed} must always be loaded",
            hint="leave deferred=True out",
        )
    type_, nullable = column_type(cls, name, field, given)
    primary_key = given.primary_key
    identity, server_default = None, given.server_default
    unknown = (not given.init or given.generated) and not given.has_default
    given_by_server = server_default is not None or name in references
    if primary_key and unknown and not given_by_server:
        identity, server_default = _made_key(cls, name, type_)
    kind: type[BaseColumn[Any, Any]]
    if isinstance(type_, ModelJSON):
        kind = NullDocumentColumn if nullable else DocumentColumn
    else:
        kind = NullColumn if nullable and not primary_key else Column
    column_name = given.name or name
    return kind(
        DocumentName(column_name) if isinstance(type_, ModelJSON) else column_name,
        type_,
        attribute=name,
        nullable=nullable and not primary_key,
        primary_key=primary_key,
        identity=identity,
        server_default=server_default,
        computed=given.computed,
        deferred=given.deferred,
        deferred_group=given.deferred_group,
        default=_default(field),
    )


def _check_annotation(cls: type[Any], name: str, field: FieldInfo) -> None:
    annotation: Any = field.annotation
    if isinstance(annotation, str | ForwardRef):
        text = annotation if isinstance(annotation, str) else annotation.__forward_arg__
        raise ConfigurationError(
            f"{cls.__name__}.{name}: a name in the annotation {text!r} is not defined yet",
            hint="define or import the type above the model",
        )
    if MAPPED not in field.metadata:
        raise ConfigurationError(
            f"{cls.__name__}.{name} is annotated like a field of pydantic, not as a column",
            hint=f"write {name}: Mapped[...] for a column, or ClassVar[...] for what is none",
        )


def _default(field: FieldInfo) -> Callable[[], Any] | None:
    """What makes the default of a field in Python, for rows that are no objects."""
    if field.default_factory is unset or field.is_required() or field.default is None:
        return None
    return lambda: field.get_default(call_default_factory=True, validated_data={})


def column_type(
    cls: type[Any], name: str, field: FieldInfo, given: ColumnDeclaration
) -> tuple[SQLType[Any], bool]:
    """The type of a column, and whether it is nullable; raises ConfigurationError."""
    annotation = field.annotation
    if given.type is not None:
        return _given_type(annotation, coerce_type(given.type)), _optional(annotation)
    try:
        return resolve_type(annotation, field.metadata)
    except ConfigurationError as error:
        raise ConfigurationError(
            f"{cls.__name__}.{name}: {error.message}", hint=error.hint
        ) from None


def _given_type(annotation: Any, given: SQLType[Any]) -> SQLType[Any]:
    """The type that was named; a plain JSONB still holds what the annotation says."""
    if type(given) is not JSONB:
        return given
    try:
        found = resolve_type(annotation)[0]
    except ConfigurationError:
        return given
    return found if isinstance(found, ModelJSON) else given


def _optional(annotation: Any) -> bool:
    return get_origin(annotation) in (Union, UnionType) and NoneType in get_args(annotation)


def _made_key(cls: type[Any], name: str, type_: SQLType[Any]) -> tuple[Identity | None, Any]:
    """How the server makes a primary key that nobody gives."""
    if type_.python_type is int and not isinstance(type_, Domain):
        return Identity(), None
    if type_.python_type is UUID:
        return None, func.gen_random_uuid()
    raise ConfigurationError(
        f"{cls.__name__}.{name}: the database can't make a primary key of type {type_.ddl}",
        hint="let the caller give it (leave out init=False), or say how: server_default=...",
    )


def made_by_server(
    fields: Mapping[str, FieldInfo],
    columns: Mapping[str, BaseColumn[Any, Any]],
    version: Version | None,
    references: frozenset[str],
) -> tuple[str, ...]:
    """The attributes that INSERT leaves to the server when they are unset."""
    found: list[str] = []
    for name, column in columns.items():
        if version is not None and version.name == name:
            if version.following is None:
                found.append(name)
            continue
        given = declaration_of(fields[name])
        unknown = (not given.init or given.generated) and name not in references
        if column.server_generated or (unknown and not given.has_default and not column.nullable):
            found.append(name)
    return tuple(found)


def required_references(
    fields: Mapping[str, FieldInfo],
    columns: Mapping[str, BaseColumn[Any, Any]],
    references: frozenset[str],
) -> frozenset[str]:
    """The foreign keys that a new row must have."""
    return frozenset(
        name
        for name, column in columns.items()
        if name in fields
        and (declaration_of(fields[name]).reference is not None or name in references)
        and not column.nullable
        and not column.server_generated
    )


def make_table(
    name: str,
    schema: str | None,
    arguments: Sequence[Any],
    fields: Mapping[str, FieldInfo],
    columns: Mapping[str, BaseColumn[Any, Any]],
) -> Table:
    """The table of some columns, with what ``__table_args__`` and the columns say of it."""
    arguments = [*arguments, *column_constraints(fields, columns)]
    return Table(
        name,
        list(columns.values()),
        schema=schema,
        unique=[a for a in arguments if isinstance(a, UniqueConstraint)],
        checks=[a for a in arguments if isinstance(a, CheckConstraint)],
        exclusions=[a for a in arguments if isinstance(a, ExcludeConstraint)],
        indexes=[a for a in arguments if isinstance(a, Index)],
        foreign_keys=[a for a in arguments if isinstance(a, ForeignKeyConstraint)],
    )


def column_constraints(
    fields: Mapping[str, FieldInfo], columns: Mapping[str, BaseColumn[Any, Any]]
) -> list[Any]:
    """The constraints and indexes that the declarations of columns ask for."""
    found: list[Any] = []
    for attribute, column in columns.items():
        if column.system:
            continue
        given = declaration_of(fields[attribute])
        if given.reference is not None:
            found.append(_reference(given, column))
        if given.unique:
            found.append(UniqueConstraint(column.name))
        if given.index:
            found.append(Index(None, column.name))
    return found


def table_arguments(cls: type[Any], arguments: Any) -> Sequence[Any]:
    """``__table_args__`` as a sequence; raises ConfigurationError for what can't be there."""
    if not isinstance(arguments, tuple | list):
        arguments = (arguments,)
    for argument in arguments:
        if not isinstance(argument, Constraint | Index):
            raise ConfigurationError(
                f"{cls.__name__}.__table_args__ holds {type(argument).__name__}",
                hint="use UniqueConstraint, CheckConstraint, ExcludeConstraint, "
                "ForeignKeyConstraint and Index",
            )
    return tuple(arguments)


def check_column_names(cls: type[Any], columns: Mapping[str, BaseColumn[Any, Any]]) -> None:
    """Refuse two columns of one name, and the names of system columns."""
    names: dict[str, str] = {}
    for attribute, column in columns.items():
        if column.name in _SYSTEM_NAMES and not column.system:
            raise ConfigurationError(
                f"{cls.__name__}.{attribute}: PostgreSQL has a column {column.name!r} in every "
                "table by itself",
                hint="give it another name: column(name=...); xmin can be the version: "
                "column(version=True, init=False)",
            )
        other = names.setdefault(column.name, attribute)
        if other != attribute:
            raise ConfigurationError(
                f"{cls.__name__}.{other} and {cls.__name__}.{attribute} are both the column "
                f"{column.name!r}",
                hint="give one of them another name: column(name=...)",
            )


def _reference(given: ColumnDeclaration, column: BaseColumn[Any, Any]) -> ForeignKeyConstraint:
    reference = given.reference
    assert reference is not None
    return ForeignKeyConstraint(
        (column.name,),
        (reference.target,),
        name=reference.name,
        ondelete=reference.ondelete,
        onupdate=reference.onupdate,
        deferrable=reference.deferrable,
        initially=reference.initially,
    )


def make_relationship(
    cls: type[Any], name: str, declaration: RelationshipDeclaration, registry: Registry
) -> Relationship[Any, Any]:
    """The relationship as class attribute; its target is resolved when all models are known."""
    source = declaration.annotation
    text = source if isinstance(source, str) else str(source)
    many = re.search(r"\b(list|set|dict|List|Set|Dict|WriteOnlyCollection)\[", text) is not None
    if "WriteOnlyCollection[" in text:
        declaration = replace(declaration, lazy="write_only")
    kind: type[Relationship[Any, Any]] = ToMany if many else ToOne
    relationship = kind(name, cls, declaration)
    relationship.resolve = lambda: resolve_target(relationship, registry)
    return relationship
