"""expire, refresh and get: what is read again, and which local changes are kept."""

from __future__ import annotations

import pytest

from asyncorm import (
    ArgumentError,
    DataError,
    InvalidRequestError,
    NoResultFound,
    ObjectDeletedError,
    UnflushedChangesError,
    UnloadedAttributeError,
    inspect,
    select,
    sql,
)
from asyncorm.engine.engine import Engine
from asyncorm.session.factory import SessionFactory
from asyncorm.session.session import Session as SessionType
from tests.integration.conftest import Sent
from tests.integration.test_session_states import flags
from tests.support.bookshop import Author, Book, Box, Label, Shelf, Slot


async def committed(session: SessionType, name: str = "a") -> Author:
    author = Author(name=name)
    session.add(author)
    await session.commit()
    return author


async def elsewhere(engine: Engine, statement: str) -> None:
    async with engine.begin() as connection:
        await connection.command(statement)


async def test_one_expired_attribute_is_read_again_alone(
    Session: SessionFactory, engine: Engine, sent: Sent
) -> None:
    """K01"""
    async with Session() as session:
        author = await committed(session)
        await elsewhere(engine, "update author set name = 'x', age = 9")
        session.expire(author, ["age"])
        assert author.name == "a"
        with pytest.raises(UnloadedAttributeError, match=r"Author\.age(.|\n)*session\.refresh"):
            _ = author.age
        assert inspect(author).unloaded == {"age"}
        sent()
        await session.refresh(author, ["age"])
        assert sent.verbs() == ["SELECT"]
        assert (author.name, author.age) == ("a", 9)


async def test_expire_discards_unflushed_changes(Session: SessionFactory, sent: Sent) -> None:
    """K02 A3"""
    async with Session() as session:
        author = await committed(session)
        author.name = "changed"
        author.age = 5
        session.expire(author, ["name"])
        assert session.dirty == (author,)
        session.expire(author)
        assert session.dirty == ()
        sent()
        await session.flush()
        assert sent() == []
        await session.refresh(author)
        assert (author.name, author.age) == ("a", None)


async def test_a_change_after_expiring_another_attribute_is_not_lost(
    Session: SessionFactory,
) -> None:
    async with Session() as session:
        author = await committed(session)
        author.name = "a"  # touched without a net change
        session.expire(author, ["age"])
        author.name = "b"
        await session.commit()
        assert await session.all(select(Author.name)) == ["b"]


async def test_setting_an_expired_attribute_loads_nothing_and_is_written(
    Session: SessionFactory, sent: Sent
) -> None:
    """A6 F4"""
    async with Session() as session:
        author = await committed(session)
        session.expire(author)
        sent()
        author.name = "a"
        assert sent() == []
        assert session.is_modified(author)
        await session.flush()
        assert sent.verbs() == ["BEGIN", "UPDATE"]
        assert author.name == "a"
        assert "age" in inspect(author).unloaded


async def test_the_key_of_an_expired_object_is_readable(Session: SessionFactory) -> None:
    async with Session() as session:
        author = await committed(session)
        session.expire_all()
        assert author.id is not None
        assert await session.get(Author, author.id) is author
        assert author.name == "a"


@pytest.mark.parametrize("operation", ["expire", "refresh"])
async def test_only_persistent_objects_can_be_expired_or_refreshed(
    Session: SessionFactory, operation: str
) -> None:
    """K03 A4"""
    async with Session() as session, Session() as other:
        pending = Author(name="p")
        session.add(pending)
        foreign = await committed(other)
        for instance in (pending, Author(name="t"), foreign):
            with pytest.raises(InvalidRequestError, match="not persistent within this session"):
                result = getattr(session, operation)(instance)
                if operation == "refresh":
                    await result


async def test_an_unknown_attribute_is_named(Session: SessionFactory) -> None:
    async with Session() as session:
        author = await committed(session)
        with pytest.raises(ArgumentError, match=r"no attribute 'nmae'(.|\n)*name"):
            session.expire(author, ["nmae"])
        with pytest.raises(ArgumentError, match="no attribute 'nmae'"):
            await session.refresh(author, ["nmae"])


