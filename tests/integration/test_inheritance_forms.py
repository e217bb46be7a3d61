"""Hierarchies of other shapes: kinds that are enums or numbers, keys of several columns, references
within a hierarchy, many-to-many, relationships that load by themselves."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from asyncorm import (
    InvalidRequestError,
    Mapped,
    MetaData,
    Model,
    Related,
    column,
    foreign_key,
    insert,
    relationship,
    select,
    selectinload,
    sessionmaker,
    sql,
    update,
)
from tests.support.animals import Animal, Cat, Dog

if TYPE_CHECKING:
    from asyncorm.engine.engine import Engine
    from asyncorm.session.factory import SessionFactory
    from tests.conftest import CreateTables
    from tests.support.sent import Sent


class Form(enum.Enum):
    ROUND = "round"
    SQUARE = "square"


class Base(Model):
    metadata = MetaData()


class Figure(Base, table="figure"):
    id: Mapped[UUID] = column(primary_key=True, default_factory=uuid4)
    form: Mapped[Form] = column(init=False)
    __mapper_args__ = {"polymorphic_on": "form"}


class Circle(Figure):
    radius: Mapped[float]
    __mapper_args__ = {"polymorphic_identity": Form.ROUND}


class Square(Figure, table="square"):
    id: Mapped[UUID] = foreign_key(Figure.id, primary_key=True)
    side: Mapped[float]
    __mapper_args__ = {"polymorphic_identity": Form.SQUARE}


class Seat(Base, table="seat"):
    row: Mapped[str] = column(primary_key=True)
    number: Mapped[int] = column(primary_key=True)
    grade: Mapped[int] = column(init=False)
    __mapper_args__ = {"polymorphic_on": "grade", "polymorphic_identity": 2}


class Sofa(Seat):
    width: Mapped[int]
    __mapper_args__ = {"polymorphic_identity": 1}


class Employee(Base, table="employee"):
    id: Mapped[int] = column(primary_key=True, init=False)
    role: Mapped[str] = column(init=False)
    name: Mapped[str]
    manager_id: Mapped[int | None] = foreign_key("employee.id")
    manager: Related[Manager | None] = relationship(back_populates="reports", remote_side="id")
    skills: Related[set[Skill]] = relationship(secondary="employee_skill", back_populates="experts")
    __mapper_args__ = {"polymorphic_on": "role", "polymorphic_identity": "employee"}


class Manager(Employee, table="manager"):
    id: Mapped[int] = foreign_key(Employee.id, primary_key=True)
    budget: Mapped[int]
    reports: Related[list[Employee]] = relationship(back_populates="manager", lazy="selectin")
    __mapper_args__ = {"polymorphic_identity": "manager"}


class Skill(Base, table="skill"):
    id: Mapped[int] = column(primary_key=True, init=False)
    name: Mapped[str]
    experts: Related[set[Employee]] = relationship(
        secondary="employee_skill", back_populates="skills"
    )


async def test_kinds_are_enums(tables: CreateTables, engine: Engine) -> None:
    await tables(Figure, Square)
    Session = sessionmaker(engine)
    async with Session.begin() as session:
        session.add_all([Circle(radius=1.5), Square(side=2.5)])
    async with Session() as session:
        found = await session.all(select(Figure).order_by(Figure.form))
        assert [type(figure) for figure in found] == [Circle, Square]
        assert [figure.form for figure in found] == [Form.ROUND, Form.SQUARE]
        assert (await session.one(select(Square))).side == 2.5
        assert (await session.one(select(Circle).where(Circle.form == Form.ROUND))).radius == 1.5
        assert await session.get(Square, found[0].id) is None
        assert await session.get(Figure, found[1].id) is found[1]


async def test_kinds_are_numbers_and_keys_have_several_columns(
    tables: CreateTables, engine: Engine
) -> None:
    await tables(Seat)
    Session = sessionmaker(engine)
    async with Session.begin() as session:
        session.add_all([Seat(row="a", number=1), Sofa(row="a", number=2, width=3)])
    async with Session() as session:
        sofa = await session.get(Seat, ("a", 2))
        assert isinstance(sofa, Sofa)
        assert (sofa.grade, sofa.width) == (1, 3)
        assert await session.get(Sofa, ("a", 1)) is None
        assert [seat.number for seat in await session.all(select(Sofa))] == [2]
        made = await session.one(insert(Sofa).values(row="b", number=1, width=4).returning(Sofa))
        assert (type(made), made.grade) == (Sofa, 1)


async def test_a_class_refers_to_others_of_its_hierarchy(
    tables: CreateTables, engine: Engine, sent: Sent
) -> None:
    await tables(Employee, Manager, Skill)
    Session = sessionmaker(engine)
    async with Session.begin() as session:
        boss = Manager(name="boss", budget=9)
        lead = Manager(name="lead", budget=5, manager=boss)
        session.add_all([boss, lead])
        boss.reports.append(Employee(name="ann"))
        lead.reports.append(Employee(name="bea"))
    async with Session() as session:
        sent()
        found = await session.all(select(Employee).order_by(Employee.name))
        assert [type(one) for one in found] == [Employee, Employee, Manager, Manager]
        ann, bea, boss, lead = found
        assert isinstance(boss, Manager)
        assert isinstance(lead, Manager)
        assert {one.name for one in boss.reports} == {"ann", "lead"}
        assert lead.reports == [bea]
        assert ann.manager is boss
        assert sent.verbs() == ["SELECT", "SELECT"]  # reports load by themselves
        wealthy = select(Employee.name).where(Employee.manager.has(Manager.budget > 6))
        assert await session.all(wealthy.order_by(Employee.name)) == ["ann", "lead"]
        led = select(Manager.name).where(Manager.reports.any(Employee.name == "bea"))
        assert await session.all(led) == ["lead"]


async def test_links_to_a_base_hold_objects_of_all_classes(
    tables: CreateTables, engine: Engine
) -> None:
    await tables(Employee, Manager, Skill)
    Session = sessionmaker(engine)
    async with Session.begin() as session:
        skill = Skill(name="sql")
        skill.experts = {Employee(name="ann"), Manager(name="boss", budget=1)}
        session.add(skill)
    async with Session.begin() as session:
        skill = await session.one(select(Skill).options(selectinload(Skill.experts)))
        assert {type(one) for one in skill.experts} == {Employee, Manager}
        boss = next(one for one in skill.experts if isinstance(one, Manager))
        assert await session.load(boss, Manager.skills) == {skill}
        named = select(Manager.name).where(Manager.skills.any(Skill.name == "sql"))
        assert await session.all(named) == ["boss"]
        await session.delete(boss)
    async with Session() as session:
        skill = await session.one(select(Skill).options(selectinload(Skill.experts)))
        assert [one.name for one in skill.experts] == ["ann"]


async def test_a_class_that_is_declared_late_is_found_from_then_on(
    tables: CreateTables, engine: Engine
) -> None:
    class Late(Model):
        metadata = MetaData()

    class Word(Late, table="word"):
        id: Mapped[int] = column(primary_key=True, init=False)
        kind: Mapped[str] = column(init=False)
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "word"}

    Session = sessionmaker(engine)
    await tables(Word)
    async with Session.begin() as session:
        session.add(Word())
    async with Session() as session:
        assert type(await session.get(Word, 1)) is Word
        assert len(await session.all(select(Word))) == 1
        await session.execute(sql("alter table word add tense text"))
        await session.execute(sql("insert into word (kind, tense) values ('verb', 'past')"))
        await session.commit()
        with pytest.raises(InvalidRequestError, match="has kind = 'verb'"):
            await session.get(Word, 2)

    class Verb(Word):
        tense: Mapped[str]
        __mapper_args__ = {"polymorphic_identity": "verb"}

    async with Session() as session:
        verb = await session.get(Word, 2)
        assert isinstance(verb, Verb)
        assert verb.tense == "past"
        assert await session.all(select(Word).where(Word.id == 2)) == [verb]


async def test_a_merge_does_not_change_the_class_of_a_row(Animals: SessionFactory) -> None:
    async with Animals() as session:
        cid = await session.one(select(Cat).where(Cat.name == "Cid"))
        other = Animal(name="x")
        other.id = cid.id
        assert await session.merge(other) is cid
        await session.commit()
        assert (type(cid), cid.kind, cid.name, cid.lives) == (Cat, "cat", "x", 7)


async def test_a_statement_does_not_change_the_class_of_loaded_objects(
    Animals: SessionFactory,
) -> None:
    changed: Any = update(Animal).where(Animal.name == "Ann").values(kind="cat")
    async with Animals() as session:
        ann = await session.one(select(Animal).where(Animal.name == "Ann"))
        with pytest.raises(InvalidRequestError, match=r"changes Animal\.kind"):
            await session.execute(changed)
        session.expunge(ann)
        await session.execute(changed.execution_options(synchronize_session=False))
        again = await session.get(Animal, ann.id)
        assert type(again) is Cat


async def test_rows_of_several_tables_are_not_inserted_by_one_statement(
    Animals: SessionFactory,
) -> None:
    async with Animals() as session:
        with pytest.raises(InvalidRequestError, match="begins in 'animal'"):
            await session.execute(insert(Dog).values(name="x", breed="y"))


async def test_a_stream_gives_objects_of_all_classes(Animals: SessionFactory) -> None:
    async with Animals() as session:
        stream = await session.stream_scalars(select(Animal).order_by(Animal.name))
        async with stream:
            names = [(type(animal).__name__, animal.name) async for animal in stream]
    assert names == [
        ("Animal", "Ann"), ("Cat", "Cid"), ("Dog", "Don"), ("Lion", "Leo"), ("Puppy", "Pip"),
    ]  # fmt: skip


async def test_a_null_in_place_of_a_kind_is_an_error(Animals: SessionFactory) -> None:
    async with Animals() as session:
        await session.execute(sql("alter table animal alter kind drop not null"))
        await session.execute(sql("insert into animal (name) values ('nobody')"))
        with pytest.raises(InvalidRequestError, match="has kind = None"):
            await session.all(select(Animal))
        await session.rollback()
