"""Natural keys: they may change, and what refers to them follows."""

from __future__ import annotations

import pytest

from asyncorm import FlushError, IdentityConflictError, Session, func, inspect, select, selectinload
from asyncorm.engine.engine import Engine
from asyncorm.models.attributes import Mapped, Related
from asyncorm.models.fields import column, foreign_key, relationship
from asyncorm.models.model import Model
from asyncorm.sql.table import MetaData
from tests.conftest import CreateTables
from tests.support.library import City, Country, Street
from tests.support.rows import rows


class Fair(Model):
    metadata = MetaData()


class Circus(Fair, table="circus"):
    name: Mapped[str] = column(primary_key=True)


class Animal(Fair, table="animal"):
    id: Mapped[int] = column(primary_key=True)
    circus_name: Mapped[str] = foreign_key(Circus.name, onupdate="CASCADE")
    circus: Related[Circus] = relationship()


async def test_a_key_is_renamed(engine: Engine, tables: CreateTables) -> None:  # I01
    await tables(Country)
    async with Session(engine) as session:
        country = Country(code="old")
        session.add(country)
        await session.commit()
        country.code = "new"
        assert inspect(country).identity_key == (Country, ("old",))
        await session.flush()
        assert inspect(country).identity_key == (Country, ("new",))
        assert await session.get(Country, "new") is country
        assert await session.get(Country, "old") is None
        await session.commit()
    assert await rows(engine, "select code from country") == [("new",)]


async def test_a_renamed_key_is_back_after_a_rollback(  # S26
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Country, City, Street)
    async with Session(engine) as session:
        city = City(number=1)
        country = Country(code="a", cities=[city])
        session.add(country)
        await session.commit()
        for code in "bcd":
            country.code = code
            await session.flush()
        assert city.country_code == "d"
        await session.rollback()
        assert (country.code, city.country_code) == ("a", "a")
        assert await session.get(Country, "a") is country
        assert await session.get(City, ("a", 1)) is city


@pytest.mark.parametrize("load", [True, False])
async def test_what_refers_to_a_renamed_key_follows(  # I02, K2, K3
    engine: Engine, tables: CreateTables, load: bool
) -> None:
    await tables(Country, City, Street)
    async with Session(engine) as session:
        cities = [City(number=1), City(number=2)]
        session.add_all([Country(code="a", cities=cities), Street(city=cities[0])])
        await session.commit()
    async with Session(engine) as session:
        country = await session.get_one(Country, "a")
        cities = await session.all(select(City)) if load else []
        streets = await session.all(select(Street)) if load else []
        country.code = "b"
        assert len(await session.plan()) == 1
        await session.flush()
        assert all(city.country_code == "b" for city in cities)
        for city in cities:
            assert await session.get(City, ("b", city.number)) is city
            assert await session.get(City, ("a", city.number)) is None
        assert all(street.country_code == "b" for street in streets)
        assert len(await session.plan()) == 0
        await session.commit()
        for city in cities:
            assert not session.is_modified(city)
    assert await rows(engine, "select distinct country_code from city") == [("b",)]
    assert await rows(engine, "select country_code, city_number from street") == [("b", 1)]


async def test_keys_move_up_in_a_chain_and_back(  # I06, K4
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Country, City, Street)
    async with Session(engine) as session:
        countries = [Country(code=code, name=code) for code in "abc"]
        session.add_all(countries)
        await session.commit()
        for before, after in (("abc", "bcd"), ("bcd", "abc")):
            for country, code in zip(countries, after, strict=True):
                country.code = code
            assert len(await session.plan()) == 3
            await session.flush()
            for country, code in zip(countries, after, strict=True):
                assert await session.get(Country, code) is country
            assert await session.get(Country, (set(before) - set(after)).pop()) is None
        for country, code in zip(countries, "bcd", strict=True):
            country.code = code
        await session.flush()
        await session.rollback()
        assert [country.code for country in countries] == [*"abc"]
        assert await session.get(Country, "c") is countries[2]


async def test_a_new_child_takes_the_renamed_key(engine: Engine, tables: CreateTables) -> None:
    await tables(Country, City, Street)
    async with Session(engine) as session:
        country = Country(code="a")
        session.add(country)
        await session.commit()
        country.code = "b"
        country.cities.append(City(number=1))
        await session.commit()
    assert await rows(engine, "select country_code from city") == [("b",)]


