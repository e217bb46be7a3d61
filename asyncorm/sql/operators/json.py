"""Operators of JSON documents: paths, and what makes a document of another."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from asyncorm.errors import ArgumentError
from asyncorm.sql.operators.base import C, Operators, R, V
from asyncorm.sql.operators.key import KeyOperators
from asyncorm.sql.values import is_json
from asyncorm.types.arrays import Array
from asyncorm.types.base import SQLType
from asyncorm.types.json import JSON, JSONB
from asyncorm.types.json_path import JSON_PATH
from asyncorm.types.scalars import INTEGER, TEXT

_KEYS = Array(TEXT)
_JSON = JSON()
_JSONB = JSONB()


class JSONOperators(KeyOperators[V, R, C]):
    """What can be asked of a jsonb value; each raises ArgumentError for other types.

    Keys and paths are always bound: nothing in them has a meaning but as a name.
    """

    __slots__ = ()

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
        self._check_keyed("path_exists()", "jsonb")
        return self._condition("@?", self._operand(path, JSON_PATH))

    def path_match(self, path: str | Operators[str, Any, C]) -> C:
        """Whether a jsonpath's condition is true: ``path_match("$.size > 2")`` (``@@``)."""
        self._check_keyed("path_match()", "jsonb")
        return self._condition("@@", self._operand(path, JSON_PATH))

    def _changed_by(self, operator: str, other: Any) -> Any:
        return self._operation(operator, other, type_=_JSONB)


def path_of(keys: Iterable[str | int], user: str) -> tuple[list[str], SQLType[Any]]:
    """A path as the array of texts that PostgreSQL takes."""
    return [_text(key, user) for key in keys], _KEYS


def plain_type(document: Operators[Any, Any, Any], rule: str) -> SQLType[Any]:
    """The type of what is in a document: plain, even where the document is that of a model."""
    type_ = document._type
    if not is_json(type_):
        raise document._unfit(f"only {rule}", "use a jsonb column, or cast(expression, dict)")
    return _JSON if type_.cast_type == "json" else _JSONB


def key_type(key: Any) -> SQLType[Any]:
    """What the name of an element is bound as."""
    if isinstance(key, bool) or not isinstance(key, (str, int)):
        raise ArgumentError(
            f"a JSON element is named by str or int, not {type(key).__name__}",
            hint='write column["key"] or column[0]',
        )
    return INTEGER if isinstance(key, int) else TEXT


def _text(key: str | int, user: str = "a path") -> str:
    if isinstance(key, bool) or not isinstance(key, (str, int)):
        raise ArgumentError(
            f"{user} is made of str and int, not of {type(key).__name__}",
            hint='write each key by itself, as in path("a", "b", 0)',
        )
    return str(key)
