"""INSERT."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any, Self, TypeVar, overload

from asyncorm.errors import InvalidRequestError
from asyncorm.sql.clauses import Conflict, assignments_of
from asyncorm.sql.expressions import Assignment, Expression, as_condition
from asyncorm.sql.inserted_rows import BulkRows, QueryRows, ValueRows, collected_rows
from asyncorm.sql.modification import Modification
from asyncorm.sql.nodes import Query, Yields
from asyncorm.sql.sources import Excluded, column_of, entity_name
from asyncorm.sql.table import BaseColumn
from asyncorm.sql.values import checked_name

R = TypeVar("R")
R1 = TypeVar("R1")
R2 = TypeVar("R2")
R3 = TypeVar("R3")
R4 = TypeVar("R4")
R5 = TypeVar("R5")


class Insert(Modification[R]):
    """INSERT; every method gives a new one."""

    __slots__ = ("_conflict", "_fixed", "_rows", "_written")

    def __init__(self, target: Any) -> None:
        super().__init__(target)
        #: the rows with the model's defaults, where none were given; known with the structure
        self._written: BulkRows | ValueRows | QueryRows | None = None
        self._rows: BulkRows | ValueRows | QueryRows | None = None
        self._conflict: Conflict | None = None
        #: values that every row gets besides its own
        self._fixed: Mapping[Any, Any] = {}

    def _fixed_to(self, values: Mapping[Any, Any]) -> Self:
        new = self._copy()
        new._fixed = values
        return new

    @property
    def excluded(self) -> Excluded:
        """The proposed row, for ``on_conflict_do_update``."""
        return Excluded(self._target, self._table)

    def values(
        self, values: Mapping[Any, Any] | Iterable[Mapping[Any, Any]] | None = None, /, **named: Any
    ) -> Self:
        """The values of one row, or of many as a list of dicts."""
        if self._rows is not None:
            raise InvalidRequestError(
                "this insert() has values already",
                hint="give all rows at once: values([{...}, {...}])",
            )
        rows = [values or {}] if values is None or isinstance(values, Mapping) else list(values)
        if not rows or (named and values is not None and not isinstance(values, Mapping)):
            raise InvalidRequestError(
                f"insert({entity_name(self._target)}) was given no rows"
                if not rows
                else "values() takes a list of rows or keywords, not both",
                hint="write values(name='x') or values([{'name': 'x'}, ...])",
            )
        return self._with(
            rows=collected_rows(self._target, [{**self._fixed, **row, **named} for row in rows])
        )

    def from_select(self, names: Iterable[Any], query: Query[Any]) -> Self:
        """The rows of a query, into the columns named."""
        columns = tuple(column_of(self._target, name) for name in names)
        return self._with(rows=QueryRows(columns, query))

    def on_conflict_do_nothing(
        self,
        *,
        index_elements: Iterable[Any] = (),
        index_where: Expression[bool, Any] | None = None,
        constraint: str | None = None,
    ) -> Self:
        """Leave out rows that would violate a unique constraint."""
        return self._with(
            conflict=self._conflict_of(index_elements, index_where, constraint, (), None)
        )

    def on_conflict_do_update(
        self,
        *,
        index_elements: Iterable[Any] = (),
        index_where: Expression[bool, Any] | None = None,
        constraint: str | None = None,
        set_: Mapping[Any, Any] | Iterable[Assignment],
        where: Expression[bool, Any] | None = None,
    ) -> Self:
        """Update the row that is there instead; ``.excluded`` is the proposed one."""
        elements = tuple(index_elements)
        if isinstance(set_, Mapping):
            assignments = assignments_of(self._target, set_)
        else:
            assignments = tuple(set_)
        if not assignments or not (elements or constraint):
            missing = "set_" if not assignments else "index_elements or constraint"
            raise InvalidRequestError(
                f"on_conflict_do_update() needs {missing}",
                hint="name the columns of the unique constraint and the new values",
            )
        return self._with(
            conflict=self._conflict_of(elements, index_where, constraint, assignments, where)
        )

    @overload
    def returning(
        self, a: type[R1] | Yields[R1], /, *, sort_by_parameter_order: bool = False
    ) -> Insert[R1]: ...
    @overload
    def returning(
        self,
        a: type[R1] | Yields[R1],
        b: type[R2] | Yields[R2],
        /,
        *,
        sort_by_parameter_order: bool = False,
    ) -> Insert[tuple[R1, R2]]: ...
    @overload
    def returning(
        self,
        a: type[R1] | Yields[R1],
        b: type[R2] | Yields[R2],
        c: type[R3] | Yields[R3],
        /,
        *,
        sort_by_parameter_order: bool = False,
    ) -> Insert[tuple[R1, R2, R3]]: ...
    @overload
    def returning(
        self,
        a: type[R1] | Yields[R1],
        b: type[R2] | Yields[R2],
        c: type[R3] | Yields[R3],
        d: type[R4] | Yields[R4],
        /,
        *,
        sort_by_parameter_order: bool = False,
    ) -> Insert[tuple[R1, R2, R3, R4]]: ...
    @overload
    def returning(
        self,
        a: type[R1] | Yields[R1],
        b: type[R2] | Yields[R2],
        c: type[R3] | Yields[R3],
        d: type[R4] | Yields[R4],
        e: type[R5] | Yields[R5],
        /,
        *,
        sort_by_parameter_order: bool = False,
    ) -> Insert[tuple[R1, R2, R3, R4, R5]]: ...
    @overload
    def returning(self, *items: Any, sort_by_parameter_order: bool = False) -> Insert[Any]: ...
    def returning(self, *items: Any, sort_by_parameter_order: bool = False) -> Any:
        """RETURNING: what comes back of each row, as in ``select()``.

        Rows always come in the order in which they were given, so ``sort_by_parameter_order``
        changes nothing.
        """
        return self._returned(items)

    def _with(
        self,
        rows: BulkRows | ValueRows | QueryRows | None = None,
        conflict: Conflict | None = None,
    ) -> Self:
        new = self._copy()
        new._rows = rows or self._rows
        new._conflict = conflict or self._conflict
        return new

    def _rows_written(self) -> BulkRows | ValueRows | QueryRows | None:
        """The rows as they are sent; None means one row of nothing but the server's defaults."""
        _ = self._structure
        return self._written

    def _conflict_of(
        self,
        elements: Iterable[Any],
        index_where: Expression[bool, Any] | None,
        constraint: str | None,
        assignments: tuple[Assignment, ...],
        where: Expression[bool, Any] | None,
    ) -> Conflict:
        found = tuple(
            item
            if isinstance(item, Expression) and not isinstance(item, BaseColumn)
            else column_of(self._target, item)
            for item in elements
        )
        return Conflict(
            found,
            None if index_where is None else as_condition(index_where),
            None if constraint is None else checked_name(constraint),
            assignments,
            None if where is None else as_condition(where),
        )

    def _build_structure(self) -> tuple[Hashable, tuple[Any, ...]]:
        self._written = self._rows or collected_rows(self._target, [{}])
        rows = () if self._written is None else (self._written,)
        conflict = () if self._conflict is None else (self._conflict,)
        return self._structured("insert", rows, conflict)


def insert(target: Any) -> Insert[Any]:
    """INSERT into an entity's table."""
    return Insert(target)
