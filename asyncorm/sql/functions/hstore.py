"""Functions of hstore, with exact types."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from asyncorm.sql.expressions import Expression, Parameter, literal_of
from asyncorm.sql.functions.arguments import type_of
from asyncorm.sql.functions.calls import FunctionCall
from asyncorm.types import scalars
from asyncorm.types.arrays import Array
from asyncorm.types.json import JSONB

R = TypeVar("R")

_TEXTS = Array(scalars.TEXT)
_JSONB = JSONB()


class HStoreFunctions:
    """The functions of ``func`` for hstore."""

    def akeys(
        self, store: Expression[dict[str, str | None], Any]
    ) -> FunctionCall[list[str], list[str]]:
        """The keys."""
        return FunctionCall("akeys", (store,), _TEXTS)

    def avals(
        self, store: Expression[dict[str, str | None], Any]
    ) -> FunctionCall[list[str | None], list[str | None]]:
        """The values."""
        return FunctionCall("avals", (store,), _TEXTS)

    def defined(
        self, store: Expression[dict[str, str | None], Any], key: str | Expression[str, Any]
    ) -> FunctionCall[bool, bool]:
        """Whether the key is there and its value is not NULL."""
        return FunctionCall("defined", (store, literal_of(key)), scalars.BOOLEAN)

    def delete(
        self,
        store: Expression[dict[str, str | None], R],
        what: str | Iterable[str] | Expression[str, Any],
    ) -> FunctionCall[dict[str, str | None], R]:
        """The pairs without a key, or without those of a list."""
        return FunctionCall("delete", (store, _one_or_many(what)), type_of(store))

    def slice(
        self, store: Expression[dict[str, str | None], R], keys: Iterable[str]
    ) -> FunctionCall[dict[str, str | None], R]:
        """The pairs of some keys only."""
        return FunctionCall("slice", (store, Parameter(list(keys), _TEXTS)), type_of(store))

    def hstore_to_jsonb(
        self, store: Expression[dict[str, str | None], R]
    ) -> FunctionCall[dict[str, Any], R]:
        """The pairs as a JSON object."""
        return FunctionCall("hstore_to_jsonb", (store,), _JSONB)


def _one_or_many(what: Any) -> Expression[Any, Any]:
    if isinstance(what, (str, Expression)):
        return literal_of(what)
    return Parameter(list(what), _TEXTS)
