"""What SELECT and set operations share; UNION, INTERSECT and EXCEPT themselves."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, Self, TypeVar, cast, overload

from asyncorm.errors import ArgumentError, InvalidRequestError
from asyncorm.sql.expressions import Condition, Expression, NullExpression, ScalarQuery
from asyncorm.sql.given import orders
from asyncorm.sql.nodes import Option, Query, combined
from asyncorm.sql.operators.order import Order
from asyncorm.sql.sources import Derived, entity_columns, is_entity
from asyncorm.sql.statements.clauses import row_count
from asyncorm.types.base import SQLType
from asyncorm.types.scalars import BOOLEAN

R = TypeVar("R")
V = TypeVar("V")
U = TypeVar("U")

_NO_OPTIONS: Mapping[str, Any] = {}


class Rows(Query[R]):
    """A query with ORDER BY, LIMIT and OFFSET that can be nested; every method gives a new one."""

    __slots__ = ("_execution_options", "_limit", "_offset", "_options", "_order", "_shape")

    _limit: Expression[Any, Any] | None
    _offset: Expression[Any, Any] | None
    _order: tuple[Order, ...]
    _options: tuple[Any, ...]
    _execution_options: Mapping[str, Any]
    _shape: Callable[..., Any] | None

    def _output_items(self) -> tuple[Any, ...]:
        raise NotImplementedError

    def order_by(self, *order: Expression[Any, Any] | Order) -> Self:
        """Add to ORDER BY."""
        new = self._copy()
        new._order = self._order + orders(order)
        return new

    def limit(self, count: int | Expression[int, Any]) -> Self:
        """At most so many rows."""
        new = self._copy()
        new._limit = row_count(count, "limit")
        return new

    def fetch(self, count: int | Expression[int, Any], *, with_ties: bool = False) -> Self:
        """At most so many rows; with ties also those that the order puts beside the last one."""
        new = self._copy()
        rows = row_count(count, "fetch")
        new._limit = WithTies(rows) if with_ties else rows
        return new

    def offset(self, count: int | Expression[int, Any]) -> Self:
        """Leave out so many rows."""
        new = self._copy()
        new._offset = row_count(count, "offset")
        return new

    def options(self, *options: Option) -> Self:
        """Loader options such as ``selectinload(User.books)``."""
        check_options(options)
        new = self._copy()
        new._options = self._options + options
        return new

    def execution_options(self, **options: Any) -> Self:
        """Options for the execution, such as ``populate_existing=True``."""
        new = self._copy()
        new._execution_options = {**self._execution_options, **options}
        return new

    def into(self, shape: Callable[..., U]) -> Rows[U]:
        """Rows as another class: a pydantic model, dataclass or NamedTuple."""
        check_shape(shape)
        new = self._copy()
        new._shape = shape
        return cast("Rows[U]", new)

    @overload
    def scalar_subquery(self: Rows[V | None]) -> NullExpression[V]: ...
    @overload
    def scalar_subquery(self: Rows[V]) -> NullExpression[V]: ...
    def scalar_subquery(self: Rows[Any]) -> Any:
        """The query as one value: of its only column, NULL without a row."""
        return ScalarQuery(self)

    def exists(self) -> Condition:
        """Whether the query has rows."""
        return Condition("EXISTS", (ScalarQuery(self, BOOLEAN),))

    def subquery(self, name: str | None = None) -> Derived:
        """The query as something to select from; its columns are ``.c.<name>``."""
        return Derived("subquery", self, name)

    def lateral(self, name: str | None = None) -> Derived:
        """A subquery that may refer to what stands before it in FROM."""
        return Derived("lateral", self, name)

    def cte(
        self,
        name: str | None = None,
        *,
        recursive: bool = False,
        materialized: bool | None = None,
    ) -> Derived:
        """The query as common table expression (``WITH``).

        ``materialized`` says whether the server must compute it by itself, or must not.
        """
        if not isinstance(materialized, bool | None):
            raise ArgumentError(
                f"materialized is True, False or None, not {type(materialized).__name__}",
                hint="leave it out, and the server decides",
            )
        return Derived("cte", self, name, recursive=recursive, materialized=materialized)

    def union(self, *others: Rows[R]) -> Compound[R]:
        """The rows of this query and of others without duplicates."""
        return compound("UNION", (self, *others))

    def union_all(self, *others: Rows[R]) -> Compound[R]:
        """The rows of this query and of others."""
        return compound("UNION ALL", (self, *others))

    def intersect(self, *others: Rows[R]) -> Compound[R]:
        """The rows that the others have as well."""
        return compound("INTERSECT", (self, *others))

    def intersect_all(self, *others: Rows[R]) -> Compound[R]:
        """Like ``intersect``, each row as often as all have it."""
        return compound("INTERSECT ALL", (self, *others))

    def except_(self, *others: Rows[R]) -> Compound[R]:
        """The rows that the others have not."""
        return compound("EXCEPT", (self, *others))

    def except_all(self, *others: Rows[R]) -> Compound[R]:
        """Like ``except_``; a row of another takes away one only."""
        return compound("EXCEPT ALL", (self, *others))

    def _united(self, operator: str, queries: tuple[Any, ...]) -> Compound[R]:
        return compound(operator, (self, *queries))

    def _result_type(self) -> SQLType[Any]:
        found = columns_of(self)
        if len(found) != 1:
            raise InvalidRequestError(
                f"a query used as a value must select one column, this one has {len(found)}",
                hint="select one column, as in select(User.id)",
            )
        return cast("SQLType[Any]", found[0]._type)

    def _tail_structure(self) -> tuple[tuple[Hashable, ...], tuple[Any, ...]]:
        """Key and parameters of what follows the body."""
        order_keys, parameters = combined(self._order)
        limit, offset = self._limit, self._offset
        if limit is not None:
            parameters += limit._parameters
        if offset is not None:
            parameters += offset._parameters
        option_keys: tuple[Hashable, ...] = ()
        if self._options:
            option_keys, more = combined(self._options)
            parameters += more
        key = (
            order_keys,
            limit is not None and limit._key,
            offset is not None and offset._key,
            self._shape,
            option_keys,
        )
        return key, parameters


class WithTies(Expression[int, int]):
    """A number of rows for ``FETCH FIRST n ROWS WITH TIES``."""

    __slots__ = ("inner",)

    def __init__(self, inner: Expression[Any, Any]) -> None:
        super().__init__(inner._type, ("with ties", inner._key), inner._parameters)
        self.inner = inner


def check_options(options: Iterable[Any]) -> None:
    """Refuse what is no loader option."""
    for option in options:
        if not isinstance(option, Option):
            raise InvalidRequestError(
                f"options() takes loader options, not a {type(option).__name__}",
                hint="write options(selectinload(User.books))",
            )


def check_shape(shape: Any) -> None:
    """Refuse what rows can't be made into."""
    if not callable(shape):
        raise ArgumentError(
            f"into() takes a class, not a {type(shape).__name__}",
            hint="write into(UserRead), a pydantic model, a dataclass or a NamedTuple",
        )


