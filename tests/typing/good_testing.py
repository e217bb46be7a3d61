"""Counting statements is typed, and so are the options that watch for repeated ones."""

from __future__ import annotations

from typing import assert_type

from asyncorm import (
    Engine,
    Mapped,
    MetaData,
    Model,
    NPlusOneError,
    NPlusOneWarning,
    ResultStream,
    Session,
    column,
    create_engine,
    select,
    sessionmaker,
)
from asyncorm.testing import QueryAssertion, SentStatement, assert_queries


class Base(Model):
    metadata = MetaData()


class User(Base, table="users"):
    id: Mapped[int] = column(primary_key=True, init=False)
    email: Mapped[str]


engine = create_engine("postgresql://localhost/app", n_plus_one="warn", n_plus_one_limit=20)
assert_type(engine, Engine)
assert_type(create_engine(n_plus_one=None), Engine)
strict = sessionmaker(engine, n_plus_one="raise", n_plus_one_limit=5)
assert_type(strict(), Session)
relaxed = Session(engine, n_plus_one="off")


async def counting(session: Session) -> None:
    assert_type(assert_queries(3), QueryAssertion)
    with assert_queries(3) as statements:
        assert_type(statements, list[SentStatement])
        await session.all(select(User))
    async with assert_queries(at_most=3, transaction_control=True) as statements:
        await session.all(select(User))
    assert_type(statements[0].line, str)
    assert_type(statements[0].upper(), str)


async def repeating(session: Session) -> None:
    try:
        await session.get(User, 1)
    except NPlusOneError as error:
        assert_type(error.message, str)
    warnings: list[type[UserWarning]] = [NPlusOneWarning]
    print(warnings)


async def streaming(session: Session) -> None:
    async with await session.stream(select(User)) as users:
        assert_type(users, ResultStream[User])
        async for user in users:
            assert_type(user, User)
    stream = await session.stream(select(User.id, User.email))
    async for part in stream.partitions(100):
        assert_type(part, list[tuple[int, str]])
    await stream.aclose()
    async with await session.stream_scalars(select(User.email)) as emails:
        async for email in emails:
            assert_type(email, str)
