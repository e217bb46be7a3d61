"""One object that two options bring, with all columns by one and with chosen ones by the other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from asyncorm import joinedload, nestedload, select, selectinload, sessionmaker
from asyncorm.engine.engine import Engine
from tests.support.imprint import Author, Contract, Imprint

LOADERS: dict[str, Any] = {"nested": nestedload, "joined": joinedload, "selectin": selectinload}


@pytest.fixture
async def house(engine: Engine) -> AsyncIterator[Engine]:
    """Four authors with contracts, each the mentor of the next."""
    await engine.create_all(Imprint)
    async with sessionmaker(engine).begin() as session:
        mentor = None
        for i in (1, 2, 3, 4):
            mentor = Author(id=i, rank=1, name=f"a{i}", text="", mentor=mentor)
            session.add(Contract(id=i, rank=1, name=f"c{i}", text="", author=mentor))
    yield engine
    await engine.drop_all(Imprint)


@pytest.mark.parametrize("downwards", [False, True])
@pytest.mark.parametrize("pupils_are_whole", [False, True])
@pytest.mark.parametrize("second", LOADERS)
@pytest.mark.parametrize("first", LOADERS)
async def test_an_object_is_whole_if_one_way_to_it_brings_all_columns(
    house: Engine,
    first: str,
    second: str,
    pupils_are_whole: bool,
    downwards: bool,
) -> None:
    authors, pupils = LOADERS[first](Contract.author), LOADERS[second](Author.pupils)
    if pupils_are_whole:
        authors = authors.load_only(Author.rank)
    else:
        pupils = pupils.load_only(Author.rank)
    order = Contract.id.desc() if downwards else Contract.id
    async with sessionmaker(house)() as session:
        contracts = await session.all(
            select(Contract).order_by(order).options(authors.options(pupils))
        )
        found = {c.author.id: c.author.__dict__.get("name") for c in contracts}
        # the first one is nobody's pupil
        alone = None if pupils_are_whole else "a1"
        assert found == {1: alone, 2: "a2", 3: "a3", 4: "a4"}
        for contract in contracts:
            known: Any = contract.author.__dict__
            assert [one.id for one in known["pupils"]] == [i for i in (contract.id + 1,) if i < 5]
