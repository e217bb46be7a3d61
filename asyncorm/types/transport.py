"""Transport: how a value travels inside a record without a name, of which a driver knows nothing
but the types of its fields."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

from asyncorm.types.arrays import Array, each
from asyncorm.types.base import Converter, SQLType
from asyncorm.types.custom import CustomType
from asyncorm.types.domains import Domain
from asyncorm.types.ranges import Multirange, Range, parsed_multirange, parsed_range
from asyncorm.types.scalars import TEXT

#: types that travel as they are
_PLAIN = frozenset(
    ("bigint", "boolean", "bytea", "cidr", "date", "datemultirange", "daterange",
     "double precision", "inet", "int4multirange", "int4range", "int8multirange", "int8range",
     "integer", "interval", "real", "smallint", "text", "time", "timestamp", "timestamptz",
     "timetz", "tsmultirange", "tsrange", "tstzmultirange", "tstzrange", "uuid", "varbit",
     "varchar", "xid")
)  # fmt: skip
#: types that a driver reads as text anyway
_TEXTUAL = frozenset(
    ("bpchar", "char", "citext", "hstore", "ltree", "macaddr", "macaddr8", "name", "tsvector",
     "xml")
)  # fmt: skip


class Transport(NamedTuple):
    """What a field is cast to in the record (None: nothing), and what makes of its value what the
    driver returns for a column of the type."""

    cast: SQLType[Any] | None = None
    convert: Converter | None = None


def transport_of(type_: SQLType[Any]) -> Transport | None:
    """How values of a type travel; None if only a column of its own brings them."""
    if isinstance(type_, Array):
        item = transport_of(type_.item)
        if item is None:
            return None
        cast = None if item.cast is None else Array(item.cast)
        convert = item.convert
        return Transport(cast, None if convert is None else each(convert, type_.dimensions))
    if isinstance(type_, CustomType):
        return transport_of(type_.parts[0])
    if isinstance(type_, Domain):
        # in a record a field says that it is of the domain, which a column does not
        base = transport_of(type_.base)
        if base is not None and base.cast is None:
            return base._replace(cast=SQLType(type_.base.cast_type))
        return base
    if type_.select_type is not None:
        return Transport(SQLType(type_.select_type))
    if type_.cast_type == "numeric":
        return Transport(TEXT, Decimal)
    if type_.cast_type == "numrange":
        return Transport(TEXT, _range_of_text)
    if type_.cast_type == "nummultirange":
        return Transport(TEXT, _multirange_of_text)
    if type_.cast_type in _PLAIN:
        return Transport()
    return Transport(TEXT) if type_.cast_type in _TEXTUAL else None


def _range_of_text(text: str) -> Range[Decimal]:
    return parsed_range(text, Decimal)


def _multirange_of_text(text: str) -> Multirange[Decimal]:
    return parsed_multirange(text, Decimal)
