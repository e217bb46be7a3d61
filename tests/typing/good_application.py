"""Code as an application has it: repositories, helpers, statements made in steps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Generic, NamedTuple, TypeVar, assert_type

from pydantic import BaseModel

from asyncorm import (
    Condition,
    Connection,
    Expression,
    Mapped,
    Model,
    Related,
    Result,
    Select,
    Session,
    aliased,
    and_,
    case,
    cast,
    column,
    delete,
    extract,
    foreign_key,
    func,
    insert,
    not_,
    or_,
    relationship,
    select,
    selectinload,
    true,
    sql,
    update,
    window,
)
from asyncorm.sql.operators.order import Order


class Role(Enum):
    admin = "admin"
    member = "member"


class Timestamped(Model, abstract=True):
    created_at: Mapped[datetime] = column(server_default=func.now(), init=False)
    updated_at: Mapped[datetime | None] = column(default=None)


class Settings(BaseModel):
    theme: str = "light"
    size: int | None = None


class User(Timestamped, table="app_user"):
    id: Mapped[int] = column(primary_key=True, init=False)
    name: Mapped[str]
    email: Mapped[str]
    role: Mapped[Role] = column(default=Role.member)
    balance: Mapped[Decimal] = column(default=Decimal(0))
    limit: Mapped[Decimal | None] = column(default=None)
    tags: Mapped[list[str]] = column(default_factory=list)
    settings: Mapped[Settings] = column(default_factory=Settings)
    posts: Related[list[Post]] = relationship(back_populates="author")


class Post(Timestamped, table="app_post"):
    id: Mapped[int] = column(primary_key=True, init=False)
    author_id: Mapped[int] = foreign_key(User.id)
    title: Mapped[str]
    score: Mapped[float] = column(default=0.0)
    published: Mapped[bool] = column(default=False)
    author: Related[User] = relationship(back_populates="posts")


M = TypeVar("M", bound=Model)
V = TypeVar("V")
R = TypeVar("R")


class Repo(Generic[M]):
    """A repository for any model."""

    def __init__(self, session: Session, model: type[M]) -> None:
        self.session = session
        self.model = model

    async def get(self, key: int) -> M | None:
        return await self.session.get(self.model, key)

    async def get_one(self, key: int) -> M:
        return await self.session.get_one(self.model, key)

    async def find(self, *conditions: Condition) -> list[M]:
        return await self.session.all(select(self.model).where(*conditions))

    async def first(self, statement: Select[M]) -> M | None:
        return await self.session.first(statement)

    async def count(self, *conditions: Expression[bool, Any]) -> int:
        query = select(func.count()).select_from(self.model).where(*conditions)
        return await self.session.one(query)

    async def add(self, item: M) -> M:
        self.session.add(item)
        await self.session.flush()
        return item

    async def page(
        self, statement: Select[M], number: int, size: int = 20
    ) -> tuple[Sequence[M], int]:
        total = await self.session.scalar(
            select(func.count()).select_from(statement.subquery())
        )
        assert_type(total, int | None)
        rows = await self.session.scalars(statement.limit(size).offset(number * size))
        return rows.all(), total or 0

    def stream(self) -> Select[M]:
        return select(self.model)


class UserRepo(Repo[User]):
    async def by_email(self, email: str) -> User | None:
        return await self.session.first(select(User).where(User.email == email))

    async def admins(self) -> list[User]:
        return await self.find(User.role == Role.admin)


async def repositories(session: Session) -> None:
    users = Repo(session, User)
    assert_type(users, Repo[User])
    assert_type(await users.get(1), User | None)
    assert_type(await users.find(User.id > 3), list[User])
    assert_type(await UserRepo(session, User).by_email("x"), User | None)


# helpers that take parts of statements


def matches(column: Expression[str, Any], words: Iterable[str]) -> Condition:
    found: list[Condition] = [column.icontains(word) for word in words]
    assert_type(or_(*found), Expression[bool, bool])
    return found[0] & found[1]


def not_empty(text: Expression[str, Any]) -> Condition:
    return (text != "") & text.is_not(None)


def recent(column: Expression[datetime, Any]) -> Condition:
    return column > func.now() - timedelta(days=7)


def published(statement: Select[R]) -> Select[R]:
    return statement.where(Post.published)


def cheap(limit: int) -> Condition:
    return (User.balance < limit) & (User.balance >= 0) & (User.limit != 5)


def same(left: Expression[V, Any], right: V) -> Condition:
    return left == right


matches(User.name, ["a", "b"])
matches(func.lower(User.name), ["a", "b"])
not_empty(User.email)
recent(User.created_at)
recent(User.updated_at)
assert_type(published(select(Post)), Select[Post])
assert_type(published(select(Post.id, Post.title)), Select[tuple[int, str]])
same(User.name, "x")


class Filter(BaseModel):
    name: str | None = None
    role: Role | None = None
    ids: list[int] = []
    order: str = "name"


ORDERS: dict[str, Expression[Any, Any]] = {
    "name": User.name,
    "created": User.created_at,
    "age": func.coalesce(User.updated_at, User.created_at),
}
DIRECTIONS: dict[str, Order] = {"newest": User.created_at.desc(), "name": User.name.asc()}


def search(given: Filter, *, descending: bool = False) -> Select[User]:
    statement = select(User)
    conditions: list[Condition] = []
    if given.name is not None:
        conditions.append(User.name.icontains(given.name))
    if given.role:
        conditions.append(User.role == given.role)
    if given.ids:
        conditions.append(User.id.in_(given.ids))
    statement = statement.where(*conditions)
    if given.name:
        statement = statement.where(
            User.posts.any(Post.title.contains(given.name)) | User.email.startswith(given.name)
        )
    order = ORDERS[given.order]
    statement = statement.order_by(order.desc() if descending else order)
    statement = statement.order_by(DIRECTIONS["newest"])
    statement = statement.options(selectinload(User.posts))
    return statement.limit(10).offset(5)


async def aggregates(session: Session) -> None:
    per_user = (
        select(Post.author_id, func.count().label("posts"), func.max(Post.score).label("best"))
        .where(Post.published)
        .group_by(Post.author_id)
        .having(func.count() > 3)
    )
    assert_type(per_user, Select[tuple[int, int, float | None]])
    for author, posts, best in await session.execute(per_user):
        assert_type(author, int)
        assert_type(posts, int)
        assert_type(best, float | None)
    inner = per_user.subquery("per_user")
    joined = select(User.name, inner.c.posts).join(inner, inner.c[Post.author_id] == User.id)
    assert_type(joined, Select[tuple[str, Any | None]])
    spent = func.coalesce(func.sum(User.balance), 0).label("spent")
    assert_type(await session.one(select(spent)), Decimal)
    per_day = func.date_trunc("day", Post.created_at).label("day")
    assert_type(select(per_day, func.avg(Post.score)), Select[tuple[datetime, float | None]])
    assert_type(select(extract("year", Post.created_at)), Select[int])
    share = func.sum(Post.score).over(partition_by=Post.author_id)
    assert_type(select(Post.id, share), Select[tuple[int, float | None]])
    place = func.row_number().over(order_by=Post.score.desc())
    assert_type(select(Post, place.label("place")), Select[tuple[Post, int]])
    before = func.lag(Post.score).over(window(order_by=Post.id))
    assert_type(select(before), Select[float | None])


async def aliases(session: Session) -> None:
    other = aliased(User)
    assert_type(other.name == "x", Condition)
    assert_type(select(User.id, other.id), Select[tuple[int, int]])
    assert_type(await session.all(select(other).where(other.id < User.id)), list[User])
    newest = aliased(Post, select(Post).order_by(Post.id.desc()).limit(3).subquery())
    assert_type(await session.all(select(newest)), list[Post])


def choices() -> None:
    grade = case((Post.score > 9, "high"), (Post.score > 5, "middle"), else_="low")
    assert_type(select(grade), Select[str])
    assert_type(select(case((Post.published, Post.score))), Select[float | None])
    assert_type(select(case((Post.published, Post.title), else_="-")), Select[str])
    assert_type(select(case({Role.admin: 1}, value=User.role, else_=0)), Select[int])
    assert_type(select(func.coalesce(User.updated_at, User.created_at)), Select[datetime])
    assert_type(select(func.coalesce(User.updated_at, func.now())), Select[datetime])
    assert_type(select(func.coalesce(User.limit, Decimal(0))), Select[Decimal])
    assert_type(select(func.coalesce(User.limit, User.balance, Decimal(0))), Select[Decimal])
    assert_type(select(func.nullif(User.name, "")), Select[str | None])
    assert_type(select(cast(User.id, str) + ":" + User.name), Select[str])
    assert_type(select(User.settings.at(lambda s: s.theme)), Select[str | None])
    assert_type(User.settings.theme == "dark", Condition)
    assert_type(User.settings.at(lambda s: s.size) == 3, Condition)
    assert_type(not_(and_(User.id == 1, true())), Condition)


async def ten(session: Session) -> None:
    statement = select(
        User.id, User.name, User.email, User.role, User.balance, User.limit, User.tags,
        User.settings, User.created_at, User.updated_at,
    )  # fmt: skip
    rows = (await session.execute(statement)).all()
    assert_type(
        rows,
        list[
            tuple[
                int,
                str,
                str,
                Role,
                Decimal,
                Decimal | None,
                list[str],
                Settings,
                datetime,
                datetime | None,
            ]
        ],
    )


class UserRead(BaseModel):
    id: int
    name: str


@dataclass
class UserRow:
    id: int
    name: str


class UserTuple(NamedTuple):
    id: int
    name: str


async def shapes(session: Session, connection: Connection) -> None:
    two = select(User.id, User.name)
    assert_type(await session.all(two.into(UserRead)), list[UserRead])
    assert_type(await session.one(two.where(User.id == 1).into(UserRow)), UserRow)
    assert_type((await session.execute(two.into(UserTuple))).first(), UserTuple | None)
    added = insert(User).values(name="x", email="y").returning(User.id, User.name)
    assert_type(await session.one(added.into(UserRead)), UserRead)
    changed = update(User).values(name="x").returning(User.id, User.name)
    assert_type(await session.all(changed.into(UserRow)), list[UserRow])
    gone = delete(User).where(User.id == 1).returning(User.id, User.name)
    assert_type(await session.all(gone.into(UserTuple)), list[UserTuple])
    assert_type(await session.all(select(User).into(UserRead)), list[UserRead])
    async for one in await session.stream(two.into(UserRead)):
        assert_type(one, UserRead)
    assert_type(await connection.execute(two.into(UserRead)), Result[UserRead])


async def on_connections(connection: Connection) -> None:
    rows = await connection.execute(select(User.id, User.name))
    assert_type(rows, Result[tuple[int, str]])
    assert_type(await connection.scalar(select(func.count())), int | None)
    assert_type((await connection.scalars(select(User.name))).all(), list[str])
    # a mapped class yields its columns here
    assert_type(await connection.execute(select(User)), Result[Any])
    assert_type(await connection.execute(select(User, Post.title)), Result[Any])
    assert_type(await connection.scalar(select(User)), Any)
    assert_type(await connection.execute(sql("select 1")), Result[Any])
    made = insert(Post).values(author_id=1, title="x").returning(Post.id)
    assert_type((await connection.execute(made)).scalar_one(), int)
    async for number, name in await connection.stream(select(User.id, User.name)):
        assert_type(number, int)
        assert_type(name, str)
