"""DELETE."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, TypeVar, overload

from asyncorm.sql.modification import Filtered
from asyncorm.sql.nodes import Yields

R = TypeVar("R")
R1 = TypeVar("R1")
R2 = TypeVar("R2")
R3 = TypeVar("R3")
R4 = TypeVar("R4")
R5 = TypeVar("R5")


class Delete(Filtered[R]):
    """DELETE; other tables that WHERE names are joined by USING."""

    __slots__ = ()

    @overload
    def returning(self, a: type[R1] | Yields[R1], /) -> Delete[R1]: ...
    @overload
    def returning(
        self, a: type[R1] | Yields[R1], b: type[R2] | Yields[R2], /
    ) -> Delete[tuple[R1, R2]]: ...
    @overload
    def returning(
        self, a: type[R1] | Yields[R1], b: type[R2] | Yields[R2], c: type[R3] | Yields[R3], /
    ) -> Delete[tuple[R1, R2, R3]]: ...
    @overload
    def returning(
        self,
        a: type[R1] | Yields[R1],
        b: type[R2] | Yields[R2],
        c: type[R3] | Yields[R3],
        d: type[R4] | Yields[R4],
        /,
    ) -> Delete[tuple[R1, R2, R3, R4]]: ...
    @overload
    def returning(
        self,
        a: type[R1] | Yields[R1],
        b: type[R2] | Yields[R2],
        c: type[R3] | Yields[R3],
        d: type[R4] | Yields[R4],
        e: type[R5] | Yields[R5],
        /,
    ) -> Delete[tuple[R1, R2, R3, R4, R5]]: ...
    @overload
    def returning(self, *items: Any) -> Delete[Any]: ...
    def returning(self, *items: Any) -> Any:
        """RETURNING: what comes back of each row, as in ``select()``."""
        return self._returned(items)

    def _build_structure(self) -> tuple[Hashable, tuple[Any, ...]]:
        return self._structured("delete", self._where)


def delete(target: Any) -> Delete[Any]:
    """DELETE from an entity's table."""
    return Delete(target)
