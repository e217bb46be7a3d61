"""Rows that are gone are noticed, in every batch, and nothing of the flush is kept."""

from __future__ import annotations

import pytest

from asyncorm import FlushError, Session, StaleDataError, inspect, select
from asyncorm.engine.engine import Engine, create_engine
from tests.conftest import CreateTables
from tests.support.library import Author, City, Country, Sum
from tests.support.rows import rows, run
from tests.support.wire import WireProxy


async def add_authors(engine: Engine, count: int = 5) -> None:
    async with Session(engine) as session:
        session.add_all([Author(name=str(number)) for number in range(1, count + 1)])
        await session.commit()


async def authors_of(session: Session) -> list[Author]:
    return await session.all(select(Author).order_by(Author.id))


async def assert_nothing_was_kept(session: Session, engine: Engine) -> None:
    assert not session.is_active
    await session.rollback()
    assert set(await rows(engine, "select name from author")) <= {(str(n),) for n in range(1, 10)}
    for author in await authors_of(session):
        author.name = f"{author.id}!"
    await session.commit()


@pytest.mark.parametrize("how", ["flush", "commit"])
@pytest.mark.parametrize("count", [1, 5])
async def test_an_update_names_the_objects_whose_rows_are_gone(
    engine: Engine, tables: CreateTables, how: str, count: int
) -> None:
    await tables(Author)
    await add_authors(engine, count)
    async with Session(engine) as session:
        authors = await authors_of(session)
        await run(engine, "delete from author where id in (1, 3)")
        for author in authors:
            author.name += "?"
        with pytest.raises(StaleDataError, match=f"UPDATE of {count} Author") as caught:
            await getattr(session, how)()
        gone = [author for number, author in enumerate(authors, 1) if number in (1, 3)]
        assert list(caught.value.objects) == gone
        assert f"matched {count - len(gone)} rows" in str(caught.value)
        await assert_nothing_was_kept(session, engine)


@pytest.mark.parametrize("how", ["flush", "commit"])
@pytest.mark.parametrize("count", [1, 5])
async def test_a_delete_names_the_objects_whose_rows_are_gone(
    engine: Engine, tables: CreateTables, how: str, count: int
) -> None:
    await tables(Author)
    await add_authors(engine, count)
    async with Session(engine) as session:
        authors = await authors_of(session)
        await run(engine, "delete from author where id = 1")
        for author in authors:
            session._core.unit.delete(author)
        with pytest.raises(StaleDataError, match=f"DELETE of {count} Author") as caught:
            await getattr(session, how)()
        assert list(caught.value.objects) == [authors[0]]
        await session.rollback()
        assert inspect(authors[0]).persistent
    assert len(await rows(engine, "select 1 from author")) == count - 1


async def test_a_composite_key_is_checked_as_well(engine: Engine, tables: CreateTables) -> None:
    await tables(Country, City)
    async with Session(engine) as session:
        cities = [City(number=number) for number in range(4)]
        session.add(Country(code="de", cities=cities))
        await session.commit()
        await run(engine, "delete from city where number = 2")
        for city in cities:
            await session.delete(city)
        with pytest.raises(StaleDataError) as caught:
            await session.commit()
        assert list(caught.value.objects) == [cities[2]]
        await session.rollback()
    assert len(await rows(engine, "select 1 from city")) == 3


@pytest.mark.parametrize("how", ["flush", "commit"])
async def test_a_changed_key_is_checked_as_well(
    engine: Engine, tables: CreateTables, how: str
) -> None:
    await tables(Country)
    async with Session(engine) as session:
        countries = [Country(code=code) for code in "abcd"]
        session.add_all(countries)
        await session.commit()
        await run(engine, "delete from country where code = 'c'")
        for country in countries:
            country.code += "!"
        with pytest.raises(StaleDataError) as caught:
            await getattr(session, how)()
        assert list(caught.value.objects) == [countries[2]]
        await session.rollback()
        assert [country.code for country in countries] == [*"abcd"]
    assert await rows(engine, "select code from country order by 1") == [("a",), ("b",), ("d",)]


async def test_an_update_that_returns_values_is_checked_as_well(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Sum)
    async with Session(engine) as session:
        sums = [Sum(a=number, b=0) for number in range(4)]
        session.add_all(sums)
        await session.commit()
        await run(engine, "delete from sum where a = 2")
        for row in sums:
            row.b = 9
        with pytest.raises(StaleDataError) as caught:
            await session.commit()
        assert list(caught.value.objects) == [sums[2]]
        await session.rollback()
    assert await rows(engine, "select distinct b from sum") == [(0,)]


async def test_an_update_by_an_expression_is_checked_as_well(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Author)
    await add_authors(engine, 1)
    async with Session(engine) as session:
        [author] = await authors_of(session)
        await run(engine, "delete from author")
        author.age = Author.id + 1
        with pytest.raises(StaleDataError) as caught:
            await session.flush()
        assert list(caught.value.objects) == [author]


@pytest.mark.parametrize("how", ["flush", "commit"])
@pytest.mark.parametrize("count", [1, 4, 3000])
async def test_rows_that_a_trigger_drops_are_missed(
    engine: Engine, tables: CreateTables, how: str, count: int
) -> None:
    await tables(Country, City)
    await run(
        engine,
        "create or replace function drop_some() returns trigger language plpgsql as "
        "$$ begin return case when new.name = '0' then null else new end; end $$",
        "create trigger drop_some before insert on country for each row "
        "execute function drop_some()",
    )
    async with Session(engine) as session:
        session.add_all([Country(code=str(n), name=str(n)) for n in range(count)])
        with pytest.raises(FlushError, match=f"wrote {count - 1} of {count} rows") as caught:
            await getattr(session, how)()
        assert "trigger" in str(caught.value)
        await session.rollback()
    assert await rows(engine, "select 1 from country") == []
    await run(engine, "drop function drop_some cascade")


async def test_a_savepoint_takes_the_loss_alone(engine: Engine, tables: CreateTables) -> None:
    await tables(Author)
    await add_authors(engine, 3)
    async with Session(engine) as session:
        first, second, third = await authors_of(session)
        third.name = "kept"
        savepoint = await session.begin_nested()
        await run(engine, "delete from author where id = 1")
        first.name = second.name = "lost"
        second.name += "!"
        with pytest.raises(StaleDataError):
            await session.flush()
        await savepoint.rollback()
        await session.commit()
    assert await rows(engine, "select id, name from author order by id") == [(2, "2"), (3, "kept")]


async def test_a_commit_of_one_statement_stays_one_statement_and_whole(
    engine: Engine, database_url: str, tables: CreateTables
) -> None:
    await tables(Author)
    await add_authors(engine, 5)
    async with WireProxy(database_url) as proxy, create_engine(proxy.url) as own:
        async with Session(own) as session:
            for author in await authors_of(session):
                author.name += "?"
            proxy.reset()
            await session.commit()
            assert [sql.partition(" ")[0] for sql in proxy.statements] == ["WITH"]
            for author in await authors_of(session):
                author.name += "!"
            await run(engine, "delete from author where id = 5")
            proxy.reset()
            with pytest.raises(StaleDataError):
                await session.commit()
            assert "BEGIN" not in proxy.statements
    found = await rows(engine, "select name from author order by id")
    assert found == [("1?",), ("2?",), ("3?",), ("4?",)]
