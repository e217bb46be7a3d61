"""INSERT, UPDATE and DELETE."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any, Self, TypeVar, cast, overload

from asyncorm.errors import InvalidRequestError
from asyncorm.sql.clauses import Conflict, assignments_of
from asyncorm.sql.expressions import Assignment, Expression, as_condition
from asyncorm.sql.inserted_rows import BulkRows, QueryRows, ValueRows, collected_rows
from asyncorm.sql.nodes import Query, Statement, Yields, combined
from asyncorm.sql.select import selectable
from asyncorm.sql.sources import Alias, Derived, Excluded, column_of, entity_name, table_of
from asyncorm.sql.table import BaseColumn
from asyncorm.sql.values import checked_name

R = TypeVar("R")
R1 = TypeVar("R1")
R2 = TypeVar("R2")
R3 = TypeVar("R3")
R4 = TypeVar("R4")
R5 = TypeVar("R5")

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


class Insert(Modification[R]):
    """INSERT; every method gives a new one."""

    __slots__ = ("_conflict", "_fixed", "_rows", "_written")

    def __init__(self, target: Any) -> None:
        super().__init__(target)
        #: the rows with the model's defaults, where none were given; known with the structure
        self._written: BulkRows | ValueRows | QueryRows | None = None
        self._rows: BulkRows | ValueRows | QueryRows | None = None
        self._conflict: Conflict | None = None
        #: values that every row gets besides its own
        self._fixed: Mapping[Any, Any] = {}

    def _fixed_to(self, values: Mapping[Any, Any]) -> Self:
        new = self._copy()
        new._fixed = values
        return new

    @property
    def excluded(self) -> Excluded:
        """The proposed row, for ``on_conflict_do_update``."""
        return Excluded(self._target, self._table)

    def values(
        self, values: Mapping[Any, Any] | Iterable[Mapping[Any, Any]] | None = None, /, **named: Any
    ) -> Self:
        """The values of one row, or of many as a list of dicts."""
        if self._rows is not None:
            raise InvalidRequestError(
                "this insert() has values already",
                hint="give all rows at once: values([{...}, {...}])",
            )
        rows = [values or {}] if values is None or isinstance(values, Mapping) else list(values)
        if not rows or (named and values is not None and not isinstance(values, Mapping)):
            raise InvalidRequestError(
                f"insert({entity_name(self._target)}) was given no rows"
                if not rows
                else "values() takes a list of rows or keywords, not both",
                hint="write values(name='x') or values([{'name': 'x'}, ...])",
            )
        return self._with(
            rows=collected_rows(self._target, [{**self._fixed, **row, **named} for row in rows])
        )

    def from_select(self, names: Iterable[Any], query: Query[Any]) -> Self:
        """The rows of a query, into the columns named."""
        columns = tuple(column_of(self._target, name) for name in names)
        return self._with(rows=QueryRows(columns, query))

    def on_conflict_do_nothing(
        self,
        *,
        index_elements: Iterable[Any] = (),
        index_where: Expression[bool, Any] | None = None,
        constraint: str | None = None,
    ) -> Self:
        """Leave out rows that would violate a unique constraint."""
        return self._with(
            conflict=self._conflict_of(index_elements, index_where, constraint, (), None)
        )

    def on_conflict_do_update(
        self,
        *,
        index_elements: Iterable[Any] = (),
        index_where: Expression[bool, Any] | None = None,
        constraint: str | None = None,
        set_: Mapping[Any, Any] | Iterable[Assignment],
        where: Expression[bool, Any] | None = None,
    ) -> Self:
        """Update the row that is there instead; ``.excluded`` is the proposed one."""
        elements = tuple(index_elements)
        if isinstance(set_, Mapping):
            assignments = assignments_of(self._target, set_)
        else:
            assignments = tuple(set_)
        if not assignments or not (elements or constraint):
            missing = "set_" if not assignments else "index_elements or constraint"
            raise InvalidRequestError(
                f"on_conflict_do_update() needs {missing}",
                hint="name the columns of the unique constraint and the new values",
            )
        return self._with(
            conflict=self._conflict_of(elements, index_where, constraint, assignments, where)
        )

    @overload
    def returning(
        self, a: type[R1] | Yields[R1], /, *, sort_by_parameter_order: bool = False
    ) -> Insert[R1]: ...
    @overload
    def returning(
        self,
        a: type[R1] | Yields[R1],
        b: type[R2] | Yields[R2],
        /,
        *,
        sort_by_parameter_order: bool = False,
    ) -> Insert[tuple[R1, R2]]: ...
    @overload
    def returning(
        self,
        a: type[R1] | Yields[R1],
        b: type[R2] | Yields[R2],
        c: type[R3] | Yields[R3],
        /,
        *,
        sort_by_parameter_order: bool = False,
    ) -> Insert[tuple[R1, R2, R3]]: ...
    @overload
    def returning(
        self,
        a: type[R1] | Yields[R1],
        b: type[R2] | Yields[R2],
        c: type[R3] | Yields[R3],
        d: type[R4] | Yields[R4],
        /,
        *,
        sort_by_parameter_order: bool = False,
    ) -> Insert[tuple[R1, R2, R3, R4]]: ...
    @overload
    def returning(
        self,
        a: type[R1] | Yields[R1],
        b: type[R2] | Yields[R2],
        c: type[R3] | Yields[R3],
        d: type[R4] | Yields[R4],
        e: type[R5] | Yields[R5],
        /,
        *,
        sort_by_parameter_order: bool = False,
    ) -> Insert[tuple[R1, R2, R3, R4, R5]]: ...
    @overload
    def returning(self, *items: Any, sort_by_parameter_order: bool = False) -> Insert[Any]: ...
    def returning(self, *items: Any, sort_by_parameter_order: bool = False) -> Any:
        """RETURNING: what comes back of each row, as in ``select()``.

        Rows always come in the order in which they were given, so ``sort_by_parameter_order``
        changes nothing.
        """
        return self._returned(items)

    def _with(
        self,
        rows: BulkRows | ValueRows | QueryRows | None = None,
        conflict: Conflict | None = None,
    ) -> Self:
        new = self._copy()
        new._rows = rows or self._rows
        new._conflict = conflict or self._conflict
        return new

    def _rows_written(self) -> BulkRows | ValueRows | QueryRows | None:
        """The rows as they are sent; None means one row of nothing but the server's defaults."""
        _ = self._structure
        return self._written

    def _conflict_of(
        self,
        elements: Iterable[Any],
        index_where: Expression[bool, Any] | None,
        constraint: str | None,
        assignments: tuple[Assignment, ...],
        where: Expression[bool, Any] | None,
    ) -> Conflict:
        found = tuple(
            item
            if isinstance(item, Expression) and not isinstance(item, BaseColumn)
            else column_of(self._target, item)
            for item in elements
        )
        return Conflict(
            found,
            None if index_where is None else as_condition(index_where),
            None if constraint is None else checked_name(constraint),
            assignments,
            None if where is None else as_condition(where),
        )

    def _build_structure(self) -> tuple[Hashable, tuple[Any, ...]]:
        self._written = self._rows or collected_rows(self._target, [{}])
        rows = () if self._written is None else (self._written,)
        conflict = () if self._conflict is None else (self._conflict,)
        return self._structured("insert", rows, conflict)


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


