"""Operators of JSON documents: keys, paths, and what makes a document of another."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from asyncorm.errors import ArgumentError
from asyncorm.sql.operators import C, Operators, R, V
from asyncorm.types.arrays import Array
from asyncorm.types.base import SQLType
from asyncorm.types.json import JSONB
from asyncorm.types.json_path import JSON_PATH
from asyncorm.types.scalars import INTEGER, TEXT

_KEYS = Array(TEXT)
_JSONB = JSONB()


class JSONOperators(Operators[V, R, C]):
    """What can be asked of a jsonb value; each raises ArgumentError for other types.

    Keys and paths are always bound: nothing in them has a meaning but as a name.
    """

    __slots__ = ()

    def has_key(self, key: str) -> C:
        """Whether an object has the key, or an array the string (``?``)."""
        return self._condition("?", self._key_of(key, "has_key()"))

    def has_any(self, keys: Iterable[str]) -> C:
        """Whether an object has one of the keys at least (``?|``)."""
        return self._condition("?|", self._keys(keys, "has_any()"))

    def has_all(self, keys: Iterable[str]) -> C:
        """Whether an object has all of the keys (``?&``)."""
        return self._condition("?&", self._keys(keys, "has_all()"))

    def delete_key(self, key: str | int) -> Any:
        """The value without a key of an object, or without an item of an array (``-``)."""
        return self._changed_by("-", self._key_of(key, "delete_key()"))

    def delete_keys(self, keys: Iterable[str]) -> Any:
        """The object without the keys (``-`` of an array of texts)."""
        return self._changed_by("-", self._keys(keys, "delete_keys()"))

    def delete_path(self, *path: str | int) -> Any:
        """The value without what the path leads to (``#-``)."""
        return self._changed_by("#-", self._keys([_text(key) for key in path], "delete_path()"))

    def path_exists(self, path: str | Operators[str, Any, C]) -> C:
        """Whether a jsonpath finds anything: ``path_exists("$.items[*] ? (@ > 2)")`` (``@?``)."""
        self._check_json("path_exists()")
        return self._condition("@?", self._operand(path, JSON_PATH))

    def path_match(self, path: str | Operators[str, Any, C]) -> C:
        """Whether a jsonpath's condition is true: ``path_match("$.size > 2")`` (``@@``)."""
        self._check_json("path_match()")
        return self._condition("@@", self._operand(path, JSON_PATH))

    def _changed_by(self, operator: str, other: Any) -> Any:
        return self._operation(operator, other, type_=_JSONB)

    def _key_of(self, key: Any, user: str) -> Any:
        self._check_json(user)
        if isinstance(key, bool) or not isinstance(key, (str, int)):
            raise ArgumentError(
                f"{user} of {self._describe()} takes str, or int for an array, not "
                f"{type(key).__name__}",
                hint="use has_any() and has_all() for several keys",
            )
        return self._operand(key, TEXT if isinstance(key, str) else INTEGER)

    def _keys(self, keys: Any, user: str) -> Any:
        self._check_json(user)
        found = [] if isinstance(keys, str) else list(keys)
        if isinstance(keys, str) or any(not isinstance(key, str) for key in found):
            raise ArgumentError(
                f"{user} of {self._describe()} takes a list of str", hint='write ["a", "b"]'
            )
        return self._operand(found, _KEYS)

    def _check_json(self, user: str) -> None:
        if self._type.cast_type not in ("jsonb", ""):
            raise ArgumentError(
                f"{self._describe()} is {self._type.ddl}; {user} is for jsonb",
                hint="use a jsonb column, or cast(expression, dict)",
            )


def path_of(keys: Iterable[str | int], user: str) -> tuple[list[str], SQLType[Any]]:
    """A path as the array of texts that PostgreSQL takes."""
    return [_text(key, user) for key in keys], _KEYS


def _text(key: str | int, user: str = "a path") -> str:
    if isinstance(key, bool) or not isinstance(key, (str, int)):
        raise ArgumentError(
            f"{user} is made of str and int, not of {type(key).__name__}",
            hint='write each key by itself, as in path("a", "b", 0)',
        )
    return str(key)
