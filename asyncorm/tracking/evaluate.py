"""Evaluation in Python of what an UPDATE or DELETE says of its rows, over values in memory.

Only what PostgreSQL and Python understand alike can be evaluated: texts are not ordered (that is
the collation's business), numbers with a scale are not computed. NULL is None, and the result of
anything that needs a value that is not loaded is UNLOADED.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from operator import add, ge, gt, le, lt, mul, sub
from typing import Any
from uuid import UUID

from asyncorm.errors import InvalidRequestError
from asyncorm.sql.assignment import Assignment
from asyncorm.sql.constructs import Constant
from asyncorm.sql.expressions import Label, Operation, Parameter
from asyncorm.sql.functions.calls import FunctionCall
from asyncorm.sql.table import BaseColumn, Table
from asyncorm.tracking.changes import same
from asyncorm.tracking.state import UNLOADED

Values = Mapping[str, Any]
Evaluate = Callable[[Values], Any]

_NUMBERS = (int, float, Decimal)
_ORDERED = (*_NUMBERS, date, datetime, time, timedelta)
_COMPARED = (*_ORDERED, str, bool, bytes, UUID)
#: what comes back from a column exactly as it was sent
_STABLE = (int, str, bool, bytes, date, UUID)

_ORDERING: Mapping[str, Callable[[Any, Any], Any]] = {"<": lt, "<=": le, ">": gt, ">=": ge}
_ARITHMETIC: Mapping[str, Callable[[Any, Any], Any]] = {"+": add, "-": sub, "*": mul}
_TESTS: Mapping[str, Callable[[Any], bool]] = {
    "IS NULL": lambda value: value is None,
    "IS NOT NULL": lambda value: value is not None,
    "IS TRUE": lambda value: value is True,
    "IS NOT TRUE": lambda value: value is not True,
    "IS FALSE": lambda value: value is False,
    "IS NOT FALSE": lambda value: value is not False,
}


def evaluator(expression: Any, table: Table) -> Evaluate:
    """A function from a row's values to the expression's; raises for what can't be evaluated."""
    if isinstance(expression, Label):
        return evaluator(expression.inner, table)
    if isinstance(expression, Parameter):
        value = expression.value
        return lambda _: value
    if isinstance(expression, Constant):
        constant = {"TRUE": True, "FALSE": False}.get(expression.text)
        return lambda _: constant
    if isinstance(expression, BaseColumn) and expression.table is table:
        name = expression.attribute
        return lambda values: values.get(name, UNLOADED)
    if isinstance(expression, Operation):
        return _operation(expression, table)
    raise _refused(expression)


def assigned_value(assignment: Assignment, table: Table) -> Evaluate | None:
    """What a column becomes; None if only the database can tell."""
    wanted = assignment.column._type.python_type
    if wanted not in _STABLE and not issubclass(wanted, Enum):
        return None
    value = assignment.value
    if isinstance(value, Parameter):
        fits = value.value is None or type(value.value) is wanted
        return evaluator(value, table) if fits else None
    try:
        return evaluator(value, table) if wanted is int else None
    except InvalidRequestError:
        return None


def _operation(operation: Operation[Any, Any], table: Table) -> Evaluate:
    operator, operands = operation.operator, operation.operands
    if operator in ("= ANY", "<> ALL"):
        return _membership(operation, table)
    parts = [evaluator(operand, table) for operand in operands]
    if operator in ("AND", "OR"):
        return _junction(parts, decisive=operator == "OR")
    if operator == "NOT":
        return _strict(lambda value: not value, parts)
    if operator in _TESTS:
        test, (part,) = _TESTS[operator], parts
        return lambda values: v if (v := part(values)) is UNLOADED else test(v)
    _check_types(operation)
    if operator in ("=", "<>"):
        wanted = operator == "="
        return _strict(lambda one, other: _equal(one, other) is wanted, parts)
    if operator in ("IS DISTINCT FROM", "IS NOT DISTINCT FROM"):
        return _distinction(parts, wanted=operator == "IS NOT DISTINCT FROM")
    if operator == "BETWEEN":
        return _strict(lambda value, low, high: low <= value <= high, parts)
    return _strict({**_ORDERING, **_ARITHMETIC}[operator], parts)


def _check_types(operation: Operation[Any, Any]) -> None:
    """Refuse operands that Python would not treat as PostgreSQL does."""
    operator = operation.operator
    kinds = [_kind(operand) for operand in operation.operands]
    known = [kind for kind in kinds if kind is not None]
    if operator in ("=", "<>", "IS DISTINCT FROM", "IS NOT DISTINCT FROM"):
        allowed: tuple[type[Any], ...] = (*_COMPARED, Enum)
    elif operator in _ORDERING or operator == "BETWEEN":
        allowed = _ORDERED
    else:
        allowed = (int,) if operator in _ARITHMETIC else ()
    numbers = all(kind in _NUMBERS for kind in known)
    if not all(issubclass(k, allowed) for k in known) or (len(set(known)) > 1 and not numbers):
        raise _refused(operation)


def _kind(operand: Any) -> type[Any] | None:
    if isinstance(operand, Parameter):
        return None if operand.value is None else type(operand.value)
    kind: type[Any] = operand._type.python_type
    return kind


def _equal(one: Any, other: Any) -> bool:
    return bool(one == other) or same(one, other)


def _strict(compute: Callable[..., Any], parts: list[Evaluate]) -> Evaluate:
    """An operator that gives NULL for NULL."""

    def evaluate(values: Values) -> Any:
        found = [part(values) for part in parts]
        if any(value is UNLOADED for value in found):
            return UNLOADED
        return None if None in found else compute(*found)

    return evaluate


def _distinction(parts: list[Evaluate], *, wanted: bool) -> Evaluate:
    one, other = parts

    def evaluate(values: Values) -> Any:
        left, right = one(values), other(values)
        if left is UNLOADED or right is UNLOADED:
            return UNLOADED
        return _equal(left, right) is wanted

    return evaluate


def _junction(parts: list[Evaluate], *, decisive: bool) -> Evaluate:
    """AND (which one FALSE decides) or OR (which one TRUE decides)."""

    def evaluate(values: Values) -> Any:
        found = [part(values) for part in parts]
        if any(value is decisive for value in found):
            return decisive
        if any(value is UNLOADED for value in found):
            return UNLOADED
        return None if None in found else not decisive

    return evaluate


def _membership(operation: Operation[Any, Any], table: Table) -> Evaluate:
    one, several = operation.operands
    kind = _kind(one) or object
    if not isinstance(several, Parameter) or not issubclass(kind, (*_COMPARED, Enum)):
        raise _refused(operation)
    part, members = evaluator(one, table), list(several.value)
    wanted = operation.operator == "= ANY"

    def contains(value: Any) -> bool | None:
        if any(member is not None and _equal(value, member) for member in members):
            return wanted
        return None if None in members else not wanted

    return _strict(contains, [part])


def _refused(expression: Any) -> InvalidRequestError:
    if isinstance(expression, Operation):
        what = f"the operator {expression.operator}"
        if expression.operator in _ORDERING:
            what += " between these types"
    elif isinstance(expression, FunctionCall):
        what = f"the function {expression.name}()"
    elif isinstance(expression, BaseColumn):
        what = f"{expression}, a column of another table"
    else:
        what = f"a {type(expression).__name__}"
    return InvalidRequestError(
        f"synchronize_session='evaluate' can't evaluate {what} in Python",
        hint="leave the option out: then the database says which rows there were",
    )