class Update(Filtered[R]):
    """UPDATE; other tables that WHERE or the values name are joined by FROM."""

    __slots__ = ("_assignments",)

    def __init__(self, target: Any) -> None:
        super().__init__(target)
        self._assignments: tuple[Assignment, ...] = ()

    def values(self, values: Mapping[Any, Any] | None = None, /, **named: Any) -> Self:
        """New values by attribute name (or column); later ones replace earlier ones."""
        given = assignments_of(self._target, values) if values is not None else ()
        return self._assigned(given + assignments_of(self._target, named))

    def set(self, *assignments: Assignment) -> Self:
        """New values that the type checker sees: ``set(User.age.set(User.age + 1))``."""
        for assignment in assignments:
            if not isinstance(assignment, Assignment):
                raise InvalidRequestError(
                    f"set() takes assignments, not a {type(assignment).__name__}",
                    hint="write set(User.age.set(5)), or values(age=5)",
                )
            column_of(self._target, cast("BaseColumn[Any, Any]", assignment.column))
        return self._assigned(assignments)

    def _assigned(self, assignments: tuple[Assignment, ...]) -> Self:
        replaced = {assignment.column._key for assignment in assignments}
        kept = tuple(item for item in self._assignments if item.column._key not in replaced)
        new = self._copy()
        new._assignments = kept + assignments
        return new

    @overload
    def returning(self, a: type[R1] | Yields[R1], /) -> Update[R1]: ...
    @overload
    def returning(
        self, a: type[R1] | Yields[R1], b: type[R2] | Yields[R2], /
    ) -> Update[tuple[R1, R2]]: ...
    @overload
    def returning(
        self, a: type[R1] | Yields[R1], b: type[R2] | Yields[R2], c: type[R3] | Yields[R3], /
    ) -> Update[tuple[R1, R2, R3]]: ...
    @overload
    def returning(
        self,
        a: type[R1] | Yields[R1],
        b: type[R2] | Yields[R2],
        c: type[R3] | Yields[R3],
        d: type[R4] | Yields[R4],
        /,
    ) -> Update[tuple[R1, R2, R3, R4]]: ...
    @overload
    def returning(
        self,
        a: type[R1] | Yields[R1],
        b: type[R2] | Yields[R2],
        c: type[R3] | Yields[R3],
        d: type[R4] | Yields[R4],
        e: type[R5] | Yields[R5],
        /,
    ) -> Update[tuple[R1, R2, R3, R4, R5]]: ...
    @overload
    def returning(self, *items: Any) -> Update[Any]: ...
    def returning(self, *items: Any) -> Any:
        """RETURNING: what comes back of each row, as in ``select()``."""
        return self._returned(items)

    def _build_structure(self) -> tuple[Hashable, tuple[Any, ...]]:
        if not self._assignments:
            raise InvalidRequestError(
                f"update({entity_name(self._target)}) changes nothing",
                hint="add .values(name='x') or .set(User.name.set('x'))",
            )
        return self._structured("update", self._assignments, self._where)


