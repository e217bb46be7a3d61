"""make_transient, make_transient_to_detached and object_session: states changed by hand."""

from __future__ import annotations

import pytest

from asyncorm import (
    ArgumentError,
    DetachedInstanceError,
    InvalidRequestError,
    UnloadedAttributeError,
    inspect,
    make_transient,
    make_transient_to_detached,
    object_session,
    select,
    selectinload,
)
from asyncorm.session.factory import SessionFactory
from tests.integration.conftest import Sent
from tests.support.bookshop import Author, Book, Country, Shelf


async def stored(Session: SessionFactory) -> int:
    """The key of an author with one book."""
    async with Session.begin() as session:
        author = Author(name="a", age=1, books=[Book(title="t")])
        session.add(author)
    return author.id


async def test_s38_a_persistent_object_made_transient_is_stored_a_second_time(
    Session: SessionFactory,
) -> None:
    """A12"""
    key = await stored(Session)
    async with Session() as session:
        author = await session.get_one(Author, key)
        author.name = "b"
        make_transient(author)
        assert inspect(author).transient
        assert inspect(author).identity_key is None
        assert author not in session
        assert len(session.identity_map) == 0
        assert session.dirty == ()
        assert (author.name, author.age, author.id) == ("b", 1, key)
        author.id = 77
        session.add(author)
        await session.commit()
        assert inspect(author).persistent
        assert inspect(author).identity_key == (Author, (77,))
        names = await session.all(select(Author.name).order_by(Author.id))
        assert names == ["a", "b"]


async def test_s38_a_key_set_to_none_is_made_anew(Session: SessionFactory) -> None:
    """A12: how a row is copied."""
    key = await stored(Session)
    async with Session() as session:
        author = await session.get_one(Author, key)
        make_transient(author)
        author.id = None  # type: ignore[assignment]
        author.name = "copy"
        session.add(author)
        await session.commit()
        assert author.id != key
        assert author.id is not None
        assert len(await session.all(select(Author))) == 2


async def test_s38_what_is_not_loaded_reads_as_none(Session: SessionFactory) -> None:
    key = await stored(Session)
    async with Session() as session:
        author = await session.get_one(Author, key)
        session.expire(author)
        with pytest.raises(UnloadedAttributeError):
            _ = author.name
        make_transient(author)
        assert author.name is None
        assert author.books == []
        author.name, author.id = "b", 77
        session.add(author)
        await session.commit()
        await session.refresh(author)
        assert (author.name, author.age) == ("b", None)


async def test_s38_what_is_not_loaded_is_left_to_the_server(Session: SessionFactory) -> None:
    async with Session() as session:
        shelf = Shelf(name="mine")
        session.add(shelf)
        await session.commit()
        session.expire(shelf)
        make_transient(shelf)
        shelf.id = None  # type: ignore[assignment]
        session.add(shelf)
        await session.commit()
        assert shelf.name == "shelf"


@pytest.mark.parametrize("committed", [False, True])
async def test_s7_a_deleted_object_can_be_stored_again_once_it_is_transient(
    Session: SessionFactory, committed: bool
) -> None:
    key = await stored(Session)
    async with Session() as session:
        book = await session.one(select(Book))
        await session.delete(book)
        await session.flush()
        if committed:
            await session.commit()
        with pytest.raises(InvalidRequestError, match=r"deleted(.|\n)*make_transient\(\)"):
            session.add(book)
        make_transient(book)
        assert inspect(book).transient
        assert not inspect(book).was_deleted
        session.add(book)
        await session.commit()
    async with Session() as other:
        assert await other.all(select(Book.title)) == ["t"]
        assert (await other.one(select(Book))).author_id == key


async def test_s38_a_rollback_does_not_touch_what_was_made_transient(
    Session: SessionFactory,
) -> None:
    async with Session() as session:
        kept, gone, pending = Author(name="kept"), Author(name="gone"), Author(name="pending")
        session.add_all([kept, gone])
        await session.commit()
        flushed = Author(name="flushed")
        session.add_all([flushed])
        kept.age = 5
        await session.delete(gone)
        await session.flush()
        session.add(pending)
        for author in (kept, gone, flushed, pending):
            make_transient(author)
        assert session.new == ()
        await session.rollback()
        for author in (kept, gone, flushed, pending):
            assert inspect(author).transient
        assert kept.age == 5
        assert [a.name for a in await session.all(select(Author).order_by(Author.id))] == [
            "kept",
            "gone",
        ]


