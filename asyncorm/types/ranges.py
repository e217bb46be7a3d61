"""Ranges and multiranges as Python values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Any, Generic, Literal, TypeVar, cast, get_args

from asyncorm.types.quoting import quoted, unescaped

T = TypeVar("T")

Bounds = Literal["[)", "(]", "[]", "()"]
BOUNDS = get_args(Bounds)
# patterns are texts, compiled when first needed: `re` keeps them, and the import is shorter
#: a bound in PostgreSQL's text: in double quotes, or plain
_BOUND = r'((?:"(?:[^"\\]|\\.|"")*"|[^",()\[\]\\]|\\.)*)'
_TEXT = rf"\s*([\[(]){_BOUND},{_BOUND}([\])])\s*"
_RANGE = f"(?s){_TEXT}"
_MULTIRANGE = rf"(?s)\{{({_TEXT}(,{_TEXT})*)?\s*\}}"
#: what does not stand for itself in a bound: a text in quotes, and an escaped character
_QUOTED = re.compile(r'"((?:[^"\\]|\\.|"")*)"|(\\.)', re.DOTALL)
_PLAIN = re.compile(r'[^\s",()\[\]{}\\]+')


class Range(Generic[T]):
    """The values between two bounds, as PostgreSQL's range types have it; it never changes.

    A bound that is None lies in infinity. ``bounds`` says of both whether they belong to the range
    (``[`` and ``]``) or not. Two ranges are equal if PostgreSQL says so: of whole numbers and days
    ``Range(1, 5, bounds="[]")`` is ``Range(1, 6)``.
    """

    __slots__ = ("_bounds", "_lower", "_upper")

    _lower: T | None
    _upper: T | None
    _bounds: str

    def __init__(
        self,
        lower: T | None = None,
        upper: T | None = None,
        *,
        bounds: Bounds = "[)",
        empty: bool = False,
    ) -> None:
        """Raise ValueError for unknown bounds, and for a lower bound above the upper one."""
        if bounds not in BOUNDS:
            raise ValueError(f"the bounds of a range are one of {', '.join(BOUNDS)}")
        if lower is not None and upper is not None and not empty:
            empty = _is_point(lower, upper) and bounds != "[]"
        self._set("_lower", None if empty else lower)
        self._set("_upper", None if empty else upper)
        closed = ("(" if lower is None else bounds[0]) + (")" if upper is None else bounds[1])
        self._set("_bounds", "empty" if empty else closed)

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("a Range never changes; make another one")

    def __delattr__(self, name: str) -> None:
        raise AttributeError("a Range never changes; make another one")

    @property
    def lower(self) -> T | None:
        """The lower bound; None where there is none, and of the empty range."""
        return self._lower

    @property
    def upper(self) -> T | None:
        """The upper bound; None where there is none, and of the empty range."""
        return self._upper

    @property
    def bounds(self) -> Bounds:
        """Which bounds belong to the range; those in infinity and of the empty range do not."""
        return cast("Bounds", "()" if self._bounds == "empty" else self._bounds)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is in the range."""
        return self._bounds == "empty"

    @property
    def lower_inc(self) -> bool:
        """Whether the lower bound belongs to the range."""
        return self._bounds[0] == "["

    @property
    def upper_inc(self) -> bool:
        """Whether the upper bound belongs to the range."""
        return self._bounds[1] == "]"

    @property
    def lower_inf(self) -> bool:
        """Whether the range has no lower bound."""
        return self._lower is None and not self.is_empty

    @property
    def upper_inf(self) -> bool:
        """Whether the range has no upper bound."""
        return self._upper is None and not self.is_empty

    def __contains__(self, item: object) -> bool:
        """Whether a value, or all of another range, is in this one."""
        if isinstance(item, Range):
            return self._covers(item)
        if self.is_empty or item is None:
            return False
        value: Any = item
        return (
            self._lower is None or value > self._lower or (value == self._lower and self.lower_inc)
        ) and (
            self._upper is None or value < self._upper or (value == self._upper and self.upper_inc)
        )

    def _covers(self, other: Range[Any]) -> bool:
        if other.is_empty or self.is_empty:
            return other.is_empty
        mine, theirs = _canonical(self), _canonical(other)
        return _from(mine) <= _from(theirs) and _to(theirs) <= _to(mine)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Range):
            return NotImplemented
        mine = _canonical(self)
        if mine != _canonical(other):
            return False
        # what is one range of whole numbers may be two of numeric
        is_one = mine[2] == "empty" or self._parts() == other._parts()
        return is_one or _is_stepped(self) == _is_stepped(other)

    def __hash__(self) -> int:
        return hash(_canonical(self))

    def _parts(self) -> tuple[T | None, T | None, str]:
        return self._lower, self._upper, self._bounds

    def __repr__(self) -> str:
        if self.is_empty:
            return "Range(empty=True)"
        return f"Range({self._lower!r}, {self._upper!r}, bounds={self._bounds!r})"

    def __str__(self) -> str:
        return range_text(self, str)

    def __reduce__(self) -> tuple[Any, ...]:
        return _remade, (self._lower, self._upper, self.bounds, self.is_empty)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> dict[str, Any]:
        """How pydantic reads (objects and PostgreSQL's text) and writes (objects) a range."""
        item = (get_args(source) or (Any,))[0]
        return _schema(_fields_schema(handler.generate_schema(item)), _to_fields, _of_fields)


