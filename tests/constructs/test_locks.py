"""Row locks."""

from __future__ import annotations

from typing import Any

import pytest

from asyncorm import InvalidRequestError, aliased, func, select
from tests.constructs.conftest import Same
from tests.support.shop import Category, Product, Sale

JOINED = select(Product.name, Category.name).join(Product.category)


@pytest.mark.parametrize(
    ("options", "clause"),
    [
        ({}, "for update"),
        ({"key_share": True}, "for no key update"),
        ({"read": True}, "for share"),
        ({"read": True, "key_share": True}, "for key share"),
        ({"nowait": True}, "for update nowait"),
        ({"skip_locked": True, "read": True}, "for share skip locked"),
        ({"of": Category}, "for update of c"),
        ({"of": [Category, Product], "key_share": True}, "for no key update of c, p"),
    ],
)
async def test_each_strength_and_wait(same: Same, options: Any, clause: str) -> None:
    statement = JOINED.with_for_update(**options)
    await same(
        statement,
        f"select p.name, c.name from product p join category c on c.id = p.category_id {clause}",
    )
    expected = clause.upper().replace(" OF C, P", ' OF "category", "product"')
    assert str(statement).endswith(expected.replace(" OF C", ' OF "category"'))


async def test_of_an_alias_beside_an_outer_join(same: Same) -> None:
    item = aliased(Product, "item")
    await same(
        select(item.name, Sale.id)
        .outerjoin(Sale, Sale.product_id == item.id)
        .with_for_update(of=item, skip_locked=True),
        """select p.name, s.id from product p left join sale s on s.product_id = p.id
        for update of p skip locked""",
    )


async def test_in_a_subquery(same: Same) -> None:
    first = select(Sale.id).order_by(Sale.id).limit(2).with_for_update(skip_locked=True)
    await same(
        select(Sale.quantity).where(Sale.id.in_(first)),
        """select quantity from sale where id in
        (select id from sale order by id limit 2 for update skip locked)""",
    )


def test_what_the_server_would_refuse_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match="can't be locked"):
        str(select(Sale.product_id).distinct().with_for_update())
    with pytest.raises(InvalidRequestError, match="can't be locked"):
        str(select(func.count()).group_by(Sale.product_id).with_for_update())
    with pytest.raises(InvalidRequestError, match=r"with_for_update\(of=User\)"):
        str(select(Product).outerjoin(Product.sales).with_for_update())
    with pytest.raises(InvalidRequestError, match="which is not in FROM"):
        str(select(Product).with_for_update(of=Sale))