def checked_ctes(ctes: tuple[Any, ...]) -> tuple[Derived, ...]:
    """The common table expressions, if they are some."""
    for cte in ctes:
        if not isinstance(cte, Derived) or cte.kind != "cte":
            raise InvalidRequestError(
                f"add_cte() takes common table expressions, not a {type(cte).__name__}",
                hint="write add_cte(update(User).values(...).cte())",
            )
    return ctes


class Compound(Rows[R]):
    """Queries joined by UNION, INTERSECT or EXCEPT."""

    __slots__ = ("operator", "queries")

    def __init__(self, operator: str, queries: tuple[Rows[Any], ...]) -> None:
        self.operator = operator
        self.queries = queries
        self._limit = self._offset = self._shape = None
        self._order = self._options = ()
        self._execution_options = _NO_OPTIONS
        self._known_key = self._known_structure = None

    def _copy(self) -> Self:
        new = type(self)(self.operator, self.queries)
        for name in Rows.__slots__:
            setattr(new, name, getattr(self, name))
        return new

    def _output_items(self) -> tuple[Any, ...]:
        return self.queries[0]._output_items()

    def _build_structure(self) -> tuple[Hashable, tuple[Any, ...]]:
        keys: list[Hashable] = []
        parameters: tuple[Any, ...] = ()
        for query in self.queries:
            key, more = query._structure
            keys.append(key)
            parameters += more
        tail, more = self._tail_structure()
        return (self.operator, tuple(keys), tail), parameters + more


def columns_of(query: Rows[Any]) -> list[Any]:
    """The columns of a query's rows, also those of entities."""
    found: list[Any] = []
    for item in query._output_items():
        found.extend(entity_columns(item) if is_entity(item) else (item,))
    return found


def compound(operator: str, queries: tuple[Any, ...]) -> Compound[Any]:
    """A set operation over at least two queries."""
    if len(queries) < 2 or not all(isinstance(query, Rows) for query in queries):
        raise InvalidRequestError(
            f"{operator} takes two or more select() statements",
            hint="write union(select(A.id), select(B.id))",
        )
    widths = {len(columns_of(query)) for query in queries}
    if len(widths) > 1:
        raise InvalidRequestError(
            f"the queries of a {operator} have {' and '.join(map(str, sorted(widths)))} columns",
            hint="select the same number of columns in each",
        )
    return Compound(operator, queries)


def union(*queries: Rows[R]) -> Compound[R]:
    """The rows of all queries without duplicates."""
    return compound("UNION", queries)


def union_all(*queries: Rows[R]) -> Compound[R]:
    """The rows of all queries."""
    return compound("UNION ALL", queries)


def intersect(*queries: Rows[R]) -> Compound[R]:
    """The rows that all queries have."""
    return compound("INTERSECT", queries)


def intersect_all(*queries: Rows[R]) -> Compound[R]:
    """The rows that all queries have, each as often as all have it."""
    return compound("INTERSECT ALL", queries)


def except_(*queries: Rows[R]) -> Compound[R]:
    """The rows of the first query that the others have not."""
    return compound("EXCEPT", queries)


def except_all(*queries: Rows[R]) -> Compound[R]:
    """The rows of the first query, less one for each row of the others."""
    return compound("EXCEPT ALL", queries)
