from __future__ import annotations

from typing import Any

import pytest

from asyncorm.compiler.cache import StatementCache
from asyncorm.errors import ConfigurationError
from asyncorm.sql.statements.select import select
from tests.support.language import User


def test_a_statement_is_compiled_once_for_its_shape() -> None:
    cache = StatementCache()
    first = cache.get(select(User).where(User.id == 1))
    assert cache.get(select(User).where(User.id == 2)) is first
    assert cache.get(select(User).where(User.id < 2)) is not first
    assert len(cache) == 2


def shapes(count: int) -> list[Any]:
    found = [select(User.id)]
    while len(found) < count:
        found.append(found[-1].where(User.id == 1))
    return found


def test_the_cache_stays_within_its_size() -> None:
    cache = StatementCache(10)
    for statement in shapes(100):
        cache.get(statement)
    assert len(cache) <= 10


def test_what_is_used_again_stays() -> None:
    cache = StatementCache(10)
    kept = cache.get(select(User))
    for statement in shapes(100):
        cache.get(statement)
        assert cache.get(select(User)) is kept


def test_what_is_not_used_goes() -> None:
    cache = StatementCache(10)
    gone = cache.get(select(User))
    for statement in shapes(100):
        cache.get(statement)
    assert cache.get(select(User)) is not gone


def test_clear_forgets_all() -> None:
    cache = StatementCache()
    cache.get(select(User))
    cache.clear()
    assert len(cache) == 0


@pytest.mark.parametrize("size", [0, -1, "5", True, None])
def test_a_wrong_size_is_refused(size: Any) -> None:
    with pytest.raises(ConfigurationError, match="size of the statement cache"):
        StatementCache(size)
