"""Values that change inside: noticed by whatever asks for changes, written by the next flush."""

from __future__ import annotations

import copy
import gc
import pickle
from collections.abc import Callable
from typing import Any
from weakref import ref

import pytest

from asyncorm import (
    DataError,
    SessionFactory,
    UnflushedChangesError,
    event,
    inspect,
    select,
    sessionmaker,
)
from asyncorm import Session as SessionType
from asyncorm.engine.engine import Engine
from tests.conftest import CreateTables
from tests.integration.conftest import Sent
from tests.support.wardrobe import Settings, User


@pytest.fixture
async def Users(engine: Engine, tables: CreateTables) -> SessionFactory:  # noqa: N802 - a factory
    """Makes sessions on a table with one user, whose id is 1."""
    await tables(User)
    factory = sessionmaker(engine)
    async with factory() as session:
        user = User(
            name="a", data={"a": {"b": 0}, "l": [1]}, tags=["x"], marks={1}, settings=Settings()
        )
        session.add(user)
        await session.commit()
        assert user.id == 1
    return factory


async def stored(factory: SessionFactory, key: int = 1) -> User:
    async with factory() as session:
        return await session.get_one(User, key)


def deep(user: User) -> None:
    user.data["a"]["b"] = 1


def model(user: User) -> None:
    user.settings.theme = "dark"


def inside_model(user: User) -> None:
    user.settings.colour.shades.append("rose")


def array(user: User) -> None:
    user.tags.append("y")


def members(user: User) -> None:
    user.marks.add(2)


CHANGES: dict[str, tuple[Callable[[User], None], Callable[[User], bool]]] = {
    "data": (deep, lambda u: u.data["a"]["b"] == 1),
    "settings": (model, lambda u: u.settings.theme == "dark"),
    "settings ": (inside_model, lambda u: u.settings.colour.shades == ["rose"]),
    "tags": (array, lambda u: u.tags == ["x", "y"]),
    "marks": (members, lambda u: u.marks == {1, 2}),
}
every_change = pytest.mark.parametrize("name", CHANGES)


@every_change
async def test_an_inner_change_is_written_and_nothing_else(
    Users: SessionFactory, sent: Sent, name: str
) -> None:
    change, arrived = CHANGES[name]
    async with Users() as session:
        user = await session.get_one(User, 1)
        assert session.dirty == ()
        change(user)
        assert session.is_modified(user)
        assert session.dirty == (user,)
        assert inspect(user).modified
        assert inspect(user).history(name.strip()).added == (getattr(user, name.strip()),)
        sent()
        await session.flush()
        assert [s.split(" SET ")[1].split(" = ")[0] for s in sent() if s != "BEGIN"] == [
            f'"{name.strip()}"'
        ]
        assert session.dirty == ()
        assert not session.is_modified(user)
        await session.flush()
        assert sent() == []
        await session.commit()
    assert arrived(await stored(Users))


async def test_a_value_changed_back_is_no_change(Users: SessionFactory, sent: Sent) -> None:
    async with Users() as session:
        user = await session.get_one(User, 1)
        user.data["a"]["b"] = 1
        user.tags.append("y")
        user.settings.theme = "dark"
        assert session.is_modified(user)
        user.data["a"]["b"] = 0
        user.tags.pop()
        user.settings.theme = "light"
        user.data["l"] = user.data.pop("l")  # jsonb keeps no order of keys
        assert not session.is_modified(user)
        sent()
        await session.commit()
        assert sent() == []


async def test_true_is_not_one(Users: SessionFactory) -> None:
    async with Users() as session:
        user = await session.get_one(User, 1)
        user.data["l"][0] = True
        await session.commit()
    assert (await stored(Users)).data["l"] == [True]
    assert (await stored(Users)).data["l"][0] is True


async def test_the_changed_value_assigned_to_itself_is_a_change(Users: SessionFactory) -> None:
    async with Users() as session:
        user = await session.get_one(User, 1)
        data = user.data
        data["k"] = 1
        user.data = data
        assert inspect(user).history("data").deleted == ({"a": {"b": 0}, "l": [1]},)
        await session.commit()
    assert (await stored(Users)).data["k"] == 1


