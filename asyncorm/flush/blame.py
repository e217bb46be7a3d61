"""Blame: which objects of a batch a database error is about."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, time
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from asyncorm.errors import DatabaseError, DataError, ForeignKeyViolation, NotNullViolation
from asyncorm.flush.plan import AssociationBatch, Batch, Kind
from asyncorm.sql.table import BaseColumn
from asyncorm.types.base import SQLType
from asyncorm.types.json import JSONB
from asyncorm.types.scalars import BigInteger, Integer, Numeric, SmallInteger, String

_PARAMETER = r"parameter \$(\d+)"
_LIST = r"\[\] \(got list of [^)]*\)$"
_KEY = r"(?s)Key \((?P<columns>.*?)\)=\((?P<values>.*)\) "
_ESCAPED_ZERO = r"(?<!\\)(?:\\\\)*\\u0000"
_ROW = r"(?s)[^(]*\((?P<values>.*)\)\.$"

#: PostgreSQL shortens every value of a failing row to so many bytes
_SHOWN = 64
_BITS: dict[type[SQLType[Any]], int] = {SmallInteger: 15, Integer: 31, BigInteger: 63}


def name_objects(error: DatabaseError, batch: Batch) -> None:
    """Set ``error.objects`` to the instances of the failing row, as far as they can be told."""
    if error.objects:
        return
    found = batch.instances
    if len(found) > 1:
        found = _by_line(error, batch) or _by_key(error, batch) or _by_null(error, batch)
        if not found:
            found = _by_value(batch) if isinstance(error, DataError) else _by_row(error, batch)
    error.objects = tuple(found)
    _name_column(error, batch)


def name_linked(error: DatabaseError, batch: AssociationBatch, rows: list[dict[str, Any]]) -> None:
    """Set ``error.objects`` to both ends of the failing link, as far as it can be told."""
    if error.objects:
        return
    found = list(batch.associations)
    match = re.search(_KEY, error.detail or "")
    if len(found) > 1 and match is not None:
        columns = batch.linked.table.columns
        names = [name.strip(' "') for name in match["columns"].split(",")]
        found = [
            link
            for link, row in zip(found, rows, strict=True)
            if all(name in columns and columns[name].attribute in row for name in names)
            and match["values"]
            == ", ".join(_as_text(columns[n], row[columns[n].attribute]) or "" for n in names)
        ]
    if len(found) == 1:
        error.objects = found[0].ends


def _name_column(error: DatabaseError, batch: Batch) -> None:
    """Say which attribute a refused parameter belongs to, instead of its number."""
    if batch.expressions:
        return
    match = re.match(_PARAMETER, error.message)
    if match is None:
        _name_unfit(error, batch)
        return
    names = (*batch.columns, *batch.part.primary_key)
    position = int(match[1]) - 1
    if position < len(names):
        name = names[position]
        misfit = _of_one_row(error.message[match.end() :], error, name)
        error.message = f"{batch.part.name}.{name}{misfit}"
        error.columns = (batch.part.columns[name].name,)


def _of_one_row(misfit: str, error: DatabaseError, name: str) -> str:
    """What is said of a column's list of values, said of the only value that does not fit."""
    if len(error.objects) != 1:
        return misfit
    kind = type(error.objects[0].__dict__.get(name)).__name__
    return re.sub(_LIST, f" (got {kind})", misfit)


def _name_unfit(error: DatabaseError, batch: Batch) -> None:
    """Say which attribute does not fit its column, where neither server nor encoder do."""
    if not isinstance(error, DataError) or error.columns or len(error.objects) != 1:
        return
    columns = batch.part.columns
    values = error.objects[0].__dict__
    names = [n for n in batch.columns if not _fits(columns[n]._type, values.get(n))]
    if len(names) == 1:
        error.message = f"{batch.part.name}.{names[0]}: {error.message}"
        error.columns = (columns[names[0]].name,)


def _by_line(error: DatabaseError, batch: Batch) -> list[Any]:
    """The row at which COPY stopped."""
    context = getattr(error.__cause__, "context", None) or ""
    table = re.escape(batch.part.table.name)
    match = re.search(rf"^COPY {table}, line (\d+)", context, re.MULTILINE)
    line = int(match[1]) if match is not None else 0
    return batch.instances[line - 1 : line] if line else []


def _by_key(error: DatabaseError, batch: Batch) -> list[Any]:
    """The row whose values are those that PostgreSQL's detail quotes."""
    match = re.search(_KEY, error.detail or "")
    table = batch.part.table
    if match is None or not _is_of(error, batch):
        return []
    names = [name.strip(' "') for name in match["columns"].split(",")]
    if not all(name in table.columns for name in names):
        return []  # an expression of an index
    columns = [table.columns[name] for name in names]
    found = [
        instance
        for instance in batch.instances
        if ", ".join(_text(instance, c) or "" for c in columns) == match["values"]
    ]
    # of several rows with one key the second is refused
    return found[1:2] or found if error.sqlstate == "23505" else found[:1]


