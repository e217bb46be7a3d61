"""Sessions treat objects of a hierarchy like others: one identity, one flush, one row."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from asyncorm import (
    IdentityConflictError,
    InvalidRequestError,
    delete,
    event,
    inspect,
    make_transient_to_detached,
    select,
    selectinload,
    sql,
    update,
)
from tests.support.animals import Animal, Cat, Dog, Lion, Owner, Puppy, Toy

if TYPE_CHECKING:
    from asyncorm.session.factory import SessionFactory
    from tests.support.sent import Sent


@pytest.mark.parametrize("how", ["auto", "fetch", "evaluate"])
async def test_an_update_of_a_class_changes_its_rows_and_loaded_objects_only(
    Animals: SessionFactory, sent: Sent, how: str
) -> None:
    async with Animals() as session:
        found = await session.all(select(Animal).order_by(Animal.name))
        sent()
        changed = (
            update(Cat)
            .where(Cat.name != "A")
            .values(lives=Cat.lives - 1, name="x")
            .execution_options(synchronize_session=how)
        )
        assert (await session.execute(changed)).rowcount == 2
        assert sent.work() == ["UPDATE animal"]
        assert [animal.name for animal in found] == ["Ann", "x", "Don", "x", "Pip"]
        assert [cat.lives for cat in found if isinstance(cat, Cat)] == [6, 8]
        rows = await session.all(sql("select name from animal order by name"))
        assert rows == ["Ann", "Don", "Pip", "x", "x"]


async def test_an_update_of_the_base_changes_objects_of_all_classes(
    Animals: SessionFactory,
) -> None:
    async with Animals() as session:
        pip = await session.one(select(Puppy))
        found = await session.all(
            update(Animal).values(name=Animal.name.concat("!")).returning(Animal)
        )
        assert sorted(animal.name for animal in found) == ["Ann!", "Cid!", "Don!", "Leo!", "Pip!"]
        assert pip in found
        assert pip.weeks == 6
        assert {type(animal) for animal in found} == {Animal, Cat, Dog, Lion, Puppy}
        cid = next(animal for animal in found if animal.name == "Cid!")
        assert isinstance(cid, Cat)
        assert cid.lives == 7


async def test_a_delete_of_a_class_leaves_the_rows_of_others(
    Animals: SessionFactory, sent: Sent
) -> None:
    async with Animals() as session:
        await session.execute(delete(Toy))
        await session.execute(sql("delete from lion"))
        cid = await session.one(select(Animal).where(Animal.name == "Cid"))
        sent()
        assert (await session.execute(delete(Cat).where(Cat.lives > 0))).rowcount == 2
        assert sent.work() == ["DELETE animal"]
        assert inspect(cid).deleted
        rows = await session.all(sql("select name from animal order by name"))
        assert rows == ["Ann", "Don", "Pip"]


async def test_changes_of_objects_of_several_classes_are_flushed(Animals: SessionFactory) -> None:
    async with Animals() as session:
        found = await session.all(select(Animal).order_by(Animal.name))
        for animal in found:
            animal.name += "x"
            if isinstance(animal, Cat):
                animal.lives = 1
            if isinstance(animal, Dog):
                animal.breed = "poodle"
        await session.commit()
    async with Animals() as session:
        again = await session.all(select(Animal).order_by(Animal.name))
        assert [animal.name for animal in again] == ["Annx", "Cidx", "Donx", "Leox", "Pipx"]
        assert [cat.lives for cat in again if isinstance(cat, Cat)] == [1, 1]
        assert [dog.breed for dog in again if isinstance(dog, Dog)] == ["poodle", "poodle"]


async def test_a_rollback_undoes_what_was_done_to_objects_of_all_classes(
    Animals: SessionFactory,
) -> None:
    async with Animals() as session:
        cid = await session.one(select(Animal).where(Animal.name == "Cid"))
        don = await session.one(select(Dog).where(Dog.name == "Don"))
        new = Lion(name="Lea", mane="none")
        session.add(new)
        await session.delete(don)
        cid.name = "Kid"
        await session.flush()
        assert await session.get(Animal, new.id) is new
        await session.rollback()
        assert inspect(new).transient
        assert inspect(don).persistent
        await session.refresh(don)
        assert (don.name, don.breed) == ("Don", "pug")
        await session.refresh(cid)
        assert cid.name == "Cid"
        assert await session.get(Dog, don.id) is don
        assert len(await session.all(select(Animal))) == 5


async def test_an_object_can_not_have_the_key_of_one_of_another_class(
    Animals: SessionFactory,
) -> None:
    async with Animals() as session:
        cid = await session.one(select(Animal).where(Animal.name == "Cid"))
        assert isinstance(cid, Cat)
        dog = Dog(name="Dot", breed="pug")
        dog.id = cid.id
        session.add(dog)
        with pytest.raises(IdentityConflictError):
            await session.flush()
        await session.rollback()
        stored = Dog(name="Dot", breed="pug")
        stored.id = cid.id
        make_transient_to_detached(stored)
        await session.refresh(cid)
        with pytest.raises(InvalidRequestError, match="already in the session"):
            session.add(stored)


async def test_a_row_of_another_class_takes_the_place_of_a_deleted_one(
    Animals: SessionFactory,
) -> None:
    async with Animals() as session:
        ann = await session.one(select(Animal).where(Animal.name == "Ann"))
        await session.delete(ann)
        cat = Cat(name="Abe", lives=3)
        cat.id = ann.id
        session.add(cat)
        await session.commit()
    async with Animals() as session:
        found = await session.get(Animal, cat.id)
        assert isinstance(found, Cat)
        assert (found.name, found.kind, found.lives) == ("Abe", "cat", 3)


async def test_both_sides_of_a_base_relationship_follow_each_other(
    Animals: SessionFactory,
) -> None:
    async with Animals() as session:
        ada = await session.one(select(Owner).options(selectinload(Owner.pets)))
        lion = Lion(name="Lea", mane="none", owner=ada)
        assert lion in ada.pets
        bob = Owner(name="Bob")
        session.add_all([lion, bob])
        pip = next(pet for pet in ada.pets if isinstance(pet, Puppy))
        bob.pets.append(pip)
        assert pip.owner is bob
        assert pip not in ada.pets
        await session.commit()
    async with Animals() as session:
        owners = await session.all(
            select(Owner).options(selectinload(Owner.pets)).order_by(Owner.name)
        )
        assert [[pet.name for pet in sorted(o.pets, key=lambda p: p.name)] for o in owners] == [
            ["Ann", "Cid", "Don", "Lea", "Leo"], ["Pip"],
        ]  # fmt: skip


async def test_merge_puts_values_into_the_object_of_the_class(Animals: SessionFactory) -> None:
    async with Animals() as session:
        cid = await session.one(select(Cat).where(Cat.name == "Cid"))
        copied = cid.model_copy(update={"lives": 2})
        session.clear()
        merged = await session.merge(copied)
        assert type(merged) is Cat
        assert merged.lives == 2
        new = await session.merge(Puppy(name="Pat", breed="pug", weeks=1))
        await session.commit()
        assert (new.kind, new.breed) == ("puppy", "pug")
        assert await session.all(sql("select lives from animal where name = 'Cid'")) == [2]


async def test_pickles_keep_the_class(Animals: SessionFactory) -> None:
    async with Animals() as session:
        found = await session.all(select(Animal).order_by(Animal.name))
        again: list[Any] = pickle.loads(pickle.dumps(found))
        assert [type(animal) for animal in again] == [type(animal) for animal in found]
        assert again == found
        assert again[4].weeks == 6


async def test_apply_takes_values_of_the_class(Animals: SessionFactory) -> None:
    async with Animals() as session:
        pip = await session.one(select(Animal).where(Animal.name == "Pip"))
        assert isinstance(pip, Puppy)
        await session.apply(pip, {"weeks": 9, "name": "Pipo"})
        await session.commit()
        assert (pip.weeks, pip.name) == (9, "Pipo")
        rows = await session.all(sql("select weeks from dog where weeks is not null"))
        assert rows == [9]


async def test_listeners_of_the_base_hear_of_subclasses(Animals: SessionFactory) -> None:
    heard: list[tuple[str, str]] = []

    def on_animal(_: Any, instance: Any) -> None:
        heard.append(("animal", instance.name))

    def on_dog(_: Any, instance: Any) -> None:
        heard.append(("dog", instance.name))

    event.listen(Dog, "before_update", on_dog)
    try:
        async with Animals() as session:
            await session.all(select(Animal))
            don = await session.one(select(Dog).where(Dog.name == "Don"))
            don.breed = "dachs"
            await session.flush()
            await session.rollback()
        assert heard == [("dog", "Don")]
        heard.clear()
        event.listen(Animal, "before_update", on_animal)
        async with Animals() as session:
            for animal in await session.all(select(Animal).order_by(Animal.name)):
                animal.name += "!"
            await session.flush()
    finally:
        event.remove(Animal, "before_update", on_animal)
        event.remove(Dog, "before_update", on_dog)
    assert sorted(heard) == [
        ("animal", "Ann!"), ("animal", "Cid!"), ("animal", "Don!"), ("animal", "Leo!"),
        ("animal", "Pip!"), ("dog", "Don!"), ("dog", "Pip!"),
    ]  # fmt: skip


async def test_orphans_of_a_subclass_relationship_are_deleted(Animals: SessionFactory) -> None:
    async with Animals() as session:
        cid = await session.one(
            select(Cat).where(Cat.name == "Cid").options(selectinload(Cat.toys))
        )
        cid.toys.pop()
        await session.commit()
        assert await session.all(select(Toy.name)) == ["ball"]
        await session.delete(cid)
        await session.commit()
        assert await session.all(select(Toy.name)) == []
        assert await session.all(select(Cat.name)) == ["Leo"]


async def test_a_reference_to_a_class_refuses_objects_of_others(Animals: SessionFactory) -> None:
    async with Animals() as session:
        don = await session.one(select(Dog).where(Dog.name == "Don"))
        toy = await session.one(select(Toy).where(Toy.name == "ball"))
        with pytest.raises(Exception, match="Cat"):
            toy.cat = don  # type: ignore[assignment]


async def test_the_discriminator_of_a_loaded_object_can_not_be_changed(
    Animals: SessionFactory,
) -> None:
    async with Animals() as session:
        cid = await session.one(select(Animal).where(Animal.name == "Cid"))
        with pytest.raises(InvalidRequestError, match=r"Cat\.kind"):
            cid.kind = "dog"
        assert cid.kind == "cat"
        cid.kind = "cat"
        assert not session.dirty
        with pytest.raises(ValidationError, match="each Cat has the value 'cat'"):
            await session.apply(cid, {"kind": "dog"})
        await session.apply(cid, {"kind": "cat", "name": "Kid"})
        assert cid.name == "Kid"
