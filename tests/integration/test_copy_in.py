"""copy_in(): rows of every form reach their table by COPY."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from pydantic import BaseModel, ValidationError

from asyncorm import (
    ArgumentError,
    DataError,
    InvalidRequestError,
    Session,
    UnknownAttributeError,
    select,
)
from asyncorm.engine.copy import source as copy_source
from asyncorm.engine.engine import Engine
from tests.conftest import CreateTables
from tests.support.copied import Counted, Item, Machine, Press, Robot, Shelf
from tests.support.rows import rows
from tests.support.sent import Sent

ITEMS = 'select code, "the label", price, tags, shelf_id from "copied item" order by id'


class ItemIn(BaseModel):
    code: str
    label: str | None = None
    price: Decimal = Decimal(2)


@dataclasses.dataclass(slots=True)
class ItemData:
    code: str
    label: str | None = None


class ItemTuple(NamedTuple):
    code: str
    label: str | None


@pytest.fixture
async def session(engine: Engine, tables: CreateTables) -> AsyncIterator[Session]:
    await tables(Item, Shelf)
    async with Session(engine) as session:
        yield session


def plain(code: str, label: str | None = None, price: str = "1.50") -> tuple[Any, ...]:
    return (code, label, Decimal(price), ["new"], None)


async def test_dicts_are_copied_with_the_defaults_of_the_model(
    session: Session, engine: Engine
) -> None:
    given = [{"code": f"c{n}", "label": None if n % 2 else ""} for n in range(2500)]
    assert await session.copy_in(Item, given) == (2500, 2500, 0)
    await session.commit()
    found = await rows(engine, ITEMS)
    assert found == [plain(f"c{n}", None if n % 2 else "") for n in range(2500)]
    assert await rows(engine, "select distinct added_by <> '' from \"copied item\"") == [(True,)]


async def test_tuples_are_copied_into_the_columns_named(session: Session, engine: Engine) -> None:
    given = [("a", Decimal("1E+3")), ["b", Decimal("0.10")]]
    await session.copy_in(Item, given, columns=[Item.code, "price"])
    await session.commit()
    assert await rows(engine, ITEMS) == [plain("a", None, "1000"), plain("b", None, "0.10")]


@pytest.mark.parametrize("kind", [Item, ItemIn, ItemData, ItemTuple])
async def test_objects_with_the_fields_are_copied(
    session: Session, engine: Engine, kind: Any
) -> None:
    await session.copy_in(Item, [kind(code=str(n), label="x\ty") for n in range(3)])
    await session.commit()
    price = "2" if kind is ItemIn else "1.50"
    assert await rows(engine, ITEMS) == [plain(str(n), "x\ty", price) for n in range(3)]


async def test_instances_stay_out_of_the_session(session: Session) -> None:
    items = [Item(code="a"), Item(code="b")]
    await session.copy_in(Item, items)
    assert not session.new
    assert all(item not in session for item in items)
    found = await session.all(select(Item).order_by(Item.code))
    assert [item.code for item in found] == ["a", "b"]
    assert found[0] is not items[0]


async def test_a_generator_and_an_async_generator_are_read_in_bounded_pieces(
    session: Session, engine: Engine, monkeypatch: pytest.MonkeyPatch, sent: Sent
) -> None:
    monkeypatch.setattr(copy_source, "ROWS_OF_A_COMMAND", 40)

    def sync() -> Iterator[dict[str, str]]:
        yield from ({"code": f"s{n}"} for n in range(95))

    async def waiting() -> AsyncIterator[tuple[str]]:
        for n in range(25):
            yield (f"a{n}",)

    sent()
    assert (await session.copy_in(Item, sync(), batch_size=10)).rows == 95
    assert sent.verbs() == ["BEGIN", "SELECT", "COPY", "COPY", "COPY"]
    assert (await session.copy_in(Item, waiting(), columns=["code"], batch_size=10)).rows == 25
    await session.commit()
    found = [row[0] for row in await rows(engine, ITEMS)]
    assert found == [*(f"s{n}" for n in range(95)), *(f"a{n}" for n in range(25))]


async def test_progress_is_told_after_every_batch(session: Session) -> None:
    heard: list[int] = []

    async def progress(count: int) -> None:
        heard.append(count)

    given = [{"code": str(n)} for n in range(25)]
    await session.copy_in(Item, given, batch_size=10, progress=progress)
    assert heard == [10, 20, 25]
    given = [{"code": f"x{n}"} for n in range(3)]
    await session.copy_in(Item, given, batch_size=2, progress=heard.append)
    assert heard == [10, 20, 25, 2, 3]


async def test_no_rows_send_nothing(session: Session, sent: Sent) -> None:
    async with session.begin():
        await session.connection()
        sent()
        assert await session.copy_in(Item, []) == (0, 0, 0)
        assert sent() == []


async def test_what_is_pending_is_flushed_before(session: Session, engine: Engine) -> None:
    shelf = Shelf(id=7, name="first")
    session.add(shelf)
    await session.copy_in(Item, [{"code": "a", "shelf_id": 7}])
    await session.commit()
    assert await rows(engine, ITEMS) == [("a", None, Decimal("1.50"), ["new"], 7)]


async def test_rows_may_differ_where_defaults_fill_in(session: Session, engine: Engine) -> None:
    given = [{"code": "a"}, {"code": "b", "price": Decimal(3)}, {"code": "c", "tags": []}]
    await session.copy_in(Item, given)
    await session.commit()
    last = ("c", None, Decimal("1.50"), [], None)
    assert await rows(engine, ITEMS) == [plain("a"), plain("b", None, "3"), last]


async def test_validation_makes_objects_of_rows(session: Session, engine: Engine) -> None:
    await session.copy_in(Item, [{"code": "a", "price": "7.25"}], validate=True)
    await session.copy_in(Item, [("b", 3)], columns=["code", "price"], validate=True)
    await session.commit()
    assert await rows(engine, ITEMS) == [plain("a", None, "7.25"), plain("b", None, "3")]
    with pytest.raises(ValidationError) as caught:
        await session.copy_in(Item, [{"code": "c"}, {"code": 5}], validate=True)
    assert caught.value.__notes__ == ["row 2 for Item"]


async def test_a_version_begins_at_its_first(engine: Engine, tables: CreateTables) -> None:
    await tables(Counted)
    async with Session(engine) as session:
        await session.copy_in(Counted, [{"code": "a", "amount": 1, "note": {"b": '"\\'}}])
        await session.copy_in(Counted, [Counted(code="b", amount=2)])
        await session.commit()
        first = await session.get_one(Counted, "a")
        assert (first.version, first.note) == (1, {"b": '"\\'})
        first.amount = 3
        await session.commit()
        assert first.version == 2


async def test_a_class_in_the_table_of_its_base_gets_its_kind(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Machine, Robot)
    async with Session(engine) as session:
        await session.copy_in(Press, [{"name": "p", "force": 5}])
        await session.copy_in(Press, [Press(name="q")])
        await session.copy_in(Machine, [{"name": "m"}])
        found = await session.all(select(Machine).order_by(Machine.name))
        assert [type(machine) for machine in found] == [Machine, Press, Press]
        with pytest.raises(InvalidRequestError, match=r"add_all\(\) the objects"):
            await session.copy_in(Robot, [{"name": "r", "arms": 2}])


@pytest.mark.parametrize(
    ("given", "options", "error", "message"),
    [
        ([{"code": "a"}, {"code": "b", "colour": 1}], {}, UnknownAttributeError,
         "row 2 gives Item.colour"),
        ([{"colour": 1}], {}, UnknownAttributeError, "row 1 gives Item.colour"),
        ([{"code": "a"}, {"code": "b", "shelf_id": 1}], {}, InvalidRequestError,
         "row 2 gives Item.shelf_id, which the first does not"),
        ([{"code": "a", "label": "x"}, {"code": "b"}, {"label": "x"}], {}, InvalidRequestError,
         "row 3 lacks Item.code"),
        ([{"label": "x"}], {}, InvalidRequestError, "give no Item.code"),
        ([("a",)], {}, ArgumentError, "do not say what their values are"),
        ([("a",), ("b", "c")], {"columns": ["code"]}, InvalidRequestError, "row 2 has 2 values"),
        ([{"code": "a"}, ("b",)], {}, ArgumentError, "row 2 is a tuple, and the first is a dict"),
        ([5], {}, ArgumentError, "row 1 for Item is a int"),
        ({"code": "a"}, {}, ArgumentError, "given as a dict"),
        ([{"code": 5}], {}, DataError, r"row 1, Item.code: a value of type int does not fit text"),
        ([{"code": "a"}, {"code": "secret\0"}], {}, DataError, "row 2, Item.code: .* NUL"),
        ([{"code": "\ud800secret"}], {}, DataError, "row 1, Item.code: a value of type str"),
        ([{"code": "a"}], {"batch_size": 0}, ArgumentError, "batches of 0 rows"),
        ([Item(code="a", shelf=Shelf(name="s"))], {}, InvalidRequestError, "Item.shelf"),
        ([Item(code="a"), Item(id=4, code="b")], {}, InvalidRequestError, "row 2 gives Item.id"),
    ],
)  # fmt: skip
async def test_rows_that_do_not_fit_are_refused(
    session: Session, given: Any, options: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message) as caught:
        await session.copy_in(Item, given, **options)
    assert "secret" not in str(caught.value)
    # nothing was sent, so the transaction goes on
    assert await session.all(select(Item)) == []


async def test_objects_of_the_session_are_refused(session: Session) -> None:
    item = Item(code="a")
    session.add(item)
    with pytest.raises(InvalidRequestError, match="row 1 is an object that a session holds"):
        await session.copy_in(Item, [item])


async def test_a_connection_copies_in_a_transaction_of_its_own(
    session: Session, engine: Engine
) -> None:
    async with engine.connect() as connection:
        result = await connection.copy_in(Item, [{"code": "a"}, {"code": "b"}])
        assert result.rows == 2
        assert not connection.in_transaction
        with pytest.raises(DataError):
            await connection.copy_in(Item, iter([{"code": "c"}, {"code": 1}]), batch_size=1)
        assert not connection.in_transaction
        with pytest.raises(ArgumentError, match="copies no objects"):
            await connection.copy_in(Item, [Item(code="d")])  # type: ignore[list-item]
    assert await rows(engine, ITEMS) == [plain("a"), plain("b")]
