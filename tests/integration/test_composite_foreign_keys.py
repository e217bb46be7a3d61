"""Foreign keys of several columns, and several foreign keys that share a column."""

from __future__ import annotations

import pytest

from asyncorm import (
    FlushError,
    ForeignKeyConstraint,
    Mapped,
    MetaData,
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
from tests.conftest import CreateTables
from tests.integration.conftest import Sent
from tests.support.library import Desk, Room
from tests.support.rows import rows


class Own(Model):
    metadata = MetaData()


class Tenant(Own, table="tenant"):
    id: Mapped[int] = column(primary_key=True)
    projects: Related[list[Project]] = relationship(back_populates="tenant")
    tasks: Related[list[Task]] = relationship(back_populates="tenant")


class Project(Own, table="tenant_project"):
    tenant_id: Mapped[int] = foreign_key(Tenant.id, primary_key=True)
    number: Mapped[int] = column(primary_key=True)
    tenant: Related[Tenant] = relationship(back_populates="projects")
    tasks: Related[list[Task]] = relationship(
        back_populates="project", cascade="all, delete-orphan", order_by="number"
    )


class Task(Own, table="tenant_task"):
    """Its tenant is part of its key, and of its reference to a project."""

    tenant_id: Mapped[int] = foreign_key(Tenant.id, primary_key=True)
    number: Mapped[int] = column(primary_key=True)
    project_number: Mapped[int | None] = column(default=None)
    tenant: Related[Tenant] = relationship(back_populates="tasks")
    project: Related[Project | None] = relationship(back_populates="tasks")
    __table_args__ = (
        ForeignKeyConstraint(
            ("tenant_id", "project_number"), ("tenant_project.tenant_id", "tenant_project.number")
        ),
    )


class Order(Own, table="comp_order"):
    code: Mapped[str] = column(primary_key=True)
    year: Mapped[int] = column(primary_key=True)
    lines: Related[list[Line]] = relationship(back_populates="order")


class Line(Own, table="comp_line"):
    """Its reference is in its key, and never given by itself."""

    code: Mapped[str] = column(primary_key=True, init=False)
    year: Mapped[int] = column(primary_key=True, init=False)
    number: Mapped[int] = column(primary_key=True)
    order: Related[Order] = relationship(back_populates="lines")
    __table_args__ = (
        ForeignKeyConstraint(("code", "year"), ("comp_order.code", "comp_order.year")),
    )


class Box(Own, table="comp_box"):
    a: Mapped[int] = column(primary_key=True)
    b: Mapped[int] = column(primary_key=True)
    parts: Related[list[Part]] = relationship(back_populates="box")


class Part(Own, table="comp_part"):
    id: Mapped[int] = column(primary_key=True)
    box_a: Mapped[int | None] = column(default=None)
    box_b: Mapped[int | None] = column(default=None)
    box: Related[Box | None] = relationship(back_populates="parts")
    __table_args__ = (ForeignKeyConstraint(("box_a", "box_b"), ("comp_box.a", "comp_box.b")),)


TASKS = "select tenant_id, number, project_number from tenant_task order by 1, 2"


async def test_both_columns_are_filled_moved_and_emptied(
    engine: Engine, tables: CreateTables, sent: Sent
) -> None:
    await tables(Box, Part)
    async with Session(engine) as session:
        here, there = Box(a=1, b=2), Box(a=2, b=1)
        first, second = Part(id=1, box=here), Part(id=2)
        here.parts.append(second)
        session.add_all([there, first])
        await session.commit()
        assert [(p.box_a, p.box_b) for p in (first, second)] == [(1, 2), (1, 2)]
        sent()
        there.parts.append(first)
        here.parts.remove(second)
        await session.flush()
        assert sent.verbs() == ["BEGIN", "UPDATE"]
        await session.commit()
        assert (here.parts, there.parts, second.box) == ([], [first], None)
    found = await rows(engine, "select box_a, box_b from comp_part order by id")
    assert found == [(2, 1), (None, None)]


async def test_they_are_loaded_from_both_sides(
    engine: Engine, tables: CreateTables, sent: Sent
) -> None:
    await tables(Box, Part)
    async with Session(engine) as session:
        session.add(Box(a=1, b=2, parts=[Part(id=1), Part(id=2)]))
        session.add(Box(a=2, b=1, parts=[Part(id=3)]))
        session.add_all([Part(id=4), Part(id=5, box_a=7)])  # one NULL makes it no reference
        await session.commit()
    async with Session(engine) as session:
        sent()
        boxes = await session.all(select(Box).order_by(Box.a).options(selectinload(Box.parts)))
        assert sent.verbs() == ["SELECT", "SELECT"]
        assert [[part.id for part in box.parts] for box in boxes] == [[1, 2], [3]]
        parts = await session.all(select(Part).order_by(Part.id))
        sent()
        await session.load(parts, Part.box)
        assert sent() == []
        assert [part.box for part in parts] == [boxes[0], boxes[0], boxes[1], None, None]
    async with Session(engine) as session:
        loaded = await session.all(select(Part).order_by(Part.id).options(selectinload(Part.box)))
        assert [part.box and part.box.a for part in loaded] == [1, 1, 2, None, None]
        found = await session.all(select(Part.id).join(Part.box).where(Box.a == 2))
        assert found == [3]
        assert await session.all(select(Box.a).where(Box.parts.any(Part.id == 1))) == [1]


async def test_a_shared_column_is_filled_by_either_relationship(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Tenant, Project, Task)
    async with Session(engine) as session:
        tenant = Tenant(id=1)
        project = Project(number=5, tenant=tenant)
        tasks = [
            Task(number=1, project=project),
            Task(number=2, tenant=tenant),
            Task(number=3, tenant=tenant, project=project),
        ]
        session.add_all(tasks)
        await session.commit()
        assert await rows(engine, TASKS) == [(1, 1, 5), (1, 2, None), (1, 3, 5)]
        assert await session.get(Task, (1, 1)) is tasks[0]


async def test_leaving_the_project_keeps_the_tenant(engine: Engine, tables: CreateTables) -> None:
    await tables(Tenant, Project, Task)
    async with Session(engine) as session:
        tenant = Tenant(id=1, projects=[Project(number=5), Project(number=6)])
        first, second = tenant.projects
        kept, moved = Task(number=1, project=first), Task(number=2, project=first)
        session.add_all([tenant, kept, moved])
        await session.commit()
        second.tasks.append(moved)
        await session.commit()
        assert await rows(engine, TASKS) == [(1, 1, 5), (1, 2, 6)]
        first.tasks.remove(kept)
        await session.commit()
        assert inspect(kept).was_deleted
        await session.delete(second)
        await session.commit()
    assert await rows(engine, TASKS) == []


async def test_relationships_that_disagree_on_a_shared_column_are_refused(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Tenant, Project, Task)
    async with Session(engine) as session:
        one, two = Tenant(id=1), Tenant(id=2)
        project = Project(number=5, tenant=two)
        session.add_all([one, project])
        session.add(Task(number=1, tenant=one, project=project))
        with pytest.raises(FlushError, match=r"Task\.tenant_id gets different values"):
            await session.flush()
        session.expunge_all()
        one, two = Tenant(id=1, tasks=[Task(number=1)]), Tenant(id=2, projects=[Project(number=5)])
        session.add_all([one, two])
        await session.flush()
        (task,), (project,) = one.tasks, two.projects
        task.tenant, task.project = two, project
        await session.flush()
        assert (task.tenant_id, task.project_number) == (2, 5)


async def test_a_reference_that_shares_a_required_column_loses_only_the_other_one(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Room, Desk)
    async with Session(engine) as session:
        room = Room(building="A", number=1)
        desk = Desk(id=1, building="A", room=room)
        session.add(desk)
        await session.commit()
        desk.room = None
        await session.commit()
        assert (desk.building, desk.room_number) == ("A", None)
        room.desks.append(desk)
        await session.commit()
        await session.delete(room)
        await session.commit()
    assert await rows(engine, "select building, room_number from desk") == [("A", None)]


async def test_a_relationship_fills_the_reference_in_a_key(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Order, Line)
    async with Session(engine) as session:
        session.add(Order(code="a", year=2024, lines=[Line(number=1), Line(number=2)]))
        await session.commit()
        session.add(Line(number=3))
        with pytest.raises(FlushError, match=r"Line\.code of a new object has no value"):
            await session.flush()
    assert await rows(engine, "select * from comp_line order by number") == [
        ("a", 2024, 1),
        ("a", 2024, 2),
    ]
