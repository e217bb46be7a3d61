"""Values that Python has no room for never make a table unreadable, and are written back as they
were."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from pydantic import BaseModel

from asyncorm import (
    CalendarInterval,
    DateTime,
    EndOfDay,
    Mapped,
    MetaData,
    Model,
    OutOfRangeDate,
    OutOfRangeDateTime,
    Range,
    Related,
    Session,
    Time,
    cast,
    column,
    delete,
    foreign_key,
    func,
    generated,
    joinedload,
    literal,
    nestedload,
    relationship,
    select,
    selectinload,
    sql,
    update,
)
from asyncorm.engine.engine import Engine
from tests.conftest import CreateTables


class Beyond(Model):
    metadata = MetaData()


class Event(Beyond, table="event"):
    id: Mapped[int] = generated(primary_key=True)
    name: Mapped[str] = column(default="")
    day: Mapped[date]
    at: Mapped[datetime]
    local: Mapped[datetime] = column(DateTime(timezone=False))
    clock: Mapped[time]
    zoned_clock: Mapped[time] = column(Time(timezone=True))
    span: Mapped[timedelta]
    days: Mapped[list[date]]
    during: Mapped[Range[datetime]]
    notes: Related[list[Note]] = relationship(back_populates="event")


class Note(Beyond, table="note"):
    id: Mapped[int] = generated(primary_key=True)
    event_id: Mapped[int] = foreign_key(Event.id)
    written: Mapped[datetime] = column(server_default=sql("'10000-01-01'"))
    event: Related[Event] = relationship(back_populates="notes")


class EventRead(BaseModel):
    day: date
    at: datetime
    local: datetime
    clock: time
    zoned_clock: time
    span: timedelta
    days: list[date]
    during: Range[datetime]


ROWS = """INSERT INTO event (name, day, at, local, clock, zoned_clock, span, days, during) VALUES
('', '10000-01-01', '0044-03-15 UTC BC', '294276-12-31 23:59:59', '24:00', '24:00+02',
 '1 mon 2 days', '{0001-01-01 BC,2020-01-01}', '[4000-01-01 UTC BC,20000-01-01 UTC]'),
('', 'infinity', '-infinity', 'infinity', '12:00', '12:00+02', '{endless}', '{infinity}',
 '[2020-01-01 UTC,infinity]'),
('', '2020-01-01', '2020-01-01 UTC', '2020-01-01', '12:00', '12:00+02', '-170000000 years', '{}',
 'empty'),
