"""What tests of constructs use: rows, and a comparison with SQL by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from typing import TYPE_CHECKING, Any

import pglast
import pytest

from asyncorm.compiler.compiler import compile_statement

if TYPE_CHECKING:
    from asyncorm.engine.connection import Connection
    from asyncorm.engine.engine import Engine

Same = Callable[..., Coroutine[Any, Any, list[Any]]]


@pytest.fixture(scope="module")
async def rooms(engine: Engine) -> AsyncIterator[None]:
    """The tables of bookings: one room and eight uses of it, a value of most types in each."""
    from asyncorm import Session
    from tests.support.bookings import Bookings, Room, use

    await engine.create_all(Bookings)
    async with Session(engine) as session:
        session.add_all([Room(id=1), *(use(number) for number in range(1, 9))])
        await session.commit()
    yield
    await engine.drop_all(Bookings)


@pytest.fixture
def same(engine: Engine, shop: None) -> Same:
    """`await same(statement, "select ... $1", 5)` runs both, each in a transaction of its own
    that is rolled back, and gives the rows of the statement.

    Its text must parse, its rows must be those of the SQL by hand (in the same order, if that says
    one) and be at least one, or as many as `rows=` says. With `then="select ..."` what this
    returns afterwards must be equal as well.
    """

    async def compare(
        statement: Any,
        by_hand: str,
        *arguments: Any,
        rows: int | None = None,
        then: str | None = None,
    ) -> list[Any]:
        assert len(pglast.parse_sql(str(statement))) == 1
        needs = compile_statement(statement).needs
        async with engine.connect() as connection:
            if needs is not None and connection.server_version < needs.version:
                pytest.skip(f"{needs.name} needs PostgreSQL {needs.version}")
            found, state = await outcome(connection, statement, then)
            expected, expected_state = await by_text(connection, by_hand, arguments, then)
        ordered = "order by" in by_hand.lower().rsplit(")", 1)[-1]
        assert in_order(found, ordered) == in_order(expected, ordered)
        assert state == expected_state
        if rows is not None:
            assert len(found) == rows
        elif then is None:
            assert found, "the comparison of no rows says nothing"
        return found

    return compare


async def outcome(
    connection: Connection, statement: Any, then: str | None
) -> tuple[list[tuple[Any, ...]], Any]:
    """The rows of a statement, and what the database then answers."""
    transaction = await connection.begin()
    try:
        found = (await connection.execute(statement)).all()
        state = None if then is None else [tuple(row) for row in await connection.fetch(then)]
    finally:
        await transaction.rollback()
    return [tuple(row) if isinstance(row, tuple) else (row,) for row in found], state


async def by_text(
    connection: Connection, text: str, arguments: tuple[Any, ...], then: str | None
) -> tuple[list[tuple[Any, ...]], Any]:
    """The same of SQL written by hand."""
    transaction = await connection.begin()
    try:
        found = await connection.fetch(text, arguments)
        state = None if then is None else [tuple(row) for row in await connection.fetch(then)]
    finally:
        await transaction.rollback()
    return [tuple(row) for row in found], state


def in_order(rows: list[tuple[Any, ...]], ordered: bool) -> list[tuple[Any, ...]]:
    return rows if ordered else sorted(rows, key=repr)
