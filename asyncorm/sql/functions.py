"""``func``: every function of PostgreSQL by name, the well-known ones with exact types."""

from __future__ import annotations

import re
from typing import Any

from asyncorm.sql.aggregates import Aggregates
from asyncorm.sql.array_functions import ArrayFunctions
from asyncorm.sql.bit_functions import BitFunctions
from asyncorm.sql.expressions import Expression, Parameter, literal_of
from asyncorm.sql.function_calls import FunctionCall
from asyncorm.sql.grouping import GroupingFunctions
from asyncorm.sql.hstore_functions import HStoreFunctions
from asyncorm.sql.json_functions import JSONFunctions
from asyncorm.sql.network_functions import NetworkFunctions
from asyncorm.sql.number_functions import NumberFunctions
from asyncorm.sql.range_functions import RangeFunctions
from asyncorm.sql.scalar_functions import ScalarFunctions
from asyncorm.sql.search_functions import SearchFunctions
from asyncorm.sql.statistic_functions import StatisticFunctions
from asyncorm.sql.table_functions import TableFunctions
from asyncorm.sql.text_functions import TextFunctions
from asyncorm.sql.time_functions import TimeFunctions
from asyncorm.sql.values import UNKNOWN
from asyncorm.sql.window_functions import WindowFunctions
from asyncorm.types.resolve import coerce_type
from asyncorm.types.scalars import INTEGER

_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]{0,62}\Z", re.ASCII)


class Functions(
    Aggregates,
    ArrayFunctions,
    BitFunctions,
    GroupingFunctions,
    HStoreFunctions,
    JSONFunctions,
    NetworkFunctions,
    NumberFunctions,
    RangeFunctions,
    ScalarFunctions,
    SearchFunctions,
    StatisticFunctions,
    TableFunctions,
    TextFunctions,
    TimeFunctions,
    WindowFunctions,
):
    """``func``: every function of PostgreSQL by name; the well-known ones have exact types.

    The names are those of SQL. Arguments that are no expressions are bound as parameters.
    """

    def __getattr__(self, name: str) -> NamedFunction:
        return NamedFunction((_checked(name),))


class NamedFunction:
    """A function nobody has described here: calling it gives an expression.

    An attribute of it is a function in a schema: ``func.accounting.net_price(Order.total)``.
    """

    __slots__ = ("_path",)

    def __init__(self, path: tuple[str, ...]) -> None:
        self._path = path

    def __getattr__(self, name: str) -> NamedFunction:
        if len(self._path) > 1:
            raise AttributeError(f"{name!r}: a function is named by itself or by its schema")
        return NamedFunction((*self._path, _checked(name)))

    def __call__(self, *arguments: Any, type_: Any = None) -> FunctionCall[Any, Any]:
        """The call; ``type_`` says what it gives, as a Python type or SQL type."""
        result = UNKNOWN if type_ is None else coerce_type(type_)
        # a name by itself is written as PostgreSQL folds it, one with a schema in quotes
        name = ".".join(self._path)
        if len(self._path) == 1:
            name = name.lower()
        return FunctionCall(name, map(_argument, arguments), result)


def _argument(value: Any) -> Expression[Any, Any]:
    """An argument; a number is as wide as PostgreSQL takes it when it is written out."""
    is_small = type(value) is int and -(1 << 31) <= value < 1 << 31
    return Parameter(value, INTEGER) if is_small else literal_of(value)


def _checked(name: str) -> str:
    if name.startswith("__") or not _NAME.match(name):
        raise AttributeError(f"{name!r} is no name of a function")
    return name


func = Functions()
