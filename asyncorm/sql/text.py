"""Raw SQL: the developer's text with bound values and quoted names."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from asyncorm.errors import InvalidRequestError
from asyncorm.sql.expressions import Expression, Parameter, ScalarQuery
from asyncorm.sql.nodes import Query, Statement
from asyncorm.sql.sources import Alias, is_entity
from asyncorm.sql.subtype import Subtype
from asyncorm.sql.table import BaseColumn
from asyncorm.sql.values import checked_name
from asyncorm.types.base import SQLType
from asyncorm.types.resolve import type_of_value
from asyncorm.types.scalars import BIGINT, BOOLEAN, INTEGER

if TYPE_CHECKING:
    from typing import LiteralString

R = TypeVar("R")
U = TypeVar("U")

#: a text is sent without a cast, so that PostgreSQL gives it a type from its place, as it does
#: with a constant in quotes
UNTYPED: SQLType[Any] = SQLType("")
_NO_OPTIONS: Mapping[str, Any] = {}
_INTEGER_LIMIT = 1 << 31


class Name:
    """A name for ``sql()``: always quoted."""

    __slots__ = ("_key", "_parameters", "parts")

    def __init__(self, parts: tuple[str, ...]) -> None:
        self.parts = tuple(checked_name(part) for part in parts)
        self._key: Hashable = ("name", self.parts)
        self._parameters: tuple[Any, ...] = ()


class EntityColumns:
    """An entity in ``sql()``: the list of its columns."""

    __slots__ = ("_key", "_parameters", "entity")

    def __init__(self, entity: Any) -> None:
        self.entity = entity
        self._key: Hashable = ("columns", entity._key if isinstance(entity, Alias) else entity)
        self._parameters: tuple[Any, ...] = entity._parameters if isinstance(entity, Alias) else ()


class Text(Statement[R]):
    """A statement written by hand; ``into()`` says what its rows become."""

    __slots__ = ("_execution_options", "_shape", "arguments", "pieces")

    def __init__(self, pieces: tuple[str, ...], arguments: tuple[Any, ...]) -> None:
        self.pieces = pieces
        self.arguments = arguments
        self._shape: Callable[..., Any] | None = None
        self._execution_options = _NO_OPTIONS
        self._known_key = None
        self._known_structure = None

    def _copy(self) -> Self:
        new = type(self)(self.pieces, self.arguments)
        new._shape = self._shape
        new._execution_options = self._execution_options
        return new

    def into(self, shape: Callable[..., U]) -> Text[U]:
        """Rows as a mapped class, pydantic model, dataclass or NamedTuple."""
        new = self._copy()
        new._shape = shape
        return cast("Text[U]", new)

    def execution_options(self, **options: Any) -> Self:
        """Options for the execution."""
        new = self._copy()
        new._execution_options = {**self._execution_options, **options}
        return new

    def _build_structure(self) -> tuple[Hashable, tuple[Any, ...]]:
        keys: list[Hashable] = ["text", self.pieces, self._shape]
        parameters: tuple[Any, ...] = ()
        for argument in self.arguments:
            keys.append(argument._key)
            parameters += argument._parameters
        return tuple(keys), parameters


def sql(text: LiteralString, /, *values: Any) -> Text[Any]:
    """Raw SQL; each ``{}`` stands for one of the values, which is bound, never pasted.

    ``ident("name")`` gives a quoted name, a mapped class its columns, a column itself.
    ``{{`` and ``}}`` are plain braces.
    """
    if not isinstance(text, str):
        raise InvalidRequestError(
            f"sql() takes the text of a statement, not a {type(text).__name__}",
            hint='write sql("select ... where id = {}", 5)',
        )
    pieces = _split(text)
    if len(pieces) - 1 != len(values):
        raise InvalidRequestError(
            f"the SQL text has {len(pieces) - 1} places {{}} and was given {len(values)} values",
            hint="give one value for each {}; write {{ and }} for braces",
        )
    return Text(pieces, tuple(map(_argument, values)))


def ident(name: str, *more: str) -> Name:
    """A name for ``sql()``, quoted; several are joined by dots: ``ident("schema", "table")``."""
    return Name((name, *more))


def _split(text: str) -> tuple[str, ...]:
    pieces, current, index = [], "", 0
    while index < len(text):
        pair = text[index : index + 2]
        if pair in ("{{", "}}"):
            current += pair[0]
        elif pair == "{}":
            pieces.append(current)
            current = ""
        elif pair[0] in "{}":
            raise InvalidRequestError(
                f"the SQL text has a single {pair[0]!r} that is no {{}}",
                hint="values are positional: {}; write {{ and }} for braces",
            )
        else:
            current += pair[0]
            index -= 1
        index += 2
    return (*pieces, current)


def _argument(value: Any) -> Any:
    if isinstance(value, BaseColumn) and isinstance(value.table, Subtype):
        return value.table.origins[value.name]  # the text names the tables of the database
    if isinstance(value, (Name, Expression)):
        return value
    if isinstance(value, Query):
        return ScalarQuery(value, BOOLEAN)
    if is_entity(value):
        return EntityColumns(value)
    if value is None or isinstance(value, str):
        kind = UNTYPED if value is None or type(value) is str else type_of_value(value)
        return Parameter(value, kind)
    type_ = type_of_value(value)
    if type_ is BIGINT and -_INTEGER_LIMIT <= value < _INTEGER_LIMIT:
        # like a constant: a small number is an integer, which every other number type takes
        type_ = INTEGER
    return Parameter(value, type_)
