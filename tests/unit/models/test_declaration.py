"""From a class statement to a table and a mapper."""

from __future__ import annotations

import threading
import warnings
from typing import Any
from uuid import UUID, uuid4

import asyncorm as orm
from asyncorm import (
    JSONB,
    BigInteger,
    CheckConstraint,
    CreateIndex,
    CreateTable,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    Mapped,
    Related,
    UniqueConstraint,
    column,
    foreign_key,
    func,
    generated,
    relationship,
)
from asyncorm import Related as Linked
from asyncorm.mapping.relationships import Direction
from asyncorm.models.building import BUILDING


def test_the_type_and_null_come_from_the_annotation(base: Any) -> None:
    class Thing(base, table="things"):
        id: Mapped[int] = column(primary_key=True)
        size: Mapped[int | None] = column(Integer, default=None)
        notes: Mapped[dict[str, Any]] = column(JSONB)

    columns = Thing.__table__.columns
    assert [(c.name, c._type.ddl, c.nullable) for c in columns.values()] == [
        ("id", "bigint", False),
        ("size", "integer", True),
        ("notes", "jsonb", False),
    ]
    assert isinstance(columns["id"]._type, BigInteger)


def test_a_primary_key_is_given_or_made_as_declared(base: Any) -> None:
    class Given(base, table="given"):
        id: Mapped[int] = column(primary_key=True)

    class Made(base, table="made"):
        id: Mapped[int] = column(primary_key=True, init=False)

    class Both(base, table="both"):
        id: Mapped[int] = generated(primary_key=True)

    class Unique(base, table="uniques"):
        id: Mapped[UUID] = generated(primary_key=True)

    class Python(base, table="python"):
        id: Mapped[UUID] = column(primary_key=True, default_factory=uuid4)

    assert Given.__table__.columns["id"].identity is None
    assert Made.__table__.columns["id"].identity == Identity()
    assert Both.__table__.columns["id"].identity == Identity()
    assert str(Unique.__table__.columns["id"].server_default) == "gen_random_uuid()"
    assert not Python.__table__.columns["id"].server_generated
    assert Python().id.version == 4


def test_table_arguments_name_columns_by_text(base: Any) -> None:
    class Book(base, table="book", schema="library"):
        id: Mapped[int] = column(primary_key=True)
        title: Mapped[str] = column(index=True)
        isbn: Mapped[str] = column(unique=True, name="isbn13")
        __table_args__ = (
            UniqueConstraint("title", "isbn"),
            Index("ix_title", func.lower("title")),
            CheckConstraint("title <> ''"),
        )

    base.metadata.configure()
    assert str(CreateTable(Book)) == (
        'CREATE TABLE "library"."book" (\n'
        '    "id" bigint NOT NULL,\n'
        '    "title" text NOT NULL,\n'
        '    "isbn13" text NOT NULL,\n'
        '    CONSTRAINT "pk_book" PRIMARY KEY ("id"),\n'
        '    CONSTRAINT "uq_book_title_isbn13" UNIQUE ("title", "isbn13"),\n'
        '    CONSTRAINT "uq_book_isbn13" UNIQUE ("isbn13"),\n'
        "    CONSTRAINT \"ck_book_1\" CHECK (title <> '')\n"
        ")"
    )
    assert [str(CreateIndex(Book, index)) for index in Book.__table__.indexes] == [
        'CREATE INDEX "ix_title" ON "library"."book" ((lower("title")))',
        'CREATE INDEX "ix_book_title" ON "library"."book" ("title")',
    ]


def test_composite_keys_and_foreign_keys(base: Any) -> None:
    class Slot(base, table="slots"):
        room: Mapped[str] = column(primary_key=True)
        hour: Mapped[int] = column(primary_key=True)

    class Booking(base, table="bookings"):
        id: Mapped[int] = column(primary_key=True)
        room: Mapped[str]
        hour: Mapped[int]
        slot: Related[Slot] = relationship()
        __table_args__ = (ForeignKeyConstraint(["room", "hour"], ["slots.room", "slots.hour"]),)

    base.metadata.configure()
    assert Slot.__mapper__.primary_key == ("room", "hour")
    (key,) = Booking.__table__.foreign_keys
    assert [c.name for c in key.columns] == ["room", "hour"]
    assert Booking.slot.pairs == (("room", "room"), ("hour", "hour"))


def test_a_foreign_key_carries_its_options(base: Any) -> None:
    class User(base, table="users"):
        id: Mapped[int] = column(primary_key=True)
        boss_id: Mapped[int | None] = foreign_key(
            "users.id", ondelete="SET NULL", onupdate="CASCADE", initially="DEFERRED", index=True
        )

    base.metadata.configure()
    (key,) = User.__table__.foreign_keys
    assert (key.ondelete, key.onupdate, key.deferrable) == ("SET NULL", "CASCADE", True)
    assert User.__table__.indexes[0].expressions == ("boss_id",)


