"""Many-to-many links: rows of the link table are written and removed, in one statement each."""

from __future__ import annotations

import pytest

from asyncorm import (
    OrphanedReferenceError,
    Session,
    StaleDataError,
    UniqueViolation,
    inspect,
    select,
    selectinload,
)
from asyncorm.engine.engine import Engine
from tests.conftest import CreateTables
from tests.integration.conftest import Sent
from tests.support.links import Book, Guest, Linked, Person, Reader, Seat, Tag
from tests.support.rows import rows, run

LINKS = """SELECT b.title, t.name FROM book_tag l JOIN book b ON b.id = l.book_id
    JOIN tag t ON t.id = l.tag_id ORDER BY 1, 2"""


@pytest.fixture(autouse=True)
async def linked(tables: CreateTables) -> None:
    await tables(Linked)


async def test_a_graph_of_new_objects_takes_one_insert_a_table(
    engine: Engine, sent: Sent
) -> None:  # G07
    async with Session(engine) as session:
        tags = [Tag(name=f"t{n}") for n in range(3)]
        session.add_all([Book(title=f"b{n}", tags=tags) for n in range(100)])
        plan = str(await session.plan())
        assert "INSERT book_tag (book_id, tag_id): 300 rows" in plan
        sent()
        await session.commit()
        assert sent.verbs() == ["BEGIN", "INSERT", "INSERT", "INSERT", "COMMIT"]
    assert await rows(engine, "SELECT count(*) FROM book_tag") == [(300,)]


async def test_links_are_added_and_removed_and_the_ends_stay_untouched(
    engine: Engine, sent: Sent
) -> None:  # G07, J09
    a, b, c = Tag(name="a"), Tag(name="b"), Tag(name="c")
    async with Session(engine) as session:
        session.add_all([Book(title="x", tags=[a, b]), Book(title="y", tags=[b]), c])
        await session.commit()
    async with Session(engine) as session:
        books = await session.all(select(Book).options(selectinload(Book.tags)).order_by(Book.id))
        c = await session.one(select(Tag).where(Tag.name == "c"))
        x, y = books
        assert [t.name for t in x.tags] == ["a", "b"]
        x.tags.remove(x.tags[0])
        x.tags.append(c)
        y.tags.append(c)
        y.tags.append(x.tags[0])
        sent()
        await session.commit()
        assert sent.verbs() == ["BEGIN", "DELETE", "INSERT", "COMMIT"]
        x.tags.clear()
        await session.commit()
        assert sent.verbs() == ["DELETE"]
        tag = y.tags[0]
        y.tags.remove(tag)
        y.tags.append(tag)
        await session.commit()
        assert sent.verbs() == []
    assert await rows(engine, LINKS) == [("y", "b"), ("y", "c")]


async def shelf(engine: Engine) -> None:
    """Books x (a, b) and y (b), and a tag c."""
    a, b = Tag(name="a"), Tag(name="b")
    async with Session(engine) as session:
        session.add_all([Book(title="x", tags=[a, b]), Book(title="y", tags=[b]), Tag(name="c")])
        await session.commit()


async def books_of(session: Session) -> list[Book]:
    statement = select(Book).options(selectinload(Book.tags)).order_by(Book.id)
    return await session.all(statement)


async def tag_of(session: Session, name: str) -> Tag:
    return await session.one(select(Tag).where(Tag.name == name))


async def test_a_link_changed_from_both_ends_is_written_once(
    engine: Engine, sent: Sent
) -> None:  # G08
    await shelf(engine)
    async with Session(engine) as session:
        x, y = await books_of(session)
        a, b = x.tags
        await session.load([a, b], Tag.books)
        b.books.remove(x)
        a.books.append(y)
        assert a not in x.tags[1:]
        assert y.tags == [b, a]
        y.tags.remove(b)
        assert b.books == []
        plan = str(await session.plan())
        assert "DELETE book_tag: 2 rows" in plan
        assert "INSERT book_tag (book_id, tag_id): 1 row" in plan
        await session.commit()
        assert (x.tags, y.tags, set(a.books)) == ([a], [a], {x, y})
    assert await rows(engine, LINKS) == [("x", "a"), ("y", "a")]


