"""UPDATE."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any, Self, TypeVar, cast, overload

from asyncorm.errors import InvalidRequestError
from asyncorm.sql.assignment import Assignment
from asyncorm.sql.nodes import Item
from asyncorm.sql.sources import entity_name
from asyncorm.sql.statements.assignments import assignments_of, checked_assignments
from asyncorm.sql.statements.modification import Filtered

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


class Update(Filtered[R]):
    """UPDATE; other tables that WHERE or the values name are joined by FROM."""

    _verb = "update"

    def __init__(self, target: Any) -> None:
        super().__init__(target)
        self._assignments: tuple[Assignment, ...] = ()

    def values(self, values: Mapping[Any, Any] | None = None, /, **named: Any) -> Self:
        """New values by attribute name (or column); later ones replace earlier ones.

        A tuple of columns takes the row of a query: ``values({(A.x, A.y): select(B.x, B.y)})``.
        """
        given = assignments_of(self._target, values) if values is not None else ()
        return self._assigned(given + assignments_of(self._target, named))

    def set(self, *assignments: Assignment) -> Self:
        """New values that the type checker sees: ``set(User.age.set(User.age + 1))``."""
        return self._assigned(checked_assignments(self._target, assignments))

    def from_(self, *targets: Any) -> Self:
        """Name further tables, subqueries or CTEs; those that conditions and values name come by
        themselves.

        Raises InvalidRequestError for the table whose rows are changed.
        """
        return self._naming(targets, "from_()")

    def into(self, shape: Callable[..., U]) -> Update[U]:
        """Returned rows as another class: a pydantic model, dataclass or NamedTuple."""
        return cast("Update[U]", self._shaped(shape))

    def _assigned(self, assignments: tuple[Assignment, ...]) -> Self:
        kept = self._assignments
        if kept:
            replaced = {key for assignment in assignments for key in _keys(assignment)}
            kept = tuple(item for item in kept if replaced.isdisjoint(_keys(item)))
        new = self._copy()
        new._assignments = kept + assignments
        return new

    @overload
    def returning(self, a: Item[R1], /) -> Update[R1]: ...
    @overload
    def returning(self, a: Item[R1], b: Item[R2], /) -> Update[tuple[R1, R2]]: ...
    @overload
    def returning(self, a: Item[R1], b: Item[R2], c: Item[R3], /) -> Update[tuple[R1, R2, R3]]: ...
    @overload
    def returning(
        self, a: Item[R1], b: Item[R2], c: Item[R3], d: Item[R4], /
    ) -> Update[tuple[R1, R2, R3, R4]]: ...
    @overload
    def returning(
        self, a: Item[R1], b: Item[R2], c: Item[R3], d: Item[R4], e: Item[R5], /
    ) -> Update[tuple[R1, R2, R3, R4, R5]]: ...
    @overload
    def returning(
        self, a: Item[R1], b: Item[R2], c: Item[R3], d: Item[R4], e: Item[R5], f: Item[R6], /
    ) -> Update[tuple[R1, R2, R3, R4, R5, R6]]: ...
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
    ) -> Update[tuple[R1, R2, R3, R4, R5, R6, R7]]: ...
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
    ) -> Update[tuple[R1, R2, R3, R4, R5, R6, R7, R8]]: ...
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
    ) -> Update[tuple[R1, R2, R3, R4, R5, R6, R7, R8, R9]]: ...
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
    ) -> Update[tuple[R1, R2, R3, R4, R5, R6, R7, R8, R9, R10]]: ...
    @overload
    def returning(self, *items: Any) -> Update[Any]: ...
    def returning(self, *items: Any) -> Any:
        """RETURNING: what comes back of each row, as in ``select()``."""
        return self._returned(items)

    def _build_structure(self) -> tuple[Hashable, tuple[Any, ...]]:
        if not self._assignments:
            raise InvalidRequestError(
                f"update({entity_name(self._target)}) changes nothing",
                hint="add .values(name='x') or .set(User.name.set('x'))",
            )
        return self._structured("update", self._assignments, *self._filter_parts())


def _keys(assignment: Assignment) -> list[Hashable]:
    return [column._key for column in assignment.columns]


def update(target: Any) -> Update[Any]:
    """UPDATE of an entity's table."""
    return Update(target)
