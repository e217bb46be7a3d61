"""All kinds of statements, drawn by hypothesis; with what their rows must hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from asyncorm import func, or_, select, window
from tests.support.exhibits import COLUMNS, Exhibit, TypedValues
from tests.support.random_changes import CHANGES
from tests.support.random_queries import QUERIES
from tests.support.statements import Recipe, Recipes, Values
from tests.support.typed_expressions import (
    AGGREGATES,
    ORDERED,
    ORDERED_SETS,
    PYTHON,
    WINDOW_FUNCTIONS,
    Line,
    bare,
    made,
    typed,
)


class Drawn:
    """The recipe of a statement, and the kinds of its columns where they are known."""

    def __init__(self, recipe: Recipe, kinds: tuple[str, ...] = ()) -> None:
        self.recipe = recipe
        self.kinds = kinds

    def check(self, rows: list[Any]) -> None:
        """Every value is of the type that its expression is said to have."""
        if not self.kinds:
            return
        for row in rows:
            values = (row,) if len(self.kinds) == 1 else row
            for kind, value in zip(self.kinds, values, strict=True):
                expected = list if kind == "real_list" else PYTHON[kind]
                assert value is None or expected is object or isinstance(value, expected), (
                    f"{kind} is read as {type(value).__name__}"
                )

    def __repr__(self) -> str:
        return str(self.recipe(TypedValues(0)))


Statements = SearchStrategy[Drawn]

#: kinds that columns are drawn of
KINDS = [kind for kind in PYTHON if kind != "query"]


def _labelled(recipes: list[Recipe], values: Values) -> list[Any]:
    return [recipe(values).label(f"c{number}") for number, recipe in enumerate(recipes)]


@st.composite
def typed_selects(draw: Any) -> Drawn:
    """Expressions of all types in the select list, WHERE and ORDER BY."""
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=3))
    items = [draw(typed(kind, 2)) for kind in kinds]
    where = draw(st.lists(typed("truth", 2), max_size=1))
    order = draw(st.lists(st.sampled_from(ORDERED).flatmap(lambda k: typed(k, 1)), max_size=1))

    def make(values: Values) -> Any:
        statement = select(*_labelled(items, values)).select_from(Exhibit)
        statement = statement.where(*[recipe(values) for recipe in where])
        return statement.order_by(*[recipe(values) for recipe in order]).limit(5)

    return Drawn(make, tuple(kinds))


@st.composite
def typed_conditions(draw: Any) -> Drawn:
    """Two conditions of all types, nested deeply."""
    first, second = draw(typed("truth", 3)), draw(typed("truth", 2))

    def make(values: Values) -> Any:
        return select(Exhibit.id, first(values).label("c")).where(
            or_(second(values), first(values))
        )

    return Drawn(make, ("number", "truth"))


@st.composite
def groupings(draw: Any) -> Drawn:
    """GROUP BY, grouping sets, rollup and cube; aggregates with FILTER, DISTINCT, ORDER BY."""
    lines: list[Line] = draw(
        st.lists(st.sampled_from([*AGGREGATES, *ORDERED_SETS]), min_size=1, max_size=3)
    )
    items = [draw(made(line, 1)) for line in lines]
    filters = [draw(st.none() | typed("truth", 1)) for _ in lines]
    form = draw(st.sampled_from(["none", "plain", "rollup", "cube", "sets", "nested"]))
    keys = draw(st.lists(st.sampled_from([k for k in ORDERED if k in COLUMNS]), min_size=2,
                         max_size=3, unique=True))  # fmt: skip
    having, ordered = draw(st.booleans()), draw(st.booleans())

    def make(values: Values) -> Any:
        by: list[Any] = [COLUMNS[kind][0] for kind in keys]
        found = [item(values) for item in items]
        found = [
            item if where is None else item.filter(where(values))
            for item, where in zip(found, filters, strict=True)
        ]
        found = [item.label(f"a{number}") for number, item in enumerate(found)]
        groups: tuple[Any, ...] = {
            "none": (),
            "plain": tuple(by),
            "rollup": (func.rollup(*by),),
            "cube": (func.cube(by[0], tuple(by[1:])),),
            "sets": (func.grouping_sets((by[0], by[1]), by[0], ()),),
            "nested": (by[0], func.grouping_sets(func.rollup(*by[1:]), (by[1],))),
        }[form]
        shown = [] if form in ("none", "sets") else by
        statement = select(*shown, *found).select_from(Exhibit).group_by(*groups)
        if having:
            statement = statement.having(func.count() > values.count() % 3)
        if ordered and shown:
            statement = statement.order_by(func.grouping(by[0]), by[0].nulls_last())
        return statement

    shown = () if form in ("none", "sets") else tuple(keys)
    return Drawn(make, (*shown, *(line[0] for line in lines)))


_OFFSETS = st.sampled_from([None, -2, -1, 0, 1, 2])
_EXCLUDED = st.sampled_from([None, "CURRENT ROW", "GROUP", "TIES", "NO OTHERS"])
#: what a RANGE frame can be ordered by, and the kind of its distances
_RANGED = {
    "number": "short", "short": "short", "money": "money", "real": "short", "day": "span",
    "time": "span", "naive": "span", "clock": "span", "span": "span",
}  # fmt: skip


@st.composite
def windows(draw: Any) -> Drawn:
    """Functions and aggregates over windows with all kinds of frames."""
    lines = draw(
        st.lists(
            st.sampled_from(WINDOW_FUNCTIONS) | st.sampled_from(AGGREGATES), min_size=1, max_size=2
        )
    )
    items = [draw(made(line, 1)) for line in lines]
    frame = draw(st.sampled_from(["none", "rows", "groups", "range", "distance"]))
    ordered_by = draw(st.sampled_from(list(_RANGED) if frame == "distance" else ORDERED))
    order = draw(typed(ordered_by, 1))
    partition = draw(st.lists(st.sampled_from(ORDERED).flatmap(lambda k: typed(k, 1)), max_size=2))
    start, end = sorted(
        (draw(_OFFSETS), draw(_OFFSETS)), key=lambda offset: -9 if offset is None else offset
    )
    excluded, down, shared = draw(_EXCLUDED), draw(st.booleans()), draw(st.booleans())
    where = draw(st.none() | typed("truth", 1))

    def make(values: Values) -> Any:
        term = order(values)
        parts: dict[str, Any] = {
            "partition_by": [recipe(values) for recipe in partition],
            "order_by": [term.desc().nulls_first() if down else term],
        }
        if frame in ("rows", "groups"):
            parts[frame] = (start, end)
        elif frame == "range":
            parts["range_"] = (None, 0)
        elif frame == "distance":
            distance = abs(bare(_RANGED[ordered_by])(values))
            parts["range_"] = (-(distance or 1), distance or 1)
        if excluded is not None and frame != "none":
            parts["exclude"] = excluded
        one = window(**parts)
        found = []
        for number, item in enumerate(items):
            call = item(values)
            if getattr(call, "is_distinct", False):
                call = func.count()
            if where is not None and lines[number] in AGGREGATES:
                call = call.filter(where(values))
            over = call.over(one) if shared else call.over(**parts)
            found.append(over.label(f"w{number}"))
        return select(*found).select_from(Exhibit)

    return Drawn(make, tuple(line[0] for line in lines))


def _plain(strategy: Callable[[], Recipes]) -> Callable[[], Statements]:
    return lambda: strategy().map(Drawn)


CONSTRUCTS: dict[str, Callable[[], Statements]] = {
    "expressions": typed_selects,
    "conditions": typed_conditions,
    "groupings": groupings,
    "windows": windows,
    **{name: _plain(strategy) for name, strategy in {**QUERIES, **CHANGES}.items()},
}
