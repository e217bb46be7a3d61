"""execute(update(...), rows): many rows by primary key, one statement for each set of columns."""

from __future__ import annotations

from typing import Any

import pytest

from asyncorm import (
    ArgumentError,
    InvalidRequestError,
    Mapped,
    MetaData,
    Model,
    Session,
    UnloadedAttributeError,
    column,
    delete,
    update,
)
from asyncorm.engine.engine import Engine
from asyncorm.session.factory import SessionFactory
from tests.conftest import CreateTables
from tests.integration.conftest import Sent
from tests.support.bookshop import Author, Book, Slot
from tests.support.library import Sum
from tests.support.rows import rows


async def stored(session: Session, count: int = 3) -> list[Author]:
    authors = [Author(name=str(n), age=n) for n in range(count)]
    session.add_all(authors)
    await session.commit()
    return authors


async def test_rows_are_updated_by_key_in_one_statement_for_each_set_of_columns(  # B6
    Session: SessionFactory, engine: Engine, sent: Sent
) -> None:
    async with Session() as session:
        a, b, c = await stored(session)
        sent()
        result = await session.execute(
            update(Author),
            [
                {"id": a.id, "age": 10},
                {"id": c.id, "age": None},
                {"id": b.id, "name": "bb", "age": 20},
            ],
        )
        assert sent.verbs() == ["BEGIN", "UPDATE", "UPDATE"]
        assert result.rowcount == 3
        assert [(x.name, x.age) for x in (a, b, c)] == [("0", 10), ("bb", 20), ("2", None)]
        assert not session.dirty
        await session.commit()
    found = await rows(engine, "select name, age from author order by id")
    assert found == [("0", 10), ("bb", 20), ("2", None)]


async def test_twenty_thousand_rows_are_one_statement(
    Session: SessionFactory, engine: Engine, sent: Sent
) -> None:
    async with Session() as session:
        authors = await stored(session, 20_000)
        given = [{"id": author.id, "age": -n} for n, author in enumerate(authors)]
        session.expunge_all()
        sent()
        assert (await session.execute(update(Author), given)).rowcount == 20_000
        assert sent.verbs() == ["BEGIN", "UPDATE"]
        await session.commit()
    assert await rows(engine, "select count(*) from author where age = -name::int") == [(20_000,)]


@pytest.mark.parametrize("given", [{"age": 1}, {"id": None, "age": 1}])
async def test_a_row_without_its_key_is_an_error_before_sql(  # B6
    Session: SessionFactory, sent: Sent, given: dict[str, Any]
) -> None:
    async with Session() as session:
        a, *_ = await stored(session)
        sent()
        with pytest.raises(InvalidRequestError, match=r"row 1 .* lacks Author\.id"):
            await session.execute(update(Author), [{"id": a.id, "age": 5}, given])
        assert sent() == []
        assert a.age == 0


async def test_a_row_that_does_not_exist_only_shows_in_the_row_count(  # B6
    Session: SessionFactory,
) -> None:
    async with Session() as session:
        a, b, _ = await stored(session)
        with session.no_autoflush:
            await session.execute(
                delete(Author).where(Author.id == b.id).execution_options(synchronize_session=False)
            )
            given = [{"id": a.id, "age": 5}, {"id": b.id, "age": 6}, {"id": 10**6, "age": 7}]
            assert (await session.execute(update(Author), given)).rowcount == 1
        assert (a.age, b.age) == (5, 1)


async def test_composite_keys(Session: SessionFactory, engine: Engine) -> None:  # B6
    async with Session() as session:
        slots = [Slot(row=row, number=number) for row in "ab" for number in (1, 2)]
        session.add_all(slots)
        await session.commit()
        given = [
            {"row": "b", "number": 1, "note": "x"},
            {"number": 2, Slot.row: "a", Slot.note: "y"},
        ]
        await session.execute(update(Slot), given)
        assert [slot.note for slot in slots] == [None, "y", "x", None]
        with pytest.raises(InvalidRequestError, match=r"lacks Slot\.number"):
            await session.execute(update(Slot), [{"row": "a", "note": "z"}])


async def test_a_rollback_and_an_unflushed_change(Session: SessionFactory) -> None:  # B2, N11
    async with Session() as session:
        a, b, _ = await stored(session)
        with session.no_autoflush:
            a.age = 50
            await session.execute(update(Author), {"id": a.id, "age": 5})
        assert a.age == 5
        assert not session.dirty
        b.age = 60  # flushed before the statement
        await session.execute(update(Author), [{"id": b.id, "name": "bb"}])
        assert (b.name, b.age) == ("bb", 60)
        await session.rollback()
        with pytest.raises(UnloadedAttributeError):
            _ = a.age
        await session.refresh(a)
        assert a.age == 0


