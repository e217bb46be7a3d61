"""JSON documents: plain ones, and values of pydantic models and other annotated types."""

from __future__ import annotations

import dataclasses
import inspect
import json
import typing
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, SecretBytes, SecretStr, TypeAdapter, ValidationError
from pydantic.errors import PydanticSchemaGenerationError, PydanticUserError
from pydantic_core import PydanticSerializationError, from_json, to_json

from asyncorm.errors import DataError
from asyncorm.types.base import SQLType
from asyncorm.types.scalars import DATE, TEXT, TIMESTAMP, TIMESTAMPTZ

_orjson: Any = import_module("orjson") if find_spec("orjson") is not None else None


def encode_json(value: Any) -> str:
    """The value as JSON text; DataError if it is none."""
    if _orjson is not None:
        try:
            text = str(_orjson.dumps(value), "utf-8")
        except TypeError:  # whole numbers over 64 bits, keys that are no strings
            return _encode_slowly(value)
        # orjson writes NaN as null: let the server refuse it instead of losing it
        return _encode_slowly(value) if "null" in text else text
    return _encode_slowly(value)


class Null:
    """JSON's null as a whole document, where None would be SQL's NULL: ``JSON.NULL``."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "JSON.NULL"

    def __reduce__(self) -> str:
        return "NULL"


NULL = Null()


def _encode_slowly(value: Any) -> str:
    if value is NULL:
        return "null"
    try:
        return str(to_json(value), "utf-8")
    except (PydanticSerializationError, RecursionError, ValueError) as error:
        kind = type(value).__name__
        raise DataError(
            f"a value of type {kind} can't be written as JSON",
            hint="use dict, list, str, int, float, bool and None, or map a pydantic model",
        ) from error


def decode_json(text: str) -> Any:
    """The value of a JSON text.

    Not by orjson, which reads whole numbers over 64 bits as floats.
    """
    try:
        return from_json(text)
    except ValueError:  # nested deeper than pydantic's parser goes
        try:
            return json.loads(text)
        except RecursionError:
            raise DataError(
                "a JSON document of the database is nested too deep to be read",
                hint="leave its column out: defer(User.settings), or select other columns",
            ) from None


class StringDocument(str):
    """A JSON document that is a string, told from the text of a document."""

    __slots__ = ()


def decode_raw(text: str) -> Any:
    """``decode_json`` for columns of raw SQL, of which nobody knows what they are."""
    value = decode_json(text)
    return StringDocument(value) if type(value) is str else value


class JSONDocument(SQLType[Any]):
    """What json and jsonb have in common; values travel as text."""

    #: JSON's null as the value of a column; it is read as None, as SQL's NULL is
    NULL = NULL

    parameter_type = "text"
    bulk_type = "text"
    select_type = "text"
    mutable = True
    copyable = False

    def __init__(self, name: str) -> None:
        super().__init__()
        self.ddl = self.cast_type = name
        # text tells 1 from True, which == does not
        self.encode = self.encode_bulk = self.snapshot = encode_json
        self.decode = self.thaw = decode_json

    def as_text(self, value: Any) -> str:
        """The JSON text of a value."""
        return str((self.encode or encode_json)(value))

    @staticmethod
    def from_raw(value: Any) -> Any:
        """A document as raw SQL gives it, in the form that a mapped column has on its way."""
        is_text = isinstance(value, str) and not isinstance(value, StringDocument)
        return value if value is None or is_text else encode_json(value)


class DocumentText(str):
    """JSON text that equals another one of the same document: jsonb keeps no order of keys."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if str.__eq__(self, other) is True:
            return True
        # keys in another order leave the characters what they are: comparing these costs 1 µs,
        # reading both texts 16, and few documents that differ need it
        return (
            isinstance(other, DocumentText)
            and len(self) == len(other)
            and _characters(self) == _characters(other)
            and _sorted(self) == _sorted(other)
        )

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(_sorted(self))


def _characters(text: str) -> int:
    """A number that is the same for the same characters in any order."""
    return sum(text.encode("utf-8", "surrogatepass"))


def _sorted(text: str) -> str:
    return json.dumps(json.loads(text), sort_keys=True)


class JSONB(JSONDocument):
    """jsonb: dict, list or any other JSON value; None is SQL's NULL."""

    contains_operator = "@>"
    contained_by_operator = "<@"

    def __init__(self) -> None:
        super().__init__("jsonb")
        self.snapshot = self._snapshot

    def _snapshot(self, value: Any) -> DocumentText:
        return DocumentText((self.encode or encode_json)(value))


