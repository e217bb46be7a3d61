"""DELETE statements take the objects whose rows they deleted out of the session."""

from __future__ import annotations

import pytest

from asyncorm import (
    Mapped,
    MetaData,
    Model,
    ObjectDeletedError,
    Session,
    aliased,
    column,
    delete,
    foreign_key,
    inspect,
    select,
)
from asyncorm.engine.engine import Engine
from asyncorm.session.factory import SessionFactory
from tests.conftest import CreateTables
from tests.integration.conftest import Sent
from tests.support.bookshop import Author, Book
from tests.support.library import City, Country, Street
from tests.support.rows import rows

CHOICES = pytest.mark.parametrize("choice", ["auto", "fetch", "evaluate"])


class Own(Model):
    metadata = MetaData()


class Shop(Own, table="cascade_shop"):
    id: Mapped[int] = column(primary_key=True)
    code: Mapped[str] = column(unique=True)


class Shelf(Own, table="cascade_shelf"):
    """Refers to its shop by a unique column that is not the key."""

    id: Mapped[int] = column(primary_key=True)
    shop_code: Mapped[str] = foreign_key(Shop.code, ondelete="CASCADE")


class Item(Own, table="cascade_item"):
    id: Mapped[int] = column(primary_key=True)
    shelf_id: Mapped[int] = foreign_key(Shelf.id, ondelete="CASCADE")
    shop_id: Mapped[int | None] = foreign_key(Shop.id, ondelete="SET NULL")


async def three(session: Session) -> list[Author]:
    authors = [Author(name=name, age=age) for name, age in (("a", 1), ("b", 2), ("c", None))]
    session.add_all(authors)
    await session.commit()
    return authors


@CHOICES
async def test_matched_objects_are_deleted_and_a_rollback_returns_them(  # N11, B2
    Session: SessionFactory, choice: str, sent: Sent
) -> None:
    async with Session() as session:
        a, b, c = await three(session)
        sent()
        statement = delete(Author).where(Author.age > 1)
        result = await session.execute(statement.execution_options(synchronize_session=choice))
        assert result.rowcount == 1
        assert ("RETURNING" in sent()[-1]) is (choice != "evaluate")
        assert inspect(b).deleted
        assert b not in session
        assert (inspect(a).persistent, inspect(c).persistent) == (True, True)
        await session.rollback()
        assert inspect(b).persistent
        assert await session.get_one(Author, b.id) is b
        assert b.age == 2


@CHOICES
async def test_a_savepoint_returns_them_too(Session: SessionFactory, choice: str) -> None:  # N11
    async with Session() as session:
        _, b, _ = await three(session)
        statement = delete(Author).where(Author.name == "b")
        statement = statement.execution_options(synchronize_session=choice)
        savepoint = await session.begin_nested()
        await session.execute(statement)
        assert inspect(b).deleted
        await savepoint.rollback()
        assert inspect(b).persistent
        assert await session.get(Author, b.id) is b
        await session.execute(statement)
        await session.commit()
        assert inspect(b).was_deleted
        assert inspect(b).detached
        assert await session.get(Author, 2) is None


async def test_a_change_of_a_deleted_object_is_not_written(Session: SessionFactory) -> None:
    async with Session() as session:
        a, b, _ = await three(session)
        with session.no_autoflush:
            a.age = 99
            await session.delete(b)
            await session.execute(delete(Author))
        assert not session.dirty
        assert not session.deleted
        await session.commit()
        assert inspect(a).was_deleted
        assert inspect(b).was_deleted


async def test_an_object_that_can_not_be_compared_is_expired(  # B3
    Session: SessionFactory, sent: Sent
) -> None:
    async with Session() as session:
        _, b, _ = await three(session)
        session.expire(b)
        sent()
        statement = delete(Author).where(Author.age == 2)
        await session.execute(statement.execution_options(synchronize_session="evaluate"))
        assert sent.verbs() == ["BEGIN", "DELETE"]
        assert b in session
        with pytest.raises(ObjectDeletedError):
            await session.refresh(b)


