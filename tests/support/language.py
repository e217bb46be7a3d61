"""Two small entities for tests of the query language, and what all its tests check."""

from __future__ import annotations

import enum
from typing import Any

import pglast

from asyncorm.compiler.compiler import compile_statement
from asyncorm.sql.statements.clauses import JoinParts
from asyncorm.sql.table import Column, ForeignKey, NullColumn, Table
from asyncorm.types.arrays import Array
from asyncorm.types.enums import EnumType
from asyncorm.types.json import JSONB
from asyncorm.types.scalars import BIGINT, BOOLEAN, INTEGER, TEXT, TIMESTAMPTZ, UUID, String


class Mood(enum.Enum):
    HAPPY = "happy"
    SAD = "sad"


class Entity:
    """What the language knows of a mapped class: its table, and columns as attributes."""

    __table__: Table

    def __init_subclass__(cls) -> None:
        for column in cls.__table__.columns.values():
            setattr(cls, column.attribute, column)


class User(Entity):
    __table__ = Table(
        "users",
        [
            Column("id", BIGINT, primary_key=True),
            Column("email", String(50)),
            NullColumn("age", INTEGER, nullable=True),
            Column("is_active", BOOLEAN, attribute="active"),
            Column("created_at", TIMESTAMPTZ),
            Column("mood", EnumType(Mood)),
            Column("tags", Array(TEXT)),
            Column("settings", JSONB()),
            Column("notes", TEXT, deferred=True),
        ],
    )
    id: Any
    email: Any
    age: Any
    active: Any
    created_at: Any
    mood: Any
    tags: Any
    settings: Any
    notes: Any


class Book(Entity):
    __table__ = Table(
        "book",
        [
            Column("id", UUID, primary_key=True),
            Column("title", TEXT),
            NullColumn("author_id", BIGINT, nullable=True),
        ],
        schema="library",
    )
    id: Any
    title: Any
    author_id: Any


Book.__table__.foreign_keys.append(
    ForeignKey(Book.__table__, (Book.author_id,), User.__table__, (User.id,))
)

#: what `select(User)` lists
USER_COLUMNS = (
    '"users"."id", "users"."email", "users"."age", "users"."is_active", "users"."created_at", '
    '"users"."mood"::text, "users"."tags", "users"."settings"::text'
)
BOOK_COLUMNS = '"library"."book"."id", "library"."book"."title", "library"."book"."author_id"'


class Link:
    """A relationship as far as the language knows it: what to join, and on what."""

    def __init__(self, owner: Any, target: Any, local: str, remote: str) -> None:
        self.owner, self.target, self.local, self.remote = owner, target, local, remote

    def condition(self, owner: Any = None, target: Any = None) -> Any:
        near, far = owner or self.owner, target or self.target
        return getattr(far, self.remote) == getattr(near, self.local)

    def _seen_from(self, alias: Any) -> Link:
        return Link(alias, self.target, self.local, self.remote)

    def _join(self, owner: Any = None, target: Any = None) -> JoinParts:
        return JoinParts(target or self.target, self.condition(owner, target))


User.books = Link(User, Book, "id", "author_id")  # type: ignore[attr-defined]
Book.author = Link(Book, User, "author_id", "id")  # type: ignore[attr-defined]


def compiled(statement: Any) -> tuple[str, list[object]]:
    """SQL text and arguments, after PostgreSQL's own parser has read the text as one statement."""
    found = compile_statement(statement)
    assert len(pglast.parse_sql(found.sql)) == 1
    return found.sql, found.arguments(statement)


def text_of(expression: Any) -> str:
    """The SQL of an expression, which must parse, too."""
    text = str(expression)
    pglast.parse_sql(f"SELECT {text}")
    return text
