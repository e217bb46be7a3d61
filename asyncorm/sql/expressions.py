"""Expressions: typed values of SQL, and the operators that build them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeAlias, TypeVar, cast, overload

from asyncorm.errors import ArgumentError, InvalidRequestError
from asyncorm.sql.arithmetic import check_same, operation_type, value_beside
from asyncorm.sql.nodes import Query, Yields, combined, render
from asyncorm.sql.same_operators import SameOperators
from asyncorm.sql.text_operators import TextOperators
from asyncorm.sql.values import (
    array_type,
    as_list,
    checked_name,
    fitting_type,
    is_json,
    item_type,
    listed,
    truth_name,
)
from asyncorm.types.arrays import Array
from asyncorm.types.base import SQLType
from asyncorm.types.resolve import type_of_value
from asyncorm.types.scalars import BOOLEAN, INTEGER, NUMERIC, TEXT

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


class Expression(
    TextOperators[V, R, "Condition"],
    SameOperators[V, R, "Condition", "Expression[V, R]"],
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

    def __eq__(self, other: V | Expression[V, Any] | Query[V] | None) -> Condition:  # type: ignore[override]  # ty: ignore[invalid-method-override]  # pyright: ignore[reportIncompatibleMethodOverride]
        if other is None:
            return Condition("IS NULL", (self,))
        return Condition("=", (self, operand(other, self)))

    def __ne__(self, other: V | Expression[V, Any] | Query[V] | None) -> Condition:  # type: ignore[override]  # ty: ignore[invalid-method-override]  # pyright: ignore[reportIncompatibleMethodOverride]
        if other is None:
            return Condition("IS NOT NULL", (self,))
        return Condition("<>", (self, operand(other, self)))

    def __lt__(self, other: V | Expression[V, Any] | Query[V]) -> Condition:
        return Condition("<", (self, operand(other, self)))

    def __le__(self, other: V | Expression[V, Any] | Query[V]) -> Condition:
        return Condition("<=", (self, operand(other, self)))

    def __gt__(self, other: V | Expression[V, Any] | Query[V]) -> Condition:
        return Condition(">", (self, operand(other, self)))

    def __ge__(self, other: V | Expression[V, Any] | Query[V]) -> Condition:
        return Condition(">=", (self, operand(other, self)))

    def between(
        self, low: V | Expression[V, Any], high: V | Expression[V, Any], symmetric: bool = False
    ) -> Condition:
        """``BETWEEN low AND high``, both included; ``symmetric``: whichever of them is lower."""
        operator = "BETWEEN SYMMETRIC" if symmetric else "BETWEEN"
        return Condition(operator, (self, operand(low, self), operand(high, self)))

    def is_(self, other: bool | Expression[V, Any] | None) -> Condition:
        """``IS NULL``, ``IS TRUE``, ``IS FALSE``; against an expression IS NOT DISTINCT FROM."""
        if isinstance(other, Expression):
            return self.is_not_distinct_from(other)
        return Condition(f"IS {truth_name(other)}", (self,))

    def is_not(self, other: bool | Expression[V, Any] | None) -> Condition:
        """The opposite of ``is_``."""
        if isinstance(other, Expression):
            return self.is_distinct_from(other)
        return Condition(f"IS NOT {truth_name(other)}", (self,))

    def is_distinct_from(self, other: V | Expression[V, Any] | None) -> Condition:
        """``<>`` that takes NULL as a value of its own."""
        return Condition("IS DISTINCT FROM", (self, operand(other, self, nullable=True)))

    def is_not_distinct_from(self, other: V | Expression[V, Any] | None) -> Condition:
        """``=`` that takes NULL as a value of its own."""
        return Condition("IS NOT DISTINCT FROM", (self, operand(other, self, nullable=True)))

    def in_(self, values: Iterable[V] | Query[V] | Query[V | None]) -> Condition:
        """Whether the value is among the values (one array parameter) or a query's rows."""
        if isinstance(values, Query):
            return Condition("IN", (self, ScalarQuery(cast("Query[Any]", values))))
        return Condition("= ANY", (self, _array_of(values, self)))

    def not_in(self, values: Iterable[V] | Query[V] | Query[V | None]) -> Condition:
        """The opposite of ``in_``."""
        if isinstance(values, Query):
            return Condition("NOT IN", (self, ScalarQuery(cast("Query[Any]", values))))
        return Condition("<> ALL", (self, _array_of(values, self)))

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

    # text

    @overload
    def contains(self: Expression[str, Any], other: str | Expression[str, Any], /) -> Condition: ...
    @overload
    def contains(
        self: Expression[list[T], Any], other: Iterable[T] | Expression[list[T], Any], /
    ) -> Condition: ...
    @overload
    def contains(self, other: Mapping[str, Any], /) -> Condition: ...
    def contains(self, other: Any, /) -> Condition:
        """Text: has the part (no wildcards). Arrays and JSONB: ``@>``."""
        if is_json(self._type) or isinstance(self._type, Array):
            return Condition("@>", (self, operand(as_list(other), self)))
        if isinstance(other, Expression):
            return Condition("strpos", (cast("Expression[Any, Any]", self), other))
        return Condition("LIKE", (self, self._pattern(other, "%", "%")))

    # arrays and JSON

    def overlap(
        self: Expression[list[T], Any], other: Iterable[T] | Expression[list[T], Any]
    ) -> Condition:
        """Whether two arrays have an element in common (``&&``)."""
        return Condition("&&", (self, operand(as_list(other), self)))

    def any(self: Expression[list[T], Any], value: T | Expression[T, Any]) -> Condition:
        """Whether an element of the array equals the value."""
        if not isinstance(self._type, Array):
            raise ArgumentError(
                f"{self._describe()} is no array and has no any()",
                hint="use in_() for a list of values",
            )
        item = operand(value, Parameter(None, self._type.item))
        return Condition("= ANY", (item, self))

    def __getitem__(self, key: str | int) -> JSONElement:
        """Element of a JSON object by name, or of a JSON array by position."""
        if not is_json(self._type):
            raise ArgumentError(
                f"{self._describe()} is {self._type.ddl}; only JSON expressions have elements",
                hint="use [] on a jsonb column, or cast(expression, dict)",
            )
        return JSONElement("->", (self, _json_key(key)), self._type)

    def has_key(self, key: str) -> Condition:
        """Whether a JSONB object has the key, or a JSONB array the string."""
        return Condition("?", (self, Parameter(key, TEXT)))

    # order and names

    def asc(self) -> Order:
        """Ascending order."""
        return Order(self, "ASC")

    def desc(self) -> Order:
        """Descending order."""
        return Order(self, "DESC")

    def nulls_first(self) -> Order:
        """Ascending order, NULL before all values."""
        return Order(self, "ASC", "FIRST")

    def nulls_last(self) -> Order:
        """Ascending order, NULL after all values."""
        return Order(self, "ASC", "LAST")

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

    def _same(self, operator: str, *operands: Any, type_: Any = None) -> Expression[V, R]:
        if operator in ("/", "%"):
            return _arithmetic(operator, self, *operands)
        given = [operand(one, self) for one in operands]
        check_same(operator, (self, *given), self._describe)
        if operator in ("<<", ">>"):
            given = [CastTo(one, INTEGER) for one in given]  # by no wider one
        return Operation(operator, (self, *given), type_ or self._type)

    def _collated(self, collation: str) -> Expression[V, R]:
        return Collated(self, collation)

    def _operand(self, value: Any, type_: SQLType[Any] | None = None) -> Any:
        if type_ is None or isinstance(value, (Expression, Query)):
            return operand(value, self)
        return Parameter(value, type_)

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
        self, operator: str, operands: tuple[Expression[Any, Any], ...], type_: SQLType[Any]
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

    def __init__(self, operator: str, operands: tuple[Expression[Any, Any], ...]) -> None:
        super().__init__(operator, operands, BOOLEAN)

    def __and__(self, other: Expression[bool, Any]) -> Condition:
        return Condition("AND", (self, as_condition(other)))

    def __or__(self, other: Expression[bool, Any]) -> Condition:
        return Condition("OR", (self, as_condition(other)))

    def __rand__(self, other: Expression[bool, Any]) -> Condition:
        return Condition("AND", (as_condition(other), self))

    def __ror__(self, other: Expression[bool, Any]) -> Condition:
        return Condition("OR", (as_condition(other), self))

    def __invert__(self) -> Condition:
        return Condition("NOT", (self,))