async def test_an_assigned_value_is_watched_after_the_flush(Users: SessionFactory) -> None:
    async with Users() as session:
        user = await session.get_one(User, 1)
        data: dict[str, Any] = {"n": {"x": 0}}
        user.data = data
        await session.flush()
        data["n"]["x"] = 1
        assert session.is_modified(user)
        await session.flush()
        data["n"]["x"] = 2
        del user
        await session.commit()
    assert (await stored(Users)).data == {"n": {"x": 2}}


async def test_a_value_given_to_the_constructor_is_watched_after_the_insert(
    Users: SessionFactory,
) -> None:
    async with Users() as session:
        settings = Settings()
        inner = {"x": 0}
        user = User(settings=settings, data={"inner": inner})
        session.add(user)
        tags = user.tags
        await session.flush()
        settings.theme = "dark"
        inner["x"] = 1
        tags.append("late")
        await session.commit()
        key = user.id
    found = await stored(Users, key)
    assert (found.settings.theme, found.data, found.tags) == ("dark", {"inner": {"x": 1}}, ["late"])


async def test_an_object_is_kept_while_somebody_can_change_its_value(
    Users: SessionFactory,
) -> None:
    async with Users() as session:
        settings = (await session.get_one(User, 1)).settings
        shades = settings.colour.shades
        del settings
        await session.all(select(User).where(User.id == 0))  # an autoflush finds no change
        gc.collect()
        shades.append("rose")
        await session.commit()
    assert (await stored(Users)).settings.colour.shades == ["rose"]


async def test_a_change_in_one_expression_is_not_lost(Users: SessionFactory) -> None:
    async with Users() as session:
        (await session.get_one(User, 1)).data["a"]["b"] = 5
        await session.commit()
    assert (await stored(Users)).data["a"]["b"] == 5


async def test_an_object_that_was_only_read_is_let_go(Users: SessionFactory) -> None:
    """W3 M01"""
    async with Users() as session:
        user = await session.get_one(User, 1)
        assert user.data["a"] == {"b": 0}
        assert user.settings.theme == "light"
        weak = ref(user)
        del user
        assert weak() is not None
        await session.flush()
        assert weak() is None
        assert len(session.identity_map) == 0


async def test_what_a_listener_changes_inside_is_part_of_the_flush(Users: SessionFactory) -> None:
    async with Users() as session:

        @event.listens_for(session, "before_update")
        def count(session: SessionType, user: User) -> None:
            user.data["a"]["b"] += 1

        user = await session.get_one(User, 1)
        user.name = "changed"
        await session.commit()
        assert not session.is_modified(user)
    assert (await stored(Users)).data == {"a": {"b": 1}, "l": [1]}


async def test_a_stream_of_documents_that_are_read_keeps_few(
    Users: SessionFactory, engine: Engine
) -> None:
    """O08"""
    async with engine.begin() as connection:
        await connection.command(
            "insert into wardrobe_user (name, data, settings, tags, marks) "
            "select '', '{\"a\": [1]}', '{}', '{}', '{}' from generate_series(1, 3000)"
        )
    async with Users() as session:
        most = 0
        async for user in await session.stream(select(User).where(User.id > 1)):
            assert user.data["a"] == [1]
            most = max(most, len(session._unit.watched))
        assert 0 < most <= 1100


async def test_unread_values_cost_a_flush_nothing(Users: SessionFactory) -> None:
    async with Users() as session:
        users = await session.all(select(User))
        assert not session._unit.watched
        assert users[0]._state.shared
        assert users[0].name == "a"
        assert not session._unit.watched


