"""Operators of text: patterns, parts and regular expressions."""

from __future__ import annotations

from typing import Any

from asyncorm.sql.operators.base import C, Operators, R, V
from asyncorm.sql.values import checked_pattern, escape_pattern
from asyncorm.types.scalars import TEXT


class TextOperators(Operators[V, R, C]):
    """What text can be matched with."""

    __slots__ = ()

    def like(self: TextOperators[str, Any, C], pattern: str | Operators[str, Any, C]) -> C:
        """``LIKE``: ``%`` and ``_`` in the pattern are wildcards."""
        return self._condition("LIKE", self._text(pattern))

    def not_like(self: TextOperators[str, Any, C], pattern: str | Operators[str, Any, C]) -> C:
        """The opposite of ``like``."""
        return self._condition("NOT LIKE", self._text(pattern))

    def ilike(self: TextOperators[str, Any, C], pattern: str | Operators[str, Any, C]) -> C:
        """``LIKE`` without regard to upper and lower case."""
        return self._condition("ILIKE", self._text(pattern))

    def not_ilike(self: TextOperators[str, Any, C], pattern: str | Operators[str, Any, C]) -> C:
        """The opposite of ``ilike``."""
        return self._condition("NOT ILIKE", self._text(pattern))

    def startswith(self: TextOperators[str, Any, C], prefix: str | Operators[str, Any, C]) -> C:
        """Whether the text begins so; wildcards in ``prefix`` have no meaning."""
        if isinstance(prefix, Operators):
            return self._condition("starts_with", prefix)
        return self._condition("LIKE", self._pattern(prefix, "", "%"))

    def endswith(self: TextOperators[str, Any, C], suffix: str | Operators[str, Any, C]) -> C:
        """Whether the text ends so; wildcards in ``suffix`` have no meaning."""
        if isinstance(suffix, Operators):
            return self._condition("ends_with", suffix)
        return self._condition("LIKE", self._pattern(suffix, "%", ""))

    def icontains(self: TextOperators[str, Any, C], other: str) -> C:
        """``contains`` of a text without regard to upper and lower case."""
        return self._condition("ILIKE", self._pattern(other, "%", "%"))

    def regexp(
        self: TextOperators[str, Any, C],
        pattern: str | Operators[str, Any, C],
        *,
        ignore_case: bool = False,
    ) -> C:
        """Whether a POSIX regular expression matches (``~``, ``~*``)."""
        return self._condition("~*" if ignore_case else "~", self._text(pattern))

    def _text(self, value: Any) -> Any:
        if isinstance(value, Operators):
            return value
        return self._operand(checked_pattern(value, self._describe()), TEXT)

    def _pattern(self, value: Any, before: str, after: str) -> Any:
        return self._operand(before + escape_pattern(value, self._describe()) + after, TEXT)
