"""CopyingSession: the part of a session that takes values over from objects and payloads."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, TypeVar

from asyncorm.models.model import Model
from asyncorm.models.payload import Payload
from asyncorm.session.applying import apply
from asyncorm.session.merging import merge
from asyncorm.session.reading import ReadingSession
from asyncorm.tracking.unit_of_work import mapper_of

M = TypeVar("M", bound=Model)


class CopyingSession(ReadingSession):
    """What a session writes values onto its objects with: merge and apply."""

    async def merge(self, instance: M, *, load: bool = True, options: Sequence[Any] = ()) -> M:
        """Copy an object's state onto the session's instance of its key, and return that one.

        Only what is present is copied: what a constructor was given, or what is loaded; related
        objects follow along the merge cascade. ``options`` apply to the SELECT of the row.
        ``load=False`` sends nothing and takes the copy for what the database has: for objects of
        a cache. InvalidRequestError if the object has no row then, or unflushed changes.
        """
        (merged,) = await self.merge_all([instance], load=load, options=options)
        return merged

    async def merge_all(
        self, instances: Iterable[M], *, load: bool = True, options: Sequence[Any] = ()
    ) -> list[M]:
        """Merge several objects; one SELECT for each entity and step of the graph, not for each."""
        with self._guard("merge"):
            self._transaction.check()
            sources = list(instances)
            for source in sources:
                mapper_of(source).entity.metadata.configure()
            if load:
                await self._core.autoflush()
            self._transaction.autobegin()
            return await merge(self._core, sources, load, options)

    async def apply(self, instance: M, payload: Payload, *, ignore: Collection[str] = ()) -> M:
        """Write what is set in a pydantic model or dict onto an object and its related ones.

        ::

            class LetterIn(BaseModel):
                id: int | None = None
                text: str

            class PersonPatch(BaseModel):
                name: str = ""
                letters: list[LetterIn] = []

            await session.apply(person, PersonPatch.model_validate_json(body))

        Unset fields are left alone, None is written. A nested list says what a relationship
        holds: children with the key of a present one are updated, others added, those missing
        from it removed (deleted with delete-orphan). A to-one payload without a key is about the
        object that is there. What is not loaded is loaded, one statement for each relationship
        on each level. Nothing is changed if anything is refused: InvalidRequestError for names
        that are no attributes (``ignore`` leaves them out), for keys and ``init=False`` columns
        with another value, and for rows of another parent; pydantic's ValidationError for values;
        StaleDataError for a version that is not the row's.
        """
        with self._guard("apply"):
            self._transaction.check()
            mapper_of(instance).entity.metadata.configure()
            self._transaction.autobegin()
            await apply(self._core, instance, payload, ignore)
            return instance
