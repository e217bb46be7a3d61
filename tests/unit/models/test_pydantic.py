"""A mapped class is a pydantic model like any other."""

from __future__ import annotations

import json
import warnings
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Generic, TypeVar

import pytest
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    TypeAdapter,
    ValidationError,
    computed_field,
    create_model,
    field_validator,
    model_validator,
)

from asyncorm import (
    JSONB,
    Column,
    Mapped,
    MetaData,
    Model,
    NullColumn,
    Related,
    column,
    foreign_key,
    func,
    generated,
    inspect,
    relationship,
)
from asyncorm.tracking.unit_of_work import UnitOfWork
from tests.support.loaded import load_row

T = TypeVar("T")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Base(Model):
    metadata = MetaData()


class Timestamps(Base):
    created_at: Mapped[datetime] = column(server_default=func.now(), init=False)


class User(Timestamps, table="users"):
    id: Mapped[int] = column(primary_key=True, init=False)
    email: Mapped[Annotated[str, Field(max_length=50, pattern="@", title="E-mail")]] = column(
        unique=True
    )
    age: Mapped[int | None] = column(default=None)
    tags: Mapped[list[str]] = column(default_factory=list)
    books: Related[list[Book]] = relationship(back_populates="author")

    @field_validator("email")
    @classmethod
    def lower(cls, value: str) -> str:
        return value.lower()


class Book(Base, table="books"):
    id: Mapped[int] = generated(primary_key=True)
    title: Mapped[str]
    author_id: Mapped[int] = foreign_key(User.id)
    editor_id: Mapped[int | None] = foreign_key("users.id")
    author: Related[User] = relationship(back_populates="books", foreign_keys="author_id")


class Account(Base, table="accounts", validate_assignment=True):
    prefix: ClassVar[str] = "acc"
    id: Mapped[int] = column(primary_key=True, init=False)
    owner: Mapped[Annotated[str, Field(alias="ownerName", min_length=2)]]
    low: Mapped[int] = column(default=0)
    high: Mapped[int] = column(default=10)
    _notes: list[str] = PrivateAttr(default_factory=list)

    @field_validator("owner")
    @classmethod
    def strip(cls, value: str) -> str:
        return value.strip()

    @model_validator(mode="after")
    def in_order(self) -> Account:
        if self.low > self.high:
            raise ValueError("low is above high")
        return self

    @computed_field
    @property
    def span(self) -> int:
        return self.high - self.low


class Event(Base, Generic[T], table="events"):
    id: Mapped[int] = column(primary_key=True)
    payload: Mapped[T] = column(JSONB)


class Page(BaseModel, Generic[T]):
    items: list[T]


def user_row(unit: UnitOfWork) -> User:
    return load_row(unit, User, created_at=NOW, id=1, email="a@b", age=None, tags=[])


# what pydantic sees


def test_pydantic_sees_the_plain_types() -> None:
    assert User.model_fields["id"].annotation is int
    assert User.model_fields["age"].annotation == int | None
    assert User.model_fields["email"].title == "E-mail"


def test_relationships_are_no_fields() -> None:
    assert "books" not in User.model_fields
    assert "books" not in User(email="a@b").model_dump()


def test_fields_of_a_mixin_come_first() -> None:
    assert list(User.model_fields) == ["created_at", "id", "email", "age", "tags"]


def test_class_access_gives_columns() -> None:
    assert isinstance(User.email, Column)
    assert isinstance(User.age, NullColumn)
    assert isinstance(User.created_at, Column)


# validation


def test_the_constructor_validates() -> None:
    with pytest.raises(ValidationError, match="should match pattern"):
        User(email="no at sign")
    assert User(email="A@B").email == "a@b"


def test_the_constructor_converts_as_pydantic_does() -> None:
    assert User.model_validate({"email": "a@b", "age": "3"}).age == 3
    assert User.model_validate_json('{"email": "a@b", "age": 3}').age == 3


def test_a_missing_value_is_named() -> None:
    with pytest.raises(ValidationError, match=r"email\n  Field required"):
        User()


def test_an_unknown_name_in_the_constructor_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"emial\n  Extra inputs are not permitted"):
        User(email="a@b", emial="x")


def test_a_wrong_type_in_the_constructor_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"age\n  Input should be a valid integer"):
        User(email="a@b", age="old")


def test_a_value_too_long_is_refused() -> None:
    with pytest.raises(ValidationError, match="at most 50 characters"):
        User(email="a@" + "b" * 50)


# values that the database makes


def test_unset_generated_attributes_are_none_before_the_flush() -> None:
    user, book = User(email="a@b"), Book(title="t")
    assert user.id is None
    assert user.created_at is None
    assert book.id is None
    assert book.author_id is None
    assert user.model_fields_set == {"email"}
    assert book.model_fields_set == {"title"}


