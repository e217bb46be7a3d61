"""From Python to PostgreSQL: the SQL type of an annotation, of a class and of a value."""

from __future__ import annotations

import datetime
import decimal
import enum
import functools
import inspect
import operator
import pathlib
import types
import typing
import uuid
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from asyncorm.errors import ArgumentError, ConfigurationError
from asyncorm.types.arrays import Array
from asyncorm.types.base import SQLType
from asyncorm.types.bits import VARBIT, BitString
from asyncorm.types.enums import EnumType, IntegerEnum
from asyncorm.types.json import JSONB, ModelJSON, is_structured, pydantic_scalar
from asyncorm.types.network import ADDRESSES, INTERFACES, NETWORKS, Cidr, Inet, MacAddr, MacAddress
from asyncorm.types.range_types import MULTIRANGES, RANGES, MultirangeType, RangeType
from asyncorm.types.ranges import Multirange, Range
from asyncorm.types.scalars import (
    BIGINT,
    BOOLEAN,
    BYTEA,
    DATE,
    FLOAT,
    INTERVAL,
    NUMERIC,
    TEXT,
    TIME,
    TIMESTAMP,
    TIMESTAMPTZ,
    TIMETZ,
    UUID,
    Numeric,
    String,
)

_SCALARS: dict[Any, SQLType[Any]] = {
    bool: BOOLEAN,
    int: BIGINT,
    str: TEXT,
    float: FLOAT,
    bytes: BYTEA,
    decimal.Decimal: NUMERIC,
    datetime.datetime: TIMESTAMPTZ,
    datetime.date: DATE,
    datetime.time: TIME,
    datetime.timedelta: INTERVAL,
    uuid.UUID: UUID,
    BitString: VARBIT,
    MacAddress: MacAddr(),
}
#: by the type of the bounds
_RANGES: dict[Any, RangeType] = {
    int: RANGES["int8range"],
    decimal.Decimal: RANGES["numrange"],
    datetime.date: RANGES["daterange"],
    datetime.datetime: RANGES["tstzrange"],
}
_MULTIRANGES: dict[Any, MultirangeType] = {
    item: MULTIRANGES[type_.multirange_name] for item, type_ in _RANGES.items()
}
_JSON = JSONB()
_ARRAYS: dict[Any, Any] = {list: list, set: set, frozenset: frozenset, tuple: tuple}
_BIGINT_LIMIT = 1 << 63


class _Plain(NamedTuple):
    """An annotation without aliases, ``Annotated`` and None."""

    annotation: Any
    metadata: tuple[Any, ...]
    nullable: bool


def resolve_type(annotation: Any, metadata: Iterable[Any] = ()) -> tuple[SQLType[Any], bool]:
    """The SQL type of an annotation and whether it allows None.

    ``metadata`` is what ``Annotated`` or pydantic's ``FieldInfo.metadata`` says about it.
    """
    plain = _unwrap(annotation, tuple(metadata))
    given = _given_type(plain.metadata)
    return given or _resolve(plain, annotation), plain.nullable


def plain_annotation(annotation: Any) -> tuple[Any, bool]:
    """An annotation without aliases, ``Annotated`` and None, and whether it allows None."""
    plain = _unwrap(annotation, ())
    return plain.annotation, plain.nullable


def coerce_type(given: Any) -> SQLType[Any]:
    """The SQL type of what ``column()`` or ``cast()`` were given: a type, its class or ``str``."""
    if isinstance(given, SQLType):
        return given
    if isinstance(given, type) and issubclass(given, SQLType):
        try:
            return given()
        except TypeError:
            name = given.__name__
            raise ConfigurationError(
                f"{name} needs arguments", hint=f"write {name}(...), not {name}"
            ) from None
    return resolve_type(given)[0]


def type_of_value(value: Any) -> SQLType[Any]:
    """The SQL type a bare value is bound with; TypeError if there is none."""
    kind = type(value)
    if kind is int:
        return BIGINT if -_BIGINT_LIMIT <= value < _BIGINT_LIMIT else NUMERIC
    if kind is datetime.datetime:
        return TIMESTAMPTZ if value.tzinfo is not None else TIMESTAMP
    if kind is datetime.time:
        return TIMETZ if value.tzinfo is not None else TIME
    known = _SCALARS.get(kind)
    return known if known is not None else _type_of_other_value(value)


