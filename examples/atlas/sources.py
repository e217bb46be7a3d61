"""The data as its publishers give it: pycountry, airportsdata and tzdata, as plain dataclasses.

Everything is sorted, so every run sees the same rows in the same order. What does not fit the
schema is adapted or left out here, and ``Source.notes`` says how many rows that concerns.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources

import airportsdata
import pycountry


@dataclass(frozen=True, slots=True)
class CountryRow:
    """A country of ISO 3166-1."""

    code: str
    alpha3: str
    numeric: str
    name: str
    official_name: str | None
    flag: str


@dataclass(frozen=True, slots=True)
class SubdivisionRow:
    """A part of a country (ISO 3166-2), perhaps of another part."""

    code: str
    country: str
    parent: str | None
    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class LanguageRow:
    """A language of ISO 639-3."""

    code: str
    alpha2: str | None
    name: str
    kind: str
    scope: str


@dataclass(frozen=True, slots=True)
class CurrencyRow:
    """A currency of ISO 4217."""

    code: str
    numeric: str
    name: str


@dataclass(frozen=True, slots=True)
class ZoneRow:
    """A time zone, with the place that gives it its name."""

    name: str
    latitude: float
    longitude: float
    comment: str | None


@dataclass(frozen=True, slots=True)
class CountryZoneRow:
    """A country keeps the time of a zone; ``home``: the zone's place is in that country."""

    country: str
    zone: str
    home: bool


@dataclass(frozen=True, slots=True)
class AirportRow:
    """An airport; its elevation is in feet."""

    icao: str
    iata: str | None
    name: str
    city: str
    region: str
    country: str
    subdivision: str | None
    zone: str
    elevation: float
    latitude: float
    longitude: float


@dataclass(frozen=True)
class Source:
    """All rows, and what had to be done to some of them."""

    countries: list[CountryRow]
    subdivisions: list[SubdivisionRow]
    languages: list[LanguageRow]
    currencies: list[CurrencyRow]
    zones: list[ZoneRow]
    country_zones: list[CountryZoneRow]
    airports: list[AirportRow]
    notes: list[str]

    @property
    def size(self) -> int:
        """How many rows there are in all tables together."""
        geography = len(self.countries) + len(self.subdivisions) + len(self.zones)
        others = len(self.languages) + len(self.currencies) + len(self.country_zones)
        return geography + others + len(self.airports)


def read_source() -> Source:
    """Read all three packages."""
    notes: Counter[str] = Counter()
    countries = read_countries()
    subdivisions = read_subdivisions(notes)
    zones = read_zones()
    return Source(
        countries=countries,
        subdivisions=subdivisions,
        languages=read_languages(),
        currencies=read_currencies(),
        zones=zones,
        country_zones=read_country_zones(),
        airports=read_airports(countries, subdivisions, zones, notes),
        notes=[f"{count:,} {what}" for what, count in sorted(notes.items())],
    )


# ------------------------------------------------------------------------------------ pycountry


def read_countries() -> list[CountryRow]:
    """The countries, by code."""
    rows = (
        CountryRow(
            code=country.alpha_2,
            alpha3=country.alpha_3,
            numeric=country.numeric,
            name=country.name,
            official_name=getattr(country, "official_name", None),
            flag=country.flag,
        )
        for country in pycountry.countries
    )
    return sorted(rows, key=lambda row: row.code)


def read_subdivisions(notes: Counter[str]) -> list[SubdivisionRow]:
    """The subdivisions, by code: a child may well come before its parent."""
    published = list(pycountry.subdivisions)
    codes = {subdivision.code for subdivision in published}
    rows: list[SubdivisionRow] = []
    for subdivision in published:
        parent = subdivision.parent_code
        if parent is not None and parent not in codes:
            # some editions give the parent as "ENG" instead of "GB-ENG"
            full_code = f"{subdivision.country_code}-{parent}"
            parent = full_code if full_code in codes else None
            notes[f"subdivisions with a {'shortened' if parent else 'missing'} parent"] += 1
        rows.append(
            SubdivisionRow(
                code=subdivision.code,
                country=subdivision.country_code,
                parent=parent,
                name=subdivision.name,
                kind=subdivision.type,
            )
        )
    return sorted(rows, key=lambda row: row.code)


def read_languages() -> list[LanguageRow]:
    """The languages, by code."""
    rows = (
        LanguageRow(
            code=language.alpha_3,
            alpha2=getattr(language, "alpha_2", None),
            name=language.name,
            kind=language.type,
            scope=language.scope,
        )
        for language in pycountry.languages
    )
    return sorted(rows, key=lambda row: row.code)