async def test_expire_follows_its_cascade_and_expunges_pending_children(
    Session: SessionFactory,
) -> None:
    """A3"""
    async with Session() as session:
        box = Box(size=1)
        shelf = Shelf(boxes={box})
        session.add(shelf)
        await session.commit()
        shelf.labels.append(label := Label(text="l"))
        assert label in session
        session.expire(shelf)
        assert flags(label) == "transient"
        assert "size" in inspect(box).unloaded
        await session.commit()


async def test_refresh_reads_columns_again_and_forgets_relationships(
    Session: SessionFactory, engine: Engine
) -> None:
    """A9"""
    async with Session() as session:
        author = Author(name="a", books=[Book(title="t")])
        session.add(author)
        await session.commit()
        await elsewhere(engine, "update author set name = 'x'; delete from book")
        await session.refresh(author)
        assert author.name == "x"
        with pytest.raises(UnloadedAttributeError, match=r"Author\.books"):
            _ = author.books
        assert await session.load(author, Author.books) == []


async def test_refresh_flushes_changes_of_other_attributes_first(
    Session: SessionFactory, sent: Sent
) -> None:
    """K05"""
    async with Session() as session:
        author = await committed(session)
        author.age = 7
        sent()
        await session.refresh(author, ["name"])
        assert sent.verbs() == ["BEGIN", "UPDATE", "SELECT"]
        assert not session.is_modified(author)
        assert author.age == 7


async def test_refresh_does_not_overwrite_a_change_unasked(Session: SessionFactory) -> None:
    """D15"""
    async with Session() as session:
        author = await committed(session)
        author.name = "changed"
        for names in (None, ["name"]):
            with pytest.raises(UnflushedChangesError, match=r"Author\.name(.|\n)*discard=True"):
                await session.refresh(author, names)
        assert author.name == "changed"
        await session.refresh(author, ["name"], discard=True)
        assert author.name == "a"
        assert not session.is_modified(author)
        author.books.append(Book(title="t"))
        with pytest.raises(UnflushedChangesError, match=r"Author\.books"):
            await session.refresh(author)


async def test_refresh_of_a_row_that_is_gone_says_so(
    Session: SessionFactory, engine: Engine
) -> None:
    """A7 A10 D16"""
    async with Session() as session:
        author = await committed(session)
        await elsewhere(engine, "delete from author")
        for names in (None, ["name"]):
            with pytest.raises(ObjectDeletedError, match="Author"):
                await session.refresh(author, names)
        assert flags(author) == "persistent"


async def test_refresh_of_a_relationship_loads_only_that(
    Session: SessionFactory, engine: Engine, sent: Sent
) -> None:
    """K06 A11"""
    async with Session() as session:
        author = await committed(session)
        assert author.books == []
        await elsewhere(
            engine,
            f"update author set name = 'x'; insert into book (title, author_id) "
            f"values ('t', {author.id})",
        )
        sent()
        await session.refresh(author, ["books"])
        assert sent.verbs() == ["SELECT"]
        assert [book.title for book in author.books] == ["t"]
        assert author.name == "a"


async def test_refresh_of_one_relationship_leaves_the_others_known(
    Session: SessionFactory,
) -> None:
    async with Session() as session:
        shelf = Shelf()
        session.add(shelf)
        await session.commit()
        await session.refresh(shelf, ["boxes"])
        assert shelf.labels == []
        assert shelf.boxes == set()


async def test_a_refresh_with_a_lock_is_a_locking_statement(
    Session: SessionFactory, sent: Sent
) -> None:
    """A12"""
    async with Session() as session:
        author = await committed(session)
        sent()
        await session.refresh(author, with_for_update={"nowait": True})
        begin, statement = sent()
        assert begin == "BEGIN"
        assert statement.endswith("FOR UPDATE NOWAIT")
        with pytest.raises(ArgumentError, match="lock options"):
            await session.refresh(author, with_for_update={})


