"""refresh: attributes of an object are read again, and no local change is overwritten unasked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from asyncorm.errors import ArgumentError, ObjectDeletedError, UnflushedChangesError
from asyncorm.loading.on_demand import refresh as read_again
from asyncorm.session.core import SessionCore
from asyncorm.session.getting import lock_options
from asyncorm.tracking.changes import changed_columns, changed_members
from asyncorm.tracking.transitions import expire
from asyncorm.tracking.unit_of_work import mapper_of


async def refresh(
    core: SessionCore,
    instance: Any,
    names: tuple[str, ...] | None,
    with_for_update: bool | Mapping[str, Any] | None,
    discard: bool,
) -> None:
    """Read the named attributes again; without names those that it was loaded with."""
    core.unit.require_persistent(instance)
    check_attributes(instance, names or ())
    lock = lock_options(with_for_update)
    if lock is not None and lock.get("skip_locked"):
        raise ArgumentError(
            "refresh() can't skip the row that it is to read",
            hint='give {"nowait": True}, and catch LockTimeout',
        )
    _settle_changes(instance, names, discard)
    await core.autoflush()
    if lock is not None:
        await core.write_connection()
    related = tuple(n for n in names or () if n in mapper_of(instance).relationships)
    if related:
        expire(instance, related)
    if not await read_again(instance, names, core.context, lock):
        raise ObjectDeletedError(
            f"the row of the {type(instance).__name__} to refresh no longer exists"
        )


def names_given(names: Iterable[str] | None) -> tuple[str, ...] | None:
    """The names of attributes that were given; a single one is refused, whose letters it'd be."""
    if names is None:
        return None
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise ArgumentError(
            f"attributes are named by a list of their names, not by a {type(names).__name__}",
            hint="write refresh(obj, ['books']) or expire(obj, ['books'])",
        )
    return tuple(names)


def check_attributes(instance: Any, names: Iterable[str]) -> None:
    """Refuse names that are no attributes of the object."""
    mapper = mapper_of(instance)
    for name in names:
        if not isinstance(name, str):
            raise ArgumentError(
                f"attributes of {mapper.name} are named by their names, not by a "
                f"{type(name).__name__}",
                hint="write refresh(obj, ['books']) or expire(obj, ['books'])",
            )
        if name not in mapper.columns and name not in mapper.relationships:
            raise ArgumentError(
                f"{mapper.name} has no attribute {name!r}",
                hint=f"known: {', '.join((*mapper.columns, *mapper.relationships))}",
            )


def _settle_changes(instance: Any, names: tuple[str, ...] | None, discard: bool) -> None:
    """Unflushed changes of what is read again are an error, or dropped where that is asked for."""
    changed = [
        *changed_columns(instance),
        *(n for n in mapper_of(instance).relationships if any(changed_members(instance, n))),
    ]
    concerned = tuple(name for name in changed if names is None or name in names)
    if not concerned:
        return
    if not discard:
        raise UnflushedChangesError(
            f"{type(instance).__name__}.{concerned[0]} has an unflushed change that refresh() "
            "would overwrite",
            hint="flush() first, or call refresh(obj, discard=True)",
        )
    expire(instance, concerned)
