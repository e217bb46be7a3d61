"""Declaration of a class that derives from an entity: in its table, or in one of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from asyncorm.errors import ConfigurationError
from asyncorm.mapping.hierarchy import enter
from asyncorm.mapping.mapper import Discriminator, Mapper
from asyncorm.mapping.registry import Registry
from asyncorm.mapping.relationships import Relationship, RelationshipDeclaration
from asyncorm.models.declare import (
    check_column_names,
    column_constraints,
    column_type,
    composite_references,
    declaration_of,
    install,
    made_by_server,
    make_column,
    make_relationship,
    make_table,
    required_references,
    table_arguments,
)
from asyncorm.models.fields import ColumnDeclaration
from asyncorm.models.inheritance import Place, own_argument
from asyncorm.models.markers import Fixed, Omittable, Unsettable
from asyncorm.sql.constraints import (
    CheckConstraint,
    ExcludeConstraint,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
)
from asyncorm.sql.subtype import Part, Subtype
from asyncorm.sql.table import BaseColumn, Table

Columns = dict[str, BaseColumn[Any, Any]]


def fix_discriminator(cls: type[Any], discriminator: Discriminator) -> None:
    """Give a pydantic class one value only for the attribute that tells classes apart."""
    name, value = discriminator
    field, fixed = copy(cls.__pydantic_fields__[name]), Fixed(cls, value)
    given = replace(declaration_of(field), has_default=True)
    ours = (ColumnDeclaration, Unsettable, Omittable, Fixed)
    field.metadata = [*(m for m in field.metadata if not isinstance(m, ours)), given, fixed]
    field.default, field.default_factory = value, None
    if value is None:
        field.default, field.default_factory = PydanticUndefined, fixed.missing
    cls.__pydantic_fields__[name] = field


def derive(
    cls: type[Any],
    table_name: str | None,
    schema: str | None,
    declarations: Mapping[str, RelationshipDeclaration],
    registry: Registry,
    place: Place,
) -> Mapper:
    """Give a class that derives from an entity its parts, mapper and attributes."""
    base = place.base
    assert base is not None
    fields = _own_fields(cls, base, table_name is not None)
    arguments = table_arguments(cls, own_argument(cls, "__table_args__", base) or ())
    shared = composite_references(arguments)
    columns: Columns = {n: make_column(cls, n, field, shared) for n, field in fields.items()}
    nullable = {name: column.nullable for name, column in columns.items()}
    _check_columns(cls, base, columns, fields)
    if table_name is None:
        parts = _extend(cls, base, arguments, fields, columns)
    else:
        own_schema = schema or registry.metadata.schema
        table = make_table(table_name, own_schema, arguments, fields, columns)
        parts = (*base.parts, Part(table, table.by_attribute, table.primary_key))
        for name in base.primary_key:
            cls.__pydantic_fields__[name] = copy(base.entity.__pydantic_fields__[name])
            del fields[name], columns[name]
    above = (*getattr(base.source, "above", ()), base.source)
    source = Subtype(cls.__name__, parts, nullable, above)
    if place.discriminator is not None:
        _default_kind(cls, source.by_attribute[place.discriminator.attribute])
    version = base.version
    mapper = Mapper(
        cls,
        source,
        _relationships(cls, base, declarations, registry),
        base=base,
        parts=parts,
        discriminator=place.discriminator,
        made_by_server=(*base.made_by_server, *made_by_server(fields, columns, None, shared)),
        required_references=frozenset(base.must_be_given)
        | required_references(fields, columns, shared),
        version=version and version._replace(column=source.by_attribute[version.name]),
    )
    enter(mapper, registry)
    install(cls, mapper, cls.__pydantic_fields__)
    return mapper


def _default_kind(cls: type[Any], column: BaseColumn[Any, Any]) -> None:
    """Rows of insert() statements are of the class as well."""
    field = cls.__pydantic_fields__[column.attribute]
    column.default = lambda: field.get_default(call_default_factory=True, validated_data={})


def _own_fields(cls: type[Any], base: Mapper, is_joined: bool) -> dict[str, FieldInfo]:
    """The fields that are columns of the class itself; an inherited one may be annotated anew."""
    own: dict[str, FieldInfo] = {}
    inherited = base.entity.__pydantic_fields__
    for name, field in cls.__pydantic_fields__.items():
        if name not in base.columns:
            own[name] = field
            continue
        if declaration_of(field) is declaration_of(inherited[name]) and (
            field.annotation is inherited[name].annotation
        ):
            continue
        given = declaration_of(field)
        if is_joined and name in base.primary_key:
            own[name] = field
        elif column_type(cls, name, field, given)[0].ddl != base.columns[name]._type.ddl:
            raise ConfigurationError(
                f"{cls.__name__}.{name} is declared on {base.name} already, as another type",
                hint="give it another name",
            )
    missing = [name for name in base.primary_key if is_joined and name not in own]
    if missing:
        raise ConfigurationError(
            f"{cls.__name__} has a table of its own, but no key that refers to {base.name}",
            hint=f"declare it: {missing[0]}: Mapped[...] = foreign_key({base.name}.{missing[0]}, "
            "primary_key=True)",
        )
    return own


def _check_columns(
    cls: type[Any], base: Mapper, columns: Columns, fields: Mapping[str, FieldInfo]
) -> None:
    check_column_names(cls, columns)
    for name, column in columns.items():
        if column.primary_key and name not in base.primary_key:
            raise ConfigurationError(
                f"{cls.__name__}.{name} is a primary key, but the key of a {cls.__name__} is that "
                f"of {base.name}: {', '.join(base.primary_key)}",
                hint=f"call it {base.primary_key[0]!r}, or leave primary_key=True out",
            )
        if declaration_of(fields[name]).version:
            raise ConfigurationError(
                f"{cls.__name__}.{name} is a version, but {cls.__name__} derives from {base.name}",
                hint=f"declare the version on {base.root.name}, for all its subclasses",
            )


def _extend(
    cls: type[Any],
    base: Mapper,
    arguments: Sequence[Any],
    fields: Mapping[str, FieldInfo],
    columns: Columns,
) -> tuple[Part, ...]:
    """Enter the columns into the table of the base: NULL in rows of other classes."""
    *before, last = base.parts
    table = last.table
    names = {attribute: column.name for attribute, column in columns.items()}
    for attribute, column in columns.items():
        columns[attribute] = _shared(cls, table, column)
    constraints = [_in_table(argument, names) for argument in arguments]
    for constraint in (*constraints, *column_constraints(fields, columns)):
        _constrain(table, constraint)
    return (*before, Part(table, {**last.columns, **columns}, last.primary_key))


def _shared(cls: type[Any], table: Table, column: BaseColumn[Any, Any]) -> BaseColumn[Any, Any]:
    """The column of a table, which two sibling classes may both declare."""
    known = table.columns.get(column.name)
    if known is None:
        column.nullable = True
        column.table = table
        table.columns[column.name] = column
        return column
    if known.attribute == column.attribute and known._type.ddl == column._type.ddl:
        return known
    raise ConfigurationError(
        f"{cls.__name__}.{column.attribute} is the column {column.name!r}, which table "
        f"{table.full_name!r} has already as {known._type.ddl} for another attribute or type",
        hint="give it another name: column(name=...)",
    )


def _in_table(constraint: Any, names: Mapping[str, str]) -> Any:
    """A constraint with the names of columns instead of those of attributes."""
    found = copy(constraint)
    for key in ("columns", "expressions", "include"):
        if hasattr(found, key):
            given = getattr(found, key)
            renamed = tuple(names.get(n, n) if isinstance(n, str) else n for n in given)
            object.__setattr__(found, key, renamed)
    return found


def _constrain(table: Table, constraint: Any) -> None:
    """Add a constraint or index, which another declaration of the same class may have added."""
    if isinstance(constraint, ForeignKeyConstraint):
        if not any(_same_key(constraint, known) for known in table.declared_foreign_keys):
            table.declared_foreign_keys += (constraint,)
        return
    kinds: dict[type[Any], list[Any]] = {
        UniqueConstraint: table.unique,
        CheckConstraint: table.checks,
        ExcludeConstraint: table.exclusions,
        Index: table.indexes,
    }
    known = kinds[type(constraint)]
    if not any(repr(constraint) == repr(other) for other in known):
        known.append(constraint)


def _same_key(one: ForeignKeyConstraint, other: ForeignKeyConstraint) -> bool:
    return tuple(one.columns) == tuple(other.columns) and [str(t) for t in one.targets] == [
        str(t) for t in other.targets
    ]


def _relationships(
    cls: type[Any],
    base: Mapper,
    declarations: Mapping[str, RelationshipDeclaration],
    registry: Registry,
) -> dict[str, Relationship[Any, Any]]:
    """Those of the base, which are the same for all classes, and those of the class itself."""
    found = dict(base.relationships)
    for name, declaration in declarations.items():
        known = found.get(name)
        if known is None:
            found[name] = make_relationship(cls, name, declaration, registry)
        elif known.declaration is not declaration:
            raise ConfigurationError(
                f"{cls.__name__}.{name} is declared on {base.name} already",
                hint="give it another name, or declare it on the subclasses only",
            )
    return found
