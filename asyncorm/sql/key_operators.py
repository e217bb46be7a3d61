"""Operators of what has keys: JSON objects and hstore."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from asyncorm.errors import ArgumentError
from asyncorm.sql.operators import C, Operators, R, V
from asyncorm.sql.values import array_type
from asyncorm.types.scalars import TEXT


class KeyOperators(Operators[V, R, C]):
    """Which keys a value has."""

    __slots__ = ()

    def has_key(self, key: str) -> C:
        """Whether an object or hstore has the key, or a JSONB array the string."""
        return self._condition("?", self._operand(key, TEXT))

    def has_any(self, keys: Iterable[str]) -> C:
        """Whether it has any of the keys."""
        return self._condition("?|", self._keys(keys))

    def has_all(self, keys: Iterable[str]) -> C:
        """Whether it has all of the keys."""
        return self._condition("?&", self._keys(keys))

    def _keys(self, keys: Any) -> Any:
        if isinstance(keys, (str, bytes)) or not isinstance(keys, Iterable):
            raise ArgumentError(
                f"the keys of {self._describe()} are {type(keys).__name__}",
                hint='give a list of str: has_any(["a", "b"])',
            )
        return self._operand(list(keys), array_type(TEXT))
