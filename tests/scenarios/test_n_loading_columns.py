"""N: loading with other objects, of some columns only, and under criteria."""

from __future__ import annotations

import pytest

from asyncorm import (
    Engine,
    Mapped,
    MetaData,
    Model,
    SessionFactory,
    UnflushedChangesError,
    UnloadedAttributeError,
    column,
    generated,
    load_only,
    raiseload,
    select,
    selectinload,
    undefer,
    undefer_group,
    with_loader_criteria,
)
from tests.conftest import CreateTables
from tests.support.rows import run
from tests.support.scenario_models import Author, Book, Node
from tests.support.sent import Sent


class Archive(Model):
    metadata = MetaData()


class Letter(Archive, table="letter"):
    """Most of it is read only when it is wanted."""

    id: Mapped[int] = generated(primary_key=True)
    subject: Mapped[str]
    body: Mapped[str] = column(default="", deferred=True, deferred_group="text")
    footer: Mapped[str | None] = column(default=None, deferred=True, deferred_group="text")
    scan: Mapped[bytes | None] = column(default=None, deferred=True)


LETTERS = select(Letter).order_by(Letter.id)
AUTHORS = select(Author).order_by(Author.id)
NODES = select(Node).order_by(Node.id)


async def make_authors(Session: SessionFactory, *numbers: int) -> None:
    async with Session.begin() as session:
        for number, books in enumerate(numbers):
            name = f"a{number}"
            mine = [Book(title=f"{name} {place}") for place in range(books)]
            session.add(Author(name=name, books=mine))


# -- N01 -------------------------------------------------------------------------------------


async def test_n01_collections_of_1200_parents_are_one_more_statement(
    Session: SessionFactory, publisher: Engine, sent: Sent
) -> None:
    await run(
        publisher,
        "insert into author (name) select 'a' || n from generate_series(0, 1199) as s (n)",
        "insert into book (title, pages, author_id) select 'b' || n || ' ' || m, m, n + 1"
        " from generate_series(0, 1199) as s (n), generate_series(1, 3) as t (m)"
        " where m <= n % 4 order by m desc",
    )
    async with Session() as session:
        sent()
        authors = await session.all(AUTHORS.options(selectinload(Author.books)))
        assert sent.verbs() == ["SELECT", "SELECT"]
        assert len(authors) == 1200
        for number, author in enumerate(authors):
            # in the order of the relationship, by their keys
            places = list(range(number % 4, 0, -1))
            assert [book.title for book in author.books] == [f"b{number} {p}" for p in places]
        assert sent() == []


# -- N02 -------------------------------------------------------------------------------------


async def test_n02_references_are_found_in_memory(Session: SessionFactory, sent: Sent) -> None:
    await make_authors(Session, 2, 1)
    async with Session() as session:
        authors = await session.all(AUTHORS)
        sent()
        books = await session.all(select(Book).order_by(Book.id).options(selectinload(Book.author)))
        assert sent.verbs() == ["SELECT"]
        assert [book.author for book in books] == [authors[0], authors[0], authors[1]]


async def test_n02_only_what_is_not_in_memory_is_asked_for(
    Session: SessionFactory, sent: Sent
) -> None:
    await make_authors(Session, 1, 1)
    async with Session() as session:
        held = await session.get_one(Author, 1)
        sent()
        books = await session.all(select(Book).order_by(Book.id).options(selectinload(Book.author)))
        assert sent.verbs() == ["SELECT", "SELECT"]
        assert books[0].author is held
        assert books[1].author is not None
        assert books[1].author.name == "a1"


async def test_n02_an_empty_reference_is_none_without_a_statement(
    Session: SessionFactory, sent: Sent
) -> None:
    async with Session.begin() as session:
        session.add_all([Book(title="x"), Book(title="y")])
    async with Session() as session:
        sent()
        books = await session.all(select(Book).options(selectinload(Book.author)))
        assert [book.author for book in books] == [None, None]
        assert sent.verbs() == ["SELECT"]


