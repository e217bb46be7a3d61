"""What a session sees of another one's work: nothing before its commit, and then when it asks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from asyncorm import (
    Engine,
    InvalidRequestError,
    ObjectDeletedError,
    Session,
    func,
    inspect,
    select,
    sql,
    update,
)
from tests.conftest import CreateTables
from tests.support.bank import Account, Customer, Interest, store


@pytest.fixture(autouse=True)
async def bank(engine: Engine, tables: CreateTables) -> None:
    await tables(Customer, Account, Interest)
    await store(engine, *(Account(id=n, balance=100) for n in range(1, 4)))


@pytest.fixture
async def mine(engine: Engine) -> AsyncIterator[Session]:
    async with Session(engine) as session:
        yield session


@pytest.fixture
async def theirs(engine: Engine) -> AsyncIterator[Session]:
    async with Session(engine) as session:
        yield session


async def change(session: Session, balance: int) -> None:
    """Change the first account, and flush it."""
    (await session.get_one(Account, 1)).balance = balance
    await session.flush()


async def test_what_is_flushed_but_not_committed_is_seen_by_nobody_else(
    mine: Session, theirs: Session
) -> None:
    await change(theirs, 50)
    theirs.add(Account(id=9))
    await theirs.delete(await theirs.get_one(Account, 2))
    await theirs.flush()
    assert sorted([(a.id, a.balance) for a in await mine.all(select(Account))]) == [
        (1, 100),
        (2, 100),
        (3, 100),
    ]
    assert await mine.get(Account, 9) is None
    await theirs.rollback()
    assert (await theirs.get_one(Account, 1)).balance == 100


@pytest.mark.parametrize("begun", [False, True], ids=["reading", "in a transaction"])
async def test_a_committed_change_is_not_seen_in_an_object_that_is_loaded(
    mine: Session, theirs: Session, *, begun: bool
) -> None:
    if begun:
        mine.add(Account(id=8))
        await mine.flush()
    account = await mine.get_one(Account, 1)
    await change(theirs, 50)
    await theirs.commit()
    assert await mine.get(Account, 1) is account
    assert account in await mine.all(select(Account))
    assert account.balance == 100
    # its value in a row of values is that of the server: only objects are what they are
    assert await mine.scalar(select(Account.balance).where(Account.id == 1)) == 50
    assert await mine.all(select(Account).where(Account.balance == 50)) == [account]
    assert account.balance == 100


async def by_refresh(session: Session, account: Account) -> None:
    await session.refresh(account)


async def by_populate_existing(session: Session, account: Account) -> None:
    statement = select(Account).where(Account.id == 1)
    await session.all(statement.execution_options(populate_existing=True))


async def by_get_populating(session: Session, account: Account) -> None:
    await session.get(Account, 1, populate_existing=True)


async def by_expire(session: Session, account: Account) -> None:
    session.expire(account)
    await session.all(select(Account))


async def by_expire_all(session: Session, account: Account) -> None:
    session.expire_all()
    await session.get(Account, 1)


async def by_clear(session: Session, account: Account) -> None:
    session.expunge_all()
    found = await session.get_one(Account, 1)
    assert found is not account
    account.balance = found.balance


async def by_rollback(session: Session, account: Account) -> None:
    await session.rollback()
    await session.refresh(account)


@pytest.mark.parametrize(
    "ask",
    [
        by_refresh,
        by_populate_existing,
        by_get_populating,
        by_expire,
        by_expire_all,
        by_clear,
        by_rollback,
    ],
)
async def test_a_committed_change_is_seen_once_it_is_asked_for(
    mine: Session, theirs: Session, ask: Any
) -> None:
    account = await mine.get_one(Account, 1)
    await change(theirs, 50)
    await ask(mine, account)
    assert account.balance == 100
    await theirs.commit()
    account = await mine.get_one(Account, 1)
    await ask(mine, account)
    assert account.balance == 50


async def test_expire_on_commit_makes_the_next_transaction_look_again(
    engine: Engine, theirs: Session
) -> None:
    async with Session(engine, expire_on_commit=True) as mine:
        account = await mine.get_one(Account, 1)
        account.note = "mine"
        await mine.commit()
        await change(theirs, 50)
        await theirs.commit()
        assert await mine.get(Account, 1) is account
        assert (account.balance, account.note) == (50, "mine")


async def test_a_row_deleted_by_another_session_is_missed_when_it_is_looked_for(
    mine: Session, theirs: Session
) -> None:
    first, second, third = [await mine.get_one(Account, n) for n in (1, 2, 3)]
    await theirs.delete_all([await theirs.get_one(Account, n) for n in (1, 2)])
    await theirs.commit()
    assert await mine.get(Account, 1) is first
    assert await mine.all(select(Account)) == [third]
    with pytest.raises(ObjectDeletedError):
        await mine.refresh(first)
    mine.expire(second)
    assert await mine.get(Account, 2) is None
    assert second not in mine


async def test_a_row_inserted_by_another_session_comes_with_the_next_query(
    mine: Session, theirs: Session
) -> None:
    assert len(await mine.all(select(Account))) == 3
    assert await mine.get(Account, 4) is None
    theirs.add(Account(id=4, balance=7))
    await theirs.flush()
    assert await mine.get(Account, 4) is None
    await theirs.commit()
    assert (await mine.get_one(Account, 4)).balance == 7


async def test_a_loaded_collection_stays_until_it_is_loaded_again(
    engine: Engine, mine: Session, theirs: Session
) -> None:
    await store(engine, Customer(id=1, name="ada", accounts=[Account(id=11)]))
    customer = await mine.get_one(Customer, 1)
    assert len(await mine.load(customer, Customer.accounts)) == 1
    theirs.add(Account(id=12, customer_id=1))
    await theirs.commit()
    assert len(await mine.load(customer, Customer.accounts)) == 1
    await mine.refresh(customer, ["accounts"])
    assert [account.id for account in customer.accounts] == [11, 12]


async def test_an_unflushed_change_of_mine_is_not_overwritten_by_theirs(
    mine: Session, theirs: Session
) -> None:
    account = await mine.get_one(Account, 1)
    account.note = "mine"
    await change(theirs, 50)
    await theirs.commit()
    with mine.no_autoflush:
        await mine.all(select(Account))
    assert inspect(account).modified
    await mine.commit()
    # only what was changed is written, so both changes are there
    await mine.refresh(account)
    assert (account.balance, account.note) == (50, "mine")


async def test_repeatable_read_sees_one_moment_all_along(engine: Engine, theirs: Session) -> None:
    async with Session(engine, isolation_level="REPEATABLE READ") as mine:
        account = await mine.get_one(Account, 1)
        await change(theirs, 50)
        theirs.add(Account(id=4))
        await theirs.commit()
        await mine.refresh(account)
        assert account.balance == 100
        assert await mine.get(Account, 4) is None
        assert await mine.scalar(select(func.count()).select_from(Account)) == 3
        await mine.commit()
        await mine.refresh(account)
        assert account.balance == 50
        assert await mine.get(Account, 4) is not None


async def test_two_sessions_of_one_task_have_connections_and_objects_of_their_own(
    engine: Engine, mine: Session, theirs: Session
) -> None:
    first, second = await mine.get_one(Account, 1), await theirs.get_one(Account, 1)
    assert first is not second
    first.balance, second.note = 1, "second"
    await mine.flush()
    assert second.balance == 100
    await mine.commit()
    await theirs.commit()
    assert engine.pool.in_use == 0
    for session, account in ((mine, first), (theirs, second)):
        await session.refresh(account)
        assert (account.balance, account.note) == (1, "second")
    backend = sql("select pg_backend_pid()")
    assert await mine.scalar(backend) != await theirs.scalar(backend)


async def test_an_object_of_one_session_is_refused_by_the_other(
    mine: Session, theirs: Session
) -> None:
    account = await mine.get_one(Account, 1)
    with pytest.raises(InvalidRequestError, match="session"):
        theirs.add(account)
    mine.expunge(account)
    theirs.add(account)
    account.balance = 5
    await theirs.commit()
    assert await mine.scalar(select(Account.balance).where(Account.id == 1)) == 5


async def test_a_change_by_statement_is_seen_like_any_other(mine: Session, theirs: Session) -> None:
    account = await mine.get_one(Account, 1)
    await theirs.execute(update(Account).values(balance=Account.balance + 1))
    await theirs.commit()
    await mine.refresh(account)
    assert account.balance == 101
