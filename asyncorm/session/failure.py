"""Why a transaction has failed, in words."""

from __future__ import annotations

from asyncorm.engine.error_translation import is_from_server
from asyncorm.errors import InvalidRequestError


def came_from_server(error: BaseException) -> bool:
    """Whether the server refused a statement, and not the driver its arguments."""
    return error.__cause__ is not None and is_from_server(error.__cause__)


def ended_by_hand() -> InvalidRequestError:
    """The error for COMMIT or ROLLBACK sent as SQL."""
    return InvalidRequestError(
        "the transaction was ended on the server by a statement of its own",
        hint="use session.commit() and session.rollback() instead of COMMIT and ROLLBACK as SQL",
    )


def reason_of(failure: BaseException) -> str:
    """Why a transaction has failed; a cancellation carries no message of its own."""
    line = first_line(failure)
    if isinstance(failure, Exception):
        return line
    return (
        f"{line}. A cancelled task can't wait for a savepoint to be rolled back, so all of the "
        "transaction was given up"
    )


def first_line(error: BaseException) -> str:
    """An error in one line."""
    text = str(getattr(error, "message", error)).partition("\n")[0]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
