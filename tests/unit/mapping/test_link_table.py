"""Link tables: found or made, and which of their keys refers to which side."""

from __future__ import annotations

from typing import Any

import pytest

from asyncorm import (
    ConfigurationError,
    ForeignKeyConstraint,
    Mapped,
    MetaData,
    Model,
    Related,
    Table,
    attribute_keyed_dict,
    column,
    foreign_key,
    relationship,
)
from asyncorm.engine.engine import find_tables
from asyncorm.mapping.relationships import Direction
from asyncorm.sql.table import Column
from asyncorm.types.scalars import BIGINT
from tests.support.links import Book, Linked, Person, Reader, Reading, Seat, Tag


def tables() -> dict[str, Table]:
    Linked.metadata.configure()
    return Linked.metadata.tables


def test_a_table_that_no_class_maps_is_made_of_the_two_keys() -> None:
    table = tables()["book_tag"]
    assert list(table.columns) == ["book_id", "tag_id"]
    assert [c.name for c in table.primary_key] == ["book_id", "tag_id"]
    assert [(k.target.name, k.ondelete, k.onupdate) for k in table.foreign_keys] == [
        ("book", "CASCADE", "CASCADE"),
        ("tag", "CASCADE", "CASCADE"),
    ]
    assert Book.tags.direction is Direction.MANY_TO_MANY


def test_composite_keys_have_a_column_for_each_part() -> None:
    assert list(tables()["seat_guest"].columns) == ["seat_row", "seat_number", "guest_name"]
    assert Seat.guests.secondary is not None
    assert Seat.guests.secondary.owner_key.pairs == (("seat_row", "row"), ("seat_number", "number"))


def test_in_a_self_reference_the_relationships_name_the_columns() -> None:
    known = tables()
    assert list(known["friendship"].columns) == ["person_id", "friends_id"]
    assert set(known["follow"].columns) == {"followers_id", "following_id"}
    followers, following = Person.followers.secondary, Person.following.secondary
    assert followers is not None
    assert following is not None
    assert followers.mirrors(following)
    assert followers.target_key.pairs == (("followers_id", "id"),)
    assert followers.swapped is not following.swapped


def test_a_mapped_table_is_used_as_it_is() -> None:
    tables()
    assert Book.readers.secondary is not None
    assert Book.readers.secondary.table is Reading.__table__


def test_an_automatic_table_comes_along_with_the_models_it_links() -> None:
    link = tables()["book_tag"]
    assert link in find_tables([Book, Tag])
    assert link not in find_tables([Book])
    assert link in find_tables([Book], any)
    assert Reading.__table__ not in find_tables([Book, Reader])


def test_the_table_lies_in_the_schema_of_the_owner() -> None:
    class Base(Model):
        metadata = MetaData()

    class Author(Base, table="author", schema="people"):
        id: Mapped[int] = column(primary_key=True)
        genres: Related[list[Genre]] = relationship(secondary="likes", back_populates="authors")

    class Genre(Base, table="genre"):
        id: Mapped[int] = column(primary_key=True)
        authors: Related[list[Author]] = relationship(secondary="likes", back_populates="genres")

    Base.metadata.configure()
    assert set(Base.metadata.tables) == {"people.author", "genre", "people.likes"}


def test_a_table_given_as_such_gets_its_foreign_keys() -> None:
    class Base(Model):
        metadata = MetaData()

    link = Table(
        "link",
        [Column("left", BIGINT), Column("right", BIGINT)],
        foreign_keys=[
            ForeignKeyConstraint(["left"], ["node.id"]),
            ForeignKeyConstraint(["right"], ["node.id"]),
        ],
    )

    class Node(Base, table="node"):
        id: Mapped[int] = column(primary_key=True)
        after: Related[list[Node]] = relationship(
            secondary=link, remote_side="right", back_populates="before"
        )
        before: Related[list[Node]] = relationship(secondary=link, back_populates="after")

    Base.metadata.configure()
    assert Base.metadata.tables["link"] is link
    assert Node.before.secondary is not None
    assert Node.before.secondary.target_key.pairs == (("left", "id"),)
    assert Node.before.back is Node.after


def test_foreign_keys_tell_which_of_several_are_meant() -> None:
    class Base(Model):
        metadata = MetaData()

    class Article(Base, table="article"):
        id: Mapped[int] = column(primary_key=True)
        topics: Related[list[Topic]] = relationship(
            secondary="about", foreign_keys=["article_id", "topic_id"]
        )

    class Topic(Base, table="topic"):
        id: Mapped[int] = column(primary_key=True)

    class About(Base, table="about"):
        article_id: Mapped[int] = foreign_key(Article.id, primary_key=True)
        topic_id: Mapped[int] = foreign_key(Topic.id, primary_key=True)
        because_of_id: Mapped[int | None] = foreign_key(Topic.id)

    Base.metadata.configure()
    assert Article.topics.secondary is not None
    assert Article.topics.secondary.target_key.columns == (About.topic_id,)


class Fresh(Model):
    metadata = MetaData()


def declare(annotation: Any, **options: Any) -> Any:
    """Two entities and a link table with three keys, and a relationship of the first."""

    class Base(Model):
        metadata = MetaData()

    class Target(Base, table="target"):
        id: Mapped[int] = column(primary_key=True)

    class Link(Base, table="link"):
        owner_id: Mapped[int] = column(primary_key=True)
        target_id: Mapped[int] = foreign_key(Target.id, primary_key=True)
        other_id: Mapped[int] = foreign_key(Target.id)

    class Owner(Base, table="owner"):
        __annotations__ = {"id": Mapped[int], "targets": Related[annotation]}
        id = column(primary_key=True)
        targets = relationship(**options)

    Base.metadata.configure()
    return Owner


