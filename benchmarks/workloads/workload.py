"""Workload: one thing that every library does, with its arguments and the checks of its results.

The worker calls, takes the time and checks answers; the runner resets and reads the tables.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from benchmarks.adapter import Adapter


class Wrong(Exception):
    """A library did not do what it was asked for."""


class Workload(ABC):
    """The call with number ``n`` has the same arguments for every library."""

    #: the method of Adapter that is called
    method: str
    #: tables that are emptied before every sample
    writes: ClassVar[tuple[str, ...]] = ()
    #: the part of the rounds that it takes part in, for one that takes long
    share: ClassVar[float] = 1

    def __init__(self, name: str, title: str, calls: int, clients: int = 1) -> None:
        self.name = name
        self.title = title
        #: calls in a sample; so many that it takes about 20 to 60 ms
        self.calls = calls
        #: tasks that make them at the same time
        self.clients = clients

    @abstractmethod
    def arguments(self, number: int) -> tuple[Any, ...]:
        """What the call with this number is given; made before the clock runs."""

    def trial(self, number: int) -> tuple[Any, ...]:
        """What the call that is checked thoroughly is given."""
        return self.arguments(number)

    async def prepare(self, adapter: Adapter) -> None:
        """What a sample needs in the library; not timed."""
        return

    @abstractmethod
    def glance(self, arguments: tuple[Any, ...], answer: Any) -> None:
        """Check an answer cheaply, after every timed call; raises Wrong."""

    @abstractmethod
    def check(self, arguments: tuple[Any, ...], answer: Any) -> None:
        """Check an answer thoroughly; raises Wrong."""

    def keys(self, answer: Any) -> list[int]:
        """The keys that an answer brings back from the database, for ``inspect``."""
        return []

    async def reset(self, connection: Any) -> None:
        """Make the tables as they are before a sample."""
        for table in self.writes:
            await connection.execute(f"TRUNCATE {table} RESTART IDENTITY CASCADE")
        for table in self.writes:
            await connection.execute(f"VACUUM ANALYZE {table}")

    async def restore(self, connection: Any) -> None:
        """Make the tables as the other workloads expect them."""
        await self.reset(connection)

    async def inspect(
        self, connection: Any, arguments: tuple[Any, ...], keys: Sequence[int]
    ) -> None:
        """Compare the tables thoroughly with what one call was given; raises Wrong."""
        return

    async def count(self, connection: Any, numbers: range) -> None:
        """Check that the tables hold what the calls with these numbers wrote; raises Wrong."""
        return


def same(what: str, found: object, expected: object) -> None:
    """Raise Wrong unless a value is the expected one, and of its type."""
    if found != expected or not isinstance(found, type(expected)):
        raise Wrong(f"{what} is {found!r}, not {expected!r}")


def same_attributes(what: str, entity: Any, expected: dict[str, Any]) -> None:
    """Raise Wrong unless an entity has these attributes, with values of the same types."""
    for name, value in expected.items():
        same(f"{what}.{name}", getattr(entity, name), value)


def same_record(what: str, record: Any, expected: dict[str, Any]) -> None:
    """Raise Wrong unless a row of the database has these values."""
    if record is None:
        raise Wrong(f"{what} is not in the database")
    for name, value in expected.items():
        same(f"{what}.{name} in the database", record[name], value)
