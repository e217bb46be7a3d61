"""Entities with versions of every kind, and the trigger that some of them need."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from asyncorm.models.attributes import Mapped, Related
from asyncorm.models.fields import column, foreign_key, generated, relationship
from asyncorm.models.model import Model
from asyncorm.sql.table import MetaData


class Versioned(Model):
    metadata = MetaData()


class Document(Versioned, table="document"):
    id: Mapped[int] = generated(primary_key=True)
    title: Mapped[str]
    pages: Mapped[int] = column(default=1)
    version: Mapped[int] = column(version=True, init=False)
    notes: Related[list[Remark]] = relationship(
        back_populates="document", cascade="all, delete-orphan"
    )


class Remark(Versioned, table="remark"):
    id: Mapped[int] = generated(primary_key=True)
    text: Mapped[str] = column(default="")
    document_id: Mapped[int] = foreign_key(Document.id)
    document: Related[Document] = relationship(back_populates="notes")


class Circle(Versioned, table="circle"):
    """Refers to others of its kind, so that a row may be written twice in one flush."""

    id: Mapped[int] = generated(primary_key=True)
    name: Mapped[str] = column(default="")
    next_id: Mapped[int | None] = foreign_key("circle.id")
    next: Related[Circle | None] = relationship(remote_side="id")
    version: Mapped[int] = column(version=True, init=False)


class Stamped(Versioned, table="stamped"):
    id: Mapped[int] = column(primary_key=True)
    title: Mapped[str] = column(default="")
    changed_at: Mapped[datetime] = column(version=True, init=False)


class Tagged(Versioned, table="tagged"):
    id: Mapped[int] = column(primary_key=True)
    title: Mapped[str] = column(default="")
    tag: Mapped[UUID] = column(version=True, init=False)


class Triggered(Versioned, table="triggered"):
    id: Mapped[int] = column(primary_key=True)
    title: Mapped[str] = column(default="")
    version: Mapped[int] = column(version="server", init=False)


class Bare(Versioned, table="bare_version"):
    """Has no version of its own: the server's transaction number serves as one."""

    id: Mapped[int] = column(primary_key=True)
    title: Mapped[str] = column(default="")
    __mapper_args__ = {"version": "xmin"}


class Named(Versioned, table="named_version"):
    code: Mapped[str] = column(primary_key=True)
    name: Mapped[str] = column(default="")
    counter: Mapped[int] = column(default=0)
    __mapper_args__ = {"version_id_col": "counter"}


class Leaf(Versioned, table="leaf_version"):
    """Its rows are changed by the server when the key they refer to changes."""

    id: Mapped[int] = column(primary_key=True)
    text: Mapped[str] = column(default="")
    code: Mapped[str | None] = foreign_key(Named.code, onupdate="CASCADE", ondelete="SET NULL")
    named: Related[Named | None] = relationship()
    __mapper_args__ = {"version_id_col": "xmin"}


class Chicken(Versioned, table="chicken"):
    """Refers to its egg, which refers to it: one of both is written twice."""

    id: Mapped[int] = generated(primary_key=True)
    name: Mapped[str] = column(default="")
    egg_id: Mapped[int | None] = foreign_key("egg_version.id")
    egg: Related[Hatched | None] = relationship(foreign_keys="egg_id")
    version: Mapped[int] = column(version=True, init=False)


class Hatched(Versioned, table="egg_version"):
    id: Mapped[int] = generated(primary_key=True)
    chicken_id: Mapped[int | None] = foreign_key(Chicken.id)
    chicken: Related[Chicken | None] = relationship(foreign_keys="chicken_id")
    version: Mapped[int] = column(version=True, init=False)


FUNCTION = (
    "create or replace function count_versions() returns trigger language plpgsql as $$ begin "
    "new.version := case when tg_op = 'INSERT' then 10 else old.version + 5 end; "
    "return new; end $$"
)
TRIGGER = (
    "create trigger count_versions before insert or update on triggered "
    "for each row execute function count_versions()"
)


def version_of(instance: Any) -> Any:
    """The version an object has in memory."""
    return instance.__dict__.get(type(instance).__mapper__.version.name)


class Shown(Versioned, table="shown_version"):
    """Shows the version that PostgreSQL keeps as an attribute of its own."""

    id: Mapped[int] = column(primary_key=True)
    title: Mapped[str]
    xmin: Mapped[int] = column(version=True, init=False)
