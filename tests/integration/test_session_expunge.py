"""expunge, expunge_all and clear: letting go without SQL, and without losing work unasked."""

from __future__ import annotations

import pytest

from asyncorm import (
    InvalidRequestError,
    UnflushedChangesError,
    UniqueViolation,
    inspect,
    select,
    selectinload,
)
from asyncorm.session.factory import SessionFactory
from asyncorm.session.session import Session as SessionType
from tests.integration.conftest import Sent
from tests.support.bookshop import (
    Author,
    Book,
    Box,
    Country,
    Drawer,
    Item,
    Label,
    Note,
    Shelf,
)


async def stored(Session: SessionFactory) -> list[str]:
    async with Session() as session:
        return await session.all(select(Author.name).order_by(Author.name))


async def author_in(session: SessionType, name: str = "a") -> Author:
    author = Author(name=name)
    session.add(author)
    await session.flush()
    return author


async def test_an_expunged_pending_object_is_transient(Session: SessionFactory, sent: Sent) -> None:
    """B01 S29"""
    async with Session() as session:
        author = Author(name="a")
        session.add(author)
        session.expunge(author)
        assert inspect(author).transient
        assert author not in session
        await session.flush()
        assert sent() == []


async def test_an_expunged_dirty_object_keeps_its_changes(
    Session: SessionFactory, sent: Sent
) -> None:
    """B02 E7 S30"""
    async with Session() as session:
        author = await author_in(session)
        author.name = "b"
        sent()
        session.expunge(author)
        assert inspect(author).detached
        assert inspect(author).identity_key == (Author, (author.id,))
        await session.flush()
        assert sent() == []
        assert author.name == "b"
        session.add(author)
        assert session.is_modified(author)
        await session.commit()
    assert await stored(Session) == ["b"]


async def test_a_change_made_while_detached_is_written_after_add(Session: SessionFactory) -> None:
    async with Session() as session:
        author = await author_in(session)
        session.expunge(author)
        author.name = "b"
        author.name = "c"
        session.add(author)
        await session.commit()
    assert await stored(Session) == ["c"]


async def test_expunge_cancels_a_marked_deletion(Session: SessionFactory) -> None:
    """B03 S31"""
    async with Session() as session:
        author = await author_in(session)
        await session.delete(author)
        session.expunge(author)
        assert inspect(author).detached
        assert not inspect(author).was_deleted
        assert session.deleted == ()
        await session.commit()
    assert await stored(Session) == ["a"]


async def test_expunge_follows_its_cascade_over_loaded_relationships_only(
    Session: SessionFactory, sent: Sent
) -> None:
    """B05"""
    async with Session() as session:
        session.add(Shelf(boxes={Box(size=1), Box(size=2)}, labels=[Label(text="l")]))
        await session.commit()
    async with Session() as session:
        shelf = await session.one(select(Shelf).options(selectinload(Shelf.boxes)))
        (label,) = await session.all(select(Label))
        sent()
        session.expunge(shelf)
        assert [inspect(box).detached for box in shelf.boxes] == [True, True]
        assert inspect(label).persistent
        assert list(session) == [label]
        assert sent() == []


async def test_without_the_cascade_children_stay(Session: SessionFactory) -> None:
    async with Session() as session:
        author = Author(name="a", books=[Book(title="t")])
        session.add(author)
        await session.flush()
        session.expunge(author)
        assert inspect(author.books[0]).persistent


async def test_what_is_not_in_the_session_can_not_be_expunged(Session: SessionFactory) -> None:
    """B06 S28"""
    async with Session() as session, Session() as other:
        foreign = Author(name="a")
        other.add(foreign)
        for instance in (Author(name="b"), foreign):
            with pytest.raises(InvalidRequestError, match="not present in this session"):
                session.expunge(instance)
        assert foreign in other


async def test_a_pending_child_must_not_stay_behind(Session: SessionFactory) -> None:
    """E8"""
    async with Session() as session:
        author = Author(name="a", books=[Book(title="t")])
        shelf = Shelf(labels=[Label(text="l")])
        session.add_all([author, shelf])
        with pytest.raises(InvalidRequestError, match=r"pending Book(.|\n)*Author\.books|author"):
            session.expunge(author)
        assert author in session
        book = author.books[0]
        author.books.clear()
        session.expunge(author)
        assert inspect(author).transient
        assert book in session
        session.expunge(shelf)  # its cascade takes the label along
        assert inspect(shelf.labels[0]).transient


async def test_a_child_of_a_one_sided_relationship_must_not_stay_behind_either(
    Session: SessionFactory,
) -> None:
    async with Session() as session:
        note = Note(text="n", author=Author(name="a"))
        drawer = Drawer(size=1, items=[Item(text="i")])
        session.add_all([note, drawer])
        with pytest.raises(InvalidRequestError, match=r"pending Note(.|\n)*Note\.author"):
            session.expunge(note.author)
        with pytest.raises(InvalidRequestError, match=r"pending Item(.|\n)*Drawer\.items"):
            session.expunge(drawer)
        assert len(session.new) == 4
        session.expunge(drawer.items[0])
        session.expunge(drawer)
        await session.flush()
        session.expunge(note.author)  # it has a key now
        assert inspect(note.author).detached


async def test_expunging_a_flushed_deletion_detaches_for_good(Session: SessionFactory) -> None:
    """S32 E6"""
    async with Session() as session:
        author = await author_in(session)
        await session.commit()
        await session.delete(author)
        await session.flush()
        session.expunge(author)
        assert inspect(author).detached
        assert inspect(author).was_deleted
        with pytest.raises(InvalidRequestError, match="has been deleted"):
            session.add(author)
        await session.rollback()
        assert inspect(author).detached
        assert not inspect(author).was_deleted
        assert author not in session
        session.add(author)
        assert inspect(author).persistent


