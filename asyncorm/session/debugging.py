"""Help with forgotten work, for engines with ``debug``: where a session was made, what it lost."""

from __future__ import annotations

import traceback
import warnings
from collections import Counter
from collections.abc import Iterable
from typing import Any

from asyncorm.engine.caller import is_own
from asyncorm.errors import UnflushedChangesWarning

#: how many calls are told of the way to where a session was made
_CALLS = 3


def place_of_creation() -> str:
    """The innermost calls outside this library, as a traceback shows them."""
    outside = [f for f in traceback.extract_stack() if not is_own(f.filename)]
    return "".join(traceback.format_list(outside[-_CALLS:])).rstrip()


def warn_of_dropped(made_at: str | None) -> None:
    """A session was garbage collected with a connection checked out."""
    where = (
        f"It was made at:\n{made_at}"
        if made_at is not None
        else "create_engine(..., debug=True) tells where it was made."
    )
    warnings.warn(
        "a session was dropped without close(); its connection is cleaned up now. "
        f"Use `async with Session() as session:`. {where}",
        ResourceWarning,
        stacklevel=3,
    )


def count_by_class(instances: Iterable[Any]) -> str:
    """How many objects there are of each class: ``1 Author, 2 Book``."""
    counts = Counter(type(instance).__name__ for instance in instances)
    return ", ".join(f"{count:,} {name}" for name, count in sorted(counts.items()))


def warn_of_unflushed(unflushed: list[Any]) -> None:
    """A session was closed, without an error, over work that was not flushed."""
    if unflushed:
        warnings.warn(
            f"close() throws away unflushed work on {count_by_class(unflushed)}; "
            "await session.commit() first, or session.expunge_all() to drop it on purpose",
            UnflushedChangesWarning,
            stacklevel=4,
        )
