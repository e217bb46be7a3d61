"""Scenarios K: expire, refresh and get."""

from __future__ import annotations

from typing import Any

import pytest

from asyncorm import (
    Engine,
    InvalidRequestError,
    NoResultFound,
    ObjectDeletedError,
    SessionFactory,
    UnflushedChangesError,
    UnloadedAttributeError,
    inspect,
    select,
)
from tests.support.rows import rows, run
from tests.support.scenario_models import Author, Book, Country, Slot
from tests.support.sent import Sent
from tests.support.states import state_of
from tests.support.store import store


async def test_k01_one_expired_attribute_is_read_alone(
    Session: SessionFactory, sent: Sent, engine: Engine
) -> None:
    await store(Session, Author(name="a", age=1))
    async with Session() as session:
        author = await session.get_one(Author, 1)
        await run(engine, "update author set name = 'elsewhere', age = 2")
        session.expire(author, ["age"])
        assert inspect(author).unloaded == {"age", "books"}
        assert author.name == "a"
        with pytest.raises(UnloadedAttributeError, match=r"Author\.age"):
            _ = author.age
        sent()
        await session.refresh(author, ["age"])
        assert sent.work() == ["SELECT author"]
        assert (author.name, author.age) == ("a", 2)


async def test_k01_a_query_fills_what_is_expired_and_nothing_else(
    Session: SessionFactory, engine: Engine
) -> None:
    """A15"""
    await store(Session, Author(name="a", age=1))
    async with Session() as session:
        author = await session.get_one(Author, 1)
        await run(engine, "update author set name = 'elsewhere', age = 2")
        session.expire(author, ["age"])
        assert await session.all(select(Author)) == [author]
        assert (author.name, author.age) == ("a", 2)


@pytest.mark.parametrize("names", [None, ["name"]], ids=["whole", "named"])
async def test_k02_expiring_throws_unflushed_changes_away(
    Session: SessionFactory, sent: Sent, names: list[str] | None
) -> None:
    await store(Session, Author(name="a", age=1))
    async with Session() as session:
        author = await session.get_one(Author, 1)
        author.name = "b"
        author.age = 2
        session.expire(author, names)
        assert session.is_modified(author) is (names is not None)
        sent()
        await session.flush()
        assert sent.work() == ([] if names is None else ["UPDATE author"])
        await session.refresh(author)
        assert (author.name, author.age) == ("a", 1 if names is None else 2)


async def test_k02_an_assignment_to_an_expired_attribute_reads_nothing(
    Session: SessionFactory, sent: Sent
) -> None:
    """A6 F4"""
    await store(Session, Author(name="a", age=1))
    async with Session() as session:
        author = await session.get_one(Author, 1)
        session.expire(author)
        sent()
        author.name = "a"
        assert sent() == []
        await session.flush()
        assert sent.work() == ["UPDATE author"]
        with pytest.raises(UnloadedAttributeError):
            _ = author.age


@pytest.mark.parametrize("state", ["transient", "pending", "detached", "foreign", "deleted"])
async def test_k03_only_what_is_persistent_here_is_expired_or_refreshed(
    Session: SessionFactory, sent: Sent, state: str
) -> None:
    await store(Session, Author(name="a"))
    async with Session() as session, Session() as other:
        author = Author(name="n")
        if state == "pending":
            session.add(author)
        if state in ("detached", "foreign", "deleted"):
            author = await (other if state == "foreign" else session).get_one(Author, 1)
        if state == "detached":
            session.expunge(author)
        if state == "deleted":
            await session.delete(author)
            await session.flush()
        before = state_of(author)
        sent()
        with pytest.raises(InvalidRequestError, match="not persistent within this session"):
            session.expire(author)
        with pytest.raises(InvalidRequestError, match="not persistent within this session"):
            await session.refresh(author)
        assert state_of(author) == before
        assert sent.work() == []
        assert author.name in "an"


