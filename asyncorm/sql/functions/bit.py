"""Functions of bit strings, with exact types."""

from __future__ import annotations

from typing import Any, TypeVar

from asyncorm.sql.expressions import Expression
from asyncorm.sql.functions.arguments import integer, type_of
from asyncorm.sql.functions.calls import FunctionCall
from asyncorm.types.bits import BitString
from asyncorm.types.scalars import BIGINT, INTEGER

R = TypeVar("R")


class BitFunctions:
    """The functions of ``func`` of bit strings."""

    def bit_count(self, bits: Expression[BitString, Any]) -> FunctionCall[int, int]:
        """How many bits are 1."""
        return FunctionCall("bit_count", (bits,), BIGINT)

    def get_bit(
        self, bits: Expression[BitString, Any], number: int | Expression[int, Any]
    ) -> FunctionCall[int, int]:
        """The bit with the number, counted from 0 at the left."""
        return FunctionCall("get_bit", (bits, integer(number)), INTEGER)

    def set_bit(
        self,
        bits: Expression[BitString, R],
        number: int | Expression[int, Any],
        value: int | Expression[int, Any],
    ) -> FunctionCall[BitString, R]:
        """The bits with one of them changed."""
        return FunctionCall("set_bit", (bits, integer(number), integer(value)), type_of(bits))
