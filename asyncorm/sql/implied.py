"""ImpliedAlias: the other side of a to-one relationship, joined since a column of it is used."""

from __future__ import annotations

from typing import Any

from asyncorm.sql.expressions import Expression
from asyncorm.sql.nodes import AnonymousName
from asyncorm.sql.sources import Alias, source_of


class ImpliedName(AnonymousName):
    """Its name; among the parameters of a statement it says that joins are implied."""

    __slots__ = ()


class ImpliedAlias(Alias):
    """What ``Book.author.to`` is: an alias that brings its own LEFT JOIN.

    There is one for each relationship of an owner, so that all columns share one join. The
    compiler joins it where the FROM of a statement has the root of the path, the first owner.
    """

    def __init__(self, owner: Any, relationship: Any, entity: type[Any]) -> None:
        super().__init__(entity, None)
        self._name = ImpliedName(self.__table__.name)
        self._owner = owner
        self._relationship = relationship
        origin = source_of(owner)
        #: what stands at the beginning of the path
        self._root: Any = origin._root if isinstance(origin, ImpliedAlias) else origin
        self._identify(
            ("implied", relationship._key, entity, origin._key),
            (self._name, *origin._parameters, *relationship._bound),
        )

    def _condition(self) -> Expression[bool, bool]:
        """What it is joined on."""
        condition: Expression[bool, bool] = self._relationship._join(self._owner, self).condition
        return condition

    def _rooted_at(self, root: Alias) -> ImpliedAlias:
        """The same path from another beginning."""
        above = self._owner
        owner = above._rooted_at(root) if isinstance(above, ImpliedAlias) else root
        return implied_alias(owner, self._relationship, self._entity)

    def __repr__(self) -> str:
        return f"<{self._relationship}.to>"


def implied_alias(owner: Any, relationship: Any, entity: type[Any]) -> ImpliedAlias:
    """The alias of what a to-one relationship leads to, from an entity or from an alias."""
    known = owner._implied if isinstance(owner, Alias) else relationship._implied
    key = (relationship, entity, None if isinstance(owner, Alias) else owner)
    found = known.get(key)
    if found is None:
        found = known.setdefault(key, ImpliedAlias(owner, relationship, entity))
    return found  # type: ignore[no-any-return]