def read_currencies() -> list[CurrencyRow]:
    """The currencies, by code."""
    rows = (
        CurrencyRow(code=currency.alpha_3, numeric=currency.numeric, name=currency.name)
        for currency in pycountry.currencies
    )
    return sorted(rows, key=lambda row: row.code)


# --------------------------------------------------------------------------------------- tzdata


def read_zones() -> list[ZoneRow]:
    """The time zones that have a place in some country, by name."""
    rows: list[ZoneRow] = []
    for _, position, name, *comment in table("zone.tab"):
        split = max(position.rfind("+"), position.rfind("-"))
        latitude, longitude = degrees(position[:split]), degrees(position[split:])
        rows.append(ZoneRow(name, latitude, longitude, comment[0] if comment else None))
    return sorted(rows, key=lambda row: row.name)


def read_country_zones() -> list[CountryZoneRow]:
    """Who keeps which time: zone.tab has each zone at home, zone1970.tab who shares its clock."""
    home = {(country, name) for country, _, name, *_ in table("zone.tab")}
    shared = {
        (country, name)
        for countries, _, name, *_ in table("zone1970.tab")
        for country in countries.split(",")
    }
    return [CountryZoneRow(*link, home=link in home) for link in sorted(home | shared)]


def table(name: str) -> list[list[str]]:
    """The lines of one of tzdata's tables, split into fields."""
    text = (resources.files("tzdata") / "zoneinfo" / name).read_text(encoding="utf-8")
    return [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]


def degrees(text: str) -> float:
    """``+5130`` or ``-0000731``, as ISO 6709 writes an angle, in degrees."""
    sign, digits = (-1 if text[0] == "-" else 1), text[1:]
    whole = 2 if len(digits) in (4, 6) else 3
    minutes, seconds = int(digits[whole : whole + 2]), int(digits[whole + 2 :] or 0)
    return sign * round(int(digits[:whole]) + minutes / 60 + seconds / 3600, 4)


# --------------------------------------------------------------------------------- airportsdata


def read_airports(
    countries: Iterable[CountryRow],
    subdivisions: Iterable[SubdivisionRow],
    zones: Iterable[ZoneRow],
    notes: Counter[str],
) -> list[AirportRow]:
    """The airports of known countries and time zones, by ICAO code."""
    codes = {country.code for country in countries}
    current_zone = zone_names(zones)
    by_name = subdivisions_by_name(subdivisions)
    taken: set[str] = set()
    rows: list[AirportRow] = []
    for icao, airport in sorted(airportsdata.load().items()):
        country, zone = airport["country"], current_zone.get(airport["tz"])
        if country not in codes:
            notes[f"airports left out: {country} is no country of ISO 3166-1"] += 1
            continue
        if zone is None:
            notes["airports left out: their time zone is not in tzdata"] += 1
            continue
        if zone != airport["tz"]:
            notes["airports moved from a time zone's old name to its new one"] += 1
        subdivisions_named = by_name.get((country, simplified(airport["subd"])), [])
        if len(subdivisions_named) != 1:
            notes["airports whose region is no subdivision's name: only the text is kept"] += 1
        iata = airport["iata"] or None
        if iata is None:
            notes["airports without an IATA code: NULL instead of an empty text"] += 1
        elif iata in taken:
            notes["airports with the IATA code of another one: NULL instead"] += 1
            iata = None
        else:
            taken.add(iata)
        rows.append(
            AirportRow(
                icao=icao,
                iata=iata,
                name=airport["name"],
                city=airport["city"],
                region=airport["subd"],
                country=country,
                subdivision=subdivisions_named[0] if len(subdivisions_named) == 1 else None,
                zone=zone,
                elevation=float(airport["elevation"]),
                latitude=float(airport["lat"]),
                longitude=float(airport["lon"]),
            )
        )
    return rows


def zone_names(zones: Iterable[ZoneRow]) -> dict[str, str]:
    """The present name of every time zone, by present and by old name."""
    current = {zone.name: zone.name for zone in zones}
    text = (resources.files("tzdata") / "zoneinfo" / "tzdata.zi").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line.startswith("L "):
            _, name, old = line.split()
            if name in current:
                current.setdefault(old, name)
    return current


def subdivisions_by_name(rows: Iterable[SubdivisionRow]) -> dict[tuple[str, str], list[str]]:
    """The codes that go by a name in a country; several, where a city and its district share it."""
    codes: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        codes.setdefault((row.country, simplified(row.name)), []).append(row.code)
    return codes


def simplified(name: str) -> str:
    """A name without accents and case, as different publishers write them differently."""
    letters = unicodedata.normalize("NFKD", name)
    return "".join(letter for letter in letters if not unicodedata.combining(letter)).casefold()
