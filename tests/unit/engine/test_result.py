from __future__ import annotations

import pytest

from asyncorm.engine.result import Result
from asyncorm.engine.rows import row_class
from asyncorm.errors import InvalidRequestError, MultipleResultsFound, NoResultFound

Row = row_class(("id", "name"))


def bare(*rows: object) -> Result[object]:
    return Result(list(rows), ("id",), len(rows))


def pairs(*rows: tuple[object, ...]) -> Result[tuple[object, ...]]:
    return Result([tuple.__new__(Row, row) for row in rows], ("id", "name"), len(rows))


def test_one_column_comes_bare() -> None:
    assert bare(1, 2).all() == [1, 2]
    assert list(bare(1, 2)) == [1, 2]


def test_several_columns_come_as_named_tuples() -> None:
    row = pairs((1, "a")).one()
    assert row == (1, "a")
    assert row.name == "a"  # type: ignore[attr-defined]


def test_first_is_the_first_row_or_none() -> None:
    assert bare(1, 2).first() == 1
    assert bare().first() is None


def test_one_demands_exactly_one_row() -> None:
    assert bare(1).one() == 1
    with pytest.raises(NoResultFound):
        bare().one()
    with pytest.raises(MultipleResultsFound, match="2 rows"):
        bare(1, 2).one()


def test_one_or_none_allows_no_row() -> None:
    assert bare().one_or_none() is None
    assert bare(1).one_or_none() == 1
    with pytest.raises(MultipleResultsFound):
        bare(1, 2).one_or_none()


def test_scalar_is_the_first_value_of_the_first_row() -> None:
    assert bare(1, 2).scalar() == 1
    assert pairs((1, "a"), (2, "b")).scalar() == 1
    assert bare().scalar() is None


def test_a_value_that_is_a_tuple_is_not_taken_for_a_row() -> None:
    assert bare((1, 2)).scalar() == (1, 2)
    assert bare((1, 2)).tuples().all() == [((1, 2),)]


def test_scalar_one_demands_exactly_one_row() -> None:
    assert pairs((1, "a")).scalar_one() == 1
    assert bare().scalar_one_or_none() is None
    with pytest.raises(NoResultFound):
        bare().scalar_one()
    with pytest.raises(MultipleResultsFound):
        bare(1, 2).scalar_one_or_none()


def test_scalars_are_the_first_values() -> None:
    assert pairs((1, "a"), (2, "b")).scalars().all() == [1, 2]
    assert bare(1, 2).scalars().all() == [1, 2]


def test_mappings_are_dicts_by_column_name() -> None:
    assert pairs((1, "a")).mappings().all() == [{"id": 1, "name": "a"}]
    assert bare(1).mappings().all() == [{"id": 1}]


def test_mappings_of_columns_with_one_name_are_refused_since_one_would_be_lost() -> None:
    with pytest.raises(InvalidRequestError, match="several columns id, of which a dict holds one"):
        Result([(1, 2, "a")], ("id", "id", "name"), 1).mappings()


def test_tuples_wrap_bare_values() -> None:
    assert bare(1).tuples().all() == [(1,)]
    assert pairs((1, "a")).tuples().all() == [(1, "a")]


def test_unique_drops_repetitions_and_keeps_the_order() -> None:
    assert bare(2, 1, 2).unique().all() == [2, 1]


def test_unique_tells_unhashable_rows_by_identity() -> None:
    one: list[int] = []
    assert bare(one, one, []).unique().all() == [[], []]


def test_unique_takes_a_key() -> None:
    assert pairs((1, "a"), (2, "a")).unique(lambda row: row[1]).all() == [(1, "a")]


def test_partitions_are_lists_of_a_size() -> None:
    assert list(bare(1, 2, 3).partitions(2)) == [[1, 2], [3]]
    with pytest.raises(InvalidRequestError):
        list(bare(1).partitions(0))


def test_fetchmany_goes_on_where_it_stopped() -> None:
    result = bare(1, 2, 3)
    assert [result.fetchmany(2), result.fetchmany(2), result.fetchmany(2)] == [[1, 2], [3], []]


def test_keys_and_rowcount_are_known() -> None:
    result = pairs((1, "a"))
    assert result.keys() == ("id", "name")
    assert result.rowcount == 1
    assert Result((), (), 7).rowcount == 7