async def test_s38_a_transient_object_stays_as_it_is() -> None:
    author = Author(name="a")
    make_transient(author)
    assert inspect(author).transient
    assert author.model_fields_set == {"name"}


async def test_s39_a_transient_object_with_a_key_is_attached_without_sql(
    Session: SessionFactory, sent: Sent
) -> None:
    """A13"""
    key = await stored(Session)
    author = Author(name="a")
    author.id = key
    make_transient_to_detached(author)
    assert inspect(author).detached
    assert inspect(author).identity_key == (Author, (key,))
    assert inspect(author).unloaded == {"age", "books"}
    with pytest.raises(DetachedInstanceError, match=r"Author\.age"):
        _ = author.age
    async with Session() as session:
        sent()
        session.add(author)
        assert inspect(author).persistent
        assert session.dirty == ()
        assert sent() == []
        assert await session.get(Author, key) is author  # reads what is missing
        assert sent.verbs() == ["SELECT"]
        session.expire(author, ["age"])
        await session.refresh(author)
        assert author.age == 1
        assert [b.title for b in await session.load(author, Author.books)] == ["t"]
        author.age = 9
        sent()
        await session.commit()
        assert sent.verbs() == ["UPDATE"]


async def test_s39_adding_and_flushing_sends_nothing(Session: SessionFactory, sent: Sent) -> None:
    country = Country(code="de", name="Germany")
    make_transient_to_detached(country)
    async with Session() as session:
        session.add(country)
        await session.flush()
        assert sent() == []
        assert await session.get(Country, "de") is country
        assert sent() == []


async def test_s39_refuses_what_is_not_transient_and_what_has_no_key(
    Session: SessionFactory,
) -> None:
    with pytest.raises(InvalidRequestError, match=r"no primary key(.|\n)*Author\.id"):
        make_transient_to_detached(Author(name="a"))
    async with Session() as session:
        author = Author(name="a")
        session.add(author)
        with pytest.raises(InvalidRequestError, match="not transient"):
            make_transient_to_detached(author)
        await session.commit()
        with pytest.raises(InvalidRequestError, match="not transient"):
            make_transient_to_detached(author)
        session.expunge(author)
        with pytest.raises(InvalidRequestError, match="not transient"):
            make_transient_to_detached(author)


async def test_a03_object_session_answers_as_long_as_the_session_holds_the_object(
    Session: SessionFactory,
) -> None:
    author = Author(name="a")
    assert object_session(author) is None
    async with Session() as session:
        session.add(author)
        assert object_session(author) is session
        assert inspect(author).session is session
        await session.commit()
        assert object_session(author) is session
        await session.delete(author)
        await session.flush()
        assert author not in session
        assert object_session(author) is session
        await session.commit()
        assert object_session(author) is None
        assert inspect(author).session is None
        other = Author(name="b")
        session.add(other)
        session.expunge(other)
        assert object_session(other) is None
        session.add(other)
    assert object_session(other) is None


async def test_s6_a_dropped_session_is_nobodys_session(Session: SessionFactory) -> None:
    key = await stored(Session)
    session = Session()
    author = await session.get_one(Author, key, options=[selectinload(Author.books)])
    author.age = 5
    pending = Author(name="p")
    session.add(pending)
    await session.flush()
    await session.rollback()
    session.add(pending)
    del session
    assert object_session(author) is object_session(pending) is None
    assert inspect(author).detached
    assert inspect(pending).transient
    async with Session() as other:
        other.add(author)
        other.add(pending)
        assert object_session(author) is other
        await other.commit()


@pytest.mark.parametrize("function", [object_session, make_transient, make_transient_to_detached])
def test_only_mapped_objects_are_taken(function: object) -> None:
    with pytest.raises(ArgumentError, match="int is not a mapped class"):
        function(5)  # type: ignore[operator]
