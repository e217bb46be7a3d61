"""Classes that derive from an entity: their parts, their kind, and what is refused."""

from __future__ import annotations

import enum
from typing import Any, Literal
from uuid import UUID, uuid4

import pytest
from pydantic import TypeAdapter, ValidationError

from asyncorm import (
    ConfigurationError,
    CreateIndex,
    CreateTable,
    Index,
    InvalidRequestError,
    Mapped,
    Model,
    Related,
    UniqueConstraint,
    column,
    foreign_key,
    relationship,
)
from tests.support.animals import Animal, Cat, Dog, Lion, Owner, Puppy, Toy, Zoo


class Kind(enum.Enum):
    ROUND = "round"
    SQUARE = "square"


@pytest.fixture
def shape(base: Any) -> Any:
    class Shape(base, table="shape"):
        id: Mapped[int] = column(primary_key=True, init=False)
        kind: Mapped[str] = column(init=False)
        __mapper_args__ = {"polymorphic_on": "kind"}

    return Shape


def parts(entity: Any) -> list[tuple[str, list[str]]]:
    return [(part.table.name, list(part.columns)) for part in entity.__mapper__.parts]


def test_the_parts_of_a_class_are_its_tables_with_its_columns_base_first() -> None:
    Zoo.metadata.configure()
    common = ["id", "kind", "name", "owner_id"]
    assert parts(Animal) == [("animal", common)]
    assert parts(Cat) == [("animal", [*common, "lives"])]
    assert parts(Lion) == [("animal", [*common, "lives"]), ("lion", ["id", "mane"])]
    assert parts(Dog) == [("animal", common), ("dog", ["id", "breed"])]
    assert parts(Puppy) == [("animal", common), ("dog", ["id", "breed", "weeks"])]


def test_a_mapper_knows_its_hierarchy() -> None:
    mapper = Lion.__mapper__
    assert mapper.base is Cat.__mapper__
    assert mapper.root is Animal.__mapper__
    assert [m.name for m in Animal.__mapper__.subtypes] == ["Animal", "Cat", "Lion", "Dog", "Puppy"]
    assert [m.name for m in Dog.__mapper__.subtypes] == ["Dog", "Puppy"]
    assert mapper.discriminator == ("kind", "lion")
    assert list(mapper.columns) == ["id", "kind", "name", "owner_id", "lives", "mane"]


def test_columns_of_a_class_without_a_table_are_nullable_in_that_of_the_base() -> None:
    text = str(CreateTable(Animal))
    assert '"lives" bigint,' in text
    assert '"mane"' not in text
    assert str(CreateTable(Cat)) == text
    assert '"weeks" bigint,' in str(CreateTable(Puppy))
    assert '"breed" text NOT NULL' in str(CreateTable(Dog))
    assert not Cat.lives.nullable
    assert list(Animal.__table__.by_attribute) == ["id", "kind", "name", "owner_id"]


def test_relationships_of_the_base_are_those_of_all_classes() -> None:
    Zoo.metadata.configure()
    assert Cat.__mapper__.relationships["owner"] is Animal.__mapper__.relationships["owner"]
    assert "toys" in Lion.__mapper__.relationships
    assert "toys" not in Dog.__mapper__.relationships
    assert str(Lion.owner) == "Lion.owner"
    assert Owner.pets in Puppy.__mapper__.held_by
    assert Toy.cat.target is Cat.__mapper__
    assert Cat.toys in Lion.__mapper__.relationships.values()


def test_an_object_has_the_kind_of_its_class_from_the_start() -> None:
    cat = Cat(name="Cid")
    assert cat.kind == "cat"
    assert cat.model_dump()["kind"] == "cat"
    assert '"kind":"lion"' in Lion(name="Leo", mane="long").model_dump_json()
    assert Cat.model_validate({"name": "x", "kind": "cat"}).kind == "cat"
    assert repr(cat).startswith("Cat(id=None, kind='cat'")


