from __future__ import annotations

from asyncorm.engine.rows import row_class, row_converter


def test_one_column_is_converted_to_bare_values() -> None:
    assert row_converter(["n"], [None])([(1,), (None,)]) == [1, None]


def test_several_columns_are_converted_to_named_tuples() -> None:
    rows = row_converter(["id", "name"], [None, None])([(1, "a")])
    assert rows == [(1, "a")]
    assert (rows[0].id, rows[0].name) == (1, "a")


def test_a_decoder_is_called_except_for_null() -> None:
    assert row_converter(["n"], [int])([("1",), (None,)]) == [1, None]
    rows = row_converter(["a", "b", "c"], [None, int, str.upper])(
        [("x", "1", "y"), ("x", None, "z")]
    )
    assert rows == [("x", 1, "Y"), ("x", None, "Z")]


def test_no_records_are_no_rows() -> None:
    assert row_converter(["a", "b"], [None, int])([]) == []


def test_names_that_are_no_attributes_or_come_twice_are_numbered() -> None:
    assert row_class(("id", "id", "class", "a b", "ok"))._fields == (  # type: ignore[attr-defined]
        "id",
        "_1",
        "_2",
        "_3",
        "ok",
    )


def test_a_decoder_need_not_be_hashable() -> None:
    class Members(dict[str, int]):
        __hash__ = None  # type: ignore[assignment]

    assert row_converter(["n"], [Members(a=1).__getitem__])([("a",)]) == [1]
