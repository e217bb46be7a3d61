"""Every type keeps its values on every way into the database and out of it.

A few examples are part of the suite; ASYNCORM_RANDOM_STEPS says how many a long run draws.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from itertools import cycle, islice
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from pydantic import create_model

import asyncorm
from asyncorm import (
    CustomType,
    Money,
    Session,
    SQLType,
    func,
    ident,
    insert,
    joinedload,
    nestedload,
    select,
    selectinload,
    sql,
    update,
)
from asyncorm.engine.engine import Engine, create_engine
from asyncorm.flush import statements
from asyncorm.types.range_types import MULTIRANGES, RANGES
from tests.support.every_type import CASES, HOLDERS, SINGLE, shown
from tests.support.machines import SEED, STEPS

Check = Callable[..., Any]


class World(NamedTuple):
    engine: Engine
    run: Callable[..., Any]
    has: frozenset[str]


@pytest.fixture(scope="module")
def world(database_url: str) -> Iterator[World]:
    """The tables of all types, and a loop of our own, which hypothesis needs."""
    with asyncio.Runner() as runner:
        engine = create_engine(database_url)
        has = runner.run(extensions(engine))
        kinds = [HOLDERS[name] for name, case in CASES.items() if case.extension in (None, *has)]
        runner.run(engine.create_all(*kinds))
        yield World(engine, runner.run, has)
        runner.run(engine.drop_all(*kinds))
        runner.run(engine.dispose())


async def extensions(engine: Engine) -> frozenset[str]:
    async with engine.connect() as connection:
        found = await connection.fetch("select name from pg_available_extensions")
    return frozenset(record[0] for record in found)


@pytest.fixture(params=CASES)
def name(request: pytest.FixtureRequest, world: World) -> str:
    name: str = request.param
    needed = CASES[name].extension
    if needed is not None and needed not in world.has:
        pytest.skip(f"the server has not the extension {needed}")
    return name


@asynccontextmanager
async def session_of(engine: Engine) -> AsyncIterator[Session]:
    """A session whose work is rolled back."""
    async with engine.connect() as connection:
        transaction = await connection.begin()
        async with Session(connection) as session:
            yield session
        await transaction.rollback()


def each_example(world: World, name: str, way: Callable[..., Any]) -> None:
    @settings(
        max_examples=STEPS or 2,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
    )
    @given(st.lists(CASES[name].values, min_size=2, max_size=4))
    def drawn(values: list[Any]) -> None:
        async def run() -> None:
            async with session_of(world.engine) as session:
                await way(session, name, values)

        world.run(run())

    test: Any = seed(int(SEED))(drawn) if SEED else drawn
    test()


def objects(kind: Any, values: list[Any]) -> list[Any]:
    return [kind(id=number, value=value) for number, value in enumerate(values, 1)]


async def assert_stored(session: Session, kind: Any, values: list[Any]) -> list[Any]:
    await session.flush()
    session.expunge_all()
    found = await session.all(select(kind).order_by(kind.id))
    assert shown([one.value for one in found]) == shown(values)
    assert not session.dirty
    return found


async def written(session: Session, name: str, values: list[Any]) -> None:
    kind = HOLDERS[name]
    # one by one, several at once, changed one by one and several at once
    for one in objects(kind, values):
        session.add(one)
        await session.flush()
    await assert_stored(session, kind, values)
    await session.execute(sql("truncate {}", ident(kind.__table__.name)))
    session.expunge_all()
    wanted = [None, *values, None]
    session.add_all(objects(kind, wanted))
    found = await assert_stored(session, kind, wanted)
    for one, value in zip(found, reversed(wanted), strict=True):
        one.value = value
    await assert_stored(session, kind, wanted[::-1])
    one = await session.get_one(kind, 1)
    one.value = values[0]
    await assert_stored(session, kind, [values[0], *wanted[::-1][1:]])
    await session.execute(update(kind), [{"id": n, "value": v} for n, v in enumerate(wanted, 1)])
    await assert_stored(session, kind, wanted)


async def by_statements(session: Session, name: str, values: list[Any]) -> None:
    kind = HOLDERS[name]
    rows = [{"id": number, "value": value} for number, value in enumerate([*values, None], 1)]
    returned = await session.execute(insert(kind).values(rows).returning(kind.value))
    assert shown(returned.all()) == shown([*values, None])
    for value in (values[0], None):
        changed = update(kind).where(kind.id == 1).values(value=value).returning(kind.value)
        assert shown((await session.execute(changed)).all()) == [shown(value)]
    await session.execute(sql("truncate {}", ident(kind.__table__.name)))
    await session.execute(insert(kind), rows)
    await assert_stored(session, kind, [*values, None])
    pairs = await session.all(select(kind.id, kind.value).order_by(kind.id))
    assert shown([value for _, value in pairs]) == shown([*values, None])
    shape = create_model("Shape", id=(int, ...), value=(Any, ...))
    shapes: list[Any] = await session.all(select(kind.id, kind.value).order_by(kind.id).into(shape))
    assert shown([one.value for one in shapes]) == shown([*values, None])
    one = await session.get_one(kind, 1)
    await session.refresh(one)
    assert shown(one.value) == shown(values[0])


async def by_raw_sql(session: Session, name: str, values: list[Any]) -> None:
    kind = HOLDERS[name]
    session.add_all(objects(kind, values))
    await session.flush()
    session.expunge_all()
    table = ident(kind.__table__.name)
    text = sql("select {} from {} order by id", kind, table).into(kind)
    assert shown([one.value for one in await session.all(text)]) == shown(values)


async def copied(session: Session, name: str, values: list[Any]) -> None:
    kind = HOLDERS[name]
    wanted = [*values, None]
    await session.copy_in(kind, objects(kind, wanted))
    await assert_stored(session, kind, wanted)
    taken: list[bytes] = []
    ordered = select(kind.id, kind.value).order_by(kind.id)
    await session.copy_out(ordered, format="text").to(taken.append)
    await session.execute(sql("truncate {}", ident(kind.__table__.name)))
    again = [{"id": n, "value": v} for n, v in enumerate(wanted, 1)]
    await session.copy_in(kind, again)
    others: list[bytes] = []
    await session.copy_out(ordered, format="text").to(others.append)
    assert others == taken


async def found_again(session: Session, name: str, values: list[Any]) -> None:
    kind, case = HOLDERS[name], CASES[name]
    session.add_all(objects(kind, [*values, None]))
    await session.flush()
    number = len(values) + 1
    assert await session.all(select(kind.id).where(kind.value == None)) == [number]
    if case.ordered:
        await session.all(select(kind.value).order_by(kind.value.desc()).distinct())
        await session.all(select(kind.value, func.count()).group_by(kind.value))
    if name in INCOMPARABLE:
        return
    for place, value in enumerate(values, 1):
        for condition in (kind.value == value, kind.value.in_([value, values[0]])):
            assert place in await session.all(select(kind.id).where(condition))
        assert place not in await session.all(select(kind.id).where(kind.value != value))
    assert not await session.all(select(kind.id).where(kind.value.in_([])))
    assert await session.all(select(kind.id).where(kind.value.in_(values)).order_by(kind.id)) == [
        *range(1, number)
    ]


#: types without = on the server
INCOMPARABLE = {
    f"{name}{form}" for name in ("RawDocuments", "JSONPaths") for form in ("", "Array", "Matrix")
}


async def loaded_along(session: Session, name: str, values: list[Any]) -> None:
    kind = HOLDERS[name]
    whole = kind(id=0, value=values[0])
    session.add(whole)
    whole.parts = objects(kind, [*values, None])
    await session.flush()
    for option in (selectinload, joinedload, nestedload):
        session.expunge_all()
        query = select(kind).where(kind.id == 0).options(option(kind.parts))
        found = await session.one(query)
        assert shown([part.value for part in found.parts]) == shown([*values, None]), option
        session.expunge_all()
        query = select(kind).where(kind.id == 1).options(option(kind.parent))
        assert shown((await session.one(query)).parent.value) == shown(values[0]), option


WAYS = [written, by_statements, by_raw_sql, copied, found_again, loaded_along]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_values_are_kept(world: World, name: str, way: Callable[..., Any]) -> None:
    each_example(world, name, way)


@pytest.mark.parametrize("single", [name for name in SINGLE if SINGLE[name].type.copyable])
def test_values_are_kept_by_binary_copy(
    world: World, single: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statements, "COPY_MINIMUM", 5)

    async def copied_by_a_flush(session: Session, name: str, values: list[Any]) -> None:
        wanted = list(islice(cycle([*values, None]), 20))
        session.add_all(objects(HOLDERS[name], wanted))
        await assert_stored(session, HOLDERS[name], wanted)

    each_example(world, single, copied_by_a_flush)


def test_every_type_of_the_library_is_tried() -> None:
    tried = {type(part) for case in CASES.values() for part in (case.type, *case.type.parts)}
    ranges = {*RANGES.values(), *MULTIRANGES.values()}
    untried = {
        kind
        for kind in vars(asyncorm).values()
        if isinstance(kind, type)
        and issubclass(kind, SQLType)
        and kind not in (SQLType, CustomType, Money)
        and not any(issubclass(one, kind) for one in tried)
    }
    # of which others of the same kind are tried
    assert untried <= {type(one) for one in ranges}
