"""copy_out(): rows as bytes, pulled in pieces or written somewhere, in bounded memory."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from asyncorm import (
    ArgumentError,
    ConnectionLost,
    InvalidRequestError,
    ProgrammingError,
    Session,
    aliased,
    func,
    insert,
    select,
    sql,
)
from asyncorm.engine.engine import Engine, create_engine
from tests.conftest import CreateTables
from tests.support.backends import eventually
from tests.support.cancel import cancel_at
from tests.support.copied import Counted
from tests.support.wire import WireProxy

GIVEN = [{"code": f"c,{n:05}", "amount": n, "note": {"n": [n, '"']}} for n in range(20_000)]


@pytest.fixture
async def session(engine: Engine, tables: CreateTables) -> AsyncIterator[Session]:
    await tables(Counted)
    async with Session(engine) as session:
        await session.copy_in(Counted, GIVEN)
        await session.commit()
        yield session


async def test_pieces_are_the_rows_as_csv(session: Session) -> None:
    statement = select(Counted.code, Counted.amount, Counted.note).order_by(Counted.code)
    async with session.copy_out(statement, header=True) as pieces:
        parts = [piece async for piece in pieces]
    assert pieces.rowcount == 20_000
    assert len(parts) > 1
    assert {type(part) for part in parts} == {bytes}
    lines = list(csv.reader(io.StringIO(b"".join(parts).decode())))
    assert lines[0] == ["code", "amount", "note"]
    assert lines[1] == ["c,00000", "0", '{"n": [0, "\\""]}']
    assert len(lines) == 20_001


async def test_a_class_stands_for_all_its_rows(session: Session) -> None:
    taken: list[bytes] = []
    assert await session.copy_out(Counted, format="text").to(taken.append) == 20_000
    first = b"".join(taken).split(b"\n")[0].split(b"\t")
    assert first == [b"c,00000", b"0", b'{"n": [0, "\\\\""]}', b"1"]


async def test_values_are_bound(session: Session) -> None:
    for limit in (3, 5):
        out = io.BytesIO()
        found = select(Counted.amount).where(Counted.code != "it's", Counted.amount < limit)
        assert await session.copy_out(found.order_by(Counted.amount)).to(out) == limit
        assert out.getvalue().split() == [str(n).encode() for n in range(limit)]
    raw = sql("select amount from copied_counted where amount in ({}, {}) order by 1", 7, 9)
    out = io.BytesIO()
    await session.copy_out(raw).to(out)
    assert out.getvalue() == b"7\n9\n"


async def test_a_path_and_a_coroutine_function_are_written_to(
    session: Session, tmp_path: Path
) -> None:
    path = tmp_path / "counted.csv"
    assert await session.copy_out(Counted).to(path) == 20_000
    assert len(path.read_bytes().splitlines()) == 20_000
    taken: list[bytes] = []

    async def take(data: bytes) -> None:
        await asyncio.sleep(0)
        taken.append(data)

    await session.copy_out(Counted).to(take)
    assert b"".join(taken) == path.read_bytes()


async def test_a_copy_goes_back_in(session: Session) -> None:
    async with session.copy_out(select(Counted.code, Counted.amount)) as pieces:
        text = b"".join([piece async for piece in pieces]).decode()
    await session.execute(sql("delete from copied_counted"))
    lines = ((code, int(amount)) for code, amount in csv.reader(io.StringIO(text)))
    result = await session.copy_in(Counted, lines, columns=["code", "amount"])
    assert result.rows == 20_000
    assert await session.scalar(select(func.sum(Counted.amount))) == sum(range(20_000))


async def test_a_block_that_is_left_early_leaves_the_transaction_usable(
    session: Session, database_url: str
) -> None:
    await session.execute(insert(Counted).values(code="mine", amount=1))
    for limit in (None, 10**6):
        statement = select(Counted)
        if limit is not None:
            statement = statement.where(Counted.amount < limit)
        async with session.copy_out(statement) as pieces:
            async for piece in pieces:
                assert piece
                break
        assert await session.scalar(select(func.count()).select_from(Counted)) == 20_001
    with pytest.raises(ZeroDivisionError):
        async with session.copy_out(Counted):
            1 / 0  # noqa: B018
    await session.commit()
    assert await session.get(Counted, "mine")


async def test_who_pulls_slowly_makes_the_server_wait(session: Session) -> None:
    many = sql("select repeat('x', 1000) from generate_series(1, 100000)")
    async with session.copy_out(many) as pieces:
        await anext(pieces)
        await asyncio.sleep(0.3)
        assert pieces._pieces.qsize() <= 4
        size = 1001 * 100000
        assert sum([len(piece) async for piece in pieces]) > size - 2**21


async def test_an_error_of_the_writer_comes_out(session: Session) -> None:
    def full(data: bytes) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        await session.copy_out(Counted).to(full)
    assert await session.get(Counted, "c,00001")
    await session.commit()


async def test_an_error_of_the_writer_ends_a_copy_that_has_much_left(session: Session) -> None:
    without_end = sql("select repeat('x', 1000), generate_series(1, 1000000000)")
    count = 0

    def full(data: bytes) -> None:
        nonlocal count
        count += 1
        if count == 5:
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        await session.copy_out(without_end).to(full)
    assert count == 5
    assert await session.get(Counted, "c,00001")


async def test_a_block_may_be_left_while_the_server_is_still_thinking(session: Session) -> None:
    async with session.copy_out(sql("select pg_sleep(50)")):
        await asyncio.sleep(0.05)
    assert await session.get(Counted, "c,00001")


async def test_a_connection_that_breaks_is_told(session: Session, database_url: str) -> None:
    async with WireProxy(database_url) as proxy, create_engine(proxy.url) as engine:
        async with Session(engine) as other:
            with pytest.raises(ConnectionLost):
                async with other.copy_out(Counted) as pieces:
                    await anext(pieces)
                    proxy.cut()
                    async for _ in pieces:
                        await asyncio.sleep(0.01)
        async with Session(engine) as other:
            assert await other.get(Counted, "c,00001")


async def test_an_error_of_the_server_is_translated(session: Session) -> None:
    with pytest.raises(ProgrammingError):
        async with session.copy_out(sql("select * from nowhere")) as pieces:
            async for _ in pieces:
                pass
    await session.rollback()
    assert await session.get(Counted, "c,00001")


async def test_the_session_does_nothing_else_meanwhile(session: Session) -> None:
    async with session.copy_out(Counted):
        with pytest.raises(InvalidRequestError, match=r"inside session\.copy_out\(\)"):
            await session.get(Counted, "a")
    assert await session.get(Counted, "c,00001")


async def test_a_loop_needs_no_block(session: Session) -> None:
    statement = select(Counted.code).where(Counted.amount < 3).order_by(Counted.code)
    pieces = [piece async for piece in session.copy_out(statement, format="text")]
    assert b"".join(pieces) == b"c,00000\nc,00001\nc,00002\n"
    assert await session.get(Counted, "c,00001")


async def test_a_loop_that_is_left_without_a_block_ends_the_copy_soon(session: Session) -> None:
    await session.execute(insert(Counted).values(code="mine", amount=1))
    async for piece in session.copy_out(Counted):
        assert piece
        break
    async with asyncio.timeout(30):
        while True:
            try:
                assert await session.get(Counted, "mine")
                break
            except InvalidRequestError:  # it is inside of the copy_out() still
                await asyncio.sleep(0.01)
    await session.commit()


async def test_an_error_in_a_loop_without_a_block_comes_out(engine: Engine) -> None:
    with pytest.raises(ZeroDivisionError):
        async with Session(engine) as other:
            async for _ in other.copy_out(sql("select generate_series(1, 1000000)")):
                1 / 0  # noqa: B018
    await eventually(lambda: engine.pool.in_use == 0)
    async with Session(engine) as other:
        assert await other.scalar(sql("select 1")) == 1


async def test_columns_of_one_name_are_copied_with_bound_values_too(session: Session) -> None:
    other = aliased(Counted)
    joined = select(Counted.amount, other.amount, other.amount + 1, other.amount + 2).join(
        other, other.code == Counted.code
    )
    out = io.BytesIO()
    await session.copy_out(joined.where(Counted.amount == 7), header=True).to(out)
    assert out.getvalue().split() == [b"amount,amount,column_3,column_4", b"7,7,8,9"]


async def test_it_is_refused_outside_of_a_block_and_for_what_is_no_query(
    session: Session,
) -> None:
    with pytest.raises(InvalidRequestError, match="one by one inside of a block"):
        await anext(session.copy_out(Counted))
    with pytest.raises(ArgumentError, match="is no query"):
        await session.copy_out(insert(Counted).values(code="x", amount=1)).to(print)
    with pytest.raises(ArgumentError, match="format can't be 'binary'"):
        await session.copy_out(Counted, format="binary").to(print)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="header is a bool"):
        await session.copy_out(Counted, header="yes").to(print)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="takes no bytes"):
        await session.copy_out(Counted).to(5)  # type: ignore[arg-type]


async def test_a_connection_copies_out_too(session: Session, engine: Engine) -> None:
    async with engine.connect() as connection:
        out = io.BytesIO()
        statement = select(Counted.code).where(Counted.amount == 3)
        assert await connection.copy_out(statement, header=True).to(out) == 1
        assert out.getvalue() == b'code\n"c,00003"\n'
        async with connection.copy_out(Counted) as pieces:
            await anext(pieces)
        assert not connection.in_transaction


@pytest.mark.parametrize("mode", ["before", "after"])
async def test_cancelled_anywhere_it_leaves_a_clean_pool(
    session: Session, database_url: str, mode: Any
) -> None:
    async with create_engine(database_url, pool_size=1) as own:

        async def copy() -> None:
            async with Session(own) as other:
                async with other.copy_out(select(Counted).where(Counted.amount < 4000)) as pieces:
                    async for _ in pieces:
                        await asyncio.sleep(0)

        place, outcome = 0, ""
        while outcome != "not reached":
            place += 1
            outcome = await cancel_at(copy, place, mode)
            assert own.pool.in_use == 0
            async with own.connect() as connection:
                assert not connection.in_transaction
                assert (await connection.fetch("select 1"))[0][0] == 1
        assert place > 4
