"""Objects with rows in several tables are written to all of them, in few statements."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from asyncorm import (
    Session,
    StaleDataError,
    event,
    func,
    inspect,
    select,
    update,
)
from asyncorm.engine.engine import Engine
from asyncorm.errors import NotNullViolation, UniqueViolation
from tests.conftest import CreateTables
from tests.integration.conftest import Sent
from tests.support.kennel import Animal, Cat, Dog, Kennel, Owner, Puppy, Trick
from tests.support.rows import rows, run


@pytest.fixture
async def session(engine: Engine, tables: CreateTables) -> AsyncIterator[Session]:
    await tables(Kennel)
    async with Session(engine) as session:
        yield session


def puppy(name: str = "p") -> Puppy:
    return Puppy(name=name, breed="pug", weeks=3)


async def test_new_objects_are_written_to_all_their_tables(
    session: Session, engine: Engine
) -> None:
    owner = Owner()
    small, dog, cat = puppy(), Dog(name="d", breed="x", owner=owner), Cat(name="c")
    session.add_all([small, dog, cat])
    await session.commit()
    assert [small.id, dog.id, cat.id] == [1, 2, 3]
    assert (small.kind, dog.kind, cat.kind) == ("puppy", "dog", "cat")
    assert (small.born, cat.lives, small.code.version) == (4, 9, 4)
    assert await rows(engine, "select id, kind, name, born, owner_id from animal order by id") == [
        (1, "puppy", "p", 4, None),
        (2, "dog", "d", 4, owner.id),
        (3, "cat", "c", 4, None),
    ]
    assert await rows(engine, "select id, breed from dog order by id") == [(1, "pug"), (2, "x")]
    assert await rows(engine, "select id, weeks, code from puppy") == [(1, 3, small.code)]
    assert await rows(engine, "select id, lives, mood from cat") == [(3, 9, "sleepy")]


async def test_an_update_writes_the_tables_that_changed(
    session: Session, engine: Engine, sent: Sent
) -> None:
    session.add_all([small := puppy(), cat := Cat(name="c")])
    await session.commit()
    sent()
    small.breed, cat.name = "lab", "k"
    await session.commit()
    assert [text.split(" AS ")[0] for text in sent() if text[:6] == "UPDATE"] == [
        'UPDATE "animal"',
        'UPDATE "dog"',
    ]
    small.name, small.weeks = "q", 4
    await session.commit()
    assert await rows(
        engine, "select name, breed, weeks from animal join dog using (id) join puppy using (id)"
    ) == [("q", "lab", 4)]


async def test_a_deleted_object_leaves_all_tables(session: Session, engine: Engine) -> None:
    session.add_all([small := puppy(), cat := Cat(name="c"), puppy("other")])
    await session.commit()
    await session.delete(small)
    await session.delete(cat)
    await session.commit()
    for table in ("animal", "dog", "puppy"):
        assert await rows(engine, f"select count(*) from {table}") == [(1,)]
    assert await rows(engine, "select count(*) from cat") == [(0,)]
    assert inspect(small).detached


async def test_a_row_that_is_gone_from_one_table_is_stale(session: Session, engine: Engine) -> None:
    session.add_all([first := puppy(), second := puppy()])
    await session.commit()
    await run(engine, f"delete from puppy where id = {second.id}")
    first.weeks = second.weeks = 9
    with pytest.raises(StaleDataError, match="UPDATE of 2 Puppy matched 1 rows") as caught:
        await session.commit()
    assert caught.value.objects == (second,)
    assert caught.value.conflicts[0].theirs is None
    await session.rollback()
    await session.delete(second)
    with pytest.raises(StaleDataError, match="DELETE of 1 Puppy matched 0 rows"):
        await session.commit()
    await session.rollback()


async def test_a_base_row_that_is_gone_is_stale_although_the_rest_goes_along(
    session: Session, engine: Engine
) -> None:
    session.add_all([first := Cat(name="a"), second := Cat(name="b")])
    await session.commit()
    await run(engine, f"delete from animal where id = {first.id}")
    await session.delete(first)
    await session.delete(second)
    with pytest.raises(StaleDataError) as caught:
        await session.commit()
    assert caught.value.objects == (first,)
    await session.rollback()


async def test_errors_of_either_table_name_the_object(session: Session) -> None:
    session.add_all([Dog(name="a", breed="x", tag="t"), other := puppy()])
    await session.flush()
    other.tag = "t"
    with pytest.raises(UniqueViolation) as caught:
        await session.flush()
    assert caught.value.objects == (other,)
    await session.rollback()
    session.add_all([Dog(name="a", breed="x", chip="t"), puppy(), twin := puppy()])
    twin.chip = "t"
    with pytest.raises(UniqueViolation) as caught:
        await session.flush()
    assert caught.value.objects == (twin,)
    await session.rollback()
    session.add_all([puppy(), bad := puppy()])
    bad.breed = None  # type: ignore[assignment]
    with pytest.raises(NotNullViolation) as missing:
        await session.flush()
    assert missing.value.objects == (bad,)


async def test_a_failed_flush_leaves_nothing_in_any_table(session: Session, engine: Engine) -> None:
    session.add(first := puppy())
    await session.commit()
    first.name = "new"
    session.add(bad := Dog(name="b", breed="x", chip="c"))
    session.add(Dog(name="b", breed="x", chip="c"))
    with pytest.raises(UniqueViolation):
        await session.commit()
    await session.rollback()
    assert await rows(engine, "select name from animal") == [("p",)]
    assert inspect(bad).transient
    assert (await session.get_one(Animal, first.id)).name == "p"


async def test_a_savepoint_undoes_rows_of_all_tables(session: Session, engine: Engine) -> None:
    session.add(first := puppy())
    await session.flush()
    with pytest.raises(ZeroDivisionError):
        async with session.begin_nested():
            first.name, first.weeks = "new", 8
            session.add(Cat(name="c"))
            await session.flush()
            _ = 1 / 0
    await session.commit()
    await session.refresh(first)
    assert (first.name, first.weeks) == ("p", 3)
    assert await rows(engine, "select name, weeks from animal natural join puppy") == [("p", 3)]
    assert await rows(engine, "select count(*) from cat") == [(0,)]


async def test_a_new_object_takes_the_rows_of_a_deleted_one(
    session: Session, engine: Engine
) -> None:
    session.add(old := puppy())
    await session.commit()
    code = old.code
    await session.delete(old)
    session.add(new := Puppy(id=old.id, name="n", breed="b", weeks=1))
    await session.commit()
    assert await rows(
        engine,
        "select id, name, breed, weeks from animal join dog using (id) join puppy using (id)",
    ) == [(1, "n", "b", 1)]
    assert new.code != code
    assert await session.get(Animal, 1) is new


async def test_an_object_of_another_class_takes_the_key_of_a_deleted_one(
    session: Session, engine: Engine
) -> None:
    session.add(old := puppy())
    await session.commit()
    await session.delete(old)
    session.add(new := Cat(id=old.id, name="n"))
    await session.commit()
    assert await rows(engine, "select id, kind, name from animal") == [(1, "cat", "n")]
    assert await rows(engine, "select count(*) from dog") == [(0,)]
    assert await session.get(Animal, 1) is new


async def test_a_parent_takes_children_of_all_classes_along(
    session: Session, engine: Engine
) -> None:
    owner = Owner(animals=[dog := Dog(name="a", breed="x"), Cat(name="b"), Animal(name="c")])
    dog.tricks.append(Trick(name="sit"))
    session.add(owner)
    await session.commit()
    session.expunge_all()
    found = await session.get_one(Owner, owner.id)
    await session.delete(found)
    await session.commit()
    for table in ("owner", "animal", "dog", "cat", "trick"):
        assert await rows(engine, f"select count(*) from {table}") == [(0,)]


async def test_an_orphan_leaves_all_tables(session: Session, engine: Engine) -> None:
    owner = Owner(animals=[dog := puppy(), Cat(name="b")])
    session.add(owner)
    await session.commit()
    owner.animals.remove(dog)
    await session.commit()
    assert await rows(engine, "select kind from animal") == [("cat",)]
    assert await rows(engine, "select count(*) from puppy") == [(0,)]


async def test_an_sql_expression_is_written_to_the_table_it_is_for(
    session: Session, engine: Engine
) -> None:
    session.add(small := puppy())
    await session.flush()
    small.weeks = Puppy.weeks + 1  # type: ignore[assignment]
    small.name = "other"
    await session.commit()
    assert small.weeks == 4
    small.name = func.upper("x")  # type: ignore[assignment]
    session.add(new := Dog(name="z", breed=""))
    new.breed = func.lower("PUG")  # type: ignore[assignment]
    await session.commit()
    assert (small.name, new.breed) == ("X", "pug")
    assert await rows(engine, "select breed from dog order by id") == [("pug",), ("pug",)]


async def test_an_sql_expression_is_about_the_row_that_is_written(session: Session) -> None:
    litter = [Puppy(name="p", breed="x", weeks=weeks) for weeks in (1, 50, 70)]
    session.add_all(litter)
    await session.flush()
    last = litter[-1]
    last.weeks = Puppy.weeks + 1  # type: ignore[assignment]
    last.breed = Puppy.name + "!"  # type: ignore[assignment]
    await session.commit()
    assert (last.weeks, last.breed) == (71, "p!")
    last.weeks = Animal.id  # type: ignore[assignment]
    await session.commit()
    assert last.weeks == last.id
    await session.execute(update(Puppy).values(weeks=Puppy.weeks + 1).where(Puppy.weeks == last.id))
    assert last.weeks == last.id + 1


async def test_friends_across_classes(session: Session, engine: Engine) -> None:
    first, second = puppy(), Dog(name="b", breed="x")
    first.friend, second.friend = second, first
    session.add(first)
    await session.commit()
    assert await rows(engine, "select id, friend_id from dog order by id") == [
        (first.id, second.id),
        (second.id, first.id),
    ]
    await session.delete(first)
    await session.delete(second)
    await session.commit()
    assert await rows(engine, "select count(*) from animal") == [(0,)]


async def test_merge_and_refresh_know_all_attributes(session: Session, engine: Engine) -> None:
    session.add(small := puppy())
    await session.commit()
    await run(engine, "update animal set name = 'x'", "update puppy set weeks = 7")
    await session.refresh(small)
    assert (small.name, small.breed, small.weeks) == ("x", "pug", 7)
    session.expire(small)
    await session.refresh(small)
    assert small.weeks == 7
    detached = Puppy(id=small.id, name="m", breed="m", weeks=8)
    merged = await session.merge(detached)
    assert merged is small
    await session.commit()
    assert await rows(
        engine, "select name, breed, weeks from animal join dog using (id) join puppy using (id)"
    ) == [("m", "m", 8)]


async def test_loaded_objects_of_subclasses_are_written(session: Session, engine: Engine) -> None:
    session.add_all([puppy(), Cat(name="c"), Dog(name="d", breed="x")])
    await session.commit()
    session.expunge_all()
    for animal in await session.all(select(Animal).order_by(Animal.id)):
        animal.name = animal.name.upper()
        if isinstance(animal, Dog):
            animal.breed = "mix"
    await session.commit()
    assert await rows(engine, "select name from animal order by id") == [("P",), ("C",), ("D",)]
    assert await rows(engine, "select distinct breed from dog") == [("mix",)]


async def test_listeners_hear_of_an_object_once_whatever_its_tables(session: Session) -> None:
    heard: list[tuple[str, str]] = []
    names = [f"{when}_{what}" for when in ("before", "after") for what in ("insert", "delete")]
    listeners = [
        (name, lambda _, animal, name=name: heard.append((name, animal.name))) for name in names
    ]
    for name, listener in listeners:
        event.listen(Animal, name, listener)
    try:
        session.add_all([small := puppy(), cat := Cat(name="c")])
        await session.commit()
        await session.delete_all([small, cat])
        await session.commit()
    finally:
        for name, listener in listeners:
            event.remove(Animal, name, listener)
    assert heard == [
        ("before_insert", "p"),
        ("before_insert", "c"),
        ("after_insert", "p"),
        ("after_insert", "c"),
        ("before_delete", "p"),
        ("before_delete", "c"),
        ("after_delete", "p"),
        ("after_delete", "c"),
    ]
