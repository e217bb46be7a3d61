"""The statements that are sent, as the log of the library shows them."""

from __future__ import annotations

import logging
import re

#: what a flush puts around a statement that has to write all rows, since COMMIT goes along
GUARD = re.compile(r"WITH written(?:\([^)]*\))? AS \(")
WORK = re.compile(r'\b(INSERT INTO|UPDATE|DELETE FROM|SELECT\b.*? FROM) (?:"\w+"\.)?"(\w+)"')


class Sent(logging.Handler):
    """The statements that were sent since it was last asked, without their guards before them."""

    def __init__(self) -> None:
        super().__init__()
        self.statements: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.statements.append(GUARD.sub("", record.__dict__["sql"], count=1))

    def __call__(self) -> list[str]:
        taken, self.statements = self.statements, []
        return taken

    def verbs(self) -> list[str]:
        """The first word of each statement."""
        return [statement.split()[0] for statement in self()]

    def work(self) -> list[str]:
        """Verb and table of each statement, those of the transaction left out."""
        found = (WORK.search(statement) for statement in self())
        return [f"{match[1].split()[0]} {match[2]}" for match in found if match]
