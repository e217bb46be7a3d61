"""Cascades and orphans: what follows, what is refused, and what becomes of children that move."""

from __future__ import annotations

from typing import Any

import pytest

from asyncorm import (
    ArgumentError,
    Mapped,
    MetaData,
    Model,
    OrphanedReferenceError,
    Related,
    Session,
    UnloadedAttributeError,
    column,
    foreign_key,
    inspect,
    relationship,
    select,
    selectinload,
)
from asyncorm.engine.engine import Engine
from tests.conftest import CreateTables
from tests.integration.conftest import Sent
from tests.support.library import Author, Book, Line, Note, Order, Profile, User
from tests.support.rows import rows


class Own(Model):
    metadata = MetaData()


class One(Own, table="c11_one"):
    """To one, with a way back; deleted along, and as an orphan."""

    id: Mapped[int] = column(primary_key=True)
    a: Related[OneA | None] = relationship(back_populates="one", cascade="all")
    b: Related[OneB | None] = relationship(back_populates="one", cascade="all, delete-orphan")
    c: Related[OneC | None] = relationship(cascade="all")
    d: Related[OneD | None] = relationship(cascade="all, delete-orphan")


class OneA(Own, table="c11_one_a"):
    id: Mapped[int] = column(primary_key=True)
    one_id: Mapped[int | None] = foreign_key(One.id)
    one: Related[One | None] = relationship(back_populates="a")


class OneB(Own, table="c11_one_b"):
    id: Mapped[int] = column(primary_key=True)
    one_id: Mapped[int | None] = foreign_key(One.id)
    one: Related[One | None] = relationship(back_populates="b")


class OneC(Own, table="c11_one_c"):
    id: Mapped[int] = column(primary_key=True)
    one_id: Mapped[int | None] = foreign_key(One.id)


class OneD(Own, table="c11_one_d"):
    id: Mapped[int] = column(primary_key=True)
    one_id: Mapped[int | None] = foreign_key(One.id)


class Many(Own, table="c11_many"):
    """To many, with a way back and without; deleted along, and as orphans."""

    id: Mapped[int] = column(primary_key=True)
    a: Related[list[ManyA]] = relationship(back_populates="many", cascade="all")
    b: Related[list[ManyB]] = relationship(back_populates="many", cascade="all, delete-orphan")
    c: Related[list[ManyC]] = relationship(cascade="all")
    d: Related[list[ManyD]] = relationship(cascade="all, delete-orphan")


class ManyA(Own, table="c11_many_a"):
    id: Mapped[int] = column(primary_key=True)
    many_id: Mapped[int | None] = foreign_key(Many.id)
    many: Related[Many | None] = relationship(back_populates="a")


class ManyB(Own, table="c11_many_b"):
    id: Mapped[int] = column(primary_key=True)
    many_id: Mapped[int | None] = foreign_key(Many.id)
    many: Related[Many | None] = relationship(back_populates="b")


class ManyC(Own, table="c11_many_c"):
    id: Mapped[int] = column(primary_key=True)
    many_id: Mapped[int | None] = foreign_key(Many.id)


class ManyD(Own, table="c11_many_d"):
    id: Mapped[int] = column(primary_key=True)
    many_id: Mapped[int | None] = foreign_key(Many.id)


@pytest.mark.parametrize("delete_first", [True, False])
@pytest.mark.parametrize("name", ["a", "b", "c", "d"])
@pytest.mark.parametrize(("parent", "children"), [
    (One, (OneA, OneB, OneC, OneD)), (Many, (ManyA, ManyB, ManyC, ManyD)),
])  # fmt: skip
async def test_a_child_that_moved_outlives_its_old_parent(  # C11
    engine: Engine, tables: CreateTables, parent: Any, children: Any, name: str, delete_first: bool
) -> None:
    await tables(parent, *children)
    kind = children["abcd".index(name)]
    many = parent is Many
    async with Session(engine) as session:
        child = kind(id=1)
        old, new = parent(id=1, **{name: [child] if many else child}), parent(id=2)
        session.add_all([old, new])
        await session.commit()
        if delete_first:
            await session.delete(old)
        if many:
            getattr(old, name).remove(child)
            getattr(new, name).append(child)
        else:
            setattr(new, name, child)
        if not delete_first:
            await session.delete(old)
        await session.commit()
        assert inspect(child).persistent
        assert inspect(old).was_deleted
        held = getattr(new, name)
        assert (held == [child]) if many else (held is child)
    reference = "many_id" if many else "one_id"
    table = f"c11_{'many' if many else 'one'}_{name}"
    assert await rows(engine, f"select id, {reference} from {table}") == [(1, 2)]


async def test_assigning_a_stored_parent_does_not_add_the_child(  # C3, D14
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Author, Book)
    async with Session(engine) as session:
        author = Author(name="a")
        session.add(author)
        await session.commit()
        book = Book(title="t")
        book.author = author
        assert book not in session
        assert author.books == [book]
        with pytest.raises(OrphanedReferenceError, match=r"Author\.books holds a Book"):
            await session.flush()
        session.add(book)  # nothing was lost by the attempt
        await session.commit()
    assert len(await rows(engine, "select 1 from library.book where author_id is not null")) == 1


async def test_a_reference_that_is_not_loaded_is_replaced_without_loading_it(  # C16
    engine: Engine, tables: CreateTables, sent: Sent
) -> None:
    await tables(Author, Book, User, Profile)
    async with Session(engine) as session:
        session.add(Book(title="t", author=Author(name="old")))
        session.add(User(id=1, profile=Profile(id=1)))
        await session.commit()
    async with Session(engine) as session:
        book = await session.one(select(Book))
        new = Author(name="new")
        sent()
        book.author = new
        await session.flush()
        assert sent.verbs() == ["BEGIN", "INSERT", "UPDATE"]
        assert new.books == [book]
        await session.commit()
        user = await session.get_one(User, 1)
        with pytest.raises(UnloadedAttributeError, match=r"User\.profile"):
            user.profile = None  # whose row it is must be known