def _type_of_other_value(value: Any) -> SQLType[Any]:
    if isinstance(value, (dict, Mapping)):
        return _JSON
    if isinstance(value, Multirange):
        return MULTIRANGES[_type_of_range(value, *value).multirange_name]
    if isinstance(value, (list, tuple, set, frozenset)) and not is_structured(type(value)):
        return _type_of_items(value)
    if isinstance(value, (bytearray, memoryview)):
        return BYTEA
    if isinstance(value, Range):
        return _type_of_range(value, value)
    if value is not None:
        for kind in type(value).__mro__[:-1]:  # a driver's own uuid, a subclass of str
            try:
                return resolve_type(kind)[0]
            except ConfigurationError:
                continue
    name = type(value).__name__
    raise ArgumentError(
        f"no PostgreSQL type is known for a value of type {name}",
        hint="say which: literal(value, JSONB), or cast() it",
    )


def _type_of_range(value: Any, *ranges: Range[Any]) -> RangeType:
    bounds = [bound for part in ranges for bound in (part.lower, part.upper) if bound is not None]
    found = {_kind_of_bound(bound) for bound in bounds}
    if len(found) == 1 and (type_ := found.pop()) is not None:
        return RANGES["tsrange"] if type_.item is TIMESTAMPTZ and _is_naive(bounds[0]) else type_
    raise ArgumentError(
        f"which range type a {type(value).__name__} has is not told by its bounds",
        hint="say which: literal(value, Int8Range)",
    )


def _kind_of_bound(bound: Any) -> RangeType | None:
    kind = datetime.datetime if isinstance(bound, datetime.datetime) else type(bound)
    return _RANGES.get(
        datetime.date if issubclass(kind, datetime.date) and kind is not datetime.datetime else kind
    )


def _is_naive(bound: datetime.datetime) -> bool:
    return bound.tzinfo is None


def _type_of_items(values: Iterable[Any]) -> SQLType[Any]:
    found = {type_of_value(value) for value in values if value is not None}
    if not found:
        return Array(TEXT)
    if found == {BIGINT, NUMERIC}:
        return Array(NUMERIC)
    if len(found) > 1 or any(isinstance(item, (Array, JSONB)) for item in found):
        return _JSON
    return Array(found.pop())


def _unwrap(annotation: Any, metadata: tuple[Any, ...]) -> _Plain:
    nullable = False
    while True:
        if get_origin(annotation) is Annotated:
            annotation, *more = get_args(annotation)
            metadata = (*more, *metadata)
        elif isinstance(annotation, typing.NewType):
            annotation = annotation.__supertype__
        elif type(annotation).__name__ == "TypeAliasType":
            annotation = annotation.__value__
        elif get_origin(annotation) in (Union, types.UnionType) and type(None) in get_args(
            annotation
        ):
            nullable = True
            others = [member for member in get_args(annotation) if member is not type(None)]
            annotation = functools.reduce(operator.or_, others) if others else type(None)
        else:
            return _Plain(annotation, _flatten(metadata), nullable)


def _flatten(metadata: Iterable[Any]) -> tuple[Any, ...]:
    """Metadata with that of pydantic's ``Field(...)`` inside it."""
    flat: list[Any] = []
    for item in metadata:
        flat.append(item)
        nested = getattr(item, "metadata", None)
        if isinstance(nested, (list, tuple)):
            flat.extend(nested)
    return tuple(flat)


def _given_type(metadata: tuple[Any, ...]) -> SQLType[Any] | None:
    for item in metadata:
        if isinstance(item, SQLType) or (isinstance(item, type) and issubclass(item, SQLType)):
            return coerce_type(item)
    return None


def _limit(metadata: tuple[Any, ...], name: str) -> int | None:
    """A limit from metadata such as MaxLen(50) or Field(max_length=50)."""
    for item in reversed(metadata):
        value = getattr(item, name, None)
        if isinstance(value, int):
            return value
    return None


def _resolve(plain: _Plain, original: Any) -> SQLType[Any]:
    annotation = plain.annotation
    if annotation in (str, decimal.Decimal):
        return _sized(annotation, plain.metadata)
    origin = get_origin(annotation)
    for found in (
        _scalar(annotation),
        _literal(annotation) if origin is Literal else None,
        _union(annotation) if origin in (Union, types.UnionType) else None,
        _range(annotation) if origin in (Range, Multirange) else None,
        _collection(annotation, origin or annotation),
    ):
        if found is not None:
            return found
    if is_structured(annotation):
        return ModelJSON(annotation)
    custom = hasattr(annotation, "__get_pydantic_core_schema__") or (
        isinstance(annotation, type) and issubclass(annotation, pathlib.PurePath)
    )
    found = pydantic_scalar(annotation) if custom else None
    if found is None:
        raise _unknown(original)
    return found


