"""UPDATE."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, Self, TypeVar, cast, overload

from asyncorm.errors import InvalidRequestError
from asyncorm.sql.clauses import assignments_of
from asyncorm.sql.expressions import Assignment
from asyncorm.sql.modification import Filtered
from asyncorm.sql.nodes import Yields
from asyncorm.sql.sources import column_of, entity_name
from asyncorm.sql.table import BaseColumn

R = TypeVar("R")
R1 = TypeVar("R1")
R2 = TypeVar("R2")
R3 = TypeVar("R3")
R4 = TypeVar("R4")
R5 = TypeVar("R5")


class Update(Filtered[R]):
    """UPDATE; other tables that WHERE or the values name are joined by FROM."""

    __slots__ = ("_assignments",)

    def __init__(self, target: Any) -> None:
        super().__init__(target)
        self._assignments: tuple[Assignment, ...] = ()

    def values(self, values: Mapping[Any, Any] | None = None, /, **named: Any) -> Self:
        """New values by attribute name (or column); later ones replace earlier ones."""
        given = assignments_of(self._target, values) if values is not None else ()
        return self._assigned(given + assignments_of(self._target, named))

    def set(self, *assignments: Assignment) -> Self:
        """New values that the type checker sees: ``set(User.age.set(User.age + 1))``."""
        for assignment in assignments:
            if not isinstance(assignment, Assignment):
                raise InvalidRequestError(
                    f"set() takes assignments, not a {type(assignment).__name__}",
                    hint="write set(User.age.set(5)), or values(age=5)",
                )
            column_of(self._target, cast("BaseColumn[Any, Any]", assignment.column))
        return self._assigned(assignments)

    def _assigned(self, assignments: tuple[Assignment, ...]) -> Self:
        replaced = {assignment.column._key for assignment in assignments}
        kept = tuple(item for item in self._assignments if item.column._key not in replaced)
        new = self._copy()
        new._assignments = kept + assignments
        return new

    @overload
    def returning(self, a: type[R1] | Yields[R1], /) -> Update[R1]: ...
    @overload
    def returning(
        self, a: type[R1] | Yields[R1], b: type[R2] | Yields[R2], /
    ) -> Update[tuple[R1, R2]]: ...
    @overload
    def returning(
        self, a: type[R1] | Yields[R1], b: type[R2] | Yields[R2], c: type[R3] | Yields[R3], /
    ) -> Update[tuple[R1, R2, R3]]: ...
    @overload
    def returning(
        self,
        a: type[R1] | Yields[R1],
        b: type[R2] | Yields[R2],
        c: type[R3] | Yields[R3],
        d: type[R4] | Yields[R4],
        /,
    ) -> Update[tuple[R1, R2, R3, R4]]: ...
    @overload
    def returning(
        self,
        a: type[R1] | Yields[R1],
        b: type[R2] | Yields[R2],
        c: type[R3] | Yields[R3],
        d: type[R4] | Yields[R4],
        e: type[R5] | Yields[R5],
        /,
    ) -> Update[tuple[R1, R2, R3, R4, R5]]: ...
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
        return self._structured("update", self._assignments, self._where)


def update(target: Any) -> Update[Any]:
    """UPDATE of an entity's table."""
    return Update(target)
