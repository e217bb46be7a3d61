"""Keys of objects with several tables: given, composite, made by the server, and changed."""

from __future__ import annotations

from uuid import UUID

import pytest

from asyncorm import FlushError, Mapped, Model, Related, Session, column, foreign_key, relationship
from asyncorm.engine.engine import Engine
from asyncorm.flush.statements import COPY_MINIMUM
from asyncorm.sql.constraints import ForeignKeyConstraint
from asyncorm.sql.table import MetaData
from tests.conftest import CreateTables
from tests.integration.conftest import Sent
from tests.support.rows import rows


class Keys(Model):
    metadata = MetaData()


class Page(Keys, table="page"):
    """Has a natural key, which may change."""

    name: Mapped[str] = column(primary_key=True)
    kind: Mapped[str]
    text: Mapped[str] = column(default="")
    links: Related[list[Link]] = relationship(back_populates="page")
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "page"}


class Wiki(Page, table="wiki"):
    name: Mapped[str] = foreign_key(
        Page.name, primary_key=True, onupdate="CASCADE", ondelete="CASCADE"
    )
    syntax: Mapped[str] = column(default="md")
    __mapper_args__ = {"polymorphic_identity": "wiki"}


class Late(Page, table="late"):
    """Its foreign key is checked at COMMIT."""

    name: Mapped[str] = foreign_key(Page.name, primary_key=True, initially="DEFERRED")
    day: Mapped[int] = column(default=1)
    __mapper_args__ = {"polymorphic_identity": "late"}


class Fixed(Page, table="fixed"):
    name: Mapped[str] = foreign_key(Page.name, primary_key=True)
    size: Mapped[int] = column(default=1)
    __mapper_args__ = {"polymorphic_identity": "fixed"}


class Link(Keys, table="link"):
    id: Mapped[int] = column(primary_key=True, init=False)
    page_name: Mapped[str] = foreign_key(Page.name, onupdate="CASCADE")
    page: Related[Page] = relationship(back_populates="links")


class Seat(Keys, table="seat"):
    row: Mapped[int] = column(primary_key=True)
    number: Mapped[int] = column(primary_key=True)
    kind: Mapped[str]
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "seat"}


class Box(Seat, table="box"):
    """Its table names the columns of the key in another order."""

    number: Mapped[int] = column(primary_key=True)
    row: Mapped[int] = column(primary_key=True)
    chairs: Mapped[int]
    __table_args__ = (ForeignKeyConstraint(("number", "row"), ("seat.number", "seat.row")),)
    __mapper_args__ = {"polymorphic_identity": "box"}


class Thing(Keys, table="thing"):
    id: Mapped[UUID] = column(primary_key=True, init=False)
    kind: Mapped[str]
    text: Mapped[str]
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "thing"}


class Tool(Thing, table="tool"):
    id: Mapped[UUID] = foreign_key(Thing.id, primary_key=True)
    use: Mapped[str]
    __mapper_args__ = {"polymorphic_identity": "tool"}


async def test_a_changed_key_goes_to_all_tables_and_to_what_refers_to_it(
    engine: Engine, tables: CreateTables, sent: Sent
) -> None:
    await tables(Keys)
    async with Session(engine) as session:
        session.add(page := Wiki(name="a", links=[link := Link()]))
        await session.commit()
        page.name, page.syntax, page.text = "b", "rst", "t"
        await session.commit()
        assert link.page_name == "b"
        assert await session.get(Page, "b") is page
    assert await rows(engine, "select name, text, syntax from page natural join wiki") == [
        ("b", "t", "rst")
    ]
    assert await rows(engine, "select page_name from link") == [("b",)]
    verbs = [text.split(" AS ")[0] for text in sent() if text[:6] == "UPDATE"]
    assert verbs == ['UPDATE "page"', 'UPDATE "wiki"']


async def test_many_keys_change_at_once(engine: Engine, tables: CreateTables) -> None:
    await tables(Keys)
    async with Session(engine) as session:
        pages = [Wiki(name=str(n)) for n in range(3)]
        session.add_all(pages)
        await session.commit()
        for page in pages:
            page.name += "!"
            page.syntax = page.name
        await session.commit()
    assert await rows(engine, "select name, syntax from wiki order by 1") == [
        ("0!", "0!"),
        ("1!", "1!"),
        ("2!", "2!"),
    ]


