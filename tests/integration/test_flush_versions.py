"""Version columns: each UPDATE changes them, each UPDATE and DELETE checks them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from asyncorm import FlushError, Session, StaleDataError, insert, inspect, select, update
from asyncorm.engine.engine import Engine
from asyncorm.errors import DatabaseError
from tests.conftest import CreateTables
from tests.integration.conftest import Sent
from tests.support.rows import rows, run
from tests.support.versioned import (
    FUNCTION,
    TRIGGER,
    Chicken,
    Circle,
    Document,
    Hatched,
    Named,
    Remark,
    Stamped,
    Tagged,
    Triggered,
    version_of,
)


@pytest.fixture
async def session(engine: Engine, tables: CreateTables) -> AsyncIterator[Session]:
    await tables(Document, Remark, Circle, Named)
    async with Session(engine) as session:
        yield session


async def documents(session: Session, count: int) -> list[Document]:
    made = [Document(title=str(number)) for number in range(count)]
    session.add_all(made)
    await session.commit()
    return made


async def test_j01_versions_count_from_one_and_a_flush_without_changes_leaves_them(
    session: Session, engine: Engine
) -> None:
    [document] = await documents(session, 1)
    assert document.version == 1
    for version in (2, 3):
        document.title += "!"
        await session.flush()
        assert document.version == version
    document.title, kept = "other", document.title
    document.title = kept
    await session.flush()
    await session.commit()
    assert document.version == 3
    assert await rows(engine, "select version from document") == [(3,)]


async def test_a_version_is_known_after_the_flush_without_asking(
    session: Session, sent: Sent
) -> None:
    made = await documents(session, 3)
    sent()
    made[0].title = "one"
    await session.flush()
    for document in made:
        document.pages = 7
    await session.flush()
    assert [document.version for document in made] == [3, 2, 2]
    statements = sent()
    assert [statement.split()[0] for statement in statements] == ["BEGIN", "UPDATE", "UPDATE"]
    assert "RETURNING" not in statements[1]


async def test_v05_a_row_taken_over_as_it_is_keeps_its_version_in_memory(
    session: Session, sent: Sent
) -> None:
    old = Named(code="n")
    session.add(old)
    await session.commit()
    await session.delete(old)
    new = Named(code="n")
    session.add(new)
    sent()
    await session.flush()
    assert sent.verbs() == [], "nothing of the row is different"
    assert new.counter == 1
    new.name = "other"
    await session.flush()
    assert new.counter == 2


async def test_j02_an_update_of_a_stale_row_fails_and_nothing_of_the_flush_is_kept(
    session: Session, engine: Engine
) -> None:
    first, second = await documents(session, 2)
    await run(engine, "update document set title = 'theirs', version = 2 where id = 2")
    first.title = second.title = "mine"
    with pytest.raises(StaleDataError, match="UPDATE of 2 Document matched 1 rows") as caught:
        await session.flush()
    assert caught.value.objects == (second,)
    await session.rollback()
    await session.refresh(second)
    assert (second.title, second.version) == ("theirs", 2)
    assert await rows(engine, "select title from document where id = 1") == [("0",)]
    second.title = "mine"
    await session.commit()
    assert second.version == 3


@pytest.mark.parametrize("how", ["flush", "commit"])
@pytest.mark.parametrize("what", ["update", "delete"])
@pytest.mark.parametrize("count", [2, 1000])
async def test_j03_the_stale_rows_of_a_batch_are_named_exactly(
    session: Session, engine: Engine, how: str, what: str, count: int
) -> None:
    made = await documents(session, count)
    stale = [made[1], made[-1]]
    keys = ", ".join(str(document.id) for document in stale)
    # one is changed, the other is gone (a batch of two has but one)
    await run(engine, f"update document set version = 2 where id in ({keys})")
    if count > 2:
        await run(engine, f"delete from document where id = {made[-1].id}")
    for document in made:
        if what == "update":
            document.title += "!"
        else:
            await session.delete(document)
    with pytest.raises(StaleDataError) as caught:
        await getattr(session, how)()
    assert set(caught.value.objects) == set(stale)
    assert len(caught.value.objects) == len(set(stale))
    await session.rollback()
    assert len(await rows(engine, "select 1 from document")) == count - (count > 2)
    assert await rows(engine, "select 1 from document where title like '%!'") == []


async def test_a_row_that_somebody_else_gave_the_same_new_version_is_stale_too(
    session: Session, engine: Engine
) -> None:
    first, second = await documents(session, 2)
    await run(engine, "update document set title = 'theirs', version = 2 where id = 1")
    first.title = second.title = "mine"
    with pytest.raises(StaleDataError) as caught:
        await session.flush()
    assert caught.value.objects == (first,)


@pytest.mark.parametrize("how", ["flush", "commit"])
async def test_j04_a_single_stale_delete_is_an_error(
    session: Session, engine: Engine, how: str
) -> None:
    [document] = await documents(session, 1)
    await run(engine, "update document set version = 2")
    await session.delete(document)
    with pytest.raises(StaleDataError) as caught:
        await getattr(session, how)()
    assert caught.value.objects == (document,)
    await session.rollback()
    assert inspect(document).persistent
    assert len(await rows(engine, "select 1 from document")) == 1


@pytest.mark.parametrize("how", ["flush", "commit"])
async def test_j05_an_unversioned_batch_with_a_missing_row_is_an_error(
    session: Session, engine: Engine, how: str
) -> None:
    [document] = await documents(session, 1)
    document.notes = [Remark(text=str(number)) for number in range(3)]
    await session.commit()
    notes = list(document.notes)
    await run(engine, "delete from remark where text = '1'")
    for note in notes:
        note.text += "!"
    with pytest.raises(StaleDataError) as caught:
        await getattr(session, how)()
    assert caught.value.objects == (notes[1],)
    assert caught.value.theirs is None


async def test_j06_a_locking_get_of_a_row_changed_meanwhile_is_stale(
    session: Session, engine: Engine
) -> None:
    [document] = await documents(session, 1)
    assert await session.get(Document, document.id, with_for_update=True) is document
    await session.commit()
    await run(engine, "update document set title = 'theirs', version = 2")
    with pytest.raises(StaleDataError, match="changed since it was loaded") as caught:
        await session.get(Document, document.id, with_for_update=True)
    assert caught.value.objects == (document,)
    assert caught.value.theirs == {"id": 1, "title": "theirs", "pages": 1, "version": 2}
    assert document.title == "0"
    await session.refresh(document, with_for_update=True)
    assert (document.title, document.version) == ("theirs", 2)
    assert await session.get(Document, document.id, with_for_update=True) is document


async def test_a_locking_select_refreshes_clean_objects_and_refuses_changed_ones(
    session: Session, engine: Engine
) -> None:
    clean, changed = await documents(session, 2)
    await run(engine, "update document set title = 'theirs', version = 2")
    locking = select(Document).with_for_update()
    assert await session.one(locking.where(Document.id == clean.id)) is clean
    assert (clean.title, clean.version) == ("theirs", 2)
    with session.no_autoflush:
        changed.pages = 5
        with pytest.raises(StaleDataError) as caught:
            await session.all(locking)
    assert caught.value.objects == (changed,)
    assert caught.value.mine == {"pages": 5}
    assert (changed.pages, changed.version) == (5, 1)


async def test_j07_merge_compares_the_version_it_was_given(
    session: Session, engine: Engine
) -> None:
    [document] = await documents(session, 1)
    given = Document(title="merged")
    given.id = document.id
    assert await session.merge(given) is document  # no version: overwritten
    await session.flush()
    assert document.version == 2
    given.version, given.title = 2, "right"
    await session.merge(given)
    await session.commit()
    assert (document.title, document.version) == ("right", 3)
    given.title = "wrong"
    with pytest.raises(StaleDataError, match="another version") as caught:
        await session.merge(given)
    assert caught.value.mine == {"title": "wrong"}
    assert caught.value.theirs is not None
    assert caught.value.theirs["version"] == 3
    assert document.title == "right"
    assert not inspect(document).modified


async def test_a_merged_version_is_checked_by_the_flush_if_the_target_is_expired(
    session: Session, engine: Engine
) -> None:
    [document] = await documents(session, 1)
    session.expire(document, ["version"])
    await run(engine, "update document set version = 2")
    given = Document(title="merged")
    given.id, given.version = 1, 1
    await session.merge(given)
    with pytest.raises(StaleDataError):
        await session.flush()


@pytest.mark.parametrize("how", ["flush", "commit"])
async def test_j08_a_version_made_by_a_trigger_comes_back_and_is_checked(
    engine: Engine, tables: CreateTables, sent: Sent, how: str
) -> None:
    await tables(Triggered)
    await run(engine, FUNCTION, TRIGGER)
    async with Session(engine) as session:
        made = [Triggered(id=number) for number in range(3)]
        session.add_all(made)
        await session.commit()
        assert [row.version for row in made] == [10, 10, 10]
        made[0].title = "a"
        await session.flush()
        for row in made:
            row.title += "b"
        sent()
        await session.commit()
        assert [row.version for row in made] == [20, 15, 15]
        assert not any("SET" in text and '"version" =' in text.split("WHERE")[0] for text in sent())
        await run(engine, "update triggered set title = 'theirs' where id = 1")
        for row in made:
            row.title += "c"
        with pytest.raises(StaleDataError) as caught:
            await getattr(session, how)()
        assert caught.value.objects == (made[1],)
        await session.rollback()
        await session.refresh(made[0])
        made[0].version = 99
        with pytest.raises(FlushError, match=r"Triggered\.version was assigned"):
            await session.flush()
    await run(engine, "drop function count_versions cascade")


async def test_j09_a_change_of_a_collection_leaves_the_version_of_its_owner(
    session: Session,
) -> None:
    [document] = await documents(session, 1)
    await session.load(document, Document.notes)
    document.notes.append(Remark(text="new"))
    await session.commit()
    assert document.version == 1
    document.notes.clear()
    await session.commit()
    assert document.version == 1


async def test_j10_a_row_written_twice_in_one_flush_is_checked_and_counted_twice(
    session: Session, engine: Engine
) -> None:
    one, other = Circle(name="one"), Circle(name="other")
    one.next, other.next = other, one
    session.add(one)
    await session.flush()
    assert [one.version, other.version] == [2, 2]
    await session.commit()
    stored = dict(await rows(engine, "select id, version from circle"))
    assert stored == {one.id: one.version, other.id: other.version}
    one.name = other.name = "again"
    await session.commit()
    assert [one.version, other.version] == [3, 3]


async def test_a_row_updated_and_deleted_in_one_flush_is_found_by_its_new_version(
    session: Session, tables: CreateTables, engine: Engine, sent: Sent
) -> None:
    await tables(Chicken, Hatched)
    chicken, egg = Chicken(), Hatched()
    chicken.egg, egg.chicken = egg, chicken
    session.add_all([chicken, egg])
    await session.commit()
    await session.delete(chicken)
    await session.delete(egg)
    sent()
    await session.commit()
    assert sent.verbs() == ["BEGIN", "UPDATE", "DELETE", "DELETE", "COMMIT"]
    assert await rows(engine, "select 1 from chicken, egg_version") == []


@pytest.mark.parametrize(("entity", "name"), [(Stamped, "changed_at"), (Tagged, "tag")])
async def test_time_stamps_and_uuids_serve_as_versions(
    engine: Engine, tables: CreateTables, entity: type[Stamped], name: str
) -> None:
    await tables(entity)
    async with Session(engine) as session:
        made = [entity(id=number) for number in range(3)]
        session.add_all(made)
        seen = set()
        for number in range(4):  # within one transaction, whose now() stands still
            await session.flush()
            seen.add(version_of(made[0]))
            made[0].title = str(number)
        await session.commit()
        seen.add(version_of(made[0]))
        assert len(seen) == 5
        stored = await rows(engine, f"select {name} from {entity.__table__.name} order by id")
        assert [version for (version,) in stored] == [version_of(row) for row in made]
        async with Session(engine) as other:
            theirs = await other.get_one(entity, 1)
            theirs.title = "theirs"
            await other.commit()
        for row in made:
            row.title = "mine"
        with pytest.raises(StaleDataError) as caught:
            await session.commit()
        assert caught.value.objects == (made[1],)


async def test_a_version_assigned_by_hand_is_written_against_the_loaded_one(
    session: Session, engine: Engine
) -> None:
    first, second = await documents(session, 2)
    first.version = 7
    await session.commit()
    assert await rows(engine, "select version from document order by id") == [(7,), (1,)]
    await run(engine, "update document set version = 2 where id = 2")
    second.version = 3
    with pytest.raises(StaleDataError):
        await session.flush()


async def test_a_row_without_a_version_is_refused(session: Session, engine: Engine) -> None:
    await documents(session, 2)
    await run(
        engine,
        "alter table document alter version drop not null",
        "update document set version = null where id = 1",
    )
    session.expunge_all()
    document = await session.get_one(Document, 1)
    document.title = "new"
    with pytest.raises(FlushError, match=r"Document\.version .* non-NULL version"):
        await session.flush()
    await session.rollback()
    await session.delete(document)
    with pytest.raises(FlushError, match="non-NULL version"):
        await session.flush()


async def test_a_version_that_is_not_loaded_is_read_before_the_update(
    session: Session, sent: Sent
) -> None:
    made = await documents(session, 3)
    for document in made[1:]:
        session.expire(document)
    sent()
    for document in made:
        document.title = "new"
    await session.flush()
    assert sent.verbs() == ["BEGIN", "SELECT", "UPDATE"]
    assert [document.version for document in made] == [2, 2, 2]


async def test_a_row_that_is_gone_before_its_version_is_read_is_stale(
    session: Session, engine: Engine
) -> None:
    first, second = await documents(session, 2)
    session.expire_all()
    await run(engine, "delete from document where id = 2")
    first.title = second.title = "new"
    with pytest.raises(StaleDataError) as caught:
        await session.flush()
    assert caught.value.objects == (second,)
    assert caught.value.theirs is None


async def test_bulk_statements_neither_count_nor_check(session: Session, engine: Engine) -> None:
    [document] = await documents(session, 1)
    await session.execute(update(Document).values(title="bulk"))
    assert (document.title, document.version) == ("bulk", 1)
    document.title = "mine"
    await session.commit()
    assert await rows(engine, "select title, version from document") == [("mine", 2)]


async def test_rows_of_an_insert_statement_begin_with_the_first_version(
    session: Session, engine: Engine
) -> None:
    await session.execute(insert(Document).values([{"title": "a", "pages": 1}]))
    await session.commit()
    assert await rows(engine, "select version from document") == [(1,)]


async def test_a_rolled_back_object_is_inserted_with_the_first_version_again(
    session: Session, engine: Engine
) -> None:
    document = Document(title="a")
    session.add(document)
    await session.flush()
    document.title = "b"
    await session.flush()
    assert document.version == 2
    await session.rollback()
    session.add(document)
    await session.commit()
    assert document.version == 1
    assert await rows(engine, "select version from document") == [(1,)]


async def test_a_savepoint_gives_the_version_back(session: Session, engine: Engine) -> None:
    [document] = await documents(session, 1)
    document.title = "kept"
    savepoint = await session.begin_nested()
    document.title = "lost"
    await session.flush()
    assert document.version == 3
    await savepoint.rollback()
    document.title = "again"
    await session.commit()
    assert await rows(engine, "select title, version from document") == [("again", 3)]


async def test_an_update_by_an_expression_counts_and_checks(
    session: Session, engine: Engine
) -> None:
    [document] = await documents(session, 1)
    document.pages = Document.pages + 1
    await session.commit()
    assert await rows(engine, "select pages, version from document") == [(2, 2)]
    await session.refresh(document)
    await run(engine, "update document set version = 3")
    document.pages = Document.pages + 1
    with pytest.raises(StaleDataError) as caught:
        await session.flush()
    assert caught.value.objects == (document,)


async def test_a_changed_natural_key_is_found_by_old_key_and_version(
    session: Session, engine: Engine
) -> None:
    made = [Named(code=code) for code in "abc"]
    session.add_all(made)
    await session.commit()
    for named in made:
        named.code += "!"
    await session.commit()
    assert [named.counter for named in made] == [2, 2, 2]
    await run(engine, "update named_version set counter = 3 where code = 'b!'")
    for named in made:
        named.code += "!"
    with pytest.raises(StaleDataError) as caught:
        await session.flush()
    assert caught.value.objects == (made[1],)
    assert caught.value.mine == {"code": "b!!"}
    assert caught.value.theirs == {"code": "b!", "name": "", "counter": 3}


async def test_a_failed_flush_leaves_no_version_behind(session: Session, engine: Engine) -> None:
    first, second = await documents(session, 2)
    await run(engine, "alter table document add unique (title)")
    first.title = second.title = "same"
    with pytest.raises(DatabaseError):
        await session.flush()
    await session.rollback()
    await session.refresh(first)
    assert first.version == 1
    first.title = "other"
    await session.commit()
    assert first.version == 2


async def test_many_new_rows_are_copied_with_their_first_version(
    engine: Engine, tables: CreateTables, sent: Sent
) -> None:
    await tables(Tagged, Stamped)
    async with Session(engine) as session:
        session.add_all([Stamped(id=number) for number in range(3000)])
        sent()
        await session.commit()
        # the SELECT asks whether the table can be copied into
        assert sent.verbs() == ["BEGIN", "SELECT", "COPY", "COMMIT"]
        row = await session.get_one(Stamped, 5)
        row.title = "new"
        await session.commit()
    assert len(await rows(engine, "select distinct changed_at from stamped")) > 1
