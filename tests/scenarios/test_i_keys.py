"""Scenarios I: primary keys that change."""

from __future__ import annotations

from typing import Any

import pytest

from asyncorm import (
    Engine,
    Mapped,
    MetaData,
    Model,
    Related,
    SessionFactory,
    UniqueViolation,
    column,
    foreign_key,
    func,
    generated,
    inspect,
    relationship,
    select,
)
from tests.conftest import CreateTables
from tests.support.rows import rows
from tests.support.scenario_models import City, Country, Draft, Firm, Office, Place
from tests.support.sent import Sent
from tests.support.states import state_of
from tests.support.store import store

PUBLISHED, EDITABLE, ARCHIVED = 1, 2, 3
DRAFTS = "select state, text from draft order by state"


async def test_i01_a_renamed_object_is_found_by_its_new_key_only(
    Session: SessionFactory, sent: Sent, engine: Engine
) -> None:
    await store(Session, Country(code="dd", name="n"))
    async with Session() as session:
        country = await session.get_one(Country, "dd")
        country.code = "de"
        assert await session.get(Country, "dd") is country
        assert inspect(country).identity_key == (Country, ("dd",))
        sent()
        await session.flush()
        assert sent.work() == ["UPDATE country"]
        assert inspect(country).identity_key == (Country, ("de",))
        assert await session.get(Country, "de") is country
        assert sent() == []
        assert await session.get(Country, "dd") is None
        assert sent.work() == ["SELECT country"]
        await session.commit()
        country.name = "again"
        await session.commit()
    assert await rows(engine, "select code, name from country") == [("de", "again")]


async def test_i01_a_rollback_gives_the_old_key_back(Session: SessionFactory) -> None:
    """S26"""
    await store(Session, Country(code="a"))
    async with Session() as session:
        country = await session.get_one(Country, "a")
        for code in "bcd":
            country.code = code
            await session.flush()
        await session.rollback()
        assert inspect(country).identity_key == (Country, ("a",))
        assert await session.get(Country, "a") is country
        assert await session.get(Country, "d") is None
        await session.refresh(country)
        assert country.code == "a"


async def test_i02_the_server_renames_references_and_memory_follows(
    Session: SessionFactory, sent: Sent, engine: Engine
) -> None:
    await store(Session, Country(code="dd", cities=[City(name="a"), City(name="b")]))
    async with Session() as session:
        country = await session.get_one(Country, "dd")
        loaded, other = await session.load(country, Country.cities)
        country.code = "de"
        sent()
        await session.commit()
        assert sent.work() == ["UPDATE country"]
        assert (loaded.country_code, other.country_code) == ("de", "de")
        assert loaded.country is country
        assert not session.is_modified(loaded)
        await session.flush()
        assert sent.work() == []
    assert await rows(engine, "select country_code from city") == [("de",), ("de",)]


async def test_i02_a_child_that_alone_is_loaded_follows_as_well(
    Session: SessionFactory, sent: Sent
) -> None:
    await store(Session, Country(code="dd", cities=[City(name="a")]))
    async with Session() as session:
        city = await session.get_one(City, 1)
        country = await session.load(city, City.country)
        assert country is not None
        country.code = "de"
        sent()
        await session.flush()
        assert sent.work() == ["UPDATE country"]
        assert city.country_code == "de"
        assert city.country is country


async def test_i02_without_the_server_children_are_loaded_and_updated(
    Session: SessionFactory, sent: Sent, engine: Engine
) -> None:
    """K2"""
    await store(Session, Firm(code="a", offices=[Office(), Office()]))
    async with Session() as session:
        firm = await session.get_one(Firm, "a")
        firm.code = "b"
        sent()
        await session.commit()
        assert sorted(sent.work()) == ["SELECT office", "UPDATE firm", "UPDATE office"]
    assert await rows(engine, "select firm_code from office") == [("b",), ("b",)]


class Named(Model):
    metadata = MetaData()


class Topic(Named, table="topic"):
    name: Mapped[str] = column(primary_key=True)
    posts: Related[list[Post]] = relationship(secondary="post_topic", back_populates="topics")


class Post(Named, table="post"):
    id: Mapped[int] = generated(primary_key=True)
    topics: Related[list[Topic]] = relationship(
        secondary="post_topic", back_populates="posts", order_by="name"
    )


class PostTopic(Named, table="post_topic"):
    post_id: Mapped[int] = foreign_key(Post.id, primary_key=True)
    topic_name: Mapped[str] = foreign_key(Topic.name, primary_key=True, onupdate="CASCADE")


async def test_i05_links_follow_an_end_that_is_renamed(
    Session: SessionFactory, tables: CreateTables, engine: Engine, sent: Sent
) -> None:
    await tables(Named)
    await store(Session, Post(topics=[Topic(name="a"), Topic(name="b")]))
    links = "select post_id, topic_name from post_topic order by 2"
    async with Session() as session:
        post = await session.get_one(Post, 1)
        a, b = await session.load(post, Post.topics)
        a.name = "c"
        sent()
        await session.commit()
        assert sent.work() == ["UPDATE topic"]
        assert await rows(engine, links) == [(1, "b"), (1, "c")]
        post.topics.remove(a)
        await session.commit()
        assert post.topics == [b]
    assert await rows(engine, links) == [(1, "b")]


