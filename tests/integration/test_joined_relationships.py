"""Relationships of entities with several tables, and of those that share one."""

from __future__ import annotations

from typing import Any

from asyncorm import (
    Mapped,
    Model,
    Related,
    Session,
    column,
    foreign_key,
    inspect,
    relationship,
    select,
    selectinload,
)
from asyncorm.engine.engine import Engine
from asyncorm.sql.table import MetaData
from tests.conftest import CreateTables
from tests.integration.conftest import Sent
from tests.support.kennel import Animal, Cat, Doctor, Dog, Employee, Keeper, Kennel, Owner
from tests.support.rows import rows


class Zoo(Model):
    metadata = MetaData()


class Beast(Zoo, table="beast"):
    id: Mapped[int] = column(primary_key=True, init=False)
    kind: Mapped[str]
    facts: Mapped[dict[str, Any]] = column(default_factory=dict)
    vets: Related[list[Vet]] = relationship(secondary="beast_vet", back_populates="beasts")
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "beast"}


class Lion(Beast, table="lion"):
    id: Mapped[int] = foreign_key(Beast.id, primary_key=True)
    prey: Mapped[list[str]] = column(default_factory=list)
    toys: Related[list[Toy]] = relationship(secondary="lion_toy", back_populates="lions")
    rival_id: Mapped[int | None] = foreign_key("lion.id")
    rival: Related[Lion | None] = relationship(
        foreign_keys="rival_id", remote_side="id", post_update=True
    )
    hunts: Related[list[Beast]] = relationship(secondary="hunt")
    cage_id: Mapped[int | None] = foreign_key("cage.id", ondelete="SET NULL")
    chip_id: Mapped[int | None] = foreign_key("chip.id")
    chip: Related[Chip | None] = relationship(cascade="all, delete-orphan", single_parent=True)
    __mapper_args__ = {"polymorphic_identity": "lion"}


class Bear(Beast, table="bear"):
    """Has an attribute of the same name as another class, for another table."""

    id: Mapped[int] = foreign_key(Beast.id, primary_key=True)
    cage_id: Mapped[int | None] = foreign_key("toy.id", ondelete="SET NULL")
    __mapper_args__ = {"polymorphic_identity": "bear"}


class Cage(Zoo, table="cage"):
    id: Mapped[int] = column(primary_key=True, init=False)


class Chip(Zoo, table="chip"):
    id: Mapped[int] = column(primary_key=True, init=False)


class Toy(Zoo, table="toy"):
    id: Mapped[int] = column(primary_key=True, init=False)
    lions: Related[list[Lion]] = relationship(secondary="lion_toy", back_populates="toys")


class Vet(Zoo, table="vet"):
    id: Mapped[int] = column(primary_key=True, init=False)
    beasts: Related[list[Beast]] = relationship(secondary="beast_vet", back_populates="vets")


async def test_link_tables_refer_to_the_table_of_the_class_that_has_the_relationship(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Zoo)
    targets = {
        name: {key.target.name for key in Zoo.metadata.tables[name].foreign_keys}
        for name in ("lion_toy", "beast_vet")
    }
    assert targets == {"lion_toy": {"lion", "toy"}, "beast_vet": {"beast", "vet"}}
    async with Session(engine) as session:
        lion = Lion(toys=[Toy(), Toy()], vets=[vet := Vet()])
        vet.beasts.append(Beast())
        session.add(lion)
        await session.commit()
        session.expunge_all()
        found = await session.one(
            select(Lion).options(selectinload(Lion.toys), selectinload(Lion.vets))
        )
        assert (len(found.toys), len(found.vets)) == (2, 1)
        await session.delete(found)
        await session.commit()
    assert await rows(engine, "select count(*) from lion_toy") == [(0,)]
    assert await rows(engine, "select beast_id from beast_vet") == [(2,)]


async def test_a_deleted_member_leaves_the_collection_of_a_subclass(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Zoo)
    async with Session(engine) as session:
        lion = Lion(toys=[first := Toy(), second := Toy()], hunts=[Beast()])
        session.add(lion)
        await session.commit()
        assert await rows(engine, "select lion_id, beast_id from hunt") == [
            (lion.id, lion.hunts[0].id)
        ]
        await session.delete(first)
        await session.commit()
        assert list(lion.toys) == [second]


async def test_what_a_subclass_owns_goes_when_it_lets_go(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Zoo)
    async with Session(engine) as session:
        session.add(lion := Lion(chip=Chip()))
        await session.commit()
        lion.chip = None
        await session.commit()
    assert await rows(engine, "select count(*) from chip") == [(0,)]


