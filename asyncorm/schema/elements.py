"""Parts of CREATE TABLE: columns, keys and constraints as SQL text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, get_args

from asyncorm.compiler.quoting import quote_name, quote_qualified
from asyncorm.errors import ConfigurationError, DataError
from asyncorm.schema.expressions import condition_sql, default_sql, expression_sql
from asyncorm.schema.literals import string_literal
from asyncorm.schema.names import Names, find_column
from asyncorm.sql.constraints import (
    CheckConstraint,
    Identity,
    ReferentialAction,
    UniqueConstraint,
)
from asyncorm.sql.table import BaseColumn, ForeignKey, Table
from asyncorm.types.arrays import Array
from asyncorm.types.enums import EnumType

_ACTIONS = get_args(ReferentialAction)


def qualified(table: Table) -> str:
    """The quoted name of a table with its schema, if it has one."""
    return quote_qualified(table.schema, table.name)


def column_list(names: Iterable[str]) -> str:
    """Quoted names in parentheses."""
    return f"({', '.join(quote_name(name) for name in names)})"


def column_sql(column: BaseColumn[Any, Any]) -> str:
    """A column as CREATE TABLE lists it."""
    parts = [quote_name(column.name), column._type.ddl]
    if column.computed is not None:
        made = expression_sql(column.computed, named_columns=column.table)
        parts.append(f"GENERATED ALWAYS AS ({made}) STORED")
    elif column.identity is not None:
        parts.append(_identity(column.identity))
    elif column.server_default is not None:
        parts.append(f"DEFAULT {_default(column)}")
    if not column.nullable:
        parts.append("NOT NULL")
    return " ".join(parts)


def _default(column: BaseColumn[Any, Any]) -> str:
    try:
        return default_sql(column.server_default, column._type)
    except DataError as error:
        raise ConfigurationError(
            f"the server_default of {column} does not fit the column: {error.message}",
            hint='give a value of the column\'s type, or SQL: server_default=sql("...")',
        ) from error


def _identity(identity: Identity) -> str:
    kind = "ALWAYS" if identity.always else "BY DEFAULT"
    options = [
        f"{words} {int(number)}"
        for words, number in (
            ("START WITH", identity.start),
            ("INCREMENT BY", identity.increment),
        )
        if number is not None
    ]
    return f"GENERATED {kind} AS IDENTITY" + (f" ({' '.join(options)})" if options else "")


def label_check(column: BaseColumn[Any, Any]) -> str | None:
    """The condition that a column, or each element of an array, has one of its enum's labels."""
    type_ = column._type
    item = type_.item if isinstance(type_, Array) else type_
    if not isinstance(item, EnumType) or item.native:
        return None
    labels = ", ".join(string_literal(label) for label in item.labels)
    name = quote_name(column.name)
    if item is type_:
        return f"CHECK ({name} IN ({labels}))"
    # NULL is in no array; array_remove() takes arrays of one dimension only
    first = string_literal(item.labels[0])
    return f"CHECK (array_replace({name}, NULL, {first}) <@ ARRAY[{labels}])"


class NamedConstraints:
    """The constraints of one table as (name, text without the name), in order of declaration."""

    def __init__(self, table: Table) -> None:
        self._table = table
        constraints: list[Any] = [*table.unique, *table.checks, *table.foreign_keys]
        self._names = Names(table, [item.name for item in constraints])
        self.primary_key = self._primary_key()
        self.unique = [self._unique(item) for item in table.unique]
        self.checks = [self._check(item, number) for number, item in enumerate(table.checks, 1)]
        self.labels = self._labels()
        self.foreign_keys = {key: self._foreign_key(key) for key in table.foreign_keys}

    def _primary_key(self) -> tuple[str, str] | None:
        columns = [column.name for column in self._table.primary_key]
        if not columns:
            return None
        return self._names.choose(None, "pk"), f"PRIMARY KEY {column_list(columns)}"

    def _unique(self, constraint: UniqueConstraint) -> tuple[str, str]:
        columns = self._own_columns(constraint.columns, "a UniqueConstraint")
        name = self._names.choose(constraint.name, "uq", columns)
        nulls = " NULLS NOT DISTINCT" if constraint.nulls_not_distinct else ""
        late = deferrable(constraint.deferrable, constraint.initially_deferred)
        return name, f"UNIQUE{nulls} {column_list(columns)}{late}"

    def _check(self, constraint: CheckConstraint, number: int) -> tuple[str, str]:
        name = self._names.choose(constraint.name, "ck", [str(number)])
        return name, f"CHECK ({condition_sql(constraint.condition)})"

    def _labels(self) -> list[tuple[str, str]]:
        """The checks of columns with an enum that is text."""
        found: list[tuple[str, str]] = []
        for column in self._table.columns.values():
            condition = label_check(column)
            if condition is not None:
                found.append((self._names.choose(None, "ck", [column.name]), condition))
        return found

    def _foreign_key(self, key: ForeignKey) -> tuple[str, str]:
        columns = [column.name for column in key.columns]
        name = self._names.choose(key.name, "fk", [*columns, key.target.name])
        targets = column_list(column.name for column in key.targets)
        text = f"FOREIGN KEY {column_list(columns)} REFERENCES {qualified(key.target)} {targets}"
        for words, action in (("ON DELETE", key.ondelete), ("ON UPDATE", key.onupdate)):
            if action is not None:
                text += f" {words} {_checked_action(action, key)}"
        return name, text + deferrable(key.deferrable, key.initially_deferred)

    def _own_columns(self, names: Sequence[str], user: str) -> list[str]:
        if not names:
            raise ConfigurationError(
                f"{user} of table {self._table.full_name!r} has no columns",
                hint="name at least one column",
            )
        return [find_column(self._table, name, user).name for name in names]


def deferrable(may_wait: bool, initially_deferred: bool) -> str:
    """When a constraint is checked."""
    if not may_wait:
        return ""
    return " DEFERRABLE INITIALLY DEFERRED" if initially_deferred else " DEFERRABLE"


def _checked_action(action: str, key: ForeignKey) -> str:
    if action.upper() not in _ACTIONS:
        columns = ", ".join(str(column) for column in key.columns)
        raise ConfigurationError(
            f"the foreign key of {columns} has an unknown action {action!r}",
            hint=f"use one of {', '.join(_ACTIONS)}",
        )
    return action.upper()
