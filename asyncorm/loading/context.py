"""What loading needs of a session: its instances, compiled statements, and a way to send SQL."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from asyncorm.compiler.cache import StatementCache
from asyncorm.loading.plan import LoadPlan, plan_for
from asyncorm.tracking.unit_of_work import UnitOfWork


class Fetch(Protocol):
    """Sends a statement that only reads; ``once`` where it may do more than that."""

    def __call__(
        self, sql: str, arguments: Sequence[Any], /, *, once: bool = False
    ) -> Awaitable[list[Any]]:
        """The records of the statement."""
        ...


@dataclass(slots=True)
class LoadContext:
    """One session's side of loading."""

    unit: UnitOfWork
    statements: StatementCache
    fetch: Fetch

    def plan(self, statement: Any, *, in_pieces: bool = False) -> LoadPlan:
        """How a statement is sent, and how its records become rows, all at once or not."""
        return plan_for(statement, self.statements, in_pieces=in_pieces)