async def test_n02_a_dangling_key_is_none(
    Session: SessionFactory, publisher: Engine, sent: Sent
) -> None:
    await run(
        publisher,
        "set session_replication_role = replica",  # no foreign keys
        "insert into book (title, pages, author_id) values ('x', 1, 999)",
        "set session_replication_role = default",
    )
    async with Session() as session:
        sent()
        book = await session.one(select(Book).options(selectinload(Book.author)))
        assert book.author is None
        assert book.author_id == 999
        assert sent.verbs() == ["SELECT", "SELECT"]
        assert await session.load(book, Book.author) is None
        assert sent() == []
        assert not session.dirty


# -- N04 -------------------------------------------------------------------------------------


async def test_n04_a_changed_collection_stays_as_it_is(Session: SessionFactory) -> None:
    await make_authors(Session, 2)
    statement = AUTHORS.options(selectinload(Author.books))
    async with Session(autoflush=False) as session:
        author = await session.one(statement)
        gone, kept = author.books
        author.books.remove(gone)
        author.books.append(Book(title="new"))
        assert await session.one(statement) is author
        assert [book.title for book in author.books] == [kept.title, "new"]
        await session.commit()
    async with Session() as session:
        author = await session.one(statement)
        assert [book.title for book in author.books] == [kept.title, "new"]


async def test_n04_populate_existing_loads_collections_again(
    Session: SessionFactory, publisher: Engine
) -> None:
    await make_authors(Session, 1)
    statement = AUTHORS.options(selectinload(Author.books))
    again = statement.execution_options(populate_existing=True)
    async with Session(autoflush=False) as session:
        author = await session.one(statement)
        await run(
            publisher,
            "update book set title = 'changed'",
            "insert into book (title, pages, author_id) values ('other', 1, 1)",
        )
        await session.one(statement)
        assert [book.title for book in author.books] == ["a0 0"]
        await session.one(again)
        assert [book.title for book in author.books] == ["changed", "other"]
        author.books.pop()
        with pytest.raises(UnflushedChangesError, match=r"Author\.books"):
            await session.one(again)


# -- N05 -------------------------------------------------------------------------------------


def tree(depth: int, name: str = "r") -> Node:
    below = [tree(depth - 1, f"{name}{n}") for n in range(2)] if depth else []
    return Node(name=name, children=below)


def names(node: Node, levels: int) -> list[str]:
    below = [name for child in node.children for name in names(child, levels - 1)] if levels else []
    return [node.name, *below]


@pytest.mark.parametrize(("depth", "statements", "levels"), [(1, 2, 1), (2, 3, 2), (-1, 5, 3)])
async def test_n05_levels_of_a_tree_are_a_statement_each(
    Session: SessionFactory, sent: Sent, depth: int, statements: int, levels: int
) -> None:
    async with Session.begin() as session:
        session.add(tree(3))
    top = NODES.where(Node.parent_id.is_(None))
    async with Session() as session:
        sent()
        root = await session.one(top.options(selectinload(Node.children, recursion_depth=depth)))
        assert len(sent()) == statements
        assert len(names(root, levels)) == 2 ** (levels + 1) - 1
        assert sent() == []
        last = root
        for _ in range(levels):
            last = last.children[0]
        if depth < 0:
            assert last.children == []
        else:
            with pytest.raises(UnloadedAttributeError, match=r"Node\.children"):
                _ = last.children


