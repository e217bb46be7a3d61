"""An error among a thousand rows names its object, and the session recovers."""

from __future__ import annotations

import random
from collections.abc import Callable
from enum import Enum
from typing import Annotated, Any

import pytest
from pydantic import Field

from asyncorm import (
    CheckConstraint,
    CheckViolation,
    DatabaseError,
    DataError,
    ForeignKeyViolation,
    Mapped,
    MetaData,
    Model,
    NotNullViolation,
    PendingRollbackError,
    Session,
    UniqueViolation,
    column,
    foreign_key,
    generated,
    inspect,
)
from asyncorm.engine.engine import Engine
from asyncorm.types.scalars import Integer, Numeric
from tests.conftest import CreateTables
from tests.support.library import Author, Book
from tests.support.rows import rows

COUNT = 1000


class Base(Model):
    metadata = MetaData()


class Size(Enum):
    SMALL = "small"
    LARGE = "large"


class Item(Base, table="item"):
    id: Mapped[int] = generated(primary_key=True)
    name: Mapped[Annotated[str, Field(max_length=20)]] = column(unique=True)
    size: Mapped[Size] = column(default=Size.SMALL)
    number: Mapped[int] = column(Integer, default=1)
    price: Mapped[Any] = column(Numeric(6, 2), default=1)
    data: Mapped[dict[str, Any]] = column(default_factory=dict)
    other_id: Mapped[int | None] = foreign_key("item.id")
    __table_args__ = (CheckConstraint("number > 0"),)


def unset_name(item: Item) -> None:
    item.name = None  # type: ignore[assignment]


FAULTS: dict[str, tuple[type[DatabaseError], Callable[[Item], None]]] = {
    "unique": (UniqueViolation, lambda item: setattr(item, "name", "n0")),
    "foreign key": (ForeignKeyViolation, lambda item: setattr(item, "other_id", 987654)),
    "not null": (NotNullViolation, unset_name),
    "check": (CheckViolation, lambda item: setattr(item, "number", -5)),
    "too long": (DataError, lambda item: setattr(item, "name", "x" * 21)),
    "NUL": (DataError, lambda item: setattr(item, "name", "a\0b")),
    "out of range": (DataError, lambda item: setattr(item, "number", 2**40)),
    "digits": (DataError, lambda item: setattr(item, "price", 123456)),
    "wrong type": (DataError, lambda item: setattr(item, "number", "seven")),
    "no member": (DataError, lambda item: setattr(item, "size", "huge")),
    "no JSON": (DataError, lambda item: setattr(item, "data", {"x": object()})),
}


def items(count: int = COUNT) -> list[Item]:
    return [Item(name=f"n{number}") for number in range(count)]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("how", ["flush", "commit"])
async def test_an_insert_names_the_bad_row_and_can_be_repeated(
    engine: Engine, tables: CreateTables, fault: str, how: str
) -> None:
    await tables(Item)
    kind, spoil = FAULTS[fault]
    async with Session(engine) as session:
        new = items()
        bad = new[random.randrange(1, COUNT)]
        spoil(bad)
        session.add_all(new)
        with pytest.raises(kind) as caught:
            await getattr(session, how)()
        assert list(caught.value.objects) == [bad]
        assert "n0" not in str(caught.value)
        with pytest.raises(PendingRollbackError):
            await session.get(Item, 1)
        await session.rollback()
        assert all(inspect(item).transient for item in new)
        mended = Item(name="mended")
        session.add_all([item for item in new if item is not bad] + [mended])
        await session.commit()
    assert await rows(engine, "select count(*) from item") == [(COUNT,)]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("how", ["flush", "commit"])
async def test_an_update_names_the_bad_row_and_can_be_repeated(
    engine: Engine, tables: CreateTables, fault: str, how: str
) -> None:
    await tables(Item)
    kind, spoil = FAULTS[fault]
    async with Session(engine) as session:
        stored = items(200)
        session.add_all(stored)
        await session.commit()
        for item in stored:
            item.name, item.number, item.price, item.data = item.name + "!", 2, 3, {"a": 1}
            item.size, item.other_id = Size.LARGE, stored[0].id
        stored[0].name = "n0"
        bad = stored[random.randrange(1, 200)]
        spoil(bad)
        if fault == "unique":
            stored[0].name = "n0!"
            bad.name = "n0!"
        with pytest.raises(kind) as caught:
            await getattr(session, how)()
        assert len(caught.value.objects) == 1
        assert caught.value.objects[0] in ([bad, stored[0]] if fault == "unique" else [bad])
        await session.rollback()
        await session.refresh(bad)
        bad.name = "mended"
        await session.commit()
    assert await rows(engine, "select count(*) from item where name = 'mended'") == [(1,)]


