"""joinedload(): related objects come in the rows of the statement itself."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from asyncorm import (
    Engine,
    InvalidRequestError,
    Session,
    SessionFactory,
    aliased,
    func,
    inspect,
    joinedload,
    lazyload,
    literal,
    select,
    selectinload,
    sessionmaker,
    union,
    update,
)
from tests.conftest import CreateTables
from tests.support.guild import Account, Badge, Guild, Locker, Member, Part, Quest, Tool
from tests.support.publishing import Book, Node, Profile, Publishing, Shelf, Tag, User
from tests.support.sent import Sent


@pytest.fixture
async def Library(engine: Engine, tables: CreateTables) -> SessionFactory:  # noqa: N802
    """Sessions on two users: the first has three books with tags, the second has none."""
    await tables(Publishing)
    tags = [Tag(id=1, name="x"), Tag(id=2, name="y")]
    shelf = Shelf(room="a", number=1, labels=tags)
    ada = User(id=1, email="ada", profile=Profile(id=1, text="p"))
    bob = User(id=2, email="bob")
    made = sessionmaker(engine)
    async with made() as session:
        session.add_all([ada, bob])
        for number in (3, 1, 2):
            session.add(
                Book(id=number, title=f"b{number}", author=ada, tags=tags[:number], shelf=shelf)
            )
        await session.commit()
    return made


class Line(NamedTuple):
    email: str
    User: User


def titles(user: User) -> list[str]:
    return [book.title for book in user.books]


async def test_a_collection_comes_with_its_owners_in_one_statement(
    Library: SessionFactory, sent: Sent
) -> None:
    async with Library() as session:
        sent()
        users = await session.all(
            select(User).options(joinedload(User.books)).order_by(User.email.desc())
        )
        assert [(user.email, titles(user)) for user in users] == [
            ("bob", []),
            ("ada", ["b1", "b2", "b3"]),
        ]
        assert sent.verbs() == ["SELECT"]
        assert users[1].books[0] is await session.get(Book, 1)
        assert sent() == []


async def test_a_reference_comes_with_its_owner_and_is_none_where_there_is_none(
    Library: SessionFactory, sent: Sent
) -> None:
    async with Library() as session:
        session.add(Book(id=9, title="nobody's"))
        await session.flush()
        session.expunge_all()
        sent()
        books = await session.all(
            select(Book)
            .options(joinedload(Book.author).joinedload(User.profile))
            .where(Book.id.in_([1, 9]))
            .order_by(Book.id)
        )
        assert [book.author and book.author.email for book in books] == ["ada", None]
        author = books[0].author
        assert author is not None
        assert author.profile is not None
        assert author.profile.text == "p"
        assert sent.verbs() == ["SELECT"]


async def test_a_path_is_joined_to_its_end_through_link_tables_and_composite_keys(
    Library: SessionFactory, sent: Sent
) -> None:
    async with Library() as session:
        sent()
        user = await session.one(
            select(User)
            .options(
                joinedload(User.books).options(
                    joinedload(Book.tags), joinedload(Book.shelf).joinedload(Shelf.labels)
                )
            )
            .where(User.id == 1)
        )
        assert [[tag.name for tag in book.tags] for book in user.books] == [
            ["x"],
            ["x", "y"],
            ["x", "y"],
        ]
        shelf = user.books[0].shelf
        assert shelf is not None
        assert shelf is user.books[2].shelf
        assert [tag.name for tag in shelf.labels] == ["x", "y"]
        assert sent.verbs() == ["SELECT"]


async def test_several_collections_of_one_entity_hold_every_member_once(
    Library: SessionFactory,
) -> None:
    async with Library() as session:
        await session.execute(update(Book).values(editor_id=1))
        users = await session.all(
            select(User).options(joinedload(User.books), joinedload(User.edited)).order_by(User.id)
        )
        assert [(titles(user), [b.id for b in user.edited]) for user in users] == [
            (["b1", "b2", "b3"], [1, 2, 3]),
            ([], []),
        ]


async def test_an_inner_join_leaves_owners_out_that_have_no_members(
    Library: SessionFactory, sent: Sent
) -> None:
    async with Library() as session:
        sent()
        users = await session.all(select(User).options(joinedload(User.books, innerjoin=True)))
        assert [user.email for user in users] == ["ada"]
        assert " LEFT JOIN " not in sent()[0]


async def test_an_inner_join_below_an_outer_one_takes_no_rows_away(
    Library: SessionFactory,
) -> None:
    async with Library() as session:
        users = await session.all(
            select(User).options(joinedload(User.books).joinedload(Book.editor, innerjoin=True))
        )
        assert len(users) == 2
        assert {book.editor for user in users for book in user.books} == {None}


async def test_conditions_of_a_selection_are_those_of_the_join(
    Library: SessionFactory, sent: Sent
) -> None:
    async with Library() as session:
        sent()
        few = select(User).options(joinedload(User.books.where(Book.title < "b3")))
        users = await session.all(few.order_by(User.id))
        assert [titles(user) for user in users] == [["b1", "b2"], []]
        assert all(user.books.partial for user in users)  # type: ignore[attr-defined]
        assert sent.verbs() == ["SELECT"]
        await session.load(users[0], User.books)
        assert titles(users[0]) == ["b1", "b2", "b3"]


async def test_conditions_with_other_values_are_the_same_statement(
    Library: SessionFactory, engine: Engine
) -> None:
    def some(title: str) -> list[str]:
        return [title]

    async with Library() as session:
        one = select(User).options(joinedload(User.books.where(Book.title == "b1")))
        other = select(User).options(joinedload(User.books.where(Book.title == "b2")))
        assert titles((await session.all(one.order_by(User.id)))[0]) == some("b1")
        before = len(engine.statements)
        assert titles((await session.all(other.order_by(User.id)))[0]) == some("b2")
        assert len(engine.statements) == before


async def test_the_first_members_of_each_owner_are_joined_laterally(
    Library: SessionFactory, sent: Sent
) -> None:
    async with Library() as session:
        session.add_all([Book(id=n, title=f"c{n}", author_id=2) for n in (5, 6, 7)])
        await session.flush()
        session.expunge_all()
        sent()
        users = await session.all(
            select(User)
            .options(joinedload(User.books.top(2, order_by=Book.id.desc())))
            .order_by(User.id)
        )
        assert [titles(user) for user in users] == [["b3", "b2"], ["c7", "c6"]]
        assert sent.verbs() == ["SELECT"]
        session.expunge_all()
        book = await session.one(
            select(Book).options(joinedload(Book.tags.top(1))).where(Book.id == 2)
        )
        assert [tag.name for tag in book.tags] == ["x"]


async def test_a_self_reference_is_joined_by_aliases(engine: Engine, tables: CreateTables) -> None:
    await tables(Publishing)
    root = Node(id=1, name="r")
    left, right = Node(id=2, name="left", parent=root), Node(id=3, name="right", parent=root)
    leaf = Node(id=4, name="leaf", parent=left)
    leaf.friends = [root, leaf]
    async with Session(engine) as session:
        session.add_all([root, right, leaf])
        await session.commit()
    async with Session(engine) as session:
        nodes = await session.all(
            select(Node)
            .where(Node.name == "r")
            .options(joinedload(Node.children).joinedload(Node.children, Node.friends))
        )
        assert [[child.name for child in node.children] for node in nodes] == [["left", "right"]]
        (found,) = nodes[0].children[0].children
        assert [friend.name for friend in found.friends] == ["r", "leaf"]
        assert found.friends[0] is nodes[0]
        assert nodes[0].children[1].children == []


async def test_joined_and_select_in_loading_stand_below_each_other(
    Library: SessionFactory, sent: Sent
) -> None:
    async with Library() as session:
        sent()
        users = await session.all(
            select(User)
            .options(joinedload(User.books).selectinload(Book.tags).joinedload(Tag.shelves))
            .order_by(User.id)
        )
        assert [[t.name for t in b.tags] for b in users[0].books] == [["x"], ["x", "y"], ["x", "y"]]
        assert users[0].books[0].tags[0].shelves[0].room == "a"
        assert sent.verbs() == ["SELECT", "SELECT"]
        session.expunge_all()
        users = await session.all(
            select(User).options(selectinload(User.books).joinedload(Book.tags)).order_by(User.id)
        )
        assert [len(book.tags) for book in users[0].books] == [1, 2, 2]
        assert sent.verbs() == ["SELECT", "SELECT"]


async def test_what_the_user_joins_himself_has_another_name(Library: SessionFactory) -> None:
    async with Library() as session:
        users = await session.all(
            select(User).join(User.books).where(Book.title == "b1").options(joinedload(User.books))
        )
        assert [titles(user) for user in users] == [["b1", "b2", "b3"]]


async def test_several_entities_and_columns_stay_rows(Library: SessionFactory) -> None:
    async with Library() as session:
        other = aliased(User)
        rows = await session.all(
            select(User, Book.title, other)
            .join(Book, Book.author_id == User.id)
            .join(other, other.id == 2)
            .options(joinedload(User.books))
            .order_by(Book.title)
        )
        assert [(user.email, title, them.email) for user, title, them in rows] == [
            ("ada", f"b{number}", "bob") for number in (1, 2, 3)
        ]
        assert titles(rows[0][0]) == ["b1", "b2", "b3"]
        assert titles(rows[0][2]) == []


async def test_one_owner_with_many_members_is_one_row(Library: SessionFactory) -> None:
    statement = select(User).options(joinedload(User.books)).where(User.id == 1)
    async with Library() as session:
        assert (await session.one(statement)).email == "ada"
        result = await session.execute(statement)
        assert len(result.scalars().unique().all()) == 1
        assert len((await session.execute(statement)).all()) == 1
        first = await session.first(statement)
        assert first is not None
        assert len(first.books) == 3
        assert await session.scalar(statement) is first


async def test_values_beside_an_entity_may_be_of_any_type(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Guild)
    async with Session(engine) as session:
        member = Member(name="m", notes={"a": [1]})
        member.accounts = [Account(amount=1), Account(amount=2)]
        session.add(member)
        await session.flush()
        rows = await session.all(
            select(Member, Member.notes, literal([1, 2])).options(joinedload(Member.accounts))
        )
        assert [(row[0], row[1], row[2]) for row in rows] == [(member, {"a": [1]}, [1, 2])]


async def test_sets_dicts_single_objects_and_association_objects_are_filled(
    engine: Engine, tables: CreateTables, sent: Sent
) -> None:
    await tables(Guild)
    async with Session(engine) as session:
        quest = Quest(title="q")
        ann, tim = Member(name="ann"), Member(name="tim")
        ann.tools = {"saw": Tool(kind="saw"), "axe": Tool(kind="axe")}
        ann.badges = {Badge(code="b", label="B"), Badge(code="a", label="A")}
        ann.locker = Locker(number=7)
        tim.patron = ann
        session.add_all([ann, tim, Part(member=ann, quest=quest, role="lead")])
        await session.commit()
    async with Session(engine) as session:
        sent()
        found = await session.all(
            select(Member)
            .options(
                joinedload(Member.tools),
                joinedload(Member.badges),
                joinedload(Member.locker),
                joinedload(Member.clients),
                joinedload(Member.parts).joinedload(Part.quest),
            )
            .order_by(Member.name)
        )
        assert sent.verbs() == ["SELECT"]
        one, other = found
        assert sorted(one.tools) == ["axe", "saw"]
        assert {badge.code for badge in one.badges} == {"a", "b"}
        assert one.locker is not None
        assert one.locker.number == 7
        assert one.clients == [other]
        assert [part.quest.title for part in one.parts] == ["q"]
        assert (other.tools, other.badges, other.locker, other.parts) == ({}, set(), None, [])


async def test_what_is_loaded_already_is_left_alone(Library: SessionFactory, sent: Sent) -> None:
    statement = select(User).options(joinedload(User.books)).order_by(User.id)
    async with Library() as session:
        (ada, _) = await session.all(select(User).options(selectinload(User.books)))
        held = ada.books
        await session.all(statement)
        assert ada.books is held
        await session.all(statement.execution_options(populate_existing=True))
        assert ada.books is not held
        assert titles(ada) == ["b1", "b2", "b3"]


async def test_what_came_in_before_loading_stays(Library: SessionFactory) -> None:
    async with Library() as session:
        ada, gone = await session.get_one(User, 1), await session.get_one(Book, 1)
        new = Book(id=10, title="new", author=ada)
        session.add(new)
        gone.author = None
        with session.no_autoflush:
            await session.all(select(User).options(joinedload(User.books)))
        assert [book.id for book in ada.books] == [2, 3, 10]


async def test_a_reference_that_was_changed_is_not_what_the_row_says(
    Library: SessionFactory,
) -> None:
    async with Library() as session:
        book = await session.get_one(Book, 1)
        book.author_id = 2
        with session.no_autoflush:
            await session.all(select(Book).options(joinedload(Book.author)))
        assert book.author is not None
        assert book.author.email == "bob"


async def test_get_takes_options_and_asks_once(Library: SessionFactory, sent: Sent) -> None:
    async with Library() as session:
        sent()
        user = await session.get_one(User, 1, options=[joinedload(User.books)])
        assert titles(user) == ["b1", "b2", "b3"]
        assert sent.verbs() == ["SELECT"]
        session.expunge_all()
        one, two = await session.get_many(User, [2, 1], options=[joinedload(User.edited)])
        assert one is not None
        assert two is not None
        assert (one.id, two.id, one.edited, two.edited) == (2, 1, [], [])
        assert sent.verbs() == ["SELECT"]


async def test_rows_become_other_shapes_without_repetition(Library: SessionFactory) -> None:
    async with Library() as session:
        found = await session.all(
            select(User.email, User).options(joinedload(User.books)).order_by(User.id).into(Line)
        )
        assert [(line.email, len(line.User.books)) for line in found] == [("ada", 3), ("bob", 0)]


async def test_options_of_a_query_inside_another_mean_nothing(
    Library: SessionFactory, sent: Sent
) -> None:
    inner = select(User).options(joinedload(User.books)).where(User.id == 1)
    async with Library() as session:
        sent()
        found = inner.subquery()
        assert await session.all(select(found.c.email)) == ["ada"]
        assert await session.all(select(Book.id).where(inner.exists()).limit(1)) != []
        assert all("LEFT JOIN" not in text for text in sent())


async def test_a_set_operation_is_joined_to_as_a_whole(Library: SessionFactory, sent: Sent) -> None:
    both = union(select(User).where(User.id == 1), select(User).where(User.id == 2))
    async with Library() as session:
        sent()
        users = await session.all(both.order_by(User.email.desc()).options(joinedload(User.books)))
        assert [(user.email, len(user.books)) for user in users] == [("bob", 0), ("ada", 3)]
        assert sent.verbs() == ["SELECT"]


async def test_a_set_operation_whose_columns_have_one_name_is_loaded_from_beside_it(
    Library: SessionFactory, sent: Sent
) -> None:
    both = union(select(User, Tag).where(User.id == 1), select(User, Tag).where(User.id == 2))
    async with Library() as session:
        sent()
        rows = await session.all(both.options(joinedload(User.books)))
        assert sorted((row[0].email, row[1].name, len(row[0].books)) for row in rows) == [
            ("ada", "x", 3),
            ("ada", "y", 3),
            ("bob", "x", 0),
            ("bob", "y", 0),
        ]
        assert sent.verbs() == ["SELECT", "SELECT"]


async def test_collections_are_not_joined_in_a_stream(Library: SessionFactory) -> None:
    async with Library() as session:
        with pytest.raises(InvalidRequestError, match=r"User\.books can't be streamed") as caught:
            await session.stream(select(User).options(joinedload(User.books)))
        assert "selectinload(User.books)" in str(caught.value)
        stream = await session.stream(select(Book).options(joinedload(Book.author)))
        assert [book.author.email async for book in stream if book.author] == ["ada"] * 3


async def test_an_order_by_functions_and_joined_columns_is_that_of_the_owners(
    Library: SessionFactory,
) -> None:
    async with Library() as session:
        session.add(Book(id=20, title="z", author_id=2))
        await session.flush()
        users = await session.all(
            select(User)
            .join(
                Profile,
                Profile.user_id == User.id,
            )
            .options(joinedload(User.books))
            .order_by(Profile.text, func.lower(User.email))
        )
        assert [user.email for user in users] == ["ada"]
        users = await session.all(
            select(User)
            .outerjoin(User.profile)
            .options(joinedload(User.books))
            .order_by(Profile.text.desc().nulls_first(), func.lower(User.email))
        )
        assert [user.email for user in users] == ["bob", "ada"]


async def test_a_default_can_be_left_out_for_one_statement(Library: SessionFactory) -> None:
    async with Library() as session:
        option = [joinedload(User.books), lazyload(User.books)]
        user = await session.one(select(User).where(User.id == 1).options(*option))
        assert "books" in inspect(user).unloaded
