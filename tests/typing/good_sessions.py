"""Sessions are typed: what a statement yields is what comes back."""

from __future__ import annotations

from typing import Any, assert_type

from pydantic import BaseModel

from asyncorm import (
    Connection,
    Engine,
    Expunged,
    FlushPlan,
    Mapped,
    MetaData,
    Model,
    Related,
    Result,
    ResultStream,
    Session,
    SessionFactory,
    aliased,
    column,
    create_engine,
    delete,
    foreign_key,
    func,
    generated,
    insert,
    inspect,
    relationship,
    select,
    selectinload,
    sessionmaker,
    sql,
    update,
)


class Base(Model):
    metadata = MetaData()


class UserPatch(BaseModel):
    email: str


class User(Base, table="users"):
    id: Mapped[int] = column(primary_key=True, init=False)
    email: Mapped[str]
    age: Mapped[int | None] = column(default=None)
    books: Related[list[Book]] = relationship(back_populates="author")


class Book(Base, table="books"):
    id: Mapped[int] = generated(primary_key=True)
    title: Mapped[str]
    author_id: Mapped[int] = foreign_key(User.id)
    author: Related[User] = relationship(back_populates="books")
    editor: Related[User | None] = relationship()


class UserOut:
    def __init__(self, id: int, email: str) -> None: ...


engine = create_engine("postgresql://localhost/app", pool_size=5)
assert_type(engine, Engine)
Factory = sessionmaker(engine, expire_on_commit=False)
assert_type(Factory, SessionFactory)
assert_type(Factory(), Session)


async def open_sessions() -> None:
    async with engine, Factory() as session, Factory.begin() as other:
        assert_type(session, Session)
        assert_type(other, Session)
    async with engine.begin() as connection:
        assert_type(connection, Connection)
        assert_type(await connection.execute(select(User.id)), Result[int])
    await engine.create_all(Base, User)


async def read(session: Session) -> None:
    assert_type(await session.get(User, 1), User | None)
    assert_type(await session.get(User, 1, with_for_update=True), User | None)
    assert_type(await session.get_one(User, 1, options=[selectinload(User.books)]), User)
    assert_type(await session.get_many(User, [1, 2]), list[User | None])
    assert_type(await session.all(select(User)), list[User])
    rows = await session.all(select(User.id, User.email))
    assert_type(rows, list[tuple[int, str]])
    for id_, email in rows:
        assert_type(id_, int)
        assert_type(email, str)
    assert_type(await session.one(select(func.count())), int)
    assert_type(await session.first(select(User)), User | None)
    assert_type(await session.scalar(select(User.age)), int | None)
    assert_type(await session.scalars(select(User)), Result[User])
    assert_type((await session.scalars(select(User.email))).all(), list[str])
    assert_type(await session.execute(select(User)), Result[User])
    assert_type((await session.execute(select(User, Book.title))).one(), tuple[User, str])
    result = await session.execute(select(User))
    assert_type(result.scalars(), Result[User])
    assert_type(result.scalar(), User | None)
    assert_type(result.scalar_one(), User)
    assert_type(result.scalar_one_or_none(), User | None)
    assert_type(result.unique().all(), list[User])
    assert_type(result.one_or_none(), User | None)
    for found in result:
        assert_type(found, User)
    assert_type(await session.execute(insert(User).values(email="x").returning(User)), Result[User])
    assert_type(await session.all(update(User).values(age=1).returning(User.id)), list[int])
    await session.execute(insert(User), [{"email": "x"}, {"email": "y"}])
    await session.execute(delete(User).where(User.id == 1))
    assert_type(await session.all(sql("select 1").into(UserOut)), list[UserOut])
    assert_type(await session.all(select(aliased(User))), list[User])


async def stream(session: Session) -> None:
    assert_type(await session.stream(select(User)), ResultStream[User])
    async for user in await session.stream(select(User)):
        assert_type(user, User)
    async for id_, email in await session.stream(select(User.id, User.email)):
        assert_type(id_, int)
        assert_type(email, str)
    async for part in (await session.stream(select(User))).partitions(100):
        assert_type(part, list[User])
    async for number in await session.stream_scalars(select(User.id)):
        assert_type(number, int)


async def load(session: Session, user: User, book: Book, users: list[User]) -> None:
    assert_type(await session.load(user, User.books), list[Book])
    assert_type(await session.load(book, Book.author), User)
    assert_type(await session.load(book, Book.editor), User | None)
    assert_type(await session.load(user, User.books, Book.author), list[Book])
    assert_type(await session.load(users, User.books), None)
    assert_type(await session.load(users, User.books, Book.editor), None)
    select(User).options(selectinload(User.books).selectinload(Book.author))
    select(User).options(selectinload(User.books, Book.author))


async def change(session: Session, user: User) -> None:
    session.add(user)
    session.add_all([user, Book(title="t")])
    await session.flush()
    await session.refresh(user, ["email"])
    session.expire(user)
    assert_type(await session.merge(user), User)
    assert_type(await session.merge(user, load=False), User)
    assert_type(await session.merge_all([user]), list[User])
    assert_type(await session.apply(user, {"email": "e"}, ignore={"token"}), User)
    assert_type(await session.apply(user, UserPatch(email="e")), User)
    await session.delete(user)
    await session.delete_all([user])
    session.expunge(user)
    assert_type(session.expunge_all(), Expunged)
    assert_type(session.clear(discard=True), Expunged)
    assert_type(user in session, bool)
    assert_type(session.is_modified(user), bool)
    assert_type(await session.plan(), FlushPlan)
    assert_type(await session.explain(select(User)), str)
    assert_type(session.info, dict[Any, Any])
    assert_type(inspect(user).persistent, bool)
    with session.no_autoflush:
        await session.commit()
    async with session.begin() as same:
        assert_type(same, Session)
    async with session.begin_nested() as savepoint:
        await savepoint.rollback()
    savepoint = await session.begin_nested()
    await savepoint.commit()
