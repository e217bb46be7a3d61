"""Functions of text, with exact types."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar, overload

from asyncorm.sql.expressions import Expression, literal_of
from asyncorm.sql.functions.arguments import integer, text
from asyncorm.sql.functions.calls import FunctionCall, NullFunctionCall
from asyncorm.sql.values import array_type
from asyncorm.types import scalars
from asyncorm.types.base import SQLType
from asyncorm.types.range_types import MultirangeType, RangeType
from asyncorm.types.ranges import Multirange, Range

T = TypeVar("T")
R = TypeVar("R")

#: what can be written by a pattern such as "YYYY-MM-DD" or "FM999.00"
Written = TypeVar("Written", int, float, Decimal, datetime, date, timedelta)
_Str = str | Expression[str, Any]
_Int = int | Expression[int, Any]
_TEXTS = array_type(scalars.TEXT)


class TextFunctions:
    """The functions of ``func`` that work on text."""

    @overload
    def lower(self, text: str, /) -> FunctionCall[str, str]: ...
    @overload
    def lower(self, text: Expression[str, R], /) -> FunctionCall[str, R]: ...
    @overload
    def lower(
        self, range: Expression[Range[T], Any] | Expression[Multirange[T], Any], /
    ) -> NullFunctionCall[T]: ...
    def lower(self, given: Any, /) -> FunctionCall[Any, Any]:
        """The text in lower case; of a range the lower bound, NULL if it has none."""
        return FunctionCall("lower", (literal_of(given),), _text_or_bound(given))

    @overload
    def upper(self, text: str, /) -> FunctionCall[str, str]: ...
    @overload
    def upper(self, text: Expression[str, R], /) -> FunctionCall[str, R]: ...
    @overload
    def upper(
        self, range: Expression[Range[T], Any] | Expression[Multirange[T], Any], /
    ) -> NullFunctionCall[T]: ...
    def upper(self, given: Any, /) -> FunctionCall[Any, Any]:
        """The text in upper case; of a range the upper bound, NULL if it has none."""
        return FunctionCall("upper", (literal_of(given),), _text_or_bound(given))

    @overload
    def initcap(self, text: str) -> FunctionCall[str, str]: ...
    @overload
    def initcap(self, text: Expression[str, R]) -> FunctionCall[str, R]: ...
    def initcap(self, text: Any) -> FunctionCall[str, Any]:
        """The text with each word's first letter in upper case, the others in lower case."""
        return FunctionCall("initcap", (literal_of(text),), scalars.TEXT)

    def trim(
        self, text: Expression[str, R], characters: _Str | None = None
    ) -> FunctionCall[str, R]:
        """The text without blanks, or without any of the characters, at its ends."""
        return _trimmed("btrim", text, characters)

    def ltrim(
        self, text: Expression[str, R], characters: _Str | None = None
    ) -> FunctionCall[str, R]:
        """Like ``trim``, at the beginning only."""
        return _trimmed("ltrim", text, characters)

    def rtrim(
        self, text: Expression[str, R], characters: _Str | None = None
    ) -> FunctionCall[str, R]:
        """Like ``trim``, at the end only."""
        return _trimmed("rtrim", text, characters)

    @overload
    def length(  # pyright: ignore[reportOverlappingOverload]
        self, text: Expression[str, str | None]
    ) -> NullFunctionCall[int]: ...
    @overload
    def length(self, text: _Str) -> FunctionCall[int, int]: ...
    def length(self, text: Any) -> FunctionCall[int, Any]:
        """The number of characters."""
        return FunctionCall("length", (literal_of(text),), scalars.INTEGER)

    @overload
    def strpos(  # pyright: ignore[reportOverlappingOverload]
        self, text: Expression[str, str | None], part: _Str
    ) -> NullFunctionCall[int]: ...
    @overload
    def strpos(self, text: _Str, part: _Str) -> FunctionCall[int, int]: ...
    def strpos(self, text: Any, part: Any) -> FunctionCall[int, Any]:
        """Where the part begins, counted from 1; 0 if it does not occur."""
        return FunctionCall("strpos", _texts(text, part), scalars.INTEGER)

    def concat(self, *parts: object) -> FunctionCall[str, str]:
        """The texts of all parts in a row; NULL counts as empty."""
        return FunctionCall("concat", map(literal_of, parts), scalars.TEXT)

    def concat_ws(self, separator: _Str, *parts: object) -> FunctionCall[str, str]:
        """The texts of all parts that are not NULL, with the separator between them."""
        arguments = (text(separator), *map(literal_of, parts))
        return FunctionCall("concat_ws", arguments, scalars.TEXT)

    def format(self, template: _Str, *parts: object) -> FunctionCall[str, str]:
        """The template with ``%s`` replaced by the parts, one after the other."""
        arguments = (text(template), *map(literal_of, parts))
        return FunctionCall("format", arguments, scalars.TEXT)

    def substring(
        self, text: Expression[str, R], start: _Int, length: _Int | None = None
    ) -> FunctionCall[str, R]:
        """So many characters from a place on, which is counted from 1."""
        further = () if length is None else (integer(length),)
        return FunctionCall("substring", (text, integer(start), *further), scalars.TEXT)

    def left(self, text: Expression[str, R], count: _Int) -> FunctionCall[str, R]:
        """The first characters; with a negative count all but the last ones."""
        return FunctionCall("left", (text, integer(count)), scalars.TEXT)

    def right(self, text: Expression[str, R], count: _Int) -> FunctionCall[str, R]:
        """The last characters; with a negative count all but the first ones."""
        return FunctionCall("right", (text, integer(count)), scalars.TEXT)

    def lpad(
        self, text: Expression[str, R], length: _Int, fill: _Str = " "
    ) -> FunctionCall[str, R]:
        """The text filled up at its beginning, or cut, to a length."""
        return FunctionCall("lpad", (text, integer(length), *_texts(fill)), scalars.TEXT)

    def rpad(
        self, text: Expression[str, R], length: _Int, fill: _Str = " "
    ) -> FunctionCall[str, R]:
        """The text filled up at its end, or cut, to a length."""
        return FunctionCall("rpad", (text, integer(length), *_texts(fill)), scalars.TEXT)

    def repeat(self, text: Expression[str, R], count: _Int) -> FunctionCall[str, R]:
        """The text several times in a row."""
        return FunctionCall("repeat", (text, integer(count)), scalars.TEXT)

    def reverse(self, text: Expression[str, R]) -> FunctionCall[str, R]:
        """The characters in reverse order."""
        return FunctionCall("reverse", (text,), scalars.TEXT)

    def replace(self, text: Expression[str, R], old: _Str, new: _Str) -> FunctionCall[str, R]:
        """The text with every occurrence of a part replaced."""
        return FunctionCall("replace", (text, *_texts(old, new)), scalars.TEXT)

    def translate(self, text: Expression[str, R], old: _Str, new: _Str) -> FunctionCall[str, R]:
        """The text with each of the old characters replaced by the new one at its place."""
        return FunctionCall("translate", (text, *_texts(old, new)), scalars.TEXT)

    def split_part(
        self, text: Expression[str, R], separator: _Str, number: _Int
    ) -> FunctionCall[str, R]:
        """One of the parts between separators, counted from 1 (or from the end: -1)."""
        arguments = (text, *_texts(separator), integer(number))
        return FunctionCall("split_part", arguments, scalars.TEXT)

    def regexp_replace(
        self, text: Expression[str, R], pattern: _Str, new: _Str, flags: str = ""
    ) -> FunctionCall[str, R]:
        r"""The text with what a regular expression matches replaced; ``"g"`` replaces all."""
        return FunctionCall("regexp_replace", (text, *_texts(pattern, new, flags)), scalars.TEXT)

    def regexp_match(
        self, text: Expression[str, Any], pattern: _Str, flags: str = ""
    ) -> NullFunctionCall[list[str]]:
        """What the groups of a regular expression match first; NULL if it does not match."""
        return NullFunctionCall("regexp_match", (text, *_texts(pattern, flags)), _TEXTS)

    @overload
    def string_to_array(  # pyright: ignore[reportOverlappingOverload]
        self, text: Expression[str, str | None], separator: _Str
    ) -> NullFunctionCall[list[str]]: ...
    @overload
    def string_to_array(
        self, text: _Str, separator: _Str
    ) -> FunctionCall[list[str], list[str]]: ...
    def string_to_array(self, text: Any, separator: Any) -> FunctionCall[list[str], Any]:
        """The parts between separators as an array."""
        return FunctionCall("string_to_array", _texts(text, separator), _TEXTS)

    def md5(self, text: Expression[str, R]) -> FunctionCall[str, R]:
        """The MD5 sum in hexadecimal form."""
        return FunctionCall("md5", (text,), scalars.TEXT)

    def to_char(self, value: Expression[Written, Any], pattern: _Str) -> NullFunctionCall[str]:
        """A number or time written by a pattern: ``func.to_char(now, "YYYY-MM-DD")``."""
        return NullFunctionCall("to_char", (value, text(pattern)), scalars.TEXT)

    def to_number(self, text: Expression[str, Any], pattern: _Str) -> NullFunctionCall[Decimal]:
        """The number that a text written by a pattern means."""
        return NullFunctionCall("to_number", (text, *_texts(pattern)), scalars.NUMERIC)


def _texts(*given: Any) -> tuple[Expression[Any, Any], ...]:
    return tuple(map(text, given))


def _trimmed(name: str, inner: Expression[Any, Any], characters: Any) -> FunctionCall[Any, Any]:
    further = () if characters is None else _texts(characters)
    return FunctionCall(name, (inner, *further), scalars.TEXT)


def _text_or_bound(given: Any) -> SQLType[Any]:
    type_ = given._type if isinstance(given, Expression) else None
    if isinstance(type_, MultirangeType):
        return type_.range_type.item
    return type_.item if isinstance(type_, RangeType) else scalars.TEXT
