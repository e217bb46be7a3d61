"""xmin as version: optimistic locking without a column of one's own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from pydantic import ValidationError

from asyncorm import FlushError, Session, StaleDataError, aliased, select, update
from asyncorm.engine.engine import Engine
from tests.conftest import CreateTables
from tests.integration.conftest import Sent
from tests.support.rows import rows, run
from tests.support.versioned import Bare, Leaf, Named, Shown, version_of


@pytest.fixture
async def session(engine: Engine, tables: CreateTables) -> AsyncIterator[Session]:
    await tables(Bare, Named, Leaf)
    async with Session(engine) as session:
        yield session


async def stored(session: Session, count: int) -> list[Bare]:
    made = [Bare(id=number) for number in range(count)]
    session.add_all(made)
    await session.commit()
    return made


async def xmins(engine: Engine, table: str = "bare_version") -> list[int]:
    found = await rows(engine, f"select xmin::text::bigint from {table} order by id")
    return [version for (version,) in found]


async def test_the_version_is_that_of_the_row_after_insert_load_and_update(
    session: Session, engine: Engine, sent: Sent
) -> None:
    made = await stored(session, 3)
    assert [version_of(row) for row in made] == await xmins(engine)
    made[0].title = "new"
    await session.commit()
    assert [version_of(row) for row in made] == await xmins(engine)
    assert version_of(made[0]) != version_of(made[1])
    session.expunge_all()
    sent()
    loaded = await session.all(select(Bare).order_by(Bare.id))
    one = await session.get_one(Bare, 1)
    assert one is loaded[1]
    assert [version_of(row) for row in loaded] == await xmins(engine)


async def test_the_version_is_no_part_of_the_model(session: Session, engine: Engine) -> None:
    [row] = await stored(session, 1)
    assert row.model_dump() == {"id": 0, "title": ""}
    assert row.model_dump_json() == '{"id":0,"title":""}'
    assert repr(row) == "Bare(id=0, title='')"
    assert set(Bare.model_json_schema()["properties"]) == {"id", "title"}
    assert dict(row) == {"id": 0, "title": ""}
    with pytest.raises(ValidationError):
        Bare(id=1, xmin=5)  # type: ignore[call-arg]
    columns = "select attname from pg_attribute where attrelid = 'bare_version'::regclass"
    assert await rows(engine, f"{columns} and attnum > 0 order by attnum") == [("id",), ("title",)]
    async with Session(engine) as other:
        assert row == await other.get_one(Bare, 0)


@pytest.mark.parametrize("how", ["flush", "commit"])
@pytest.mark.parametrize("what", ["update", "delete"])
@pytest.mark.parametrize("count", [1, 2, 1000])
async def test_a_row_written_by_somebody_else_is_stale(
    session: Session, engine: Engine, how: str, what: str, count: int
) -> None:
    made = await stored(session, count)
    await run(engine, "update bare_version set title = 'theirs' where id = 0")
    for row in made:
        if what == "update":
            row.title = "mine"
        else:
            await session.delete(row)
    with pytest.raises(StaleDataError) as caught:
        await getattr(session, how)()
    assert caught.value.objects == (made[0],)
    assert caught.value.theirs is not None
    assert caught.value.theirs["title"] == "theirs"
    await session.rollback()
    assert await rows(engine, "select distinct title from bare_version where id > 0") == [
        ("",) for _ in range(min(count - 1, 1))
    ]


async def test_an_object_is_written_again_and_again_in_one_transaction(
    session: Session, engine: Engine
) -> None:
    [row] = await stored(session, 1)
    for number in range(3):
        row.title = str(number)
        await session.flush()
    savepoint = await session.begin_nested()
    row.title = "lost"
    await session.flush()
    await savepoint.rollback()
    row.title = "kept"
    await session.commit()
    row.title = "last"
    await session.commit()
    assert await rows(engine, "select title from bare_version") == [("last",)]


async def test_an_update_by_an_expression_brings_the_version_back(
    session: Session, engine: Engine
) -> None:
    [row] = await stored(session, 1)
    row.title = Bare.title + "!"  # type: ignore[assignment, operator]
    await session.commit()
    assert [version_of(row)] == await xmins(engine)
    await run(engine, "update bare_version set title = 'theirs'")
    row.title = Bare.title + "!"  # type: ignore[assignment, operator]
    with pytest.raises(StaleDataError):
        await session.flush()


async def test_a_bulk_update_tells_loaded_objects_their_new_version(
    session: Session, engine: Engine
) -> None:
    made = await stored(session, 2)
    await session.execute(update(Bare).where(Bare.id == 0).values(title="bulk"))
    for row in made:
        row.title += "!"
    await session.commit()
    assert await rows(engine, "select title from bare_version order by id") == [("bulk!",), ("!",)]


async def test_an_update_that_returns_objects_tells_them_their_new_version(
    session: Session, engine: Engine
) -> None:
    [row] = await stored(session, 1)
    assert await session.one(update(Bare).values(title="bulk").returning(Bare)) is row
    row.title += "!"
    await session.commit()
    assert await rows(engine, "select title from bare_version") == [("bulk!",)]


async def test_rows_that_the_server_changes_along_are_read_before_they_are_written(
    session: Session, engine: Engine, sent: Sent
) -> None:
    named = Named(code="a")
    leaf = Leaf(id=1, named=named)
    session.add(leaf)
    await session.commit()
    named.code = "b"
    await session.flush()
    assert leaf.code == "b"
    leaf.text = "after ON UPDATE CASCADE"
    sent()
    await session.flush()
    assert sent.verbs() == ["SELECT", "UPDATE"]
    await session.delete(named)
    await session.flush()
    assert leaf.code is None
    leaf.text = "after ON DELETE SET NULL"
    sent()
    await session.commit()
    assert sent.verbs() == ["SELECT", "UPDATE", "COMMIT"]
    assert await rows(engine, "select text, code from leaf_version") == [
        ("after ON DELETE SET NULL", None)
    ]


async def test_a_detached_object_brings_its_version_back(session: Session, engine: Engine) -> None:
    [row] = await stored(session, 1)
    session.expunge_all()
    await run(engine, "update bare_version set title = 'theirs'")
    row.title = "mine"
    session.add(row)
    with pytest.raises(StaleDataError):
        await session.commit()
    await session.rollback()
    session.expunge_all()
    row = await session.get_one(Bare, 0)
    session.expunge_all()
    await run(engine, "update bare_version set title = 'theirs again'")
    row.title = "mine"
    with pytest.raises(StaleDataError, match="another version"):
        await session.merge(row)


async def test_a_rolled_back_insert_is_repeated_without_the_version(
    session: Session, engine: Engine
) -> None:
    made = [Bare(id=number) for number in range(2)]
    session.add_all(made)
    await session.flush()
    await session.rollback()
    session.add_all(made)
    await session.commit()
    assert [version_of(row) for row in made] == await xmins(engine)


async def test_the_version_can_be_selected_and_never_assigned(session: Session) -> None:
    [row] = await stored(session, 1)
    xmin = Bare.__mapper__.columns["xmin"]
    assert await session.one(select(xmin)) == version_of(row)
    other = aliased(Bare)
    assert await session.one(select(other)) is row
    row.xmin = 5
    with pytest.raises(FlushError, match=r"Bare\.xmin was assigned"):
        await session.flush()


async def test_the_version_may_be_declared_to_be_seen(engine: Engine, tables: CreateTables) -> None:
    await tables(Shown)
    async with Session(engine) as session, Session(engine) as other:
        row = Shown(id=1, title="a")
        session.add(row)
        await session.commit()
        assert [row.xmin] == await xmins(engine, "shown_version")
        assert row.model_dump() == {"id": 1, "title": "a", "xmin": row.xmin}
        (await other.get_one(Shown, 1)).title = "theirs"
        await other.commit()
        row.title = "mine"
        with pytest.raises(StaleDataError):
            await session.commit()