('', '4713-01-01 BC', '4713-01-01 UTC BC', '4713-01-01 BC', '00:00', '00:00+00', '1 year', '{}',
 '(,)')"""
NOTES = "INSERT INTO note (event_id) SELECT id FROM event"
TEXTS = "SELECT e::text FROM event e ORDER BY id"


@pytest.fixture(autouse=True)
async def stored(tables: CreateTables, engine: Engine) -> None:
    await tables(Beyond)
    async with engine.begin() as connection:
        version = (await connection.fetch("SHOW server_version_num"))[0][0]
        # intervals have no end since PostgreSQL 17
        endless = "infinity" if int(version) >= 170_000 else "170000000 years"
        await connection.command(ROWS.replace("{endless}", endless))
        await connection.command(NOTES)


async def texts(engine: Engine) -> list[str]:
    async with engine.connect() as connection:
        return [record[0] for record in await connection.fetch(TEXTS)]


async def test_objects_are_loaded_and_say_what_they_hold(engine: Engine) -> None:
    async with Session(engine) as session:
        first, second, _, last = await session.all(select(Event).order_by(Event.id))
    assert isinstance(first.day, OutOfRangeDate)
    assert str(first.day) == "10000-01-01"
    assert isinstance(first.at, OutOfRangeDateTime)
    assert str(first.at) == "0044-03-15 00:00:00+00 BC"
    assert str(first.local) == "294276-12-31 23:59:59"
    assert isinstance(first.clock, EndOfDay)
    assert str(first.clock) == "24:00:00"
    assert str(first.zoned_clock) == "24:00:00+02:00"
    assert isinstance(first.span, CalendarInterval)
    assert first.span.months == 1
    assert [str(day) for day in first.days] == ["0001-01-01 BC", "2020-01-01"]
    assert str(first.during.lower) == "4000-01-01 00:00:00+00 BC"
    assert second.day == date.max
    assert second.local == datetime.max
    assert str(last.day) == "4713-01-01 BC"
    assert last.day < date(2020, 1, 1) < first.day


async def test_they_are_written_back_as_they_were(engine: Engine) -> None:
    before = await texts(engine)
    names = ("day", "at", "local", "clock", "zoned_clock", "span", "days", "during")
    async with Session(engine) as session:
        events = await session.all(select(Event))
        values = [{"id": e.id, **{name: getattr(e, name) for name in names}} for e in events]
        blank: dict[str, Any] = {
            "day": date(2020, 1, 1),
            "at": datetime(2020, 1, 1, tzinfo=UTC),
            "local": datetime(2020, 1, 1),
            "clock": time(1),
            "zoned_clock": time(1, tzinfo=UTC),
            "span": timedelta(1),
            "days": [],
            "during": Range(empty=True),
        }
        await session.execute(update(Event).values(**blank))
        await session.execute(update(Event), values)
        await session.commit()
    assert await texts(engine) == before


async def test_they_are_written_one_by_one_and_compared(engine: Engine) -> None:
    before = await texts(engine)
    async with Session(engine) as session:
        await session.execute(delete(Note))
        events = await session.all(select(Event).order_by(Event.id))
        for event in events:
            found = select(Event.id).where(
                Event.day == event.day,
                Event.at == event.at,
                Event.local.in_([event.local]),
                Event.clock == event.clock,
                Event.zoned_clock == event.zoned_clock,
                Event.span.in_([event.span]),
                Event.days == event.days,
                Event.during == event.during,
            )
            assert await session.all(found) == [event.id]
            copy = Event(**event.model_dump(exclude={"id", "notes"}))
            session.add(copy)
            await session.flush()
            await session.delete(event)
        await session.commit()
    cut = [text.split(",", 1)[1] for text in before]
    assert [text.split(",", 1)[1] for text in await texts(engine)] == cut


async def test_assigning_what_is_there_is_no_change(engine: Engine) -> None:
    async with Session(engine) as session:
        events = await session.all(select(Event))
        for event, other in zip(events, await session.all(select(Event)), strict=True):
            event.day, event.at, event.span = other.day, other.at, other.span
            event.day = type(event.day)(event.day.toordinal()) if event.id == 1 else event.day
        assert not session.is_modified(events[0])
        events[0].day = date.max
        assert session.is_modified(events[0])


@pytest.mark.parametrize("option", [selectinload, joinedload, nestedload])
async def test_related_objects(engine: Engine, option: Any) -> None:
    async with Session(engine) as session:
        events = await session.all(select(Event).options(option(Event.notes)).order_by(Event.id))
        assert [str(event.notes[0].written) for event in events] == ["10000-01-01 00:00:00+00"] * 4
    async with Session(engine) as session:
        notes = await session.all(select(Note).options(option(Note.event)).order_by(Note.id))
        assert str(notes[0].event.day) == "10000-01-01"


async def test_related_objects_again_and_again(engine: Engine) -> None:
    query = select(Event).options(nestedload(Event.notes)).order_by(Event.id)
    async with Session(engine) as session:
        await session.connection()
        for _ in range(3):
            session.expunge_all()
            events = await session.all(query)
            assert {str(e.notes[0].written) for e in events} == {"10000-01-01 00:00:00+00"}


async def test_returning_raw_sql_streams_and_refresh(engine: Engine) -> None:
    async with Session(engine) as session:
        changed = await session.execute(
            update(Event).values(name="x").returning(Event.at).where(Event.id == 1)
        )
        assert str(changed.one()) == "0044-03-15 00:00:00+00 BC"
        rows = (await session.execute(sql("SELECT day, clock FROM event ORDER BY id"))).all()
        assert [str(value) for value in rows[0]] == ["10000-01-01", "24:00:00"]
        assert len((await session.execute(sql("SELECT * FROM event").into(Event))).all()) == 4
        stream = await session.stream(select(Event).order_by(Event.id))
        assert [str(event.day) async for event in stream][::3] == ["10000-01-01", "4713-01-01 BC"]
        event = await session.get_one(Event, 1)
        await session.refresh(event)
        assert str(event.day) == "10000-01-01"
        await session.commit()


async def test_read_models_have_the_first_or_the_last_there_is(engine: Engine) -> None:
    async with Session(engine) as session:
        first, second, *_ = await session.all(select(Event).order_by(Event.id).into(EventRead))
    assert first.day == date.max
    assert first.clock == time.max
    assert first.local == datetime.max
    assert first.span == timedelta(days=32)
    assert second.during.upper == datetime.max.replace(tzinfo=UTC)


@pytest.mark.parametrize("count", [1, 3])
async def test_a_flush_reads_such_values_back(engine: Engine, count: int) -> None:
    async with Session(engine) as session:
        notes = [Note(event_id=1) for _ in range(count)]
        session.add_all(notes)
        await session.commit()
        assert [str(note.written) for note in notes] == ["10000-01-01 00:00:00+00"] * count
        notes[0].written = cast(literal("4713-01-01 UTC BC"), datetime)
        await session.commit()
        assert str(notes[0].written) == "4713-01-01 00:00:00+00 BC"


async def test_a_function_that_may_do_something_is_called_once(engine: Engine) -> None:
    async with Session(engine) as session:
        await session.execute(sql("CREATE SEQUENCE turns"))
        turn = func.nextval("turns", type_=int)
        found = await session.execute(select(turn, Event.day).where(Event.id == 1))
        assert found.one()[0] == 1
        connection = await session.connection()
        found = await connection.execute(select(turn, Event.clock).where(Event.id == 1))
        assert found.one()[0] == 2
        await session.rollback()


async def test_it_costs_one_more_statement_once(engine: Engine, sent: Any) -> None:
    query = select(Event.id, Event.day).order_by(Event.id).where(Event.name == "")
    async with Session(engine) as session:
        await session.all(query)
        assert len(sent()) == 2
        await session.all(query)
        assert len(sent()) == 1