async def test_a_reference_that_the_server_empties_is_that_of_the_right_class(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Zoo)
    async with Session(engine) as session:
        session.add_all([cage := Cage(), toy := Toy()])
        await session.flush()
        assert cage.id == toy.id
        session.add_all([lion := Lion(cage_id=cage.id), bear := Bear(cage_id=toy.id)])
        await session.commit()
        await session.delete(cage)
        await session.commit()
        assert (lion.cage_id, bear.cage_id) == (None, toy.id)


async def test_changes_inside_values_are_written_to_their_table(
    engine: Engine, tables: CreateTables, sent: Sent
) -> None:
    await tables(Zoo)
    async with Session(engine) as session:
        session.add_all([lion := Lion(), Lion()])
        await session.commit()
        sent()
        lion.prey.append("gnu")
        await session.commit()
        assert [text.split(" AS ")[0] for text in sent() if text[:6] == "UPDATE"] == [
            'UPDATE "lion"'
        ]
        lion.facts["age"] = 3
        lion.prey.append("zebra")
        await session.commit()
        assert not inspect(lion).modified
    assert await rows(
        engine, "select facts->>'age', prey from beast natural join lion order by id"
    ) == [
        ("3", ["gnu", "zebra"]),
        (None, []),
    ]


async def test_rivals_are_written_after_their_rows(engine: Engine, tables: CreateTables) -> None:
    await tables(Zoo)
    async with Session(engine) as session:
        one, other = Lion(), Lion()
        one.rival, other.rival = other, one
        session.add(one)
        await session.commit()
        assert await rows(engine, "select id, rival_id from lion order by id") == [
            (one.id, other.id),
            (other.id, one.id),
        ]
        await session.delete(one)
        await session.delete(other)
        await session.commit()
    assert await rows(engine, "select count(*) from beast") == [(0,)]


async def test_what_the_server_deletes_with_a_base_row_is_gone_in_memory(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Kennel)
    async with Session(engine) as session:
        owner = Owner(animals=[cat := Cat(name="a"), Dog(name="b", breed="x")])
        session.add(owner)
        await session.commit()
        await session.delete(cat)
        await session.commit()
        assert [animal.name for animal in owner.animals] == ["b"]
        assert inspect(cat).detached
        assert await session.all(select(Cat)) == []


async def test_an_object_of_another_class_with_the_same_key_is_undone(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Kennel)
    async with Session(engine) as session:
        session.add(cat := Cat(name="a"))
        await session.commit()
        await session.delete(cat)
        session.add(dog := Dog(id=cat.id, name="b", breed="x"))
        await session.flush()
        assert await session.get(Animal, cat.id) is dog
        await session.rollback()
        assert await session.get(Animal, cat.id) is cat
        assert inspect(dog).transient


async def test_the_discriminator_is_written_and_classes_of_one_table_refer_to_each_other(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Kennel)
    async with Session(engine) as session:
        doctor = Doctor(name="d", title="Dr")
        session.add_all([keeper := Keeper(name="k", keys=2, boss=doctor), Employee(name="e")])
        await session.commit()
        assert await rows(
            engine, "select kind, name, keys, title, boss_id from employee order by name"
        ) == [
            ("doctor", "d", None, "Dr", None),
            ("employee", "e", None, None, None),
            ("keeper", "k", 2, None, doctor.id),
        ]
        keeper.keys, doctor.title, doctor.name = 3, "Prof", "x"
        await session.commit()
        session.expunge_all()
        for employee in await session.all(select(Employee)):
            await session.delete(employee)
        await session.commit()
    assert await rows(engine, "select count(*) from employee") == [(0,)]


async def test_a_class_of_one_table_brings_its_table_along(engine: Engine) -> None:
    await engine.create_all(Owner, Dog)
    try:
        assert await rows(engine, "select count(*) from animal") == [(0,)]

    finally:
        await engine.drop_all(Owner, Dog)
    await engine.create_all(Keeper)
    assert await rows(engine, "select badge from employee") == []
    await engine.drop_all(Keeper)


async def test_a_base_brings_the_tables_of_its_classes_along(engine: Engine) -> None:
    await engine.create_all(Owner, Animal)
    async with Session(engine) as session:
        assert await session.all(select(Animal)) == []
    await engine.drop_all(Owner, Animal)
    assert await rows(engine, "select to_regclass('dog') is null") == [(True,)]