async def test_rows_and_objects_that_a_delete_returns(Session: SessionFactory) -> None:
    async with Session() as session:
        a, b, c = await three(session)
        statement = delete(Author).where(Author.age == 1).returning(Author.name)
        assert await session.all(statement) == ["a"]
        assert inspect(a).deleted
        assert await session.all(delete(Author).where(Author.age == 2).returning(Author)) == [b]
        assert inspect(b).deleted
        session.expunge(c)
        (found,) = await session.all(delete(Author).returning(Author))
        assert found is not c
        assert found.name == "c"
        assert inspect(found).deleted
        await session.rollback()
        assert inspect(found).persistent
        assert await session.get(Author, c.id) is found


async def test_an_object_inserted_and_deleted_in_one_transaction_is_gone_after_it(
    Session: SessionFactory,
) -> None:
    async with Session() as session:
        author = Author(name="x")
        session.add(author)
        await session.execute(delete(Author))
        assert inspect(author).deleted
        await session.rollback()
        assert inspect(author).transient
        session.add(author)
        await session.commit()
        assert inspect(author).persistent


async def test_a_delete_using_another_table_is_in_step(Session: SessionFactory) -> None:
    async with Session() as session:
        a, _, _ = await three(session)
        book, other = Book(title="x", author=a), Book(title="y")
        session.add_all([book, other])
        await session.flush()
        await session.execute(delete(Book).where(Book.author_id == Author.id, Author.name == "a"))
        assert inspect(book).deleted
        assert inspect(other).persistent


@pytest.mark.parametrize("load_parent", [True, False])
async def test_what_the_server_deletes_along_leaves_too(
    engine: Engine, tables: CreateTables, load_parent: bool
) -> None:
    await tables(Country, City, Street)
    async with Session(engine) as session:
        first, second = City(number=1), City(number=2)
        street = Street(city=first)
        countries = [Country(code="de", cities=[first]), Country(code="fr", cities=[second])]
        session.add_all([*countries, street])
        await session.commit()
        if not load_parent:
            for country in countries:
                session.expunge(country)
        await session.execute(delete(Country).where(Country.code == "de"))
        assert inspect(first).deleted
        assert inspect(second).persistent
        assert (street.country_code, street.city_number) == (None, None)
        await session.rollback()
        assert inspect(first).persistent
        await session.refresh(street)
        assert street.city_number == 1
        assert len(session.identity_map) == (5 if load_parent else 3)


async def test_a_reference_to_another_unique_column_is_followed(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Shop, Shelf, Item)
    async with Session(engine) as session:
        session.add_all([Shop(id=1, code="x"), Shop(id=2, code="y")])
        await session.flush()
        shelf, kept = Shelf(id=1, shop_code="x"), Shelf(id=2, shop_code="y")
        gone, item = Item(id=1, shelf_id=1, shop_id=2), Item(id=2, shelf_id=2, shop_id=1)
        session.add_all([shelf, kept, gone, item])
        await session.commit()
        session.expunge_all()
        shelf, kept = await session.all(select(Shelf).order_by(Shelf.id))
        gone, item = await session.all(select(Item).order_by(Item.id))
        await session.execute(delete(Shop).where(Shop.id == 1))
        assert inspect(shelf).deleted
        assert inspect(gone).deleted
        assert inspect(kept).persistent
        assert item.shop_id is None
        await session.commit()
    assert await rows(engine, "select id, shop_id from cascade_item") == [(2, None)]


async def test_columns_come_back_where_no_object_is_loaded(Session: SessionFactory) -> None:
    async with Session() as session:
        session.add(Author(name="Ann"))
        await session.commit()
    async with Session() as session:
        result = await session.execute(delete(Author).returning(Author.name))
        assert result.all() == ["Ann"]


async def test_objects_follow_a_delete_through_an_alias(Session: SessionFactory) -> None:
    older = aliased(Author)
    statement = delete(older).where(older.age > Author.age, Author.name == "a")
    async with Session() as session:
        a, b, _ = await three(session)
        await session.execute(statement)
        assert inspect(b).deleted
        assert inspect(a).persistent
        await session.rollback()
        session.expunge_all()
        (again,) = await session.all(statement.returning(older))
        assert inspect(again).deleted