def test_no_object_has_the_kind_of_another_class() -> None:
    with pytest.raises(ValidationError, match="each Cat has the value 'cat'"):
        Cat.model_validate({"name": "x", "kind": "dog"})
    cat = Cat(name="Cid")
    with pytest.raises(InvalidRequestError, match=r"Cat\.kind says that the object is a Cat"):
        cat.kind = "dog"
    with pytest.raises(InvalidRequestError):
        cat.model_copy(update={"kind": "dog"})
    cat.kind = "cat"
    assert cat.kind == "cat"


def test_the_json_schema_of_a_class_names_its_kind() -> None:
    kind = Cat.model_json_schema(mode="serialization")["properties"]["kind"]
    assert "const" not in kind  # a lion is a cat
    kind = Puppy.model_json_schema(mode="serialization")["properties"]["kind"]
    assert kind["const"] == "puppy"
    assert list(Puppy.model_json_schema()["properties"]) == ["name", "owner_id", "breed", "weeks"]


def test_narrow_annotations_make_a_discriminated_union(base: Any) -> None:
    class Event(base, table="event"):
        id: Mapped[int] = column(primary_key=True, init=False)
        kind: Mapped[str]
        __mapper_args__ = {"polymorphic_on": "kind"}

    class Login(Event):
        kind: Mapped[Literal["login"]] = column(default="login")
        address: Mapped[str]
        __mapper_args__ = {"polymorphic_identity": "login"}

    class Logout(Event):
        kind: Mapped[Literal["logout"]] = column(default="logout")
        __mapper_args__ = {"polymorphic_identity": "logout"}

    from typing import Annotated

    from pydantic import Field

    either: TypeAdapter[Any] = TypeAdapter(Annotated[Login | Logout, Field(discriminator="kind")])
    found = either.validate_json('{"kind": "login", "address": "::1"}')
    assert type(found) is Login
    assert type(either.validate_python({"kind": "logout"})) is Logout


def test_the_kind_may_be_an_enum_or_a_number(base: Any) -> None:
    class Figure(base, table="figure"):
        id: Mapped[UUID] = column(primary_key=True, default_factory=uuid4)
        kind: Mapped[Kind] = column(init=False)
        __mapper_args__ = {"polymorphic_on": "kind"}

    class Circle(Figure):
        __mapper_args__ = {"polymorphic_identity": "round"}

    class Square(Figure, table="square"):
        id: Mapped[UUID] = foreign_key(Figure.id, primary_key=True)
        __mapper_args__ = {"polymorphic_identity": Kind.SQUARE}

    assert Circle().kind is Kind.ROUND
    assert Square().kind is Kind.SQUARE
    assert isinstance(Square().id, UUID)  # made as the base makes it
    assert Circle.model_validate_json('{"kind": "round"}').kind is Kind.ROUND

    class Number(base, table="number"):
        id: Mapped[int] = column(primary_key=True, init=False)
        kind: Mapped[int] = column(init=False)
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": 1}

    class Two(Number):
        __mapper_args__ = {"polymorphic_identity": 2}

    assert (Number().kind, Two().kind) == (1, 2)


def test_a_class_without_identity_has_no_objects(shape: Any) -> None:
    class Curve(shape):
        bend: Mapped[float]
        __mapper_args__ = {"polymorphic_abstract": True}

    class Circle(Curve):
        radius: Mapped[float]
        __mapper_args__ = {"polymorphic_identity": "circle"}

    with pytest.raises(InvalidRequestError, match="Shape has no polymorphic_identity") as caught:
        shape()
    assert "Curve, Circle" in str(caught.value)
    with pytest.raises(InvalidRequestError, match="Curve has no polymorphic_identity"):
        Curve(bend=1)
    circle = Circle(bend=1, radius=2)
    assert (circle.kind, circle.bend) == ("circle", 1)
    assert parts(Circle) == [("shape", ["id", "kind", "bend", "radius"])]


def test_an_abstract_class_hands_columns_down_and_is_no_entity(shape: Any) -> None:
    class Colored(shape):
        __abstract__ = True
        color: Mapped[str]

    class Circle(Colored):
        __mapper_args__ = {"polymorphic_identity": "circle"}

    assert Colored.__mapper__ is None
    assert Circle.__mapper__.base is shape.__mapper__
    assert list(Circle.__mapper__.columns) == ["id", "kind", "color"]
    assert [m.name for m in shape.__mapper__.subtypes] == ["Shape", "Circle"]
    with pytest.raises(ConfigurationError, match="is __abstract__, but has a table"):

        class Wrong(shape, table="wrong"):
            __abstract__ = True


