"""What a listener may do with its session while the operation it was called by is under way."""

from __future__ import annotations

from asyncorm.errors import InvalidRequestError
from asyncorm.tracking.event_names import FLUSH_EVENTS, ROW_EVENTS

_ENDING = frozenset(
    {"flush", "begin", "begin_nested", "commit", "rollback", "close", "reset", "invalidate"}
)
_LEAVING = frozenset({"expunge", "expunge_all", "clear"})
_CHANGING = frozenset(
    {"add", "add_all", "delete", "merge", "apply", "expire", "expire_all", "refresh"}
)
_AFTER_THE_END = frozenset({"after_commit", "after_rollback"})

_REFUSED = {
    **dict.fromkeys(FLUSH_EVENTS, _ENDING | _LEAVING),
    **dict.fromkeys(ROW_EVENTS, _ENDING | _LEAVING | _CHANGING),
    "after_flush": (_ENDING | _LEAVING | _CHANGING) - {"add", "add_all"},
    "before_commit": _ENDING - {"flush"},
    "after_soft_rollback": _ENDING - {"flush"},
    "after_savepoint_release": _ENDING - {"flush"},
}


def check_in_listener(event: str, operation: str, awaited: bool) -> None:
    """Raise InvalidRequestError for what a listener of an event must not do."""
    if event in _AFTER_THE_END:
        if awaited:
            raise InvalidRequestError(
                f"session.{operation}() was called in a listener of {event}: the transaction is "
                "over, so no SQL can be sent",
                hint="send it in before_commit, or in a session of its own",
            )
        return
    if operation not in _REFUSED.get(event, _ENDING):
        return
    if operation == "flush" and event in FLUSH_EVENTS:
        raise InvalidRequestError(
            f"the session is already flushing: session.flush() was called in a listener of {event}",
            hint="leave it out; what before_flush changes goes into the same flush",
        )
    if operation in _CHANGING:
        raise InvalidRequestError(
            f"session.{operation}() was called in a listener of {event}: that is not supported "
            "within the execution stage of the flush",
            hint="change objects in before_flush",
        )
    raise InvalidRequestError(
        f"session.{operation}() was called in a listener of {event}",
        hint="end transactions and take objects out where the session is used, not in a listener",
    )
