"""Scenarios H: what goes along, what is left behind, and what nobody owns any more."""

from __future__ import annotations

import pytest

from asyncorm import (
    ConfigurationError,
    Engine,
    InvalidRequestError,
    Mapped,
    MetaData,
    Model,
    OrphanedReferenceError,
    Related,
    SessionFactory,
    UnloadedAttributeError,
    column,
    foreign_key,
    generated,
    inspect,
    relationship,
    select,
)
from tests.conftest import CreateTables
from tests.support.rows import rows
from tests.support.scenario_models import (
    Author,
    Book,
    Box,
    Folder,
    Guest,
    Hall,
    Label,
    Line,
    Note,
    Order,
    Seat,
    Shelf,
)
from tests.support.sent import Sent
from tests.support.states import state_of
from tests.support.store import store


async def test_h01_what_is_appended_to_an_attached_parent_is_pending(
    Session: SessionFactory,
) -> None:
    await store(Session, Order())
    async with Session() as session:
        order = await session.get_one(Order, 1)
        await session.load(order, Order.lines)
        appended, assigned = Line(text="1", notes=[Note(text="n")]), Line(text="2")
        order.lines.append(appended)
        assert list(session.new) == [appended, *appended.notes]
        order.lines = [appended, assigned]
        assert state_of(assigned) == "pending"
        await session.commit()
        assert [line.order_id for line in order.lines] == [1, 1]


@pytest.mark.parametrize("loaded", [True, False], ids=["loaded", "unloaded"])
async def test_h01_the_reverse_side_does_not_pull_a_child_in(
    Session: SessionFactory, sent: Sent, engine: Engine, loaded: bool
) -> None:
    """C3 D14"""
    await store(Session, Order())
    async with Session() as session:
        order = await session.get_one(Order, 1)
        if loaded:
            await session.load(order, Order.lines)
        line = Line(text="1", order=order)
        assert line not in session
        assert state_of(line) == "transient"
        sent()
        with pytest.raises(OrphanedReferenceError, match=r"Order\.lines(.|\n)*Line(.|\n)*add"):
            await session.flush()
        assert sent.work() == []
        session.add(line)
        await session.commit()
    assert await rows(engine, "select text, order_id from line") == [("1", 1)]


async def test_h02_members_missing_in_a_new_collection_are_deleted_as_orphans(
    Session: SessionFactory, sent: Sent, engine: Engine
) -> None:
    await store(Session, Order(lines=[Line(text="1"), Line(text="2")]))
    async with Session() as session:
        order = await session.get_one(Order, 1)
        gone, kept = await session.load(order, Order.lines)
        order.lines = [kept, Line(text="3")]
        sent()
        await session.commit()
        # the notes of the orphan are looked for, since they go with it
        assert sent.work()[-2:] == ["INSERT line", "DELETE line"]
        assert inspect(gone).was_deleted
    assert await rows(engine, "select text from line order by id") == [("2",), ("3",)]


async def test_h02_what_many_orphans_own_is_read_together(
    Session: SessionFactory, sent: Sent, engine: Engine
) -> None:
    await store(Session, Order(lines=[Line(notes=[Note()]) for _ in range(5)]))
    async with Session() as session:
        order = await session.get_one(Order, 1)
        await session.load(order, Order.lines)
        order.lines.clear()
        sent()
        await session.commit()
        assert sent.work() == ["SELECT note", "DELETE note", "DELETE line"]
    assert await rows(engine, "select id from note union all select id from line") == []


async def test_h02_or_lose_their_reference_where_nobody_owns_them(
    Session: SessionFactory, sent: Sent, engine: Engine
) -> None:
    await store(Session, Author(name="a", books=[Book(title="t"), Book(title="u")]))
    async with Session() as session:
        author = await session.get_one(Author, 1)
        gone, kept = await session.load(author, Author.books)
        author.books = [kept]
        sent()
        await session.commit()
        assert sent.work() == ["UPDATE book"]
        assert state_of(gone) == "persistent"
        assert gone.author_id is None
    found = await rows(engine, "select title, author_id from book order by id")
    assert found == [("t", None), ("u", 1)]