class JSONElement(Operation[Any, Any]):
    """An element of a JSON value; ``astext`` is its text."""

    __slots__ = ()

    @property
    def astext(self) -> Expression[str, str | None]:
        """The element as text (``->>``)."""
        return Operation("->>", self.operands, TEXT)


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


class Order:
    """An expression with a direction, for ORDER BY."""

    __slots__ = ("_key", "_parameters", "direction", "expression", "nulls")

    def __init__(
        self, expression: Expression[Any, Any], direction: str = "ASC", nulls: str | None = None
    ) -> None:
        self.expression = expression
        self.direction = direction
        self.nulls = nulls
        self._key: Hashable = ("order", direction, nulls, expression._key)
        self._parameters: tuple[Any, ...] = expression._parameters

    def nulls_first(self) -> Order:
        """NULL before all values."""
        return Order(self.expression, self.direction, "FIRST")

    def nulls_last(self) -> Order:
        """NULL after all values."""
        return Order(self.expression, self.direction, "LAST")


class Assignment:
    """A column and the value it gets."""

    __slots__ = ("_key", "_parameters", "column", "value")

    def __init__(self, column: Expression[Any, Any], value: Any) -> None:
        self.column = column
        self.value = operand(value, column, nullable=True)
        self._key: Hashable = ("set", column._key, self.value._key)
        self._parameters: tuple[Any, ...] = self.value._parameters