@pytest.mark.parametrize(
    ("annotation", "options", "message", "hint"),
    [
        ("list[Target]", {"secondary": 5}, "secondary=5 is no table", "name a table"),
        ("Target", {"secondary": "x"}, "leads to a single object", "list[Target]"),
        (
            "list[Target]",
            {"secondary": "link"},
            "no foreign key of 'link' refers to 'owner'",
            "declare one with foreign_key",
        ),
        (
            "list[Target]",
            {"secondary": "x", "cascade": "all, delete-orphan"},
            "an object may have several parents",
            "single_parent=True",
        ),
        (
            "list[Target]",
            {"secondary": "x", "order_by": "nope"},
            "order_by names an unknown column 'nope'",
            "use a column of the target",
        ),
        (
            "dict[int, Target]",
            {"secondary": "x"},
            "nothing says which attribute is the key",
            "attribute_keyed_dict",
        ),
        (
            "dict[int, Target]",
            {"secondary": "x", "collection_class": attribute_keyed_dict("ids")},
            "keyed by Target.ids, which does not exist",
            "did you mean 'id'",
        ),
        (
            "list[Target]",
            {"secondary": "x", "collection_class": attribute_keyed_dict("id")},
            "collection class dict does not fit",
            "Related[dict[...]]",
        ),
        (
            "list[Target]",
            {"secondary": "x", "collection_class": set},
            "collection class set does not fit",
            "Related[set[...]]",
        ),
    ],
)
def test_what_does_not_fit_is_refused(
    annotation: str, options: dict[str, Any], message: str, hint: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        declare(annotation, **options)
    assert "Owner.targets" in str(caught.value)
    assert message in caught.value.message
    assert hint in str(caught.value.hint)


def test_several_keys_to_one_side_must_be_told_apart() -> None:
    class Base(Model):
        metadata = MetaData()

    class Node(Base, table="node"):
        id: Mapped[int] = column(primary_key=True)
        after: Related[list[Node]] = relationship(secondary="edge")

    class Edge(Base, table="edge"):
        first: Mapped[int] = foreign_key(Node.id, primary_key=True)
        second: Mapped[int] = foreign_key(Node.id, primary_key=True)

    with pytest.raises(ConfigurationError, match=r"Node\.after: which foreign keys of 'edge'"):
        Base.metadata.configure()


def test_both_sides_of_an_automatic_self_reference_name_each_other() -> None:
    class Base(Model):
        metadata = MetaData()

    class Node(Base, table="node"):
        id: Mapped[int] = column(primary_key=True)
        after: Related[list[Node]] = relationship(secondary="edge", back_populates="before")
        before: Related[list[Node]] = relationship(secondary="edge")

    with pytest.raises(ConfigurationError, match="name both sides in back_populates"):
        Base.metadata.configure()


def test_a_relationship_is_not_its_own_other_side() -> None:
    class Base(Model):
        metadata = MetaData()

    class Node(Base, table="node"):
        id: Mapped[int] = column(primary_key=True)
        peers: Related[list[Node]] = relationship(secondary="edge", back_populates="peers")

    with pytest.raises(ConfigurationError, match="link both objects to each other by hand"):
        Base.metadata.configure()


def test_two_keys_of_one_name_can_not_be_made() -> None:
    class Base(Model):
        metadata = MetaData()

    class Node(Base, table="node"):
        id: Mapped[int] = column(primary_key=True)
        node: Related[list[Node]] = relationship(secondary="edge")

    with pytest.raises(ConfigurationError, match="would be called 'node_id'"):
        Base.metadata.configure()


def test_two_sides_with_different_tables_do_not_fit() -> None:
    class Base(Model):
        metadata = MetaData()

    class A(Base, table="a"):
        id: Mapped[int] = column(primary_key=True)
        bs: Related[list[B]] = relationship(secondary="one", back_populates="as_")

    class B(Base, table="b"):
        id: Mapped[int] = column(primary_key=True)
        as_: Related[list[A]] = relationship(secondary="two", back_populates="bs")

    with pytest.raises(ConfigurationError, match="do not describe the same link"):
        Base.metadata.configure()


def test_a_class_comes_too_late_for_a_table_that_was_made() -> None:
    class Base(Model):
        metadata = MetaData()

    class A(Base, table="a"):
        id: Mapped[int] = column(primary_key=True)
        others: Related[list[A]] = relationship(secondary="link")

    Base.metadata.configure()
    with pytest.raises(ConfigurationError, match="made for itself already"):

        class Link(Base, table="link"):
            id: Mapped[int] = column(primary_key=True)


def test_classes_declared_again_get_a_new_table() -> None:
    def declared() -> tuple[Any, Any]:
        class Pen(Fresh, table="pen"):
            id: Mapped[int] = column(primary_key=True)
            inks: Related[list[Ink]] = relationship(secondary="filled")

        class Ink(Fresh, table="ink"):
            id: Mapped[int] = column(primary_key=True)

        Fresh.metadata.configure()
        return Pen, Ink

    declared()
    pen, ink = declared()
    secondary = pen.inks.secondary
    assert (secondary.owner_key.target, secondary.target_key.target) == (
        pen.__table__,
        ink.__table__,
    )
    assert Fresh.metadata.tables["filled"] is secondary.table