class JSON(JSONDocument):
    """json: keeps the text as it was sent, and has no comparison operators."""

    comparable = False

    def __init__(self) -> None:
        super().__init__("json")


class ModelJSON(JSONB):
    """jsonb that is read into a pydantic model or another type that pydantic can validate."""

    def __init__(self, annotation: Any) -> None:
        super().__init__()
        self.annotation = annotation
        origin = typing.get_origin(annotation) or annotation
        plain = isinstance(origin, type) and not _is_typed_dict(origin)
        self.python_type = origin if plain else object
        self.encode = self.encode_bulk = self._encode
        self.decode = self.thaw = self._decode
        self._identity = annotation

    @cached_property
    def _adapter(self) -> TypeAdapter[Any]:
        # made when first needed: the annotation may refer to classes that follow
        return TypeAdapter(self.annotation)

    @cached_property
    def _holds_models(self) -> bool:
        return _names_models(self.annotation)

    def _encode(self, value: Any) -> str:
        try:
            if self._holds_models and type(value) is not self.annotation:
                # pydantic would write an object of any model, with the fields that both have
                self._adapter.validate_python(value, strict=True)
            # by alias, since that is how pydantic reads them
            return str(self._adapter.dump_json(value, by_alias=True, warnings="error"), "utf-8")
        except (PydanticSerializationError, ValidationError) as error:
            if value is NULL:
                return "null"
            raise self.unfit(value, f"expected {_name(self.annotation)}") from error

    def _decode(self, text: str) -> Any:
        return self._adapter.validate_json(text)


class ValidatedText(SQLType[Any]):
    """text that is read into a type of pydantic's that is written as a string (``AnyUrl``)."""

    contains_operator = "LIKE"

    def __init__(self, annotation: Any) -> None:
        super().__init__("text")
        self._adapter: TypeAdapter[Any] = TypeAdapter(annotation)
        self.python_type = annotation if isinstance(annotation, type) else object
        self.encode = self.encode_bulk = self.as_text
        self.decode = self._adapter.validate_python
        self.copyable = False
        self._identity = annotation

    def as_text(self, value: Any) -> str:
        """The string of the value; a string is taken as it is."""
        if isinstance(value, str):
            return value
        return str(self._adapter.dump_python(self.check(value), mode="json"))


#: pydantic's classes by name: importing them costs 2 ms, which most programs would pay for nothing
_PYDANTIC_SCALARS: dict[str, SQLType[Any]] = {
    "EmailStr": TEXT,
    "AwareDatetime": TIMESTAMPTZ,
    "PastDatetime": TIMESTAMPTZ,
    "FutureDatetime": TIMESTAMPTZ,
    "NaiveDatetime": TIMESTAMP,
    "PastDate": DATE,
    "FutureDate": DATE,
}


def pydantic_scalar(annotation: Any) -> SQLType[Any] | None:
    """The type of a class of pydantic's or with a pydantic schema, if it is written as a string."""
    known = None
    if isinstance(annotation, type) and annotation.__module__.startswith("pydantic."):
        known = _PYDANTIC_SCALARS.get(annotation.__name__)
    if known is not None or annotation in (SecretStr, SecretBytes):  # secrets are written as stars
        return known
    try:
        schema = TypeAdapter(annotation).json_schema(mode="serialization")
    except (PydanticUserError, PydanticSchemaGenerationError):
        return None
    return ValidatedText(annotation) if schema.get("type") == "string" else None


class Field(NamedTuple):
    """A field of a document's class: its name in the JSON, and what it is annotated with."""

    key: str
    annotation: Any


def fields_of(annotation: Any) -> dict[str, Field] | None:
    """The fields of a model, dataclass or TypedDict by their names in Python; else None."""
    kind = typing.get_origin(annotation) or annotation
    if not isinstance(kind, type):
        return None
    if issubclass(kind, BaseModel):
        # a generic model that was given its arguments is a class of its own
        return _model_fields(annotation)
    if dataclasses.is_dataclass(kind) or _is_typed_dict(kind):
        hints = typing.get_type_hints(kind, include_extras=True)
        return {name: Field(name, hint) for name, hint in hints.items()}
    return None


