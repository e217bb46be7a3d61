"""merge: what a copy takes over, what it leaves alone, and how many statements that costs."""

from __future__ import annotations

import pytest

from asyncorm import (
    FlushError,
    InvalidRequestError,
    SessionFactory,
    UnflushedChangesError,
    UnloadedAttributeError,
    func,
    inspect,
    select,
    selectinload,
    sessionmaker,
)
from asyncorm.engine.engine import Engine
from tests.conftest import CreateTables
from tests.integration.conftest import Sent
from tests.support.archive import EVERYTHING, Cell, Letter, Medal, Person, Stamp


@pytest.fixture
async def Archive(engine: Engine, tables: CreateTables) -> SessionFactory:  # noqa: N802 - a factory
    """Makes sessions on a person with two letters of two stamps and two medals."""
    await tables(*EVERYTHING)
    factory = sessionmaker(engine)
    async with factory() as session:
        letters = [Letter(text=t, stamps=[Stamp(price=1), Stamp(price=2)]) for t in "ab"]
        medals = [Medal(name="gold"), Medal(name="iron")]
        session.add(Person(name="ada", age=3, letters=letters, medals=medals))
        await session.commit()
    return factory


async def graph(factory: SessionFactory) -> Person:
    """The stored person with everything it has, detached."""
    async with factory() as session:
        return await session.one(
            select(Person)
            .where(Person.name == "ada")
            .options(
                selectinload(Person.letters).selectinload(Letter.stamps),
                selectinload(Person.medals),
            )
        )


def keyed(person: Person, key: int) -> Person:
    person.id = key
    return person


async def test_a_transient_object_without_key_becomes_a_pending_copy(
    Archive: SessionFactory, sent: Sent
) -> None:
    """L01 M1 M2"""
    source = Person(name="new", letters=[Letter(text="x")])
    async with Archive() as session:
        sent()
        merged = await session.merge(source)
        assert sent() == []
        assert merged is not source
        assert inspect(merged).pending
        assert inspect(source).transient
        assert [letter.text for letter in merged.letters] == ["x"]
        assert merged.letters[0] is not source.letters[0]
        assert len(session.new) == 2


async def test_given_attributes_are_updated_and_unset_ones_are_kept(
    Archive: SessionFactory, sent: Sent
) -> None:
    """L02 M1 M4"""
    async with Archive() as session:
        merged = await session.merge(keyed(Person(name="bea"), 1))
        assert (merged.name, merged.age) == ("bea", 3)
        assert inspect(merged).persistent
        sent()
        await session.commit()
        updates = [s for s in sent() if s.startswith("UPDATE")]
        assert len(updates) == 1
        assert '"age"' not in updates[0]


async def test_explicit_none_is_copied(Archive: SessionFactory) -> None:
    """L07"""
    async with Archive() as session:
        boss = Person(name="boss", staff=[await session.get_one(Person, 1)])
        session.add(boss)
        await session.commit()
    async with Archive() as session:
        merged = await session.merge(keyed(Person(name="ada", age=None, boss=None), 1))
        await session.commit()
        assert (merged.age, merged.boss_id) == (None, None)
    assert (await graph(Archive)).age is None


async def test_an_equal_copy_is_no_change(Archive: SessionFactory, sent: Sent) -> None:
    """F06"""
    source = await graph(Archive)
    async with Archive() as session:
        for _ in range(2):
            merged = await session.merge(source)
            assert session.dirty == ()
        sent()
        await session.commit()
        assert sent() == []
        assert [stamp.price for stamp in merged.letters[1].stamps] == [1, 2]


async def test_one_key_twice_in_a_graph_is_one_object(Archive: SessionFactory) -> None:
    """L04 M5"""
    async with Archive() as session:
        first, second = await session.merge_all(
            [Cell(row="a", number=1, note="x"), Cell(row="a", number=1, size=7)]
        )
        assert first is second
        assert session.new == (first,)
        await session.commit()
        assert (first.note, first.size) == ("x", 7)


async def test_a_circle_of_objects_ends(Archive: SessionFactory) -> None:
    """M5"""
    one, two = Person(name="one"), Person(name="two")
    one.boss, two.boss = two, one
    async with Archive() as session:
        merged = await session.merge(one)
        assert merged.boss is not None
        assert merged.boss.boss is merged
        assert [p.name for p in merged.staff] == ["two"]
        assert inspect(two).transient


