"""The order in which events happen: one test for each line of the table of rules."""

from __future__ import annotations

from typing import Any

import pytest

from asyncorm import IdentityConflictError, IntegrityError, event, make_transient, select
from asyncorm.session.factory import SessionFactory
from tests.support.bookshop import Author, Country
from tests.support.events import Heard


def line(text: str) -> list[str]:
    """`a > b > c` as it stands in the table."""
    return [name.strip() for name in text.split(">")]


@pytest.fixture
def heard(Session: SessionFactory) -> Heard:
    return Heard(Session)


ADD = "after_transaction_create > before_attach > after_attach > transient_to_pending"
INSERT = (
    "before_flush > after_transaction_create > after_begin > before_insert > after_insert > "
    "after_flush > pending_to_persistent > after_flush_postexec > after_transaction_end"
)
UPDATE = (
    "before_flush > after_transaction_create > before_update > after_update > after_flush > "
    "after_flush_postexec > after_transaction_end"
)
DELETE = (
    "before_flush > after_transaction_create > before_delete > after_delete > after_flush > "
    "persistent_to_deleted > after_flush_postexec > after_transaction_end"
)


async def test_add(Session: SessionFactory, heard: Heard) -> None:
    async with Session() as session:
        session.add(Country(code="nl", name="Netherlands"))
        assert heard() == line(ADD)
        session.add(Author(name="a"))
        assert heard() == line(ADD)[1:]


async def test_flush_of_an_insert(Session: SessionFactory, heard: Heard) -> None:
    async with Session() as session:
        session.add(Author(name="a"))
        heard()
        await session.flush()
        assert heard() == line(INSERT)


async def test_flush_of_an_update(Session: SessionFactory, heard: Heard) -> None:
    async with Session() as session:
        author = Author(name="a")
        session.add(author)
        await session.flush()
        heard()
        author.name = "b"
        await session.flush()
        assert heard() == line(UPDATE)


async def test_flush_of_a_change_that_comes_to_nothing(
    Session: SessionFactory, heard: Heard
) -> None:
    async with Session() as session:
        author = Author(name="a")
        session.add(author)
        await session.flush()
        heard()
        author.name = "b"
        author.name = "a"
        await session.flush()
        assert heard() == line(UPDATE)


async def test_flush_of_a_delete(Session: SessionFactory, heard: Heard) -> None:
    async with Session() as session:
        country = Country(code="nl", name="Netherlands")
        session.add(country)
        await session.flush()
        heard()
        await session.delete(country)
        assert heard() == []
        await session.flush()
        assert heard() == line(DELETE)


async def test_commit(Session: SessionFactory, heard: Heard) -> None:
    async with Session() as session:
        session.add(Author(name="a"))
        heard()
        await session.commit()
        assert heard() == line(f"before_commit > {INSERT} > after_commit > after_transaction_end")


async def test_commit_of_a_delete(Session: SessionFactory, heard: Heard) -> None:
    async with Session() as session:
        country = Country(code="nl", name="Netherlands")
        session.add(country)
        await session.flush()
        await session.delete(country)
        heard()
        await session.commit()
        assert heard() == line(
            f"before_commit > {DELETE} > after_commit > deleted_to_detached > after_transaction_end"
        )


async def test_c15_commit_with_nothing_begun(
    Session: SessionFactory, heard: Heard, sent: Any
) -> None:
    """T6"""
    async with Session() as session:
        await session.commit()
        assert heard() == line(
            "after_transaction_create > before_commit > after_commit > after_transaction_end"
        )
        assert sent() == []


async def test_rollback(Session: SessionFactory, heard: Heard) -> None:
    async with Session() as session:
        kept = Country(code="nl", name="Netherlands")
        session.add(kept)
        await session.commit()
        await session.delete(kept)
        flushed, pending = Author(name="flushed"), Author(name="pending")
        session.add(flushed)
        await session.flush()
        session.add(pending)
        heard()
        await session.rollback()
        events = heard()
        assert events[0] == "after_rollback"
        assert sorted(events[1:4]) == [
            "deleted_to_persistent",
            "pending_to_transient",
            "persistent_to_transient",
        ]
        assert events[4:] == ["after_transaction_end", "after_soft_rollback"]
        await session.rollback()
        assert heard() == []


async def test_failed_flush_and_the_rollback_after_it(
    Session: SessionFactory, heard: Heard
) -> None:
    async with Session() as session:
        session.add(Author(name="a"))
        await session.commit()
        session.add(Author(name="a"))
        heard()
        with pytest.raises(IntegrityError):
            await session.flush()
        assert heard() == line(
            "before_flush > after_transaction_create > after_begin > before_insert > "
            "after_rollback > pending_to_transient > after_transaction_end > after_soft_rollback"
        )
        await session.rollback()
        assert heard() == line("after_transaction_end > after_soft_rollback")


async def test_failed_flush_in_a_savepoint_and_the_rollback_of_it(
    Session: SessionFactory, heard: Heard
) -> None:
    async with Session() as session:
        session.add(Author(name="a"))
        await session.commit()
        async with session.begin_nested() as savepoint:
            session.add(Author(name="a"))
            heard()
            with pytest.raises(IntegrityError):
                await session.flush()
            assert "after_rollback" in heard()
            await savepoint.rollback()
            assert heard() == line("after_transaction_end > after_soft_rollback")
        await session.rollback()
        assert heard() == line("after_rollback > after_transaction_end > after_soft_rollback")


