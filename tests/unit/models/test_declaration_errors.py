"""A model that is declared wrongly is refused with a text that names it and says what to write."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from asyncorm import (
    CheckConstraint,
    ConfigurationError,
    Expression,
    ForeignKeyConstraint,
    InvalidRequestError,
    Mapped,
    MetaData,
    Model,
    Related,
    UnknownAttributeError,
    column,
    foreign_key,
    generated,
    relationship,
    select,
)
from asyncorm.errors import ArgumentError
from asyncorm.tracking.unit_of_work import UnitOfWork


def refused(*parts: str) -> Any:
    """The error with these parts of its text, in order."""
    return pytest.raises(ConfigurationError, match="(?s)" + ".*".join(parts))


# names


@pytest.mark.parametrize("name", ["schema", "json", "copy", "dict", "metadata", "model_fields"])
def test_a_name_that_pydantic_has_is_refused(base: Any, name: str) -> None:
    with refused(rf"Thing\.{name}: the name is taken", rf'hint: write {name}_: .*name="{name}"'):
        type(base)(
            "Thing",
            (base,),
            {"__module__": __name__, "__annotations__": {name: Mapped[str]}},
            table="things",
        )


def test_the_name_of_a_relationship_is_checked_too(base: Any) -> None:
    with refused(r"Thing\.copy: the name is taken"):

        class Thing(base, table="things"):
            id: Mapped[int] = column(primary_key=True)
            copy: Related[Thing] = relationship()


def test_a_column_without_annotation_is_not_lost(base: Any) -> None:
    with refused(r"Thing\.metadata: the name is taken"):

        class Thing(base, table="things"):
            metadata = 5


def test_the_name_of_our_own_slot_is_refused(base: Any) -> None:
    with refused(r"Thing\._state: the name is taken", "hint: write state_"):

        class Thing(base, table="things"):
            id: Mapped[int] = column(primary_key=True)
            _state: int = 0


def test_a_hash_by_value_is_refused(base: Any) -> None:
    class ByName:
        def __hash__(self) -> int:
            return hash(vars(self).get("name"))

    with refused(r"Tag has a __hash__ of its own", "leave __hash__ out"):

        class Tag(ByName, base, table="tags"):
            name: Mapped[str] = column(primary_key=True)


def test_equality_by_value_leaves_the_hash_alone(base: Any) -> None:
    class Tag(base, table="tags"):
        name: Mapped[str] = column(primary_key=True)

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Tag) and self.name == other.name

    one, other = Tag(name="a"), Tag(name="a")
    assert one == other
    assert len({one, other}) == 2


def test_the_way_out_of_a_taken_name_works(base: Any) -> None:
    class Thing(base, table="things"):
        id: Mapped[int] = column(primary_key=True)
        schema_: Mapped[str] = column(name="schema")

    assert Thing.schema_.name == "schema"


def test_two_attributes_of_one_column_are_refused(base: Any) -> None:
    with refused(r"Thing\.id and Thing\.other are both the column 'id'"):

        class Thing(base, table="things"):
            id: Mapped[int] = column(primary_key=True)
            other: Mapped[int] = column(name="id")


# tables


def test_a_table_name_outside_the_class_statement_is_refused(base: Any) -> None:
    with refused("Thing says no table name", r'class Thing\(Model, table="..."\)'):

        class Thing(base):
            __tablename__ = "things"


def test_an_empty_table_name_is_refused(base: Any) -> None:
    with refused("Thing says no table name"):

        class Thing(base, table=""):
            id: Mapped[int] = column(primary_key=True)


def test_a_schema_without_table_is_refused(base: Any) -> None:
    with refused("Thing has a schema but no table"):

        class Thing(base, schema="library"):
            id: Mapped[int] = column(primary_key=True)


def test_two_models_for_one_table_are_refused(base: Any) -> None:
    class One(base, table="things"):
        id: Mapped[int] = column(primary_key=True)

    with refused(
        "table 'things' is mapped by two classes", "One", "Two", r"metadata = MetaData\(\)"
    ):

        class Two(base, table="things"):
            id: Mapped[int] = column(primary_key=True)

    assert list(base.metadata.tables) == ["things"]


def test_one_table_name_in_two_schemas_is_two_tables(base: Any) -> None:
    class One(base, table="things"):
        id: Mapped[int] = column(primary_key=True)

    class Two(base, table="things", schema="other"):
        id: Mapped[int] = column(primary_key=True)

    assert list(base.metadata.tables) == ["things", "other.things"]


def test_a_class_that_is_executed_again_replaces_the_first(base: Any) -> None:
    def declare() -> Any:
        class Thing(base, table="things"):
            id: Mapped[int] = column(primary_key=True)

        return Thing

    declare()
    again = declare()
    assert base.metadata.tables["things"] is again.__table__


def test_bases_of_their_own_do_not_share_tables() -> None:
    class One(Model):
        metadata = MetaData()

    class Two(Model):
        metadata = MetaData(schema="second")

    class First(One, table="things"):
        id: Mapped[int] = column(primary_key=True)

    class Second(Two, table="things"):
        id: Mapped[int] = column(primary_key=True)

    assert One.metadata.tables == {"things": First.__table__}
    assert Two.metadata.tables == {"second.things": Second.__table__}
    assert not Model.metadata.tables.keys() & {"things", "second.things"}


def test_a_model_without_primary_key_is_refused(base: Any) -> None:
    with refused("Thing has no primary key", r"column\(primary_key=True, init=False\)"):

        class Thing(base, table="things"):
            name: Mapped[str]


def test_unknown_table_arguments_are_refused(base: Any) -> None:
    with refused(r"Thing\.__table_args__ holds str", "use UniqueConstraint"):

        class Thing(base, table="things"):
            id: Mapped[int] = column(primary_key=True)
            __table_args__ = ("title <> ''",)

    class Fine(base, table="fine"):
        id: Mapped[int] = column(primary_key=True)
        __table_args__ = CheckConstraint("id > 0")


# columns


def test_a_column_without_annotation_is_refused(base: Any) -> None:
    with refused(r"the column Thing\.id has no annotation", r"id: Mapped\[int\]"):

        class Thing(base, table="things"):
            id = column(primary_key=True)


def test_an_annotation_that_is_not_mapped_is_refused(base: Any) -> None:
    with refused(r"Thing\.name is annotated like a field", r"name: Mapped\[...\]", "ClassVar"):

        class Thing(base, table="things"):
            id: Mapped[int] = column(primary_key=True)
            name: str


def test_a_plain_field_of_a_mixin_is_refused_too(base: Any) -> None:
    class Mixin(BaseModel):
        name: str

    with refused(r"Thing\.name is annotated like a field"):

        class Thing(Mixin, base, table="things"):
            id: Mapped[int] = column(primary_key=True)


def test_a_type_that_is_not_defined_is_refused(base: Any) -> None:
    with refused(r"Thing\.body: a name in the annotation .*Missing.* is not defined yet"):

        class Thing(base, table="things"):
            id: Mapped[int] = column(primary_key=True)
            body: Mapped[Missing]  # noqa: F821


def test_a_type_that_postgresql_has_not_is_refused(base: Any) -> None:
    with refused(
        r"Thing\.body: no PostgreSQL type is known for", r"give the type: column\(JSONB\)"
    ):

        class Thing(base, table="things"):
            id: Mapped[int] = column(primary_key=True)
            body: Mapped[complex]


def test_a_key_that_the_database_can_not_make_is_refused(base: Any) -> None:
    with refused(r"Thing\.id: the database can't make a primary key of type text"):

        class Thing(base, table="things"):
            id: Mapped[str] = generated(primary_key=True)


# foreign keys


def test_a_foreign_key_to_an_unknown_table_is_refused(base: Any) -> None:
    class User(base, table="users"):
        id: Mapped[int] = column(primary_key=True)

    class Book(base, table="books"):
        id: Mapped[int] = column(primary_key=True)
        author_id: Mapped[int] = foreign_key("user.id")

    with refused("foreign key 'user.id' of table 'books' names an unknown table", "mean 'users'"):
        base.metadata.configure()


def test_a_foreign_key_to_an_unknown_column_is_refused(base: Any) -> None:
    class User(base, table="users"):
        ident: Mapped[int] = column(primary_key=True)

    class Book(base, table="books"):
        id: Mapped[int] = column(primary_key=True)
        author_id: Mapped[int] = foreign_key("users.idnt")

    with refused("'users.idnt' of table 'books' names an unknown column", "did you mean 'ident'"):
        base.metadata.configure()


def test_a_foreign_key_without_column_is_refused(base: Any) -> None:
    class Book(base, table="books"):
        id: Mapped[int] = column(primary_key=True)
        author_id: Mapped[int] = foreign_key("users")

    with refused("'users' of table 'books' names an unknown table", 'write "table.column"'):
        base.metadata.configure()


def test_a_composite_foreign_key_must_fit_its_targets(base: Any) -> None:
    class Slot(base, table="slots"):
        room: Mapped[str] = column(primary_key=True)
        hour: Mapped[int] = column(primary_key=True)

    class Booking(base, table="bookings"):
        id: Mapped[int] = column(primary_key=True)
        room: Mapped[str]
        __table_args__ = (ForeignKeyConstraint(["room"], ["slots.room", "slots.hour"]),)

    with refused(r"foreign key of 'bookings' over \(room\) does not match its targets"):
        base.metadata.configure()


def test_a_foreign_key_names_columns_of_its_own_table(base: Any) -> None:
    class Book(base, table="books"):
        id: Mapped[int] = column(primary_key=True)
        author: Mapped[int]
        __table_args__ = (ForeignKeyConstraint(["autor"], ["books.id"]),)

    with refused("foreign key of table 'books' names an unknown column 'autor'", "mean 'author'"):
        base.metadata.configure()


def test_a_configuration_that_failed_fails_again(base: Any) -> None:
    class Book(base, table="books"):
        id: Mapped[int] = column(primary_key=True)
        author_id: Mapped[int] = foreign_key("users.id")

    for _ in range(2):
        with refused("names an unknown table"):
            base.metadata.configure()

    class User(base, table="users"):
        id: Mapped[int] = column(primary_key=True)

    base.metadata.configure()
    assert Book.__table__.foreign_keys[0].target is User.__table__


# relationships


def test_a_relationship_to_an_unknown_class_is_refused(base: Any) -> None:
    class Book(base, table="books"):
        id: Mapped[int] = column(primary_key=True)
        author: Related[Person] = relationship()  # noqa: F821

    with refused(r"Book\.author: no mapped class is called 'Person'", "known: Book"):
        base.metadata.configure()


def test_a_relationship_to_a_class_without_table_is_refused(base: Any) -> None:
    class Mixin(base):
        pass

    class Book(base, table="books"):
        id: Mapped[int] = column(primary_key=True)
        author: Related[Mixin] = relationship()

    # a local class that is no entity can't be found by name, a global one has no table
    with refused(r"Book\.author"):
        base.metadata.configure()


def test_a_relationship_to_what_is_no_model_is_refused(base: Any) -> None:
    class Book(base, table="books"):
        id: Mapped[int] = column(primary_key=True)
        author: Related[UnitOfWork] = relationship()

    with refused(r"Book\.author points at UnitOfWork, which has no table"):
        base.metadata.configure()


def test_two_classes_of_one_name_can_not_be_told_apart(base: Any) -> None:
    def module(name: str, table: str) -> Any:
        return type(base)(
            "Tag",
            (base,),
            {
                "__module__": name,
                "__annotations__": {"id": Mapped[int]},
                "id": column(primary_key=True),
            },
            table=table,
        )

    module("one", "tags")
    module("two", "other_tags")

    class Book(base, table="books"):
        id: Mapped[int] = column(primary_key=True)
        tag: Related[Tag] = relationship()  # noqa: F821

    with refused(r"Book\.tag: several mapped classes are called 'Tag'", "one.Tag", "two.Tag"):
        base.metadata.configure()


def test_a_relationship_without_annotation_is_refused(base: Any) -> None:
    with refused(r"the relationship Book\.author has no annotation", r"Related\[list\[Book\]\]"):

        class Book(base, table="books"):
            id: Mapped[int] = column(primary_key=True)
            author = relationship()


def test_a_relationship_annotated_as_column_is_refused(base: Any) -> None:
    class Book(base, table="books"):
        id: Mapped[int] = column(primary_key=True)
        other: Mapped[Book] = relationship()

    with refused(r"Book\.other is a relationship, but annotated as a column", "Related"):
        base.metadata.configure()


def test_an_unknown_cascade_is_refused() -> None:
    with refused("unknown cascade 'delete-all'", "use some of: all, delete"):
        relationship(cascade="save-update, delete-all")


def test_delete_orphan_needs_delete() -> None:
    with refused("delete-orphan needs delete", 'cascade="all, delete-orphan"'):
        relationship(cascade="delete-orphan")


def test_a_relationship_without_foreign_key_is_refused(base: Any) -> None:
    class User(base, table="users"):
        id: Mapped[int] = column(primary_key=True)

    class Book(base, table="books"):
        id: Mapped[int] = column(primary_key=True)
        author: Related[User] = relationship()

    with refused(r"Book\.author: no foreign key joins 'books' and 'users'", r"foreign_key\(...\)"):
        base.metadata.configure()


def test_several_foreign_keys_need_a_choice(base: Any) -> None:
    class User(base, table="users"):
        id: Mapped[int] = column(primary_key=True)

    class Book(base, table="books"):
        id: Mapped[int] = column(primary_key=True)
        author_id: Mapped[int] = foreign_key(User.id)
        editor_id: Mapped[int] = foreign_key(User.id)
        author: Related[User] = relationship()

    with refused(r"Book\.author: several foreign keys join", r"relationship\(foreign_keys="):
        base.metadata.configure()


def test_a_collection_on_the_side_of_the_foreign_key_is_refused(base: Any) -> None:
    class User(base, table="users"):
        id: Mapped[int] = column(primary_key=True)

    class Book(base, table="books"):
        id: Mapped[int] = column(primary_key=True)
        author_id: Mapped[int] = foreign_key(User.id)
        authors: Related[list[User]] = relationship()

    with refused(r"Book\.authors is a collection, but Book\.author_id", r"Related\[User\]"):
        base.metadata.configure()


@pytest.mark.parametrize("argument", ["foreign_keys", "remote_side"])
def test_columns_that_do_not_exist_are_refused(base: Any, argument: str) -> None:
    class Node(base, table="nodes"):
        id: Mapped[int] = column(primary_key=True)
        parent_id: Mapped[int | None] = foreign_key("nodes.id")
        parent: Related[Node | None] = relationship(**{argument: "parnt_id"})

    with refused(rf"Node\.parent: {argument} names no column", "did you mean 'parent_id'"):
        base.metadata.configure()


def test_a_column_of_the_class_body_can_be_named_by_itself(base: Any) -> None:
    class Node(base, table="nodes"):
        id: Mapped[int] = column(primary_key=True)
        parent_id: Mapped[int | None] = foreign_key("nodes.id")
        other_id: Mapped[int | None] = foreign_key("nodes.id")
        parent: Related[Node | None] = relationship(remote_side=[id], foreign_keys=[parent_id])

    base.metadata.configure()
    assert Node.parent.pairs == (("parent_id", "id"),)


def test_both_sides_must_name_each_other(base: Any) -> None:
    class User(base, table="users"):
        id: Mapped[int] = column(primary_key=True)
        books: Related[list[Book]] = relationship(back_populates="author")

    class Book(base, table="books"):
        id: Mapped[int] = column(primary_key=True)
        author_id: Mapped[int] = foreign_key(User.id)
        author: Related[User] = relationship()

    with refused(r"Book\.author does not name it in turn", "back_populates='books'"):
        base.metadata.configure()


def test_back_populates_must_name_a_relationship(base: Any) -> None:
    class User(base, table="users"):
        id: Mapped[int] = column(primary_key=True)
        books: Related[list[Book]] = relationship(back_populates="autor")

    class Book(base, table="books"):
        id: Mapped[int] = column(primary_key=True)
        author_id: Mapped[int] = foreign_key(User.id)
        author: Related[User] = relationship(back_populates="books")

    with refused(r"User\.books: back_populates='autor', but Book has no such", "mean 'author'"):
        base.metadata.configure()


def test_back_populates_must_name_the_other_side_of_one_link(base: Any) -> None:
    class User(base, table="users"):
        id: Mapped[int] = column(primary_key=True)
        books: Related[list[Book]] = relationship(back_populates="editor", foreign_keys="author_id")

    class Book(base, table="books"):
        id: Mapped[int] = column(primary_key=True)
        author_id: Mapped[int] = foreign_key(User.id)
        editor_id: Mapped[int] = foreign_key(User.id)
        editor: Related[User] = relationship(back_populates="books", foreign_keys="editor_id")

    with refused(r"User\.books and Book\.editor do not describe the same link"):
        base.metadata.configure()


def test_both_sides_of_a_self_reference_must_look_differently(base: Any) -> None:
    class Node(base, table="nodes"):
        id: Mapped[int] = column(primary_key=True)
        parent_id: Mapped[int | None] = foreign_key("nodes.id")
        parent: Related[Node | None] = relationship(back_populates="other")
        other: Related[Node | None] = relationship(back_populates="parent")

    with refused(r"Node\.parent and Node\.other both look in the same direction", "remote_side"):
        base.metadata.configure()


def test_order_by_names_a_column_of_the_target(base: Any) -> None:
    class User(base, table="users"):
        id: Mapped[int] = column(primary_key=True)
        books: Related[list[Book]] = relationship(order_by="titel")

    class Book(base, table="books"):
        id: Mapped[int] = column(primary_key=True)
        title: Mapped[str]
        author_id: Mapped[int] = foreign_key(User.id)

    with refused(r"User\.books: order_by names an unknown column 'titel'", "did you mean 'title'"):
        base.metadata.configure()


def test_order_by_is_an_order(base: Any) -> None:
    class User(base, table="users"):
        id: Mapped[int] = column(primary_key=True)
        books: Related[list[Book]] = relationship(order_by=lambda: 5)

    class Book(base, table="books"):
        id: Mapped[int] = column(primary_key=True)
        author_id: Mapped[int] = foreign_key(User.id)

    with refused(r"User\.books: order_by is a int, not an order", "lambda: Book.year.desc"):
        base.metadata.configure()


# use of what is not there


def test_an_unknown_attribute_of_a_model_says_what_was_meant(base: Any) -> None:
    class User(base, table="users"):
        id: Mapped[int] = column(primary_key=True)
        email: Mapped[str]

    with pytest.raises(UnknownAttributeError) as caught:
        select(User).where(User.emial == "x")
    assert isinstance(caught.value, AttributeError)
    assert str(caught.value) == (
        "User has no column or relationship 'emial'\nhint: did you mean 'email'?"
    )
    with pytest.raises(UnknownAttributeError, match="hint: it has id, email"):
        User.nope  # noqa: B018
    assert not hasattr(User, "nope")


def test_a_mixin_can_not_be_selected(base: Any) -> None:
    class Mixin(base):
        name: Mapped[str]

    with pytest.raises(InvalidRequestError, match="can't select Mixin"):
        select(Mixin)
    with pytest.raises(AttributeError):
        Mixin.name  # noqa: B018


def test_a_mixin_can_not_be_added(base: Any) -> None:
    class Mixin(base):
        name: Mapped[str]

    with pytest.raises(ArgumentError, match=r"(?s)Mixin is not a mapped class.*hint: declare it"):
        UnitOfWork().add(Mixin(name="x"))


def test_a_column_has_no_truth_value(base: Any) -> None:
    class User(base, table="users"):
        id: Mapped[int] = column(primary_key=True)

    assert isinstance(User.id == 1, Expression)
    with pytest.raises(TypeError, match="known only to the database"):
        bool(User.id == 1)


def test_a_column_of_postgresql_itself_is_named(base: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"(?s)Page\.ctid.*'ctid'.*hint: .*another name"):

        class Page(base, table="page"):
            id: Mapped[int] = column(primary_key=True)
            ctid: Mapped[int]
