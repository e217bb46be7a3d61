"""Operators of vectors: distances by which the nearest ones are found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from asyncorm.sql.operators.base import C, Operators, R, V
from asyncorm.types.scalars import FLOAT
from asyncorm.types.vectors import SparseVector, Vector

#: an expression of float, which can't be named here for the reason that ``C`` can't
F = TypeVar("F")


class VectorOperators(Operators[V, R, C], Generic[V, R, C, F]):
    """Distances of vectors; an index serves ``order_by`` of the one that it was made for."""

    __slots__ = ()

    def l2_distance(
        self: VectorOperators[list[float], Any, C, F],
        other: Sequence[float] | Operators[list[float], Any, C],
    ) -> F:
        """The straight distance (``<->``; operator class ``vector_l2_ops``)."""
        return self._distance("<->", other)

    def cosine_distance(
        self: VectorOperators[list[float], Any, C, F],
        other: Sequence[float] | Operators[list[float], Any, C],
    ) -> F:
        """1 less the cosine of the angle (``<=>``; ``vector_cosine_ops``)."""
        return self._distance("<=>", other)

    def max_inner_product(
        self: VectorOperators[list[float], Any, C, F],
        other: Sequence[float] | Operators[list[float], Any, C],
    ) -> F:
        """The inner product times -1: the largest comes first (``<#>``; ``vector_ip_ops``)."""
        return self._distance("<#>", other)

    def l1_distance(
        self: VectorOperators[list[float], Any, C, F],
        other: Sequence[float] | Operators[list[float], Any, C],
    ) -> F:
        """The sum of the distances in each dimension (``<+>``; ``vector_l1_ops``)."""
        return self._distance("<+>", other)

    def _distance(self, operator: str, other: Any) -> F:
        if not isinstance(self._type, (Vector, SparseVector)):
            raise self._unfit("only vectors have distances", "use it on a column(Vector(...))")
        if hasattr(other, "tolist"):  # an array of a numeric library
            other = other.tolist()
        found: F = self._operation(operator, self._operand(other), type_=FLOAT)
        return found
