"""What ORDER BY, GROUP BY and PARTITION BY were given: checked, because text would be SQL."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from asyncorm.errors import InvalidRequestError
from asyncorm.sql.expressions import Expression
from asyncorm.sql.operators.order import Order


def orders(given: Iterable[Any]) -> tuple[Order, ...]:
    """What ORDER BY was given, as ``Order``; a text is refused, because it would be SQL."""
    return tuple(map(_order, given))


def _order(item: Any) -> Order:
    if isinstance(item, Order):
        return item
    if isinstance(item, Expression):
        return Order(item)
    raise InvalidRequestError(
        f"order_by() takes columns and expressions, not a {type(item).__name__}",
        hint="write order_by(User.name.desc()); look names of users up in a dict of your own",
    )


def expressions(given: Iterable[Any], user: str) -> tuple[Expression[Any, Any], ...]:
    """``given`` if all of it are expressions."""
    found = tuple(given)
    for item in found:
        if not isinstance(item, Expression):
            raise InvalidRequestError(
                f"{user} takes columns and expressions, not a {type(item).__name__}",
                hint=f"give columns, as in {user[:-1]}User.name)",
            )
    return found


def as_tuple(given: Any) -> tuple[Any, ...]:
    """One or several of something, as a tuple."""
    return tuple(given) if isinstance(given, (list, tuple)) else (given,)
