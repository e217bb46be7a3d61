"""TABLESAMPLE."""

from __future__ import annotations

import pytest

from asyncorm import InvalidRequestError, func, select, tablesample
from tests.constructs.conftest import Same
from tests.support.animals import Cat
from tests.support.shop import Product, Sale


async def test_all_rows_of_a_sample_by_pages(same: Same) -> None:
    some = tablesample(Sale, 100)
    await same(
        select(some.id, some.quantity).where(some.quantity > 2),
        "select id, quantity from sale tablesample system (100) where quantity > 2",
    )


async def test_by_rows_with_a_seed(same: Same) -> None:
    for percent, seed in ((50, 7), (90, 3)):
        some = tablesample(Sale, func.bernoulli(percent), name="some", seed=seed)
        await same(
            select(some.id).join(Product, Product.id == some.product_id),
            f"""select s.id from sale s tablesample bernoulli ({percent}) repeatable ({seed})
            join product p on p.id = s.product_id""",
        )


async def test_of_objects(same: Same) -> None:
    some = tablesample(Product, func.bernoulli(100))
    found = await same(select(some.name), "select name from product tablesample bernoulli (100)")
    assert len(found) == 8
    assert "TABLESAMPLE" in str(select(some))


def test_what_is_no_table_or_no_percentage_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match="from 0 to 100"):
        tablesample(Sale, 101)
    with pytest.raises(InvalidRequestError, match="takes a mapped class"):
        tablesample(select(Sale.id).subquery(), 10)  # type: ignore[arg-type]
    with pytest.raises(InvalidRequestError, match="no table by itself"):
        str(select(tablesample(Cat, 10).id))
