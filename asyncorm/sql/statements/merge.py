"""MERGE: rows of one source decide what becomes of those of a table."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any, Generic, Self, TypeVar, cast, overload

from asyncorm.errors import InvalidRequestError
from asyncorm.sql.assignment import Assignment
from asyncorm.sql.conditions import and_
from asyncorm.sql.expressions import Expression, as_condition
from asyncorm.sql.functions.calls import FunctionCall
from asyncorm.sql.nodes import Item
from asyncorm.sql.sources import entity_name, source_of
from asyncorm.sql.statements.assignments import assignments_of, checked_assignments
from asyncorm.sql.statements.clauses import check_joinable
from asyncorm.sql.statements.insert import check_numbered
from asyncorm.sql.statements.inserted_rows import ValueRows, collected_rows
from asyncorm.sql.statements.merge_actions import (
    Action,
    DeleteRow,
    InsertRow,
    MergeBranch,
    Nothing,
    UpdateRow,
)
from asyncorm.sql.statements.modification import Modification
from asyncorm.types.scalars import TEXT

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


class Merge(Modification[R]):
    """MERGE; every method gives a new one. The first branch that fits a row is taken."""

    _verb = "merge"

    def __init__(self, target: Any) -> None:
        super().__init__(target)
        self._using: Any = None
        self._on: Expression[bool, Any] | None = None
        self._branches: tuple[MergeBranch, ...] = ()
        self._only = False

    def using(self, source: Any, *on: Expression[bool, Any]) -> Self:
        """The rows to merge: a table, subquery or CTE, and what matches them with the target."""
        check_joinable(source, "using()")
        found = source_of(source)
        if found is self._source:
            raise InvalidRequestError(
                f"merge({entity_name(self._target)}) is given its own rows",
                hint="to have the table twice, name aliased(Model)",
            )
        if not on:
            raise InvalidRequestError(
                "using() lacks the condition that matches its rows with those of the target",
                hint="write using(source, source.c.id == Product.id)",
            )
        new = self._copy()
        new._using = found
        new._on = and_(*map(as_condition, on))
        return new

    def only(self) -> Self:
        """Only rows of the table itself, not of tables that inherit from it in PostgreSQL."""
        new = self._copy()
        new._only = True
        return new

    def when_matched(self, *conditions: Expression[bool, Any]) -> Matched[R]:
        """What to do with rows that a row of the source matches, and that fulfil conditions."""
        return Matched(self, "WHEN MATCHED", conditions)

    def when_not_matched(self, *conditions: Expression[bool, Any]) -> NotMatched[R]:
        """What to do for rows of the source that match none."""
        return NotMatched(self, "WHEN NOT MATCHED", conditions)

    def when_not_matched_by_source(self, *conditions: Expression[bool, Any]) -> Matched[R]:
        """What to do with rows that no row of the source matches (PostgreSQL 17)."""
        return Matched(self, "WHEN NOT MATCHED BY SOURCE", conditions)

    def into(self, shape: Callable[..., U]) -> Merge[U]:
        """Returned rows as another class: a pydantic model, dataclass or NamedTuple."""
        return cast("Merge[U]", self._shaped(shape))

    @overload
    def returning(self, a: Item[R1], /) -> Merge[R1]: ...
    @overload
    def returning(self, a: Item[R1], b: Item[R2], /) -> Merge[tuple[R1, R2]]: ...
    @overload
    def returning(self, a: Item[R1], b: Item[R2], c: Item[R3], /) -> Merge[tuple[R1, R2, R3]]: ...
    @overload
    def returning(
        self, a: Item[R1], b: Item[R2], c: Item[R3], d: Item[R4], /
    ) -> Merge[tuple[R1, R2, R3, R4]]: ...
    @overload
    def returning(
        self, a: Item[R1], b: Item[R2], c: Item[R3], d: Item[R4], e: Item[R5], /
    ) -> Merge[tuple[R1, R2, R3, R4, R5]]: ...
    @overload
    def returning(
        self, a: Item[R1], b: Item[R2], c: Item[R3], d: Item[R4], e: Item[R5], f: Item[R6], /
    ) -> Merge[tuple[R1, R2, R3, R4, R5, R6]]: ...
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
    ) -> Merge[tuple[R1, R2, R3, R4, R5, R6, R7]]: ...
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
    ) -> Merge[tuple[R1, R2, R3, R4, R5, R6, R7, R8]]: ...
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
    ) -> Merge[tuple[R1, R2, R3, R4, R5, R6, R7, R8, R9]]: ...
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
    ) -> Merge[tuple[R1, R2, R3, R4, R5, R6, R7, R8, R9, R10]]: ...
    @overload
    def returning(self, *items: Any) -> Merge[Any]: ...
    def returning(self, *items: Any) -> Any:
        """RETURNING: what comes back of each row, as in ``select()`` (PostgreSQL 17)."""
        return self._returned(items)

    def _with_branch(self, branch: MergeBranch) -> Self:
        new = self._copy()
        new._branches = (*self._branches, branch)
        return new

    def _build_structure(self) -> tuple[Hashable, tuple[Any, ...]]:
        if self._on is None or not self._branches:
            missing = "using()" if self._on is None else "a branch"
            raise InvalidRequestError(
                f"merge({entity_name(self._target)}) lacks {missing}",
                hint="write merge(Product).using(source, condition).when_matched().update(...)",
            )
        kind = "merge only" if self._only else "merge"
        return self._structured(kind, (self._using, self._on), self._branches)


class _Branch(Generic[R]):
    """WHEN ...: say by a method what to do then."""

    def __init__(
        self, merge: Merge[R], kind: str, conditions: tuple[Expression[bool, Any], ...]
    ) -> None:
        self._merge = merge
        self._kind = kind
        self._conditions = tuple(map(as_condition, conditions))

    def do_nothing(self) -> Merge[R]:
        """Leave the row alone, whatever further branches say."""
        return self._then(Nothing())

    def _then(self, action: Action) -> Merge[R]:
        return self._merge._with_branch(MergeBranch(self._kind, self._conditions, action))


class Matched(_Branch[R]):
    """WHEN MATCHED, or not matched by the source: there is a row."""

    def update(self, values: Mapping[Any, Any] | None = None, /, **named: Any) -> Merge[R]:
        """Change the row: new values by attribute name (or column)."""
        target = self._merge._target
        given = assignments_of(target, values) if values is not None else ()
        return self._updated(given + assignments_of(target, named))

    def set(self, *assignments: Assignment) -> Merge[R]:
        """Change the row, as the type checker sees: ``set(Product.stock.set(5))``."""
        return self._updated(checked_assignments(self._merge._target, assignments))

    def delete(self) -> Merge[R]:
        """Delete the row."""
        return self._then(DeleteRow())

    def _updated(self, assignments: tuple[Assignment, ...]) -> Merge[R]:
        if not assignments:
            raise InvalidRequestError(
                "a branch of merge() updates nothing",
                hint="write .update(name='x'), or .do_nothing()",
            )
        return self._then(UpdateRow(assignments))


class NotMatched(_Branch[R]):
    """WHEN NOT MATCHED: there is no row."""

    def insert(self, values: Mapping[Any, Any] | None = None, /, **named: Any) -> Merge[R]:
        """Insert a row; columns without a value get the model's default, one for all rows."""
        return self._inserted({**(values or {}), **named}, None)

    def insert_overriding_system_value(
        self, values: Mapping[Any, Any] | None = None, /, **named: Any
    ) -> Merge[R]:
        """Insert a row with the values given for GENERATED ALWAYS identity columns."""
        return self._inserted({**(values or {}), **named}, "SYSTEM")

    def _inserted(self, values: dict[Any, Any], overriding: str | None) -> Merge[R]:
        rows = collected_rows(self._merge._target, [values])
        if rows is not None and overriding is None:
            check_numbered(rows.columns)
        return self._then(InsertRow(cast("ValueRows | None", rows), overriding))


def merge(target: Any) -> Merge[Any]:
    """MERGE into an entity's table: update, delete and insert by the rows of a source."""
    return Merge(target)


def merge_action() -> FunctionCall[str, str]:
    """In RETURNING of ``merge()``: INSERT, UPDATE or DELETE, what was done (PostgreSQL 17)."""
    return FunctionCall("merge_action", (), TEXT)
