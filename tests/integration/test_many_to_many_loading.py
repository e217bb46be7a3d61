"""Many-to-many collections are loaded for all siblings at once, and queried along."""

from __future__ import annotations

import pytest

from asyncorm import (
    Mapped,
    MetaData,
    Model,
    Related,
    Session,
    aliased,
    column,
    foreign_key,
    relationship,
    select,
    selectinload,
)
from asyncorm.engine.engine import Engine
from tests.conftest import CreateTables
from tests.integration.conftest import Sent
from tests.support.links import Book, Linked, Person, Tag


class Own(Model):
    metadata = MetaData()


class Track(Own, table="track"):
    id: Mapped[int] = column(primary_key=True, init=False)


class Playlist(Own, table="playlist"):
    """Its tracks have a place in it, which the link table knows."""

    id: Mapped[int] = column(primary_key=True, init=False)
    tracks: Related[list[Track]] = relationship(
        secondary="entry", order_by="entry.place", viewonly=True
    )


class Entry(Own, table="entry"):
    playlist_id: Mapped[int] = foreign_key(Playlist.id, primary_key=True)
    track_id: Mapped[int] = foreign_key(Track.id, primary_key=True)
    place: Mapped[int]


@pytest.fixture(autouse=True)
async def linked(tables: CreateTables, engine: Engine) -> None:
    await tables(Linked)
    a, b, c = (Tag(name=name) for name in "abc")
    async with Session(engine) as session:
        session.add_all([Book(title="x", tags=[b, a]), Book(title="y", tags=[b]), Book(title="z")])
        session.add(c)
        await session.commit()


async def test_a_collection_is_loaded_for_all_rows_in_one_statement(
    engine: Engine, sent: Sent
) -> None:
    async with Session(engine) as session:
        statement = select(Book).options(selectinload(Book.tags)).order_by(Book.title)
        x, y, z = await session.all(statement)
        assert sent.verbs() == ["SELECT", "SELECT"]
        assert [tag.name for tag in x.tags] == ["a", "b"]  # order_by
        assert y.tags == x.tags[1:]  # one object
        assert z.tags == []


async def test_a_path_continues_through_links(engine: Engine, sent: Sent) -> None:
    async with Session(engine) as session:
        x, y, _ = await session.all(select(Book).order_by(Book.title))
        sent()
        await session.load(x, Book.tags, Tag.books)
        assert sent.verbs() == ["SELECT", "SELECT"]
        assert y.tags[0].books == [x, y]
        await session.load(y, Book.tags)
        assert sent.verbs() == []


async def test_new_objects_have_empty_collections(engine: Engine, sent: Sent) -> None:
    async with Session(engine) as session:
        book = Book()
        session.add(book)
        await session.flush()
        sent()
        assert book.tags == []
        await session.load(book, Book.tags)
        assert sent.verbs() == []


async def test_the_order_may_come_from_the_link_table(engine: Engine, tables: CreateTables) -> None:
    await tables(Own)
    async with Session(engine) as session:
        tracks, playlist = [Track() for _ in range(3)], Playlist()
        session.add_all([*tracks, playlist])
        await session.flush()
        for place, track in enumerate(reversed(tracks)):
            session.add(Entry(playlist_id=playlist.id, track_id=track.id, place=place))
        await session.load(playlist, Playlist.tracks)
        playlist.tracks.append(tracks[0])  # viewonly: writes nothing
        await session.commit()
        await session.refresh(playlist, ["tracks"])
        assert playlist.tracks == tracks[::-1]


async def test_queries_join_along_links(engine: Engine) -> None:
    async with Session(engine) as session:
        title = select(Book.title).order_by(Book.title)
        b = await session.one(select(Tag).where(Tag.name == "b"))
        assert await session.all(title.join(Book.tags).where(Tag.name == "a")) == ["x"]
        assert await session.all(title.where(Book.tags.any(Tag.name == "b"))) == ["x", "y"]
        assert await session.all(title.where(~Book.tags.any())) == ["z"]
        assert await session.all(title.where(Book.tags.contains(b))) == ["x", "y"]
        tag = aliased(Tag)
        pairs = select(Book.title, tag.name).outerjoin(tag, Book.tags)
        found = await session.all(pairs.order_by(Book.title, tag.name))
        assert [tuple(row) for row in found] == [
            ("x", "a"),
            ("x", "b"),
            ("y", "b"),
            ("z", None),
        ]


async def test_queries_go_along_links_within_one_table(engine: Engine) -> None:
    async with Session(engine) as session:
        ann, bob = Person(name="ann"), Person(name="bob")
        ann.following.append(bob)
        session.add(ann)
        await session.commit()
        other = aliased(Person)
        followed = select(Person.name, other.name).join(other, Person.following)
        assert [tuple(row) for row in await session.all(followed)] == [("ann", "bob")]
        name = select(Person.name)
        assert await session.all(name.where(Person.followers.any())) == ["bob"]
        assert await session.all(name.where(Person.following.contains(bob))) == ["ann"]
        assert await session.all(name.where(Person.followers.any(Person.name == "ann"))) == ["bob"]
