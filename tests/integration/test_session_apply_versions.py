"""A payload that says which version it was made for: the row must still have that one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from asyncorm import Session, StaleDataError
from asyncorm.engine.engine import Engine
from tests.conftest import CreateTables
from tests.support.rows import rows, run
from tests.support.versioned import Document, Remark


@pytest.fixture
async def session(engine: Engine, tables: CreateTables) -> AsyncIterator[Session]:
    await tables(Document, Remark)
    async with Session(engine) as session:
        session.add(Document(title="old"))
        await session.commit()
        session.expunge_all()
        yield session


@pytest.mark.parametrize("given", [{"version": 1}, {"version": "1"}, {"version": None}, {}])
async def test_the_version_of_the_row_or_none_lets_the_payload_pass(
    session: Session, engine: Engine, given: dict[str, Any]
) -> None:
    document = await session.get_one(Document, 1)
    await session.apply(document, {"title": "new", **given})
    await session.commit()
    assert await rows(engine, "select title, version from document") == [("new", 2)]


async def test_another_version_is_a_conflict_that_changes_nothing(
    session: Session, engine: Engine
) -> None:
    await run(engine, "update document set title = 'theirs', version = 2")
    document = await session.get_one(Document, 1)
    with pytest.raises(StaleDataError, match="payload") as caught:
        await session.apply(document, {"id": 1, "title": "mine", "version": 1, "notes": []})
    assert caught.value.objects == (document,)
    assert caught.value.mine == {"title": "mine"}
    assert caught.value.theirs == {"id": 1, "title": "theirs", "pages": 1, "version": 2}
    assert caught.value.base == {"version": 1}
    assert document.title == "theirs"
    # the session has not failed: what was refused can be put right
    await session.apply(document, {"title": "mine", "version": 2})
    await session.commit()
    assert await rows(engine, "select title, version from document") == [("mine", 3)]


async def test_the_version_it_was_loaded_with_counts_and_not_what_was_flushed_since(
    session: Session,
) -> None:
    document = await session.get_one(Document, 1)
    document.title = "flushed"
    await session.flush()
    with pytest.raises(StaleDataError):
        await session.apply(document, {"title": "new", "version": 1})
    await session.apply(document, {"title": "new", "version": 2})


async def test_the_children_of_a_payload_may_have_versions_too(session: Session) -> None:
    remark = Remark(document=await session.get_one(Document, 1))
    session.add(remark)
    await session.commit()
    with pytest.raises(StaleDataError):
        await session.apply(remark, {"document": {"id": 1, "title": "new", "version": 9}})
    assert remark.document.title == "old"
    await session.apply(remark, {"document": {"id": 1, "title": "new", "version": 1}})
    assert remark.document.title == "new"
