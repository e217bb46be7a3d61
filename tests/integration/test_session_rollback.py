"""What a rollback restores in memory: states, keys and values, whole or for one savepoint."""

from __future__ import annotations

import weakref

import pytest

from asyncorm import (
    InvalidRequestError,
    UniqueViolation,
    UnloadedAttributeError,
    delete,
    inspect,
    select,
    sql,
    update,
)
from asyncorm.session.factory import SessionFactory
from asyncorm.session.session import Session as SessionType
from tests.integration.test_session_states import flags
from tests.support.bookshop import Author, Book, Box, Country, Shelf


async def committed(session: SessionType, *names: str) -> list[Author]:
    authors = [Author(name=name) for name in names]
    session.add_all(authors)
    await session.commit()
    return authors


async def test_new_objects_are_transient_again_and_keep_their_values(
    Session: SessionFactory,
) -> None:
    """D01 S17"""
    async with Session() as session:
        flushed, pending = Author(name="a"), Author(name="b")
        session.add(flushed)
        await session.flush()
        session.add(pending)
        key = flushed.id
        assert key is not None
        await session.rollback()
        assert [flags(flushed), flags(pending)] == ["transient", "transient"]
        assert flushed.id == key
        assert inspect(flushed).identity_key is None
        assert session.new == ()
        assert len(session.identity_map) == 0
        session.add(flushed)
        await session.commit()
        assert [a.id for a in await session.all(select(Author))] == [key]


async def test_a_flushed_deletion_is_undone(Session: SessionFactory) -> None:
    """D02 S18"""
    async with Session() as session:
        (author,) = await committed(session, "a")
        await session.delete(author)
        await session.flush()
        await session.rollback()
        assert flags(author) == "persistent"
        assert session.deleted == ()
        assert await session.get(Author, author.id) is author
        assert author.name == "a"


async def test_a_deletion_that_was_only_marked_is_forgotten(Session: SessionFactory) -> None:
    """S19"""
    async with Session() as session:
        (author,) = await committed(session, "a")
        await session.delete(author)
        await session.rollback()
        assert session.deleted == ()
        assert flags(author) == "persistent"
        await session.commit()
        assert len(await session.all(select(Author))) == 1


async def test_inserted_and_deleted_in_one_transaction_is_transient(
    Session: SessionFactory,
) -> None:
    async with Session() as session:
        author = Author(name="a")
        session.add(author)
        await session.flush()
        await session.delete(author)
        await session.flush()
        await session.rollback()
        assert flags(author) == "transient"
        session.add(author)
        await session.commit()


async def test_cascaded_deletions_come_back_with_their_collection(
    Session: SessionFactory,
) -> None:
    """D03"""
    async with Session() as session:
        shelf = Shelf(boxes={Box(size=1), Box(size=2)})
        session.add(shelf)
        await session.commit()
        boxes = set(shelf.boxes)
        await session.delete(shelf)
        await session.flush()
        assert [flags(i) for i in (shelf, *boxes)] == ["deleted"] * 3
        await session.rollback()
        assert [flags(i) for i in (shelf, *boxes)] == ["persistent"] * 3
        assert await session.load(shelf, Shelf.boxes) == boxes


async def test_changed_attributes_and_collections_are_the_databases_again(
    Session: SessionFactory,
) -> None:
    """D04 S20 K10"""
    async with Session(expire_on_commit=False) as session:
        author = Author(name="a", books=[Book(title="t")])
        untouched = Author(name="u")
        session.add_all([author, untouched])
        await session.commit()
        (book,) = author.books
        author.name = "changed"
        author.books = [Book(title="new")]
        assert book.author is None
        await session.flush()
        author.age = 7
        await session.rollback()
        for instance in (author, untouched):
            with pytest.raises(UnloadedAttributeError, match=r"Author\.name"):
                _ = instance.name
        assert author.id is not None
        assert not session.is_modified(author)
        await session.refresh(author)
        assert (author.name, author.age) == ("a", None)
        assert await session.load(author, Author.books) == [book]
        await session.refresh(book)
        assert book.author is author


