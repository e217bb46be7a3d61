"""load() of a column: one that a statement has left out, or that has expired."""

from __future__ import annotations

from typing import Any

from asyncorm.errors import InvalidRequestError, ObjectDeletedError
from asyncorm.loading.on_demand import load_columns
from asyncorm.loading.selectin import siblings
from asyncorm.session.core import SessionCore
from asyncorm.sql.table import BaseColumn
from asyncorm.tracking.unit_of_work import mapper_of


async def load_column(
    core: SessionCore, instances: list[Any], column: BaseColumn[Any, Any]
) -> None:
    """Read a column of instances, and of their siblings, that lack it.

    One statement reads it for all, with the other columns of its group.
    """
    name = column.attribute
    for instance in instances:
        core.unit.require_persistent(instance)
        if mapper_of(instance).columns.get(name) is not column:
            raise InvalidRequestError(
                f"{column} is no column of {type(instance).__name__}",
                hint="name the column of a model: session.load(user, User.bio)",
            )
    lacking = [instance for instance in instances if name not in instance.__dict__]
    if not lacking:
        return
    found: dict[Any, None] = {}
    for instance in lacking:
        if instance not in found:
            found.update(dict.fromkeys(siblings(instance, core.unit)))
    await core.autoflush()
    core.transaction.autobegin()
    await load_columns(found, name, core.context)
    for instance in lacking:
        if name not in instance.__dict__:
            raise ObjectDeletedError(
                f"the row of the {type(instance).__name__} to load {column} of no longer exists"
            )
