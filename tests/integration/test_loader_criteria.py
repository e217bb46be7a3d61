"""with_loader_criteria: a condition on all rows of an entity, wherever a statement reads them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from asyncorm import (
    ArgumentError,
    Execution,
    Mapped,
    MetaData,
    Model,
    Related,
    SessionFactory,
    UnloadedAttributeError,
    aliased,
    column,
    defer,
    event,
    exists,
    foreign_key,
    func,
    generated,
    joinedload,
    relationship,
    select,
    selectinload,
    sessionmaker,
    union_all,
    with_loader_criteria,
)
from asyncorm import (
    Session as SessionType,
)
from asyncorm.engine.engine import Engine
from tests.conftest import CreateTables
from tests.integration.conftest import Sent

GONE = datetime(2020, 1, 1, tzinfo=UTC)


class SoftDelete(Model):
    """Rows are marked instead of deleted."""

    deleted_at: Mapped[datetime | None] = column(default=None)


class Tenanted(Model):
    metadata = MetaData()


class Writer(Tenanted, SoftDelete, table="writer"):
    id: Mapped[int] = generated(primary_key=True)
    name: Mapped[str]
    tenant: Mapped[int] = column(default=1)
    works: Related[list[Work]] = relationship(back_populates="writer", order_by="id")


class Work(Tenanted, SoftDelete, table="work"):
    id: Mapped[int] = generated(primary_key=True)
    title: Mapped[str]
    tenant: Mapped[int] = column(default=1)
    writer_id: Mapped[int | None] = foreign_key(Writer.id)
    writer: Related[Writer | None] = relationship(back_populates="works")
    topics: Related[list[Topic]] = relationship(secondary="about", order_by="id")


class Topic(Tenanted, SoftDelete, table="topic"):
    id: Mapped[int] = generated(primary_key=True)
    name: Mapped[str]


class Part(Tenanted, SoftDelete, table="part"):
    """A part of another part."""

    id: Mapped[int] = generated(primary_key=True)
    name: Mapped[str]
    whole_id: Mapped[int | None] = foreign_key("part.id")
    whole: Related[Part | None] = relationship(back_populates="parts", remote_side="id")
    parts: Related[list[Part]] = relationship(back_populates="whole", order_by="id")


class Chest(Tenanted, table="chest"):
    id: Mapped[int] = generated(primary_key=True)
    drawers: Related[list[Drawer]] = relationship(cascade="all, delete-orphan")


class Drawer(Tenanted, table="drawer"):
    id: Mapped[int] = generated(primary_key=True)
    chest_id: Mapped[int] = foreign_key(Chest.id)
    things: Related[list[Thing]] = relationship(cascade="all, delete-orphan")


class Thing(Tenanted, SoftDelete, table="thing"):
    id: Mapped[int] = generated(primary_key=True)
    drawer_id: Mapped[int] = foreign_key(Drawer.id)


ALIVE = with_loader_criteria(SoftDelete, lambda cls: cls.deleted_at.is_(None))
WRITERS = select(Writer).order_by(Writer.id)


@pytest.fixture
async def Session(tables: CreateTables, engine: Engine) -> SessionFactory:  # noqa: N802
    await tables(Tenanted)
    factory = sessionmaker(engine)
    old, new = Topic(name="old", deleted_at=GONE), Topic(name="new")
    async with factory.begin() as session:
        session.add_all(
            [
                Writer(
                    name="a",
                    works=[
                        Work(title="a1", topics=[old, new]),
                        Work(title="a2", deleted_at=GONE),
                        Work(title="a3", tenant=2),
                    ],
                ),
                Writer(name="b", deleted_at=GONE, works=[Work(title="b1")]),
                Writer(name="c", tenant=2),
            ]
        )
    return factory


def titles(writer: Writer) -> list[str]:
    return [work.title for work in writer.works]


async def test_what_is_selected_is_filtered(Session: SessionFactory, sent: Sent) -> None:
    async with Session() as session:
        found = await session.all(WRITERS.options(ALIVE))
        assert [writer.name for writer in found] == ["a", "c"]
        assert await session.all(select(Writer.name).order_by(Writer.id).options(ALIVE)) == [
            "a", "c",
        ]  # fmt: skip
        assert await session.one(select(func.count()).select_from(Writer).options(ALIVE)) == 2
        either = select(Writer.name).where((Writer.name == "b") | (Writer.name == "c"))
        assert await session.all(either.options(ALIVE)) == ["c"]


async def test_what_is_joined_is_filtered_where_it_is_joined(Session: SessionFactory) -> None:
    rows = select(Writer.name, Work.title).order_by(Writer.id, Work.id)
    async with Session() as session:
        assert await session.all(rows.join(Writer.works).options(ALIVE)) == [
            ("a", "a1"), ("a", "a3"),
        ]  # fmt: skip
        # a writer without living works stays
        works = with_loader_criteria(Work, Work.title == "b1")
        assert await session.all(rows.outerjoin(Writer.works).options(works)) == [
            ("a", None), ("b", "b1"), ("c", None),
        ]  # fmt: skip
        topics = select(Work.title, Topic.name).outerjoin(Work.topics).order_by(Work.id, Topic.id)
        assert await session.all(topics.options(ALIVE)) == [
            ("a1", "new"), ("a3", None), ("b1", None),
        ]  # fmt: skip


async def test_subqueries_exists_and_implied_joins_are_filtered(Session: SessionFactory) -> None:
    two = with_loader_criteria(Work, Work.tenant == 2)
    names = select(Writer.name).order_by(Writer.id)
    async with Session() as session:
        assert await session.all(names.where(Writer.works.any()).options(two)) == ["a"]
        assert await session.all(names.where(Writer.works.any()).options(ALIVE)) == ["a"]
        some = exists(select(Work.id).where(Work.writer_id == Writer.id))
        assert await session.all(names.where(some).options(two)) == ["a"]
        number = select(func.count(Work.id)).where(Work.writer_id == Writer.id).scalar_subquery()
        assert await session.all(select(number).select_from(Writer).order_by(Writer.id)) == [
            3, 1, 0,
        ]  # fmt: skip
        counted = select(Writer.name, number).order_by(Writer.id)
        assert await session.all(counted.options(two)) == [("a", 1), ("b", 0), ("c", 0)]
        sub = select(Work.writer_id).subquery()
        assert await session.all(select(sub.c.writer_id).options(two)) == [1]
        implied = select(Work.title, Work.writer.to.name).order_by(Work.id).options(ALIVE)
        assert await session.all(implied) == [("a1", "a"), ("a3", "a"), ("b1", None)]


async def test_set_operations_are_filtered(Session: SessionFactory) -> None:
    one, two = (select(Writer).where(Writer.tenant == tenant) for tenant in (1, 2))
    async with Session() as session:
        found = await session.all(union_all(one, two).options(ALIVE))
        assert sorted(writer.name for writer in found) == ["a", "c"]


async def test_aliases_are_filtered_only_if_asked_for(Session: SessionFactory) -> None:
    other = aliased(Writer)
    names = select(other.name).order_by(other.id)
    too = with_loader_criteria(Writer, Writer.deleted_at.is_(None), include_aliases=True)
    async with Session() as session:
        assert await session.all(names.options(ALIVE)) == ["a", "b", "c"]
        assert await session.all(names.options(too)) == ["a", "c"]


async def test_collections_are_filtered_and_say_so(Session: SessionFactory, sent: Sent) -> None:
    statement = WRITERS.options(ALIVE, selectinload(Writer.works).selectinload(Work.topics))
    async with Session() as session:
        first = (await session.all(statement))[0]
        assert titles(first) == ["a1", "a3"]
        assert [topic.name for topic in first.works[0].topics] == ["new"]
        assert sent.verbs() == ["SELECT"] * 3
        assert "partial" in repr(first)
    async with Session() as session:
        first = (await session.all(WRITERS.options(selectinload(Writer.works))))[0]
        assert "partial" not in repr(first)


async def test_what_is_joined_with_it_is_filtered(Session: SessionFactory, sent: Sent) -> None:
    statement = WRITERS.options(ALIVE, joinedload(Writer.works).joinedload(Work.topics))
    for limited in (statement, statement.limit(2)):
        async with Session() as session:
            sent()
            first, last = await session.all(limited)
            assert titles(first) == ["a1", "a3"]
            assert titles(last) == []
            assert [topic.name for topic in first.works[0].topics] == ["new"]
            assert len(sent()) == 1
            assert "partial" in repr(first)
    async with Session() as session:
        works = select(Work).order_by(Work.id).options(ALIVE, joinedload(Work.writer))
        assert [w.writer and w.writer.name for w in await session.all(works)] == ["a", "a", None]
    async with Session() as session:
        some = Writer.works.where(Work.title != "a1")
        first = (await session.all(WRITERS.options(ALIVE, joinedload(some))))[0]
        assert titles(first) == ["a3"]
        first = (await session.all(WRITERS.options(ALIVE, selectinload(Writer.works.top(1)))))[0]
        assert titles(first) == ["a1"]


async def test_a_locked_object_is_read_again_with_what_is_joined(Session: SessionFactory) -> None:
    async with Session() as session:
        options = [ALIVE, joinedload(Writer.works)]
        first = await session.get_one(Writer, 1, options=options)
        first.deleted_at = GONE
        await session.flush()
        session.expire(first)
        locked = await session.get(Writer, 1, options=options, with_for_update=True)
        assert locked is first
        assert titles(first) == ["a1", "a3"]


async def test_a_tree_is_filtered_on_every_level(Session: SessionFactory) -> None:
    async with Session.begin() as session:
        inner = Part(name="b", parts=[Part(name="c"), Part(name="d", deleted_at=GONE)])
        gone = Part(name="x", deleted_at=GONE, parts=[Part(name="y")])
        session.add(Part(name="a", parts=[inner, gone]))
    top = select(Part).where(Part.whole_id.is_(None))
    below = (selectinload(Part.parts, recursion_depth=-1), joinedload(Part.parts, Part.parts))
    for option in below:
        async with Session() as session:
            root = await session.one(top.options(ALIVE, option))
            assert [part.name for part in root.parts] == ["b"]
            assert [part.name for part in root.parts[0].parts] == ["c"]
    names = select(Part.name).order_by(Part.id).options(ALIVE)
    async with Session() as session:
        assert await session.all(names.where(Part.parts.any(Part.name.in_(["d", "c"])))) == ["b"]
        assert await session.all(names.where(~Part.parts.any())) == ["c", "y"]
        assert await session.all(names.where(Part.whole.has(Part.name == "x"))) == []


async def test_a_stream_and_a_cte_are_filtered(Session: SessionFactory) -> None:
    async with Session() as session:
        statement = WRITERS.options(ALIVE, selectinload(Writer.works))
        found = [titles(one) async for one in await session.stream(statement, prefetch=1)]
        assert found == [["a1", "a3"], []]
        names = select(Writer.name).cte()
        assert await session.all(select(names.c.name).order_by(names.c.name).options(ALIVE)) == [
            "a",
            "c",
        ]


async def test_populate_existing_loads_collections_without_what_is_gone(
    Session: SessionFactory,
) -> None:
    again = WRITERS.options(ALIVE, selectinload(Writer.works))
    async with Session() as session:
        first = (await session.all(WRITERS.options(selectinload(Writer.works))))[0]
        assert titles(first) == ["a1", "a2", "a3"]
        await session.all(again)
        # what is whole stays
        assert titles(first) == ["a1", "a2", "a3"]
        await session.all(again.execution_options(populate_existing=True))
        assert titles(first) == ["a1", "a3"]


async def test_a_reference_is_filtered_though_its_object_is_held(Session: SessionFactory) -> None:
    async with Session() as session:
        held = await session.all(WRITERS)
        works = select(Work).order_by(Work.id).options(ALIVE, selectinload(Work.writer))
        found = await session.all(works)
        assert [work.writer for work in found] == [held[0], held[0], None]
        assert found[2].writer_id == held[1].id
        assert not session.dirty


async def test_objects_take_criteria_along_for_what_is_loaded_later(
    Session: SessionFactory, sent: Sent
) -> None:
    async with Session() as session:
        first, last = await session.all(WRITERS.options(ALIVE))
        works = await session.load(first, Writer.works)
        assert [work.title for work in works] == ["a1", "a3"]
        sent()
        assert await session.load(first, Writer.works) is works
        assert await session.load(last, Writer.works) == []
        assert sent() == []
        assert [t.name for t in await session.load(works[0], Work.topics)] == ["new"]
        work = await session.get_one(Work, 2)
        assert work.title == "a2"
    async with Session() as session:
        stays = with_loader_criteria(Writer, Writer.tenant == 1, propagate_to_loaders=False)
        works_only = with_loader_criteria(Work, Work.tenant == 2, propagate_to_loaders=False)
        first, _ = await session.all(WRITERS.options(stays, works_only))
        assert len(await session.load(first, Writer.works)) == 3


async def test_memory_does_not_answer_past_the_criteria(Session: SessionFactory) -> None:
    async with Session() as session:
        await session.all(WRITERS)
        work = await session.one(select(Work).where(Work.title == "b1").options(ALIVE))
        with pytest.raises(UnloadedAttributeError, match=r"Work\.writer is not loaded"):
            _ = work.writer
        assert await session.load(work, Work.writer) is None


async def test_reading_again_is_never_filtered(Session: SessionFactory) -> None:
    async with Session() as session:
        statement = WRITERS.options(ALIVE, defer(Writer.name), selectinload(Writer.works))
        first = (await session.all(statement))[0]
        first.deleted_at = GONE
        await session.flush()
        await session.refresh(first)
        assert titles(first) == ["a1", "a3"]
        assert await session.load(first, Writer.name) == "a"
        await session.refresh(first, ["tenant"])
        session.expire(first)
        assert await session.get(Writer, first.id, options=[ALIVE]) is first
        session.expire(first)
        assert await session.get_many(Writer, [first.id, 2], options=[ALIVE]) == [first, None]
        assert await session.get(Writer, 2, options=[ALIVE]) is None


async def test_a_flush_knows_all_members_whatever_was_filtered(Session: SessionFactory) -> None:
    async with Session() as session:
        first = (await session.all(WRITERS.options(ALIVE, selectinload(Writer.works))))[0]
        await session.delete(first)
        await session.commit()
        left = select(Work.title).where(Work.writer_id.is_(None)).order_by(Work.id)
        assert await session.all(left) == ["a1", "a2", "a3"]


async def test_an_orphan_takes_along_what_a_listener_filters(Session: SessionFactory) -> None:
    async with Session.begin() as session:
        session.add(Chest(drawers=[Drawer(things=[Thing(), Thing(deleted_at=GONE)])]))

    def only_alive(session: Any, execution: Execution) -> None:
        if execution.is_select:
            execution.statement = execution.statement.options(ALIVE)

    async with Session() as session:
        event.listen(session, "do_orm_execute", only_alive)
        chest = await session.one(select(Chest).options(selectinload(Chest.drawers)))
        chest.drawers.clear()
        await session.commit()
    async with Session() as session:
        assert await session.all(select(Thing)) == []


async def test_values_are_bound_and_statements_are_compiled_once(
    Session: SessionFactory, engine: Engine, sent: Sent
) -> None:
    def of(tenant: int) -> Any:
        mine = [
            with_loader_criteria(entity, lambda cls: cls.tenant == tenant)
            for entity in (Writer, Work)
        ]
        return WRITERS.options(*mine, selectinload(Writer.works))

    async with Session() as session:
        first = await session.all(of(1))
    known, texts = len(engine.statements), sent()
    async with Session() as session:
        second = await session.all(of(2))
        assert sent() == texts
    assert len(engine.statements) == known
    assert [[writer.name, titles(writer)] for writer in first] == [
        ["a", ["a1", "a2"]], ["b", ["b1"]],
    ]  # fmt: skip
    assert [[writer.name, titles(writer)] for writer in second] == [["c", []]]


async def test_the_same_session_can_look_with_other_values(Session: SessionFactory) -> None:
    def works_of(tenant: int) -> Any:
        mine = with_loader_criteria(Work, Work.tenant == tenant)
        return WRITERS.options(mine, selectinload(Writer.works))

    async with Session() as session:
        assert titles((await session.all(works_of(1)))[0]) == ["a1", "a2"]
        assert titles((await session.all(works_of(2)))[0]) == ["a3"]
        assert titles((await session.all(WRITERS.options(selectinload(Writer.works))))[0]) == [
            "a1", "a2", "a3",
        ]  # fmt: skip


@pytest.mark.parametrize("everywhere", [True, False])
async def test_a_listener_filters_all_statements_of_a_session(
    Session: SessionFactory, everywhere: bool
) -> None:
    """The recipe for tenants: added to all reads, or only to those that people write."""
    async with Session() as session:

        @event.listens_for(session, "do_orm_execute")
        def only_mine(session: SessionType, execution: Execution) -> None:
            mine = execution.is_select and not execution.is_column_load
            if mine and (everywhere or not execution.is_relationship_load):
                tenant = [
                    with_loader_criteria(entity, lambda cls: cls.tenant == 1)
                    for entity in (Writer, Work)
                ]
                execution.statement = execution.statement.options(*tenant)

        found = await session.all(WRITERS.options(selectinload(Writer.works)))
        assert [titles(writer) for writer in found] == [["a1", "a2"], ["b1"]]
        assert await session.get(Writer, 3) is None
        session.expunge_all()
        first = await session.one(WRITERS.where(Writer.name == "a"))
        assert [work.title for work in await session.load(first, Writer.works)] == ["a1", "a2"]
        assert "partial" in repr(first)
        first.tenant = 3
        await session.flush()
        await session.refresh(first)
        assert await session.get(Writer, first.id) is first
        await session.delete(first)
        await session.flush()
        await session.commit()
    async with Session() as session:
        assert len(await session.all(WRITERS)) == 2
        left = select(Work.title).where(Work.writer_id.is_(None)).order_by(Work.id)
        assert await session.all(left) == ["a1", "a2", "a3"]


async def test_a_listener_that_filters_column_loads_too_does_no_harm(
    Session: SessionFactory,
) -> None:
    async with Session() as session:

        @event.listens_for(session, "do_orm_execute")
        def filter_all(session: SessionType, execution: Execution) -> None:
            execution.statement = execution.statement.options(
                with_loader_criteria(Writer, Writer.tenant == 1)
            )

        first = await session.get_one(Writer, 1)
        first.tenant = 3
        await session.flush()
        await session.refresh(first)
        await session.refresh(first, ["name"])
        session.expire(first)
        assert await session.get(Writer, 1) is first
        session.expire(first)
        assert await session.load(first, Writer.name) == "a"


async def test_a_class_declared_later_is_filtered_too(
    Session: SessionFactory, tables: CreateTables
) -> None:
    async with Session() as session:
        await session.all(WRITERS.options(ALIVE))

        class Later(Tenanted, SoftDelete, table="later"):
            id: Mapped[int] = generated(primary_key=True)

        await tables(Later)
        session.add_all([Later(), Later(deleted_at=GONE)])
        await session.commit()
        assert len(await session.all(select(Later).options(ALIVE))) == 1


async def test_what_is_no_class_or_no_condition_is_refused() -> None:
    with pytest.raises(ArgumentError, match="takes a class"):
        with_loader_criteria(aliased(Writer), Writer.tenant == 1)
    with pytest.raises(ArgumentError, match="a str is no condition for Writer"):
        with_loader_criteria(Writer, "tenant = 1")  # type: ignore[arg-type]