@pytest.mark.parametrize("assign", ["append", "replace", "reference", "insert", "slice"])
async def test_an_object_of_another_class_is_refused_at_once(  # C19
    engine: Engine, tables: CreateTables, assign: str
) -> None:
    await tables(Author, Book)
    author, book = Author(name="a"), Book(title="t")
    wrong: Any = Order()
    author.books.append(book)
    with pytest.raises(ArgumentError, match=r"takes (Book|Author) objects, not Order"):
        match assign:
            case "append":
                author.books.append(wrong)
            case "insert":
                author.books.insert(0, wrong)
            case "slice":
                author.books[:] = [wrong]
            case "replace":
                author.books = [book, wrong]
            case _:
                book.author = wrong
    assert author.books == [book]
    assert book.author is author


async def test_a_child_keeps_the_parent_that_its_row_names(  # C20
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Order, Line, Note)
    async with Session(engine) as session:
        first, second = Line(id=1, notes=[Note(id=1)]), Line(id=2)
        session.add(Order(id=1, lines=[first, second]))
        await session.commit()
        (note,) = first.notes
        note.line_id = second.id  # moved by its key: first.notes does not know
        await session.commit()
        first.notes.remove(note)
        await session.commit()
        assert inspect(note).persistent
    assert await rows(engine, "select id, line_id from note") == [(1, 2)]


async def test_a_pending_child_of_a_pending_parent_changes_hands(  # H04
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Order, Line, Note)
    async with Session(engine) as session:
        here, there, line = Order(id=1), Order(id=2), Line(id=1, notes=[Note(id=1)])
        session.add_all([here, there])
        here.lines.append(line)
        here.lines.remove(line)
        assert line not in session
        assert line.notes[0] not in session
        await session.flush()
        there.lines.append(line)
        assert line in session.new
        assert line.notes[0] in session.new
        there.lines.remove(line)
        here.lines = [line]
        await session.commit()
    assert await rows(engine, "select id, order_id from line") == [(1, 1)]
    assert await rows(engine, "select id, line_id from note") == [(1, 1)]


async def test_replacing_a_collection_tells_members_by_identity(  # C17, H02
    engine: Engine, tables: CreateTables, sent: Sent
) -> None:
    await tables(Author, Book)
    async with Session(engine) as session:
        author = Author(name="a", books=[Book(title=t) for t in "xyz"])
        session.add(author)
        await session.commit()
        x, y, z = author.books
        sent()
        author.books = [z, y]
        await session.flush()
        assert sent.verbs() == ["BEGIN", "UPDATE"]  # x loses its author, y and z are not touched
        assert (x.author, x.author_id, y.author) == (None, None, author)
        author.books = [y, z]
        await session.flush()
        assert sent() == []
        await session.commit()


async def test_what_is_not_loaded_neither_hinders_a_flush_nor_a_delete(  # H14
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Order, Line, Note)
    async with Session(engine) as session:
        session.add(Order(id=1, lines=[Line(id=1, notes=[Note(id=1)]), Line(id=2)]))
        await session.commit()
    async with Session(engine) as session:
        order = await session.get_one(Order, 1)
        order.name = "changed"
        await session.flush()
        with pytest.raises(UnloadedAttributeError):
            _ = order.lines
        session.expire(order)
        await session.delete(order)
        await session.commit()
    assert await rows(engine, "select 1 from line union all select 1 from note") == []


async def test_only_loaded_children_leave_with_their_parent(  # B05
    engine: Engine, tables: CreateTables, sent: Sent
) -> None:
    await tables(Order, Line, Note)
    async with Session(engine) as session:
        session.add(Order(id=1, lines=[Line(id=1, notes=[Note(id=1)])]))
        await session.commit()
    async with Session(engine) as session:
        order = await session.one(select(Order).options(selectinload(Order.lines)))
        note = await session.get_one(Note, 1)
        sent()
        (line,) = order.lines
        session.expunge(order)
        assert inspect(order).detached
        assert inspect(line).detached
        assert note in session  # Line.notes is not loaded
        assert sent() == []


async def test_an_addition_to_an_unloaded_collection_is_merged_when_it_is_loaded(  # G12, C15
    engine: Engine, tables: CreateTables, sent: Sent
) -> None:
    await tables(Author, Book)
    async with Session(engine) as session:
        session.add_all([Author(name="a", books=[Book(title="x")]), Author(name="b")])
        await session.commit()
    async with Session(engine) as session:
        a, b = await session.all(select(Author).order_by(Author.name))
        book = await session.one(select(Book))
        sent()
        with session.no_autoflush:
            book.author = b
            new = Book(title="n")
            session.add(new)
            new.author = a
            assert sent() == []
            await session.load([a, b], Author.books)
        assert (a.books, b.books) == ([new], [book])
        await session.commit()
    assert await rows(engine, "select title, author_id from library.book order by title") == [
        ("n", a.id),
        ("x", b.id),
    ]


async def test_a_reference_set_by_its_key_alone_shows_after_a_refresh(  # G02
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Author, Book)
    async with Session(engine) as session:
        a, b = Author(name="a"), Author(name="b")
        book = Book(title="t", author=a)
        session.add_all([a, b, book])
        await session.commit()
        book.author_id = b.id
        await session.commit()
        await session.refresh(book)
        assert await session.load(book, Book.author) is b