async def test_children_missing_from_a_merged_collection_follow_the_orphan_rules(
    Archive: SessionFactory,
) -> None:
    """L05 M6"""
    source = await graph(Archive)
    del source.letters[0]
    del source.medals[0]
    async with Archive() as session:
        await session.merge(source)
        await session.commit()
    found = await graph(Archive)
    assert [letter.text for letter in found.letters] == ["b"]
    assert [medal.name for medal in found.medals] == ["iron"]
    async with Archive() as session:
        assert await session.scalar(select(func.count()).select_from(Stamp)) == 2
        assert (await session.get_one(Medal, 1)).person_id is None


async def test_a_graph_costs_a_statement_for_each_step_not_for_each_object(
    Archive: SessionFactory, sent: Sent
) -> None:
    async with Archive() as session:
        people = [
            Person(name=f"p{n}", letters=[Letter(text=str(m), stamps=[Stamp()]) for m in range(5)])
            for n in range(20)
        ]
        session.add_all(people)
        await session.commit()
        session.expunge_all()
        for person in people:
            person.letters[0].text = "changed"
        del people[0].letters[1]
    async with Archive() as session:
        sent()
        merged = await session.merge_all(people)
        assert sent.verbs() == ["SELECT"] * 3  # people, letters, stamps
        assert [p.id for p in merged] == [p.id for p in people]
        assert len(session.dirty) >= 20
        await session.commit()
        # the stamps of the letter that is gone are loaded to be deleted with it
        assert sent.verbs() == ["SELECT", "BEGIN", "UPDATE", "DELETE", "DELETE", "COMMIT"]


async def test_what_is_not_loaded_is_left_alone(Archive: SessionFactory, sent: Sent) -> None:
    """L09"""
    async with Archive() as session:
        source = await session.get_one(Person, 1)
        session.expire(source, ["age"])
        session.expunge(source)
    source.name = "changed"
    async with Archive() as session:
        sent()
        merged = await session.merge(source)
        assert sent.verbs() == ["SELECT"]
        assert "letters" not in merged.__dict__
        assert merged.age == 3
        await session.commit()
        assert merged.name == "changed"
    with pytest.raises(Exception, match="age"):
        _ = source.age


async def test_an_object_of_the_session_is_returned_as_it_is(Archive: SessionFactory) -> None:
    """M2 M3"""
    async with Archive() as session:
        stored = await session.get_one(Person, 1)
        assert await session.merge(stored) is stored
        with session.no_autoflush:
            pending = Person(name="new")
            session.add(pending)
            assert await session.merge(pending) is pending
            assert session.new == (pending,)


async def test_an_incomplete_key_is_not_looked_up(Archive: SessionFactory, sent: Sent) -> None:
    """L08 M8"""
    source = Cell(row="a", number=1)
    source.__dict__["number"] = None
    async with Archive() as session:
        sent()
        merged = await session.merge(source)
        assert sent() == []
        assert inspect(merged).pending
        with pytest.raises(FlushError):
            await session.flush()


async def test_a_merge_flushes_first_and_not_in_the_middle(
    Archive: SessionFactory, sent: Sent
) -> None:
    """M1 M5"""
    async with Archive() as session:
        session.add(Cell(row="z", number=1))
        sent()
        await session.merge(keyed(Person(name="bea", letters=[Letter(text="n")]), 1))
        assert sent.verbs() == ["BEGIN", "INSERT", "SELECT", "SELECT"]


async def test_options_apply_to_the_row_that_is_read(Archive: SessionFactory, sent: Sent) -> None:
    """M10"""
    async with Archive() as session:
        sent()
        merged = await session.merge(
            keyed(Person(name="ada"), 1), options=[selectinload(Person.medals)]
        )
        assert len(sent()) == 2
        assert [medal.name for medal in merged.medals] == ["gold", "iron"]
        with pytest.raises(UnloadedAttributeError):
            _ = merged.letters


async def test_a_stored_object_whose_row_is_gone_is_inserted_again(
    Archive: SessionFactory, engine: Engine
) -> None:
    async with Archive() as session:
        source = Cell(row="a", number=1, note="n")
        session.add(source)
        await session.commit()
    async with engine.begin() as connection:
        await connection.command("delete from archive_cell")
    async with Archive() as session:
        merged = await session.merge(source)
        assert inspect(merged).pending
        await session.commit()
        assert await session.scalar(select(Cell.note)) == "n"


async def test_a_deleted_object_is_refused(Archive: SessionFactory) -> None:
    async with Archive() as session:
        cell = Cell(row="a", number=1)
        session.add(cell)
        await session.commit()
        await session.delete(cell)
        await session.commit()
        with pytest.raises(InvalidRequestError, match="deleted"):
            await session.merge(cell)


