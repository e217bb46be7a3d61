"""Texts whose rows are read carefully: so many, and those of one engine."""

from __future__ import annotations

from asyncorm import create_engine
from asyncorm.engine.careful import Learned


def test_the_newest_are_kept() -> None:
    learned = Learned()
    for number in range(1500):
        learned.add(f"SELECT {number}")
    assert len(learned) == 1000
    assert "SELECT 1499" in learned
    assert "SELECT 0" not in learned
    learned.add("SELECT 1499")


def test_each_engine_has_its_own() -> None:
    one, other = (create_engine("postgresql://localhost/none") for _ in range(2))
    one.pool.learned.add("SELECT 1")
    assert not other.pool.learned