async def test_a_member_twice_in_a_list_is_one_link(engine: Engine) -> None:  # C18
    await shelf(engine)
    async with Session(engine) as session:
        _, y = await books_of(session)
        c = await tag_of(session, "c")
        y.tags += [c, c]
        y.tags.append(y.tags[0])
        new = Book(title="z", tags=[c, c])
        session.add(new)
        await session.commit()
        await session.load(c, Tag.books)
        assert c.books == [y, new]
        y.tags.remove(c)
        assert y in c.books
        await session.commit()
        y.tags.remove(c)
        assert y not in c.books
        await session.commit()
    assert await rows(engine, LINKS) == [("x", "a"), ("x", "b"), ("y", "b"), ("z", "c")]


async def test_changes_of_a_collection_that_is_not_loaded_wait_for_it(
    engine: Engine, sent: Sent
) -> None:  # G12, C15
    await shelf(engine)
    async with Session(engine, autoflush=False) as session:
        x, y = await books_of(session)
        a, b = x.tags
        x.tags.remove(b)
        y.tags.append(a)
        sent()
        await session.load([a, b], Tag.books)
        assert sent.verbs() == ["SELECT"]
        assert (a.books, b.books) == ([x, y], [y])
        a.books.remove(y)
        await session.commit()
        assert sent.verbs() == ["DELETE"]
    assert await rows(engine, LINKS) == [("x", "a"), ("y", "b")]


async def test_a_link_row_that_is_gone_is_stale_and_names_both_ends(
    engine: Engine, sent: Sent
) -> None:  # F19
    await shelf(engine)
    async with Session(engine) as session:
        x, y = await books_of(session)
        await run(engine, "DELETE FROM book_tag WHERE book_id = 2")
        b = y.tags[0]
        x.tags.remove(b)
        y.tags.remove(b)
        with pytest.raises(StaleDataError, match="DELETE of 2 rows of book_tag") as caught:
            await session.commit()
        assert set(caught.value.objects) == {y, b}
        await session.rollback()
        await session.load([x, y], Book.tags)
        assert (x.tags[1], y.tags) == (b, [])
        x.tags.remove(b)
        await session.commit()
    assert await rows(engine, LINKS) == [("x", "a")]


async def test_a_stale_link_is_found_inside_a_transaction_too(engine: Engine) -> None:  # F19
    await shelf(engine)
    async with Session(engine) as session:
        x, _ = await books_of(session)
        a, _ = x.tags
        await run(engine, "DELETE FROM book_tag WHERE tag_id = 1")
        session.add(Tag(name="d"))
        x.tags.clear()
        with pytest.raises(StaleDataError) as caught:
            await session.flush()
        assert list(caught.value.objects) == [x, a]


async def test_a_link_that_is_there_already_names_both_ends(engine: Engine) -> None:
    await shelf(engine)
    async with Session(engine) as session:
        _, y = await books_of(session)
        a, c = await tag_of(session, "a"), await tag_of(session, "c")
        await run(engine, "INSERT INTO book_tag VALUES (2, 1)")
        y.tags += [c, a]
        with pytest.raises(UniqueViolation) as caught:
            await session.commit()
        assert set(caught.value.objects) == {y, a}


async def test_the_links_of_a_deleted_object_go_without_loading_them(
    engine: Engine, sent: Sent
) -> None:  # G11
    await shelf(engine)
    async with Session(engine) as session:
        x, y = await books_of(session)
        b = y.tags[0]
        await session.load(b, Tag.books)
        x.tags.remove(x.tags[0])
        await session.delete(b)
        sent()
        await session.flush()
        assert sent.verbs() == ["BEGIN", "DELETE", "DELETE"]  # the other link, and the tag
        assert (x.tags, y.tags) == ([], [])
        await session.rollback()
        await session.load([x, y], Book.tags)
        assert len(x.tags) == 2
        await session.delete(x)
        await session.commit()
    assert await rows(engine, LINKS) == [("y", "b")]


