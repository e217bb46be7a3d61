"""Rules that no scenario tells on its own; each test names its rule."""

from __future__ import annotations

import gc
from enum import Enum
from itertools import product
from typing import Any
from weakref import ref

import pytest

from asyncorm import (
    CircularDependencyError,
    ConfigurationError,
    Engine,
    FlushError,
    InvalidRequestError,
    Mapped,
    MetaData,
    Model,
    Related,
    SessionFactory,
    StaleDataError,
    column,
    delete,
    foreign_key,
    func,
    generated,
    inspect,
    relationship,
    select,
    update,
)
from tests.conftest import CreateTables
from tests.support.rows import rows, run
from tests.support.scenario_links import Article, Linked, Tag
from tests.support.scenario_models import Account, Author, Book, Hall, Line, Node, Order, Seat
from tests.support.sent import Sent
from tests.support.states import state_of
from tests.support.store import store

PID: Any = select(func.pg_backend_pid())


class Colour(Enum):
    """Has no order in Python."""

    RED = "red"
    BLUE = "blue"


class Other(Model):
    metadata = MetaData()


class Paint(Other, table="paint"):
    colour: Mapped[Colour] = column(primary_key=True)
    litres: Mapped[int] = column(default=0)


class Hen(Other, table="hen"):
    """Can't be without an egg, which can't be without a hen."""

    id: Mapped[int] = generated(primary_key=True)
    egg_id: Mapped[int] = foreign_key("egg.id")
    egg: Related[Egg] = relationship(foreign_keys="egg_id")


class Egg(Other, table="egg"):
    id: Mapped[int] = generated(primary_key=True)
    hen_id: Mapped[int] = foreign_key(Hen.id)
    hen: Related[Hen] = relationship(foreign_keys="hen_id")


class Reader(Other, table="reader"):
    """Looks at its loans, but does not change them."""

    id: Mapped[int] = generated(primary_key=True)
    loans: Related[list[Loan]] = relationship(viewonly=True, cascade="", order_by="id")


class Loan(Other, table="loan"):
    id: Mapped[int] = generated(primary_key=True)
    reader_id: Mapped[int | None] = foreign_key(Reader.id)


async def test_keys_without_an_order_are_written_as_they_come(
    Session: SessionFactory, tables: CreateTables, engine: Engine
) -> None:
    """F7"""
    await tables(Other)
    await store(Session, Paint(colour=Colour.RED), Paint(colour=Colour.BLUE))
    async with Session() as session:
        for paint in await session.all(select(Paint)):
            paint.litres = 5
        await session.commit()
        assert await session.all(select(Paint.litres)) == [5, 5]
        await session.delete_all(await session.all(select(Paint)))
        await session.commit()
    assert await rows(engine, "select colour from paint") == []


async def test_a_tree_costs_one_insert_for_each_depth(Session: SessionFactory, sent: Sent) -> None:
    """F8"""
    async with Session() as session:
        root = Node(name="r", children=[Node(name=f"{number}") for number in range(3)])
        for child in root.children:
            child.children = [Node(name=f"{child.name}.{number}") for number in range(3)]
        session.add(root)
        await session.commit()
        assert sent.work() == ["INSERT node"] * 3
        await session.delete(root)
        for child in root.children:
            await session.delete(child)
            await session.delete_all(child.children)
        await session.commit()
        # foreign keys are checked when the statement is over
        written = [work for work in sent.work() if not work.startswith("SELECT")]
        assert written == ["DELETE node"]


async def test_rows_that_need_each_other_are_refused_before_any_sql(
    Session: SessionFactory, tables: CreateTables, sent: Sent
) -> None:
    """F9"""
    await tables(Other)
    async with Session() as session:
        hen = Hen(egg=Egg())
        hen.egg.hen = hen
        session.add(hen)
        sent()
        with pytest.raises(CircularDependencyError, match=r"(?i)hen(.|\n)*nullable"):
            await session.flush()
        assert sent.work() == []
        await session.rollback()
        assert state_of(hen) == "transient"


