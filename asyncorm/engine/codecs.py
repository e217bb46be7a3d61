"""Codecs set once on every new connection, so that no statement pays for looking types up."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

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
    3905: (3904, "int4range"),
    3909: (3908, "tsrange"),
    3911: (3910, "tstzrange"),
    3913: (3912, "daterange"),
    3927: (3926, "int8range"),
    651: (650, "cidr"),
}
#: range types with those of their bounds; without numrange, since the driver can't combine
#: binary ranges with a text codec for their bounds
RANGES: dict[int, tuple[int, str]] = {
    3904: (23, "int4"),
    3908: (1114, "timestamp"),
    3910: (1184, "timestamptz"),
    3912: (1082, "date"),
    3926: (20, "int8"),
}
RANGE_NAMES = {oid: name for oid, name in ARRAYS.values() if oid in RANGES}


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
    register([_type_info(oid, RANGES[oid], b"r") for oid in RANGES])
    register([_type_info(oid, ARRAYS[oid], b"b") for oid in ARRAYS])


def _type_info(oid: int, inner: tuple[int, str], kind: bytes) -> dict[str, Any]:
    inner_oid, inner_name = inner
    is_range = kind == b"r"
    return {
        "oid": oid,
        "ns": "pg_catalog",
        "name": RANGE_NAMES[oid] if is_range else f"_{inner_name}",
        "kind": kind,
        "basetype": None,
        "basetype_name": None,
        "elemtype": None if is_range else inner_oid,
        "elemtype_name": None if is_range else inner_name,
        "elemdelim": b",",
        "range_subtype": inner_oid if is_range else None,
        "range_subtype_name": inner_name if is_range else None,
        "attrtypoids": None,
        "attrnames": None,
    }


def _json_text(value: Any) -> str:
    # a string is a JSON document already: encoded values arrive as such
    return value if isinstance(value, str) else encode_json(value)