@pytest.mark.parametrize("depth", [2, -1])
async def test_n05_cyclic_data_come_to_an_end(
    Session: SessionFactory, publisher: Engine, sent: Sent, depth: int
) -> None:
    await run(
        publisher,
        "insert into node (name, parent_id) values ('a', null), ('b', 1), ('c', 2), ('self', 4)",
        "update node set parent_id = 3 where id = 1",
    )
    async with Session() as session:
        sent()
        found = await session.all(NODES.options(selectinload(Node.children, recursion_depth=depth)))
        a, b, c, alone = found
        assert [node.children for node in (a, b, c, alone)] == [[b], [c], [a], [alone]]
        assert len(sent()) <= 3
    async with Session() as session:
        only = NODES.where(Node.name == "a")
        first = await session.one(only.options(selectinload(Node.children, recursion_depth=depth)))
        assert first.children[0].children[0].name == "c"
        if depth < 0:
            assert first.children[0].children[0].children == [first]


async def test_n05_parents_are_followed_to_the_root(Session: SessionFactory, sent: Sent) -> None:
    async with Session.begin() as session:
        session.add(tree(3))
    async with Session() as session:
        leaf = await session.one(
            NODES.where(Node.name == "r010").options(selectinload(Node.parent, recursion_depth=-1))
        )
        path = []
        node: Node | None = leaf
        while node is not None:
            path.append(node.name)
            node = node.parent
        assert path == ["r010", "r01", "r0", "r"]


# -- N07 -------------------------------------------------------------------------------------


async def test_n07_reading_what_raises_is_an_error_until_it_is_loaded(
    Session: SessionFactory, sent: Sent
) -> None:
    await make_authors(Session, 1)
    async with Session() as session:
        author = await session.one(AUTHORS.options(raiseload(Author.books)))
        sent()
        with pytest.raises(
            UnloadedAttributeError,
            match=r"Author\.books is not loaded: raiseload\(\) asks(.|\n)*session\.load\(obj, Auth",
        ):
            _ = author.books
        assert sent() == []
        assert len(await session.load(author, Author.books)) == 1
        assert len(author.books) == 1


@pytest.mark.parametrize("sql_only", [True, False])
async def test_n07_memory_answers_only_with_sql_only(
    Session: SessionFactory, sql_only: bool
) -> None:
    await make_authors(Session, 1)
    async with Session() as session:
        author = await session.get_one(Author, 1)
        book = await session.one(select(Book).options(raiseload(Book.author, sql_only=sql_only)))
        if sql_only:
            assert book.author is author
        else:
            with pytest.raises(UnloadedAttributeError, match="raiseload"):
                _ = book.author


async def test_n07_a_cascade_loads_what_raises(Session: SessionFactory) -> None:
    """L6"""
    await make_authors(Session, 2)
    async with Session() as session:
        author = await session.one(AUTHORS.options(raiseload("*")))
        await session.delete(author)
        await session.commit()
        assert await session.all(select(Book.author_id)) == [None, None]


# -- N08 -------------------------------------------------------------------------------------


@pytest.fixture
async def letters(tables: CreateTables, Session: SessionFactory) -> None:
    await tables(Archive)
    async with Session.begin() as session:
        session.add_all(
            Letter(subject=name, body=name * 2, footer="f", scan=b"s") for name in "abc"
        )


@pytest.mark.usefixtures("letters")
async def test_n08_a_group_is_loaded_by_one_statement_for_all(
    Session: SessionFactory, sent: Sent
) -> None:
    async with Session() as session:
        sent()
        found = await session.all(LETTERS)
        assert '"body"' not in sent()[0]
        with pytest.raises(UnloadedAttributeError, match=r"Letter\.body is not loaded"):
            _ = found[0].body
        assert await session.load(found[1], Letter.body) == "bb"
        (text,) = sent()
        assert '"footer"' in text
        assert '"scan"' not in text
        assert '"subject"' not in text
        assert [(letter.body, letter.footer) for letter in found] == [
            ("aa", "f"), ("bb", "f"), ("cc", "f"),
        ]  # fmt: skip
        assert await session.load(found, Letter.scan) is None
        assert [letter.scan for letter in found] == [b"s", b"s", b"s"]
        assert sent.verbs() == ["SELECT"]