@pytest.mark.parametrize("flushed", [False, True])
async def test_a_rollback_forgets_inner_changes(Users: SessionFactory, flushed: bool) -> None:
    async with Users() as session:
        user = await session.get_one(User, 1)
        data = user.data
        deep(user)
        if flushed:
            await session.flush()
        await session.rollback()
        assert session.dirty == ()
        await session.refresh(user)
        assert user.data["a"]["b"] == 0
        assert data is not user.data
        await session.commit()
    assert (await stored(Users)).data["a"]["b"] == 0


@pytest.mark.parametrize("flushed", [False, True])
async def test_a_savepoint_forgets_what_was_changed_inside_it(
    Users: SessionFactory, flushed: bool
) -> None:
    """S22 S25"""
    async with Users() as session:
        user = await session.get_one(User, 1)
        user.tags.append("before")
        savepoint = await session.begin_nested()
        user.data["a"]["b"] = 9
        if flushed:
            await session.flush()
        await savepoint.rollback()
        await session.refresh(user)
        assert user.data["a"]["b"] == 0
        assert user.tags == ["x", "before"]
        await session.commit()
    assert (await stored(Users)).tags == ["x", "before"]


async def test_clear_refuses_to_lose_an_inner_change(Users: SessionFactory) -> None:
    """E4 B10"""
    async with Users() as session:
        user = await session.get_one(User, 1)
        model(user)
        with pytest.raises(UnflushedChangesError):
            session.clear()
        assert user in session
        assert session.clear(discard=True).modified == 1
        assert not session._unit.watched


async def test_an_expunged_object_keeps_its_inner_change(Users: SessionFactory) -> None:
    """E7 B02"""
    async with Users() as session:
        user = await session.get_one(User, 1)
        data = user.data
        session.expunge(user)
        data["a"]["b"] = 1
        user.tags.append("z")
        await session.commit()
        assert inspect(user).modified
        session.add(user)
        assert session.dirty == (user,)
        await session.commit()
    found = await stored(Users)
    assert (found.data["a"]["b"], found.tags) == (1, ["x", "z"])


async def test_an_inner_change_of_a_detached_object_is_written_when_it_comes_back(
    Users: SessionFactory,
) -> None:
    user = await stored(Users)
    deep(user)
    async with Users() as session:
        session.add(user)
        await session.commit()
    assert (await stored(Users)).data["a"]["b"] == 1


async def test_refresh_does_not_overwrite_an_inner_change_unasked(Users: SessionFactory) -> None:
    """A9 D15"""
    async with Users() as session:
        user = await session.get_one(User, 1)
        deep(user)
        with pytest.raises(UnflushedChangesError, match=r"User\.data"):
            await session.refresh(user)
        assert user.data["a"]["b"] == 1
        await session.refresh(user, discard=True)
        assert user.data["a"]["b"] == 0
        assert not session.is_modified(user)


async def test_populate_existing_does_not_overwrite_an_inner_change_unasked(
    Users: SessionFactory,
) -> None:
    """A16"""
    statement = select(User).execution_options(populate_existing=True)
    async with Users() as session:
        user = await session.get_one(User, 1)
        deep(user)
        with session.no_autoflush, pytest.raises(UnflushedChangesError, match=r"User\.data"):
            await session.all(statement)
        await session.all(statement)
        await session.commit()
    assert (await stored(Users)).data["a"]["b"] == 1


async def test_a_lock_keeps_inner_changes_and_what_was_read(
    Users: SessionFactory, engine: Engine
) -> None:
    """A17 D17"""
    async with Users() as session:
        user = await session.get_one(User, 1)
        tags = user.tags
        deep(user)
        async with engine.begin() as connection:
            await connection.command(
                "update wardrobe_user set name = 'n', marks = '{7}', data = '{}'"
            )
        with session.no_autoflush:
            await session.get(User, 1, with_for_update=True)
        assert (user.name, user.marks, user.data["a"]["b"]) == ("n", {7}, 1)
        tags.append("late")  # the value that was read is still the object's
        await session.commit()
    found = await stored(Users)
    assert (found.tags, found.data["a"]["b"], found.marks) == (["x", "late"], 1, {7})


