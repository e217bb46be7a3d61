"""Operators of containment: of texts, arrays, documents, ranges and networks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias, TypeVar, overload

from asyncorm.sql.operators.base import C, Operators, R, V
from asyncorm.sql.operators.network import AnyNetwork, Network
from asyncorm.sql.values import escape_pattern
from asyncorm.types.ranges import Multirange, Range
from asyncorm.types.scalars import TEXT

T = TypeVar("T")
#: what an array is given as; a str would be one of letters
Items: TypeAlias = list[T] | tuple[T, ...] | set[T] | frozenset[T]
Ranges: TypeAlias = Range[T] | Multirange[T]

_METHODS = {
    "contains_operator": "contains() is for text, arrays, jsonb, ranges and networks",
    "contained_by_operator": "contained_by() is for arrays, jsonb, ranges and networks",
    "overlaps_operator": "overlaps() is for arrays, ranges and networks",
}


class ContainmentOperators(Operators[V, R, C]):
    """What lies in what, by the operators that the type names (``SQLType.contains_operator``)."""

    __slots__ = ()

    @overload
    def contains(
        self: ContainmentOperators[str, Any, C], other: str | Operators[str, Any, C], /
    ) -> C: ...
    @overload
    def contains(
        self: ContainmentOperators[list[T], Any, C], other: Items[T] | Operators[list[T], Any, C], /
    ) -> C: ...
    @overload
    def contains(
        self: ContainmentOperators[set[T], Any, C], other: Items[T] | Operators[set[T], Any, C], /
    ) -> C: ...
    @overload
    def contains(
        self: ContainmentOperators[Range[T], Any, C],
        other: T | Ranges[T] | Operators[T, Any, C] | Operators[Range[T], Any, C],
        /,
    ) -> C: ...
    @overload
    def contains(
        self: ContainmentOperators[Multirange[T], Any, C],
        other: T
        | Ranges[T]
        | Operators[T, Any, C]
        | Operators[Range[T], Any, C]
        | Operators[Multirange[T], Any, C],
        /,
    ) -> C: ...
    @overload
    def contains(self: AnyNetwork[C], other: Network[C], /) -> C: ...
    @overload
    def contains(self, other: Mapping[str, Any], /) -> C: ...
    def contains(self, other: Any, /) -> C:
        """Text: has the part (no wildcards). Arrays, jsonb, ranges: ``@>``. Networks: ``>>=``.

        Raises ArgumentError for other types.
        """
        operator = self._type.contains_operator
        if operator == "LIKE" or (operator is None and isinstance(other, str)):
            return self._contains_text(other)
        return self._contained("contains_operator", other)

    @overload
    def contained_by(
        self: ContainmentOperators[list[T], Any, C], other: Items[T] | Operators[list[T], Any, C], /
    ) -> C: ...
    @overload
    def contained_by(
        self: ContainmentOperators[set[T], Any, C], other: Items[T] | Operators[set[T], Any, C], /
    ) -> C: ...
    @overload
    def contained_by(
        self: ContainmentOperators[Range[T], Any, C],
        other: Ranges[T] | Operators[Range[T], Any, C] | Operators[Multirange[T], Any, C],
        /,
    ) -> C: ...
    @overload
    def contained_by(
        self: ContainmentOperators[Multirange[T], Any, C],
        other: Ranges[T] | Operators[Range[T], Any, C] | Operators[Multirange[T], Any, C],
        /,
    ) -> C: ...
    @overload
    def contained_by(self: AnyNetwork[C], other: Network[C], /) -> C: ...
    @overload
    def contained_by(self, other: Mapping[str, Any], /) -> C: ...
    def contained_by(self, other: Any, /) -> C:
        """The opposite view of ``contains``: ``<@``, of networks ``<<=``.

        Raises ArgumentError for types that lie in nothing.
        """
        return self._contained("contained_by_operator", other)

    @overload
    def overlaps(
        self: ContainmentOperators[list[T], Any, C], other: Items[T] | Operators[list[T], Any, C], /
    ) -> C: ...
    @overload
    def overlaps(
        self: ContainmentOperators[set[T], Any, C], other: Items[T] | Operators[set[T], Any, C], /
    ) -> C: ...
    @overload
    def overlaps(
        self: ContainmentOperators[Range[T], Any, C],
        other: Ranges[T] | Operators[Range[T], Any, C] | Operators[Multirange[T], Any, C],
        /,
    ) -> C: ...
    @overload
    def overlaps(
        self: ContainmentOperators[Multirange[T], Any, C],
        other: Ranges[T] | Operators[Range[T], Any, C] | Operators[Multirange[T], Any, C],
        /,
    ) -> C: ...
    @overload
    def overlaps(self: AnyNetwork[C], other: Network[C], /) -> C: ...
    def overlaps(self, other: Any, /) -> C:
        """Whether two arrays, ranges or networks have something in common (``&&``).

        Raises ArgumentError for other types.
        """
        return self._contained("overlaps_operator", other)

    def overlap(
        self: ContainmentOperators[list[T], Any, C], other: Items[T] | Operators[list[T], Any, C], /
    ) -> C:
        """``overlaps`` under the name that arrays have for it."""
        return self.overlaps(other)

    def _contained(self, attribute: str, other: Any) -> C:
        operator = getattr(self._type, attribute)
        if operator is None:
            if self._type.cast_type:
                raise self._unfit(_METHODS[attribute], "cast() it, or compare with == or in_()")
            # the result of an unknown function: the server knows its type
            operator = {"contains_operator": "@>", "contained_by_operator": "<@"}.get(
                attribute, "&&"
            )
        return self._condition(operator, self._part(other))

    def _contains_text(self, other: Any) -> C:
        if isinstance(other, Operators):
            return self._condition("strpos", other)
        pattern = f"%{escape_pattern(other, self._describe())}%"
        return self._condition("LIKE", self._operand(pattern, TEXT))
