"""The workloads that read objects with related ones."""

from __future__ import annotations

from typing import Any

from benchmarks import schema
from benchmarks.workloads.workload import Workload, same, same_attributes

BOOKS = schema.AUTHORS * schema.BOOKS_OF_AN_AUTHOR


def same_author(entity: Any, key: int) -> None:
    """Raise Wrong unless an entity is the author with a key."""
    values = {"name": f"author {key}", "email": f"a{key}@example.org", "born": 1900 + key}
    same_attributes(f"author {key}", entity, {"id": key, **values})


def same_book(entity: Any, key: int) -> None:
    """Raise Wrong unless an entity is the book with a key."""
    values = {
        "title": f"book {key}",
        "year": 1950 + key % 70,
        "price": key / 8,
        "author_id": 1 + (key - 1) // schema.BOOKS_OF_AN_AUTHOR,
    }
    same_attributes(f"book {key}", entity, {"id": key, **values})


class Eager(Workload):
    """All authors with their books, by the strategy that the method names."""

    def __init__(self, name: str, title: str, calls: int, method: str) -> None:
        super().__init__(name, title, calls)
        self.method = method

    def arguments(self, number: int) -> tuple[Any, ...]:
        return ()

    def glance(self, arguments: tuple[Any, ...], answer: Any) -> None:
        same("authors", len(answer), schema.AUTHORS)
        same("books", len(list(answer[-1].books)), schema.BOOKS_OF_AN_AUTHOR)

    def check(self, arguments: tuple[Any, ...], answer: Any) -> None:
        same("authors", len(answer), schema.AUTHORS)
        for key, author in enumerate(answer, 1):
            same_author(author, key)
            books = sorted(author.books, key=lambda book: int(book.id))
            same(f"books of author {key}", len(books), schema.BOOKS_OF_AN_AUTHOR)
            for number, book in enumerate(books, 1 + (key - 1) * schema.BOOKS_OF_AN_AUTHOR):
                same_book(book, number)


class BooksWithAuthor(Workload):
    """All books, each with its author."""

    method = "books_with_author"

    def arguments(self, number: int) -> tuple[Any, ...]:
        return ()

    def glance(self, arguments: tuple[Any, ...], answer: Any) -> None:
        same("books", len(answer), BOOKS)
        same("author", answer[-1].author.id, schema.AUTHORS)

    def check(self, arguments: tuple[Any, ...], answer: Any) -> None:
        same("books", len(answer), BOOKS)
        for key, book in enumerate(answer, 1):
            same_book(book, key)
            same_author(book.author, 1 + (key - 1) // schema.BOOKS_OF_AN_AUTHOR)
