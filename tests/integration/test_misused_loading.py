"""Loading asked for in a way that can't be: the error says so before a statement is sent."""

from __future__ import annotations

from typing import Any

import pytest

from asyncorm import (
    ArgumentError,
    AsyncORMError,
    ConfigurationError,
    Engine,
    InvalidRequestError,
    LoaderOption,
    Mapped,
    MetaData,
    Model,
    Related,
    Session,
    SessionFactory,
    WriteOnlyCollection,
    column,
    foreign_key,
    joinedload,
    nestedload,
    relationship,
    select,
    selectinload,
    sessionmaker,
)
from tests.conftest import CreateTables
from tests.support.animals import Cat, Owner
from tests.support.publishing import Book, Publishing, Tag, User
from tests.support.sent import Sent

BY_OTHERS: list[Any] = [
    User.books.where(User.email == "bob"),
    User.books.where(Book.title != "", Tag.name == "x"),
    User.books.top(1, order_by=User.email),
]


@pytest.fixture
async def Library(engine: Engine, tables: CreateTables) -> SessionFactory:  # noqa: N802
    """Sessions on two users, and two books of the first."""
    await tables(Publishing)
    made = sessionmaker(engine)
    async with made.begin() as session:
        books = [Book(id=n, title=f"b{n}", tags=[Tag(id=n, name="x")]) for n in (1, 2)]
        session.add_all([User(id=1, email="ada", books=books), User(id=2, email="bob")])
    return made


@pytest.mark.parametrize("option", [selectinload, joinedload, nestedload])
@pytest.mark.parametrize("chosen", BY_OTHERS, ids=["owner", "unrelated", "order"])
def test_members_are_not_chosen_by_columns_of_another_entity(option: Any, chosen: Any) -> None:
    with pytest.raises(ArgumentError, match=r"User\.books are chosen by columns of table"):
        option(chosen)


@pytest.mark.parametrize("chosen", BY_OTHERS, ids=["owner", "unrelated", "order"])
async def test_nor_are_those_that_are_loaded_explicitly(
    Library: SessionFactory, sent: Sent, chosen: Any
) -> None:
    async with Library() as session:
        user = await session.get_one(User, 1)
        sent()
        with pytest.raises(ArgumentError, match=r"User\.books are chosen by columns of table"):
            await session.load(user, chosen)
        assert sent() == []


def test_members_of_a_class_are_chosen_by_its_columns_through_of_type() -> None:
    with pytest.raises(ArgumentError, match=r"Owner\.pets\.of_type\(Cat\)\.where"):
        selectinload(Owner.pets.where(Cat.lives > 3))
    selectinload(Owner.pets.of_type(Cat).where(Cat.lives > 3))


async def test_members_are_chosen_by_what_is_related_to_them(Library: SessionFactory) -> None:
    async with Library() as session:
        user = await session.get_one(User, 1)
        tagged = User.books.where(Book.tags.any(Tag.id == 2))
        assert [book.id for book in await session.load(user, tagged)] == [2]
        over = User.books.where(Book.author.to.email == "ada").top(1, order_by=Book.id.desc())
        assert [book.id for book in await session.load(user, over)] == [2]


@pytest.mark.parametrize("option", [selectinload, joinedload, nestedload])
async def test_a_choice_without_conditions_is_the_whole_collection(
    Library: SessionFactory, option: Any
) -> None:
    async with Library() as session:
        loaded: LoaderOption = option(User.books.where())
        user = await session.one(select(User).where(User.id == 1).options(loaded))
        assert [book.id for book in user.books] == [1, 2]
        assert not user.books.partial  # type: ignore[attr-defined]


async def test_and_so_it_is_in_load(Library: SessionFactory) -> None:
    async with Library() as session:
        user = await session.get_one(User, 1)
        assert await session.load(user, User.books.and_()) is user.books
        assert not user.books.partial  # type: ignore[attr-defined]


@pytest.mark.parametrize("given", [User.books, User.books.top(1), User.email, "books"])
async def test_what_is_no_loader_option_is_refused(Library: SessionFactory, given: Any) -> None:
    with pytest.raises(InvalidRequestError, match=r"options\(\) takes loader options"):
        select(User).options(given)
    async with Library() as session:
        with pytest.raises(InvalidRequestError, match=r"options\(\) takes loader options"):
            await session.get(User, 1, options=[given])


