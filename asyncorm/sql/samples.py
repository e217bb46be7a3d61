"""TABLESAMPLE: a part of a table's rows, chosen by chance."""

from __future__ import annotations

from typing import Any, TypeVar, cast

from asyncorm.errors import InvalidRequestError
from asyncorm.sql.expressions import Expression
from asyncorm.sql.functions.arguments import floating
from asyncorm.sql.functions.calls import FunctionCall
from asyncorm.sql.sources import Alias
from asyncorm.types.scalars import FLOAT

M = TypeVar("M")


class Sample(Alias):
    """An alias of an entity with some of its rows only."""

    is_given = True

    def __init__(
        self,
        entity: type[Any],
        name: str | None,
        method: FunctionCall[Any, Any],
        seed: Expression[Any, Any] | None,
    ) -> None:
        super().__init__(entity, name)
        self._method = method
        self._seed = seed
        parameters = self._parameters + method._parameters
        if seed is not None:
            parameters += seed._parameters
        key = ("sample", self._key, method._key, seed is not None and seed._key)
        self._identify(key, parameters)


def tablesample(
    entity: type[M],
    sampling: float | FunctionCall[Any, Any],
    *,
    name: str | None = None,
    seed: float | Expression[Any, Any] | None = None,
) -> type[M]:
    """Some rows of an entity's table: so many per cent, by pages; ``func.bernoulli(5)`` by rows.

    With the same ``seed`` an unchanged table gives the same rows.
    """
    if not isinstance(entity, type):
        raise InvalidRequestError(
            "tablesample() takes a mapped class", hint="write tablesample(User, 10)"
        )
    if isinstance(sampling, FunctionCall):
        method: FunctionCall[Any, Any] = sampling
    elif type(sampling) not in (int, float) or not 0 <= sampling <= 100:
        raise InvalidRequestError(
            "tablesample() takes a percentage from 0 to 100", hint="write tablesample(User, 10)"
        )
    else:
        method = FunctionCall("system", (floating(sampling),), FLOAT)
    given = None if seed is None else floating(seed)
    return cast("type[M]", Sample(entity, name, method, given))
