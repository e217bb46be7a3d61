"""Adapter: what every library under test does, one method a workload.

The tables and rows are in ``schema.py``; the worker calls the methods, takes the time and checks
what they return. Entities are whatever objects the library gives, with the columns as attributes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

#: the values of one row, without its key
Row = dict[str, Any]


class Adapter(ABC):
    """One library, used as its own documentation recommends for speed.

    A method that is not overridden is a workload that the library has no means for, and the
    tables leave it out.
    """

    #: as the tables show it
    name: ClassVar[str]
    #: "by hand" (SQL and a driver), "orm", or "builder" (no objects of its own)
    kind: ClassVar[str]
    #: distributions whose versions are printed
    packages: ClassVar[tuple[str, ...]]
    #: what its import time is measured of
    imports: ClassVar[str]

    @abstractmethod
    async def open(self, url: str, pool_size: int) -> None:
        """Connect; ``url`` is a postgresql:// one over TCP. Connections are made when needed."""

    @abstractmethod
    async def close(self) -> None:
        """Disconnect."""

    # -- reading -----------------------------------------------------------------------------

    async def get(self, key: int) -> Any:
        """The person with a key, as an entity."""
        raise NotImplementedError

    async def filter(self, age: int) -> Sequence[Any]:
        """The first 20 people of an age whose id is at most 2,000, by id."""
        raise NotImplementedError

    async def load(self, count: int) -> Sequence[Any]:
        """The people with ``id <= count``, in any order, as entities."""
        raise NotImplementedError

    async def eager_selectin(self) -> Sequence[Any]:
        """All authors by id with their ``books``: a second statement for the books."""
        raise NotImplementedError

    async def eager_joined(self) -> Sequence[Any]:
        """All authors by id with their ``books``: one statement with a JOIN."""
        raise NotImplementedError

    async def eager_nested(self) -> Sequence[Any]:
        """All authors by id with their ``books``: one statement that nests them (JSON, arrays)."""
        raise NotImplementedError

    async def books_with_author(self) -> Sequence[Any]:
        """All books by id, each with its ``author``, by one JOIN."""
        raise NotImplementedError

    # -- writing -----------------------------------------------------------------------------

    async def insert_one(self, row: Row) -> int:
        """Make an Entry of ``row``, store it durably, and return its key."""
        raise NotImplementedError

    async def insert_many(self, rows: Sequence[Row]) -> Sequence[Any]:
        """Make entities (Entry) of ``rows``, store them in one transaction; they know their id."""
        raise NotImplementedError

    async def load_for_update(self, count: int) -> None:
        """Load the people with ``id <= count`` and keep them; not timed."""
        raise NotImplementedError

    async def update_loaded(self, name: str, age: int) -> None:
        """Set ``name`` and ``age`` of each of those objects and store them in one transaction."""
        raise NotImplementedError

    async def insert_graph(self, orders: Sequence[tuple[Row, Sequence[Row]]]) -> Sequence[Any]:
        """Make orders with their items and store all in one transaction.

        Returns the orders; they know their ``id``, and the items in ``items`` theirs.
        """
        raise NotImplementedError

    async def mixed(self, account: int, body: str) -> int:
        """A unit of a web backend, in one transaction, returning the key of the new comment.

        Read an account by key, insert a Comment on it, add 1 to the account's ``comments``.
        """
        raise NotImplementedError

    async def copy(self, rows: Sequence[Row]) -> None:
        """Store many Entry rows by COPY; their keys are not asked for."""
        raise NotImplementedError