async def test_a_link_that_somebody_else_has_deleted_is_missed(
    Session: SessionFactory, tables: CreateTables, engine: Engine
) -> None:
    """F19"""
    await tables(Linked)
    await store(Session, Article(tags=[Tag(name="a"), Tag(name="b")]))
    async with Session() as session:
        article = await session.get_one(Article, 1)
        await session.load(article, Article.tags)
        await run(engine, "delete from article_tag where tag_id = 1")
        article.tags.clear()
        with pytest.raises(StaleDataError, match=r"article_tag|Article"):
            await session.flush()
        await session.rollback()
        assert [tag.name for tag in await session.load(article, Article.tags)] == ["b"]
    assert await rows(engine, "select tag_id from article_tag") == [(2,)]


async def test_what_only_a_history_refers_to_is_kept_until_the_flush(
    Session: SessionFactory, engine: Engine
) -> None:
    """W7"""
    await store(Session, Author(name="a", books=[Book(title="t")]), Order(lines=[Line()]))
    async with Session() as session:
        author, order = await session.get_one(Author, 1), await session.get_one(Order, 1)
        await session.load(author, Author.books)
        await session.load(order, Order.lines)
        references = [ref(author.books[0]), ref(order.lines[0])]
        author.books.clear()
        order.lines.clear()
        gc.collect()
        assert [one() is None for one in references] == [False, False]
        await session.flush()
        gc.collect()
        assert references[0]() is None
        await session.commit()
        assert [one() is None for one in references] == [True, True]
    assert await rows(engine, "select author_id from book") == [(None,)]
    assert await rows(engine, "select id from line") == []


async def test_a_new_object_that_never_had_a_parent_is_no_orphan(
    Session: SessionFactory, engine: Engine, sent: Sent
) -> None:
    """C7"""
    async with Session() as session:
        session.add(Seat(name="free"))
        await session.commit()
        assert sent.work() == ["INSERT seat"]
        session.add(Line(text="lost"))
        with pytest.raises(FlushError, match=r"Line\.order_id"):
            await session.flush()
        assert sent.work() == []
        await session.rollback()
    assert await rows(engine, "select name, hall_id from seat") == [("free", None)]


@pytest.mark.parametrize("autoflush", [True, False])
async def test_a_flush_in_the_middle_of_a_move_makes_an_orphan(
    Session: SessionFactory, engine: Engine, autoflush: bool
) -> None:
    """C9"""
    await store(Session, Order(name="1", lines=[Line(text="l")]), Order(name="2"))
    async with Session(autoflush=autoflush) as session:
        first, second = await session.all(select(Order).order_by(Order.id))
        await session.load([first, second], Order.lines)
        (line,) = first.lines
        first.lines.remove(line)
        await session.all(select(Author))
        if autoflush:
            assert state_of(line) == "deleted"
            with pytest.raises(InvalidRequestError, match="has been deleted"):
                second.lines.append(line)
            assert second.lines == []
        else:
            second.lines.append(line)
        await session.commit()
    expected = [] if autoflush else [("l", 2)]
    assert await rows(engine, "select text, order_id from line") == expected


@pytest.mark.parametrize("by", ["collection", "reference"])
@pytest.mark.parametrize("order", ["move first", "delete first"])
async def test_a_child_that_moves_is_not_deleted_with_its_old_parent(
    Session: SessionFactory, engine: Engine, by: str, order: str
) -> None:
    """C11"""
    await store(Session, Order(name="1", lines=[Line(text="l")]), Order(name="2"))
    async with Session() as session:
        old, new = await session.all(select(Order).order_by(Order.id))
        await session.load([old, new], Order.lines)
        (line,) = old.lines
        if order == "delete first":
            await session.delete(old)
        if by == "collection":
            old.lines.remove(line)
            new.lines.append(line)
        else:
            line.order = new
        if order == "move first":
            await session.delete(old)
        await session.commit()
        assert state_of(line) == "persistent"
        assert new.lines == [line]
        assert state_of(old) == "detached"
    assert await rows(engine, "select text, order_id from line") == [("l", 2)]