async def test_an_expired_target_is_read_again(Archive: SessionFactory, sent: Sent) -> None:
    async with Archive() as session:
        person = await session.get_one(Person, 1)
        session.expire(person)
        sent()
        assert await session.merge(keyed(Person(name="bea"), 1)) is person
        assert sent.verbs() == ["SELECT"]
        assert (person.name, person.age) == ("bea", 3)


async def test_without_load_nothing_is_sent_and_nothing_is_a_change(
    Archive: SessionFactory, sent: Sent
) -> None:
    """L06 M7"""
    source = await graph(Archive)
    async with Archive() as session:
        sent()
        merged = await session.merge(source, load=False)
        assert merged is not source
        assert inspect(merged).persistent
        assert merged.letters[1].stamps[0].price == 1
        assert merged.letters[0].person is merged
        assert session.dirty == ()
        assert session.new == ()
        await session.commit()
        assert sent() == []
        assert await session.get(Person, 1) is merged
        assert sent() == []
        merged.letters[0].text = "changed"
        merged.data["k"] = 1
        await session.commit()
        assert source.data == {}
    assert (await graph(Archive)).letters[0].text == "changed"
    assert (await graph(Archive)).data == {"k": 1}


async def test_without_load_a_held_object_takes_the_values_over(
    Archive: SessionFactory, sent: Sent, engine: Engine
) -> None:
    """M7"""
    async with Archive() as session:
        held = await session.get_one(Person, 1)
        async with engine.begin() as connection:
            await connection.command("update archive_person set age = 50")
        source = await graph(Archive)
        sent()
        assert await session.merge(source, load=False) is held
        assert (held.age, session.dirty) == (50, ())
        assert [letter.text for letter in held.letters] == ["a", "b"]
        assert sent() == []


async def test_without_load_new_and_changed_sources_are_refused(Archive: SessionFactory) -> None:
    """L06 M7"""
    async with Archive() as session:
        with pytest.raises(InvalidRequestError, match="no row"):
            await session.merge(keyed(Person(name="x"), 1), load=False)
        source = await graph(Archive)
        source.letters[0].text = "changed"
        with pytest.raises(InvalidRequestError, match="unflushed changes"):
            await session.merge(source, load=False)
        held = await session.get_one(Person, 1)
        held.name = "mine"
        with pytest.raises(UnflushedChangesError):
            await session.merge(await graph(Archive), load=False)
        assert held.name == "mine"


async def test_an_expression_is_merged_into_a_new_object(Archive: SessionFactory) -> None:
    async with Archive() as session:
        source = Person(name="x")
        source.name = func.lower("ABC")  # type: ignore[assignment]
        merged = await session.merge(source)
        await session.commit()
        assert merged.name == "abc"


async def test_a_parent_reached_from_its_child_keeps_its_other_children(
    Archive: SessionFactory,
) -> None:
    async with Archive() as session:
        letters = [Letter(text=t, person=keyed(Person(name="ada"), 1)) for t in ("c", "d")]
        merged = await session.merge_all(letters)
        assert merged[0].person is merged[1].person
        await session.commit()
    async with Archive() as session:
        found = await session.all(select(Letter).order_by(Letter.text))
        assert [(letter.text, letter.person_id) for letter in found] == [
            ("a", 1),
            ("b", 1),
            ("c", 1),
            ("d", 1),
        ]


async def test_what_a_parent_reached_from_its_child_has_besides_is_added(
    Archive: SessionFactory,
) -> None:
    async with Archive() as session:
        parent = keyed(Person(name="ada", letters=[Letter(text="c"), Letter(text="d")]), 1)
        person = (await session.merge(parent.letters[0])).person
        assert person is not None
        assert [letter.text for letter in person.letters] == ["a", "b", "c", "d"]
        await session.flush()
        assert await session.merge(parent) is person  # which is a statement about all letters
        assert [letter.text for letter in person.letters] == ["c", "d"]


async def test_a_collection_below_the_top_is_replaced_though_its_members_lead_back(
    Archive: SessionFactory,
) -> None:
    source = await graph(Archive)
    source.letters[0].stamps.pop()
    async with Archive() as session:
        merged = await session.merge(source)
        await session.commit()
        assert [len(letter.stamps) for letter in merged.letters] == [1, 2]
        assert len(await session.all(select(Stamp))) == 3
