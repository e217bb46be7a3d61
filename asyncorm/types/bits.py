"""Bit strings: a value of our own, and the types bit and bit varying."""

from __future__ import annotations

from typing import Any

from asyncorm.errors import ConfigurationError
from asyncorm.types.base import SQLType


class BitString:
    """A row of bits, such as ``BitString("0101")``; it never changes.

    Raises ValueError for other characters than 0 and 1. ``&``, ``|`` and ``^`` take a bit string
    of the same length, ``<<`` and ``>>`` keep the length.
    """

    __slots__ = ("_text",)

    _text: str

    def __init__(self, bits: str = "") -> None:
        if set(bits) - {"0", "1"}:
            raise ValueError("a bit string is written with 0 and 1 only")
        object.__setattr__(self, "_text", str(bits))

    @classmethod
    def from_int(cls, number: int, length: int) -> BitString:
        """The lowest ``length`` bits of a number; ValueError if it does not fit into them."""
        if length < 0 or not -(1 << length) <= 2 * number < 2 << length:
            raise ValueError(f"the number does not fit into {length} bits")
        return cls(f"{number & ((1 << length) - 1):0{length}b}" if length else "")

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("a BitString never changes; make another one")

    def __delattr__(self, name: str) -> None:
        raise AttributeError("a BitString never changes; make another one")

    def __int__(self) -> int:
        return int(self._text, 2) if self._text else 0

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"BitString({self._text!r})"

    def __len__(self) -> int:
        return len(self._text)

    # iteration goes by this: what has __iter__ is an array to the driver
    def __getitem__(self, index: int) -> int:
        return int(self._text[index])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BitString) and other._text == self._text

    def __hash__(self) -> int:
        return hash((BitString, self._text))

    def __and__(self, other: BitString) -> BitString:
        return self._made(int(self) & self._same_length(other))

    def __or__(self, other: BitString) -> BitString:
        return self._made(int(self) | self._same_length(other))

    def __xor__(self, other: BitString) -> BitString:
        return self._made(int(self) ^ self._same_length(other))

    def __invert__(self) -> BitString:
        return self._made(~int(self))

    def __lshift__(self, by: int) -> BitString:
        return self._made(int(self) << by)

    def __rshift__(self, by: int) -> BitString:
        return self._made(int(self) >> by)

    def __reduce__(self) -> tuple[Any, ...]:
        return BitString, (self._text,)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> dict[str, Any]:
        """How pydantic reads and writes a bit string: as a text of 0 and 1."""
        text = {"type": "str", "pattern": "^[01]*$"}
        return {
            "type": "json-or-python",
            "json_schema": {
                "type": "function-after",
                "function": {"type": "no-info", "function": cls},
                "schema": text,
            },
            "python_schema": {
                "type": "union",
                "choices": [
                    {"type": "is-instance", "cls": cls},
                    {
                        "type": "function-after",
                        "function": {"type": "no-info", "function": cls},
                        "schema": text,
                    },
                ],
            },
            "serialization": {
                "type": "function-plain",
                "function": str,
                "return_schema": {"type": "str"},
                "when_used": "json",
            },
        }

    def _made(self, number: int) -> BitString:
        length = len(self)
        return BitString(f"{number & ((1 << length) - 1):0{length}b}" if length else "")

    def _same_length(self, other: BitString) -> int:
        if len(other) != len(self):
            raise ValueError("the bit strings have different lengths")
        return int(other)


class VarBit(SQLType[BitString]):
    """bit varying, with a longest length or without: what ``BitString`` means."""

    python_type = BitString

    def __init__(self, length: int | None = None) -> None:
        super().__init__("varbit")
        self.length = length
        if length is not None:
            _check_length(length)
            self.ddl = f"varbit({length})"


class Bit(SQLType[BitString]):
    """bit(n): exactly ``length`` bits."""

    python_type = BitString
    # in quotes, which make it bits of any length
    element_type = '"bit"'

    def __init__(self, length: int) -> None:
        # as varbit, since a cast to bit would cut the value to one bit
        super().__init__("varbit")
        _check_length(length)
        self.length = length
        self.ddl = f"bit({length})"


def _check_length(length: object) -> None:
    if isinstance(length, bool) or not isinstance(length, int) or not 1 <= length <= 83_886_080:
        raise ConfigurationError(
            f"the length of a bit string is {length!r}",
            hint="give a whole number from 1 to 83886080",
        )


VARBIT = VarBit()
