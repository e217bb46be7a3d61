"""A new object that another one takes the place of, told from the side of the reference."""

from __future__ import annotations

from asyncorm.tracking.unit_of_work import UnitOfWork
from tests.support.guild import Guild, Locker, Member

Guild.metadata.configure()


def test_a_pending_orphan_leaves_when_another_one_refers_to_its_owner() -> None:
    unit = UnitOfWork()
    member, first, second = Member(name="m"), Locker(number=1), Locker(number=2)
    member.locker = first
    unit.add(member)
    assert first in unit.new
    second.holder = member
    unit.add(second)
    assert member.locker is second
    assert first.holder is None
    assert first not in unit.new
    assert second in unit.new
