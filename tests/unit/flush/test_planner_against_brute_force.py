"""Random graphs of rows and tables: is the planner's order valid, and how few are its statements?

The brute force tries all sequences of statements for rows that wait for each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from asyncorm.errors import CircularDependencyError
from asyncorm.flush.edge import Edge
from asyncorm.flush.plan import FlushPlan, Kind
from asyncorm.flush.schedule import schedule
from asyncorm.models.attributes import Mapped, Related
from asyncorm.models.fields import foreign_key, generated, relationship
from asyncorm.models.model import Model
from asyncorm.sql.table import MetaData
from tests.support.library import plan_of, stored, unit_of


class Web(Model):
    metadata = MetaData()


class Red(Web, table="red"):
    """Refers to itself and to the others, and is referred to by them."""

    id: Mapped[int] = generated(primary_key=True)
    red_id: Mapped[int | None] = foreign_key("red.id")
    blue_id: Mapped[int | None] = foreign_key("blue.id")
    red: Related[Red | None] = relationship(foreign_keys="red_id", remote_side="id")
    blue: Related[Blue | None] = relationship(foreign_keys="blue_id")


class Blue(Web, table="blue"):
    id: Mapped[int] = generated(primary_key=True)
    red_id: Mapped[int | None] = foreign_key("red.id")
    red: Related[Red | None] = relationship(foreign_keys="red_id")
    needed_id: Mapped[int] = foreign_key("green.id")
    needed: Related[Green] = relationship(foreign_keys="needed_id")


class Green(Web, table="green"):
    id: Mapped[int] = generated(primary_key=True)
    green_id: Mapped[int | None] = foreign_key("green.id")
    green: Related[Green | None] = relationship(foreign_keys="green_id", remote_side="id")


Web.metadata.configure()


@dataclass(frozen=True)
class Graph:
    reds: list[Red]
    blues: list[Blue]
    greens: list[Green]

    @property
    def rows(self) -> list[Any]:
        return [*self.reds, *self.blues, *self.greens]


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Rows of three tables with any references between them; some keys are given beforehand."""
    keyed = draw(st.booleans())

    def keys(start: int) -> st.SearchStrategy[int | None]:
        return st.just(start) if keyed else st.sampled_from([None, None, start])

    def row(kind: Any, number: int) -> Any:
        key = draw(keys(number))
        return kind() if key is None else kind(id=key)

    greens = [row(Green, n) for n in range(draw(st.integers(1, 4)))]
    reds = [row(Red, n) for n in range(draw(st.integers(0, 5)))]
    blues = [row(Blue, n) for n in range(draw(st.integers(0, 5)))]
    for red in reds:
        red.red = draw(st.sampled_from([None, *reds]))
        red.blue = draw(st.sampled_from([None, *blues]))
    for blue in blues:
        blue.red = draw(st.sampled_from([None, *reds]))
        blue.needed = draw(st.sampled_from(greens))
    for green in greens:
        green.green = draw(st.sampled_from([None, *greens]))
    return Graph(reds, blues, greens)


REFERENCES = {
    Red: (("red_id", Red), ("blue_id", Blue)),
    Blue: (("red_id", Red), ("needed_id", Green)),
    Green: (("green_id", Green),),
}


class Database:
    """Carries a plan out the way PostgreSQL does: keys are checked at the end of a statement."""

    def __init__(self) -> None:
        self.rows: dict[tuple[type, int], dict[str, Any]] = {}
        self.next_key = 1000

    def run(self, plan: FlushPlan) -> None:
        for batch in plan.batches:
            for link in batch.links:
                link.apply()
            for instance in batch.instances:
                self._write(batch.kind, batch.columns, instance)
            self._check()

    def _write(self, kind: Kind, columns: tuple[str, ...], instance: Any) -> None:
        if kind is Kind.INSERT:
            if instance.id is None:
                self.next_key += 1
                instance.__dict__["id"] = self.next_key
            assert (type(instance), instance.id) not in self.rows
            self.rows[(type(instance), instance.id)] = self._values(instance)
        elif kind is Kind.UPDATE:
            row = self.rows[(type(instance), instance.id)]
            row.update({name: instance.__dict__[name] for name in columns})
        else:
            del self.rows[(type(instance), instance.id)]

    def _values(self, instance: Any) -> dict[str, Any]:
        return {name: instance.__dict__[name] for name, _ in REFERENCES[type(instance)]}

    def _check(self) -> None:
        for (kind, _), row in self.rows.items():
            for name, target in REFERENCES[kind]:
                assert row[name] is None or (target, row[name]) in self.rows


def wanted(row: Any) -> dict[str, Any]:
    """The keys of the objects a row refers to."""
    return {
        name: None if (parent := getattr(row, name.removesuffix("_id"))) is None else parent.id
        for name, _ in REFERENCES[type(row)]
    }


