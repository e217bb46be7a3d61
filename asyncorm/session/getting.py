"""get with options, locks and expired objects: the paths beyond the plain look-up by key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from asyncorm.errors import ArgumentError
from asyncorm.loading.by_key import key_statement
from asyncorm.loading.existing import Existing
from asyncorm.loading.on_demand import load_by_key
from asyncorm.loading.pipeline import load
from asyncorm.mapping.mapper import Key, Mapper
from asyncorm.session.core import SessionCore
from asyncorm.sql.nodes import Option
from asyncorm.tracking.notices import Notices
from asyncorm.tracking.transitions import deleted_elsewhere

_LOCK_OPTIONS = frozenset({"read", "key_share", "nowait", "skip_locked", "of"})


async def get_by_key(
    core: SessionCore,
    mapper: Mapper,
    key: Key,
    options: Sequence[Any],
    populate_existing: bool,
    with_for_update: bool | Mapping[str, Any] | None,
) -> Any:
    """The object of a key, read from the database; None if the row is not there (any more).

    With ``skip_locked`` None may mean that somebody else has locked the row, so that nothing is
    known about it.
    """
    await core.autoflush()
    core.transaction.autobegin()
    held = core.unit.identity_map.get(mapper, key)
    lock = lock_options(with_for_update)
    if held is None and not options and lock is None:
        return await load_by_key(mapper, key, core.context)
    statement = key_statement(mapper, [mapper.key_values(key)]).options(*listed(options))
    existing = None
    if lock is not None:
        statement = statement.with_for_update(**lock)
        existing = Existing.SAME_VERSION
        await core.write_connection()
    if populate_existing:
        existing = Existing.OVERWRITE
    # criteria say which rows are found, not which of the objects held are still there
    rows = (await load(statement, core.context, existing, is_column_load=held is not None)).rows
    if rows:
        return rows[0]
    skipped = lock is not None and lock.get("skip_locked")
    if held is not None and not skipped and core.unit.contains(held):
        deleted_elsewhere(core.unit, held)
        if core.unit.notices:
            await Notices(core.unit)
    return None


def listed(options: Any) -> Sequence[Any]:
    """Loader options as a list; one alone is refused, which a statement would take."""
    if isinstance(options, Option):
        raise ArgumentError(
            "options= takes a list of loader options, not one alone",
            hint="write options=[selectinload(User.books)]",
        )
    return options  # type: ignore[no-any-return]


def lock_options(given: Any) -> dict[str, Any] | None:
    """The arguments of with_for_update(); None for no lock."""
    if given is None or given is False:
        return None
    if given is True:
        return {}
    if not isinstance(given, Mapping) or not given or set(given) - _LOCK_OPTIONS:
        raise ArgumentError(
            "with_for_update takes True or a dict of lock options",
            hint=f"use some of {', '.join(sorted(_LOCK_OPTIONS))}",
        )
    return dict(given)
