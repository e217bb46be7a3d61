"""The five states of an object, and which operation leads from one to another."""

from __future__ import annotations

import gc

import pytest

from asyncorm import ArgumentError, DetachedInstanceError, InvalidRequestError, inspect, select, sql
from asyncorm.session.factory import SessionFactory
from tests.integration.conftest import Sent
from tests.support.bookshop import Author, Book, Country


def flags(instance: object) -> str:
    found = inspect(instance)
    names = ("transient", "pending", "persistent", "deleted", "detached")
    (name,) = [name for name in names if getattr(found, name)]
    return name


async def test_a_new_object_is_pending_after_add_and_no_sql_is_sent(
    Session: SessionFactory, sent: Sent
) -> None:
    """A01"""
    author = Author(name="a")
    assert flags(author) == "transient"
    assert inspect(author).session is None
    async with Session() as session:
        session.add(author)
        assert flags(author) == "pending"
        assert session.new == (author,)
        assert author in session
        assert session.in_transaction()
        assert inspect(author).session is session
        assert inspect(author).identity_key is None
        assert author.id is None
        assert sent() == []


async def test_adding_twice_keeps_the_order(Session: SessionFactory) -> None:
    """S2"""
    async with Session() as session:
        first, second = Author(name="a"), Author(name="b")
        session.add_all([first, second])
        session.add(first)
        assert session.new == (first, second)


async def test_a_flush_makes_it_persistent_with_a_key(Session: SessionFactory, sent: Sent) -> None:
    """A02"""
    async with Session() as session:
        author = Author(name="a")
        session.add(author)
        await session.flush()
        assert flags(author) == "persistent"
        assert author.id is not None
        assert session.new == ()
        assert inspect(author).identity_key == (Author, (author.id,))
        sent()
        assert await session.get(Author, author.id) is author
        assert sent() == []


async def test_delete_marks_and_the_flush_deletes(Session: SessionFactory, sent: Sent) -> None:
    """A03"""
    async with Session() as session:
        author = Author(name="a")
        session.add(author)
        await session.commit()
        sent()
        await session.delete(author)
        assert flags(author) == "persistent"
        assert author in session
        assert session.deleted == (author,)
        assert [verb for verb in sent.verbs() if verb != "SELECT"] == []
        await session.flush()
        assert flags(author) == "deleted"
        assert author not in session
        assert session.deleted == ()
        assert inspect(author).session is session
        assert inspect(author).was_deleted
        assert await session.get(Author, author.id) is None
        await session.commit()
        assert flags(author) == "detached"
        assert inspect(author).was_deleted
        assert inspect(author).session is None


async def test_a_deleted_object_is_detached_by_commit_without_expiry(
    Session: SessionFactory,
) -> None:
    """A11"""
    async with Session(expire_on_commit=False) as session:
        author = Author(name="a")
        session.add(author)
        await session.flush()
        await session.delete(author)
        await session.commit()
        assert flags(author) == "detached"
        assert author.name == "a"


async def test_what_is_not_persisted_can_not_be_deleted(Session: SessionFactory) -> None:
    """A04"""
    async with Session() as session:
        transient, pending = Author(name="a"), Author(name="b")
        session.add(pending)
        for instance in (transient, pending):
            with pytest.raises(InvalidRequestError, match=r"not persisted(.|\n)*expunge"):
                await session.delete(instance)
        assert flags(transient) == "transient"
        assert flags(pending) == "pending"
        assert session.deleted == ()


async def test_a_deleted_object_is_not_added_again(Session: SessionFactory) -> None:
    """A05"""
    async with Session() as session:
        author = Author(name="a")
        session.add(author)
        await session.flush()
        await session.delete(author)
        await session.flush()
        with pytest.raises(InvalidRequestError, match=r"has been deleted(.|\n)*make_transient"):
            session.add(author)
        await session.commit()
        with pytest.raises(InvalidRequestError, match="has been deleted"):
            session.add(author)
        with pytest.raises(InvalidRequestError, match="has been deleted"):
            await session.delete(author)


async def test_deleting_a_deleted_object_again_does_nothing(
    Session: SessionFactory, sent: Sent
) -> None:
    """S14"""
    async with Session() as session:
        author = Author(name="a")
        session.add(author)
        await session.flush()
        await session.delete(author)
        await session.flush()
        sent()
        await session.delete(author)
        await session.flush()
        assert flags(author) == "deleted"
        assert sent() == []


