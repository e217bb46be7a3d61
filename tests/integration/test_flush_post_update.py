"""post_update: rows that refer to each other in a circle, over a key that is written later."""

from __future__ import annotations

import pytest

from asyncorm import ConfigurationError, Session, select
from asyncorm.engine.engine import Engine
from asyncorm.models.attributes import Mapped, Related
from asyncorm.models.fields import column, foreign_key, generated, relationship
from asyncorm.models.model import Model
from asyncorm.sql.table import MetaData
from tests.conftest import CreateTables
from tests.integration.conftest import Sent
from tests.support.rows import rows


class Base(Model):
    metadata = MetaData()


class Person(Base, table="person"):
    id: Mapped[int] = generated(primary_key=True)
    name: Mapped[str] = column(default="")
    favorite_id: Mapped[int | None] = foreign_key("ball.id")
    balls: Related[list[Ball]] = relationship(
        back_populates="person", foreign_keys="Ball.person_id", cascade="all, delete-orphan"
    )
    favorite: Related[Ball | None] = relationship(foreign_keys="favorite_id", post_update=True)


class Ball(Base, table="ball"):
    id: Mapped[int] = generated(primary_key=True)
    person_id: Mapped[int] = foreign_key("person.id")
    person: Related[Person] = relationship(back_populates="balls", foreign_keys="person_id")


class Leaf(Base, table="leaf"):
    """Refers to itself; the collection's side says that it is done later."""

    id: Mapped[int] = generated(primary_key=True)
    above_id: Mapped[int | None] = foreign_key("leaf.id")
    above: Related[Leaf | None] = relationship(back_populates="below", remote_side="id")
    below: Related[list[Leaf]] = relationship(
        back_populates="above", post_update=True, cascade="all"
    )


Base.metadata.configure()


async def test_f10_the_key_is_null_at_first_and_set_by_an_update(
    engine: Engine, tables: CreateTables, sent: Sent
) -> None:
    await tables(Person, Ball)
    async with Session(engine) as session:
        ball = Ball()
        person = Person(balls=[ball, Ball()], favorite=ball)
        session.add(person)
        sent()
        await session.flush()
        assert sent.verbs() == ["BEGIN", "INSERT", "INSERT", "UPDATE"]
        assert person.favorite_id == ball.id
        await session.commit()
        assert await rows(engine, "select favorite_id from person") == [(ball.id,)]
        await session.delete(person)
        sent()
        await session.commit()
        assert sent.verbs() == ["BEGIN", "UPDATE", "DELETE", "DELETE", "COMMIT"]
    assert await rows(engine, "select 1 from person union all select 1 from ball") == []


async def test_e09_many_rows_are_post_updated_by_one_statement(
    engine: Engine, tables: CreateTables, sent: Sent
) -> None:
    await tables(Leaf)
    async with Session(engine) as session:
        root = Leaf(below=[Leaf(), Leaf(), Leaf()])
        session.add(root)
        sent()
        await session.flush()
        assert sent.verbs() == ["BEGIN", "INSERT", "UPDATE"]
        await session.commit()
        assert all(leaf.above_id == root.id for leaf in root.below)
        await session.delete(root)
        sent()
        await session.commit()
        assert sent.verbs() == ["BEGIN", "UPDATE", "DELETE", "COMMIT"]


async def test_e10_a_row_may_refer_to_itself(engine: Engine, tables: CreateTables) -> None:
    await tables(Leaf)
    async with Session(engine) as session:
        leaf = Leaf()
        leaf.above = leaf
        session.add(leaf)
        await session.commit()
        assert leaf.above_id == leaf.id
    async with Session(engine) as session:
        leaf = await session.one(select(Leaf))
        await session.delete(leaf)
        await session.commit()
    assert await rows(engine, "select 1 from leaf") == []


async def test_f10_a_stored_row_gets_a_new_favorite_by_one_update(
    engine: Engine, tables: CreateTables, sent: Sent
) -> None:
    await tables(Person, Ball)
    async with Session(engine) as session:
        person = Person()
        session.add(person)
        await session.commit()
        ball = Ball(person=person)
        session.add(ball)
        person.favorite = ball
        person.name = "new"
        sent()
        await session.commit()
        assert sent.verbs() == ["BEGIN", "INSERT", "UPDATE", "COMMIT"]


def test_post_update_of_a_key_that_can_not_be_null_is_refused() -> None:
    class Other(Model):
        metadata = MetaData()

    class Top(Other, table="top"):
        id: Mapped[int] = generated(primary_key=True)

    class Low(Other, table="low"):
        id: Mapped[int] = generated(primary_key=True)
        top_id: Mapped[int] = foreign_key(Top.id)
        top: Related[Top] = relationship(post_update=True)

    with pytest.raises(ConfigurationError, match=r"Low\.top_id"):
        Other.metadata.configure()
