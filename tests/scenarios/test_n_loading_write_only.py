"""Collections that are written to and never loaded (N09)."""

from __future__ import annotations

import pytest

from asyncorm import (
    InvalidRequestError,
    Mapped,
    MetaData,
    Model,
    Related,
    Session,
    WriteOnlyCollection,
    column,
    false,
    foreign_key,
    joinedload,
    nestedload,
    relationship,
    select,
    selectinload,
)
from asyncorm.engine.engine import Engine
from tests.conftest import CreateTables
from tests.integration.conftest import Sent


class Base(Model):
    metadata = MetaData()


class Account(Base, table="account"):
    id: Mapped[int] = column(primary_key=True, init=False)
    name: Mapped[str] = column(default="")
    entries: Related[WriteOnlyCollection[Entry]] = relationship(
        back_populates="account", order_by="id"
    )
    notes: Related[list[Note]] = relationship(lazy="write_only")
    labels: Related[WriteOnlyCollection[Label]] = relationship(secondary="account_label")


class Entry(Base, table="entry"):
    """Its account is deleted with its entries, by the server."""

    id: Mapped[int] = column(primary_key=True, init=False)
    amount: Mapped[int]
    account_id: Mapped[int] = foreign_key(Account.id, ondelete="CASCADE")
    account: Related[Account] = relationship(back_populates="entries")


class Note(Base, table="note"):
    """Known from its account only, and nothing sees to it when that is deleted."""

    id: Mapped[int] = column(primary_key=True, init=False)
    account_id: Mapped[int | None] = foreign_key(Account.id)


class Label(Base, table="label"):
    id: Mapped[int] = column(primary_key=True, init=False)
    name: Mapped[str]


@pytest.fixture
async def account(tables: CreateTables, engine: Engine) -> int:
    await tables(Base)
    async with Session(engine) as session:
        account = Account(name="a")
        account.entries.add_all([Entry(amount=amount) for amount in (1, 2, 3)])
        session.add(account)
        await session.commit()
        return account.id


async def amounts(session: Session, account: Account) -> list[int]:
    return [entry.amount for entry in await session.all(account.entries.select())]


async def test_n09_members_are_added_and_removed_without_being_loaded(
    account: int, engine: Engine, sent: Sent
) -> None:
    async with Session(engine) as session:
        owner = await session.get_one(Account, account)
        first = await session.first(owner.entries.select())
        assert first is not None
        sent()
        owner.entries.add(Entry(amount=4))
        await session.delete(first)
        await session.flush()
        assert sorted(sent.work()) == ["DELETE entry", "INSERT entry"]
        assert await amounts(session, owner) == [2, 3, 4]
        await session.commit()


async def test_n09_reading_in_memory_is_a_type_error(account: int, engine: Engine) -> None:
    async with Session(engine) as session:
        owner = await session.get_one(Account, account)
        with pytest.raises(TypeError, match=r"Account\.entries is write-only(.|\n)*select\(\)"):
            list(owner.entries)
        for ask in (len, bool):
            with pytest.raises(TypeError, match="write-only"):
                ask(owner.entries)
        assert "entries=<write-only>" in repr(owner)


async def test_n09_an_owner_is_deleted_only_where_the_server_sees_to_the_members(
    account: int, engine: Engine, sent: Sent
) -> None:
    async with Session(engine) as session:
        owner = await session.get_one(Account, account)
        with pytest.raises(InvalidRequestError, match=r"Account\.notes is write-only"):
            await session.delete(owner)


async def test_members_without_a_reference_back_come_and_go(
    account: int, engine: Engine, sent: Sent
) -> None:
    async with Session(engine) as session:
        owner = await session.get_one(Account, account)
        notes = [Note(), Note()]
        for note in notes:
            owner.notes.add(note)  # type: ignore[attr-defined]
        sent()
        await session.flush()
        assert "SELECT" not in sent.verbs()
        assert [note.account_id for note in notes] == [account, account]
        owner.notes.remove(notes[0])
        await session.flush()
        assert sent.work() == ["UPDATE note"]
        assert notes[0].account_id is None
        assert await session.all(owner.notes.select()) == [notes[1]]  # type: ignore[attr-defined]


async def test_links_are_added_and_removed_unread(account: int, engine: Engine, sent: Sent) -> None:
    async with Session(engine) as session:
        owner = await session.get_one(Account, account)
        labels = [Label(name=name) for name in "abc"]
        owner.labels.add_all(labels)
        await session.commit()
        assert len(await session.all(owner.labels.select())) == 3
        owner.labels.remove(labels[1])
        sent()
        await session.commit()
        assert "SELECT" not in sent.verbs()
        rest = await session.all(owner.labels.select().order_by(Label.name))
        assert [label.name for label in rest] == ["a", "c"]
        await session.execute(owner.labels.update().values(name="z"))
        assert sorted(label.name for label in labels) == ["b", "z", "z"]


async def test_statements_are_about_the_members_only(account: int, engine: Engine) -> None:
    async with Session(engine) as session:
        owner = await session.get_one(Account, account)
        other = Account(name="b")
        other.entries.add(Entry(amount=1))
        session.add(other)
        await session.flush()
        await session.execute(owner.entries.insert(), [{"amount": 10}, {"amount": 20}])
        assert await amounts(session, owner) == [1, 2, 3, 10, 20]
        await session.execute(owner.entries.update().values(amount=Entry.amount + 1))
        await session.execute(owner.entries.delete().where(Entry.amount > 3))
        assert await amounts(session, owner) == [2, 3]
        assert await amounts(session, other) == [1]


async def test_nothing_of_what_was_added_is_kept(account: int, engine: Engine) -> None:
    async with Session(engine) as session:
        owner = await session.get_one(Account, account)
        owner.entries.add(Entry(amount=4))
        await session.flush()
        assert "entries" not in vars(owner)


async def test_replacing_and_loading_are_refused(account: int, engine: Engine) -> None:
    async with Session(engine) as session:
        owner = await session.get_one(Account, account)
        with pytest.raises(InvalidRequestError, match="can't be replaced"):
            owner.notes = []
        with pytest.raises(InvalidRequestError, match="never loaded"):
            await session.load(owner, Account.entries)
        with pytest.raises(InvalidRequestError, match="never loaded"):
            await session.all(select(Account).options(selectinload(Account.entries)))
        for loader in (selectinload, joinedload, nestedload):
            with pytest.raises(InvalidRequestError, match="never loaded"):
                await session.all(select(Account).where(false()).options(loader(Account.entries)))
        assert "entries" not in vars(owner)


async def test_a_new_owner_may_be_given_its_members(tables: CreateTables, engine: Engine) -> None:
    await tables(Base)
    async with Session(engine) as session:
        owner = Account(notes=[Note(), Note()])
        with pytest.raises(InvalidRequestError, match="flush"):
            owner.notes.select()  # type: ignore[attr-defined]
        session.add(owner)
        await session.commit()
        assert len(await session.all(owner.notes.select())) == 2  # type: ignore[attr-defined]


async def test_a_rollback_forgets_what_was_added(account: int, engine: Engine) -> None:
    async with Session(engine) as session:
        owner = await session.get_one(Account, account)
        owner.entries.add(Entry(amount=4))
        await session.rollback()
        assert await amounts(session, owner) == [1, 2, 3]
        await session.commit()
        assert await amounts(session, owner) == [1, 2, 3]
