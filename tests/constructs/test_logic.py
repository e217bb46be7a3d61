"""& | ~ of boolean expressions that are no comparisons."""

from __future__ import annotations

import pytest

from asyncorm import ArgumentError, InvalidRequestError, cast, func, select, type_coerce
from tests.constructs.conftest import Same
from tests.support.shop import Product

IN_STOCK = cast(Product.stock, bool)


async def test_boolean_expressions_are_combined_like_conditions(same: Same) -> None:
    is_object = type_coerce(func.starts_with(Product.name, "h"), bool)
    await same(
        select(Product.id).where(~IN_STOCK | (is_object & IN_STOCK & (Product.price > 15))),
        "select id from product where stock = 0 or name like 'h%' and stock <> 0 and price > 15",
    )


def test_what_is_no_boolean_is_refused_with_advice() -> None:
    with pytest.raises(ArgumentError, match=r"product\.stock is bigint"):
        Product.stock & (Product.id > 5)  # type: ignore[operator]
    with pytest.raises(InvalidRequestError, match="not a int"):
        IN_STOCK & 5  # type: ignore[operator]
