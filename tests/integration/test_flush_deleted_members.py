"""Deleted objects go out of the collections that hold them, and come back with a rollback."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncorm import inspect
from tests.support.bookshop import Author, Book, Box, Owner, Passport, Shelf

if TYPE_CHECKING:
    from asyncorm.session.factory import SessionFactory


async def test_a_deleted_child_leaves_its_parents_collection(Session: SessionFactory) -> None:
    async with Session() as session:
        author = Author(name="a", books=[Book(title=title) for title in "tuv"])
        session.add(author)
        await session.flush()
        first, second, third = author.books
        await session.delete(second)
        assert author.books == [first, second, third], "nothing happens before the flush"
        await session.flush()
        assert author.books == [first, third]
        assert not session.is_modified(author)
        assert inspect(author).history("books").deleted == ()


async def test_a_rolled_back_savepoint_puts_it_back(Session: SessionFactory) -> None:
    async with Session() as session:
        author = Author(name="a", books=[Book(title=title) for title in "tuv"])
        session.add(author)
        await session.flush()
        books = list(author.books)
        async with session.begin_nested() as savepoint:
            for book in books[:2]:
                await session.delete(book)
                await session.flush()
            assert author.books == books[2:]
            await savepoint.rollback()
        assert author.books == books
        assert author.name == "a", "the author itself was not touched"
        assert all(inspect(book).persistent for book in books)


async def test_a_set_loses_the_deleted(Session: SessionFactory) -> None:
    async with Session() as session:
        shelf = Shelf(name="s", boxes={Box(size=1), Box(size=2)})
        session.add(shelf)
        await session.flush()
        box = next(iter(shelf.boxes))
        await session.delete(box)
        await session.flush()
        assert box not in shelf.boxes
        assert len(shelf.boxes) == 1


async def test_a_deleted_partner_leaves_none(Session: SessionFactory) -> None:
    async with Session() as session:
        owner = Owner(code="o", passport=Passport())
        session.add(owner)
        await session.flush()
        passport = owner.passport
        async with session.begin_nested() as savepoint:
            await session.delete(passport)
            await session.flush()
            assert owner.passport is None
            await savepoint.rollback()
        assert owner.passport is passport


async def test_what_was_taken_from_a_deleted_owner_loses_its_reference(
    Session: SessionFactory,
) -> None:
    """Also if the child itself is not loaded, so that only the owner knows of the change."""
    async with Session() as session:
        author = Author(name="a", books=[Book(title="t")])
        session.add(author)
        await session.flush()
        (book,) = author.books
        session.expire(book)
        author.books.remove(book)
        await session.delete(author)
        await session.flush()
        await session.refresh(book)
        assert book.author_id is None
