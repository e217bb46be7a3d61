"""Which columns of an entity are read: those that are not deferred, changed by options."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from asyncorm.errors import ArgumentError
from asyncorm.loading.directives import Columns
from asyncorm.mapping.mapper import Mapper
from asyncorm.sql.query import Compound
from asyncorm.sql.select import Select
from asyncorm.sql.sources import PartialEntity
from asyncorm.sql.table import BaseColumn


def chosen_attributes(
    mapper: Mapper, options: Sequence[Columns], needed: Iterable[str] = ()
) -> tuple[str, ...]:
    """The columns that options leave, in table order.

    What is said of a column by name counts more than what is said of all. The key, the version and
    what tells of which class a row is are always read, and so is what else is ``needed``.
    """
    named: dict[str, bool] = {}
    rest: bool | None = None
    for option in options:
        wanted = option.kind != "defer"
        if option.group is not None:
            named.update((n, wanted) for n, its in mapper.deferred.items() if its == option.group)
        elif not option.columns:
            rest = wanted
        else:
            named.update((_attribute(mapper, column), wanted) for column in option.columns)
        if option.kind == "only":
            rest = False
    always = {*mapper.primary_key, *needed}
    if mapper.version is not None:
        always.add(mapper.version.name)
    if mapper.discriminator is not None:
        always.add(mapper.discriminator.attribute)
    return tuple(
        name
        for name in mapper.columns
        if name in always or named.get(name, name not in mapper.deferred if rest is None else rest)
    )


def _attribute(mapper: Mapper, column: BaseColumn[Any, Any]) -> str:
    known = mapper.columns.get(column.attribute)
    if known is None or known.name != column.name:
        raise ArgumentError(
            f"{column} is no column of {mapper.name}",
            hint=f"name columns of {mapper.name}, or put the option below the relationship that "
            "leads to their entity",
        )
    return column.attribute


def loaded_with(mapper: Mapper, name: str) -> tuple[str, ...]:
    """The columns that are loaded when one is: those of its group."""
    group = mapper.deferred.get(name)
    if group is None:
        return (name,)
    return tuple(other for other, its in mapper.deferred.items() if its == group)


def with_columns(statement: Any, chosen: dict[int, tuple[str, ...]]) -> Any:
    """The statement with fewer or more columns of the entities at some positions."""
    if not chosen:
        return statement
    new = statement._copy()
    if isinstance(statement, Compound):
        new.queries = tuple(with_columns(query, chosen) for query in statement.queries)
    elif isinstance(statement, Select):
        new._items = tuple(
            PartialEntity(item, chosen[position]) if position in chosen else item
            for position, item in enumerate(statement._items)
        )
    return new
