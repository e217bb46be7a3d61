"""Columns of a base, in a statement about a class that derives from it, are those of the class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from asyncorm import InvalidRequestError, delete, exists, func, joinedload, select, update
from tests.support.animals import Animal, Cat, Dog, Lion, Owner, Puppy, Toy

if TYPE_CHECKING:
    from collections.abc import Callable

    from asyncorm.session.factory import SessionFactory
    from asyncorm.sql.statements.select import Select


@pytest.mark.parametrize(
    ("statement", "names"),
    [
        (lambda: select(Cat).where(Animal.name == "Cid"), ["Cid"]),
        (lambda: select(Puppy).where(Animal.name == "Don"), []),
        (lambda: select(Dog).order_by(Animal.name.desc()), ["Pip", "Don"]),
        (lambda: select(Lion).where(Cat.lives == 9, Animal.owner.has(name="Ada")), ["Leo"]),
        (lambda: select(Dog).where(Animal.owner.to.name == "Bob"), []),
        (lambda: select(Dog).join(Animal.owner).where(Owner.name == "Bob"), []),
        (lambda: select(Dog).where(exists(select(Toy.id).where(Toy.cat_id == Animal.id))), []),
        (lambda: select(Cat).where(exists(select(Toy.id).where(Toy.cat_id == Animal.id))), ["Cid"]),
        # a query of its own is about the base
        (lambda: select(Cat).where(Cat.name > select(func.max(Animal.name)).scalar_subquery()), []),
        (lambda: select(Cat).where(Cat.id.in_(select(Animal.id).where(Animal.name == "Don"))), []),
        (
            lambda: select(Cat).join(Animal, Animal.id == Cat.id).where(Animal.name == "Leo"),
            ["Leo"],
        ),
    ],
)
async def test_conditions_and_orders(
    Animals: SessionFactory, statement: Callable[[], Select[Animal]], names: list[str]
) -> None:
    async with Animals() as session:
        assert [animal.name for animal in await session.all(statement())] == names
        joined = statement().options(joinedload(Animal.owner)).limit(5)
        assert [animal.name for animal in await session.all(joined)] == names


async def test_values(Animals: SessionFactory) -> None:
    async with Animals() as session:
        values = select(Animal.name, Cat.lives).order_by(Animal.name)
        assert await session.all(values) == [("Cid", 7), ("Leo", 9)]
        assert await session.one(select(func.count(Animal.id)).where(Dog.breed == "pug")) == 1
        of_type = select(Owner.name).join(Owner.pets.of_type(Dog)).where(Animal.name == "Don")
        assert await session.all(of_type) == ["Ada"]


async def test_changes_concern_the_rows_of_the_condition_only(Animals: SessionFactory) -> None:
    async with Animals() as session:
        dogs = {dog.name: dog for dog in await session.all(select(Dog))}
        await session.execute(update(Dog).where(Animal.name == "Don").values(breed="old"))
        assert (dogs["Don"].breed, dogs["Pip"].breed) == ("old", "mutt")
        await session.execute(update(Cat).where(Animal.name == "Leo").values(lives=Cat.lives - 1))
        assert await session.all(select(Cat.lives).order_by(Animal.name)) == [7, 8]
        await session.execute(delete(Dog).where(Animal.name == "Pip"))
        await session.execute(delete(Cat).where(Animal.name == "Leo"))
        left = await session.all(select(Animal.name).order_by(Animal.name))
        assert left == ["Ann", "Cid", "Don"]


@pytest.mark.parametrize(
    "statement",
    [
        select(Animal).where(Dog.breed == "pug"),
        select(Animal).where(Cat.lives == 9),
        update(Animal).where(Dog.breed == "pug").values(name="x"),
        delete(Animal).where(Cat.lives == 9),
    ],
)
def test_a_condition_on_a_subclass_alone_is_refused_for_its_base(statement: Any) -> None:
    with pytest.raises(InvalidRequestError, match="which rows belong together") as raised:
        str(statement)
    assert "select the subclass" in str(raised.value.hint)