class Delete(Filtered[R]):
    """DELETE; other tables that WHERE names are joined by USING."""

    __slots__ = ()

    @overload
    def returning(self, a: type[R1] | Yields[R1], /) -> Delete[R1]: ...
    @overload
    def returning(
        self, a: type[R1] | Yields[R1], b: type[R2] | Yields[R2], /
    ) -> Delete[tuple[R1, R2]]: ...
    @overload
    def returning(
        self, a: type[R1] | Yields[R1], b: type[R2] | Yields[R2], c: type[R3] | Yields[R3], /
    ) -> Delete[tuple[R1, R2, R3]]: ...
    @overload
    def returning(
        self,
        a: type[R1] | Yields[R1],
        b: type[R2] | Yields[R2],
        c: type[R3] | Yields[R3],
        d: type[R4] | Yields[R4],
        /,
    ) -> Delete[tuple[R1, R2, R3, R4]]: ...
    @overload
    def returning(
        self,
        a: type[R1] | Yields[R1],
        b: type[R2] | Yields[R2],
        c: type[R3] | Yields[R3],
        d: type[R4] | Yields[R4],
        e: type[R5] | Yields[R5],
        /,
    ) -> Delete[tuple[R1, R2, R3, R4, R5]]: ...
    @overload
    def returning(self, *items: Any) -> Delete[Any]: ...
    def returning(self, *items: Any) -> Any:
        """RETURNING: what comes back of each row, as in ``select()``."""
        return self._returned(items)

    def _build_structure(self) -> tuple[Hashable, tuple[Any, ...]]:
        return self._structured("delete", self._where)


def insert(target: Any) -> Insert[Any]:
    """INSERT into an entity's table."""
    return Insert(target)


def update(target: Any) -> Update[Any]:
    """UPDATE of an entity's table."""
    return Update(target)


def delete(target: Any) -> Delete[Any]:
    """DELETE from an entity's table."""
    return Delete(target)
