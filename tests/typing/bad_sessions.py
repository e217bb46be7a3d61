"""Every line marked with an E must be reported, and no other."""

from __future__ import annotations

from asyncorm import (
    Mapped,
    MetaData,
    Model,
    Related,
    Session,
    column,
    create_engine,
    foreign_key,
    func,
    relationship,
    select,
    selectinload,
    sessionmaker,
)


class Base(Model):
    metadata = MetaData()


class User(Base, table="users"):
    id: Mapped[int] = column(primary_key=True, init=False)
    email: Mapped[str]
    age: Mapped[int | None] = column(default=None)
    books: Related[list[Book]] = relationship(back_populates="author")


class Book(Base, table="books"):
    id: Mapped[int] = column(primary_key=True, init=False)
    title: Mapped[str]
    author_id: Mapped[int] = foreign_key(User.id)
    author: Related[User] = relationship(back_populates="books")


engine = create_engine("postgresql://localhost/app")
create_engine("postgresql://localhost/app", pool="5")  # E no such option
sessionmaker("postgresql://localhost/app")  # E an engine, not a URL
sessionmaker(engine, autocommit=True)  # E no such option


async def read(session: Session, user: User) -> None:
    found: User = await session.get(User, 1)  # E may be None
    number: str = await session.one(select(User.id))  # E an int
    users: list[Book] = await session.all(select(User))  # E users
    first: User = await session.first(select(User))  # E may be None
    age: int = await session.scalar(select(User.age))  # E may be None
    for id_, _ in await session.all(select(User.id, User.email)):
        text: str = id_  # E an int
    async for row in await session.stream(select(func.count())):
        name: str = row  # E an int
    await session.all(User)  # E a class is no statement
    await session.all("select 1")  # E text is no statement
    await session.get("User", 1)  # E a name is no class
    await session.get(User, 1, lock=True)  # E no such option
    await session.get(Session, 1)  # E not a model
    session.all(select(User)).append(user)  # E not awaited


async def load(session: Session, user: User, book: Book, users: list[User]) -> None:
    await session.load(user, Book.author)  # E a relationship of another model
    await session.load(book, User.books)  # E a relationship of another model
    await session.load(users, Book.author)  # E a relationship of another model
    await session.load(user, "books")  # E text is no relationship
    await session.load(user)  # E no relationship
    books: list[User] = await session.load(user, User.books)  # E books
    selectinload("books")  # E text is no relationship
    selectinload(User.email)  # E a column is no relationship


async def change(session: Session, user: User) -> None:
    session.add("user")  # E not a model
    session.add(User)  # E a class, not an object
    session.add_all(user)  # E one object, not several
    session.add_all([1, 2])  # E not models
    session.expunge(1)  # E not a model
    await session.delete("user")  # E not a model
    await session.refresh(user, [1])  # E attributes are named by text
    merged: Book = await session.merge(user)  # E a user
    await session.apply(user, "email")  # E not a payload
    session.clear(True)  # E keywords only
    await session.add(user)  # E nothing to await
