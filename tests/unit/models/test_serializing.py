"""An object that is not loaded whole is not serialised as if it were."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from copy import copy, deepcopy
from typing import Annotated, Any

import pytest
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    SerializerFunctionWrapHandler,
    TypeAdapter,
    computed_field,
    field_serializer,
    model_serializer,
    model_validator,
)
from pydantic_core import PydanticSerializationError, to_json, to_jsonable_python

from asyncorm import (
    DetachedInstanceError,
    Mapped,
    MetaData,
    Model,
    Related,
    UnloadedAttributeError,
    column,
    foreign_key,
    relationship,
)
from asyncorm.tracking.transitions import expire
from asyncorm.tracking.unit_of_work import UnitOfWork
from tests.support.loaded import load_row


class Base(Model):
    metadata = MetaData()


class Theme(BaseModel):
    name: str = "light"
    dark: bool = False


class User(Base, table="users"):
    id: Mapped[int] = column(primary_key=True, init=False)
    name: Mapped[str]
    bio: Mapped[str]
    age: Mapped[int | None] = column(default=None)
    theme: Mapped[Theme] = column(default_factory=Theme)
    letters: Related[list[Letter]] = relationship(back_populates="user")


class Letter(Base, table="letter"):
    id: Mapped[int] = column(primary_key=True, init=False)
    text: Mapped[Annotated[str, PlainSerializer(lambda text: "secret")]]
    size: Mapped[Annotated[int, Field(exclude=True)]] = column(default=0)
    user_id: Mapped[int] = foreign_key(User.id)
    user: Related[User] = relationship(back_populates="letters")

    @computed_field
    @property
    def shout(self) -> str:
        return self.text.upper()


class Wrapped(Base, table="wrapped"):
    id: Mapped[int] = column(primary_key=True, init=False)
    note: Mapped[str]
    rank: Mapped[int]

    @field_serializer("rank")
    def words(self, rank: int) -> str:
        return f"no. {rank}"

    @model_serializer(mode="wrap")
    def kind(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {"kind": "wrapped", **handler(self)}

    @model_validator(mode="after")
    def checked(self) -> Wrapped:
        return self


class Own(Base, table="own"):
    id: Mapped[int] = column(primary_key=True, init=False)
    note: Mapped[str]

    @model_serializer
    def note_only(self) -> str:
        return f"{self.note}!"


class Open(Base, table="open", extra="allow"):
    id: Mapped[int] = column(primary_key=True)
    note: Mapped[str]


class Article(Base, table="article"):
    id: Mapped[int] = column(primary_key=True, init=False)
    title: Mapped[str]
    body: Mapped[str] = column(deferred=True, deferred_group="texts")
    summary: Mapped[str | None] = column(default=None, deferred=True, deferred_group="texts")


class Card(BaseModel):
    user: User
    title: str = "card"


ROW = {"id": 1, "name": "Ada", "bio": "long", "age": 36, "theme": "{}"}
DUMPED = {**ROW, "theme": {"name": "light", "dark": False}}


def loaded(*missing: str, unit: UnitOfWork | None = None) -> User:
    values = {name: value for name, value in ROW.items() if name not in missing}
    return load_row(unit or UnitOfWork(), User, **values)


ALL: list[Callable[[User], Any]] = [
    lambda user: user.model_dump(),
    lambda user: user.model_dump(mode="json", by_alias=True),
    lambda user: user.model_dump_json(),
    lambda user: user.model_dump_json(indent=2),
    lambda user: user.model_dump(round_trip=True),
    lambda user: user.model_dump(serialize_as_any=True),
    lambda user: user.model_dump(include={"name", "bio"}),
    lambda user: user.model_dump(exclude={"age"}, exclude_none=True, exclude_defaults=True),
    lambda user: user.model_dump(exclude_unset=True),
    lambda user: TypeAdapter(User).dump_python(user),
    lambda user: TypeAdapter(list[User]).dump_python([user], mode="json"),
    lambda user: TypeAdapter(list[User]).dump_json([user]),
    lambda user: TypeAdapter(dict[str, User | None]).dump_python({"a": user}),
    lambda user: TypeAdapter(int | User).dump_json(user),
    lambda user: TypeAdapter(Any).dump_python(user, mode="json"),
    lambda user: Card(user=user).model_dump(),
    lambda user: Card(user=user).model_dump_json(),
    lambda user: Card(user=user).model_dump(include={"user": {"bio"}}),
    lambda user: to_json(user),
    lambda user: to_jsonable_python([user]),
    dict,
]


@pytest.mark.parametrize("dump", ALL)
def test_no_way_of_writing_an_object_leaves_out_what_is_not_loaded(
    dump: Callable[[User], Any],
) -> None:
    dump(loaded())
    with pytest.raises((UnloadedAttributeError, PydanticSerializationError)) as caught:
        dump(loaded("bio"))
    assert "User.bio is not loaded\nhint: await session.refresh(obj)" in str(caught.value)
    if not isinstance(caught.value, UnloadedAttributeError):  # the text is all that pydantic keeps
        assert "UnloadedAttributeError: User.bio" in str(caught.value)


@pytest.mark.parametrize("name", ["name", "bio", "age", "theme"])
@pytest.mark.parametrize("mode", ["python", "json"])
def test_dumps_of_the_object_itself_raise_the_error_itself(name: str, mode: str) -> None:
    with pytest.raises(UnloadedAttributeError, match=rf"User\.{name} is not loaded"):
        loaded(name).model_dump(mode=mode)
    with pytest.raises(UnloadedAttributeError, match=rf"User\.{name} is not loaded"):
        loaded(name).model_dump_json(indent=1)


def test_columns_that_are_not_asked_for_may_be_missing() -> None:
    user = loaded("bio", "theme")
    rest = {"id": 1, "name": "Ada", "age": 36}
    assert user.model_dump(exclude={"bio", "theme"}) == rest
    assert user.model_dump(include={"id", "name", "age"}) == rest
    assert user.model_dump_json(include={"name"}) == '{"name":"Ada"}'
    assert Card(user=user).model_dump(exclude={"user": {"bio", "theme"}})["user"] == rest
    without: Any = {"__all__": {"bio", "theme"}}
    assert TypeAdapter(list[User]).dump_python([user], exclude=without) == [rest]
    assert b"Ada" in TypeAdapter(list[User]).dump_json([user], exclude=without)
    assert loaded("bio").model_dump(include={"theme": {"dark"}}) == {"theme": {"dark": False}}


def test_complete_and_new_objects_are_dumped_as_before() -> None:
    assert loaded().model_dump() == DUMPED
    assert loaded().model_dump(exclude={"theme": {"dark"}})["theme"] == {"name": "light"}
    assert loaded().model_dump(exclude_unset=True) == {**DUMPED, "theme": {}}
    new = User(name="Ada", bio="b")
    assert new.model_dump() == {**DUMPED, "id": None, "bio": "b", "age": None}
    assert new.model_dump(exclude_unset=True) == {"name": "Ada", "bio": "b"}
    assert dict(new)["id"] is None
    assert new.model_extra is None


def test_an_object_that_is_loaded_again_is_dumped_again() -> None:
    unit = UnitOfWork()
    user = loaded(unit=unit)
    expire(user, ("bio",))
    with pytest.raises(UnloadedAttributeError, match=r"User\.bio"):
        user.model_dump()
    assert load_row(unit, User, **ROW) is user
    assert user.model_dump() == DUMPED


def test_a_detached_object_says_that_it_has_to_be_added_first() -> None:
    unit = UnitOfWork()
    user = loaded("bio", unit=unit)
    unit.drop()
    with pytest.raises(DetachedInstanceError, match=r"session\.add\(obj\)"):
        user.model_dump_json()


def test_serializers_of_fields_are_not_called_with_what_is_missing() -> None:
    letter = load_row(UnitOfWork(), Letter, id=1, size=2, user_id=3)
    with pytest.raises(UnloadedAttributeError, match=r"Letter\.text is not loaded"):
        letter.model_dump()
    with pytest.raises(PydanticSerializationError, match=r"Letter\.text is not loaded"):
        TypeAdapter(Letter).dump_json(letter)
    assert letter.model_dump(exclude={"text", "shout"}) == {"id": 1, "user_id": 3}


def test_a_computed_field_needs_what_it_reads() -> None:
    letter = load_row(UnitOfWork(), Letter, id=1, size=2, user_id=3)
    with pytest.raises(UnloadedAttributeError, match=r"Letter\.text is not loaded"):
        letter.model_dump_json(include={"shout"})


def test_a_field_that_is_never_written_may_be_missing() -> None:
    letter = load_row(UnitOfWork(), Letter, id=1, text="t", user_id=3)
    assert letter.model_dump() == {"id": 1, "text": "secret", "user_id": 3, "shout": "T"}


def test_a_serializer_around_the_model_sees_the_error() -> None:
    whole = load_row(UnitOfWork(), Wrapped, id=1, note="n", rank=2)
    written = {"kind": "wrapped", "id": 1, "note": "n", "rank": "no. 2"}
    assert whole.model_dump() == written
    assert TypeAdapter(list[Wrapped]).dump_python([whole]) == [written]
    assert Wrapped(note="n", rank=2).model_dump() == {**written, "id": None}
    assert whole.model_dump(exclude={"note"}) == {"kind": "wrapped", "id": 1, "rank": "no. 2"}
    part = load_row(UnitOfWork(), Wrapped, id=1, note="n")
    for dump in (part.model_dump, part.model_dump_json):
        with pytest.raises(UnloadedAttributeError, match=r"Wrapped\.rank"):
            dump()


def test_a_serializer_in_place_of_the_model_reads_what_it_needs() -> None:
    assert load_row(UnitOfWork(), Own, id=1, note="n").model_dump() == "n!"
    with pytest.raises(UnloadedAttributeError, match=r"Own\.note"):
        load_row(UnitOfWork(), Own, id=1).model_dump()


def test_an_error_of_another_kind_stays_what_it_is() -> None:
    user = loaded()
    user.name = object()  # type: ignore[assignment]
    for dump in (user.model_dump_json, lambda: user.model_dump(mode="json")):
        with pytest.raises(PydanticSerializationError, match="Unable to serialize unknown type"):
            dump()


def test_extra_fields_of_a_model_that_allows_them_are_kept() -> None:
    new = Open.model_validate({"id": 1, "note": "n", "more": 2})
    assert new.model_dump() == {"id": 1, "note": "n", "more": 2}
    assert load_row(UnitOfWork(), Open, id=1, note="n").model_dump() == {"id": 1, "note": "n"}
    part = load_row(UnitOfWork(), Open, id=1)
    with pytest.raises(UnloadedAttributeError, match=r"Open\.note"):
        part.model_dump()
    assert copy(part).model_dump(exclude={"note"}) == {"id": 1}
    assert pickle.loads(pickle.dumps(new)).model_dump() == {"id": 1, "note": "n", "more": 2}


@pytest.mark.parametrize(
    "again",
    [copy, deepcopy, lambda user: user.model_copy(), lambda u: pickle.loads(pickle.dumps(u))],
    ids=["copy", "deepcopy", "model_copy", "pickle"],
)
def test_a_copy_has_the_same_gaps_and_none_of_the_original(again: Callable[[Any], Any]) -> None:
    user = loaded("bio")
    copied = again(user)
    with pytest.raises(DetachedInstanceError, match=r"User\.bio is not loaded"):
        copied.model_dump()
    copied.bio = "new"
    assert copied.model_dump() == {**DUMPED, "bio": "new"}
    with pytest.raises(UnloadedAttributeError):
        user.model_dump()
    slot = BaseModel.__dict__["__pydantic_extra__"]
    assert slot.__get__(copied) is None


def test_comparing_and_hashing_look_at_what_is_there() -> None:
    one, same, other = loaded("bio"), loaded("bio"), loaded("age")
    assert one == same
    assert one != other
    assert one != loaded()
    assert hash(one) == hash(one)
    assert len({one, same}) == 2


def test_a_value_that_is_assigned_closes_the_gap() -> None:
    user = loaded("bio")
    user.bio = "new"
    assert user.model_dump() == {**DUMPED, "bio": "new"}


def test_a_deferred_column_is_missing_from_an_object_that_is_up_to_date() -> None:
    article = load_row(UnitOfWork(), Article, id=1, title="t")
    assert not article._state.partial
    assert article.model_dump(exclude={"body", "summary"}) == {"id": 1, "title": "t"}
    with pytest.raises(UnloadedAttributeError) as caught:
        article.model_dump_json(exclude={"body"})
    assert str(caught.value) == (
        "Article.summary is not loaded\nhint: await session.load(obj, Article.summary), or "
        "select(Article).options(undefer(Article.summary))"
    )
    assert Article(title="t", body="b").model_dump()["body"] == "b"


def test_the_json_schema_knows_nothing_of_it() -> None:
    assert User.model_json_schema(mode="serialization") == {
        "title": "User",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "id": {"title": "Id", "type": "integer"},
            "name": {"title": "Name", "type": "string"},
            "bio": {"title": "Bio", "type": "string"},
            "age": {
                "anyOf": [{"type": "integer"}, {"type": "null"}],
                "default": None,
                "title": "Age",
            },
            "theme": {"$ref": "#/$defs/Theme"},
        },
        "required": ["id", "name", "bio", "age", "theme"],
        "$defs": User.model_json_schema(mode="serialization")["$defs"],
    }
    listed = TypeAdapter(list[User]).json_schema(mode="serialization")
    assert listed["$defs"]["User"]["additionalProperties"] is False
    assert Wrapped.model_json_schema(mode="validation")["additionalProperties"] is False


class LetterOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    text: str


class UserOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    name: str
    bio: str | None = None
    letters: list[LetterOut] = []


@pytest.mark.parametrize(
    "build",
    [
        UserOut.model_validate,
        TypeAdapter(UserOut).validate_python,
        lambda user: TypeAdapter(list[UserOut]).validate_python([user]),
    ],
)
def test_a_response_model_with_defaults_does_not_swallow_the_error(
    build: Callable[[Any], Any],
) -> None:
    with pytest.raises(ValueError, match="validation error") as caught:
        build(loaded("bio"))
    text = str(caught.value)
    assert "UnloadedAttributeError: User.bio is not loaded" in text
    assert (
        "UnloadedAttributeError: User.letters is not loaded\nhint: await session.load(obj, "
        "User.letters), or select(User).options(selectinload(User.letters))"
    ) in text
