from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from asyncorm.errors import ConfigurationError
from asyncorm.mapping.version import following_version
from asyncorm.models.attributes import Mapped
from asyncorm.models.fields import column
from asyncorm.models.model import Model
from asyncorm.schema.ddl import CreateTable
from asyncorm.sql.table import MetaData
from asyncorm.types.scalars import BigInteger, DateTime, Text, Uuid
from tests.support.versioned import Bare, Document, Leaf, Named, Stamped, Triggered


class Base(Model):
    metadata = MetaData()


def test_numbers_count_from_one() -> None:
    following = following_version(BigInteger())
    assert following is not None
    assert [following(None), following(1), following(7)] == [1, 2, 8]


@pytest.mark.parametrize("timezone", [True, False])
def test_a_time_stamp_is_always_later_even_if_the_clock_is_not(timezone: bool) -> None:
    following = following_version(DateTime(timezone=timezone))
    assert following is not None
    first = following(None)
    assert (first.tzinfo is not None) is timezone
    assert following(first) > first
    ahead = first + timedelta(days=1)
    assert following(ahead) == ahead + timedelta(microseconds=1)
    assert abs(datetime.now(UTC) - first.replace(tzinfo=UTC)) < timedelta(minutes=1)


def test_uuids_differ_and_other_types_do_not_count() -> None:
    following = following_version(Uuid())
    assert following is not None
    assert isinstance(following(None), UUID)
    assert following(None) != following(None)
    assert following_version(Text()) is None


def test_the_mapper_knows_its_version() -> None:
    def facts(entity: Any) -> tuple[str, bool]:
        version = entity.__mapper__.version
        return version.name, version.following is None

    assert facts(Document) == ("version", False)
    assert facts(Stamped) == ("changed_at", False)
    assert facts(Triggered) == ("version", True)
    assert facts(Named) == ("counter", False)
    assert facts(Bare) == facts(Leaf) == ("xmin", True)


def test_xmin_is_in_no_create_table() -> None:
    assert "xmin" not in str(CreateTable(Bare))
    assert '"version" bigint NOT NULL' in str(CreateTable(Document))


def test_a_version_is_never_input() -> None:
    assert Document(title="a").version is None
    properties = Document.model_json_schema(mode="validation")["properties"]
    assert "version" not in properties


def test_two_versions_are_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"Two\.one and Two\.two are both the version"):

        class Two(Base, table="two"):
            id: Mapped[int] = column(primary_key=True)
            one: Mapped[int] = column(version=True, init=False)
            two: Mapped[int] = column(version=True, init=False)


def test_a_version_of_a_type_that_does_not_count_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"Odd\.version is of type text"):

        class Odd(Base, table="odd"):
            id: Mapped[int] = column(primary_key=True)
            version: Mapped[str] = column(version=True, init=False)


def test_a_nullable_version_and_one_in_the_key_are_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"Loose\.version is nullable"):

        class Loose(Base, table="loose"):
            id: Mapped[int] = column(primary_key=True)
            version: Mapped[int | None] = column(version=True, init=False)

    with pytest.raises(ConfigurationError, match=r"Keyed\.id is part of the primary key"):

        class Keyed(Base, table="keyed"):
            id: Mapped[int] = column(primary_key=True)
            __mapper_args__ = {"version_id_col": "id"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"polymorphic": 1}, "unknown key 'polymorphic'"),
        ({"version": "nothing"}, r"__mapper_args__\['version'\] names no column"),
        (["version"], "is a list"),
    ],
)
def test_wrong_mapper_arguments_are_refused(arguments: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):

        class Wrong(Base, table="wrong"):
            id: Mapped[int] = column(primary_key=True)
            __mapper_args__ = arguments


def test_saying_the_same_version_twice_is_no_conflict() -> None:
    class Same(Base, table="same"):
        id: Mapped[int] = column(primary_key=True)
        version: Mapped[int] = column(version=True, init=False)
        __mapper_args__ = {"version": "version", "version_id_col": "version"}

    assert Same.__mapper__.version is not None
