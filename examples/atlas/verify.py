"""Verification: every table is read back and compared with the source, by count and checksum."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import astuple, dataclass
from hashlib import md5
from typing import Any

from rich.console import Console
from rich.table import Table

from asyncorm import Session, aliased, select
from examples.atlas.models import (
    Airport,
    Country,
    CountryZone,
    Currency,
    Language,
    Subdivision,
    TimeZone,
)
from examples.atlas.sources import AirportRow, CountryRow, LanguageRow, Source

Rows = Sequence[tuple[Any, ...]]


@dataclass(frozen=True)
class Comparison:
    """One table, as it should be and as it is."""

    table: str
    expected: Rows
    found: Rows

    @property
    def matches(self) -> bool:
        """Whether all rows are there, each with the values of the source."""
        return checksum(self.expected) == checksum(self.found)


def checksum(rows: Rows) -> str:
    """A fingerprint of rows in whatever order: of every value, and its type."""
    lines = sorted(repr(tuple(row)) for row in rows)
    return md5("\n".join(lines).encode(), usedforsecurity=False).hexdigest()


async def compare(session: Session, source: Source) -> list[Comparison]:
    """Read all tables back, in the shape of the source's rows."""

    async def comparison(
        table: str, rows: Iterable[Any], stored: Callable[[Session], Awaitable[Rows]]
    ) -> Comparison:
        return Comparison(table, [astuple(row) for row in rows], await stored(session))

    return [
        await comparison("country", source.countries, stored_countries),
        await comparison("subdivision", source.subdivisions, stored_subdivisions),
        await comparison("time_zone", source.zones, stored_zones),
        await comparison("country_zone", source.country_zones, stored_country_zones),
        await comparison("language", source.languages, stored_languages),
        await comparison("currency", source.currencies, stored_currencies),
        await comparison("airport", source.airports, stored_airports),
    ]


def show(comparisons: Iterable[Comparison], console: Console) -> bool:
    """Print the comparison; returns whether everything matches."""
    table = Table("table", title="The database against the source", title_justify="left")
    table.add_column("rows", justify="right")
    table.add_column("expected", justify="right")
    table.add_column("md5 of the source's rows")
    table.add_column("md5 of the table's rows")
    table.add_column("")
    complete = True
    for one in comparisons:
        complete &= one.matches
        table.add_row(
            one.table,
            f"{len(one.found):,}",
            f"{len(one.expected):,}",
            checksum(one.expected)[:16],
            checksum(one.found)[:16],
            "[green]same[/]" if one.matches else "[bold red]DIFFERENT[/]",
        )
    console.print(table)
    return complete


async def stored_countries(session: Session) -> Rows:
    """The countries: whole objects, with their JSON document as a model."""
    return [
        astuple(
            CountryRow(
                code=country.code,
                alpha3=country.alpha3,
                numeric=country.numeric,
                name=country.name,
                official_name=country.names.official,
                flag=country.names.flag,
            )
        )
        for country in await session.all(select(Country))
    ]


async def stored_subdivisions(session: Session) -> Rows:
    """The subdivisions, each with the code of its parent."""
    parent = aliased(Subdivision, "parent")
    return await session.all(
        select(
            Subdivision.code,
            Subdivision.country_code,
            parent.code,
            Subdivision.name,
            Subdivision.kind,
        ).outerjoin(parent, Subdivision.parent_id == parent.id)
    )


async def stored_zones(session: Session) -> Rows:
    """The time zones, as tuples of columns."""
    return await session.all(
        select(TimeZone.name, TimeZone.latitude, TimeZone.longitude, TimeZone.comment)
    )


async def stored_country_zones(session: Session) -> Rows:
    """The links, with the zone's name instead of its key."""
    return await session.all(
        select(CountryZone.country_code, TimeZone.name, CountryZone.home).join(CountryZone.zone)
    )


async def stored_languages(session: Session) -> Rows:
    """The languages: whole objects, with a Python enum."""
    return [
        astuple(
            LanguageRow(
                code=language.code,
                alpha2=language.alpha2,
                name=language.name,
                kind=language.kind.value,
                scope=language.scope,
            )
        )
        for language in await session.all(select(Language))
    ]


async def stored_currencies(session: Session) -> Rows:
    """The currencies, as tuples of columns."""
    return await session.all(select(Currency.code, Currency.numeric, Currency.name))


async def stored_airports(session: Session) -> Rows:
    """The airports with the names of what they refer to, through a server-side cursor."""
    statement = (
        select(Airport, Subdivision.code, TimeZone.name)
        .join(Airport.zone)
        .outerjoin(Airport.subdivision)
    )
    return [
        astuple(
            AirportRow(
                icao=airport.icao,
                iata=airport.iata,
                name=airport.name,
                city=airport.city,
                region=airport.region,
                country=airport.country_code,
                subdivision=subdivision,
                zone=zone,
                elevation=airport.elevation,
                latitude=airport.latitude,
                longitude=airport.longitude,
            )
        )
        async for airport, subdivision, zone in await session.stream(statement)
    ]