async def test_a_child_whose_key_contains_its_parents_moves(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Country, City, Street)
    async with Session(engine) as session:
        city = City(number=1)
        here, there = Country(code="a", cities=[city]), Country(code="b")
        session.add_all([here, there])
        await session.commit()
        city.country = there
        await session.flush()
        assert inspect(city).identity_key == (City, ("b", 1))
        await session.rollback()
        assert inspect(city).identity_key == (City, ("a", 1))
        await session.load(here, Country.cities)
        await session.refresh(city)
        city.country = there
        await session.commit()
    assert await rows(engine, "select country_code from city") == [("b",)]


async def test_a_key_changed_and_deleted_is_deleted_by_its_old_value(  # K7
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Country, City)
    async with Session(engine) as session:
        country = Country(code="a")
        session.add_all([country, Country(code="b")])
        await session.commit()
        country.code = "z"
        await session.delete(country)
        await session.commit()
    assert await rows(engine, "select code from country") == [("b",)]


async def test_a_key_may_be_computed_by_the_server(  # I07
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Country)
    async with Session(engine) as session:
        country = Country(code="a")
        session.add(country)
        await session.commit()
        country.code = func.upper("new")
        await session.flush()
        assert country.code == "NEW"
        assert await session.get(Country, "NEW") is country
        await session.commit()


async def test_a_conflict_is_found_before_sql(engine: Engine, tables: CreateTables) -> None:  # F08
    await tables(Country)
    async with Session(engine) as session:
        first = Country(code="a", name="first")
        session.add(first)
        await session.commit()
        second = Country(code="a", name="second")
        session.add(second)
        with pytest.raises(IdentityConflictError, match="Country"):
            await session.flush()
        assert session.is_active
        assert inspect(first).persistent
        await session.rollback()
        assert inspect(second).transient
        assert inspect(first).persistent
    assert await rows(engine, "select name from country") == [("first",)]


async def test_a_missing_key_is_found_before_sql(  # E17
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Country)
    async with Session(engine) as session:
        country = Country(code="a")
        country.code = None  # type: ignore[assignment]
        session.add(country)
        with pytest.raises(FlushError, match=r"Country.code of a new object has no value"):
            await session.flush()
        country.code = "a"
        await session.commit()
        country.code = None  # type: ignore[assignment]
        with pytest.raises(FlushError, match=r"Country.code .* was set to None"):
            await session.flush()
        await session.rollback()
        assert country.code == "a"


async def test_children_by_composite_keys_are_loaded_after_a_rename(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Country, City, Street)
    async with Session(engine) as session:
        country = Country(code="a", cities=[City(number=n) for n in range(3)])
        session.add(country)
        await session.commit()
        country.code = "b"
        await session.commit()
    async with Session(engine) as session:
        country = await session.get_one(Country, "b", options=[selectinload(Country.cities)])
        assert [city.number for city in country.cities] == [0, 1, 2]


async def test_a_child_that_moves_to_the_taker_of_a_key_is_written(  # K2, K4
    engine: Engine, tables: CreateTables
) -> None:
    """Its reference has the right value before, but the server gives it another one."""
    await tables(Circus, Animal)
    async with Session(engine) as session:
        first, second = Circus(name="e"), Circus(name="x")
        moved, kept = Animal(id=1, circus=first), Animal(id=2, circus=first)
        session.add_all([first, second, moved, kept])
        await session.commit()
        first.name, second.name, moved.circus = "c", "e", second
        await session.commit()
        assert (moved.circus_name, kept.circus_name) == ("e", "c")
    query = "select circus_name from animal order by id"
    assert await rows(engine, query) == [("e",), ("c",)]


async def test_a_child_that_moves_to_a_new_owner_of_a_key_refers_to_it_in_memory(  # K2
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Circus, Animal)
    async with Session(engine) as session:
        first = Circus(name="e")
        moved, kept = Animal(id=1, circus=first), Animal(id=2, circus=first)
        session.add_all([first, moved, kept])
        await session.commit()
        first.name, moved.circus = "c", Circus(name="e")
        await session.commit()
        assert (moved.circus_name, kept.circus_name) == ("e", "c")
    query = "select circus_name from animal order by id"
    assert await rows(engine, query) == [("e",), ("c",)]
