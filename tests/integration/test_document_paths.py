"""Paths into documents compare as their values do in Python, and rows hold those."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pglast
import pytest

from asyncorm import (
    Mapped,
    MetaData,
    Model,
    Session,
    aliased,
    column,
    foreign_key,
    func,
    generated,
    insert,
    inspect,
    not_,
    select,
    sessionmaker,
    true,
    update,
)
from asyncorm.engine.engine import Engine
from asyncorm.session.factory import SessionFactory
from tests.conftest import CreateTables
from tests.support.documents import (
    ADA,
    Documents,
    Level,
    Notifications,
    Person,
    Settings,
    Theme,
    people,
)

EAST = timezone(timedelta(hours=5))
S = Person.settings


@pytest.fixture
async def People(engine: Engine) -> AsyncIterator[SessionFactory]:  # noqa: N802 - a factory
    await engine.create_all(Documents)
    factory = sessionmaker(engine)
    async with factory() as session:
        session.add_all(people())
        await session.commit()
    yield factory
    await engine.drop_all(Documents)


ONLY_ADA = [
    S.theme == "dark",
    S.theme.like("d%"),
    S.at(lambda s: s.theme).in_(["dark", "blue"]),
    S.mode == Theme.DARK,
    S.mode.in_([Theme.DARK]),
    S.level == Level.HIGH,
    S.level > Level.LOW,
    S.size == 10**20,
    S.size > 2**63,
    S.size + 1 > 2**63,
    S.ratio > 1,
    S.day > date(2026, 1, 31),
    S.day.between(date(2026, 2, 1), date(2026, 3, 1)),
    S.at_time > time(13),
    S.since == datetime(2026, 1, 1, 5, tzinfo=EAST),
    S.since >= datetime(2026, 1, 1, tzinfo=UTC),
    S.since != None,
    S.since.is_not(None),
    S.took == timedelta(days=-1),
    S.key == UUID(int=2),
    S.key.in_([UUID(int=2)]),
    S.kind == "b",
    S.either == "1",
    S.data == b"y",
    S.notifications.email.is_(False),
    not_(S.notifications.email),
    S.notifications.limit == Decimal("1.5"),
    S.notifications == Notifications(email=False, limit=Decimal("1.50")),
    S.backup == Notifications(),
    S.backup.email == True,
    S.at(lambda s: s.backup).at(lambda b: b.email),
    S.tags == ["x", "y"],
    S.tags[1] == "y",
    S.tags[-1] == "y",
    S.tags.contains(["y"]),
    S.limits["a"] > 4,
    S.limits["a'b"] == 1,
    S.limits.has_key("a"),
    S.others[0].limit == 3,
    S.others == [Notifications(limit=Decimal(3))],
    S.flags.contains({"f"}),
    S.free["deep"][1] == 2,
    S.free["deep"][1].as_integer() == 2,
    S["label"] == "other",
    S.at(lambda s: s.name) == "ada",
    S == ADA,
    Person.backup.at(lambda s: s.theme) == "dark",
    Person.backup["theme"] == "dark",
]


async def test_each_comparison_means_what_it_means_in_python(People: SessionFactory) -> None:
    async with People() as session:
        for condition in ONLY_ADA:
            statement = select(Person.id).where(condition)
            assert len(pglast.parse_sql(str(statement))) == 1
            assert await session.all(statement) == [2], str(statement)


@pytest.mark.parametrize("condition", [S.since.is_(None), S.backup == None, S.backup.is_(None)])
async def test_null_of_json_is_none(People: SessionFactory, condition: Any) -> None:
    async with People() as session:
        assert await session.all(select(Person.id).where(condition)) == [1]


async def test_values_of_another_statement_of_the_same_shape_are_its_own(
    People: SessionFactory,
) -> None:
    async with People() as session:
        found = [
            await session.all(select(S.limits[key]).where(S.tags[place] == tag))
            for key, place, tag in (("a", 0, "x"), ("a'b", 1, "y"), ("b", 1, "y"), ("a", 1, "x"))
        ]
    assert found == [[5], [1], [None], []]


async def test_rows_hold_values_of_the_fields_types(People: SessionFactory) -> None:
    paths = {name: S[name] for name in Settings.model_fields}
    async with People() as session:
        for name, path in paths.items():
            (value,) = await session.all(select(path).where(Person.id == 2))
            assert value == getattr(ADA, name), name
            assert isinstance(value, type(getattr(ADA, name))), name
        row = await session.one(select(S.theme, S.notifications.limit).where(Person.id == 2))
    assert row._asdict() == {"theme": "dark", "limit": Decimal("1.50")}  # type: ignore[attr-defined]


async def test_parts_order_and_group_rows(People: SessionFactory) -> None:
    async with People() as session:
        assert await session.all(select(Person.id).order_by(S.size.desc())) == [2, 1]
        grouped = select(S.theme, func.count()).group_by(S.theme).order_by(S.theme)
        assert await session.all(grouped) == [("dark", 1), ("light", 1)]


async def test_parts_of_an_alias_are_its_own(People: SessionFactory) -> None:
    other = aliased(Person)
    statement = select(Person.id, other.id).join(other, other.settings.theme != S.theme)
    async with People() as session:
        assert sorted(await session.all(statement)) == [(1, 2), (2, 1)]


@pytest.mark.parametrize("key", ["a'b", 'a"b', "a->b", "$.x", "0", "", "?", "a.b", "{a,b}", "a\\b"])
async def test_a_key_is_one_key_whatever_it_holds(People: SessionFactory, key: str) -> None:
    async with People() as session:
        await session.execute(update(Person).set(S.limits[key].set(7)).where(Person.id == 1))
        ada = await session.get_one(Person, 1)
        assert ada.settings.limits == {key: 7}
        assert await session.all(select(Person.id).where(S.limits[key] == 7)) == [1]
        assert await session.all(
            select(Person.id).where(S.limits.has_key(key), Person.id == 1)
        ) == [1]


class TestAssignment:
    async def test_only_the_part_changes_and_loaded_objects_follow(
        self, People: SessionFactory
    ) -> None:
        async with People() as session:
            ada = await session.get_one(Person, 2)
            await session.execute(
                update(Person)
                .set(
                    S.theme.set("blue"),
                    S.notifications.limit.set(None),
                    S.day.set(date(2027, 1, 1)),
                    S.at(lambda s: s.mode).set(Theme.LIGHT),
                    S.tags[0].set("z"),
                    S.others.set([Notifications(email=False)]),
                )
                .where(Person.id == 2)
            )
            await session.refresh(ada)
            assert ada.settings == ADA.model_copy(
                update={
                    "theme": "blue",
                    "notifications": Notifications(email=False),
                    "day": date(2027, 1, 1),
                    "mode": Theme.LIGHT,
                    "tags": ["z", "y"],
                    "others": [Notifications(email=False)],
                }
            )

    async def test_loaded_objects_have_the_new_value_or_none_at_all(
        self, People: SessionFactory
    ) -> None:
        async with People() as session:
            ada = await session.get_one(Person, 2)
            assert ada.settings.theme == "dark"
            await session.execute(update(Person).values({S.theme: "blue", Person.visits: 5}))
            if "settings" in inspect(ada).unloaded:
                await session.refresh(ada)
            assert (ada.settings.theme, ada.visits) == ("blue", 5)
            assert not session.is_modified(ada)

    async def test_a_value_of_the_row_can_be_assigned(self, People: SessionFactory) -> None:
        async with People() as session:
            await session.execute(
                update(Person).set(
                    S.size.set(Person.visits + 1),
                    S["label"].set(S.theme),
                    S.backup.set(S.notifications),
                )
            )
            rows = await session.all(select(S.size, S["label"], S.backup).order_by(Person.id))
        assert rows == [
            (1, "light", Notifications()),
            (1, "dark", Notifications(email=False, limit=Decimal("1.50"))),
        ]

    async def test_missing_objects_on_the_way_are_made(self, People: SessionFactory) -> None:
        async with People() as session:
            await session.execute(
                update(Person).set(Person.backup["theme"].set("red")).where(Person.id == 1)
            )
            found = await session.one(select(Person.backup["theme"]).where(Person.id == 1))
        assert found == "red"

    async def test_an_upsert_can_assign_parts(self, People: SessionFactory) -> None:
        async with People() as session:
            statement = insert(Person).values(id=2, visits=1)
            await session.execute(
                statement.on_conflict_do_update(
                    index_elements=[Person.id], set_={S.theme: "red", Person.visits: 9}
                )
            )
            rows = await session.all(select(S.theme, Person.visits).where(Person.id == 2))
        assert rows == [("red", 9)]


async def test_an_index_on_a_part_serves_comparisons(People: SessionFactory) -> None:
    async with People() as session:
        await session.execute(
            insert(Person), [{"settings": Settings(uiTheme=f"t{n}")} for n in range(500)]
        )
        connection = await session.connection()
        await connection.fetch("CREATE INDEX ix ON person ((settings ->> 'uiTheme'))")
        await connection.fetch("ANALYZE person")
        plan = str(await session.explain(select(Person.id).where(S.theme == "t77")))
        assert "Index" in plan
        assert await session.all(select(S.theme).where(S.theme == "t77")) == ["t77"]


class Base(Model):
    metadata = MetaData()


class Vehicle(Base, table="vehicle"):
    id: Mapped[int] = generated(primary_key=True)
    kind: Mapped[str] = column(init=False)
    settings: Mapped[Settings] = column(default_factory=Settings)
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "vehicle"}


class Car(Vehicle, table="car"):
    id: Mapped[int] = foreign_key(Vehicle.id, primary_key=True)
    options: Mapped[Settings] = column(default_factory=Settings)
    __mapper_args__ = {"polymorphic_identity": "car"}


async def test_parts_of_a_joined_class_are_read_and_assigned(
    engine: Engine, tables: CreateTables
) -> None:
    await tables(Base)
    async with Session(engine) as session:
        car = Car()
        session.add_all([car, Vehicle()])
        await session.commit()
        statement = update(Car).set(Car.options.theme.set("red"), Car.options.limits["a"].set(3))
        await session.execute(statement.where(Car.settings.theme == "light"))
        await session.execute(update(Car).set(Car.settings.size.set(7)).where(Car.options.size > 5))
        await session.refresh(car)
        assert (car.options.theme, car.options.size, car.options.limits) == ("red", 10, {"a": 3})
        assert (car.settings.theme, car.settings.size) == ("light", 7)
        asked = select(Car.options.theme, Car.settings.size).where(Car.settings.size == 7)
        assert await session.all(asked) == [("red", 7)]


@pytest.mark.parametrize("choice", ["auto", "fetch", False])
async def test_every_way_to_keep_objects_in_step(People: SessionFactory, choice: Any) -> None:
    async with People() as session:
        ada = await session.get_one(Person, 2)
        statement = update(Person).set(S.theme.set("blue")).where(S.theme == "dark")
        await session.execute(statement.execution_options(synchronize_session=choice))
        if choice is False:
            assert ada.settings.theme == "dark"
        await session.refresh(ada)
        assert ada.settings.theme == "blue"


async def test_changed_rows_return_parts(People: SessionFactory) -> None:
    statement = update(Person).set(S.theme.set("blue")).returning(Person.id, S.theme, S.day)
    async with People() as session:
        assert sorted(await session.all(statement)) == [
            (1, "blue", date(2026, 1, 1)),
            (2, "blue", date(2026, 2, 1)),
        ]


async def test_items_of_a_document_are_rows_of_a_function(People: SessionFactory) -> None:
    tags = func.jsonb_array_elements_text(S.tags).table_valued("tag")
    statement = select(Person.id, tags.c.tag).join(tags, true()).order_by(tags.c.tag)
    async with People() as session:
        assert await session.all(statement) == [(2, "x"), (2, "y")]
    pairs = func.jsonb_each(S.limits).table_valued("key", "value")
    statement = select(Person.id, pairs.c.key).join(pairs, true()).order_by(pairs.c.key)
    async with People() as session:
        assert await session.all(statement) == [(2, "a"), (2, "a'b")]


async def test_columns_of_a_subquery_have_parts(People: SessionFactory) -> None:
    inner = select(Person.id, S).subquery()
    settings: Any = inner.c.settings
    async with People() as session:
        found = select(inner.c.id, settings.theme).where(settings.notifications.email.is_(False))
        assert await session.all(found) == [(2, "dark")]
