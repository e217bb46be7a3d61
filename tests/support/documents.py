"""People with settings: documents of every kind of field."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from asyncorm import Index, Mapped, MetaData, Model, column, generated


class Theme(Enum):
    LIGHT = "light"
    DARK = "dark"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Notifications(BaseModel):
    email: bool = True
    limit: Decimal | None = None


class Settings(BaseModel):
    theme: str = Field("light", alias="uiTheme")
    mode: Theme = Theme.LIGHT
    level: Level = Level.LOW
    size: int = 10
    ratio: float = 0.5
    day: date = date(2026, 1, 1)
    at_time: time = time(12, 30)
    since: datetime | None = None
    took: timedelta = timedelta(days=400)
    key: UUID = UUID(int=1)
    kind: Literal["a", "b"] = "a"
    either: int | str = 1
    data: bytes = b"x"
    notifications: Notifications = Notifications()
    backup: Notifications | None = None
    tags: list[str] = []
    limits: dict[str, int] = {}
    others: list[Notifications] = []
    flags: set[str] = set()
    free: Any = None
    label: str = "label"
    name: str = "name"


class Documents(Model):
    metadata = MetaData()


class Person(Documents, table="person"):
    id: Mapped[int] = generated(primary_key=True)
    settings: Mapped[Settings] = column(default_factory=Settings)
    backup: Mapped[Settings | None] = column(default=None)
    plain: Mapped[dict[str, Any]] = column(default_factory=dict)
    visits: Mapped[int] = column(default=0)

    __table_args__ = (Index("ix_person_plain", "plain", using="gin"),)


ADA = Settings(
    uiTheme="dark",
    mode=Theme.DARK,
    level=Level.HIGH,
    size=10**20,
    ratio=1.5,
    day=date(2026, 2, 1),
    at_time=time(23, 0),
    since=datetime(2026, 1, 1, tzinfo=UTC),
    took=timedelta(days=-1),
    key=UUID(int=2),
    kind="b",
    either="1",
    data=b"y",
    notifications=Notifications(email=False, limit=Decimal("1.50")),
    backup=Notifications(),
    tags=["x", "y"],
    limits={"a'b": 1, "a": 5},
    others=[Notifications(limit=Decimal(3))],
    flags={"f", "g"},
    free={"deep": [1, 2]},
    label="other",
    name="ada",
)


def people() -> list[Person]:
    """One with the defaults, and one with everything else; the documents differ in all fields."""
    return [Person(), Person(settings=ADA, backup=ADA)]