async def test_an_option_without_a_list_is_refused(Library: SessionFactory) -> None:
    one: Any = selectinload(User.books)
    async with Library() as session:
        with pytest.raises(ArgumentError, match=r"list of loader options[\s\S]*options=\[select"):
            await session.get(User, 1, options=one)
        with pytest.raises(ArgumentError, match="list of loader options"):
            await session.get_many(User, [1, 2], options=one)


@pytest.mark.parametrize(
    ("given", "said"), [(None, "None"), (User, "the class User"), (User.books, "a ToMany")]
)
async def test_load_takes_objects(Library: SessionFactory, given: Any, said: str) -> None:
    async with Library() as session:
        with pytest.raises(ArgumentError, match=rf"object or several, not {said}"):
            await session.load(given, User.books)


@pytest.mark.parametrize("given", ["books", User.books, [User.books]])
async def test_refresh_and_expire_take_names(Library: SessionFactory, given: Any) -> None:
    async with Library() as session:
        user = await session.get_one(User, 1)
        with pytest.raises(ArgumentError, match=r"refresh\(obj, \['books'\]\)"):
            await session.refresh(user, given)
        with pytest.raises(ArgumentError, match=r"expire\(obj, \['books'\]\)"):
            session.expire(user, given)


@pytest.mark.parametrize(
    ("read", "hint"),
    [
        (lambda: Book.author.email, "Book.author.to.email"),
        (lambda: Book.author.any(), "has"),
        (lambda: User.books.title, "any"),
        (lambda: User.books.of_type(Book).in_([]), "any"),
    ],
)
def test_a_relationship_says_what_to_ask_instead_of_its_columns(read: Any, hint: str) -> None:
    with pytest.raises(AttributeError, match="is a relationship and has no") as raised:
        read()
    assert isinstance(raised.value, AsyncORMError)
    assert hint in str(raised.value.hint)
    assert not hasattr(Book.author, "email")


def test_rows_are_made_into_a_class() -> None:
    class Shape:
        __hash__ = None  # type: ignore[assignment]

    shape: Any = Shape()
    with pytest.raises(ArgumentError, match=r"into\(\) takes a class, not a Shape"):
        select(User).into(shape)


def test_columns_are_no_relationships_in_options() -> None:
    given: Any = User.books
    with pytest.raises(ArgumentError, match="is a relationship, not a column") as raised:
        selectinload(Book.author).defer(given)
    assert "raiseload(User.books)" in str(raised.value.hint)


@pytest.mark.parametrize("count", [-1, "3", 3.0, True])
def test_the_number_of_first_ones_is_checked_by_its_name(count: Any) -> None:
    with pytest.raises(InvalidRequestError, match=r"^top\(\) takes"):
        User.books.top(count)


@pytest.mark.parametrize(
    ("lazy", "instead"),
    [
        ("dynamic", '"write_only"'),
        ("subquery", '"selectin"'),
        ("immediate", '"selectin"'),
        (True, '"select"'),
        (False, '"joined"'),
        (None, '"noload"'),
        ("raize", "one of select, raise"),
    ],
)
def test_a_way_of_loading_that_is_not_there_names_the_one_that_is(lazy: Any, instead: str) -> None:
    with pytest.raises(ConfigurationError, match="is not known") as raised:
        relationship(lazy=lazy)
    assert f"use {instead}" in str(raised.value.hint)


async def test_a_write_only_collection_is_read_by_a_statement_alone(
    engine: Engine, tables: CreateTables
) -> None:
    class Base(Model):
        metadata = MetaData()

    class Account(Base, table="account"):
        id: Mapped[int] = column(primary_key=True)
        entries: Related[WriteOnlyCollection[Entry]] = relationship()

    class Entry(Base, table="entry"):
        id: Mapped[int] = column(primary_key=True)
        account_id: Mapped[int | None] = foreign_key(Account.id)

    await tables(Base)
    async with Session(engine) as session:
        entries: Any = Account(id=1).entries
        with pytest.raises(TypeError, match=r"indexed in memory\nhint: .*entries\.select\(\)"):
            entries[0]
        with pytest.raises(TypeError, match=r"iterated over in memory\nhint: "):
            async for _ in entries:
                pass
        with pytest.raises(ArgumentError, match=r"no statement\nhint: .*collection\.select\(\)"):
            await session.all(entries)
