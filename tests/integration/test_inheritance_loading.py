"""Rows of a hierarchy become objects of the classes they name, complete and in one statement."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from asyncorm import (
    InvalidRequestError,
    UnloadedAttributeError,
    aliased,
    exists,
    func,
    insert,
    select,
    selectinload,
    sql,
)
from tests.support.animals import Animal, Cat, Dog, Lion, Owner, Puppy, Toy, Trick

if TYPE_CHECKING:
    from asyncorm.engine.engine import Engine
    from asyncorm.session.factory import SessionFactory
    from tests.support.sent import Sent


async def test_the_base_brings_complete_objects_of_all_classes_in_one_statement(
    Animals: SessionFactory, sent: Sent
) -> None:
    async with Animals() as session:
        sent()
        found = await session.all(select(Animal).order_by(Animal.name))
        assert [type(animal) for animal in found] == [Animal, Cat, Dog, Lion, Puppy]
        _, cid, don, leo, pip = found
        assert isinstance(cid, Cat)
        assert cid.lives == 7
        assert isinstance(leo, Lion)
        assert (leo.lives, leo.mane) == (9, "long")
        assert isinstance(don, Dog)
        assert don.breed == "pug"
        assert isinstance(pip, Puppy)
        assert (pip.breed, pip.weeks) == ("mutt", 6)
        assert [animal.kind for animal in found] == ["animal", "cat", "dog", "lion", "puppy"]
        assert sent.verbs() == ["SELECT"]


async def test_a_class_brings_its_own_rows_and_those_of_its_subclasses(
    Animals: SessionFactory,
) -> None:
    async with Animals() as session:
        cats = await session.all(select(Cat).order_by(Cat.name))
        assert [(type(cat), cat.name) for cat in cats] == [(Cat, "Cid"), (Lion, "Leo")]
        dogs = await session.all(select(Dog).order_by(Dog.name))
        assert [(type(dog), dog.name) for dog in dogs] == [(Dog, "Don"), (Puppy, "Pip")]
        assert [puppy.name for puppy in await session.all(select(Puppy))] == ["Pip"]
        lions = await session.all(select(Lion).where(Lion.name == "Leo", Lion.lives == 9))
        assert [lion.mane for lion in lions] == ["long"]


async def test_a_row_is_one_object_whatever_class_was_asked_for(
    Animals: SessionFactory, sent: Sent
) -> None:
    async with Animals() as session:
        found = await session.all(select(Animal).order_by(Animal.name))
        _, cid, don, leo, pip = found
        sent()
        assert await session.get(Animal, cid.id) is await session.get(Cat, cid.id) is cid
        assert await session.get(Cat, leo.id) is await session.get(Lion, leo.id) is leo
        assert await session.get(Dog, pip.id) is pip
        assert sent() == []
        assert await session.all(select(Dog).order_by(Dog.name)) == [don, pip]
        assert (await session.all(select(Dog).order_by(Dog.name)))[0] is don


async def test_get_finds_no_row_of_another_class(Animals: SessionFactory) -> None:
    async with Animals() as session:
        cid = await session.one(select(Cat).where(Cat.name == "Cid"))
        assert await session.get(Dog, cid.id) is None
        assert await session.get(Lion, cid.id) is None
        assert await session.get_many(Dog, [cid.id]) == [None]
    async with Animals() as session:
        assert await session.get(Dog, cid.id) is None
        again = await session.get(Animal, cid.id)
        assert type(again) is Cat
        assert again.lives == 7
        assert cid.id in {animal.id for animal in session.identity_map.values()}


async def test_columns_and_conditions_of_a_class_are_about_its_rows_only(
    Animals: SessionFactory,
) -> None:
    async with Animals() as session:
        assert await session.all(select(Cat.name).order_by(Cat.name)) == ["Cid", "Leo"]
        assert await session.one(select(func.count(Dog.id))) == 2
        breeds = select(Animal.name, Dog.breed).join(Dog, Dog.id == Animal.id).order_by(Dog.name)
        assert await session.all(breeds) == [("Don", "pug"), ("Pip", "mutt")]
        assert await session.all(select(Dog.name).where(Dog.breed == "mutt")) == ["Pip"]
        inside = select(Dog.id).where(Dog.id == Animal.id, Dog.breed == "pug")
        assert await session.all(select(Animal.name).where(exists(inside))) == ["Don"]


async def test_aliases_of_a_class_are_limited_like_the_class(Animals: SessionFactory) -> None:
    async with Animals() as session:
        cat, dog = aliased(Cat), aliased(Dog)
        assert await session.all(select(cat.name).order_by(cat.name)) == ["Cid", "Leo"]
        pairs = await session.all(
            select(cat, dog).join(dog, dog.owner_id == cat.owner_id).order_by(cat.name, dog.name)
        )
        assert [(one.name, other.name) for one, other in pairs] == [
            ("Cid", "Don"), ("Cid", "Pip"), ("Leo", "Don"), ("Leo", "Pip"),
        ]  # fmt: skip
        assert {type(one) for one, _ in pairs} == {Cat, Lion}
        animal = aliased(Animal)
        found = await session.all(select(animal).where(animal.name > "D").order_by(animal.name))
        assert [type(one) for one in found] == [Dog, Lion, Puppy]
        assert isinstance(found[2], Puppy)
        assert found[2].weeks == 6


async def test_an_outer_join_of_a_class_keeps_rows_that_have_none(Animals: SessionFactory) -> None:
    async with Animals() as session:
        session.add(Owner(name="Bob"))
        await session.flush()
        rows = await session.all(
            select(Owner.name, Cat)
            .outerjoin(Cat, Cat.owner_id == Owner.id)
            .order_by(Owner.name, Cat.name)
        )
        assert [(name, cat and cat.name) for name, cat in rows] == [
            ("Ada", "Cid"), ("Ada", "Leo"), ("Bob", None),
        ]  # fmt: skip
        dogs = await session.all(
            select(Owner.name, Dog)
            .outerjoin(Dog, Dog.owner_id == Owner.id)
            .order_by(Owner.name, Dog.name)
        )
        assert [(name, dog and dog.name) for name, dog in dogs] == [
            ("Ada", "Don"), ("Ada", "Pip"), ("Bob", None),
        ]  # fmt: skip
        pets = await session.all(
            select(Owner.name, Animal).outerjoin(Owner.pets).order_by(Owner.name, Animal.name)
        )
        assert [(name, type(pet)) for name, pet in pets] == [
            ("Ada", Animal), ("Ada", Cat), ("Ada", Dog), ("Ada", Lion), ("Ada", Puppy),
            ("Bob", type(None)),
        ]  # fmt: skip


async def test_rows_are_locked_in_the_tables_of_the_class(
    Animals: SessionFactory, sent: Sent
) -> None:
    async with Animals() as session, Animals() as other:
        sent()
        cid = await session.one(select(Cat).where(Cat.name == "Cid").with_for_update())
        dog = await session.one(select(Dog).where(Dog.name == "Don").with_for_update())
        assert cid.lives == 7
        assert dog.breed == "pug"
        ids = await other.all(
            select(Animal).order_by(Animal.name).with_for_update(skip_locked=True)
        )
        assert [animal.name for animal in ids] == ["Ann", "Leo", "Pip"]


async def test_a_locking_join_locks_no_other_row_of_the_class(Animals: SessionFactory) -> None:
    async with Animals() as session, Animals() as other:
        statement = select(Cat, Toy).join(Toy, Toy.cat_id == Cat.id).where(Toy.name == "ball")
        assert len(await session.all(statement.with_for_update())) == 1
        free = select(Cat.name).with_for_update(skip_locked=True)
        assert await other.all(free) == ["Leo"]


async def test_groups_and_distinct_rows_of_the_base(Animals: SessionFactory) -> None:
    async with Animals() as session:
        grouped = (
            select(Animal, func.count(Toy.id))
            .outerjoin(Toy, Toy.cat_id == Animal.id)
            .group_by(Animal.id)
            .order_by(Animal.name)
        )
        assert [(animal.name, count) for animal, count in await session.all(grouped)] == [
            ("Ann", 0), ("Cid", 2), ("Don", 0), ("Leo", 0), ("Pip", 0),
        ]  # fmt: skip
        latest = select(Animal).distinct(Animal.owner_id).order_by(Animal.owner_id, Animal.name)
        assert [animal.name for animal in await session.all(latest)] == ["Ann"]


async def test_a_connection_reads_the_columns_of_the_base_only(
    Animals: SessionFactory, engine: Engine
) -> None:
    async with engine.connect() as connection:
        result = await connection.execute(select(Animal).order_by(Animal.name))
        assert result.keys() == ("id", "kind", "name", "owner_id")
        assert [row.kind for row in result] == ["animal", "cat", "dog", "lion", "puppy"]


async def test_raw_sql_gives_objects_of_the_classes_that_its_rows_name(
    Animals: SessionFactory,
) -> None:
    async with Animals() as session:
        found = await session.all(sql("select * from animal order by name").into(Animal))
        assert [type(animal) for animal in found] == [Animal, Cat, Dog, Lion, Puppy]
        assert isinstance(found[1], Cat)
        assert found[1].lives == 7
        assert "<unloaded>" in repr(found[4])
        await session.all(select(Dog))
        assert isinstance(found[4], Puppy)
        assert found[4].weeks == 6  # what was not loaded is filled
        session.expire(found[2])
        await session.refresh(found[2])
        assert isinstance(found[2], Dog)
        assert found[2].breed == "pug"
        with pytest.raises(InvalidRequestError, match="no column 'kind'"):
            await session.all(sql("select id, name from animal").into(Animal))


async def test_raw_sql_names_the_tables_of_the_database(Animals: SessionFactory) -> None:
    async with Animals() as session:
        cats = sql("select {} from animal where {} = 7", Cat, Cat.lives).into(Cat)
        assert [(cat.name, cat.lives) for cat in await session.all(cats)] == [("Cid", 7)]
        joined = "select {} from animal join dog using (id) where {} = {} and {} > 'A'"
        dogs = sql(joined, Dog, Dog.breed, "mutt", Dog.name).into(Dog)
        (pip,) = await session.all(dogs)
        assert isinstance(pip, Puppy)
        assert (pip.name, pip.breed, pip.weeks) == ("Pip", "mutt", 6)
        found = await session.all(sql("select {} from animal order by name", Animal).into(Animal))
        assert [type(animal) for animal in found] == [Animal, Cat, Dog, Lion, Puppy]


async def test_a_row_of_an_unknown_class_is_named(Animals: SessionFactory) -> None:
    async with Animals() as session:
        await session.execute(sql("insert into animal (kind, name) values ('bird', 'Bea')"))
        with pytest.raises(InvalidRequestError, match=r"'animal' has kind = 'bird'") as caught:
            await session.all(select(Animal))
        assert "import the module" in str(caught.value)
        assert len(await session.all(select(Cat))) == 2


async def test_an_object_is_read_again_with_all_columns_of_its_class(
    Animals: SessionFactory, sent: Sent
) -> None:
    async with Animals() as session:
        pip = await session.one(select(Animal).where(Animal.name == "Pip"))
        assert isinstance(pip, Puppy)
        await session.execute(sql("update dog set weeks = 7"))
        session.expire(pip)
        assert "weeks=<unloaded>" in repr(pip)
        sent()
        await session.refresh(pip)
        assert pip.weeks == 7
        assert pip.breed == "mutt"
        await session.execute(sql("update dog set weeks = 8"))
        await session.refresh(pip, ["weeks"])
        assert pip.weeks == 8
        again = await session.get(Animal, pip.id, populate_existing=True)
        assert again is pip
        session.expire(pip, ["breed"])
        with pytest.raises(UnloadedAttributeError):
            _ = pip.breed
        assert (await session.all(select(Animal).where(Animal.name == "Pip"))) == [pip]
        assert pip.breed == "mutt"


async def test_relationships_lead_to_objects_of_subclasses(
    Animals: SessionFactory, sent: Sent
) -> None:
    async with Animals() as session:
        ada = await session.one(select(Owner).options(selectinload(Owner.pets)))
        assert {type(pet) for pet in ada.pets} == {Animal, Cat, Lion, Dog, Puppy}
        assert all(pet.owner is ada for pet in ada.pets)
        sent()
        pip = next(pet for pet in ada.pets if isinstance(pet, Puppy))
        assert (pip.breed, pip.weeks) == ("mutt", 6)
        assert sent() == []
    async with Animals() as session:
        toy = await session.one(select(Toy).where(Toy.name == "ball"))
        cat = await session.load(toy, Toy.cat)
        assert type(cat) is Cat
        assert cat.lives == 7


async def test_a_path_goes_on_along_relationships_of_a_subclass(
    Animals: SessionFactory, sent: Sent
) -> None:
    async with Animals() as session:
        sent()
        ada = await session.one(
            select(Owner).options(
                selectinload(Owner.pets).selectinload(Cat.toys),
                selectinload(Owner.pets).selectinload(Dog.tricks).selectinload(Trick.dog),
            )
        )
        assert sent.verbs() == ["SELECT"] * 4
        by_name = {pet.name: pet for pet in ada.pets}
        assert [toy.name for toy in by_name["Cid"].toys] == ["ball", "mouse"]
        assert by_name["Leo"].toys == []
        assert [trick.name for trick in by_name["Don"].tricks] == ["sit"]
        assert by_name["Pip"].tricks == []
        assert sent() == []


async def test_load_of_a_relationship_passes_siblings_of_other_classes_over(
    Animals: SessionFactory, sent: Sent
) -> None:
    async with Animals() as session:
        found = await session.all(select(Animal).order_by(Animal.name))
        _, cid, don, leo, _ = found
        assert isinstance(cid, Cat)
        assert isinstance(leo, Cat)
        assert isinstance(don, Dog)
        sent()
        assert [toy.name for toy in await session.load(cid, Cat.toys)] == ["ball", "mouse"]
        assert leo.toys == []
        assert sent.verbs() == ["SELECT"]
        assert "toys" not in vars(don)
        await session.load(don, Dog.tricks)
        assert "tricks" not in vars(cid)
        assert sent.verbs() == ["SELECT"]
        with pytest.raises(InvalidRequestError, match=r"Cat\.toys is no relationship of Dog"):
            await session.load(don, Cat.toys)  # type: ignore[misc]


async def test_relationships_of_the_base_begin_at_a_subclass_too(Animals: SessionFactory) -> None:
    async with Animals() as session:
        cats = await session.all(select(Cat).options(selectinload(Cat.owner)).order_by(Cat.name))
        assert [cat.owner and cat.owner.name for cat in cats] == ["Ada", "Ada"]
        joined = select(Cat.name, Owner.name).join(Cat.owner).order_by(Cat.name)
        assert await session.all(joined) == [("Cid", "Ada"), ("Leo", "Ada")]
        dogs = select(Dog.name).where(Dog.owner.has(Owner.name == "Ada")).order_by(Dog.name)
        assert await session.all(dogs) == ["Don", "Pip"]
        assert await session.all(select(Puppy.name).where(Puppy.owner == cats[0].owner)) == ["Pip"]
        assert await session.all(
            select(Dog.name).where(Dog.owner.to.name == "Ada").order_by(Dog.name)
        ) == ["Don", "Pip"]


async def test_conditions_on_related_rows_of_a_class(Animals: SessionFactory) -> None:
    async with Animals() as session:
        with_toys = select(Cat.name).where(Cat.toys.any(Toy.name == "ball"))
        assert await session.all(with_toys) == ["Cid"]
        of_cats = select(Toy.name).where(Toy.cat.has(Cat.lives == 7)).order_by(Toy.name)
        assert await session.all(of_cats) == ["ball", "mouse"]
        assert await session.all(select(Trick.name).where(Trick.dog.has(Dog.breed == "pug"))) == [
            "sit"
        ]
        of_type = select(Owner.name).where(Owner.pets.of_type(Dog).any(Dog.breed == "pug"))
        assert await session.all(of_type) == ["Ada"]
        none = select(Owner.name).where(Owner.pets.of_type(Puppy).any(Puppy.breed == "pug"))
        assert await session.all(none) == []
        lives = select(Owner.name, Cat.lives).join(Owner.pets.of_type(Cat)).order_by(Cat.name)
        assert await session.all(lives) == [("Ada", 7), ("Ada", 9)]


async def test_a_thousand_rows_of_all_classes_come_in_one_statement(
    Animals: SessionFactory, sent: Sent
) -> None:
    async with Animals() as session:
        kinds = [
            lambda n: Animal(name=f"x{n}"),
            lambda n: Cat(name=f"x{n}", lives=n),
            lambda n: Lion(name=f"x{n}", mane=f"m{n}"),
            lambda n: Dog(name=f"x{n}", breed=f"b{n}"),
            lambda n: Puppy(name=f"x{n}", breed=f"b{n}", weeks=n),
        ]
        session.add_all([kinds[n % 5](n) for n in range(1000)])
        await session.commit()
    async with Animals() as session:
        sent()
        found = await session.all(select(Animal).where(Animal.name.startswith("x")))
        assert sent.verbs() == ["SELECT"]
        assert len(found) == 1000
        for animal in found:
            n = int(animal.name[1:])
            assert type(animal) is (Animal, Cat, Lion, Dog, Puppy)[n % 5]
            if isinstance(animal, Puppy):
                assert (animal.breed, animal.weeks) == (f"b{n}", n)
            elif isinstance(animal, Dog):
                assert animal.breed == f"b{n}"
            elif isinstance(animal, Lion):
                assert animal.mane == f"m{n}"
            elif isinstance(animal, Cat):
                assert animal.lives == n


async def test_rows_are_inserted_with_the_kind_of_the_class(Animals: SessionFactory) -> None:
    async with Animals() as session:
        made = await session.one(insert(Cat).values(name="Cleo").returning(Cat))
        assert type(made) is Cat
        assert (made.kind, made.lives) == ("cat", 9)
        await session.execute(insert(Animal), [{"name": "Abe"}, {"name": "Amy"}])
        rows = await session.all(sql("select kind, lives from animal where name = 'Abe'"))
        assert tuple(rows[0]) == ("animal", None)
