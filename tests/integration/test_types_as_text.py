"""Types that travel as text come back on every way: flush, statements, loading, raw SQL."""

from __future__ import annotations

from decimal import Decimal
from itertools import cycle, islice
from typing import Any

import pytest

from asyncorm import (
    Array,
    Session,
    ident,
    insert,
    select,
    sql,
    update,
)
from asyncorm.engine.engine import Engine
from asyncorm.flush.statements import COPY_MINIMUM
from tests.conftest import CreateTables
from tests.support.many_types import (
    EXTENSIONS,
    INCOMPARABLE,
    KINDS,
    VALUES,
    BagType,
    Cash,
    Extended,
    Wide,
)
from tests.support.rows import rows

pytestmark = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)


@pytest.fixture(autouse=True)
async def created(engine: Engine, tables: CreateTables, kind: type[Any]) -> None:
    await needs(engine, *EXTENSIONS[kind])
    await tables(kind)


async def needs(engine: Engine, *names: str) -> None:
    found = await rows(engine, "select name from pg_available_extensions")
    missing = set(names) - {name for (name,) in found}
    if missing:
        pytest.skip(f"the server has not the extension {sorted(missing)[0]}")


def objects(kind: type[Any], count: int, start: int = 0) -> list[Any]:
    """Rows in which the values of all columns, and NULL, follow each other."""
    columns = {
        name: list(islice(cycle([*values, None]), start, start + count))
        for name, values in VALUES[kind].items()
    }
    return [
        kind(id=number, **{name: values[number] for name, values in columns.items()})
        for number in range(count)
    ]


def values_of(instance: Any) -> dict[str, Any]:
    return {name: instance.__dict__[name] for name in VALUES[type(instance)]}


async def assert_stored(engine: Engine, instances: list[Any]) -> None:
    kind = type(instances[0])
    async with Session(engine) as session:
        found = {row.id: row for row in await session.all(select(kind))}
    assert len(found) == len(instances)
    for instance in instances:
        for name, value in values_of(instance).items():
            stored = found[instance.id].__dict__[name]
            assert stored == value, name
            assert isinstance(stored, type(value)), name


@pytest.mark.parametrize("count", [1, 12, 2 * COPY_MINIMUM])
async def test_rows_are_inserted_and_loaded(engine: Engine, kind: type[Any], count: int) -> None:
    for start in range(11) if count == 1 else (0,):
        instances = objects(kind, count, start)
        async with Session(engine) as session:
            session.add_all(instances)
            await session.commit()
        await assert_stored(engine, instances)
        async with engine.begin() as connection:
            await connection.command(f"truncate {kind.__table__.name}")


async def test_rows_are_copied_in(engine: Engine, kind: type[Any]) -> None:
    instances = objects(kind, 12)
    async with Session(engine) as session:
        await session.copy_in(kind, instances)
        await session.commit()
    await assert_stored(engine, instances)


@pytest.mark.parametrize("count", [1, 12])
async def test_rows_are_updated(engine: Engine, kind: type[Any], count: int) -> None:
    instances, others = objects(kind, count), objects(kind, count, 1)
    async with Session(engine) as session:
        session.add_all(instances)
        await session.commit()
        for instance, other in zip(instances, others, strict=True):
            for name, value in values_of(other).items():
                setattr(instance, name, value)
        await session.commit()
    await assert_stored(engine, others)


async def test_statements_write_and_return_them(engine: Engine, kind: type[Any]) -> None:
    instances = objects(kind, 12)
    given = [{"id": instance.id, **values_of(instance)} for instance in instances]
    columns = [getattr(kind, name) for name in VALUES[kind]]
    async with engine.begin() as connection:
        found = await connection.execute(insert(kind).values(given).returning(*columns))
        assert found.all() == [tuple(values_of(instance).values()) for instance in instances]
        changed = update(kind).where(kind.id == 0).values(**values_of(instances[1]))
        found = await connection.execute(changed.returning(*columns))
        assert found.all() == [tuple(values_of(instances[1]).values())]


async def test_values_are_found_again(engine: Engine, kind: type[Any]) -> None:
    instances = objects(kind, 12)
    async with Session(engine) as session:
        session.add_all(instances)
        await session.commit()
        for name, values in VALUES[kind].items():
            if name in INCOMPARABLE:
                continue
            attribute = getattr(kind, name)
            for value in values:
                expected = {i.id for i in instances if i.__dict__[name] == value}
                assert expected
                found = await session.all(select(kind.id).where(attribute == value))
                assert set(found) == expected, name
            if isinstance(attribute._type, (Array, BagType)):
                continue
            expected = {i.id for i in instances if i.__dict__[name] is not None}
            found = await session.all(select(kind.id).where(attribute.in_(values)))
            assert set(found) == expected, name
            assert not await session.all(select(kind.id).where(attribute.in_([])))
        missing = [i.id for i in instances if i.__dict__[name] is None]
        assert await session.all(select(kind.id).where(getattr(kind, name) == None)) == missing


async def test_raw_sql_gives_entities(engine: Engine, kind: type[Any]) -> None:
    instances = objects(kind, 12)
    async with Session(engine) as session:
        session.add_all(instances)
        await session.commit()
        session.expunge_all()
        text = sql("select {} from {} order by id", kind, ident(kind.__table__.name)).into(kind)
        found = await session.all(text)
    assert [values_of(one) for one in found] == [values_of(one) for one in instances]


async def test_reading_changes_nothing_and_changes_inside_are_found(
    engine: Engine, kind: type[Any]
) -> None:
    async with Session(engine) as session:
        session.add_all(objects(kind, 12))
        await session.commit()
    async with Session(engine) as session:
        found = await session.all(select(kind).order_by(kind.id))
        for one in found:
            for name in VALUES[kind]:
                getattr(one, name)
        assert not session.dirty
        assert str(await session.plan()) == "nothing to do" or not (await session.plan()).batches
        if kind is Wide:
            found[1].line.marks.append("new")
            found[1].bag.items.append("new")
            found[2].cashes is None or found[1].cashes.append(Cash(Decimal("3.00")))
        elif kind is Extended:
            found[1].pairs["new"] = "1"
        else:
            found[1].place[0] = 9.0
        await session.commit()
    async with Session(engine) as session:
        one = await session.get_one(kind, 1)
        if kind is Wide:
            assert one.line.marks[-1] == "new"
            assert one.bag.items[-1] == "new"
        elif kind is Extended:
            assert one.pairs == {"a": "1", "b": None, "new": "1"}
        else:
            assert one.place[0] == 9.0