def _is_of(error: DatabaseError, batch: Batch) -> bool:
    """Whether an error is about the batch's own table, and not one that a trigger writes to.

    A deleted row that is still referred to is reported with the other table's name.
    """
    refers = isinstance(error, ForeignKeyViolation) and batch.kind is not Kind.INSERT
    return refers or error.table in (None, batch.part.table.name)


def _by_null(error: DatabaseError, batch: Batch) -> list[Any]:
    if not isinstance(error, NotNullViolation) or not error.columns or not _is_of(error, batch):
        return []
    column = batch.part.table.columns.get(error.columns[0])
    if column is None or column.attribute not in batch.columns:
        return []
    return [i for i in batch.instances if i.__dict__.get(column.attribute) is None][:1]


def _by_row(error: DatabaseError, batch: Batch) -> list[Any]:
    """The row that PostgreSQL quotes as a whole, for CHECK and NOT NULL, if it is the only one."""
    match = re.match(_ROW, error.detail or "")
    if match is None or not (error.detail or "").startswith("Failing row"):
        return []
    if not _is_of(error, batch):
        return []
    quoted, found = match["values"], []
    for instance in batch.instances:
        parts = _row_parts(instance, batch)
        # most rows are told apart without a regular expression, which costs 100 times as much
        if not all(part.text in quoted for part in parts):
            continue
        if re.fullmatch(", ".join(part.pattern for part in parts), quoted, re.DOTALL):
            found.append(instance)
    return found if len(found) == 1 else []


class _Part(NamedTuple):
    """What a quoted row shows of a value: text that is in it for certain, and the whole."""

    text: str
    pattern: str


_ANYTHING = _Part("", ".*?")


def _row_parts(instance: Any, batch: Batch) -> list[_Part]:
    """What a quoted row shows of an instance, column by column."""
    known = batch.columns if batch.kind is Kind.INSERT else instance.__dict__
    return [
        _part(_text(instance, column)) if column.attribute in known else _ANYTHING
        for column in batch.part.table.columns.values()
        if not column.system
    ]


def _part(text: str | None) -> _Part:
    if text is None:
        return _ANYTHING
    if len(text.encode()) > _SHOWN:
        # cut at a whole character
        shown = text.encode()[:_SHOWN].decode(errors="ignore")[:-1]
        return _Part(shown, re.escape(shown) + r".?\.\.\.")
    return _Part(text, re.escape(text))


def _text(instance: Any, column: BaseColumn[Any, Any]) -> str | None:
    """A value as PostgreSQL writes it; None if that can't be told."""
    return _as_text(column, instance.__dict__.get(column.attribute))


def _as_text(column: BaseColumn[Any, Any], value: Any) -> str | None:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "t" if value else "f"
    type_ = column._type
    if isinstance(type_, Numeric) and isinstance(value, int | Decimal):
        return format(Decimal(value), "f" if type_.precision is None else f".{type_.scale or 0}f")
    certain = (int, str, UUID)
    if isinstance(value, certain) or type(value) in (date, time) or hasattr(type_, "labels"):
        try:
            return type_.as_text(value)
        except DataError:
            return None
    return None


def _by_value(batch: Batch) -> list[Any]:
    """The first row with a value that does not fit its column."""
    columns = [(name, batch.part.columns[name]._type) for name in batch.columns]
    for instance in batch.instances:
        values = instance.__dict__
        if any(not _fits(type_, values.get(name)) for name, type_ in columns):
            return [instance]
    return []


def _fits(type_: SQLType[Any], value: Any) -> bool:
    """Whether a type can hold a value, by all that can be told without the server."""
    if value is None:
        return True
    try:
        type_.as_text(value)
        if type_.encode is not None:
            type_.encode(value)
        return all(check(type_, value) for check in _CHECKS)
    except (DataError, ArithmeticError, ValueError):  # beyond what Python can turn it into
        return False


def _length_fits(type_: SQLType[Any], value: Any) -> bool:
    if not isinstance(type_, String) or not isinstance(value, str):
        return True
    return type_.length is None or len(value.rstrip(" ")) <= type_.length


def _characters_fit(type_: SQLType[Any], value: Any) -> bool:
    text = type_.as_text(value) or ""
    # json keeps the escape as it is written, jsonb makes text of it
    return "\0" not in text and not (isinstance(type_, JSONB) and re.search(_ESCAPED_ZERO, text))


def _range_fits(type_: SQLType[Any], value: Any) -> bool:
    bits = next((bits for kind, bits in _BITS.items() if isinstance(type_, kind)), None)
    return bits is None or -(2**bits) <= value < 2**bits


def _digits_fit(type_: SQLType[Any], value: Any) -> bool:
    if not isinstance(type_, Numeric) or type_.precision is None:
        return True
    number = Decimal(value)
    if not number.is_finite():
        return number.is_nan()
    scale = type_.scale or 0
    return abs(round(number, scale)) < Decimal(10) ** (type_.precision - scale)


_CHECKS: tuple[Callable[[SQLType[Any], Any], bool], ...] = (
    _length_fits,
    _characters_fit,
    _range_fits,
    _digits_fit,
)
