"""Parts of documents: by attribute as anything, by at() with their exact types."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, assert_type

from pydantic import BaseModel

from asyncorm import Mapped, Model, column, func, select, update
from asyncorm.sql.document_columns import DocumentColumn
from asyncorm.sql.document_paths import DocumentPath
from asyncorm.sql.assignment import Assignment
from asyncorm.sql.expressions import Condition
from asyncorm.sql.functions.calls import NullFunctionCall
from asyncorm.sql.statements.select import Select
from asyncorm.sql.table import Column, NullColumn


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


class Free(Model, table="free"):
    id: Mapped[int] = column(primary_key=True, init=False)
    data: Mapped[Any]


assert_type(User.id, Column[int])
assert_type(User.settings, DocumentColumn[Settings])
assert_type(User.backup, NullColumn[Settings])
assert_type(User.plain, Column[dict[str, Any]])
assert_type(User.numbers, NullColumn[list[int]])

user = User(email="x")
assert_type(user.settings, Settings)
assert_type(user.backup, Settings | None)

# by attribute: the checker does not know the part
assert_type(User.settings.theme, DocumentPath[Any])
assert_type(User.settings.theme == "dark", Condition)
assert_type(User.settings.notifications.email.is_(True), Condition)
assert_type(User.settings.tags[0] == "x", Condition)
assert_type(User.settings.limits["a"] > 5, Condition)
assert_type(User.settings["label"] == "x", Condition)
assert_type(User.backup["theme"] == "x", Condition)
assert_type(User.settings == Settings(), Condition)

# by at(): it does
assert_type(User.settings.at(lambda s: s.theme), DocumentPath[str])
assert_type(User.settings.at(lambda s: s.label) == "x", Condition)
assert_type(User.settings.at(lambda s: s.since), DocumentPath[datetime])
assert_type(User.settings.at(lambda s: s.limits["a"]) > 5, Condition)
assert_type(User.settings.at(lambda s: s.others[0].email), DocumentPath[bool])
assert_type(User.settings.at(lambda s: s.backup).at(lambda b: b.limit), DocumentPath[Decimal])
assert_type(User.backup.at(lambda s: s.notifications), DocumentPath[Notifications])

assert_type(select(User.settings), Select[Settings])
assert_type(select(User.settings.at(lambda s: s.theme)), Select[str | None])
assert_type(
    select(User.id, User.settings.at(lambda s: s.notifications)),
    Select[tuple[int, Notifications | None]],
)
select(User).where(User.settings.at(lambda s: s.notifications.email))
select(User).where(User.settings.notifications.email)

assert_type(User.settings.theme.set("light"), Assignment)
update(User).set(User.settings.at(lambda s: s.size).set(5))
update(User).set(User.settings.set(Settings()))

# plain documents
assert_type(User.plain["a"]["b"].astext == "x", Condition)
assert_type(User.plain["a"].as_integer() > 5, Condition)

# functions
assert_type(func.jsonb_array_length(User.plain["a"]), NullFunctionCall[int])
assert_type(func.jsonb_typeof(User.settings), NullFunctionCall[str])
assert_type(select(func.jsonb_path_exists(User.settings, "$.x")), Select[bool | None])
select(User).where(User.plain.has_any(["a"]), User.plain.path_exists("$.a"))
update(User).values({User.settings.theme: "dark", User.email: "x"})
