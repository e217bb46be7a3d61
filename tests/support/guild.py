"""A guild: the models of random sessions, and the plain picture of what they should hold."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field

from asyncorm import Mapped, MetaData, Model, Related, column, foreign_key, relationship


class Guild(Model):
    metadata = MetaData()


class Member(Guild, table="member"):
    """Refers to other members, owns its accounts, wears badges."""

    id: Mapped[int] = column(primary_key=True, init=False)
    name: Mapped[str]
    patron_id: Mapped[int | None] = foreign_key("member.id")
    patron: Related[Member | None] = relationship(back_populates="clients", remote_side="id")
    clients: Related[list[Member]] = relationship(back_populates="patron")
    accounts: Related[list[Account]] = relationship(
        back_populates="owner", cascade="all, delete-orphan", order_by="id"
    )
    badges: Related[set[Badge]] = relationship(secondary="member_badge", back_populates="wearers")


class Account(Guild, table="account"):
    """Versioned; can't be without its owner."""

    id: Mapped[int] = column(primary_key=True, init=False)
    amount: Mapped[int]
    version: Mapped[int] = column(version=True, init=False)
    owner_id: Mapped[int] = foreign_key(Member.id)
    owner: Related[Member] = relationship(back_populates="accounts")


class Badge(Guild, table="badge"):
    """Its key is its code, which may change."""

    code: Mapped[str] = column(primary_key=True)
    label: Mapped[str]
    wearers: Related[list[Member]] = relationship(secondary="member_badge", back_populates="badges")


@dataclass
class Picture:
    """What the rows should be, by handles that stand for the objects."""

    names: dict[int, str] = field(default_factory=dict)
    patrons: dict[int, int | None] = field(default_factory=dict)
    amounts: dict[int, int] = field(default_factory=dict)
    owners: dict[int, int] = field(default_factory=dict)
    labels: dict[int, str] = field(default_factory=dict)
    codes: dict[int, str] = field(default_factory=dict)
    links: set[tuple[int, int]] = field(default_factory=set)

    def copy(self) -> Picture:
        """The same, to go on from."""
        return deepcopy(self)

    def delete_member(self, handle: int) -> None:
        """Its accounts go, its clients stay without a patron, its badges are taken off."""
        del self.names[handle], self.patrons[handle]
        for client, patron in self.patrons.items():
            if patron == handle:
                self.patrons[client] = None
        for account in [a for a, owner in self.owners.items() if owner == handle]:
            self.delete_account(account)
        self.links = {(m, b) for m, b in self.links if m != handle}

    def delete_account(self, handle: int) -> None:
        del self.amounts[handle], self.owners[handle]

    def delete_badge(self, handle: int) -> None:
        del self.labels[handle], self.codes[handle]
        self.links = {(m, b) for m, b in self.links if b != handle}
