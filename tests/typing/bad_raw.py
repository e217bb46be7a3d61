"""What raw SQL must not be made of."""

from __future__ import annotations

from asyncorm import Mapped, Model, Session, generated, sql


class User(Model, table="raw_users"):
    id: Mapped[int] = generated(primary_key=True)


def texts(name: str, number: int) -> None:
    sql(f"select * from {name}")  # E !mypy the text must be a literal
    sql("select * from " + name)  # E !mypy the text must be a literal
    sql("select * from %s" % name)  # E !mypy the text must be a literal
    sql("select {}".format(name))  # E !mypy the text must be a literal
    sql(number)  # E no text
    sql("select 1").into("User")  # E no class


async def rows(session: Session) -> None:
    found: list[int] = await session.all(sql("select 1").into(str))  # E another type
    pairs: list[tuple[User, str]] = await session.all(sql("").into(User, int))  # E another type
