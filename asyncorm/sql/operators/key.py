"""Operators of what has keys: JSON objects and hstore."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from asyncorm.errors import ArgumentError
from asyncorm.sql.operators.base import C, Operators, R, V
from asyncorm.sql.values import array_type
from asyncorm.types.scalars import INTEGER, TEXT


class KeyOperators(Operators[V, R, C]):
    """Which keys a value has; each raises ArgumentError for other types. Keys are bound."""

    __slots__ = ()

    def has_key(self, key: str) -> C:
        """Whether an object or hstore has the key, or a jsonb array the string (``?``)."""
        return self._condition("?", self._key_of(key, "has_key()"))

    def has_any(self, keys: Iterable[str]) -> C:
        """Whether it has one of the keys at least (``?|``)."""
        return self._condition("?|", self._keys(keys, "has_any()"))

    def has_all(self, keys: Iterable[str]) -> C:
        """Whether it has all of the keys (``?&``)."""
        return self._condition("?&", self._keys(keys, "has_all()"))

    def _key_of(self, key: Any, user: str) -> Any:
        self._check_keyed(user, "jsonb", "hstore")
        if isinstance(key, bool) or not isinstance(key, (str, int)):
            raise ArgumentError(
                f"{user} of {self._describe()} takes str, or int for an array, not "
                f"{type(key).__name__}",
                hint="use has_any() and has_all() for several keys",
            )
        return self._operand(key, TEXT if isinstance(key, str) else INTEGER)

    def _keys(self, keys: Any, user: str) -> Any:
        self._check_keyed(user, "jsonb", "hstore")
        is_list = isinstance(keys, Iterable) and not isinstance(keys, (str, bytes))
        found: list[Any] = list(keys) if is_list else []
        if not is_list or any(not isinstance(key, str) for key in found):
            raise ArgumentError(
                f"{user} of {self._describe()} takes a list of str", hint='write ["a", "b"]'
            )
        return self._operand(found, array_type(TEXT))

    def _check_keyed(self, user: str, *types: str) -> None:
        if self._type.cast_type and self._type.cast_type not in types:
            raise self._unfit(
                f"{user} is for {' and '.join(types)}",
                "use a jsonb column, or cast(expression, dict)",
            )
