"""select(User).into(UserRead): whole trees of read models come as JSON of one statement."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Annotated, Any, NamedTuple

import pytest
from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    computed_field,
    create_model,
    field_validator,
)

from asyncorm import (
    ArgumentError,
    ConfigurationError,
    Mapped,
    MetaData,
    Model,
    Session,
    aliased,
    column,
    func,
    nestedload,
    select,
    union,
    with_loader_criteria,
)
from asyncorm.engine.engine import Engine
from tests.conftest import CreateTables
from tests.integration.conftest import Sent
from tests.support.forest import Book, Branch, Forest, Room, Tag, Writer, plant
from tests.support.typed import Mood, Shelf, Thing, Typed, things


class Read(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class TagRead(Read):
    name: str


class ReaderRead(Read):
    name: str


class LoanRead(Read):
    days: int
    reader: ReaderRead


class PublisherRead(Read):
    name: str


class BookRead(Read):
    title: str
    tags: list[TagRead]
    publisher: PublisherRead | None = None


class ProfileRead(Read):
    text: str


class WriterRead(Read):
    id: int
    name: str
    books: list[BookRead]
    profile: ProfileRead | None


@pytest.fixture
async def session(tables: CreateTables, engine: Engine, sent: Sent) -> AsyncIterator[Session]:
    await tables(Forest)
    async with Session(engine) as session:
        await plant(session)
    async with Session(engine) as session:
        sent()
        yield session


async def test_a_tree_comes_in_one_statement_and_makes_no_objects(
    session: Session, sent: Sent
) -> None:
    rows = await session.all(select(Writer).order_by(Writer.id).into(WriterRead))
    assert sent.verbs() == ["SELECT"]
    assert all(type(row) is WriterRead for row in rows)
    ada, ben, cid = rows
    assert [(b.title, [t.name for t in b.tags], b.publisher and b.publisher.name)
            for b in ada.books] == [
        ("a1", ["x", "y"], "acme"), ("a2", [], "acme"), ("a3", ["x"], None)]  # fmt: skip
    assert ada.profile == ProfileRead(text="poet")
    assert (cid.books, cid.profile) == ([], None)
    assert [t.name for t in ben.books[0].tags] == ["x", "y", "z"]
    assert not list(session.identity_map.values())


async def test_it_is_what_the_loaded_objects_give(session: Session) -> None:
    read = await session.all(select(Writer).order_by(Writer.id).into(WriterRead))
    tree = nestedload(Writer.books).options(nestedload(Book.tags), nestedload(Book.publisher))
    statement = select(Writer).order_by(Writer.id).options(tree, nestedload(Writer.profile))
    assert read == [WriterRead.model_validate(row) for row in await session.all(statement)]


async def test_the_statement_is_filtered_joined_and_limited_as_ever(
    session: Session, sent: Sent
) -> None:
    statement = select(Writer).join(Writer.books).where(Book.price > 2).order_by(Writer.name.desc())
    first = await session.first(statement.limit(1).into(WriterRead))
    assert first is not None
    assert first.name == "ben"
    one = await session.one(statement.where(Writer.name == "ada").into(WriterRead))
    assert len(one.books) == 3
    assert [w.name for w in await session.scalars(statement.into(WriterRead))] == ["ben", "ada"]
    found = [w.name async for w in await session.stream(statement.into(WriterRead), prefetch=1)]
    assert found == ["ben", "ada"]
    other = aliased(Writer)
    by_alias = await session.one(select(other).where(other.name == "cid").into(WriterRead))
    assert by_alias.books == []


async def test_options_say_which_members(session: Session, sent: Sent) -> None:
    for count, names in ((1, ["a2"]), (2, ["a2", "a3"])):
        first = nestedload(Writer.books.top(count, order_by=Book.price))
        tags = first.nestedload(Book.tags.where(Tag.name != "x"))
        statement = select(Writer).where(Writer.name == "ada").options(tags)
        ada = await session.one(statement.into(WriterRead))
        assert [(book.title, book.tags) for book in ada.books] == [(name, []) for name in names]
    assert sent.verbs() == ["SELECT", "SELECT"]


async def test_criteria_hold_in_the_whole_tree(session: Session) -> None:
    cheap = with_loader_criteria(Book, Book.price < 3)
    statement = select(Writer).order_by(Writer.id).options(cheap)
    ada, ben, _ = await session.all(statement.into(WriterRead))
    assert [book.title for book in ada.books] == ["a2", "a3"]
    assert ben.books == []


async def test_association_objects_dicts_and_composite_keys(session: Session) -> None:
    class FrozenLoan(LoanRead):
        model_config = ConfigDict(frozen=True)
        reader: Annotated[ReaderRead, Field(exclude=True)]

        def __hash__(self) -> int:
            return hash(self.days)

    lent = create_model("Lent", __base__=Read, title=str, loans=set[FrozenLoan])
    a1, *_ = await session.all(select(Book).order_by(Book.id).into(lent))
    assert sorted((one.days, one.reader.name) for one in a1.loans) == [(1, "nora"), (2, "omar")]  # type: ignore[attr-defined]
    titled = create_model("Titled", __base__=Read, by_title=dict[str, BookRead])
    ada, _, cid = await session.all(select(Writer).order_by(Writer.id).into(titled))
    assert {key: book.title for key, book in ada.by_title.items()} == {  # type: ignore[attr-defined]
        "a1": "a1", "a2": "a2", "a3": "a3"}  # fmt: skip
    assert cid.by_title == {}  # type: ignore[attr-defined]
    chair = create_model("ChairRead", __base__=Read, id=int)
    room = create_model("RoomRead", __base__=Read, chairs=list[chair])  # type: ignore[valid-type]
    rooms = await session.all(select(Room).order_by(Room.house, Room.number).into(room))
    assert [len(one.chairs) for one in rooms] == [0, 2, 1]  # type: ignore[attr-defined]


class Renamed(BaseModel):
    model_config = ConfigDict(extra="forbid")
    label: str = Field(validation_alias="name")
    number: int = Field(alias="id")
    works: list[BookRead] = Field(validation_alias=AliasChoices("books", "texts"))
    note: str = "none"

    @field_validator("label")
    @classmethod
    def upper(cls, value: str) -> str:
        return value.upper()

    @computed_field  # type: ignore[prop-decorator]
    @property
    def count(self) -> int:
        return len(self.works)


async def test_aliases_defaults_validators_and_computed_fields(session: Session) -> None:
    ada, *_ = await session.all(select(Writer).order_by(Writer.id).into(Renamed))
    assert (ada.label, ada.count, ada.note) == ("ADA", 3, "none")
    assert isinstance(ada.number, int)


class BranchRead(Read):
    id: int
    children: list[BranchRead] = []


class EndlessRead(Read):
    id: int
    children: list[EndlessRead]


async def test_a_model_that_contains_itself_has_as_many_levels_as_an_option_says(
    session: Session, sent: Sent
) -> None:
    statement = select(Branch).where(Branch.id == 1)
    root = await session.one(statement.into(BranchRead))
    assert [child.children for child in root.children] == [[], []]
    option = nestedload(Branch.children, recursion_depth=2)
    root = await session.one(statement.options(option).into(BranchRead))
    assert [[one.id for one in child.children] for child in root.children] == [[4, 5], [6, 7]]
    assert sent.verbs() == ["SELECT", "SELECT"]
    with pytest.raises(ConfigurationError, match=r"EndlessRead.children .* without end"):
        await session.one(statement.into(EndlessRead))


async def test_a_field_that_the_entity_lacks(session: Session) -> None:
    wrong = create_model("Wrong", name=str, shoe_size=int)
    with pytest.raises(ConfigurationError, match=r"Wrong.shoe_size is required, and Writer has no"):
        await session.all(select(Writer).into(wrong))
    numbers = create_model("Numbers", books=list[int])
    with pytest.raises(ConfigurationError, match=r"Numbers.books can't hold what Writer.books"):
        await session.all(select(Writer).into(numbers))
    single = create_model("Single", books=BookRead)
    with pytest.raises(ConfigurationError, match=r"list\[BookRead\]"):
        await session.all(select(Writer).into(single))


async def test_what_is_no_read_model_is_refused(session: Session) -> None:
    with pytest.raises(ArgumentError, match="into\\(\\) takes no mapped class: Writer"):
        await session.all(select(Writer).into(Writer))
    with pytest.raises(ArgumentError, match="takes no mapped class"):
        await session.all(select(Writer.id, Writer.name).into(Writer))
    with pytest.raises(ArgumentError, match="int has no fields to read Writer by"):
        await session.all(select(Writer).into(int))


async def test_options_that_concern_nothing_are_refused(session: Session) -> None:
    with pytest.raises(ArgumentError, match="concerns nothing that is selected"):
        await session.all(select(Writer).options(nestedload(Book.tags)).into(WriterRead))


async def test_a_value_that_does_not_fit_the_read_model(session: Session) -> None:
    wrong = create_model("Wrong", name=int)
    with pytest.raises(ValidationError):
        await session.all(select(Writer).into(wrong))


async def test_distinct_rows_and_set_operations(session: Session, sent: Sent) -> None:
    joined = select(Writer).join(Writer.books).distinct().order_by(Writer.name.desc())
    assert [w.name for w in await session.all(joined.into(WriterRead))] == ["ben", "ada"]
    grouped = select(Writer).join(Writer.books).group_by(Writer.id).having(func.count() > 1)
    assert [w.name for w in await session.all(grouped.into(WriterRead))] == ["ada"]
    both = union(select(Writer).where(Writer.id == 1), select(Writer).where(Writer.id == 2))
    found = await session.all(both.order_by(Writer.name).into(WriterRead))
    assert [(w.name, len(w.books)) for w in found] == [("ada", 3), ("ben", 1)]
    assert sent.verbs() == ["SELECT"] * 3


@dataclasses.dataclass
class WriterRow:
    name: str
    id: int
    seen: list[str] = dataclasses.field(default_factory=list)


class WriterTuple(NamedTuple):
    id: int
    name: str = ""


async def test_columns_as_dataclass_or_named_tuple(session: Session) -> None:
    statement = select(Writer).order_by(Writer.name).limit(1)
    one = await session.one(statement.into(WriterRow))
    assert one == WriterRow("ada", one.id)
    assert await session.one(statement.into(WriterTuple)) == (one.id, "ada")

    class Wrong(NamedTuple):
        size: int

    with pytest.raises(ConfigurationError, match=r"Wrong.size"):
        await session.one(statement.into(Wrong))


@pytest.fixture
async def typed(tables: CreateTables, engine: Engine) -> AsyncIterator[Session]:
    await tables(Typed)
    async with Session(engine) as session:
        session.add_all([Shelf(id=1), *things()])
        await session.commit()
    async with Session(engine) as session:
        yield session


def read_model(form: Any, *, without: tuple[str, ...] = ()) -> type[BaseModel]:
    """A read model with the annotations of Thing."""

    class Base(BaseModel):
        model_config = ConfigDict(from_attributes=True, val_json_bytes=form)

    fields: Any = {
        name: (field.annotation, ...)
        for name, field in Thing.model_fields.items()
        if name not in without
    }
    return create_model("ThingRead", __base__=Base, **fields)


@pytest.mark.parametrize("form", ["hex", "base64"])
async def test_values_are_those_of_the_objects(typed: Session, form: str) -> None:
    model = read_model(form)
    read = await typed.all(select(Thing).order_by(Thing.id).into(model))
    objects = await typed.all(select(Thing).order_by(Thing.id))
    for one, thing in zip(read, objects, strict=True):
        for name in model.model_fields:
            assert getattr(one, name) == getattr(thing, name), name
            assert isinstance(getattr(thing, name), type(getattr(one, name))), name
    assert str(read[1].exact) == str(objects[1].exact)  # type: ignore[attr-defined]


async def test_values_inside_a_tree(typed: Session) -> None:
    model = read_model("hex")
    shelf = create_model("ShelfRead", things=list[model])  # type: ignore[valid-type]
    read = await typed.one(select(Shelf).into(shelf))
    assert read.things == await typed.all(select(Thing).order_by(Thing.id).into(model))  # type: ignore[attr-defined]


async def test_bytes_need_a_form_that_holds_all_of_them(typed: Session) -> None:
    with pytest.raises(ConfigurationError, match=r"ThingRead.data can't read bytes") as caught:
        await typed.all(select(Thing).into(read_model("utf8")))
    assert "val_json_bytes" in str(caught.value)


async def test_infinity_and_not_a_number(typed: Session) -> None:
    class Exact(BaseModel):
        double: float
        exact: Annotated[Decimal, Field(allow_inf_nan=True)]

    async with typed.begin_nested() if typed.in_transaction() else typed.begin():
        thing = await typed.get_one(Thing, 2)
        thing.double, thing.exact = float("nan"), Decimal("NaN")
    read = await typed.one(select(Thing).where(Thing.id == 2).into(Exact))
    assert str(read) == "double=nan exact=Decimal('NaN')"


async def test_an_enum_with_values_that_are_no_labels(
    tables: CreateTables, engine: Engine, sent: Sent
) -> None:
    class Size(enum.Enum):
        SMALL = 1
        LARGE = 2

    class Shop(Model):
        metadata = MetaData()

    class Shirt(Shop, table="shirt"):
        id: Mapped[int] = column(primary_key=True)
        size: Mapped[Size | None]
        mood: Mapped[Mood] = column(default=Mood.NULL)
        sizes: Mapped[list[Size]] = column(default_factory=list)

    class ShirtRead(BaseModel):
        size: Size | None
        mood: Mood
        sizes: list[Size]

    await tables(Shop)
    async with Session(engine) as session:
        session.add_all([Shirt(id=1, size=Size.LARGE, sizes=[Size.SMALL]), Shirt(id=2, size=None)])
        await session.commit()
        rows = await session.all(select(Shirt).order_by(Shirt.id).into(ShirtRead))
    assert [(row.size, row.mood, row.sizes) for row in rows] == [
        (Size.LARGE, Mood.NULL, [Size.SMALL]),
        (None, Mood.NULL, []),
    ]