class Multirange(tuple[Range[T], ...]):
    """Ranges in order with gaps between them, as PostgreSQL's multirange types have it."""

    __slots__ = ()

    def __new__(cls, ranges: Iterable[Range[T]] = ()) -> Multirange[T]:
        """Order the ranges and join those that touch, as the server does."""
        return super().__new__(cls, _joined(ranges))

    def __contains__(self, item: object) -> bool:
        """Whether a value or a range is in one of the ranges, or all of a multirange is."""
        if isinstance(item, Multirange):
            return all(part in self for part in item)
        if isinstance(item, Range) and item.is_empty:
            return True
        return any(item in part for part in self)

    def __repr__(self) -> str:
        return f"Multirange([{', '.join(map(repr, self))}])"

    def __str__(self) -> str:
        return multirange_text(self, str)

    def __reduce__(self) -> tuple[Any, ...]:
        return Multirange, (list(self),)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> dict[str, Any]:
        """How pydantic reads (lists and PostgreSQL's text) and writes (lists) a multirange."""
        part: Any = Range[(get_args(source) or (Any,))[0]]  # type: ignore[misc]
        return _schema(handler.generate_schema(list[part]), _to_list, Multirange)


def range_text(value: Range[Any], write: Callable[[Any], str]) -> str:
    """The range as PostgreSQL writes it; ``write`` gives the text of a bound."""
    if value.is_empty:
        return "empty"
    low = "" if value.lower is None else _quoted(write(value.lower))
    high = "" if value.upper is None else _quoted(write(value.upper))
    return f"{value.bounds[0]}{low},{high}{value.bounds[1]}"


def multirange_text(value: Iterable[Range[Any]], write: Callable[[Any], str]) -> str:
    """The multirange as PostgreSQL writes it."""
    return "{" + ",".join(range_text(part, write) for part in value) + "}"


def parsed_range(text: str, read: Callable[[str], Any]) -> Range[Any]:
    """A range of PostgreSQL's text; ValueError if it is none."""
    return _of_texts(_parsed(text), read)


def parsed_multirange(text: str, read: Callable[[str], Any]) -> Multirange[Any]:
    """A multirange of PostgreSQL's text; ValueError if it is none."""
    return Multirange(_of_texts(fields, read) for fields in _all_parsed(text))


def _parsed(text: str) -> dict[str, str | None]:
    """Bounds as texts; None for one in infinity."""
    if text.strip().lower() == "empty":
        return {"bounds": "empty"}
    found = re.fullmatch(_RANGE, text)
    if found is None:
        raise ValueError("a range is written as in '[1,5)'")
    return _fields(found)


def _all_parsed(text: str) -> list[dict[str, str | None]]:
    inner = text.strip()
    if re.fullmatch(_MULTIRANGE, inner) is None:
        raise ValueError("a multirange is written as in '{[1,5),[7,9)}'")
    return [_fields(found) for found in re.finditer(_RANGE, inner)]


def _fields(found: re.Match[str]) -> dict[str, str | None]:
    opening, low, high, closing = found.groups()
    return {
        "lower": _unquoted(low) if low else None,
        "upper": _unquoted(high) if high else None,
        "bounds": opening + closing,
    }


def _of_texts(fields: dict[str, str | None], read: Callable[[str], Any]) -> Range[Any]:
    low, high = fields.get("lower"), fields.get("upper")
    return _of_fields(
        {
            "lower": None if low is None else read(low),
            "upper": None if high is None else read(high),
            "bounds": fields["bounds"],
        }
    )


