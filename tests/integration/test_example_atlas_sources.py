"""The atlas's sources fit each other and the schema; no database is needed."""

from __future__ import annotations

from collections import Counter

import pytest

from examples.atlas.sources import (
    CountryRow,
    SubdivisionRow,
    ZoneRow,
    degrees,
    read_airports,
    read_source,
    simplified,
)

SOURCE = read_source()


def duplicates(values: list[str]) -> list[str]:
    return [value for value, count in Counter(values).items() if count > 1]


def test_the_source_is_as_large_as_promised() -> None:
    assert len(SOURCE.countries) >= 249
    assert len(SOURCE.airports) >= 28_000
    assert SOURCE.size >= 42_000


def test_reading_twice_gives_the_same_rows_in_the_same_order() -> None:
    assert read_source() == SOURCE


def test_no_key_occurs_twice() -> None:
    assert not duplicates([row.code for row in SOURCE.countries])
    assert not duplicates([row.alpha3 for row in SOURCE.countries])
    assert not duplicates([row.code for row in SOURCE.subdivisions])
    assert not duplicates([row.code for row in SOURCE.languages])
    assert not duplicates([row.code for row in SOURCE.currencies])
    assert not duplicates([row.name for row in SOURCE.zones])
    assert not duplicates([f"{row.country} {row.zone}" for row in SOURCE.country_zones])
    assert not duplicates([row.icao for row in SOURCE.airports])
    assert not duplicates([row.iata for row in SOURCE.airports if row.iata is not None])


def test_every_reference_has_its_row() -> None:
    countries = {row.code for row in SOURCE.countries}
    subdivisions = {row.code: row for row in SOURCE.subdivisions}
    zones = {row.name for row in SOURCE.zones}
    assert {row.country for row in SOURCE.subdivisions} <= countries
    assert {row.parent for row in SOURCE.subdivisions} <= subdivisions.keys() | {None}
    assert {row.country for row in SOURCE.country_zones} <= countries
    assert {row.zone for row in SOURCE.country_zones} == zones
    assert {row.country for row in SOURCE.airports} <= countries
    assert {row.zone for row in SOURCE.airports} <= zones
    for airport in SOURCE.airports:
        if airport.subdivision is not None:
            assert subdivisions[airport.subdivision].country == airport.country


def test_a_subdivision_and_its_parent_are_of_one_country() -> None:
    country_of = {row.code: row.country for row in SOURCE.subdivisions}
    children = [row for row in SOURCE.subdivisions if row.parent is not None]
    assert len(children) > 1_000
    assert all(country_of[row.parent] == row.country for row in children if row.parent)


def test_some_children_come_before_their_parents() -> None:
    """Else the load would not show that the unit of work sorts them."""
    position = {row.code: number for number, row in enumerate(SOURCE.subdivisions)}
    assert any(
        position[row.parent] > position[row.code] for row in SOURCE.subdivisions if row.parent
    )


def test_a_time_zone_has_one_home_and_may_be_shared_by_many_countries() -> None:
    homes = Counter(link.zone for link in SOURCE.country_zones if link.home)
    assert homes == Counter(zone.name for zone in SOURCE.zones)
    assert max(Counter(link.zone for link in SOURCE.country_zones).values()) > 5


def test_airports_that_do_not_fit_are_adapted_or_left_out_and_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    country = CountryRow("GB", "GBR", "826", "United Kingdom", None, "")
    subdivision = SubdivisionRow("GB-TWH", "GB", None, "Tower Hamlets", "London borough")
    zone = ZoneRow("Europe/London", 51.5083, -0.1253, None)
    fits = {
        "icao": "AAAA",
        "iata": "AAA",
        "name": "A",
        "city": "",
        "subd": "TOWER Hamléts",
        "country": "GB",
        "elevation": 1.0,
        "lat": 2.0,
        "lon": 3.0,
        "tz": "Europe/London",
    }
    published = {
        "AAAA": fits,
        "BBBB": fits | {"icao": "BBBB"},
        "CCCC": fits | {"icao": "CCCC", "iata": "", "subd": "Nowhere", "tz": "Europe/Belfast"},
        "DDDD": fits | {"icao": "DDDD", "country": "XK"},
        "EEEE": fits | {"icao": "EEEE", "tz": "Mars/Olympus"},
    }
    monkeypatch.setattr("airportsdata.load", lambda: published)
    notes: Counter[str] = Counter()
    airports = read_airports([country], [subdivision], [zone], notes)
    assert [(row.icao, row.iata, row.subdivision, row.zone) for row in airports] == [
        ("AAAA", "AAA", "GB-TWH", "Europe/London"),
        ("BBBB", None, "GB-TWH", "Europe/London"),
        ("CCCC", None, None, "Europe/London"),
    ]
    assert sorted(notes.values()) == [1] * 6


def test_the_notes_say_how_many_rows_they_concern() -> None:
    without_code = sum(row.iata is None for row in SOURCE.airports)
    assert any(note.startswith(f"{without_code:,} ") for note in SOURCE.notes)


@pytest.mark.parametrize(
    ("text", "angle"),
    [("+5130", 51.5), ("-0000731", -0.1253), ("+513030", 51.5083), ("-17445", -174.75)],
)
def test_an_angle_of_iso_6709_in_degrees(text: str, angle: float) -> None:
    assert degrees(text) == angle


def test_names_are_compared_without_accents_and_case() -> None:
    assert simplified("Île-de-France") == simplified("ILE-DE-FRANCE")
