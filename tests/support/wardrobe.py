"""Entities whose values can change inside: documents, models and arrays."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from asyncorm import Mapped, MetaData, Model, column


class Wardrobe(Model):
    metadata = MetaData()


class Colour(BaseModel):
    name: str = "red"
    shades: list[str] = []


class Settings(BaseModel):
    theme: str = "light"
    colour: Colour = Colour()
    codes: dict[str, list[int]] = {}


class User(Wardrobe, table="wardrobe_user"):
    id: Mapped[int] = column(primary_key=True, init=False)
    name: Mapped[str] = column(default="")
    data: Mapped[dict[str, Any]] = column(default_factory=dict)
    settings: Mapped[Settings] = column(default_factory=Settings)
    tags: Mapped[list[str]] = column(default_factory=list)
    marks: Mapped[set[int]] = column(default_factory=set)
    extra: Mapped[dict[str, Any] | None] = column(default=None)
