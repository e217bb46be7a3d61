from __future__ import annotations

from typing import Any

import pytest

from asyncorm.tracking.identity_map import IdentityMap, References
from tests.support.bookshop import Author, Country

AUTHORS: Any = Author.__mapper__
COUNTRIES: Any = Country.__mapper__


@pytest.fixture
def identity_map() -> IdentityMap:
    return IdentityMap()


def test_it_finds_what_was_added_under_mapper_and_key(identity_map: IdentityMap) -> None:
    author, country = Author(name="a"), Country(code="a", name="a")
    identity_map.add(AUTHORS, 1, author)
    identity_map.add(COUNTRIES, "a", country)
    assert identity_map.get(AUTHORS, 1) is author
    assert identity_map.get(COUNTRIES, 1) is None
    assert identity_map.get(AUTHORS, 2) is None
    assert identity_map.instances() == [author, country]
    assert list(identity_map.items()) == [((AUTHORS, 1), author), ((COUNTRIES, "a"), country)]


def test_it_keeps_nothing_alive(identity_map: IdentityMap) -> None:
    author = Author(name="a")
    identity_map.add(AUTHORS, 1, author)
    del author
    assert identity_map.get(AUTHORS, 1) is None
    assert identity_map.instances() == []
    assert list(identity_map.items()) == []


def test_discard_leaves_the_entry_of_another_instance(identity_map: IdentityMap) -> None:
    first, second = Author(name="a"), Author(name="b")
    identity_map.add(AUTHORS, 1, first)
    identity_map.add(AUTHORS, 1, second)
    identity_map.discard(AUTHORS, 1, first)
    assert identity_map.get(AUTHORS, 1) is second
    identity_map.discard(AUTHORS, 1, second)
    assert identity_map.get(AUTHORS, 1) is None
    identity_map.discard(AUTHORS, 1, second)
    identity_map.discard(COUNTRIES, 1, second)


def test_dead_references_are_swept_now_and_then(identity_map: IdentityMap) -> None:
    kept = [Author(name=f"{n}") for n in range(10)]
    for n, author in enumerate(kept):
        identity_map.add(AUTHORS, n, author)
    for n in range(10, 20_000):
        identity_map.add(AUTHORS, n, Author(name="x"))
    assert len(identity_map.references(AUTHORS)) < 2_000
    assert identity_map.instances() == kept


def test_sweeping_gets_rarer_with_the_number_of_the_living() -> None:
    references = References()
    identity_map = IdentityMap()
    identity_map.tables[AUTHORS] = references
    living = [Author(name=f"{n}") for n in range(3_000)]
    for n, author in enumerate(living):
        identity_map.add(AUTHORS, n, author)
    assert references.sweep_at > 3_000
    assert len(references.live()) == 3_000


def test_clear_forgets_everything(identity_map: IdentityMap) -> None:
    author = Author(name="a")
    identity_map.add(AUTHORS, 1, author)
    identity_map.clear()
    assert identity_map.get(AUTHORS, 1) is None
