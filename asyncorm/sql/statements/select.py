"""SELECT."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any, Self, TypeVar, cast, overload

from asyncorm.errors import InvalidRequestError
from asyncorm.sql.expressions import Condition, Expression, ScalarQuery, as_condition
from asyncorm.sql.functions.calls import WindowCall
from asyncorm.sql.functions.grouping import Grouping, grouped
from asyncorm.sql.given import expressions
from asyncorm.sql.nodes import Query, Yields
from asyncorm.sql.operators.order import Order
from asyncorm.sql.repeated import found_again
from asyncorm.sql.sources import Derived, attribute_of, is_entity, source_of
from asyncorm.sql.statements.clauses import (
    NO_EXTRAS,
    Extras,
    Join,
    check_joinable,
    make_join,
    make_lock,
)
from asyncorm.sql.statements.query import Rows, checked_ctes
from asyncorm.types.scalars import BOOLEAN

R = TypeVar("R")
U = TypeVar("U")
R1 = TypeVar("R1")
R2 = TypeVar("R2")
R3 = TypeVar("R3")
R4 = TypeVar("R4")
R5 = TypeVar("R5")
R6 = TypeVar("R6")
R7 = TypeVar("R7")
R8 = TypeVar("R8")
R9 = TypeVar("R9")
R10 = TypeVar("R10")

_NO_OPTIONS: Mapping[str, Any] = {}


class Select(Rows[R]):
    """A SELECT of entities and expressions; every method gives a new one."""

    __slots__ = ("_extras", "_items", "_joins", "_where")

    _items: tuple[Any, ...]
    _joins: tuple[Join, ...]
    _where: tuple[Expression[bool, Any], ...]
    _extras: Extras

    def __init__(self, items: tuple[Any, ...]) -> None:
        self._items = items
        self._joins = ()
        self._where = ()
        self._extras = NO_EXTRAS
        self._order = ()
        self._limit = None
        self._offset = None
        self._options = ()
        self._execution_options = _NO_OPTIONS
        self._shape = None
        self._known_key = None
        self._known_structure = None

    def _copy(self) -> Self:
        # written out because every method of every statement comes through here
        new = object.__new__(type(self))
        new._items = self._items
        new._joins = self._joins
        new._where = self._where
        new._extras = self._extras
        new._order = self._order
        new._limit = self._limit
        new._offset = self._offset
        new._options = self._options
        new._execution_options = self._execution_options
        new._shape = self._shape
        new._known_key = None
        new._known_structure = None
        return new

    def where(self, *conditions: Expression[bool, Any]) -> Self:
        """Only rows that fulfil all conditions."""
        for condition in conditions:
            if not isinstance(condition, Condition):
                as_condition(condition)
        new = self._copy()
        new._where = self._where + conditions
        return new

    def filter_by(self, /, **values: Any) -> Self:
        """``where`` by attribute names of what was joined last, or else selected first."""
        target = self._joins[-1].target if self._joins else self._first_target()
        return self.where(*(attribute_of(target, name) == value for name, value in values.items()))

    def join(
        self, target: Any, onclause: Any = None, *, isouter: bool = False, full: bool = False
    ) -> Self:
        """JOIN along a relationship, or to an entity with or without a condition.

        ``isouter`` and ``full`` keep rows without a match: LEFT JOIN and FULL JOIN.
        """
        kind = "FULL JOIN" if full else "LEFT JOIN" if isouter else "JOIN"
        return self._joined(make_join(target, onclause, kind))

    def outerjoin(self, target: Any, onclause: Any = None, *, full: bool = False) -> Self:
        """LEFT JOIN: like ``join``, and rows without a match stay; ``full``: of both sides."""
        return self._joined(make_join(target, onclause, "FULL JOIN" if full else "LEFT JOIN"))

    def select_from(self, *targets: Any) -> Self:
        """Name what to select from, where the columns don't tell it."""
        for target in targets:
            check_joinable(target, "select_from()")
        return self._with(sources=self._extras.sources + tuple(map(source_of, targets)))

    def group_by(self, *by: Expression[Any, Any] | Grouping) -> Self:
        """Add to GROUP BY: expressions, or ``func.rollup(...)`` and its relatives."""
        found = tuple(found_again(term, self._items) for term in grouped(by))
        return self._with(group_by=self._extras.group_by + found)

    def order_by(self, *order: Expression[Any, Any] | Order) -> Self:
        """Add to ORDER BY."""
        new = super().order_by(*order)
        if any(term._parameters for term in new._order):
            known = (*self._items, *self._extras.group_by)
            new._order = tuple(found_again(term, known) for term in new._order)
        return new

    def having(self, *conditions: Expression[bool, Any]) -> Self:
        """Only groups that fulfil all conditions."""
        return self._with(having=self._extras.having + tuple(map(as_condition, conditions)))

    def distinct(self, *on: Expression[Any, Any]) -> Self:
        """Only distinct rows; with expressions the first row of each (``DISTINCT ON``)."""
        return self._with(distinct=expressions(on, "distinct()"))

    def with_for_update(
        self,
        *,
        read: bool = False,
        key_share: bool = False,
        nowait: bool = False,
        skip_locked: bool = False,
        of: Any = None,
    ) -> Self:
        """Lock the rows: ``FOR UPDATE``, or with ``read`` ``FOR SHARE``."""
        lock = make_lock(
            read=read, key_share=key_share, nowait=nowait, skip_locked=skip_locked, of=of
        )
        return self._with(lock=lock)

    def add_columns(self, *items: Any) -> Select[Any]:
        """More entities, columns and expressions in the select list."""
        return self._selecting((*self._items, *map(selectable, items)))

    def with_only_columns(self, *items: Any) -> Select[Any]:
        """Another select list; what was selected before stays in FROM."""
        joined = [join.source for join in self._joins]
        found = [_source_of_item(item) for item in self._items]
        kept = (one for one in found if one is not None and one not in joined)
        return self.select_from(*dict.fromkeys(kept))._selecting(tuple(map(selectable, items)))

    def add_cte(self, *ctes: Derived) -> Self:
        """Run other statements along with this one: CTEs that it need not mention."""
        return self._with(ctes=self._extras.ctes + checked_ctes(ctes))

    def into(self, shape: Callable[..., U]) -> Select[U]:
        """Rows as another class: a pydantic model, dataclass or NamedTuple."""
        return cast("Select[U]", super().into(shape))

    def _selecting(self, items: tuple[Any, ...]) -> Select[Any]:
        if not items:
            raise InvalidRequestError("a select() of nothing", hint="give columns or entities")
        new = self._copy()
        new._items = items
        return new

    def _joined(self, join: Join) -> Self:
        new = self._copy()
        new._joins = (*self._joins, join)
        return new

    def _with(self, **changes: Any) -> Self:
        new = self._copy()
        new._extras = self._extras._replace(**changes)
        return new

    def _output_items(self) -> tuple[Any, ...]:
        return self._items

    def _first_target(self) -> Any:
        """The entity or source that the statement is about."""
        for item in self._items:
            if is_entity(item):
                return item
            if isinstance(item, Expression) and getattr(item, "table", None) is not None:
                return cast("Any", item).table
        if self._extras.sources:
            return self._extras.sources[0]
        raise InvalidRequestError(
            "filter_by() can't tell which entity is meant",
            hint="use where(User.name == ...)",
        )

    def _build_structure(self) -> tuple[Hashable, tuple[Any, ...]]:
        parameters: tuple[Any, ...] = ()
        keys: list[Hashable] = ["select"]
        for item in self._items:
            if isinstance(item, type):
                keys.append(item)
            else:
                keys.append(item._key)
                parameters += item._parameters
        extras = self._extras
        if self._joins:
            for join in self._joins:
                keys.append(join._key)
                parameters += join._parameters
        keys.append("where")
        for condition in self._where:
            keys.append(condition._key)
            parameters += condition._parameters
        if extras is not NO_EXTRAS:
            key, more = extras.structure()
            keys.append(("extras", key))
            parameters += more
        if (
            self._order
            or self._options
            or self._limit is not None
            or self._offset is not None
            or self._shape is not None
        ):
            tail, more = self._tail_structure()
            keys.append(("tail", tail))
            parameters += more
        return tuple(keys), parameters


