"""What a set operation is ordered by: columns of its result, by name or by position."""

from __future__ import annotations

from collections.abc import Iterator

from asyncorm.errors import InvalidRequestError
from asyncorm.sql.constructs import Constant
from asyncorm.sql.expressions import Label
from asyncorm.sql.operators.order import Order
from asyncorm.sql.statements.query import Compound, columns_of
from asyncorm.sql.table import BaseColumn
from asyncorm.types.scalars import INTEGER


def result_order(compound: Compound[object]) -> Iterator[Order]:
    """ORDER BY of a set operation; expressions are found among those of its first query."""
    columns = columns_of(compound)
    names = [column.name for column in columns if isinstance(column, (BaseColumn, Label))]
    keys = [column._key for column in columns]
    for order in compound._order:
        expression = order.expression
        is_named = isinstance(expression, (BaseColumn, Label))
        if is_named and names.count(getattr(expression, "name", "")) == 1:
            yield order
        elif expression._key in keys:
            position: Constant[int, int] = Constant(str(keys.index(expression._key) + 1), INTEGER)
            yield Order(position, order.direction, order.nulls)
        else:
            raise InvalidRequestError(
                f"a {compound.operator} can only be ordered by columns of its result",
                hint="order by a column or label of its first query, or make a subquery of it: "
                "rows = union(...).subquery(), select(rows.c.name).order_by(...)",
            )
