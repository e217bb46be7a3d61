"""load() of a column: one that a statement has left out, or that has expired."""

from __future__ import annotations

from typing import Any

from asyncorm.errors import InvalidRequestError, ObjectDeletedError
from asyncorm.loading.columns import concerns, owner_of
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
        if owner_of(column, mapper_of(instance)) is None or not concerns(
            column, mapper_of(instance)
        ):
            raise InvalidRequestError(
                f"{column} is no column of {type(instance).__name__}",
                hint="name the column of a model: session.load(user, User.bio)",
            )
    lacking = [instance for instance in instances if name not in instance.__dict__]
    if not lacking:
        return
    owner: Any = owner_of(column, mapper_of(lacking[0]))
    found: dict[Any, None] = {}
    for instance in lacking:
        if instance not in found:
            same = siblings(instance, core.unit)
            found.update(dict.fromkeys(one for one in same if isinstance(one, owner.entity)))
    await core.autoflush()
    core.transaction.autobegin()
    await load_columns(owner, found, name, core.context)
    for instance in lacking:
        if name not in instance.__dict__:
            raise ObjectDeletedError(
                f"the row of the {type(instance).__name__} to load {column} of no longer exists"
            )
