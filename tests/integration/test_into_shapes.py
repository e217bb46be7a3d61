"""into() says which columns and fields don't fit, whatever brings the rows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypedDict

import pytest
from pydantic import BaseModel, Field, ValidationError

from asyncorm import (
    ArgumentError,
    InvalidRequestError,
    Session,
    func,
    insert,
    literal,
    select,
    sql,
    union,
)
from asyncorm.engine.engine import Engine
from asyncorm.session.factory import SessionFactory
from tests.support.bookshop import Author


class Read(BaseModel):
    id: int
    name: str
    note: str = "none"


class Renamed(BaseModel):
    number: int = Field(alias="id")
    name: str


@dataclass
class Data:
    id: int
    name: str
    note: str = "none"
    made: list[int] = field(default_factory=list, init=False)


class Tupled(NamedTuple):
    id: int
    name: str
    note: str = "none"


class Typed(TypedDict):
    id: int
    name: str


SHAPES = pytest.mark.parametrize("shape", [Read, Data, Tupled, Typed])
PAIRS = select(Author.id, Author.name)


@pytest.fixture
async def session(Session: SessionFactory) -> AsyncIterator[Session]:
    async with Session() as opened:
        opened.add(Author(name="Ada", age=3))
        await opened.flush()
        yield opened


@SHAPES
async def test_rows_of_every_kind_of_statement(session: Session, shape: Any) -> None:
    for statement in (
        PAIRS.into(shape),
        union(PAIRS, PAIRS).into(shape),
        select(Author.id, Author.name.label("name")).limit(1).into(shape),
        sql("select id, name from author").into(shape),
    ):
        row = await session.one(statement)
        expected = {"id": 1, "name": "Ada"}
        found = row if isinstance(row, dict) else {n: getattr(row, n) for n in expected}
        assert {name: found[name] for name in expected} == expected | {"id": found["id"]}


@SHAPES
async def test_a_missing_column_is_named(session: Session, shape: Any) -> None:
    with pytest.raises(ArgumentError, match=rf"into\({shape.__name__}\) was given no column name"):
        await session.all(select(Author.id).into(shape))


@pytest.mark.parametrize("shape", [Data, Tupled, Typed])
async def test_a_column_without_a_field_is_named(session: Session, shape: Any) -> None:
    with pytest.raises(ArgumentError, match="age, which it has no field for"):
        await session.all(select(Author.id, Author.name, Author.age).into(shape))


async def test_aliases_of_fields_are_the_names_of_columns(session: Session) -> None:
    (row,) = await session.all(PAIRS.into(Renamed))
    assert row.name == "Ada"
    with pytest.raises(ArgumentError, match="no column id"):
        await session.all(select(Author.name).into(Renamed))


async def test_a_value_that_does_not_fit_is_an_error_of_pydantic(session: Session) -> None:
    with pytest.raises(ValidationError):
        await session.all(select(Author.name.label("id"), Author.name).into(Read))


async def test_columns_of_a_subquery_are_found_by_what_was_selected(session: Session) -> None:
    count = func.count().label("n")
    inner = select(Author.name.label("called"), count).group_by(Author.name).subquery()
    statement = select(inner.c[Author.name], inner.c[count]).where(inner.c[count] == 1)
    assert await session.all(statement) == [("Ada", 1)]
    with pytest.raises(InvalidRequestError, match=r"does not select author\.age"):
        inner.c[Author.age]


async def test_labels_of_one_shape_are_told_apart(session: Session) -> None:
    one, two = literal(1).label("one"), literal(2).label("two")
    inner = select(one, two).subquery()
    assert await session.all(select(inner.c[two], inner.c[one])) == [(2, 1)]


async def test_every_row_of_a_result_as_a_tuple(engine: Engine, session: Session) -> None:
    assert (await session.execute(select(Author.name))).tuples().all() == [("Ada",)]
    assert (await session.execute(select(Author.name, Author.age))).tuples().all() == [("Ada", 3)]
    inserted = insert(Author).values(name="Bob").returning(Author.name, Author.age)
    assert (await session.execute(inserted)).tuples().one() == ("Bob", None)
