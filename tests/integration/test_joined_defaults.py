"""lazy="joined": relationships that are joined wherever their owners are loaded."""

from __future__ import annotations

import pytest

from asyncorm import (
    Engine,
    Mapped,
    MetaData,
    Model,
    Related,
    Session,
    SessionFactory,
    column,
    foreign_key,
    insert,
    inspect,
    lazyload,
    raiseload,
    relationship,
    select,
    selectinload,
    sessionmaker,
    update,
)
from tests.conftest import CreateTables
from tests.support.sent import Sent


class Own(Model):
    metadata = MetaData()


class Team(Own, table="team"):
    id: Mapped[int] = column(primary_key=True)
    name: Mapped[str]
    players: Related[list[Player]] = relationship(
        back_populates="team", order_by="number", lazy="joined", cascade="all, delete-orphan"
    )


class Player(Own, table="player"):
    id: Mapped[int] = column(primary_key=True)
    number: Mapped[int]
    team_id: Mapped[int | None] = foreign_key(Team.id)
    team: Related[Team | None] = relationship(back_populates="players", lazy="joined")
    rival_id: Mapped[int | None] = foreign_key("player.id")
    rival: Related[Player | None] = relationship(lazy="joined", remote_side="id")


@pytest.fixture
async def League(engine: Engine, tables: CreateTables) -> SessionFactory:  # noqa: N802
    await tables(Own)
    made = sessionmaker(engine)
    async with made() as session:
        red, blue = Team(id=1, name="red"), Team(id=2, name="blue")
        one, two = Player(id=1, number=9, team=red), Player(id=2, number=5, team=red)
        one.rival, two.rival = two, one
        session.add_all([red, blue, one, two])
        await session.commit()
    return made


async def test_get_asks_once_for_an_object_and_what_is_joined_by_default(
    League: SessionFactory, sent: Sent
) -> None:
    async with League() as session:
        sent()
        team = await session.get_one(Team, 1)
        assert [player.number for player in team.players] == [5, 9]
        assert all(player.team is team for player in team.players)
        (text,) = sent()
        assert text.count("LEFT JOIN") == 2  # players and their rivals, but not their team again
        assert (await session.get_one(Team, 1)) is team
        assert sent.verbs() == []


async def test_a_default_that_leads_to_itself_is_joined_once(
    League: SessionFactory, sent: Sent
) -> None:
    async with League() as session:
        sent()
        players = await session.all(select(Player).order_by(Player.id))
        assert [player.rival.id for player in players if player.rival] == [2, 1]
        assert [player.team.name for player in players if player.team] == ["red", "red"]
        statements = sent()
        assert len(statements) == 1
        assert statements[0].count("LEFT JOIN") == 3  # team, rival, the rival's team


async def test_an_option_says_otherwise_for_one_statement(
    League: SessionFactory, sent: Sent
) -> None:
    async with League() as session:
        for option in (lazyload(Team.players), raiseload(Team.players)):
            sent()
            (team,) = await session.all(select(Team).where(Team.id == 2).options(option))
            assert "players" in inspect(team).unloaded
            assert " JOIN " not in sent()[0]
            session.expunge_all()
        sent()
        await session.all(select(Team).options(selectinload(Team.players)))
        assert sent.verbs() == ["SELECT", "SELECT"]


async def test_refreshing_an_object_loads_its_defaults_again(
    League: SessionFactory, sent: Sent
) -> None:
    async with League() as session:
        team = await session.get_one(Team, 1)
        sent()
        await session.refresh(team)
        assert [player.number for player in team.players] == [5, 9]
        assert sent.verbs() == ["SELECT", "SELECT"]
        await session.refresh(team, ["name"])
        assert " JOIN " not in sent()[0]


async def test_returned_objects_are_loaded_from_beside_the_statement(
    League: SessionFactory, sent: Sent
) -> None:
    async with League() as session:
        sent()
        statement = update(Team).where(Team.id == 1).values(name="green").returning(Team)
        (team,) = await session.all(statement)
        assert [player.number for player in team.players] == [5, 9]
        assert sent.verbs()[:3] == ["BEGIN", "UPDATE", "SELECT"]
        (made,) = await session.all(insert(Team).values(id=3, name="x").returning(Team))
        assert made.players == []


async def test_a_locked_statement_locks_what_it_names_and_not_what_is_joined(
    League: SessionFactory, sent: Sent, engine: Engine
) -> None:
    async with League() as session:
        sent()
        player = await session.get_one(Player, 1, with_for_update=True)
        assert player.team is not None
        assert sent.verbs() == ["BEGIN", "SELECT"]
        async with Session(engine) as other:
            free = select(Team.id).where(Team.id == 1).with_for_update(skip_locked=True)
            assert await other.all(free) == [1]
            held = select(Player.id).where(Player.id == 1).with_for_update(skip_locked=True)
            assert await other.all(held) == []


async def test_what_is_joined_to_locked_rows_keeps_changes_of_its_own(
    League: SessionFactory, sent: Sent
) -> None:
    async with League() as session:
        team = await session.get_one(Team, 1)
        with session.no_autoflush:
            team.name = "mine"
            (player,) = await session.all(select(Player).where(Player.id == 1).with_for_update())
        assert player.team is team
        assert team.name == "mine"


async def test_what_is_joined_to_locked_rows_is_not_read_again(
    League: SessionFactory, engine: Engine
) -> None:
    async with League() as session:
        team = await session.get_one(Team, 1)
        async with Session(engine) as other:
            await other.execute(update(Team).where(Team.id == 1).values(name="theirs"))
            await other.commit()
        locked = select(Player).where(Player.id == 1).with_for_update()
        (player,) = await session.all(locked)
        assert player.team is team
        assert team.name == "red"


async def test_a_cascade_reaches_what_was_joined(League: SessionFactory, engine: Engine) -> None:
    async with League() as session:
        await session.execute(update(Player).values(rival_id=None))
        await session.delete(await session.get_one(Team, 1))
        await session.commit()
        assert await session.all(select(Player.id)) == []