@pytest.mark.parametrize("name", ["id", "created_at"])
def test_init_false_is_refused_in_the_constructor(name: str) -> None:
    with pytest.raises(ValidationError, match=rf"{name}\n  the value is made by the database"):
        User(**{"email": "a@b", name: 5})


def test_init_false_is_refused_in_validated_input() -> None:
    with pytest.raises(ValidationError, match="init=False"):
        User.model_validate({"email": "a@b", "id": 1})
    with pytest.raises(ValidationError, match="init=False"):
        User.model_validate_json('{"email": "a@b", "id": null}')


def test_init_false_may_be_assigned() -> None:
    user = User(email="a@b")
    user.id = 5
    assert user.id == 5
    assert "id" in user.model_fields_set


def test_generated_may_be_given() -> None:
    assert Book(id=7, title="t").id == 7
    assert Book.model_validate({"id": "7", "title": "t"}).id == 7


def test_an_explicit_none_is_refused_where_the_column_is_not_null() -> None:
    for values in ({"id": None}, {"author_id": None}):
        with pytest.raises(ValidationError, match="NOT NULL: leave it out instead"):
            Book(title="t", **values)


def test_a_foreign_key_may_be_left_out_or_given() -> None:
    assert Book(title="t", author_id=3).author_id == 3
    assert Book(title="t", editor_id=None).editor_id is None


# relationships


def test_relationships_may_be_given_to_the_constructor() -> None:
    book = Book(title="t")
    user = User(email="a@b", books=[book])
    assert user.books == [book]
    assert book.author is user
    assert "books" not in user.model_fields_set


def test_relationships_can_not_come_from_validated_input() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        User.model_validate({"email": "a@b", "books": []})


# dumps


def test_a_new_object_is_dumped_without_warnings() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        dumped = User(email="a@b").model_dump()
        text = User(email="a@b").model_dump_json()
    assert dumped == {"created_at": None, "id": None, "email": "a@b", "age": None, "tags": []}
    assert json.loads(text) == dumped


def test_a_loaded_object_is_dumped_with_all_columns() -> None:
    unit = UnitOfWork()
    dumped = user_row(unit).model_dump(mode="json")
    assert dumped == {
        "created_at": "2026-01-01T00:00:00Z",
        "id": 1,
        "email": "a@b",
        "age": None,
        "tags": [],
    }


def test_exclude_unset_keeps_everything_loaded() -> None:
    unit = UnitOfWork()
    loaded = user_row(unit)
    assert loaded.model_dump(exclude_unset=True) == loaded.model_dump()
    assert User(email="a@b").model_dump(exclude_unset=True) == {"email": "a@b"}


def test_iteration_and_repr_show_the_columns() -> None:
    unit = UnitOfWork()
    loaded = user_row(unit)
    assert dict(loaded)["email"] == "a@b"
    assert "books=<unloaded>" in repr(loaded)
    part = load_row(unit, Book, id=1, title="t")
    assert repr(part) == (
        "Book(id=1, title='t', author_id=<unloaded>, editor_id=<unloaded>, author=<unloaded>)"
    )
    assert repr(Book(title="t")) == "Book(id=None, title='t', author_id=None, editor_id=None)"


# JSON schema


def test_the_schema_of_input_leaves_out_what_input_can_not_set() -> None:
    schema = User.model_json_schema(mode="validation")
    assert list(schema["properties"]) == ["email", "age", "tags"]
    assert schema["required"] == ["email"]
    assert Book.model_json_schema()["required"] == ["title"]
    assert Book.model_json_schema()["properties"]["author_id"]["type"] == "integer"


def test_the_schema_of_output_requires_what_a_stored_object_has() -> None:
    schema = User.model_json_schema(mode="serialization")
    assert schema["required"] == ["created_at", "id", "email", "age", "tags"]
    assert schema["properties"]["id"] == {"title": "Id", "type": "integer"}


# pydantic's other features


def test_aliases_apply_to_input_and_the_attribute_keeps_its_name() -> None:
    account = Account(ownerName="Ann")
    assert account.owner == "Ann"
    assert account.model_dump(by_alias=True)["ownerName"] == "Ann"
    assert Account.owner.name == "owner"


def test_private_attributes_belong_to_the_instance() -> None:
    account = Account(ownerName="Ann")
    account._notes.append("x")
    assert account._notes == ["x"]
    unit = UnitOfWork()
    loaded = load_row(unit, Account, id=1, owner="Ann", low=0, high=1)
    assert loaded._notes == []
    loaded._notes = ["y"]
    assert loaded._notes == ["y"]


def test_computed_fields_are_dumped() -> None:
    assert Account(ownerName="Ann").model_dump()["span"] == 10
    assert "span" not in Account.__table__.columns


def test_model_validators_run_in_the_constructor() -> None:
    with pytest.raises(ValidationError, match="low is above high"):
        Account(ownerName="Ann", low=11)