@overload
def select(a: type[R1] | Yields[R1], /) -> Select[R1]: ...
@overload
def select(a: type[R1] | Yields[R1], b: type[R2] | Yields[R2], /) -> Select[tuple[R1, R2]]: ...
@overload
def select(
    a: type[R1] | Yields[R1], b: type[R2] | Yields[R2], c: type[R3] | Yields[R3], /
) -> Select[tuple[R1, R2, R3]]: ...
@overload
def select(
    a: type[R1] | Yields[R1],
    b: type[R2] | Yields[R2],
    c: type[R3] | Yields[R3],
    d: type[R4] | Yields[R4],
    /,
) -> Select[tuple[R1, R2, R3, R4]]: ...
@overload
def select(
    a: type[R1] | Yields[R1],
    b: type[R2] | Yields[R2],
    c: type[R3] | Yields[R3],
    d: type[R4] | Yields[R4],
    e: type[R5] | Yields[R5],
    /,
) -> Select[tuple[R1, R2, R3, R4, R5]]: ...
@overload
def select(
    a: type[R1] | Yields[R1],
    b: type[R2] | Yields[R2],
    c: type[R3] | Yields[R3],
    d: type[R4] | Yields[R4],
    e: type[R5] | Yields[R5],
    f: type[R6] | Yields[R6],
    /,
) -> Select[tuple[R1, R2, R3, R4, R5, R6]]: ...
@overload
def select(
    a: type[R1] | Yields[R1],
    b: type[R2] | Yields[R2],
    c: type[R3] | Yields[R3],
    d: type[R4] | Yields[R4],
    e: type[R5] | Yields[R5],
    f: type[R6] | Yields[R6],
    g: type[R7] | Yields[R7],
    /,
) -> Select[tuple[R1, R2, R3, R4, R5, R6, R7]]: ...
@overload
def select(
    a: type[R1] | Yields[R1],
    b: type[R2] | Yields[R2],
    c: type[R3] | Yields[R3],
    d: type[R4] | Yields[R4],
    e: type[R5] | Yields[R5],
    f: type[R6] | Yields[R6],
    g: type[R7] | Yields[R7],
    h: type[R8] | Yields[R8],
    /,
) -> Select[tuple[R1, R2, R3, R4, R5, R6, R7, R8]]: ...
@overload
def select(
    a: type[R1] | Yields[R1],
    b: type[R2] | Yields[R2],
    c: type[R3] | Yields[R3],
    d: type[R4] | Yields[R4],
    e: type[R5] | Yields[R5],
    f: type[R6] | Yields[R6],
    g: type[R7] | Yields[R7],
    h: type[R8] | Yields[R8],
    i: type[R9] | Yields[R9],
    /,
) -> Select[tuple[R1, R2, R3, R4, R5, R6, R7, R8, R9]]: ...
@overload
def select(
    a: type[R1] | Yields[R1],
    b: type[R2] | Yields[R2],
    c: type[R3] | Yields[R3],
    d: type[R4] | Yields[R4],
    e: type[R5] | Yields[R5],
    f: type[R6] | Yields[R6],
    g: type[R7] | Yields[R7],
    h: type[R8] | Yields[R8],
    i: type[R9] | Yields[R9],
    j: type[R10] | Yields[R10],
    /,
) -> Select[tuple[R1, R2, R3, R4, R5, R6, R7, R8, R9, R10]]: ...
def select(*items: Any) -> Select[Any]:
    """SELECT of entities, columns and expressions: rows are objects, values or tuples."""
    if not items:
        raise InvalidRequestError("select() was given nothing", hint="write select(User)")
    return Select(tuple(map(selectable, items)))


