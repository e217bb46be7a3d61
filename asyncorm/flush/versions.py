"""Versions in a flush: which one a row must still have, and which one it gets."""

from __future__ import annotations

from typing import Any

from asyncorm.errors import FlushError
from asyncorm.flush.plan import Batch, Kind
from asyncorm.mapping.written_part import WrittenPart
from asyncorm.tracking.changes import originals_of, same
from asyncorm.tracking.links import record
from asyncorm.tracking.state import UNLOADED


class Versions:
    """The versions of the rows of one flush, which may write a row more than once."""

    def __init__(self) -> None:
        #: of rows that this flush has written already
        self._written: dict[Any, Any] = {}

    def unknown(self, batch: Batch) -> list[Any]:
        """The objects whose version is not loaded."""
        if batch.kind is Kind.INSERT:
            return []
        return [i for i in batch.holders if self._stored(i, batch.part) is UNLOADED]

    def begin(self, batch: Batch) -> list[Any]:
        """Give the objects their next versions; returns those their rows must still have.

        Raises FlushError for a version that is NULL.
        """
        part = batch.part
        assert part.version is not None
        if batch.kind is Kind.INSERT:
            if part.version.following is not None:
                for instance in batch.instances:
                    instance.__dict__[part.version.name] = part.version.following(None)
            return []
        stored = [self._stored(holder, part) for holder in batch.holders]
        if None in stored:
            raise FlushError(
                f"{part.name}.{part.version.name} of a stored row is NULL; an UPDATE or "
                "DELETE needs a non-NULL version to check",
                hint="give the row a version by an UPDATE statement, and load the object again",
            )
        if batch.kind is Kind.UPDATE:
            for instance, version in zip(batch.instances, stored, strict=True):
                self._advance(instance, version, part)
        return stored

    def _stored(self, instance: Any, part: WrittenPart) -> Any:
        """The version of the row as far as is known."""
        assert part.version is not None
        name = part.version.name
        if instance in self._written:
            return self._written[instance]
        return originals_of(instance).get(name, instance.__dict__.get(name, UNLOADED))

    def _advance(self, instance: Any, stored: Any, part: WrittenPart) -> None:
        """The next version, unless the object was assigned another one by hand."""
        assert part.version is not None
        name, following = part.version.name, part.version.following
        values, originals = instance.__dict__, originals_of(instance)
        first = instance not in self._written
        by_hand = first and name in originals and not same(originals[name], values.get(name))
        record(instance, name, stored)
        if following is not None and not by_hand:
            values[name] = following(stored)

    def end(self, batch: Batch) -> None:
        """The rows are written with the versions that the objects have now."""
        assert batch.part.version is not None
        name = batch.part.version.name
        if batch.kind is not Kind.DELETE:
            self._written.update((i, i.__dict__[name]) for i in batch.instances)


def know_version(instance: Any, part: WrittenPart, version: Any) -> None:
    """Take over the version that the row of an object has."""
    assert part.version is not None
    name, originals = part.version.name, originals_of(instance)
    (originals if name in originals else instance.__dict__)[name] = version
