"""Paths into JSON documents whose class is known: ``User.settings.theme == "dark"``."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

from asyncorm.errors import ArgumentError, DataError
from asyncorm.sql.assignment import Assignment
from asyncorm.sql.expressions import Expression, NullExpression, Operation, Parameter, Readable
from asyncorm.sql.nodes import Query
from asyncorm.sql.values import is_json
from asyncorm.types.base import SQLType
from asyncorm.types.document_parts import Part
from asyncorm.types.json import JSONB
from asyncorm.types.scalars import INTEGER, TEXT, TIMESTAMPTZ

V = TypeVar("V")
R = TypeVar("R")
U = TypeVar("U")

_JSONB = JSONB()
SETS = (set, frozenset)


class FieldStep(NamedTuple):
    """A field on the way: what it is called in the JSON and in Python."""

    key: str
    name: str


class Parts(Expression[V, R]):
    """What can be said of a document, and of the parts of one."""

    __slots__ = ()

    def _path(self) -> tuple[DocumentRoot[Any, Any], tuple[Any, ...], Part]:
        """The column, the steps from there, and what is known of what is there."""
        raise NotImplementedError

    def at(self, path: Callable[[V], U | None]) -> DocumentPath[U]:
        """The part that a function leads to, as in ``at(lambda s: s.theme)``: exactly typed."""
        found: Any = path(Recorder(self._step(())))  # type: ignore[arg-type]  # ty: ignore[invalid-argument-type]  # pyright: ignore[reportArgumentType]
        if type(found) is not Recorder:
            raise ArgumentError(
                f"the function given to at() of {self._describe()} leads to no part of it",
                hint="only name the part, and compare outside: at(lambda s: s.theme) == 'dark'",
            )
        return recorded(found)

    def _step(self, names: tuple[Any, ...]) -> DocumentPath[Any]:
        column, steps, part = self._path()
        for name in names:
            key, part = part.step(name, _shown(column, steps))
            steps = (*steps, _bound(name) if key is None else FieldStep(key, name))
        return DocumentPath(column, steps, part)

    def __getattr__(self, name: str) -> DocumentPath[Any]:
        if name.startswith("_"):  # no field begins so, but what Python asks objects for does
            raise AttributeError(name)
        return self._step((name,))

    def __getitem__(self, key: str | int) -> DocumentPath[Any]:  # type: ignore[override]  # ty: ignore[invalid-method-override]  # pyright: ignore[reportIncompatibleMethodOverride]
        """A field, also one that has the name of a method; an item, or a value of a dict."""
        return self._step((key,))


class DocumentRoot(Expression[V, R]):
    """A column of documents."""

    __slots__ = ()

    def _target_of(self, steps: tuple[Any, ...]) -> Expression[Any, Any]:
        """A part of the column as the target of an assignment."""
        raise NotImplementedError


class DocumentPath(Readable, Parts[V, "V | None"], NullExpression[V]):
    """A part of a document: a scalar in the type of its annotation, anything else as jsonb.

    Names of fields are text of the statement, so that an index on the part serves it; keys of
    dicts and positions come from callers and are bound.
    """

    __slots__ = ("_column", "_known", "_steps")

    def __init__(
        self,
        column: DocumentRoot[Any, Any],
        steps: tuple[Any, ...],
        part: Part,
        type_: SQLType[Any] | None = None,
    ) -> None:
        self._column = column
        self._steps = steps
        self._known = part
        type_ = part.type if type_ is None else type_
        keys, parameters = steps_structure(steps)
        super().__init__(
            type_, ("path", column._key, keys, type_.key), column._parameters + parameters
        )

    def _path(self) -> tuple[DocumentRoot[Any, Any], tuple[Any, ...], Part]:
        return self._column, self._steps, self._known

    def _read_as(self, type_: SQLType[Any]) -> Expression[Any, Any]:
        return DocumentPath(self._column, self._steps, self._known, type_)

    @property
    def _name(self) -> str | None:
        """What the part is called in rows: the last field on the way."""
        return next((s.name for s in reversed(self._steps) if isinstance(s, FieldStep)), None)

    def set(self, value: V | Expression[V, Any] | None) -> Assignment:
        """An assignment of this part alone; objects that are missing on the way are made."""
        return Assignment(self._column._target_of(self._steps), self._written(value))

    if not TYPE_CHECKING:
        # the signatures are those of expressions in general

        __hash__ = object.__hash__

        def __eq__(self, other):
            if other is None:
                return self.is_(None)
            return super().__eq__(self._compared(other))

        def __ne__(self, other):
            if other is None:
                return self.is_not(None)
            return super().__ne__(self._compared(other))

        def __lt__(self, other):
            return super().__lt__(self._ordered(other))

        def __le__(self, other):
            return super().__le__(self._ordered(other))

        def __gt__(self, other):
            return super().__gt__(self._ordered(other))

        def __ge__(self, other):
            return super().__ge__(self._ordered(other))

        def between(self, low, high, symmetric=False):
            """``BETWEEN low AND high``, both included."""
            return super().between(self._ordered(low), self._ordered(high), symmetric)

        def is_(self, other):
            """``IS NULL``, ``IS TRUE``, ``IS FALSE``; JSON's null is NULL, too."""
            return super(DocumentPath, self._tested(other)).is_(other)

        def is_not(self, other):
            """The opposite of ``is_``."""
            return super(DocumentPath, self._tested(other)).is_not(other)

        def in_(self, values):
            """Whether the part is among the values, or a query's rows."""
            return super().in_(self._several(values))

        def not_in(self, values):
            """The opposite of ``in_``."""
            return super().not_in(self._several(values))

    def _tested(self, other: Any) -> DocumentPath[Any]:
        """Of a document the text, since JSON's null is no value either."""
        if other is None and is_json(self._type):
            return DocumentPath(self._column, self._steps, self._known, TEXT)
        return self

    def _compared(self, value: Any) -> Any:
        """What the part is compared with; raises for what no such part can be equal to."""
        if isinstance(value, (Expression, Query)):
            return cast("Any", value)
        if self._type is self._known.document:
            if isinstance(value, SETS):
                raise ArgumentError(
                    f"{self} is a set, whose order in JSON is that of chance",
                    hint="use contains() and contained_by()",
                )
            self._check(value)
            return Parameter(value, self._type)
        if self._type is TIMESTAMPTZ and isinstance(value, datetime) and value.tzinfo is None:
            raise ArgumentError(
                f"{self} is a moment, and the value has no time zone",
                hint="give an aware datetime, or annotate the field as pydantic's NaiveDatetime",
            )
        return value

    def _ordered(self, value: Any) -> Any:
        if is_json(self._type):
            raise ArgumentError(
                f"{self} has no order that is the same in Python and in PostgreSQL",
                hint="compare it for equality, or read it with as_numeric() or as_string()",
            )
        return self._compared(value)

    def _several(self, values: Any) -> Any:
        if isinstance(values, (list, tuple, set, frozenset)):
            found: Iterable[Any] = cast("Any", values)
            for value in found:
                self._compared(value)
        return values

    def _written(self, value: Any) -> Expression[Any, Any]:
        if isinstance(value, (Expression, Query)):
            found: Any = value
            if isinstance(found, Expression) and found._type.cast_type == "jsonb":
                return found
            return Operation("to_jsonb", (Assignment(self, found).value,), _JSONB)
        if value is None and not self._known.nullable:
            raise ArgumentError(f"{self} can't be null", hint="give a value")
        return Parameter(self._check(value), _JSONB)

    def _part(self, value: Any) -> Any:
        # what a document contains is a part of one, seldom of the same type
        if isinstance(value, (Expression, Query)) or not is_json(self._type):
            return super()._part(value)
        try:
            return Parameter(self._known.document.plain(value), _JSONB)
        except DataError:
            return Parameter(list(value) if isinstance(value, SETS) else value, _JSONB)

    def _check(self, value: Any) -> Any:
        try:
            return self._known.document.plain(value)
        except DataError as error:
            kind = type(value).__name__
            raise ArgumentError(f"{self} takes no {kind}", hint=str(error)) from None

    def __str__(self) -> str:
        return _shown(self._column, self._steps)


