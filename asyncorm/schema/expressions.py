"""Expressions inside DDL: conditions, defaults and indexed terms, with values as constants."""

from __future__ import annotations

from typing import Any

from asyncorm.compiler.compiler import constant_sql
from asyncorm.compiler.quoting import quote_name
from asyncorm.errors import ConfigurationError
from asyncorm.schema.literals import literal, string_literal
from asyncorm.sql.expressions import Expression, Parameter
from asyncorm.sql.statements.raw import Text
from asyncorm.sql.table import Table
from asyncorm.types.base import SQLType
from asyncorm.types.scalars import TEXT


def expression_sql(expression: Any, *, named_columns: Table | None = None) -> str:
    """An expression or ``sql()`` as text without parameters and without table names.

    A bound str that names a column of ``named_columns`` stands for the column.
    """
    if not isinstance(expression, (Expression, Text)):
        kind = type(expression).__name__
        raise ConfigurationError(
            f"a {kind} was given where DDL needs a SQL expression",
            hint='write func.lower(...), a comparison of columns, or sql("...")',
        )

    def constant(parameter: Parameter[Any]) -> str:
        value = parameter.value
        # of a text, but not of the name of a search configuration
        if named_columns is not None and type(value) is str and parameter.type == TEXT:
            column = named_columns.by_attribute.get(value, named_columns.columns.get(value))
            if column is not None:
                return quote_name(column.name)
        return _constant(parameter)

    node: Any = expression
    return constant_sql(node, constant)


def condition_sql(condition: Any) -> str:
    """A condition: SQL text of the developer as it is, or an expression."""
    return condition if isinstance(condition, str) else expression_sql(condition)


def default_sql(default: Any, type_: SQLType[Any]) -> str:
    """A server default: an expression, or a value of the column's type.

    A str is the text that the server reads as a value of the column (``"{}"`` for jsonb).
    """
    value = default.value if isinstance(default, Parameter) else default
    if isinstance(value, (Expression, Text)):
        return f"({expression_sql(value)})"
    return string_literal(value) if type(value) is str else literal(value, type_)


def _constant(parameter: Parameter[Any]) -> str:
    if not parameter.type.cast_type and isinstance(parameter.value, str):
        return string_literal(parameter.value)  # the server finds its type from its place
    return literal(parameter.value, parameter.type if parameter.type.cast_type else None)
