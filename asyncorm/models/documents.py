"""Read models: pydantic models that are not mapped, made of JSON that the server has written."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from pydantic import AliasChoices, BaseModel
from pydantic.fields import FieldInfo

from asyncorm.errors import ConfigurationError
from asyncorm.types.documents import Bytes

Kind = Literal["one", "list", "dict"]


class Below(NamedTuple):
    """A read model inside another one: alone, in a list (or set, ...) or in a dict."""

    model: type[BaseModel]
    kind: Kind


class DocumentField(NamedTuple):
    """A field of a read model."""

    name: str
    #: its name in JSON
    key: str
    #: the names that the entity's attribute may have
    attributes: tuple[str, ...]
    is_required: bool
    below: Below | None


def is_read_model(shape: Any) -> bool:
    """Whether rows become objects of a pydantic model that is not mapped."""
    is_model = isinstance(shape, type) and issubclass(shape, BaseModel)
    return is_model and not hasattr(shape, "__mapper__")


def document_fields(model: type[BaseModel]) -> list[DocumentField]:
    """The fields of a read model."""
    if not model.__pydantic_complete__:
        model.model_rebuild()
    by_name = model.model_config.get("populate_by_name") or model.model_config.get(
        "validate_by_name"
    )
    found: list[DocumentField] = []
    for name, field in model.model_fields.items():
        aliases = [] if field.validation_alias is None else _aliases(model, name, field)
        key = name if by_name or not aliases else aliases[0]
        names = tuple(dict.fromkeys((name, *aliases)))
        below = _below(field.annotation)
        found.append(DocumentField(name, key, names, field.is_required(), below))
    return found


def _aliases(model: type[BaseModel], name: str, field: FieldInfo) -> list[str]:
    given = field.validation_alias
    choices = given.choices if isinstance(given, AliasChoices) else [given]
    found = [choice for choice in choices if isinstance(choice, str)]
    if not found:
        raise ConfigurationError(
            f"{model.__name__}.{name} is read from a path inside another value",
            hint="give it a plain alias to have it filled by into()",
        )
    return found


def _below(annotation: Any) -> Below | None:
    """The read model that an annotation is about."""
    plain = _plain(annotation)
    if isinstance(plain, type) and issubclass(plain, BaseModel):
        return Below(plain, "one")
    origin, arguments = typing.get_origin(plain), typing.get_args(plain)
    if not isinstance(origin, type) or not arguments:
        return None
    if issubclass(origin, Mapping):
        kind: Kind = "dict"
        plain = _plain(arguments[-1])
    elif issubclass(origin, Iterable):
        kind = "list"
        plain = _plain(arguments[0])
    else:
        return None
    if isinstance(plain, type) and issubclass(plain, BaseModel):
        return Below(plain, kind)
    return None


def _plain(annotation: Any) -> Any:
    """An annotation without None, ``Annotated`` and aliases of types."""
    while True:
        origin = typing.get_origin(annotation)
        if origin is typing.Annotated:
            annotation = typing.get_args(annotation)[0]
        elif type(annotation).__name__ == "TypeAliasType":
            annotation = annotation.__value__
        elif origin in (typing.Union, types.UnionType):
            others = [one for one in typing.get_args(annotation) if one is not type(None)]
            if len(others) != 1:
                return annotation
            annotation = others[0]
        else:
            return annotation


def bytes_form(model: type[BaseModel]) -> Bytes:
    """How a model reads bytes from JSON."""
    return model.model_config.get("val_json_bytes", "utf8")


def read_documents(model: Any, texts: Sequence[str]) -> list[Any]:
    """Objects of a read model from JSON, each validated."""
    read: Callable[[str], Any] = model.model_validate_json
    return [read(text) for text in texts]
