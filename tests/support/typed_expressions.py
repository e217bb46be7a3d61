"""Expressions of all types, drawn by hypothesis from a table of what each type has.

What a type checker accepts must run: a line of the table says what an operator or function takes
and gives. ``text`` is an expression, ``=text`` a bare value and ``text!`` either of both.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from ipaddress import IPv4Address
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from asyncorm import (
    BitString,
    Multirange,
    Range,
    all_,
    and_,
    any_,
    case,
    cast,
    exists,
    extract,
    func,
    literal,
    not_,
    null,
    or_,
    select,
    tuple_,
    type_coerce,
)
from tests.support.exhibits import COLUMNS, Colour, Exhibit
from tests.support.statements import Recipes, Values, combined, constant

#: what a row holds for an expression of a kind
PYTHON: dict[str, Any] = {
    "text": str,
    "number": int,
    "short": int,
    "money": Decimal,
    "real": float,
    "truth": bool,
    "day": date,
    "time": datetime,
    "naive": datetime,
    "clock": time,
    "span": timedelta,
    "uuid": UUID,
    "data": bytes,
    "array": list,
    "numbers": list,
    "days": list,
    "json": object,
    "int_range": Range,
    "money_range": Range,
    "day_range": Range,
    "time_range": Range,
    "naive_range": Range,
    "int_ranges": Multirange,
    "day_ranges": Multirange,
    "address": IPv4Address,
    "bits": BitString,
    "colour": Colour,
    "vector": str,
    "query": str,
}
#: kinds with an order, and equality
ORDERED = [kind for kind in PYTHON if kind not in ("json", "query")]
_RANGES = {
    "int_range": "number",
    "money_range": "money",
    "day_range": "day",
    "time_range": "time",
    "naive_range": "naive",
}
_MULTIRANGES = {"int_ranges": "int_range", "day_ranges": "day_range"}
_ARRAYS = {"array": "text", "numbers": "number", "days": "day"}
_NUMBERS = ("number", "money", "real")

Line = tuple[str, str, Callable[..., Any]]


def _of_every_type() -> list[Line]:
    lines: list[Line] = []
    for kind in ORDERED:
        lines += [
            ("truth", f"{kind} {kind}!", lambda a, b: a == b),
            ("truth", f"{kind} {kind}!", lambda a, b: a != b),
            ("truth", f"{kind} {kind}!", lambda a, b: a < b),
            ("truth", f"{kind} {kind}! {kind}!", lambda a, b, c: a.between(b, c)),
            ("truth", f"{kind} {kind}!", lambda a, b: a.is_distinct_from(b)),
            ("truth", f"{kind} {kind}", lambda a, b: tuple_(a, b) == tuple_(b, a)),
            ("truth", f"{kind} ={kind} ={kind}", lambda a, b, c: tuple_(a, a) < (b, c)),
            ("truth", f"{kind} ={kind}", lambda a, b: tuple_(a, a).in_([(b, b)])),
            ("truth", f"{kind} {kind}", lambda a, b: a >= all_(select(b).select_from(Exhibit))),
            ("truth", f"{kind} {kind}", lambda a, b: a.in_(select(b).select_from(Exhibit))),
            (kind, f"{kind} {kind}!", lambda a, b: func.coalesce(a, b)),
            (kind, f"{kind} {kind}!", lambda a, b: func.nullif(a, b)),
            (kind, f"{kind} {kind}!", lambda a, b: func.greatest(a, b)),
            (kind, f"{kind} {kind}!", lambda a, b: func.least(a, b)),
        ]
    for kind in (kind for kind in ORDERED if kind not in _ARRAYS):
        lines += [
            ("truth", f"{kind} ={kind} ={kind}", lambda a, b, c: a.in_([b, c])),
            ("truth", f"{kind} ={kind}", lambda a, b: a.not_in([b])),
        ]
    for kind in PYTHON:
        lines += [
            ("truth", kind, lambda a: a.is_(None)),
            ("truth", kind, lambda a: a != None),
            (kind, f"truth {kind}! {kind}", lambda c, a, b: case((c, a), else_=b)),
            (kind, f"truth {kind}", lambda c, a: case((c, a))),
            (kind, f"truth {kind}", lambda c, a: case((c, null()), else_=a)),
            (kind, kind, lambda a: select(a).select_from(Exhibit).limit(1).scalar_subquery()),
            ("json", kind, lambda a: func.to_jsonb(a)),
            ("text", kind, lambda a: func.concat(a, "x")),
        ]
    return lines


def _of_ranges() -> list[Line]:
    lines: list[Line] = []
    for kind, item in _RANGES.items():
        lines += [
            ("truth", f"{kind} {item}!", lambda a, b: a.contains(b)),
            (item, kind, lambda a: func.lower(a)),
            (item, kind, lambda a: func.upper(a)),
            (kind, f"{kind} {kind}!", lambda a, b: func.range_merge(a, b)),
        ]
    for kind, item in _MULTIRANGES.items():
        lines += [
            ("truth", f"{kind} {item}!", lambda a, b: a.contains(b)),
            ("truth", f"{kind} {item}!", lambda a, b: a.overlaps(b)),
            ("truth", f"{item} {kind}!", lambda a, b: a.contained_by(b)),
            (item, kind, lambda a: func.range_merge(a)),
            (kind, item, lambda a: func.multirange(a)),
            (_RANGES[item], kind, lambda a: func.lower(a)),
        ]
    for kind in (*_RANGES, *_MULTIRANGES):
        lines += [
            ("truth", f"{kind} {kind}!", lambda a, b: a.contains(b)),
            ("truth", f"{kind} {kind}!", lambda a, b: a.contained_by(b)),
            ("truth", f"{kind} {kind}!", lambda a, b: a.overlaps(b)),
            ("truth", f"{kind} {kind}!", lambda a, b: a.adjacent_to(b)),
            ("truth", f"{kind} {kind}!", lambda a, b: a.strictly_left_of(b)),
            ("truth", f"{kind} {kind}!", lambda a, b: a.strictly_right_of(b)),
            ("truth", f"{kind} {kind}!", lambda a, b: a.not_extend_left_of(b)),
            ("truth", f"{kind} {kind}!", lambda a, b: a.not_extend_right_of(b)),
            ("truth", kind, lambda a: func.isempty(a)),
            ("truth", kind, lambda a: func.lower_inc(a)),
            ("truth", kind, lambda a: func.upper_inf(a)),
        ]
    return [
        *lines,
        ("int_range", "number! number!", lambda a, b: func.int8range(a, b, "[]")),
        ("money_range", "money! money!", lambda a, b: func.numrange(a, b)),
        ("day_range", "day! day!", lambda a, b: func.daterange(a, b)),
        ("time_range", "time! time!", lambda a, b: func.tstzrange(a, b, "(]")),
        ("naive_range", "naive! naive!", lambda a, b: func.tsrange(a, b)),
    ]


def _of_arrays() -> list[Line]:
    lines: list[Line] = []
    for kind, item in _ARRAYS.items():
        lines += [
            ("truth", f"{kind} {kind}!", lambda a, b: a.contains(b)),
            ("truth", f"{kind} {kind}!", lambda a, b: a.contained_by(b)),
            ("truth", f"{kind} {kind}!", lambda a, b: a.overlap(b)),
            ("truth", f"{kind} {item}!", lambda a, b: a.any(b)),
            ("truth", f"{kind} {item}!", lambda a, b: a.all(b)),
            ("truth", f"{item} {kind}", lambda a, b: a == any_(b)),
            ("truth", f"{item} {kind}", lambda a, b: a < all_(b)),
            (item, f"{kind} =place", lambda a, b: a[b]),
            (item, f"{kind} short", lambda a, b: a[b]),
            (item, f"{kind} number", lambda a, b: a[b]),
            (kind, f"{kind} =place", lambda a, b: a[b:]),
            (kind, f"{kind} =place number", lambda a, b, c: a[b:c]),
            (kind, f"{kind} {item}!", lambda a, b: func.array_append(a, b)),
            (kind, f"{item}! {kind}", lambda a, b: func.array_prepend(a, b)),
            (kind, f"{kind} {kind}!", lambda a, b: func.array_cat(a, b)),
            (kind, f"{kind} {item}!", lambda a, b: func.array_remove(a, b)),
            (kind, f"{kind} {item}! {item}!", lambda a, b, c: func.array_replace(a, b, c)),
            ("short", f"{kind} {item}!", lambda a, b: func.array_position(a, b)),
            ("numbers", f"{kind} {item}!", lambda a, b: func.array_positions(a, b)),
            ("short", kind, lambda a: func.cardinality(a)),
            ("short", kind, lambda a: func.array_length(a)),
            ("text", f"{kind} =text", lambda a, b: func.array_to_string(a, b, "?")),
        ]
    return lines


def _of_numbers() -> list[Line]:
    lines: list[Line] = []
    for kind in _NUMBERS:
        lines += [
            (kind, f"{kind} {kind}!", lambda a, b: a + b),
            (kind, f"{kind} {kind}!", lambda a, b: a - b),
            (kind, f"{kind} {kind}!", lambda a, b: a * b),
            (kind, kind, lambda a: -a),
            (kind, f"={kind} {kind}", lambda a, b: a - b),
            (kind, f"={kind} {kind}", lambda a, b: a * b),
            (kind, kind, lambda a: func.abs(a)),
            ("text", f"{kind}", lambda a: func.to_char(a, "FM999.00")),
        ]
    for kind in ("money", "real"):
        lines += [
            (kind, f"number {kind}!", lambda a, b: a + b),
            (kind, f"number {kind}!", lambda a, b: a - b),
            (kind, f"number {kind}!", lambda a, b: a * b),
            (kind, f"number {kind}!", lambda a, b: a / b),
            (kind, f"short {kind}!", lambda a, b: a * b),
            (kind, f"{kind} number!", lambda a, b: a + b),
            (kind, f"{kind} number!", lambda a, b: a / b),
            (kind, f"{kind} {kind}!", lambda a, b: a / b),
            (kind, f"{kind} number!", lambda a, b: func.power(func.sqrt(a), b)),
            *((kind, kind, lambda a, n=n: getattr(func, n)(a)) for n in _ROUNDINGS),
        ]
    return [
        *lines,
        ("money", "number number!", lambda a, b: a / b),
        ("number", "number number!", lambda a, b: a // b),
        ("number", "number number!", lambda a, b: a % b),
        ("money", "money money!", lambda a, b: a % b),
        ("money", "money number!", lambda a, b: a % b),
        ("number", "number number!", lambda a, b: func.mod(a, b)),
        ("money", "money number", lambda a, b: func.round(a, b)),
        ("money", "money =place", lambda a, b: func.trunc(a, b)),
        ("money", "money money!", lambda a, b: func.div(a, b)),
        ("number", "number number!", lambda a, b: a.bitwise_and(b)),
        ("number", "number number!", lambda a, b: a.bitwise_xor(b)),
        ("number", "number", lambda a: a.bitwise_not()),
        ("number", "number number!", lambda a, b: a.bitwise_lshift(b)),
        ("number", "number short", lambda a, b: a.bitwise_rshift(b)),
        ("short", "short short!", lambda a, b: a + b),
        ("number", "short number!", lambda a, b: a + b),
    ]


_ROUNDINGS = ("round", "trunc", "ceil", "floor", "sign", "exp", "ln")

_OF_TEXT: list[Line] = [
    ("text", "text text!", lambda a, b: a + b),
    ("text", "=text text", lambda a, b: a + b),
    ("text", "text text!", lambda a, b: a.concat(b)),
    ("text", "text", lambda a: a.collate("C")),
    *(
        ("text", "text", lambda a, n=n: getattr(func, n)(a))
        for n in ("lower", "upper", "initcap", "trim", "ltrim", "reverse", "md5")
    ),
    ("text", "text text!", lambda a, b: func.rtrim(a, b)),
    ("short", "text", lambda a: func.length(a)),
    ("short", "text text!", lambda a, b: func.strpos(a, b)),
    ("text", "text text number", lambda a, b, c: func.concat_ws(", ", a, b, c)),
    ("text", "text number", lambda a, b: func.format("%s-%s", a, b)),
    ("text", "text =place number", lambda a, b, c: func.substring(a, b, c)),
    ("text", "text number!", lambda a, b: func.left(a, b)),
    ("text", "text short", lambda a, b: func.right(a, b)),
    ("text", "text =place text!", lambda a, b, c: func.lpad(a, b, c)),
    ("text", "text =place", lambda a, b: func.repeat(a, b)),
    ("text", "text text! text!", lambda a, b, c: func.replace(a, b, c)),
    ("text", "text text! text!", lambda a, b, c: func.translate(a, b, c)),
    ("text", "text =key number", lambda a, b, c: func.split_part(a, b, c)),
    ("text", "text =pattern =text", lambda a, b, c: func.regexp_replace(a, b, c, "g")),
    ("array", "text =pattern", lambda a, b: func.regexp_match(a, b)),
    ("array", "text text!", lambda a, b: func.string_to_array(a, b)),
    *(
        ("truth", "text text!", lambda a, b, n=n: getattr(a, n)(b))
        for n in ("like", "not_like", "ilike", "not_ilike", "startswith", "endswith", "contains")
    ),
    ("truth", "text =text", lambda a, b: a.icontains(b)),
    ("truth", "text =pattern", lambda a, b: a.regexp(b)),
    ("truth", "text =pattern", lambda a, b: a.regexp(b, ignore_case=True)),
    ("vector", "text", lambda a: func.to_tsvector("english", a)),
    ("query", "=tsquery", lambda a: func.to_tsquery("simple", a)),
    ("query", "text!", lambda a: func.plainto_tsquery("english", a)),
    ("query", "text!", lambda a: func.websearch_to_tsquery(a)),
    ("query", "query query", lambda a, b: func.phraseto_tsquery("english", "big cat") & b),
    ("query", "=tsquery =tsquery", lambda a, b: func.to_tsquery(a) | func.to_tsquery(b)),
    ("query", "=tsquery", lambda a: ~func.to_tsquery(a)),
    ("query", "=key =key", lambda a, b: func.to_tsquery("cat").followed_by(func.to_tsquery("dog"))),
    ("truth", "vector =words", lambda a, b: a.match(b)),
    ("truth", "vector =words", lambda a, b: a.match(b, config="english")),
    ("truth", "text =words", lambda a, b: a.match(b, config="simple")),
    ("truth", "vector query", lambda a, b: a.match(b)),
    ("real", "vector query", lambda a, b: func.ts_rank(a, b)),
    ("real", "vector query", lambda a, b: func.ts_rank_cd(a, b, normalization=2)),
    ("text", "text query", lambda a, b: func.ts_headline("english", a, b, options="MaxWords=5")),
    ("vector", "vector", lambda a: func.setweight(a, "B")),
    ("uuid", "uuid", lambda a: func.coalesce(a, func.gen_random_uuid())),
    ("data", "data data!", lambda a, b: a + b),
]

_OF_TIME: list[Line] = [
    ("day", "day number!", lambda a, b: a + b),
    ("day", "day short", lambda a, b: a - b),
    ("day", "day =place", lambda a, b: a - b),
    ("number", "day day!", lambda a, b: a - b),
    ("naive", "day span!", lambda a, b: a + b),
    ("naive", "day span!", lambda a, b: a - b),
    ("time", "time span!", lambda a, b: a + b),
    ("time", "time span!", lambda a, b: a - b),
    ("time", "=span time", lambda a, b: a + b),
    ("span", "time time!", lambda a, b: a - b),
    ("span", "=time time", lambda a, b: a - b),
    ("span", "naive naive!", lambda a, b: a - b),
    ("clock", "clock span!", lambda a, b: a + b),
    ("span", "span span!", lambda a, b: a + b),
    ("span", "span", lambda a: -a),
    ("span", "span =place", lambda a, b: a * b),
    ("span", "span real", lambda a, b: a * b),
    ("span", "span number", lambda a, b: a * b),
    ("span", "span =real", lambda a, b: a / b),
    ("span", "=real span", lambda a, b: a * b),
    ("naive", "time =zone", lambda a, b: a.at_time_zone(b)),
    ("time", "naive =zone", lambda a, b: a.at_time_zone(b)),
    ("naive", "=zone time", lambda a, b: func.timezone(a, b)),
    ("time", "time", lambda a: func.date_trunc("month", a)),
    ("time", "time =zone", lambda a, b: func.date_trunc("day", a, b)),
    ("naive", "naive", lambda a: func.date_trunc("week", a)),
    ("span", "span", lambda a: func.date_trunc("hour", a)),
    ("time", "time =time", lambda a, b: func.date_bin(timedelta(hours=6), a, b)),
    ("real", "time", lambda a: func.date_part("hour", a)),
    ("span", "time time!", lambda a, b: func.age(a, b)),
    ("span", "time", lambda a: func.age(a)),
    ("day", "number =place", lambda a, b: func.make_date(2000 + func.mod(func.abs(a), 9), b, b)),
    ("clock", "=place", lambda a: func.make_time(a, a, 1.5)),
    ("time", "=place =zone", lambda a, b: func.make_timestamptz(2026, a, a, a, a, 0, b)),
    ("span", "short", lambda a: func.make_interval(days=a, secs=3)),
    ("time", "real!", lambda a: func.to_timestamp(a)),
    ("day", "=place", lambda a: func.to_date("2026-01-02", "YYYY-MM-DD")),
    ("text", "time", lambda a: func.to_char(a, "YYYY-MM-DD")),
    ("text", "day", lambda a: func.to_char(a, "DD")),
    ("text", "span", lambda a: func.to_char(a, "HH24")),
    *(("number", kind, lambda a: extract("year", a)) for kind in ("day", "time", "naive")),
    *(("money", kind, lambda a: extract("epoch", a)) for kind in ("day", "time", "span")),
    ("number", "clock", lambda a: extract("hour", a)),
    ("time", "time", lambda a: func.greatest(a, func.now(), func.clock_timestamp())),
    ("day", "day", lambda a: func.least(a, func.current_date())),
]

_OF_OTHERS: list[Line] = [
    ("json", "json =key", lambda a, b: a[b]),
    ("json", "json =place", lambda a, b: a[b]),
    ("text", "json =key", lambda a, b: a[b].astext),
    ("text", "json =key", lambda a, b: a.path("b", 0, b).astext),
    ("truth", "json =key", lambda a, b: a.has_key(b)),
    ("truth", "json =keys", lambda a, b: a.has_any(b)),
    ("truth", "json =keys", lambda a, b: a.has_all(b)),
    ("truth", "json =json", lambda a, b: a.contains(b)),
    ("truth", "json json", lambda a, b: a.contained_by(b)),
    ("json", "json =key", lambda a, b: a.delete_key(b)),
    ("json", "json =place", lambda a, b: a.delete_key(b)),
    ("json", "json =keys", lambda a, b: a.delete_keys(b)),
    ("json", "json =key", lambda a, b: a.delete_path("b", b)),
    ("json", "json =json", lambda a, b: a.concat(b)),
    ("truth", "json =jsonpath", lambda a, b: a.path_exists(b)),
    ("truth", "json =json_test", lambda a, b: a.path_match(b)),
    ("json", "json =key text", lambda a, b, c: func.jsonb_set(a, [b], c)),
    ("json", "json =key =json", lambda a, b, c: func.jsonb_insert(a, [b, 0], c)),
    ("json", "text number json", lambda a, b, c: func.jsonb_build_object("k", a, "n", b, "j", c)),
    ("json", "text money =real", lambda a, b, c: func.jsonb_build_array(a, b, c, None, True)),
    ("json", "json", lambda a: func.jsonb_strip_nulls(a)),
    ("text", "json", lambda a: func.jsonb_typeof(a)),
    ("text", "json", lambda a: func.jsonb_pretty(a)),
    ("short", "json", lambda a: func.jsonb_array_length(a["b"])),
    ("json", "json =jsonpath =number", lambda a, b, c: _found("query_array", a, b, c)),
    ("json", "json =jsonpath =number", lambda a, b, c: _found("query_first", a, b, c)),
    ("truth", "json =jsonpath =number", lambda a, b, c: _found("exists", a, b, c)),
    ("truth", "json =json_test =number", lambda a, b, c: _found("match", a, b, c)),
    ("number", "json", lambda a: a["a"].as_integer()),
    ("money", "json", lambda a: a["a"].as_numeric(10, 2)),
    ("real", "json", lambda a: a["a"].as_float()),
    # networks, bits
    ("truth", "address network", lambda a, b: a.contained_by(b)),
    ("truth", "network address!", lambda a, b: a.contains(b)),
    ("truth", "network network!", lambda a, b: a.overlaps(b)),
    ("truth", "network network!", lambda a, b: a.strictly_contains(b)),
    ("text", "address", lambda a: func.host(a)),
    ("text", "network", lambda a: func.abbrev(a)),
    ("short", "network", lambda a: func.masklen(a)),
    ("short", "address", lambda a: func.family(a)),
    ("address", "network", lambda a: func.netmask(a)),
    ("truth", "address address", lambda a, b: func.inet_same_family(a, b)),
    ("bits", "bits bits!", lambda a, b: a.bitwise_or(b)),
    ("bits", "bits", lambda a: a.bitwise_not()),
    ("bits", "bits =place", lambda a, b: a.bitwise_lshift(b)),
    ("bits", "bits short", lambda a, b: a.bitwise_rshift(b)),
    ("number", "bits", lambda a: func.bit_count(a)),
    ("short", "bits =place", lambda a, b: func.get_bit(a, b)),
    # conditions
    ("truth", "truth truth", lambda a, b: and_(a, b)),
    ("truth", "truth truth", lambda a, b: or_(a, b)),
    ("truth", "truth", lambda a: not_(a)),
    ("truth", "truth", lambda a: a.is_(True)),
    ("truth", "truth", lambda a: a.is_not(False)),
    ("truth", "truth truth", lambda a, b: a == b),
    ("truth", "truth", lambda a: exists(select(Exhibit.id).where(a))),
    # casts
    *(("text", kind, lambda a: cast(a, str)) for kind in PYTHON if kind != "query"),
    *(("money", kind, lambda a: cast(a, Decimal)) for kind in ("number", "real", "short")),
    *(("number", kind, lambda a: cast(a, int)) for kind in ("money", "real", "truth", "short")),
    *(("real", kind, lambda a: cast(a, float)) for kind in ("number", "money")),
    ("day", "time", lambda a: cast(a, date)),
    ("array", "numbers", lambda a: cast(a, list[str])),
    ("text", "text", lambda a: type_coerce(a, str)),
    ("short", "short =short", lambda a, b: case({b: b, b + 9: b}, value=a, else_=b)),
]


def _found(name: str, document: Any, path: str, size: int) -> Any:
    return getattr(func, f"jsonb_path_{name}")(document, path, {"x": size}, silent=True)


LINES = [
    *_of_every_type(),
    *_of_ranges(),
    *_of_arrays(),
    *_of_numbers(),
    *_OF_TEXT,
    *_OF_TIME,
    *_OF_OTHERS,
]
#: (result, arguments, function, over what it may be computed)
AGGREGATES: list[Line] = [
    ("number", "text", lambda a: func.count(a)),
    ("number", "text", lambda a: func.count(a).distinct()),
    *(("money" if k == "number" else k, k, lambda a: func.avg(a)) for k in (*_NUMBERS, "span")),
    *((k, k, lambda a: func.sum(a)) for k in (*_NUMBERS, "span")),
    *(
        (k, k, lambda a: func.max(a))
        for k in ("text", *_NUMBERS, "day", "time", "naive", "clock", "span", "address", "colour")
    ),
    *((k, k, lambda a: func.min(a)) for k in ("text", "array", "data")),
    ("truth", "truth", lambda a: func.bool_and(a)),
    ("truth", "truth", lambda a: func.every(a)),
    ("number", "number", lambda a: func.bit_xor(a)),
    ("bits", "bits", lambda a: func.bit_or(a)),
    ("array", "text", lambda a: func.array_agg(a)),
    ("numbers", "number", lambda a: func.array_agg(a)),
    ("days", "day", lambda a: func.array_agg(a)),
    ("text", "text text!", lambda a, b: func.string_agg(a, b)),
    ("json", "text", lambda a: func.jsonb_agg(a)),
    ("json", "json", lambda a: func.json_agg(a)),
    ("json", "number text", lambda a, b: func.jsonb_object_agg(a, b)),
    ("int_ranges", "int_range", lambda a: func.range_agg(a)),
    ("day_ranges", "day_ranges", lambda a: func.range_agg(a)),
    ("int_range", "int_range", lambda a: func.range_intersect_agg(a)),
    *(("money", k, lambda a: func.stddev(a)) for k in ("number", "money")),
    ("real", "real", lambda a: func.var_pop(a)),
    *(("real", f"{k} real", lambda a, b: func.corr(a, b)) for k in _NUMBERS),
    ("real", "number money", lambda a, b: func.regr_slope(a, b)),
    ("number", "real number", lambda a, b: func.regr_count(a, b)),
]
#: aggregates that can't be called over a window
ORDERED_SETS: list[Line] = [
    *((k, k, lambda a: func.mode().within_group(a)) for k in ("text", "day", "money", "colour")),
    *(
        (k, f"{k} =fraction", lambda a, b: func.percentile_disc(b).within_group(a.desc()))
        for k in ("text", "time", "number")
    ),
    *(
        ("real", f"{k} =fraction", lambda a, b: func.percentile_cont(b).within_group(a))
        for k in _NUMBERS
    ),
    ("real_list", "number", lambda a: func.percentile_cont([0.25, 0.75]).within_group(a)),
    ("number", "number =number", lambda a, b: func.rank(b).within_group(a)),
    ("number", "text =text", lambda a, b: func.dense_rank(b).within_group(a.desc())),
    ("real", "money =money", lambda a, b: func.percent_rank(b).within_group(a)),
    ("real", "day =day", lambda a, b: func.cume_dist(b).within_group(a)),
    ("array", "text number", lambda a, b: func.array_agg(a).order_by(b.desc().nulls_last())),
    ("text", "text number", lambda a, b: func.string_agg(a, ",").order_by(b, a)),
    ("array", "text", lambda a: func.array_agg(a).distinct().order_by(a)),
]
#: functions that need a window
WINDOW_FUNCTIONS: list[Line] = [
    ("number", "", lambda: func.row_number()),
    ("number", "", lambda: func.rank()),
    ("number", "", lambda: func.dense_rank()),
    ("real", "", lambda: func.percent_rank()),
    ("real", "", lambda: func.cume_dist()),
    ("short", "=place", lambda a: func.ntile(a)),
    *(
        line
        for k in ("text", "number", "money", "day", "array", "json", "int_range", "colour")
        for line in (
            (k, f"{k} =place", lambda a, b: func.lag(a, b)),
            (k, f"{k} short", lambda a, b: func.lead(a, b)),
            (k, f"{k} =place {k}!", lambda a, b, c: func.lag(a, b, default=c)),
            (k, k, lambda a: func.first_value(a)),
            (k, k, lambda a: func.last_value(a)),
            (k, f"{k} =place", lambda a, b: func.nth_value(a, b)),
        )
    ),
]


def bare(kind: str) -> Any:
    return lambda values: getattr(values, kind)()


def _argument(part: str, depth: int) -> Recipes:
    if part.startswith("="):
        return st.just(bare(part[1:]))
    if part.endswith("!") and part != "query!":
        return st.one_of(typed(part[:-1], depth), st.just(bare(part[:-1])))
    return typed(part.rstrip("!"), depth)


def made(line: Line, depth: int) -> Recipes:
    """The recipe of a line of the table."""
    return combined(line[2], *(_argument(part, depth) for part in line[1].split()))


@cache
def typed(kind: str, depth: int) -> Recipes:
    """A column, a bound value, or something made of others."""
    if kind == "query":
        simple: Recipes = st.just(
            lambda values: func.to_tsquery("english", TSQUERIES[values.count() % len(TSQUERIES)])
        )
    else:
        columns = [constant(column) for column in COLUMNS[kind]]
        simple = st.sampled_from([*columns, *columns, _bound(kind)])
    if depth <= 0:
        return simple
    return st.one_of(simple, *(made(line, depth - 1) for line in LINES if line[0] == kind))


TSQUERIES = ("cat & dog", "!cat", "cat | (dog & !bird)")


def _bound(kind: str) -> Any:
    # literal() of a column's type where Python's type does not say it
    type_ = COLUMNS[kind][0]._type if kind in ("vector", "colour", "short", "naive_range") else None

    def make(values: Values) -> Any:
        value = getattr(values, kind)()
        return literal(value, type_) if type_ is not None else literal(value, ANNOTATED.get(kind))

    return make


#: an empty list has no type of its own
ANNOTATED = {
    "array": list[str],
    "numbers": list[int],
    "days": list[date],
    "int_range": Range[int],
    "money_range": Range[Decimal],
    "day_range": Range[date],
    "time_range": Range[datetime],
    "int_ranges": Multirange[int],
    "day_ranges": Multirange[date],
}