async def test_a_flushed_insert_expunged_is_transient_after_rollback(
    Session: SessionFactory,
) -> None:
    """S33 E6"""
    async with Session() as session:
        author = await author_in(session)
        session.expunge(author)
        assert inspect(author).detached
        await session.rollback()
        assert inspect(author).transient
        assert author.name == "a"


async def test_rollback_leaves_what_was_expunged_alone(Session: SessionFactory) -> None:
    """E6"""
    async with Session() as session:
        author = await author_in(session)
        await session.commit()
        author.name = "b"
        await session.flush()
        session.expunge(author)
        await session.rollback()
        assert author.name == "b"
        assert inspect(author).detached


async def test_expunge_all_is_unconditional_and_counts(Session: SessionFactory) -> None:
    """B07 E1 E3 E5 E13"""
    async with Session() as session:
        flushed, modified = await author_in(session), await author_in(session, "m")
        marked, gone = await author_in(session, "d"), await author_in(session, "g")
        await session.delete(gone)
        await session.flush()
        await session.delete(marked)
        modified.name = "changed"
        flushed.name = "a"  # no net change
        pending = Author(name="new")
        session.add(pending)
        counts = session.expunge_all()
        assert counts == (1, 1, 1, 1)
        assert (counts.new, counts.modified, counts.deleted, counts.clean) == (1, 1, 1, 1)
        assert inspect(pending).transient
        assert all(inspect(i).detached for i in (flushed, modified, marked, gone))
        assert inspect(gone).was_deleted
        assert not inspect(marked).was_deleted
        assert session.new == session.dirty == session.deleted == ()
        assert list(session) == []
        assert len(session.identity_map) == 0
        assert session.in_transaction()
        reloaded = await session.get_one(Author, flushed.id)
        assert reloaded is not flushed
        await session.commit()
    assert await stored(Session) == ["a", "d", "m"]


async def test_nothing_comes_back_after_expunge_all(Session: SessionFactory) -> None:
    """S35 E5 E6"""
    async with Session() as session:
        author = await author_in(session)
        await session.commit()
        await session.delete(author)
        await session.flush()
        session.expunge_all()
        await session.rollback()
        assert list(session) == []
        assert inspect(author).detached
        assert not inspect(author).was_deleted
        session.add(author)
        assert inspect(author).persistent


async def test_expunge_all_works_after_a_failed_flush(Session: SessionFactory) -> None:
    """B14"""
    async with Session() as session:
        author = await author_in(session)
        await session.commit()
        session.add(Author(name="a"))
        with pytest.raises(UniqueViolation):
            await session.flush()
        session.expunge_all()
        assert inspect(author).detached
        assert not session.is_active
        with pytest.raises(InvalidRequestError):
            await session.get(Author, author.id)
        await session.rollback()
        assert await session.get(Author, author.id) is not author


@pytest.mark.parametrize("work", ["new", "modified", "deleted"])
async def test_clear_refuses_to_lose_work(Session: SessionFactory, work: str) -> None:
    """B10 E2 E4"""
    async with Session() as session:
        author = await author_in(session)
        await session.commit()

        async def make_work() -> None:
            if work == "new":
                session.add(Author(name="b"))
            elif work == "modified":
                author.name = "b"
            else:
                await session.delete(author)

        for way_out in ("discard", "rollback", "flush"):
            await make_work()
            before = (session.new, session.dirty, session.deleted, list(session))
            with pytest.raises(UnflushedChangesError, match=r"1 Author(.|\n)*discard=True"):
                session.clear()
            assert (session.new, session.dirty, session.deleted, list(session)) == before
            if way_out == "discard":
                assert sum(session.clear(discard=True)) > 0
                session.add(author)
                await session.refresh(author, discard=True)
                continue
            await getattr(session, way_out)()
            session.clear()
            assert list(session) == []
            if way_out == "rollback":
                session.add(author)
                await session.refresh(author)


async def test_clear_passes_what_was_touched_without_a_net_change(Session: SessionFactory) -> None:
    """B11"""
    async with Session() as session:
        author = await author_in(session)
        author.name = "b"
        author.name = "a"
        assert session.dirty == (author,)
        assert session.clear() == (0, 0, 0, 1)


async def test_clear_after_a_failed_flush_follows_the_same_rule(Session: SessionFactory) -> None:
    """E4"""
    async with Session() as session:
        author = await author_in(session)
        await session.commit()
        session.add(Author(name="a"))
        with pytest.raises(UniqueViolation):
            await session.flush()
        author.name = "b"
        with pytest.raises(UnflushedChangesError):
            session.clear()
        session.clear(discard=True)
        await session.rollback()


async def test_commit_after_expunge_changes_nothing_on_the_object(Session: SessionFactory) -> None:
    """E6"""
    async with Session(expire_on_commit=True) as session:
        author = await author_in(session)
        session.expunge(author)
        await session.commit()
        assert author.name == "a"
        assert inspect(author).detached
    assert await stored(Session) == ["a"]


async def test_a_natural_key_can_be_inserted_again_after_expunge_and_rollback(
    Session: SessionFactory,
) -> None:
    """W6"""
    async with Session() as session:
        session.add(Country(code="de", name="a"))
        await session.flush()
        session.expunge_all()
        await session.rollback()
        session.add(Country(code="de", name="b"))
        await session.commit()
        assert (await session.get_one(Country, "de")).name == "b"
