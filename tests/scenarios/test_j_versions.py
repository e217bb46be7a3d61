"""Scenarios J: rows that somebody else has changed or deleted meanwhile."""

from __future__ import annotations

import pytest

from asyncorm import (
    Engine,
    InvalidRequestError,
    Mapped,
    MetaData,
    Model,
    Related,
    SessionFactory,
    StaleDataError,
    column,
    foreign_key,
    generated,
    inspect,
    relationship,
    select,
)
from tests.conftest import CreateTables
from tests.support.rows import rows, run
from tests.support.scenario_models import Account, Author, Entry
from tests.support.sent import Sent
from tests.support.states import state_of
from tests.support.store import store

ELSEWHERE = "update account set balance = balance + 1, version = version + 1"


async def test_j01_every_update_counts_one_and_nothing_else_does(
    Session: SessionFactory, sent: Sent, engine: Engine
) -> None:
    async with Session() as session:
        account = Account(owner="a")
        session.add(account)
        await session.commit()
        assert account.version == 1
        account.balance = 5
        await session.commit()
        assert account.version == 2
        account.owner = "b"
        account.balance = 6
        await session.commit()
        assert account.version == 3
        account.owner = "b"
        sent()
        await session.commit()
        assert sent.work() == []
        assert account.version == 3
    assert await rows(engine, "select balance, version from account") == [(6, 3)]


@pytest.mark.parametrize("count", [1, 3])
async def test_j01_a_stale_update_is_an_error_that_writes_nothing(
    Session: SessionFactory, engine: Engine, count: int
) -> None:
    """V2"""
    await store(Session, *(Account(owner=str(place)) for place in range(count)))
    async with Session() as session:
        accounts = await session.all(select(Account).order_by(Account.id))
        await run(engine, f"{ELSEWHERE} where id = {count}")
        for account in accounts:
            account.balance += 10
        with pytest.raises(StaleDataError, match="Account") as caught:
            await session.flush()
        assert caught.value.objects == (accounts[-1],)
        assert not session.is_active
        await session.rollback()
        for account in accounts:
            await session.refresh(account)
        assert [account.balance for account in accounts] == [0] * (count - 1) + [1]
        assert accounts[-1].version == 2
        accounts[-1].balance += 10
        await session.commit()
        assert accounts[-1].version == 3
    assert await rows(engine, f"select balance from account where id = {count}") == [(11,)]


@pytest.mark.parametrize("gone", [True, False], ids=["deleted", "changed"])
@pytest.mark.parametrize("count", [1, 3])
async def test_j04_a_stale_delete_of_a_versioned_row_is_an_error(
    Session: SessionFactory, engine: Engine, count: int, gone: bool
) -> None:
    """F18"""
    await store(Session, *(Account(owner=str(place)) for place in range(count)))
    async with Session() as session:
        accounts = await session.all(select(Account).order_by(Account.id))
        await run(
            engine, "delete from account where id = 1" if gone else f"{ELSEWHERE} where id = 1"
        )
        await session.delete_all(accounts)
        with pytest.raises(StaleDataError, match="Account") as caught:
            await session.flush()
        assert caught.value.objects == (accounts[0],)
        await session.rollback()
        assert [state_of(account) for account in accounts] == ["persistent"] * count
    assert await rows(engine, "select count(*) from account") == [(count - gone,)]


@pytest.mark.parametrize("count", [1, 3])
async def test_j04_a_missing_row_of_an_unversioned_delete_is_an_error_too(
    Session: SessionFactory, engine: Engine, count: int
) -> None:
    """D13"""
    await store(Session, *(Author(name=str(place)) for place in range(count)))
    async with Session() as session:
        authors = await session.all(select(Author).order_by(Author.id))
        await run(engine, "delete from author where id = 1")
        await session.delete_all(authors)
        with pytest.raises(StaleDataError, match="Author") as caught:
            await session.flush()
        assert authors[0] in caught.value.objects
        await session.rollback()
    assert await rows(engine, "select count(*) from author") == [(count - 1,)]


@pytest.mark.parametrize("count", [1, 3])
async def test_j05_a_missing_row_of_an_unversioned_update_is_an_error(
    Session: SessionFactory, engine: Engine, count: int
) -> None:
    await store(Session, *(Author(name=str(place)) for place in range(count)))
    async with Session() as session:
        authors = await session.all(select(Author).order_by(Author.id))
        await run(engine, "delete from author where id = 1")
        for author in authors:
            author.age = 5
        with pytest.raises(StaleDataError, match="Author") as caught:
            await session.flush()
        assert caught.value.objects == (authors[0],)
        await session.rollback()
        assert session.is_active
    assert await rows(engine, "select count(*) from author where age is not null") == [(0,)]


async def test_j06_locking_a_row_that_has_changed_since_it_was_read_is_an_error(
    Session: SessionFactory, engine: Engine
) -> None:
    """V3"""
    await store(Session, Account(owner="a"))
    async with Session() as session:
        account = await session.get_one(Account, 1)
        account.owner = "mine"
        await run(engine, ELSEWHERE)
        with session.no_autoflush, pytest.raises(StaleDataError, match="Account"):
            await session.get(Account, 1, with_for_update=True)
        await session.rollback()
        await session.refresh(account, with_for_update=True)
        assert (account.owner, account.balance, account.version) == ("a", 1, 2)