def test_class_variables_are_no_columns() -> None:
    assert Account.prefix == "acc"
    assert "prefix" not in Account.__table__.columns


def test_other_models_read_a_mapped_object() -> None:
    names: dict[str, Any] = {n: (User.model_fields[n].annotation, ...) for n in ("id", "email")}
    out = create_model("Out", **names)
    unit = UnitOfWork()
    found = TypeAdapter(out).validate_python(user_row(unit), from_attributes=True)
    assert found.model_dump() == {"id": 1, "email": "a@b"}


def test_a_mapped_object_is_a_field_of_other_models() -> None:
    unit = UnitOfWork()
    loaded = user_row(unit)
    page = Page[User](items=[loaded])
    assert page.items[0] is loaded
    assert page.model_dump()["items"][0]["id"] == 1


def test_a_generic_model_is_one_entity() -> None:
    assert Event[int].model_fields["payload"].annotation is int
    event = Event[int](id=1, payload="3")
    assert event.payload == 3
    assert Event[int].payload is Event.payload
    assert Event[int].__table__ is Event.__table__
    assert inspect(event).transient


def test_a_local_class_can_be_named_in_a_string_annotation() -> None:
    class Inner(BaseModel):
        x: int

    class Local(Model):
        metadata = MetaData()

    class Document(Local, table="documents"):
        id: Mapped[int] = column(primary_key=True)
        body: Mapped[Inner]

    assert Document(id=1, body={"x": 1}).body.x == 1


# assignment


def test_assignment_is_not_validated_by_default() -> None:
    user = User(email="a@b")
    user.age = "old"
    assert user.age == "old"


def test_validate_assignment_runs_all_validators() -> None:
    account = Account(ownerName="Ann")
    account.owner = " Bob "
    account.low = "5"
    assert (account.owner, account.low) == ("Bob", 5)
    with pytest.raises(ValidationError, match="at least 2 characters"):
        account.owner = "x"
    with pytest.raises(ValidationError, match="low is above high"):
        account.low = 11
    assert (account.owner, account.low) == ("Bob", 5)


def test_validate_assignment_applies_to_what_the_database_makes() -> None:
    account = Account(ownerName="Ann")
    account.id = "7"
    assert account.id == 7
    with pytest.raises(ValidationError, match="valid integer"):
        account.id = "x"


def test_a_refused_assignment_leaves_a_loaded_object_unchanged() -> None:
    unit = UnitOfWork()
    account = load_row(unit, Account, id=1, owner="Ann", low=0, high=1)
    with pytest.raises(ValidationError):
        account.low = 2
    assert not inspect(account).modified
    assert not unit.dirty
    account.low = 1
    assert inspect(account).history("low").added == (1,)


def test_a_value_that_a_validator_sets_on_another_attribute_is_tracked() -> None:
    class Local(Model):
        metadata = MetaData()

    class Point(Local, table="points", validate_assignment=True):
        id: Mapped[int] = column(primary_key=True)
        x: Mapped[int]
        double: Mapped[int] = column(default=0)

        @model_validator(mode="after")
        def follow(self) -> Point:
            self.__dict__["double"] = 2 * self.x
            return self

    unit = UnitOfWork()
    point = load_row(unit, Point, id=1, x=1, double=2)
    point.x = 3
    assert point.double == 6
    assert inspect(point).history("double").added == (6,)


def test_a_frozen_model_refuses_assignment() -> None:
    class Local(Model):
        model_config = ConfigDict(frozen=True)
        metadata = MetaData()

    class Fact(Local, table="facts"):
        id: Mapped[int] = column(primary_key=True, init=False)
        text: Mapped[str]

    fact = Fact(text="x")
    with pytest.raises(ValidationError, match="Instance is frozen"):
        fact.text = "y"
    assert hash(fact) == object.__hash__(fact)


def test_an_unknown_attribute_can_not_be_set() -> None:
    user = User(email="a@b")
    with pytest.raises(ValueError, match='"User" object has no field "emial"'):
        user.emial = "x"
    with pytest.raises(AttributeError, match="'User' object has no attribute 'emial'"):
        user.emial  # noqa: B018


def test_the_schema_of_a_nullable_column_that_may_be_left_out_keeps_its_null() -> None:
    class Leaf(Model):
        metadata = MetaData()

    class Twig(Leaf, table="twig"):
        id: Mapped[int] = column(primary_key=True, init=False)
        made_at: Mapped[datetime | None] = column(init=False)
        next_id: Mapped[int | None] = foreign_key("twig.id")
        root_id: Mapped[int] = foreign_key("twig.id")

    found = Twig.model_json_schema(mode="serialization")["properties"]
    nullable = {name: {"type": "null"} in found[name].get("anyOf", []) for name in found}
    assert nullable == {"id": False, "made_at": True, "next_id": True, "root_id": False}
    assert Twig(next_id=None).next_id is None
