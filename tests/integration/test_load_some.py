"""load() of some members: those of a condition, or the first ones of each owner."""

from __future__ import annotations

import pytest

from asyncorm import ArgumentError, Session, inspect, select, selectinload
from asyncorm.engine.engine import Engine
from tests.conftest import CreateTables
from tests.integration.conftest import Sent
from tests.support.bookshop import Author, Book, Bookshop
from tests.support.links import Book as LinkedBook
from tests.support.links import Linked, Tag


@pytest.fixture
async def authors(tables: CreateTables, engine: Engine) -> None:
    await tables(Bookshop)
    async with Session(engine) as session:
        for name in "abc":
            books = [Book(title=f"{name}{number}") for number in range(5)]
            session.add(Author(name=name, books=books))
        session.add(Author(name="none"))
        await session.commit()


def titles(books: list[Book]) -> list[str]:
    return [book.title for book in books]


async def test_the_first_of_each_owner_cost_one_statement_for_a_loop(
    authors: None, engine: Engine, sent: Sent
) -> None:
    async with Session(engine) as session:
        found = await session.all(select(Author).order_by(Author.name))
        sent()
        newest = [
            titles(await session.load(author, Author.books.top(2, order_by=Book.title.desc())))
            for author in found
        ]
    assert newest == [["a4", "a3"], ["b4", "b3"], ["c4", "c3"], []]
    assert sent.verbs() == ["SELECT"]


async def test_a_condition_selects_members(authors: None, engine: Engine, sent: Sent) -> None:
    async with Session(engine) as session:
        found = await session.all(select(Author).order_by(Author.name))
        sent()
        chosen = [
            titles(await session.load(one, Author.books.where(Book.title.in_(["a1", "c4", "c0"]))))
            for one in found
        ]
    assert chosen == [["a1"], [], ["c0", "c4"], []]
    assert sent.verbs() == ["SELECT"]


async def test_some_members_are_a_partial_collection_that_load_completes(
    authors: None, engine: Engine, sent: Sent
) -> None:
    async with Session(engine) as session:
        author = await session.one(select(Author).where(Author.name == "a"))
        some = await session.load(author, Author.books.where(Book.title == "a1"))
        assert some is author.books
        assert author.books.partial  # type: ignore[attr-defined]
        sent()
        assert len(await session.load(author, Author.books)) == 5
        assert not author.books.partial  # type: ignore[attr-defined]
        assert sent.verbs() == ["SELECT"]


async def test_another_selection_is_loaded_again_and_the_same_is_not(
    authors: None, engine: Engine, sent: Sent
) -> None:
    async with Session(engine) as session:
        author = await session.one(select(Author).where(Author.name == "a"))
        sent()
        one = await session.load(author, Author.books.top(1))
        again = await session.load(author, Author.books.top(1))
        assert one is again
        assert sent.verbs() == ["SELECT"]
        assert titles(await session.load(author, Author.books.top(2))) == ["a0", "a1"]
        assert sent.verbs() == ["SELECT"]


async def test_a_whole_collection_stays_whole(authors: None, engine: Engine, sent: Sent) -> None:
    async with Session(engine) as session:
        found = await session.all(
            select(Author).order_by(Author.name).options(selectinload(Author.books))
        )
        sent()
        tops = [titles(await session.load(author, Author.books.top(1))) for author in found]
        assert tops == [["a0"], ["b0"], ["c0"], []]
        assert sent.verbs() == ["SELECT"]
        assert [len(author.books) for author in found] == [5, 5, 5, 0]
        await session.load(found[0], Author.books.top(1))
        assert sent.verbs() == ["SELECT"], "asked again, the database is asked again"


async def test_changes_of_a_partial_collection_survive_its_completion(
    authors: None, engine: Engine
) -> None:
    async with Session(engine) as session:
        author = await session.one(select(Author).where(Author.name == "a"))
        some = await session.load(author, Author.books.where(Book.title.in_(["a1", "a2"])))
        some.append(Book(title="new"))
        some.remove(some[0])
        whole = await session.load(author, Author.books)
        assert titles(whole) == ["a0", "a2", "a3", "a4", "new"]
        await session.commit()
    async with Session(engine) as session:
        author = await session.one(
            select(Author).where(Author.name == "a").options(selectinload(Author.books))
        )
        assert titles(author.books) == ["a0", "a2", "a3", "a4", "new"]


async def test_members_are_selected_through_a_link_table(
    tables: CreateTables, engine: Engine, sent: Sent
) -> None:
    await tables(Linked)
    tags = [Tag(name=name) for name in "abcd"]
    async with Session(engine) as session:
        session.add_all([LinkedBook(title="x", tags=tags), LinkedBook(title="y", tags=tags[:1])])
        await session.commit()
    async with Session(engine) as session:
        books = await session.all(select(LinkedBook).order_by(LinkedBook.title))
        sent()
        top = LinkedBook.tags.top(2, order_by=Tag.name.desc())
        found = [[tag.name for tag in await session.load(book, top)] for book in books]
        assert [sorted(names, reverse=True) for names in found] == [["d", "c"], ["a"]]
        assert sent.verbs() == ["SELECT"]
        some = await session.load(books[0], LinkedBook.tags.where(Tag.name > "b"))
        assert sorted(tag.name for tag in some) == ["c", "d"]
        tags[2].books  # noqa: B018 - known from the other side
        whole = await session.load(books[0], LinkedBook.tags)
        assert len(whole) == 4
        assert not inspect(books[0]).modified


async def test_deleting_an_owner_of_some_members_deletes_the_others_too(
    authors: None, engine: Engine
) -> None:
    async with Session(engine) as session:
        author = await session.one(select(Author).where(Author.name == "a"))
        await session.load(author, Author.books.top(1))
        await session.delete(author)
        await session.commit()
        orphans = await session.all(select(Book).where(Book.author_id.is_(None)))
        assert len(orphans) == 5


async def test_a_condition_on_a_single_object_is_refused(authors: None, engine: Engine) -> None:
    async with Session(engine) as session:
        book = await session.first(select(Book))
        assert book is not None
        with pytest.raises(ArgumentError, match=r"Book\.author.*hide"):
            await session.load(book, Book.author.where(Author.name == "b"))
