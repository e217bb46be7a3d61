"""Operators and functions of arrays."""

from __future__ import annotations

from typing import Any

import pytest

from asyncorm import func, select
from asyncorm.errors import ArgumentError
from tests.constructs.conftest import Same
from tests.support.bookings import Use

pytestmark = pytest.mark.usefixtures("rooms")

CONDITIONS: list[tuple[Any, str]] = [
    (Use.tags.contains(["b"]), "tags @> '{b}'"),
    (Use.tags.contained_by(["b", "a"]), "tags <@ '{a,b}'"),
    (Use.tags.overlaps(["b", "x"]), "tags && '{b,x}'"),
    (Use.tags.overlap(["c"]), "tags && '{c}'"),
    (Use.tags.any("b"), "'b' = any(tags)"),
    (Use.tags.all("a"), "'a' = all(tags)"),
    (Use.tags[1] == "a", "tags[1] = 'a'"),
    (Use.tags[Use.id] == "c", "tags[id] = 'c'"),
    (Use.tags[2:3] == ["b", "c"], "tags[2:3] = '{b,c}'"),
    (Use.tags[2:] == ["b"], "tags[2:] = '{b}'"),
    (Use.tags[:2] == ["a", "b"], "tags[:2] = '{a,b}'"),
    (Use.counts.any(Use.id + 2), "id + 2 = any(counts)"),
    (func.cardinality(Use.tags) == 2, "cardinality(tags) = 2"),
    (func.array_length(Use.tags).is_(None), "array_length(tags, 1) is null"),
    (func.array_position(Use.tags, "b") == 2, "array_position(tags, 'b') = 2"),
    (func.array_append(Use.tags, "z") == ["a", "z"], "tags || 'z'::text = '{a,z}'"),
    (func.array_prepend("z", Use.tags) == ["z", "a"], "'z'::text || tags = '{z,a}'"),
    (func.array_cat(Use.tags, ["z"]) == ["a", "z"], "tags || '{z}' = '{a,z}'"),
    (func.array_remove(Use.tags, "a") == ["b"], "array_remove(tags, 'a') = '{b}'"),
    (func.array_replace(Use.tags, "a", "z") == ["z"], "array_replace(tags, 'a', 'z') = '{z}'"),
    (func.array_positions(Use.counts, 3) == [1, 3], "array_positions(counts, 3) = '{1,3}'"),
    (func.array_to_string(Use.tags, "-") == "a-b", "array_to_string(tags, '-') = 'a-b'"),
    (Use.decimal_list[2].is_(None), "decimal_list[2] is null"),
]


@pytest.mark.parametrize(("condition", "text"), CONDITIONS, ids=[text for _, text in CONDITIONS])
async def test_conditions(same: Same, condition: Any, text: str) -> None:
    await same(
        select(Use.id).where(condition).order_by(Use.id),
        f'select id from "use" where {text} order by id',
    )


async def test_elements_as_rows_and_an_aggregate_of_a_part(same: Same) -> None:
    found = await same(
        select(func.unnest(Use.tags), Use.counts[1], Use.tags[2]).where(Use.id == 3),
        'select unnest(tags), counts[1], tags[2] from "use" where id = 3',
    )
    assert found == [("a", 3, "b"), ("b", 3, "b"), ("c", 3, "b")]


async def test_two_slices_of_one_shape(same: Same) -> None:
    for begin in (1, 2):
        await same(
            select(Use.tags[begin:3]).where(Use.id == 3),
            f'select tags[{begin}:3] from "use" where id = 3',
        )


async def test_wrong_elements_are_refused() -> None:
    for build in (
        lambda: Use.tags["a"],
        lambda: Use.tags[1:3:2],
        lambda: Use.tags.contains("abc"),  # type: ignore[arg-type]
        lambda: Use.id.all(1),  # type: ignore[misc]
        lambda: func.cardinality(Use.id),  # type: ignore[arg-type]
    ):
        with pytest.raises(ArgumentError):
            build()
