"""What all statements that change rows of one table share."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, Self, TypeVar

from asyncorm.errors import InvalidRequestError
from asyncorm.sql.expressions import Expression, as_condition
from asyncorm.sql.nodes import Statement, combined
from asyncorm.sql.select import selectable
from asyncorm.sql.sources import Alias, Derived, column_of, table_of

R = TypeVar("R")

_NO_OPTIONS: Mapping[str, Any] = {}


class Modification(Statement[R]):
    """A statement that changes rows of one table; every method gives a new one."""

    __slots__ = ("_execution_options", "_returning", "_table", "_target")

    def __init__(self, target: Any) -> None:
        if isinstance(target, Alias):
            raise InvalidRequestError(
                "rows can't be changed through an alias", hint="give the mapped class itself"
            )
        #: the entity (or table) as it was given, and its table
        self._target = target
        self._table = table_of(target)
        self._returning: tuple[Any, ...] = ()
        self._execution_options = _NO_OPTIONS
        self._known_key = None
        self._known_structure = None

    def _copy(self) -> Self:
        new = object.__new__(type(self))
        for kind in type(self).__mro__:
            for name in getattr(kind, "__slots__", ()):
                setattr(new, name, getattr(self, name))
        new._known_key = None
        new._known_structure = None
        return new

    def execution_options(self, **options: Any) -> Self:
        """Options for the execution."""
        new = self._copy()
        new._execution_options = {**self._execution_options, **options}
        return new

    def cte(self, name: str | None = None) -> Derived:
        """The statement's RETURNING rows as common table expression."""
        if not self._returning:
            raise InvalidRequestError(
                "a data-modifying CTE without RETURNING has no columns",
                hint="add .returning(...) before .cte()",
            )
        return Derived("cte", self, name)

    def _returned(self, items: tuple[Any, ...]) -> Any:
        new = self._copy()
        new._returning = self._returning + tuple(map(selectable, items))
        return new

    def _output_items(self) -> tuple[Any, ...]:
        return self._returning

    def _structured(self, kind: str, *parts: Any) -> tuple[Hashable, tuple[Any, ...]]:
        """Key and parameters: of each part, which is a tuple of nodes, and of RETURNING."""
        keys: list[Hashable] = [kind, self._table._key]
        parameters: tuple[Any, ...] = ()
        for part in parts:
            key, more = combined(part)
            keys.append(key)
            parameters += more
        for item in self._returning:
            if isinstance(item, type):
                keys.append(item)
            else:
                keys.append(item._key)
                parameters += item._parameters
        return tuple(keys), parameters


class Filtered(Modification[R]):
    """What UPDATE and DELETE share: WHERE."""

    __slots__ = ("_where",)

    def __init__(self, target: Any) -> None:
        super().__init__(target)
        self._where: tuple[Expression[bool, Any], ...] = ()

    def where(self, *conditions: Expression[bool, Any]) -> Self:
        """Only rows that fulfil all conditions."""
        new = self._copy()
        new._where = self._where + tuple(map(as_condition, conditions))
        return new

    def filter_by(self, /, **values: Any) -> Self:
        """``where`` by attribute names."""
        target = self._target
        return self.where(*(column_of(target, name) == value for name, value in values.items()))
