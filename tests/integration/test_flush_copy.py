"""Some thousand rows of which nothing must come back go by COPY."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from asyncorm import Mapped, MetaData, Model, Session, UniqueViolation, column, select
from asyncorm.engine.engine import Engine, create_engine
from asyncorm.flush.statements import COPY_MINIMUM
from tests.conftest import CreateTables
from tests.support.library import Author, Country, Line, Note, Order
from tests.support.rows import rows
from tests.support.wire import WireProxy


async def sent(url: str, *objects: object) -> list[str]:
    """The first words of the statements that insert the objects."""
    async with WireProxy(url) as proxy, create_engine(proxy.url) as engine:
        async with Session(engine) as session:
            session.add_all(objects)  # type: ignore[arg-type]
            await session.commit()
        # whether COPY can write to the table is asked, and the driver looks at its types once
        looks = ("LIMIT 1", "row_security_active")
        return [
            text.split()[0].upper()
            for text in proxy.statements
            if not any(look in text for look in looks)
        ]


async def test_many_rows_with_given_keys_are_copied(
    engine: Engine, database_url: str, tables: CreateTables
) -> None:
    await tables(Country)
    countries = [Country(code=str(n), name=f"'{n}\t\\N") for n in range(COPY_MINIMUM)]
    assert await sent(database_url, *countries) == ["BEGIN", "COPY", "COMMIT"]
    found = await rows(engine, "select code, name from country")
    assert set(found) == {(country.code, country.name) for country in countries}


async def test_a_row_less_is_inserted(database_url: str, tables: CreateTables) -> None:
    await tables(Country)
    countries = [Country(code=str(n)) for n in range(COPY_MINIMUM - 1)]
    assert await sent(database_url, *countries) == ["WITH"]


async def test_rows_whose_keys_are_made_are_inserted(
    database_url: str, tables: CreateTables
) -> None:
    await tables(Author)
    authors = [Author(name=str(n)) for n in range(COPY_MINIMUM)]
    assert await sent(database_url, *authors) == ["WITH"]


async def test_children_with_references_are_copied_after_their_parents(
    engine: Engine, database_url: str, tables: CreateTables
) -> None:
    await tables(Order, Line, Note)
    order = Order(lines=[Line(id=n) for n in range(COPY_MINIMUM)])
    assert await sent(database_url, order) == ["BEGIN", "INSERT", "COPY", "COMMIT"]
    assert await rows(engine, "select count(*) from line where order_id = $1", order.id) == [
        (COPY_MINIMUM,)
    ]


async def test_a_copied_row_that_is_refused_is_named(engine: Engine, tables: CreateTables) -> None:
    await tables(Country)
    async with Session(engine) as session:
        session.add(Country(code="1234"))
        await session.commit()
    async with Session(engine) as session:
        countries = [Country(code=str(n)) for n in range(COPY_MINIMUM)]
        session.add_all(countries)
        with pytest.raises(UniqueViolation) as caught:
            await session.commit()
        assert list(caught.value.objects) == [countries[1234]]
        await session.rollback()
        session.add_all([*countries[:1234], *countries[1235:]])
        await session.commit()
    assert await rows(engine, "select count(*) from country") == [(COPY_MINIMUM,)]


class Price(Model, table="flush_copy_price"):
    metadata = MetaData()

    id: Mapped[int] = column(primary_key=True)
    amount: Mapped[Decimal]
    note: Mapped[dict[str, Any] | None]
    given: Mapped[UUID]


async def test_types_that_binary_copy_does_not_carry_go_as_text(
    engine: Engine, database_url: str, tables: CreateTables
) -> None:
    await tables(Price)
    given = UUID(int=5)
    prices = [
        Price(id=n, amount=Decimal(n) / 7, note={"n": "\\N\t"} if n % 2 else None, given=given)
        for n in range(COPY_MINIMUM)
    ]
    assert await sent(database_url, *prices) == ["BEGIN", "COPY", "COMMIT"]
    async with Session(engine) as session:
        found = await session.all(select(Price).order_by(Price.id))
    assert [p.model_dump() for p in found] == [p.model_dump() for p in prices]


async def test_a_value_without_a_text_goes_the_other_way(
    engine: Engine, database_url: str, tables: CreateTables
) -> None:
    await tables(Price)
    prices = [
        Price(id=n, amount=Decimal(n), note=None, given=UUID(int=n)) for n in range(COPY_MINIMUM)
    ]
    object.__setattr__(prices[7], "given", str(UUID(int=7)))  # the driver takes the string too
    assert "COPY" not in await sent(database_url, *prices)
    async with Session(engine) as session:
        assert await session.scalar(select(Price.given).where(Price.id == 7)) == UUID(int=7)