def _model_fields(model: type[BaseModel]) -> dict[str, Field]:
    own_form: set[str] = set()
    for decorator in model.__pydantic_decorators__.field_serializers.values():
        own_form.update(decorator.info.fields)
    found: dict[str, Field] = {}
    for name, field in model.model_fields.items():
        annotation: Any = field.annotation
        if name in own_form or "*" in own_form:
            annotation = Any  # only the model knows how the value is written
        elif field.metadata:
            annotation = Annotated[annotation, *field.metadata]
        found[name] = Field(field.serialization_alias or name, annotation)
    for name, computed in model.model_computed_fields.items():
        found[name] = Field(computed.alias or name, computed.return_type)
    return found


#: how a model writes what it holds, also where only a part of it is written
_WRITING = ("ser_json_bytes", "val_json_bytes", "ser_json_timedelta", "ser_json_temporal",
            "val_temporal_unit", "ser_json_inf_nan")  # fmt: skip


class PartJSON(ModelJSON):
    """jsonb that is a part of a document: ``owner`` is the model that writes it."""

    def __init__(self, annotation: Any, owner: Any = None) -> None:
        super().__init__(annotation)
        self.python_type = object
        given: Any = getattr(owner, "model_config", {})
        self._config = {name: given[name] for name in _WRITING if name in given}
        self._identity = (annotation, tuple(self._config.items()))

    @cached_property
    def _adapter(self) -> TypeAdapter[Any]:
        if self._config and not is_structured(self.annotation):
            return TypeAdapter(self.annotation, config=typing.cast("Any", self._config))
        return TypeAdapter(self.annotation)

    @cached_property
    def json_kind(self) -> str | None:
        """What values are in JSON: "string", "integer", "number", "boolean", ...; else None."""
        try:
            found = self._adapter.json_schema(mode="serialization")
        except (PydanticUserError, PydanticSchemaGenerationError):
            return None
        others = [one for one in found.get("anyOf", ()) if one.get("type") != "null"]
        kind = (others[0] if len(others) == 1 else found).get("type")
        return kind if isinstance(kind, str) else None

    def plain(self, value: Any) -> Any:
        """The value as it is in JSON; DataError if it does not fit."""
        return from_json(self._encode(value))

    def read(self, value: Any) -> Any:
        """The value of what is in JSON."""
        return self._adapter.validate_json(to_json(value))


def is_structured(annotation: Any) -> bool:
    """Whether values of the class are documents: a model, dataclass, TypedDict or NamedTuple."""
    kind = typing.get_origin(annotation) or annotation
    if not isinstance(kind, type):
        return False
    if issubclass(kind, BaseModel) or dataclasses.is_dataclass(kind) or _is_typed_dict(kind):
        return True
    return issubclass(kind, tuple) and hasattr(kind, "_fields")


def _names_models(annotation: Any) -> bool:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return True
    return any(map(_names_models, typing.get_args(annotation)))


def _is_typed_dict(kind: type[Any]) -> bool:
    # typing.is_typeddict does not know those of typing_extensions, which pydantic asks for
    return hasattr(kind, "__required_keys__")


def _name(annotation: Any) -> str:
    name = None if typing.get_args(annotation) else getattr(annotation, "__name__", None)
    return name or inspect.formatannotation(annotation)


class Message:
    """How values of a type travel as text: as JSON, and what JSON writes as a string without the
    quotes, so that an id or a date is the text that SQL would make of it."""

    def __init__(self, annotation: Any) -> None:
        self.annotation = annotation

    @cached_property
    def _adapter(self) -> TypeAdapter[Any]:
        # made when first needed: the annotation may refer to classes that follow
        return TypeAdapter(self.annotation)

    @cached_property
    def _is_bare(self) -> bool:
        return self._adapter.json_schema(mode="serialization").get("type") == "string"

    def encode(self, value: Any) -> str:
        """The text of a value; DataError if it is none of the type."""
        try:
            # pydantic writes objects of another model, with the fields that both have
            self._adapter.validate_python(value, strict=True)
            text = str(self._adapter.dump_json(value, warnings="error"), "utf-8")
        except (PydanticSerializationError, ValidationError) as error:
            raise DataError(
                f"a value of type {type(value).__name__} is no {_name(self.annotation)}",
                hint=f"give a {_name(self.annotation)}",
            ) from error
        return str(from_json(text)) if self._is_bare else text

    def decode(self, text: str) -> Any:
        """The value of a text; ValueError if it does not fit the type."""
        return self._adapter.validate_json(to_json(text) if self._is_bare else text)
