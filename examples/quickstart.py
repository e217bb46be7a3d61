"""asyncorm in one file: `python examples/quickstart.py` brings its own PostgreSQL."""

import asyncio

import asyncorm
from asyncorm import Mapped, Model, Related, column, foreign_key, relationship, select, selectinload


class Author(Model, table="quickstart_author"):
    """A table and a pydantic model in one."""

    id: Mapped[int] = column(primary_key=True, init=False)
    name: Mapped[str] = column(unique=True)
    books: Related[list["Book"]] = relationship(back_populates="author")


class Book(Model, table="quickstart_book"):
    """Its key to the author comes from the relationship."""

    id: Mapped[int] = column(primary_key=True, init=False)
    title: Mapped[str]
    author_id: Mapped[int] = foreign_key(Author.id, index=True)
    author: Related[Author] = relationship(back_populates="books")


async def main() -> None:
    """Store an author with two books, and read them back in a second session."""
    async with asyncorm.create_engine("embedded:///./.pgdata") as engine:
        await engine.drop_all(Author, Book)
        await engine.create_all(Author, Book)
        sessions = asyncorm.sessionmaker(engine)
        async with sessions.begin() as session:  # commits at the end
            session.add(Author(name="Le Guin", books=[Book(title="Tehanu")]))
        async with sessions() as session:
            for author in await session.all(select(Author).options(selectinload(Author.books))):
                print(author, author.books)


asyncio.run(main())
