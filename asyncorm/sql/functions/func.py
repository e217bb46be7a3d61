"""``func``: every function of PostgreSQL by name, the well-known ones with exact types."""

from __future__ import annotations

import re
from typing import Any

from asyncorm.sql.expressions import Expression, Parameter, literal_of
from asyncorm.sql.functions.aggregates import Aggregates
from asyncorm.sql.functions.array import ArrayFunctions
from asyncorm.sql.functions.bit import BitFunctions
from asyncorm.sql.functions.calls import FunctionCall
from asyncorm.sql.functions.grouping import GroupingFunctions
from asyncorm.sql.functions.hstore import HStoreFunctions
from asyncorm.sql.functions.json import JSONFunctions
from asyncorm.sql.functions.network import NetworkFunctions
from asyncorm.sql.functions.number import NumberFunctions
from asyncorm.sql.functions.range import RangeFunctions
from asyncorm.sql.functions.scalar import ScalarFunctions
from asyncorm.sql.functions.search import SearchFunctions
from asyncorm.sql.functions.statistics import StatisticFunctions
from asyncorm.sql.functions.table import TableFunctions
from asyncorm.sql.functions.text import TextFunctions
from asyncorm.sql.functions.time import TimeFunctions
from asyncorm.sql.functions.window import WindowFunctions
from asyncorm.sql.values import UNKNOWN
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