async def test_links_go_first_where_the_server_does_not_see_to_it(
    engine: Engine, sent: Sent
) -> None:  # G11
    ann, bob = Reader(name="ann"), Reader(name="bob")
    async with Session(engine) as session:
        session.add_all([Book(readers=[ann, bob]), Book(readers=[ann])])
        await session.commit()
    async with Session(engine) as session:
        book = await session.get_one(Book, 1)
        reader = await session.get_one(Reader, "ann")
        await session.delete(book)
        await session.delete(reader)
        assert str(await session.plan()).splitlines()[1:3] == [
            "  1. DELETE reading (book_id): the links of 1 row of book",
            "  2. DELETE reading (reader): the links of 1 row of reader",
        ]
        sent()
        await session.commit()
        assert sent.verbs() == ["BEGIN", "DELETE", "DELETE", "DELETE", "DELETE", "COMMIT"]
    assert await rows(engine, "SELECT count(*) FROM reading") == [(0,)]


async def test_links_follow_a_renamed_end(engine: Engine) -> None:  # I05
    ann = Reader(name="ann")
    async with Session(engine) as session:
        session.add_all([Book(readers={ann}), Seat(row="A", number=1, guests={Guest(name="g")})])
        await session.commit()
        other = Book(title="other")
        session.add(other)
        ann.name = "anne"
        other.readers.add(ann)
        guest = await session.get_one(Guest, "g")
        guest.name = "h"
        await session.commit()
        guest.seats.clear()
        await session.commit()
    assert await rows(engine, "SELECT book_id, reader FROM reading") == [(1, "anne"), (2, "anne")]
    assert await rows(engine, "SELECT count(*) FROM seat_guest") == [(0,)]


async def test_a_link_of_a_renamed_end_is_removed_by_its_old_key(engine: Engine) -> None:  # I05
    async with Session(engine) as session:
        guest = Guest(name="g")
        session.add_all([Seat(row="A", number=n, guests={guest}) for n in (1, 2)])
        await session.commit()
        guest.name = "h"
        guest.seats.pop()
        guest.seats.add(Seat(row="B", number=1))
        await session.commit()
    assert await rows(engine, "SELECT guest_name FROM seat_guest") == [("h",), ("h",)]


async def test_an_automatic_table_is_created_and_dropped_with_its_models(engine: Engine) -> None:
    exists = "SELECT to_regclass('book_tag') IS NOT NULL"
    await engine.drop_all(Linked)
    await engine.create_all(Book)
    assert await rows(engine, exists) == [(False,)]
    await engine.create_all(Tag, Book)
    assert await rows(engine, exists) == [(True,)]
    await engine.drop_all(Book)
    assert await rows(engine, exists) == [(False,)]


async def test_a_self_reference_links_from_one_side_and_from_both(engine: Engine) -> None:  # G09
    ann, bob, eve = Person(name="ann"), Person(name="bob"), Person(name="eve")
    ann.friends.append(bob)
    bob.friends.append(ann)
    ann.following += [bob, eve]
    eve.followers.append(bob)
    async with Session(engine) as session:
        session.add(ann)
        await session.commit()
        assert set(eve.followers) == {ann, bob}
        assert bob.following == [eve]
    pairs = """SELECT a.name, b.name FROM follow f JOIN person a ON a.id = f.followers_id
        JOIN person b ON b.id = f.following_id ORDER BY 1, 2"""
    assert await rows(engine, pairs) == [("ann", "bob"), ("ann", "eve"), ("bob", "eve")]
    assert await rows(engine, "SELECT count(*) FROM friendship") == [(2,)]
    async with Session(engine) as session:
        people = await session.all(
            select(Person)
            .order_by(Person.id)
            .options(selectinload(Person.following), selectinload(Person.followers))
        )
        a, b, e = people
        assert (a.following, e.followers) == ([b, e], [a, b])
        e.followers.remove(a)
        b.following.append(a)
        assert (a.following, a.followers) == ([b], [b])
        await session.commit()
    assert await rows(engine, pairs) == [("ann", "bob"), ("bob", "ann"), ("bob", "eve")]