async def test_adding_takes_a_deletion_back(Session: SessionFactory, sent: Sent) -> None:
    """A06"""
    async with Session() as session:
        author = Author(name="a")
        session.add(author)
        await session.flush()
        await session.delete(author)
        session.add(author)
        assert session.deleted == ()
        sent()
        await session.flush()
        assert sent() == []
        assert flags(author) == "persistent"


async def test_linking_to_an_object_does_not_take_its_deletion_back(
    Session: SessionFactory,
) -> None:
    async with Session() as session:
        author = Author(name="a")
        session.add(author)
        await session.commit()
        await session.delete(author)
        author.books.append(Book(title="t"))
        assert session.deleted == (author,)


async def test_an_object_of_another_session_is_refused(Session: SessionFactory) -> None:
    """A07"""
    async with Session() as a, Session() as b:
        persistent, pending = Author(name="a"), Author(name="b")
        a.add(persistent)
        await a.flush()
        a.add(pending)
        for instance in (persistent, pending):
            with pytest.raises(InvalidRequestError, match="already attached to another session"):
                b.add(instance)
            with pytest.raises(InvalidRequestError):
                await b.delete(instance)
            assert inspect(instance).session is a
        assert b.new == b.deleted == ()
        assert not b.in_transaction()
        await a.flush()
        assert flags(pending) == "persistent"


async def test_an_object_of_another_session_does_not_come_in_by_a_link(
    Session: SessionFactory,
) -> None:
    async with Session() as a, Session() as b:
        book, author = Book(title="t"), Author(name="a")
        a.add(book)
        b.add(author)
        with pytest.raises(InvalidRequestError, match="another session"):
            author.books.append(book)
        assert author.books == []
        assert book.author is None
        other = Book(title="u")
        b.add(other)
        foreign = Author(name="f")
        a.add(foreign)
        with pytest.raises(InvalidRequestError, match="another session"):
            other.author = foreign
        assert other.author is None


async def test_objects_of_a_dropped_session_are_free(Session: SessionFactory) -> None:
    """S6"""
    session = Session()
    author = Author(name="a")
    session.add(author)
    del session
    assert flags(author) == "transient"
    async with Session() as other:
        other.add(author)
        await other.flush()
        assert flags(author) == "persistent"


async def test_a_detached_object_whose_key_is_taken_is_refused(Session: SessionFactory) -> None:
    """A09"""
    async with Session() as session:
        detached = Author(name="a")
        session.add(detached)
        await session.commit()
        session.expunge(detached)
        loaded = await session.get_one(Author, detached.id)
        assert loaded is not detached
        with pytest.raises(InvalidRequestError, match=r"already in the session(.|\n)*merge"):
            session.add(detached)
        assert flags(detached) == "detached"
        assert await session.get(Author, detached.id) is loaded


async def test_two_detached_objects_of_one_key_are_refused_together(
    Session: SessionFactory,
) -> None:
    async with Session() as session:
        country = Country(code="de", name="a")
        session.add(country)
        await session.commit()
        session.expunge(country)
        second = await session.get_one(Country, "de")
        session.expunge(second)
        session.add(country)
        with pytest.raises(InvalidRequestError, match="already in the session"):
            session.add(second)
        assert list(session) == [country]


async def test_a_detached_object_is_added_without_sql_and_keeps_its_changes(
    Session: SessionFactory, sent: Sent
) -> None:
    """S3"""
    async with Session() as session:
        author = Author(name="a")
        session.add(author)
        await session.commit()
    author.name = "b"
    assert flags(author) == "detached"
    async with Session() as session:
        sent()
        session.add(author)
        assert sent() == []
        assert flags(author) == "persistent"
        assert session.is_modified(author)
        assert session.dirty == (author,)
        await session.flush()
        assert sent()[-1].startswith("UPDATE")


async def test_a_detached_object_is_deleted_by_attaching_it_first(Session: SessionFactory) -> None:
    """S10"""
    async with Session() as session:
        author = Author(name="a")
        session.add(author)
        await session.commit()
    async with Session() as session:
        await session.delete(author)
        assert session.deleted == (author,)
        assert flags(author) == "persistent"
        await session.commit()
        assert await session.all(select(Author)) == []


