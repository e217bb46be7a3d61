"""Every type keeps its values through COPY's text format."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncorm import Session, select
from asyncorm.engine.connection import Connection
from asyncorm.engine.engine import Engine
from asyncorm.errors import DataError
from asyncorm.types.base import SQLType
from asyncorm.types.copy_text import TextWriter
from asyncorm.types.scalars import BIGINT, TEXT
from tests.conftest import CreateTables
from tests.integration.test_types_round_trip import (
    ALL,
    CANONICAL,
    EXAMPLES,
    shown,
)
from tests.integration.test_types_round_trip import check as check
from tests.support.typed import Shelf, Thing, things


async def copied(connection: Connection, type_: SQLType[Any], values: list[Any]) -> list[Any]:
    """The values after a COPY into a table, as the driver and the type give them back."""
    await connection.command(
        f"create temporary table copied (n bigint, value {type_.ddl}) on commit drop"
    )
    writer = TextWriter(["n", "value"], [BIGINT, type_])
    data = writer.write([range(len(values)), values], 1)

    async def source() -> Any:
        yield data

    assert await connection.copy_text("copied", ["n", "value"], source()) == len(values)
    cast = f"::{type_.select_type}" if type_.select_type else ""
    records = await connection.fetch(f"select value{cast} from copied order by n")
    await connection.command("drop table copied")
    decode = type_.decode or (lambda value: value)
    return [None if record[0] is None else decode(record[0]) for record in records]


@pytest.mark.parametrize("name", ALL)
def test_values_are_kept(check: Callable[..., Any], name: str) -> None:
    type_, strategy = ALL[name]

    @EXAMPLES
    @given(st.lists(strategy, min_size=1, max_size=8))
    def each_way(values: list[Any]) -> None:
        check(assert_kept, type_, values, name.partition("[")[0] in CANONICAL)

    each_way()


async def assert_kept(
    connection: Connection, type_: SQLType[Any], values: list[Any], canonical: bool
) -> None:
    form = shown if canonical else lambda value: value
    wanted = [None, *values, None]
    assert list(map(form, await copied(connection, type_, wanted))) == list(map(form, wanted))


def finite_things() -> list[Thing]:
    """Rows of which the last possible moment is not, which the driver takes for infinity."""
    found = things()
    for thing in found:
        if thing.moment is not None and thing.moment.year == 9999:
            thing.moment = None
    return found


async def test_a_row_of_every_type_is_copied_as_a_flush_writes_it(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Shelf, Thing)
    async with Session(engine) as session:
        session.add(Shelf(id=1))
        session.add_all(finite_things())
        await session.flush()
        session.expunge_all()
        written = [thing.model_dump() for thing in await session.all(select(Thing))]
        await session.rollback()
        await session.copy_in(Shelf, [{"id": 1}])
        await session.copy_in(Thing, finite_things())
        session.expunge_all()
        assert [thing.model_dump() for thing in await session.all(select(Thing))] == written


@pytest.mark.parametrize("text", ["", "\\N", "\\.", "\\", "a\tb", "a\nb", "a\r\nb", "\u2028", " "])
def test_texts_that_mean_something_to_copy_are_escaped(text: str) -> None:
    data = TextWriter(["a", "b"], [TEXT, TEXT]).write([[text], [None]], 1).decode()
    assert data.endswith("\t\\N\n")
    assert data.count("\t") == data.count("\n") == 1
    assert "\r" not in data


def test_a_value_that_does_not_fit_is_named_by_row_and_column() -> None:
    writer = TextWriter(["A.x", "A.y"], [BIGINT, TEXT])
    with pytest.raises(DataError, match=r"row 12, A\.y: a value of type int does not fit text"):
        writer.write([[1, 2, 3], ["a", "b", 77777]], 10)
    with pytest.raises(DataError, match=r"row 11, A\.x") as caught:
        writer.write([[1, "77777", 3], ["a", "b", "c"]], 10)
    assert "77777" not in str(caught.value)
