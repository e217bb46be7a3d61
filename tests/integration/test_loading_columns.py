"""Options say which columns are read; what is missing is loaded by a call, or fills up later."""

from __future__ import annotations

import pytest

from asyncorm import (
    ArgumentError,
    InvalidRequestError,
    ObjectDeletedError,
    UnloadedAttributeError,
    aliased,
    defer,
    load_only,
    select,
    selectinload,
    undefer,
    undefer_group,
    union_all,
)
from asyncorm.session.factory import SessionFactory
from tests.integration.conftest import Sent
from tests.support.bookshop import Author, Book, Slot


@pytest.fixture(autouse=True)
async def shop(Session: SessionFactory) -> None:
    async with Session.begin() as session:
        for number, name in enumerate("abc"):
            books = [Book(title=f"{name}{place}") for place in range(2)]
            session.add(Author(name=name, age=number, books=books))
        session.add(Slot(row="r", number=1, note="n"))


AUTHORS = select(Author).order_by(Author.id)


async def test_load_only_reads_the_key_and_what_is_named(
    Session: SessionFactory, sent: Sent
) -> None:
    async with Session() as session:
        author = (await session.all(AUTHORS.options(load_only(Author.name))))[0]
        (text,) = sent()
        assert '"name"' in text
        assert '"age"' not in text
        assert (author.id, author.name) == (1, "a")
        with pytest.raises(UnloadedAttributeError, match=r"load\(obj, Author\.age\), or .*undefer"):
            _ = author.age


async def test_what_is_said_of_a_column_by_name_counts_more_than_of_all(
    Session: SessionFactory, sent: Sent
) -> None:
    options = [
        (defer(Author.age), "id name"),
        (defer("*"), "id"),
        (load_only(Author.name).load_only(Author.age), "id name age"),
        (undefer(Author.age).defer("*"), "id age"),
        (defer("*").undefer("*"), "id name age"),
        (load_only(Author.name).undefer(Author.age), "id name age"),
        (undefer(Author.age).defer(Author.age), "id name"),
    ]
    for option, names in options:
        async with Session() as session:
            author = await session.first(AUTHORS.options(option))
            assert " ".join(n for n in ("id", "name", "age") if n in vars(author)) == names


async def test_columns_are_chosen_below_a_relationship(Session: SessionFactory, sent: Sent) -> None:
    statement = AUTHORS.options(
        load_only(Author.age),
        selectinload(Author.books)
        .load_only(Book.title)
        .selectinload(Book.author)
        .load_only(Author.name),
    )
    async with Session() as session:
        authors = await session.all(statement)
        assert [[book.title for book in author.books] for author in authors] == [
            ["a0", "a1"], ["b0", "b1"], ["c0", "c1"],
        ]  # fmt: skip
        assert all("name" not in vars(author) for author in authors)
        # a foreign key that leads on from here is read as well
        assert authors[0].books[0].author_id == 1
        assert sent.verbs() == ["SELECT", "SELECT"]
    async with Session() as session:
        author = (await session.all(AUTHORS.options(selectinload(Author.books).defer("*"))))[1]
        assert [sorted(vars(book)) for book in author.books] == [["id"], ["id"]]


async def test_columns_are_chosen_for_the_entity_or_alias_that_is_named(
    Session: SessionFactory,
) -> None:
    other = aliased(Author)
    pairs = select(Author, other).join(other, other.id == Author.id + 1).order_by(Author.id)
    async with Session() as session:
        one, two = (await session.all(pairs.options(load_only(other.name))))[1]
        assert "age" in vars(one)
        assert "age" not in vars(two)
    async with Session() as session:
        one, two = (await session.all(pairs.options(load_only(Author.name))))[0]
        assert "age" not in vars(one)
        assert two.age == 1
    async with Session() as session:
        author = await session.first(select(other).options(defer(other.age)).order_by(other.id))
        assert author is not None
        assert author.name == "a"
        assert "age" not in vars(author)


async def test_columns_of_several_entities_of_one_statement(Session: SessionFactory) -> None:
    statement = select(Author, Book, Author.age).join(Author.books).order_by(Book.id)
    async with Session() as session:
        found = await session.first(statement.options(load_only(Author.name), defer(Book.title)))
        assert found is not None
        author, book, age = found
        assert (author.name, book.author_id, age) == ("a", 1, 0)
        assert "age" not in vars(author)
        assert "title" not in vars(book)


async def test_columns_of_a_set_operation(Session: SessionFactory) -> None:
    statement = union_all(select(Author).where(Author.id == 1), select(Author).where(Author.id > 2))
    async with Session() as session:
        found = await session.all(statement.options(load_only(Author.name)))
        assert sorted(author.name for author in found) == ["a", "c"]
        assert all("age" not in vars(author) for author in found)


async def test_get_takes_column_options_and_leaves_the_object_as_it_is(
    Session: SessionFactory, sent: Sent
) -> None:
    async with Session() as session:
        author = await session.get(Author, 1, options=[load_only(Author.name)])
        assert "age" not in vars(author)
        sent()
        assert await session.get(Author, 1) is author
        assert await session.get_many(Author, [1]) == [author]
        assert sent() == []
        assert "age" not in vars(author)
        session.expire(author)
        await session.get(Author, 1)
        assert sent.verbs() == ["SELECT"]


