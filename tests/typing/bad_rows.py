"""Each line marked so must be reported, and no other."""

from __future__ import annotations

from pydantic import BaseModel

from asyncorm import Mapped, Model, Session, column, select, update


class User(Model, table="users"):
    id: Mapped[int] = column(primary_key=True, init=False)
    email: Mapped[str]
    age: Mapped[int | None] = column(default=None)


class Pair(BaseModel):
    id: int
    email: str


PAIRS = select(User.id, User.email)


async def rows(session: Session) -> None:
    result = await session.execute(PAIRS)
    one: tuple[str, int] = result.one()  # E the other way round
    first: tuple[int, str] = result.first()  # E may be None
    number: str = result.scalar_one()  # E
    numbers: list[str] = result.scalars().all()  # E
    user: User = await session.one(PAIRS)  # E
    users: list[User] = await session.all(select(User.id))  # E
    pair: Pair = await session.first(PAIRS.into(Pair))  # E may be None
    pairs: list[tuple[int, str]] = await session.all(PAIRS.into(Pair))  # E
    async for name in await session.stream_scalars(PAIRS):
        text: str = name  # E
    age: int = (await session.execute(select(User.age))).scalar_one()  # E may be None
    print(one, first, number, numbers, user, users, pair, pairs, age)


def statements() -> None:
    inner = PAIRS.subquery()
    select(User).where(inner.c[User.email] == 5)  # E
    select(User).where(inner.c[User.id].like("x"))  # E
    select(User).order_by("email")  # E a text would be SQL
    select("email")  # E
    select(User).where("email = 'x'")  # E
    select(User).where(User.id.in_(PAIRS))  # E rows of two
    select(User).group_by("email")  # E
    select(User).limit("5")  # E
    PAIRS.into("Pair")  # E
    update(User).set(email="x")  # E set() takes assignments
