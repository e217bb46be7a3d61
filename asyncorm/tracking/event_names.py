"""The events: what each is called, what its listeners are given, and whether they may be async."""

from __future__ import annotations

from typing import NamedTuple


class Event(NamedTuple):
    """One event: its listeners' arguments, and whether the operation it belongs to is awaited."""

    arguments: tuple[str, ...]
    awaited: bool

    @property
    def of_instance(self) -> bool:
        """Whether it concerns one object, so that a mapped class can be listened to."""
        return self.arguments[-1] == "instance"


_SESSION, _INSTANCE = ("session",), ("session", "instance")

#: before and after the statements of each object
ROW_EVENTS = (
    "before_insert",
    "after_insert",
    "before_update",
    "after_update",
    "before_delete",
    "after_delete",
)

#: states that objects take at a flush, which is awaited
WRITTEN_EVENTS = ("pending_to_persistent", "persistent_to_deleted")

#: states that objects take in operations of which some are not awaited
MOVE_EVENTS = (
    "transient_to_pending",
    "pending_to_transient",
    "persistent_to_transient",
    "persistent_to_detached",
    "detached_to_persistent",
    "deleted_to_detached",
    "deleted_to_persistent",
)

ATTACH_EVENTS = ("before_attach", "after_attach", *MOVE_EVENTS)
LOAD_EVENTS = ("loaded_as_persistent", "load")

#: those that a flush has to stop for, so that its statements need a transaction around them
FLUSH_EVENTS = (
    "before_flush",
    *ROW_EVENTS,
    "after_flush",
    "after_flush_postexec",
    *WRITTEN_EVENTS,
)

EVENTS: dict[str, Event] = {
    **dict.fromkeys(("after_transaction_create", "after_transaction_end"), Event(_SESSION, False)),
    **dict.fromkeys(ATTACH_EVENTS, Event(_INSTANCE, False)),
    "expire": Event(_INSTANCE, False),
    "after_begin": Event(_SESSION, True),
    **dict.fromkeys(("before_flush", "after_flush", "after_flush_postexec"), Event(_SESSION, True)),
    **dict.fromkeys((*ROW_EVENTS, *WRITTEN_EVENTS), Event(_INSTANCE, True)),
    **dict.fromkeys((*LOAD_EVENTS, "refresh"), Event(_INSTANCE, True)),
    **dict.fromkeys(("before_commit", "after_commit"), Event(_SESSION, True)),
    "after_savepoint_release": Event(_SESSION, True),
    **dict.fromkeys(("after_rollback", "after_soft_rollback"), Event(_SESSION, True)),
    "do_orm_execute": Event(("session", "execution"), True),
}