async def test_a_savepoint_expires_only_what_changed_in_it(Session: SessionFactory) -> None:
    """S22 S25"""
    async with Session() as session:
        inside, before, clean = await committed(session, "a", "b", "c")
        before.name = "b2"
        savepoint = await session.begin_nested()
        inside.name = "a2"
        await session.flush()
        inside.age = 3
        await savepoint.rollback()
        assert before.name == "b2"
        assert clean.name == "c"
        with pytest.raises(UnloadedAttributeError):
            _ = inside.name
        await session.commit()
        assert await session.all(select(Author.name).order_by(Author.id)) == ["a", "b2", "c"]


async def test_a_savepoint_undoes_inserts_and_deletes(Session: SessionFactory) -> None:
    """S23 S24 D09"""
    async with Session() as session:
        (author,) = await committed(session, "a")
        savepoint = await session.begin_nested()
        new, pending = Author(name="new"), Author(name="pending")
        session.add(new)
        await session.delete(author)
        await session.flush()
        session.add(pending)
        await savepoint.rollback()
        assert [flags(new), flags(pending), flags(author)] == [
            "transient",
            "transient",
            "persistent",
        ]
        assert session.new == session.deleted == ()
        assert await session.get(Author, author.id) is author
        await session.commit()
        assert await session.all(select(Author.name)) == ["a"]


async def test_a_mark_for_deletion_in_a_savepoint_goes_with_it(Session: SessionFactory) -> None:
    async with Session() as session:
        (author,) = await committed(session, "a")
        async with session.begin_nested() as savepoint:
            await session.delete(author)
            await savepoint.rollback()
        assert session.deleted == ()
        await session.commit()
        assert len(await session.all(select(Author))) == 1


async def test_what_a_released_savepoint_did_is_undone_with_the_transaction(
    Session: SessionFactory,
) -> None:
    """D08 S27"""
    async with Session() as session:
        changed, deleted = await committed(session, "c", "d")
        async with session.begin_nested():
            async with session.begin_nested():
                new = Author(name="n")
                session.add(new)
                changed.name = "c2"
                await session.delete(deleted)
        assert [flags(new), flags(deleted)] == ["persistent", "deleted"]
        await session.rollback()
        assert [flags(new), flags(deleted), flags(changed)] == [
            "transient",
            "persistent",
            "persistent",
        ]
        assert await session.all(select(Author.name).order_by(Author.id)) == ["c", "d"]


async def test_each_of_several_depths_is_undone_by_itself(Session: SessionFactory) -> None:
    async with Session() as session:
        made: list[Author] = []
        savepoints = []
        for depth in range(4):
            savepoints.append(await session.begin_nested())
            author = Author(name=f"{depth}")
            session.add(author)
            made.append(author)
            await session.flush()
        await savepoints[3].rollback()
        assert [flags(a) for a in made] == ["persistent"] * 3 + ["transient"]
        await savepoints[2].commit()
        assert [flags(a) for a in made] == ["persistent"] * 3 + ["transient"]
        await savepoints[1].rollback()
        assert [flags(a) for a in made] == ["persistent"] + ["transient"] * 3
        with pytest.raises(InvalidRequestError, match="closed already"):
            await savepoints[2].rollback()
        session.add(made[3])
        await session.commit()
        assert sorted(await session.all(select(Author.name))) == ["0", "3"]


async def test_ending_an_outer_savepoint_ends_those_inside(Session: SessionFactory) -> None:
    async with Session() as session:
        outer = await session.begin_nested()
        inner = await session.begin_nested()
        author = Author(name="a")
        session.add(author)
        await outer.rollback()
        assert not inner.is_active
        assert flags(author) == "transient"
        assert not session.in_nested_transaction()
        await session.commit()


async def test_the_original_key_comes_back_after_several_changes(
    Session: SessionFactory,
) -> None:
    """S26"""
    async with Session() as session:
        country = Country(code="aa", name="a")
        session.add(country)
        await session.commit()
        country.code = "bb"
        await session.flush()
        async with session.begin_nested():
            country.code = "cc"
            await session.flush()
            assert await session.get(Country, "cc") is country
            country.code = "dd"
        assert await session.get(Country, "dd") is country
        await session.rollback()
        assert country.code == "aa"
        assert inspect(country).identity_key == (Country, ("aa",))
        assert list(session.identity_map) == [(Country, ("aa",))]
        assert await session.get(Country, "aa") is country
        await session.refresh(country)
        assert country.name == "a"


