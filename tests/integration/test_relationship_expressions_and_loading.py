"""Expressions on relationships in statements that load, and loads that are restricted."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from asyncorm import Session, aliased, contains_eager, joinedload, select, selectinload
from asyncorm.engine.engine import Engine
from tests.conftest import CreateTables
from tests.support.publishing import Book, Node, Publisher, Publishing, Tag, User
from tests.support.restricted import Post, Restricted, Writer


@pytest.fixture
async def session(engine: Engine, tables: CreateTables) -> AsyncIterator[Session]:
    """A session on three users with books and tags; nothing is in its memory."""
    await tables(Publishing)
    async with Session(engine) as session:
        session.add_all([Publisher(id=1, name="p"), Publisher(id=2, name="q")])
        await session.flush()
        session.add_all(
            User(id=n, email=f"u{n}", publisher_id=p) for n, p in ((1, 2), (2, 1), (3, None))
        )
        tags = [Tag(id=n, name=f"t{n}") for n in (1, 2)]
        await session.flush()
        for n in range(1, 7):
            book = Book(id=n, title=f"b{n}", author_id=1 + n % 3, editor_id=1 + n % 2)
            book.tags = tags[: n % 3]
            session.add(book)
        session.add_all([Node(id=1, name="a"), Node(id=2, name="b", parent_id=1)])
        await session.commit()
    async with Session(engine) as session:
        yield session


async def test_joined_loading_keeps_the_order_by_a_path(session: Session) -> None:
    name = Book.author.to.publisher.to.name
    statement = select(Book).order_by(name.nulls_last(), Book.id).limit(3)
    wanted = [1, 4, 3]
    books = await session.all(statement.options(joinedload(Book.tags), joinedload(Book.author)))
    assert [book.id for book in books] == wanted
    assert [[tag.id for tag in book.tags] for book in books] == [[1], [1], []]
    assert [book.author and book.author.id for book in books] == [2, 2, 1]


async def test_joined_loading_goes_along_with_conditions_on_related_rows(
    session: Session,
) -> None:
    tagged = select(User).where(User.books.any(Book.tags.any(Tag.id == 2))).order_by(User.id)
    users = await session.all(tagged.options(joinedload(User.books)))
    assert [(user.id, sorted(book.id for book in user.books)) for user in users] == [(3, [2, 5])]
    nodes = select(Node).where(Node.children.any(Node.name == "b"))
    (node,) = await session.all(nodes.options(joinedload(Node.children)))
    assert [child.id for child in node.children] == [2]


async def test_some_members_are_chosen_over_a_path(session: Session) -> None:
    edited = User.books.where(Book.editor.to.email == "u1")
    for load in (selectinload, joinedload):
        session.expunge_all()
        users = await session.all(select(User).order_by(User.id).options(load(edited)))
        assert [sorted(book.id for book in user.books) for user in users] == [[6], [4], [2]]


async def test_what_was_joined_to_an_alias_fills_the_collection(session: Session) -> None:
    late = aliased(Book)
    statement = (
        select(User)
        .join(User.books.of_type(late).and_(Book.id > 3))
        .options(contains_eager(User.books.of_type(late)))
        .order_by(User.id)
    )
    users = await session.all(statement)
    assert [[book.id for book in user.books] for user in users] == [[6], [4], [5]]


async def test_joined_loading_keeps_to_restrictions(engine: Engine, tables: CreateTables) -> None:
    await tables(Restricted)
    async with Session(engine) as session:
        session.add_all([Writer(id=1, name="ada"), Writer(id=2, name="anonymous")])
        await session.flush()
        session.add_all(
            Post(id=n, published=n % 2 == 0, author_id=1 + n % 3 // 2) for n in range(1, 7)
        )
        await session.commit()
    async with Session(engine) as session:
        statement = select(Writer).order_by(Writer.id).options(joinedload(Writer.published))
        writers = await session.all(statement)
        assert [[post.id for post in writer.published] for writer in writers] == [[4, 6], [2]]
        posts = await session.all(select(Post).order_by(Post.id).options(joinedload(Post.named)))
        assert [post.named and post.named.id for post in posts] == [1, None, 1, 1, None, 1]
