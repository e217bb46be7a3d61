"""Raw SQL: the developer's text with bound values and quoted names."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar, overload

from asyncorm.errors import ArgumentError, InvalidRequestError
from asyncorm.sql.expressions import Expression, Parameter, ScalarQuery
from asyncorm.sql.nodes import Query, Statement
from asyncorm.sql.sources import Alias, Derived, is_entity
from asyncorm.sql.statements.raw_syntax import check_syntax, nested_list_operator
from asyncorm.sql.subtype import Subtype
from asyncorm.sql.table import BaseColumn, Table
from asyncorm.sql.values import checked_name
from asyncorm.types.base import SQLType
from asyncorm.types.enums import EnumType
from asyncorm.types.resolve import type_of_value
from asyncorm.types.scalars import BIGINT, BOOLEAN, INTEGER

if TYPE_CHECKING:
    from typing import LiteralString

R = TypeVar("R")
U = TypeVar("U")
U1 = TypeVar("U1")
U2 = TypeVar("U2")
U3 = TypeVar("U3")
U4 = TypeVar("U4")

#: a text is sent without a cast, so that PostgreSQL gives it a type from its place, as it does
#: with a constant in quotes
UNTYPED: SQLType[Any] = SQLType("")
_NO_OPTIONS: Mapping[str, Any] = {}
_INTEGER_LIMIT = 1 << 31
#: what columns are named where several entities are in one row
PART_NAME = re.compile(r"\d+\.\d+")


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


class RowOf:
    """The shapes of a row's parts: entities, and values of some classes."""

    def __init__(self, shapes: tuple[Any, ...]) -> None:
        self.shapes = shapes

    def __repr__(self) -> str:
        return ", ".join(getattr(shape, "__name__", repr(shape)) for shape in self.shapes)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RowOf) and other.shapes == self.shapes

    def __hash__(self) -> int:
        return hash(self.shapes)


def part_name(number: int, index: int) -> str:
    """The name of a column of one of several entities in the rows of a text."""
    return f"{number}.{index}"


class Template(Protocol):
    """A t-string of Python 3.14, ``string.templatelib.Template``."""

    @property
    def strings(self) -> tuple[str, ...]:
        """The text between the values."""
        ...

    @property
    def interpolations(self) -> tuple[Any, ...]:
        """The values, each with its ``expression``, ``conversion`` and ``format_spec``."""
        ...


class Text(Statement[R]):
    """A statement written by hand; ``into()`` says what its rows become."""

    __slots__ = ("_execution_options", "_shape", "arguments", "pieces")

    def __init__(self, pieces: tuple[str, ...], arguments: tuple[Any, ...]) -> None:
        self.pieces = pieces
        self.arguments = arguments
        self._shape: Any = None
        self._execution_options = _NO_OPTIONS
        self._known_key = None
        self._known_structure = None

    def _copy(self) -> Self:
        new = type(self)(self.pieces, self.arguments)
        new._shape = self._shape
        new._execution_options = self._execution_options
        return new

    @overload
    def into(self, shape: Callable[..., U], /) -> Text[U]: ...
    @overload
    def into(
        self, shape: Callable[..., U1], second: Callable[..., U2], /
    ) -> Text[tuple[U1, U2]]: ...
    @overload
    def into(
        self, shape: Callable[..., U1], second: Callable[..., U2], third: Callable[..., U3], /
    ) -> Text[tuple[U1, U2, U3]]: ...
    @overload
    def into(
        self,
        shape: Callable[..., U1],
        second: Callable[..., U2],
        third: Callable[..., U3],
        fourth: Callable[..., U4],
        /,
    ) -> Text[tuple[U1, U2, U3, U4]]: ...
    def into(self, shape: Any, /, *more: Any) -> Text[Any]:
        """Rows as a mapped class, a class of values (``int``), or a pydantic model, dataclass,
        NamedTuple or TypedDict.

        Several shapes give tuples: of mapped classes, each of which the text has as ``{}``, and of
        classes of values for the other columns in their order.
        """
        for given in (shape, *more):
            if not callable(given) and not isinstance(given, Alias):
                raise ArgumentError(
                    f"into() takes a class, not a {type(given).__name__}",
                    hint="write into(User), or a pydantic model, a dataclass or a NamedTuple",
                )
        new = self._copy()
        new._shape = RowOf((shape, *more)) if more else shape
        return new

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


