"""Lost updates: what prevents them, and that without it they happen."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from asyncorm import (
    Engine,
    SerializationFailure,
    Session,
    StaleDataError,
    func,
    select,
)
from tests.conftest import CreateTables
from tests.support.bank import Account, Counted, Customer, Marked, repeated, store
from tests.support.rows import rows

Versioned = type[Counted] | type[Marked]
Deposit = Callable[[Engine], Awaitable[None]]


@pytest.fixture(autouse=True)
async def bank(engine: Engine, tables: CreateTables) -> None:
    await tables(Customer, Account, Counted, Marked)
    for entity in (Account, Counted, Marked):
        await store(engine, *(entity(id=n, balance=100) for n in range(1, 1001)))


async def balance(engine: Engine, table: str = "account") -> int:
    [(found,)] = await rows(engine, f"select balance from {table} where id = 1")
    return int(found)


async def test_without_a_version_who_writes_last_has_written(engine: Engine) -> None:
    """That is what READ COMMITTED means: whoever reads, computes and writes needs one of the
    ways below."""
    async with Session(engine) as mine, Session(engine) as theirs:
        for session, amount in ((mine, 10), (theirs, 7)):
            (await session.get_one(Account, 1)).balance += amount
        await mine.commit()
        await theirs.commit()
    assert await balance(engine) == 107


@pytest.mark.parametrize("entity", [Counted, Marked])
@pytest.mark.parametrize("how", ["flush", "commit"])
async def test_a_version_lets_the_second_writer_fail(
    engine: Engine, entity: Versioned, how: str
) -> None:
    async with Session(engine) as mine, Session(engine) as theirs:
        first, second = await mine.get_one(entity, 1), await theirs.get_one(entity, 1)
        first.balance += 10
        await mine.commit()
        second.balance += 7
        with pytest.raises(StaleDataError) as caught:
            await getattr(theirs, how)()
        assert caught.value.objects == (second,)
        await theirs.rollback()
        await theirs.refresh(second)
        second.balance += 7
        await theirs.commit()
        # and the first one is stale now
        first.balance += 1
        with pytest.raises(StaleDataError):
            await mine.commit()
        await mine.rollback()
    assert await balance(engine, entity.__table__.name) == 117


async def at_once(engine: Engine, deposit: Deposit) -> None:
    """Twenty deposits at the same time."""
    async with asyncio.timeout(60):
        await asyncio.gather(*(deposit(engine) for _ in range(20)))


async def test_for_update_lets_one_after_the_other_count(engine: Engine) -> None:
    async def deposit(engine: Engine) -> None:
        async with Session(engine) as session:
            # read before, as a program might; the lock reads again
            await session.get(Account, 1)
            account = await session.get_one(Account, 1, with_for_update=True)
            account.balance += 1
            await session.commit()

    await at_once(engine, deposit)
    assert await balance(engine) == 120


async def test_an_expression_lets_the_server_count(engine: Engine) -> None:
    async def deposit(engine: Engine) -> None:
        async with Session(engine) as session:
            account = await session.get_one(Account, 1)
            account.balance = Account.balance + 1  # type: ignore[assignment]
            await session.commit()

    await at_once(engine, deposit)
    assert await balance(engine) == 120


@pytest.mark.parametrize("entity", [Counted, Marked])
async def test_a_version_and_repeating_count_right(engine: Engine, entity: Versioned) -> None:
    async def deposit(engine: Engine) -> None:
        async with Session(engine) as session:
            while True:
                account = await session.get_one(entity, 1, populate_existing=True)
                account.balance += 1
                try:
                    await session.commit()
                except StaleDataError:
                    await session.rollback()
                else:
                    return

    await at_once(engine, deposit)
    assert await balance(engine, entity.__table__.name) == 120


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
async def test_an_isolation_level_lets_the_second_writer_fail(engine: Engine, level: str) -> None:
    async with (
        Session(engine, isolation_level=level) as mine,
        Session(engine, isolation_level=level) as theirs,
    ):
        first, second = await mine.get_one(Account, 1), await theirs.get_one(Account, 1)
        first.balance += 10
        second.balance += 7
        await mine.commit()
        with pytest.raises(SerializationFailure) as caught:
            await theirs.commit()
        assert caught.value.sqlstate == "40001"
        await theirs.rollback()
        assert (await theirs.get_one(Account, 1, populate_existing=True)).balance == 110
        second.balance += 7
        await theirs.commit()
    assert await balance(engine) == 117


async def test_write_skew_is_seen_by_serializable_alone(engine: Engine) -> None:
    """Two withdrawals, each allowed by what both accounts have together."""

    async def withdraw(session: Session, number: int) -> None:
        total = await session.scalar(
            select(func.sum(Account.balance)).where(Account.id.in_([1, 2]))
        )
        assert total is not None
        if total >= 150:
            (await session.get_one(Account, number)).balance -= 150
            await session.flush()

    for level, left in (("REPEATABLE READ", -100), ("SERIALIZABLE", 50)):
        async with Session(engine) as session:
            for number in (1, 2):
                (await session.get_one(Account, number)).balance = 100
            await session.commit()
        one = Session(engine, isolation_level=level)
        two = Session(engine, isolation_level=level)
        async with one as mine, two as theirs:
            await withdraw(mine, 1)
            await withdraw(theirs, 2)
            await mine.commit()
            if level == "REPEATABLE READ":
                await theirs.commit()
            else:
                with pytest.raises(SerializationFailure):
                    await theirs.commit()
                await theirs.rollback()
                # the whole unit of work again: now it sees that there is not enough
                await withdraw(theirs, 2)
                await theirs.commit()
        found = await rows(engine, "select sum(balance)::int from account where id <= 2")
        assert found == [(left,)]


async def test_serializable_units_of_work_are_repeated_as_a_whole(engine: Engine) -> None:
    attempts = 0

    async def transfer(source: int, target: int) -> None:
        nonlocal attempts
        attempts += 1
        async with Session(engine, isolation_level="SERIALIZABLE") as session, session.begin():
            giver, taker = (
                await session.get_one(Account, source),
                await session.get(Account, target),
            )
            assert taker is not None
            giver.balance -= 1
            await session.flush()
            taker.balance += 1

    async with asyncio.timeout(60):
        for _ in range(10):
            await asyncio.gather(
                *(
                    repeated(lambda a=a, b=b: transfer(a, b), SerializationFailure)  # type: ignore[misc]
                    for a, b in ((1, 2), (2, 3), (3, 4))
                )
            )
    found = await rows(engine, "select balance from account where id <= 4 order by id")
    assert found == [(90,), (100,), (100,), (110,)]
    assert attempts > 30, "nothing ever had to be repeated"


@pytest.mark.parametrize("entity", [Account, Counted, Marked])
async def test_of_a_thousand_rows_the_error_names_exactly_those_that_are_gone(
    engine: Engine, entity: type[Account] | Versioned
) -> None:
    async with Session(engine) as mine, Session(engine) as theirs:
        loaded = await mine.all(select(entity).order_by(entity.id))
        gone = [await theirs.get_one(entity, n) for n in range(7, 1001, 97)]
        await theirs.delete_all(gone)
        await theirs.commit()
        for account in loaded:
            account.balance += 1
        with pytest.raises(StaleDataError) as caught:
            await mine.commit()
        assert [account.id for account in caught.value.objects] == [a.id for a in gone]
        assert all(conflict.theirs is None for conflict in caught.value.conflicts)
        await mine.rollback()
        # without them, the rest is written
        for account in caught.value.objects:
            mine.expunge(account)
        left = await mine.all(select(entity))
        assert set(left) == set(loaded) - set(caught.value.objects)
        for account in left:
            account.balance += 1
        await mine.commit()
    [(count,)] = await rows(
        engine, f"select count(*) from {entity.__table__.name} where balance = 101"
    )
    assert count == 1000 - len(gone) == len(left)


@pytest.mark.parametrize("entity", [Account, Counted, Marked])
async def test_two_sessions_delete_overlapping_halves(
    engine: Engine, entity: type[Account] | Versioned
) -> None:
    async with Session(engine) as mine, Session(engine) as theirs:
        await mine.delete_all(await mine.all(select(entity).where(entity.id <= 600)))
        wanted = await theirs.all(select(entity).where(entity.id > 400))
        await theirs.delete_all(wanted)
        await mine.commit()
        with pytest.raises(StaleDataError) as caught:
            await theirs.commit()
        assert sorted(account.id for account in caught.value.objects) == list(range(401, 601))
        await theirs.rollback()
        await theirs.delete_all([a for a in wanted if a not in set(caught.value.objects)])
        await theirs.commit()
    assert await rows(engine, f"select count(*) from {entity.__table__.name}") == [(0,)]


async def test_of_a_thousand_versions_the_error_names_exactly_the_changed_ones(
    engine: Engine,
) -> None:
    async with Session(engine) as mine, Session(engine) as theirs:
        loaded = await mine.all(select(Counted).order_by(Counted.id))
        for number in range(3, 1001, 111):
            (await theirs.get_one(Counted, number)).note = "theirs"
        await theirs.commit()
        for account in loaded:
            account.balance += 1
        with pytest.raises(StaleDataError) as caught:
            await mine.flush()
        assert [a.id for a in caught.value.objects] == list(range(3, 1001, 111))
        await mine.rollback()
    assert await rows(engine, "select count(*) from counted_account where balance = 101") == [(0,)]
