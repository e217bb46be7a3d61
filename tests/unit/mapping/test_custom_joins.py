"""primaryjoin and secondaryjoin: the key they name, the restrictions, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from asyncorm import (
    ConfigurationError,
    Mapped,
    MetaData,
    Model,
    Related,
    aliased,
    and_,
    column,
    foreign_key,
    func,
    or_,
    relationship,
    select,
)
from asyncorm.mapping.relationships import Direction
from tests.support.language import compiled
from tests.support.restricted import City, Label, Office, Post, Topic, Writer


def sql(statement: Any) -> str:
    return compiled(statement)[0].replace('"', "")


def where(entity: Any, condition: Any) -> str:
    return sql(select(func.count()).select_from(entity).where(condition)).partition(" WHERE ")[2]


def configured(make: Any) -> None:
    class Base(Model):
        metadata = MetaData()

    make(Base)
    Base.metadata.configure()


def test_equal_columns_name_the_key_and_the_rest_restricts() -> None:
    Writer.metadata.configure()
    assert Writer.published.direction is Direction.ONE_TO_MANY
    assert Writer.published.foreign_key is Post.author.foreign_key
    assert len(Writer.published.restrictions) == 1
    assert Writer.posts.restrictions == ()
    # of two keys between the tables it chooses one
    assert Writer.reviewed.foreign_key is not Writer.published.foreign_key


def test_queries_keep_to_the_restrictions() -> None:
    on = "posts.author_id = writer.id AND posts.published = $1::boolean"
    assert sql(select(Writer.id).join(Writer.published)) == (
        f"SELECT writer.id FROM writer JOIN posts ON {on}"
    )
    other = aliased(Post, "p")
    assert sql(select(Writer.id).join(other, Writer.published)) == (
        "SELECT writer.id FROM writer JOIN posts AS p ON p.author_id = writer.id "
        "AND p.published = $1::boolean"
    )
    assert where(Writer, Writer.published.any(Post.text == "x")) == (
        f"EXISTS (SELECT posts.id FROM posts WHERE {on} AND posts.text = $2::text)"
    )
    assert where(Writer, Writer.published.contains(Post(id=4))) == (
        f"EXISTS (SELECT posts.id FROM posts WHERE {on} AND posts.id = $2::bigint)"
    )


def test_a_restricted_reference_is_compared_with_the_row() -> None:
    active = "EXISTS (SELECT writer.id FROM writer WHERE writer.id = posts.author_id AND "
    named = "(writer.name <> $1::text OR writer.name IS NULL)"
    ada = Writer(id=1, name="ada")
    assert where(Post, Post.named == ada) == f"{active}{named} AND writer.id = $2::bigint)"
    assert where(Post, Post.named == None) == f"NOT {active}{named})"
    assert sql(select(Post.named.to.name)) == (
        "SELECT writer_1.name FROM posts LEFT JOIN writer AS writer_1 "
        "ON writer_1.id = posts.author_id AND "
        "(writer_1.name <> $1::text OR writer_1.name IS NULL)"
    )


def test_a_link_table_is_restricted_as_well() -> None:
    joined = "(label JOIN post_label AS post_label_1 ON post_label_1.label_id = label.id AND "
    assert sql(select(Post.id).join(Post.main_labels)) == (
        f"SELECT posts.id FROM posts JOIN {joined}post_label_1.main = $1::boolean) "
        "ON post_label_1.post_id = posts.id"
    )
    assert where(Post, Post.main_labels.contains(Label(id=3, text="x"))) == (
        "EXISTS (SELECT post_label_1.post_id FROM post_label AS post_label_1 JOIN label "
        "ON post_label_1.label_id = label.id AND post_label_1.main = $1::boolean "
        "WHERE post_label_1.post_id = posts.id AND label.id = $2::bigint)"
    )


def test_a_relationship_to_look_along_needs_no_key_in_the_database() -> None:
    assert sql(select(Office.id).join(Office.city)) == (
        "SELECT office.id FROM office JOIN city ON city.code = office.city_code"
    )
    assert City.offices.direction is Direction.ONE_TO_MANY
    assert Office.city.direction is Direction.MANY_TO_ONE
    assert where(Office, Office.city == City(id=7, code="X")) == "office.city_code = $1::text"
    assert Office.__table__.foreign_keys == []
    above = "topic_1.path = topic.parent_path"
    assert where(Topic, Topic.parent.has(Topic.id == 1)) == (
        f"EXISTS (SELECT topic_1.id FROM topic AS topic_1 WHERE {above} "
        "AND topic_1.id = $1::bigint)"
    )
    assert Topic.below.direction is Direction.ONE_TO_MANY


def text_join(base: Any) -> None:
    class A(base, table="a"):  # type: ignore[misc]
        id: Mapped[int] = column(primary_key=True)
        bs: Related[list[B]] = relationship(primaryjoin="A.id == B.a_id")  # type: ignore[arg-type]

    class B(base, table="b"):  # type: ignore[misc]
        id: Mapped[int] = column(primary_key=True)
        a_id: Mapped[int] = foreign_key(A.id)


def no_pair(base: Any) -> None:
    class A(base, table="a"):  # type: ignore[misc]
        id: Mapped[int] = column(primary_key=True)
        bs: Related[list[B]] = relationship(primaryjoin=lambda: B.id > 3)

    class B(base, table="b"):  # type: ignore[misc]
        id: Mapped[int] = column(primary_key=True)
        a_id: Mapped[int] = foreign_key(A.id)


def on_the_owner(base: Any) -> None:
    class A(base, table="a"):  # type: ignore[misc]
        id: Mapped[int] = column(primary_key=True)
        kind: Mapped[str]
        bs: Related[list[B]] = relationship(
            primaryjoin=lambda: and_(A.id == B.a_id, or_(A.kind == "x", B.id > 3))
        )

    class B(base, table="b"):  # type: ignore[misc]
        id: Mapped[int] = column(primary_key=True)
        a_id: Mapped[int] = foreign_key(A.id)


def written_without_key(base: Any) -> None:
    class A(base, table="a"):  # type: ignore[misc]
        id: Mapped[int] = column(primary_key=True)
        bs: Related[list[B]] = relationship(primaryjoin=lambda: A.id == B.a_id, foreign_keys="a_id")

    class B(base, table="b"):  # type: ignore[misc]
        id: Mapped[int] = column(primary_key=True)
        a_id: Mapped[int]


def unclear_side(base: Any) -> None:
    class A(base, table="a"):  # type: ignore[misc]
        id: Mapped[int] = column(primary_key=True)
        code: Mapped[str]
        bs: Related[list[B]] = relationship(
            primaryjoin=lambda: A.code == B.code, foreign_keys="code", viewonly=True
        )

    class B(base, table="b"):  # type: ignore[misc]
        id: Mapped[int] = column(primary_key=True)
        code: Mapped[str]


def own_columns(base: Any) -> None:
    class A(base, table="a"):  # type: ignore[misc]
        id: Mapped[int] = column(primary_key=True)
        code: Mapped[str]
        bs: Related[list[B]] = relationship(
            primaryjoin=lambda: A.code == B.code, foreign_keys="A.code", viewonly=True
        )

    class B(base, table="b"):  # type: ignore[misc]
        id: Mapped[int] = column(primary_key=True)
        code: Mapped[str]


def no_link_table(base: Any) -> None:
    class A(base, table="a"):  # type: ignore[misc]
        id: Mapped[int] = column(primary_key=True)
        bs: Related[list[B]] = relationship(secondaryjoin=lambda: B.id > 3)

    class B(base, table="b"):  # type: ignore[misc]
        id: Mapped[int] = column(primary_key=True)
        a_id: Mapped[int] = foreign_key(A.id)


def over_a_relationship(base: Any) -> None:
    class A(base, table="a"):  # type: ignore[misc]
        id: Mapped[int] = column(primary_key=True)
        bs: Related[list[B]] = relationship(
            primaryjoin=lambda: and_(A.id == B.a_id, B.a.has()), viewonly=True
        )

    class B(base, table="b"):  # type: ignore[misc]
        id: Mapped[int] = column(primary_key=True)
        a_id: Mapped[int] = foreign_key(A.id)
        a: Related[A] = relationship()


@pytest.mark.parametrize(
    ("make", "message", "hint"),
    [
        (over_a_relationship, "uses a relationship", "columns"),
        (text_join, "primaryjoin is text", "in a lambda"),
        (no_pair, "follows no foreign key", "compare all columns"),
        (on_the_owner, "a condition on 'a'", "into queries"),
        (written_without_key, "follows no foreign key", "viewonly=True"),
        (unclear_side, "does not say which", "Book.code"),
        (own_columns, "its own columns refer", "foreign_keys"),
        (no_link_table, "no secondary table", "secondary="),
    ],
)
def test_a_join_that_can_not_be_followed_is_refused(make: Any, message: str, hint: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        configured(make)
    assert message in caught.value.message
    assert hint in str(caught.value.hint)
