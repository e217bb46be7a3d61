"""Round trips to the server of graphs of objects, counted on the wire; statements are warm.

BEGIN goes along with the first statement of a flush, and COMMIT with the last one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from asyncorm import Mapped, MetaData, Model, Related, Session, column, foreign_key, relationship
from asyncorm.engine.engine import Engine, create_engine
from asyncorm.models.fields import generated
from tests.conftest import CreateTables
from tests.support.trips import Counter, Report, nothing, save
from tests.support.wire import WireProxy


class Graphs(Model):
    metadata = MetaData()


class Shelf(Graphs, table="shelf"):
    id: Mapped[int] = generated(primary_key=True)
    name: Mapped[str] = column(default="")
    books: Related[list[Book]] = relationship(back_populates="shelf")


class Book(Graphs, table="book"):
    id: Mapped[int] = generated(primary_key=True)
    title: Mapped[str] = column(default="")
    shelf_id: Mapped[int | None] = foreign_key(Shelf.id, index=True)
    shelf: Related[Shelf | None] = relationship(back_populates="books")
    tags: Related[list[Tag]] = relationship(secondary="book_tag")
    pages: Related[list[Page]] = relationship(
        back_populates="book", cascade="all, delete-orphan", order_by="id"
    )


class Page(Graphs, table="page"):
    id: Mapped[int] = generated(primary_key=True)
    text: Mapped[str] = column(default="")
    book_id: Mapped[int] = foreign_key(Book.id, index=True)
    book: Related[Book] = relationship(back_populates="pages")


class Tag(Graphs, table="tag"):
    name: Mapped[str] = column(primary_key=True)


class Node(Graphs, table="node"):
    id: Mapped[int] = generated(primary_key=True)
    parent_id: Mapped[int | None] = foreign_key("node.id")
    parent: Related[Node | None] = relationship(back_populates="children", remote_side="id")
    children: Related[list[Node]] = relationship(back_populates="parent")


class Chain(Graphs, table="chain"):
    id: Mapped[int] = generated(primary_key=True)
    next_id: Mapped[int | None] = foreign_key("chain.id")
    next: Related[Chain | None] = relationship(post_update=True, remote_side="id")


class Land(Graphs, table="land"):
    code: Mapped[str] = column(primary_key=True)
    name: Mapped[str] = column(default="")
    towns: Related[list[Town]] = relationship(back_populates="land")


class Town(Graphs, table="town"):
    id: Mapped[int] = generated(primary_key=True)
    land_code: Mapped[str | None] = foreign_key(Land.code, onupdate="CASCADE")
    land: Related[Land | None] = relationship(back_populates="towns")


class Counted(Graphs, table="counted"):
    id: Mapped[int] = generated(primary_key=True)
    title: Mapped[str] = column(default="")
    version: Mapped[int] = column(version=True, init=False)


TABLES = (Shelf, Book, Page, Tag, Node, Chain, Land, Town, Counted)
TRUNCATE = "truncate shelf, book, page, tag, node, chain, land, town, counted, book_tag"


@pytest.fixture
async def counter(
    engine: Engine, database_url: str, tables: CreateTables, report: Report
) -> AsyncIterator[Counter]:
    await tables(*TABLES)
    async with WireProxy(database_url) as proxy, create_engine(proxy.url, pool_size=1) as counted:
        yield Counter(proxy, counted, engine, TRUNCATE, report)


async def test_a_hundred_new_books_with_three_tags_each(counter: Counter) -> None:
    async def work(session: Session, _: None) -> None:
        tags = [Tag(name=str(number)) for number in range(3)]
        session.add_all([Book(tags=list(tags)) for _ in range(100)])
        await session.commit()

    # BEGIN, books, tags, links, COMMIT
    assert await counter.trips("100 new books x 3 tags, commit", nothing, work) == 3


async def test_links_come_and_go(counter: Counter) -> None:
    async def prepare(session: Session) -> Any:
        tags = [Tag(name=str(number)) for number in range(6)]
        books = [Book(tags=tags[:3]) for _ in range(100)]
        await save(session, *books, *tags)
        return books, tags

    async def swap(session: Session, prepared: Any) -> None:
        books, tags = prepared
        for book in books:
            book.tags = tags[2:5]
        await session.commit()

    async def add(session: Session, prepared: Any) -> None:
        books, tags = prepared
        for book in books:
            book.tags.append(tags[5])
        await session.commit()

    async def remove(session: Session, prepared: Any) -> None:
        for book in prepared[0]:
            book.tags.clear()
        await session.commit()

    assert await counter.trips("m2m: 2 of 3 links replaced, 100 owners", prepare, swap) == 2
    assert await counter.trips("m2m: a link added, 100 owners", prepare, add) == 1
    assert await counter.trips("m2m: 3 links removed, 100 owners", prepare, remove) == 1


async def test_rows_are_switched(counter: Counter) -> None:
    async def prepare(session: Session) -> Any:
        return await save(session, *(Land(code=str(n), towns=[]) for n in range(100)))

    async def work(session: Session, lands: Any) -> None:
        await session.delete_all(lands)
        session.add_all([Land(code=land.code, name="new") for land in lands])
        await session.commit()

    assert await counter.trips("row switch of 100", prepare, work) == 1


async def test_post_updates_are_one_statement(counter: Counter) -> None:
    async def work(session: Session, _: None) -> None:
        links = [Chain() for _ in range(100)]
        for link, following in zip(links, (*links[1:], links[0]), strict=True):
            link.next = following
        session.add_all(links)
        await session.commit()

    # BEGIN, INSERT, UPDATE, COMMIT
    assert await counter.trips("100 in a circle, post_update", nothing, work) == 2


async def test_a_tree_costs_a_statement_for_each_level(counter: Counter) -> None:
    async def work(session: Session, _: None) -> None:
        session.add(Node(children=[Node(children=[Node() for _ in range(10)]) for _ in range(10)]))
        await session.commit()

    assert await counter.trips("tree of 3 levels, 111 nodes", nothing, work) == 3


async def test_a_rename_is_left_to_the_server(counter: Counter) -> None:
    async def prepare(session: Session) -> Any:
        land = Land(code="old", towns=[Town() for _ in range(100)])
        await save(session, land)
        return land

    async def work(session: Session, land: Any) -> None:
        land.code = "new"
        await session.commit()
        assert {town.land_code for town in land.towns} == {"new"}

    assert await counter.trips("rename, ON UPDATE CASCADE, 100 children", prepare, work) == 1


async def test_a_thousand_versions_are_one_statement(counter: Counter) -> None:
    async def prepare(session: Session) -> Any:
        return await save(session, *(Counted() for _ in range(1000)))

    async def work(session: Session, rows: Any) -> None:
        for row in rows:
            row.title = "new"
        await session.commit()

    assert await counter.trips("versioned update of 1,000", prepare, work) == 1


@pytest.mark.parametrize("loaded", [True, False], ids=["loaded", "not loaded"])
@pytest.mark.parametrize("owned", [True, False], ids=["deleted too", "set free"])
async def test_a_parent_of_a_thousand_is_deleted(
    counter: Counter, *, loaded: bool, owned: bool
) -> None:
    async def prepare(session: Session) -> Any:
        parent: Any = Book() if owned else Shelf()
        member: Any = Page if owned else Book
        setattr(parent, "pages" if owned else "books", [member() for _ in range(1000)])
        await save(session, parent)
        if loaded:
            return parent
        key = parent.id
        session.expunge_all()
        return await session.get_one(type(parent), key)

    async def work(session: Session, parent: Any) -> None:
        await session.delete(parent)
        await session.commit()

    what = f"delete of a parent, 1,000 children {'loaded' if loaded else 'not loaded'}"
    found = await counter.trips(f"{what}, {'cascade' if owned else 'set free'}", prepare, work)
    # BEGIN, DELETE or UPDATE of the children, DELETE, COMMIT; before it they are looked for
    assert found == (2 if loaded else 3)


async def test_a_graph_of_a_hundred_is_merged(counter: Counter) -> None:
    async def prepare(session: Session) -> Any:
        shelf = Shelf(books=[Book(pages=[Page() for _ in range(10)]) for _ in range(9)])
        await save(session, shelf)
        keys = shelf.id, [(book.id, [page.id for page in book.pages]) for book in shelf.books]
        session.expunge_all()
        return keys

    async def work(session: Session, keys: Any) -> None:
        shelf_id, books = keys
        copy = Shelf(id=shelf_id, name="new")
        copy.books = [
            Book(id=book, title="new", pages=[Page(id=page, text="new") for page in pages])
            for book, pages in books
        ]
        await session.merge(copy)
        await session.commit()

    # a SELECT for each level; BEGIN, an UPDATE for each level, COMMIT
    assert await counter.trips("merge of 100 objects, all changed", prepare, work) == 6


async def test_a_payload_with_twenty_children_is_applied(counter: Counter) -> None:
    async def prepare(session: Session) -> Any:
        book = Book(pages=[Page() for _ in range(15)])
        await save(session, book)
        keys = book.id, [page.id for page in book.pages]
        session.expunge_all()
        return keys

    async def work(session: Session, keys: Any) -> None:
        book_id, pages = keys
        kept = [{"id": page, "text": "new"} for page in pages[:10]]
        added = [{"text": "added"} for _ in range(10)]
        book = await session.get_one(Book, book_id)
        await session.apply(book, {"title": "new", "pages": [*kept, *added]})
        await session.commit()

    # get, load of the children; BEGIN, UPDATE twice, INSERT, DELETE, COMMIT
    assert await counter.trips("get and apply, 20 children", prepare, work) == 6


async def test_a_mixed_flush_over_five_tables(counter: Counter) -> None:
    async def prepare(session: Session) -> Any:
        found: list[Any] = []
        for number in range(20):
            page, land = Page(), Land(code=str(number), towns=[Town()])
            shelf = Shelf(books=[Book(pages=[page, Page()])])
            await save(session, shelf, land)
            found.append((shelf, page, land))
        return found

    async def work(session: Session, found: Any) -> None:
        for number, (shelf, page, land) in enumerate(found):
            shelf.name = land.name = "new"
            shelf.books[0].title = "new"
            await session.delete(page)
            shelf.books.append(Book(pages=[Page(text=str(number))]))
            land.towns.append(Town())
            session.add(Shelf())
        await session.commit()

    # BEGIN; INSERT and UPDATE of shelves and of books, INSERT and DELETE of pages, UPDATE of lands,
    # INSERT of towns; COMMIT
    assert await counter.trips("mixed flush over 5 tables, 160 rows", prepare, work) == 8
