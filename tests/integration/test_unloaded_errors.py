"""What is not loaded raises in every state of an object, and says what to do in that state."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from asyncorm import (
    DetachedInstanceError,
    Session,
    UnloadedAttributeError,
    inspect,
    make_transient,
    select,
    selectinload,
)
from asyncorm.session.factory import SessionFactory
from tests.integration.conftest import Sent
from tests.support.bookshop import Author, Book

LOAD_BOOKS = (
    "Author.books is not loaded\nhint: await session.load(obj, Author.books), or "
    "select(Author).options(selectinload(Author.books))"
)
REFRESH_AGE = (
    "Author.age is not loaded\nhint: await session.refresh(obj), or "
    "await session.refresh(obj, ['age'])"
)
ADD_AND_REFRESH = (
    "Author.age is not loaded, and the Author belongs to no session\n"
    "hint: session.add(obj) and await session.refresh(obj)"
)
ADD_AND_LOAD = (
    "Author.books is not loaded, and the Author belongs to no session\n"
    "hint: session.add(obj) and await session.load(obj, Author.books); or "
    "select(Author).options(selectinload(Author.books)) before it leaves its session"
)


@pytest.fixture
async def session(Session: SessionFactory) -> AsyncIterator[Session]:
    async with Session() as session:
        session.add(Author(name="secret", age=4711, books=[Book(title="t")]))
        await session.commit()
        session.clear()
        yield session


async def author_of(session: Session) -> Author:
    return await session.one(select(Author))


def attached_error(author: Author, name: str) -> str:
    with pytest.raises(UnloadedAttributeError) as caught:
        getattr(author, name)
    return str(caught.value)


def detached_error(author: Author, name: str) -> str:
    with pytest.raises(DetachedInstanceError) as caught:
        getattr(author, name)
    return str(caught.value)


async def test_a_relationship_of_a_loaded_object(session: Session) -> None:
    assert attached_error(await author_of(session), "books") == LOAD_BOOKS


async def test_after_expire(session: Session) -> None:
    author = await author_of(session)
    session.expire(author)
    assert attached_error(author, "age") == REFRESH_AGE
    assert attached_error(author, "books") == LOAD_BOOKS
    assert author.id
    with pytest.raises(UnloadedAttributeError, match=r"Author\.name"):
        author.model_dump_json()
    await session.refresh(author)
    assert author.model_dump() == {"id": author.id, "name": "secret", "age": 4711}


async def test_after_a_commit_that_expires(Session: SessionFactory, session: Session) -> None:
    async with Session(expire_on_commit=True) as other:
        author = await author_of(other)
        author.age = 1
        await other.commit()
        assert attached_error(author, "age") == REFRESH_AGE
        with pytest.raises(UnloadedAttributeError, match=r"Author\.name"):
            author.model_dump()


async def test_after_a_rollback(session: Session) -> None:
    author = await author_of(session)
    author.age = 1
    await session.rollback()
    assert attached_error(author, "age") == REFRESH_AGE
    await session.refresh(author, ["age"])
    assert author.age == 4711


async def test_after_expunge_and_clear(session: Session) -> None:
    author = await author_of(session)
    session.expire(author, ["age"])
    session.expunge(author)
    assert detached_error(author, "age") == ADD_AND_REFRESH
    assert detached_error(author, "books") == ADD_AND_LOAD
    other = await author_of(session)
    session.clear()
    assert detached_error(other, "books") == ADD_AND_LOAD
    assert other.age == 4711


async def test_after_close(Session: SessionFactory, session: Session) -> None:
    async with Session() as other:
        author = await author_of(other)
        other.expire(author)
    assert detached_error(author, "age") == ADD_AND_REFRESH
    with pytest.raises(DetachedInstanceError, match=r"Author\.name"):
        author.model_dump()


async def test_the_way_out_of_a_detached_object_works(session: Session) -> None:
    author = await author_of(session)
    session.expire(author)
    session.clear()
    session.add(author)
    await session.refresh(author)
    assert author.age == 4711
    assert [book.title for book in await session.load(author, Author.books)] == ["t"]


async def test_of_an_object_that_is_deleted(session: Session) -> None:
    author = await author_of(session)
    session.expire(author, ["age"])
    author.name = "n"
    await session.delete(await session.one(select(Book)))
    await session.delete(author)
    await session.flush()
    assert attached_error(author, "age") == (
        "Author.age is not loaded, and the Author is deleted\n"
        "hint: read or load Author.age before the object is deleted"
    )
    assert "age=<unloaded>" in repr(author)
    await session.commit()
    assert inspect(author).detached
    assert detached_error(author, "age") == (
        "Author.age is not loaded, and the Author was deleted\n"
        "hint: read or load Author.age before the object is deleted"
    )
    make_transient(author)
    assert author.age is None


async def test_of_an_object_further_down(session: Session) -> None:
    author = await session.one(select(Author).options(selectinload(Author.books)))
    (book,) = author.books
    session.expire(book)
    with pytest.raises(UnloadedAttributeError, match=r"^Book\.title is not loaded"):
        _ = book.title
    with pytest.raises(UnloadedAttributeError, match=r"session\.load\(obj, Book\.author\)"):
        _ = book.author


async def test_no_error_shows_values(session: Session) -> None:
    author = await author_of(session)
    session.expire(author, ["age"])
    assert "secret" not in attached_error(author, "age") + attached_error(author, "books")
    with pytest.raises(UnloadedAttributeError) as caught:
        author.model_dump_json()
    assert "secret" not in str(caught.value)


async def test_a_default_does_not_hide_it(session: Session, sent: Sent) -> None:
    author = await author_of(session)
    session.expire(author, ["age"])
    sent()
    for read in (
        lambda: hasattr(author, "age"),
        lambda: getattr(author, "age", None),
        lambda: getattr(author, "books", ()),
        lambda: list(author),
        lambda: [*author.books],
        lambda: author.model_dump(),
    ):
        with pytest.raises(UnloadedAttributeError):
            read()
    assert vars(author) == {"id": author.id, "name": "secret"}
    assert hash(author) == hash(author)
    assert author == author.model_copy()
    assert sent() == []


async def test_repr_shows_what_is_not_loaded_in_every_state(session: Session, sent: Sent) -> None:
    author = await author_of(session)
    book = await session.one(select(Book))
    sent()
    assert repr(author) == (f"Author(id={author.id}, name='secret', age=4711, books=<unloaded>)")
    assert repr(book).endswith("author=<Author>)")  # the identity map has it
    session.expire(author)
    assert (
        repr(author) == f"Author(id={author.id}, name=<unloaded>, age=<unloaded>, books=<unloaded>)"
    )
    session.clear()
    assert "books=<unloaded>" in repr(author)
    assert repr(book).endswith("author=<unloaded>)")
    assert repr(Author(name="n")) == "Author(id=None, name='n', age=None)"
    assert sent() == []


async def test_repr_of_objects_that_refer_to_each_other_ends(session: Session) -> None:
    author = await session.one(select(Author).options(selectinload(Author.books)))
    (book,) = author.books
    assert book.author is author
    assert repr(author).endswith("books=<1 Book>)")
    assert repr(book).endswith("author=<Author>)")


async def test_inspect_tells_what_would_raise(session: Session) -> None:
    author = await author_of(session)
    book = await session.one(select(Book))
    assert inspect(author).unloaded == {"books"}
    assert inspect(book).unloaded == frozenset()
    assert book.author is author
    session.expire(author)
    assert inspect(author).unloaded == {"name", "age", "books"}
    session.clear()
    assert inspect(author).unloaded == {"name", "age", "books"}
    assert inspect(Author(name="n")).unloaded == frozenset()
    new = Author(name="n")
    session.add(new)
    await session.flush()
    assert inspect(new).unloaded == frozenset()
