"""Raw SQL is typed by its into()."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple, TypedDict, assert_type

from pydantic import BaseModel

from asyncorm import Mapped, Model, Session, aliased, generated, ident, select, sql


class User(Model, table="raw_users"):
    id: Mapped[int] = generated(primary_key=True)
    name: Mapped[str]


class Book(Model, table="raw_books"):
    id: Mapped[int] = generated(primary_key=True)


class Out(BaseModel):
    name: str


@dataclass
class Data:
    name: str


class Pair(NamedTuple):
    name: str


class Dictionary(TypedDict):
    name: str


async def rows(session: Session, number: int, names: list[str]) -> None:
    text = sql("select {} from users where id = {} and name = any({})", User, number, names)
    assert_type(await session.all(text.into(User)), list[User])
    assert_type(await session.all(text.into(Out)), list[Out])
    assert_type(await session.all(text.into(Data)), list[Data])
    assert_type(await session.all(text.into(Pair)), list[Pair])
    # pyrefly has Any for what a TypedDict makes
    found: Dictionary = await session.one(text.into(Dictionary))
    assert_type(found["name"], str)
    assert_type(await session.one(sql("select count(*) from users").into(int)), int)
    assert_type(await session.all(text.into(User, Book)), list[tuple[User, Book]])
    assert_type(await session.first(text.into(User, int)), tuple[User, int] | None)
    assert_type(
        await session.one(text.into(User, Book, int, Decimal)), tuple[User, Book, int, Decimal]
    )
    sql("select {} from {} where {}", User.id, ident("users"), User.id == 5)
    sql("select {} where id in {}", sql("count(*)"), select(User.id))
    sql("select {}", aliased(User, "u"))


class TemplateLike:
    """Has what a t-string has."""

    strings: tuple[str, ...] = ("select ", "")
    interpolations: tuple[Any, ...] = ()


sql(TemplateLike())
