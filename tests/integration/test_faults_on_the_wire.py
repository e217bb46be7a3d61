"""Units of work with the connection cut, silent or ended by the server at every message.

Success means that all rows are there, CommitUnknown that COMMIT may have reached the server, and
any other error that nothing is there. Never a part of it, and everything can be used afterwards.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import count
from typing import Any

import pytest

from asyncorm import (
    AsyncORMError,
    CommitUnknown,
    ConnectionLost,
    IntegrityError,
    Session,
    create_engine,
    insert,
    select,
    sql,
)
from asyncorm.engine import pipelining
from asyncorm.engine.engine import Engine
from asyncorm.session.factory import SessionFactory
from tests.support.backends import eventually
from tests.support.bookshop import Author, Book, Country
from tests.support.faults import Fault, FaultyWire, Kind, Side

#: does something for a session, and commits it; rows and objects carry the number
Unit = Callable[[Session, int], Awaitable[None]]

NUMBERS = count(1)
#: seconds that nothing takes
HANG = 20
#: what is there of a unit of work; its updates are of the one row that is there before
ROWS = """SELECT (SELECT count(*) FROM author WHERE age = $1)
    + (SELECT count(*) FROM book WHERE title = $1::text)
    + (SELECT count(*) FROM country WHERE name = $1::text)"""


async def one_row(session: Session, number: int) -> None:
    session.add(Author(name=f"one {number}", age=number))
    await session.commit()


async def a_graph(session: Session, number: int) -> None:
    books = [Book(title=str(number)), Book(title=str(number))]
    session.add(Author(name=f"graph {number}", age=number, books=books))
    await session.commit()


async def two_flushes(session: Session, number: int) -> None:
    author = Author(name=f"flushed {number}", age=number)
    session.add(author)
    await session.flush()
    session.add(Book(title=str(number), author=author))
    await session.commit()


async def reading_and_changing(session: Session, number: int) -> None:
    base = await session.one(select(Author).where(Author.name == "base"))
    base.age = number
    session.add(Book(title=str(number), author=base))
    await session.commit()


async def an_update(session: Session, number: int) -> None:
    base = await session.one(select(Author).where(Author.name == "base"))
    base.age = number
    await session.commit()


async def a_block_with_a_savepoint(session: Session, number: int) -> None:
    async with session.begin():
        session.add(Author(name=f"outer {number}", age=number))
        async with session.begin_nested():
            session.add(Book(title=str(number)))
        async with session.begin_nested() as savepoint:
            session.add(Book(title=str(number)))
            await session.flush()
            await savepoint.rollback()


async def raw_sql(session: Session, number: int) -> None:
    await session.execute(sql("INSERT INTO book (title) VALUES ({})", str(number)))
    await session.execute(insert(Author).values(name=f"raw {number}", age=number))
    await session.commit()


async def copied_rows(session: Session, number: int) -> None:
    rows = [{"code": f"{number}-{n}", "name": str(number)} for n in range(2)]
    await session.copy_in(Country, rows)
    await session.commit()


async def a_row_refused_at_commit(session: Session, number: int) -> None:
    session.add(Author(name=f"refused {number}", age=number))
    await session.flush()
    session.add(Country(code=f"refused {number}", name="base"))
    await session.commit()


#: how many rows each unit leaves
UNITS: dict[Unit, int] = {
    one_row: 1,
    a_graph: 3,
    two_flushes: 2,
    reading_and_changing: 2,
    an_update: 1,
    a_block_with_a_savepoint: 2,
    raw_sql: 2,
    copied_rows: 2,
    a_row_refused_at_commit: 0,
}
units = pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.__name__)


@pytest.fixture(autouse=True)
async def base(Session: SessionFactory, engine: Engine) -> None:
    async with engine.begin() as connection:
        await connection.command(
            "ALTER TABLE country DROP CONSTRAINT uq_country_name, "
            "ADD EXCLUDE USING btree (name WITH =) WHERE (name = 'base') "
            "DEFERRABLE INITIALLY DEFERRED"
        )
    async with Session.begin() as session:
        session.add_all([Author(name="base"), Country(code="base", name="base")])


class Trial:
    """One unit of work, on a connection of its own, with one fault."""

    def __init__(self, wire: FaultyWire, observer: Engine, unit: Unit, *, prepared: bool) -> None:
        self._wire = wire
        self._observer = observer
        self._unit = unit
        self._prepared = prepared
        self._number = next(NUMBERS)

    async def run(self, fault: Fault, patience: float | None = None) -> bool:
        """Whether the fault has struck; asserts that nothing is lost, and all is usable.

        ``patience`` is how many seconds after the fault the task is cancelled.
        """
        options: Any = {"pool_size": 1, "cancel_grace": 0.05, "commit_grace": 0.1}
        async with create_engine(self._wire.url, **options) as engine:
            if self._prepared:
                async with Session(engine) as session:
                    await self._attempt(session, next(NUMBERS))
            async with engine.connect() as connection:  # it is open before the fault is armed
                assert not connection.is_closed
            async with Session(engine) as session:
                self._wire.arm(fault)
                error = await self._attempt(session, self._number, patience)
                failure = session._core.transaction.failure
                is_open = session.in_transaction()
                # what is written to a server that has just left does not get as far as the proxy
                wrote_commit = self._wire.wrote_commit or fault.kind == "call"
                await session.rollback()
                self._wire.heal()
                await is_usable(session)
            unknown = isinstance(error, CommitUnknown) or isinstance(failure, CommitUnknown)
            await self._check(error, unknown=unknown, is_open=is_open, wrote_commit=wrote_commit)
            if not fault.struck:
                refused = self._unit is a_row_refused_at_commit
                assert isinstance(error, IntegrityError) if refused else error is None
            elif error is not None and not await self._stored():
                async with Session(engine) as session:
                    await self._attempt(session, self._number)
                assert await self._stored() == UNITS[self._unit]
            assert engine.pool.in_use == 0
        return fault.struck

    async def _attempt(
        self, session: Session, number: int, patience: float | None = None
    ) -> Exception | None:
        # without a patience that ends it is a hang, which fails the test
        endured = (AsyncORMError, TimeoutError) if patience else AsyncORMError
        try:
            async with asyncio.timeout(HANG) as deadline:
                if patience is not None:
                    now = asyncio.get_running_loop().time
                    self._wire.told = lambda: deadline.reschedule(now() + patience)
                await self._unit(session, number)
        except endured as error:
            return error
        finally:
            self._wire.told = lambda: None
        return None

    async def _check(
        self, error: Exception | None, *, unknown: bool, is_open: bool, wrote_commit: bool
    ) -> None:
        await eventually(self._all_have_ended)
        stored, rows = await self._stored(), UNITS[self._unit]
        if unknown:
            assert stored in (0, rows)
            assert wrote_commit or not pipelining.enabled
        elif isinstance(error, TimeoutError):
            # cancelled before COMMIT was sent, or after its answer: the session knows
            assert stored == (0 if is_open else rows)
        else:
            assert stored == (rows if error is None else 0)

    async def _stored(self) -> int:
        return await self._ask(ROWS, self._number)

    async def _all_have_ended(self) -> bool:
        """Whether no server process works for a connection of ours, or is to notice its end."""
        return await self._ask(RUNNING, [*self._wire.pids]) == len(self._wire.links)

    async def _ask(self, question: str, argument: object) -> int:
        async with self._observer.connect() as connection:
            return int((await connection.fetch(question, [argument]))[0][0])


async def is_usable(session: Session) -> None:
    """Use a session; an idle connection that the server has ended is lost first."""
    for attempt in range(2):
        try:
            async with asyncio.timeout(HANG):
                assert await session.scalar(select(Author.name).where(Author.name == "base"))
                await session.commit()
            break
        except ConnectionLost:
            assert attempt == 0
            await session.rollback()


RUNNING = "SELECT count(*) FROM pg_stat_activity WHERE pid = ANY($1::int[])"


@pytest.fixture
async def wire(database_url: str) -> AsyncIterator[FaultyWire]:
    async with FaultyWire(database_url) as wire:
        yield wire


async def at_every_message(
    wire: FaultyWire,
    engine: Engine,
    unit: Unit,
    kind: Kind,
    *,
    sides: tuple[Side, ...] = ("client", "server"),
    prepared: bool = True,
    patience: float | None = None,
) -> None:
    """Try a unit with a fault at its first message, its second, and so on, until it has no more."""
    for side in sides:
        for number in count(1):
            trial = Trial(wire, engine, unit, prepared=prepared)
            if not await trial.run(Fault(side, number, kind), patience):
                break
        assert number > 2


@units
async def test_a_connection_that_is_cut_loses_nothing(
    wire: FaultyWire, engine: Engine, unit: Unit
) -> None:
    await at_every_message(wire, engine, unit, "cut")


@pytest.mark.parametrize("unit", [one_row, a_graph])
async def test_one_that_is_cut_while_statements_are_prepared_loses_nothing(
    wire: FaultyWire, engine: Engine, unit: Unit
) -> None:
    await at_every_message(wire, engine, unit, "cut", prepared=False)


@pytest.mark.parametrize("unit", [one_row, a_graph])
async def test_one_that_is_silent_until_the_task_is_cancelled_loses_nothing(
    wire: FaultyWire, engine: Engine, unit: Unit
) -> None:
    await at_every_message(wire, engine, unit, "stall", patience=0.01)


async def test_one_that_the_server_ends_loses_nothing(wire: FaultyWire, engine: Engine) -> None:
    async def end(pid: int) -> None:
        async with engine.connect() as connection:
            await connection.fetch("SELECT pg_terminate_backend($1, 5000)", [pid])

    wire.call = lambda pid: asyncio.ensure_future(end(pid))
    await at_every_message(wire, engine, a_graph, "call", sides=("server",))
