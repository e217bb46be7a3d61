"""A stale row says what was wanted, what it holds now, and what was loaded."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from asyncorm import Conflict, Session, StaleDataError
from asyncorm.engine.engine import Engine, create_engine
from tests.conftest import CreateTables
from tests.integration.conftest import Sent
from tests.support.rows import rows, run
from tests.support.versioned import Document, Remark, Stamped
from tests.support.wire import WireProxy


@pytest.fixture
async def session(engine: Engine, tables: CreateTables) -> AsyncIterator[Session]:
    await tables(Document, Remark, Stamped)
    async with Session(engine) as session:
        yield session


async def documents(session: Session, count: int) -> list[Document]:
    made = [Document(title=str(number)) for number in range(count)]
    session.add_all(made)
    await session.commit()
    return made


@pytest.mark.parametrize("how", ["flush", "commit"])
async def test_a_conflict_has_mine_theirs_and_base(
    session: Session, engine: Engine, how: str
) -> None:
    [document] = await documents(session, 1)
    await run(engine, "update document set title = 'theirs', pages = 5, version = 2")
    document.title = "mine"
    with pytest.raises(StaleDataError) as caught:
        await getattr(session, how)()
    error = caught.value
    assert error.mine == {"title": "mine"}
    assert error.theirs == {"id": 1, "title": "theirs", "pages": 5, "version": 2}
    assert error.base == {"id": 1, "title": "0", "pages": 1, "version": 1}
    [conflict] = error.conflicts
    assert isinstance(conflict, Conflict)
    assert conflict.object is document
    await session.rollback()
    # what a program does with it: nobody else has changed what it wants to change
    await session.refresh(document)
    assert document.version == 2
    for name, value in error.mine.items():
        setattr(document, name, value)
    await session.commit()
    assert await rows(engine, "select title, pages, version from document") == [("mine", 5, 3)]


async def test_a_row_that_is_gone_has_no_theirs(session: Session, engine: Engine) -> None:
    [document] = await documents(session, 1)
    await run(engine, "delete from document")
    document.title = "mine"
    with pytest.raises(StaleDataError) as caught:
        await session.flush()
    assert caught.value.theirs is None
    assert caught.value.mine == {"title": "mine"}


async def test_a_delete_wants_nothing(session: Session, engine: Engine) -> None:
    [document] = await documents(session, 1)
    await run(engine, "update document set title = 'theirs', version = 2")
    document.title = "not written any more"
    await session.delete(document)
    with pytest.raises(StaleDataError) as caught:
        await session.commit()
    assert caught.value.mine == {}
    assert caught.value.base is not None
    assert caught.value.base["title"] == "0"
    assert caught.value.theirs is not None
    assert caught.value.theirs["title"] == "theirs"


async def test_all_conflicts_of_a_batch_are_read_by_one_statement(
    session: Session, engine: Engine, sent: Sent
) -> None:
    made = await documents(session, 1000)
    await run(
        engine,
        "update document set title = 'theirs', version = 2 where id % 100 = 0",
        "delete from document where id = 500",
    )
    for document in made:
        document.title = "mine"
    sent()
    with pytest.raises(StaleDataError) as caught:
        await session.flush()
    assert sent.verbs() == ["BEGIN", "UPDATE", "SELECT", "ROLLBACK"]
    found = {c.object.id: c.theirs and c.theirs["title"] for c in caught.value.conflicts}
    assert found == {n: None if n == 500 else "theirs" for n in range(100, 1001, 100)}
    assert caught.value.objects == tuple(c.object for c in caught.value.conflicts)


async def test_a_commit_without_begin_reads_its_conflicts_outside_a_transaction(
    engine: Engine, database_url: str, tables: CreateTables
) -> None:
    await tables(Document)
    async with WireProxy(database_url) as proxy, create_engine(proxy.url) as own:
        async with Session(own) as session:
            made = await documents(session, 3)
            await run(engine, "update document set title = 'theirs', version = 2 where id = 2")
            for document in made:
                document.title = "mine"
            proxy.reset()
            with pytest.raises(StaleDataError) as caught:
                await session.commit()
            assert [sql.partition(" ")[0] for sql in proxy.statements] == [
                "WITH",
                "SELECT",
                "SELECT",
            ]
            # looking is no commit, of whose end somebody could be uncertain
            assert session._core.transaction.connection.outcome == "rolled_back"
            assert caught.value.objects == (made[1],)
            assert caught.value.theirs is not None
            assert caught.value.theirs["title"] == "theirs"
            await session.rollback()
            assert await rows(engine, "select count(*) from document where title = 'mine'") == [
                (0,)
            ]


async def test_an_unreadable_row_does_not_hide_the_conflict(
    session: Session, engine: Engine
) -> None:
    [document] = await documents(session, 1)
    await run(engine, "update document set version = 2", "alter table document drop column pages")
    document.title = "mine"
    with pytest.raises(StaleDataError) as caught:
        await session.flush()
    assert caught.value.objects == (document,)
    assert caught.value.conflicts == ()
    assert caught.value.mine is caught.value.theirs is caught.value.base is None
    assert "could not be read" in caught.value.__notes__[0]


async def test_values_are_those_of_python(session: Session, engine: Engine) -> None:
    stamped = Stamped(id=1)
    session.add(stamped)
    await session.commit()
    await run(engine, "update stamped set changed_at = '2026-01-01 00:00+00'")
    stamped.title = "mine"
    with pytest.raises(StaleDataError) as caught:
        await session.commit()
    assert caught.value.theirs is not None
    assert caught.value.theirs["changed_at"].isoformat() == "2026-01-01T00:00:00+00:00"


async def test_only_the_savepoint_is_lost(session: Session, engine: Engine) -> None:
    first, second = await documents(session, 2)
    await run(engine, "update document set version = 2 where id = 2")
    first.title = "kept"
    with pytest.raises(StaleDataError) as caught:
        async with session.begin_nested():
            second.title = "lost"
    assert caught.value.objects == (second,)
    await session.commit()
    assert await rows(engine, "select title from document order by id") == [("kept",), ("1",)]
