"""Which columns of an entity are read: those that are not deferred, changed by options."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from asyncorm.errors import ArgumentError
from asyncorm.loading.directives import Columns
from asyncorm.mapping.mapper import Mapper
from asyncorm.sql.sources import Alias, PartialEntity
from asyncorm.sql.statements.query import Compound
from asyncorm.sql.statements.select import Select
from asyncorm.sql.subtype import Below
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
            its = [c.attribute for c in option.columns if concerns(c, mapper)]
            if not its:
                continue  # it is about other classes of the hierarchy
            named.update(dict.fromkeys(its, wanted))
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


def owner_of(column: BaseColumn[Any, Any], mapper: Mapper) -> Mapper | None:
    """The class of a mapper's hierarchy by which a column was named, if it was by one of them."""
    return next((kind for kind in mapper.root.subtypes if kind.source is column.table), None)


def concerns(column: BaseColumn[Any, Any], mapper: Mapper) -> bool:
    """Whether objects of an entity have a column, by whatever class or alias it was named."""
    if isinstance(column.table, Alias):
        owner: Any = column.table._entity
    else:
        known = owner_of(column, mapper)
        owner = known and known.entity
    if owner is None or column.attribute not in mapper.columns:
        return False
    return issubclass(mapper.entity, owner)


def check_columns(mapper: Mapper, options: Sequence[Columns]) -> None:
    """Raise ArgumentError for columns that no object of the entity has."""
    for column in (column for option in options for column in option.columns):
        if not any(concerns(column, kind) for kind in mapper.subtypes):
            raise ArgumentError(
                f"{column} is no column of {mapper.name}",
                hint=f"name columns of {mapper.name}, or put the option below the relationship "
                "that leads to their entity",
            )


def loaded_with(mapper: Mapper, name: str) -> tuple[str, ...]:
    """The columns that are loaded when one is: those of its group."""
    group = mapper.deferred.get(name)
    if group is None:
        return (name,)
    return tuple(other for other, its in mapper.deferred.items() if its == group)


class Chosen(NamedTuple):
    """The columns that are read of an entity, and of its subclasses if not all of theirs."""

    attributes: tuple[str, ...]
    below: Below | None


def with_columns(statement: Any, chosen: dict[int, Chosen]) -> Any:
    """The statement with fewer or more columns of the entities at some positions."""
    if not chosen:
        return statement
    new = statement._copy()
    if isinstance(statement, Compound):
        new.queries = tuple(with_columns(query, chosen) for query in statement.queries)
    elif isinstance(statement, Select):
        new._items = tuple(
            PartialEntity(item, *chosen[position]) if position in chosen else item
            for position, item in enumerate(statement._items)
        )
    return new
