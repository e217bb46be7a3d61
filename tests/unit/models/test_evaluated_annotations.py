"""Models in a module whose annotations are values: no `from __future__ import annotations`."""

from typing import Any, ClassVar, Optional

import pytest

from asyncorm import (
    ConfigurationError,
    Mapped,
    MetaData,
    Model,
    Related,
    column,
    foreign_key,
    relationship,
)


class Base(Model):
    metadata: ClassVar[MetaData] = MetaData()


class User(Base, table="users"):
    kind: ClassVar[str] = "user"
    id: Mapped[int] = column(primary_key=True)
    age: Mapped[Optional[int]] = column(default=None)  # noqa: UP045
    books: Related[list["Book"]] = relationship(back_populates="author")


class Book(Base, table="books"):
    id: Mapped[int] = column(primary_key=True)
    author_id: Mapped[int | None] = foreign_key(User.id)
    author: Related[Optional["User"]] = relationship(back_populates="books")


def test_columns_and_relationships_are_found() -> None:
    assert list(User.__table__.columns) == ["id", "age"]
    assert User.__table__.columns["age"].nullable
    user = User(id=1, books=[Book(id=2)])
    assert user.books[0].author is user
    assert User.kind == "user"


def test_the_base_has_tables_of_its_own() -> None:
    assert set(Base.metadata.tables) == {"users", "books"}
    assert User.metadata is Base.metadata is not Model.metadata


def test_wrong_annotations_are_told() -> None:
    with pytest.raises(ConfigurationError, match=r"Thing\.name is annotated like a field"):

        class Thing(Base, table="things"):
            id: Mapped[int] = column(primary_key=True)
            name: str

    with pytest.raises(ConfigurationError, match=r"Other\.json: the name is taken"):

        class Other(Base, table="others"):
            json: Mapped[dict[str, Any]] = column(primary_key=True)
