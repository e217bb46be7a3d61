"""The trees of the eager loading benchmark as a careful developer loads them with asyncpg."""

from __future__ import annotations

from typing import Any

import asyncpg

Rows = list[dict[str, Any]]
Connection = Any

PUBLISHERS = "SELECT id, name FROM eager_publisher ORDER BY id"
AUTHORS = "SELECT id, name, email, born, publisher_id FROM eager_author"
BOOKS = "SELECT id, name, year, price, author_id FROM eager_book WHERE author_id = ANY($1)"
TAGS = (
    "SELECT l.eager_book_id, t.id, t.name FROM eager_book_tag l "
    "JOIN eager_tag t ON t.id = l.eager_tag_id WHERE l.eager_book_id = ANY($1) ORDER BY t.id"
)


async def load_tree(pool: asyncpg.Pool[asyncpg.Record], level: int) -> Rows:
    """Nested dicts, one statement for each level below the top."""
    async with pool.acquire() as connection:
        if level < 3:
            top = await _rows(connection, f"{AUTHORS} ORDER BY id")
            books = await _attach_books(connection, top)
        else:
            top = await _rows(connection, PUBLISHERS)
            by_key = _with_empty(top, "authors")
            authors = await _rows(
                connection, f"{AUTHORS} WHERE publisher_id = ANY($1) ORDER BY id", list(by_key)
            )
            for author in authors:
                by_key[author["publisher_id"]].append(author)
            books = await _attach_books(connection, authors)
        if level > 1:
            await _attach_tags(connection, books)
        return top


async def _rows(connection: Connection, sql: str, *arguments: Any) -> Rows:
    return [dict(record) for record in await connection.fetch(sql, *arguments)]


def _with_empty(rows: Rows, name: str) -> dict[Any, Rows]:
    """Give each row an empty list, and return the lists by key."""
    lists: dict[Any, Rows] = {}
    for row in rows:
        row[name] = lists[row["id"]] = []
    return lists


async def _attach_books(connection: Connection, authors: Rows) -> Rows:
    by_key = _with_empty(authors, "books")
    books = await _rows(connection, f"{BOOKS} ORDER BY id", list(by_key))
    for book in books:
        by_key[book["author_id"]].append(book)
    return books


async def _attach_tags(connection: Connection, books: Rows) -> None:
    by_key = _with_empty(books, "tags")
    for book_id, key, name in await connection.fetch(TAGS, list(by_key)):
        by_key[book_id].append({"id": key, "name": name})