def test_a_mixin_gives_columns_relationships_and_constraints_to_each_class(base: Any) -> None:
    class Home(base, table="home"):
        id: Mapped[int] = column(primary_key=True, init=False)

    class Homed(base):
        home_id: Mapped[int | None] = foreign_key(Home.id)
        home: Related[Home | None] = relationship()
        tag: Mapped[str]
        __table_args__ = (UniqueConstraint("tag"),)

    class Pet(Homed, table="pet"):
        id: Mapped[int] = column(primary_key=True, init=False)
        kind: Mapped[str] = column(init=False)
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "pet"}

    class Bird(Pet, table="bird"):
        id: Mapped[int] = foreign_key(Pet.id, primary_key=True)
        __mapper_args__ = {"polymorphic_identity": "bird"}

    class Stone(Homed, table="stone"):
        id: Mapped[int] = column(primary_key=True, init=False)

    base.metadata.configure()
    assert [c.columns for c in Pet.__mapper__.table.unique] == [("tag",)]
    assert Bird.__mapper__.table.unique == []
    assert parts(Bird)[1] == ("bird", ["id"])
    assert Bird.__mapper__.relationships["home"] is Pet.__mapper__.relationships["home"]
    assert Stone.home is not Pet.home


def test_a_mixin_beside_the_base_gives_columns_to_the_class(shape: Any) -> None:
    class Colored(Model):
        color: Mapped[str]

    class Circle(Colored, shape):
        __mapper_args__ = {"polymorphic_identity": "circle"}

    class Square(Colored, shape):
        __mapper_args__ = {"polymorphic_identity": "square"}

    assert list(Circle.__mapper__.parts[0].columns) == ["id", "kind", "color"]
    one, other = (entity.__mapper__.parts[0].columns["color"] for entity in (Circle, Square))
    assert one is other  # both are the one column of the table


def test_constraints_and_indexes_of_a_class_enter_the_table_of_the_base(shape: Any) -> None:
    class Circle(shape):
        radius: Mapped[int] = column(name="r", unique=True)
        center: Mapped[int] = column(index=True)
        __mapper_args__ = {"polymorphic_identity": "circle"}
        __table_args__ = (Index("ix_both", "radius", "center"),)

    text = str(CreateTable(shape))
    assert '"r" bigint' in text
    assert 'UNIQUE ("r")' in text
    table = shape.__mapper__.table
    assert [str(CreateIndex(shape, index)) for index in table.indexes] == [
        'CREATE INDEX "ix_both" ON "shape" ("r", "center")',
        'CREATE INDEX "ix_shape_center" ON "shape" ("center")',
    ]


def test_a_class_that_is_executed_again_takes_the_place_of_the_one_before(shape: Any) -> None:
    def define() -> Any:
        class Circle(shape):
            radius: Mapped[int]
            __mapper_args__ = {"polymorphic_identity": "circle"}

        return Circle

    define()
    again = define()
    assert shape.__mapper__.subtypes == [shape.__mapper__, again.__mapper__]
    assert list(shape.__mapper__.table.columns) == ["id", "kind", "radius"]


def test_a_reference_to_a_class_refers_to_its_own_table() -> None:
    Zoo.metadata.configure()
    keys = {key.columns[0].name: key.targets[0] for key in Toy.__table__.foreign_keys}
    assert str(keys["cat_id"]) == "animal.id"
    from tests.support.animals import Trick

    (key,) = Trick.__table__.foreign_keys
    assert str(key.targets[0]) == "dog.id"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"version": "xmin", "polymorphic_identity": "x"}, "says its version, but derives"),
        ({}, "has no polymorphic_identity"),
        ({"polymorphic_identity": 7}, "is no value of"),
        ({"polymorphic_on": "kind", "polymorphic_identity": "x"}, "says polymorphic_on"),
        ({"polymorphic_identity": "x", "polymorphic_abstract": True}, "but is polymorphic_abs"),
        ({"polymorphic_identity": "circle"}, "have the same polymorphic_identity 'circle'"),
        ({"polymorphic": "x"}, "unknown key 'polymorphic'"),
    ],
)
def test_what_a_class_says_of_its_kind_is_checked(shape: Any, arguments: Any, message: str) -> None:
    class Circle(shape):
        __mapper_args__ = {"polymorphic_identity": "circle"}

    with pytest.raises(ConfigurationError, match=message) as caught:

        class Other(shape):
            __mapper_args__ = arguments

    assert caught.value.hint


