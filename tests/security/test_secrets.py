"""D7: neither values nor passwords are in an error, its log or anything's repr (#51, #52, #53)."""

from __future__ import annotations

import logging
import traceback
from typing import TYPE_CHECKING, Any

import pytest

from asyncorm import (
    AsyncORMError,
    Session,
    create_engine,
    func,
    insert,
    literal,
    select,
    sql,
    update,
)
from asyncorm.engine.url import parse_url
from tests.support.shop import Category, Customer, Product, Sale

if TYPE_CHECKING:
    from asyncorm.engine.engine import Engine

CANARY = "c4nary-V4lue"


def told(error: BaseException) -> str:
    """All that an error says by itself: not its cause, which is the driver's, nor ``detail``."""
    notes = getattr(error, "__notes__", [])
    names = ("message", "hint", "statement", "constraint", "table", "columns")
    parts = [repr(getattr(error, name, None)) for name in names]
    return "\n".join([str(error), repr(error), *map(str, error.args), *notes, *parts])


def failing() -> dict[str, Any]:
    """Statements that fail on values, each in a way of its own."""
    number = select(Product.id)
    return {
        "unique": insert(Customer).values(name=CANARY, email="ada@example.org"),
        "unique value": sql("insert into customer (name, email) select 'x', {} from "
                            "generate_series(1, 2)", CANARY),
        "not null": sql("insert into customer (email) values ({})", CANARY),
        "cast": sql("select {}::text::integer", CANARY),
        "date": sql("select {}::text::date", CANARY),
        "array": sql("select {}::text::integer[]", CANARY),
        "json": sql("select {}::text::jsonb", "{" + CANARY),
        "regexp": select(Product.id).where(Product.name.regexp(f"[{CANARY}")),
        "NUL": select(literal(f"{CANARY}\0")),
        "surrogate": number.where(Product.name == f"{CANARY}\ud800"),
        "argument": sql("select {} + 1", CANARY),
        "wrong type": sql("select * from product where id = {}", CANARY),
        "unit": select(func.date_trunc(CANARY, Sale.sold_at)),
        "foreign key": update(Product).values(category_id=777_123),
        "division": sql("select 777123 / ({} - 777123)", 777_123),
        "too large": number.where(Product.id == 777_123 * 10**20),
        "no table": sql("select * from nothing where x = {}", CANARY),
        "no function": sql("select nothing({})", CANARY),
        "statement": sql("selec {}", CANARY),
    }  # fmt: skip


NAMES = list(failing())


@pytest.mark.parametrize("name", NAMES)
async def test_52_an_error_of_a_statement_tells_no_value(
    session: Session, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "asyncorm"):
        with pytest.raises(AsyncORMError) as caught:
            await session.execute(failing()[name])
    assert CANARY not in told(caught.value)
    assert "777123" not in told(caught.value).replace("select 777123 / (", "").replace(
        "::integer - 777123)", ""
    )
    logged = [record for record in caplog.records if record.name.startswith("asyncorm")]
    assert logged
    assert all(CANARY not in f"{record.getMessage()} {vars(record)}" for record in logged)
    assert CANARY not in repr(session)


async def test_52_an_error_of_a_flush_tells_no_value(session: Session) -> None:
    for made in (
        Customer(name=CANARY, email="ada@example.org"),
        Customer(name=f"{CANARY}\0", email="x"),
        Category(name=CANARY, parent_id=777_123),
    ):
        session.add(made)
        with pytest.raises(AsyncORMError) as caught:
            await session.flush()
        assert CANARY not in told(caught.value).replace(repr(made), "")
        assert "777123" not in told(caught.value).replace(repr(made), "")
        await session.rollback()


def test_52_an_error_of_building_tells_no_value() -> None:
    for build in (
        lambda: Product.id == CANARY,
        lambda: Product.id.in_([1, CANARY]),
        lambda: select(Product).limit(CANARY),
        lambda: select(Product).where(CANARY),
        lambda: select(Product).order_by(CANARY),
        lambda: sql("select {}", object(), CANARY),
        lambda: Product.tags.any({CANARY}),
        lambda: update(Product).values(CANARY),
    ):
        with pytest.raises(AsyncORMError) as caught:
            build()  # type: ignore[no-untyped-call]
        assert CANARY not in told(caught.value)


PASSWORD = "p4ss-c4nary"


async def test_51_a_password_is_nowhere(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    settings = parse_url(database_url)
    host = settings.hosts[0][0]
    shown: list[str] = []
    for url in (
        f"postgresql://nobody_at_all:{PASSWORD}@127.0.0.1:1/x?connect_timeout=1",
        f"postgresql://nobody_at_all:{PASSWORD}@/no_such_database?host={host}",
        f"postgresql://u:{PASSWORD}@127.0.0.1:1/x?sslmode=nonsense",
        f"postgresql://u:{PASSWORD}@127.0.0.1:notaport/x",
        f"postgresql://u:{PASSWORD}@127.0.0.1:1/x?nonsense=1",
        f"mysql://u:{PASSWORD}@127.0.0.1/x",
        f"postgresql://127.0.0.1:1/x?password={PASSWORD}",
    ):
        with pytest.raises(AsyncORMError) as caught:
            engine = create_engine(url, connect_timeout=2, pool_timeout=2)
            shown += [repr(engine), str(engine), engine.url, repr(engine.pool)]
            shown.append(repr(Session(engine)))
            async with engine.connect() as connection:
                shown.append(repr(connection))
        shown.append(told(caught.value))
        # with all of the driver's own errors that led to it
        shown.append("".join(traceback.format_exception(caught.value)))
    shown += [record.getMessage() for record in caplog.records]
    assert [text for text in shown if PASSWORD in text] == []


async def test_53_the_log_holds_statements_and_counts(
    session: Session, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "asyncorm"):
        await session.scalars(select(Product).where(Product.name == CANARY))
    record = caplog.records[-1]
    assert '"product"."name" = $1::text' in record.getMessage()
    assert "1 parameters" in record.getMessage()
    assert CANARY not in str(vars(record))


async def test_51_values_are_not_in_what_others_see_of_a_session(
    session: Session, engine: Engine
) -> None:
    await session.scalars(select(Product).where(Product.name == CANARY))
    async with engine.connect() as other:
        texts = await other.fetch("select query from pg_stat_activity")
    assert all(CANARY not in str(row[0]) for row in texts)
