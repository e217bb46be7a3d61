"""Functions of numbers, with exact types."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, TypeVar, overload

from asyncorm.sql.expressions import Expression, operand
from asyncorm.sql.functions.arguments import integer, type_of
from asyncorm.sql.functions.calls import FunctionCall
from asyncorm.sql.operators.arithmetic import common_type
from asyncorm.types import scalars
from asyncorm.types.base import SQLType

N = TypeVar("N", int, float, Decimal)
#: numbers with a fraction; of integers PostgreSQL makes floating ones without being asked
F = TypeVar("F", float, Decimal)
#: exact numbers
E = TypeVar("E", int, Decimal)
R = TypeVar("R")


class NumberFunctions:
    """The functions of ``func`` that work on numbers."""

    def abs(self, number: Expression[N, R]) -> FunctionCall[N, R]:
        """The number without its sign."""
        return FunctionCall("abs", (number,), type_of(number))

    @overload
    def round(self, number: Expression[F, R]) -> FunctionCall[F, R]: ...
    @overload
    def round(
        self, number: Expression[Decimal, R], digits: int | Expression[int, Any]
    ) -> FunctionCall[Decimal, R]: ...
    def round(self, number: Expression[Any, R], digits: Any = None) -> FunctionCall[Any, R]:
        """The nearest whole number, or of a Decimal the nearest with so many digits."""
        return _cut("round", number, digits)

    @overload
    def trunc(self, number: Expression[F, R]) -> FunctionCall[F, R]: ...
    @overload
    def trunc(
        self, number: Expression[Decimal, R], digits: int | Expression[int, Any]
    ) -> FunctionCall[Decimal, R]: ...
    def trunc(self, number: Expression[Any, R], digits: Any = None) -> FunctionCall[Any, R]:
        """The number without its fraction, or of a Decimal with so many digits of it."""
        return _cut("trunc", number, digits)

    def ceil(self, number: Expression[F, R]) -> FunctionCall[F, R]:
        """The next whole number above."""
        return _cut("ceil", number)

    def floor(self, number: Expression[F, R]) -> FunctionCall[F, R]:
        """The next whole number below."""
        return _cut("floor", number)

    def sign(self, number: Expression[F, R]) -> FunctionCall[F, R]:
        """-1, 0 or 1."""
        return _cut("sign", number)

    def sqrt(self, number: Expression[F, R]) -> FunctionCall[F, R]:
        """The square root."""
        return _cut("sqrt", number)

    def exp(self, number: Expression[F, R]) -> FunctionCall[F, R]:
        """The exponential."""
        return _cut("exp", number)

    def ln(self, number: Expression[F, R]) -> FunctionCall[F, R]:
        """The natural logarithm."""
        return _cut("ln", number)

    def power(
        self, number: Expression[F, R], exponent: F | int | Expression[F, Any]
    ) -> FunctionCall[F, R]:
        """The number to the power of another."""
        parts = (number, operand(_like(exponent, type_of(number)), number))
        return FunctionCall("power", parts, _fractional(number._type))

    def mod(self, number: Expression[E, R], other: E | Expression[E, Any]) -> FunctionCall[E, R]:
        """The rest of a division, with the sign of the number."""
        type_ = type_of(number)
        found = operand(other, number)
        return FunctionCall("mod", (number, found), common_type(type_, (found._type,)))

    def div(
        self, number: Expression[Decimal, R], other: Decimal | int | Expression[Decimal, Any]
    ) -> FunctionCall[Decimal, R]:
        """The whole part of a division."""
        parts = (number, operand(_like(other, type_of(number)), number))
        return FunctionCall("div", parts, number._type)

    def random(self) -> FunctionCall[float, float]:
        """A number from 0 to below 1."""
        return FunctionCall("random", (), scalars.FLOAT)


def _cut(name: str, number: Expression[Any, Any], digits: Any = None) -> FunctionCall[Any, Any]:
    further = () if digits is None else (integer(digits),)
    return FunctionCall(name, (number, *further), _fractional(type_of(number)))


def _fractional(type_: SQLType[Any]) -> SQLType[Any]:
    return scalars.FLOAT if type_.python_type is int else type_


def _like(value: Any, type_: SQLType[Any]) -> Any:
    """A whole number as what it meets: PostgreSQL has no power of a numeric and a bigint."""
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return type_.python_type(value) if is_whole and type_.python_type in (float, Decimal) else value
