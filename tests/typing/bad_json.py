"""Parts of documents: each line marked so must be reported, and no other."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from asyncorm import Mapped, Model, column, select, update


class Notifications(BaseModel):
    email: bool = True
    limit: Decimal | None = None


class Settings(BaseModel):
    theme: str = "light"
    size: int = 10
    since: datetime | None = None
    notifications: Notifications = Notifications()
    backup: Notifications | None = None
    tags: list[str] = []
    limits: dict[str, int] = {}
    others: list[Notifications] = []
    label: str = ""


class User(Model, table="users"):
    id: Mapped[int] = column(primary_key=True, init=False)
    email: Mapped[str]
    settings: Mapped[Settings] = column(default_factory=Settings)
    backup: Mapped[Settings | None] = column(default=None)
    plain: Mapped[dict[str, Any]] = column(default_factory=dict)
    numbers: Mapped[list[int] | None] = column(default=None)


select(User).where(User.settings.at(lambda s: s.theme) == 5)  # E another type
User.settings.at(lambda s: s.teme)  # E no such field
User.settings.at(lambda s: s.notifications.emial)  # E no such field of the inner model
select(User).where(User.settings.at(lambda s: s.size) > "x")  # E
User.settings.at(lambda s: s.size).like("x")  # E like() is for text
User.settings.at(lambda s: s.backup.email)  # E may be None
User.settings.lable("x")  # E a part can't be called
select(User).where(User.settings == 5)  # E
update(User).set(User.settings.at(lambda s: s.size).set("x"))  # E
update(User).set(User.settings.set(None))  # E NOT NULL
select(User).where(User.settings.at(lambda s: s.theme))  # E !mypy no condition
User.settings.at(lambda s: s.size).in_(["x"])  # E
User.numbers.at(lambda n: n)  # E !mypy these are no documents
