"""Loading what is related: every line marked E is refused by all type checkers."""

from __future__ import annotations

from asyncorm import Session
from tests.typing.good_explicit_loading import Author, Book


async def explicit(session: Session, author: Author, book: Book) -> None:
    await session.load(author, Book.author)  # E
    await session.load(book, Author.books.top(3))  # E
    Author.books.where("title = 'x'")  # E
    Author.books.top("3")  # E
    author.visits.add(book)  # E
    names: list[str] = await session.load(author, Author.books)  # E
    print(names)
