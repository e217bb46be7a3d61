"""Every line marked with an E must be reported, and no other."""

from __future__ import annotations

from asyncorm import Mapped, MetaData, Model, Session, column, create_engine, select, sessionmaker
from asyncorm.testing import assert_queries


class Base(Model):
    metadata = MetaData()


class User(Base, table="users"):
    id: Mapped[int] = column(primary_key=True, init=False)
    email: Mapped[str]


engine = create_engine("postgresql://localhost/app", n_plus_one="loud")  # E
sessionmaker(engine, n_plus_one=True)  # E
Session(engine, n_plus_one_limit="ten")  # E

assert_queries()  # E
assert_queries(1, at_most=2)  # E
assert_queries("3")  # E
assert_queries(at_most=None)  # E


async def counting(session: Session) -> None:
    with assert_queries(1) as statements:
        statements[0].sql  # E


async def streaming(session: Session) -> None:
    with await session.stream(select(User)):  # E
        pass
    async with session.stream(select(User)):  # E
        pass
    async with await session.stream(select(User)) as users:
        users.email  # E