@pytest.mark.usefixtures("letters")
async def test_n08_a_deferred_column_is_changed_without_loading_it(
    Session: SessionFactory, sent: Sent
) -> None:
    async with Session() as session:
        first, second, _ = await session.all(LETTERS)
        sent()
        first.body = "changed"
        assert await session.load(second, Letter.body) == "bb"
        assert sent.verbs() == ["BEGIN", "UPDATE", "SELECT"]
        second.footer = "changed"
        with session.no_autoflush:
            assert await session.load(first, Letter.scan) == b"s"
        await session.commit()
    async with Session() as session:
        first, second, _ = await session.all(LETTERS.options(undefer_group("text")))
        assert (first.body, first.footer) == ("changed", "f")
        assert (second.body, second.footer) == ("bb", "changed")


@pytest.mark.usefixtures("letters")
async def test_n08_options_bring_deferred_columns(Session: SessionFactory, sent: Sent) -> None:
    async with Session() as session:
        first = (await session.all(LETTERS.options(undefer(Letter.scan))))[0]
        assert first.scan == b"s"
        # an object that is held already is filled
        await session.all(LETTERS.options(undefer_group("text")))
        assert (first.body, first.footer) == ("aa", "f")
        third = await session.get_one(Letter, 3, options=[undefer("*")])
        assert (third.body, third.scan) == ("cc", b"s")
    async with Session() as session:
        first = (await session.all(LETTERS.options(load_only(Letter.body))))[0]
        assert sorted(n for n in vars(first) if n in Letter.__mapper__.columns) == ["body", "id"]


@pytest.mark.usefixtures("letters")
async def test_n08_what_is_deferred_stays_so_on_refresh(
    Session: SessionFactory, publisher: Engine, sent: Sent
) -> None:
    """L9"""
    async with Session() as session:
        letter = await session.get_one(Letter, 1)
        sent()
        assert await session.get(Letter, 1) is letter
        assert sent() == []
        await session.refresh(letter)
        assert "body" not in vars(letter)
        await session.refresh(letter, ["body"])
        assert letter.body == "aa"
        await run(publisher, "update letter set body = 'new', footer = 'new'")
        # what is loaded is read again
        await session.refresh(letter)
        assert letter.body == "new"
        assert "footer" not in vars(letter)


# -- N13 -------------------------------------------------------------------------------------


async def test_n13_criteria_hold_for_joins_and_what_is_loaded_with_it(
    Session: SessionFactory, sent: Sent
) -> None:
    await make_authors(Session, 3, 1)
    first = with_loader_criteria(Book, Book.title.endswith(" 0"))
    async with Session() as session:
        authors = await session.all(AUTHORS.options(first, selectinload(Author.books)))
        assert [[book.title for book in author.books] for author in authors] == [
            ["a0 0"], ["a1 0"],
        ]  # fmt: skip
        rows = select(Author.name, Book.title).outerjoin(Author.books).order_by(Book.id)
        assert await session.all(rows.options(first)) == [("a0", "a0 0"), ("a1", "a1 0")]
        author = await session.one(AUTHORS.where(Author.name == "a0"))
        assert "partial" in repr(author)
        # the object was loaded under the criteria, and keeps them
        assert len(await session.load(author, Author.books)) == 1
        await session.refresh(author, ["books"])
        assert len(author.books) == 3


async def test_n13_criteria_never_hold_for_a_refresh(Session: SessionFactory) -> None:
    """L10"""
    await make_authors(Session, 0)
    named = with_loader_criteria(Author, Author.name == "a0")
    async with Session() as session:
        author = await session.one(AUTHORS.options(named, load_only(Author.name)))
        author.name = "other"
        await session.flush()
        await session.refresh(author)
        assert author.name == "other"
        assert await session.load(author, Author.age) is None
        session.expire(author)
        assert await session.load(author, Author.name) == "other"
        session.expire(author)
        assert await session.get(Author, author.id, options=[named]) is author
