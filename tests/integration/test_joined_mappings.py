"""What a mapping says of a relationship holds for joins too: its order, its conditions."""

from __future__ import annotations

import pytest

from asyncorm import (
    Engine,
    Mapped,
    MetaData,
    Model,
    Related,
    SessionFactory,
    column,
    foreign_key,
    func,
    joinedload,
    relationship,
    select,
    sessionmaker,
)
from tests.conftest import CreateTables
from tests.support.sent import Sent


class Own(Model):
    metadata = MetaData()


class Track(Own, table="track"):
    id: Mapped[int] = column(primary_key=True)
    title: Mapped[str]


class Entry(Own, table="entry"):
    playlist_id: Mapped[int] = foreign_key("playlist.id", primary_key=True)
    track_id: Mapped[int] = foreign_key(Track.id, primary_key=True)
    place: Mapped[int]


class Playlist(Own, table="playlist"):
    """Its tracks have a place in it, which the link table knows."""

    id: Mapped[int] = column(primary_key=True)
    tracks: Related[list[Track]] = relationship(
        secondary="entry", order_by="entry.place", viewonly=True
    )
    long: Related[list[Track]] = relationship(
        secondary="entry",
        order_by=func.concat(Track.title, "-").desc(),
        secondaryjoin=lambda: (Entry.track_id == Track.id) & (Track.title > "m"),
        viewonly=True,
    )
    late: Related[list[Entry]] = relationship(
        primaryjoin=lambda: (Entry.playlist_id == Playlist.id) & (Entry.place > 1),
        order_by=[(Entry.place * 10).desc()],
        viewonly=True,
    )


@pytest.fixture
async def Lists(engine: Engine, tables: CreateTables) -> SessionFactory:  # noqa: N802
    """Sessions on two lists of the same tracks, in opposite orders."""
    await tables(Own)
    made = sessionmaker(engine)
    async with made() as session:
        session.add_all([Track(id=n, title=title) for n, title in enumerate(["z1", "a2", "x3"])])
        session.add_all([Playlist(id=1), Playlist(id=2)])
        await session.flush()
        session.add_all([Entry(playlist_id=1, track_id=n, place=n) for n in range(3)])
        session.add_all([Entry(playlist_id=2, track_id=n, place=3 - n) for n in range(3)])
        await session.commit()
    return made


async def test_members_are_ordered_by_a_column_of_the_link_table(Lists: SessionFactory) -> None:
    async with Lists() as session:
        for option in (joinedload(Playlist.tracks), joinedload(Playlist.tracks.top(2))):
            lists = await session.all(select(Playlist).options(option).order_by(Playlist.id))
            found = [[track.id for track in one.tracks][:2] for one in lists]
            assert found == [[0, 1], [2, 1]]
            session.expunge_all()


async def test_without_an_order_of_their_own_owners_come_by_their_keys(
    Lists: SessionFactory,
) -> None:
    async with Lists() as session:
        lists = await session.all(select(Playlist).options(joinedload(Playlist.late)))
        assert [(one.id, [entry.place for entry in one.late]) for one in lists] == [
            (1, [2]),
            (2, [3, 2]),
        ]


async def test_values_of_a_mapping_are_sent_with_those_of_the_statement(
    Lists: SessionFactory, sent: Sent
) -> None:
    async with Lists() as session:
        for number in (1, 2):
            sent()
            (found,) = await session.all(
                select(Playlist)
                .where(Playlist.id == number)
                .options(joinedload(Playlist.late), joinedload(Playlist.long))
                .limit(5)
            )
            assert found.id == number
            assert [entry.place for entry in found.late] == [[2], [3, 2]][number - 1]
            assert [track.title for track in found.long] == ["z1", "x3"]
            assert sent.verbs() == ["SELECT"]
            assert "'m'" not in str(sent.statements)
