"""StatementCache: compiled statements by structure."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any
from weakref import WeakSet

from asyncorm.compiler.compiled import CompiledStatement
from asyncorm.compiler.compiler import compile_statement
from asyncorm.errors import ConfigurationError
from asyncorm.sql.nodes import Statement

_caches: WeakSet[StatementCache] = WeakSet()


def forget_statements() -> None:
    """Forget all compiled statements: an entity has other columns than when they were made."""
    for cache in list(_caches):
        cache.clear()


class StatementCache:
    """Keeps the statements used last, about ``maxsize`` of them.

    Two generations instead of an order of use: a hit among the young costs one look-up. When the
    young fill their half they become the old, and the old that nobody asked for again are gone.
    ``objects`` is the cache for statements whose rows become objects: there the columns of
    subclasses are read as well.
    """

    def __init__(self, maxsize: int = 500, *, loads: bool = False) -> None:
        if type(maxsize) is not int or maxsize < 1:
            raise ConfigurationError(
                "the size of the statement cache must be a whole number from 1",
                hint="leave statement_cache_size out for the default",
            )
        self.maxsize = maxsize
        self._loads = loads
        self.objects = self if loads else StatementCache(maxsize, loads=True)
        self._limit = max(1, maxsize // 2)
        self._young: dict[Hashable, CompiledStatement] = {}
        self._old: dict[Hashable, CompiledStatement] = {}
        _caches.add(self)

    def get(self, statement: Statement[Any]) -> CompiledStatement:
        """The compiled form of a statement, made now if no statement of its shape was seen."""
        found = self._young.get(statement._key)
        if found is not None:
            return found
        return self.find(statement._key, self._compile, statement)

    def recent(self, key: Hashable) -> CompiledStatement | None:
        """What is kept under a key, if that takes no looking."""
        return self._young.get(key)

    def find(
        self,
        key: Hashable,
        compile_it: Callable[[Statement[Any]], CompiledStatement],
        statement: Statement[Any],
    ) -> CompiledStatement:
        """What is kept under a key, compiled now by a function if nothing is."""
        found = self._young.get(key)
        if found is not None:
            return found
        found = self._old.pop(key, None)
        if found is None:
            found = compile_it(statement)
        if len(self._young) >= self._limit:
            self._old = self._young
            self._young = {}
        self._young[key] = found
        return found

    def _compile(self, statement: Statement[Any]) -> CompiledStatement:
        return compile_statement(statement, loads=self._loads)

    def clear(self) -> None:
        """Forget everything."""
        self._young.clear()
        self._old.clear()

    def __len__(self) -> int:
        return len(self._young) + len(self._old)
