"""FOR UPDATE: who comes second waits, fails or skips, and who gets the row gets it as it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from asyncorm import (
    ArgumentError,
    DeadlockDetected,
    Engine,
    LockTimeout,
    PendingRollbackError,
    Session,
    create_engine,
    select,
    sql,
)
from tests.conftest import CreateTables
from tests.support.bank import Account, Customer, both, store, waiting
from tests.support.rows import rows


@pytest.fixture(autouse=True)
async def bank(engine: Engine, tables: CreateTables) -> None:
    await tables(Customer, Account)
    await store(engine, *(Account(id=n, balance=100) for n in range(1, 201)))


@pytest.fixture
async def mine(engine: Engine) -> AsyncIterator[Session]:
    async with Session(engine) as session:
        yield session


@pytest.fixture
async def theirs(engine: Engine) -> AsyncIterator[Session]:
    async with Session(engine) as session:
        yield session


async def test_nowait_fails_at_once_and_the_session_works_after_a_rollback(
    mine: Session, theirs: Session
) -> None:
    await theirs.get(Account, 1, with_for_update=True)
    with pytest.raises(LockTimeout) as caught:
        await mine.get(Account, 1, with_for_update={"nowait": True})
    assert caught.value.sqlstate == "55P03"
    with pytest.raises(PendingRollbackError):
        await mine.get(Account, 2)
    await mine.rollback()
    assert await mine.get(Account, 2, with_for_update={"nowait": True}) is not None
    await theirs.rollback()
    assert await mine.get(Account, 1, with_for_update={"nowait": True}) is not None


async def test_nowait_in_a_savepoint_loses_the_savepoint_only(
    mine: Session, theirs: Session, engine: Engine
) -> None:
    await theirs.get(Account, 1, with_for_update=True)
    (await mine.get_one(Account, 2)).balance = 7
    with pytest.raises(LockTimeout):
        async with mine.begin_nested():
            await mine.get(Account, 1, with_for_update={"nowait": True})
    await mine.commit()
    assert await rows(engine, "select balance from account where id = 2") == [(7,)]


async def test_skip_locked_hands_every_row_to_one_session(mine: Session, theirs: Session) -> None:
    queue = select(Account).order_by(Account.id).limit(3).with_for_update(skip_locked=True)
    taken = [[account.id for account in await session.all(queue)] for session in (mine, theirs)]
    assert taken == [[1, 2, 3], [4, 5, 6]]
    assert await theirs.get(Account, 1, with_for_update={"skip_locked": True}) is None
    # to be locked is not to be deleted
    await mine.commit()
    assert await theirs.get(Account, 1, with_for_update={"skip_locked": True}) is not None


async def test_an_object_that_was_skipped_stays_in_its_session(
    mine: Session, theirs: Session
) -> None:
    account = await mine.get_one(Account, 1)
    account.note = "mine"
    await theirs.get(Account, 1, with_for_update=True)
    with mine.no_autoflush:
        assert await mine.get(Account, 1, with_for_update={"skip_locked": True}) is None
    assert account in mine
    assert account.note == "mine"
    await theirs.rollback()
    await mine.commit()
    await mine.refresh(account)
    assert account.note == "mine"


async def test_a_refresh_can_not_skip_its_row(mine: Session, theirs: Session) -> None:
    account = await mine.get_one(Account, 1)
    await theirs.get(Account, 1, with_for_update=True)
    with pytest.raises(ArgumentError, match="nowait"):
        await mine.refresh(account, with_for_update={"skip_locked": True})
    assert account in mine


async def test_lock_timeout_ends_the_wait(
    database_url: str, theirs: Session, engine: Engine
) -> None:
    (await theirs.get_one(Account, 1)).balance = 1
    await theirs.flush()
    settings = {"lock_timeout": "50ms"}
    async with create_engine(database_url, server_settings=settings) as impatient:
        async with Session(impatient) as mine:
            account = await mine.get_one(Account, 1)
            with pytest.raises(LockTimeout):
                await mine.refresh(account, with_for_update=True)
            await mine.rollback()
            account.balance = 2
            with pytest.raises(LockTimeout) as caught:
                await mine.commit()
            assert caught.value.hint is not None
            await mine.rollback()
            # the change is gone with the transaction, as after any failed flush
            await theirs.commit()
            await mine.refresh(account)
            account.balance += 1
            await mine.commit()
        assert impatient.pool.in_use == 0
    assert await rows(engine, "select balance from account where id = 1") == [(2,)]


async def test_who_waits_for_the_lock_gets_the_row_as_it_is_then(
    mine: Session, theirs: Session, engine: Engine
) -> None:
    """D17"""
    account = await mine.get_one(Account, 1)
    (await theirs.get_one(Account, 1, with_for_update=True)).balance = 40
    await theirs.flush()
    task = await waiting(engine, mine.get_one(Account, 1, with_for_update=True))
    await theirs.commit()
    assert await task is account
    assert account.balance == 40


async def test_locking_queries_and_refresh_take_over_the_row_too(
    mine: Session, theirs: Session
) -> None:
    """D17"""
    first, second = [await mine.get_one(Account, n) for n in (1, 2)]
    for number in (1, 2):
        (await theirs.get_one(Account, number)).balance = 40
    await theirs.commit()
    await mine.all(select(Account).where(Account.id == 1).with_for_update())
    await mine.refresh(second, with_for_update=True)
    assert (first.balance, second.balance) == (40, 40)


async def test_who_waited_for_a_deleted_row_is_told_that_it_is_gone(
    mine: Session, theirs: Session, engine: Engine
) -> None:
    account = await mine.get_one(Account, 1)
    await theirs.delete(await theirs.get_one(Account, 1))
    await theirs.flush()
    task = await waiting(engine, mine.get(Account, 1, with_for_update=True))
    await theirs.commit()
    assert await task is None
    assert account not in mine


async def test_readers_share_a_lock_that_a_writer_waits_for(
    mine: Session, theirs: Session, engine: Engine
) -> None:
    share = {"read": True, "nowait": True}
    account = await mine.get_one(Account, 1, with_for_update=share)
    assert await theirs.get(Account, 1, with_for_update=share) is not None
    account.balance = 1
    task = await waiting(engine, mine.commit())
    await theirs.commit()
    await task


async def test_a_reader_waits_for_nobody(mine: Session, theirs: Session) -> None:
    (await theirs.get_one(Account, 1, with_for_update=True)).balance = 1
    await theirs.flush()
    async with asyncio.timeout(30):
        assert (await mine.get_one(Account, 1)).balance == 100


async def test_a_savepoint_that_is_rolled_back_gives_its_locks_back(
    mine: Session, theirs: Session
) -> None:
    await mine.get(Account, 1, with_for_update=True)
    savepoint = await mine.begin_nested()
    await mine.get(Account, 2, with_for_update=True)
    await savepoint.rollback()
    assert await theirs.get(Account, 2, with_for_update={"nowait": True}) is not None
    with pytest.raises(LockTimeout):
        await theirs.get(Account, 1, with_for_update={"nowait": True})


async def test_a_savepoint_that_is_kept_keeps_its_locks(mine: Session, theirs: Session) -> None:
    async with mine.begin_nested():
        (await mine.get_one(Account, 2)).balance = 1
    with pytest.raises(LockTimeout):
        await theirs.get(Account, 2, with_for_update={"nowait": True})
    await theirs.rollback()
    await mine.rollback()
    assert (await theirs.get_one(Account, 2, with_for_update={"nowait": True})).balance == 100


async def test_two_sessions_that_wait_for_each_other(mine: Session, theirs: Session) -> None:
    """One of them is the victim; the other one commits."""
    for session, number in ((mine, 1), (theirs, 2)):
        (await session.get_one(Account, number)).balance = number
        await session.flush()

    async def take(session: Session, number: int) -> None:
        (await session.get_one(Account, number)).balance = 10 + number
        await session.commit()

    results = await both(take(mine, 2), take(theirs, 1))
    [error] = [result for result in results if result is not None]
    assert isinstance(error, DeadlockDetected)
    assert error.sqlstate == "40P01"
    victim, number = (mine, 2) if results[0] is error else (theirs, 1)
    assert not victim.is_active
    with pytest.raises(PendingRollbackError):
        await victim.get(Account, 3)
    await victim.rollback()
    # the whole unit of work again, on the objects that it has already
    for key in (number, 3 - number):
        account = await victim.get_one(Account, key, with_for_update=True)
        account.balance += 100
    await victim.commit()
    balances = select(Account.id, Account.balance).where(Account.id <= 2)
    survivor = {1: 1, 2: 12} if victim is theirs else {1: 11, 2: 2}
    assert dict(await mine.all(balances)) == {k: v + 100 for k, v in survivor.items()}


async def test_sessions_that_change_the_same_rows_in_opposite_order_never_wait_in_a_circle(
    engine: Engine,
) -> None:
    """The rows of a batch are written in the order of their keys, whoever changed them when."""

    async def work(*, backwards: bool) -> None:
        async with Session(engine) as session:
            order = Account.id.desc() if backwards else Account.id.asc()
            accounts = await session.all(select(Account).order_by(order))
            for _ in range(50):
                for account in accounts:
                    account.balance += 1
                await session.commit()

    async with asyncio.timeout(60):
        assert await both(work(backwards=False), work(backwards=True)) == [None, None]
    assert len(await rows(engine, "select 1 from account where balance >= 150")) == 200


async def test_sessions_that_delete_the_same_rows_in_opposite_order_never_wait_in_a_circle(
    engine: Engine,
) -> None:
    async def work(*, backwards: bool) -> str:
        async with Session(engine) as session:
            order = Account.id.desc() if backwards else Account.id.asc()
            accounts = await session.all(select(Account).order_by(order))
            await session.delete_all(accounts)
            try:
                await session.commit()
            except Exception as error:
                return type(error).__name__
            return "done"

    for _ in range(20):
        assert sorted(await both(work(backwards=False), work(backwards=True))) in (
            ["StaleDataError", "done"],
            ["done", "done"],  # one was through before the other one had read
        )
        await store(engine, *(Account(id=n) for n in range(1, 201)))


async def test_an_advisory_lock_of_the_transaction_ends_with_it(
    mine: Session, theirs: Session
) -> None:
    attempt = sql("select pg_try_advisory_xact_lock(77)")
    assert await mine.scalar(attempt) is True
    assert await theirs.scalar(attempt) is False
    await mine.commit()
    assert await theirs.scalar(attempt) is True
