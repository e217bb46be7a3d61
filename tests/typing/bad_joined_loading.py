"""Joined loading: every line marked E is refused by all type checkers."""

from __future__ import annotations

from asyncorm import contains_eager, joinedload
from tests.typing.good_loading import Author, Book


def joined() -> None:
    joinedload("books")  # E
    joinedload(Author.name)  # E
    joinedload(Author)  # E
    joinedload(Author.books, innerjoin="yes")  # E
    joinedload(Author.books.where("title = 'x'"))  # E
    joinedload(Author.books.top("3"))  # E
    joinedload(Author.books).joinedload("author")  # E
    contains_eager("books")  # E
    contains_eager(Book.title)  # E
    contains_eager(Author.books, innerjoin=True)  # E