def _range(annotation: Any) -> SQLType[Any] | None:
    bounds = _unwrap(get_args(annotation)[0], ()).annotation
    types = _RANGES if get_origin(annotation) is Range else _MULTIRANGES
    return types.get(bounds)


def _sized(annotation: Any, metadata: tuple[Any, ...]) -> SQLType[Any]:
    if annotation is str:
        length = _limit(metadata, "max_length")
        return TEXT if length is None else String(length)
    digits = _limit(metadata, "max_digits")
    # a scale alone bounds no column: numeric keeps all digits, pydantic checks the places
    return NUMERIC if digits is None else Numeric(digits, _limit(metadata, "decimal_places") or 0)


def _scalar(annotation: Any) -> SQLType[Any] | None:
    if not isinstance(annotation, type):
        return None
    if annotation in _SCALARS:
        return _SCALARS[annotation]
    if issubclass(annotation, enum.Enum):
        if issubclass(annotation, (enum.IntEnum, enum.IntFlag)):
            return IntegerEnum(annotation)
        return EnumType(annotation)
    if annotation in INTERFACES:
        return Inet(annotation, interface=True)
    if annotation in ADDRESSES:
        return Inet(annotation)
    return Cidr(annotation) if annotation in NETWORKS else None


def _literal(annotation: Any) -> SQLType[Any]:
    kinds = {type(value) for value in get_args(annotation)}
    if len(kinds) == 1:
        found = _scalar(kinds.pop())
        if found is not None:
            return found
    raise ConfigurationError(
        f"{annotation} mixes values of several types",
        hint="use values of one type, or give the type: column(JSONB)",
    )


def _union(annotation: Any) -> SQLType[Any] | None:
    members = get_args(annotation)
    if set(members) <= set(ADDRESSES):
        return Inet()
    if set(members) <= set(INTERFACES):
        return Inet(interface=True)
    if set(members) <= set(NETWORKS):
        return Cidr()
    return ModelJSON(annotation) if any(_is_document(member) for member in members) else None


def _collection(annotation: Any, kind: Any) -> SQLType[Any] | None:
    if not isinstance(kind, type) or is_structured(kind):
        return None
    if issubclass(kind, (dict, Mapping)):
        return _JSON if _is_plain_json(annotation) else ModelJSON(annotation)
    arguments = get_args(annotation)
    if kind is tuple and not (len(arguments) == 2 and arguments[1] is Ellipsis):
        return ModelJSON(annotation) if arguments else None
    container = _ARRAYS.get(kind)
    if container is None:
        return None
    if arguments and not _is_document(arguments[0]):
        item = resolve_type(arguments[0])[0]
        if not isinstance(item, (Array, JSONB)):
            return Array(item, container=container)
    return _JSON if kind is list and _is_plain_json(annotation) else ModelJSON(annotation)


def _is_document(annotation: Any) -> bool:
    """Whether values of the annotation are JSON documents rather than column values."""
    plain = _unwrap(annotation, ()).annotation
    kind = get_origin(plain) or plain
    if kind in (Union, types.UnionType):
        return any(_is_document(member) for member in get_args(plain))
    if kind is Any or is_structured(plain):
        return True
    if kind is Multirange:
        return False
    return isinstance(kind, type) and issubclass(kind, (dict, Mapping, list, tuple, set, frozenset))


def _is_plain_json(annotation: Any) -> bool:
    """Whether JSON brings such values back as they were, without pydantic."""
    plain = _unwrap(annotation, ()).annotation
    kind = get_origin(plain) or plain
    arguments = get_args(plain)
    if kind in (Union, types.UnionType):
        return all(_is_plain_json(member) for member in arguments)
    if kind is dict:
        return not arguments or (arguments[0] is str and _is_plain_json(arguments[1]))
    if kind is list:
        return not arguments or _is_plain_json(arguments[0])
    return kind in (Any, str, int, float, bool, type(None))


def _unknown(annotation: Any) -> ConfigurationError:
    name = inspect.formatannotation(annotation)
    return ConfigurationError(
        f"no PostgreSQL type is known for {name}", hint="give the type: column(JSONB)"
    )
