"""Two sessions want the same: what the loser is told, and how it goes on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from asyncorm import (
    Engine,
    ForeignKeyViolation,
    PendingRollbackError,
    Session,
    StaleDataError,
    UniqueViolation,
    select,
)
from tests.conftest import CreateTables
from tests.support.bank import Account, Counted, Customer, Interest, Marked, store, waiting
from tests.support.rows import rows

Versioned = type[Counted] | type[Marked]


@pytest.fixture(autouse=True)
async def bank(engine: Engine, tables: CreateTables) -> None:
    await tables(Customer, Account, Counted, Marked, Interest)


@pytest.fixture
async def mine(engine: Engine) -> AsyncIterator[Session]:
    async with Session(engine) as session:
        yield session


@pytest.fixture
async def theirs(engine: Engine) -> AsyncIterator[Session]:
    async with Session(engine) as session:
        yield session


@pytest.mark.parametrize("entity", [Counted, Marked])
async def test_what_both_have_changed_is_merged_by_hand(
    mine: Session, theirs: Session, engine: Engine, entity: Versioned
) -> None:
    """Amounts are added up by their differences; a note that only one has changed is taken."""
    await store(engine, entity(id=1, balance=100, note="old"))
    account, other = await mine.get_one(entity, 1), await theirs.get_one(entity, 1)
    account.balance, account.note = 130, "mine"
    other.balance = 90
    await theirs.commit()
    attempts = 0
    while True:
        attempts += 1
        try:
            await mine.commit()
        except StaleDataError as error:
            conflicts = error.conflicts
        else:
            break
        await mine.rollback()
        for conflict in conflicts:
            assert conflict.theirs is not None
            assert conflict.object is account
            await mine.refresh(conflict.object)
            for name, value in conflict.mine.items():
                before, now = conflict.base[name], conflict.theirs[name]
                merged = now + value - before if name == "balance" else value
                setattr(conflict.object, name, merged)
    assert attempts == 2
    assert await rows(engine, f"select balance, note from {entity.__table__.name}") == [
        (120, "mine")
    ]


async def test_forty_sessions_merge_by_hand_and_nothing_is_lost(engine: Engine) -> None:
    await store(engine, Counted(id=1))

    async def add(amount: int) -> None:
        async with Session(engine) as session:
            account = await session.get_one(Counted, 1)
            account.balance += amount
            while True:
                try:
                    await session.commit()
                except StaleDataError as error:
                    [conflict] = error.conflicts
                    wanted = conflict.mine["balance"] - conflict.base["balance"]
                    await session.rollback()
                    await session.refresh(account)
                    account.balance += wanted
                else:
                    return

    async with asyncio.timeout(60):
        await asyncio.gather(*(add(amount) for amount in range(40)))
    assert await rows(engine, "select balance, version from counted_account") == [
        (sum(range(40)), 40)  # to add nothing is no change
    ]


async def test_who_waits_for_a_versioned_row_is_stale_afterwards(
    mine: Session, theirs: Session, engine: Engine
) -> None:
    """The writer comes second on the server, not only in time."""
    await store(engine, *(Counted(id=n) for n in range(3)))
    for session, note in ((theirs, "theirs"), (mine, "mine")):
        for account in await session.all(select(Counted)):
            account.note = note
    await theirs.flush()
    task = await waiting(engine, mine.commit())
    await theirs.commit()
    with pytest.raises(StaleDataError) as caught:
        await task
    assert sorted(a.id for a in caught.value.objects) == [0, 1, 2]
    assert [c.theirs and c.theirs["note"] for c in caught.value.conflicts] == ["theirs"] * 3


async def test_who_waits_for_a_row_that_is_rolled_back_writes_it(
    mine: Session, theirs: Session, engine: Engine
) -> None:
    await store(engine, *(Counted(id=n) for n in range(3)))
    for session, note in ((theirs, "theirs"), (mine, "mine")):
        for account in await session.all(select(Counted)):
            account.note = note
    await theirs.flush()
    task = await waiting(engine, mine.commit())
    await theirs.rollback()
    await task
    assert await rows(engine, "select note from counted_account") == [("mine",)] * 3


@pytest.mark.parametrize("waits", [False, True])
async def test_the_same_key_is_inserted_by_both(
    mine: Session, theirs: Session, engine: Engine, *, waits: bool
) -> None:
    theirs.add(Customer(id=1, name="ada"))
    if not waits:
        await theirs.commit()
    else:
        await theirs.flush()
    customers = [Customer(id=n, name=f"c{n}") for n in range(5)]
    mine.add_all(customers)
    task = await waiting(engine, mine.commit()) if waits else asyncio.create_task(mine.commit())
    if waits:
        await theirs.commit()
    with pytest.raises(UniqueViolation) as caught:
        await task
    assert caught.value.objects == (customers[1],)
    assert caught.value.constraint == "pk_customer"
    with pytest.raises(PendingRollbackError):
        await mine.get(Customer, 1)
    await mine.rollback()
    assert all(customer not in mine for customer in customers)
    merged = [await mine.merge(customer) for customer in customers]
    await mine.commit()
    assert await mine.get(Customer, 1) is merged[1]
    assert [n for (n,) in await rows(engine, "select name from customer order by id")] == [
        f"c{n}" for n in range(5)
    ]


async def test_get_or_create_by_a_savepoint(mine: Session, theirs: Session, engine: Engine) -> None:
    """The usual loop of those who may both be first."""
    named = select(Customer).where(Customer.name == "ada")
    mine.add(Account(id=1, balance=5))
    assert await mine.first(named) is None
    theirs.add(Customer(id=1, name="ada"))
    await theirs.commit()
    with pytest.raises(UniqueViolation) as caught:
        async with mine.begin_nested():
            mine.add(lost := Customer(id=2, name="ada"))
    assert caught.value.objects == (lost,)
    assert caught.value.columns == ("name",)
    (await mine.get_one(Account, 1)).customer = await mine.one(named)
    await mine.commit()
    assert await rows(engine, "select customer_id, balance from account") == [(1, 5)]


async def test_both_link_the_same_pair(mine: Session, theirs: Session, engine: Engine) -> None:
    await store(engine, Customer(id=1, name="ada"), Interest(name="math"))
    for session in (theirs, mine):
        customer = await session.get_one(Customer, 1)
        await session.load(customer, Customer.interests)
        customer.interests.add(await session.get_one(Interest, "math"))
    await theirs.commit()
    with pytest.raises(UniqueViolation) as caught:
        await mine.commit()
    assert caught.value.table == "customer_interest"
    assert customer in caught.value.objects
    await mine.rollback()
    await mine.load(customer, Customer.interests)
    assert {interest.name for interest in customer.interests} == {"math"}
    await mine.commit()
    assert await rows(engine, "select count(*) from customer_interest") == [(1,)]


async def test_both_take_the_same_link_away(mine: Session, theirs: Session, engine: Engine) -> None:
    await store(engine, Customer(id=1, name="ada", interests={Interest(name="math")}))
    for session in (theirs, mine):
        customer = await session.get_one(Customer, 1)
        (await session.load(customer, Customer.interests)).clear()
    await theirs.commit()
    with pytest.raises(StaleDataError) as caught:
        await mine.commit()
    assert customer in caught.value.objects
    await mine.rollback()
    assert await mine.load(customer, Customer.interests) == set()


async def test_a_parent_is_deleted_while_a_child_comes(
    mine: Session, theirs: Session, engine: Engine
) -> None:
    await store(engine, Customer(id=1, name="ada"), Customer(id=2, name="bob"))
    customer = await mine.get_one(Customer, 1)
    await mine.load(customer, Customer.accounts)
    theirs.add(Account(id=1, customer_id=1))
    await theirs.commit()
    await mine.delete_all([customer, await mine.get_one(Customer, 2)])
    with pytest.raises(ForeignKeyViolation) as caught:
        await mine.commit()
    assert caught.value.objects == (customer,)
    await mine.rollback()
    # what is loaded again is set free by the flush
    await mine.load(customer, Customer.accounts)
    await mine.delete(customer)
    await mine.commit()
    assert await rows(engine, "select id, customer_id from account") == [(1, None)]


@pytest.mark.parametrize("waits", [False, True])
async def test_a_child_comes_while_its_parent_is_deleted(
    mine: Session, theirs: Session, engine: Engine, *, waits: bool
) -> None:
    await store(engine, Customer(id=1, name="ada"), Customer(id=2, name="bob"))
    customer, other = await mine.get_one(Customer, 1), await mine.get_one(Customer, 2)
    children = [Account(id=1, customer=other), Account(id=2, customer=customer)]
    mine.add_all(children)
    await theirs.delete(await theirs.get_one(Customer, 1))
    await theirs.flush()
    if not waits:
        await theirs.commit()
    task = await waiting(engine, mine.commit()) if waits else asyncio.create_task(mine.commit())
    if waits:
        await theirs.commit()
    with pytest.raises(ForeignKeyViolation) as caught:
        await task
    assert caught.value.objects == (children[1],)
    await mine.rollback()
    assert await mine.get(Customer, 1) is None
    mine.add(Account(id=1, customer=await mine.get_one(Customer, 2)))
    await mine.commit()
    assert await rows(engine, "select id, customer_id from account") == [(1, 2)]


async def test_a_lost_savepoint_does_not_lose_what_was_before_it(
    mine: Session, theirs: Session, engine: Engine
) -> None:
    await store(engine, Counted(id=1), Counted(id=2))
    first, second = await mine.get_one(Counted, 1), await mine.get_one(Counted, 2)
    (await theirs.get_one(Counted, 2)).note = "theirs"
    await theirs.commit()
    first.note = "mine"
    with pytest.raises(StaleDataError):
        async with mine.begin_nested():
            second.note = "mine"
    await mine.refresh(second)
    async with mine.begin_nested():
        second.note += " and mine"
    await mine.commit()
    assert await rows(engine, "select note, version from counted_account order by id") == [
        ("mine", 2),
        ("theirs and mine", 3),
    ]