def test_a_kind_without_a_column_is_refused(base: Any) -> None:
    with pytest.raises(ConfigurationError, match="nothing says which column"):

        class Thing(base, table="thing"):
            id: Mapped[int] = column(primary_key=True)
            __mapper_args__ = {"polymorphic_identity": "x"}

    with pytest.raises(ConfigurationError, match="names no column of Other"):

        class Other(base, table="other"):
            id: Mapped[int] = column(primary_key=True)
            __mapper_args__ = {"polymorphic_on": "kind"}


def test_a_table_of_its_own_needs_the_key_of_the_base(shape: Any) -> None:
    with pytest.raises(ConfigurationError, match="no key that refers to Shape") as caught:

        class Circle(shape, table="circle"):
            __mapper_args__ = {"polymorphic_identity": "circle"}

    assert "foreign_key(Shape.id, primary_key=True)" in str(caught.value)

    class Square(shape, table="square"):
        id: Mapped[int] = column(primary_key=True)
        __mapper_args__ = {"polymorphic_identity": "square"}

    with pytest.raises(ConfigurationError, match="primary key of Square does not refer"):
        shape.metadata.configure()


def test_a_key_that_refers_to_a_base_without_kinds_is_refused(base: Any) -> None:
    class Plain(base, table="plain"):
        id: Mapped[int] = column(primary_key=True)

    with pytest.raises(ConfigurationError, match="nothing tells rows of one from"):

        class Special(Plain, table="special"):
            id: Mapped[int] = foreign_key(Plain.id, primary_key=True)

    class Copy(Plain, table="copy"):
        note: Mapped[str]

    assert parts(Copy) == [("copy", ["id", "note"])]


def test_columns_that_do_not_fit_the_base_are_refused(shape: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"Bad\.kind is declared on Shape already"):

        class Bad(shape):
            kind: Mapped[int]
            __mapper_args__ = {"polymorphic_identity": "1"}

    with pytest.raises(ConfigurationError, match="the key of a Keyed is that of Shape"):

        class Keyed(shape):
            number: Mapped[int] = column(primary_key=True)
            __mapper_args__ = {"polymorphic_identity": "keyed"}

    with pytest.raises(ConfigurationError, match="declare the version on Shape"):

        class Counted(shape):
            number: Mapped[int] = column(version=True, init=False)
            __mapper_args__ = {"polymorphic_identity": "counted"}

    class One(shape):
        size: Mapped[int]
        __mapper_args__ = {"polymorphic_identity": "one"}

    with pytest.raises(ConfigurationError, match="has already as bigint for another"):

        class Two(shape):
            size: Mapped[str]
            __mapper_args__ = {"polymorphic_identity": "two"}


def test_relationships_and_bases_that_do_not_fit_are_refused(shape: Any) -> None:
    class Circle(shape):
        __mapper_args__ = {"polymorphic_identity": "circle"}

    class Square(shape):
        __mapper_args__ = {"polymorphic_identity": "square"}

    with pytest.raises(ConfigurationError, match="derives from two entities, Circle and Square"):

        class Both(Circle, Square):
            __mapper_args__ = {"polymorphic_identity": "both"}

    with pytest.raises(ConfigurationError, match=r"Kitten\.owner is declared on Cat already"):

        class Kitten(Cat):
            owner: Related[Toy | None] = relationship()
            __mapper_args__ = {"polymorphic_identity": "kitten"}


def test_a_class_of_an_entity_without_kinds_is_a_plain_class_as_before(base: Any) -> None:
    class User(base, table="user"):
        id: Mapped[int] = column(primary_key=True)

    class UserIn(User):
        pass

    assert UserIn.__mapper__ is None
