"""execute(insert(...), rows): many rows from dicts in one statement."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from asyncorm import (
    InvalidRequestError,
    Mapped,
    MetaData,
    Model,
    NotNullViolation,
    Session,
    column,
    func,
    generated,
    insert,
    inspect,
)
from asyncorm.engine.engine import Engine
from tests.conftest import CreateTables
from tests.integration.conftest import Sent
from tests.support.rows import rows, run


class Base(Model):
    metadata = MetaData()


class Event(Base, table="bulk_event"):
    id: Mapped[int] = generated(primary_key=True)
    name: Mapped[str | None] = column(default=None)
    size: Mapped[int] = column(default=1)
    code: Mapped[UUID] = column(default_factory=uuid4)
    level: Mapped[int | None] = column(server_default=3)
    place: Mapped[str] = column(name="where", server_default=func.upper("here"))


class Ticket(Base, table="bulk_ticket"):
    """Everything has a default in Python."""

    code: Mapped[UUID] = column(primary_key=True, default_factory=uuid4)
    state: Mapped[str] = column(default="open")


async def test_rows_become_objects_in_the_order_given(  # B5
    engine: Engine, tables: CreateTables, sent: Sent
) -> None:
    await tables(Event)
    async with Session(engine) as session:
        sent()
        given = [{"name": str(n), "id": 1000 - n} for n in range(500)]
        events = await session.all(insert(Event).values(given).returning(Event))
        result = await session.execute(insert(Event).returning(Event), [{"name": "x"}] * 3)
        assert sent.verbs() == ["BEGIN", "INSERT", "INSERT"]
        assert [event.name for event in events] == [str(n) for n in range(500)]
        assert result.rowcount == 3
        assert all(inspect(event).persistent for event in events)
        assert await session.get(Event, 1000) is events[0]
        events[0].size = 9
        await session.commit()
    assert await rows(engine, "select size from bulk_event where id = 1000") == [(9,)]


async def test_twenty_thousand_rows_are_one_statement(  # B5
    engine: Engine, tables: CreateTables, sent: Sent
) -> None:
    await tables(Event)
    async with Session(engine) as session:
        sent()
        result = await session.execute(insert(Event), [{"name": str(n)} for n in range(20_000)])
        assert (result.rowcount, result.all()) == (20_000, [])
        assert sent.verbs() == ["BEGIN", "INSERT"]
        await session.commit()
    ((count, codes),) = await rows(engine, "select count(*), count(distinct code) from bulk_event")
    assert (count, codes) == (20_000, 20_000)


async def test_a_missing_key_is_the_default_and_none_is_null(  # B5, D19
    engine: Engine, tables: CreateTables, sent: Sent
) -> None:
    await tables(Event)
    async with Session(engine) as session:
        given: list[dict[str, Any]] = [
            {"name": "a", "level": None},
            {"level": 5, "size": 2},
            {"name": None, "place": "there"},
            {"id": 77},
        ]
        sent()
        events = await session.all(insert(Event).values(given).returning(Event))
        again = (await session.execute(insert(Event).returning(Event.level), given[:3])).all()
        assert sent.verbs() == ["BEGIN", "INSERT", "INSERT"]
    assert [(e.name, e.size, e.level, e.place) for e in events] == [
        ("a", 1, None, "HERE"),
        (None, 2, 5, "HERE"),
        (None, 1, 3, "there"),
        (None, 1, 3, "HERE"),
    ]
    assert events[3].id == 77
    assert again == [None, 5, 3]


async def test_rows_of_several_shapes_are_inserted_whatever_their_number(  # B5
    engine: Engine, tables: CreateTables, sent: Sent
) -> None:
    await tables(Event)
    given: list[dict[str, Any]] = [
        {"name": str(n)} if n % 2 else {"name": str(n), "level": n} for n in range(20_000)
    ]
    async with Session(engine) as session:
        sent()
        result = await session.execute(insert(Event).returning(Event.name, Event.level), given)
        assert sent.verbs() == ["BEGIN", "INSERT", "INSERT"]  # too many for VALUES
        assert result.rowcount == 20_000
        assert result.keys() == ("name", "level")
        found = [tuple(row) for row in result]
        assert found == [(str(n), 3 if n % 2 else n) for n in range(20_000)]


async def test_the_defaults_of_the_model_apply_without_values(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Ticket, Event)
    statement = insert(Ticket).returning(Ticket)
    assert '("code", "state") VALUES' in str(insert(Ticket))
    async with Session(engine) as session:
        ticket = await session.one(statement)
        assert ticket.state == "open"
        assert isinstance(ticket.code, UUID)
        event = await session.one(insert(Event).returning(Event))
        assert (event.size, event.place, event.level) == (1, "HERE", 3)
        other = await session.one(insert(Ticket).values(state="shut").returning(Ticket))
        assert (other.state, other.code == ticket.code) == ("shut", False)


async def test_an_unknown_attribute_is_named(engine: Engine, tables: CreateTables) -> None:
    await tables(Event)
    async with Session(engine) as session:
        with pytest.raises(InvalidRequestError, match="Event has no column 'sise'") as caught:
            await session.execute(insert(Event), [{"name": "a"}, {"sise": 1}])
        assert "did you mean 'size'" in str(caught.value)


async def test_a_failing_row_inserts_none(engine: Engine, tables: CreateTables) -> None:
    await tables(Event)
    async with Session(engine) as session:
        with pytest.raises(NotNullViolation):
            await session.execute(insert(Event), [{"size": 1}, {"size": None}])
        await session.rollback()
        assert await session.all(insert(Event).values(name="x").returning(Event.name)) == ["x"]


async def test_after_a_rollback_the_rows_are_gone(engine: Engine, tables: CreateTables) -> None:
    await tables(Event)
    async with Session(engine) as session:
        (event,) = await session.all(insert(Event).values(name="x").returning(Event))
        await session.rollback()
        assert await session.get(Event, event.id) is None


async def test_a_row_that_replaces_a_loaded_one_refreshes_its_object(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Event)
    async with Session(engine) as session:
        event = Event(id=1, name="old")
        session.add(event)
        await session.commit()
        await run(engine, "delete from bulk_event")
        (found,) = await session.all(insert(Event).values(id=1, name="new").returning(Event))
        assert found is event
        assert event.name == "new"


async def test_rows_of_several_shapes_come_back_in_the_order_given(
    engine: Engine, tables: CreateTables
) -> None:
    given: list[dict[str, Any]] = [
        {"name": str(n), "size": n} if n % 2 else {"name": str(n)} for n in range(60)
    ]
    statement = insert(Event).returning(Event, sort_by_parameter_order=True)
    await tables(Event)
    async with Session(engine) as session:
        found = (await session.scalars(statement, given)).all()
    assert [event.name for event in found] == [str(n) for n in range(60)]