async def test_expire_forgets_an_inner_change(Users: SessionFactory) -> None:
    """A3"""
    async with Users() as session:
        user = await session.get_one(User, 1)
        deep(user)
        session.expire(user, ["data"])
        assert not session.is_modified(user)
        await session.refresh(user)
        assert user.data["a"]["b"] == 0


async def test_merge_does_not_share_values(Users: SessionFactory) -> None:
    """M2"""
    source = await stored(Users)
    source.data["a"]["b"] = 3
    async with Users() as session:
        target = await session.merge(source)
        target.data["a"]["c"] = 4
        assert source.data["a"] == {"b": 3}
        await session.commit()
        new = User(data={"n": {"x": 1}})
        made = await session.merge(new)
        made.data["n"]["x"] = 2
        assert new.data["n"]["x"] == 1
    assert (await stored(Users)).data["a"] == {"b": 3, "c": 4}


async def test_a_copy_has_values_of_its_own(Users: SessionFactory) -> None:
    async with Users() as session:
        user = await session.get_one(User, 1)
        copied = copy.copy(user)
        copied.data["a"]["b"] = 8
        assert user.data["a"]["b"] == 0
        assert inspect(copied).modified
        assert not inspect(user).modified
        revived = pickle.loads(pickle.dumps(copied))
        assert inspect(revived).modified


async def test_values_from_iteration_are_watched(Users: SessionFactory) -> None:
    async with Users() as session:
        dict(await session.get_one(User, 1))["data"]["a"]["b"] = 6
        await session.commit()
    assert (await stored(Users)).data["a"]["b"] == 6


async def test_null_becomes_a_document_and_null_again(Users: SessionFactory) -> None:
    async with Users() as session:
        user = await session.get_one(User, 1)
        assert user.extra is None
        user.extra = {}
        await session.flush()
        user.extra["k"] = [1]
        await session.flush()
        assert (await session.scalar(select(User.extra))) == {"k": [1]}
        user.extra["k"].append(2)
        user.extra = None
        await session.commit()
    assert (await stored(Users)).extra is None


async def test_a_value_that_is_no_json_is_refused_by_the_flush(Users: SessionFactory) -> None:
    async with Users() as session:
        user = await session.get_one(User, 1)
        user.data["a"] = object()
        assert session.is_modified(user)
        with pytest.raises(DataError):
            await session.flush()
        await session.rollback()


async def test_a_flush_that_fails_while_planning_keeps_inner_changes(
    Users: SessionFactory,
) -> None:
    async with Users() as session:
        user = await session.get_one(User, 1)
        deep(user)
        other = User()
        other.id = 1
        session.add(other)
        with pytest.raises(Exception, match="primary key"):
            await session.flush()
        session.expunge(other)
        await session.commit()
    assert (await stored(Users)).data["a"]["b"] == 1


async def test_many_objects_changed_inside_share_one_update(
    Users: SessionFactory, sent: Sent
) -> None:
    async with Users() as session:
        session.add_all([User(data={"n": n}) for n in range(50)])
        await session.flush()
        users = await session.all(select(User).order_by(User.id))
        for user in users:
            user.data["n"] = -1
        sent()
        await session.flush()
        assert sent.verbs() == ["UPDATE"]
        assert not session._unit.dirty


async def test_expire_on_commit_forgets_what_was_read(
    engine: Engine, Users: SessionFactory
) -> None:
    """A13"""
    async with SessionType(engine, expire_on_commit=True) as session:
        user = await session.get_one(User, 1)
        deep(user)
        await session.commit()
        assert not session._unit.watched
        await session.refresh(user)
        user.data["a"]["b"] += 1
        await session.commit()
    assert (await stored(Users)).data["a"]["b"] == 2


async def test_a_rollback_takes_a_change_back_that_nothing_else_has_noticed(
    Users: SessionFactory,
) -> None:
    async with Users() as session:
        user = await session.get_one(User, 1)
        await session.commit()
        user.data["new"] = 1
        await session.rollback()
        await session.refresh(user)
        assert "new" not in user.data
