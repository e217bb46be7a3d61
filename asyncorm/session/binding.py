"""What a session works on: an engine, or a connection inside whose transaction it takes place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from asyncorm.engine.connection import Connection
from asyncorm.engine.engine import Engine
from asyncorm.engine.joined import JoinedTransaction, JoinMode
from asyncorm.errors import ArgumentError

_MODES: tuple[str, ...] = get_args(JoinMode)


def bound(bind: Any, mode: JoinMode) -> Engine | JoinedTransaction:
    """Where a session gets its connections from; ArgumentError for anything else."""
    if mode not in _MODES:
        raise ArgumentError(
            f"there is no join_transaction_mode {mode!r}",
            hint=f"use {' or '.join(repr(known) for known in _MODES)}",
        )
    if isinstance(bind, Connection):
        return JoinedTransaction(bind, mode)
    if not isinstance(bind, Engine):
        raise ArgumentError(
            f"a session can't work on a {type(bind).__name__}",
            hint="give it an engine: Session(create_engine(...)), or a connection of one",
        )
    return bind


def isolation_of(options: Mapping[str, Any] | None) -> str | None:
    """The isolation level among the options of a connection; ArgumentError for other options."""
    unknown = sorted(set(options or ()) - {"isolation_level"})
    if unknown:
        raise ArgumentError(
            f"a connection has no execution option {unknown[0]!r}",
            hint="isolation_level is the only one; options of a statement are given to "
            "statement.execution_options(...)",
        )
    return options.get("isolation_level") if options else None
