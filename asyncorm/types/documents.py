"""Values in JSON documents that the server makes: written so that pydantic reads what a column
of the type would have brought."""

from __future__ import annotations

from typing import Any, Literal

from asyncorm.types.arrays import Array
from asyncorm.types.base import SQLType
from asyncorm.types.composites import Composite
from asyncorm.types.custom import CustomType
from asyncorm.types.domains import Domain
from asyncorm.types.enums import EnumType
from asyncorm.types.range_types import MultirangeType, RangeType

#: how a pydantic model reads bytes from JSON (its ``val_json_bytes``)
Bytes = Literal["utf8", "base64", "hex"]

#: what Python has no room for is the first or the last there is, as are the infinities
_DAY = (
    "CASE WHEN {0} > '9999-12-31' THEN '9999-12-31' WHEN {0} < '0001-01-01' THEN '0001-01-01' "
    "ELSE {0} END"
)
_MOMENT = (
    "CASE WHEN {0} > '9999-12-31 23:59:59.999999' THEN '9999-12-31 23:59:59.999999' "
    "WHEN {0} < '0001-01-01' THEN '0001-01-01 00:00:00' ELSE {0} END"
)
#: the driver's infinity has no zone; compared as it is written, in the zone of the connection
_ZONED = (
    "CASE WHEN {0}::timestamp > '9999-12-31 23:59:59.999999' "
    "THEN to_json('9999-12-31T23:59:59.999999'::text) WHEN {0}::timestamp < '0001-01-01' "
    "THEN to_json('0001-01-01T00:00:00'::text) ELSE to_json({0}) END"
)
_CLOCK = "CASE WHEN {0} = '24:00' THEN '23:59:59.999999' ELSE {0} END"
_ZONED_CLOCK = (
    "regexp_replace(regexp_replace({0}::text, '^24:00:00', '23:59:59.999999'), "
    "'([+-][0-9][0-9])$', '\\1:00')"
)
#: in seconds, with months and years as the driver counts them
_SECONDS = (
    "((extract(year FROM {0}) * 365 + extract(month FROM {0}) * 30 + extract(day FROM {0})) * 86400"
    " + extract(hour FROM {0}) * 3600 + extract(minute FROM {0}) * 60 + extract(second FROM {0}))"
)
_DURATION = (
    "CASE WHEN {0} >= '2700000 years' THEN 'P999999999DT86399.999999S' "
    "WHEN {0} <= '-2700000 years' THEN '-P999999999DT0S' ELSE "
    f"CASE WHEN {_SECONDS} < 0 THEN '-P' ELSE 'P' END || div(abs({_SECONDS}), 86400) || 'DT'"
    f" || mod(abs({_SECONDS}), 86400) || 'S' END"
)
#: by name of the type; what is not here is written by the server as JSON has it, or as a string
_WRITTEN = {
    "numeric": "{0}::text",  # a number would be read as a float
    "real": "{0}::double precision",  # with the digits that the driver returns
    "xid": "{0}::text::bigint",
    "date": _DAY,
    "timestamp": _MOMENT,
    "timestamptz": _ZONED,
    "interval": _DURATION,
    "vector": "{0}::text::json",
    "halfvec": "{0}::text::json",
    "time": _CLOCK,
    "timetz": _ZONED_CLOCK,
}


_RANGE = (
    "CASE WHEN {{0}} IS NOT NULL THEN json_build_object('lower', {lower}, 'upper', {upper}, "
    "'bounds', CASE WHEN isempty({{0}}) THEN 'empty' ELSE "
    "CASE WHEN lower_inc({{0}}) THEN '[' ELSE '(' END || "
    "CASE WHEN upper_inc({{0}}) THEN ']' ELSE ')' END END) END"
)
_BYTES = {
    "hex": "encode({0}, 'hex')",
    "base64": "translate(encode({0}, 'base64'), E'+/\\n', '-_')",
}
_UNNESTED = "unnest({0}) WITH ORDINALITY AS e(v, n)"
_SUBSCRIPTS = "(SELECT ({0})[n] AS v, n FROM generate_subscripts({0}, 1) AS n) AS e"


def json_template(type_: SQLType[Any], data: Bytes) -> str | None:
    """How a value is written: text with ``{0}`` for the value and ``{1}`` for ``label_values``.

    None for bytes that shall be UTF-8, since not all bytes are text.
    """
    if isinstance(type_, Array):
        item = json_template(type_.item, data)
        if item is None or item == "{0}":
            return item
        if type_.dimensions > 1:  # unnest() makes them one row
            return None
        # unnest() would spread composites over columns
        elements = _SUBSCRIPTS if isinstance(type_.item, Composite) else _UNNESTED
        return (
            f"CASE WHEN {{0}} IS NOT NULL THEN (SELECT coalesce(json_agg("
            f"{item.replace('{0}', 'e.v')} ORDER BY e.n), '[]'::json) FROM {elements}) END"
        )
    if isinstance(type_, RangeType):
        item = json_template(type_.item, data) or "{0}"
        # bounds of one range compare: both have a zone
        item = item.replace("'::text", "Z'::text")
        lower, upper = (item.replace("{0}", f"{end}({{0}})") for end in ("lower", "upper"))
        return _RANGE.format(lower=lower, upper=upper)
    if isinstance(type_, MultirangeType):
        part = json_template(type_.range_type, data) or "{0}"
        return (
            f"CASE WHEN {{0}} IS NOT NULL THEN (SELECT coalesce(json_agg("
            f"{part.replace('{0}', 'e.v')}), '[]'::json) FROM unnest({{0}}) AS e(v)) END"
        )
    if isinstance(type_, (CustomType, Domain)):
        return json_template(type_.parts[0], data)
    if isinstance(type_, Composite):
        return _object_template(type_, data)
    if isinstance(type_, EnumType):
        return "{0}" if label_values(type_) is None else "{1} -> {0}::text"
    if type_.cast_type == "bytea":
        return _BYTES.get(data)
    return _WRITTEN.get(type_.cast_type, "{0}")


def _object_template(type_: Composite, data: Bytes) -> str | None:
    fields: list[str] = []
    for name, field in type_.fields.items():
        template = json_template(field, data)
        if template is None:
            return None
        if label_values(field) is not None:
            template = "{0}"  # there is one place for the values of labels, that of the column
        # names of fields are identifiers of Python, which need no escapes
        fields.append(f"'{name}', " + template.replace("{0}", f'({{0}})."{name}"'))
    written = f"json_build_object({', '.join(fields)})"
    # a composite of NULLs is no NULL, whatever IS NULL says
    return f"CASE WHEN {{0}} IS DISTINCT FROM NULL THEN {written} END"


def label_values(type_: SQLType[Any]) -> dict[str, Any] | None:
    """The values of an enum's members by label, where they are not the same."""
    if isinstance(type_, Array):
        return label_values(type_.item)
    if isinstance(type_, Domain):
        return label_values(type_.base)
    if not isinstance(type_, EnumType) or type_.decode is None:
        return None
    values = {label: type_.decode(label).value for label in type_.labels}
    return None if all(label == value for label, value in values.items()) else values