async def test_h03_a_pending_child_that_is_removed_leaves_the_session(
    Session: SessionFactory, sent: Sent
) -> None:
    await store(Session, Order())
    async with Session() as session:
        order = await session.get_one(Order, 1)
        await session.load(order, Order.lines)
        line = Line(notes=[Note()])
        order.lines.append(line)
        order.lines.remove(line)
        assert line not in session
        assert state_of(line) == state_of(line.notes[0]) == "transient"
        assert len(session.new) == 0
        sent()
        await session.commit()
        assert sent.work() == []


async def test_h04_a_pending_child_that_changes_its_pending_parent_is_inserted_once(
    Session: SessionFactory, sent: Sent, engine: Engine
) -> None:
    async with Session() as session:
        first, second = Order(name="1"), Order(name="2")
        session.add_all([first, second])
        line = Line(text="l")
        first.lines.append(line)
        first.lines.remove(line)
        assert line not in session
        second.lines.append(line)
        assert line in session
        await session.commit()
        assert sorted(sent.work()) == ["INSERT line", "INSERT orders"]
        assert (first.lines, second.lines, line.order) == ([], [line], second)
    assert await rows(engine, "select text, order_id from line") == [("l", 2)]


async def test_h05_an_unloaded_collection_is_read_and_deleted_with_its_parent(
    Session: SessionFactory, sent: Sent, engine: Engine
) -> None:
    await store(Session, Order(lines=[Line(notes=[Note(), Note()]), Line()]), Order())
    async with Session() as session:
        order = await session.get_one(Order, 1)
        with pytest.raises(UnloadedAttributeError):
            _ = order.lines
        sent()
        await session.delete(order)
        assert sent.work() == ["SELECT line", "SELECT note"]
        assert len(session.deleted) == 5
        await session.commit()
        assert sent.work() == ["DELETE note", "DELETE line", "DELETE orders"]
    assert await rows(engine, "select id from orders union all select id from line") == [(2,)]
    assert await rows(engine, "select id from note") == []


async def test_h05_the_children_of_many_parents_are_read_together(
    Session: SessionFactory, sent: Sent, engine: Engine
) -> None:
    await store(Session, *(Order(lines=[Line(notes=[Note()]), Line()]) for _ in range(5)))
    async with Session() as session:
        orders = await session.all(select(Order))
        sent()
        await session.delete_all(orders)
        assert sent.work() == ["SELECT line", "SELECT note"]
        await session.commit()
        assert sent.work() == ["DELETE note", "DELETE line", "DELETE orders"]
    assert await rows(engine, "select id from orders") == []


async def test_h07_a_child_of_two_owners_lives_as_long_as_it_has_one(
    Session: SessionFactory, engine: Engine
) -> None:
    seat = Seat(name="s")
    await store(Session, Hall(seats=[seat]), Guest(seats=[seat]))
    async with Session() as session:
        hall, guest = await session.get_one(Hall, 1), await session.get_one(Guest, 1)
        (seat,) = await session.load(hall, Hall.seats)
        await session.load(guest, Guest.seats)
        hall.seats.remove(seat)
        await session.commit()
        assert state_of(seat) == "persistent"
        assert await rows(engine, "select hall_id, guest_id from seat") == [(None, 1)]
        guest.seats.remove(seat)
        await session.commit()
        assert inspect(seat).was_deleted
    assert await rows(engine, "select id from seat") == []


async def test_h07_both_links_removed_in_one_flush_delete_it(
    Session: SessionFactory, engine: Engine, sent: Sent
) -> None:
    seat = Seat(name="s")
    await store(Session, Hall(seats=[seat]), Guest(seats=[seat]))
    async with Session() as session:
        hall, guest = await session.get_one(Hall, 1), await session.get_one(Guest, 1)
        await session.load(hall, Hall.seats)
        await session.load(guest, Guest.seats)
        hall.seats.clear()
        guest.seats.clear()
        sent()
        await session.commit()
        assert sent.work() == ["DELETE seat"]
    assert await rows(engine, "select id from seat") == []


class Owned(Model):
    metadata = MetaData()


class House(Owned, table="house"):
    """Owns its address, from the side that has the key."""

    id: Mapped[int] = generated(primary_key=True)
    address_id: Mapped[int | None] = foreign_key("address.id")
    address: Related[Address | None] = relationship(
        cascade="all, delete-orphan", single_parent=True
    )


