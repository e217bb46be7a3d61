"""DriverConnection: the driver's connection, with a memory for types."""

from __future__ import annotations

from typing import Any

import asyncpg

from asyncorm.engine.pipelining import Pipeline, PipeliningLoop

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


_BUILT_IN = tuple(_type_info(oid, inner) for oid, inner in ARRAYS.items())

_Connection: Any = asyncpg.Connection


class DriverConnection(_Connection):  # type: ignore[misc]
    """A connection of the driver that keeps what the server has told it of types.

    Setting a codec makes the driver forget that, and asking again takes three round trips.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        #: what sends BEGIN and COMMIT along with statements; None where they are sent alone
        self.pipeline: Pipeline | None = None
        for argument in arguments:
            if isinstance(argument, Pipeline):
                self.pipeline = argument
        # the loop was needed for the transport only; the driver looks tasks up by the real one
        real = [a.loop if isinstance(a, PipeliningLoop) else a for a in arguments]
        super().__init__(*real, **options)
        self.known_types: list[Any] = list(_BUILT_IN)

    def _get_unique_id(self, prefix: str) -> Any:
        # a statement gets a name when it has to be prepared: of the others, which are most, nobody
        # has to be told
        if self.pipeline is not None:
            self.pipeline.prepare()
        return super()._get_unique_id(prefix)

    async def _introspect_types(self, *arguments: Any) -> Any:
        types, statement = await super()._introspect_types(*arguments)
        self.known_types += types
        return types, statement

    def _drop_local_type_cache(self) -> None:
        self.known_types = list(_BUILT_IN)  # the others have changed
        super()._drop_local_type_cache()
