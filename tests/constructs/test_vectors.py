"""Vectors of pgvector: distances, the nearest rows, indexes."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pglast
import pytest

from asyncorm import (
    ArgumentError,
    DataError,
    HalfVector,
    Index,
    Mapped,
    MetaData,
    Model,
    Session,
    SparseVector,
    Vector,
    column,
    func,
    select,
)
from asyncorm.engine.engine import Engine
from tests.constructs.conftest import Same
from tests.support.rows import rows


class Space(Model):
    metadata = MetaData()


class Spot(Space, table="spot"):
    id: Mapped[int] = column(primary_key=True)
    place: Mapped[list[float]] = column(Vector(3))
    half: Mapped[list[float]] = column(HalfVector(3))
    sparse: Mapped[dict[int, float]] = column(SparseVector(3))
    __table_args__ = (
        Index("ix_l2", "place", using="hnsw", ops={"place": "vector_l2_ops"}, with_={"m": 8}),
        Index("ix_cosine", "place", using="hnsw", ops={"place": "vector_cosine_ops"}),
        Index("ix_half", "half", using="hnsw", ops={"half": "halfvec_l2_ops"}),
    )


PLACES = [[1.0, 0.0, 0.0], [0.0, 2.0, 0.0], [1.0, 1.0, 1.0], [-1.0, 0.5, 3.0]]


@pytest.fixture(scope="module")
async def space(engine: Engine) -> AsyncIterator[None]:
    if not await rows(engine, "select 1 from pg_available_extensions where name = 'vector'"):
        pytest.skip("the server has not the extension vector")
    await engine.create_all(Space)
    async with Session(engine) as session:
        for number, place in enumerate(PLACES):
            sparse = {n: value for n, value in enumerate(place, 1) if value}
            session.add(Spot(id=number, place=place, half=place, sparse=sparse))
        await session.commit()
    yield
    await engine.drop_all(Space)


@pytest.mark.usefixtures("space")
@pytest.mark.parametrize(
    ("method", "operator"),
    [
        ("l2_distance", "<->"),
        ("cosine_distance", "<=>"),
        ("max_inner_product", "<#>"),
        ("l1_distance", "<+>"),
    ],
)
async def test_the_nearest_come_first(same: Same, method: str, operator: str) -> None:
    to = [0.5, 1.0, -0.25]
    for name in ("place", "half"):
        distance = getattr(getattr(Spot, name), method)(to)
        type_ = "vector" if name == "place" else "halfvec"
        found = await same(
            select(Spot.id, distance).order_by(distance, Spot.id).limit(3),
            f"select id, {name} {operator} $1::text::{type_} from spot "
            f"order by {name} {operator} $1::text::{type_}, id limit 3",
            "[0.5,1,-0.25]",
        )
        assert isinstance(found[0][1], float)
    await same(
        select(Spot.id).where(Spot.place.l2_distance(Spot.place) + 1 < 2),
        "select id from spot",
    )


@pytest.mark.usefixtures("space")
async def test_distances_are_what_they_say(engine: Engine) -> None:
    async with engine.connect() as connection:
        statement = select(
            Spot.place.l2_distance([1.0, 1.0, 0.0]),
            Spot.place.l1_distance([1.0, 1.0, 0.0]),
            Spot.place.max_inner_product([3.0, 1.0, 0.0]),
            func.avg(Spot.place).over(),
        ).where(Spot.id == 0)
        (row,) = (await connection.execute(statement)).all()
    assert tuple(row) == (1.0, 1.0, -3.0, PLACES[0])


@pytest.mark.usefixtures("space")
async def test_indexes_serve_the_order(engine: Engine) -> None:
    async with engine.begin() as connection:
        await connection.command("set local enable_seqscan = off")
        for distance, index in (
            (Spot.place.l2_distance([0.0, 0.0, 0.0]), "ix_l2"),
            (Spot.place.cosine_distance([0.0, 0.0, 1.0]), "ix_cosine"),
        ):
            statement = select(Spot.id).order_by(distance).limit(1)
            plan = await connection.fetch(f"explain {statement}", ["[0,0,1]", 1])
            assert index in str([tuple(row) for row in plan])


class Array:
    """What arrays of numeric libraries look like to us."""

    def __init__(self, *numbers: float) -> None:
        self.numbers = numbers

    def tolist(self) -> list[float]:
        return list(self.numbers)


def test_arrays_of_other_libraries_are_taken() -> None:
    assert Vector(2).as_text(Array(1.0, 2.5)) == "[1.0,2.5]"
    statement = select(Spot.id).order_by(Spot.place.l2_distance(Array(1, 2, 3)))  # type: ignore[arg-type]
    assert len(pglast.parse_sql(str(statement))) == 1


def test_wrong_vectors_are_refused() -> None:
    with pytest.raises(DataError, match="it has 2 dimensions"):
        Vector(3).as_text([1.0, 2.0])
    for wrong in ("123", [1.0, "2", 3.0], 5, [True, False, True], {1: 2.0}):
        with pytest.raises(DataError, match="does not fit vector"):
            Vector(3).as_text(wrong)
    for wrong in ({0: 1.0}, {4: 1.0}, [1.0], {"1": 1.0}):
        with pytest.raises(DataError, match="does not fit sparsevec"):
            SparseVector(3).as_text(wrong)
    with pytest.raises(ArgumentError, match=r"spot\.id is bigint; only vectors have distances"):
        Spot.id.l2_distance([1.0])  # type: ignore[misc]
