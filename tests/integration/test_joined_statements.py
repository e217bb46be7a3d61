"""UPDATE and DELETE statements about entities whose rows are in several tables, or share one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from asyncorm import (
    InvalidRequestError,
    Session,
    aliased,
    delete,
    insert,
    inspect,
    merge,
    select,
    update,
)
from asyncorm.engine.engine import Engine
from tests.conftest import CreateTables
from tests.integration.conftest import Sent
from tests.support.kennel import (
    Animal,
    Cat,
    Doctor,
    Dog,
    Employee,
    Keeper,
    Kennel,
    Owner,
    Puppy,
)
from tests.support.rows import rows


@pytest.fixture
async def session(engine: Engine, tables: CreateTables) -> AsyncIterator[Session]:
    await tables(Kennel)
    async with Session(engine) as session:
        session.add_all(
            [
                Dog(name="a", breed="pug", owner=Owner(name="Ann")),
                Puppy(name="b", breed="lab", weeks=2),
                Cat(name="a"),
                Animal(name="a"),
                Keeper(name="k", keys=1),
                Doctor(name="k", title="Dr"),
            ]
        )
        await session.commit()
        session.expunge_all()
        yield session


async def names(engine: Engine) -> list[tuple[Any, ...]]:
    return await rows(engine, "select kind, name from animal order by id")


async def test_an_update_by_columns_of_the_base_writes_the_table_of_the_subclass(
    session: Session, engine: Engine, sent: Sent
) -> None:
    sent()
    result = await session.execute(update(Dog).where(Dog.name == "a").values(breed="new"))
    assert result.rowcount == 1
    assert sent.verbs() == ["BEGIN", "UPDATE"]
    await session.commit()
    assert await rows(engine, "select breed from dog order by id") == [("new",), ("lab",)]


async def test_an_update_of_columns_of_the_base_leaves_other_classes_alone(
    session: Session, engine: Engine
) -> None:
    result = await session.execute(update(Dog).where(Dog.tag.is_(None)).values(name="new"))
    assert result.rowcount == 2
    await session.commit()
    assert await names(engine) == [
        ("dog", "new"),
        ("puppy", "new"),
        ("cat", "a"),
        ("animal", "a"),
    ]


async def test_new_values_come_from_columns_of_any_table(session: Session, engine: Engine) -> None:
    await session.execute(update(Puppy).values(name=Puppy.breed + Puppy.name))
    await session.execute(update(Dog).values(breed=Dog.breed + "-" + Dog.name))
    await session.commit()
    assert await rows(engine, "select name, breed from animal natural join dog order by id") == [
        ("a", "pug-a"),
        ("labb", "lab-labb"),
    ]


async def test_an_update_joins_what_its_conditions_name(session: Session, engine: Engine) -> None:
    await session.execute(
        update(Dog).where(Dog.owner_id == Owner.id, Owner.name == "Ann").values(name="new")
    )
    await session.execute(
        update(Dog).where(~Dog.tricks.any(), Dog.owner_id.is_(None)).values(breed="new")
    )
    await session.commit()
    assert await rows(engine, "select name, breed from animal natural join dog order by id") == [
        ("new", "pug"),
        ("b", "new"),
    ]


async def test_columns_of_two_tables_are_not_set_at_once(session: Session) -> None:
    with pytest.raises(InvalidRequestError, match=r"'animal' and 'dog' at once") as caught:
        await session.execute(update(Dog).values(name="x", breed="y"))
    assert "one update() for each table" in str(caught.value)


async def test_loaded_objects_follow_an_update(session: Session) -> None:
    dog, small = await session.all(select(Dog).order_by(Dog.id))
    cat = await session.one(select(Cat))
    await session.execute(update(Dog).where(Dog.name != "x").values(name="new"))
    assert (dog.name, small.name, cat.name) == ("new", "new", "a")
    await session.execute(update(Dog).where(Dog.name == "new").values(breed=Dog.breed + "!"))
    assert (dog.breed, small.breed) == ("pug!", "lab!")
    await session.execute(
        update(Dog)
        .where(Dog.name == "new")
        .values(breed="e")
        .execution_options(synchronize_session="evaluate")
    )
    assert (dog.breed, small.breed) == ("e", "e")
    assert not inspect(dog).modified


async def test_an_update_returns_objects_of_all_tables(session: Session) -> None:
    result = await session.execute(
        update(Dog).where(Dog.name == "a").values(breed="new").returning(Dog)
    )
    [dog] = result.scalars().all()
    assert (type(dog), dog.name, dog.breed) == (Dog, "a", "new")


async def test_a_delete_takes_rows_out_of_all_tables_of_all_subclasses(
    session: Session, engine: Engine, sent: Sent
) -> None:
    sent()
    result = await session.execute(delete(Dog).where(Dog.name.in_(["a", "b"])))
    assert result.rowcount == 2
    assert sent.verbs() == ["BEGIN", "WITH"]
    await session.commit()
    assert await names(engine) == [("cat", "a"), ("animal", "a")]
    for table in ("dog", "puppy"):
        assert await rows(engine, f"select count(*) from {table}") == [(0,)]


async def test_a_delete_about_the_base_takes_subclasses_along(
    session: Session, engine: Engine
) -> None:
    result = await session.execute(delete(Animal).where(Animal.name == "a"))
    assert result.rowcount == 3
    await session.commit()
    assert await names(engine) == [("puppy", "b")]
    assert await rows(engine, "select count(*) from dog") == [(1,)]
    assert await rows(engine, "select count(*) from cat") == [(0,)]


async def test_a_delete_leaves_to_the_server_what_follows_by_itself(
    session: Session, engine: Engine, sent: Sent
) -> None:
    sent()
    result = await session.execute(delete(Cat))
    assert result.rowcount == 1
    assert [text.split(" USING")[0] for text in sent()[1:]] == [
        'DELETE FROM "animal" AS "animal_1"'
    ]
    await session.commit()
    assert await names(engine) == [("dog", "a"), ("puppy", "b"), ("animal", "a")]
    assert await rows(engine, "select count(*) from cat") == [(0,)]


async def test_a_delete_returns_what_was_there(session: Session) -> None:
    result = await session.execute(delete(Dog).where(Dog.breed == "pug").returning(Dog))
    [dog] = result.scalars().all()
    assert (dog.name, dog.breed, inspect(dog).deleted) == ("a", "pug", True)
    result = await session.execute(delete(Animal).returning(Animal.name, Animal.kind))
    assert sorted(result.all()) == [("a", "animal"), ("a", "cat"), ("b", "puppy")]


async def test_loaded_objects_follow_a_delete(session: Session) -> None:
    dog, small = await session.all(select(Dog).order_by(Dog.id))
    cat = await session.one(select(Cat))
    await session.execute(delete(Dog).where(Dog.name == "a"))
    assert [inspect(animal).deleted for animal in (dog, small, cat)] == [True, False, False]
    await session.execute(
        delete(Animal).where(Animal.name == "a").execution_options(synchronize_session="evaluate")
    )
    assert [inspect(animal).deleted for animal in (small, cat)] == [False, True]
    await session.rollback()
    assert await session.get(Animal, dog.id) is dog


async def test_rows_of_one_class_of_a_table_are_told_by_the_discriminator(
    session: Session, engine: Engine
) -> None:
    await session.execute(insert(Keeper).values([{"name": "n", "keys": n} for n in range(2)]))
    await session.execute(update(Keeper).where(Keeper.name == "k").values(name="new"))
    await session.execute(delete(Doctor).where(Doctor.name == "k"))
    await session.commit()
    assert await rows(engine, "select kind, name, keys from employee order by id") == [
        ("keeper", "new", 1),
        ("keeper", "n", 0),
        ("keeper", "n", 1),
    ]
    await session.execute(update(Employee).values(name="all"))
    await session.commit()
    assert await rows(engine, "select distinct name from employee") == [("all",)]


async def test_a_row_of_two_tables_is_not_inserted_by_a_statement(session: Session) -> None:
    with pytest.raises(InvalidRequestError, match="begins in 'animal'") as caught:
        await session.execute(insert(Dog).values(name="x", breed="y"))
    assert "session.add_all()" in str(caught.value)


async def test_rows_given_by_key_are_updated_in_the_table_of_the_class(
    session: Session, engine: Engine
) -> None:
    dogs = await session.all(select(Dog).order_by(Dog.id))
    await session.execute(update(Dog), [{"id": dog.id, "breed": f"b{dog.id}"} for dog in dogs])
    assert [dog.breed for dog in dogs] == [f"b{dog.id}" for dog in dogs]
    await session.commit()
    assert await rows(engine, "select breed from dog order by id") == [("b1",), ("b2",)]
    with pytest.raises(InvalidRequestError, match=r"update\(Dog\) with rows .* Dog.name"):
        await session.execute(update(Dog), [{"id": 1, "name": "x"}])
    with pytest.raises(InvalidRequestError, match=r"update\(Keeper\) with rows"):
        await session.execute(update(Keeper), [{"id": 1, "name": "x"}])


async def test_classes_that_share_a_table_are_changed_through_aliases(
    session: Session, engine: Engine
) -> None:
    keeper, doctor = aliased(Keeper), aliased(Doctor)
    found = await session.all(
        update(keeper)
        .values(keys=keeper.keys + 1)
        .where(keeper.name == doctor.name)
        .returning(keeper, doctor.title)
    )
    assert [(one.name, one.keys, title) for one, title in found] == [("k", 2, "Dr")]
    gone = await session.all(delete(keeper).where(keeper.name == "k").returning(keeper.keys))
    assert gone == [2]
    assert inspect(found[0][0]).deleted
    assert len(await session.all(select(Doctor))) == 1


async def test_rows_in_several_tables_are_not_changed_through_aliases(session: Session) -> None:
    dog = aliased(Dog)
    for statement in (update(dog).values(breed="x"), delete(dog).where(dog.breed == "pug")):
        with pytest.raises(InvalidRequestError, match=r"rows of Dog, which are in several tables"):
            await session.execute(statement)
    with pytest.raises(InvalidRequestError, match=r"merge\(\) can't tell the rows of Dog"):
        await session.execute(
            merge(Dog).using(Owner, Owner.id == Dog.id).when_matched().update(breed="x")
        )


async def test_further_tables_of_a_class_with_several(session: Session) -> None:
    statement = (
        update(Dog)
        .values(breed=Cat.name + Owner.name)
        .from_(Owner)
        .join(Cat, Cat.id > Owner.id)
        .where(Owner.id == Dog.owner_id)
        .returning(Dog.name, Dog.breed)
    )
    assert await session.all(statement) == [("a", "aAnn")]
    left = delete(Dog).using(Owner).outerjoin(Cat, Cat.id < 0)
    found = left.where(Dog.owner_id == Owner.id, Cat.id.is_(None)).returning(Dog.name)
    assert await session.all(found) == ["a"]
