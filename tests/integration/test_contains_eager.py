"""contains_eager(): objects are taken from joins that the statement has."""

from __future__ import annotations

import pytest

from asyncorm import (
    ArgumentError,
    Engine,
    InvalidRequestError,
    SessionFactory,
    aliased,
    contains_eager,
    joinedload,
    select,
    selectinload,
    sessionmaker,
    union,
)
from tests.conftest import CreateTables
from tests.support.publishing import Book, Node, Publishing, Tag, User
from tests.support.sent import Sent


@pytest.fixture
async def Library(engine: Engine, tables: CreateTables) -> SessionFactory:  # noqa: N802
    """Sessions on a user with three books, whose tags differ, and one without."""
    await tables(Publishing)
    made = sessionmaker(engine)
    tags = [Tag(id=1, name="x"), Tag(id=2, name="y")]
    async with made() as session:
        books = [Book(id=n, title=f"b{n}", tags=tags[: n - 1]) for n in (1, 2, 3)]
        session.add_all([User(id=1, email="ada", books=books), User(id=2, email="bob")])
        await session.commit()
    return made


async def test_a_collection_holds_what_the_join_has_found(
    Library: SessionFactory, sent: Sent
) -> None:
    async with Library() as session:
        sent()
        users = await session.all(
            select(User)
            .join(User.books)
            .where(Book.title > "b1")
            .options(contains_eager(User.books))
            .order_by(Book.id.desc())
        )
        assert [(user.email, [b.id for b in user.books]) for user in users] == [("ada", [3, 2])]
        assert users[0].books.partial  # type: ignore[attr-defined]
        assert sent.verbs() == ["SELECT"]
        await session.load(users[0], User.books)
        assert [book.id for book in users[0].books] == [1, 2, 3]
        assert not users[0].books.partial  # type: ignore[attr-defined]
        assert sent.verbs() == ["SELECT"]


async def test_an_outer_join_gives_owners_without_members(Library: SessionFactory) -> None:
    async with Library() as session:
        users = await session.all(
            select(User)
            .outerjoin(User.books)
            .options(contains_eager(User.books))
            .order_by(User.id, Book.id)
        )
        assert [[book.id for book in user.books] for user in users] == [[1, 2, 3], []]


async def test_a_path_is_taken_from_several_joins(Library: SessionFactory, sent: Sent) -> None:
    async with Library() as session:
        sent()
        users = await session.all(
            select(User)
            .join(User.books)
            .join(Book.tags)
            .where(Tag.name == "y")
            .options(contains_eager(User.books).contains_eager(Book.tags))
        )
        (book,) = users[0].books
        assert (book.id, [tag.name for tag in book.tags]) == (3, ["y"])
        assert sent.verbs() == ["SELECT"]


async def test_a_reference_is_taken_from_a_join(Library: SessionFactory, sent: Sent) -> None:
    async with Library() as session:
        sent()
        books = await session.all(
            select(Book)
            .join(Book.author)
            .where(User.email == "ada")
            .options(contains_eager(Book.author))
            .order_by(Book.id)
            .limit(2)
        )
        assert [(book.id, book.author and book.author.email) for book in books] == [
            (1, "ada"),
            (2, "ada"),
        ]
        assert sent.verbs() == ["SELECT"]


async def test_an_alias_is_named_by_of_type(Library: SessionFactory) -> None:
    cheap, dear = aliased(Book), aliased(Book)
    async with Library() as session:
        statement = (
            select(User)
            .join(User.books.of_type(cheap))
            .join(User.books.of_type(dear))
            .where(cheap.id == 1, dear.id == 3)
        )
        (user,) = await session.all(statement.options(contains_eager(User.books.of_type(dear))))
        assert [book.id for book in user.books] == [3]
        session.expunge_all()
        (user,) = await session.all(statement.options(contains_eager(User.books.of_type(cheap))))
        assert [book.id for book in user.books] == [1]