async def test_a_query_leaves_what_is_loaded_alone_unless_asked(
    Session: SessionFactory, engine: Engine
) -> None:
    """K07 A15 A16"""
    async with Session() as session:
        author = await committed(session)
        await elsewhere(engine, "update author set name = 'x', age = 9")
        author.age = 5
        with session.no_autoflush:
            await session.all(select(Author))
            assert (author.name, author.age) == ("a", 5)
            populate = select(Author).execution_options(populate_existing=True)
            with pytest.raises(UnflushedChangesError, match=r"Author\.age"):
                await session.all(populate)
        assert author.age == 5
        session.expire(author, ["age"])
        await session.all(populate)
        assert (author.name, author.age) == ("x", 9)
        await elsewhere(engine, "update author set name = 'y'")
        await session.get(Author, author.id, populate_existing=True)
        assert author.name == "y"


async def test_a_query_fills_what_is_not_loaded(Session: SessionFactory, engine: Engine) -> None:
    """A15"""
    async with Session() as session:
        author = await committed(session)
        await elsewhere(engine, "update author set name = 'x', age = 9")
        session.expire(author, ["age"])
        await session.all(select(Author))
        assert (author.name, author.age) == ("a", 9)
        assert inspect(author).unloaded == frozenset()


@pytest.mark.parametrize("way", ["get", "select"])
async def test_a_lock_refreshes_what_has_no_local_change(
    Session: SessionFactory, engine: Engine, way: str
) -> None:
    """A17 D17"""
    async with Session() as session:
        author = await committed(session)
        await elsewhere(engine, "update author set name = 'x', age = 9")
        with session.no_autoflush:
            author.age = 5
            if way == "get":
                assert await session.get(Author, author.id, with_for_update=True) is author
            else:
                await session.all(select(Author).with_for_update())
        assert (author.name, author.age) == ("x", 5)
        await session.commit()
        await session.refresh(author)
        assert author.age == 5


async def test_get_answers_from_the_map_without_sql_and_without_a_flush(
    Session: SessionFactory, sent: Sent
) -> None:
    """K09 A18 A20"""
    async with Session() as session:
        author = await committed(session)
        session.add(Author(name="pending"))
        sent()
        assert await session.get(Author, author.id) is author
        assert sent() == []
        assert await session.get(Author, author.id + 1000) is None
        assert sent.verbs() == ["BEGIN", "INSERT", "SELECT"]


async def test_a_wrong_key_is_refused(Session: SessionFactory, sent: Sent) -> None:
    """K09"""
    async with Session() as session:
        for key in ((1, 2), (), {"nummer": 1}, None, (None,)):
            with pytest.raises(InvalidRequestError, match="primary key"):
                await session.get(Author, key)
        for key in (1, ("a",), ("a", 1, 2), ("a", None), {"row": "a"}):
            with pytest.raises(InvalidRequestError, match="Slot"):
                await session.get(Slot, key)
        with pytest.raises(ArgumentError, match="list"):
            await session.get(Slot, ("a", [1]))
        with pytest.raises(ArgumentError, match="not a mapped class"):
            await session.get(int, 1)  # type: ignore[type-var]
        assert sent() == []
        with pytest.raises(NoResultFound, match="Author"):
            await session.get_one(Author, 1)


async def test_a_composite_key_may_be_a_tuple_or_a_dict(Session: SessionFactory) -> None:
    async with Session() as session:
        slot = Slot(row="a", number=1)
        session.add(slot)
        await session.commit()
        assert await session.get(Slot, ("a", 1)) is slot
        assert await session.get(Slot, {"number": 1, "row": "a"}) is slot
        session.expunge(slot)
        assert (await session.get_one(Slot, ("a", 1))).number == 1


async def test_get_of_an_object_marked_for_deletion_gives_it_until_the_flush(
    Session: SessionFactory,
) -> None:
    """A19"""
    async with Session() as session:
        author = await committed(session)
        await session.delete(author)
        assert await session.get(Author, author.id) is author
        await session.flush()
        assert await session.get(Author, author.id) is None