async def test_a_key_changed_in_a_savepoint_comes_back_to_what_it_was_before(
    Session: SessionFactory,
) -> None:
    async with Session() as session:
        country = Country(code="aa", name="a")
        session.add(country)
        await session.commit()
        country.code = "bb"
        savepoint = await session.begin_nested()
        country.code = "cc"
        await session.flush()
        await savepoint.rollback()
        assert country.code == "bb"
        assert await session.get(Country, "bb") is country
        await session.commit()
        assert await session.all(select(Country.code)) == ["bb"]


async def test_keys_that_moved_along_a_chain_come_back(Session: SessionFactory) -> None:
    """K5"""
    async with Session() as session:
        first, second = Country(code="a", name="1"), Country(code="b", name="2")
        session.add_all([first, second])
        await session.commit()
        first.code = "c"
        await session.flush()
        second.code = "a"
        await session.flush()
        await session.rollback()
        assert (first.code, second.code) == ("a", "b")
        assert await session.get(Country, "a") is first
        assert await session.get(Country, "b") is second


async def test_what_was_loaded_in_place_of_a_deleted_object_has_to_go(
    Session: SessionFactory,
) -> None:
    """K6"""
    async with Session() as session:
        country = Country(code="a", name="1")
        session.add(country)
        await session.commit()
        await session.delete(country)
        await session.flush()
        await session.execute(sql("insert into country (code, name) values ('a', 'other')"))
        other = await session.get_one(Country, "a")
        assert other is not country
        await session.rollback()
        assert await session.get(Country, "a") is country
        assert flags(other) == "detached"
        assert list(session) == [country]


async def test_a_failed_flush_of_natural_keys_leaves_nothing_behind(
    Session: SessionFactory,
) -> None:
    """D15"""
    async with Session() as session:
        going, staying = Country(code="a", name="1"), Country(code="b", name="2")
        session.add_all([going, staying])
        await session.commit()
        await session.delete(going)
        new = Country(code="c", name="2")
        session.add(new)
        with pytest.raises(UniqueViolation):
            await session.flush()
        await session.rollback()
        assert session.new == session.dirty == session.deleted == ()
        assert [flags(c) for c in (going, staying, new)] == [
            "persistent",
            "persistent",
            "transient",
        ]
        assert await session.all(select(Country.name).order_by(Country.code)) == ["1", "2"]


async def test_a_queued_addition_to_an_unloaded_collection_goes_with_the_rollback(
    Session: SessionFactory,
) -> None:
    async with Session() as session:
        (author,) = await committed(session, "a")
        session.expire(author, ["books"])
        async with session.begin_nested() as savepoint:
            book = Book(title="t", author=author)
            session.add(book)
            await session.flush()
            await savepoint.rollback()
        await session.refresh(author)
        assert await session.load(author, Author.books) == []


async def test_statements_of_their_own_are_undone_in_memory_too(Session: SessionFactory) -> None:
    async with Session() as session:
        changed, deleted = await committed(session, "c", "d")
        async with session.begin_nested() as savepoint:
            await session.execute(update(Author).where(Author.name == "c").values(age=9))
            await session.execute(delete(Author).where(Author.name == "d"))
            assert changed.age == 9
            assert flags(deleted) == "deleted"
            await savepoint.rollback()
        assert flags(deleted) == "persistent"
        await session.refresh(changed)
        assert changed.age is None


async def test_a_savepoint_lost_on_the_server_can_still_be_left(Session: SessionFactory) -> None:
    """D10 T24"""
    async with Session() as session:
        (author,) = await committed(session, "a")
        with pytest.raises(ZeroDivisionError):
            async with session.begin_nested():
                author.name = "b"
                await session.execute(sql("rollback"))
                raise ZeroDivisionError
        assert not session.in_nested_transaction()
        assert not session.is_active  # what came before the savepoint is lost as well
        await session.rollback()
        await session.refresh(author)
        assert author.name == "a"


