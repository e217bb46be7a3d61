"""Texts of transaction control, and how a transaction can end."""

from __future__ import annotations

import re
from typing import Literal

from asyncorm.errors import ArgumentError, ConfigurationError

#: how a transaction ended, as far as is known
Outcome = Literal["committed", "rolled_back", "unknown"]

_SAVEPOINT = re.compile(r"[a-z_][a-z0-9_]{0,62}")
ISOLATION_LEVELS = ("READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE", "READ UNCOMMITTED")


def begin_text(
    isolation: str | None = None, readonly: bool | None = None, deferrable: bool | None = None
) -> str:
    """The BEGIN statement with its modes."""
    parts = ["BEGIN"]
    if isolation is not None:
        level = isolation.upper().replace("_", " ")
        if level not in ISOLATION_LEVELS:
            raise ConfigurationError(
                f"there is no isolation level {isolation!r}",
                hint=f"use one of {', '.join(ISOLATION_LEVELS)}",
            )
        parts.append(f"ISOLATION LEVEL {level}")
    if readonly is not None:
        parts.append("READ ONLY" if readonly else "READ WRITE")
    if deferrable is not None:
        parts.append("DEFERRABLE" if deferrable else "NOT DEFERRABLE")
    return " ".join(parts)


def savepoint_name(name: str) -> str:
    """The name of a savepoint in quotes; ArgumentError for one that would need them."""
    # sent by the simple protocol, so nothing that needs quoting may be in it
    if not _SAVEPOINT.fullmatch(name):
        raise ArgumentError(
            "the name of a savepoint has other characters than letters, digits and _",
            hint="leave names to session.begin_nested(), which numbers them",
        )
    return f'"{name}"'