async def test_k05_a_refresh_flushes_the_changes_of_other_attributes(
    Session: SessionFactory, sent: Sent, engine: Engine
) -> None:
    await store(Session, Author(name="a", age=1))
    async with Session() as session:
        author = await session.get_one(Author, 1)
        await run(engine, "update author set name = 'elsewhere'")
        author.age = 2
        sent()
        await session.refresh(author, ["name"])
        assert sent.work() == ["UPDATE author", "SELECT author"]
        assert (author.name, author.age) == ("elsewhere", 2)
        await session.commit()
    assert await rows(engine, "select name, age from author") == [("elsewhere", 2)]


async def test_k05_a_refresh_does_not_lose_a_change_in_silence(
    Session: SessionFactory, sent: Sent
) -> None:
    """A9 D15"""
    await store(Session, Author(name="a", age=1))
    async with Session() as session:
        author = await session.get_one(Author, 1)
        author.name = "mine"
        sent()
        for names in (None, ["name"]):
            with pytest.raises(UnflushedChangesError, match=r"name(.|\n)*discard=True"):
                await session.refresh(author, names)
        assert sent.work() == []
        assert author.name == "mine"
        await session.refresh(author, ["name"], discard=True)
        assert author.name == "a"
        assert not session.is_modified(author)


async def test_k06_a_named_relationship_is_loaded_alone(
    Session: SessionFactory, sent: Sent, engine: Engine
) -> None:
    await store(Session, Author(name="a", books=[Book(title="t")]))
    async with Session() as session:
        author = await session.get_one(Author, 1)
        (book,) = await session.load(author, Author.books)
        await run(
            engine,
            "update author set name = 'elsewhere'",
            "insert into book (title, pages, author_id) values ('u', 1, 1)",
        )
        sent()
        await session.refresh(author, ["books"])
        assert sent.work() == ["SELECT book"]
        assert author.name == "a"
        assert author.books[0] is book
        assert [book.title for book in author.books] == ["t", "u"]


async def test_k07_in_memory_values_win_over_those_of_a_query(
    Session: SessionFactory, engine: Engine
) -> None:
    await store(Session, Author(name="a", age=1), Author(name="b", age=1))
    async with Session() as session:
        dirty, clean = await session.all(select(Author).order_by(Author.id))
        dirty.name = "mine"
        await run(engine, "update author set age = 2")
        with session.no_autoflush:
            assert await session.all(select(Author).order_by(Author.id)) == [dirty, clean]
        assert (dirty.name, dirty.age, clean.age) == ("mine", 1, 1)
        assert session.is_modified(dirty)
        populate = select(Author).order_by(Author.id).execution_options(populate_existing=True)
        assert await session.all(populate) == [dirty, clean]
        # the change was flushed before, so that nothing is lost
        assert (dirty.name, dirty.age, clean.age) == ("mine", 2, 2)
        assert not session.is_modified(dirty)
        await session.rollback()
    assert await rows(engine, "select name from author order by id") == [("a",), ("b",)]


async def test_k07_get_with_populate_existing_overwrites(
    Session: SessionFactory, sent: Sent, engine: Engine
) -> None:
    await store(Session, Author(name="a"))
    async with Session() as session:
        author = await session.get_one(Author, 1)
        await run(engine, "update author set name = 'elsewhere'")
        assert await session.get(Author, 1) is author
        assert author.name == "a"
        sent()
        assert await session.get(Author, 1, populate_existing=True) is author
        assert sent.work() == ["SELECT author"]
        assert author.name == "elsewhere"


async def test_k07_without_autoflush_overwriting_a_change_is_refused(
    Session: SessionFactory,
) -> None:
    """A16 D15"""
    await store(Session, Author(name="a"))
    async with Session() as session:
        author = await session.get_one(Author, 1)
        author.name = "mine"
        populate = select(Author).execution_options(populate_existing=True)
        with session.no_autoflush:
            with pytest.raises(UnflushedChangesError, match="Author"):
                await session.all(populate)
            with pytest.raises(UnflushedChangesError, match="Author"):
                await session.get(Author, 1, populate_existing=True)
        assert author.name == "mine"
        assert session.is_modified(author)


async def test_k07_a_lock_brings_clean_values_up_to_date(
    Session: SessionFactory, engine: Engine
) -> None:
    """A17 D17"""
    await store(Session, Author(name="a", age=1))
    async with Session() as session:
        author = await session.get_one(Author, 1)
        await run(engine, "update author set age = 2")
        assert await session.all(select(Author).with_for_update()) == [author]
        assert author.age == 2
        await session.commit()
        await run(engine, "update author set age = 3")
        assert await session.get(Author, 1, with_for_update=True) is author
        assert author.age == 3