async def test_ends_with_composite_keys_are_linked(engine: Engine, sent: Sent) -> None:
    guests = {Guest(name=n) for n in "abc"}
    async with Session(engine) as session:
        session.add_all([Seat(row="A", number=n, guests=guests) for n in range(3)])
        await session.commit()
    async with Session(engine) as session:
        seats = await session.all(select(Seat).options(selectinload(Seat.guests)))
        assert [len(seat.guests) for seat in seats] == [3, 3, 3]
        first = await session.get_one(Guest, "a")
        await session.load(first, Guest.seats)
        assert first.seats == set(seats)
        first.seats.clear()
        await session.delete(seats[0])
        await session.commit()
    assert await rows(engine, "SELECT count(*) FROM seat_guest") == [(4,)]


async def test_a_rollback_restores_the_collections(engine: Engine) -> None:
    await shelf(engine)
    async with Session(engine) as session:
        x, y = await books_of(session)
        a, b = x.tags
        async with session.begin_nested() as savepoint:
            x.tags.remove(a)
            y.tags.append(Tag(name="new"))
            await session.flush()
            assert (len(x.tags), len(y.tags)) == (1, 2)
            await savepoint.rollback()
        await session.load([x, y], Book.tags)
        assert (x.tags, y.tags) == ([a, b], [b])
        y.tags.clear()
        await session.rollback()
        await session.load([x, y], Book.tags)
        assert y.tags == [b]


async def test_links_of_a_row_that_takes_a_deleted_ones_key(
    engine: Engine, sent: Sent
) -> None:  # F03
    async with Session(engine) as session:
        session.add(Seat(row="A", number=1, guests={Guest(name="a"), Guest(name="b")}))
        await session.commit()
    async with Session(engine) as session:
        seat = await session.get_one(Seat, ("A", 1))
        guest = await session.get_one(Guest, "b")
        await session.load(guest, Guest.seats)
        await session.delete(seat)
        new = Seat(row="A", number=1, guests={guest})
        session.add(new)
        sent()
        await session.commit()
        # the links of the deleted one, and that of the new one; the row stays
        assert sent.verbs() == ["BEGIN", "DELETE", "INSERT", "COMMIT"]
        assert guest.seats == {new}
    assert await rows(engine, "SELECT guest_name FROM seat_guest") == [("b",)]


async def test_members_outside_the_session_are_refused(engine: Engine) -> None:
    await shelf(engine)
    async with Session(engine) as session:
        x, _ = await books_of(session)
        c = Tag(name="d")
        x.tags.append(c)
        session.expunge(c)
        with pytest.raises(OrphanedReferenceError, match=r"Book\.tags holds a Tag"):
            await session.flush()


async def test_what_is_inspected_shows_the_links(engine: Engine) -> None:
    await shelf(engine)
    async with Session(engine) as session:
        x, _ = await books_of(session)
        a, b = x.tags
        c = await tag_of(session, "c")
        assert "readers" in inspect(x).unloaded
        x.tags.remove(a)
        x.tags.append(c)
        assert inspect(x).history("tags") == ((c,), (b,), (a,))
        assert session.is_modified(x)
        assert not session.is_modified(x, include_collections=False)
        session.expire(x, ["tags"])
        assert not session.is_modified(x)
        await session.refresh(x, ["tags"])
        assert [tag.name for tag in x.tags] == ["a", "b"]


async def test_merge_brings_a_collection_over(engine: Engine) -> None:
    await shelf(engine)
    async with Session(engine) as session:
        x, _ = await books_of(session)
        c = await tag_of(session, "c")
    x.tags.append(c)
    x.tags.pop(0)
    async with Session(engine) as session:
        merged = await session.merge(x)
        assert [tag.name for tag in merged.tags] == ["b", "c"]
        await session.commit()
    assert await rows(engine, LINKS) == [("x", "b"), ("x", "c"), ("y", "b")]
