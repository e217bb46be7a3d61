"""How costs grow: not with what is clean, not with rows that are read, and linearly with others."""

from __future__ import annotations

import gc
import traceback
from collections.abc import AsyncIterator
from typing import Any

import pytest
from asyncpg import Record

from asyncorm import (
    Mapped,
    MetaData,
    Model,
    Related,
    Session,
    column,
    event,
    foreign_key,
    generated,
    insert,
    relationship,
    select,
    selectinload,
    sql,
)
from asyncorm.engine.engine import Engine
from asyncorm.loading import pipeline
from tests.support.calls import count_calls

#: calls that many rows cost once: the identity map looks for entries whose objects are gone, and
#: the garbage collector is held
ONCE = 6


class Growing(Model):
    metadata = MetaData()


class Shelf(Growing, table="growing_shelf"):
    id: Mapped[int] = column(primary_key=True)
    books: Related[list[Book]] = relationship(back_populates="shelf")


class Book(Growing, table="growing_book"):
    id: Mapped[int] = column(primary_key=True)
    title: Mapped[str]
    shelf_id: Mapped[int] = foreign_key(Shelf.id)
    shelf: Related[Shelf] = relationship(back_populates="books")


class Entry(Growing, table="growing_entry"):
    id: Mapped[int] = generated(primary_key=True)
    title: Mapped[str] = column(default="")
    before_id: Mapped[int | None] = foreign_key("growing_entry.id")
    before: Related[Entry | None] = relationship(remote_side="id")


@pytest.fixture(scope="module", autouse=True)
async def rows(engine: Engine) -> AsyncIterator[None]:
    """Ten shelves of 500 books."""
    await engine.create_all(Growing)
    async with Session(engine) as session:
        session.add_all([Shelf(id=number) for number in range(10)])
        await session.flush()
        await session.execute(
            sql(
                "INSERT INTO growing_book SELECT n, 'book ' || n, n % 10 "
                "FROM generate_series(1, 5000) n"
            )
        )
        await session.commit()
    yield
    await engine.drop_all(Growing)


def books(count: int) -> Any:
    return select(Book).where(Book.id <= count)


def alive(kind: type[Any]) -> int:
    """How many objects of a class there are."""
    gc.collect()
    return sum(type(each) is kind for each in gc.get_objects())


async def test_reading_calls_no_function_for_a_row(engine: Engine) -> None:
    async def calls(count: int) -> int:
        async def read() -> None:
            async with Session(engine) as session:
                assert len(await session.all(books(count))) == count

        return (await count_calls(read)).total

    assert await calls(5000) <= await calls(5) + ONCE


async def test_clean_objects_are_no_work_for_a_commit(engine: Engine) -> None:
    async def calls(clean: int) -> int:
        async with Session(engine) as session:
            found = await session.all(books(clean))

            async def change() -> None:
                found[0].title += "!"
                await session.commit()

            return (await count_calls(change)).total

    assert await calls(5000) == await calls(5)


async def test_clean_objects_are_no_work_for_clear_and_close(engine: Engine) -> None:
    async def calls(clean: int) -> int:
        session = Session(engine)

        async def load_and_clear() -> None:
            await session.all(books(clean))
            session.clear()

        try:
            return (await count_calls(load_and_clear)).total
        finally:
            await session.close()

    assert await calls(5000) <= await calls(5) + ONCE


async def test_an_object_that_is_loaded_is_found_alike_among_few_and_many(engine: Engine) -> None:
    async def calls(clean: int) -> int:
        async with Session(engine) as session:
            held = await session.all(books(clean))
            found = await count_calls(lambda: session.get(Book, held[-1].id))
            return found.total

    assert await calls(5000) == await calls(5)


async def test_inserting_grows_with_the_rows_and_not_faster(engine: Engine) -> None:
    async def calls(count: int) -> int:
        async def insert() -> None:
            async with Session(engine) as session:
                session.add_all([Entry(title="a") for _ in range(count)])
                await session.flush()
                await session.rollback()

        return (await count_calls(insert)).total

    few, more, most = await calls(10), await calls(500), await calls(2000)
    assert (most - few) / 1990 <= 1.02 * (more - few) / 490


async def test_rows_given_as_dicts_cost_one_call_each(engine: Engine) -> None:
    """And the driver's two for each value of an array."""

    async def calls(count: int, *, outside: bool) -> int:
        rows = [{"title": f"entry {n}", "before_id": None} for n in range(count)]

        async def write() -> None:
            async with Session(engine) as session:
                if outside:
                    await session.execute(insert(Entry), rows)
                else:
                    await session.execute(insert(Entry).values(rows))
                await session.rollback()

        return (await count_calls(write)).total

    for outside in (False, True):
        few, many = await calls(100, outside=outside), await calls(600, outside=outside)
        assert (many - few) / 500 <= 5.5


async def test_listeners_cost_a_few_calls_for_a_row(engine: Engine) -> None:
    def hear(session: Session, *arguments: Any) -> None:
        pass

    async def calls(count: int, *names: str) -> int:
        async def insert() -> None:
            async with Session(engine) as session:
                for name in names:
                    event.listen(session, name, hear)
                session.add_all([Entry(title="a") for _ in range(count)])
                await session.flush()
                await session.rollback()

        return (await count_calls(insert)).total

    async def for_a_row(*names: str) -> float:
        return (await calls(200, *names) - await calls(100, *names)) / 100

    assert await for_a_row() <= 36
    assert await for_a_row("before_flush") <= 41
    assert await for_a_row("after_flush") <= 48
    # planned twice, as what they set has to be written, too
    assert await for_a_row("before_insert") <= 86
    assert await for_a_row("before_insert", "after_insert") <= 98


async def test_a_flush_of_many_objects_does_not_collect_while_it_plans(engine: Engine) -> None:
    collections: list[str] = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            names = {frame.f_code.co_name for frame, _ in traceback.walk_stack(None)}
            collections.extend(names & {"collect_changes", "plan_flush", "finish_flush"})

    async with Session(engine) as session:
        session.add_all([Entry(title="a") for _ in range(5000)])
        gc.callbacks.append(note)
        try:
            await session.flush()
        finally:
            gc.callbacks.remove(note)
        await session.rollback()
    assert collections == []


async def test_what_a_cleared_session_had_loaded_is_gone(engine: Engine) -> None:
    session = Session(engine)
    for _ in range(20):
        await session.all(select(Shelf).options(selectinload(Shelf.books)))
        session.clear()
    assert alive(Book) == alive(Shelf) == 0
    await session.close()


async def test_a_session_that_lets_go_of_its_objects_does_not_remember_them(engine: Engine) -> None:
    async with Session(engine) as session:
        for low in range(1, 5001, 50):
            await session.all(select(Book).where(Book.id.between(low, low + 49)))
        references = session._core.unit.identity_map.references(Book.__mapper__)
        assert len(references) <= 2100


async def test_the_driver_does_not_keep_long_results(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "MANY_RECORDS", 1000)
    async with Session(engine) as session:
        shelves = await session.all(select(Shelf).options(selectinload(Shelf.books)))
        assert [len(shelf.books) for shelf in shelves] == [500] * 10
        assert alive(Record) < 1000
    async with Session(engine) as session:
        assert len(await session.all(books(5000))) == 5000
        assert alive(Record) < 1000


async def test_a_long_chain_of_objects_is_let_go_without_recursion(engine: Engine) -> None:
    session = Session(engine)
    last = None
    for _ in range(20_000):
        last = Entry(before=last)
    assert last is not None
    session.add(last)
    session.clear(discard=True)
    await session.close()
    del last
    assert alive(Entry) == 0