async def test_i06_keys_move_along_a_chain_and_back(
    Session: SessionFactory, engine: Engine
) -> None:
    await store(Session, Draft(id=1, state=PUBLISHED, text="first"))
    await store(Session, Draft(id=1, state=EDITABLE, text="second"))
    async with Session() as session:
        first = await session.get_one(Draft, (1, PUBLISHED))
        second = await session.get_one(Draft, (1, EDITABLE))
        first.state, second.state = ARCHIVED, PUBLISHED
        await session.commit()
        assert await session.get(Draft, (1, PUBLISHED)) is second
        assert await session.get(Draft, (1, ARCHIVED)) is first
        assert await session.get(Draft, (1, EDITABLE)) is None
        assert await rows(engine, DRAFTS) == [(PUBLISHED, "second"), (ARCHIVED, "first")]
        first.state, second.state = PUBLISHED, EDITABLE
        await session.commit()
        assert await session.get(Draft, (1, PUBLISHED)) is first
        assert await session.get(Draft, (1, EDITABLE)) is second
        assert await session.get(Draft, (1, ARCHIVED)) is None
    assert await rows(engine, DRAFTS) == [(PUBLISHED, "first"), (EDITABLE, "second")]


async def test_i06_a_savepoint_takes_the_chain_back(
    Session: SessionFactory, engine: Engine
) -> None:
    await store(Session, Draft(id=1, state=PUBLISHED, text="first"))
    await store(Session, Draft(id=1, state=EDITABLE, text="second"))
    async with Session() as session:
        first = await session.get_one(Draft, (1, PUBLISHED))
        second = await session.get_one(Draft, (1, EDITABLE))
        savepoint = await session.begin_nested()
        first.state, second.state = ARCHIVED, PUBLISHED
        await session.flush()
        assert await session.get(Draft, (1, PUBLISHED)) is second
        await savepoint.rollback()
        assert await session.get(Draft, (1, PUBLISHED)) is first
        assert await session.get(Draft, (1, EDITABLE)) is second
        assert await session.get(Draft, (1, ARCHIVED)) is None
        await session.commit()
    assert await rows(engine, DRAFTS) == [(PUBLISHED, "first"), (EDITABLE, "second")]


async def test_i06_a_true_exchange_is_an_error_that_harms_nothing(
    Session: SessionFactory, engine: Engine
) -> None:
    """K4"""
    await store(Session, Draft(id=1, state=1, text="first"), Draft(id=1, state=2, text="second"))
    async with Session() as session:
        first, second = await session.get_one(Draft, (1, 1)), await session.get_one(Draft, (1, 2))
        first.state, second.state = 2, 1
        with pytest.raises(UniqueViolation):
            await session.flush()
        await session.rollback()
        assert await session.get(Draft, (1, 1)) is first
        assert await session.get(Draft, (1, 2)) is second
    assert await rows(engine, DRAFTS) == [(1, "first"), (2, "second")]


async def test_i07_a_key_may_be_computed_by_the_server(
    Session: SessionFactory, sent: Sent, engine: Engine
) -> None:
    await store(Session, Country(code="dd"))
    async with Session() as session:
        country: Any = await session.get_one(Country, "dd")
        country.code = func.lower("DE")
        sent()
        await session.flush()
        assert sent.work() == ["UPDATE country"]
        assert country.code == "de"
        assert inspect(country).identity_key == (Country, ("de",))
        assert await session.get(Country, "de") is country
        assert sent() == []
        new: Any = Country(code="x")
        new.code = func.lower("FR")
        session.add(new)
        await session.commit()
        assert new.code == "fr"
        assert await session.get(Country, "fr") is new
    assert await rows(engine, "select code from country order by 1") == [("de",), ("fr",)]


async def test_i08_in_a_tree_of_names_children_follow_their_parent(
    Session: SessionFactory, sent: Sent, engine: Engine
) -> None:
    await store(
        Session,
        Place(name="root", parts=[Place(name="a"), Place(name="b", parts=[Place(name="c")])]),
    )
    async with Session() as session:
        root = await session.get_one(Place, "root")
        a, b = await session.load(root, Place.parts)
        root.name = "top"
        sent()
        await session.commit()
        assert sent.work() == ["UPDATE place"]
        assert (a.within_name, b.within_name) == ("top", "top")
        b.name = "changed"
        root.name = "end"
        await session.commit()
        assert (a.within_name, b.within_name) == ("end", "end")
        assert [state_of(place) for place in (root, a, b)] == ["persistent"] * 3
        names = await session.all(select(Place.name, Place.within_name).order_by(Place.name))
        assert names == [("a", "end"), ("c", "changed"), ("changed", "end"), ("end", None)]
    found = await rows(engine, "select name, within_name from place order by name")
    assert found == [("a", "end"), ("c", "changed"), ("changed", "end"), ("end", None)]
