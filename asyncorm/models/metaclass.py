"""ModelMeta: makes a pydantic class of a model, then gives it its table, mapper and attributes."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, dataclass_transform

from pydantic import BaseModel, Field

# private names of pydantic, watched by a contract test
from pydantic._internal._model_construction import ModelMetaclass, build_lenient_weakvaluedict
from pydantic.fields import FieldInfo

from asyncorm.errors import ConfigurationError
from asyncorm.mapping.configure import configure
from asyncorm.mapping.mapper import Mapper
from asyncorm.mapping.registry import Registry
from asyncorm.mapping.relationships import RelationshipDeclaration
from asyncorm.models.annotations import annotations_of, is_class_variable, remove_annotations
from asyncorm.models.attributes import unknown_attribute
from asyncorm.models.building import BUILDING
from asyncorm.models.declare import declaration_of, declare
from asyncorm.models.derive import derive, fix_discriminator
from asyncorm.models.fields import ColumnDeclaration, column, relationship
from asyncorm.models.inheritance import mapped_base, place_of
from asyncorm.models.markers import Omittable, Unsettable
from asyncorm.sql.table import MetaData

_RELATED = re.compile(r"(?:\w+\.)*Related\[(.*)\]\s*", re.DOTALL)


@dataclass_transform(eq_default=False, kw_only_default=True, field_specifiers=(column, Field))
class ModelMeta(ModelMetaclass):
    """Metaclass of ``Model``; a class with ``table=`` is mapped, one without is a mixin."""

    def __new__(
        mcs,
        name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],
        *,
        table: str | None = None,
        schema: str | None = None,
        **options: Any,
    ) -> type:
        """Build the class; raises ConfigurationError for what can't be mapped."""
        metadata = _take_metadata(name, namespace)
        if "__tablename__" in namespace:
            raise _nameless(name)
        own = _take_relationships(name, namespace)
        root = next((base for base in bases if isinstance(base, ModelMeta)), None)
        if root is not None:
            _check_names(name, namespace, own)
            _mark_fields(namespace)
            if "__eq__" in namespace:  # which would make the objects unhashable
                namespace.setdefault("__hash__", object.__hash__)
        _hand_over_local_names(namespace, options)
        with BUILDING:
            cls: Any = super().__new__(mcs, name, bases, namespace, **options)
        origin = cls.__pydantic_generic_metadata__["origin"]
        type.__setattr__(cls, "__declared_relationships__", _inherited(cls, own))
        # Page[int] is the entity that Page is
        type.__setattr__(cls, "__mapper__", getattr(origin, "__mapper__", None))
        type.__setattr__(cls, "__table__", getattr(origin, "__table__", None))
        if metadata is not None or root is None:
            _new_registry(cls, metadata or MetaData())
        base = mapped_base(cls) if origin is None else None
        if namespace.get("__abstract__"):
            _check_abstract(name, table)
        elif table is not None or base is not None:
            _map(cls, table, schema, base)
        elif schema is not None:
            raise ConfigurationError(
                f"{name} has a schema but no table",
                hint=f'write class {name}(Model, table="...", schema={schema!r})',
            )
        return cls  # type: ignore[no-any-return]

    if not TYPE_CHECKING:  # or every name would be an attribute to the type checker

        def __getattr__(cls, name):  # noqa: N805 - a metaclass
            """Name the attribute that may have been meant."""
            try:
                return super().__getattr__(name)
            except AttributeError:
                if name.startswith("_") or cls.__dict__.get("__table__") is None:
                    raise
                if BUILDING.threads and BUILDING.here():
                    raise
                raise unknown_attribute(cls, name) from None


def _map(cls: Any, table: str | None, schema: str | None, base: Mapper | None) -> None:
    """Give a class its tables, mapper and attributes."""
    if table == "":
        raise _nameless(cls.__name__)
    _check_hash(cls)
    place = place_of(cls, base)
    if place.discriminator is not None:
        fix_discriminator(cls, place.discriminator)
    declarations, registry = cls.__declared_relationships__, cls.__registry__
    if place.base is not None:
        derive(cls, table, schema, declarations, registry, place)
    else:
        assert table is not None
        fields: dict[str, FieldInfo] = cls.__pydantic_fields__
        declare(cls, table, schema, fields, declarations, registry, place.discriminator)
    type.__setattr__(cls, "__relationships__", cls.__mapper__.relationships)
    if place.discriminator is not None:  # pydantic has made its validators without knowing of it
        with BUILDING:
            cls.model_rebuild(force=True)


def _check_abstract(name: str, table: str | None) -> None:
    if table is not None:
        raise ConfigurationError(
            f"{name} is __abstract__, but has a table",
            hint="leave one of them out: an abstract class hands its columns down and has no rows",
        )


def _take_metadata(name: str, namespace: dict[str, Any]) -> MetaData | None:
    """The MetaData of a base with tables of its own: no attribute of the models for pydantic."""
    metadata = namespace.get("metadata")
    if metadata is None or isinstance(metadata, MetaData):
        namespace.pop("metadata", None)
        return metadata
    raise _taken(name, "metadata")


