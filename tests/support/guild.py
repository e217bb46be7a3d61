"""A guild: the models of random sessions."""

from __future__ import annotations

from typing import Any

from asyncorm import (
    Mapped,
    MetaData,
    Model,
    Related,
    UniqueConstraint,
    attribute_keyed_dict,
    column,
    foreign_key,
    relationship,
)


class Guild(Model):
    metadata = MetaData()


class Member(Guild, table="member"):
    """Refers to other members, wears badges, owns the rest."""

    id: Mapped[int] = column(primary_key=True, init=False)
    name: Mapped[str]
    email: Mapped[str | None] = column(unique=True, default=None)
    notes: Mapped[dict[str, Any]] = column(default_factory=dict)
    patron_id: Mapped[int | None] = foreign_key("member.id")
    patron: Related[Member | None] = relationship(back_populates="clients", remote_side="id")
    clients: Related[list[Member]] = relationship(back_populates="patron")
    accounts: Related[list[Account]] = relationship(
        back_populates="owner", cascade="all, delete-orphan", order_by="id"
    )
    tools: Related[dict[str, Tool]] = relationship(
        back_populates="owner",
        collection_class=attribute_keyed_dict("kind"),
        cascade="all, delete-orphan",
    )
    locker: Related[Locker | None] = relationship(
        back_populates="holder", cascade="all, delete-orphan"
    )
    parts: Related[list[Part]] = relationship(back_populates="member", cascade="all, delete-orphan")
    badges: Related[set[Badge]] = relationship(secondary="member_badge", back_populates="wearers")


class Account(Guild, table="account"):
    """Versioned; can't be without its owner."""

    id: Mapped[int] = column(primary_key=True, init=False)
    amount: Mapped[int]
    version: Mapped[int] = column(version=True, init=False)
    owner_id: Mapped[int] = foreign_key(Member.id)
    owner: Related[Member] = relationship(back_populates="accounts")


class Tool(Guild, table="tool"):
    """A member has one of a kind."""

    id: Mapped[int] = column(primary_key=True, init=False)
    kind: Mapped[str]
    owner_id: Mapped[int] = foreign_key(Member.id)
    owner: Related[Member] = relationship(back_populates="tools")
    __table_args__ = (UniqueConstraint("owner_id", "kind"),)


class Locker(Guild, table="locker"):
    """A member has one at most."""

    id: Mapped[int] = column(primary_key=True, init=False)
    number: Mapped[int]
    holder_id: Mapped[int] = foreign_key(Member.id, unique=True)
    holder: Related[Member] = relationship(back_populates="locker")


class Badge(Guild, table="badge"):
    """Its key is its code, which may change."""

    code: Mapped[str] = column(primary_key=True)
    label: Mapped[str]
    wearers: Related[list[Member]] = relationship(secondary="member_badge", back_populates="badges")


class Quest(Guild, table="quest"):
    """What members take parts in."""

    id: Mapped[int] = column(primary_key=True, init=False)
    title: Mapped[str]
    parts: Related[list[Part]] = relationship(back_populates="quest", cascade="all, delete-orphan")


class Part(Guild, table="part"):
    """Between a member and a quest; both make its key."""

    member_id: Mapped[int] = foreign_key(Member.id, primary_key=True)
    quest_id: Mapped[int] = foreign_key(Quest.id, primary_key=True)
    role: Mapped[str]
    member: Related[Member] = relationship(back_populates="parts")
    quest: Related[Quest] = relationship(back_populates="parts")
