"""Whatever is changed inside a document, in whatever order, is in the database after the commit."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncorm import Session as SessionType
from asyncorm import create_engine, sessionmaker
from tests.support.wardrobe import User

leaves = st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab", max_size=2)
names = st.text("abc", min_size=1, max_size=1)
documents = st.dictionaries(
    names,
    st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
        max_leaves=8,
    ),
    max_size=3,
)
mutations = st.sampled_from(("set", "delete", "append", "assign", "flush", "drop", "savepoint"))
steps = st.lists(st.tuples(mutations, st.integers(0, 5), names, leaves | documents), max_size=8)


def container(document: Any, choice: int) -> Any:
    """One of the containers in a document, whatever the order of its keys."""
    found, pending = [], [document]
    while pending:
        one = pending.pop(0)
        found.append(one)
        pending += [
            part
            for part in ([one[name] for name in sorted(one)] if isinstance(one, dict) else one)
            if isinstance(part, dict | list)
        ]
    return found[choice % len(found)]


def mutate(document: Any, kind: str, choice: int, name: str, value: Any) -> None:
    place = container(document, choice)
    if isinstance(place, list):
        if kind == "delete" and place:
            place.pop()
        elif kind == "set" and place:
            place[0] = value
        elif kind == "append":
            place.append(value)
    elif kind == "delete":
        place.pop(name, None)
    elif kind in ("set", "append"):
        place[name] = value


async def play(
    session: SessionType, key: int, expected: dict[str, Any], script: list[Any], alias: bool
) -> dict[str, Any]:
    """Do the steps to a stored document and to a plain one, which is returned."""
    user = await session.get_one(User, key)
    held = user.data if alias else None
    for kind, choice, name, value in script:
        if kind == "flush":
            await session.flush()
        elif kind == "drop":
            del user
            user = await session.get_one(User, key)
        elif kind == "savepoint":
            savepoint = await session.begin_nested()
            user.data["lost"] = 1
            await savepoint.rollback()
            await session.refresh(user)
            held = user.data if alias else None
        elif kind == "assign":
            expected = {name: copy.deepcopy(value)}
            user.data = {name: copy.deepcopy(value)}
            held = user.data if alias else None
        else:
            mutate(expected, kind, choice, name, copy.deepcopy(value))
            document = user.data if held is None else held
            mutate(document, kind, choice, name, copy.deepcopy(value))
            del document
    return expected


@pytest.fixture
def run(database_url: str) -> Iterator[Callable[..., Any]]:
    """Run a coroutine function with a factory of sessions, in examples that hypothesis draws."""
    with asyncio.Runner() as runner:
        engine = create_engine(database_url)
        runner.run(engine.create_all(User))
        yield lambda function, *arguments: runner.run(function(sessionmaker(engine), *arguments))
        runner.run(engine.drop_all(User))
        runner.run(engine.dispose())


async def check(factory: Any, start: dict[str, Any], script: list[Any], alias: bool) -> None:
    async with factory() as session:
        user = User(data=copy.deepcopy(start))
        session.add(user)
        await session.commit()
        key = user.id
    async with factory() as session:
        expected = await play(session, key, copy.deepcopy(start), script, alias)
        await session.commit()
        assert session.dirty == ()
    async with factory() as session:
        found = (await session.get_one(User, key)).data
        assert repr_of(found) == repr_of(expected)


def repr_of(value: Any) -> Any:
    """Tells 1 from True, which == does not, and knows no order of keys."""
    if isinstance(value, dict):
        return {name: repr_of(part) for name, part in value.items()}
    if isinstance(value, list):
        return [repr_of(part) for part in value]
    return repr(value)


def test_a_stored_document_follows_every_inner_change(run: Callable[..., Any]) -> None:
    @settings(max_examples=60)
    @given(documents, steps, st.booleans())
    def each(start: dict[str, Any], script: list[Any], alias: bool) -> None:
        run(check, start, script, alias)

    each()
