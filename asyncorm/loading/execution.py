"""Execution: a statement on its way to the server, for listeners that look at it or replace it."""

from __future__ import annotations

from typing import Any

from asyncorm.errors import ArgumentError
from asyncorm.sql.nodes import Statement
from asyncorm.sql.statements.delete import Delete
from asyncorm.sql.statements.insert import Insert
from asyncorm.sql.statements.merge import Merge
from asyncorm.sql.statements.modification import Modification
from asyncorm.sql.statements.raw import Text
from asyncorm.sql.statements.update import Update


class Execution:
    """What a ``do_orm_execute`` listener is given: a statement, which it may replace.

    ``parameters`` are those that ``execute()`` was given. ``is_relationship_load`` is a statement
    that loads a relationship, ``is_column_load`` one that reads an object again.
    """

    def __init__(
        self,
        statement: Any,
        parameters: Any = None,
        *,
        is_relationship_load: bool = False,
        is_column_load: bool = False,
    ) -> None:
        self._statement = statement
        self.parameters = parameters
        self.is_relationship_load = is_relationship_load
        self.is_column_load = is_column_load

    @property
    def statement(self) -> Any:
        """The statement that will be sent; assign another one to send that instead."""
        return self._statement

    @statement.setter
    def statement(self, statement: Any) -> None:
        if not isinstance(statement, Statement):
            raise ArgumentError(
                f"a {type(statement).__name__} can't take the place of a statement",
                hint="assign what the statement's methods return: "
                "execution.statement = execution.statement.where(...)",
            )
        self._statement = statement

    @property
    def is_insert(self) -> bool:
        """Whether it is an INSERT."""
        return isinstance(self._statement, Insert)

    @property
    def is_update(self) -> bool:
        """Whether it is an UPDATE."""
        return isinstance(self._statement, Update)

    @property
    def is_delete(self) -> bool:
        """Whether it is a DELETE."""
        return isinstance(self._statement, Delete)

    @property
    def is_merge(self) -> bool:
        """Whether it is a MERGE."""
        return isinstance(self._statement, Merge)

    @property
    def is_text(self) -> bool:
        """Whether it is raw SQL."""
        return isinstance(self._statement, Text)

    @property
    def is_select(self) -> bool:
        """Whether it is a SELECT, or several combined."""
        return not isinstance(self._statement, Modification | Text)