async def test_k09_get_answers_from_memory_if_it_can(Session: SessionFactory, sent: Sent) -> None:
    await store(Session, Slot(row="a", number=1), Author(name="a"))
    async with Session() as session:
        slot = await session.get_one(Slot, ("a", 1))
        assert sent.work()[-1] == "SELECT slot"
        dirty = Author(name="pending")
        session.add(dirty)
        assert await session.get(Slot, ("a", 1)) is slot
        assert await session.get(Slot, {"number": 1, "row": "a"}) is slot
        # what is in memory needs no flush either
        assert sent() == []
        assert state_of(dirty) == "pending"
        assert await session.get(Slot, ("a", 2)) is None
        assert await session.get(Author, 99) is None
        assert sent.work() == ["INSERT author", "SELECT slot", "SELECT author"]


@pytest.mark.parametrize(
    "key",
    [("a",), "a", ("a", 1, 2), {"row": "a"}, {"row": "a", "number": 1, "x": 2}, ("a", None), None],
    ids=str,
)
async def test_k09_a_key_of_the_wrong_shape_is_an_error(
    Session: SessionFactory, sent: Sent, key: Any
) -> None:
    async with Session() as session:
        with pytest.raises(InvalidRequestError, match="Slot"):
            await session.get(Slot, key)
        assert sent() == []


async def test_k09_get_one_says_that_nothing_was_found(Session: SessionFactory) -> None:
    await store(Session, Author(name="a"))
    async with Session() as session:
        with pytest.raises(NoResultFound, match="Author"):
            await session.get_one(Author, 99)
        author = await session.get_one(Author, 1)
        # the same key of another class is another object
        assert await session.get(Book, 1) is None
        assert await session.get_one(Author, 1) is author


async def test_k09_what_is_marked_for_deletion_is_found_until_the_flush(
    Session: SessionFactory,
) -> None:
    """A19"""
    await store(Session, Country(code="de"))
    async with Session() as session:
        country = await session.get_one(Country, "de")
        await session.delete(country)
        assert await session.get(Country, "de") is country
        await session.flush()
        assert await session.get(Country, "de") is None


async def test_k09_an_expired_object_whose_row_is_gone_is_not_found(
    Session: SessionFactory, engine: Engine
) -> None:
    """A7 A8 A10 D16"""
    await store(Session, Author(name="a"))
    async with Session() as session:
        author = await session.get_one(Author, 1)
        await run(engine, "delete from author")
        session.expire(author)
        with pytest.raises(ObjectDeletedError, match="Author"):
            await session.refresh(author)
        assert state_of(author) == "persistent"
        assert await session.get(Author, 1) is None
        assert state_of(author) == "deleted"
        await session.rollback()
        assert state_of(author) == "persistent"


async def test_k10_a_rollback_expires_even_where_a_commit_does_not(
    Session: SessionFactory, engine: Engine
) -> None:
    await store(Session, Author(name="a"))
    async with Session(expire_on_commit=False) as session:
        author = await session.get_one(Author, 1)
        await session.commit()
        assert author.name == "a"
        # nothing was begun: nothing to undo
        await session.rollback()
        assert author.name == "a"
        author.age = 1
        await session.rollback()
        for name in ("name", "age"):
            with pytest.raises(UnloadedAttributeError, match=rf"Author\.{name}"):
                getattr(author, name)
        await session.refresh(author)
        assert (author.name, author.age) == ("a", None)


async def test_k10_a_commit_expires_if_it_is_asked_to(Session: SessionFactory) -> None:
    """A13 D1"""
    async with Session(expire_on_commit=True) as session:
        author = Author(name="a", books=[Book(title="t")])
        session.add(author)
        await session.commit()
        for name in ("name", "books"):
            with pytest.raises(UnloadedAttributeError, match=rf"Author\.{name}"):
                getattr(author, name)
        await session.refresh(author)
        assert author.name == "a"
        assert [book.author_id for book in await session.load(author, Author.books)] == [1]
