"""The identity map: one instance per key, kept alive only by who uses it."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from asyncorm import inspect, select, sql
from asyncorm.session.factory import SessionFactory
from tests.support.bookshop import Author, Book, Box, Country, Label, Shelf


@pytest.fixture
def no_collector() -> Iterator[None]:
    """What goes, goes by its reference count."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


async def thousand(Session: SessionFactory) -> None:
    async with Session() as session:
        await session.execute(
            sql("insert into author (name) select 'n' || n from generate_series(1, 3000) n")
        )
        await session.commit()


async def test_instances_nobody_holds_leave_the_map(
    Session: SessionFactory, no_collector: None
) -> None:
    """M01 W2"""
    await thousand(Session)
    async with Session() as session:
        authors = await session.all(select(Author).limit(1000))
        assert len(session.identity_map) == 1000
        del authors
        assert len(session.identity_map) == 0
        assert list(session) == []


@pytest.mark.parametrize("way", ["select", "get", "insert"])
async def test_the_map_does_not_grow_with_what_has_gone(Session: SessionFactory, way: str) -> None:
    await thousand(Session)
    async with Session() as session:
        for turn in range(30):
            if way == "select":
                await session.all(select(Author).offset(100 * turn).limit(100))
            elif way == "get":
                for key in range(100 * turn, 100 * turn + 100):
                    await session.get(Author, key)
            else:
                session.add_all(
                    [Country(code=f"{turn}.{n}", name=f"{turn}.{n}") for n in range(100)]
                )
                await session.flush()
        entries = sum(len(references) for references in session._unit.identity_map.tables.values())
        assert entries < 1500


async def test_one_row_is_one_instance_however_it_is_read(Session: SessionFactory) -> None:
    """W1"""
    async with Session() as session:
        session.add(Author(name="a", books=[Book(title="t")]))
        await session.commit()
    async with Session() as session:
        author = await session.get_one(Author, 1)
        (row,) = await session.execute(select(Author, Book).join(Author.books))
        assert row[0] is author
        assert await session.one(select(Author)) is author
        assert (await session.get_many(Author, [1]))[0] is author
        assert await session.one(sql("select * from author").into(Author)) is author
        assert row[1].author is author


async def test_work_keeps_its_objects_alive_until_it_is_done(
    Session: SessionFactory, no_collector: None
) -> None:
    """W3"""
    await thousand(Session)
    async with Session() as session:
        dirty = weakref.ref(changed := await session.get_one(Author, 1))
        going = weakref.ref(marked := await session.get_one(Author, 2))
        new = weakref.ref(added := Author(name="new"))
        session.add(added)
        changed.age = 5
        await session.delete(marked)
        del added, changed, marked
        assert [r() is not None for r in (new, dirty, going)] == [True] * 3
        await session.flush()
        assert [r() is not None for r in (new, dirty)] == [False] * 2
        await session.commit()
        assert going() is None
        assert await session.scalar(select(Author.age).where(Author.id == 1)) == 5


@pytest.mark.parametrize("way", ["flush", "expire", "expunge", "rollback", "close", "refresh"])
async def test_no_reference_cycle_keeps_a_clean_object(
    Session: SessionFactory, no_collector: None, way: str
) -> None:
    """M04"""
    async with Session() as session:
        author = Author(name="a", age=1)
        session.add(author)
        await session.commit()
        assert author.books == []
        author.age = 2
        match way:
            case "flush":
                await session.flush()
            case "expire":
                session.expire(author)
            case "expunge":
                session.expunge(author)
            case "rollback":
                await session.rollback()
            case "refresh":
                await session.refresh(author, discard=True)
            case _:
                await session.close()
        gone = weakref.ref(author)
        del author
        assert gone() is None


async def test_a_session_leaves_no_cycle_behind(
    Session: SessionFactory, no_collector: None
) -> None:
    async with Session() as session:
        author = Author(name="a")
        session.add(author)
        await session.commit()
    gone = [weakref.ref(session), weakref.ref(session._unit)]
    del session
    assert [r() for r in gone] == [None, None]
    assert inspect(author).detached


async def test_a_parent_keeps_its_loaded_children(
    Session: SessionFactory, no_collector: None
) -> None:
    """W4"""
    async with Session() as session:
        session.add(Shelf(boxes={Box(size=1)}))
        await session.commit()
    async with Session() as session:
        shelf = await session.one(select(Shelf))
        await session.load(shelf, Shelf.boxes)
        assert len(session.identity_map) == 2
        del shelf
        assert len(session.identity_map) == 0


async def test_a_key_can_be_loaded_again_after_its_object_has_gone(
    Session: SessionFactory, no_collector: None
) -> None:
    """W5"""
    await thousand(Session)
    async with Session() as session:
        for _ in range(3):
            author = await session.get_one(Author, 1)
            assert session.identity_map[Author, (1,)] is author
            del author
            assert (Author, (1,)) not in session.identity_map


@pytest.mark.parametrize("entity", ["two-sided", "one-sided"])
async def test_w7_what_was_taken_out_of_a_collection_lives_until_the_flush(
    Session: SessionFactory, no_collector: None, entity: str
) -> None:
    async with Session.begin() as session:
        session.add(Author(name="a", books=[Book(title="t")]))
        session.add(Shelf(labels=[Label(text="l")]))
    async with Session() as session:
        owner: Author | Shelf
        if entity == "two-sided":
            owner = await session.one(select(Author))
            members = await session.load(owner, Author.books)
            keys = select(Book.author_id)
        else:
            owner = await session.one(select(Shelf))
            members = await session.load(owner, Shelf.labels)
            keys = select(Label.shelf_id)
        gone = weakref.ref(members.pop())
        assert gone() is not None
        await session.commit()
        assert gone() is None
        assert await session.all(keys) == [None]
        assert len(members) == 0
        assert inspect(owner).persistent
