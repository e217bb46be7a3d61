"""What objects refer to comes in their rows: given to new ones at once, to held ones if they lack
it."""

from __future__ import annotations

import pytest

from asyncorm import (
    Mapped,
    MetaData,
    Model,
    Related,
    Session,
    column,
    event,
    foreign_key,
    inspect,
    joinedload,
    relationship,
    select,
)
from asyncorm.engine.engine import Engine
from asyncorm.testing import assert_queries
from tests.conftest import CreateTables


class Base(Model):
    metadata = MetaData()


class City(Base, table="city"):
    id: Mapped[int] = column(primary_key=True)
    name: Mapped[str]


class Firm(Base, table="firm"):
    id: Mapped[int] = column(primary_key=True)
    city_id: Mapped[int | None] = foreign_key(City.id)
    city: Related[City | None] = relationship()


class Worker(Base, table="worker"):
    id: Mapped[int] = column(primary_key=True)
    firm_id: Mapped[int | None] = foreign_key(Firm.id)
    home_id: Mapped[int] = foreign_key(City.id)
    chief_id: Mapped[int | None] = foreign_key("worker.id")
    firm: Related[Firm | None] = relationship()
    home: Related[City] = relationship(foreign_keys="home_id")
    chief: Related[Worker | None] = relationship(remote_side="id")


@pytest.fixture(autouse=True)
async def stored(tables: CreateTables, engine: Engine) -> None:
    await tables(Base)
    async with Session(engine) as session:
        session.add_all(City(id=n, name=f"city {n}") for n in range(3))
        session.add_all(Firm(id=n, city_id=n or None) for n in range(3))
        session.add_all(
            Worker(id=n, firm_id=n % 4 if n % 4 < 3 else None, home_id=n % 2, chief_id=n // 2)
            for n in range(8)
        )
        await session.commit()


STATEMENT = select(Worker).options(joinedload(Worker.firm).joinedload(Firm.city))


async def test_new_objects_have_all_levels(engine: Engine) -> None:
    async with Session(engine) as session:
        async with assert_queries(1):
            workers = await session.all(STATEMENT.order_by(Worker.id))
        firms = {worker.firm for worker in workers}
        assert [worker.firm and worker.firm.id for worker in workers] == [0, 1, 2, None] * 2
        assert len(firms) == 4
        cities = [firm.city and firm.city.name for firm in firms if firm is not None]
        assert sorted(map(str, cities)) == ["None", "city 1", "city 2"]
        assert workers[1].firm is workers[5].firm
        assert not any(inspect(worker).modified for worker in workers)


async def test_held_objects_get_what_they_lack_and_keep_what_was_changed(engine: Engine) -> None:
    async with Session(engine) as session:
        plain = await session.get_one(Worker, 0)
        changed, rekeyed = await session.get_one(Worker, 1), await session.get_one(Worker, 2)
        with session.no_autoflush:
            changed.firm = None
            rekeyed.firm_id = 1
            workers = await session.all(STATEMENT.order_by(Worker.id))
        assert workers[0] is plain
        assert plain.firm is not None
        assert plain.firm.id == 0
        assert changed.firm is None
        assert rekeyed.firm is not None
        assert rekeyed.firm.id == 1  # what it refers to now, not what was joined


async def test_rows_that_come_twice_change_nothing(engine: Engine) -> None:
    statement = STATEMENT.join(City, City.id >= Worker.home_id).order_by(Worker.id)
    async with Session(engine) as session:
        workers = await session.all(statement)
        assert len(workers) > len(set(workers)) == 8
        assert all((worker.firm is None) is (worker.firm_id is None) for worker in workers)


async def test_an_object_that_is_both_owner_and_related_is_one(engine: Engine) -> None:
    async with Session(engine) as session:
        workers = await session.all(
            select(Worker).options(joinedload(Worker.chief)).order_by(Worker.id)
        )
        assert [worker.chief for worker in workers] == [workers[n // 2] for n in range(8)]


async def test_populate_existing_puts_other_objects_in_place(engine: Engine) -> None:
    async with Session(engine) as session, Session(engine) as other:
        workers = await session.all(STATEMENT.order_by(Worker.id))
        (await other.get_one(Worker, 0)).firm_id = 2
        await other.commit()
        again = await session.all(STATEMENT.execution_options(populate_existing=True))
        assert set(again) == set(workers)
        assert workers[0].firm is workers[2].firm


async def test_listeners_hear_of_all_objects(engine: Engine) -> None:
    heard: list[str] = []
    async with Session(engine) as session:
        event.listen(session, "load", lambda _, one: heard.append(type(one).__name__))
        await session.all(STATEMENT)
    assert sorted(heard) == ["City"] * 2 + ["Firm"] * 3 + ["Worker"] * 8
