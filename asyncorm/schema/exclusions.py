"""EXCLUDE constraints as SQL text."""

from __future__ import annotations

from asyncorm.errors import ConfigurationError
from asyncorm.schema.elements import deferrable
from asyncorm.schema.expressions import condition_sql
from asyncorm.schema.indexes import index_item, index_method
from asyncorm.schema.names import Names
from asyncorm.sql.constraints import EXCLUDING_OPERATORS, ExcludeConstraint
from asyncorm.sql.table import Table


def exclusions(table: Table) -> list[tuple[str, str]]:
    """The constraints of a table as (name, text without the name), in order of declaration."""
    names = Names(table, [item.name for item in table.exclusions])
    return [
        (names.choose(item.name, "ex", [str(number)]), _text(table, item))
        for number, item in enumerate(table.exclusions, 1)
    ]


def _text(table: Table, constraint: ExcludeConstraint) -> str:
    user = f"an ExcludeConstraint of table {table.full_name!r}"
    if not constraint.elements:
        raise ConfigurationError(
            f"{user} has no elements", hint='write ExcludeConstraint(("during", "&&"))'
        )
    elements = []
    for expression, operator in constraint.elements:
        if operator not in EXCLUDING_OPERATORS:
            raise ConfigurationError(
                f"{user} has an unknown operator {operator!r}",
                hint=f"use one of {', '.join(sorted(EXCLUDING_OPERATORS))}",
            )
        elements.append(f"{index_item(table, expression, user)} WITH {operator}")
    text = f"EXCLUDE USING {index_method(constraint.using, user)} ({', '.join(elements)})"
    if constraint.where is not None:
        text += f" WHERE ({condition_sql(constraint.where)})"
    return text + deferrable(constraint.deferrable, constraint.initially == "DEFERRED")