def _new_registry(cls: Any, metadata: MetaData) -> None:
    registry = Registry(metadata)
    metadata.configure_hook, metadata.unresolved = partial(configure, registry), registry.pending
    type.__setattr__(cls, "metadata", metadata)
    type.__setattr__(cls, "__registry__", registry)


def _take_relationships(
    owner: str, namespace: dict[str, Any]
) -> dict[str, RelationshipDeclaration]:
    """Remove relationships from a namespace before pydantic looks: they are no fields."""
    annotations = annotations_of(namespace)
    found: dict[str, RelationshipDeclaration] = {}
    for name, annotation in annotations.items():
        declared = namespace.get(name)
        inner = _related(annotation)
        if not isinstance(declared, RelationshipDeclaration):
            if inner is None:
                continue
            declared = relationship()
        found[name] = replace(
            declared,
            annotation=annotation if inner is None else inner,
            foreign_keys=_named(declared.foreign_keys, namespace),
            remote_side=_named(declared.remote_side, namespace),
        )
        namespace.pop(name, None)
    remove_annotations(namespace, found)
    for name, value in namespace.items():
        if isinstance(value, RelationshipDeclaration):
            raise ConfigurationError(
                f"the relationship {owner}.{name} has no annotation",
                hint=f"annotate it: {name}: Related[list[Book]] = relationship()",
            )
        if isinstance(value, FieldInfo) and name not in annotations:
            raise ConfigurationError(
                f"the column {owner}.{name} has no annotation",
                hint=f"annotate it: {name}: Mapped[int] = column()",
            )
    return found


def _named(columns: Iterable[Any], namespace: dict[str, Any]) -> tuple[Any, ...]:
    """Columns of the class body, as in ``remote_side=[id]``, by their names."""
    names = {id(value): name for name, value in namespace.items() if isinstance(value, FieldInfo)}
    return tuple(names.get(id(column), column) for column in columns)


def _related(annotation: Any) -> Any:
    """What stands inside ``Related[...]``, as text or value; None for anything else."""
    if isinstance(annotation, str):
        match = _RELATED.fullmatch(annotation.strip().strip("\"'"))
        return match[1] if match else None
    if getattr(annotation, "__related__", False):
        return annotation.item
    return None


def _check_names(
    name: str, namespace: dict[str, Any], own: dict[str, RelationshipDeclaration]
) -> None:
    """Refuse attribute names that mean something else on every model."""
    annotations = annotations_of(namespace)
    for attribute in (*annotations, *own):
        if attribute == "model_config" or is_class_variable(annotations.get(attribute)):
            continue
        public = not attribute.startswith("_")
        if attribute == "metadata" or (public and hasattr(BaseModel, attribute)):
            raise _taken(name, attribute)
    if "_state" in annotations or "_state" in namespace:
        raise _taken(name, "_state")


def _check_hash(cls: Any) -> None:
    """Refuse hashes by value: two new objects with equal values are two rows."""
    # a frozen model's is pydantic's, and replaced
    if cls.__hash__ is not object.__hash__ and not cls.model_config.get("frozen"):
        raise ConfigurationError(
            f"{cls.__name__} has a __hash__ of its own, but a session tells objects apart by "
            "identity: it would lose one of two that are equal",
            hint="leave __hash__ out; to have values in a set or dict, use a tuple of them",
        )


def _taken(owner: str, attribute: str) -> ConfigurationError:
    name = attribute.strip("_")
    return ConfigurationError(
        f"{owner}.{attribute}: the name is taken by pydantic or asyncorm",
        hint=f'write {name}_: Mapped[...] = column(name="{name}")',
    )


def _nameless(name: str) -> ConfigurationError:
    return ConfigurationError(
        f"{name} says no table name in its class statement",
        hint=f'write class {name}(Model, table="..."), or leave it out for a mixin',
    )


def _mark_fields(namespace: dict[str, Any]) -> None:
    """Tell pydantic which fields are absent until the flush."""
    for value in namespace.values():
        if isinstance(value, FieldInfo):
            given = declaration_of(value)
            if given.init is False:
                value.metadata.append(Unsettable())
            elif given.generated or given.reference is not None or _left_to_server(given):
                value.metadata.append(Omittable())


def _left_to_server(given: ColumnDeclaration) -> bool:
    return given.server_default is not None and not given.has_default


def _inherited(
    cls: type[Any], own: dict[str, RelationshipDeclaration]
) -> dict[str, RelationshipDeclaration]:
    """The relationships declared on the class and on the mixins it derives from."""
    found: dict[str, RelationshipDeclaration] = {}
    for base in reversed(cls.__mro__[1:]):
        found.update(base.__dict__.get("__declared_relationships__", {}))
    return {**found, **own}


def _hand_over_local_names(namespace: dict[str, Any], options: dict[str, Any]) -> None:
    """pydantic looks two frames up for local names in annotations; our frame is in between."""
    if "__pydantic_parent_namespace__" in namespace:
        return
    if not options.get("__pydantic_reset_parent_namespace__", True):
        return
    frame = sys._getframe(2)
    if frame.f_code.co_name != "<module>":
        namespace["__pydantic_parent_namespace__"] = build_lenient_weakvaluedict(
            dict(frame.f_locals)
        )
        options["__pydantic_reset_parent_namespace__"] = False
