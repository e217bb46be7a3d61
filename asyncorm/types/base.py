"""SQLType: the one description of a PostgreSQL type that every other layer asks."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from functools import cached_property
from itertools import count
from typing import Any, Generic, TypeVar

from asyncorm.errors import ConfigurationError, DataError

T = TypeVar("T")

Converter = Callable[[Any], Any]
# words and quoted names, with size or precision: a name of a type stands in SQL as it is
_WORD = r'(?:[^\W\d]\w*|"(?:[^"\0]|"")+")'
_TYPE_NAME = re.compile(rf"{_WORD}(?:[. ]{_WORD}|\([\w, -]*\))*(?:\[\])*")


def characters(text: Any) -> str:
    """The text as a plain str, "" for what is none.

    A subclass of str (Markup, say) may have a replace() or encode() of its own, by which a quoted
    name or literal would end where it likes.
    """
    return str.__str__(text) if isinstance(text, str) else ""


def converted(value: Any, convert: Converter | None) -> Any:
    """A value as a converter makes it; NULL stays NULL, and without a converter nothing is done."""
    return value if convert is None or value is None else convert(value)


class SQLType(Generic[T]):
    """A PostgreSQL type as asyncorm needs it; instances are immutable and compare by value.

    ``ddl`` is what CREATE TABLE says, with size and precision. ``parameter_type`` is the type a
    bound parameter is declared with on the wire; it never has a size, because a cast to
    ``varchar(3)`` would cut the value in silence. Where it differs from ``cast_type``, the value
    travels as that type and is cast on the server (an enum as ``text``), which saves asyncpg the
    introspection of types it does not know. ``bulk_type`` is the same for one element of the
    arrays of a many-row statement.
    """

    python_type: type[Any] = object
    ddl: str = ""
    #: the type without size, to which parameters are cast
    cast_type: str = ""
    #: the same for the elements of arrays, where arrays of that are of another type
    element_type: str | None = None
    #: how one bound value travels
    parameter_type: str = ""
    #: how one element of a bulk array travels
    bulk_type: str = ""
    #: what SELECT and RETURNING cast the column to, if the driver should not see its own type
    select_type: str | None = None
    #: Python value -> what the driver takes; None means as it is. Never called with None.
    encode: Converter | None = None
    #: Python value -> one element of a bulk array; None means as it is. Never called with None.
    encode_bulk: Converter | None = None
    #: what the driver returns -> Python value; None means as it is. Never called with None.
    decode: Converter | None = None
    #: whether a value can change without being assigned (dict, list, model)
    mutable: bool = False
    #: of a mutable type: Python value -> something fixed that equals (==) the snapshot of another
    #: value exactly if both are stored alike. Never called with None.
    snapshot: Converter | None = None
    #: of a mutable type: a snapshot -> a value like the one it was made of. Never called with None.
    thaw: Converter | None = None
    #: whether binary COPY can carry it as it is; else it goes as text
    copyable: bool = True
    #: whether the driver fails to read values of it that Python has no room for
    beyond_python: bool = False
    #: whether the server knows which values are equal
    comparable: bool = True
    #: the operators of contains(), contained_by() and overlaps(); None where the type has none
    contains_operator: str | None = None
    contained_by_operator: str | None = None
    overlaps_operator: str | None = None
    #: the types it is made of: an array's item, a domain's base, the fields of a composite
    parts: tuple[SQLType[Any], ...] = ()
    #: the extension of the server that has the type
    extension: str | None = None
    #: what tells two types of one class and ``ddl`` apart (the Python enum, the model)
    _identity: object = None

    def __init__(self, name: str | None = None) -> None:
        """Set every spelling of the type to ``name``; None keeps what the class says."""
        if name is not None:
            plain = characters(name)
            if name != "" and not _TYPE_NAME.fullmatch(plain):
                raise ConfigurationError(
                    "what was given as a type is no name of one",
                    hint='write it as PostgreSQL does: SQLType("numeric(12, 2)"), "ltree[]"',
                )
            self.ddl = self.cast_type = self.parameter_type = self.bulk_type = plain

    @cached_property
    def key(self) -> int:
        """A number that equal types share: their part in the cache keys of statements."""
        return _keys.setdefault(self, next(_numbers))

    @cached_property
    def parameter_key(self) -> Hashable:
        """The cache key of a value bound with this type."""
        return ("parameter", self.key)

    def as_text(self, value: Any) -> str:
        """The value as PostgreSQL reads it in a text literal, not yet quoted."""
        return str(self.check(value))

    def check(self, value: Any) -> Any:
        """The value, if it is of this type's Python type; DataError otherwise."""
        if not isinstance(value, self.python_type):
            raise self.unfit(value)
        return value

    def part_type(self, part: Any) -> SQLType[Any]:
        """The type of a value beside the operators of containment: this one, or an element's.

        ``part`` is a value, or the SQL type of an expression.
        """
        return self

    def unfit(self, value: object, reason: str = "") -> DataError:
        """The error for a value that this type can't hold; names its type, never the value."""
        expected = type(self) if self.python_type is object else self.python_type
        reason = reason or f"expected {expected.__name__}"
        kind = type(value).__name__
        return DataError(f"a value of type {kind} does not fit {self.ddl}: {reason}")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.ddl}>"

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, SQLType)
            and type(other) is type(self)
            and other.ddl == self.ddl
            and other._identity == self._identity
        )

    def __hash__(self) -> int:
        return hash(self.ddl)


_numbers = count()
_keys: dict[SQLType[Any], int] = {}
