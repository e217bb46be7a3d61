"""Paths into documents, as far as no database is asked: what is refused, and their text."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from pydantic import BaseModel, computed_field, field_serializer
from typing_extensions import TypedDict

from asyncorm import (
    ArgumentError,
    Index,
    Mapped,
    MetaData,
    Model,
    Table,
    UnknownAttributeError,
    column,
    func,
    select,
    update,
)
from asyncorm.schema.indexes import index_sql
from tests.support.documents import Level, Notifications, Person, Settings

S = Person.settings


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (S.theme, "(\"person\".\"settings\" ->> 'uiTheme')"),
        (S.size, "CAST(\"person\".\"settings\" ->> 'size' AS numeric)"),
        (S.notifications, "(\"person\".\"settings\" -> 'notifications')"),
        (S.notifications.email,
         "CAST(\"person\".\"settings\" -> 'notifications' ->> 'email' AS boolean)"),
        (S.limits["a'b"],
         "CAST(\"person\".\"settings\" -> 'limits' ->> $1::text AS numeric)"),
        (S.tags[0], "(\"person\".\"settings\" -> 'tags' ->> $1::integer)"),
        (S.took, "(\"person\".\"settings\" -> 'took')"),
        (S.either, "(\"person\".\"settings\" -> 'either')"),
        (S.notifications.astext, "(\"person\".\"settings\" ->> 'notifications')"),
        (S.free["x"].as_numeric(5, 2),
         "CAST(\"person\".\"settings\" -> 'free' ->> $1::text AS numeric(5,2))"),
    ],
)  # fmt: skip
def test_the_text_of_a_part(path: Any, text: str) -> None:
    assert text in str(select(path))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: S.teme, "Settings, which has no field 'teme'(.|\n)*did you mean 'theme'"),
        (lambda: S["teme"], "did you mean 'theme'"),
        (lambda: S.at(lambda s: s.teme), "did you mean 'theme'"),  # type: ignore[attr-defined]
        (lambda: S.notifications.emial, "Notifications, which has no field"),
        (lambda: S[0], "has no field of type int"),
        (lambda: S.theme.x, "is str and has no parts"),
        (lambda: Person.settings.model_dump, "has no field 'model_dump'"),
    ],
)
def test_a_field_that_does_not_exist_is_refused(wrong: Any, message: str) -> None:
    with pytest.raises(UnknownAttributeError, match=message):
        wrong()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: S.theme == 5,
        lambda: S.theme == ["x"],
        lambda: S.theme == {"$ne": ""},
        lambda: S.theme.in_(["x", 5]),
        lambda: S.size == "5",
        lambda: S.size == True,
        lambda: S.mode == "dark",
        lambda: S.mode == Level.LOW,
        lambda: S.key == "x",
        lambda: S.notifications == 5,
        lambda: S.notifications == {"email": True},
        lambda: S.tags == [1],
        lambda: S.took == 5,
        lambda: S.tags["a"],
        lambda: S.limits[0],
        lambda: S.size.set("x"),
        lambda: S.size.set(None),
        lambda: S.mode.set("dark"),
        lambda: S.notifications.set({"email": 5}),
        lambda: update(Person).values({S.size: "x"}),
        lambda: S.took < timedelta(1),
        lambda: S.notifications > Notifications(),
        lambda: S.tags.between(["a"], ["b"]),
        lambda: S.since > datetime(2026, 1, 1),
        lambda: S.flags == {"a"},
        lambda: S.at(lambda s: s.theme == "dark"),
        lambda: S.at(lambda s: 5),
        lambda: Person.visits == Person.settings.name,
        lambda: func.lower(Person.settings.name),
        lambda: func.concat(Person.settings.name, "x"),
    ],
)
def test_what_can_not_be_meant_is_refused_while_building(wrong: Any) -> None:
    with pytest.raises(ArgumentError):
        wrong()


def test_an_error_names_no_value() -> None:
    with pytest.raises(ArgumentError) as caught:
        _ = S.notifications == "secret"
    assert "secret" not in str(caught.value)
    assert "settings.notifications" in str(caught.value)


class Inner(TypedDict):
    name: str


@dataclass
class Record:
    inner: Inner
    count: int = 0


class Written(BaseModel):
    moment: datetime

    @field_serializer("moment")
    def seconds(self, moment: datetime) -> int:
        return int(moment.timestamp())

    @computed_field  # type: ignore[prop-decorator]
    @property
    def year(self) -> int:
        return self.moment.year


class Other(Model, table="other"):
    metadata = MetaData()
    id: Mapped[int] = column(primary_key=True, init=False)
    record: Mapped[Record]
    written: Mapped[Written]
    pairs: Mapped[list[Settings]] = column(default_factory=list)

    __table_args__ = (Index("ix_kind", "id"),)


def test_dataclasses_and_typed_dicts_have_fields_too() -> None:
    record: Any = Other.record
    assert "-> 'inner' ->> 'name'" in str(record.inner.name == "x")
    with pytest.raises(UnknownAttributeError, match="did you mean 'count'"):
        _ = record.cont


def test_a_field_that_the_model_writes_itself_compares_as_json() -> None:
    assert str(Other.written.moment == 5).endswith("-> 'moment') = $1::text::jsonb")
    assert "AS numeric) > " in str(Other.written.year > 2000)


def test_items_of_a_list_of_models_have_fields() -> None:
    pairs: Any = Other.pairs
    assert "->> 'uiTheme'" in str(pairs[0].theme == "x")


def test_ddl_of_an_index_has_no_parameters() -> None:
    table = Person.__table__
    assert isinstance(table, Table)
    text = index_sql(table, Index("ix", S.theme, S.limits["a"]), "ix", if_not_exists=False)
    assert text == (
        'CREATE INDEX "ix" ON "person" ((("settings" ->> \'uiTheme\')), '
        "(CAST(\"settings\" -> 'limits' ->> 'a'::text AS numeric)))"
    )