async def test_j07_a_merge_compares_the_version_if_it_has_one(
    Session: SessionFactory, engine: Engine
) -> None:
    await store(Session, Account(owner="a"))
    async with Session() as session:
        right = Account(id=1, owner="right")
        right.version = 1
        merged = await session.merge(right)
        await session.commit()
        assert (merged.owner, merged.version) == ("right", 2)
        wrong = Account(id=1, owner="wrong")
        wrong.version = 1
        with pytest.raises(StaleDataError, match="Account"):
            await session.merge(wrong)
        await session.rollback()
        await session.refresh(merged)
        assert merged.owner == "right"
        assert await session.merge(Account(id=1, owner="unset")) is merged
        await session.commit()
        assert (merged.owner, merged.version) == ("unset", 3)
    assert await rows(engine, "select owner, version from account") == [("unset", 3)]


class Watched(Model):
    metadata = MetaData()


class Triggered(Watched, table="triggered"):
    """A trigger counts its versions."""

    id: Mapped[int] = generated(primary_key=True)
    text: Mapped[str] = column(default="")
    version: Mapped[int] = column(version="server", server_default=100, init=False)


class System(Watched, table="system"):
    """The server's own xmin is its version."""

    id: Mapped[int] = generated(primary_key=True)
    text: Mapped[str] = column(default="")
    __mapper_args__ = {"version": "xmin"}


COUNT = """create or replace function count_version() returns trigger language plpgsql as
$$ begin new.version := old.version + 10; return new; end $$"""
ATTACH = """create trigger count_version before update on triggered
for each row execute function count_version()"""


async def test_j08_a_version_that_the_server_makes_is_fetched_and_checked(
    Session: SessionFactory, tables: CreateTables, engine: Engine, sent: Sent
) -> None:
    await tables(Watched)
    await run(engine, COUNT, ATTACH)
    async with Session() as session:
        row = Triggered(text="a")
        session.add(row)
        await session.commit()
        assert row.version == 100
        row.text = "b"
        await session.commit()
        assert row.version == 110
        assert sent.work() == ["INSERT triggered", "UPDATE triggered"]
        await run(engine, "update triggered set text = 'elsewhere'")
        row.text = "c"
        with pytest.raises(StaleDataError, match="Triggered"):
            await session.flush()
        await session.rollback()
        await session.refresh(row)
        assert (row.text, row.version) == ("elsewhere", 120)
        await session.delete(row)
        await session.commit()
    assert await rows(engine, "select id from triggered") == []


@pytest.mark.parametrize("count", [1, 3])
async def test_j08_the_transaction_that_wrote_a_row_serves_as_its_version(
    Session: SessionFactory, tables: CreateTables, engine: Engine, sent: Sent, count: int
) -> None:
    await tables(Watched)
    async with Session() as session:
        made = [System(text=str(place)) for place in range(count)]
        session.add_all(made)
        await session.commit()
        for _ in range(2):
            for row in made:
                row.text += "!"
            await session.commit()
        assert set(sent.work()) == {"INSERT system", "UPDATE system"}
        await run(engine, "update system set text = 'elsewhere' where id = 1")
        for row in made:
            row.text = "mine"
        with pytest.raises(StaleDataError, match="System") as caught:
            await session.flush()
        assert caught.value.objects == (made[0],)
        await session.rollback()
        for row in made:
            await session.refresh(row)
        await run(engine, "update system set text = 'again' where id = 1")
        await session.delete_all(made)
        with pytest.raises(StaleDataError, match="System"):
            await session.flush()
        await session.rollback()
    found = await rows(engine, "select text from system order by id")
    assert found == [("again",), *[(f"{place}!!",) for place in range(1, count)]]


async def test_j09_a_change_of_a_collection_is_none_of_its_owner(
    Session: SessionFactory, sent: Sent
) -> None:
    await store(Session, Account(owner="a", entries=[Entry(amount=1)]))
    async with Session() as session:
        account = await session.get_one(Account, 1)
        (old,) = await session.load(account, Account.entries)
        account.entries.append(Entry(amount=2))
        account.entries.remove(old)
        sent()
        await session.commit()
        assert sorted(sent.work()) == ["INSERT entry", "UPDATE entry"]
        assert account.version == 1
        assert not inspect(account).modified


class Posted(Model):
    metadata = MetaData()


class Chart(Posted, table="chart"):
    """Refers to one of its points in an UPDATE of its own, which is checked like any."""

    id: Mapped[int] = generated(primary_key=True)
    version: Mapped[int] = column(version=True, init=False)
    best_id: Mapped[int | None] = foreign_key("point.id")
    best: Related[Point | None] = relationship(foreign_keys="best_id", post_update=True)
    points: Related[list[Point]] = relationship(
        back_populates="chart", foreign_keys="Point.chart_id", cascade="all"
    )


class Point(Posted, table="point"):
    id: Mapped[int] = generated(primary_key=True)
    chart_id: Mapped[int] = foreign_key(Chart.id)
    chart: Related[Chart] = relationship(back_populates="points", foreign_keys="chart_id")


async def test_j10_a_post_update_counts_and_checks(
    Session: SessionFactory, tables: CreateTables, engine: Engine, sent: Sent
) -> None:
    await tables(Posted)
    async with Session() as session:
        point = Point()
        chart = Chart(best=point, points=[point])
        session.add(chart)
        await session.commit()
        assert sent.work() == ["INSERT chart", "INSERT point", "UPDATE chart"]
        assert chart.version == 2
        assert await rows(engine, "select best_id, version from chart") == [(1, 2)]
        await run(engine, "update chart set version = version + 1")
        chart.best = None
        with pytest.raises(StaleDataError, match="Chart"):
            await session.flush()
        await session.rollback()
        await session.refresh(chart)
        chart.best = None
        await session.commit()
        assert chart.version == 4
        with pytest.raises(InvalidRequestError):
            await session.delete(Chart())
    assert await rows(engine, "select best_id, version from chart") == [(None, 4)]
