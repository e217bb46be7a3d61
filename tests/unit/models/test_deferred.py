"""column(deferred=True): what it declares, and where it can't be."""

from __future__ import annotations

from typing import Any

import pytest

from asyncorm import (
    ConfigurationError,
    ForeignKeyConstraint,
    Mapped,
    Related,
    UnloadedAttributeError,
    column,
    foreign_key,
    relationship,
    select,
)
from asyncorm.compiler.compiler import compile_statement
from asyncorm.sql.sources import aliased
from asyncorm.tracking.transitions import expire
from asyncorm.tracking.unit_of_work import UnitOfWork
from tests.support.loaded import load_row


def test_columns_carry_it_and_the_mapper_knows_the_groups(base: Any) -> None:
    class Texts(base):
        body: Mapped[str] = column(deferred=True, deferred_group="texts")

    class Article(Texts, table="article"):
        id: Mapped[int] = column(primary_key=True, init=False)
        title: Mapped[str]
        notes: Mapped[str | None] = column(default=None, deferred=True)
        tags: Mapped[list[str]] = column(default_factory=list, deferred=True)

    assert Article.body.deferred
    assert Article.body.deferred_group == "texts"
    assert not Article.title.deferred
    assert Article.__mapper__.deferred == {"body": "texts", "notes": None, "tags": None}
    assert Article.__mapper__.selected == ("id", "title")
    for entity in (Article, aliased(Article, "a")):
        text = compile_statement(select(entity)).sql
        assert "title" in text
        assert "body" not in text
    assert Article(title="t", body="b").body == "b"


def test_an_object_without_them_is_up_to_date(base: Any) -> None:
    class Article(base, table="article"):
        id: Mapped[int] = column(primary_key=True, init=False)
        title: Mapped[str]
        body: Mapped[str] = column(deferred=True)

    article = load_row(UnitOfWork(), Article, id=1, title="t")
    assert not article._state.partial
    expire(article, ("body",))
    assert not article._state.partial
    expire(article, ("title",))
    assert article._state.partial


@pytest.mark.parametrize(
    ("options", "what"),
    [({"primary_key": True, "init": False}, "the primary key"), ({"version": True}, "the version")],
)
def test_what_every_object_needs_can_not_be_deferred(
    base: Any, options: dict[str, Any], what: str
) -> None:
    with pytest.raises(
        ConfigurationError, match=rf"(?s)Thing\.number is deferred, but {what} must.*hint: leave"
    ):

        class Thing(base, table="thing"):
            id: Mapped[int] = column(primary_key=True)
            number: Mapped[int] = column(deferred=True, **options)


def test_a_group_without_deferring_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"hint: write column\(deferred=True, deferred_gr"):
        column(deferred_group="texts")


def test_a_key_that_something_refers_to_can_not_be_deferred(base: Any) -> None:
    class Country(base, table="country"):
        id: Mapped[int] = column(primary_key=True)
        code: Mapped[str] = column(unique=True, deferred=True)

    class City(base, table="city"):
        id: Mapped[int] = column(primary_key=True)
        country_code: Mapped[str] = foreign_key(Country.code)

    with pytest.raises(ConfigurationError, match=r"foreign key of 'city'.*country\.code, which is"):
        base.metadata.configure()


def test_a_composite_reference_can_not_be_deferred(base: Any) -> None:
    class Slot(base, table="slot"):
        row: Mapped[str] = column(primary_key=True)
        number: Mapped[int] = column(primary_key=True)

    class Box(base, table="box"):
        id: Mapped[int] = column(primary_key=True)
        row: Mapped[str]
        number: Mapped[int] = column(deferred=True)
        __table_args__ = (ForeignKeyConstraint(("row", "number"), ("slot.row", "slot.number")),)

    with pytest.raises(ConfigurationError, match=r"needs box\.number, which is deferred"):
        base.metadata.configure()


def test_what_a_relationship_joins_by_can_not_be_deferred(base: Any) -> None:
    class Country(base, table="country"):
        id: Mapped[int] = column(primary_key=True)
        code: Mapped[str]
        cities: Related[list[City]] = relationship(
            primaryjoin=lambda: Country.code == City.country_code,
            foreign_keys="country_code",
            viewonly=True,
        )

    class City(base, table="city"):
        id: Mapped[int] = column(primary_key=True)
        country_code: Mapped[str] = column(deferred=True)

    with pytest.raises(
        ConfigurationError, match=r"Country\.cities needs City\.country_code, which is deferred"
    ):
        base.metadata.configure()


def test_a_value_that_is_deleted_from_a_stored_object_is_a_gap(base: Any) -> None:
    class Article(base, table="article"):
        id: Mapped[int] = column(primary_key=True, init=False)
        title: Mapped[str]

    article = load_row(UnitOfWork(), Article, id=1, title="t")
    del article.title
    with pytest.raises(UnloadedAttributeError, match=r"Article\.title"):
        article.model_dump()