def operand(value: Any, near: Expression[Any, Any], *, nullable: bool = False) -> Any:
    """The expression for a value that meets ``near``: a parameter of its type where that fits."""
    type_ = near._type
    if type(value) is type_.python_type:
        return Parameter(value, type_)
    if isinstance(value, (Expression, Query)):
        return literal_of(value)
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
    return Parameter(value, type_of_value(value))


def _array_of(values: Any, near: Expression[Any, Any]) -> Expression[Any, Any]:
    name = near._describe()
    found = listed(values, name)
    return Parameter(found, array_type(item_type(found, near._type, name)))


def _arithmetic(
    operator: str, left: Expression[Any, Any], other: Any, *, reflected: bool = False
) -> Operation[Any, Any]:
    if isinstance(other, (Expression, Query)):
        right: Expression[Any, Any] = literal_of(other)
    else:
        beside = value_beside(operator, other, left._type)
        right = operand(other, left) if beside is None else Parameter(other, beside)
    operands = (right, left) if reflected else (left, right)
    type_ = operation_type(operator, operands[0]._type, operands[1]._type, left._describe)
    if operator == "+" and type_.python_type in (str, bytes):
        operator = "||"
    return Operation(operator, operands, type_)


def _json_key(key: Any) -> Expression[Any, Any]:
    if isinstance(key, bool) or not isinstance(key, (str, int)):
        raise ArgumentError(
            f"a JSON element is named by str or int, not {type(key).__name__}",
            hint='write column["key"] or column[0]',
        )
    return Parameter(key, INTEGER if isinstance(key, int) else TEXT)


def as_condition(value: Any) -> Expression[bool, Any]:
    """``value`` if it is an expression; anything else can't stand in WHERE, ON or HAVING."""
    if isinstance(value, Expression):
        return cast("Expression[bool, Any]", value)
    raise InvalidRequestError(
        f"a condition must be a SQL expression, not a {type(value).__name__}",
        hint="compare columns, as in where(User.id == 5) or where(Book.author.to.name == 'x'); "
        "true() and false() are the constants",
    )
