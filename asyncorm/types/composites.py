"""Composite types: a class of Python with fields as one value of a column."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from asyncorm.errors import ConfigurationError, DataError
from asyncorm.types.base import Converter, SQLType
from asyncorm.types.carried import Carried
from asyncorm.types.custom import CustomType
from asyncorm.types.domains import Domain
from asyncorm.types.enums import snake_case
from asyncorm.types.from_text import record_fields, text_reader
from asyncorm.types.quoting import MAX_NAME_BYTES, is_name, quoted, type_name
from asyncorm.types.resolve import resolve_type


class Composite(Carried[Any]):
    """A composite type of PostgreSQL, made from a NamedTuple, dataclass or pydantic model.

    It is created along with the tables that use it; its fields are those of the class, with the
    types that columns of the same annotations would have: a class with fields is jsonb, unless
    its annotation is ``Annotated[Place, Composite(Place)]``. The name is that of the class in
    snake case, if none is given.
    """

    def __init__(
        self, python_type: type[Any], name: str | None = None, schema: str | None = None
    ) -> None:
        """Raise ConfigurationError for a class without fields, or with some that don't fit."""
        self.name = name or snake_case(python_type.__name__)
        self.schema = schema
        super().__init__(type_name(self.name, schema))
        self.python_type = python_type
        self.fields = _fields(python_type)
        self.parts = tuple(self.fields.values())
        self.comparable = all(part.comparable for part in self.parts)
        self.is_tuple = issubclass(python_type, tuple)
        self.encode = self.encode_bulk = self.as_text
        self.decode = self._decode
        self.mutable = not self.is_tuple or any(part.mutable for part in self.parts)
        # the text, which tells what == of the values does not
        self.snapshot = self.as_text
        self.thaw = self._decode
        self._identity = python_type

    def as_text(self, value: Any) -> str:
        """The fields as a record, ``("a","",)``; an empty one is NULL."""
        self.check(value)
        return f"({','.join(self._written(value))})"

    def _written(self, value: Any) -> typing.Iterator[str]:
        for name, type_ in self.fields.items():
            field = getattr(value, name)
            if field is None:
                yield ""
                continue
            try:
                text = type_.as_text(field)
            except DataError as error:
                raise self.unfit(value, f"its {name}: {error.message}") from error
            yield quoted(text)

    @cached_property
    def _readers(self) -> list[Converter]:
        return [text_reader(type_) for type_ in self.fields.values()]

    def _decode(self, value: Any) -> Any:
        """The value of a record's text; raw SQL brings what the driver has made of one."""
        if isinstance(value, str):
            values = self._read(record_fields(value))
        else:
            values = [
                item if item is None or type_.decode is None else type_.decode(item)
                for item, type_ in zip(value, self.parts, strict=False)
            ]
        if len(values) != len(self.fields):
            raise DataError(
                f"the type {self.ddl} of the database has not the fields of "
                f"{self.python_type.__name__}",
                hint="compare the class with the type in the database",
            )
        return self._made(values)

    def _read(self, fields: Sequence[str | None]) -> list[Any]:
        try:
            return [
                None if text is None else read(text)
                for text, read in zip(fields, self._readers, strict=False)
            ]
        except (ValueError, ArithmeticError) as error:
            raise DataError(
                f"a value of type {self.ddl} can't be read",
                hint="leave the settings datestyle and intervalstyle of the server at 'ISO' and "
                "'postgres', and compare the class with the type in the database",
            ) from error

    def _made(self, values: Sequence[Any]) -> Any:
        if self.is_tuple:
            return self.python_type(*values)
        named = dict(zip(self.fields, values, strict=True))
        # the database has checked them; a pydantic model would do so again
        make: Callable[..., Any] = getattr(self.python_type, "model_construct", self.python_type)
        return make(**named)


def is_composite(type_: SQLType[Any]) -> bool:
    """Whether the server holds composites: also of a domain or custom type over one."""
    while isinstance(type_, (CustomType, Domain)):
        type_ = type_.parts[0]
    return isinstance(type_, Composite)


def _fields(python_type: type[Any]) -> Mapping[str, SQLType[Any]]:
    """The fields of a class by name; raises ConfigurationError."""
    annotations = _annotations(python_type)
    if not annotations:
        raise ConfigurationError(
            f"{python_type.__name__} has no fields for a composite type",
            hint="give a NamedTuple, a dataclass or a pydantic model with fields",
        )
    found: dict[str, SQLType[Any]] = {}
    for name, (annotation, metadata) in annotations.items():
        if not (name.isidentifier() and is_name(name)):
            raise ConfigurationError(
                f"a field of {python_type.__name__} has a name that can't be one in a composite",
                hint=f"use identifiers of at most {MAX_NAME_BYTES} bytes",
            )
        try:
            found[name] = _field_type(annotation, metadata)
        except ConfigurationError as error:
            raise ConfigurationError(
                f"{python_type.__name__}.{name}: {error.message}", hint=error.hint
            ) from None
    return found


def _field_type(annotation: Any, metadata: Sequence[Any]) -> SQLType[Any]:
    type_ = resolve_type(annotation, metadata)[0]
    text_reader(type_)  # refuses what can't be read
    return type_


def _annotations(python_type: type[Any]) -> Mapping[str, tuple[Any, Sequence[Any]]]:
    models: Any = getattr(python_type, "model_fields", None)
    if isinstance(models, Mapping):
        return {name: (field.annotation, field.metadata) for name, field in models.items()}
    names: Sequence[str] = getattr(python_type, "_fields", ())
    if dataclasses.is_dataclass(python_type):
        names = [field.name for field in dataclasses.fields(python_type) if field.init]
    hints = typing.get_type_hints(python_type, include_extras=True) if names else {}
    return {name: (hints[name], ()) for name in names}
