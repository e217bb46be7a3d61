"""Association objects: a class of its own between two others, with both keys as its own."""

from __future__ import annotations

import pytest

from asyncorm import (
    IdentityConflictError,
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
from tests.support.rows import rows


class Own(Model):
    metadata = MetaData()


class Member(Own, table="assoc_member"):
    id: Mapped[int] = column(primary_key=True, init=False)
    name: Mapped[str]
    memberships: Related[list[Membership]] = relationship(
        back_populates="member", cascade="all, delete-orphan"
    )


class Club(Own, table="assoc_club"):
    id: Mapped[int] = column(primary_key=True, init=False)
    name: Mapped[str]
    memberships: Related[list[Membership]] = relationship(
        back_populates="club", cascade="all, delete-orphan", order_by="place"
    )


class Membership(Own, table="assoc_membership"):
    member_id: Mapped[int] = foreign_key(Member.id, primary_key=True)
    club_id: Mapped[int] = foreign_key(Club.id, primary_key=True)
    place: Mapped[int] = column(default=0)
    member: Related[Member] = relationship(back_populates="memberships")
    club: Related[Club] = relationship(back_populates="memberships")


class Song(Own, table="assoc_song"):
    """Its voices are links to singers and objects as well."""

    id: Mapped[int] = column(primary_key=True)
    voices: Related[list[Voice]] = relationship(cascade="all, delete-orphan")
    singers: Related[list[Singer]] = relationship(secondary="assoc_voice")


class Singer(Own, table="assoc_singer"):
    id: Mapped[int] = column(primary_key=True)


class Voice(Own, table="assoc_voice"):
    song_id: Mapped[int] = foreign_key(Song.id, primary_key=True)
    singer_id: Mapped[int] = foreign_key(Singer.id, primary_key=True)
    pitch: Mapped[str | None] = column(default=None)


PAIRS = """select m.name, c.name, place from assoc_membership join assoc_member m on m.id =
    member_id join assoc_club c on c.id = club_id order by place"""


async def test_the_keys_come_from_the_relationships(
    engine: Engine, tables: CreateTables, sent: Sent
) -> None:
    await tables(Member, Club, Membership)
    async with Session(engine) as session:
        ann, bob, chess = Member(name="ann"), Member(name="bob"), Club(name="chess")
        sent()
        memberships = [Membership(member=m, club=chess, place=n) for n, m in enumerate((ann, bob))]
        session.add_all(memberships)
        await session.flush()
        assert sent.verbs() == ["BEGIN", "INSERT", "INSERT", "INSERT"]
        assert (ann.memberships, chess.memberships) == (memberships[:1], memberships)
        assert await session.get(Membership, (ann.id, chess.id)) is memberships[0]
        await session.commit()
    assert await rows(engine, PAIRS) == [("ann", "chess", 0), ("bob", "chess", 1)]
    async with Session(engine) as session:
        club = await session.one(
            select(Club).options(selectinload(Club.memberships).selectinload(Membership.member))
        )
        assert [m.member.name for m in club.memberships] == ["ann", "bob"]


@pytest.mark.parametrize("from_club", [True, False])
async def test_taken_from_one_side_it_is_deleted_for_its_key_needs_both(  # H02, C6
    engine: Engine, tables: CreateTables, from_club: bool
) -> None:
    await tables(Member, Club, Membership)
    async with Session(engine) as session:
        ann, chess, go = Member(name="ann"), Club(name="chess"), Club(name="go")
        session.add(ann)
        first, second = Membership(club=chess), Membership(club=go)
        ann.memberships += [first, second]
        await session.commit()
        (chess if from_club else ann).memberships.remove(first)
        await session.commit()
        assert inspect(first).was_deleted
        assert inspect(second).persistent
        chess.memberships.append(Membership(member=Member(name="bob")))
        await session.commit()
    assert await rows(engine, PAIRS) == [("ann", "go", 0), ("bob", "chess", 0)]


async def test_taken_from_both_sides_it_is_deleted_once(  # C8
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Member, Club, Membership)
    async with Session(engine) as session:
        ann, chess, go = Member(name="ann"), Club(name="chess"), Club(name="go")
        session.add(ann)
        first, second = Membership(club=chess, place=1), Membership(club=go, place=2)
        ann.memberships += [first, second]
        await session.commit()
        ann.memberships.remove(first)
        chess.memberships.remove(first)
        await session.commit()
        assert inspect(first).was_deleted
        assert await rows(engine, PAIRS) == [("ann", "go", 2)]
        await session.delete(ann)
        await session.commit()
        assert inspect(second).was_deleted
        assert inspect(go).persistent
    assert await rows(engine, PAIRS) == []


async def test_it_moves_to_another_club_by_a_change_of_its_key(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Member, Club, Membership)
    async with Session(engine) as session:
        ann, chess, go = Member(name="ann"), Club(name="chess"), Club(name="go")
        membership = Membership(member=ann, club=chess)
        session.add_all([membership, go])
        await session.commit()
        membership.club = go
        await session.commit()
        assert (chess.memberships, go.memberships) == ([], [membership])
        assert await session.get(Membership, (ann.id, go.id)) is membership
        assert await session.get(Membership, (ann.id, chess.id)) is None
        await session.rollback()
    assert await rows(engine, PAIRS) == [("ann", "go", 0)]


async def test_the_same_pair_twice_is_a_conflict_before_sql(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Member, Club, Membership)
    async with Session(engine) as session:
        ann, chess = Member(name="ann"), Club(name="chess")
        session.add_all([ann, chess])
        await session.flush()
        session.add(Membership(member=ann, club=chess))
        await session.flush()
        session.add(Membership(member=ann, club=chess))
        with pytest.raises(IdentityConflictError, match="Membership"):
            await session.flush()


async def test_an_object_whose_row_was_removed_as_a_link_is_deleted(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Song, Singer, Voice)
    async with Session(engine) as session:
        first, second = Singer(id=1), Singer(id=2)
        song = Song(id=1, singers=[first, second])
        session.add(song)
        await session.commit()
        await session.load(song, Song.voices)
        gone = next(voice for voice in song.voices if voice.singer_id == 1)
        savepoint = await session.begin_nested()
        song.singers.remove(first)
        await session.flush()
        assert inspect(gone).deleted
        assert gone not in song.voices
        await savepoint.rollback()
        assert gone in session
        await session.load(song, Song.singers)
        song.singers.remove(first)
        await session.commit()
        assert inspect(gone).was_deleted
    assert await rows(engine, "select singer_id from assoc_voice") == [(2,)]


async def test_links_that_are_objects_too_go_with_their_owner(
    engine: Engine, tables: CreateTables, sent: Sent
) -> None:
    await tables(Song, Singer, Voice)
    async with Session(engine) as session:
        session.add(Song(id=1, singers=[Singer(id=1)]))
        await session.commit()
    async with Session(engine) as session:
        song = await session.get_one(Song, 1)
        await session.delete(song)
        sent()
        await session.commit()
        assert sent.verbs() == ["BEGIN", "DELETE", "DELETE", "DELETE", "COMMIT"]
    assert await rows(engine, "select 1 from assoc_voice") == []


async def test_a_new_one_goes_with_one_parent_and_leaves_the_other(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Member, Club, Membership)
    async with Session(engine) as session:
        member, club = Member(name="m"), Club(name="c")
        session.add_all([member, club])
        await session.commit()
        new = Membership(member=member, club=club)
        session.add(new)
        await session.delete(club)
        assert inspect(new).transient
        assert member.memberships == []
        await session.commit()
    assert await rows(engine, PAIRS) == []
