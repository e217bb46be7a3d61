"""Random work in nested savepoints against a model of what must be there after each rollback."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asyncorm import Savepoint, create_engine, inspect, sessionmaker, sql
from asyncorm.session.factory import SessionFactory
from asyncorm.session.session import Session as SessionType
from tests.support.bookshop import Author, Book, Bookshop, Country

OPERATIONS = (
    "add", "add book", "add again", "rename", "change key", "move", "take out", "delete",
    "expire", "flush", "savepoint", "savepoint", "release", "rollback", "rollback outer",
    "rollback all", "commit",
)  # fmt: skip


@dataclass
class Levels:
    """What one transaction level began with, and which objects were touched in it."""

    status: dict[int, str]
    stored: dict[int, tuple[Any, ...]]
    touched: set[int] = field(default_factory=set)


class Machine:
    """Does the same to a session and to dictionaries, and compares."""

    def __init__(self, session: SessionType) -> None:
        self.session = session
        self.objects: list[Any] = []
        self.status: dict[int, str] = {}
        self.marked: set[int] = set()
        #: the values an object has, and those of its row
        self.values: dict[int, tuple[Any, ...]] = {}
        self.stored: dict[int, tuple[Any, ...]] = {}
        self.savepoints: list[Savepoint] = []
        self.levels = [Levels({}, {})]
        self.names = 0

    # -- the model -----------------------------------------------------------------------------

    def fresh(self) -> str:
        self.names += 1
        return f"n{self.names}"

    def enter(self, instance: Any, values: tuple[Any, ...]) -> int:
        self.objects.append(instance)
        number = len(self.objects) - 1
        self.status[number], self.values[number] = "pending", values
        self.levels[-1].touched.add(number)
        return number

    def pick(self, choice: int, *kinds: type[Any], status: tuple[str, ...]) -> int | None:
        found = [
            n
            for n, instance in enumerate(self.objects)
            if isinstance(instance, kinds) and self.status[n] in status and n not in self.marked
        ]
        return found[choice % len(found)] if found else None

    def change(self, number: int, position: int, value: Any) -> None:
        values = list(self.values[number])
        values[position] = value
        self.values[number] = tuple(values)
        self.levels[-1].touched.add(number)

    def flushed(self) -> None:
        for number, status in self.status.items():
            if number in self.marked:
                self.status[number] = "deleted"
                self.levels[-1].touched.add(number)
                self.stored.pop(number)
            elif status in ("pending", "persistent"):
                self.status[number] = "persistent"
                self.stored[number] = self.values[number]
        self.marked.clear()

    def undone(self, level: Levels, *, outermost: bool) -> None:
        for number in self.status:
            before = level.status.get(number, "transient")
            self.status[number] = before
            if before == "persistent":
                self.values[number] = level.stored[number]
                expired = outermost or number in level.touched
                assert expired is ("name" not in self.loaded(number)), (number, expired)
        self.marked.clear()
        self.stored = dict(level.stored)

    def loaded(self, number: int) -> dict[str, Any]:
        values = dict(self.objects[number].__dict__)
        if "title" in values:
            values["name"] = values["title"]
        return values

    # -- what is done --------------------------------------------------------------------------

    async def do(self, operation: str, choice: int) -> None:
        await getattr(self, operation.replace(" ", "_"))(choice)
        await self.compare()

    async def add(self, choice: int) -> None:
        name = self.fresh()
        made = Country(code=name, name=name) if choice % 2 else Author(name=name)
        self.session.add(made)
        self.enter(made, (name, name) if choice % 2 else (name,))

    async def add_book(self, choice: int) -> None:
        owner = self.pick(choice, Author, status=("pending", "persistent"))
        if owner is not None:
            book = Book(title=self.fresh())
            await self.fill(owner)
            self.objects[owner].books.append(book)
            self.levels[-1].touched.add(owner)
            self.enter(book, (book.title, owner))

    async def add_again(self, choice: int) -> None:
        number = self.pick(choice, Country, Author, status=("transient",))
        if number is not None and "books" not in self.objects[number].__dict__:
            self.session.add(self.objects[number])
            self.status[number] = "pending"
            self.levels[-1].touched.add(number)

    async def rename(self, choice: int) -> None:
        number = self.pick(choice, Country, Author, Book, status=("pending", "persistent"))
        if number is not None:
            name, instance = self.fresh(), self.objects[number]
            setattr(instance, "title" if isinstance(instance, Book) else "name", name)
            self.change(number, 1 if isinstance(instance, Country) else 0, name)

    async def change_key(self, choice: int) -> None:
        number = self.pick(choice, Country, status=("pending", "persistent"))
        if number is not None:
            self.objects[number].code = name = self.fresh()
            self.change(number, 0, name)

    async def move(self, choice: int) -> None:
        book = self.pick(choice, Book, status=("pending", "persistent"))
        owner = self.pick(choice // 7, Author, status=("pending", "persistent"))
        if book is not None and owner is not None and self.values[book][1] != owner:
            self.touch_owner(book)
            self.objects[book].author = self.objects[owner]
            self.change(book, 1, owner)
            self.levels[-1].touched.add(owner)

    async def take_out(self, choice: int) -> None:
        book = self.pick(choice, Book, status=("persistent",))
        if book is not None and self.values[book][1] is not None:
            self.touch_owner(book)
            self.objects[book].author = None
            self.change(book, 1, None)

    def touch_owner(self, book: int) -> None:
        if self.values[book][1] is not None:
            self.levels[-1].touched.add(self.values[book][1])

    async def delete(self, choice: int) -> None:
        number = self.pick(choice, Country, Book, status=("persistent",))
        if number is not None:
            await self.session.delete(self.objects[number])
            self.marked.add(number)

    async def expire(self, choice: int) -> None:
        number = self.pick(choice, Country, status=("persistent",))
        if number is not None and self.values[number] == self.stored[number]:
            self.session.expire(self.objects[number])

    async def flush(self, choice: int) -> None:
        await self.session.flush()
        self.flushed()

    async def savepoint(self, choice: int) -> None:
        self.savepoints.append(await self.session.begin_nested())
        self.flushed()
        self.levels.append(Levels(dict(self.status), dict(self.stored)))

    async def release(self, choice: int) -> None:
        if self.savepoints:
            await self.savepoints.pop().commit()
            self.flushed()
            level = self.levels.pop()
            self.levels[-1].touched |= level.touched

    async def rollback(self, choice: int) -> None:
        if self.savepoints:
            await self.savepoints.pop().rollback()
            self.undone(self.levels.pop(), outermost=False)

    async def rollback_outer(self, choice: int) -> None:
        if self.savepoints:
            position = choice % len(self.savepoints)
            await self.savepoints[position].rollback()
            del self.savepoints[position:]
            level = self.levels[position + 1]
            for inner in self.levels[position + 2 :]:
                level.touched |= inner.touched
            del self.levels[position + 1 :]
            self.undone(level, outermost=False)

    async def rollback_all(self, choice: int) -> None:
        if self.session.in_transaction():
            await self.session.rollback()
            self.savepoints.clear()
            level, self.levels = self.levels[0], []
            self.undone(level, outermost=True)
            self.begin()

    async def commit(self, choice: int) -> None:
        await self.session.commit()
        self.flushed()
        for number, status in self.status.items():
            if status == "deleted":
                self.status[number] = "detached"
        self.savepoints.clear()
        self.begin()

    def begin(self) -> None:
        self.levels = [Levels(dict(self.status), dict(self.stored))]

    # -- the comparison ------------------------------------------------------------------------

    async def compare(self) -> None:
        session = self.session
        for number, status in self.status.items():
            instance = self.objects[number]
            assert inspect(instance).status.value == status, number
            assert (instance in session) is (status in ("pending", "persistent"))
            if status == "persistent":
                await self.compare_values(number)
        assert {id(i) for i in session.new} == self.ids("pending")
        assert {id(i) for i in session.deleted} == {id(self.objects[n]) for n in self.marked}
        assert {id(i) for i in session.identity_map.values()} == self.ids("persistent")
        assert session.in_nested_transaction() is bool(self.savepoints)

    def ids(self, status: str) -> set[int]:
        return {id(self.objects[n]) for n, found in self.status.items() if found == status}

    async def compare_values(self, number: int) -> None:
        instance, known = self.objects[number], inspect(self.objects[number])
        with self.session.no_autoflush:
            if known.unloaded & set(type(instance).__mapper__.columns):
                names = known.unloaded & set(type(instance).__mapper__.columns)
                await self.session.refresh(instance, names)
            if isinstance(instance, Author):
                assert (instance.name,) == self.values[number]
                await self.fill(number)
                members = {n for n, v in self.values.items() if self.is_member(n, number)}
                present = {id(b) for b in instance.books if self.counts(b)}
                assert present == {id(self.objects[n]) for n in members}
            elif isinstance(instance, Book):
                owner = self.values[number][1]
                assert instance.title == self.values[number][0]
                author = await self.session.load(instance, Book.author)
                assert author is (None if owner is None else self.objects[owner])
            else:
                assert (instance.code, instance.name) == self.values[number]

    def is_member(self, number: int, owner: int) -> bool:
        values = self.values[number]
        alive = self.status[number] in ("pending", "persistent")
        return alive and isinstance(self.objects[number], Book) and values[1] == owner

    def counts(self, book: Any) -> bool:
        number = next(n for n, found in enumerate(self.objects) if found is book)
        return self.status[number] in ("pending", "persistent")

    async def fill(self, number: int) -> None:
        if self.status[number] == "persistent":
            with self.session.no_autoflush:
                await self.session.load(self.objects[number], Author.books)

    async def compare_rows(self) -> None:
        await self.commit(0)
        found = await self.session.execute(sql("select code, name from country"))
        assert {tuple(row) for row in found} == {
            v for n, v in self.stored.items() if isinstance(self.objects[n], Country)
        }
        found = await self.session.execute(
            sql("select b.title, a.name from book b left join author a on a.id = b.author_id")
        )
        assert {tuple(row) for row in found} == {
            (v[0], None if v[1] is None else self.values[v[1]][0])
            for n, v in self.stored.items()
            if isinstance(self.objects[n], Book)
        }


@pytest.fixture
def run(database_url: str) -> Iterator[Callable[[list[tuple[str, int]]], None]]:
    """Does a list of operations in a session, from examples drawn outside the event loop."""
    with asyncio.Runner() as runner:
        engine = create_engine(database_url)
        runner.run(engine.create_all(Bookshop))
        yield lambda operations: runner.run(compared(sessionmaker(engine), operations))
        runner.run(engine.drop_all(Bookshop))
        assert engine.pool.in_use == 0
        runner.run(engine.dispose())


async def compared(Session: SessionFactory, operations: list[tuple[str, int]]) -> None:
    async with Session() as session:
        await session.execute(sql("truncate author, country cascade"))
        await session.commit()
        machine = Machine(session)
        machine.begin()
        await machine.do("add", 0)
        for operation, choice in operations:
            await machine.do(operation, choice)
        await machine.compare_rows()


@settings(
    max_examples=30,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.lists(st.tuples(st.sampled_from(OPERATIONS), st.integers(0, 100)), min_size=20, max_size=60)
)
def test_s22_to_s27_any_work_in_savepoints_is_undone_exactly(
    run: Callable[[list[tuple[str, int]]], None], operations: list[tuple[str, int]]
) -> None:
    """D01 to D15"""
    run(operations)
