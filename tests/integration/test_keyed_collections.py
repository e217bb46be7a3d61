"""Collections that are dicts: members by the value of an attribute."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from asyncorm import (
    LoaderOption,
    Session,
    inspect,
    joinedload,
    nestedload,
    select,
    selectinload,
)
from asyncorm.engine.engine import Engine
from tests.conftest import CreateTables
from tests.integration.conftest import Sent
from tests.support.links import Linked, Note, Page, Word
from tests.support.rows import rows


@pytest.fixture(autouse=True)
async def linked(tables: CreateTables, engine: Engine) -> None:
    await tables(Linked)
    async with Session(engine) as session:
        word = Word(text="w")
        session.add(Page(notes={"a": Note(title="a"), "b": Note(title="b")}, words={"w": word}))
        session.add(Page(words={"w": word, "v": Word(text="v")}))
        await session.commit()


async def pages_of(session: Session) -> list[Page]:
    options = (selectinload(Page.notes), selectinload(Page.words))
    return await session.all(select(Page).options(*options).order_by(Page.id))


async def test_members_are_loaded_under_their_keys(engine: Engine, sent: Sent) -> None:
    async with Session(engine) as session:
        first, second = await pages_of(session)
        assert sent.verbs() == ["SELECT", "SELECT", "SELECT"]
        assert sorted(first.notes) == ["a", "b"]
        assert first.notes["a"].title == "a"
        assert sorted(second.words) == ["v", "w"]
        assert first.words["w"] is second.words["w"]


async def test_changes_of_a_dict_are_written(engine: Engine) -> None:
    async with Session(engine) as session:
        first, second = await pages_of(session)
        old = first.notes["a"]
        first.notes["a"] = Note(title="a")
        del first.notes["b"]
        first.words.update(second.words)
        second.words.pop("w")
        await session.flush()
        assert inspect(old).deleted
        await session.commit()
    assert await rows(engine, "SELECT id, title FROM note") == [(3, "a")]
    assert await rows(engine, "SELECT page_id, word_id FROM page_word ORDER BY 1, 2") == [
        (1, 1),
        (1, 2),
        (2, 2),
    ]


async def test_a_dict_follows_the_other_side(engine: Engine) -> None:
    async with Session(engine) as session:
        first, second = await pages_of(session)
        first.notes["a"].page = second
        assert (list(first.notes), list(second.notes)) == (["b"], ["a"])
        word = second.words["v"]
        await session.load(word, Word.pages)
        word.pages = {first}
        assert (sorted(first.words), sorted(second.words)) == (["v", "w"], ["w"])
        await session.commit()
        await session.refresh(first, ["notes", "words"])
        assert (sorted(first.notes), sorted(first.words)) == (["b"], ["v", "w"])


async def test_a_dict_is_merged(engine: Engine) -> None:
    async with Session(engine) as session:
        first, _ = await pages_of(session)
    first.notes["c"] = Note(title="c")
    del first.notes["a"]
    async with Session(engine) as session:
        merged = await session.merge(first)
        assert sorted(merged.notes) == ["b", "c"]
        await session.commit()
    assert await rows(engine, "SELECT title FROM note ORDER BY 1") == [("b",), ("c",)]


@pytest.mark.parametrize("load", [selectinload, joinedload, nestedload])
async def test_the_key_is_read_whatever_columns_are_chosen(
    engine: Engine, load: Callable[..., LoaderOption]
) -> None:
    async with Session(engine) as session:
        notes = load(Page.notes).load_only(Note.id)
        page = await session.get_one(Page, 1, options=[notes])
        assert sorted(page.notes) == ["a", "b"]
        words = load(Page.words).defer(Word.text)
        page = await session.get_one(Page, 2, options=[words])
        assert sorted(page.words) == ["v", "w"]


async def test_a_rollback_leaves_a_dict_unloaded_whose_keys_have_expired(engine: Engine) -> None:
    async with Session(engine) as session:
        first, _ = await pages_of(session)
        gone, kept = first.notes["a"], first.notes["b"]
        await session.delete(gone)
        await session.flush()
        assert list(first.notes) == ["b"]
        session.expire(kept)
        await session.rollback()
        assert "notes" in inspect(first).unloaded
        await session.refresh(first)
        assert sorted(await session.load(first, Page.notes)) == ["a", "b"]
        assert gone in session
