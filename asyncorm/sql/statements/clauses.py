"""Clauses of statements: joins, row locks, conflict handling and the rarer parts of a select."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, NamedTuple

from asyncorm.errors import InvalidRequestError
from asyncorm.sql.assignment import Assignment
from asyncorm.sql.expressions import Expression, Parameter, as_condition
from asyncorm.sql.implied import ImpliedAlias
from asyncorm.sql.nodes import combined
from asyncorm.sql.sources import source_of
from asyncorm.types.scalars import BIGINT

_BIGINT_LIMIT = 1 << 63


class JoinParts(NamedTuple):
    """The target of a join along a relationship, the ON condition, and what lies between them.

    A link table comes with its own condition to the target; ``condition`` then is the link's.
    """

    target: Any
    condition: Expression[bool, bool]
    link: tuple[Any, Expression[bool, bool]] | None = None


class Join:
    """One JOIN: what is joined, on what (None: the foreign key between them), and how."""

    __slots__ = ("_key", "_parameters", "condition", "kind", "link", "source", "target")

    def __init__(
        self,
        target: Any,
        condition: Expression[bool, Any] | None,
        kind: str,
        link: tuple[Any, Expression[bool, bool]] | None = None,
    ) -> None:
        self.target = target
        self.source = source_of(target)
        self.condition = condition
        self.kind = kind
        #: a table joined to the source first, with its condition
        self.link = link
        self._key: Hashable = (kind, self.source._key, condition is not None and condition._key)
        self._parameters: tuple[Any, ...] = self.source._parameters
        if link is not None:
            key, parameters = combined(link)
            self._key = (self._key, key)
            self._parameters += parameters
        if condition is not None:
            self._parameters += condition._parameters


def make_join(target: Any, onclause: Any, kind: str) -> Join:
    """A join from what ``join()`` was given: a relationship, or an entity with or without ON."""
    check_joinable(target, "join()")
    if hasattr(target, "_join"):
        if onclause is not None:
            raise InvalidRequestError(
                "join() of a relationship takes no ON condition",
                hint="write join(Book, condition), or join(alias, User.books)",
            )
        target, condition, link = target._join()
        return Join(target, condition, kind, link)
    if onclause is None:
        return Join(target, None, kind)
    if hasattr(onclause, "_join"):
        _, condition, link = onclause._join(None, target)
        return Join(target, condition, kind, link)
    return Join(target, as_condition(onclause), kind)


def check_joinable(target: Any, where: str) -> None:
    """Refuse what stands in FROM by itself."""
    if isinstance(target, ImpliedAlias):
        raise InvalidRequestError(
            f"{where} was given {target!r}, which is joined wherever a column of it is used",
            hint="join along the relationship itself, join(Book.author), or to an alias of the "
            "entity: join(Book.author.of_type(alias))",
        )


class Lock(NamedTuple):
    """FOR UPDATE and its weaker relatives."""

    strength: str
    wait: str
    of: tuple[Any, ...]

    @property
    def _key(self) -> Hashable:
        return (self.strength, self.wait, *(source._key for source in self.of))

    @property
    def _parameters(self) -> tuple[Any, ...]:
        return combined(self.of)[1]


def make_lock(*, read: bool, key_share: bool, nowait: bool, skip_locked: bool, of: Any) -> Lock:
    """The lock that the options of ``with_for_update()`` mean."""
    if nowait and skip_locked:
        raise InvalidRequestError(
            "with_for_update() can't both fail at once and skip locked rows",
            hint="choose nowait or skip_locked",
        )
    strength = {
        (False, False): "FOR UPDATE",
        (False, True): "FOR NO KEY UPDATE",
        (True, False): "FOR SHARE",
        (True, True): "FOR KEY SHARE",
    }[bool(read), bool(key_share)]
    wait = "NOWAIT" if nowait else "SKIP LOCKED" if skip_locked else ""
    targets = () if of is None else tuple(of) if isinstance(of, (list, tuple)) else (of,)
    return Lock(strength, wait, tuple(source_of(target) for target in targets))


class Extras(NamedTuple):
    """The parts of a select that most selects don't have."""

    sources: tuple[Any, ...] = ()
    distinct: tuple[Expression[Any, Any], ...] | None = None
    group_by: tuple[Any, ...] = ()
    having: tuple[Expression[bool, Any], ...] = ()
    lock: Lock | None = None
    ctes: tuple[Any, ...] = ()

    def structure(self) -> tuple[Hashable, tuple[Any, ...]]:
        """Key and parameters, in the order of the clauses."""
        distinct_keys, distinct = combined(self.distinct or ())
        source_keys, sources = combined(self.sources)
        group_keys, group = combined(self.group_by)
        having_keys, having = combined(self.having)
        cte_keys, ctes = combined(self.ctes)
        key = (
            None if self.distinct is None else distinct_keys,
            source_keys,
            group_keys,
            having_keys,
            self.lock and self.lock._key,
            cte_keys,
        )
        parameters = distinct + sources + group + having + ctes
        return key, parameters if self.lock is None else parameters + self.lock._parameters


NO_EXTRAS = Extras()


def row_count(value: Any, clause: str) -> Expression[Any, Any]:
    """The bound number of LIMIT or OFFSET; anything but a whole number is refused before SQL."""
    if type(value) is not int:
        if isinstance(value, Expression):
            return value
        if isinstance(value, bool) or not isinstance(value, int):
            raise InvalidRequestError(
                f"{clause}() takes a whole number, not a {type(value).__name__}",
                hint=f"convert it first: {clause}(int(value))",
            )
    if not 0 <= value < _BIGINT_LIMIT:
        raise InvalidRequestError(
            f"{clause}() takes a number from 0 to 2**63 - 1",
            hint="check numbers that come from outside before using them",
        )
    return Parameter(value, BIGINT)


class Conflict:
    """ON CONFLICT: what counts as one, and what to do then."""

    __slots__ = ("_key", "_parameters", "assignments", "constraint", "elements", "index_where",
                 "where")  # fmt: skip

    def __init__(
        self,
        elements: tuple[Any, ...],
        index_where: Any,
        constraint: str | None,
        assignments: tuple[Assignment, ...],
        where: Expression[bool, Any] | None,
    ) -> None:
        if elements and constraint is not None:
            raise InvalidRequestError(
                "ON CONFLICT takes index_elements or a constraint, not both",
                hint="leave one of them out",
            )
        self.elements = elements
        self.index_where = index_where
        self.constraint = constraint
        self.assignments = assignments
        self.where = where
        element_keys, parameters = combined(elements)
        set_keys, set_parameters = combined(assignments)
        self._parameters: tuple[Any, ...] = parameters
        if index_where is not None:
            self._parameters += index_where._parameters
        self._parameters += set_parameters
        if where is not None:
            self._parameters += where._parameters
        self._key: Hashable = (
            element_keys,
            index_where is not None and index_where._key,
            constraint,
            set_keys,
            where is not None and where._key,
        )
