"""Expressions: typed values of SQL, and the operators that build them."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeAlias, TypeVar, overload

from asyncorm.errors import ArgumentError, InvalidRequestError
from asyncorm.sql.nodes import Query, Yields, combined, render
from asyncorm.sql.operators.arithmetic import check_same, operation_type, value_beside
from asyncorm.sql.operators.array import ArrayOperators
from asyncorm.sql.operators.base import Operators
from asyncorm.sql.operators.comparison import ComparisonOperators
from asyncorm.sql.operators.containment import ContainmentOperators
from asyncorm.sql.operators.json import JSONOperators, key_type, path_of, plain_type
from asyncorm.sql.operators.logic import LogicOperators
from asyncorm.sql.operators.network import NetworkOperators
from asyncorm.sql.operators.order import OrderOperators
from asyncorm.sql.operators.range import RangeOperators
from asyncorm.sql.operators.same import SameOperators
from asyncorm.sql.operators.search import SearchOperators
from asyncorm.sql.operators.text import TextOperators
from asyncorm.sql.operators.vector import VectorOperators
from asyncorm.sql.values import (
    DocumentName,
    as_list,
    checked_name,
    field_of,
    fitting_type,
)
from asyncorm.types.arrays import Array
from asyncorm.types.base import SQLType
from asyncorm.types.extensions import HStore
from asyncorm.types.resolve import type_of_value
from asyncorm.types.scalars import BIGINT, BOOLEAN, FLOAT, INTEGER, INTEGRAL, NUMERIC, TEXT, Numeric

V = TypeVar("V")
R = TypeVar("R")
T = TypeVar("T")
F = TypeVar("F", float, Decimal)
#: a value, or an expression of such
Or: TypeAlias = "V | Expression[V, Any]"
#: unions, because mypy does not look at the constraints of a type variable in the type of ``self``
Fraction: TypeAlias = "Expression[float, Any] | Expression[Decimal, Any]"
Number: TypeAlias = "Expression[int, Any] | Fraction"
Quantity: TypeAlias = "Number | Expression[timedelta, Any]"
Adding: TypeAlias = "Quantity | Expression[str, Any] | Expression[bytes, Any]"
Wide: TypeAlias = "Fraction | Expression[date, Any]"
Moment: TypeAlias = "Expression[datetime, Any] | Expression[time, Any]"

_BITWISE = frozenset(("&", "|", "#", "<<", ">>", "invert"))


class Expression(
    ArrayOperators[V, R, "Condition"],
    ComparisonOperators[V, R, "Condition"],
    ContainmentOperators[V, R, "Condition"],
    JSONOperators[V, R, "Condition"],
    LogicOperators[V, R, "Condition"],
    NetworkOperators[V, R, "Condition"],
    RangeOperators[V, R, "Condition"],
    OrderOperators[V, R, "Condition"],
    TextOperators[V, R, "Condition"],
    SameOperators[V, R, "Condition", "Expression[V, R]"],
    SearchOperators[V, R, "Condition"],
    VectorOperators[V, R, "Condition", "Expression[float, float]"],
    Yields[R],
    Generic[V, R],
):
    """A value of SQL: ``V`` is the Python type it compares with, ``R`` what a row holds."""

    __slots__ = ("_key", "_parameters", "_type")

    def __init__(
        self, type_: SQLType[Any], key: Hashable, parameters: tuple[Any, ...] = ()
    ) -> None:
        self._type = type_
        self._key = key
        self._parameters = parameters

    __hash__ = object.__hash__

    # comparison

    @overload  # type: ignore[override]  # ty: ignore[invalid-method-override]
    def __eq__(self: Expression[Decimal, Any], other: Or[int]) -> Condition: ...
    @overload
    def __eq__(self, other: Or[V] | Query[V] | None) -> Condition: ...
    def __eq__(self, other: Any) -> Condition:  # pyright: ignore[reportIncompatibleMethodOverride]
        if other is None:
            return Condition("IS NULL", (self,))
        return Condition("=", (self, operand(other, self)))

    @overload  # type: ignore[override]  # ty: ignore[invalid-method-override]
    def __ne__(self: Expression[Decimal, Any], other: Or[int]) -> Condition: ...
    @overload
    def __ne__(self, other: Or[V] | Query[V] | None) -> Condition: ...
    def __ne__(self, other: Any) -> Condition:  # pyright: ignore[reportIncompatibleMethodOverride]
        if other is None:
            return Condition("IS NOT NULL", (self,))
        return Condition("<>", (self, operand(other, self)))

    # arithmetic: what PostgreSQL has; anything else is refused by type checkers and while building

    @overload
    def __add__(self: Adding, other: Or[V]) -> Expression[V, R]: ...
    @overload
    def __add__(self: Wide, other: Or[int]) -> Expression[V, R]: ...
    @overload
    def __add__(self: Moment, other: Or[timedelta]) -> Expression[V, R]: ...
    @overload
    def __add__(self: Expression[int, int], other: Or[F]) -> Expression[F, F]: ...
    @overload
    def __add__(self: Expression[int, int | None], other: Or[F]) -> Expression[F, F | None]: ...
    @overload
    def __add__(
        self: Expression[date, date], other: Or[timedelta]
    ) -> Expression[datetime, datetime]: ...
    @overload
    def __add__(
        self: Expression[date, date | None], other: Or[timedelta]
    ) -> Expression[datetime, datetime | None]: ...
    def __add__(self, other: Any) -> Any:
        return _arithmetic("+", self, other)

    @overload
    def __radd__(self: Adding, other: V) -> Expression[V, R]: ...
    @overload
    def __radd__(self: Wide, other: int) -> Expression[V, R]: ...
    @overload
    def __radd__(self: Moment, other: timedelta) -> Expression[V, R]: ...
    def __radd__(self, other: Any) -> Any:
        return _arithmetic("+", self, other, reflected=True)

    @overload
    def __sub__(self: Quantity, other: Or[V]) -> Expression[V, R]: ...
    @overload
    def __sub__(self: Wide, other: Or[int]) -> Expression[V, R]: ...
    @overload
    def __sub__(self: Moment, other: Or[timedelta]) -> Expression[V, R]: ...
    @overload
    def __sub__(  # type: ignore[overload-overlap]
        self: Expression[datetime, datetime], other: Or[datetime]
    ) -> Expression[timedelta, timedelta]: ...
    @overload
    def __sub__(  # type: ignore[overload-overlap]
        self: Expression[datetime, datetime | None], other: Or[datetime]
    ) -> Expression[timedelta, timedelta | None]: ...
    @overload
    def __sub__(self: Expression[int, int], other: Or[F]) -> Expression[F, F]: ...
    @overload
    def __sub__(self: Expression[int, int | None], other: Or[F]) -> Expression[F, F | None]: ...
    @overload
    def __sub__(self: Expression[date, date], other: Or[date]) -> Expression[int, int]: ...
    @overload
    def __sub__(
        self: Expression[date, date | None], other: Or[date]
    ) -> Expression[int, int | None]: ...
    @overload
    def __sub__(
        self: Expression[date, date], other: Or[timedelta]
    ) -> Expression[datetime, datetime]: ...
    @overload
    def __sub__(
        self: Expression[date, date | None], other: Or[timedelta]
    ) -> Expression[datetime, datetime | None]: ...
    def __sub__(self, other: Any) -> Any:
        return _arithmetic("-", self, other)

    @overload
    def __rsub__(self: Quantity, other: V) -> Expression[V, R]: ...
    @overload
    def __rsub__(self: Fraction, other: int) -> Expression[V, R]: ...
    @overload
    def __rsub__(
        self: Expression[datetime, datetime], other: datetime
    ) -> Expression[timedelta, timedelta]: ...
    @overload
    def __rsub__(
        self: Expression[datetime, datetime | None], other: datetime
    ) -> Expression[timedelta, timedelta | None]: ...
    def __rsub__(self, other: Any) -> Any:
        return _arithmetic("-", self, other, reflected=True)

    @overload
    def __mul__(self: Number, other: Or[V]) -> Expression[V, R]: ...
    @overload
    def __mul__(self: Fraction, other: Or[int]) -> Expression[V, R]: ...
    @overload
    def __mul__(self: Expression[int, int], other: Or[F]) -> Expression[F, F]: ...
    @overload
    def __mul__(self: Expression[int, int | None], other: Or[F]) -> Expression[F, F | None]: ...
    @overload
    def __mul__(
        self: Expression[timedelta, R], other: float | Expression[int, Any] | Expression[float, Any]
    ) -> Expression[timedelta, R]: ...
    def __mul__(self, other: Any) -> Any:
        return _arithmetic("*", self, other)

    @overload
    def __rmul__(self: Number, other: V) -> Expression[V, R]: ...
    @overload
    def __rmul__(self: Fraction, other: int) -> Expression[V, R]: ...
    @overload
    def __rmul__(self: Expression[timedelta, R], other: float) -> Expression[timedelta, R]: ...
    def __rmul__(self, other: Any) -> Any:
        return _arithmetic("*", self, other, reflected=True)

    @overload
    def __truediv__(self: Expression[int, int], other: Or[int]) -> Expression[Decimal, Decimal]: ...
    @overload
    def __truediv__(self: Expression[int, int], other: Or[F]) -> Expression[F, F]: ...
    @overload
    def __truediv__(
        self: Expression[int, int | None], other: Or[int]
    ) -> Expression[Decimal, Decimal | None]: ...
    @overload
    def __truediv__(self: Fraction, other: Or[V] | Or[int]) -> Expression[V, R]: ...
    @overload
    def __truediv__(self: Expression[int, int | None], other: Or[F]) -> Expression[F, F | None]: ...
    @overload
    def __truediv__(
        self: Expression[timedelta, R], other: float | Expression[int, Any] | Expression[float, Any]
    ) -> Expression[timedelta, R]: ...
    def __truediv__(self, other: Any) -> Any:
        """Division; of two integers a numeric, as in Python (``//`` drops the fraction)."""
        if self._type.python_type is int:
            return _arithmetic("/", CastTo(self, NUMERIC), other)
        return _arithmetic("/", self, other)

    # arrays and JSON

    @overload
    def __getitem__(  # type: ignore[overload-overlap]
        self: Expression[list[T], Any], key: int | Expression[int, Any]
    ) -> NullExpression[T]: ...
    @overload
    def __getitem__(self: Expression[list[T], R], key: slice) -> Expression[list[T], R]: ...
    @overload
    def __getitem__(self, key: str | int) -> JSONElement: ...
    def __getitem__(self, key: Any) -> Any:
        """Element of a JSON object by name, of a JSON array by position, or of an array;
        the value of a key of an hstore.

        The elements of arrays are counted from 1, as PostgreSQL does, and a slice ``[2:3]`` has
        both ends. There is NULL beyond the end.
        """
        if isinstance(self._type, Array):
            return self._element(key)
        if isinstance(self._type, HStore) and isinstance(key, str):
            return JSONElement("->", (self, Parameter(key, TEXT)), TEXT)
        type_ = plain_type(self, "JSON and arrays have elements")
        return JSONElement("->", (self, Parameter(key, key_type(key))), type_)

    def path(self, *keys: str | int) -> JSONElement:
        """What is at the end of a path in a JSON value: ``path("a", "b", 0)`` (``#>``)."""
        type_ = plain_type(self, "JSON has paths")
        return JSONElement("#>", (self, Parameter(*path_of(keys, "path()"))), type_)

    # composites

    @overload
    def field(self, name: str, /) -> Expression[Any, Any]: ...
    @overload
    def field(self, name: Callable[[V], T], /) -> Expression[T, T | None]: ...
    def field(self, name: Any, /) -> Expression[Any, Any]:
        """A field of a composite value: ``"street"``, or ``lambda address: address.street``."""
        return Field(self, *field_of(self._type, name, self._describe()))

    # names

    def label(self, name: str) -> Label[V, R]:
        """The same under a name: ``AS name``."""
        return Label(self, name)

    # what Python would do and SQL can't

    def __bool__(self) -> NoReturn:
        raise ArgumentError(
            f"the truth of the SQL expression {self} is known only to the database",
            hint="use & | ~ instead of and/or/not, and .in_() instead of `in`",
        )

    if not TYPE_CHECKING:
        # without these, `in` and iteration would fall back to __getitem__

        def __contains__(self, _):
            bool(self)

        __iter__ = None

    def _condition(self, operator: str, *operands: Any) -> Condition:
        return Condition(operator, (self, *operands))

    def _operation(self, operator: str, *operands: Any, type_: SQLType[Any] | None = None) -> Any:
        return Operation(operator, (self, *operands), type_ or self._type)

    def _same(self, operator: str, *operands: Any, type_: Any = None) -> Expression[V, R]:
        if operator in ("//", "%"):
            return _arithmetic(operator, self, *operands)
        found = (self, *(operand(one, self) for one in operands))
        check_same(operator, found, self._describe)
        if operator in _BITWISE:
            found = tuple(with_bits(one) for one in found)
            type_ = found[0]._type
        if operator in ("<<", ">>"):
            found = (found[0], *(_as_integer(one) for one in found[1:]))
        return Operation(operator, found, type_ or self._type)

    def _collated(self, collation: str) -> Expression[V, R]:
        return Collated(self, collation)

    def _operand(
        self, value: Any, type_: SQLType[Any] | None = None, *, nullable: bool = False
    ) -> Any:
        if type_ is not None and type(value) is type_.python_type:
            return Parameter(value, type_)
        if type_ is None or isinstance(value, Query):
            return operand(value, self, nullable=nullable)
        if isinstance(value, Expression):
            return value
        return operand(value, Parameter(None, type_))

    def _part(self, value: Any) -> Any:
        type_ = self._type.part_type(value._type if isinstance(value, Expression) else value)
        fits = type(value) is type_.python_type  # a Multirange is a tuple, and no list of values
        found = self._operand(value if fits else as_list(value), type_)
        if found._type.cast_type in ("", type_.cast_type) or not type_.cast_type:
            return found
        return CastTo(found, type_)

    def _describe(self) -> str:
        return "expression" if type(self).__str__ is Expression.__str__ else str(self)

    def __str__(self) -> str:
        return render(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self}>"


class NullExpression(Expression[V, "V | None"]):
    """An expression that may be NULL (a class of its own keeps inference and hover simple)."""

    __slots__ = ()


class Parameter(Expression[V, V]):
    """A bound value: ``$n`` in the text, never a part of it."""

    __slots__ = ("value",)

    def __init__(self, value: Any, type_: SQLType[Any]) -> None:
        self.value = value
        self._type = type_
        self._key = type_.parameter_key

    if not TYPE_CHECKING:

        @property
        def _parameters(self):
            # not stored: a parameter that holds itself would be work for the garbage collector
            return (self,)

    @property
    def type(self) -> SQLType[Any]:
        """The SQL type the value is bound as."""
        return self._type


class Operation(Expression[V, R]):
    """An operator (one of the compiler's closed list) with its operands."""

    __slots__ = ("operands", "operator")

    def __init__(
        self,
        operator: str,
        operands: tuple[Expression[Any, Any], ...],
        type_: SQLType[Any] = BOOLEAN,
    ) -> None:
        self.operator = operator
        self.operands = operands
        self._type = type_
        if len(operands) == 2:  # the usual case, without loops
            left, right = operands
            self._key = (operator, left._key, right._key)
            self._parameters = left._parameters + right._parameters
        else:
            keys, self._parameters = combined(operands)
            self._key = (operator, *keys)


class Condition(Operation[bool, bool]):
    """A boolean operation; combine with ``&``, ``|`` and ``~``."""

    __slots__ = ()

    def __and__(self, other: Operators[bool, Any, Condition]) -> Condition:
        return Condition("AND", (self, as_condition(other)))

    def __or__(self, other: Operators[bool, Any, Condition]) -> Condition:
        return Condition("OR", (self, as_condition(other)))

    def __rand__(self, other: Expression[bool, Any]) -> Condition:
        return Condition("AND", (as_condition(other), self))

    def __ror__(self, other: Expression[bool, Any]) -> Condition:
        return Condition("OR", (as_condition(other), self))

    def __invert__(self) -> Condition:
        return Condition("NOT", (self,))


class Readable:
    """A part of a JSON value, which can be read as text or as a number."""

    __slots__ = ()

    def _read_as(self, type_: SQLType[Any]) -> Expression[Any, Any]:
        """The part's text as another type."""
        raise NotImplementedError

    @property
    def astext(self) -> Expression[str, str | None]:
        """The part as text (``->>``); JSON's null is NULL."""
        return self._read_as(TEXT)

    def as_string(self) -> Expression[str, str | None]:
        """The same as ``astext``."""
        return self._read_as(TEXT)

    def as_integer(self) -> Expression[int, int | None]:
        """The part as a whole number; the server refuses what is none."""
        return self._read_as(INTEGRAL)

    def as_float(self) -> Expression[float, float | None]:
        """The part as double precision."""
        return self._read_as(FLOAT)

    def as_numeric(
        self, precision: int | None = None, scale: int | None = None
    ) -> Expression[Decimal, Decimal | None]:
        """The part as numeric, rounded if a scale is given."""
        return self._read_as(NUMERIC if precision is None else Numeric(precision, scale))

    def as_boolean(self) -> Expression[bool, bool | None]:
        """The part as boolean."""
        return self._read_as(BOOLEAN)


class JSONElement(Readable, Operation[Any, Any]):
    """An element of a JSON value; ``astext`` is its text."""

    __slots__ = ()

    def _read_as(self, type_: SQLType[Any]) -> Expression[Any, Any]:
        text: Expression[Any, Any] = Operation(f"{self.operator}>", self.operands, TEXT)
        return text if type_ is TEXT else CastTo(text, type_)


class CastTo(Expression[V, R]):
    """An expression as another type."""

    __slots__ = ("inner",)

    def __init__(self, inner: Expression[Any, Any], type_: SQLType[Any]) -> None:
        super().__init__(type_, ("cast", type_.key, inner._key), inner._parameters)
        self.inner = inner


class Collated(Expression[V, R]):
    """A text with a collation."""

    __slots__ = ("collation", "inner")

    def __init__(self, inner: Expression[V, R], collation: str) -> None:
        key = ("collated", checked_name(collation), inner._key)
        super().__init__(inner._type, key, inner._parameters)
        self.inner = inner
        self.collation = collation


class Field(Expression[V, R]):
    """A field of a composite value."""

    __slots__ = ("inner", "name")

    def __init__(self, inner: Expression[Any, Any], name: str, type_: SQLType[Any]) -> None:
        super().__init__(type_, ("field", name, inner._key), inner._parameters)
        self.inner = inner
        self.name = name


class Label(Expression[V, R]):
    """An expression with a name."""

    __slots__ = ("inner", "name")

    def __init__(self, inner: Expression[V, R], name: str) -> None:
        super().__init__(inner._type, ("label", checked_name(name), inner._key), inner._parameters)
        self.inner = inner
        self.name = name


class ScalarQuery(Expression[V, R]):
    """A query in parentheses used as a value."""

    __slots__ = ("query",)

    def __init__(self, query: Query[Any], type_: SQLType[Any] | None = None) -> None:
        key, parameters = query._structure
        super().__init__(type_ or query._result_type(), ("scalar", key), parameters)
        self.query = query


def operand(value: Any, near: Expression[Any, Any], *, nullable: bool = False) -> Any:
    """The expression for a value that meets ``near``: a parameter of its type where that fits."""
    type_ = near._type
    if type(value) is type_.python_type:
        return Parameter(value, type_)
    if isinstance(value, (Expression, Query)):
        found = literal_of(value)
        is_array = isinstance(type_, Array) and isinstance(found._type, Array)
        # PostgreSQL compares bigint[] with nothing but bigint[]
        return CastTo(found, type_) if is_array and found._type.ddl != type_.ddl else found
    if value is None:
        if not nullable:
            raise ArgumentError(
                f"{near._describe()} is compared with None", hint="use .is_(None) or == None"
            )
        return Parameter(None, type_)
    return Parameter(value, fitting_type(value, type_, near._describe()))


def literal_of(value: Any) -> Expression[Any, Any]:
    """Any value as an expression: expressions and queries as they are, others bound."""
    if isinstance(value, Expression):
        return value
    if isinstance(value, Query):
        return ScalarQuery(value)
    if value is None:
        return Parameter(None, TEXT)
    if type(value) is DocumentName:
        value.refuse()
    return Parameter(value, type_of_value(value))


def _arithmetic(
    operator: str, left: Expression[Any, Any], other: Any, *, reflected: bool = False
) -> Operation[Any, Any]:
    if isinstance(other, (Expression, Query)):
        right: Expression[Any, Any] = literal_of(other)
    else:
        beside = value_beside(operator, other, left._type)
        right = operand(other, left) if beside is None else Parameter(other, beside)
    operands: tuple[Any, ...] = (right, left) if reflected else (left, right)
    types = (operands[0]._type, operands[1]._type)
    operator, type_ = operation_type(operator, *types, left._describe)
    if type_.python_type is date:  # a day moves by integer, not by bigint
        operands = tuple(one if one._type is type_ else _as_integer(one) for one in operands)
    return Operation(operator, operands, type_)


def with_bits(expression: Expression[Any, Any]) -> Expression[Any, Any]:
    """A whole number of any size, which is numeric and has no bits, as bigint."""
    is_whole = expression._type.python_type is int and expression._type.cast_type == "numeric"
    return CastTo(expression, BIGINT) if is_whole else expression


def _as_integer(expression: Expression[Any, Any]) -> Expression[Any, Any]:
    is_wide = expression._type.cast_type != "integer"
    return CastTo(expression, INTEGER) if is_wide else expression


def as_condition(value: Any) -> Expression[bool, Any]:
    """``value`` if it is an expression; anything else can't stand in WHERE, ON or HAVING."""
    if isinstance(value, Expression):
        return value
    raise InvalidRequestError(
        f"a condition must be a SQL expression, not a {type(value).__name__}",
        hint="compare columns, as in where(User.id == 5) or where(Book.author.to.name == 'x'); "
        "true() and false() are the constants",
    )