async def test_a_later_statement_fills_what_is_missing_and_keeps_changes(
    Session: SessionFactory,
) -> None:
    async with Session() as session:
        author = await session.first(AUTHORS.options(load_only(Author.name)))
        assert author is not None
        author.name = "new"
        with session.no_autoflush:
            await session.all(AUTHORS)
        assert (author.name, author.age) == ("new", 0)
        await session.refresh(author, discard=True)
        assert author.name == "a"


async def test_a_column_that_is_not_loaded_can_be_changed(
    Session: SessionFactory, sent: Sent
) -> None:
    async with Session() as session:
        author = await session.first(AUTHORS.options(load_only(Author.name)))
        assert author is not None
        author.age = 50
        sent()
        await session.commit()
        assert sent.verbs() == ["UPDATE"]
    async with Session() as session:
        assert await session.all(select(Author.age).order_by(Author.id)) == [50, 1, 2]


async def test_load_reads_a_column_for_all_objects_of_the_result(
    Session: SessionFactory, sent: Sent
) -> None:
    async with Session() as session:
        authors = await session.all(AUTHORS.options(load_only(Author.name)))
        authors[1].age = 77
        sent()
        with session.no_autoflush:
            assert await session.load(authors[0], Author.age) == 0
        assert [author.age for author in authors] == [0, 77, 2]
        assert sent.verbs() == ["SELECT"]
        assert await session.load(authors[2], Author.age) == 2
        assert sent() == []


async def test_load_of_a_column_takes_a_list(Session: SessionFactory, sent: Sent) -> None:
    async with Session() as session:
        authors = await session.all(AUTHORS.options(load_only(Author.name)))
        sent()
        assert await session.load(authors, Author.age) is None
        assert await session.load([], Author.age) is None
        assert [author.age for author in authors] == [0, 1, 2]
        assert sent.verbs() == ["SELECT"]


async def test_load_of_an_expired_column_reads_all_that_has_expired(
    Session: SessionFactory, sent: Sent
) -> None:
    async with Session() as session:
        authors = await session.all(AUTHORS)
        await session.commit()
        session.expire_all()
        sent()
        assert await session.load(authors[0], Author.name) == "a"
        assert [(author.name, author.age) for author in authors] == [("a", 0), ("b", 1), ("c", 2)]
        assert sent.verbs() == ["SELECT"]


async def test_load_of_a_column_whose_row_is_gone_says_so(Session: SessionFactory) -> None:
    async with Session() as session, Session() as other:
        slot = await session.get(Slot, ("r", 1), options=[defer(Slot.note)])
        assert slot is not None
        gone = await other.get(Slot, ("r", 1))
        await other.delete(gone)
        await other.commit()
        with pytest.raises(ObjectDeletedError, match="Slot"):
            await session.load(slot, Slot.note)


async def test_load_refuses_columns_of_others(Session: SessionFactory) -> None:
    async with Session() as session:
        author = await session.get_one(Author, 1)
        with pytest.raises(InvalidRequestError, match=r"book\.title is no column of Author"):
            await session.load(author, Book.title)
        with pytest.raises(ArgumentError, match="one column at a time"):
            await session.load(author, Author.books, Book.title)  # type: ignore[call-overload]


async def test_a_relationship_is_loaded_though_its_foreign_key_was_left_out(
    Session: SessionFactory, sent: Sent
) -> None:
    async with Session() as session:
        books = await session.all(select(Book).options(load_only(Book.title)).order_by(Book.id))
        sent()
        author = await session.load(books[0], Book.author)
        assert author is not None
        assert author.name == "a"
        assert sent.verbs() == ["SELECT", "SELECT"]
        assert [book.author and book.author.name for book in books] == list("aabbcc")


async def test_refresh_reads_what_is_named_or_was_loaded(
    Session: SessionFactory, sent: Sent
) -> None:
    async with Session() as session:
        author = await session.first(AUTHORS.options(load_only(Author.name)))
        assert author is not None
        await session.refresh(author)
        assert "age" not in vars(author)
        await session.refresh(author, ["age"])
        assert author.age == 0
        async with Session.begin() as other:
            (await other.get_one(Author, 1)).age = 9
        await session.refresh(author)
        assert author.age == 9


async def test_options_about_nothing_that_is_selected_are_refused(
    Session: SessionFactory,
) -> None:
    other = aliased(Author)
    async with Session() as session:
        for statement in (
            AUTHORS.options(load_only(Book.title)),
            AUTHORS.options(selectinload(Book.author)),
            AUTHORS.options(load_only(other.name)),
            select(other).options(load_only(Author.name)),
            select(Author.name).options(selectinload(Author.books)),
        ):
            with pytest.raises(ArgumentError, match="concerns nothing that is selected"):
                await session.all(statement)
        with pytest.raises(ArgumentError, match="Author has no group of deferred columns"):
            await session.all(AUTHORS.options(undefer_group("x")))
        with pytest.raises(ArgumentError, match="Book has no group of deferred columns"):
            await session.all(AUTHORS.options(selectinload(Author.books).undefer_group("x")))
        with pytest.raises(ArgumentError, match="concerns nothing"):
            await session.get(Author, 1, options=[selectinload(Book.author)])


async def test_columns_of_another_entity_are_refused(Session: SessionFactory) -> None:
    async with Session() as session:
        with pytest.raises(ArgumentError, match=r"author\.name is no column of Book"):
            await session.all(AUTHORS.options(selectinload(Author.books).load_only(Author.name)))
