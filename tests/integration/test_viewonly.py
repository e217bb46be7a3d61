"""viewonly relationships are read, and nothing else."""

from __future__ import annotations

import pytest

from asyncorm import (
    ConfigurationError,
    Mapped,
    MetaData,
    Model,
    Related,
    Session,
    UnloadedAttributeError,
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
from tests.support.rows import rows


class Own(Model):
    metadata = MetaData()


class Writer(Own, table="view_writer"):
    id: Mapped[int] = column(primary_key=True)
    texts: Related[list[Text]] = relationship(back_populates="writer", cascade="all")
    latest: Related[list[Text]] = relationship(viewonly=True, order_by="id")


class Text(Own, table="view_text"):
    id: Mapped[int] = column(primary_key=True)
    writer_id: Mapped[int | None] = foreign_key(Writer.id)
    writer: Related[Writer | None] = relationship(back_populates="texts")
    seen: Related[Writer | None] = relationship(viewonly=True)


class Room(Own, table="view_room"):
    id: Mapped[int] = column(primary_key=True)
    chairs: Related[list[Chair]] = relationship(back_populates="room", viewonly=True)


class Chair(Own, table="view_chair"):
    id: Mapped[int] = column(primary_key=True)
    room_id: Mapped[int | None] = foreign_key(Room.id)
    room: Related[Room | None] = relationship(back_populates="chairs")


async def test_what_is_put_into_it_is_never_written(  # C14
    engine: Engine, tables: CreateTables, sent: Sent
) -> None:
    await tables(Writer, Text)
    async with Session(engine) as session:
        writer, text, stranger = Writer(id=1), Text(id=1), Text(id=2)
        session.add_all([writer, text])
        await session.commit()
        await session.load(writer, Writer.latest)
        sent()
        writer.latest.append(text)
        writer.latest.append(stranger)
        text.seen = Writer(id=9)
        assert stranger not in session
        assert (text.writer, writer.texts) == (None, [])
        assert not session.is_modified(writer)
        assert not session.is_modified(text)
        await session.commit()
        assert sent() == []
        session.clear()  # nothing is lost
    assert await rows(engine, "select id, writer_id from view_text") == [(1, None)]
    assert await rows(engine, "select id from view_writer") == [(1,)]


async def test_it_is_loaded_but_does_not_cascade(  # C14
    engine: Engine, tables: CreateTables, sent: Sent
) -> None:
    await tables(Room, Chair)
    async with Session(engine) as session:
        room = Room(id=1)
        chair = Chair(id=1, room=room)
        session.add(chair)
        await session.commit()
        session.expunge_all()
        room = await session.one(select(Room).options(selectinload(Room.chairs)))
        (chair,) = room.chairs
        session.expunge(room)
        assert chair in session
        session.add(room)
        sent()
        chair.room = None  # the reference is written, the view is left as it was
        await session.flush()
        assert sent.verbs() == ["BEGIN", "UPDATE"]
        assert room.chairs == [chair]
        await session.delete(room)
        await session.flush()
        assert sent.verbs() == ["DELETE"]
        assert inspect(chair).persistent
        await session.commit()
    assert await rows(engine, "select id, room_id from view_chair") == [(1, None)]


async def test_it_is_not_taken_for_empty_where_others_have_written(  # C14
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Writer, Text)
    async with Session(engine) as session:
        writer = Writer(id=1, texts=[Text(id=1)])
        session.add(writer)
        await session.flush()
        with pytest.raises(UnloadedAttributeError, match=r"Writer\.latest is not loaded"):
            len(writer.latest)
        assert inspect(writer).unloaded == {"latest"}
        await session.load(writer, Writer.latest)
        assert writer.latest == writer.texts


@pytest.mark.parametrize("cascade", ["all", "save-update", "delete", "merge"])
def test_it_takes_no_cascade(cascade: str) -> None:  # C14
    with pytest.raises(ConfigurationError, match="viewonly=True does not go with the cascade"):
        relationship(viewonly=True, cascade=cascade)
    assert relationship(viewonly=True).cascade == frozenset()
