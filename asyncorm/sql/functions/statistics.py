"""Aggregates of statistics and ordered-set aggregates, with exact types."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Generic, TypeVar, overload

from asyncorm.sql.expressions import Expression, Parameter
from asyncorm.sql.functions.arguments import floating, type_of
from asyncorm.sql.functions.calls import FunctionCall, NullFunctionCall
from asyncorm.sql.given import orders
from asyncorm.sql.operators.order import Order
from asyncorm.sql.values import array_type
from asyncorm.types import scalars
from asyncorm.types.arrays import Array

V = TypeVar("V")

#: int and Decimal, of which an exact number is made
Exact = Expression[int, Any] | Expression[Decimal, Any]
Number = Expression[int, Any] | Expression[Decimal, Any] | Expression[float, Any]


class OrderedSet(Generic[V]):
    """An aggregate that means something with ``within_group()`` only."""

    __slots__ = ("_arguments", "_name")

    def __init__(self, name: str, arguments: tuple[Expression[Any, Any], ...] = ()) -> None:
        self._name = name
        self._arguments = arguments

    def within_group(self, order: Exact | Expression[float, Any] | Order) -> NullFunctionCall[V]:
        """The values, and their order."""
        (ordering,) = orders((order,))
        is_several = isinstance(self._arguments[0]._type, Array)
        type_ = array_type(scalars.FLOAT) if is_several else scalars.FLOAT
        return NullFunctionCall(self._name, self._arguments, type_, within=(ordering,))


class ChosenOfSet:
    """One that chooses one of the values."""

    __slots__ = ("_arguments", "_name")

    def __init__(self, name: str, arguments: tuple[Expression[Any, Any], ...] = ()) -> None:
        self._name = name
        self._arguments = arguments

    @overload
    def within_group(self, order: Expression[V, Any]) -> NullFunctionCall[V]: ...
    @overload
    def within_group(self, order: Order) -> NullFunctionCall[Any]: ...
    def within_group(self, order: Any) -> NullFunctionCall[Any]:
        """The values, and their order."""
        (ordering,) = orders((order,))
        type_ = ordering.expression._type
        return NullFunctionCall(self._name, self._arguments, type_, within=(ordering,))


class StatisticFunctions:
    """The aggregates of ``func`` for statistics."""

    def mode(self) -> ChosenOfSet:
        """The most frequent value: ``func.mode().within_group(Sale.quantity)``."""
        return ChosenOfSet("mode")

    def percentile_disc(self, fraction: float) -> ChosenOfSet:
        """The first value at or above a fraction of all: 0.5 is the median."""
        return ChosenOfSet("percentile_disc", (floating(fraction),))

    @overload
    def percentile_cont(self, fraction: float) -> OrderedSet[float]: ...
    @overload
    def percentile_cont(self, fraction: Sequence[float]) -> OrderedSet[list[float]]: ...
    def percentile_cont(self, fraction: Any) -> OrderedSet[Any]:
        """What lies at a fraction of all values (or at several), between two if need be."""
        if isinstance(fraction, (list, tuple)):
            several: Any = Parameter(list(map(float, fraction)), array_type(scalars.FLOAT))
            return OrderedSet("percentile_cont", (several,))
        return OrderedSet("percentile_cont", (floating(fraction),))

    @overload
    def stddev(self, number: Exact) -> NullFunctionCall[Decimal]: ...
    @overload
    def stddev(self, number: Expression[float, Any]) -> NullFunctionCall[float]: ...
    def stddev(self, number: Expression[Any, Any]) -> NullFunctionCall[Any]:
        """The standard deviation of a sample."""
        return _spread("stddev", number)

    @overload
    def stddev_pop(self, number: Exact) -> NullFunctionCall[Decimal]: ...
    @overload
    def stddev_pop(self, number: Expression[float, Any]) -> NullFunctionCall[float]: ...
    def stddev_pop(self, number: Expression[Any, Any]) -> NullFunctionCall[Any]:
        """The standard deviation of all there are."""
        return _spread("stddev_pop", number)

    @overload
    def variance(self, number: Exact) -> NullFunctionCall[Decimal]: ...
    @overload
    def variance(self, number: Expression[float, Any]) -> NullFunctionCall[float]: ...
    def variance(self, number: Expression[Any, Any]) -> NullFunctionCall[Any]:
        """The variance of a sample."""
        return _spread("variance", number)

    @overload
    def var_pop(self, number: Exact) -> NullFunctionCall[Decimal]: ...
    @overload
    def var_pop(self, number: Expression[float, Any]) -> NullFunctionCall[float]: ...
    def var_pop(self, number: Expression[Any, Any]) -> NullFunctionCall[Any]:
        """The variance of all there are."""
        return _spread("var_pop", number)

    def corr(self, y: Number, x: Number) -> NullFunctionCall[float]:
        """How much two numbers go together, from -1 to 1."""
        return NullFunctionCall("corr", (y, x), scalars.FLOAT)

    def covar_pop(self, y: Number, x: Number) -> NullFunctionCall[float]:
        """The covariance of all there are."""
        return NullFunctionCall("covar_pop", (y, x), scalars.FLOAT)

    def covar_samp(self, y: Number, x: Number) -> NullFunctionCall[float]:
        """The covariance of a sample."""
        return NullFunctionCall("covar_samp", (y, x), scalars.FLOAT)

    def regr_slope(self, y: Number, x: Number) -> NullFunctionCall[float]:
        """The slope of the line that fits best."""
        return NullFunctionCall("regr_slope", (y, x), scalars.FLOAT)

    def regr_intercept(self, y: Number, x: Number) -> NullFunctionCall[float]:
        """Where the line that fits best crosses the axis."""
        return NullFunctionCall("regr_intercept", (y, x), scalars.FLOAT)

    def regr_r2(self, y: Number, x: Number) -> NullFunctionCall[float]:
        """The square of the correlation."""
        return NullFunctionCall("regr_r2", (y, x), scalars.FLOAT)

    def regr_avgx(self, y: Number, x: Number) -> NullFunctionCall[float]:
        """The average of ``x`` where neither is NULL."""
        return NullFunctionCall("regr_avgx", (y, x), scalars.FLOAT)

    def regr_avgy(self, y: Number, x: Number) -> NullFunctionCall[float]:
        """The average of ``y`` where neither is NULL."""
        return NullFunctionCall("regr_avgy", (y, x), scalars.FLOAT)

    def regr_count(self, y: Number, x: Number) -> FunctionCall[int, int]:
        """How many rows have both."""
        return FunctionCall("regr_count", (y, x), scalars.BIGINT)


def _spread(name: str, number: Expression[Any, Any]) -> NullFunctionCall[Any]:
    is_floating = type_of(number).python_type is float
    return NullFunctionCall(name, (number,), scalars.FLOAT if is_floating else scalars.NUMERIC)