async def test_membership_iteration_and_length_agree(Session: SessionFactory) -> None:
    """A10"""
    async with Session() as session:
        loaded, going, gone = Author(name="a"), Author(name="b"), Author(name="c")
        session.add_all([loaded, going, gone])
        await session.commit()
        await session.delete(gone)
        await session.flush()
        await session.delete(going)
        pending = Author(name="d")
        session.add(pending)
        assert set(session) == {loaded, going, pending}
        assert next(iter(session)) is pending
        assert len(session.identity_map) == 2
        assert set(session.identity_map.values()) == {loaded, going}
        assert [i in session for i in (loaded, going, gone, pending)] == [True, True, False, True]
        assert (Author, (loaded.id,)) in session.identity_map
        assert (Author, (gone.id,)) not in session.identity_map
        assert "nonsense" not in session.identity_map
        assert object() not in session


async def test_snapshots_do_not_change_afterwards(Session: SessionFactory) -> None:
    async with Session() as session:
        session.add(Author(name="a"))
        before = session.new
        session.add(Author(name="b"))
        assert len(before) == 1
        assert len(session.new) == 2


async def test_assigning_the_same_value_is_optimistically_dirty_but_not_modified(
    Session: SessionFactory, sent: Sent
) -> None:
    """E18 A1"""
    async with Session() as session:
        author = Author(name="a")
        session.add(author)
        await session.commit()
        author.name = "a"
        assert session.dirty == (author,)
        assert not session.is_modified(author)
        assert not inspect(author).modified
        sent()
        await session.flush()
        assert sent() == []
        assert session.dirty == ()


async def test_a_collection_counts_as_modified_unless_columns_are_asked_for(
    Session: SessionFactory,
) -> None:
    async with Session() as session:
        author = Author(name="a")
        session.add(author)
        await session.flush()
        author.books.append(Book(title="t"))
        assert session.is_modified(author)
        assert not session.is_modified(author, include_collections=False)


async def test_history_tells_what_was_there_before(Session: SessionFactory) -> None:
    async with Session() as session:
        author = Author(name="a")
        session.add(author)
        await session.flush()
        author.name = "b"
        book = Book(title="t")
        author.books.append(book)
        assert inspect(author).history("name") == (("b",), (), ("a",))
        assert inspect(author).history("age") == ((), (None,), ())
        assert inspect(author).history("books") == ((book,), (), ())


async def test_unloaded_attributes_of_a_dropped_session_are_a_detached_error(
    Session: SessionFactory,
) -> None:
    """M05"""
    session = Session()
    author = Author(name="a")
    session.add(author)
    await session.commit()
    session.expire(author, ["age"])
    del session
    gc.collect()
    assert flags(author) == "detached"
    assert author.name == "a"
    with pytest.raises(DetachedInstanceError, match=r"Author\.age"):
        _ = author.age


async def test_an_entity_from_raw_sql_is_persistent(Session: SessionFactory) -> None:
    async with Session() as session:
        session.add(Author(name="a"))
        await session.commit()
        (author,) = await session.all(sql("select id, name from author").into(Author))
        assert flags(author) == "persistent"
        assert inspect(author).unloaded == {"age", "books"}


async def test_another_object_with_equal_columns_is_not_among_the_new(
    Session: SessionFactory,
) -> None:
    """A2"""
    async with Session() as session:
        first, twin, third = Author(name="a"), Author(name="a"), Author(name="c")
        assert first == twin
        session.add_all([first, third])
        assert first in session.new
        assert twin not in session.new
        assert (session.new.count(first), session.new.count(twin)) == (1, 0)
        assert session.new.index(third) == 1
        with pytest.raises(ValueError, match="Author is not among"):
            session.new.index(twin)


async def test_a_look_at_an_object_gives_its_key_and_whether_it_changed(
    Session: SessionFactory,
) -> None:
    author = Author(name="a")
    assert inspect(author).identity is None
    assert inspect(author).object is author
    async with Session.begin() as session:
        session.add(author)
        await session.flush()
        assert inspect(author).identity == (author.id,)
        assert not inspect(author).history("name").has_changes()
        author.name = "b"
        assert inspect(author).history("name").has_changes()
    with pytest.raises(ArgumentError, match="no attribute 'nmae'"):
        inspect(author).history("nmae")


async def test_a_class_is_no_object_to_add(Session: SessionFactory) -> None:
    async with Session() as session:
        with pytest.raises(ArgumentError, match="the class Author was given"):
            session.add(Author)  # type: ignore[arg-type]
