"""ModelMeta: makes a pydantic class of a model, then gives it its table, mapper and attributes."""

from __future__ import annotations

import re
import sys
from typing import Any, dataclass_transform

from pydantic import BaseModel, Field
from pydantic._internal._model_construction import (
    ModelMetaclass,  # the one private import; a contract test watches it
)
from pydantic.fields import FieldInfo

from asyncorm.errors import ConfigurationError
from asyncorm.mapping.configure import configure
from asyncorm.mapping.registry import Registry
from asyncorm.mapping.relationships import RelationshipDeclaration
from asyncorm.models.building import BUILDING
from asyncorm.models.declare import declaration_of, declare
from asyncorm.models.fields import ColumnDeclaration, column, relationship
from asyncorm.models.markers import Omittable, Unsettable
from asyncorm.sql.table import MetaData

_RELATED = re.compile(r"(?:\w+\.)*Related\[(.*)\]\s*", re.DOTALL)


@dataclass_transform(kw_only_default=True, field_specifiers=(column, Field))
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
        metadata = namespace.pop("metadata", None)
        own = _take_relationships(namespace)
        root = next((base for base in bases if isinstance(base, ModelMeta)), None)
        if root is not None:
            _check_names(name, namespace, own)
            _mark_fields(namespace)
        _hand_over_local_names(namespace, options)
        with BUILDING:
            cls: Any = super().__new__(mcs, name, bases, namespace, **options)
        type.__setattr__(cls, "__declared_relationships__", _inherited(cls, own))
        type.__setattr__(cls, "__mapper__", None)
        type.__setattr__(cls, "__table__", None)
        if isinstance(metadata, MetaData) or root is None:
            _new_registry(cls, metadata if isinstance(metadata, MetaData) else MetaData())
        if table is not None:
            fields: dict[str, FieldInfo] = cls.__pydantic_fields__
            declarations = cls.__declared_relationships__
            declare(cls, table, schema, fields, declarations, cls.__registry__)
            type.__setattr__(cls, "__relationships__", cls.__mapper__.relationships)
        return cls  # type: ignore[no-any-return]


def _new_registry(cls: Any, metadata: MetaData) -> None:
    registry = Registry(metadata)
    metadata.configure_hook = lambda: configure(registry) if registry.pending else None
    type.__setattr__(cls, "metadata", metadata)
    type.__setattr__(cls, "__registry__", registry)


def _take_relationships(namespace: dict[str, Any]) -> dict[str, RelationshipDeclaration]:
    """Remove relationships from a namespace before pydantic looks: they are no fields."""
    annotations: dict[str, Any] = namespace.get("__annotations__", {})
    found: dict[str, RelationshipDeclaration] = {}
    for name in list(annotations):
        declared = namespace.get(name)
        inner = _related(annotations[name])
        if not isinstance(declared, RelationshipDeclaration):
            if inner is None:
                continue
            declared = relationship()
        declared.annotation = inner if inner is not None else annotations[name]
        found[name] = declared
        namespace.pop(name, None)
        del annotations[name]
    for name, value in namespace.items():
        if isinstance(value, RelationshipDeclaration):
            raise ConfigurationError(
                f"the relationship {name!r} has no annotation",
                hint=f"annotate it: {name}: Related[list[Book]] = relationship()",
            )
    return found


def _related(annotation: Any) -> Any:
    """What stands inside ``Related[...]``, as text or value; None for anything else."""
    if isinstance(annotation, str):
        match = _RELATED.fullmatch(annotation.strip().strip("\"'"))
        return match[1] if match else None
    if getattr(annotation, "__related__", False):
        return annotation.item
    return None


def _check_names(name: str, namespace: dict[str, Any], own: dict[str, Any]) -> None:
    """Refuse attribute names that mean something else on every pydantic model."""
    annotations = namespace.get("__annotations__", {})
    for attribute in (*annotations, *own):
        if attribute.startswith("_") or not hasattr(BaseModel, attribute):
            if attribute not in ("metadata",):
                continue
        text = annotations.get(attribute)
        if isinstance(text, str) and "ClassVar" in text:
            continue
        if attribute == "model_config":
            continue
        raise ConfigurationError(
            f"{name}.{attribute}: the name is taken by pydantic or asyncorm",
            hint=f'write {attribute}_: Mapped[...] = column(name="{attribute}")',
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
    from pydantic._internal._model_construction import build_lenient_weakvaluedict

    frame = sys._getframe(2)
    if frame.f_code.co_name != "<module>":
        namespace["__pydantic_parent_namespace__"] = build_lenient_weakvaluedict(
            dict(frame.f_locals)
        )
        options["__pydantic_reset_parent_namespace__"] = False
