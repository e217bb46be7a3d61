"""The select list of a statement that is there already: more columns, or others."""

from __future__ import annotations

import pytest

from asyncorm import InvalidRequestError, func, select
from tests.constructs.conftest import Same
from tests.support.shop import Category, Product


async def test_add_columns_adds_to_the_select_list(same: Same) -> None:
    await same(
        select(Product.id).where(Product.stock > 3).add_columns(Product.name, Product.price),
        "select id, name, price from product where stock > 3",
    )


async def test_with_only_columns_keeps_everything_but_the_select_list(same: Same) -> None:
    await same(
        select(Product).join(Product.category).where(Category.name == "garden")
        .with_only_columns(func.count(), func.max(Category.name)),
        "select 2, 'garden'",
    )  # fmt: skip


async def test_with_only_columns_counts_the_rows_of_what_was_selected(same: Same) -> None:
    await same(select(Product).with_only_columns(func.count()), "select count(*) from product")
    await same(select(Product.name).with_only_columns(func.count()), "select count(*) from product")


def test_a_select_list_is_never_empty() -> None:
    with pytest.raises(InvalidRequestError, match="nothing"):
        select(Product).with_only_columns()


async def test_numbers_for_a_function_nobody_described_are_as_wide_as_written_out(
    same: Same,
) -> None:
    bucket = func.width_bucket(Product.price, 0, 50, 5, type_=int)
    await same(
        select(func.substr(Product.name, 2, 3), func.chr(65), bucket, func.to_hex(1 << 40)),
        "select substr(name, 2, 3), chr(65), width_bucket(price, 0, 50, 5), to_hex(1099511627776) "
        "from product",
    )
