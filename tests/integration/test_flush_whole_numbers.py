"""A fraction that is assigned to a whole number is refused by the flush, and never cut."""

from __future__ import annotations

from typing import Any

import pytest

from asyncorm import DataError, sessionmaker
from asyncorm.engine.engine import Engine
from asyncorm.flush.statements import COPY_MINIMUM
from tests.conftest import CreateTables
from tests.support.bookshop import Author, Book, Bookshop


@pytest.mark.parametrize("count", [1, 3, COPY_MINIMUM])
async def test_a_fraction_is_refused_however_many_rows_are_new(
    engine: Engine, tables: CreateTables, count: int
) -> None:
    await tables(Bookshop)
    Session = sessionmaker(engine)
    async with Session() as session:
        authors = [Author(name=f"a{number}", age=number) for number in range(count)]
        wrong: Any = authors[-1]
        wrong.age = 41.5
        session.add_all(authors)
        with pytest.raises(DataError, match=r"Author\.age") as caught:
            await session.flush()
        assert caught.value.objects == (wrong,)
        await session.rollback()


async def test_a_fraction_is_refused_in_an_update(engine: Engine, tables: CreateTables) -> None:
    await tables(Bookshop)
    async with sessionmaker(engine)() as session:
        author: Any = Author(name="a", age=41)
        session.add(author)
        await session.commit()
        author.age = 41.5
        with pytest.raises(DataError, match=r"Author\.age"):
            await session.commit()
        await session.rollback()
        assert (await session.get_one(Author, 1)).age == 41


async def test_whole_numbers_of_other_classes_are_kept(
    engine: Engine, tables: CreateTables
) -> None:
    class Number(int):
        pass

    await tables(Bookshop)
    async with sessionmaker(engine)() as session:
        session.add_all([Author(name="a", age=Number(5)), Book(title="t")])
        await session.commit()
        assert (await session.get_one(Author, 1)).age == 5
