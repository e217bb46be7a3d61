"""n_plus_one: a statement that one transaction sends again and again is noticed, with its line."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from asyncorm import (
    ConfigurationError,
    NPlusOneError,
    NPlusOneWarning,
    create_engine,
    event,
    select,
    selectinload,
    sessionmaker,
    sql,
)
from asyncorm.engine.engine import Engine
from asyncorm.session.factory import SessionFactory
from asyncorm.session.session import Session as SessionType
from tests.conftest import CreateTables
from tests.integration.conftest import Sent
from tests.support.bookshop import Author, Book, Note, Owner
from tests.support.lines import marked
from tests.support.scenario_models import Folder

Act = Callable[[SessionType, int], Awaitable[object]]


@pytest.fixture(autouse=True)
async def filled(Session: SessionFactory) -> None:
    async with Session.begin() as session:
        session.add_all(
            [Author(name=f"a{n}", books=[Book(title=f"b{n}"), Book(title="c")]) for n in range(6)]
        )


def raising(Session: SessionFactory, **options: Any) -> SessionType:
    return Session(**{"n_plus_one": "raise", "n_plus_one_limit": 3, **options})


def message(sent: str, limit: int = 3) -> str:
    return rf"sends one statement {limit + 1} times in one transaction, by session\.{sent}\(\): "


async def test_get_in_a_loop_is_refused_at_its_line(Session: SessionFactory) -> None:
    async with raising(Session) as session:
        with pytest.raises(NPlusOneError, match=message("get")) as caught:
            for key in range(1, 7):
                await session.get(Author, key)  # get in a loop
    text = str(caught.value)
    assert text.startswith(f"{__file__}:{marked(__file__, 'get in a loop')} ")
    assert "session.get_many(Entity, keys)" in text
    assert '"author"."id" = $1' in text


async def in_a_helper(session: SessionType, key: int) -> Author | None:
    return await session.get(Author, key)  # in a helper


async def through_another(session: SessionType, key: int) -> Author | None:
    return await in_a_helper(session, key)


async def test_the_innermost_function_of_the_application_is_named(Session: SessionFactory) -> None:
    async with raising(Session) as session:
        with pytest.raises(NPlusOneError) as caught:
            for key in range(1, 7):
                await through_another(session, key)
    assert f"{__file__}:{marked(__file__, 'in a helper')} " in str(caught.value)


async def test_a_function_of_the_standard_library_that_calls_is_not_named(
    Session: SessionFactory,
) -> None:
    async with raising(Session) as session:
        with pytest.raises(NPlusOneError) as caught:
            for key in range(1, 7):
                async with AsyncExitStack() as stack:
                    stack.push_async_callback(session.get, Author, key)
                    # the stack calls here
    line = marked(__file__, "the stack calls here")
    name, _, number = str(caught.value).split()[0].rpartition(":")
    assert name == __file__
    assert line - 2 <= int(number) <= line


async def test_a_task_of_nothing_but_the_call_is_named_instead(Session: SessionFactory) -> None:
    async with raising(Session) as session:
        with pytest.raises(NPlusOneError, match=r"^the task 'lonely' sends"):
            for key in range(1, 7):
                await asyncio.create_task(session.get(Author, key), name="lonely")


async def one_by_statement(session: SessionType, key: int) -> object:
    return await session.one(select(Author).where(Author.id == key))


async def scalar(session: SessionType, key: int) -> object:
    return await session.scalar(select(Author.name).where(Author.id == key))


async def get_one_locked(session: SessionType, key: int) -> object:
    return await session.get_one(Author, key, with_for_update=True)


async def get_with_options(session: SessionType, key: int) -> object:
    return await session.get(Author, key, options=[selectinload(Author.books)])


async def delete(session: SessionType, key: int) -> object:
    author = next(a for a in session.identity_map.values() if getattr(a, "id", 0) == key)
    return await session.delete(author)


async def refresh(session: SessionType, key: int) -> object:
    return await session.refresh(next(iter(session.identity_map.values())))


async def merge(session: SessionType, key: int) -> object:
    return await session.merge(Owner(code=str(key)))


async def raw(session: SessionType, key: int) -> object:
    return await session.scalar(sql("select name from author where id = {}", key))


async def raw_entity(session: SessionType, key: int) -> object:
    return await session.one(sql("select * from author where id = {}", key).into(Author))


@pytest.mark.parametrize(
    ("act", "operation", "hint"),
    [
        (one_by_statement, "execute", "in_("),
        (scalar, "execute", "in_("),
        (get_one_locked, "get", "get_many"),
        (get_with_options, "get", "get_many"),
        (delete, "delete", "delete_all"),
        (refresh, "refresh", "populate_existing"),
        (merge, "merge", "merge_all"),
        (raw, "execute", "in_("),
        (raw_entity, "execute", "in_("),
    ],
)
async def test_whatever_reads_is_counted_and_has_a_way_out(
    Session: SessionFactory, act: Act, operation: str, hint: str
) -> None:
    async with raising(Session) as session:
        kept = await session.all(select(Author))
        with pytest.raises(NPlusOneError, match=message(operation)) as caught:
            for author in kept:
                await act(session, author.id)
        assert hint in str(caught.value)
        assert act.__code__.co_filename in str(caught.value)


async def test_load_for_objects_of_several_results_names_both_ways_out(
    Session: SessionFactory,
) -> None:
    async with raising(Session) as session:
        authors = [
            await session.one(select(Author).where(*[Author.name == f"a{n}"] * (n + 1)))
            for n in range(6)
        ]
        # the first one is of another shape, as no book is held yet that may have moved
        await session.load(authors.pop(), Author.books)
        with pytest.raises(NPlusOneError, match=message("load")) as caught:
            for author in authors:
                await session.load(author, Author.books)  # load in a loop
        assert f"{__file__}:{marked(__file__, 'load in a loop')} " in str(caught.value)
        assert "session.load(objects, " in str(caught.value)
        assert "selectinload()" in str(caught.value)
        await session.load(authors[:3], Author.books)  # loaded by now: nothing is sent


async def test_a_session_is_usable_after_the_error_and_what_was_refused_is_not_sent(
    Session: SessionFactory, sent: Sent
) -> None:
    async with raising(Session) as session:
        first = await session.get_one(Author, 1)
        first.name = "new"
        for key in (2, 3):
            await session.get(Author, key)
        await session.flush()
        for _ in range(2):
            sent()
            with pytest.raises(NPlusOneError):
                await session.get(Author, 4)
            assert sent() == []
        assert await session.scalar(select(Author.name).where(Author.id == 1)) == "new"
        await session.commit()
    async with Session() as session:
        assert (await session.get_one(Author, 1)).name == "new"


async def test_every_transaction_counts_anew_so_that_a_worker_may_go_on(
    Session: SessionFactory,
) -> None:
    async with raising(Session) as session:
        for key in range(1, 7):
            session.expunge_all()
            await session.get(Author, key)
            await session.one(select(Author).where(Author.id == key))
            await (session.commit() if key % 2 else session.rollback())


async def test_a_savepoint_does_not_count_anew(Session: SessionFactory) -> None:
    async with raising(Session) as session:
        with pytest.raises(NPlusOneError):
            for key in range(1, 7):
                async with session.begin_nested():
                    await session.get(Author, key)
        assert len(await session.all(select(Author))) == 6


async def test_what_is_known_or_asked_for_at_once_is_no_repetition(
    Session: SessionFactory,
) -> None:
    async with raising(Session, n_plus_one_limit=1) as session:
        authors = await session.get_many(Author, range(1, 7))
        for key in range(1, 7):
            await session.get(Author, key)
        for author in authors:
            assert author is not None
            await session.load(author, Author.books)
        await session.delete_all([author for author in authors if author is not None])
        await session.flush()


async def test_one_call_that_repeats_itself_counts_once(
    Session: SessionFactory, tables: CreateTables, sent: Sent
) -> None:
    await tables(Folder)
    async with Session.begin() as session:
        session.add(Folder(folders=[Folder(folders=[Folder(folders=[Folder()])])]))
    async with raising(Session, n_plus_one_limit=1) as session:
        everything = selectinload(Folder.folders, recursion_depth=3)
        sent()
        await session.all(select(Folder).where(Folder.parent_id.is_(None)).options(everything))
        texts = sent()
        assert len(texts) > len(set(texts))


async def test_flushes_are_not_counted_nor_what_they_read(
    Session: SessionFactory, tables: CreateTables, sent: Sent
) -> None:
    await tables(Folder)
    async with Session.begin() as session:
        session.add(Folder(name="top", folders=[Folder() for _ in range(4)]))
    async with raising(Session, n_plus_one_limit=1) as session:
        top = await session.one(select(Folder).where(Folder.name == "top"))
        await session.load(top, Folder.folders)
        sent()
        while top.folders:
            session.add(Note(text="new"))
            top.folders.pop()
            await session.flush()
        reads = [text for text in sent() if text.startswith("SELECT")]
        assert len(reads) > len(set(reads))
        await session.commit()


async def test_the_loads_of_a_stream_are_not_counted(Session: SessionFactory) -> None:
    async with raising(Session, n_plus_one_limit=1) as session:
        statement = select(Author).options(selectinload(Author.books)).order_by(Author.id)
        found = [len(a.books) async for a in await session.stream(statement, prefetch=1)]
        assert found == [2] * 6


async def test_a_warning_is_given_once_at_its_line(Session: SessionFactory) -> None:
    async with Session(n_plus_one="warn", n_plus_one_limit=3) as session:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for key in range(1, 7):
                assert await session.get(Author, key)  # warned of
    assert [warning.category for warning in caught] == [NPlusOneWarning]
    assert caught[0].filename == __file__
    assert caught[0].lineno == marked(__file__, "warned of")
    assert "4 times in one transaction, by session.get()" in str(caught[0].message)
    assert "hint: get them all at once" in str(caught[0].message)


async def test_a_warning_made_an_error_leaves_a_session_that_works(
    Session: SessionFactory,
) -> None:
    async with Session(n_plus_one="warn", n_plus_one_limit=1) as session:
        assert await session.get(Author, 1)
        with pytest.raises(NPlusOneWarning):
            await session.get(Author, 2)
        assert await session.get(Author, 3)


@pytest.fixture
async def strict(database_url: str) -> AsyncIterator[Engine]:
    async with create_engine(database_url, n_plus_one="raise", n_plus_one_limit=2) as engine:
        yield engine


async def gets(session: SessionType, count: int) -> None:
    for key in range(1, count + 1):
        await session.get(Author, key)


async def test_the_session_has_the_option_of_its_engine_or_its_own(strict: Engine) -> None:
    Session = sessionmaker(strict)
    async with Session() as session:
        with pytest.raises(NPlusOneError, match=message("get", 2)):
            await gets(session, 3)
    async with Session(n_plus_one="off") as session:
        await gets(session, 6)
    async with Session(n_plus_one_limit=4) as session:
        await gets(session, 4)
        with pytest.raises(NPlusOneError, match=message("get", 4)):
            await gets(session, 5)
    async with sessionmaker(strict, n_plus_one="warn")() as session:
        with pytest.warns(NPlusOneWarning):
            await gets(session, 3)


async def test_a_session_on_a_connection_has_the_option_of_the_engine(strict: Engine) -> None:
    async with strict.begin() as connection:
        async with sessionmaker(connection)() as session:
            with pytest.raises(NPlusOneError):
                await gets(session, 3)


async def test_a_listener_that_reads_again_and_again_is_named(Session: SessionFactory) -> None:
    async def listener(session: SessionType) -> None:
        await session.scalar(select(Author.id).limit(1))  # in a listener

    async with raising(Session) as session:
        event.listen(session, "before_flush", listener)
        with pytest.raises(NPlusOneError) as caught:
            for n in range(6):
                session.add(Note(text=str(n)))
                await session.flush()
        assert f"{__file__}:{marked(__file__, 'in a listener')} " in str(caught.value)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"n_plus_one": "loud"}, "n_plus_one='loud' is unknown"),
        ({"n_plus_one_limit": 0}, "n_plus_one_limit is not above 0"),
        ({"n_plus_one_limit": True}, "n_plus_one_limit is not above 0"),
    ],
)
async def test_options_that_make_no_sense_are_refused(
    Session: SessionFactory, options: Any, text: str
) -> None:
    with pytest.raises(ConfigurationError, match=text):
        Session(**options)
