"""Parts of JSON documents: how a part is read as a value of SQL that compares as in Python."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cached_property
from typing import Any, Union, get_args, get_origin

from asyncorm.errors import ArgumentError, ConfigurationError, UnknownAttributeError
from asyncorm.types.base import SQLType
from asyncorm.types.json import PartJSON, ValidatedText, fields_of
from asyncorm.types.network import Cidr, Inet
from asyncorm.types.resolve import plain_annotation, resolve_type
from asyncorm.types.scalars import (
    BOOLEAN,
    DATE,
    FLOAT,
    INTEGRAL,
    NUMERIC,
    TEXT,
    TIME,
    TIMESTAMP,
    TIMESTAMPTZ,
    UUID,
)

#: what compares like the Python values, by the type of a column and the kind of JSON value
_SCALARS: Mapping[tuple[str, str | None], SQLType[Any]] = {
    ("text", "string"): TEXT,
    ("bigint", "integer"): INTEGRAL,  # pydantic's integers have no limit
    ("double precision", "number"): FLOAT,
    ("numeric", "string"): NUMERIC,
    ("numeric", "number"): NUMERIC,
    ("boolean", "boolean"): BOOLEAN,
    ("uuid", "string"): UUID,
    ("date", "string"): DATE,
    ("time", "string"): TIME,
    ("timestamp", "string"): TIMESTAMP,
    ("timestamptz", "string"): TIMESTAMPTZ,
}


class EnumPart(SQLType[Any]):
    """A member of an enum in a document, as the text or number that stands there."""

    def __init__(self, document: PartJSON, kind: type[enum.Enum], base: SQLType[Any]) -> None:
        super().__init__(base.cast_type)
        self.python_type = kind
        self.copyable = base.copyable
        self.encode = self.encode_bulk = document.plain
        self.decode = document.read
        self._identity = kind

    def as_text(self, value: Any) -> str:
        """The text or number of the member."""
        return str(self.encode(value)) if self.encode else ""


class Part:
    """What is known of a part of a document: its annotation, and whose field it is."""

    __slots__ = ("__dict__", "annotation", "owner")

    def __init__(self, annotation: Any, owner: Any = None) -> None:
        self.annotation = annotation
        self.owner = owner

    @cached_property
    def document(self) -> PartJSON:
        """The part as jsonb."""
        return PartJSON(self.annotation, self.owner)

    @cached_property
    def type(self) -> SQLType[Any]:
        """The type that comparisons and rows have: a scalar where one means the same."""
        return self._scalar() or self.document

    @cached_property
    def fields(self) -> Mapping[str, tuple[str, Part]] | None:
        """Of a model, dataclass or TypedDict: name in JSON and part of each field."""
        plain = self._plain
        found = fields_of(plain)
        if found is None:
            return None
        return {name: (field.key, Part(field.annotation, plain)) for name, field in found.items()}

    @cached_property
    def nullable(self) -> bool:
        """Whether the part may be null."""
        return plain_annotation(self.annotation)[1]

    @property
    def _plain(self) -> Any:
        return plain_annotation(self.annotation)[0]

    def _scalar(self) -> SQLType[Any] | None:
        try:
            given = resolve_type(self._plain)[0]
        except ConfigurationError:
            return None
        document = self.document
        kind = document.json_kind
        if isinstance(self._plain, type) and issubclass(self._plain, enum.Enum):
            bases: dict[str | None, SQLType[Any]]
            bases = {"string": TEXT, "integer": INTEGRAL, "number": FLOAT}
            base = bases.get(kind)
            return None if base is None else EnumPart(document, self._plain, base)
        if isinstance(given, (ValidatedText, Inet, Cidr)):
            return given if kind == "string" else None
        return _SCALARS.get((given.cast_type, kind))

    def step(self, name: str | int, path: str) -> tuple[Any, Part]:
        """The key of a field, item or value, and what it is.

        The key is a ``str`` of the class, or ``None`` where the caller's own key is meant.
        """
        fields = self.fields
        if fields is not None:
            if not isinstance(name, str) or name not in fields:
                raise unknown_field(path, self._plain, name, fields)
            return fields[name]
        plain = self._plain
        kind = get_origin(plain) or plain
        if kind is Any or kind is object or kind is Union or not isinstance(kind, type):
            return None, ANYTHING
        arguments = get_args(plain)
        is_mapping = issubclass(kind, Mapping)
        if not is_mapping and not issubclass(kind, (list, tuple, set, frozenset)):
            raise UnknownAttributeError(
                f"{path} is {_name(plain)} and has no parts", hint="compare it as it is"
            )
        if type(name) is not (str if is_mapping else int):
            raise ArgumentError(
                f"{path} is a {kind.__name__} and has no part of a name of type "
                f"{type(name).__name__}",
                hint='write ["key"] for a dict, and [0] for a list',
            )
        position = 1 if is_mapping else 0
        if kind is tuple and arguments[-1:] != (Ellipsis,) and isinstance(name, int):
            position = name
        inside = -len(arguments) <= position < len(arguments)
        return None, Part(arguments[position], self.owner) if inside else ANYTHING


def unknown_field(
    path: str, annotation: Any, name: Any, known: Mapping[str, Any]
) -> UnknownAttributeError:
    """The error for a field that does not exist, with the nearest name that does."""
    near = get_close_matches(name, known, 1) if isinstance(name, str) else []
    shown = repr(name[:60]) if isinstance(name, str) else f"of type {type(name).__name__}"
    return UnknownAttributeError(
        f"{path} is {_name(annotation)}, which has no field {shown}",
        hint=f"did you mean {near[0]!r}?" if near else f"it has {', '.join(known)}",
    )


def _name(annotation: Any) -> str:
    return getattr(annotation, "__name__", None) or str(annotation)


#: a part that nothing is known of
ANYTHING = Part(Any)
