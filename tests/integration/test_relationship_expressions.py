"""Expressions on relationships find the rows that SQL written by hand finds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from asyncorm import Session, aliased, delete, func, select, selectinload, union, update
from asyncorm.engine.engine import Engine
from tests.conftest import CreateTables
from tests.support.publishing import (
    Book,
    Node,
    Profile,
    Publisher,
    Publishing,
    Shelf,
    Tag,
    User,
)
from tests.support.rows import rows

NOBODY = 99


@pytest.fixture
async def session(engine: Engine, tables: CreateTables) -> AsyncIterator[Session]:
    """A session on users 1 to 4, books of which some lack authors or shelves, a tree of nodes."""
    await tables(Publishing)
    async with Session(engine) as session:
        session.add_all(Publisher(id=n, name=f"p{n}") for n in (1, 2))
        await session.flush()
        session.add_all(
            User(id=n, email=f"u{n}", publisher_id=p)
            for n, p in zip((1, 2, 3, 4), (1, 2, 1, None), strict=False)
        )
        session.add_all(Shelf(room=room, number=n) for room in "AB" for n in (1, 2))
        session.add_all(Tag(id=n, name=f"t{n}") for n in (1, 2, 3))
        session.add_all(
            Node(id=n, name=f"n{n % 3}", parent_id=p)
            for n, p in [(1, None), (2, 1), (3, 1), (4, 2), (5, 4), (6, None)]
        )
        await session.flush()
        session.add_all(Profile(id=10 + n, user_id=u) for n, u in enumerate((1, 3, None)))
        for n in range(1, 13):
            place = ("A", 1) if n % 3 == 0 else ("B", 2) if n % 3 == 1 else ("A", None)
            session.add(
                Book(
                    id=n,
                    title=f"b{n % 5}",
                    author_id=(1, 2, 3, None)[n % 4],
                    editor_id=(None, 1, 2)[n % 3],
                    shelf_room=place[0],
                    shelf_number=place[1],
                )
            )
        await session.flush()
        for n in (1, 2, 5, 8):
            book = await session.get_one(Book, n)
            await session.load(book, Book.tags)
            book.tags.append(await session.get_one(Tag, 1 + n % 2))
        one, six = await session.get_one(Node, 1), await session.get_one(Node, 6)
        await session.load(one, Node.friends)
        one.friends.append(six)
        (await session.get_one(Publisher, 2)).owner_id = 1
        await session.commit()
        yield session


async def same(session: Session, engine: Engine, statement: Any, by_hand: str) -> None:
    """The statement finds what the SQL finds, and that is neither nothing nor all."""
    found = await session.all(statement)
    wanted = [row[0] if len(row) == 1 else row for row in await rows(engine, by_hand)]
    got = [tuple(row) if isinstance(row, tuple) else row for row in found]
    assert sorted(got, key=repr) == sorted(wanted, key=repr)
    assert got


async def test_references_are_compared_with_objects(engine: Engine, session: Session) -> None:
    ada, bob = await session.get_one(User, 1), await session.get_one(User, 2)
    shelf = await session.get_one(Shelf, ("A", 1))
    ids, check = select(Book.id), "select id from book where "
    for condition, by_hand in [
        (Book.author == ada, "author_id = 1"),
        (Book.author != ada, "author_id <> 1 or author_id is null"),
        (Book.author == None, "author_id is null"),
        (Book.author.is_not(None), "author_id is not null"),
        (Book.author.in_([ada, bob]), "author_id in (1, 2)"),
        (Book.author.not_in([ada, bob]), "author_id not in (1, 2) or author_id is null"),
        (Book.shelf == shelf, "shelf_room = 'A' and shelf_number = 1"),
        (Book.shelf != shelf, "not coalesce(shelf_room = 'A' and shelf_number = 1, false)"),
        (Book.shelf == None, "shelf_number is null"),
        (Book.shelf != None, "shelf_number is not null"),
        (
            Book.shelf.in_([shelf, await session.get_one(Shelf, ("B", 2))]),
            "(shelf_room, shelf_number) in (('A', 1), ('B', 2))",
        ),
    ]:
        await same(session, engine, ids.where(condition), check + by_hand)
    assert await session.all(ids.where(Book.author.in_([]))) == []
    assert await session.all(ids.where(Book.shelf.in_([]))) == []


async def test_the_other_side_of_a_one_to_one_is_compared(engine: Engine, session: Session) -> None:
    profile = await session.get_one(Profile, 11)
    ids = select(User.id)
    await same(session, engine, ids.where(User.profile == profile), "select 3")
    await same(
        session, engine, ids.where(User.profile != profile), "select id from users where id <> 3"
    )
    await same(session, engine, ids.where(User.profile == None), "values (2), (4)")
    await same(session, engine, ids.where(User.profile.is_not(None)), "values (1), (3)")


async def test_an_object_compares_by_its_key_also_expired_and_pending(
    engine: Engine, session: Session
) -> None:
    ada = await session.get_one(User, 1)
    session.expire(ada)
    await same(session, engine, select(Book.id).where(Book.author == ada), "values (4), (8), (12)")
    new = User(id=50, email="new")
    session.add(new)
    session.add(Book(id=50, title="new", author=new))
    assert await session.all(select(Book.id).where(Book.author == new)) == [50]
    book = await session.get_one(Book, 4)
    book.author = new
    assert await session.all(select(User.id).where(User.books.contains(book))) == [50]


async def test_members_are_found_among_rows_and_links(engine: Engine, session: Session) -> None:
    book, tag = await session.get_one(Book, 5), await session.get_one(Tag, 2)
    node = await session.get_one(Node, 4)
    for statement, by_hand in [
        (select(User.id).where(User.books.contains(book)), "select author_id from book where id=5"),
        (
            select(User.id).where(~User.books.contains(book)),
            "select id from users where id <> (select author_id from book where id = 5)",
        ),
        (select(Book.id).where(Book.tags.contains(tag)), "values (1), (5)"),
        (
            select(Book.id).where(~Book.tags.contains(tag)),
            "select id from book where id not in (select book_id from book_tag where tag_id = 2)",
        ),
        (select(Node.id).where(Node.children.contains(node)), "select 2"),
        (
            select(Node.id).where(Node.friends.contains(await session.get_one(Node, 6))),
            "select 1",
        ),
        (
            select(Shelf.room, Shelf.number).where(
                Shelf.books.contains(await session.get_one(Book, 3))
            ),
            "select 'A', 1::bigint",
        ),
    ]:
        await same(session, engine, statement, by_hand)


async def test_related_rows_are_asked_for_to_any_depth(engine: Engine, session: Session) -> None:
    writer = aliased(User)
    other = aliased(Book)
    exists = "select u.id from users u where exists (select from book b where b.author_id = u.id"
    for statement, by_hand in [
        (select(User.id).where(User.books.any()), exists + ")"),
        (select(User.id).where(User.books.any(Book.title == "b1")), exists + " and title = 'b1')"),
        (
            select(User.id).where(~User.books.any(title="b1")),
            exists.replace("where exists", "where not exists") + " and title = 'b1')",
        ),
        (select(writer.id).where(writer.books.any(title="b1")), exists + " and title = 'b1')"),
        (
            select(User.id).where(User.books.of_type(other).any(other.title == "b1")),
            exists + " and title = 'b1')",
        ),
        (
            select(Book.id).where(Book.author.has(User.books.any(Book.title == "b1"))),
            (
                "select id from book where author_id in (select author_id from book "
                "where title = 'b1')"
            ),
        ),
        (
            select(Book.id).where(Book.tags.any(Tag.books.any(Book.id == 1))),
            (
                "select book_id from book_tag where tag_id in "
                "(select tag_id from book_tag where book_id = 1)"
            ),
        ),
        (select(func.count()).where(User.books.any()), "select 3::bigint"),
    ]:
        await same(session, engine, statement, by_hand)


async def test_self_references_are_asked_on_every_level(engine: Engine, session: Session) -> None:
    outer = aliased(Node)
    for statement, by_hand in [
        (select(Node.id).where(Node.children.any(Node.name == "n1")), "values (2)"),
        (select(Node.id).where(Node.children.any(Node.children.any())), "values (1), (2)"),
        (select(Node.id).where(Node.parent.has(Node.parent.has(Node.id == 1))), "values (4)"),
        (
            select(Node.id).where(Node.children.any(Node.parent.has(Node.name == "n1"))),
            (
                "select distinct parent_id from node where parent_id in "
                "(select id from node where name = 'n1')"
            ),
        ),
        (select(Node.id).where(Node.friends.any(Node.id == 6)), "values (1)"),
        (
            select(outer.id).where(outer.children.any(Node.name > outer.name)),
            (
                "select distinct p.id from node p join node c on c.parent_id = p.id "
                "where c.name > p.name"
            ),
        ),
        (select(Node.id).where(Node.parent.to.parent.to.id == 1), "values (4)"),
        (select(Node.id).where(Node.children.any(Node.parent.to.name == "n2")), "values (2)"),
    ]:
        await same(session, engine, statement, by_hand)


JOINED = "from book b left join users a on a.id = b.author_id "


async def test_columns_over_relationships_join_by_themselves(
    engine: Engine, session: Session
) -> None:
    other = aliased(Book)
    email, publisher = Book.author.to.email, Book.author.to.publisher.to.name
    for statement, by_hand in [
        (select(Book.id).where(email == "u1"), f"select b.id {JOINED} where a.email = 'u1'"),
        (select(Book.id, email), f"select b.id, a.email {JOINED}"),
        (
            select(other.id, other.author.to.email).where(other.author.to.id > 1),
            f"select b.id, a.email {JOINED} where a.id > 1",
        ),
        (
            select(publisher, func.count()).group_by(publisher),
            (
                f"select p.name, count(*) {JOINED} left join publisher p on p.id = a.publisher_id "
                "group by p.name"
            ),
        ),
        (
            select(email).having(func.count() > 2).group_by(email),
            f"select a.email {JOINED} group by a.email having count(*) > 2",
        ),
        (
            select(Book.id).join(Book.editor).where(email > User.email),
            f"select b.id {JOINED} join users e on e.id = b.editor_id where a.email > e.email",
        ),
        (
            union(select(email), select(Book.editor.to.email)),
            "select email from users where id < 4 union select null",
        ),
        (
            select(User.id).where(User.books.any(Book.editor.to.email == "u1")),
            "select distinct author_id from book where editor_id = 1 and author_id is not null",
        ),
    ]:
        await same(session, engine, statement, by_hand)
    ordered = select(Book.id).order_by(publisher.desc().nulls_last(), Book.id)
    assert await session.all(ordered) == [
        row[0]
        for row in await rows(
            engine,
            f"select b.id {JOINED} left join publisher p on p.id = a.publisher_id "
            "order by p.name desc nulls last, b.id",
        )
    ]


async def test_the_related_entity_can_be_selected_over_the_path(session: Session) -> None:
    pairs = await session.all(select(Book, Book.author.to).order_by(Book.id).limit(4))
    assert [(book.id, user and user.id) for book, user in pairs] == [
        (1, 2),
        (2, 3),
        (3, None),
        (4, 1),
    ]
    assert pairs[0][1] is await session.get(User, 2)
    assert pairs[2][1] is None


async def test_rows_are_locked_beside_a_path(session: Session) -> None:
    locked = select(Book.id).where(Book.author.to.email == "u1").with_for_update()
    assert sorted(await session.all(locked)) == [4, 8, 12]


async def test_rows_are_changed_by_conditions_on_related_ones(session: Session) -> None:
    book = await session.get_one(Book, 4)
    ada = await session.get_one(User, 1)
    await session.execute(update(Book).where(Book.author == ada).values(title="hers"))
    assert book.title == "hers"
    named = update(Book).where(Book.author.has(User.email == "u2")).values(title="his")
    await session.execute(named)
    assert sorted(await session.all(select(Book.id).where(Book.title == "his"))) == [1, 5, 9]
    await session.execute(delete(Tag).where(~Tag.books.any()))
    assert await session.all(select(Tag.id).order_by(Tag.id)) == [1, 2]


async def test_joins_go_from_and_to_aliases(engine: Engine, session: Session) -> None:
    book, writer = aliased(Book), aliased(User)
    child, grandchild = aliased(Node), aliased(Node)
    tag = aliased(Tag)
    for statement, by_hand in [
        (
            select(User.id, book.id).join(User.books.of_type(book)).where(book.title == "b1"),
            "select author_id, id from book where title = 'b1' and author_id is not null",
        ),
        (
            select(writer.id, Book.id).outerjoin(writer.books),
            "select u.id, b.id from users u left join book b on b.author_id = u.id",
        ),
        (
            select(Book.id, tag.name).outerjoin(Book.tags.of_type(tag)),
            (
                "select b.id, t.name from book b left join book_tag l on l.book_id = b.id "
                "left join tag t on t.id = l.tag_id"
            ),
        ),
        (
            select(Node.id, child.id, grandchild.id)
            .join(Node.children.of_type(child))
            .outerjoin(child.children.of_type(grandchild)),
            (
                "select n.id, c.id, g.id from node n join node c on c.parent_id = n.id "
                "left join node g on g.parent_id = c.id"
            ),
        ),
    ]:
        await same(session, engine, statement, by_hand)


async def test_entities_come_out_of_a_subquery(session: Session) -> None:
    ranked = select(Book).order_by(Book.id.desc()).limit(3).subquery()
    latest = aliased(Book, ranked)
    statement = select(latest).where(latest.author.is_not(None)).order_by(latest.id)
    found = await session.all(statement.options(selectinload(Book.author)))
    assert [book.id for book in found] == [10, 12]
    assert found[0] is await session.get(Book, 10)
    assert [book.author and book.author.id for book in found] == [3, 1]
    pairs = select(User.id, latest).outerjoin(latest, User.books).order_by(User.id)
    assert [(user, book and book.id) for user, book in await session.all(pairs)] == [
        (1, 12),
        (2, None),
        (3, 10),
        (4, None),
    ]
