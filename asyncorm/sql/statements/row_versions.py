"""old and new: a row before and after the statement that changes it, in RETURNING."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar, cast, overload

from asyncorm.errors import InvalidRequestError
from asyncorm.sql.expressions import Expression, NullExpression
from asyncorm.sql.sources import Alias, source_of
from asyncorm.sql.table import BaseColumn, NullColumn, Table

V = TypeVar("V")


class RowVersion:
    """All columns of a row as it was, or as it is now: ``returning(*old(Product))``.

    One is ``old(Product).price``, of an unknown type; ``old(Product.price)`` has the column's.
    """

    def __init__(self, name: str, source: Any) -> None:
        self._name = name
        #: the table (or alias) whose rows the statement changes
        self._of = source
        self._key = ("row version", name, source._key)
        self._parameters: tuple[Any, ...] = source._parameters
        columns = source._columns if isinstance(source, Alias) else source.by_attribute
        self._columns: dict[str, BaseColumn[Any, Any]] = {
            attribute: self._column(column) for attribute, column in columns.items()
        }

    def _column(self, column: BaseColumn[Any, Any]) -> BaseColumn[Any, Any]:
        return column._of(self, ("of", self._key, column._key), self._parameters)

    def __getitem__(self, name: str) -> NullColumn[Any]:
        if name not in self._columns:
            raise InvalidRequestError(
                f"{self!r} has no column {name!r}",
                hint="its columns are " + ", ".join(self._columns),
            )
        return cast("NullColumn[Any]", self._columns[name])

    def __getattr__(self, name: str) -> NullColumn[Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        return self[name]

    def __iter__(self) -> Iterator[NullColumn[Any]]:
        return iter(cast("list[NullColumn[Any]]", list(self._columns.values())))

    def __repr__(self) -> str:
        table = getattr(self._of, "__table__", self._of)
        return f"{self._name}({table.name})"


@overload
def old(of: BaseColumn[V, Any]) -> NullExpression[V]: ...
@overload
def old(of: type[Any]) -> RowVersion: ...
def old(of: Any) -> Any:
    """A column as it was before the statement: NULL for rows that are new (PostgreSQL 18).

    Of a mapped class: all its columns, for ``returning(*old(Product))``.
    """
    return _version("old", of)


@overload
def new(of: BaseColumn[V, Any]) -> NullExpression[V]: ...
@overload
def new(of: type[Any]) -> RowVersion: ...
def new(of: Any) -> Any:
    """A column as it is after the statement: NULL for rows that are deleted (PostgreSQL 18).

    Of a mapped class: all its columns, for ``returning(*new(Product))``.
    """
    return _version("new", of)


def _version(name: str, of: Any) -> Any:
    if isinstance(of, BaseColumn) and isinstance(of.table, Table | Alias):
        return RowVersion(name, of.table)._column(of)
    if isinstance(of, Expression) or not isinstance(of, type | Alias | Table):
        raise InvalidRequestError(
            f"{name}() takes a column or a mapped class, not a {type(of).__name__}",
            hint=f"write {name}(Product.price), and compute with that",
        )
    return RowVersion(name, source_of(of))
