"""Statements whose rows a join would change: joined collections stay whole, owners are counted."""

from __future__ import annotations

import pytest

from asyncorm import (
    Engine,
    Session,
    SessionFactory,
    case,
    func,
    joinedload,
    select,
    sessionmaker,
    union_all,
)
from tests.conftest import CreateTables
from tests.support.publishing import Book, Publishing, Tag, User
from tests.support.sent import Sent

WITH_BOOKS = joinedload(User.books)


@pytest.fixture
async def Library(engine: Engine, tables: CreateTables) -> SessionFactory:  # noqa: N802
    """Sessions on four users, who have one to four books each, with two tags for each book."""
    await tables(Publishing)
    made = sessionmaker(engine)
    tags = [Tag(id=1, name="x"), Tag(id=2, name="y")]
    async with made() as session:
        for number, email in enumerate(["dora", "carl", "bess", "adam"], 1):
            books = [Book(id=number * 10 + n, title=f"t{n}", tags=tags) for n in range(number)]
            session.add(User(id=number, email=email, books=books))
        await session.commit()
    return made


def shown(users: list[User]) -> list[tuple[str, int]]:
    return [(user.email, len(user.books)) for user in users]


async def test_a_limit_counts_owners(Library: SessionFactory, sent: Sent) -> None:
    async with Library() as session:
        sent()
        users = await session.all(
            select(User).options(WITH_BOOKS).order_by(User.email).limit(2).offset(1)
        )
        assert shown(users) == [("bess", 3), ("carl", 2)]
        assert sent.verbs() == ["SELECT"]
        first = await session.first(select(User).options(WITH_BOOKS).order_by(User.id).limit(1))
        assert first is not None
        assert shown([first]) == [("dora", 1)]


async def test_a_limit_is_one_statement_whatever_its_number(
    Library: SessionFactory, engine: Engine
) -> None:
    async with Library() as session:
        statement = select(User).options(WITH_BOOKS).order_by(User.id)
        assert len(await session.all(statement.limit(1))) == 1
        before = len(engine.statements)
        assert len(await session.all(statement.limit(3))) == 3
        assert len(engine.statements) == before


async def test_owners_keep_an_order_by_any_expression(Library: SessionFactory) -> None:
    async with Library() as session:
        statement = select(User).options(WITH_BOOKS).limit(3)
        by_case = case((User.email == "bess", 0), else_=1)
        users = await session.all(statement.order_by(by_case, func.length(User.email), User.id))
        assert [user.email for user in users] == ["bess", "dora", "carl"]
        users = await session.all(
            statement.join(User.books)
            .where(Book.title == "t0")
            .order_by((Book.id * -1).desc(), func.lower(User.email).desc())
        )
        assert shown(users) == [("dora", 1), ("carl", 2), ("bess", 3)]
        ranked = func.rank().over(order_by=User.email)
        users = await session.all(select(User).options(WITH_BOOKS).order_by(ranked.desc()))
        assert [user.email for user in users] == ["dora", "carl", "bess", "adam"]


async def test_references_alone_need_no_subquery(Library: SessionFactory, sent: Sent) -> None:
    async with Library() as session:
        sent()
        books = await session.all(
            select(Book).options(joinedload(Book.author)).order_by(Book.id).limit(2)
        )
        assert [book.author.email for book in books if book.author] == ["dora", "carl"]
        (text,) = sent()
        assert "(SELECT" not in text


async def test_a_collection_behind_a_reference_is_whole(Library: SessionFactory) -> None:
    async with Library() as session:
        books = await session.all(
            select(Book)
            .options(joinedload(Book.author).joinedload(User.books).joinedload(Book.tags))
            .order_by(Book.id.desc())
            .limit(2)
        )
        assert [book.id for book in books] == [43, 42]
        author = books[0].author
        assert author is not None
        assert [book.id for book in author.books] == [40, 41, 42, 43]
        assert {len(book.tags) for book in author.books} == {2}


async def test_distinct_and_groups_are_those_of_the_owners(Library: SessionFactory) -> None:
    async with Library() as session:
        users = await session.all(
            select(User)
            .distinct()
            .join(User.books)
            .options(WITH_BOOKS)
            .order_by(User.email)
            .limit(2)
        )
        assert shown(users) == [("adam", 4), ("bess", 3)]
        each = select(User).distinct(func.upper(User.email))
        users = await session.all(
            each.options(WITH_BOOKS).order_by(func.upper(User.email), User.id)
        )
        assert [user.email for user in users] == ["adam", "bess", "carl", "dora"]
        rows = await session.all(
            select(User, func.count(Book.id).label("n"))
            .join(User.books)
            .group_by(User.id)
            .having(func.count(Book.id) > 2)
            .order_by(func.count(Book.id).desc())
            .options(WITH_BOOKS)
        )
        assert [(user.email, n, len(user.books)) for user, n in rows] == [
            ("adam", 4, 4),
            ("bess", 3, 3),
        ]


async def test_a_window_is_over_the_owners(Library: SessionFactory) -> None:
    async with Library() as session:
        number = func.row_number().over(order_by=User.id)
        rows = await session.all(
            select(User, number, func.count().over()).options(WITH_BOOKS).order_by(User.id)
        )
        assert [(user.email, n, total) for user, n, total in rows] == [
            ("dora", 1, 4),
            ("carl", 2, 4),
            ("bess", 3, 4),
            ("adam", 4, 4),
        ]


async def test_items_keep_their_names(Library: SessionFactory) -> None:
    async with Library() as session:
        statement = select(User, User.id, Book, Book.id.label("other"), func.lower(User.email))
        statement = statement.join(User.books).order_by(Book.id)
        plain = await session.execute(statement)
        joined = await session.execute(statement.options(WITH_BOOKS).limit(2))
        assert joined.keys() == plain.keys()
        first = joined.first()
        assert first is not None
        assert (first[1], first[3], first[4], first[2].id) == (1, 10, "dora", 10)


async def test_a_lock_is_on_the_owners_only(
    Library: SessionFactory, engine: Engine, sent: Sent
) -> None:
    async with Library() as session:
        sent()
        (user,) = await session.all(
            select(User).options(WITH_BOOKS).where(User.id == 2).with_for_update()
        )
        assert len(user.books) == 2
        assert sent.verbs() == ["BEGIN", "SELECT"]
        async with Session(engine) as other:
            free = select(Book.id).where(Book.author_id == 2).with_for_update(skip_locked=True)
            assert sorted(await other.all(free)) == [20, 21]
            held = select(User.id).where(User.id == 2).with_for_update(skip_locked=True)
            assert await other.all(held) == []


async def test_a_limited_set_operation_has_whole_collections(Library: SessionFactory) -> None:
    one, other = select(User).where(User.id < 3), select(User).where(User.id >= 3)
    async with Library() as session:
        users = await session.all(
            union_all(one, other).order_by(User.email).limit(2).options(WITH_BOOKS)
        )
        assert shown(users) == [("adam", 4), ("bess", 3)]


async def test_some_members_of_limited_owners(Library: SessionFactory) -> None:
    async with Library() as session:
        few = joinedload(User.books.top(2, order_by=Book.id.desc())).joinedload(Book.tags)
        users = await session.all(select(User).options(few).order_by(User.email).limit(2))
        assert [[book.id for book in user.books] for user in users] == [[43, 42], [32, 31]]
        assert {len(book.tags) for user in users for book in user.books} == {2}
