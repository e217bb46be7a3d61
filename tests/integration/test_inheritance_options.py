"""Loader options where hierarchies are: joins, limits, chosen columns, criteria."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from asyncorm import (
    ArgumentError,
    InvalidRequestError,
    UnloadedAttributeError,
    contains_eager,
    defer,
    inspect,
    joinedload,
    load_only,
    nestedload,
    select,
    selectinload,
    with_loader_criteria,
)
from tests.support.animals import Animal, Cat, Dog, Lion, Owner, Puppy, Toy, Trick

if TYPE_CHECKING:
    from collections.abc import Callable

    from asyncorm.loading.options import LoaderOption
    from asyncorm.session.factory import SessionFactory
    from tests.support.sent import Sent


async def test_a_join_loads_objects_of_all_classes_complete(
    Animals: SessionFactory, sent: Sent
) -> None:
    async with Animals() as session:
        sent()
        ada = await session.one(select(Owner).options(joinedload(Owner.pets)))
        assert sent.verbs() == ["SELECT"]
        assert {type(pet) for pet in ada.pets} == {Animal, Cat, Dog, Lion, Puppy}
        pip = next(pet for pet in ada.pets if isinstance(pet, Puppy))
        assert (pip.breed, pip.weeks) == ("mutt", 6)
        leo = next(pet for pet in ada.pets if isinstance(pet, Lion))
        assert (leo.lives, leo.mane) == (9, "long")


async def test_a_limit_keeps_objects_and_what_is_joined_to_them_complete(
    Animals: SessionFactory, sent: Sent
) -> None:
    async with Animals() as session:
        sent()
        limited = select(Animal).order_by(Animal.name.desc()).limit(3)
        found = await session.all(limited.options(joinedload(Animal.owner)))
        assert sent.verbs() == ["SELECT"]
        pip, leo, don = found
        assert isinstance(pip, Puppy)
        assert isinstance(leo, Lion)
        assert isinstance(don, Dog)
        assert (pip.weeks, leo.lives, leo.mane, don.breed) == (6, 9, "long", "pug")
        assert all(animal.owner and animal.owner.name == "Ada" for animal in found)


async def test_a_limit_of_a_class_with_members_by_join(Animals: SessionFactory, sent: Sent) -> None:
    async with Animals() as session:
        sent()
        cats = await session.all(
            select(Cat).order_by(Cat.name).limit(2).options(joinedload(Cat.toys))
        )
        assert sent.verbs() == ["SELECT"]
        assert [type(cat) for cat in cats] == [Cat, Lion]
        assert [[toy.name for toy in cat.toys] for cat in cats] == [["ball", "mouse"], []]
        dogs = await session.all(
            select(Dog).order_by(Dog.name).limit(2).options(joinedload(Dog.tricks))
        )
        assert [[trick.name for trick in dog.tricks] for dog in dogs] == [["sit"], []]
        assert isinstance(dogs[1], Puppy)
        assert dogs[1].weeks == 6


async def test_joins_of_a_subclass_relationship_from_the_base(
    Animals: SessionFactory, sent: Sent
) -> None:
    async with Animals() as session:
        found = await session.all(
            select(Animal)
            .order_by(Animal.name)
            .options(joinedload(Cat.toys), joinedload(Dog.tricks))
        )
        _, cid, don, leo, pip = found
        assert isinstance(cid, Cat)
        assert isinstance(don, Dog)
        assert isinstance(leo, Lion)
        assert isinstance(pip, Puppy)
        sent()
        assert [toy.name for toy in cid.toys] == ["ball", "mouse"]
        assert [trick.name for trick in don.tricks] == ["sit"]
        assert leo.toys == []
        assert pip.tricks == []
        assert sent() == []


async def test_paths_of_joins_over_a_hierarchy(Animals: SessionFactory, sent: Sent) -> None:
    async with Animals() as session:
        sent()
        ada = await session.one(
            select(Owner).options(joinedload(Owner.pets).selectinload(Cat.toys))
        )
        assert sent.verbs() == ["SELECT", "SELECT"]
        cid = next(pet for pet in ada.pets if pet.name == "Cid")
        assert isinstance(cid, Cat)
        assert [toy.name for toy in cid.toys] == ["ball", "mouse"]
        toys = await session.all(
            select(Toy).order_by(Toy.name).options(joinedload(Toy.cat).joinedload(Cat.owner))
        )
        assert all(toy.cat is cid for toy in toys)
        assert cid.owner is ada


async def test_members_of_a_join_that_is_there(Animals: SessionFactory) -> None:
    async with Animals() as session:
        tricks = await session.all(
            select(Trick)
            .join(Trick.dog)
            .where(Dog.breed == "pug")
            .options(contains_eager(Trick.dog))
        )
        (trick,) = tricks
        assert isinstance(trick.dog, Dog)
        assert trick.dog.breed == "pug"


async def test_chosen_columns_include_what_tells_the_class(
    Animals: SessionFactory,
) -> None:
    async with Animals() as session:
        found = await session.all(
            select(Animal).order_by(Animal.id).options(load_only(Animal.owner_id))
        )
        assert {type(animal) for animal in found} == {Animal, Cat, Dog, Lion, Puppy}
        with pytest.raises(UnloadedAttributeError):
            _ = found[0].name
        cats = await session.all(select(Cat).options(load_only(Cat.lives)))
        assert {cat.lives for cat in cats} == {7, 9}


async def test_criteria_of_a_base_hold_for_all_classes(Animals: SessionFactory) -> None:
    async with Animals() as session:
        late = with_loader_criteria(Animal, Animal.name > "D")
        named = select(Cat).options(late)
        assert [cat.name for cat in await session.all(named)] == ["Leo"]
        dogs = select(Dog).options(with_loader_criteria(Animal, Animal.name > "E"))
        assert [dog.name for dog in await session.all(dogs)] == ["Pip"]
        lions = select(Animal).options(late).order_by(Animal.name)
        assert [animal.name for animal in await session.all(lions)] == ["Don", "Leo", "Pip"]
        ada = await session.one(select(Owner).options(late, joinedload(Owner.pets)))
        assert sorted(pet.name for pet in ada.pets) == ["Don", "Leo", "Pip"]


@pytest.mark.parametrize("option", [selectinload, joinedload, nestedload])
async def test_a_collection_of_one_class_is_partial_however_it_is_loaded(
    Animals: SessionFactory, option: Callable[..., LoaderOption]
) -> None:
    async with Animals() as session:
        dogs = option(Owner.pets.of_type(Dog)).selectinload(Dog.tricks)
        ada = await session.one(select(Owner).options(dogs))
        assert [type(pet) for pet in ada.pets] == [Dog, Puppy]
        assert ada.pets.partial
        assert [trick.name for pet in ada.pets for trick in pet.tricks] == ["sit"]  # type: ignore[attr-defined]  # ty: ignore[unresolved-attribute]
        assert len(await session.load(ada, Owner.pets)) == 5
    async with Animals() as session:
        pugs = option(Owner.pets.of_type(Dog).where(Dog.breed == "pug"))
        ada = await session.one(select(Owner).options(pugs))
        assert [pet.name for pet in ada.pets] == ["Don"]
    async with Animals() as session:
        last = option(Owner.pets.of_type(Cat).top(1, order_by=Cat.lives))
        ada = await session.one(select(Owner).options(last))
        assert [pet.name for pet in ada.pets] == ["Cid"]
    async with Animals() as session:  # one object is what it is
        toys = await session.all(select(Toy).options(option(Toy.cat.of_type(Lion))))
        assert {toy.cat.name for toy in toys} == {"Cid"}


async def test_load_takes_the_members_of_one_class(Animals: SessionFactory, sent: Sent) -> None:
    async with Animals() as session:
        ada = await session.one(select(Owner))
        dogs = await session.load(ada, Owner.pets.of_type(Dog))
        assert [dog.name for dog in dogs] == ["Don", "Pip"]
        await session.load(ada, Owner.pets)
        sent()
        await session.load(ada, Owner.pets.of_type(Cat), Cat.toys)
        assert [len(pet.toys) for pet in ada.pets if isinstance(pet, Cat)] == [2, 0]


@pytest.mark.parametrize("option", [selectinload, joinedload, nestedload])
async def test_chosen_columns_are_those_of_any_class(
    Animals: SessionFactory, option: Callable[..., LoaderOption]
) -> None:
    async with Animals() as session:
        found = await session.all(select(Animal).options(load_only(Animal.name, Cat.lives)))
        by_name = {animal.name: animal for animal in found}
        assert inspect(by_name["Cid"]).unloaded == {"owner_id", "owner", "toys"}
        assert {"lives"} < set(vars(by_name["Leo"]))
        assert "breed" in inspect(by_name["Don"]).unloaded
    async with Animals() as session:
        few = option(Owner.pets).load_only(Animal.name, Puppy.weeks).selectinload(Cat.toys)
        ada = await session.one(select(Owner).options(few))
        by_name = {animal.name: animal for animal in ada.pets}
        assert vars(by_name["Pip"])["weeks"] == 6
        assert {"breed", "tricks"} < set(inspect(by_name["Pip"]).unloaded)
        assert vars(by_name["Cid"])["toys"]
        assert "lives" in inspect(by_name["Cid"]).unloaded
    async with Animals() as session:
        ada = await session.one(select(Owner).options(option(Owner.pets).defer(Dog.breed)))
        by_name = {animal.name: animal for animal in ada.pets}
        assert "breed" in inspect(by_name["Don"]).unloaded
        assert vars(by_name["Cid"])["lives"] == 7
        with pytest.raises(ArgumentError, match="no column of Animal"):
            await session.all(select(Owner).options(option(Owner.pets).defer(Toy.name)))
        with pytest.raises(ArgumentError, match="concerns nothing"):
            await session.all(select(Cat).options(defer(Dog.breed)))


async def test_tables_of_subclasses_of_which_nothing_is_read_are_not_joined(
    Animals: SessionFactory, sent: Sent
) -> None:
    async with Animals() as session:
        sent()
        await session.all(select(Animal).options(load_only(Animal.name, Dog.breed)))
        (text,) = sent()
        assert 'JOIN "dog"' in text
        assert "lion" not in text


async def test_a_column_is_loaded_for_all_classes_that_have_it(
    Animals: SessionFactory, sent: Sent
) -> None:
    async with Animals() as session:
        found = await session.all(select(Animal).options(load_only(Animal.name)))
        by_name = {animal.name: animal for animal in found}
        sent()
        assert await session.load(by_name["Leo"], Cat.lives) == 9
        assert vars(by_name["Cid"])["lives"] == 7
        await session.load(found, Animal.owner_id)
        assert sent.verbs() == ["SELECT", "SELECT"]
        assert all(animal.owner_id == 1 for animal in found)
        session.expire(by_name["Leo"])
        assert await session.load(by_name["Leo"], Cat.lives) == 9
        assert vars(by_name["Leo"])["mane"] == "long"  # what has expired comes along
        with pytest.raises(InvalidRequestError, match="is no column of Lion"):
            await session.load(by_name["Leo"], Dog.breed)
