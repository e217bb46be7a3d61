"""Scenarios F: rows that change hands, and two objects for one key."""

from __future__ import annotations

import pytest

from asyncorm import Engine, IdentityConflictError, SessionFactory, inspect
from tests.conftest import CreateTables
from tests.support.rows import rows, run
from tests.support.scenario_links import Article, Linked, Tag
from tests.support.scenario_models import Country, Driver, Folder, Licence, Member, Slot
from tests.support.sent import Sent
from tests.support.states import state_of
from tests.support.store import store


async def test_f03_links_are_those_of_the_new_object_only(
    Session: SessionFactory, tables: CreateTables, engine: Engine, sent: Sent
) -> None:
    await tables(Linked)
    one, two, three = Tag(name="1"), Tag(name="2"), Tag(name="3")
    await store(Session, Article(title="old", tags=[one, two]), three)
    async with Session() as session:
        old = await session.get_one(Article, 1)
        tags = {name: await session.get_one(Tag, name) for name in (1, 2, 3)}
        await session.delete(old)
        new = Article(id=1, title="new", tags=[tags[2], tags[3]])
        session.add(new)
        sent()
        await session.commit()
        assert "UPDATE article" in (work := sent.work())
        assert not {"INSERT article", "DELETE article"} & set(work)
        assert state_of(old) == "detached"
        assert state_of(new) == "persistent"
    assert await rows(engine, "select id, title from article") == [(1, "new")]
    links = await rows(engine, "select article_id, tag_id from article_tag order by 1, 2")
    assert links == [(1, 2), (1, 3)]


async def test_f04_a_row_is_switched_inside_a_tree(
    Session: SessionFactory, engine: Engine, sent: Sent
) -> None:
    await store(Session, Folder(id=1, name="root", folders=[Folder(id=2, name="old")]))
    async with Session() as session:
        root = await session.get_one(Folder, 1)
        (old,) = await session.load(root, Folder.folders)
        await session.delete(old)
        root.folders.remove(old)
        new = Folder(id=2, name="new")
        root.folders.append(new)
        sent()
        await session.commit()
        assert sent.work() == ["UPDATE folder"]
        assert state_of(old) == "detached"
        assert inspect(old).was_deleted
        assert state_of(new) == "persistent"
        assert await session.get(Folder, 2) is new
        await session.delete(root)
        await session.commit()
    assert await rows(engine, "select id from folder") == []


async def test_f06_a_member_merged_with_its_like_costs_no_sql(
    Session: SessionFactory, sent: Sent
) -> None:
    await store(Session, Driver(id=1, name="d", licence=Licence(kind="B")))
    async with Session() as session:
        for _ in range(3):
            driver = await session.merge(Driver(id=1, name="d", licence=Licence(kind="B")))
            licence = driver.licence
            assert licence is not None
            sent()
            await session.flush()
            assert sent.work() == []
            assert driver.licence is licence
            assert licence in session
            assert state_of(licence) == "persistent"
            assert inspect(licence).identity_key == (Licence, (1,))
            assert await session.get(Licence, 1) is licence
        await session.commit()
        assert len(session.identity_map) == 2


async def test_f06_what_the_new_object_does_not_set_is_not_kept_from_the_old_row(
    Session: SessionFactory, engine: Engine, sent: Sent
) -> None:
    """F11 D11"""
    await store(Session, Slot(row="a", number=1, note="old"))
    async with Session() as session:
        old = await session.get_one(Slot, ("a", 1))
        new = Slot(row="a", number=1)
        await session.delete(old)
        session.add(new)
        sent()
        await session.flush()
        assert sent.work() == ["UPDATE slot"]
        assert state_of(old) == "deleted"
        assert state_of(new) == "persistent"
        await session.commit()
        assert new.note is None
    assert await rows(engine, "select * from slot") == [("a", 1, None)]


async def test_f06_a_row_switch_is_undone_by_a_rollback(
    Session: SessionFactory, engine: Engine
) -> None:
    """F12"""
    await store(Session, Slot(row="a", number=1, note="old"))
    async with Session() as session:
        old = await session.get_one(Slot, ("a", 1))
        new = Slot(row="a", number=1, note="new")
        await session.delete(old)
        session.add(new)
        await session.flush()
        await session.rollback()
        assert state_of(old) == "persistent"
        assert state_of(new) == "transient"
        assert await session.get(Slot, ("a", 1)) is old
        await session.refresh(old)
        assert old.note == "old"
    assert await rows(engine, "select * from slot") == [("a", 1, "old")]


async def test_f08_a_second_object_for_a_key_is_refused_before_any_sql(
    Session: SessionFactory, sent: Sent, engine: Engine
) -> None:
    await store(Session, Country(code="de", name="old"))
    async with Session() as session:
        old = await session.get_one(Country, "de")
        twin, other = Country(code="de", name="new"), Country(code="fr")
        session.add_all([other, twin])
        sent()
        with pytest.raises(IdentityConflictError, match=r"Country(.|\n)*merge"):
            await session.flush()
        assert sent.work() == []
        await session.rollback()
        assert state_of(old) == "persistent"
        assert state_of(twin) == state_of(other) == "transient"
        assert twin.name == "new"
        assert await session.get(Country, "de") is old
    assert await rows(engine, "select code, name from country") == [("de", "old")]


async def test_f08_two_new_objects_of_one_key_conflict_as_well(
    Session: SessionFactory, sent: Sent
) -> None:
    async with Session() as session:
        session.add_all([Country(code="de"), Country(code="de")])
        with pytest.raises(IdentityConflictError, match="Country"):
            await session.flush()
        assert sent.work() == []


@pytest.mark.parametrize("way", ["expire", "rollback"])
async def test_f10_an_expired_object_without_its_row_does_not_block_its_key(
    Session: SessionFactory, engine: Engine, way: str
) -> None:
    await store(Session, Member(email="m"))
    async with Session() as session:
        old = await session.get_one(Member, "m")
        await run(engine, "delete from member")
        if way == "expire":
            session.expire(old)
        else:
            await session.rollback()
        new = Member(email="m", nick="new")
        session.add(new)
        await session.commit()
        assert state_of(new) == "persistent"
        assert await session.get(Member, "m") is new
        assert old not in session
    assert await rows(engine, "select email, nick from member") == [("m", "new")]


async def test_f10_an_expired_object_whose_row_is_there_does(
    Session: SessionFactory, engine: Engine
) -> None:
    await store(Session, Member(email="m"))
    async with Session() as session:
        old = await session.get_one(Member, "m")
        session.expire(old)
        session.add(Member(email="m", nick="new"))
        with pytest.raises(IdentityConflictError, match="Member"):
            await session.flush()
        await session.rollback()
        assert state_of(old) == "persistent"
    assert await rows(engine, "select email, nick from member") == [("m", None)]