async def test_computed_columns_and_references_follow(
    Session: SessionFactory, engine: Engine, tables: CreateTables
) -> None:
    await tables(Sum)
    async with Session() as session:
        one, two = Sum(a=1, b=2), Sum(a=3, b=4)
        a, b, _ = await stored(session)
        book = Book(title="x", author=a)
        session.add_all([one, two, book])
        await session.flush()
        await session.execute(update(Sum), [{"id": one.id, "a": 10}, {"id": two.id, "a": 20}])
        assert (one.total, two.total) == (12, 24)
        await session.execute(update(Book), [{"id": book.id, "author_id": b.id}])
        assert await session.load(book, Book.author) is b


async def test_without_synchronizing_objects_keep_their_values(Session: SessionFactory) -> None:
    async with Session() as session:
        a, b, _ = await stored(session)
        statement = update(Author).execution_options(synchronize_session=False)
        await session.execute(statement, [{"id": a.id, "age": 5}, {"id": b.id, "age": 6}])
        assert (a.age, b.age) == (0, 1)


async def test_what_a_list_of_rows_can_not_say(Session: SessionFactory) -> None:
    async with Session() as session:
        a, *_ = await stored(session)
        row: dict[str, Any] = {"id": a.id, "age": 5}
        for statement in (
            update(Author).where(Author.age > 1),
            update(Author).values(age=1),
            update(Author).returning(Author.id),
        ):
            with pytest.raises(InvalidRequestError, match="takes no values"):
                await session.execute(statement, [row])
        with pytest.raises(ArgumentError, match=r"insert\(\) and update\(\) only"):
            await session.execute(delete(Author), [row])
        with pytest.raises(InvalidRequestError, match=r"Author\.age as an SQL expression"):
            await session.execute(update(Author), [{"id": a.id, "age": Author.age + 1}])
        with pytest.raises(InvalidRequestError, match="row 1 has the primary key of another row"):
            await session.execute(update(Author), [row, row])
        with pytest.raises(ArgumentError, match=r"author\.age .* takes int, not str"):
            await session.execute(update(Author), [{"id": a.id, "age": "old"}])
        with pytest.raises(InvalidRequestError, match="has no column 'agee'"):
            await session.execute(update(Author), [{"id": a.id, "agee": 1}])
        assert (await session.execute(update(Author), [])).rowcount == 0
        assert (await session.execute(update(Author), [{"id": a.id}])).rowcount == 0


class Own(Model):
    metadata = MetaData()


class Account(Own, table="bulk_account"):
    id: Mapped[int] = column(primary_key=True)
    balance: Mapped[int]
    revision: Mapped[int] = column(version=True, default=1)


class Page(Own, table="bulk_page"):
    id: Mapped[int] = column(primary_key=True)
    data: Mapped[dict[str, Any]]
    __mapper_args__ = {"version": "xmin"}


async def test_versions_are_neither_checked_nor_counted(  # B4
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Account)
    async with Session(engine) as session:
        accounts = [Account(id=1, balance=1), Account(id=2, balance=2)]
        session.add_all(accounts)
        await session.commit()
        await session.execute(update(Account), [{"id": n, "balance": 5} for n in (1, 2)])
        await session.execute(update(Account).where(Account.id == 1).values(balance=6))
        assert [account.balance for account in accounts] == [6, 5]
        accounts[0].balance = 7
        await session.commit()
    found = await rows(engine, "select balance, revision from bulk_account order by id")
    assert found == [(7, 2), (5, 1)]


async def test_a_version_of_the_server_and_mutable_values_follow(
    engine: Engine, tables: CreateTables, sent: Sent
) -> None:
    await tables(Page)
    async with Session(engine) as session:
        page = Page(id=1, data={"a": 1})
        session.add(page)
        await session.commit()
        assert page.data == {"a": 1}
        held = page.data
        await session.execute(update(Page), [{"id": 1, "data": {"b": 2}}])
        assert page.data == {"b": 2}
        held["c"] = 3  # nobody's value any more
        await session.execute(update(Page).where(Page.id == 1).values(data={"d": 4}))
        assert page.data == {"d": 4}
        await session.commit()
        sent()
        await session.flush()
        assert sent() == []
        page.data["e"] = 5
        await session.commit()  # with the version that the statement has made
    assert await rows(engine, "select data ->> 'e' from bulk_page") == [("5",)]
