"""Scenarios N: joined loading, and collections taken from joins."""

from __future__ import annotations

from asyncorm import SessionFactory, contains_eager, joinedload, select
from tests.support.scenario_models import Author, Book
from tests.support.sent import Sent
from tests.support.store import store


async def test_n03_a_limit_counts_parents_and_their_collections_are_complete(
    Session: SessionFactory, sent: Sent
) -> None:
    for name in "abc":
        await store(Session, Author(name=name, books=[Book(title=f"{name}{n}") for n in range(3)]))
    async with Session() as session:
        sent()
        authors = await session.all(
            select(Author).options(joinedload(Author.books)).order_by(Author.name.desc()).limit(2)
        )
        assert [author.name for author in authors] == ["c", "b"]
        assert [sorted(book.title for book in author.books) for author in authors] == [
            ["c0", "c1", "c2"],
            ["b0", "b1", "b2"],
        ]
        assert sent.verbs() == ["SELECT"]


async def test_n04_joined_loading_leaves_a_changed_collection_alone_unless_told_otherwise(
    Session: SessionFactory,
) -> None:
    await store(Session, Author(name="a", books=[Book(title="one"), Book(title="two")]))
    statement = select(Author).options(joinedload(Author.books))
    async with Session() as session:
        author = await session.one(statement)
        author.books.remove(author.books[0])
        author.books.append(Book(title="three"))
        with session.no_autoflush:
            await session.one(statement)
        assert sorted(book.title for book in author.books) == ["three", "two"]
        await session.rollback()
        author = await session.one(statement)
        held = author.books
        again = await session.one(statement.execution_options(populate_existing=True))
        assert again is author
        assert author.books is not held
        assert sorted(book.title for book in author.books) == ["one", "two"]


async def test_n06_a_filtered_join_gives_a_partial_collection_that_says_so(
    Session: SessionFactory, sent: Sent
) -> None:
    await store(Session, Author(name="a", books=[Book(title="one"), Book(title="two")]))
    async with Session() as session:
        sent()
        author = await session.one(
            select(Author)
            .join(Author.books)
            .where(Book.title == "two")
            .options(contains_eager(Author.books))
        )
        assert [book.title for book in author.books] == ["two"]
        assert author.books.partial  # type: ignore[attr-defined]
        assert sent.verbs() == ["SELECT"]
        await session.one(select(Author))
        assert author.books.partial  # type: ignore[attr-defined]
        await session.commit()
        await session.refresh(author)
        await session.load(author, Author.books)
        assert sorted(book.title for book in author.books) == ["one", "two"]
        assert not author.books.partial  # type: ignore[attr-defined]
