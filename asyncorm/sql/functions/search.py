"""Functions of full-text search, with exact types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, overload

from asyncorm.errors import ArgumentError
from asyncorm.sql.expressions import CastTo, Expression, Operation, Parameter, literal_of
from asyncorm.sql.functions.calls import FunctionCall
from asyncorm.types import scalars
from asyncorm.types.arrays import Array
from asyncorm.types.named import NamedType
from asyncorm.types.text_search import REGCONFIG, TSQUERY, TSVECTOR

_WEIGHT = NamedType("char")
_WEIGHTS = Array(scalars.REAL)


class SearchQuery:
    """A tsquery that can be combined with others: ``&``, ``|``, ``~`` and ``followed_by``."""

    __slots__ = ()

    def __and__(self, other: Expression[str, Any]) -> SearchOperation:
        return _combined("tsquery &&", self, other)

    def __or__(self, other: Expression[str, Any]) -> SearchOperation:
        return _combined("tsquery ||", self, other)

    def __invert__(self) -> SearchOperation:
        return _combined("!!", self)

    def followed_by(self, other: Expression[str, Any]) -> SearchOperation:
        """That the other comes right behind (``<->``)."""
        return _combined("<->", self, other)


class SearchCall(SearchQuery, FunctionCall[str, str]):  # type: ignore[misc]  # & of two queries
    """A call that makes a tsquery."""

    __slots__ = ()


class SearchOperation(SearchQuery, Operation[str, str]):  # type: ignore[misc]  # likewise
    """A tsquery made of others."""

    __slots__ = ()


class SearchFunctions:
    """The functions of ``func`` for documents and what they are searched for.

    The first of two (or three) arguments is the configuration, such as ``"english"``.
    """

    @overload
    def to_tsvector(self, document: str | Expression[Any, Any], /) -> FunctionCall[str, str]: ...
    @overload
    def to_tsvector(
        self, config: str | Expression[str, Any], document: str | Expression[Any, Any], /
    ) -> FunctionCall[str, str]: ...
    def to_tsvector(self, *arguments: Any) -> FunctionCall[str, str]:
        """The words of a text or JSON document, as a tsvector."""
        return FunctionCall("to_tsvector", _configured(arguments), TSVECTOR)

    @overload
    def to_tsquery(self, query: str | Expression[str, Any], /) -> SearchCall: ...
    @overload
    def to_tsquery(
        self, config: str | Expression[str, Any], query: str | Expression[str, Any], /
    ) -> SearchCall: ...
    def to_tsquery(self, *arguments: Any) -> SearchCall:
        """A query with operators, ``"cat & (dog | !bird)"``; the server refuses wrong ones."""
        return SearchCall("to_tsquery", _configured(arguments), TSQUERY)

    @overload
    def plainto_tsquery(self, query: str | Expression[str, Any], /) -> SearchCall: ...
    @overload
    def plainto_tsquery(
        self, config: str | Expression[str, Any], query: str | Expression[str, Any], /
    ) -> SearchCall: ...
    def plainto_tsquery(self, *arguments: Any) -> SearchCall:
        """A query for all words of a text."""
        return SearchCall("plainto_tsquery", _configured(arguments), TSQUERY)

    @overload
    def phraseto_tsquery(self, query: str | Expression[str, Any], /) -> SearchCall: ...
    @overload
    def phraseto_tsquery(
        self, config: str | Expression[str, Any], query: str | Expression[str, Any], /
    ) -> SearchCall: ...
    def phraseto_tsquery(self, *arguments: Any) -> SearchCall:
        """A query for the words of a text, one right behind the other."""
        return SearchCall("phraseto_tsquery", _configured(arguments), TSQUERY)

    @overload
    def websearch_to_tsquery(self, query: str | Expression[str, Any], /) -> SearchCall: ...
    @overload
    def websearch_to_tsquery(
        self, config: str | Expression[str, Any], query: str | Expression[str, Any], /
    ) -> SearchCall: ...
    def websearch_to_tsquery(self, *arguments: Any) -> SearchCall:
        """A query as people type it: words, ``"a phrase"``, ``or``, ``-without``."""
        return SearchCall("websearch_to_tsquery", _configured(arguments), TSQUERY)

    def ts_rank(
        self,
        document: Expression[str, Any],
        query: Expression[str, Any],
        *,
        weights: Sequence[float] | None = None,
        normalization: int | None = None,
    ) -> FunctionCall[float, float]:
        """How well a tsvector matches, by how often; ``weights`` are those of D, C, B and A."""
        return _rank("ts_rank", document, query, weights, normalization)

    def ts_rank_cd(
        self,
        document: Expression[str, Any],
        query: Expression[str, Any],
        *,
        weights: Sequence[float] | None = None,
        normalization: int | None = None,
    ) -> FunctionCall[float, float]:
        """How well a tsvector matches, by how close; ``weights`` are those of D, C, B and A."""
        return _rank("ts_rank_cd", document, query, weights, normalization)

    @overload
    def ts_headline(
        self,
        document: str | Expression[str, Any],
        query: Expression[str, Any],
        /,
        *,
        options: str | None = None,
    ) -> FunctionCall[str, str]: ...
    @overload
    def ts_headline(
        self,
        config: str | Expression[str, Any],
        document: str | Expression[str, Any],
        query: Expression[str, Any],
        /,
        *,
        options: str | None = None,
    ) -> FunctionCall[str, str]: ...
    def ts_headline(self, *arguments: Any, options: str | None = None) -> FunctionCall[str, str]:
        """The parts of a text that match, marked: ``options="MaxWords=10, StartSel=<i>"``."""
        *before, query = arguments
        parts = [*_configured(before), literal_of(query)]
        if options is not None:
            parts.append(literal_of(options))
        return FunctionCall("ts_headline", parts, scalars.TEXT)

    def setweight(
        self, document: Expression[str, Any], weight: Literal["A", "B", "C", "D"]
    ) -> FunctionCall[str, str]:
        """The tsvector with all its words of a weight."""
        if weight not in ("A", "B", "C", "D"):
            raise ArgumentError(
                "setweight() was given an unknown weight", hint='use "A", "B", "C" or "D"'
            )
        return FunctionCall("setweight", (document, Parameter(weight, _WEIGHT)), TSVECTOR)


def _combined(operator: str, *queries: Any) -> SearchOperation:
    return SearchOperation(operator, tuple(map(literal_of, queries)), TSQUERY)


def _configured(arguments: Sequence[Any]) -> list[Expression[Any, Any]]:
    """The arguments of a function whose first of two is a configuration."""
    if len(arguments) == 1:
        return [literal_of(arguments[0])]
    config, text = arguments
    if not isinstance(config, Expression):
        config = Parameter(config, REGCONFIG)
    elif config._type.cast_type == scalars.TEXT.cast_type:
        config = CastTo(config, REGCONFIG)
    return [config, literal_of(text)]


def _rank(
    name: str, document: Any, query: Any, weights: Sequence[float] | None, how: int | None
) -> FunctionCall[float, float]:
    parts = [literal_of(document), literal_of(query)]
    if weights is not None:
        parts.insert(0, Parameter(list(weights), _WEIGHTS))
    if how is not None:
        parts.append(Parameter(how, scalars.INTEGER))
    return FunctionCall(name, parts, scalars.REAL)
