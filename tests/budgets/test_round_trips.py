"""Round trips to the server of the common operations, counted on the wire.

Statements are warm: PostgreSQL has parsed them before on the same connection.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from asyncorm import Session, select, selectinload
from asyncorm.engine.engine import Engine, create_engine
from tests.conftest import CreateTables
from tests.support.library import Author, Book, Country, Line, Note, Order
from tests.support.wire import WireProxy

Work = Callable[[Session], Awaitable[None]]


class Counter:
    """Runs work in sessions of their own, on one connection, and counts the second run."""

    def __init__(self, proxy: WireProxy, engine: Engine) -> None:
        self.proxy = proxy
        self.engine = engine

    async def trips(self, work: Work) -> int:
        for _ in range(2):
            self.proxy.reset()
            async with Session(self.engine) as session:
                await work(session)
        return self.proxy.round_trips


@pytest.fixture
async def counter(database_url: str, tables: CreateTables) -> AsyncIterator[Counter]:
    await tables(Author, Book, Country, Order, Line, Note)
    async with WireProxy(database_url) as proxy, create_engine(proxy.url, pool_size=1) as engine:
        yield Counter(proxy, engine)


async def test_getting_an_object(counter: Counter) -> None:
    async def work(session: Session) -> None:
        await session.get(Author, 1)

    assert await counter.trips(work) == 1


async def test_adding_an_object(counter: Counter) -> None:
    async def work(session: Session) -> None:
        session.add(Order(name="a"))
        await session.commit()

    assert await counter.trips(work) == 1


async def test_adding_a_thousand_objects(counter: Counter) -> None:
    async def work(session: Session) -> None:
        session.add_all([Order(name=str(number)) for number in range(1000)])
        await session.commit()

    assert await counter.trips(work) == 1


async def test_adding_a_hundred_parents_with_ten_children_each(counter: Counter) -> None:
    async def work(session: Session) -> None:
        for _ in range(100):
            session.add(Order(lines=[Line() for _ in range(10)]))
        await session.commit()

    assert await counter.trips(work) == 2


async def test_a_unit_of_a_web_application(counter: Counter) -> None:
    """An object by key, 20 rows, one insert, one update, commit."""
    async with Session(counter.engine) as session:
        session.add_all([Order(name=str(number)) for number in range(20)])
        await session.commit()

    async def work(session: Session) -> None:
        order = await session.get(Order, 1)
        assert order is not None
        assert len(await session.all(select(Order).where(Order.id <= 20).limit(20))) == 20
        session.add(Author(name=order.name))
        order.name += "!"
        await session.commit()

    # get, filter, INSERT with BEGIN, UPDATE with COMMIT; by hand it is five, or six
    assert await counter.trips(work) == 4


async def test_a_transaction_that_was_begun_before_its_commit(counter: Counter) -> None:
    async def work(session: Session) -> None:
        author = Author(name="a")
        session.add(author)
        await session.flush()
        await session.delete(author)
        await session.commit()

    assert await counter.trips(work) == 2


async def test_reads_at_an_isolation_level_and_one_change(counter: Counter) -> None:
    for _ in range(2):
        counter.proxy.reset()
        async with Session(counter.engine, isolation_level="REPEATABLE READ") as session:
            await session.get(Author, 1)
            session.add(Order(name="a"))
            await session.commit()
    assert counter.proxy.round_trips == 2


async def test_a_transaction_of_a_connection(counter: Counter) -> None:
    for trips in (3, 2):  # the statement is prepared first
        counter.proxy.reset()
        async with counter.engine.begin() as connection:
            await connection.execute(select(Author.id))
        assert counter.proxy.round_trips == trips


async def test_changing_a_thousand_objects(counter: Counter) -> None:
    async with Session(counter.engine) as session:
        session.add_all([Order(name=str(number)) for number in range(1000)])
        await session.commit()

    async def work(session: Session) -> None:
        orders = await session.all(select(Order))
        counter.proxy.reset()
        for order in orders:
            order.name += "!"
        await session.commit()

    assert await counter.trips(work) == 1


async def test_changing_a_thousand_objects_in_two_ways(counter: Counter) -> None:
    async with Session(counter.engine) as session:
        session.add_all([Book(title=str(number)) for number in range(1000)])
        await session.commit()

    async def work(session: Session) -> None:
        books = await session.all(select(Book))
        counter.proxy.reset()
        for book in books:
            book.title += "!"
            if book.id % 2:
                book.pages += 1
        await session.commit()

    assert await counter.trips(work) == 2


async def test_deleting_a_thousand_objects(counter: Counter) -> None:
    async def work(session: Session) -> None:
        orders = [Order(name=str(number)) for number in range(1000)]
        session.add_all(orders)
        await session.commit()
        counter.proxy.reset()
        for order in orders:
            await session.delete(order)
        await session.commit()

    assert await counter.trips(work) == 1


async def test_deleting_an_object_with_its_loaded_children(counter: Counter) -> None:
    async def work(session: Session) -> None:
        order = Order(lines=[Line(notes=[Note()]) for _ in range(10)])
        session.add(order)
        await session.commit()
        counter.proxy.reset()
        await session.delete(order)
        await session.commit()

    assert await counter.trips(work) == 3


async def test_reading_parents_with_their_children(counter: Counter) -> None:
    async def work(session: Session) -> None:
        await session.all(select(Order).options(selectinload(Order.lines)))

    await counter.trips(lambda session: _add_order(session))
    assert await counter.trips(work) == 2


async def _add_order(session: Session) -> None:
    session.add(Order(lines=[Line()]))
    await session.commit()


async def test_a_commit_without_changes(counter: Counter) -> None:
    async def work(session: Session) -> None:
        await session.commit()

    assert await counter.trips(work) == 0
