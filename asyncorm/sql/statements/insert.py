"""INSERT."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, Self, TypeVar, cast, overload

from asyncorm.errors import ArgumentError, InvalidRequestError
from asyncorm.sql.assignment import Assignment
from asyncorm.sql.expressions import Expression, Parameter, as_condition
from asyncorm.sql.nodes import Item, Query
from asyncorm.sql.sources import Alias, Excluded, column_of, entity_name
from asyncorm.sql.statements.assignments import (
    assignments_of,
    check_assignable,
    check_width,
    checked_assignments,
)
from asyncorm.sql.statements.clauses import Conflict
from asyncorm.sql.statements.inserted_rows import (
    BulkRows,
    QueryRows,
    ValueRows,
    collected_rows,
    missing_defaults,
)
from asyncorm.sql.statements.modification import Modification
from asyncorm.sql.statements.raw import Text
from asyncorm.sql.table import BaseColumn
from asyncorm.sql.values import checked_name

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


class Insert(Modification[R]):
    """INSERT; every method gives a new one."""

    _verb = "insert"

    def __init__(self, target: Any) -> None:
        super().__init__(target)
        if isinstance(target, Alias):
            raise InvalidRequestError(
                "rows can't be inserted through an alias", hint="give the mapped class itself"
            )
        #: whose values identity columns get, if the statement says it: "SYSTEM" or "USER"
        self._overriding: str | None = None
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
        try:
            whole = [{**self._fixed, **row, **named} for row in rows]
        except TypeError:
            raise ArgumentError(
                f"a row of insert({entity_name(self._target)}) is no dict",
                hint="write values([{'name': 'x'}, ...])",
            ) from None
        return self._with(rows=collected_rows(self._target, whole))

    def from_select(
        self, names: Iterable[Any], query: Query[Any], *, include_defaults: bool = True
    ) -> Self:
        """The rows of a query, into the columns named.

        A column that is not named and has a default in the model gets it, one value for all rows;
        ``include_defaults=False`` leaves it to the server.
        """
        columns = tuple(column_of(self._target, name) for name in names)
        if not isinstance(query, Query):
            raise InvalidRequestError(
                f"from_select() takes a select(), not a {type(query).__name__}",
                hint="of a CTE or subquery select its columns: select(cte.c.id, cte.c.name)",
            )
        check_width(query, columns, f"insert({entity_name(self._target)}).from_select()")
        for column in columns:
            check_assignable(column, None)
        defaults = missing_defaults(self._target, columns) if include_defaults else ()
        return self._with(rows=QueryRows(columns, query, defaults))

    def overriding_system_value(self) -> Self:
        """Write the values given for GENERATED ALWAYS identity columns."""
        return self._with(overriding="SYSTEM")

    def overriding_user_value(self) -> Self:
        """Number the rows anew, whatever values are given for identity columns."""
        return self._with(overriding="USER")

    def into(self, shape: Callable[..., U]) -> Insert[U]:
        """Returned rows as another class: a pydantic model, dataclass or NamedTuple."""
        return cast("Insert[U]", self._shaped(shape))

    def on_conflict_do_nothing(
        self,
        *,
        index_elements: Iterable[Any] = (),
        index_where: Expression[bool, Any] | Text[Any] | None = None,
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
        index_where: Expression[bool, Any] | Text[Any] | None = None,
        constraint: str | None = None,
        set_: Mapping[Any, Any] | Iterable[Assignment],
        where: Expression[bool, Any] | None = None,
    ) -> Self:
        """Update the row that is there instead; ``.excluded`` is the proposed one."""
        elements = tuple(index_elements)
        if isinstance(set_, Mapping):
            assignments = assignments_of(self._target, set_)
        else:
            assignments = checked_assignments(self._target, set_, "set_")
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
    def returning(self, a: Item[R1], /, *, sort_by_parameter_order: bool = False) -> Insert[R1]: ...
    @overload
    def returning(
        self, a: Item[R1], b: Item[R2], /, *, sort_by_parameter_order: bool = False
    ) -> Insert[tuple[R1, R2]]: ...
    @overload
    def returning(
        self, a: Item[R1], b: Item[R2], c: Item[R3], /, *, sort_by_parameter_order: bool = False
    ) -> Insert[tuple[R1, R2, R3]]: ...
    @overload
    def returning(
        self,
        a: Item[R1],
        b: Item[R2],
        c: Item[R3],
        d: Item[R4],
        /,
        *,
        sort_by_parameter_order: bool = False,
    ) -> Insert[tuple[R1, R2, R3, R4]]: ...
    @overload
    def returning(
        self,
        a: Item[R1],
        b: Item[R2],
        c: Item[R3],
        d: Item[R4],
        e: Item[R5],
        /,
        *,
        sort_by_parameter_order: bool = False,
    ) -> Insert[tuple[R1, R2, R3, R4, R5]]: ...
    @overload
    def returning(
        self,
        a: Item[R1],
        b: Item[R2],
        c: Item[R3],
        d: Item[R4],
        e: Item[R5],
        f: Item[R6],
        /,
        *,
        sort_by_parameter_order: bool = False,
    ) -> Insert[tuple[R1, R2, R3, R4, R5, R6]]: ...
    @overload
    def returning(
        self,
        a: Item[R1],
        b: Item[R2],
        c: Item[R3],
        d: Item[R4],
        e: Item[R5],
        f: Item[R6],
        g: Item[R7],
        /,
        *,
        sort_by_parameter_order: bool = False,
    ) -> Insert[tuple[R1, R2, R3, R4, R5, R6, R7]]: ...
    @overload
    def returning(
        self,
        a: Item[R1],
        b: Item[R2],
        c: Item[R3],
        d: Item[R4],
        e: Item[R5],
        f: Item[R6],
        g: Item[R7],
        h: Item[R8],
        /,
        *,
        sort_by_parameter_order: bool = False,
    ) -> Insert[tuple[R1, R2, R3, R4, R5, R6, R7, R8]]: ...
    @overload
    def returning(
        self,
        a: Item[R1],
        b: Item[R2],
        c: Item[R3],
        d: Item[R4],
        e: Item[R5],
        f: Item[R6],
        g: Item[R7],
        h: Item[R8],
        i: Item[R9],
        /,
        *,
        sort_by_parameter_order: bool = False,
    ) -> Insert[tuple[R1, R2, R3, R4, R5, R6, R7, R8, R9]]: ...
    @overload
    def returning(
        self,
        a: Item[R1],
        b: Item[R2],
        c: Item[R3],
        d: Item[R4],
        e: Item[R5],
        f: Item[R6],
        g: Item[R7],
        h: Item[R8],
        i: Item[R9],
        j: Item[R10],
        /,
        *,
        sort_by_parameter_order: bool = False,
    ) -> Insert[tuple[R1, R2, R3, R4, R5, R6, R7, R8, R9, R10]]: ...
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
        overriding: str | None = None,
    ) -> Self:
        new = self._copy()
        new._rows = rows or self._rows
        new._conflict = conflict or self._conflict
        new._overriding = overriding or self._overriding
        return new

    def _rows_written(self) -> BulkRows | ValueRows | QueryRows | None:
        """The rows as they are sent; None means one row of nothing but the server's defaults."""
        _ = self._structure
        return self._written

    def _conflict_of(
        self,
        elements: Iterable[Any],
        index_where: Expression[bool, Any] | Text[Any] | None,
        constraint: str | None,
        assignments: tuple[Assignment, ...],
        where: Expression[bool, Any] | None,
    ) -> Conflict:
        found = tuple(
            item
            if isinstance(item, Expression | Text) and not isinstance(item, BaseColumn)
            else column_of(self._target, item)
            for item in elements
        )
        if index_where is not None and not isinstance(index_where, Text):
            index_where = as_condition(index_where)
        _check_constant([*found, index_where] if index_where is not None else found)
        return Conflict(
            found,
            index_where,
            None if constraint is None else checked_name(constraint),
            assignments,
            None if where is None else as_condition(where),
        )

    def _build_structure(self) -> tuple[Hashable, tuple[Any, ...]]:
        self._written = self._rows or collected_rows(self._target, [{}])
        if self._written is not None and self._overriding is None:
            check_numbered(self._written.columns)
        rows = () if self._written is None else (self._written,)
        conflict = () if self._conflict is None else (self._conflict,)
        kind = f"insert {self._overriding}" if self._overriding else "insert"
        return self._structured(kind, rows, conflict)


def _check_constant(nodes: Iterable[Any]) -> None:
    """Refuse bound values in what names an index: PostgreSQL compares it with the index as text,
    and finds it for some executions of a prepared statement only."""
    if any(isinstance(item, Parameter) for node in nodes for item in node._parameters):
        raise InvalidRequestError(
            "index_elements and index_where can't hold values, which would be bound",
            hint="write them as CREATE INDEX does: index_where=sql('price > 10'), or give a "
            "constraint by its name",
        )


def check_numbered(columns: Iterable[BaseColumn[Any, Any]]) -> None:
    """Refuse values for columns that the server always numbers itself."""
    for column in columns:
        if column.identity is not None and column.identity.always:
            raise InvalidRequestError(
                f"{column} is GENERATED ALWAYS AS IDENTITY and takes no value",
                hint="leave it out, or say overriding_system_value()",
            )


def insert(target: Any) -> Insert[Any]:
    """INSERT into an entity's table."""
    return Insert(target)
