"""Round trips of objects with rows in several tables: a statement for each table and shape.

BEGIN goes along with the first statement of a flush, and COMMIT with the last one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from asyncorm import Session
from asyncorm.engine.engine import Engine, create_engine
from tests.conftest import CreateTables
from tests.support.kennel import Animal, Cat, Doctor, Dog, Keeper, Kennel, Owner, Puppy
from tests.support.trips import Counter, Report, nothing, save
from tests.support.wire import WireProxy

TRUNCATE = "truncate owner, animal, dog, puppy, cat, trick, employee"


@pytest.fixture
async def counter(
    engine: Engine, database_url: str, tables: CreateTables, report: Report
) -> AsyncIterator[Counter]:
    await tables(Kennel)
    async with WireProxy(database_url) as proxy, create_engine(proxy.url, pool_size=1) as counted:
        yield Counter(proxy, counted, engine, TRUNCATE, report)


def dogs(count: int) -> list[Dog]:
    return [Dog(name=str(number), breed="x") for number in range(count)]


async def test_a_thousand_new_objects_cost_a_statement_for_each_table(counter: Counter) -> None:
    async def alone(session: Session, _: None) -> None:
        await save(session, *dogs(1000))

    async def mixed(session: Session, _: None) -> None:
        cats = [Cat(name="c") for _ in range(300)]
        puppies = [Puppy(name="p", breed="y", weeks=1) for _ in range(300)]
        await save(session, *dogs(300), *cats, *puppies, Animal(name="a"))

    # BEGIN, animals, dogs, COMMIT
    assert await counter.trips("1,000 new in two tables", nothing, alone) == 2
    # BEGIN, animals, dogs, cats, puppies, COMMIT
    assert await counter.trips("900 new of three classes in four tables", nothing, mixed) == 4


async def test_changes_cost_a_statement_for_each_table_that_changes(counter: Counter) -> None:
    async def prepare(session: Session) -> Any:
        return await save(session, *dogs(500), *(Cat(name="c") for _ in range(500)))

    async def base(session: Session, found: Any) -> None:
        for animal in found:
            animal.name = "new"
        await session.commit()

    async def both(session: Session, found: Any) -> None:
        for animal in found:
            animal.name = "new"
            if isinstance(animal, Dog):
                animal.breed = "new"
        await session.commit()

    assert await counter.trips("1,000 of two classes, base changed", prepare, base) == 1
    assert await counter.trips("1,000 of two classes, two tables changed", prepare, both) == 2


async def test_deletes_cost_a_statement_for_each_table(counter: Counter) -> None:
    async def prepare_dogs(session: Session) -> Any:
        return await save(session, *dogs(1000))

    async def prepare_cats(session: Session) -> Any:
        return await save(session, *(Cat(name="c") for _ in range(1000)))

    async def prepare_owner(session: Session) -> Any:
        cats = [Cat(name="c") for _ in range(100)]
        return await save(session, Owner(animals=[*dogs(100), *cats]))

    async def work(session: Session, found: Any) -> None:
        await session.delete_all(found)
        await session.commit()

    # BEGIN, dogs, animals, COMMIT; cats go along by ON DELETE CASCADE
    assert await counter.trips("1,000 deleted from two tables", prepare_dogs, work) == 2
    assert await counter.trips("1,000 deleted, ON DELETE CASCADE", prepare_cats, work) == 1
    # BEGIN, dogs, animals, owner, COMMIT
    assert await counter.trips("an owner of 200 deleted", prepare_owner, work) == 3


async def test_classes_of_one_table_cost_a_statement_each(counter: Counter) -> None:
    async def work(session: Session, _: None) -> None:
        keepers = [Keeper(name="k", keys=1) for _ in range(500)]
        await save(session, *keepers, *(Doctor(name="d", title="Dr") for _ in range(500)))

    async def prepare(session: Session) -> Any:
        keepers = [Keeper(name="k", keys=1) for _ in range(500)]
        return await save(session, *keepers, *(Doctor(name="d", title="Dr") for _ in range(500)))

    async def remove(session: Session, found: Any) -> None:
        await session.delete_all(found)
        await session.commit()

    assert await counter.trips("1,000 new of two classes in one table", nothing, work) == 2
    assert await counter.trips("1,000 of two classes deleted", prepare, remove) == 1
