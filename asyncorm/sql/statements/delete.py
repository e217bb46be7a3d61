"""DELETE."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Self, TypeVar, cast, overload

from asyncorm.sql.nodes import Item
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


class Delete(Filtered[R]):
    """DELETE; other tables that WHERE names are joined by USING."""

    _verb = "delete"

    def using(self, *targets: Any) -> Self:
        """Name further tables, subqueries or CTEs; those that conditions name come by themselves.

        Raises InvalidRequestError for the table whose rows are deleted.
        """
        return self._naming(targets, "using()")

    def into(self, shape: Callable[..., U]) -> Delete[U]:
        """Returned rows as another class: a pydantic model, dataclass or NamedTuple."""
        return cast("Delete[U]", self._shaped(shape))

    @overload
    def returning(self, a: Item[R1], /) -> Delete[R1]: ...
    @overload
    def returning(self, a: Item[R1], b: Item[R2], /) -> Delete[tuple[R1, R2]]: ...
    @overload
    def returning(self, a: Item[R1], b: Item[R2], c: Item[R3], /) -> Delete[tuple[R1, R2, R3]]: ...
    @overload
    def returning(
        self, a: Item[R1], b: Item[R2], c: Item[R3], d: Item[R4], /
    ) -> Delete[tuple[R1, R2, R3, R4]]: ...
    @overload
    def returning(
        self, a: Item[R1], b: Item[R2], c: Item[R3], d: Item[R4], e: Item[R5], /
    ) -> Delete[tuple[R1, R2, R3, R4, R5]]: ...
    @overload
    def returning(
        self, a: Item[R1], b: Item[R2], c: Item[R3], d: Item[R4], e: Item[R5], f: Item[R6], /
    ) -> Delete[tuple[R1, R2, R3, R4, R5, R6]]: ...
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
    ) -> Delete[tuple[R1, R2, R3, R4, R5, R6, R7]]: ...
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
    ) -> Delete[tuple[R1, R2, R3, R4, R5, R6, R7, R8]]: ...
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
    ) -> Delete[tuple[R1, R2, R3, R4, R5, R6, R7, R8, R9]]: ...
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
    ) -> Delete[tuple[R1, R2, R3, R4, R5, R6, R7, R8, R9, R10]]: ...
    @overload
    def returning(self, *items: Any) -> Delete[Any]: ...
    def returning(self, *items: Any) -> Any:
        """RETURNING: what comes back of each row, as in ``select()``."""
        return self._returned(items)

    def _build_structure(self) -> tuple[Hashable, tuple[Any, ...]]:
        return self._structured("delete", *self._filter_parts())


def delete(target: Any) -> Delete[Any]:
    """DELETE from an entity's table."""
    return Delete(target)