class Address(Owned, table="address"):
    id: Mapped[int] = generated(primary_key=True)
    street: Mapped[str] = column(default="")


async def test_h09_a_second_parent_is_refused_at_once(
    Session: SessionFactory, tables: CreateTables, engine: Engine
) -> None:
    await tables(Owned)
    async with Session() as session:
        address = Address(street="s")
        first, second = House(address=address), House()
        session.add_all([first, second])
        with pytest.raises(InvalidRequestError, match=r"House\.address"):
            second.address = address
        assert first.address is address
        assert second.address is None
        await session.commit()
        assert (first.address_id, second.address_id) == (1, None)
        with pytest.raises(InvalidRequestError, match=r"House\.address"):
            second.address = address
        with pytest.raises(InvalidRequestError, match=r"House\.address"):
            House(address=address)
        first.address = None
        await session.commit()
        assert inspect(address).was_deleted
    assert await rows(engine, "select id from address") == []


def test_h09_a_to_one_that_owns_its_target_must_say_that_it_has_one_parent() -> None:
    class Base(Model):
        metadata = MetaData()

    class Target(Base, table="target"):
        id: Mapped[int] = generated(primary_key=True)

    class Holder(Base, table="holder"):
        id: Mapped[int] = generated(primary_key=True)
        target_id: Mapped[int | None] = foreign_key(Target.id)
        target: Related[Target | None] = relationship(cascade="all, delete-orphan")

    with pytest.raises(ConfigurationError, match=r"Holder\.target(.|\n)*single_parent"):
        Base.metadata.configure()


async def test_h10_a_removed_branch_is_deleted_from_its_leaves_on(
    Session: SessionFactory, engine: Engine
) -> None:
    def branch(depth: int) -> list[Folder]:
        return [Folder(name=f"{depth}", folders=branch(depth - 1)) for _ in range(2 * (depth > 0))]

    await store(Session, Folder(name="root", folders=branch(3)))
    assert await rows(engine, "select count(*) from folder") == [(15,)]
    async with Session() as session:
        root = await session.get_one(Folder, 1)
        removed, _ = await session.load(root, Folder.folders)
        root.folders.remove(removed)
        await session.commit()
        assert inspect(removed).was_deleted
    assert await rows(engine, "select count(*) from folder") == [(8,)]
    async with Session.begin() as session:
        await session.delete(await session.get_one(Folder, 1))
    assert await rows(engine, "select count(*) from folder") == [(0,)]


async def test_h11_expiring_goes_on_to_the_children_and_lets_pending_ones_go(
    Session: SessionFactory, sent: Sent
) -> None:
    await store(Session, Order(name="o", lines=[Line(text="1", notes=[Note(text="n")])]))
    async with Session() as session:
        order = await session.get_one(Order, 1)
        (line,) = await session.load(order, Order.lines)
        (note,) = await session.load(line, Line.notes)
        pending = Line(text="2")
        order.lines.append(pending)
        line.text = "changed"
        sent()
        session.expire(order)
        assert sent() == []
        assert state_of(pending) == "transient"
        assert len(session.new) == 0
        assert not session.is_modified(line)
        for instance, name in ((order, "name"), (line, "text"), (note, "text"), (order, "lines")):
            with pytest.raises(UnloadedAttributeError, match=f"{type(instance).__name__}.{name}"):
                getattr(instance, name)
        await session.refresh(line)
        assert line.text == "1"
        assert await session.load(order, Order.lines) == [line]


async def test_h11_without_the_cascade_the_children_keep_their_values(
    Session: SessionFactory,
) -> None:
    await store(Session, Author(name="a", books=[Book(title="t")]))
    async with Session() as session:
        author = await session.get_one(Author, 1)
        (book,) = await session.load(author, Author.books)
        book.title = "changed"
        session.expire(author)
        assert book.title == "changed"
        assert session.is_modified(book)


async def test_h12_unloaded_children_are_left_to_the_server(
    Session: SessionFactory, sent: Sent, engine: Engine
) -> None:
    await store(Session, Shelf(boxes=[Box(), Box()], labels=[Label()]))
    async with Session() as session:
        shelf = await session.get_one(Shelf, 1)
        sent()
        await session.delete(shelf)
        await session.commit()
        assert sent.work() == ["DELETE shelf"]
    assert await rows(engine, "select id from box") == []
    assert await rows(engine, "select id, shelf_id from label") == [(1, None)]


