"""Relationships with a primaryjoin: loaded, asked and written along what it says."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from asyncorm import Session, select, selectinload
from asyncorm.engine.engine import Engine
from tests.conftest import CreateTables
from tests.integration.conftest import Sent
from tests.support.restricted import (
    City,
    Label,
    Office,
    Post,
    PostLabel,
    Restricted,
    Topic,
    Writer,
)
from tests.support.rows import rows


@pytest.fixture
async def session(engine: Engine, tables: CreateTables) -> AsyncIterator[Session]:
    """A session on two writers with published and other posts; nothing is in its memory."""
    await tables(Restricted)
    async with Session(engine) as session:
        session.add_all([Writer(id=1, name="ada"), Writer(id=2, name="anonymous")])
        await session.flush()
        session.add_all(
            Post(id=n, published=n % 2 == 0, author_id=1 + n % 3 // 2, reviewer_id=2)
            for n in range(1, 7)
        )
        session.add_all(Label(id=n, text=f"l{n}") for n in (1, 2))
        session.add_all([City(id=1, code="X"), City(id=2, code="Y")])
        session.add_all([Office(id=n, city_code=code) for n, code in enumerate("XXZ", 1)])
        session.add(Office(id=4))
        session.add_all(
            Topic(id=n, path=path, parent_path=path.rpartition("/")[0] or None)
            for n, path in enumerate(("a", "a/b", "a/c", "a/b/d"), 1)
        )
        await session.flush()
        session.add_all(
            PostLabel(post_id=post, label_id=label, main=label == post)
            for post in (1, 2)
            for label in (1, 2)
        )
        await session.commit()
    async with Session(engine) as session:
        yield session


async def test_a_restricted_collection_is_loaded_without_the_other_rows(
    session: Session, sent: Sent
) -> None:
    everything = selectinload(Writer.published), selectinload(Writer.posts)
    ada, other = await session.all(select(Writer).order_by(Writer.id).options(*everything))
    assert [post.id for post in ada.published] == [4, 6]
    assert sorted(post.id for post in ada.posts) == [1, 3, 4, 6]
    assert [post.id for post in other.published] == [2]
    assert sent.verbs() == ["SELECT"] * 3
    assert {writer.id for writer in await session.all(select(Writer).join(Writer.published))} == {
        1,
        2,
    }


async def test_it_is_loaded_on_demand_and_its_first_members_too(session: Session) -> None:
    ada = await session.get_one(Writer, 1)
    assert [post.id for post in await session.load(ada, Writer.published.top(1))] == [4]
    other = await session.get_one(Writer, 2)
    assert [post.id for post in await session.load(other, Writer.published)] == [2]


async def test_writing_to_it_sets_the_key_alone(engine: Engine, session: Session) -> None:
    ada = await session.get_one(Writer, 1)
    await session.load(ada, Writer.published)
    ada.published.append(Post(id=9))
    await session.commit()
    found = await rows(engine, "select author_id, published from posts where id = 9")
    assert found == [(1, False)]
    session.expunge_all()
    ada = await session.get_one(Writer, 1)
    assert [post.id for post in await session.load(ada, Writer.published)] == [4, 6]


async def test_a_restricted_reference_asks_the_database_although_the_row_is_in_memory(
    session: Session,
) -> None:
    writers = await session.all(select(Writer))
    posts = await session.all(select(Post).order_by(Post.id).options(selectinload(Post.named)))
    assert [post.named and post.named.id for post in posts] == [1, None, 1, 1, None, 1]
    assert posts[0].named is next(writer for writer in writers if writer.id == 1)
    # the plain reference of the same key is found in memory
    assert posts[1].author is not None
    named = select(Post.id).where(Post.named != None).order_by(Post.id)
    assert await session.all(named) == [1, 3, 4, 6]


async def test_links_are_restricted_by_their_table(session: Session) -> None:
    posts = await session.all(
        select(Post).where(Post.id < 3).order_by(Post.id).options(selectinload(Post.main_labels))
    )
    assert [[label.id for label in post.main_labels] for post in posts] == [[1], [2]]
    label = await session.get_one(Label, 1)
    contains = select(Post.id).where(Post.main_labels.contains(label))
    assert await session.all(contains) == [1]
    assert sorted(await session.all(select(Post.id).where(Post.labels.contains(label)))) == [1, 2]


async def test_columns_without_a_foreign_key_are_followed(session: Session) -> None:
    offices = await session.all(
        select(Office).order_by(Office.id).options(selectinload(Office.city))
    )
    assert [office.city and office.city.id for office in offices] == [1, 1, None, None]
    cities = await session.all(select(City).order_by(City.id).options(selectinload(City.offices)))
    assert [sorted(office.id for office in city.offices) for city in cities] == [[1, 2], []]
    topics = await session.all(
        select(Topic)
        .order_by(Topic.id)
        .options(selectinload(Topic.parent), selectinload(Topic.below))
    )
    assert [topic.parent and topic.parent.id for topic in topics] == [None, 1, 1, 2]
    assert [[below.id for below in topic.below] for topic in topics] == [[2, 3], [4], [], []]
    deep = select(Topic.id).where(Topic.parent.to.parent.to.path == "a")
    assert await session.all(deep) == [4]