def _quoted(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else quoted(text)


def _unquoted(text: str) -> str:
    return _QUOTED.sub(lambda found: unescaped(found[1] or found[2] or ""), text)


def _remade(lower: Any, upper: Any, bounds: Bounds, empty: bool) -> Range[Any]:
    return Range(lower, upper, bounds=bounds, empty=empty)


def _canonical(value: Range[Any]) -> tuple[Any, Any, str]:
    """Bounds and their kind; of whole numbers and days always ``[)``, as on the server."""
    lower, upper, bounds = value._lower, value._upper, value._bounds
    if bounds in ("[)", "empty", "()") and (lower is None or bounds == "[)"):
        return lower, upper, bounds
    low_step, high_step = _step(lower), _step(upper)
    try:
        if low_step is not None and bounds[0] == "(":
            lower, bounds = lower + low_step, "[" + bounds[1]
        if high_step is not None and bounds[1] == "]":
            upper, bounds = upper + high_step, bounds[0] + ")"
    except OverflowError:  # the last day there is
        return value._lower, value._upper, value._bounds
    if bounds == "[)" and lower is not None and lower == upper:  # nothing between 1 and 2
        return None, None, "empty"
    return lower, upper, bounds


def _is_stepped(value: Range[Any]) -> bool:
    """Whether between the bounds and their neighbours there is nothing."""
    return any(_step(bound) is not None for bound in (value._lower, value._upper))


def _step(bound: Any) -> Any:
    if isinstance(bound, int):
        return 1
    if not isinstance(bound, date) or isinstance(bound, datetime) or bound in (date.min, date.max):
        return None  # the first and the last day stand for infinity
    return timedelta(days=1)


def _is_point(lower: Any, upper: Any) -> bool:
    """Whether the bounds are the same; ValueError if they are the wrong way round."""
    try:
        if lower > upper:
            raise ValueError("the lower bound of a range is above its upper bound")
    except TypeError:
        raise ValueError("the bounds of a range are of kinds that have no order") from None
    return bool(lower == upper)


class _Edge(tuple[int, Any, int]):
    """Where a range begins or ends: infinity, the bound, and how far beside it."""

    __slots__ = ()

    def __lt__(self, other: Any) -> bool:
        if self[0] != other[0]:
            return bool(self[0] < other[0])
        if self[0] == 0 and self[1] != other[1]:
            return bool(self[1] < other[1])
        return bool(self[2] < other[2])

    def __le__(self, other: Any) -> bool:
        return not _Edge(other) < self


def _from(canonical: tuple[Any, Any, str]) -> _Edge:
    lower, _, bounds = canonical
    return _Edge((-1, None, 0) if lower is None else (0, lower, int(bounds[0] == "(")))


def _to(canonical: tuple[Any, Any, str]) -> _Edge:
    _, upper, bounds = canonical
    return _Edge((1, None, 0) if upper is None else (0, upper, -int(bounds[1] == ")")))


def _joined(ranges: Iterable[Range[Any]]) -> Iterator[Range[Any]]:
    parts = sorted((_canonical(part) for part in ranges if not part.is_empty), key=_from)
    current: tuple[Any, Any, str] | None = None
    for part in parts:
        if current is None:
            current = part
        elif _is_gap(current, part):
            yield _remade(current[0], current[1], cast("Bounds", current[2]), False)
            current = part
        elif _to(current) < _to(part):
            current = current[0], part[1], current[2][0] + part[2][1]
    if current is not None:
        yield _remade(current[0], current[1], cast("Bounds", current[2]), False)


def _is_gap(left: tuple[Any, Any, str], right: tuple[Any, Any, str]) -> bool:
    """Whether something lies between the end of one range and the begin of the next."""
    if left[1] is None or right[0] is None:
        return False
    if left[1] == right[0]:
        return left[2][1] == ")" and right[2][0] == "("
    return bool(left[1] < right[0])


def _fields_schema(item: Any) -> dict[str, Any]:
    bound = {"type": "nullable", "schema": item}
    kinds = {"type": "literal", "expected": [*BOUNDS, "empty"]}
    fields = {"lower": bound, "upper": bound, "bounds": kinds}
    return {
        "type": "typed-dict",
        "extra_behavior": "forbid",
        "fields": {
            name: {"type": "typed-dict-field", "schema": schema, "required": False}
            for name, schema in fields.items()
        },
    }


def _schema(
    inner: Any, to_plain: Callable[[Any], Any], of_plain: Callable[[Any], Any]
) -> dict[str, Any]:
    # pydantic's schemas are plain dicts: none of its functions is needed to make one
    made = {
        "type": "function-after",
        "function": {"type": "no-info", "function": of_plain},
        "schema": inner,
    }
    return {
        "type": "function-before",
        "function": {"type": "no-info", "function": to_plain},
        "schema": made,
        "serialization": {
            "type": "function-plain",
            "function": lambda value, info: value if info.mode == "python" else to_plain(value),
            "info_arg": True,
        },
    }


def _to_fields(value: Any) -> Any:
    if isinstance(value, str):
        return _parsed(value)
    if isinstance(value, Range):
        return {"lower": value.lower, "upper": value.upper, "bounds": value._bounds}
    return value


def _of_fields(fields: Any) -> Range[Any]:
    bounds = fields.get("bounds", "[)")
    if bounds == "empty":
        return Range(empty=True)
    return Range(fields.get("lower"), fields.get("upper"), bounds=bounds)


def _to_list(value: Any) -> Any:
    if isinstance(value, str):
        return _all_parsed(value)
    return [_to_fields(part) for part in value] if isinstance(value, Multirange) else value