async def test_a_view_is_neither_cascaded_along_nor_flushed(
    Session: SessionFactory, tables: CreateTables, engine: Engine, sent: Sent
) -> None:
    """C14"""
    await tables(Other)
    await store(Session, reader := Reader(), Loan(reader_id=None))
    await run(engine, "update loan set reader_id = 1")
    async with Session() as session:
        reader = await session.get_one(Reader, 1)
        (loan,) = await session.load(reader, Reader.loans)
        assert not session.is_modified(reader)
        session.expunge(reader)
        assert loan in session
        session.add(reader)
        sent()
        await session.delete(reader)
        assert list(session.deleted) == [reader]
        loan.reader_id = None
        await session.commit()
        assert sent.work() == ["UPDATE loan", "DELETE reader"]


def test_a_version_that_may_be_empty_is_refused() -> None:
    """V9"""
    with pytest.raises(ConfigurationError, match=r"Loose\.version"):

        class Base(Model):
            metadata = MetaData()

        class Loose(Base, table="loose"):
            id: Mapped[int] = generated(primary_key=True)
            version: Mapped[int | None] = column(version=True, init=False)

        Base.metadata.configure()


async def test_statements_for_many_rows_neither_count_nor_check_versions(
    Session: SessionFactory, engine: Engine
) -> None:
    """V10 B4"""
    await store(Session, Account(owner="a"), Account(owner="b"))
    async with Session() as session:
        loaded = await session.get_one(Account, 1)
        await run(engine, "update account set version = 7 where id = 2")
        await session.execute(update(Account).values(balance=5))
        assert (loaded.balance, loaded.version) == (5, 1)
        await session.execute(delete(Account).where(Account.id == 2))
        await session.commit()
    assert await rows(engine, "select id, balance, version from account") == [(1, 5, 1)]


async def test_an_invalidated_session_throws_its_connection_away(
    Session: SessionFactory, engine: Engine
) -> None:
    """T22"""
    session = Session()
    author = Author(name="a")
    session.add(author)
    await session.flush()
    before = await session.scalar(PID)
    await session.invalidate()
    assert engine.pool.in_use == 0
    assert state_of(author) == "transient"
    async with Session() as other:
        assert await other.scalar(PID) != before
        assert await other.all(select(Author)) == []


async def test_the_transactions_of_a_session_can_be_asked_for(Session: SessionFactory) -> None:
    """T23"""
    async with Session() as session:
        assert session.get_transaction() is None
        assert session.get_nested_transaction() is None
        session.add(Author(name="a"))
        root = session.get_transaction()
        assert root is not None
        assert session.get_nested_transaction() is None
        outer = await session.begin_nested()
        inner = await session.begin_nested()
        assert session.get_transaction() is not None
        nested = session.get_nested_transaction()
        assert nested is not None
        assert nested.is_active
        await inner.rollback()
        await outer.rollback()
        assert session.get_nested_transaction() is None
        await session.rollback()
        assert session.get_transaction() is None


HOW = list(product(["collection", "reference", "key"], ["pending", "persistent"]))


@pytest.mark.parametrize(("how", "parent"), HOW)
async def test_every_way_to_link_a_new_child_stores_the_same(
    Session: SessionFactory, engine: Engine, how: str, parent: str
) -> None:
    """C2 C15"""
    async with Session() as session:
        hall = Hall()
        session.add(hall)
        if parent == "persistent" or how == "key":
            await session.flush()
        seat = Seat(name="s")
        if how == "collection":
            hall.seats.append(seat)
        elif how == "reference":
            seat.hall = hall
            session.add(seat)
        else:
            seat.hall_id = hall.id
            session.add(seat)
        await session.commit()
        assert not inspect(seat).modified
        assert (await session.load(seat, Seat.hall)) is hall
        if how != "key":
            assert hall.seats == [seat]
    assert await rows(engine, "select name, hall_id from seat") == [("s", 1)]
