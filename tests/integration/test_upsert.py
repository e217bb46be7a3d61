"""INSERT ... ON CONFLICT: objects that are loaded follow the rows that were updated."""

from __future__ import annotations

from typing import Any

import pytest

from asyncorm import (
    ArgumentError,
    InvalidRequestError,
    Mapped,
    MetaData,
    Model,
    Session,
    UnflushedChangesError,
    column,
    generated,
    insert,
    inspect,
    select,
    update,
)
from asyncorm.engine.engine import Engine
from asyncorm.session.factory import SessionFactory
from tests.conftest import CreateTables
from tests.integration.conftest import Sent
from tests.support.bookshop import Author, Country
from tests.support.rows import run


def upsert(*rows: dict[str, Any]) -> Any:
    statement = insert(Author)
    return statement.values(list(rows)).on_conflict_do_update(
        index_elements=[Author.name], set_={"age": statement.excluded.age}
    )


async def test_returned_objects_are_refreshed_if_they_are_loaded(  # N12, B7
    Session: SessionFactory, engine: Engine, sent: Sent
) -> None:
    async with Session() as session:
        author = Author(name="a", age=1)
        session.add(author)
        await session.commit()
        given = [{"name": "b", "age": 5}, {"name": "a", "age": 6}]
        sent()
        found = await session.all(upsert(*given).returning(Author))
        assert sent.verbs() == ["BEGIN", "INSERT"]
        assert found[1] is author
        assert [(x.name, x.age) for x in found] == [("b", 5), ("a", 6)]
        assert inspect(found[0]).persistent
        await session.rollback()
        await session.refresh(author)
        assert author.age == 1


@pytest.mark.parametrize("populate", [True, False])
async def test_attributes_that_were_not_set_are_refreshed_too(  # N12
    Session: SessionFactory, engine: Engine, populate: bool
) -> None:
    async with Session() as session:
        country = Country(code="de", name="Germany")
        session.add(country)
        await session.commit()
        await run(engine, "update country set name = 'Deutschland'")
        statement = (
            insert(Country)
            .values(code="de", name="ignored")
            .on_conflict_do_update(index_elements=[Country.code], set_={"code": "de"})
            .returning(Country)
            .execution_options(populate_existing=populate)
        )
        assert await session.one(statement) is country
        assert country.name == "Deutschland"
        assert not session.dirty


async def test_loaded_objects_follow_without_returning(Session: SessionFactory) -> None:
    async with Session() as session:
        author = Author(name="a", age=1)
        session.add(author)
        await session.flush()
        result = await session.execute(upsert({"name": "a", "age": 7}, {"name": "b", "age": 8}))
        assert (result.rowcount, result.all()) == (2, [])
        assert author.age == 7
        statement = upsert({"name": "a", "age": 9})
        await session.execute(statement.execution_options(synchronize_session=False))
        assert author.age == 7


async def test_unflushed_changes_of_other_attributes_are_kept_or_refused(  # B7
    Session: SessionFactory,
) -> None:
    async with Session() as session:
        author = Author(name="a", age=1)
        session.add(author)
        await session.commit()
        with session.no_autoflush:
            author.name, author.age = "mine", 2
            statement = upsert({"name": "a", "age": 7}).returning(Author)
            assert await session.one(statement) is author
            assert (author.name, author.age) == ("mine", 7)
            assert session.dirty == (author,)
            with pytest.raises(UnflushedChangesError, match=r"Author\.name"):
                await session.one(statement.execution_options(populate_existing=True))
            assert author.name == "mine"


async def test_do_nothing_returns_only_what_was_inserted(Session: SessionFactory) -> None:
    async with Session() as session:
        author = Author(name="a", age=1)
        session.add(author)
        await session.commit()
        statement = insert(Author).on_conflict_do_nothing().returning(Author)
        given = [{"name": "a", "age": 5}, {"name": "b", "age": 6}]
        (found,) = (await session.execute(statement, given)).all()
        assert (found.name, author.age) == ("b", 1)


async def test_a_conflict_that_changes_the_key_of_loaded_objects_is_refused(
    Session: SessionFactory,
) -> None:
    async with Session() as session:
        country = Country(code="de", name="Germany")
        session.add(country)
        await session.commit()
        statement = insert(Country)
        upsert = statement.values(code="xx", name="Germany").on_conflict_do_update(
            index_elements=[Country.name], set_={"code": statement.excluded.code}
        )
        with pytest.raises(InvalidRequestError, match=r"changes Country\.code, the primary key"):
            await session.execute(upsert)


@pytest.mark.parametrize("way", ["execute", "scalars", "scalar"])
async def test_execution_options_may_be_given_beside_the_statement(
    Session: SessionFactory, engine: Engine, way: str
) -> None:
    async with Session() as session:
        author = Author(name="a", age=1)
        session.add(author)
        await session.commit()
        await run(engine, "update author set age = 2")
        run_in_session = getattr(session, way)
        await run_in_session(select(Author), execution_options={"populate_existing": True})
        assert author.age == 2
        unseen = {"synchronize_session": False}
        await run_in_session(update(Author).values(age=3), execution_options=unseen)
        assert author.age == 2
        with pytest.raises(ArgumentError, match="is no statement"):
            await run_in_session("select 1", execution_options={"populate_existing": True})


class Base(Model):
    metadata = MetaData()


class Stock(Base, table="upsert_stock"):
    id: Mapped[int] = generated(primary_key=True)
    code: Mapped[str] = column(unique=True)
    amount: Mapped[int]
    times: Mapped[int] = column(default=1)
    note: Mapped[str] = column(server_default="new")


async def test_very_many_rows_are_one_statement_with_defaults_and_what_was_there(
    engine: Engine, tables: CreateTables, sent: Sent
) -> None:
    await tables(Stock)
    statement = insert(Stock)
    statement = statement.on_conflict_do_update(
        index_elements=[Stock.code],
        set_=[
            Stock.amount.set(Stock.amount + statement.excluded[Stock.amount]),
            Stock.times.set(Stock.times + 1),
        ],
        where=statement.excluded[Stock.amount] > 0,
    )
    given = [{"code": f"c{number}", "amount": number} for number in range(30_000)]
    async with Session(engine) as session:
        await session.execute(statement, given[:2000])
        held = await session.one(select(Stock).where(Stock.code == "c7"))
        sent()
        returned = statement.returning(Stock.code, Stock.amount, Stock.times, Stock.note)
        found = await session.all(returned.values(given))
        assert sent.verbs() == ["INSERT"]
        assert [tuple(row) for row in found[:2]] == [("c1", 2, 2, "new"), ("c2", 4, 2, "new")]
        assert found[-1] == ("c29999", 29999, 1, "new")
        assert len(found) == 29_999  # the row of c0 was left alone
        assert (held.amount, held.times) == (14, 2)


async def test_rows_from_outside_are_left_out_or_come_back(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Stock)
    statement = insert(Stock).on_conflict_do_nothing(index_elements=["code"])
    async with Session(engine) as session:
        await session.execute(statement, [{"code": "a", "amount": 1}])
        rows_given = [{"code": "b", "amount": 2}, {"code": "a", "amount": 3, "note": "x"}]
        found = await session.execute(statement.returning(Stock), rows_given)
        assert [(one.code, one.note) for one in found] == [("b", "new")]
