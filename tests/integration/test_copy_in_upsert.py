"""copy_in(on_conflict=...): rows that are there already are updated, or left as they are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from asyncorm import ArgumentError, InvalidRequestError, ProgrammingError, Session, insert
from asyncorm.engine.engine import Engine
from tests.conftest import CreateTables
from tests.support.copied import Counted, Item, Shelf
from tests.support.rows import rows

COUNTED = "select code, amount, note, version from copied_counted order by code"


@pytest.fixture
async def session(engine: Engine, tables: CreateTables) -> AsyncIterator[Session]:
    await tables(Counted, Item, Shelf)
    async with Session(engine) as session:
        session.add_all([Counted(code="a", amount=1), Counted(code="b", amount=2)])
        await session.commit()
        yield session


def counted(**amounts: int) -> list[dict[str, Any]]:
    return [{"code": code, "amount": amount} for code, amount in amounts.items()]


async def test_rows_are_updated_or_inserted(session: Session, engine: Engine) -> None:
    note = {"x": [1, None, '"\\']}
    given = [{**row, "note": note} for row in counted(b=20, c=30, d=40)]
    result = await session.copy_in(Counted, given, on_conflict="update")
    assert (result.rows, result.inserted, result.updated) == (3, 2, 1)
    await session.commit()
    assert await rows(engine, COUNTED) == [
        ("a", 1, None, 1),
        ("b", 20, note, 2),
        ("c", 30, note, 1),
        ("d", 40, note, 1),
    ]


async def test_rows_that_are_there_may_stay_as_they_are(session: Session, engine: Engine) -> None:
    result = await session.copy_in(Counted, counted(b=20, c=30), on_conflict="nothing")
    assert result == (2, 1, 0)
    await session.commit()
    assert [row[:2] for row in await rows(engine, COUNTED)] == [("a", 1), ("b", 2), ("c", 30)]


async def test_only_what_is_named_is_updated_and_only_where_that_holds(
    session: Session, engine: Engine
) -> None:
    await session.copy_in(Item, [{"code": "x", "label": "old"}, {"code": "y", "label": "old"}])
    given = [{"code": code, "label": "new", "tags": []} for code in "xyz"]
    result = await session.copy_in(
        Item,
        given,
        on_conflict="update",
        index_elements=["code"],
        set_=[Item.label],
        where=Item.code != "y",
    )
    assert result == (3, 1, 1)
    await session.commit()
    found = await rows(engine, 'select code, "the label", tags from "copied item" order by code')
    assert found == [("x", "new", ["new"]), ("y", "old", ["new"]), ("z", "new", [])]


async def test_values_may_be_computed(session: Session, engine: Engine) -> None:
    more = insert(Counted).excluded
    for _ in range(2):
        await session.copy_in(
            Counted,
            counted(a=10),
            on_conflict="update",
            set_={Counted.amount: Counted.amount + more["amount"] + 100},
        )
    await session.commit()
    assert (await rows(engine, COUNTED))[0] == ("a", 221, None, 3)


async def test_loaded_objects_follow(session: Session) -> None:
    first, second = await session.get_one(Counted, "a"), await session.get_one(Counted, "b")
    second.amount = 5
    await session.copy_in(Counted, counted(a=10, b=20), on_conflict="update")
    await session.refresh(first)
    await session.refresh(second)
    assert (first.amount, first.version) == (10, 2)
    assert (second.amount, second.version) == (20, 3)
    first.amount = 11
    await session.commit()
    assert first.version == 3


async def test_a_rollback_restores_what_objects_hold(session: Session) -> None:
    first = await session.get_one(Counted, "a")
    await session.copy_in(Counted, counted(a=10), on_conflict="update")
    await session.rollback()
    await session.refresh(first)
    assert (first.amount, first.version) == (1, 1)


async def test_two_copies_in_one_transaction(session: Session, engine: Engine) -> None:
    for amount in (10, 20, 30):
        await session.copy_in(Counted, counted(a=amount, e=amount), on_conflict="update")
    await session.copy_in(Counted, [{"code": "f", "amount": 1, "note": {}}], on_conflict="nothing")
    await session.commit()
    found = [row[:2] for row in await rows(engine, COUNTED)]
    assert found == [("a", 30), ("b", 2), ("e", 30), ("f", 1)]


async def test_two_rows_of_one_key_are_refused(session: Session) -> None:
    given = [*counted(a=10), *counted(a=20)]
    with pytest.raises(ProgrammingError, match="leave one out"):
        await session.copy_in(Counted, given, on_conflict="update")
    await session.rollback()
    assert await session.copy_in(Counted, given[:1], on_conflict="update") == (1, 0, 1)


async def test_a_connection_has_upserts_too(session: Session, engine: Engine) -> None:
    async with engine.connect() as connection:
        result = await connection.copy_in(Counted, counted(a=9, z=9), on_conflict="update")
        assert result == (2, 1, 1)
    assert (await rows(engine, COUNTED))[0][:2] == ("a", 9)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"on_conflict": "replace"}, ArgumentError, "can't be 'replace'"),
        ({"set_": ["amount"]}, ArgumentError, "on_conflict does not"),
        ({"on_conflict": "nothing", "set_": ["amount"]}, ArgumentError, '"nothing"'),
        ({"on_conflict": "update", "set_": ["note"]}, InvalidRequestError, "do not give"),
    ],
)
async def test_options_that_make_no_sense_are_refused(
    session: Session, options: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        await session.copy_in(Counted, [("a", 1)], columns=["code", "amount"], **options)
