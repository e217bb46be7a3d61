"""Codecs set once on every new connection, so that no statement pays for looking types up."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from asyncorm.engine.range_codecs import RANGE_CODECS, Codec
from asyncorm.engine.scalar_codecs import SCALAR_CODECS
from asyncorm.types.json import decode_raw, encode_json

if TYPE_CHECKING:
    import asyncpg


#: array types of PostgreSQL with those of their elements; the numbers are fixed for ever
ARRAYS: dict[int, tuple[int, str]] = {
    1000: (16, "bool"),
    1001: (17, "bytea"),
    1003: (19, "name"),
    1005: (21, "int2"),
    1007: (23, "int4"),
    1009: (25, "text"),
    1011: (28, "xid"),
    1014: (1042, "bpchar"),
    1015: (1043, "varchar"),
    1016: (20, "int8"),
    1021: (700, "float4"),
    1022: (701, "float8"),
    1028: (26, "oid"),
    1040: (829, "macaddr"),
    1041: (869, "inet"),
    1115: (1114, "timestamp"),
    1182: (1082, "date"),
    1183: (1083, "time"),
    1185: (1184, "timestamptz"),
    1187: (1186, "interval"),
    1231: (1700, "numeric"),
    1270: (1266, "timetz"),
    199: (114, "json"),
    2287: (2249, "record"),
    2951: (2950, "uuid"),
    3807: (3802, "jsonb"),
    1561: (1560, "bit"),
    1563: (1562, "varbit"),
    775: (774, "macaddr8"),
    3905: (3904, "int4range"),
    3907: (3906, "numrange"),
    3909: (3908, "tsrange"),
    3911: (3910, "tstzrange"),
    3913: (3912, "daterange"),
    3927: (3926, "int8range"),
    6150: (4451, "int4multirange"),
    6151: (4532, "nummultirange"),
    6152: (4533, "tsmultirange"),
    6153: (4534, "tstzmultirange"),
    6155: (4535, "datemultirange"),
    6157: (4536, "int8multirange"),
    651: (650, "cidr"),
}


#: of types that the driver has no Python class for, or one of its own
OWN_CODECS = (*RANGE_CODECS, *SCALAR_CODECS)


async def set_codecs(driver: asyncpg.Connection[Any]) -> None:
    """Install the codecs; all are of built-in types, which costs no round trip."""
    # text is faster for numeric than the driver's binary decoder, arrays of it included
    await driver.set_type_codec(
        "numeric", schema="pg_catalog", encoder=str, decoder=Decimal, format="text"
    )
    # mapped JSON columns travel as text; this is for the untyped results of raw SQL
    for name in ("json", "jsonb"):
        await driver.set_type_codec(
            name, schema="pg_catalog", encoder=_json_text, decoder=decode_raw, format="text"
        )
    if add_codecs(driver, OWN_CODECS):
        return
    for codec in OWN_CODECS:
        await driver.set_type_codec(
            codec.name,
            schema="pg_catalog",
            encoder=codec.encode,
            decoder=codec.decode,
            format=codec.format,
        )


def add_codecs(driver: Any, codecs: Iterable[Codec]) -> bool:
    """Install codecs for statements that are prepared from now on, without a word to the server.

    No public interface of the driver does this. Where it has changed, nothing is done and the
    answer is False.
    """
    try:
        add = driver._protocol.get_settings().add_python_codec
    except AttributeError:
        return False
    for codec in codecs:
        add(
            codec.oid,
            codec.name,
            "pg_catalog",
            (),
            "scalar",
            codec.encode,
            codec.decode,
            codec.format,
        )
    _register_known_types(driver)  # the driver has forgotten arrays of these types
    return True


def remove_codecs(driver: Any, codecs: Iterable[Codec]) -> None:
    """Take codecs away again from statements that are prepared from now on."""
    if driver.is_closed():  # broken off meanwhile: it prepares none
        return
    remove = driver._protocol.get_settings().remove_python_codec
    for codec in codecs:
        remove(codec.oid, codec.name, "pg_catalog")
    _register_known_types(driver)


def _register_known_types(driver: Any) -> None:
    """Tell the driver what it would ask the server: six round trips per connection and type.

    No public interface of the driver does this. Where it has changed, the driver asks as before,
    which a test on the number of round trips would show.
    """
    try:
        register = driver._protocol.get_settings().register_data_types
    except AttributeError:
        return
    register([_type_info(oid, ARRAYS[oid]) for oid in ARRAYS])


def _type_info(oid: int, inner: tuple[int, str]) -> dict[str, Any]:
    inner_oid, inner_name = inner
    return {
        "oid": oid,
        "ns": "pg_catalog",
        "name": f"_{inner_name}",
        "kind": b"b",
        "basetype": None,
        "basetype_name": None,
        "elemtype": inner_oid,
        "elemtype_name": inner_name,
        "elemdelim": b",",
        "range_subtype": None,
        "range_subtype_name": None,
        "attrtypoids": None,
        "attrnames": None,
    }


def _json_text(value: Any) -> str:
    # a string is a JSON document already: encoded values arrive as such
    return value if isinstance(value, str) else encode_json(value)