# inheritance


def test_each_class_has_columns_of_its_own(base: Any) -> None:
    class Stamps(base):
        created: Mapped[int] = column(default=1)

    class User(Stamps, table="users"):
        id: Mapped[int] = column(primary_key=True)
        name: Mapped[str] = column(default="x")

    with warnings.catch_warnings():
        warnings.simplefilter("error")  # pydantic: "shadows an attribute in parent"

        class Admin(User, table="admins"):
            name: Mapped[str] = column(default="root")
            level: Mapped[int] = column(default=1)

    assert list(Admin.__table__.columns) == ["created", "id", "name", "level"]
    assert Admin.name.table is Admin.__table__
    assert User.name.table is User.__table__
    assert Admin(id=1).name == "root"
    assert User(id=1).name == "x"


def test_relationships_of_a_mixin_are_each_subclass_own(base: Any) -> None:
    class User(base, table="users"):
        id: Mapped[int] = column(primary_key=True)

    class Owned(base):
        owner_id: Mapped[int] = foreign_key("users.id")
        owner: Related[User] = relationship()

    class Car(Owned, table="cars"):
        id: Mapped[int] = column(primary_key=True)

    class House(Owned, table="houses"):
        id: Mapped[int] = column(primary_key=True)

    base.metadata.configure()
    assert Car.owner is not House.owner
    assert Car.owner.foreign_key.table is Car.__table__
    assert House.owner.target is User.__mapper__


def test_a_subclass_without_table_is_a_plain_model(base: Any) -> None:
    class User(base, table="users"):
        id: Mapped[int] = column(primary_key=True, init=False)
        name: Mapped[str]

    class Signup(User):
        pass

    assert Signup(name="Ann").name == "Ann"
    assert Signup.__mapper__ is None


# relationships, in every spelling


def test_relationship_annotations_may_be_written_in_many_ways(base: Any) -> None:
    class User(base, table="users"):
        id: Mapped[int] = column(primary_key=True)
        books: Related[list["Book"]] = relationship(foreign_keys="author_id")  # noqa: UP037
        edited: orm.Related[set[Book]] = relationship(foreign_keys="editor_id")
        profile: Related["Profile | None"] = relationship()  # noqa: UP037

    class Profile(base, table="profiles"):
        id: Mapped[int] = column(primary_key=True)
        user_id: Mapped[int] = foreign_key(User.id, unique=True)
        user: Linked[User] = relationship()

    class Book(base, table="books"):
        id: Mapped[int] = column(primary_key=True)
        author_id: Mapped[int] = foreign_key(User.id)
        editor_id: Mapped[int | None] = foreign_key(User.id)
        author: "Related[User]" = relationship(foreign_keys="author_id")  # noqa: UP037
        editor: Related[User | None] = relationship(foreign_keys="editor_id")

    base.metadata.configure()
    found = {
        str(r): (r.target.name, r.collection, r.direction)
        for mapper in (User.__mapper__, Profile.__mapper__, Book.__mapper__)
        for r in mapper.relationships.values()
    }
    to_one, to_many = Direction.MANY_TO_ONE, Direction.ONE_TO_MANY
    assert found == {
        "User.books": ("Book", list, to_many),
        "User.edited": ("Book", set, to_many),
        "User.profile": ("Profile", None, to_many),
        "Profile.user": ("User", None, to_one),
        "Book.author": ("User", None, to_one),
        "Book.editor": ("User", None, to_one),
    }


def test_an_annotation_alone_declares_a_relationship(base: Any) -> None:
    class User(base, table="users"):
        id: Mapped[int] = column(primary_key=True)

    class Book(base, table="books"):
        id: Mapped[int] = column(primary_key=True)
        author_id: Mapped[int] = foreign_key(User.id)
        author: Related[User]

    user = User(id=1)
    assert Book(id=1, author=user).author is user


def test_a_self_reference_has_two_sides(base: Any) -> None:
    class Node(base, table="nodes"):
        id: Mapped[int] = column(primary_key=True)
        parent_id: Mapped[int | None] = foreign_key("nodes.id")
        parent: Related[Node | None] = relationship(back_populates="children", remote_side="id")
        children: Related[list[Node]] = relationship(back_populates="parent")

    root = Node(id=1, children=[Node(id=2)])
    assert root.children[0].parent is root
    assert Node.parent.back is Node.children


# while a class is built


def test_other_threads_see_columns_while_a_class_is_built(base: Any) -> None:
    class User(base, table="users"):
        id: Mapped[int] = column(primary_key=True)

    seen: list[Any] = []
    with BUILDING:
        assert not hasattr(User, "id")
        thread = threading.Thread(target=lambda: seen.append(User.id))
        thread.start()
        thread.join()
    assert seen == [User.__table__.columns["id"]]
    assert User.id is seen[0]