async def test_h12_loaded_children_are_deleted_unless_all_is_passive(
    Session: SessionFactory, sent: Sent, engine: Engine
) -> None:
    await store(Session, Shelf(boxes=[Box(), Box()], labels=[Label()]))
    async with Session() as session:
        shelf = await session.get_one(Shelf, 1)
        boxes = await session.load(shelf, Shelf.boxes)
        labels = await session.load(shelf, Shelf.labels)
        sent()
        await session.delete(shelf)
        assert set(session.deleted) == {shelf, *boxes}
        await session.commit()
        assert sent.work() == ["DELETE box", "DELETE shelf"]
        assert [state_of(box) for box in boxes] == ["detached"] * 2
        assert state_of(labels[0]) == "persistent"
    assert await rows(engine, "select id, shelf_id from label") == [(1, None)]


def test_h12_all_passive_and_a_delete_cascade_contradict_each_other() -> None:
    with pytest.raises(ConfigurationError, match=r"passive_deletes"):

        class Base(Model):
            metadata = MetaData()

        class Holder(Base, table="holder"):
            id: Mapped[int] = generated(primary_key=True)
            held: Related[list[Held]] = relationship(cascade="all", passive_deletes="all")

        class Held(Base, table="held"):
            id: Mapped[int] = generated(primary_key=True)
            holder_id: Mapped[int | None] = foreign_key(Holder.id)

        Base.metadata.configure()


class OwnedLinks(Model):
    metadata = MetaData()


class Album(OwnedLinks, table="linked_album"):
    """Owns pictures that it is linked to, which own their comments."""

    id: Mapped[int] = generated(primary_key=True)
    pictures: Related[list[Picture]] = relationship(
        secondary="album_picture",
        cascade="all, delete-orphan",
        single_parent=True,
        order_by="id",
    )


class Picture(OwnedLinks, table="picture"):
    id: Mapped[int] = generated(primary_key=True)
    comments: Related[list[Comment]] = relationship(cascade="all, delete-orphan")


class Comment(OwnedLinks, table="comment"):
    id: Mapped[int] = generated(primary_key=True)
    picture_id: Mapped[int] = foreign_key(Picture.id)


class AlbumPicture(OwnedLinks, table="album_picture"):
    album_id: Mapped[int] = foreign_key(Album.id, primary_key=True)
    picture_id: Mapped[int] = foreign_key(Picture.id, primary_key=True)


async def test_h13_a_linked_orphan_is_deleted_with_what_it_owns(
    Session: SessionFactory, tables: CreateTables, engine: Engine
) -> None:
    await tables(OwnedLinks)
    await store(Session, Album(pictures=[Picture(comments=[Comment()]), Picture()]))
    async with Session() as session:
        album = await session.get_one(Album, 1)
        removed, kept = await session.load(album, Album.pictures)
        album.pictures.remove(removed)
        await session.commit()
        assert inspect(removed).was_deleted
        assert await rows(engine, "select picture_id from album_picture") == [(kept.id,)]
        assert await rows(engine, "select id from picture") == [(kept.id,)]
        assert await rows(engine, "select id from comment") == []
        with pytest.raises(InvalidRequestError, match=r"Album\.pictures"):
            Album(pictures=[kept])
        await session.delete(album)
        await session.commit()
    assert await rows(engine, "select id from picture") == []


async def test_h14_what_raises_on_access_is_flushed_and_deleted_all_the_same(
    Session: SessionFactory, engine: Engine
) -> None:
    await store(
        Session,
        Order(lines=[Line(notes=[Note()])]),
        Author(name="a", books=[Book(title="t")]),
    )
    async with Session() as session:
        order, author = await session.get_one(Order, 1), await session.get_one(Author, 1)
        for instance, name in ((order, "lines"), (author, "books")):
            with pytest.raises(UnloadedAttributeError, match=name):
                getattr(instance, name)
        order.name = author.name = "changed"
        await session.flush()
        await session.delete(order)
        await session.delete(author)
        await session.commit()
        assert await session.all(select(Line)) == await session.all(select(Note)) == []
    assert await rows(engine, "select author_id from book") == [(None,)]
