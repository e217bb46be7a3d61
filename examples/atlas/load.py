"""Loading: rows become objects, objects refer to each other, and the session does the rest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
from rich.text import Text

from asyncorm import Model, Session
from examples.atlas.models import (
    Airport,
    Country,
    CountryZone,
    Currency,
    Language,
    LanguageKind,
    Names,
    Subdivision,
    TimeZone,
)
from examples.atlas.sources import AirportRow, CountryRow, Source, SubdivisionRow

BATCH = 4_000

T = TypeVar("T")


async def load(session: Session, source: Source, console: Console) -> None:
    """Add and flush everything, with a bar for each table; committing is up to the caller."""
    with progress_bars(console) as bars:
        stage = Stage(session, bars, "countries", len(source.countries))
        countries = {row.code: new_country(row) for row in source.countries}
        await stage.store(countries.values())

        stage = Stage(session, bars, "subdivisions", len(source.subdivisions))
        subdivisions = new_subdivisions(source.subdivisions, countries)
        await stage.store(subdivisions.values())

        stage = Stage(session, bars, "time zones", len(source.zones))
        zones = {
            row.name: TimeZone(
                name=row.name,
                latitude=row.latitude,
                longitude=row.longitude,
                comment=row.comment,
            )
            for row in source.zones
        }
        await stage.store(zones.values())

        stage = Stage(session, bars, "country zones", len(source.country_zones))
        await stage.store(
            CountryZone(country=countries[row.country], zone=zones[row.zone], home=row.home)
            for row in source.country_zones
        )

        stage = Stage(session, bars, "languages", len(source.languages))
        await stage.store(
            Language(
                code=row.code,
                alpha2=row.alpha2,
                name=row.name,
                kind=LanguageKind(row.kind),
                scope=row.scope,
            )
            for row in source.languages
        )

        stage = Stage(session, bars, "currencies", len(source.currencies))
        await stage.store(
            Currency(code=row.code, numeric=row.numeric, name=row.name) for row in source.currencies
        )

        stage = Stage(session, bars, "airports", len(source.airports))
        for rows in batches(source.airports, BATCH):
            await stage.store(new_airport(row, subdivisions, zones) for row in rows)


def new_country(row: CountryRow) -> Country:
    """A country, with its further names as a JSON document."""
    return Country(
        code=row.code,
        alpha3=row.alpha3,
        numeric=row.numeric,
        name=row.name,
        names=Names(official=row.official_name, flag=row.flag),
    )


def new_subdivisions(
    rows: Iterable[SubdivisionRow], countries: dict[str, Country]
) -> dict[str, Subdivision]:
    """The trees, linked as objects: nobody has to know which row must be stored first."""
    rows = list(rows)
    subdivisions = {
        row.code: Subdivision(
            code=row.code, name=row.name, kind=row.kind, country=countries[row.country]
        )
        for row in rows
    }
    for row in rows:
        if row.parent is not None:
            subdivisions[row.code].parent = subdivisions[row.parent]
    return subdivisions


def new_airport(
    row: AirportRow, subdivisions: dict[str, Subdivision], zones: dict[str, TimeZone]
) -> Airport:
    """An airport, linked by keys: those that the database made are on the objects by now."""
    return Airport(
        icao=row.icao,
        iata=row.iata,
        name=row.name,
        city=row.city,
        region=row.region,
        elevation=row.elevation,
        latitude=row.latitude,
        longitude=row.longitude,
        country_code=row.country,
        subdivision_id=subdivisions[row.subdivision].id if row.subdivision else None,
        zone_id=zones[row.zone].id,
    )


class Stage:
    """The objects of one table on their way to the database; its clock starts with it."""

    def __init__(self, session: Session, bars: Progress, title: str, total: int) -> None:
        self.session = session
        self.bars = bars
        self.task = bars.add_task(title, total=total)

    async def store(self, objects: Iterable[Model]) -> None:
        """Add objects and flush: one statement, however many they are."""
        objects = list(objects)
        self.session.add_all(objects)
        await self.session.flush()
        self.bars.advance(self.task, len(objects))


def batches(rows: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The rows in slices of at most ``size``."""
    return (rows[start : start + size] for start in range(0, len(rows), size))


class Rate(ProgressColumn):
    """Rows per second, from the making of the first object to the last row stored."""

    def render(self, task: Task) -> Text:
        """The rate so far, or the final one."""
        seconds = task.finished_time if task.finished else task.elapsed
        if not seconds or not task.completed:
            return Text()
        return Text(f"{task.completed / seconds:>8,.0f} rows/s", style="green")


def progress_bars(console: Console) -> Progress:
    """One bar a table: its name, how far it is, and how fast."""
    return Progress(
        TextColumn("{task.description:<14}"),
        BarColumn(30),
        TextColumn("{task.completed:>7,.0f} of {task.total:>6,.0f}"),
        Rate(),
        console=console,
    )
