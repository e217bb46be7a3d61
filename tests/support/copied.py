"""Models whose rows are copied: defaults of all kinds, a version, classes in one table."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from asyncorm import (
    Mapped,
    MetaData,
    Model,
    Related,
    column,
    foreign_key,
    func,
    generated,
    relationship,
)


class Copied(Model):
    metadata = MetaData()


class Shelf(Copied, table="copied_shelf"):
    id: Mapped[int] = generated(primary_key=True)
    name: Mapped[str]


class Item(Copied, table="copied item"):
    id: Mapped[int] = generated(primary_key=True)
    code: Mapped[str] = column(unique=True)
    label: Mapped[str | None] = column(name="the label", default=None)
    price: Mapped[Decimal] = column(default=Decimal("1.50"))
    tags: Mapped[list[str]] = column(default_factory=lambda: ["new"])
    added_by: Mapped[str] = column(server_default=func.current_user(), init=False)
    shelf_id: Mapped[int | None] = foreign_key(Shelf.id)
    shelf: Related[Shelf | None] = relationship()


class Counted(Copied, table="copied_counted"):
    code: Mapped[str] = column(primary_key=True)
    amount: Mapped[int]
    note: Mapped[dict[str, Any] | None] = column(default=None)
    version: Mapped[int] = column(version=True, init=False)


class Machine(Copied, table="copied_machine"):
    id: Mapped[int] = generated(primary_key=True)
    kind: Mapped[str] = column(init=False)
    name: Mapped[str]
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "machine"}


class Press(Machine):
    force: Mapped[int | None] = column(default=None)
    __mapper_args__ = {"polymorphic_identity": "press"}


class Robot(Machine, table="copied_robot"):
    id: Mapped[int] = foreign_key(Machine.id, primary_key=True)
    arms: Mapped[int]
    __mapper_args__ = {"polymorphic_identity": "robot"}
