"""``func``: every function of PostgreSQL by name, the well-known ones with exact types."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from asyncorm.sql.aggregates import Aggregates
from asyncorm.sql.expressions import Expression, literal_of
from asyncorm.sql.function_calls import UNKNOWN, FunctionCall
from asyncorm.sql.json_functions import JSONFunctions
from asyncorm.sql.scalar_functions import ScalarFunctions
from asyncorm.sql.window_functions import WindowFunctions
from asyncorm.types.resolve import coerce_type

_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]{0,62}\Z", re.ASCII)


class Functions(Aggregates, JSONFunctions, ScalarFunctions, WindowFunctions):
    """``func``: every function of PostgreSQL by name; the well-known ones have exact types.

    The names are those of SQL. Arguments that are no expressions are bound as parameters.
    """

    def __getattr__(self, name: str) -> Callable[..., FunctionCall[Any, Any]]:
        if name.startswith("__") or not _NAME.match(name):
            raise AttributeError(f"{name!r} is no name of a function")

        def call(*arguments: Any, type_: Any = None) -> FunctionCall[Any, Any]:
            result = UNKNOWN if type_ is None else coerce_type(type_)
            return FunctionCall(name.lower(), map(literal_of, arguments), result)

        return call

    def grouping_sets(self, *sets: Iterable[Expression[Any, Any]]) -> FunctionCall[Any, Any]:
        """``GROUPING SETS ((a, b), (a), ())`` for ``group_by``."""
        rows: list[Expression[Any, Any]] = [
            FunctionCall("row of", tuple(one), UNKNOWN) for one in sets
        ]
        return FunctionCall("grouping sets", rows, UNKNOWN)


func = Functions()
