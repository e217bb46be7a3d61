"""Verification: every table is read back and compared with the source, by count and checksum."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import md5

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
from examples.atlas.sources import (
    AirportRow,
    CountryRow,
    CountryZoneRow,
    CurrencyRow,
    LanguageRow,
    Source,
    SubdivisionRow,
    ZoneRow,
)

Rows = Sequence[object]


@dataclass(frozen=True)
class Comparison:
    """One table, as it should be and as it is: dataclasses of ``sources`` on both sides."""

    table: str
    expected: Rows
    found: Rows

    @property
    def matches(self) -> bool:
        """Whether all rows are there, each with the values of the source."""
        return checksum(self.expected) == checksum(self.found)


def checksum(rows: Rows) -> str:
    """A fingerprint of rows in whatever order: of every value, and its type."""
    text = "\n".join(sorted(repr(row) for row in rows))
    return md5(text.encode(), usedforsecurity=False).hexdigest()


async def compare(session: Session, source: Source) -> list[Comparison]:
    """Read all tables back, in the shape of the source's rows."""
    return [
        Comparison("country", source.countries, await stored_countries(session)),
        Comparison("subdivision", source.subdivisions, await stored_subdivisions(session)),
        Comparison("time_zone", source.zones, await stored_zones(session)),
        Comparison("country_zone", source.country_zones, await stored_country_zones(session)),
        Comparison("language", source.languages, await stored_languages(session)),
        Comparison("currency", source.currencies, await stored_currencies(session)),
        Comparison("airport", source.airports, await stored_airports(session)),
    ]


def show(comparisons: Iterable[Comparison], console: Console) -> bool:
    """Print the comparison; returns whether everything matches."""
    table = Table("table", box=None)
    table.add_column("source", justify="right")
    table.add_column("database", justify="right")
    table.add_column("checksums")
    table.add_column("")
    complete = True
    for one in comparisons:
        complete &= one.matches
        table.add_row(
            one.table,
            f"{len(one.expected):,}",
            f"{len(one.found):,}",
            f"{checksum(one.expected)[:16]} {checksum(one.found)[:16]}",
            "[green]same[/]" if one.matches else "[bold red]DIFFERENT[/]",
        )
    console.print(table)
    return complete


async def stored_countries(session: Session) -> Rows:
    """The countries: whole objects, with their JSON document as a model."""
    return [
        CountryRow(
            code=country.code,
            alpha3=country.alpha3,
            numeric=country.numeric,
            name=country.name,
            official_name=country.names.official,
            flag=country.names.flag,
        )
        for country in await session.all(select(Country))
    ]


async def stored_subdivisions(session: Session) -> Rows:
    """The subdivisions, each with the code of its parent."""
    parent = aliased(Subdivision, "parent")
    statement = select(
        Subdivision.code,
        Subdivision.country_code,
        parent.code,
        Subdivision.name,
        Subdivision.kind,
    ).outerjoin(parent, Subdivision.parent_id == parent.id)
    return [SubdivisionRow(*row) for row in await session.all(statement)]


async def stored_zones(session: Session) -> Rows:
    """The time zones, as rows of columns."""
    statement = select(TimeZone.name, TimeZone.latitude, TimeZone.longitude, TimeZone.comment)
    return [ZoneRow(*row) for row in await session.all(statement)]


async def stored_country_zones(session: Session) -> Rows:
    """The links, with the zone's name instead of its key."""
    statement = select(CountryZone.country_code, TimeZone.name, CountryZone.home)
    return [CountryZoneRow(*row) for row in await session.all(statement.join(CountryZone.zone))]


async def stored_languages(session: Session) -> Rows:
    """The languages: whole objects, with a Python enum."""
    return [
        LanguageRow(
            code=language.code,
            alpha2=language.alpha2,
            name=language.name,
            kind=language.kind.value,
            scope=language.scope,
        )
        for language in await session.all(select(Language))
    ]


async def stored_currencies(session: Session) -> Rows:
    """The currencies, as rows of columns."""
    statement = select(Currency.code, Currency.numeric, Currency.name)
    return [CurrencyRow(*row) for row in await session.all(statement)]


async def stored_airports(session: Session) -> Rows:
    """The airports with the names of what they refer to, through a server-side cursor."""
    statement = (
        select(Airport, Subdivision.code, TimeZone.name)
        .join(Airport.zone)
        .outerjoin(Airport.subdivision)
    )
    return [
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
        async for airport, subdivision, zone in await session.stream(statement)
    ]
