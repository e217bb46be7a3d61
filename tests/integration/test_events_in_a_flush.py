"""What listeners may do while a flush is under way, and what becomes of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from asyncorm import InvalidRequestError, StaleDataError, event, inspect, select, sql
from asyncorm.session.factory import SessionFactory
from asyncorm.session.session import Session as SessionType
from tests.integration.conftest import Sent
from tests.support.bookshop import Author, Book, Country, Note

ROWS = [f"{when}_{what}" for when in ("before", "after") for what in ("insert", "update", "delete")]


async def names(session: SessionType) -> list[str]:
    return await session.all(select(Author.name).order_by(Author.name))


async def test_e16_before_flush_adds_changes_and_deletes(Session: SessionFactory) -> None:
    """F23"""
    async with Session() as session:
        changed, gone = Author(name="changed"), Author(name="gone")
        session.add_all([changed, gone])
        await session.commit()

        @event.listens_for(session, "before_flush", once=True)
        async def edit(session: SessionType) -> None:
            session.add(Author(name="added"))
            changed.age = 7
            await session.delete(gone)

        session.add(Author(name="first"))
        await session.commit()
        assert await names(session) == ["added", "changed", "first"]
        assert await session.scalar(select(Author.age).where(Author.name == "changed")) == 7
        assert inspect(gone).detached


async def test_before_flush_may_ask_the_database(Session: SessionFactory, sent: Sent) -> None:
    """Its own statements do not flush, and the guard lets them through."""
    async with Session() as session:
        counts: list[Any] = []

        @event.listens_for(session, "before_flush")
        async def count(session: SessionType) -> None:
            counts.append(await session.scalar(sql("select count(*) from author")))
            counts.append(await session.get(Author, 1000))
            await (await session.connection()).execute(sql("select 1"))

        session.add(Author(name="a"))
        await session.flush()
        assert counts == [0, None]
        assert [verb for verb in sent.verbs() if verb.upper() != "SELECT"] == ["BEGIN", "INSERT"]


@pytest.mark.parametrize("name", ["before_insert", "before_update"])
async def test_listeners_of_rows_may_ask_the_database(Session: SessionFactory, name: str) -> None:
    async with Session() as session:
        author = Author(name="a")
        found: list[Any] = []

        @event.listens_for(Author, name)
        async def ask(session: SessionType, instance: Author) -> None:
            found.append(await session.all(select(Country)))
            found.append(await session.get(Country, "nl"))

        try:
            session.add(author)
            await session.flush()
            author.name = "b"
            await session.flush()
        finally:
            event.remove(Author, name, ask)
        assert found == [[], None]


@pytest.mark.parametrize("name", ["before_flush", *ROWS, "after_flush", "after_flush_postexec"])
async def test_e15_a_flush_inside_a_flush_is_refused(Session: SessionFactory, name: str) -> None:
    """F2"""
    async with Session() as session:
        gone = Author(name="gone")
        changed = Author(name="changed")
        session.add_all([gone, changed])
        await session.commit()
        caught: list[str] = []

        async def flush_again(session: SessionType, instance: Any = None) -> None:
            with pytest.raises(InvalidRequestError, match="already flushing") as error:
                await session.flush()
            caught.append(str(error.value))

        event.listen(session, name, flush_again)
        session.add(Author(name="new"))
        changed.age = 3
        await session.delete(gone)
        await session.commit()
        assert len(caught) == 1
        assert name in caught[0]


ENDINGS: dict[str, Callable[[SessionType], Awaitable[Any]]] = {
    "commit": lambda session: session.commit(),
    "rollback": lambda session: session.rollback(),
    "close": lambda session: session.close(),
    "reset": lambda session: session.reset(),
    "invalidate": lambda session: session.invalidate(),
    "begin": lambda session: session.begin()._start(),
    "begin_nested": lambda session: session.begin_nested()._start(),
}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize(
    "name", ["before_commit", "before_flush", "before_insert", "after_insert", "after_flush"]
)
async def test_listeners_do_not_end_what_is_under_way(
    Session: SessionFactory, name: str, ending: str
) -> None:
    async with Session() as session:

        async def end(session: SessionType, instance: Any = None) -> None:
            with pytest.raises(InvalidRequestError, match=rf"{ending}\(\).*listener of {name}"):
                await ENDINGS[ending](session)

        event.listen(session, name, end)
        session.add(Author(name="a"))
        await session.commit()
        assert await names(session) == ["a"]


@pytest.mark.parametrize("way", ["expunge", "expunge_all", "clear"])
async def test_nothing_is_expunged_inside_a_flush(Session: SessionFactory, way: str) -> None:
    """E11"""
    async with Session() as session:
        author = Author(name="a")

        @event.listens_for(session, "before_flush")
        def let_go(session: SessionType) -> None:
            with pytest.raises(InvalidRequestError, match=f"session.{way}"):
                getattr(session, way)(*([author] if way == "expunge" else []))

        session.add(author)
        await session.flush()
        assert inspect(author).persistent


async def test_a_listener_sets_columns_of_its_own_object(
    Session: SessionFactory, sent: Sent
) -> None:
    async with Session() as session:

        @event.listens_for(session, "before_insert")
        def born(session: SessionType, author: Author) -> None:
            author.age = 0

        @event.listens_for(session, "before_update")
        def older(session: SessionType, author: Author) -> None:
            author.age = (author.age or 0) + 1

        authors = [Author(name=f"a{n}") for n in range(3)]
        session.add_all(authors)
        await session.flush()
        assert sent.verbs() == ["BEGIN", "INSERT"]
        for author in authors:
            author.name += "!"
        await session.flush()
        assert sent.verbs() == ["UPDATE"]
        await session.commit()
        assert await session.all(select(Author.age)) == [1, 1, 1]


async def test_a_change_without_net_change_can_be_made_one(Session: SessionFactory) -> None:
    """before_update comes for every object that was touched, also without anything to write."""
    async with Session() as session:
        author = Author(name="a", age=1)
        session.add(author)
        await session.commit()

        @event.listens_for(session, "before_update")
        def older(session: SessionType, author: Author) -> None:
            author.age = 2

        author.name = "b"
        author.name = "a"
        await session.commit()
        await session.refresh(author)
        assert author.age == 2


async def change_other_new(other: Author, known: Author) -> None:
    other.age = 9


async def change_known(other: Author, known: Author) -> None:
    known.age = 9


@pytest.mark.parametrize("change", [change_other_new, change_known])
@pytest.mark.parametrize("name", ["before_insert", "after_insert", "after_flush"])
async def test_changing_another_object_while_the_flush_writes_is_refused(
    Session: SessionFactory, name: str, change: Callable[[Author, Author], Awaitable[None]]
) -> None:
    """F21, F22"""
    async with Session() as session:
        known = Author(name="known")
        session.add(known)
        await session.commit()
        first, other = Author(name="first"), Author(name="other")

        async def interfere(session: SessionType, instance: Any = None) -> None:
            if instance is not other:
                await change(other, known)

        event.listen(session, name, interfere)
        session.add_all([first, other])
        with pytest.raises(InvalidRequestError, match="not supported within the execution stage"):
            await session.flush()
        assert not session.is_active
        await session.rollback()
        assert inspect(first).transient
        event.remove(session, name, interfere)
        assert await names(session) == ["known"]


async def test_a_second_change_of_a_changed_object_is_found_too(Session: SessionFactory) -> None:
    async with Session() as session:
        one, two = Author(name="one"), Author(name="two")
        session.add_all([one, two])
        await session.commit()

        @event.listens_for(session, "before_update")
        def interfere(session: SessionType, author: Author) -> None:
            if author is one:
                two.age = 99

        one.age = two.age = 1
        with pytest.raises(InvalidRequestError, match="execution stage"):
            await session.flush()


@pytest.mark.parametrize("turn", [0, 1])
async def test_whether_its_turn_is_over_or_to_come(Session: SessionFactory, turn: int) -> None:
    async with Session() as session:
        authors = [Author(name="first"), Author(name="second")]

        @event.listens_for(session, "before_insert")
        def interfere(session: SessionType, author: Author) -> None:
            if author is authors[turn]:
                authors[1 - turn].age = 99

        session.add_all(authors)
        with pytest.raises(InvalidRequestError, match="execution stage"):
            await session.flush()


async def test_a_listener_of_a_row_brings_no_new_objects_in(Session: SessionFactory) -> None:
    """Not along a relationship of its own object either."""
    async with Session() as session:

        @event.listens_for(session, "before_insert")
        def enrich(session: SessionType, author: Author) -> None:
            author.books.append(Book(title="t"))

        session.add(Author(name="a"))
        with pytest.raises(InvalidRequestError, match="execution stage"):
            await session.flush()


async def test_what_after_insert_sets_would_never_be_written(Session: SessionFactory) -> None:
    """F22"""
    async with Session() as session:

        @event.listens_for(session, "after_insert")
        def too_late(session: SessionType, author: Author) -> None:
            author.age = 1

        session.add(Author(name="a"))
        with pytest.raises(InvalidRequestError, match="listener of after_insert has changed"):
            await session.flush()


async def add(session: SessionType, known: Author) -> None:
    session.add(Author(name="more"))


async def delete(session: SessionType, known: Author) -> None:
    await session.delete(known)


async def merge(session: SessionType, known: Author) -> None:
    await session.merge(Author(name="more"))


async def link(session: SessionType, known: Author) -> None:
    known.books.append(Book(title="t"))


@pytest.mark.parametrize("operation", [add, delete, merge, link])
@pytest.mark.parametrize("name", ["before_insert", "after_insert"])
async def test_the_session_is_not_changed_while_the_flush_writes(
    Session: SessionFactory,
    name: str,
    operation: Callable[[SessionType, Author], Awaitable[None]],
) -> None:
    """F21"""
    async with Session() as session:
        known = Author(name="known")
        session.add(known)
        await session.commit()

        @event.listens_for(session, name)
        async def interfere(session: SessionType, instance: Author) -> None:
            await operation(session, known)

        session.add(Author(name="a"))
        with pytest.raises(InvalidRequestError, match="execution stage"):
            await session.flush()


async def test_what_after_flush_adds_is_flushed_by_the_same_commit(Session: SessionFactory) -> None:
    async with Session() as session:

        @event.listens_for(session, "after_flush", once=True)
        def log(session: SessionType) -> None:
            [author] = session.new
            assert author.id is not None
            session.add(Note(text=f"author {author.name}"))

        session.add(Author(name="a"))
        await session.flush()
        assert [type(i) for i in session.new] == [Note]
        await session.commit()
        assert await session.all(select(Note.text)) == ["author a"]


async def test_after_flush_sees_the_work_and_postexec_the_final_state(
    Session: SessionFactory,
) -> None:
    async with Session() as session:
        changed, gone = Author(name="changed"), Author(name="gone")
        session.add_all([changed, gone])
        await session.commit()
        seen: list[tuple[int, int, int]] = []

        def look(session: SessionType) -> None:
            seen.append((len(session.new), len(session.dirty), len(session.deleted)))

        event.listen(session, "after_flush", look)
        event.listen(session, "after_flush_postexec", look)
        session.add(Author(name="new"))
        changed.age = 1
        await session.delete(gone)
        await session.flush()
        assert seen == [(1, 1, 1), (0, 0, 0)]


async def test_listeners_after_rows_see_what_the_server_made(Session: SessionFactory) -> None:
    async with Session() as session:
        ids: list[Any] = []

        @event.listens_for(session, "after_insert")
        async def log(session: SessionType, author: Author) -> None:
            ids.append((author.id, await session.scalar(sql("select count(*) from author"))))

        authors = [Author(name="a"), Author(name="b")]
        session.add_all(authors)
        await session.flush()
        assert ids == [(authors[0].id, 2), (authors[1].id, 2)]


async def test_rows_are_told_of_parents_first_and_deleted_children_first(
    Session: SessionFactory,
) -> None:
    async with Session() as session:
        order: list[str] = []
        for name in ROWS:
            event.listen(
                session, name, lambda s, i, name=name: order.append(f"{name} {type(i).__name__}")
            )
        author = Author(name="a")
        book = Book(title="t", author=author)
        session.add(book)
        session.add(Note(text="n", author=author))
        await session.commit()
        before = [entry for entry in order if entry.startswith("before")]
        assert before[0] == "before_insert Author"
        assert sorted(before[1:]) == ["before_insert Book", "before_insert Note"]
        order.clear()
        await session.delete(author)
        await session.delete(book)
        with pytest.raises(Exception, match="note"):
            await session.commit()
        assert order == ["before_delete Book", "before_delete Author"]


@pytest.mark.parametrize(
    "name",
    [
        "before_commit",
        "before_flush",
        "before_insert",
        "after_insert",
        "after_flush",
        "pending_to_persistent",
        "after_flush_postexec",
    ],
)
@pytest.mark.parametrize("is_async", [False, True])
async def test_an_error_of_a_listener_fails_the_flush(
    Session: SessionFactory, name: str, is_async: bool
) -> None:
    """T9: the error comes out as it is, everything is rolled back, and the session waits."""
    boom = ZeroDivisionError("boom")

    def fail(session: SessionType, instance: Any = None) -> None:
        raise boom

    async def fail_later(session: SessionType, instance: Any = None) -> None:
        raise boom

    async with Session() as session:
        function = fail_later if is_async else fail
        event.listen(session, name, function)
        author = Author(name="a")
        session.add(author)
        with pytest.raises(ZeroDivisionError) as caught:
            await session.commit()
        assert caught.value is boom
        assert not session.is_active
        assert session.in_transaction()
        assert inspect(author).transient
        await session.rollback()
        event.remove(session, name, function)
        session.add(author)
        await session.commit()
        assert await names(session) == ["a"]


async def test_an_error_inside_a_savepoint_costs_the_savepoint_alone(
    Session: SessionFactory,
) -> None:
    """T13"""
    async with Session() as session:
        session.add(Author(name="kept"))
        with pytest.raises(ZeroDivisionError):
            async with session.begin_nested():

                @event.listens_for(session, "before_insert", once=True)
                def fail(session: SessionType, instance: Any) -> None:
                    raise ZeroDivisionError

                session.add(Author(name="lost"))
        await session.commit()
        assert await names(session) == ["kept"]


async def test_another_error_of_a_flush_is_the_same_with_listeners(Session: SessionFactory) -> None:
    async with Session() as session:
        event.listen(session, "before_update", lambda session, instance: None)
        author = Author(name="a")
        session.add(author)
        await session.commit()
        await (await session.connection()).execute(sql("delete from author"))
        author.name = "b"
        with pytest.raises(StaleDataError):
            await session.flush()
        assert not session.is_active


async def test_a_listener_of_one_class_costs_the_flushes_of_others_nothing(
    Session: SessionFactory, sent: Sent
) -> None:
    heard: list[Any] = []

    def listener(session: SessionType, author: Author) -> None:
        heard.append(author)

    event.listen(Author, "before_insert", listener)
    try:
        async with Session() as session:
            sent()
            session.add(Country(code="de", name="Germany"))
            await session.commit()
            assert sent.verbs() == ["INSERT"]
            author = Author(name="a")
            session.add(author)
            await session.commit()
            assert sent.verbs() == ["BEGIN", "INSERT", "COMMIT"]
        assert heard == [author]
    finally:
        event.remove(Author, "before_insert", listener)