async def test_a_deferred_key_is_changed_in_each_table(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Keys)
    async with Session(engine) as session:
        session.add_all([page := Late(name="a"), other := Late(name="x")])
        await session.commit()
        page.name, other.name = "b", "y"
        page.day = 2
        await session.commit()
        page.name = "c"
        await session.commit()
    assert await rows(engine, "select name, day from page natural join late order by 1") == [
        ("c", 2),
        ("y", 1),
    ]


async def test_a_key_that_nobody_can_change_in_both_tables_is_refused(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Keys)
    async with Session(engine) as session:
        session.add(page := Fixed(name="a"))
        await session.commit()
        page.name = "b"
        with pytest.raises(FlushError, match=r"the key of a Fixed can't change") as caught:
            await session.commit()
        assert 'onupdate="CASCADE"' in str(caught.value)
        await session.rollback()


async def test_a_key_changes_hands_between_classes(engine: Engine, tables: CreateTables) -> None:
    await tables(Keys)
    async with Session(engine) as session:
        session.add(page := Wiki(name="a"))
        await session.commit()
        page.name = "b"
        session.add(new := Late(name="a"))
        await session.commit()
        assert await session.get(Page, "a") is new
        assert await session.get(Page, "b") is page
    assert await rows(engine, "select name, kind from page order by 1") == [
        ("a", "late"),
        ("b", "wiki"),
    ]


async def test_a_key_changes_hands_within_a_class(engine: Engine, tables: CreateTables) -> None:
    await tables(Keys)
    async with Session(engine) as session:
        session.add(page := Wiki(name="a"))
        await session.commit()
        page.name = "b"
        session.add(new := Wiki(name="a", syntax="new"))
        await session.commit()
        assert await session.get(Page, "a") is new
    assert await rows(engine, "select name, syntax from wiki order by 1") == [
        ("a", "new"),
        ("b", "md"),
    ]


async def test_a_row_that_follows_its_base_needs_no_statement(
    engine: Engine, tables: CreateTables, sent: Sent
) -> None:
    await tables(Keys)
    async with Session(engine) as session:
        session.add(page := Wiki(name="a"))
        await session.commit()
        page.name = "b"
        sent()
        await session.commit()
        assert sent.verbs() == ["UPDATE"]


async def test_composite_keys(engine: Engine, tables: CreateTables) -> None:
    await tables(Keys)
    async with Session(engine) as session:
        session.add_all([Box(row=n, number=10 + n, chairs=4) for n in range(3)])
        await session.commit()
        boxes = [await session.get_one(Box, (n, 10 + n)) for n in range(3)]
        boxes[0].chairs, boxes[1].chairs = 5, 6
        await session.delete(boxes[2])
        await session.commit()
    assert await rows(
        engine, "select seat.row, number, chairs from seat natural join box order by 1"
    ) == [(0, 10, 5), (1, 11, 6)]


async def test_keys_that_the_server_makes_in_no_order_fit_the_other_table(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Keys)
    async with Session(engine) as session:
        tools = [Tool(text=str(n), use=str(n)) for n in range(500)]
        session.add_all(tools)
        await session.commit()
        assert len({tool.id for tool in tools}) == 500
    assert await rows(
        engine, "select count(*) from thing join tool using (id) where text = use"
    ) == [(500,)]


async def test_thousands_of_rows_are_copied_into_each_table(
    engine: Engine, tables: CreateTables, sent: Sent
) -> None:
    await tables(Keys)
    async with Session(engine) as session:
        session.add_all([Wiki(name=str(n)) for n in range(COPY_MINIMUM)])
        sent()
        await session.commit()
    # each SELECT asks whether a table can be copied into
    assert sent.verbs() == ["BEGIN", "SELECT", "COPY", "SELECT", "COPY", "COMMIT"]
    assert await rows(engine, "select count(*) from page natural join wiki") == [(COPY_MINIMUM,)]