class Recorder:
    """Stands for a document in a function given to ``at()``, and notes which part is named."""

    __slots__ = ("_found",)

    def __init__(self, found: DocumentPath[Any]) -> None:
        object.__setattr__(self, "_found", found)

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("__"):
            return object.__getattribute__(self, name)
        return Recorder(recorded(self)._step((name,)))

    def __getitem__(self, key: Any) -> Recorder:
        return Recorder(recorded(self)._step((key,)))


def recorded(recorder: Recorder) -> DocumentPath[Any]:
    """The part that a recorder has come to."""
    found: DocumentPath[Any] = object.__getattribute__(recorder, "_found")
    return found


def steps_structure(steps: tuple[Any, ...]) -> tuple[Hashable, tuple[Any, ...]]:
    """The cache key of a path, and what it binds."""
    keys = tuple(step.key if isinstance(step, FieldStep) else step._key for step in steps)
    return keys, tuple(step for step in steps if not isinstance(step, FieldStep))


def _bound(key: str | int) -> Parameter[Any]:
    return Parameter(key, TEXT if isinstance(key, str) else INTEGER)


def _shown(column: DocumentRoot[Any, Any], steps: tuple[Any, ...]) -> str:
    parts = [f".{step.name}" if isinstance(step, FieldStep) else "[...]" for step in steps]
    return "".join([str(column), *parts])
