"""apply: a payload becomes changes of an object and of what is related to it, or of nothing."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError

from asyncorm import (
    ArgumentError,
    InvalidRequestError,
    SessionFactory,
    func,
    inspect,
    select,
    selectinload,
    sessionmaker,
)
from asyncorm import Session as SessionType
from asyncorm.engine.engine import Engine
from tests.conftest import CreateTables
from tests.integration.conftest import Sent
from tests.support.archive import EVERYTHING, Cell, Letter, Medal, Person, Stamp


class StampIn(BaseModel):
    id: int | None = None
    price: int = 0


class LetterIn(BaseModel):
    id: int | None = None
    text: str = ""
    stamps: list[StampIn] = []


class BossIn(BaseModel):
    id: int | None = None
    name: str = ""


class PersonPatch(BaseModel):
    model_config = ConfigDict(extra="allow")

    id: int = 0
    name: str = ""
    age: int | None = 99
    data: dict[str, Any] = {}
    letters: list[LetterIn] = []
    medals: list[dict[str, Any]] = []
    boss: BossIn | None = None


@pytest.fixture
async def Archive(engine: Engine, tables: CreateTables) -> SessionFactory:  # noqa: N802 - a factory
    """Makes sessions on two persons: one with letters 1 and 2 (stamps 1 to 4) and medals 1 and 2,
    one with letter 3."""
    await tables(*EVERYTHING)
    factory = sessionmaker(engine)
    async with factory() as session:
        letters = [Letter(text=t, stamps=[Stamp(price=1), Stamp(price=2)]) for t in "ab"]
        medals = [Medal(name="gold"), Medal(name="iron")]
        session.add(Person(name="ada", age=3, letters=letters, medals=medals))
        session.add(Person(name="bea", letters=[Letter(text="c")]))
        session.add(Medal(name="free"))
        await session.commit()
    return factory


async def ada(session: SessionType) -> Person:
    return await session.get_one(Person, 1)


async def letters(factory: SessionFactory) -> list[tuple[int, str, list[int]]]:
    async with factory() as session:
        found = await session.all(
            select(Letter).options(selectinload(Letter.stamps)).order_by(Letter.id)
        )
        return [(o.person_id, o.text, [stamp.price for stamp in o.stamps]) for o in found]


async def test_only_what_is_set_is_written(Archive: SessionFactory, sent: Sent) -> None:
    async with Archive() as session:
        person = await ada(session)
        sent()
        assert await session.apply(person, PersonPatch(name="eve")) is person
        assert sent() == []
        assert (person.name, person.age) == ("eve", 3)
        await session.apply(person, PersonPatch(age=None))
        await session.commit()
        assert (person.name, person.age) == ("eve", None)


async def test_an_equal_payload_is_no_change(Archive: SessionFactory) -> None:
    async with Archive() as session:
        person = await ada(session)
        await session.apply(person, {"id": 1, "name": "ada", "age": 3, "data": {}})
        assert session.dirty == ()


async def test_nested_lists_update_add_and_remove(Archive: SessionFactory, sent: Sent) -> None:
    body = '{"letters": [{"id": 2, "text": "B"}, {"text": "new", "stamps": [{"price": 9}]}]}'
    async with Archive() as session:
        person = await ada(session)
        sent()
        await session.apply(person, PersonPatch.model_validate_json(body))
        assert sent.verbs() == ["SELECT"]
        assert [letter.text for letter in person.letters] == ["B", "new"]
        await session.commit()
    assert await letters(Archive) == [(1, "B", [1, 2]), (2, "c", []), (1, "new", [9])]


async def test_removed_children_stay_where_no_orphan_rule_deletes_them(
    Archive: SessionFactory,
) -> None:
    async with Archive() as session:
        person = await ada(session)
        await session.apply(person, {"medals": [{"id": 2, "name": "tin"}]})
        await session.commit()
        rows = await session.all(select(Medal.name, Medal.person_id).order_by(Medal.id))
        assert list(map(tuple, rows)) == [("gold", None), ("tin", 1), ("free", None)]


async def test_deeper_levels_cost_one_statement_each(Archive: SessionFactory, sent: Sent) -> None:
    body = {
        "letters": [
            {"id": 1, "stamps": [{"id": 1, "price": 5}]},
            {"id": 2, "stamps": [{"id": 4}, {"price": 6}]},
        ]
    }
    async with Archive() as session:
        person = await ada(session)
        sent()
        await session.apply(person, PersonPatch.model_validate(body))
        assert sent.verbs() == ["SELECT", "SELECT"]
        await session.commit()
    assert await letters(Archive) == [(1, "a", [5]), (1, "b", [2, 6]), (2, "c", [])]


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ({"letters": [{"id": 3, "text": "stolen"}]}, "does not belong to this Person"),
        ({"medals": [{"id": 3}]}, "does not belong to this Person"),
        ({"letters": [{"id": 1, "person_id": 2}]}, "another parent"),
        ({"letters": [{"text": "x", "person_id": 2}]}, "another parent"),
        ({"letters": [{"id": 77, "text": "x"}]}, "does not exist"),
        ({"letters": [{"id": 1}, {"id": 1}]}, "twice"),
        ({"letters": {"id": 1}}, "sets Person.letters to a dict"),
        ({"letters": None}, "sets Person.letters to a NoneType"),
        ({"id": 2}, "Person.id, which it may only repeat"),
        ({"boss": {"id": 2, "name": "other"}}, "changes its name"),
        ({"nmae": "x", "password": "y"}, "Person.nmae, Person.password"),
        ({"letters": [{"id": 1, "nope": 1}]}, "Letter.nope"),
    ],
)
async def test_what_a_payload_must_not_do_changes_nothing(
    Archive: SessionFactory, payload: dict[str, Any], message: str
) -> None:
    async with Archive() as session:
        person = await ada(session)
        with pytest.raises(InvalidRequestError, match=message):
            await session.apply(person, {"name": "changed", **payload})
        assert person.name == "ada"
        assert session.dirty == ()
        assert session.new == ()
        await session.commit()
    assert await letters(Archive) == [(1, "a", [1, 2]), (1, "b", [1, 2]), (2, "c", [])]


@pytest.mark.parametrize(
    "payload",
    [
        {"age": "old"},
        {"name": None},
        {"letters": [{"id": 1, "text": 5}]},
        {"letters": [{"text": ["x"]}]},
        {"letters": [{"id": 1, "stamps": [{"price": "dear"}]}]},
    ],
)
async def test_a_wrong_value_anywhere_changes_nothing(
    Archive: SessionFactory, payload: dict[str, Any]
) -> None:
    async with Archive() as session:
        person = await ada(session)
        with pytest.raises(ValidationError):
            await session.apply(person, {"data": {"x": 1}, **payload})
        assert person.data == {}
        assert session.dirty == ()
        assert session.new == ()


async def test_an_unfit_key_or_payload_is_named_with_its_place(Archive: SessionFactory) -> None:
    async with Archive() as session:
        person = await ada(session)
        with pytest.raises(ValidationError, match=r"for Letter\.id") as unfit:
            await session.apply(person, {"letters": [{"id": 1}, {"id": "x"}]})
        with pytest.raises(ArgumentError, match="not a int") as no_payload:
            await session.apply(person, {"letters": [5]})
        assert unfit.value.__notes__ == ["in Person.letters number 1"]
        assert no_payload.value.__notes__ == ["in Person.letters number 0"]


async def test_names_to_ignore_are_left_out(Archive: SessionFactory) -> None:
    async with Archive() as session:
        person = await ada(session)
        patch = PersonPatch.model_validate({"name": "eve", "token": "secret"})
        with pytest.raises(InvalidRequestError, match=r"Person\.token(.|\n)*ignore"):
            await session.apply(person, patch)
        await session.apply(person, patch, ignore={"token"})
        assert person.name == "eve"


async def test_keys_and_values_of_a_json_body_are_taken_by_type(Archive: SessionFactory) -> None:
    async with Archive() as session:
        person = await ada(session)
        await session.apply(person, {"id": "1", "age": "7", "letters": [{"id": "2"}]})
        assert person.age == 7
        assert [letter.id for letter in person.letters] == [2]


async def test_a_to_one_payload_updates_links_creates_and_unlinks(
    Archive: SessionFactory, sent: Sent
) -> None:
    async with Archive() as session:
        person = await ada(session)
        await session.apply(person, PersonPatch(boss=BossIn(id=2)))
        await session.commit()
        assert person.boss_id == 2
        await session.apply(person, PersonPatch(boss=BossIn(name="renamed")))
        assert person.boss is not None
        assert (person.boss.id, person.boss.name) == (2, "renamed")
        await session.commit()
        session.expunge_all()
        person = await ada(session)
        sent()
        await session.apply(person, PersonPatch(boss=None))
        assert sent() == []
        await session.apply(person, PersonPatch(boss=BossIn(name="new")))
        await session.commit()
        assert person.boss is not None
        assert (person.boss.name, person.boss_id) == ("new", 3)


async def test_a_new_object_takes_a_payload_without_sql(
    Archive: SessionFactory, sent: Sent
) -> None:
    async with Archive() as session:
        sent()
        transient = await session.apply(Person(name="x"), {"letters": [{"text": "n"}], "age": 1})
        assert inspect(transient).transient
        pending = Person(name="y")
        session.add(pending)
        await session.apply(pending, {"letters": [{"text": "m", "stamps": [{"price": 3}]}]})
        assert sent() == []
        assert len(session.new) == 3
        await session.apply(pending, {"letters": [{"text": "k"}]})
        await session.commit()
        assert await session.scalar(select(func.count()).select_from(Letter)) == 4
        assert transient.letters[0].text == "n"


async def test_given_keys_of_new_rows_are_kept(Archive: SessionFactory) -> None:
    async with Archive() as session:
        cell = await session.apply(Cell(row="a", number=1), {"row": "b", "note": "n"})
        session.add(cell)
        await session.commit()
        with pytest.raises(InvalidRequestError, match=r"Cell\.row"):
            await session.apply(cell, {"row": "c"})


async def test_documents_are_replaced_and_written(Archive: SessionFactory) -> None:
    async with Archive() as session:
        person = await ada(session)
        await session.apply(person, PersonPatch(data={"a": [1]}))
        await session.commit()
        person.data["a"].append(2)
        await session.commit()
    async with Archive() as session:
        assert (await ada(session)).data == {"a": [1, 2]}


async def test_an_expired_object_takes_a_payload(Archive: SessionFactory, sent: Sent) -> None:
    async with Archive() as session:
        person = await ada(session)
        session.expire(person)
        await session.apply(person, {"id": 1, "name": "eve"})
        await session.commit()
        await session.refresh(person)
        assert (person.name, person.age) == ("eve", 3)


async def test_objects_may_be_given_for_related_ones(Archive: SessionFactory) -> None:
    async with Archive() as session:
        person, boss = await session.get_many(Person, [1, 2])
        assert person is not None
        extra = Letter(text="z")
        await session.apply(person, {"boss": boss, "letters": [{"id": 1}, extra]})
        await session.commit()
        assert (person.boss_id, extra.person_id) == (2, 1)


async def test_pending_work_is_flushed_before_children_are_read(
    Archive: SessionFactory, sent: Sent
) -> None:
    async with Archive() as session:
        person = await ada(session)
        session.add(Letter(text="pending", person_id=1))
        sent()
        await session.apply(person, {"letters": []})
        assert sent.verbs() == ["BEGIN", "INSERT", "SELECT"]
        await session.commit()
    assert await letters(Archive) == [(2, "c", [])]


async def test_foreign_and_detached_objects_are_refused(Archive: SessionFactory) -> None:
    async with Archive() as session, Archive() as other:
        person = await ada(session)
        with pytest.raises(InvalidRequestError, match="not in this session"):
            await other.apply(person, {})
        with pytest.raises(ArgumentError, match="pydantic model or a dict"):
            await session.apply(person, Person(name="x"))
        with pytest.raises(ArgumentError, match="pydantic model or a dict"):
            await session.apply(person, {"boss": 5})
