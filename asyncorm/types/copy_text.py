"""Rows as the text format of COPY: column by column, since a loop over one type is fast."""

from __future__ import annotations

import datetime
import decimal
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from asyncorm.errors import DataError
from asyncorm.types.base import SQLType
from asyncorm.types.enums import EnumType
from asyncorm.types.scalars import (
    BigInteger,
    Boolean,
    Date,
    DateTime,
    Float,
    Integer,
    Numeric,
    Real,
    SmallInteger,
    Text,
    Uuid,
)

NULL = "\\N"
_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})

#: the values of one column -> their fields
ColumnWriter = Callable[[Sequence[Any]], list[str]]
FieldWriter = Callable[[Any], str]


def escaped(text: str) -> str:
    """A text as a field of COPY; DataError for NUL, which PostgreSQL's text can't hold."""
    if "\0" in text:
        raise DataError(
            "a value holds the character NUL",
            hint="PostgreSQL's text holds any character but this one; bytea holds any byte",
        )
    return text.translate(_ESCAPES)


def field_writer(type_: SQLType[Any]) -> FieldWriter:
    """One value of a type -> its field: what ``as_text`` says, escaped."""
    as_text = type_.as_text

    def write(value: Any) -> str:
        return NULL if value is None else escaped(as_text(value))

    return write


def column_writer(type_: SQLType[Any]) -> ColumnWriter:
    """The values of a column -> their fields; for any type whose ``as_text`` is right.

    What is common has a shorter way, for values of exactly the class that is expected. A type
    that derives from one of these but writes text of its own takes the general way.
    """
    write, own = field_writer(type_), type(type_)
    for kind, shortened in _SHORTENED.items():
        if isinstance(type_, kind) and own.as_text is kind.as_text:
            return shortened(type_, write)
    return lambda values: [write(value) for value in values]


def _whole(type_: SQLType[Any], write: FieldWriter) -> ColumnWriter:
    return lambda values: [repr(v) if type(v) is int else write(v) for v in values]


def _floating(type_: SQLType[Any], write: FieldWriter) -> ColumnWriter:
    return lambda values: [repr(v) if type(v) is float else write(v) for v in values]


def _exact(type_: SQLType[Any], write: FieldWriter) -> ColumnWriter:
    return lambda values: [str(v) if type(v) is decimal.Decimal else write(v) for v in values]


def _text(type_: SQLType[Any], write: FieldWriter) -> ColumnWriter:
    # what is printable holds neither NUL nor what separates fields and rows
    return lambda values: [
        v if type(v) is str and v.isprintable() and "\\" not in v else write(v) for v in values
    ]


def _truth(type_: SQLType[Any], write: FieldWriter) -> ColumnWriter:
    return lambda values: ["t" if v is True else "f" if v is False else write(v) for v in values]


def _day(type_: SQLType[Any], write: FieldWriter) -> ColumnWriter:
    low, high = datetime.date.min, datetime.date.max
    return lambda values: [
        v.isoformat() if type(v) is datetime.date and low < v < high else write(v) for v in values
    ]


def _moment(type_: SQLType[Any], write: FieldWriter) -> ColumnWriter:
    if not getattr(type_, "timezone", False):
        return lambda values: [write(v) for v in values]
    # UTC needs no conversion; what may stand for infinity is as_text's business
    utc, moment = datetime.UTC, datetime.datetime
    low, high = moment.min.replace(tzinfo=utc), moment.max.replace(tzinfo=utc)
    return lambda values: [
        v.isoformat() if type(v) is moment and v.tzinfo is utc and low < v < high else write(v)
        for v in values
    ]


def _uuid(type_: SQLType[Any], write: FieldWriter) -> ColumnWriter:
    return lambda values: [str(v) if type(v) is uuid.UUID else write(v) for v in values]


def _label(type_: SQLType[Any], write: FieldWriter) -> ColumnWriter:
    assert isinstance(type_, EnumType)
    fields = {member: escaped(label) for member, label in type_.label_of.items()}
    return lambda values: [fields.get(v) or write(v) for v in values]


_SHORTENED: dict[type[SQLType[Any]], Callable[[SQLType[Any], FieldWriter], ColumnWriter]] = {
    SmallInteger: _whole,
    Integer: _whole,
    BigInteger: _whole,
    Float: _floating,
    Real: _floating,
    Numeric: _exact,
    Boolean: _truth,
    Text: _text,
    Date: _day,
    DateTime: _moment,
    Uuid: _uuid,
    EnumType: _label,
}


class TextWriter:
    """Writes the values of some columns; ``names`` are what errors call these."""

    def __init__(self, names: Sequence[str], types: Sequence[SQLType[Any]]) -> None:
        self._names = tuple(names)
        self._types = tuple(types)
        self._writers = tuple(map(column_writer, types))
        #: what the server refuses as a row, whatever the columns are
        self.bad_row = b"\t" * len(names) + b"\n"

    def write(self, columns: Sequence[Sequence[Any]], first: int) -> bytes:
        """The rows whose values are given by column; ``first`` is the number of their first.

        Raises DataError that names row and column of a value that does not fit, never the value.
        """
        try:
            fields = [w(values) for w, values in zip(self._writers, columns, strict=True)]
            return ("\n".join(map("\t".join, zip(*fields, strict=True))) + "\n").encode()
        except Exception:
            self._blame(columns, first)
            raise

    def _blame(self, columns: Sequence[Sequence[Any]], first: int) -> None:
        """Raise the error of the first value that can't be written."""
        writers = [field_writer(type_) for type_ in self._types]
        for number, row in enumerate(zip(*columns, strict=True), first):
            for name, type_, write, value in zip(
                self._names, self._types, writers, row, strict=True
            ):
                try:
                    write(value).encode()
                except DataError as error:
                    raise DataError(
                        f"row {number}, {name}: {error.message}", hint=error.hint
                    ) from error
                except Exception as error:
                    reason = type_.unfit(value, f"it can't be written ({type(error).__name__})")
                    raise DataError(f"row {number}, {name}: {reason.message}") from error
