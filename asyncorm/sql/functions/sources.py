"""Functions in FROM: their rows as a source with columns."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any

from asyncorm.errors import InvalidRequestError
from asyncorm.sql.nodes import AnonymousName
from asyncorm.sql.sources import Derived, DerivedColumns
from asyncorm.sql.table import NullColumn
from asyncorm.sql.values import UNKNOWN, checked_name
from asyncorm.types.arrays import Array
from asyncorm.types.base import SQLType
from asyncorm.types.resolve import coerce_type
from asyncorm.types.scalars import BIGINT

#: functions whose rows have no columns of their own: a statement must say them
_OF_ANY_RECORD = frozenset(
    ("json_to_record", "json_to_recordset", "jsonb_to_record", "jsonb_to_recordset")
)


class FunctionTable(Derived):
    """A function in FROM: ``unnest(...) AS "tags" ("tag")``; its columns are ``.c.<name>``."""

    def __init__(
        self,
        call: Any,
        columns: Mapping[str, SQLType[Any]],
        name: str | None,
        ordinality: str | None,
        with_types: bool,
    ) -> None:
        self.kind = "function"
        self.call = call
        self.columns = dict(columns)
        self.ordinality = None if ordinality is None else checked_name(ordinality)
        self.with_types = with_types or call.name in _OF_ANY_RECORD
        if self.with_types and any(not type_.ddl for type_ in columns.values()):
            raise InvalidRequestError(
                f"{call.name}() in FROM needs the types of its columns",
                hint='give them: table_valued({"id": int, "name": str})',
            )
        base = call.name.rpartition(".")[2]
        self._name = AnonymousName(base) if name is None else checked_name(name)
        self._parameters = call._parameters if name is not None else (self._name, *call._parameters)
        typed = tuple((checked_name(column), type_.key) for column, type_ in columns.items())
        options = (self.ordinality, self.with_types)
        self._key: Hashable = ("function table", name, typed, options, call._key)
        further = () if ordinality is None else ((ordinality, BIGINT),)
        self.c = DerivedColumns(self, (*columns.items(), *further))


def named_types(call: Any, columns: Iterable[Any]) -> dict[str, SQLType[Any]]:
    """The columns that ``table_valued()`` was given, with what is known of their types."""
    found: dict[str, SQLType[Any]] = {}
    untyped: list[str] = []
    for column in columns:
        if isinstance(column, Mapping):
            found.update({name: coerce_type(type_) for name, type_ in column.items()})
        else:
            found[column] = UNKNOWN
            untyped.append(column)
    if not found:
        raise InvalidRequestError(
            f"{call.name}() in FROM needs names for its columns",
            hint='write func.unnest(...).table_valued("tag"), or column_valued("tag")',
        )
    known = _known_types(call)
    if len(known) == len(found) == len(untyped):
        found = dict(zip(found, known, strict=True))
    return found


def _known_types(call: Any) -> list[SQLType[Any]]:
    if call.name == "unnest":
        types = [argument._type for argument in call.arguments]
        return [type_.item if isinstance(type_, Array) else UNKNOWN for type_ in types]
    return [call._type]


def scalar_table(call: Any, name: str | None) -> NullColumn[Any]:
    """The only column of a function in FROM, which has the name of the source."""
    column = name or call.name.rpartition(".")[2]
    return FunctionTable(call, named_types(call, [column]), name, None, False).c[column]
