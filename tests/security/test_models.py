"""Abuse of models and state; the numbers are those of the catalogue in docs/security.md."""

from __future__ import annotations

import json
import pickle
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, SecretStr, ValidationError

from asyncorm import (
    AsyncORMError,
    InvalidRequestError,
    Mapped,
    MetaData,
    Model,
    Related,
    Session,
    UnloadedAttributeError,
    column,
    foreign_key,
    generated,
    inspect,
    relationship,
    select,
)

if TYPE_CHECKING:
    from asyncorm.engine.engine import Engine


class Own(Model):
    metadata = MetaData()


class Account(Own, table="security_account"):
    id: Mapped[int] = column(primary_key=True, init=False)
    email: Mapped[str] = column(unique=True)
    role: Mapped[str] = column(default="user", init=False)
    token: Mapped[str] = column(default="", deferred=True)
    notes: Related[list[Remark]] = relationship(back_populates="account")


class Remark(Own, table="security_remark"):
    id: Mapped[int] = generated(primary_key=True)
    text: Mapped[str] = column(default="")
    account_id: Mapped[int] = foreign_key(Account.id)
    account: Related[Account] = relationship(back_populates="notes")


#: keys that were instructions to one ORM or another
FLAGS = [
    "__pk_only__", "__excluded__", "_x", "__x__", "$x", "x__y", "self", "cls", "model_config",
    "_state", "_sa_instance_state", "__class__", "__dict__", "__mapper__", "__table__", "metadata",
    "_connector", "_negated", "__raw__", "$gt", "model_fields", "__init__", "model_construct",
]  # fmt: skip


@pytest.fixture
async def session(engine: Engine) -> AsyncIterator[Session]:
    await engine.create_all(Own)
    async with Session(engine) as session:
        session.add(Account(email="ada@example.org", token="secret"))
        await session.commit()
        yield session
        await session.close()
    await engine.drop_all(Own)


@pytest.mark.parametrize("key", FLAGS)
def test_38_39_45_what_is_no_field_is_refused_in_a_body(key: str) -> None:
    for body in (
        {"email": "x", key: True},
        {"email": "x", key: {"a": 1}},
        {"email": "x", key: None},
    ):
        with pytest.raises(ValidationError) as caught:
            Account.model_validate_json(json.dumps(body))
        assert {error["type"] for error in caught.value.errors()} == {"extra_forbidden"}
        with pytest.raises((ValidationError, TypeError)):
            Account(**body)


async def test_39_what_is_no_field_is_refused_by_apply_at_every_depth(session: Session) -> None:
    account = (await session.scalars(select(Account))).one()
    before = account.model_dump(exclude={"token"})
    for key in FLAGS:
        for payload in ({key: 1}, {"notes": [{key: 1}]}, {"notes": [{"text": "x", key: 1}]}):
            with pytest.raises((AsyncORMError, ValidationError)):
                await session.apply(account, payload)
            assert account.model_dump(exclude={"token"}) == before
            assert not session.dirty
            assert not session.new


KEYS = st.text(max_size=12) | st.sampled_from(FLAGS)
BODIES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=300)
@given(st.dictionaries(KEYS, BODIES, max_size=4))
def test_39_no_key_of_a_body_changes_what_a_model_is(body: dict[str, Any]) -> None:
    config, mapper = dict(Account.model_config), Account.__mapper__
    given_email = {**body, "email": "x"}
    unknown = set(body) - {"email", "id", "token"}
    try:
        account = Account.model_validate(given_email)
    except ValidationError:
        pass
    else:
        assert not unknown
        assert type(account) is Account
        assert inspect(account).transient
        assert account.role == "user"
    assert Account.model_config == config
    assert Account.__mapper__ is mapper


async def test_38_a_key_and_what_is_not_for_init_cannot_be_assigned_from_outside(
    session: Session,
) -> None:
    for body in ({"email": "x", "id": 1}, {"email": "x", "role": "admin"}):
        with pytest.raises(ValidationError):
            Account.model_validate(body)
    account = (await session.scalars(select(Account))).one()
    for payload in ({"id": 99}, {"role": "admin"}):
        with pytest.raises(InvalidRequestError):
            await session.apply(account, payload)


async def test_40_a_value_that_was_not_validated_is_checked_by_the_flush(session: Session) -> None:
    made = Account.model_construct(email=None)
    session.add(made)
    with pytest.raises(AsyncORMError, match="email"):
        await session.flush()


async def test_40_a_pickle_brings_no_session(session: Session) -> None:
    account = (await session.scalars(select(Account))).one()
    again = pickle.loads(pickle.dumps(account))
    assert inspect(again).detached
    with pytest.raises((TypeError, AttributeError, pickle.PicklingError)):
        pickle.dumps(session)


async def test_41_a_key_that_was_changed_changes_no_other_row(session: Session) -> None:
    other = Account(email="grace@example.org")
    session.add(other)
    await session.flush()
    account = (await session.scalars(select(Account).order_by(Account.id))).first()
    assert account is not None
    with pytest.raises(AsyncORMError):
        account.id = other.id
        await session.flush()
    await session.rollback()
    assert await session.scalar(select(Account.email)) == "ada@example.org"


async def test_43_what_is_deferred_is_not_in_dumps(session: Session) -> None:
    session.expunge_all()
    account = (await session.scalars(select(Account))).one()
    assert "secret" not in repr(account)
    with pytest.raises(UnloadedAttributeError):
        _ = account.token


async def test_45_names_that_are_not_mapped_cannot_be_set(session: Session) -> None:
    account = (await session.scalars(select(Account))).one()
    for name in ("nonsense", "is_admin"):
        with pytest.raises((AttributeError, ValueError, AsyncORMError)):
            setattr(account, name, 1)


async def test_48_nothing_is_loaded_behind_the_back(session: Session) -> None:
    account = (await session.scalars(select(Account))).one()
    with pytest.raises(UnloadedAttributeError):
        _ = account.notes
    await session.close()
    with pytest.raises(AsyncORMError):
        _ = account.notes


async def test_23_a_payload_is_no_value_of_a_column(session: Session) -> None:
    class Payload(BaseModel):
        ne: str = ""

    for value in (Payload(), {"ne": ""}, ["a"], SecretStr("x")):
        with pytest.raises(AsyncORMError, match="email"):
            select(Account).filter_by(email=value)