async def test_a_flush_that_can_not_be_planned_rolls_nothing_back(
    Session: SessionFactory, heard: Heard
) -> None:
    async with Session() as session:
        session.add(Country(code="nl", name="one"))
        session.add(Country(code="nl", name="two"))
        heard()
        with pytest.raises(IdentityConflictError):
            await session.flush()
        assert heard() == line("before_flush > after_transaction_create > after_transaction_end")
        assert session.is_active


async def test_expunge(Session: SessionFactory, heard: Heard) -> None:
    async with Session() as session:
        author = Author(name="a")
        session.add(author)
        heard()
        session.expunge(author)
        assert heard() == ["pending_to_transient"]
        session.add(author)
        await session.flush()
        heard()
        session.expunge(author)
        assert heard() == ["persistent_to_detached"]


async def test_made_transient_by_hand(Session: SessionFactory, heard: Heard) -> None:
    async with Session() as session:
        stored, pending = Author(name="a"), Author(name="b")
        session.add(stored)
        await session.flush()
        session.add(pending)
        heard()
        make_transient(stored)
        assert heard() == ["persistent_to_transient"]
        make_transient(pending)
        assert heard() == ["pending_to_transient"]


async def test_add_of_a_detached_object(Session: SessionFactory, heard: Heard) -> None:
    async with Session() as session:
        author = Author(name="a")
        session.add(author)
        await session.commit()
        session.expunge(author)
        session.add(Author(name="b"))
        heard()
        session.add(author)
        assert heard() == line("before_attach > after_attach > detached_to_persistent")


async def test_delete_of_a_detached_object(Session: SessionFactory, heard: Heard) -> None:
    async with Session() as session:
        country = Country(code="nl", name="Netherlands")
        session.add(country)
        await session.commit()
        session.expunge(country)
        heard()
        await session.delete(country)
        assert heard() == line(
            "after_transaction_create > before_attach > after_attach > detached_to_persistent"
        )


async def test_load(Session: SessionFactory, heard: Heard) -> None:
    async with Session() as session:
        session.add(Author(name="a"))
        await session.commit()
    async with Session() as session:
        heard()
        await session.one(select(Author))
        assert heard() == line(
            "do_orm_execute > after_transaction_create > after_begin > loaded_as_persistent"
        )


async def test_savepoint_and_commit(Session: SessionFactory, heard: Heard) -> None:
    """Only the end of the whole transaction is an after_commit."""
    async with Session() as session:
        async with session.begin():
            async with session.begin_nested():
                pass
        assert heard() == line(
            "after_transaction_create > after_begin > after_transaction_create > before_commit > "
            "after_savepoint_release > after_transaction_end > before_commit > after_commit > "
            "after_transaction_end"
        )


async def test_savepoint_and_its_rollback(Session: SessionFactory, heard: Heard) -> None:
    async with Session() as session:
        savepoint = await session.begin_nested()
        session.add(Author(name="a"))
        heard()
        await savepoint.rollback()
        assert heard() == line(
            "after_rollback > pending_to_transient > after_transaction_end > after_soft_rollback"
        )
        await session.rollback()


async def test_commit_with_open_savepoints_ends_all_levels(
    Session: SessionFactory, heard: Heard
) -> None:
    async with Session() as session:
        await session.begin_nested()
        await session.begin_nested()
        heard()
        await session.commit()
        assert heard() == ["before_commit", "after_commit", *["after_transaction_end"] * 3]


async def test_close(Session: SessionFactory, heard: Heard) -> None:
    async with Session() as session:
        author = Author(name="a")
        session.add(author)
        await session.commit()
        await session.connection()
        heard()
    assert heard() == line("persistent_to_detached > after_transaction_end")
    assert author.name == "a"


@pytest.mark.parametrize("way", ["expunge_all", "clear", "close"])
async def test_e12_each_object_leaves_once_after_the_map_is_empty(
    Session: SessionFactory, way: str
) -> None:
    left: list[tuple[str, str, int]] = []

    def listen(name: str) -> None:
        event.listen(
            Session,
            name,
            lambda session, i: left.append(
                (name, type(i).__name__, len(session.identity_map) + len(session.new))
            ),
        )

    for name in ("persistent_to_detached", "pending_to_transient", "deleted_to_detached"):
        listen(name)
    session = Session()
    persistent, gone = Author(name="a"), Country(code="nl", name="Netherlands")
    session.add_all([persistent, gone])
    await session.commit()
    await session.delete(gone)
    await session.flush()
    pending = Country(code="be", name="Belgium")
    session.add(pending)
    if way == "clear":
        session.clear(discard=True)
    elif way == "close":
        await session.close()
    else:
        session.expunge_all()
    assert sorted(left) == [
        ("deleted_to_detached", "Country", 0),
        ("pending_to_transient", "Country", 0),
        ("persistent_to_detached", "Author", 0),
    ]
    await session.close()
    assert len(left) == 3
