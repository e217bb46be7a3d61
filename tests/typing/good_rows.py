"""Rows are typed, whatever brings them: results, streams, subqueries and shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypedDict, assert_type

from pydantic import BaseModel

from asyncorm import (
    Condition,
    Mapped,
    Model,
    Session,
    case,
    column,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    sql,
    union,
    update,
)
from asyncorm.engine.result import Result
from asyncorm.sql.table import BaseColumn, NullColumn


class User(Model, table="users"):
    id: Mapped[int] = column(primary_key=True, init=False)
    email: Mapped[str]
    age: Mapped[int | None] = column(default=None)


class Pair(BaseModel):
    id: int
    email: str


@dataclass
class PairData:
    id: int
    email: str


class PairTuple(NamedTuple):
    id: int
    email: str


class PairDict(TypedDict):
    id: int
    email: str


PAIRS = select(User.id, User.email)


async def results(session: Session) -> None:
    result = await session.execute(PAIRS)
    assert_type(result, Result[tuple[int, str]])
    assert_type(result.all(), list[tuple[int, str]])
    assert_type(result.first(), tuple[int, str] | None)
    assert_type(result.one(), tuple[int, str])
    assert_type(result.one_or_none(), tuple[int, str] | None)
    assert_type(result.scalar(), int | None)
    assert_type(result.scalar_one(), int)
    assert_type(result.scalar_one_or_none(), int | None)
    assert_type(result.scalars(), Result[int])
    assert_type(result.scalars().all(), list[int])
    assert_type(result.tuples().all(), list[tuple[int, str]])
    assert_type(result.mappings().all(), list[Mapping[str, Any]])
    assert_type(result.unique(), Result[tuple[int, str]])
    assert_type(result.fetchmany(5), list[tuple[int, str]])
    for part in result.partitions(10):
        assert_type(part, list[tuple[int, str]])
    for number, email in result:
        assert_type(number, int)
        assert_type(email, str)

    users = await session.execute(select(User))
    assert_type(users.all(), list[User])
    assert_type(users.scalars().one(), User)
    assert_type(users.tuples().one(), tuple[User])
    ages = await session.execute(select(User.age))
    assert_type(ages.all(), list[int | None])
    assert_type(ages.scalar_one(), int | None)


async def from_the_session(session: Session) -> None:
    assert_type(await session.all(PAIRS), list[tuple[int, str]])
    assert_type(await session.one(select(User)), User)
    assert_type(await session.first(select(User.age, User)), tuple[int | None, User] | None)
    assert_type(await session.scalar(PAIRS), int | None)
    assert_type((await session.scalars(PAIRS)).all(), list[int])
    async for number, email in await session.stream(PAIRS):
        assert_type(number, int)
        assert_type(email, str)
    async for one in await session.stream_scalars(PAIRS):
        assert_type(one, int)
    ten = select(
        User.id, User.email, User.age, User.id, User.id, User.id, User.id, User.id, User.id, User.age
    )
    assert_type(
        await session.one(ten),
        tuple[int, str, int | None, int, int, int, int, int, int, int | None],
    )


async def shapes(session: Session) -> None:
    assert_type(await session.all(PAIRS.into(Pair)), list[Pair])
    assert_type(await session.all(PAIRS.into(PairData)), list[PairData])
    assert_type(await session.one(PAIRS.into(PairTuple)), PairTuple)
    await session.one(PAIRS.into(PairDict))  # a type to all checkers but pyrefly, which says Any
    assert_type(await session.all(union(PAIRS, PAIRS).into(Pair)), list[Pair])
    assert_type(await session.all(sql("select 1 as id, 'x' as email").into(Pair)), list[Pair])
    assert_type((await session.execute(PAIRS.into(Pair))).first(), Pair | None)


async def changes(session: Session) -> None:
    pairs = insert(User).values(email="x").returning(User.id, User.email)
    assert_type(await session.all(pairs), list[tuple[int, str]])
    assert_type(await session.all(update(User).values(age=1).returning(User.age)), list[int | None])
    assert_type(await session.one(delete(User).returning(User)), User)


def subqueries() -> None:
    inner = select(User.id, User.email, User.age).subquery()
    assert_type(inner.c[User.email], BaseColumn[str, str])
    assert_type(inner.c[User.age], BaseColumn[int, int | None])
    assert_type(inner.c.email, NullColumn[Any])
    assert_type(inner.c[User.email] == "x", Condition)
    total = func.sum(User.age).label("total")
    assert_type(select(total).subquery().c[total], BaseColumn[int, int | None])


def parts_of_statements(ids: Sequence[int]) -> None:
    select(User).where(User.id.in_(ids), User.age.is_(None), exists(select(User.id)))
    select(User).order_by(User.id, User.email.desc().nulls_last())
    select(case((User.age > 5, "old"), else_="young"), literal(5))
    select(User.id).where(User.id.in_(select(User.age)))
