"""order_by of a relationship, however it is written, holds for all ways of loading it."""

from __future__ import annotations

from typing import Any

import pytest

from asyncorm import (
    Engine,
    Mapped,
    MetaData,
    Model,
    Related,
    column,
    foreign_key,
    func,
    joinedload,
    nestedload,
    relationship,
    select,
    selectinload,
    sessionmaker,
)
from tests.conftest import CreateTables


class Music(Model):
    metadata = MetaData()


class Band(Music, table="band"):
    id: Mapped[int] = column(primary_key=True)
    by_text: Related[list[Song]] = relationship(viewonly=True, order_by="Song.year.desc()")
    by_lambda: Related[list[Song]] = relationship(
        viewonly=True, order_by=lambda: Song.year.desc().nulls_last()
    )
    by_several: Related[list[Song]] = relationship(
        viewonly=True, order_by=lambda: (func.length(Song.title), Song.year.asc())
    )
    songs: Related[list[Song]] = relationship(order_by=["title.asc()", "id"])
    fans: Related[list[Fan]] = relationship(secondary="band_fan", order_by="Fan.name.desc()")


class Song(Music, table="song"):
    id: Mapped[int] = column(primary_key=True)
    title: Mapped[str]
    year: Mapped[int | None]
    band_id: Mapped[int] = foreign_key(Band.id)


class Fan(Music, table="fan"):
    name: Mapped[str] = column(primary_key=True)


ORDERS = {
    "by_text": [3, 2, 1],  # PostgreSQL puts NULL first where the order is descending
    "by_lambda": [2, 1, 3],
    "by_several": [2, 3, 1],
    "songs": [3, 2, 1],
}


@pytest.mark.parametrize("loader", [selectinload, joinedload, nestedload, None])
async def test_members_are_in_order(engine: Engine, tables: CreateTables, loader: Any) -> None:
    await tables(Music)
    ways = [Band.by_text, Band.by_lambda, Band.by_several, Band.songs, Band.fans]
    async with sessionmaker(engine).begin() as session:
        songs = [
            Song(id=1, title="ccc", year=1970),
            Song(id=2, title="b", year=1980),
            Song(id=3, title="aa", year=None),
        ]
        session.add(Band(id=1, songs=songs, fans=[Fan(name=name) for name in "bca"]))
    async with sessionmaker(engine)() as session:
        options = [loader(way) for way in ways] if loader else []
        band = await session.one(select(Band).options(*options))
        for way in [] if loader else ways:
            await session.load(band, way)
        for name, order in ORDERS.items():
            assert [song.id for song in getattr(band, name)] == order, name
        assert [fan.name for fan in band.fans] == ["c", "b", "a"]
