"""The first members of joined collections, with the columns that are asked for."""

from __future__ import annotations

from asyncorm import Engine, joinedload, select, sessionmaker
from tests.conftest import CreateTables
from tests.support.imprint import Atlas, Author, Book, Imprint


async def test_the_first_members_have_deferred_columns_that_are_asked_for(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Imprint)
    async with sessionmaker(engine).begin() as session:
        books = [Book(id=n, rank=n, name=f"b{n}", text=f"long {n}") for n in (1, 2, 3)]
        books.append(Atlas(id=4, rank=0, name="b4", text="long 4", maps=7))
        session.add(Author(id=1, rank=0, name="a", books=books))
    async with sessionmaker(engine)() as session:
        first = Author.books.top(2, order_by=Book.name.desc())
        option = joinedload(first).undefer(Book.text)
        author = await session.one(select(Author).options(option))
        assert [book.text for book in author.books] == ["long 4", "long 3"]
        assert isinstance(author.books[0], Atlas)
        assert author.books[0].maps == 7
        session.clear()
        author = await session.one(select(Author).options(joinedload(first).load_only(Book.rank)))
        assert [book.rank for book in author.books] == [0, 3]
