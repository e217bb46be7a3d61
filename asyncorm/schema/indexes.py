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
from asyncorm.sql.operators.order import Order
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
        words.append(f"USING {index_method(index.using, user)}")
    _check_ops(table, index, user)
    words.append(f"({', '.join(_part(table, item, index) for item in index.expressions)})")
    if index.include:
        included = [find_column(table, column, user).name for column in index.include]
        words.append(f"INCLUDE {column_list(included)}")
    if index.with_:
        words.append(f"WITH ({', '.join(_option(*pair, user) for pair in index.with_.items())})")
    if index.where is not None:
        words.append(f"WHERE {condition_sql(index.where)}")
    return " ".join(words)


def _part(table: Table, item: Any, index: Index) -> str:
    """A column or expression with its operator class and its order."""
    user = _user(index)
    if isinstance(item, Order):
        nulls = f" NULLS {item.nulls}" if item.nulls else ""
        return f"{_part(table, item.expression, index)} {item.direction}{nulls}"
    operators = {
        find_column(table, name, user).name: _word(given, "operator class", user)
        for name, given in index.ops.items()
    }
    text, name = index_item(table, item, user), _part_name(table, item, user)
    return f"{text} {operators[name]}" if name in operators else text


def _check_ops(table: Table, index: Index, user: str) -> None:
    names = [_part_name(table, item, user) for item in index.expressions]
    for name in index.ops:
        if find_column(table, name, user).name not in names:
            raise ConfigurationError(
                f"{user} of table {table.full_name!r} has an operator class for {name!r}, which "
                "is none of its columns",
                hint="name a column of the index in ops=",
            )


def _option(name: str, value: Any, user: str) -> str:
    """A storage parameter; its value is a number, a truth or a plain word."""
    name = _word(name, "storage parameter", user)
    if isinstance(value, bool):
        return f"{name} = {'true' if value else 'false'}"
    if isinstance(value, (int, float)):
        return f"{name} = {value!r}"
    return f"{name} = {_word(value, 'value of a storage parameter', user)}"


def index_item(table: Table, item: Any, user: str) -> str:
    """One column or expression of an index."""
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


def index_method(using: str, user: str) -> str:
    """The quoted name of an access method."""
    return _word(using, "method", user, "use btree, hash, gin, gist, brin, hnsw or ivfflat")


def _word(given: Any, what: str, user: str, hint: str = "use lower case letters and _") -> str:
    """A name, quoted; what is none is refused."""
    if not isinstance(given, str) or not re.fullmatch(r"[a-z_][a-z0-9_]*", given):
        raise ConfigurationError(f"{user} has an unknown {what} {given!r}", hint=hint)
    return quote_name(given)
