"""Scenarios G: one-to-many, many-to-one, one-to-one, many-to-many."""

from __future__ import annotations

import pytest

from asyncorm import (
    Engine,
    Mapped,
    MetaData,
    Model,
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
from tests.support.scenario_links import Article, Linked, Tag
from tests.support.scenario_models import Author, Badge, Book, Employee, Passport, Person
from tests.support.sent import Sent
from tests.support.states import state_of
from tests.support.store import store

LINKS = "select article_id, tag_id from article_tag order by 1, 2"
PASSPORTS = "select number, person_id from passport order by number"


@pytest.fixture
async def linked(tables: CreateTables, engine: Engine) -> Engine:
    """The database with articles and tags in it."""
    await tables(Linked)
    return engine


async def test_g01_a_child_moves_between_loaded_parents_with_one_update(
    Session: SessionFactory, sent: Sent
) -> None:
    await store(Session, Author(name="a", books=[Book(title="t"), Book(title="u")]))
    await store(Session, Author(name="b"))
    async with Session() as session:
        a, b = await session.all(select(Author).order_by(Author.id))
        await session.load([a, b], Author.books)
        moved, kept = a.books
        a.books.remove(moved)
        b.books.append(moved)
        sent()
        await session.commit()
        assert sent.work() == ["UPDATE book"]
        assert a.books == [kept]
        assert b.books == [moved]
        assert moved.author is b
        assert moved.author_id == b.id
        b.books.remove(moved)
        moved.author = a
        await session.commit()
        assert sent.work() == ["UPDATE book"]
        assert a.books == [kept, moved]
        assert b.books == []
        assert state_of(moved) == "persistent"


async def test_g02_a_key_set_by_hand_shows_in_the_relationship_after_a_refresh(
    Session: SessionFactory,
) -> None:
    await store(Session, Author(name="a", books=[Book(title="t")]), Author(name="b"))
    async with Session() as session:
        book = await session.get_one(Book, 1)
        old = await session.load(book, Book.author)
        book.author_id = 2
        assert book.author is old
        await session.flush()
        assert book.author is old
        session.expire(book, ["author"])
        new = await session.load(book, Book.author)
        assert new is not None
        assert (new.id, new.name) == (2, "b")
        book.author_id = None
        await session.flush()
        await session.refresh(book, ["author"])
        assert book.author is None


@pytest.mark.parametrize("where", ["new", "loaded"])
async def test_g03_the_relationship_wins_over_the_key(
    Session: SessionFactory, engine: Engine, where: str
) -> None:
    await store(Session, Author(name="a"), Author(name="b"), Book(title="t"))
    async with Session() as session:
        by_relationship = await session.get_one(Author, 1)
        if where == "new":
            book = Book(title="n", author=by_relationship, author_id=2)
            session.add(book)
        else:
            book = await session.get_one(Book, 1)
            book.author = by_relationship
            book.author_id = 2
        await session.commit()
        assert book.author_id == 1
        assert await rows(engine, f"select author_id from book where id = {book.id}") == [(1,)]


async def test_g04_a_target_that_is_left_and_deleted_is_left_first(
    Session: SessionFactory, sent: Sent, engine: Engine
) -> None:
    await store(Session, Author(name="a", books=[Book(title="t")]))
    async with Session() as session:
        book = await session.get_one(Book, 1)
        author = await session.load(book, Book.author)
        assert author is not None
        book.author = None
        await session.delete(author)
        sent()
        await session.commit()
        assert sent.work() == ["UPDATE book", "DELETE author"]
    assert await rows(engine, "select author_id from book") == [(None,)]


@pytest.mark.parametrize("parent", ["not loaded", "expired", "relationship expired"])
async def test_g05_a_child_is_deleted_without_reading_its_parent(
    Session: SessionFactory, sent: Sent, engine: Engine, parent: str
) -> None:
    await store(Session, Author(name="a", books=[Book(title="t")]))
    async with Session() as session:
        book = await session.get_one(Book, 1)
        if parent != "not loaded":
            author = await session.load(book, Book.author)
            assert author is not None
            session.expire(book if parent == "relationship expired" else author)
            if parent == "relationship expired":
                await session.refresh(book)
        sent()
        await session.delete(book)
        await session.commit()
        assert sent.work() == ["DELETE book"]
    assert await rows(engine, "select id from book") == []


async def test_g06_the_old_one_of_a_pair_loses_its_reference(
    Session: SessionFactory, engine: Engine
) -> None:
    await store(Session, Person(name="p", passport=Passport(number="old")))
    async with Session() as session:
        person = await session.get_one(Person, 1)
        old = await session.load(person, Person.passport)
        assert old is not None
        new = Passport(number="new")
        person.passport = new
        assert old.person is None
        assert new.person is person
        await session.commit()
        assert (old.person_id, new.person_id) == (None, 1)
    assert await rows(engine, PASSPORTS) == [("new", 1), ("old", None)]


async def test_g06_or_is_deleted_if_it_would_be_an_orphan(
    Session: SessionFactory, engine: Engine
) -> None:
    await store(Session, Employee(name="e", badge=Badge(number="old")))
    async with Session() as session:
        employee = await session.get_one(Employee, 1)
        old = await session.load(employee, Employee.badge)
        employee.badge = Badge(number="new")
        await session.commit()
        assert old is not None
        assert state_of(old) == "detached"
        assert inspect(old).was_deleted
    assert await rows(engine, "select number, employee_id from badge") == [("new", 1)]


async def test_g07_links_are_written_and_their_ends_are_not(
    Session: SessionFactory, linked: Engine, sent: Sent
) -> None:
    await store(Session, Article(title="t", tags=[Tag(name=name) for name in "abc"]))
    assert await rows(linked, LINKS) == [(1, 1), (1, 2), (1, 3)]
    async with Session() as session:
        article = await session.get_one(Article, 1)
        a, b, c = await session.load(article, Article.tags)
        article.tags.remove(b)
        sent()
        await session.commit()
        assert sent.work() == ["DELETE article_tag"]
        assert await rows(linked, LINKS) == [(1, 1), (1, 3)]
        article.tags.append(b)
        await session.commit()
        assert sent.work() == ["INSERT article_tag"]
        assert await rows(linked, LINKS) == [(1, 1), (1, 2), (1, 3)]
        article.tags = [c, d := Tag(name="d")]
        await session.commit()
        assert sorted(sent.work()) == ["DELETE article_tag", "INSERT article_tag", "INSERT tag"]
        assert await rows(linked, LINKS) == [(1, 3), (1, d.id)]
        article.tags.clear()
        await session.commit()
        assert sent.work() == ["DELETE article_tag"]
        assert [state_of(tag) for tag in (a, b, c, d)] == ["persistent"] * 4
    assert await rows(linked, LINKS) == []
    assert await rows(linked, "select count(*) from tag") == [(4,)]


async def test_g08_a_link_made_from_both_ends_is_written_once(
    Session: SessionFactory, linked: Engine, sent: Sent
) -> None:
    await store(Session, Article(tags=[Tag(name="a")]), Article(), Tag(name="b"))
    async with Session() as session:
        first, second = await session.all(select(Article).order_by(Article.id))
        a, b = await session.all(select(Tag).order_by(Tag.name))
        await session.load([first, second], Article.tags)
        await session.load([a, b], Tag.articles)
        first.tags.append(b)
        assert b.articles == [first]
        b.articles.append(second)
        assert second.tags == [b]
        a.articles.remove(first)
        assert first.tags == [b]
        sent()
        await session.commit()
        assert sorted(sent.work()) == ["DELETE article_tag", "INSERT article_tag"]
        await session.flush()
        assert sent() == []
    assert await rows(linked, LINKS) == [(1, 2), (2, 2)]


async def test_g08_an_end_added_twice_is_linked_once(
    Session: SessionFactory, linked: Engine
) -> None:
    """C18"""
    async with Session() as session:
        tag = Tag(name="a")
        session.add(Article(tags=[tag, tag]))
        await session.commit()
    assert await rows(linked, LINKS) == [(1, 1)]


class Network(Model):
    metadata = MetaData()


class Page(Network, table="page"):
    """Pages lead to pages."""

    id: Mapped[int] = generated(primary_key=True)
    name: Mapped[str] = column(default="")
    leads_to: Related[list[Page]] = relationship(
        secondary="page_link",
        remote_side=["target_id"],
        back_populates="reached_from",
        order_by="id",
    )
    reached_from: Related[list[Page]] = relationship(
        secondary="page_link",
        remote_side=["source_id"],
        back_populates="leads_to",
        order_by="id",
    )


class PageLink(Network, table="page_link"):
    source_id: Mapped[int] = foreign_key(Page.id, primary_key=True)
    target_id: Mapped[int] = foreign_key(Page.id, primary_key=True)


async def test_g09_rows_of_one_table_are_linked_to_each_other(
    Session: SessionFactory, tables: CreateTables, engine: Engine
) -> None:
    await tables(Network)
    a, b, c = Page(name="a"), Page(name="b"), Page(name="c")
    a.leads_to = [b, c]
    await store(Session, a)
    links = "select s.name || t.name from page_link join page s on s.id = source_id "
    links += "join page t on t.id = target_id order by 1"
    assert await rows(engine, links) == [("ab",), ("ac",)]
    async with Session() as session:
        a, b, c = await session.all(select(Page).order_by(Page.name))
        await session.load([a, b, c], Page.leads_to)
        await session.load([a, b, c], Page.reached_from)
        assert a.leads_to == [b, c]
        assert b.reached_from == c.reached_from == [a]
        b.reached_from.remove(a)
        assert a.leads_to == [c]
        b.leads_to.append(a)
        c.reached_from.append(c)
        assert c.leads_to == [c]
        await session.commit()
    assert await rows(engine, links) == [("ac",), ("ba",), ("cc",)]


async def test_g11_the_links_of_a_deleted_end_go_first(
    Session: SessionFactory, linked: Engine, sent: Sent
) -> None:
    a, b = Tag(name="a"), Tag(name="b")
    await store(Session, Article(tags=[a, b]), Article(tags=[a]))
    async with Session() as session:
        tag = await session.get_one(Tag, a.id)
        await session.delete(tag)
        sent()
        await session.commit()
        assert sent.work() == ["DELETE article_tag", "DELETE tag"]
        article = await session.get_one(Article, 1)
        assert [tag.name for tag in await session.load(article, Article.tags)] == ["b"]
        await session.delete(article)
        sent()
        await session.commit()
        assert sent.work() == ["DELETE article_tag", "DELETE article"]
    assert await rows(linked, LINKS) == []
    assert await rows(linked, "select name from tag") == [("b",)]


async def test_g12_the_other_side_of_a_loaded_link_changes_at_once(
    Session: SessionFactory, sent: Sent
) -> None:
    await store(Session, Author(name="a", books=[Book(title="t")]))
    async with Session() as session:
        author = await session.get_one(Author, 1)
        (book,) = await session.load(author, Author.books)
        sent()
        new = Book(title="n")
        new.author = author
        assert author.books == [book, new]
        author.books.remove(book)
        assert book.author is None
        book.author = author
        assert author.books == [new, book]
        assert sent() == []


async def test_g12_on_an_unloaded_collection_changes_wait_until_it_is_loaded(
    Session: SessionFactory, sent: Sent, engine: Engine
) -> None:
    await store(Session, Author(name="a", books=[Book(title="t"), Book(title="u")]))
    async with Session() as session:
        author, left = await session.get_one(Author, 1), await session.get_one(Book, 1)
        sent()
        session.add(new := Book(title="n"))
        new.author = author
        left.author = None
        with pytest.raises(UnloadedAttributeError, match=r"Author\.books"):
            _ = author.books
        assert sent() == []
        with session.no_autoflush:
            books = await session.load(author, Author.books)
        assert sent.work() == ["SELECT book"]
        assert [book.title for book in books] == ["u", "n"]
        await session.commit()
    found = await rows(engine, "select title, author_id from book order by id")
    assert found == [("t", None), ("u", 1), ("n", 1)]


async def test_g12_links_to_an_unloaded_end_combine_with_the_stored_ones(
    Session: SessionFactory, linked: Engine, sent: Sent
) -> None:
    await store(Session, Article(title="old", tags=[Tag(name="a")]))
    async with Session() as session:
        tag = await session.get_one(Tag, 1)
        sent()
        new = Article(title="new", tags=[tag])
        session.add(new)
        assert sent() == []
        with session.no_autoflush:
            articles = await session.load(tag, Tag.articles)
        assert sorted(article.title for article in articles) == ["new", "old"]
        await session.commit()
    assert await rows(linked, LINKS) == [(1, 1), (2, 1)]
