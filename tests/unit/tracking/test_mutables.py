"""Who holds a value, and when two documents are stored alike."""

from __future__ import annotations

from typing import Any

import pytest

from asyncorm.models.attributes import ColumnAttribute, MutableAttribute
from asyncorm.tracking.changes import changed_columns, original_value
from asyncorm.tracking.mutables import is_changed, is_held
from asyncorm.tracking.unit_of_work import UnitOfWork
from asyncorm.types.arrays import Array
from asyncorm.types.json import JSON, JSONB, ModelJSON
from asyncorm.types.scalars import BIGINT
from tests.support.library import stored
from tests.support.wardrobe import Colour, Settings, User


def values(made: Any) -> dict[str, Any]:
    return {"name": made}


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "[]",
        "None",
        "'text'",
        "{'a': [1, {'b': 2}], 'c': 'd'}",
        "({'a': 1}, 2)",
        "{1, 2}",
        "Settings()",
        "Settings(colour=Colour(shades=['x']), codes={'a': [1]})",
    ],
)
def test_a_value_that_only_its_object_has_is_not_held(text: str) -> None:
    made = values(eval(text, {"Settings": Settings, "Colour": Colour}))
    assert not is_held(made, "name")


def test_a_value_or_a_part_of_it_that_somebody_has_is_held() -> None:
    made = values({"a": [{"b": []}], "s": Settings()})
    for take in (
        lambda v: v,
        lambda v: v["a"],
        lambda v: v["a"][0],
        lambda v: v["a"][0]["b"],
        lambda v: v["s"],
        lambda v: v["s"].colour,
        lambda v: v["s"].colour.shades,
        lambda v: v["a"].append,
        lambda v: iter(v["a"]),
        lambda v: v["a"][0].items(),
    ):
        part = take(made["name"])
        assert is_held(made, "name")
        del part
        assert not is_held(made, "name")


def test_what_is_stored_alike_is_no_change() -> None:
    for type_, one, other in (
        (JSONB(), {"a": 1, "b": [1.5]}, {"b": [1.5], "a": 1}),
        (JSON(), [1, None], [1, None]),
        (ModelJSON(Settings), Settings(), Settings(theme="light")),
        (Array(BIGINT), [1, 2], [1, 2]),
    ):
        assert type_.snapshot is not None
        assert not is_changed(type_, type_.snapshot(one), other)


def test_what_is_stored_otherwise_is_a_change() -> None:
    for type_, one, other in (
        (JSONB(), {"a": 1}, {"a": True}),
        (JSONB(), {"a": 1}, {"a": 1.0}),
        (JSONB(), {"a": [1, 2]}, {"a": [2, 1]}),
        (JSONB(), {"a": None}, {}),
        (JSONB(), {}, None),
        (JSON(), {"a": 1, "b": 1}, {"b": 1, "a": 1}),
        (ModelJSON(Settings), Settings(), Settings(theme="dark")),
        (Array(BIGINT), [1, 2], [2, 1]),
        (JSONB(), {}, object()),
    ):
        assert type_.snapshot is not None
        assert is_changed(type_, type_.snapshot(one), other)


def test_an_array_of_fixed_values_in_a_tuple_is_not_mutable() -> None:
    assert not Array(BIGINT, container=tuple).mutable
    assert Array(JSONB(), container=tuple).mutable
    assert Array(BIGINT, container=set).mutable


def test_only_columns_that_can_change_inside_are_read_through_python() -> None:
    kinds = {name: type(a) for name, a in User.__attributes__.items()}
    assert {n for n, k in kinds.items() if k is MutableAttribute} == {
        "data",
        "settings",
        "tags",
        "marks",
        "extra",
    }
    assert kinds["name"] is ColumnAttribute


def test_the_original_of_an_inner_change_is_known() -> None:
    unit = UnitOfWork()
    user = User(data={"a": {"b": 1}}, tags=["x"])
    user.id = 1
    stored(unit, user)
    user.data["a"]["b"] = 2
    user.tags.append("y")
    user.name = "n"
    assert changed_columns(user) == ("name", "data", "tags")
    assert original_value(user, "data") == {"a": {"b": 1}}
    assert original_value(user, "tags") == ["x"]
    assert original_value(user, "name") == ""
    unit.notice()
    assert list(unit.dirty) == [user]


def test_a_deleted_value_is_forgotten() -> None:
    unit = UnitOfWork()
    user = User()
    user.id = 1
    stored(unit, user)
    assert user.data == {}
    del user.data
    unit.notice()
    assert "data" not in changed_columns(user)