@given(graphs(), st.randoms(use_true_random=False))
def test_a_plan_for_inserts_can_be_carried_out(graph: Graph, random: Any) -> None:
    rows = graph.rows
    random.shuffle(rows)
    database = Database()
    database.run(plan_of(unit_of(*rows)))
    assert len(database.rows) == len(rows)
    for row in rows:
        assert database.rows[(type(row), row.id)] == wanted(row)


@given(graphs(), st.data())
def test_a_plan_for_deletes_can_be_carried_out(graph: Graph, data: st.DataObject) -> None:
    for start, rows in ((100, graph.reds), (200, graph.blues), (300, graph.greens)):
        for number, row in enumerate(rows, start):
            row.__dict__["id"] = number
    database = Database()
    for row in graph.rows:
        row.__dict__.update(wanted(row))
        database.rows[(type(row), row.id)] = wanted(row)
    unit = unit_of(*graph.rows)
    stored(unit, *graph.rows)
    doomed = _closed(graph.rows, data)
    for row in doomed:
        unit.delete(row)
    database.run(plan_of(unit))
    assert len(database.rows) == len(graph.rows) - len(doomed)


def _closed(rows: list[Any], data: st.DataObject) -> list[Any]:
    """Some rows, with all that refer to them."""
    chosen = {id(row): row for row in rows if data.draw(st.booleans())}
    while True:
        more = [
            row
            for row in rows
            if id(row) not in chosen
            and any(
                id(getattr(row, name.removesuffix("_id"))) in chosen
                for name, _ in REFERENCES[type(row)]
            )
        ]
        if not more:
            return list(chosen.values())
        chosen.update({id(row): row for row in more})


@given(graphs())
def test_a_circle_is_only_an_error_where_no_key_can_be_empty(graph: Graph) -> None:
    """All references that can form a circle may be NULL here, so there is always a plan."""
    try:
        plan_of(unit_of(*graph.rows))
    except CircularDependencyError as error:
        raise AssertionError from error


# ------------------------------------------------------------------------- how few statements?


@st.composite
def acyclic(draw: st.DrawFn, shapes: int) -> tuple[list[str], dict[int, list[tuple[int, bool]]]]:
    """The shape of each row, and which rows before it wait for: (row, whether strictly)."""
    size = draw(st.integers(1, 7))
    kinds = [draw(st.sampled_from("ABC"[:shapes])) for _ in range(size)]
    waits: dict[int, list[tuple[int, bool]]] = {}
    for row in range(size):
        before = draw(st.sets(st.integers(0, row - 1), max_size=3)) if row else set()
        waits[row] = [
            (first, kinds[first] != kinds[row] or draw(st.booleans())) for first in sorted(before)
        ]
    return kinds, waits


def steps_of(kinds: list[str], waits: dict[int, list[tuple[int, bool]]]) -> list[list[int]]:
    key: Any = None
    edges: dict[Any, list[Edge]] = {
        row: [Edge(first, row, key, strict, None, False) for first, strict in found]
        for row, found in waits.items()
    }
    rows = list(range(len(kinds)))
    return schedule(rows, [[row] for row in rows], edges, kinds.__getitem__)


def fewest(kinds: list[str], waits: dict[int, list[tuple[int, bool]]]) -> int:
    """The least number of statements, by trying every sequence of shapes."""
    rows = range(len(kinds))

    def written_by(shape: str, done: frozenset[int]) -> frozenset[int]:
        now = set(done)
        for row in rows:  # rows before a row have smaller numbers
            ready = all(first in done or (not s and first in now) for first, s in waits[row])
            if ready and kinds[row] == shape:
                now.add(row)
        return frozenset(now)

    @cache
    def search(done: frozenset[int]) -> int:
        if len(done) == len(kinds):
            return 0
        following = {written_by(shape, done) for shape in set(kinds)} - {done}
        return 1 + min(search(now) for now in following)

    return search(frozenset())


def assert_valid(
    found: list[list[int]], kinds: list[str], waits: dict[int, list[tuple[int, bool]]]
) -> None:
    assert sorted(row for step in found for row in step) == list(range(len(kinds)))
    step_of = {row: number for number, step in enumerate(found) for row in step}
    for step in found:
        assert len({kinds[row] for row in step}) == 1
        assert step == sorted(step)
    for row, before in waits.items():
        for first, strict in before:
            assert step_of[first] + strict <= step_of[row]


@given(acyclic(shapes=1))
def test_rows_of_one_shape_take_the_fewest_statements(graph: Any) -> None:
    found = steps_of(*graph)
    assert_valid(found, *graph)
    assert len(found) == fewest(*graph)


@given(acyclic(shapes=3))
def test_rows_of_several_shapes_take_hardly_more_than_the_fewest(graph: Any) -> None:
    """Choosing the best sequence of shapes is as hard as the shortest common supersequence."""
    found = steps_of(*graph)
    assert_valid(found, *graph)
    assert len(found) <= fewest(*graph) + 1
