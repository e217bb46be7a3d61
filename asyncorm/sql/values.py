"""Which SQL type a Python value gets beside an expression, and which values are refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NoReturn, cast

from asyncorm.errors import ArgumentError, InvalidRequestError
from asyncorm.types.arrays import Array
from asyncorm.types.base import SQLType, characters
from asyncorm.types.composites import Composite
from asyncorm.types.domains import Domain
from asyncorm.types.quoting import MAX_NAME_BYTES
from asyncorm.types.resolve import type_of_value

#: the result of a function nobody has described: values beside it say their own type
UNKNOWN: SQLType[Any] = SQLType("")

_NUMBERS = (int, float, Decimal)
#: of those that can stand beside one another: the one that holds the others' values is higher
_WIDTHS = {int: 1, Decimal: 2, float: 3, date: 1, datetime: 2}
_LISTS = (list, tuple, set, frozenset)
_LIKE_ESCAPES = str.maketrans({"\\": "\\\\", "%": "\\%", "_": "\\_"})
_arrays: dict[SQLType[Any], SQLType[Any]] = {}


class DocumentName(str):
    """The name of a column of documents, which is none of their parts.

    ``User.profile.name`` is the column's name even where the model has a field ``name``; taken
    for that and compared with something, it would be a wrong answer in silence.
    """

    __slots__ = ()

    def refuse(self) -> NoReturn:
        """Say so."""
        raise ArgumentError(
            f"the name of the column {self} is used as a value",
            hint=f'the field of that name in its documents is {self}["name"], or '
            f"{self}.at(lambda document: document.name)",
        )


def fitting_type(value: Any, near: SQLType[Any], name: str) -> SQLType[Any]:
    """The type ``value`` is bound with where ``near`` is expected; TypeError if it can't fit.

    A value of the wrong kind (a dict from a request body, say) must not reach the server, where
    it might mean something else.
    """
    expected = near.python_type
    if type(value) is DocumentName:
        value.refuse()
    if not near.cast_type:  # the result of an unknown function
        return type_of_value(value)
    if expected is object or is_json(near):
        return near
    if isinstance(near, Array):
        if isinstance(value, _LISTS):
            return near
        raise _mismatch(value, near, name)
    number = issubclass(expected, _NUMBERS) and expected is not bool
    if isinstance(value, bool) and number:
        raise _mismatch(value, near, name)
    if isinstance(value, expected):
        # a datetime is a date to Python, but cutting off its time would be silent
        if expected is date and isinstance(value, datetime):
            return type_of_value(value)
        return near
    if number and isinstance(value, _NUMBERS):
        return type_of_value(value)
    if expected is datetime and isinstance(value, date):
        return type_of_value(value)
    raise _mismatch(value, near, name)


def _mismatch(value: Any, near: SQLType[Any], name: str) -> ArgumentError:
    wanted = near.python_type.__name__
    return ArgumentError(
        f"{name} is {near.ddl} and takes {wanted}, not {type(value).__name__}",
        hint=f"give a value of type {wanted}, or cast() the expression",
    )


def listed(values: Any, name: str) -> list[Any]:
    """The values of an ``in_()``."""
    if isinstance(values, (str, bytes, Mapping)) or not isinstance(values, Iterable):
        raise ArgumentError(
            f"in_() of {name} takes a list of values or a select(), not {type(values).__name__}",
            hint="give a list, tuple, set or select()",
        )
    return list(values)


def item_type(values: Sequence[Any], near: SQLType[Any], name: str) -> SQLType[Any]:
    """The one type of all the values of an ``in_()``: of several kinds of numbers the widest,
    since the driver would cut the others off."""
    expected = near.python_type
    odd = [value for value in values if type(value) is not expected]
    if not odd:  # the usual case; lists may be long
        return near
    found = [fitting_type(value, near, name) for value in odd if value is not None]
    others = [type_ for type_ in found if type_ != near]
    if others and (len(odd) < len(values) or len(others) < len(found)):
        others.append(near)
    return max(others, key=lambda type_: _WIDTHS.get(type_.python_type, 0), default=near)


def array_type(item: SQLType[Any]) -> SQLType[Any]:
    """The type of arrays of ``item``, made once."""
    found = _arrays.get(item)
    if found is None:
        # values that are looked for need not fulfil the rule of a domain
        if isinstance(item, Array):  # what array_agg() makes of arrays
            made = Array(item.item, dimensions=item.dimensions + 1)
        else:
            made = Array(item.base if isinstance(item, Domain) else item)
        found = _arrays[item] = made
    return found


def is_json(type_: SQLType[Any]) -> bool:
    """Whether values of the type are JSON documents."""
    return type_.cast_type in ("jsonb", "json")


class _Named:
    """Stands for a value in a lambda that names one of its fields."""

    def __getattr__(self, name: str) -> str:
        return name


def field_of(type_: SQLType[Any], given: Any, owner: str) -> tuple[str, SQLType[Any]]:
    """The name and type of a field of a composite, given by name or as a lambda."""
    if not isinstance(type_, Composite):
        raise ArgumentError(
            f"{owner} is {type_.ddl} and has no fields",
            hint="use field() on a column(Composite(...)), and [] on a jsonb column",
        )
    name: Any = given(_Named()) if callable(given) else given
    found = type_.fields.get(name) if isinstance(name, str) else None
    if found is None:
        raise ArgumentError(
            f"{type_.python_type.__name__} has no field of this name (asked of {owner})",
            hint=f"use one of {', '.join(type_.fields)}",
        )
    return name, found


def as_list(value: Any) -> Any:
    """Sets and tuples as lists; anything else as it is."""
    return list(cast("Iterable[Any]", value)) if isinstance(value, _LISTS) else value


def checked_pattern(value: Any, name: str) -> str:
    """``value`` as a plain str, if it is a text to match with."""
    if not isinstance(value, str):
        raise ArgumentError(
            f"{name} is matched with str, not with {type(value).__name__}", hint="give a str"
        )
    return str.__str__(value)


def escape_pattern(value: Any, name: str) -> str:
    """The text with the wildcards of LIKE made plain characters."""
    return checked_pattern(value, name).translate(_LIKE_ESCAPES)


def truth_name(value: Any) -> str:
    """NULL, TRUE or FALSE for the constant."""
    for constant, text in ((None, "NULL"), (True, "TRUE"), (False, "FALSE")):
        if value is constant:
            return text
    raise ArgumentError(
        f"is_() takes None, True, False or an expression, not {type(value).__name__}",
        hint="use == to compare with a value",
    )


def checked_name(name: Any) -> str:
    """``name`` as a plain str, if PostgreSQL can take it as a name without changing it."""
    plain = characters(name)
    if not plain or "\0" in plain:
        raise InvalidRequestError(
            "a name in SQL must be a non-empty str without NUL characters",
            hint="give a plain name such as 'total'",
        )
    try:
        size = len(plain.encode())
    except UnicodeEncodeError:
        raise InvalidRequestError(
            "a name in SQL is no valid Unicode", hint="remove the lone surrogate"
        ) from None
    if size > MAX_NAME_BYTES:
        raise InvalidRequestError(
            f"the name {plain[:20]!r}... is longer than PostgreSQL's {MAX_NAME_BYTES} bytes and "
            "would be cut",
            hint="choose a shorter name",
        )
    return plain
