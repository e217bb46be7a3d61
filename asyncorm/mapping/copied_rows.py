"""CopiedRows: the values of rows that are copied to a table, by column, whatever the rows are."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter, itemgetter
from typing import Any

from asyncorm.errors import ArgumentError, InvalidRequestError, UnknownAttributeError
from asyncorm.mapping.mapper import Mapper
from asyncorm.sql.table import BaseColumn, Table

Columns = list[Sequence[Any]]
Default = Callable[[], Any]


def check_copied(mapper: Mapper) -> None:
    """Refuse an entity whose rows are in several tables."""
    if len(mapper.parts) > 1:
        names = " and ".join(repr(table.full_name) for table in mapper.tables)
        raise InvalidRequestError(
            f"rows of {mapper.name} are in the tables {names}, and COPY writes one",
            hint="session.add_all() the objects: a flush writes each table with one statement",
        )


class CopiedRows:
    """Rows like the first one: dicts, sequences, objects with fields, or instances of the entity.

    ``names`` are the attributes that are written: those that the first row (or ``columns``)
    gives, and those that have a default in Python. All others are left to the server.
    """

    def __init__(self, mapper: Mapper, first: Any, columns: Iterable[Any] | None) -> None:
        self._mapper = mapper
        self._kind = type(first)
        self.are_instances = isinstance(first, mapper.entity)
        given = _names_of(mapper, first, self.are_instances) if columns is None else columns
        self._given = tuple(
            name.attribute if isinstance(name, BaseColumn) else name for name in given
        )
        for name in self._given:
            self._check_written(name)
        self._made: dict[str, Default] = {
            name: default for name, default in _defaults(mapper).items() if name not in self._given
        }
        self.names = (*self._given, *self._made)
        self.columns = tuple(mapper.columns[name] for name in self.names)
        self._others = tuple(
            name
            for name, column in mapper.columns.items()
            if name not in self.names and _is_written(mapper, name, column)
        )
        #: what no object may have; columns that were named are all that is wanted of it
        self._lost = self._others if columns is None else ()
        self._check_complete()
        self._take = self._taker(first)

    @property
    def table(self) -> Table:
        """The table that is written."""
        return self._mapper.table

    @property
    def labels(self) -> list[str]:
        """What messages call the columns."""
        return [f"{self._mapper.name}.{name}" for name in self.names]

    def values(self, rows: Sequence[Any], first: int) -> Columns:
        """The values of rows by column, in the order of ``names``; ``first`` is their number.

        Raises for a row that is not like the first, and names it.
        """
        if set(map(type, rows)) != {self._kind}:
            self._check_kinds(rows, first)
        try:
            found = self._take(rows)
        except (KeyError, AttributeError, ValueError):
            found = None
        if found is None:
            return self._completed(rows, first)
        count = len(rows)
        return [*found, *([make() for _ in range(count)] for make in self._made.values())]

    @staticmethod
    def values_of(row: Any, columns: Sequence[Any] | None, number: int) -> dict[str, Any]:
        """What one row gives, by name; for rows that are validated."""
        if _is_mapping(row):
            return dict(row)
        fields = _field_names(row)
        if fields is not None:
            return {name: getattr(row, name) for name in fields}
        if columns is None or not _is_sequence(row) or len(row) != len(columns):
            raise ArgumentError(
                f"row {number} does not give a value for each column",
                hint='give dicts, or tuples and their columns: columns=["name", "price"]',
            )
        return {getattr(n, "attribute", n): v for n, v in zip(columns, row, strict=True)}

    # ---------------------------------------------------------------------------- ways to take

    def _taker(self, first: Any) -> Callable[[Sequence[Any]], Columns | None]:
        """What takes the given columns from rows; None or an error for rows of another shape."""
        given, width = self._given, len(self._given)
        if self.are_instances:
            return self._from_instances
        if _is_mapping(first):
            getters = [itemgetter(name) for name in given]
            return lambda rows: (
                [list(map(get, rows)) for get in getters]
                if set(map(len, rows)) == {width}
                else None
            )
        if _field_names(first) is not None and not isinstance(first, tuple):
            fields = [attrgetter(name) for name in given]
            return lambda rows: [list(map(get, rows)) for get in fields]
        return lambda rows: (
            list(zip(*rows, strict=True)) if set(map(len, rows)) == {width} else None
        )

    def _from_instances(self, rows: Sequence[Any]) -> Columns | None:
        held = [row.__dict__ for row in rows]
        if any(values.get(name) is not None for name in self._lost for values in held):
            return None
        return [list(map(itemgetter(name), held)) for name in self._given]

    def _completed(self, rows: Sequence[Any], first: int) -> Columns:
        """The same for rows of which some give less or more than the first."""
        complete = [self._complete(row, number) for number, row in enumerate(rows, first)]
        return [[row[name] for row in complete] for name in self.names]

    def _complete(self, row: Any, number: int) -> dict[str, Any]:
        values = self._as_dict(row, number)
        for name in values:
            if name not in self.names:
                self._check_written(name, number)
                raise InvalidRequestError(
                    f"row {number} gives {self._mapper.name}.{name}, which the first does not",
                    hint="name all that any row gives: copy_in(..., columns=[...])",
                )
        missing = [name for name in self.names if name not in values]
        defaults = _defaults(self._mapper) if missing else {}
        for name in missing:
            column = self._mapper.columns[name]
            if name in defaults:
                values[name] = defaults[name]()
            elif column.nullable and not column.server_generated:
                values[name] = None
            else:
                raise InvalidRequestError(
                    f"row {number} lacks {self._mapper.name}.{name}, which the first gives",
                    hint="COPY can't leave a value of one row to the server: give it, or None",
                )
        return values

    def _as_dict(self, row: Any, number: int) -> dict[str, Any]:
        if self.are_instances:
            held = row.__dict__
            lost = {n: held[n] for n in self._lost if held.get(n) is not None}
            return lost | {n: held[n] for n in self.names if n in held}
        if _is_mapping(row):
            return dict(row)
        if len(row) != len(self._given):
            raise InvalidRequestError(
                f"row {number} has {len(row)} values for {len(self._given)} columns",
                hint=f"each row gives: {', '.join(self._given)}",
            )
        return dict(zip(self._given, row, strict=True))

    # ------------------------------------------------------------------------------- refusals

    def _check_kinds(self, rows: Sequence[Any], first: int) -> None:
        plain = not (self.are_instances or _field_names(rows[0]) is not None)
        for number, row in enumerate(rows, first):
            alike = plain and _is_sequence(row) and issubclass(self._kind, tuple | list)
            if type(row) is not self._kind and not alike:
                raise ArgumentError(
                    f"row {number} is a {type(row).__name__}, and the first is a "
                    f"{self._kind.__name__}",
                    hint="copy rows of different kinds one kind after the other",
                )

    def _check_written(self, name: Any, number: int = 1) -> None:
        mapper = self._mapper
        if not isinstance(name, str) or name not in mapper.columns:
            raise UnknownAttributeError(
                f"row {number} gives {mapper.name}.{name}, and {mapper.name} has no such column",
                hint=f"{mapper.name} has {', '.join(mapper.columns)}",
            )
        if name in mapper.computed or mapper.columns[name].system:
            raise InvalidRequestError(
                f"row {number} gives {mapper.name}.{name}, which the server makes",
                hint="leave it out",
            )

    def _check_complete(self) -> None:
        mapper = self._mapper
        if not self.names:
            raise InvalidRequestError(
                f"the rows for {mapper.name} give no value", hint="give one column at least"
            )
        for name in self._others:
            column = mapper.columns[name]
            if column.nullable or column.server_generated:
                continue
            if name not in mapper.made_by_server:
                raise InvalidRequestError(
                    f"the rows give no {mapper.name}.{name}, which has no default",
                    hint="foreign keys are copied as they are: give the key, not the object"
                    if name in mapper.must_be_given
                    else "give it with every row",
                )


def _defaults(mapper: Mapper) -> dict[str, Default]:
    """What makes the values that rows leave out."""
    found = {
        name: column.default
        for name, column in mapper.columns.items()
        if column.default is not None and name not in mapper.computed
    }
    version = mapper.version
    if version is not None and version.following is not None:
        following = version.following
        found[version.name] = lambda: following(None)
    return found


def _names_of(mapper: Mapper, first: Any, is_instance: bool) -> Iterable[Any]:
    """The attributes that a row gives; raises for one that does not say."""
    if is_instance:
        return [n for n, c in mapper.columns.items() if _is_held(mapper, n, c, first.__dict__)]
    if _is_mapping(first):
        return list(first.keys())
    fields = _field_names(first)
    if fields is not None:
        return fields
    if _is_sequence(first):
        raise ArgumentError(
            f"the rows for {mapper.name} do not say what their values are",
            hint='name the columns: copy_in(..., columns=["name", "price"])',
        )
    raise ArgumentError(
        f"row 1 for {mapper.name} is a {type(first).__name__}, of which no columns are known",
        hint=f"give dicts, tuples with columns=[...], or objects with the fields of {mapper.name}",
    )


def _is_written(mapper: Mapper, name: str, column: BaseColumn[Any, Any]) -> bool:
    return name not in mapper.computed and not column.system


def _is_held(
    mapper: Mapper, name: str, column: BaseColumn[Any, Any], held: Mapping[str, Any]
) -> bool:
    """Whether an object has a value to write: not None for what the server makes, no version."""
    if mapper.version is not None and name == mapper.version.name:
        return False
    unset = name in mapper.made_by_server and held.get(name) is None
    return name in held and not unset and _is_written(mapper, name, column)


def _is_mapping(row: Any) -> bool:
    # records of the driver have keys, and are no Mapping
    return isinstance(row, Mapping) or hasattr(type(row), "keys")


def _is_sequence(row: Any) -> bool:
    return isinstance(row, Sequence) and not isinstance(row, str | bytes | bytearray)


def _field_names(row: Any) -> tuple[str, ...] | None:
    """The fields of a pydantic model, a dataclass or a named tuple."""
    kind = type(row)
    if dataclasses.is_dataclass(kind):
        return tuple(field.name for field in dataclasses.fields(kind))
    fields = getattr(kind, "__pydantic_fields__", None)
    if fields is None and isinstance(row, tuple):
        fields = getattr(kind, "_fields", None)
    return None if fields is None else tuple(fields)
