"""Of thousands of objects the refused one is named, and all can be stored when it is mended."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from asyncorm import (
    CheckViolation,
    DatabaseError,
    DataError,
    ExclusionViolation,
    ForeignKeyViolation,
    Integer,
    Mapped,
    MetaData,
    Model,
    NotNullViolation,
    Related,
    Session,
    String,
    UniqueViolation,
    column,
    foreign_key,
    inspect,
    relationship,
    select,
)
from asyncorm.engine.engine import Engine
from tests.conftest import CreateTables
from tests.integration.conftest import Sent
from tests.support.rows import rows, run

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOURS = (NOON + timedelta(hours=number) for number in count(1))


class Warehouse(Model):
    metadata = MetaData()


class Depot(Warehouse, table="depot"):
    id: Mapped[int] = column(primary_key=True)


class Crate(Warehouse, table="crate"):
    """Its key is made by the server, so that its rows are inserted."""

    id: Mapped[int] = column(primary_key=True, init=False)
    name: Mapped[str] = column(String(200))
    short: Mapped[str] = column(String(5), default="ok")
    size: Mapped[int] = column(Integer, default=1)
    opened: Mapped[datetime] = column(default_factory=lambda: next(HOURS))
    depot_id: Mapped[int] = foreign_key(Depot.id)
    depot: Related[Depot] = relationship()


class Parcel(Warehouse, table="parcel"):
    """Its key is given, so that many rows of it are copied."""

    id: Mapped[int] = column(primary_key=True)
    name: Mapped[str] = column(String(200))
    short: Mapped[str] = column(String(5), default="ok")
    size: Mapped[int] = column(Integer, default=1)
    opened: Mapped[datetime] = column(default_factory=lambda: next(HOURS))
    depot_id: Mapped[int] = column(default=1)


LONG = "the same long beginning of every name, longer than what PostgreSQL quotes of a value "
REFUSE = """create or replace function refuse() returns trigger language plpgsql as $$ begin
if new.name like '%bad%' then raise exception 'refused'; end if; return new; end $$"""

CONSTRAINTS = """
alter table {table} add unique (name);
alter table {table} add check (size > 0);
alter table {table} add check (right(name, 3) <> 'odd');
create unique index on {table} (lower(right(name, 20)));
alter table {table} add exclude using gist (tstzrange(opened, opened, '[]') with &&);
alter table {table} add foreign key (depot_id) references depot;
create trigger refuse before insert or update on {table} for each row execute function refuse()
"""


@pytest.fixture
async def session(engine: Engine, tables: CreateTables) -> AsyncIterator[Session]:
    await tables(Warehouse)
    await run(engine, "insert into depot values (1)")
    await run(engine, REFUSE)
    for table in ("crate", "parcel"):
        await run(engine, CONSTRAINTS.format(table=table))
    async with Session(engine) as session:
        yield session
    await run(engine, "drop function refuse cascade")


def many(kind: Any, number: int) -> list[Any]:
    made = [
        Crate(name=f"{LONG}{n:020}", depot_id=1)
        if kind is Crate
        else Parcel(id=n, name=f"{LONG}{n:020}")
        for n in range(number)
    ]
    return made


#: what is put on one object: the attribute, its value, and the error
WRONG: dict[str, tuple[str, Any, type[DatabaseError]]] = {
    "unique": ("name", f"{LONG}{3:020}", UniqueViolation),
    "unique-existing": ("name", "existing", UniqueViolation),
    "unique-expression": ("name", f"{LONG}{'EXISTING':>20}", UniqueViolation),
    "check": ("size", 0, CheckViolation),
    "check-hidden": ("name", f"{LONG}{'odd':>20}", CheckViolation),
    "not-null": ("short", None, NotNullViolation),
    "foreign-key": ("depot_id", 7, ForeignKeyViolation),
    "exclusion": ("opened", NOON, ExclusionViolation),
    "too-long": ("short", "too long", DataError),
    "out-of-range": ("size", 2**40, DataError),
    "raise": ("name", f"{LONG}{'bad':>20}", DatabaseError),
}


#: a commit of one statement goes another way than a flush, which does not depend on the error
WAYS = [*(("commit", case) for case in WRONG), ("flush", "unique"), ("flush", "check-hidden")]


@pytest.mark.parametrize(("how", "case"), WAYS)
@pytest.mark.parametrize("kind", [Crate, Parcel])
async def test_the_refused_one_of_a_thousand_new_objects_is_named(
    session: Session, engine: Engine, sent: Sent, kind: Any, how: str, case: str
) -> None:
    await check_insert(session, engine, sent, kind, how, case, 1000)


@pytest.mark.parametrize(
    ("kind", "case"),
    [(Crate, "check-hidden"), (Parcel, "check-hidden"), (Parcel, "foreign-key")],
)
async def test_the_refused_one_of_ten_thousand_new_objects_is_named(
    session: Session, engine: Engine, sent: Sent, kind: Any, case: str
) -> None:
    await check_insert(session, engine, sent, kind, "commit", case, 10_000)


async def check_insert(
    session: Session, engine: Engine, sent: Sent, kind: Any, how: str, case: str, number: int
) -> None:
    attribute, value, error = WRONG[case]
    table = kind.__table__.name
    values = "'existing', 'ok', 1, '2026-01-01 12:00+00', 1"
    names = "name, short, size, opened, depot_id"
    other = f"'{LONG}{'existing':>20}', 'ok', 1, '2025-01-01', 1"
    first, second = ("", "") if kind is Crate else ("-1, ", "-2, ")
    names = names if kind is Crate else f"id, {names}"
    await run(engine, f"insert into {table} ({names}) values ({first}{values}), ({second}{other})")
    objects = many(kind, number)
    culprit = objects[number * 2 // 3]
    right = getattr(culprit, attribute)
    setattr(culprit, attribute, value)
    session.add_all(objects)
    sent()
    with pytest.raises(error) as caught:
        await getattr(session, how)()
    assert type(caught.value) is error
    assert caught.value.objects == (culprit,)
    assert not getattr(caught.value, "__notes__", [])
    assert len(sent()) < 40
    await session.rollback()
    assert inspect(culprit).transient
    assert await rows(engine, f"select count(*) from {table}") == [(2,)]
    setattr(culprit, attribute, right)
    session.add_all(objects)
    await session.commit()
    assert await rows(engine, f"select count(*) from {table}") == [(number + 2,)]
    assert inspect(culprit).persistent


@pytest.mark.parametrize(("how", "case"), WAYS)
async def test_the_refused_one_of_a_thousand_changed_objects_is_named(
    session: Session, engine: Engine, how: str, case: str
) -> None:
    attribute, value, error = WRONG[case]
    objects = many(Crate, 1000)
    taken = Crate(name="existing", opened=NOON, depot_id=1)
    also = Crate(name=f"{LONG}{'existing':>20}", depot_id=1)
    session.add_all([*objects, taken, also])
    await session.commit()
    await run(engine, "insert into depot values (2)")
    change_all(objects, attribute)
    culprit = objects[600]
    setattr(culprit, attribute, value)
    if case == "unique":
        objects[3].name = value
    with pytest.raises(error) as caught:
        await getattr(session, how)()
    assert caught.value.objects == (culprit,)
    await session.rollback()
    assert await rows(engine, "select count(*) from crate where size > 1") == [(0,)]
    crates = await session.all(select(Crate).order_by(Crate.id))
    assert crates[:1000] == objects
    change_all(objects, attribute)
    await session.commit()
    assert await rows(engine, "select count(*) from crate where size > 1") == [(1000,)]


def change_all(crates: list[Crate], attribute: str) -> None:
    """One change of the same columns on each, so that they share a statement."""
    for number, crate in enumerate(crates):
        new = {
            "name": f"{LONG}{number:019}!",
            "short": "new",
            "opened": NOON - timedelta(days=number + 1),
            "depot_id": 2,
            "size": 2,
        }
        crate.size = 2
        setattr(crate, attribute, new[attribute])


@pytest.mark.parametrize("how", ["flush", "commit"])
@pytest.mark.parametrize("by", ["foreign key", "trigger"])
async def test_the_refused_one_of_a_thousand_deleted_objects_is_named(
    session: Session, engine: Engine, how: str, by: str
) -> None:
    depots = [Depot(id=number) for number in range(2, 1002)]
    session.add_all(depots)
    session.add(Crate(name="a", depot_id=700))
    await session.commit()
    if by == "trigger":
        await run(
            engine,
            "delete from crate",
            "create or replace function keep() returns trigger language plpgsql as "
            "$$ begin if old.id = 700 then raise exception 'kept'; end if; return old; end $$",
            "create trigger keep before delete on depot for each row execute function keep()",
        )
    for depot in depots:
        await session.delete(depot)
    expected = ForeignKeyViolation if by == "foreign key" else DatabaseError
    with pytest.raises(expected) as caught:
        await getattr(session, how)()
    assert caught.value.objects == (depots[698],)
    await session.rollback()
    assert all(inspect(depot).persistent for depot in depots)
    for depot in depots:
        if depot is not depots[698]:
            await session.delete(depot)
    await session.commit()
    assert await rows(engine, "select id from depot order by id") == [(1,), (700,)]
    await run(engine, "drop function if exists keep cascade")


async def test_parents_of_the_same_flush_are_written_again_for_the_search(
    session: Session, engine: Engine
) -> None:
    depots = [Depot(id=number) for number in range(2, 102)]
    crates = [Crate(name=f"{LONG}{n:020}", depot=depots[n % 100]) for n in range(1000)]
    crates[500].name = "bad"
    session.add_all([*depots, *crates])
    with pytest.raises(DatabaseError, match="refused") as caught:
        await session.flush()
    assert caught.value.objects == (crates[500],)
    assert crates[0].id is None
    await session.rollback()
    crates[500].name = "good"
    session.add_all(crates)
    await session.commit()
    assert await rows(engine, "select count(*) from crate") == [(1000,)]


async def test_a_savepoint_is_searched_alone_and_its_objects_can_be_stored_then(
    session: Session, engine: Engine, sent: Sent
) -> None:
    session.add(Depot(id=2))
    await session.flush()
    crates = many(Crate, 1000)
    right = crates[10].name
    for crate in crates:
        crate.depot_id = 2
    crates[10].name = "bad"
    sent()
    with pytest.raises(DatabaseError, match="refused") as caught:
        async with session.begin_nested():
            session.add_all(crates)
            await session.flush()
    assert caught.value.objects == (crates[10],)
    assert "ROLLBACK" not in [text for text in sent() if " TO " not in text]
    assert all(inspect(crate).transient for crate in crates)
    crates[10].name = right
    async with session.begin_nested():
        session.add_all(crates)
    await session.commit()
    assert await rows(engine, "select count(*) from crate where depot_id = 2") == [(1000,)]


async def test_a_search_that_meets_another_error_names_nobody(
    session: Session, engine: Engine
) -> None:
    """The depot was flushed before, so without it all crates are refused for another reason."""
    session.add(Depot(id=2))
    await session.flush()
    crates = many(Crate, 1000)
    for crate in crates:
        crate.depot_id = 2
    crates[999].name = "bad"
    session.add_all(crates)
    with pytest.raises(DatabaseError, match="refused") as caught:
        await session.flush()
    assert caught.value.objects == ()
    assert "the search" in caught.value.__notes__[0]
    await session.rollback()
    assert await rows(engine, "select count(*) from crate") == [(0,)]


async def test_an_error_that_the_row_does_not_cause_is_not_searched_for(
    session: Session, engine: Engine, sent: Sent
) -> None:
    await run(engine, "alter table crate drop column size")
    session.add_all(many(Crate, 1000))
    sent()
    with pytest.raises(DatabaseError) as caught:
        await session.flush()
    assert caught.value.objects == ()
    assert sent.verbs() == ["BEGIN", "INSERT", "ROLLBACK"]


async def test_a_certain_row_is_named_without_more_statements(session: Session, sent: Sent) -> None:
    crates = many(Crate, 1000)
    crates[500].name = crates[3].name
    session.add_all(crates)
    sent()
    with pytest.raises(UniqueViolation) as caught:
        await session.flush()
    assert caught.value.objects == (crates[500],)
    assert sent.verbs() == ["BEGIN", "INSERT", "ROLLBACK"]
