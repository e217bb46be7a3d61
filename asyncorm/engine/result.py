"""Result: the rows of a statement, in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar, TypeVarTuple, overload

from asyncorm.errors import InvalidRequestError, MultipleResultsFound, NoResultFound

R = TypeVar("R")
F = TypeVar("F")
Values = TypeVarTuple("Values")


class Result(Generic[R]):
    """The rows of a statement: bare values or objects for one column, else named tuples.

    Reading does not use rows up, except for ``fetchmany``, which goes on where it stopped.
    """

    __slots__ = ("_keys", "_position", "_rows", "rowcount")

    def __init__(self, rows: Sequence[R], keys: Sequence[str], rowcount: int) -> None:
        self._rows: list[R] = rows if isinstance(rows, list) else list(rows)
        self._keys = tuple(keys)
        self._position = 0
        #: rows returned, or affected where the statement returns none
        self.rowcount = rowcount

    def __repr__(self) -> str:
        return f"<Result of {len(self._rows)} rows ({', '.join(self._keys)})>"

    def __iter__(self) -> Iterator[R]:
        return iter(self._rows)

    def keys(self) -> tuple[str, ...]:
        """The names of the columns."""
        return self._keys

    def all(self) -> list[R]:
        """All rows."""
        return list(self._rows)

    def first(self) -> R | None:
        """The first row, or None."""
        return self._rows[0] if self._rows else None

    def one(self) -> R:
        """The only row; an error if there is none, or more."""
        if len(self._rows) == 1:
            return self._rows[0]
        if not self._rows:
            raise NoResultFound("the statement returned no row, and one was required")
        raise MultipleResultsFound(
            f"the statement returned {len(self._rows)} rows, and one was required"
        )

    def one_or_none(self) -> R | None:
        """The only row, or None; an error if there are more."""
        return self.one() if self._rows else None

    @overload
    def scalar(self: Result[tuple[F, *tuple[Any, ...]]]) -> F | None: ...
    @overload
    def scalar(self) -> R | None: ...
    def scalar(self) -> Any:
        """The first value of the first row, or None."""
        return self._value(self._rows[0]) if self._rows else None

    @overload
    def scalar_one(self: Result[tuple[F, *tuple[Any, ...]]]) -> F: ...
    @overload
    def scalar_one(self) -> R: ...
    def scalar_one(self) -> Any:
        """The first value of the only row; an error if there is no row, or more."""
        return self._value(self.one())

    @overload
    def scalar_one_or_none(self: Result[tuple[F, *tuple[Any, ...]]]) -> F | None: ...
    @overload
    def scalar_one_or_none(self) -> R | None: ...
    def scalar_one_or_none(self) -> Any:
        """The first value of the only row, or None; an error if there are more rows."""
        return self.scalar_one() if self._rows else None

    @overload
    def scalars(self: Result[tuple[F, *tuple[Any, ...]]]) -> Result[F]: ...
    @overload
    def scalars(self) -> Result[R]: ...
    def scalars(self) -> Result[Any]:
        """The first value of every row."""
        if len(self._keys) < 2:
            return self
        several: list[Any] = self._rows
        return Result([row[0] for row in several], self._keys[:1], self.rowcount)

    @overload
    def tuples(self: Result[tuple[*Values]]) -> Result[tuple[*Values]]: ...  # type: ignore[overload-overlap]
    @overload
    def tuples(self) -> Result[tuple[R]]: ...
    def tuples(self) -> Result[Any]:
        """Every row as a tuple, also where it has one column."""
        return Result(self._tuples(), self._keys, self.rowcount)

    def mappings(self) -> Result[Mapping[str, Any]]:
        """Every row as a dict by column name; InvalidRequestError if two columns have one name."""
        keys = self._keys
        repeated = [key for key, count in Counter(keys).items() if count > 1]
        if repeated:
            raise InvalidRequestError(
                f"the rows have several columns {', '.join(repeated)}, of which a dict holds one",
                hint="give them names of their own, .label('name'), or read the rows as tuples",
            )
        rows = [dict(zip(keys, row, strict=True)) for row in self._tuples()]
        return Result(rows, keys, self.rowcount)

    def unique(self, key: Callable[[R], Hashable] | None = None) -> Result[R]:
        """The rows without repetitions, in order; what can't be hashed is told by identity."""
        seen: dict[Hashable, R] = {}
        for row in self._rows:
            seen.setdefault(_identity(row) if key is None else key(row), row)
        return Result(list(seen.values()), self._keys, self.rowcount)

    def partitions(self, size: int) -> Iterator[list[R]]:
        """The rows in lists of ``size``."""
        _require_positive(size)
        for start in range(0, len(self._rows), size):
            yield self._rows[start : start + size]

    def fetchmany(self, size: int) -> list[R]:
        """The next ``size`` rows; empty at the end."""
        _require_positive(size)
        start, self._position = self._position, self._position + size
        return self._rows[start : self._position]

    def _tuples(self) -> list[Any]:
        return [(row,) for row in self._rows] if len(self._keys) == 1 else self._rows

    def _value(self, row: Any) -> Any:
        return row if len(self._keys) == 1 else row[0]


def _identity(row: Any) -> Hashable:
    try:
        hash(row)
    except TypeError:
        return ("unhashable", id(row))
    known: Hashable = row
    return known


def _require_positive(size: int) -> None:
    if size < 1:
        raise InvalidRequestError(f"a size of {size} rows makes no sense", hint="give 1 or more")