async def test_an_object_nobody_holds_is_forgotten_by_the_rollback(
    Session: SessionFactory,
) -> None:
    """W6"""
    async with Session() as session:
        session.add(Country(code="a", name="1"))
        await session.flush()
        assert len(session.identity_map) == 0
        await session.rollback()
        session.add(Country(code="a", name="2"))
        await session.commit()
        assert await session.all(select(Country.name)) == ["2"]


@pytest.mark.parametrize("nested", [False, True])
async def test_w6_an_object_with_a_changed_key_is_kept_alive_by_nobody(
    Session: SessionFactory, nested: bool
) -> None:
    """The record of what a rollback restores holds inserted, updated and renamed ones weakly."""
    async with Session.begin() as session:
        session.add(Country(code="aa", name="a"))
    async with Session() as session:
        country = await session.get_one(Country, "aa")
        if nested:
            await session.begin_nested()
        country.code = "bb"
        await session.flush()
        gone = weakref.ref(country)
        del country
        assert gone() is None
        assert len(session.identity_map) == 0
        again = await session.get_one(Country, "bb")
        await session.rollback()
        assert await session.get(Country, "bb") is None
        assert await session.get(Country, "aa") is again, "its row has its old key again"
        assert again.name == "a"


async def test_k7_an_object_deleted_with_a_changed_key_leaves_the_map_and_comes_back(
    Session: SessionFactory,
) -> None:
    """The row that goes is that of the old key."""
    async with Session() as session:
        country = Country(code="aa", name="a")
        session.add(country)
        await session.commit()
        country.code = "bb"
        await session.delete(country)
        await session.flush()
        assert len(session.identity_map) == 0
        await session.rollback()
        assert inspect(country).identity_key == (Country, ("aa",))
        assert await session.get(Country, "aa") is country
        country.code = "bb"
        await session.delete(country)
        await session.commit()
        assert inspect(country).detached
        assert list(session.identity_map) == []
        assert await session.all(select(Country)) == []


async def test_an_object_loaded_again_becomes_new_like_the_one_that_was_inserted(
    Session: SessionFactory,
) -> None:
    """W6: its row goes with the rollback, and it can be added."""
    async with Session() as session:
        author = Author(name="a", age=3)
        session.add(author)
        await session.flush()
        key, gone = author.id, weakref.ref(author)
        del author
        assert gone() is None
        again = await session.get_one(Author, key)
        await session.rollback()
        assert flags(again) == "transient"
        session.add(again)
        await session.commit()
        session.expunge_all()
        stored = await session.one(select(Author))
        assert (stored.id, stored.name, stored.age) == (key, "a", 3)


async def test_a_deleted_object_is_back_in_what_is_new_again(Session: SessionFactory) -> None:
    async with Session() as session:
        books = [Book(title=title) for title in "tuv"]
        author = Author(name="a", books=books)
        session.add(author)
        await session.flush()
        await session.delete(books[1])
        await session.flush()
        author.books.append(Book(title="w"))
        await session.rollback()
        assert [book.title for book in author.books] == ["t", "u", "v", "w"]
        assert flags(author) == flags(books[1]) == "transient"
        session.add(author)
        await session.commit()
        assert {book.author_id for book in books} == {author.id}


@pytest.mark.parametrize("how", ["reference", "collection", "before"])
async def test_a_reference_that_was_taken_away_is_not_written_by_its_key(
    Session: SessionFactory, how: str
) -> None:
    """The key is still on the object, as the rolled back INSERT has left it."""
    async with Session() as session:
        book = Book(title="t", author=Author(name="a"))
        author = book.author
        session.add_all([author, book])
        await session.flush()
        if how == "before":
            book.author = None
        await session.rollback()
        if how == "reference":
            book.author = None
        elif how == "collection":
            author.books.remove(book)
        session.add_all([author, book])
        await session.commit()
        assert book.author_id is None
        session.expunge_all()
        assert (await session.one(select(Book))).author_id is None
