"""Custom types over other types than plain ones: documents, composites, domains, arrays of them."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from asyncorm import (
    JSONB,
    Array,
    Composite,
    ConfigurationError,
    CustomType,
    Domain,
    Integer,
    Mapped,
    MetaData,
    Model,
    Session,
    column,
    select,
    sql,
)
from asyncorm.engine.engine import Engine
from tests.conftest import CreateTables


class Base(Model):
    metadata = MetaData()


class Tree:
    """A value that changes inside and is stored as a document."""

    def __init__(self, **leaves: Any) -> None:
        self.leaves = leaves


class TreeType(CustomType[Tree]):
    sql = JSONB
    mutable = True

    def to_sql(self, value: Tree) -> dict[str, Any]:
        return value.leaves

    def from_sql(self, value: dict[str, Any]) -> Tree:
        return Tree(**value)


class Pair(NamedTuple):
    x: int
    y: int


class Point:
    def __init__(self, x: int, y: int) -> None:
        self.x, self.y = x, y

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Point) and (self.x, self.y) == (other.x, other.y)

    def __hash__(self) -> int:
        return hash((self.x, self.y))


class PointType(CustomType[Point]):
    sql = Composite(Pair, name="custom_pair")

    def to_sql(self, value: Point) -> Pair:
        return Pair(value.x, value.y)

    def from_sql(self, value: Pair) -> Point:
        return Point(*value)


class Length:
    def __init__(self, metres: int) -> None:
        self.metres = metres


class LengthType(CustomType[Length]):
    sql = Domain("custom_length", Integer, check="VALUE >= 0")

    def to_sql(self, value: Length) -> int:
        return value.metres

    def from_sql(self, value: int) -> Length:
        return Length(value)


class Garden(Base, table="garden"):
    id: Mapped[int] = column(primary_key=True)
    tree: Mapped[Tree | None] = column(TreeType, default=None)
    place: Mapped[Point] = column(PointType)
    corners: Mapped[list[Point]] = column(Array(PointType))
    length: Mapped[Length] = column(LengthType)


def gardens() -> list[Garden]:
    corners = [Point(1, 2), Point(3, 4)]
    return [
        Garden(
            id=number,
            tree=Tree(a=number, b=[None]) if number else None,
            place=Point(number, -1),
            corners=corners[:number],
            length=Length(number),
        )
        for number in range(3)
    ]


def seen(garden: Garden) -> tuple[Any, ...]:
    tree = None if garden.tree is None else garden.tree.leaves
    return tree, garden.place, garden.corners, garden.length.metres


@pytest.fixture(autouse=True)
async def planted(engine: Engine, tables: CreateTables) -> None:
    await tables(Garden)
    async with Session(engine) as session:
        session.add_all(gardens())
        await session.commit()


async def test_they_are_loaded(engine: Engine) -> None:
    async with Session(engine) as session:
        found = await session.all(select(Garden).order_by(Garden.id))
    assert [seen(garden) for garden in found] == [seen(garden) for garden in gardens()]


async def test_raw_sql_brings_them(engine: Engine) -> None:
    async with Session(engine) as session:
        named = sql("select {} from garden order by id", Garden).into(Garden)
        found = await session.all(named)
        assert [seen(garden) for garden in found] == [seen(garden) for garden in gardens()]
        session.expunge_all()
        some = sql("select id, tree, length from garden order by id").into(Garden)
        bare = await session.all(some)
        assert [seen(garden)[0] for garden in gardens()] == [
            None if garden.tree is None else garden.tree.leaves for garden in bare
        ]
        assert [garden.length.metres for garden in bare] == [0, 1, 2]


async def test_they_are_compared_and_changed(engine: Engine) -> None:
    async with Session(engine) as session:
        found = await session.one(select(Garden).where(Garden.place == Point(1, -1)))
        assert found.id == 1
        many = select(Garden.id).where(Garden.place.in_([Point(1, -1), Point(2, -1)]))
        assert sorted(await session.all(many)) == [1, 2]
        assert found.tree is not None
        assert not session.dirty
        found.tree.leaves["new"] = True
        await session.commit()
    async with Session(engine) as session:
        again = await session.get_one(Garden, 1)
        assert again.tree is not None
        assert again.tree.leaves == {"a": 1, "b": [None], "new": True}


async def test_a_class_that_nothing_describes_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"Wrong.tree: no PostgreSQL type is known"):

        class Wrong(Base, table="wrong"):
            id: Mapped[int] = column(primary_key=True)
            tree: Mapped[Tree]


async def test_a_domain_is_no_identity_column() -> None:
    with pytest.raises(ConfigurationError, match="can't make a primary key of type"):

        class Wrong(Base, table="wrong"):
            id: Mapped[int] = column(Domain("key", Integer), primary_key=True, init=False)
