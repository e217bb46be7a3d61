"""Indexes as SQL text."""

from __future__ import annotations

import re
from typing import Any

from asyncorm.compiler.quoting import quote_name
from asyncorm.errors import ConfigurationError
from asyncorm.schema.elements import column_list, qualified
from asyncorm.schema.expressions import condition_sql, expression_sql
from asyncorm.schema.names import Names, find_column
from asyncorm.sql.constraints import Index
from asyncorm.sql.expressions import Order
from asyncorm.sql.table import BaseColumn, Table


def index_names(table: Table) -> list[str]:
    """The name of each index of the table, in order."""
    names = Names(table, [index.name for index in table.indexes])
    return [
        names.choose(
            index.name, "ix", [_part_name(table, item, _user(index)) for item in index.expressions]
        )
        for index in table.indexes
    ]


def index_sql(table: Table, index: Index, name: str, *, if_not_exists: bool) -> str:
    """CREATE INDEX for one index of a table."""
    if not index.expressions:
        raise ConfigurationError(
            f"index {name!r} of table {table.full_name!r} has no columns",
            hint='name a column or an expression: Index("ix_title", "title")',
        )
    user = _user(index)
    words = [
        "CREATE UNIQUE INDEX" if index.unique else "CREATE INDEX",
        *(["IF NOT EXISTS"] if if_not_exists else []),
        f"{quote_name(name)} ON {qualified(table)}",
    ]
    if index.using is not None:
        words.append(f"USING {_method(index.using, user)}")
    words.append(f"({', '.join(_item(table, item, user) for item in index.expressions)})")
    if index.include:
        included = [find_column(table, column, user).name for column in index.include]
        words.append(f"INCLUDE {column_list(included)}")
    if index.where is not None:
        words.append(f"WHERE {condition_sql(index.where)}")
    return " ".join(words)


def _item(table: Table, item: Any, user: str) -> str:
    if isinstance(item, Order):
        nulls = f" NULLS {item.nulls}" if item.nulls else ""
        return f"{_item(table, item.expression, user)} {item.direction}{nulls}"
    if isinstance(item, str):
        return quote_name(find_column(table, item, user).name)
    if isinstance(item, BaseColumn):
        return quote_name(item.name)
    # a column can't be named as an object inside its own class: func.lower("title") means it
    return f"({expression_sql(item, named_columns=table)})"


def _user(index: Index) -> str:
    return f"index {index.name!r}" if index.name else "an index"


def _part_name(table: Table, item: Any, user: str) -> str:
    if isinstance(item, Order):
        return _part_name(table, item.expression, user)
    if isinstance(item, str):
        return find_column(table, item, user).name
    return item.name if isinstance(item, BaseColumn) else "expression"


def _method(using: str, user: str) -> str:
    if not re.fullmatch(r"[a-z_][a-z0-9_]*", using):
        raise ConfigurationError(
            f"{user} has an unknown method {using!r}", hint="use btree, hash, gin, gist or brin"
        )
    return quote_name(using)