async def test_a_child_without_its_parent_is_named(engine: Engine, tables: CreateTables) -> None:
    await tables(Author, Book)
    async with Session(engine) as session:
        author = Author(name="a")
        session.add(author)
        await session.flush()
        books = [Book(title=str(n), author_id=author.id) for n in range(50)]
        books[20].author_id = 77
        session.add_all(books)
        with pytest.raises(ForeignKeyViolation) as caught:
            await session.flush()
        assert list(caught.value.objects) == [books[20]]


async def test_a_parent_that_is_still_referred_to_is_named(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Author, Book)
    async with Session(engine) as session:
        authors = [Author(name=str(n)) for n in range(10)]
        session.add_all(authors)
        await session.flush()
        session.add(Book(title="t", author_id=authors[4].id))
        await session.commit()
        for author in authors:
            session._core.unit.delete(author)
        with pytest.raises(ForeignKeyViolation) as caught:
            await session.commit()
        assert list(caught.value.objects) == [authors[4]]
        await session.rollback()
        assert all(inspect(author).persistent for author in authors)
    assert len(await rows(engine, "select 1 from author")) == 10


async def test_in_a_savepoint_only_its_work_is_lost(engine: Engine, tables: CreateTables) -> None:
    await tables(Item)
    async with Session(engine) as session:
        first = Item(name="a")
        session.add(first)
        savepoint = await session.begin_nested()
        session.add_all([Item(name="b"), Item(name="a")])
        with pytest.raises(UniqueViolation):
            await session.flush()
        await savepoint.rollback()
        session.add(Item(name="b"))
        await session.commit()
    assert await rows(engine, "select name from item order by 1") == [("a",), ("b",)]


async def test_a_reference_written_by_a_failed_flush_is_undone_in_memory(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Author, Book)
    async with Session(engine) as session:
        author, book = Author(name="a"), Book(title="t")
        session.add_all([author, book])
        await session.flush()
        savepoint = await session.begin_nested()
        author.books.append(book)
        session.add(Book(title="x", pages=-1, author=author))
        with pytest.raises(CheckViolation):
            await session.flush()
        await savepoint.rollback()
        await session.refresh(book)
        assert book.author_id is None
        await session.commit()
    assert await rows(engine, "select author_id from library.book") == [(None,)]


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize(
    ("attribute", "value"), [("data", {"key": object()}), ("name", "x" * 21), ("name", "a\0b")]
)
async def test_a_value_that_does_not_fit_is_named_by_its_attribute(
    engine: Engine, tables: CreateTables, count: int, attribute: str, value: Any
) -> None:
    await tables(Item)
    async with Session(engine) as session:
        items = [Item(name=str(number)) for number in range(count)]
        items[-1].__dict__[attribute] = value
        session.add_all(items)
        with pytest.raises(DataError, match=rf"^Item\.{attribute}: ") as caught:
            await session.flush()
        assert caught.value.objects == (items[-1],)
        assert caught.value.columns == (attribute,)


@pytest.mark.parametrize(
    ("value", "said", "state"),
    [
        (2**40, "Item.number is out of range for integer (got int)", "22003"),
        ("seven", "Item.number is no integer (got str)", None),
    ],
)
async def test_a_value_in_a_batch_is_described_and_not_the_list_it_is_sent_in(
    engine: Engine, tables: CreateTables, value: Any, said: str, state: str | None
) -> None:
    await tables(Item)
    async with Session(engine) as session:
        new = items()
        new[3].number = value
        session.add_all(new)
        with pytest.raises(DataError) as caught:
            await session.flush()
    assert caught.value.message == said
    assert caught.value.sqlstate == state
    assert caught.value.columns == ("number",)


@pytest.mark.parametrize(("attribute", "value"), [("name", "a\0b"), ("data", {"key": "a\0b"})])
async def test_text_with_the_character_zero_is_told_what_to_do(
    engine: Engine, tables: CreateTables, attribute: str, value: Any
) -> None:
    await tables(Item)
    async with Session(engine) as session:
        new = items()
        setattr(new[3], attribute, value)
        session.add_all(new)
        with pytest.raises(DataError, match=rf"^Item\.{attribute}: ") as caught:
            await session.flush()
    assert caught.value.objects == (new[3],)
    assert "take it out, or store the value as bytes" in str(caught.value.hint)
