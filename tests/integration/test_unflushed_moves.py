"""A collection that is loaded does not show what was moved away and is not flushed yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncorm import inspect
from tests.support.bookshop import Author, Book, Box, Shelf

if TYPE_CHECKING:
    from asyncorm.session.factory import SessionFactory


async def test_a_loaded_collection_lacks_what_has_gone_to_somebody_else(
    Session: SessionFactory,
) -> None:
    async with Session.begin() as session:
        session.add(Author(name="a", books=[Book(title="t"), Book(title="u")]))
        session.add(Author(name="b"))
    async with Session() as session:
        first, second = await session.get_one(Book, 1), await session.get_one(Book, 2)
        first.author = await session.get_one(Author, 2)
        with session.no_autoflush:
            author = await session.get_one(Author, 1)
            assert await session.load(author, Author.books) == [second]
        await session.commit()
        assert author.books == [second]
        assert first.author_id == 2


async def test_a_moved_child_is_not_deleted_with_its_old_parent(Session: SessionFactory) -> None:
    async with Session.begin() as session:
        session.add_all([Shelf(name="a", boxes={Box(size=1)}), Shelf(name="b")])
    async with Session() as session:
        box = await session.get_one(Box, 1)
        session.expire(box)
        box.shelf = await session.get_one(Shelf, 2)
        with session.no_autoflush:
            await session.delete(await session.get_one(Shelf, 1))
        assert session.deleted == (await session.get_one(Shelf, 1),)
        await session.commit()
        assert inspect(box).persistent
        assert box.shelf_id == 2


async def test_a_flush_takes_a_moved_child_from_an_owner_that_nobody_knew_of(
    Session: SessionFactory,
) -> None:
    """Its reference was expired when it was changed, so its old owner could not be told."""
    async with Session() as session:
        old = Author(name="a", books=[Book(title="t"), Book(title="u")])
        new = Author(name="b")
        session.add_all([old, new])
        await session.commit()
        moved, stays = old.books
        savepoint = await session.begin_nested()
        session.expire(moved)
        moved.author = new
        await session.flush()
        assert old.books == [stays]
        assert new.books == [moved]
        await savepoint.rollback()
        assert old.books == [moved, stays]