@pytest.mark.parametrize("way", ["get", "get_many"])
async def test_get_of_an_expired_object_whose_row_is_gone_is_none(
    Session: SessionFactory, engine: Engine, way: str
) -> None:
    """A8"""
    async with Session() as session:
        author = await committed(session)
        session.expire(author)
        await elsewhere(engine, "delete from author")
        found = (
            await session.get(Author, author.id)
            if way == "get"
            else (await session.get_many(Author, [author.id]))[0]
        )
        assert found is None
        assert flags(author) == "deleted"
        assert author not in session
        await session.rollback()
        assert flags(author) == "persistent"
        assert author in session


async def test_get_many_keeps_the_order_asked_for(Session: SessionFactory, sent: Sent) -> None:
    async with Session() as session:
        a, b = await committed(session, "a"), await committed(session, "b")
        session.expunge(b)
        sent()
        found = await session.get_many(Author, [b.id, 999, a.id, b.id])
        assert [f.name if f else None for f in found] == ["b", None, "a", "b"]
        assert found[2] is a
        assert found[0] is found[3]
        assert sent.verbs() == ["SELECT"]


async def test_a_commit_expires_only_where_that_was_asked_for(Session: SessionFactory) -> None:
    """A13 D1"""
    async with Session() as session:
        author = await committed(session)
        assert author.name == "a"
    async with Session(expire_on_commit=True) as session:
        author = await committed(session, "b")
        assert author.id is not None
        with pytest.raises(UnloadedAttributeError, match=r"Author\.name"):
            _ = author.name
        with pytest.raises(UnloadedAttributeError, match=r"Author\.books"):
            _ = author.books
        await session.refresh(author)
        assert author.name == "b"
        await session.commit()
        assert "name" in inspect(author).unloaded
        await session.rollback()


async def test_statements_flush_first_unless_told_not_to(
    Session: SessionFactory, sent: Sent
) -> None:
    """Q1"""
    async with Session() as session:
        session.add(Author(name="a"))
        with session.no_autoflush:
            with session.no_autoflush:
                assert await session.all(select(Author)) == []
            assert await session.all(select(Author)) == []
            with pytest.raises(ZeroDivisionError), session.no_autoflush:
                raise ZeroDivisionError
            assert await session.all(select(Author)) == []
        assert len(await session.all(select(Author))) == 1
    async with Session(autoflush=False) as session:
        session.add(Author(name="b"))
        assert await session.all(select(Author)) == []
        await session.begin_nested()  # flushes in any case
        assert len(await session.all(select(Author))) == 1


async def test_a_failing_autoflush_says_that_it_was_one(Session: SessionFactory) -> None:
    async with Session() as session:
        await committed(session)
        session.add(Author(name="a"))
        with pytest.raises(Exception, match="unique") as caught:
            await session.all(select(Author))
        assert any("autoflush" in note for note in caught.value.__notes__)


async def test_raw_sql_flushes_first_too(Session: SessionFactory) -> None:
    async with Session() as session:
        session.add(Author(name="a"))
        assert await session.scalar(sql("select count(*) from author")) == 1


async def test_a_key_of_the_wrong_type_names_the_entity(Session: SessionFactory) -> None:
    async with Session() as session:
        with pytest.raises(DataError, match=r"the primary key of Author: .* no bigint \(got str\)"):
            await session.get(Author, "five")
        assert await session.get(Author, 5) is None


async def test_a_collection_kept_from_before_an_expiry_can_not_be_changed(
    Session: SessionFactory,
) -> None:
    """What is done to it would be lost without a word."""
    async with Session() as session:
        author = Author(name="a", books=[Book(title="t")])
        session.add(author)
        await session.flush()
        kept = author.books
        session.expire(author)
        with pytest.raises(InvalidRequestError, match=r"(?s)Author\.books.*hint: .*its owner"):
            kept.append(Book(title="u"))
        await session.load(author, Author.books)
        with pytest.raises(InvalidRequestError, match="loaded again"):
            kept.clear()
        assert len(author.books) == 1


async def test_attributes_may_be_named_by_keyword(Session: SessionFactory) -> None:
    async with Session() as session:
        author = await committed(session)
        author.age = 3
        session.expire(author, attribute_names=["name"])
        assert inspect(author).unloaded == {"name"}
        await session.refresh(author, attribute_names=["name"])
        assert (author.name, author.age) == ("a", 3)
