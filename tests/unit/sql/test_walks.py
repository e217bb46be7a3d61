"""SEARCH and CYCLE of recursive CTEs."""

from __future__ import annotations

import pglast
import pytest

from asyncorm import InvalidRequestError, select
from tests.support.shop import Product


def test_search_and_cycle_stand_once_and_in_their_order() -> None:
    tree = select(Product.id).cte("t", recursive=True).union_all(select(Product.id))
    both = tree.cycle("id").search_depth_first("id")
    text = str(select(both.c.id))
    assert text.index("SEARCH") < text.index("CYCLE")
    assert len(pglast.parse_sql(text)) == 1
    for again in (both.cycle, both.search_breadth_first):
        with pytest.raises(InvalidRequestError, match=r"one (SEARCH|CYCLE) only"):
            again("id", set_="other")