def _source_of_item(item: Any) -> Any:
    """What an entity or column stands for in FROM; None for other expressions."""
    return source_of(item) if is_entity(item) else getattr(item, "table", None)


def selectable(item: Any) -> Any:
    """``item``, if it can stand in a select list or RETURNING."""
    # not the other way round: asking a model whether it is an Expression takes 0.2 µs
    if (not isinstance(item, type) and isinstance(item, Expression)) or is_entity(item):
        return item
    if isinstance(item, Query):
        return ScalarQuery(item)
    hint = "give mapped classes, columns or expressions"
    if isinstance(item, Derived):
        hint = "select its columns: select(subquery.c.id)"
    elif isinstance(item, WindowCall):
        hint = "a window function needs a window: func.row_number().over(order_by=User.id)"
    elif hasattr(item, "_join"):
        hint = "a relationship is loaded by options(selectinload(...)), or joined"
    elif isinstance(item, str):
        hint = "text is no SQL here: select(User.name), or sql('select ...')"
    name = item.__name__ if isinstance(item, type) else f"a {type(item).__name__}"
    raise InvalidRequestError(f"select() can't select {name}", hint=hint)


def exists(query: Query[Any]) -> Condition:
    """Whether the query has rows."""
    if not isinstance(query, Query):
        raise InvalidRequestError(
            f"exists() takes a select(), not a {type(query).__name__}",
            hint="write exists(select(Book).where(Book.author_id == User.id))",
        )
    return Condition("EXISTS", (ScalarQuery(query, BOOLEAN),))
