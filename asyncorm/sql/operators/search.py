"""Operators of full-text search."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from asyncorm.errors import ArgumentError
from asyncorm.sql.operators.base import C, Operators, R, V
from asyncorm.types.scalars import TEXT
from asyncorm.types.text_search import REGCONFIG, TSVector

#: to_tsvector() takes none of these
UNSEARCHED = frozenset((bool, int, float, Decimal, bytes, date, time, datetime, timedelta, UUID))


class SearchOperators(Operators[V, R, C]):
    """What documents are searched with: ``tsvector`` columns, and text itself."""

    __slots__ = ()

    def match(
        self: SearchOperators[str, Any, C],
        query: str | Operators[str, Any, C],
        *,
        config: str | None = None,
    ) -> C:
        """Whether the document has what is searched for (``@@``).

        A str is what people type into a search box (``websearch_to_tsquery``: words, ``"a
        phrase"``, ``or``, ``-without``), which is never an error; an expression is a tsquery.
        ``config`` is the configuration, such as ``"english"``: that of the query, and of the
        document if this is text. Raises ArgumentError for numbers, times and the like.
        """
        if self._type.python_type in UNSEARCHED:
            raise ArgumentError(
                f"{self._describe()} is {self._type.ddl}, in which no words are searched for",
                hint="search text or a tsvector, or cast(expression, str)",
            )
        if isinstance(query, Operators):
            if config is not None:
                raise ArgumentError(
                    f"match() of {self._describe()} has a config and a query that is made already",
                    hint='give the config to the query: func.to_tsquery("english", ...)',
                )
            return self._condition("@@", query)
        if not isinstance(query, str):
            raise ArgumentError(
                f"{self._describe()} is searched for str, not for {type(query).__name__}",
                hint="give a str, or an expression such as func.to_tsquery(...)",
            )
        searched = self._operand(query, TEXT)
        is_vector = isinstance(self._type, TSVector)
        operator = "@@ websearch" if is_vector else "text @@ websearch"
        if config is None:
            return self._condition(operator, searched)
        return self._condition(operator, searched, self._operand(config, REGCONFIG))
