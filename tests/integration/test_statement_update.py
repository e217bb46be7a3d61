"""UPDATE statements keep the objects that are loaded in step with their rows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest
from pydantic import BaseModel

from asyncorm import (
    ArgumentError,
    InvalidRequestError,
    Session,
    UnloadedAttributeError,
    aliased,
    case,
    func,
    inspect,
    select,
    selectinload,
    update,
)
from asyncorm.engine.engine import Engine
from asyncorm.session.factory import SessionFactory
from tests.conftest import CreateTables
from tests.integration.conftest import Sent
from tests.support.bookshop import Author, Book, Country, Slot
from tests.support.library import Sum
from tests.support.rows import rows


class Read(BaseModel):
    id: int
    name: str
    age: int | None


class Aged(NamedTuple):
    name: str
    age: int


CHOICES = pytest.mark.parametrize("choice", ["auto", "fetch", "evaluate"])


async def three(session: Session) -> list[Author]:
    authors = [Author(name=name, age=age) for name, age in (("a", 1), ("b", 2), ("c", None))]
    session.add_all(authors)
    await session.commit()
    return authors


@CHOICES
async def test_loaded_objects_take_the_new_values(  # N10, B2
    Session: SessionFactory, choice: str, sent: Sent
) -> None:
    async with Session() as session:
        a, b, c = await three(session)
        sent()
        result = await session.execute(
            update(Author)
            .where((Author.age >= 2) | Author.age.is_(None))
            .values(age=7)
            .execution_options(synchronize_session=choice)
        )
        assert result.rowcount == 2
        assert [x.age for x in (a, b, c)] == [1, 7, 7]
        (_, text) = sent()
        assert ("RETURNING" in text) is (choice != "evaluate")
        await session.commit()
        assert sent.verbs() == ["COMMIT"]


async def test_without_synchronizing_objects_keep_their_values(  # N10
    Session: SessionFactory, engine: Engine, sent: Sent
) -> None:
    async with Session() as session:
        a, _, _ = await three(session)
        sent()
        statement = update(Author).values(age=7)
        await session.execute(statement.execution_options(synchronize_session=False))
        assert a.age == 1
        assert "RETURNING" not in sent()[-1]
        await session.refresh(a)
        assert a.age == 7


@pytest.mark.parametrize("choice", [True, "yes", 0.5, None])
async def test_another_choice_is_an_error_before_sql(  # B1
    Session: SessionFactory, sent: Sent, choice: Any
) -> None:
    async with Session() as session:
        statement = update(Author).values(age=7)
        with pytest.raises(ArgumentError, match="synchronize_session can't be"):
            await session.execute(statement.execution_options(synchronize_session=choice))
    assert not any("UPDATE" in text for text in sent())


@pytest.mark.parametrize(
    ("condition", "construct"),
    [
        (func.lower(Author.name) == "a", r"the function lower\(\)"),
        (Author.name.like("a%"), "the operator LIKE"),
        (Author.name < "b", "the operator < between"),
        (Book.author_id == Author.id, "book.author_id, a column of another table"),
        (case((Author.age > 1, True), else_=False), "a Case"),
        (Author.id.in_(select(Book.author_id)), "the operator IN|a ScalarQuery"),
    ],
)
async def test_what_python_can_not_evaluate_is_named(  # B1
    Session: SessionFactory, engine: Engine, condition: Any, construct: str
) -> None:
    async with Session() as session:
        statement = update(Author).values(age=7).where(condition)
        with pytest.raises(InvalidRequestError, match=construct):
            await session.execute(statement.execution_options(synchronize_session="evaluate"))
        await session.execute(statement)  # the database can


@CHOICES
async def test_an_unflushed_change_of_the_same_attribute_is_overwritten(  # B2, N10
    Session: SessionFactory, engine: Engine, choice: str
) -> None:
    async with Session() as session:
        a, b, _ = await three(session)
        with session.no_autoflush:
            a.age, b.name = 50, "bb"
            statement = update(Author).where(Author.id == a.id).values(age=7)
            await session.execute(statement.execution_options(synchronize_session=choice))
        assert a.age == 7
        assert not session.is_modified(a)
        assert a not in session.dirty
        assert b in session.dirty
        await session.commit()
    assert await rows(engine, "select name, age from author order by id") == [
        ("a", 7),
        ("bb", 2),
        ("c", None),
    ]


async def test_pending_work_is_flushed_first(  # B4
    Session: SessionFactory, engine: Engine, sent: Sent
) -> None:
    async with Session() as session:
        a, _, _ = await three(session)
        a.age = 40
        new = Author(name="new", age=40)
        session.add(new)
        statement = update(Author).where(Author.age == 40).values(age=Author.age + 1)
        await session.execute(statement.execution_options(synchronize_session="evaluate"))
        assert (a.age, new.age) == (41, 41)


async def test_evaluation_takes_null_as_the_database_does(Session: SessionFactory) -> None:
    async with Session() as session:
        _, _, c = await three(session)
        for condition in (~(Author.age == 5), Author.age.not_in([5, 6]), Author.age != 5):
            statement = update(Author).where(condition).values(name=Author.name.concat("!"))
            await session.execute(statement.execution_options(synchronize_session="evaluate"))
            assert c.name == "c"
        await session.refresh(c)
        assert c.name == "c"


async def test_values_only_the_database_knows_are_expired(Session: SessionFactory) -> None:  # B2
    async with Session() as session:
        a, _, _ = await three(session)
        statement = update(Author).where(Author.name == "a").values(age=func.length("four"))
        await session.execute(statement.execution_options(synchronize_session="evaluate"))
        with pytest.raises(UnloadedAttributeError, match=r"Author\.age"):
            _ = a.age
        assert a.name == "a"
        await session.refresh(a)
        assert a.age == 4


async def test_an_expired_object_is_expired_whole_by_evaluation_and_filled_by_returning(  # B3
    Session: SessionFactory, sent: Sent
) -> None:
    async with Session() as session:
        a, b, _ = await three(session)
        session.expire(a, ["age"])
        sent()
        statement = update(Author).where(Author.age == 1).values(age=9)
        await session.execute(statement.execution_options(synchronize_session="evaluate"))
        assert sent.verbs() == ["BEGIN", "UPDATE"]  # nothing is loaded to be compared
        with pytest.raises(UnloadedAttributeError, match=r"Author\.name"):
            _ = a.name
        await session.execute(update(Author).where(Author.age == 9).values(age=10))
        assert a.age == 10
        assert b.age == 2


async def test_computed_columns_follow(engine: Engine, tables: CreateTables) -> None:
    await tables(Sum)
    async with Session(engine) as session:
        one = Sum(a=1, b=2)
        session.add(one)
        await session.flush()
        await session.execute(update(Sum).values(a=10))
        assert (one.a, one.total) == (10, 12)


@CHOICES
async def test_a_rollback_takes_the_new_values_back(Session: SessionFactory, choice: str) -> None:
    async with Session() as session:  # N11
        a, b, _ = await three(session)
        statement = update(Author).where(Author.name == "a").values(age=7)
        statement = statement.execution_options(synchronize_session=choice)
        savepoint = await session.begin_nested()
        await session.execute(statement)
        await savepoint.rollback()
        with pytest.raises(UnloadedAttributeError):
            _ = a.age
        assert b.age == 2  # S22: the statement did not concern it
        await session.refresh(a)
        assert a.age == 1
        await session.execute(statement)
        await session.rollback()
        with pytest.raises(UnloadedAttributeError):
            _ = a.age
        await session.refresh(a)
        assert a.age == 1


async def test_a_reference_whose_key_was_changed_is_read_again(Session: SessionFactory) -> None:
    async with Session() as session:
        a, b, _ = await three(session)
        book = Book(title="t", author=a)
        session.add(book)
        await session.commit()
        await session.execute(update(Book).values(author_id=b.id))
        assert book.author_id == b.id
        assert await session.load(book, Book.author) is b
        await session.execute(update(Book).values(title="u"))
        assert book.author is b  # what was not changed stays


@CHOICES
async def test_the_primary_key_of_loaded_objects_is_not_changed_by_a_statement(  # K1
    Session: SessionFactory, engine: Engine, choice: str
) -> None:
    async with Session() as session:
        country = Country(code="de", name="Germany")
        session.add(country)
        await session.commit()
        statement = update(Country).values(code="xx").execution_options(synchronize_session=choice)
        with pytest.raises(InvalidRequestError, match=r"changes Country\.code, the primary key"):
            await session.execute(statement)
        session.expunge(country)
        await session.execute(statement)  # nothing is loaded that could be lost
        await session.commit()
        assert (await session.get_one(Country, "xx")).name == "Germany"


async def test_an_update_from_another_table_is_in_step(Session: SessionFactory) -> None:
    async with Session() as session:
        a, b, _ = await three(session)
        session.add_all([Book(title="x", author=a), Book(title="y", author=a)])
        await session.flush()
        result = await session.execute(
            update(Author).where(Author.id == Book.author_id).values(name=Author.name.concat("!"))
        )
        assert result.rowcount == 1
        assert (a.name, b.name) == ("a!", "b")


async def test_returning_of_ones_own_keeps_objects_in_step(Session: SessionFactory) -> None:
    async with Session() as session:
        a, b, _ = await three(session)
        statement = update(Author).where(Author.age > 0).values(age=Author.age + 10)
        result = await session.execute(statement.returning(Author.name, Author.age))
        assert result.keys() == ("name", "age")
        assert sorted(result.tuples()) == [("a", 11), ("b", 12)]
        assert (a.age, b.age) == (11, 12)
        found = await session.all(statement.returning(Author))
        assert set(found) == {a, b}
        assert (a.age, b.age) == (21, 22)
        assert sorted(await session.scalars(statement.returning(Author.age))) == [31, 32]


async def test_returned_objects_keep_unflushed_changes_of_other_attributes(
    Session: SessionFactory,
) -> None:
    async with Session() as session:
        a, _, _ = await three(session)
        with session.no_autoflush:
            a.name = "mine"
            a.age = 3
            statement = update(Author).where(Author.id == a.id).values(age=7).returning(Author)
            assert await session.one(statement) is a
        assert (a.name, a.age) == ("mine", 7)
        assert session.dirty == (a,)


async def test_composite_keys_are_found(Session: SessionFactory) -> None:
    async with Session() as session:
        slots = [Slot(row=row, number=number) for row in "ab" for number in (1, 2)]
        session.add_all(slots)
        await session.flush()
        statement = update(Slot).where(Slot.number == 2, Slot.row == "b").values(note="here")
        await session.execute(statement)
        assert [slot.note for slot in slots] == [None, None, None, "here"]


async def test_a_queued_addition_survives_a_statement(Session: SessionFactory) -> None:
    async with Session() as session:
        a, _, _ = await three(session)
        session.expunge_all()
        author = await session.get_one(Author, a.id)
        with session.no_autoflush:
            book = Book(title="new")
            book.author = author
            await session.execute(update(Author).values(age=7))
            await session.execute(select(Author).options(selectinload(Author.books)))
        assert author.books == [book]
        assert inspect(author).persistent


async def test_dates_and_times_are_compared(Session: SessionFactory) -> None:
    now = datetime.now(UTC)
    async with Session() as session:
        a, _, _ = await three(session)
        statement = update(Author).where(func.now() > now).values(age=7)
        with pytest.raises(InvalidRequestError, match=r"the function now\(\)"):
            await session.execute(statement.execution_options(synchronize_session="evaluate"))
        assert a.age == 1


async def test_objects_follow_an_update_through_an_alias(Session: SessionFactory) -> None:
    older = aliased(Author)
    statement = (
        update(older)
        .values(age=older.age + Author.age)
        .where(older.age > Author.age, Author.name == "a")
    )
    async with Session() as session:
        a, b, _ = await three(session)
        await session.execute(statement)
        assert (a.age, b.age) == (1, 3)
        found = await session.all(statement.returning(older))
        assert found == [b]
        assert b.age == 4
        simple = update(older).where(older.age == 4).values(age=9)
        await session.execute(simple.execution_options(synchronize_session="evaluate"))
        assert (a.age, b.age) == (1, 9)


async def test_objects_follow_an_update_from_further_tables(Session: SessionFactory) -> None:
    statement = (
        update(Author)
        .values({("age", "name"): select(Book.id * 0 + 50, Book.title).where(Book.title == "x")})
        .from_(Book)
        .where(Book.author_id == Author.id)
    )
    async with Session() as session:
        a, b, _ = await three(session)
        session.add(Book(title="x", author=a))
        await session.flush()
        await session.execute(statement)
        assert [(one.name, one.age) for one in (a, b)] == [("x", 50), ("b", 2)]
        with pytest.raises(InvalidRequestError, match="can't know the rows of other tables"):
            await session.execute(statement.execution_options(synchronize_session="evaluate"))


async def test_several_columns_of_one_row_are_not_evaluated(Session: SessionFactory) -> None:
    row = {("age", "name"): select(Book.id * 0 + 50, Book.title).where(Book.title == "x")}
    async with Session() as session:
        a, b, _ = await three(session)
        session.add(Book(title="x", author=a))
        await session.flush()
        statement = update(Author).values(row).where(Author.name == "b")
        await session.execute(statement.execution_options(synchronize_session="evaluate"))
        assert a.age == 1
        with pytest.raises(UnloadedAttributeError):
            _ = b.age
        await session.refresh(b)
        assert (b.name, b.age) == ("x", 50)


async def test_returned_objects_come_with_what_options_ask_for(Session: SessionFactory) -> None:
    statement = update(Author).values(age=5).where(Author.name == "a").returning(Author)
    async with Session() as session:
        a, *_ = await three(session)
        session.add(Book(title="x", author_id=a.id))
        await session.commit()
    async with Session() as session:
        (author,) = await session.all(statement.options(selectinload(Author.books)))
        assert [book.title for book in author.books] == ["x"]


async def test_returned_rows_become_a_shape(Session: SessionFactory) -> None:
    async with Session() as session:
        a, *_ = await three(session)
        statement = update(Author).values(age=5).where(Author.name == "a")
        assert await session.all(statement.returning(Author).into(Read)) == [
            Read(id=a.id, name="a", age=5)
        ]
        assert a.age == 5
        aged = statement.returning(Author.name, (Author.age + 1).label("age")).into(Aged)
        assert await session.all(aged) == [Aged("a", 6)]
