"""Objects travel: pickled in one session, unpickled outside, added to another."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from asyncorm import (
    DetachedInstanceError,
    InvalidRequestError,
    inspect,
    select,
    selectinload,
)
from asyncorm.session.factory import SessionFactory
from tests.integration.conftest import Sent
from tests.support.bookshop import Author, Book, Box, Label, Shelf


def travelled(instance: Any) -> Any:
    return pickle.loads(pickle.dumps(instance))


async def stored(Session: SessionFactory) -> None:
    async with Session.begin() as session:
        session.add(Author(name="a", age=1, books=[Book(title="t"), Book(title="u")]))


async def test_w9_a_detached_graph_comes_back_whole(Session: SessionFactory, sent: Sent) -> None:
    """M06"""
    await stored(Session)
    async with Session() as session:
        author = await session.one(select(Author).options(selectinload(Author.books)))
    found = travelled(author)
    assert inspect(found).detached
    assert inspect(found).identity_key == (Author, (author.id,))
    assert [b.title for b in found.books] == ["t", "u"]
    assert found == author
    assert found is not author
    async with Session() as session:
        sent()
        session.add(found)
        assert session.dirty == ()
        assert all(b in session and b.author is found for b in found.books)
        await session.flush()
        assert sent() == []
        found.books[0].title = "v"
        found.books.append(Book(title="w"))
        await session.commit()
        assert await session.all(select(Book.title).order_by(Book.id)) == ["v", "u", "w"]


async def test_w9_what_was_not_loaded_is_a_detached_error_and_loads_after_add(
    Session: SessionFactory,
) -> None:
    await stored(Session)
    async with Session() as session:
        author = await session.one(select(Author))
        session.expire(author, ["age"])
        found = travelled(author)
    for name in ("age", "books"):
        with pytest.raises(DetachedInstanceError, match=f"Author.{name} is not loaded"):
            getattr(found, name)
    async with Session() as session:
        session.add(found)
        await session.refresh(found)
        assert found.age == 1
        assert len(await session.load(found, Author.books)) == 2


async def test_w9_unflushed_changes_travel(Session: SessionFactory, sent: Sent) -> None:
    await stored(Session)
    async with Session() as session:
        author = await session.one(select(Author))
        author.age = 5
        found = travelled(author)
    assert inspect(found).modified
    async with Session() as session:
        session.add(found)
        assert session.dirty == (found,)
        sent()
        await session.commit()
        assert sent.verbs() == ["UPDATE"]
        assert await session.all(select(Author.age)) == [5]


async def test_w9_changes_of_a_collection_travel(Session: SessionFactory) -> None:
    """Of a one-sided one too, where nothing but the collection knows of the link."""
    async with Session.begin() as session:
        session.add(Shelf(labels=[Label(text="old"), Label(text="gone")], boxes={Box(size=1)}))
    async with Session() as session:
        options = [selectinload(Shelf.labels), selectinload(Shelf.boxes)]
        shelf = await session.one(select(Shelf).options(*options))
        (gone,) = [label for label in shelf.labels if label.text == "gone"]
        shelf.labels.remove(gone)
        shelf.labels.append(Label(text="new"))
        shelf.boxes.add(Box(size=2))
        found = travelled(shelf)
        session.expunge_all()
    async with Session() as session:
        session.add(found)
        await session.commit()
    async with Session() as session:
        labels = await session.all(select(Label.text).where(Label.shelf_id == found.id))
        assert sorted(labels) == ["new", "old"]
        assert sorted(await session.all(select(Box.size))) == [1, 2]


async def test_w9_a_pending_object_travels_as_a_new_one(Session: SessionFactory) -> None:
    async with Session() as session:
        author = Author(name="a", books=[Book(title="t")])
        session.add(author)
        found = travelled(author)
    assert inspect(found).transient
    assert found.books[0].author is found
    async with Session() as session:
        session.add(found)
        await session.commit()
        assert await session.all(select(Book.title)) == ["t"]


@pytest.mark.parametrize("committed", [False, True])
async def test_w9_a_deleted_object_stays_deleted(Session: SessionFactory, committed: bool) -> None:
    await stored(Session)
    async with Session() as session:
        book = await session.one(select(Book).where(Book.title == "t"))
        await session.delete(book)
        await session.flush()
        if committed:
            await session.commit()
        found = travelled(book)
        assert inspect(found).detached
        assert inspect(found).was_deleted
        with pytest.raises(InvalidRequestError, match="has been deleted"):
            session.add(found)


async def test_w9_a_new_object_still_knows_its_empty_collections(Session: SessionFactory) -> None:
    async with Session() as session:
        author = Author(name="a")
        session.add(author)
        await session.commit()
    assert author.books == []
    assert travelled(author).books == []
    async with Session() as session:
        untouched = Author(name="b")
        session.add(untouched)
        await session.commit()
        assert travelled(untouched).books == []


@pytest.mark.parametrize("way", [copy.copy, copy.deepcopy])
async def test_w9_a_copy_is_detached_and_does_not_take_the_related_along(
    Session: SessionFactory, way: Any
) -> None:
    await stored(Session)
    async with Session() as session:
        author = await session.one(select(Author).options(selectinload(Author.books)))
        author.age = 7
        copied = way(author)
        assert inspect(copied).detached
        assert inspect(copied).history("age") == ((7,), (), (1,))
        with pytest.raises(DetachedInstanceError, match=r"Author\.books"):
            _ = copied.books
        with pytest.raises(InvalidRequestError, match=r"another Author(.|\n)*merge"):
            session.add(copied)
        assert len(author.books) == 2
        assert session.dirty == (author,)
