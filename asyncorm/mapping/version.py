"""Version: the column by which an UPDATE or DELETE notices that its row was changed meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from asyncorm.sql.table import BaseColumn
from asyncorm.types.base import SQLType
from asyncorm.types.scalars import DateTime

#: the version of a row (None: of a new one) -> the version its next UPDATE gives it
Following = Callable[[Any], Any]


class Version(NamedTuple):
    """The version column of an entity; ``following`` is None where the server makes versions."""

    name: str
    column: BaseColumn[Any, Any]
    following: Following | None


def following_version(type_: SQLType[Any]) -> Following | None:
    """How versions of a type follow each other; None for a type that can't count any."""
    if isinstance(type_, DateTime):
        return _later if type_.timezone else _later_without_zone
    return _FOLLOWING.get(type_.python_type)


def _count(version: int | None) -> int:
    return 1 if version is None else version + 1


def _later(version: datetime | None) -> datetime:
    """Made here and not by the server, whose now() stands still in a transaction: every UPDATE
    has another version, also within one microsecond or with clocks that differ, and nothing need
    come back."""
    now = datetime.now(UTC)
    return now if version is None or now > version else version + timedelta(microseconds=1)


def _later_without_zone(version: datetime | None) -> datetime:
    now = datetime.now(UTC).replace(tzinfo=None)
    return now if version is None or now > version else version + timedelta(microseconds=1)


def _another(version: UUID | None) -> UUID:
    return uuid4()


_FOLLOWING: dict[type[Any], Following] = {int: _count, UUID: _another}
