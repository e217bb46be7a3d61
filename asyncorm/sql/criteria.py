"""Criteria: a condition for all rows of an entity, wherever a statement reads them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any

from asyncorm.errors import ArgumentError
from asyncorm.sql.expressions import Expression, as_condition
from asyncorm.sql.nodes import Option, combined
from asyncorm.sql.table import Table
from asyncorm.types.scalars import BOOLEAN


class Criterion(Expression[bool, bool]):
    """The condition for one entity. To what it reads itself, criteria don't apply."""

    __slots__ = ("inner",)

    def __init__(self, inner: Expression[bool, Any]) -> None:
        super().__init__(BOOLEAN, ("criterion", inner._key), inner._parameters)
        self.inner = inner


class Criteria(Option):
    """An option of statements: the conditions for a class and all that derive from it.

    A function makes the condition for each mapped class. It is called again when there are more
    classes, since none may be left out.
    """

    def __init__(
        self,
        entity: type[Any],
        where: Expression[bool, Any] | Callable[[Any], Expression[bool, Any]],
        *,
        include_aliases: bool = False,
        propagates: bool = True,
    ) -> None:
        self.entity = entity
        self.include_aliases = include_aliases
        #: whether objects take it along, for what is loaded for them later
        self.propagates = propagates
        self._where = where
        self._known: dict[type[Any], Criterion] = {}

    @property
    def conditions(self) -> dict[type[Any], Criterion]:
        """The condition for each mapped class."""
        classes = list(_mapped(self.entity))
        if not classes:
            raise ArgumentError(
                f"criteria for {self.entity.__name__} hold for no mapped class",
                hint="give a mapped class, or one that mapped classes derive from",
            )
        if len(classes) != len(self._known):
            where = self._where
            if isinstance(where, Expression):
                self._known = dict.fromkeys(classes, Criterion(where))
            else:
                self._known = {cls: Criterion(as_condition(where(cls))) for cls in classes}
        return self._known

    def condition_for(self, target: Any) -> Criterion | None:
        """The condition for an entity, or for a table as the first class has it."""
        if not isinstance(target, Table):
            return self.conditions.get(target)
        for entity, condition in self.conditions.items():
            bases = entity.__mro__[1:]
            if _table(entity) is target and all(_table(base) is not target for base in bases):
                return condition
        return None

    @property
    def criteria(self) -> tuple[Criteria, ...]:
        """Itself, as an option that brings criteria."""
        return (self,)

    @property
    def _key(self) -> Hashable:
        keys = tuple((entity, condition._key) for entity, condition in self.conditions.items())
        return ("criteria", self.include_aliases, self.propagates, keys)

    @property
    def _parameters(self) -> tuple[Any, ...]:
        return combined(dict.fromkeys(self.conditions.values()))[1]

    def __repr__(self) -> str:
        return f"<criteria for {self.entity.__name__}>"


def _table(entity: type[Any]) -> Any:
    return getattr(entity, "__table__", None)


def _mapped(entity: type[Any]) -> Iterable[type[Any]]:
    """The mapped classes among a class and those that derive from it, bases first."""
    found: dict[type[Any], None] = {}
    pending = [entity]
    while pending:
        cls = pending.pop(0)
        if cls not in found:
            found[cls] = None
            pending += cls.__subclasses__()
    return (cls for cls in found if isinstance(_table(cls), Table))


class Rereading(Option):
    """An option: the rows that a statement is about are known, so that no criteria apply to them.

    They do to what is joined.
    """

    _key: Hashable = "rereading"
    _parameters: tuple[Any, ...] = ()


REREADING = Rereading()


def criteria_of(options: Iterable[Any]) -> tuple[Criteria, ...]:
    """The criteria that options bring."""
    found: dict[Criteria, None] = {}
    for option in options:
        found.update(dict.fromkeys(getattr(option, "criteria", ())))
    return tuple(found)
