"""Operators and functions of ranges and multiranges."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from asyncorm import Multirange, Range, and_, func, not_, select
from asyncorm.errors import ArgumentError
from tests.constructs.conftest import Same
from tests.support.bookings import NOON, Use

pytestmark = pytest.mark.usefixtures("rooms")

CONDITIONS: list[tuple[Any, str, tuple[Any, ...]]] = [
    (Use.numbers == Range(3, 8), "numbers = '[3,8)'", ()),
    (Use.numbers == Range(3, 7, bounds="[]"), "numbers = '[3,8)'", ()),
    (Use.numbers.contains(5), "numbers @> 5::bigint", ()),
    (Use.numbers.contains(Range(5, 6)), "numbers @> int8range(5, 6)", ()),
    (Use.numbers.contains(Use.id), "numbers @> id", ()),
    (Use.small.contains(5), "small @> 5", ()),
    (Use.small.contains(Use.id), "small @> id::int", ()),
    (Use.price.contains(Decimal(2)), "price @> 2::numeric", ()),
    (Use.days.contains(date(2026, 1, 5)), "days @> date '2026-01-05'", ()),
    (Use.at.contains(NOON), "at @> $1::timestamptz", (NOON,)),
    (Use.numbers.contained_by(Range(0, 9)), "numbers <@ int8range(0, 9)", ()),
    (
        Use.numbers.contained_by(Multirange([Range(0, 9), Range(20, None)])),
        "numbers <@ '{[0,9),[20,)}'::int8multirange",
        (),
    ),
    (Use.numbers.overlaps(Range(1, 3)), "numbers && int8range(1, 3)", ()),
    (Use.numbers.overlaps(Use.many_numbers), "numbers && many_numbers", ()),
    (Use.many_numbers.contains(7), "many_numbers @> 7::bigint", ()),
    (Use.many_numbers.contains(Range(8, 9)), "many_numbers @> int8range(8, 9)", ()),
    (Use.many_numbers.overlaps(Use.numbers), "many_numbers && numbers", ()),
    (Use.numbers.adjacent_to(Range(8, 9)), "numbers -|- int8range(8, 9)", ()),
    (Use.numbers.strictly_left_of(Range(9, None)), "numbers << int8range(9, null)", ()),
    (Use.numbers.strictly_right_of(Range(None, 3)), "numbers >> int8range(null, 3)", ()),
    (Use.numbers.not_extend_left_of(Range(4, 5)), "numbers &> int8range(4, 5)", ()),
    (Use.numbers.not_extend_right_of(Range(4, 9)), "numbers &< int8range(4, 9)", ()),
    (Use.numbers.in_([Range(1, 6), Range(2, 7)]), "numbers in ('[1,6)', '[2,7)')", ()),
    (Use.price.in_([Range(Decimal("1.5"), None)]), "price = '[1.5,)'", ()),
    (
        Use.many_prices.in_([Multirange([Range(Decimal(1), Decimal(2))])]),
        "many_prices = '{[1,2)}'",
        (),
    ),
    (Use.range_list.any(Range(1, 2)), "int8range(1, 2) = any(range_list)", ()),
    (func.lower(Use.numbers) == 3, "lower(numbers) = 3", ()),
    (func.upper(Use.many_numbers).is_(None), "upper(many_numbers) is null", ()),
    (and_(not_(func.isempty(Use.numbers)), func.lower_inc(Use.numbers)), "lower_inc(numbers)", ()),
    (func.upper_inf(Use.price), "upper_inf(price)", ()),
    (func.lower_inf(Use.local), "lower_inf(local)", ()),
    (func.upper_inc(Use.at), "upper_inc(at)", ()),
    (Use.numbers.overlaps(func.int8range(Use.id, None)), "numbers && int8range(id, null)", ()),
    (Use.days.overlaps(func.daterange(date(2026, 1, 9), None)), "days && '[2026-01-09,)'", ()),
]


@pytest.mark.parametrize(
    ("condition", "text", "arguments"), CONDITIONS, ids=[text for _, text, _ in CONDITIONS]
)
async def test_conditions(
    same: Same, condition: Any, text: str, arguments: tuple[Any, ...]
) -> None:
    await same(
        select(Use.id).where(condition).order_by(Use.id),
        f'select id from "use" where {text} order by id',
        *arguments,
    )


async def test_two_statements_of_one_shape_with_other_values(same: Same) -> None:
    for low in (3, 5):
        await same(
            select(Use.id).where(Use.numbers.contains(Range(low, low + 2))),
            f'select id from "use" where numbers @> int8range({low}, {low + 2})',
        )


async def test_arithmetic_and_functions_with_a_range_as_result(same: Same) -> None:
    found = await same(
        select(
            Use.numbers * Range(3, 100),
            func.range_merge(Use.numbers, Range(20, 21)),
            func.multirange(Use.numbers),
            func.int4range(1, 5, "[]"),
            func.numrange(Decimal(1), None),
            func.lower(Use.days),
            func.range_merge(Use.many_numbers),
        ).where(Use.id == 2),
        "select numbers * int8range(3, 100), range_merge(numbers, int8range(20, 21)),"
        " multirange(numbers), int4range(1, 5, '[]'), numrange(1, null), lower(days),"
        ' range_merge(many_numbers) from "use" where id = 2',
    )
    assert found[0][:2] == (Range(3, 7), Range(2, 21))
    assert found[0][2] == Multirange([Range(2, 7)])


async def test_aggregates_and_rows_of_a_multirange(same: Same) -> None:
    found = await same(
        select(func.range_agg(Use.numbers), func.range_intersect_agg(Use.numbers)).where(
            Use.id < 4
        ),
        'select range_agg(numbers), range_intersect_agg(numbers) from "use" where id < 4',
    )
    assert found == [(Multirange([Range(1, 8)]), Range(3, 6))]
    found = await same(
        select(func.unnest(Use.many_numbers)).where(Use.id == 1),
        'select unnest(many_numbers) from "use" where id = 1',
    )
    assert found == [(Range(1, 3),), (Range(7, None),)]


async def test_what_is_no_range_has_no_such_operators() -> None:
    for build in (
        lambda: Use.id.contains(5),  # type: ignore[arg-type, misc]
        lambda: Use.id.overlaps(5),  # type: ignore[call-overload]
        lambda: Use.tags.adjacent_to(5),  # type: ignore[misc]
        lambda: func.isempty(Use.id),  # type: ignore[arg-type]
        lambda: Use.numbers.contains("x"),  # type: ignore[arg-type]
    ):
        with pytest.raises(ArgumentError):
            build()