@overload
def sql(text: LiteralString, /, *values: Any) -> Text[Any]: ...
@overload
def sql(text: Template, /) -> Text[Any]: ...
def sql(text: Any, /, *values: Any) -> Text[Any]:
    """Raw SQL; each ``{}`` stands for one of the values, which is bound, never pasted.

    ``ident("name")`` gives a quoted name, a mapped class its columns, a column itself; another
    ``sql()`` becomes a part of this one. ``{{`` and ``}}`` are plain braces. A t-string of Python
    3.14 has its values in it: ``sql(t"select {User} from users where id = {number}")``.
    """
    if isinstance(text, str):
        pieces = _split(text)
        if len(pieces) - 1 != len(values):
            count = len(pieces) - 1
            raise InvalidRequestError(
                f"the SQL text has {count} places {{}} and was given {len(values)} values",
                hint="give one value for each {}; write {{ and }} for braces",
            )
        return _text_of(pieces, values)
    if _is_template(text) and not values:
        return _text_of(*_parts_of_template(text))
    raise InvalidRequestError(
        f"sql() takes the text of a statement, not a {type(text).__name__}"
        if not values or not _is_template(text)
        else "sql() of a t-string takes no values beside it",
        hint='write sql("select ... where id = {}", 5)',
    )


def ident(name: str, *more: str) -> Name:
    """A name for ``sql()``, quoted; several are joined by dots: ``ident("schema", "table")``."""
    return Name((name, *more))


@lru_cache(maxsize=512)
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


def _is_template(value: Any) -> bool:
    # not by its class, which Python before 3.14 has not
    kind = type(value)
    return hasattr(kind, "strings") and hasattr(kind, "interpolations")


def _parts_of_template(template: Template) -> tuple[tuple[str, ...], tuple[Any, ...]]:
    for item in template.interpolations:
        if item.conversion is not None or item.format_spec:
            given = f"!{item.conversion}" if item.conversion else f":{item.format_spec}"
            raise InvalidRequestError(
                f"{{{item.expression}{given}}} in a t-string asks for text, and a value of SQL is "
                "bound as it is",
                hint=f"write {{{item.expression}}}, or {{format({item.expression}, ...)}} for a "
                "text",
            )
    return template.strings, tuple(item.value for item in template.interpolations)


def _text_of(pieces: tuple[str, ...], values: Iterable[Any]) -> Text[Any]:
    """The statement, with the pieces and values of other texts as a part of it."""
    first, *rest = pieces
    whole, arguments = [first], list[Any]()
    for value, piece in zip(values, rest, strict=True):
        inner = _text_of(*_parts_of_template(value)) if _is_template(value) else value
        if isinstance(inner, Text):
            _check_part(inner)
            whole[-1] += inner.pieces[0]
            whole += inner.pieces[1:]
            arguments += inner.arguments
            # a comment at its end must not go on
            whole[-1] += "\n" if "--" in inner.pieces[-1] else ""
            whole[-1] += piece
        else:
            arguments.append(_argument(value, whole[-1]))
            whole.append(piece)
    found = tuple(whole)
    check_syntax(found)
    return Text(found, tuple(arguments))


def _check_part(part: Text[Any]) -> None:
    if part._shape is not None or part._execution_options:
        raise InvalidRequestError(
            "a sql() that is part of another has into() or options, which belong to the whole",
            hint="call into() of the outer sql()",
        )


def _argument(value: Any, before: str) -> Any:
    if isinstance(value, BaseColumn) and isinstance(value.table, Subtype):
        return value.table.origins[value.name]  # the text names the tables of the database
    if isinstance(value, (Name, Expression)):
        return value
    if isinstance(value, Query):
        return ScalarQuery(value, BOOLEAN)
    if is_entity(value):
        return EntityColumns(value)
    if isinstance(value, Table):
        return _table_name(value)
    _refuse(value, before)
    if value is None or type(value) is str:
        return Parameter(value, UNTYPED)
    type_ = type_of_value(value)
    if isinstance(type_, EnumType):
        return Parameter(type_.as_text(value), UNTYPED)  # its column may be of the type, or text
    if type_ is BIGINT and -_INTEGER_LIMIT <= value < _INTEGER_LIMIT:
        # like a constant: a small number is an integer, which every other number type takes
        type_ = INTEGER
    return Parameter(value, type_)


def _table_name(table: Table) -> Name:
    if isinstance(table, Subtype):
        raise InvalidRequestError(
            f"{table.full_name} has the rows of a class of a hierarchy, and may be several tables",
            hint="name the tables of the database by ident(...)",
        )
    return Name((table.name,) if table.schema is None else (table.schema, table.name))


def _refuse(value: Any, before: str) -> None:
    """Refuse what is no value, or no value for its place."""
    if isinstance(value, (list, tuple, set, frozenset)):
        advice = nested_list_operator(before)
        if advice is not None:
            raise InvalidRequestError(
                "a list is one value, an array, and IN takes none", hint=f"write {advice}"
            )
    elif isinstance(value, Statement):
        raise InvalidRequestError(
            "a statement that changes rows can't be a part of sql()",
            hint="write it in the text, or use its .returning(...).cte() in a select()",
        )
    elif isinstance(value, Derived):
        raise InvalidRequestError(
            "a subquery or CTE can't be a part of sql()",
            hint='give the select() itself: sql("... from {} as x", select(...))',
        )
    elif getattr(type(value), "__mapper__", None) is not None:
        raise ArgumentError(
            f"an object of {type(value).__name__} is no value", hint="give its key, as in user.id"
        )