async def test_a_self_reference_needs_an_alias(engine: Engine, tables: CreateTables) -> None:
    await tables(Publishing)
    child = aliased(Node)
    async with sessionmaker(engine)() as session:
        root = Node(id=1, name="r")
        session.add_all(
            [root, Node(id=2, name="a", parent=root), Node(id=3, name="b", parent=root)]
        )
        await session.commit()
        session.expunge_all()
        statement = select(Node).join(child, Node.children).where(child.name == "b")
        with pytest.raises(InvalidRequestError, match=r"of_type\(alias\)"):
            await session.all(statement.options(contains_eager(Node.children)))
        (node,) = await session.all(statement.options(contains_eager(Node.children.of_type(child))))
        assert [one.name for one in node.children] == ["b"]


async def test_a_statement_without_the_join_is_refused(Library: SessionFactory) -> None:
    async with Library() as session:
        for statement in (
            select(User).options(contains_eager(User.books)),
            select(User).join(User.edited).options(contains_eager(User.books, Book.tags)),
            select(User).options(joinedload(User.books).contains_eager(Book.tags)),
            select(User).options(selectinload(User.books).contains_eager(Book.tags)),
        ):
            with pytest.raises(InvalidRequestError, match="finds no join") as caught:
                await session.all(statement)
            assert "joinedload" in str(caught.value)


async def test_a_selection_belongs_to_the_statement() -> None:
    with pytest.raises(ArgumentError, match=r"contains_eager\(\) takes no conditions"):
        contains_eager(User.books.where(Book.id == 1))


async def test_other_loading_goes_on_from_what_was_contained(
    Library: SessionFactory, sent: Sent
) -> None:
    async with Library() as session:
        for option, verbs in (
            (contains_eager(User.books).selectinload(Book.tags), ["SELECT", "SELECT"]),
            (contains_eager(User.books).joinedload(Book.tags), ["SELECT"]),
        ):
            sent()
            statement = select(User).join(User.books).where(Book.id > 1).options(option)
            (user,) = await session.all(statement.order_by(Book.id).limit(2))
            assert [[tag.name for tag in book.tags] for book in user.books] == [["x"], ["x", "y"]]
            assert sent.verbs() == verbs
            session.expunge_all()


async def test_what_is_selected_anyway_may_be_contained(Library: SessionFactory) -> None:
    async with Library() as session:
        rows = await session.all(
            select(User, Book)
            .join(User.books)
            .options(contains_eager(User.books))
            .order_by(Book.id)
        )
        assert [(user.email, book.id) for user, book in rows] == [
            ("ada", 1),
            ("ada", 2),
            ("ada", 3),
        ]
        assert rows[0][0].books == [rows[0][1], rows[1][1], rows[2][1]]


async def test_a_whole_collection_is_left_alone_and_a_partial_one_taken_again(
    Library: SessionFactory,
) -> None:
    statement = select(User).join(User.books).options(contains_eager(User.books))
    async with Library() as session:
        (ada,) = await session.all(statement.where(Book.id == 1))
        assert [book.id for book in ada.books] == [1]
        await session.all(statement.where(Book.id == 2))
        assert [book.id for book in ada.books] == [2]
        await session.load(ada, User.books)
        await session.all(statement.where(Book.id == 2))
        assert [book.id for book in ada.books] == [1, 2, 3]
        over = statement.where(Book.id == 2).execution_options(populate_existing=True)
        await session.all(over)
        assert [book.id for book in ada.books] == [2]


async def test_changes_of_a_partial_collection_are_kept(Library: SessionFactory) -> None:
    statement = select(User).join(User.books).options(contains_eager(User.books))
    async with Library() as session:
        (ada,) = await session.all(statement.where(Book.id > 1).order_by(Book.id))
        ada.books.remove(ada.books[0])
        ada.books.append(Book(id=9, title="new"))
        with session.no_autoflush:
            await session.all(statement.where(Book.id < 3).order_by(Book.id))
            assert [book.id for book in ada.books] == [1, 9]
            await session.load(ada, User.books)
        assert [book.id for book in ada.books] == [1, 3, 9]
        await session.commit()
        kept = select(Book.id).where(Book.author_id == 1).order_by(Book.id)
        assert await session.all(kept) == [1, 3, 9]


async def test_a_set_operation_contains_no_joins(Library: SessionFactory) -> None:
    async with Library() as session:
        both = union(select(User).where(User.id == 1), select(User).where(User.id == 2))
        with pytest.raises(InvalidRequestError, match="finds no join"):
            await session.all(both.options(contains_eager(User.books)))
