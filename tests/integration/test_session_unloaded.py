"""Unloaded attributes never cause I/O: they raise and say how to load them."""

from __future__ import annotations

import pytest

from asyncorm import DetachedInstanceError, UnloadedAttributeError, select, selectinload, sql
from asyncorm.session.factory import SessionFactory
from tests.integration.conftest import Sent
from tests.support.bookshop import Author, Book, Owner, Passport, Shelf


async def stored(Session: SessionFactory) -> None:
    async with Session() as session:
        session.add(Author(name="a", books=[Book(title="t"), Book(title="u")]))
        session.add(Owner(code="o", passport=Passport()))
        await session.commit()


async def test_unloaded_relationships_and_columns_raise(
    Session: SessionFactory, sent: Sent
) -> None:
    """O06"""
    await stored(Session)
    async with Session() as session:
        author, owner = await session.one(select(Author)), await session.one(select(Owner))
        (book,) = await session.all(sql("select id from book limit 1").into(Book))
        sent()
        for read, name in (
            (lambda: author.books, "Author.books"),
            (lambda: owner.passport, "Owner.passport"),
            (lambda: book.title, "Book.title"),
            (lambda: book.author, "Book.author"),
            (lambda: author.books.append(Book(title="n")), "Author.books"),
        ):
            with pytest.raises(UnloadedAttributeError) as caught:
                read()
            assert name in str(caught.value)
            assert "hint:" in str(caught.value)
            assert not isinstance(caught.value, AttributeError)
        with pytest.raises(UnloadedAttributeError, match=r"selectinload\(Author\.books\)"):
            author.books = []
        assert sent() == []
        session.expunge(author)
        with pytest.raises(DetachedInstanceError, match=r"Author\.books(.|\n)*session\.add"):
            _ = author.books


async def test_what_memory_knows_needs_no_loading(Session: SessionFactory, sent: Sent) -> None:
    await stored(Session)
    async with Session() as session:
        author = await session.one(select(Author))
        books = await session.all(select(Book))
        orphan = Book(title="o")
        session.add(orphan)
        await session.flush()
        sent()
        assert all(book.author is author for book in books)
        assert orphan.author is None
        assert sent() == []


async def test_a_new_object_knows_its_empty_collections(
    Session: SessionFactory, sent: Sent
) -> None:
    """O07 D20"""
    async with Session() as session:
        author, shelf, owner = Author(name="a"), Shelf(), Owner(code="c")
        assert author.books == []
        session.add_all([author, shelf, owner])
        await session.commit()
        sent()
        assert author.books == []
        assert shelf.boxes == set()
        assert shelf.labels == []
        assert owner.passport is None
        assert await session.load(author, Author.books) == []
        assert sent() == []


async def test_loading_one_loads_its_siblings(Session: SessionFactory, sent: Sent) -> None:
    async with Session() as session:
        for name in "abc":
            session.add(Author(name=name, books=[Book(title=name)]))
        await session.commit()
    async with Session() as session:
        authors = await session.all(select(Author).order_by(Author.id))
        sent()
        for author in authors:
            await session.load(author, Author.books)
        assert sent.verbs() == ["SELECT"]
        assert [book.title for author in authors for book in author.books] == ["a", "b", "c"]


async def test_a_change_on_the_other_side_is_merged_into_a_collection_loaded_later(
    Session: SessionFactory,
) -> None:
    """C15"""
    await stored(Session)
    async with Session() as session:
        author = await session.one(select(Author))
        t, u = await session.all(select(Book).order_by(Book.id))
        with session.no_autoflush:
            new = Book(title="n", author=author)
            session.add(new)
            t.author = None
            books = await session.load(author, Author.books)
            assert books == [u, new]
        await session.commit()
        assert (t.author_id, new.author_id) == (None, author.id)
        await session.refresh(author, ["books"])
        assert author.books == [u, new]


async def test_a_queue_ends_with_its_flush(Session: SessionFactory) -> None:
    await stored(Session)
    async with Session() as session:
        author = await session.one(select(Author))
        t = (await session.all(select(Book).order_by(Book.id)))[0]
        t.author = None
        await session.commit()
        await session.execute(sql("update book set author_id = {}", author.id))
        assert t in await session.load(author, Author.books)


async def test_moving_a_child_between_two_loaded_parents_updates_both(
    Session: SessionFactory, sent: Sent
) -> None:
    """G01"""
    await stored(Session)
    async with Session() as session:
        other = Author(name="b")
        session.add(other)
        await session.commit()
        author = await session.one(select(Author).where(Author.name == "a"))
        await session.load(author, Author.books)
        first, second = author.books
        other.books.append(first)  # its author was never read
        second.author = other
        assert author.books == []
        assert other.books == [first, second]
        sent()
        await session.flush()
        assert sent.verbs() == ["BEGIN", "UPDATE"]
        assert {book.author_id for book in other.books} == {other.id}


async def test_a_removed_child_no_longer_points_back(Session: SessionFactory) -> None:
    await stored(Session)
    async with Session() as session:
        author = await session.one(select(Author))
        await session.load(author, Author.books)
        book = author.books[0]
        author.books.remove(book)
        assert book.author is None
        await session.commit()
        assert book.author_id is None
        assert book in session


async def test_a_collection_known_to_be_empty_is_not_shown_as_unloaded(
    Session: SessionFactory,
) -> None:
    async with Session() as session:
        author = Author(name="a")
        session.add(author)
        await session.flush()
        assert "unloaded" not in repr(author)
        session.expire(author)
        assert "books=<unloaded>" in repr(author)


async def test_children_that_name_a_new_parent_by_its_key_are_loaded(
    Session: SessionFactory,
) -> None:
    """Who asks the database is told what it has; D20 only answers who does not ask."""
    async with Session() as session:
        asked, selected = Author(name="a"), Author(name="b")
        session.add_all([asked, selected])
        await session.flush()
        session.add_all([Book(title="t", author_id=author.id) for author in (asked, selected)])
        await session.flush()
        statement = select(Author).where(Author.name == "b").options(selectinload(Author.books))
        assert await session.one(statement) is selected
        assert len(selected.books) == 1
        assert len(await session.load(asked, Author.books)) == 1
