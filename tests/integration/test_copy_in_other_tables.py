"""Rows that are copied to tables which COPY itself does not write to, or tells little about."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from asyncorm import (
    ArgumentError,
    Index,
    Mapped,
    MetaData,
    Model,
    ProgrammingError,
    Session,
    StatementTimeout,
    UniqueConstraint,
    column,
    generated,
    select,
    sql,
)
from asyncorm.engine.engine import Engine
from asyncorm.flush.statements import COPY_MINIMUM
from asyncorm.sql.table import Identity
from tests.conftest import CreateTables


class Base(Model):
    metadata = MetaData()


class Tenanted(Base, table="copied_tenanted"):
    id: Mapped[int] = column(primary_key=True)
    tenant: Mapped[int]


class Seen(Base, table="copied_seen"):
    id: Mapped[int] = column(primary_key=True)
    tenant: Mapped[int]


class Parted(Base, table="copied_parted"):
    id: Mapped[int] = column(primary_key=True)
    day: Mapped[int] = column(primary_key=True)
    name: Mapped[str]


class Numbered(Base, table="copied_numbered"):
    id: Mapped[int] = generated(primary_key=True)
    name: Mapped[str]


Numbered.__table__.columns["id"].identity = Identity(always=True)


class Kept(Base, table="copied_kept"):
    """Codes are unique among what is not deleted; names always."""

    __table_args__ = (
        Index("copied_kept_live", "code", unique=True, where="deleted_at IS NULL"),
        UniqueConstraint("name", name="copied_kept_name"),
    )
    id: Mapped[int] = generated(primary_key=True)
    code: Mapped[str]
    name: Mapped[str]
    deleted_at: Mapped[datetime | None] = column(default=None)


@pytest.fixture
async def session(engine: Engine, tables: CreateTables) -> AsyncIterator[Session]:
    await tables(Tenanted, Kept, Numbered)
    async with engine.begin() as connection:
        await connection.command("create view copied_seen as select * from copied_tenanted")
    async with Session(engine) as session:
        yield session
    async with engine.begin() as connection:
        await connection.command("drop view copied_seen; drop table if exists copied_parted")


async def behind_a_policy(session: Session) -> None:
    """The session's role may only write rows of tenant 1; its rollback undoes all of this."""
    for text in (
        "create role copied_role",
        "grant all on copied_tenanted to copied_role",
        "alter table copied_tenanted enable row level security",
        "create policy mine on copied_tenanted using (tenant = 1)",
        "set local role copied_role",
    ):
        await session.execute(sql(text))  # type: ignore[arg-type]


async def test_rows_are_copied_to_a_table_with_row_security(session: Session) -> None:
    await behind_a_policy(session)
    result = await session.copy_in(Tenanted, [(1, 1), (2, 1)], columns=["id", "tenant"])
    assert result == (2, 2, 0)
    result = await session.copy_in(
        Tenanted, [(2, 1), (3, 1)], columns=["id", "tenant"], on_conflict="nothing"
    )
    assert result == (2, 1, 0)
    with pytest.raises(ProgrammingError, match="row-level security"):
        await session.copy_in(Tenanted, [(4, 2)], columns=["id", "tenant"])


async def test_a_flush_of_very_many_rows_obeys_row_security(session: Session) -> None:
    await behind_a_policy(session)
    session.add_all([Tenanted(id=number, tenant=1) for number in range(COPY_MINIMUM)])
    await session.flush()
    assert len(await session.all(select(Tenanted.id))) == COPY_MINIMUM
    session.add_all([Tenanted(id=-number, tenant=2) for number in range(1, COPY_MINIMUM + 1)])
    with pytest.raises(ProgrammingError, match="row-level security"):
        await session.flush()


async def test_rows_are_copied_and_flushed_through_a_view(session: Session) -> None:
    await session.copy_in(Seen, [(-1, 1)], columns=["id", "tenant"])
    session.add_all([Seen(id=number, tenant=1) for number in range(COPY_MINIMUM)])
    await session.flush()
    assert len(await session.all(select(Tenanted.id))) == COPY_MINIMUM + 1


