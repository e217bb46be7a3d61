"""Codecs set once on every new connection, so that no statement pays for looking types up."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import asyncpg

from asyncorm.engine.moment_codecs import MOMENT_ARRAY_CODECS, MOMENT_CODECS
from asyncorm.engine.range_codecs import RANGE_CODECS, Codec
from asyncorm.engine.scalar_codecs import SCALAR_CODECS
from asyncorm.types.json import decode_raw, encode_json

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
    codecs: tuple[Codec, ...] = OWN_CODECS
    arrays: tuple[Codec, ...] = ()
    if has_iso_dates(driver):
        codecs, arrays = (*OWN_CODECS, *MOMENT_CODECS), MOMENT_ARRAY_CODECS
    if add_codecs(driver, (*codecs, *arrays)):
        return
    for codec in codecs:  # the driver's own way takes none of arrays
        await driver.set_type_codec(
            codec.name,
            schema="pg_catalog",
            encoder=codec.encode,
            decoder=codec.decode,
            format=codec.format,
        )


def has_iso_dates(driver: Any) -> bool:
    """Whether the server writes time stamps as texts of ISO 8601, as it does by default."""
    style: str = getattr(driver.get_settings(), "DateStyle", "")
    return style.startswith("ISO")


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
    """Put back what statements have that are prepared from now on: our own codecs of these types,
    or the driver's."""
    if driver.is_closed():  # broken off meanwhile: it prepares none
        return
    remove = driver._protocol.get_settings().remove_python_codec
    for codec in codecs:
        remove(codec.oid, codec.name, "pg_catalog")
    own = MOMENT_CODECS if has_iso_dates(driver) else ()
    add_codecs(driver, own)


def _register_known_types(driver: Any) -> None:
    """Tell the driver what it would ask the server: six round trips per connection and type.

    No public interface of the driver does this. Where it has changed, the driver asks as before,
    which a test on the number of round trips would show.
    """
    try:
        register = driver._protocol.get_settings().register_data_types
    except AttributeError:
        return
    try:
        register(driver.known_types)
    except asyncpg.UnsupportedClientFeatureError:
        _register_readable_types(register, driver.known_types)


def _register_readable_types(register: Callable[[list[Any]], None], types: list[Any]) -> None:
    """Leave out composites with a field that travels as text, which the driver refuses, and what
    is made of them; in careful reading their time stamps travel as numbers."""
    refused: set[int] = set()
    for one in types:
        parts = [
            one["elemtype"],
            one["basetype"],
            one["range_subtype"],
            *(one["attrtypoids"] or ()),
        ]
        if not refused.isdisjoint(parts) or not _takes(register, one):
            refused.add(one["oid"])


def _takes(register: Callable[[list[Any]], None], one: Any) -> bool:
    try:
        register([one])
    except asyncpg.UnsupportedClientFeatureError:
        return False
    return True


def _json_text(value: Any) -> str:
    # a string is a JSON document already: encoded values arrive as such
    return value if isinstance(value, str) else encode_json(value)
