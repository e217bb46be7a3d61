"""Some thousand rows of which nothing must come back go by COPY."""

from __future__ import annotations

import pytest

from asyncorm import Session, UniqueViolation
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
        # the driver looks once at the types of the table it copies to
        return [sql.split()[0].upper() for sql in proxy.statements if "LIMIT 1" not in sql]


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