async def test_an_upsert_counts_the_rows_of_a_partitioned_table(session: Session) -> None:
    for text in (
        "create table copied_parted (id int, day int, name text) partition by range (day)",
        "alter table copied_parted add primary key (id, day)",
        "create table copied_parted_1 partition of copied_parted for values from (0) to (10)",
        "create table copied_parted_2 partition of copied_parted for values from (10) to (20)",
    ):
        await session.execute(sql(text))  # type: ignore[arg-type]
    names = ["id", "day", "name"]
    await session.copy_in(Parted, [(1, 1, "a"), (2, 11, "b")], columns=names)
    if (await session.connection()).server_version < 18:
        pytest.skip("before PostgreSQL 18 nothing tells what was updated")
    given = [(1, 1, "A"), (2, 11, "B"), (3, 12, "C")]
    assert await session.copy_in(Parted, given, columns=names, on_conflict="update") == (3, 1, 2)
    found = await session.all(select(Parted.name).order_by(Parted.id))
    assert found == ["A", "B", "C"]


async def test_an_upsert_may_be_about_a_partial_index_or_a_named_constraint(
    session: Session,
) -> None:
    gone = datetime(2026, 1, 1, tzinfo=UTC)
    await session.copy_in(
        Kept, [Kept(code="a", name="old", deleted_at=gone), Kept(code="a", name="new")]
    )
    result = await session.copy_in(
        Kept,
        [{"code": "a", "name": "newer"}, {"code": "b", "name": "other"}],
        on_conflict="update",
        index_elements=[Kept.code],
        index_where=Kept.deleted_at.is_(None),
    )
    assert result == (2, 1, 1)
    result = await session.copy_in(
        Kept,
        [{"code": "c", "name": "other"}],
        on_conflict="update",
        constraint="copied_kept_name",
        set_=["code"],
    )
    assert result == (1, 0, 1)
    result = await session.copy_in(
        Kept,
        [{"code": "c", "name": "third"}],
        on_conflict="nothing",
        index_elements=["code"],
        index_where=Kept.deleted_at.is_(None),
    )
    assert result == (1, 0, 0)
    found = await session.all(select(Kept.code, Kept.name).order_by(Kept.name))
    assert found == [("a", "newer"), ("a", "old"), ("c", "other")]


async def test_an_upsert_writes_the_numbers_given_as_a_copy_does(session: Session) -> None:
    await session.copy_in(Numbered, [{"id": 5, "name": "a"}])
    given = [{"id": 5, "name": "b"}, {"id": 6, "name": "c"}]
    assert await session.copy_in(Numbered, given, on_conflict="update") == (2, 1, 1)
    found = await session.all(select(Numbered.id, Numbered.name).order_by(Numbered.id))
    assert found == [(5, "b"), (6, "c")]


async def test_a_condition_of_an_index_needs_its_columns(session: Session) -> None:
    rows = [{"code": "a", "name": "a"}]
    condition = Kept.deleted_at.is_(None)
    with pytest.raises(ArgumentError, match="columns are not named"):
        await session.copy_in(Kept, rows, on_conflict="update", index_where=condition)
    with pytest.raises(ArgumentError, match="two ways"):
        await session.copy_in(
            Kept, rows, on_conflict="update", constraint="a", index_elements=["code"]
        )
    with pytest.raises(ArgumentError, match="on_conflict does not"):
        await session.copy_in(Kept, rows, constraint="a")


async def test_a_timeout_blames_no_row(session: Session) -> None:
    await session.execute(sql("set local statement_timeout = 50"))

    async def slow() -> AsyncIterator[tuple[int, int]]:
        yield (1, 1)
        await asyncio.sleep(0.1)
        yield (2, 1)

    with pytest.raises(StatementTimeout, match=r"^canceling statement") as caught:
        await session.copy_in(Tenanted, slow(), columns=["id", "tenant"], batch_size=1)
    assert "correct the row" not in caught.value.hint
