"""Directives: what loader options say, each for one place in the tree of what is loaded."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from enum import Enum
from functools import cached_property
from typing import Any

from asyncorm._lazy_dataclass import dataclass
from asyncorm.compiler.compiler import sources_of
from asyncorm.errors import ArgumentError
from asyncorm.mapping.mapper import Mapper
from asyncorm.mapping.relationships import Relationship
from asyncorm.mapping.selection import Selection
from asyncorm.sql.nodes import combined
from asyncorm.sql.sources import Alias, entity_name, entity_of, source_of
from asyncorm.sql.subtype import meanings
from asyncorm.sql.table import BaseColumn


class Strategy(Enum):
    """How a relationship is loaded together with its owners; the values are those of ``lazy=``."""

    SELECT = "select"
    RAISE = "raise"
    RAISE_ON_SQL = "raise_on_sql"
    SELECTIN = "selectin"
    JOINED = "joined"
    NESTED = "nested"
    CONTAINS = "contains"
    NOLOAD = "noload"
    WRITE_ONLY = "write_only"


#: strategies that put something into the attribute
EAGER = frozenset(
    (
        Strategy.SELECTIN,
        Strategy.JOINED,
        Strategy.NESTED,
        Strategy.CONTAINS,
        Strategy.NOLOAD,
    )
)


@dataclass(frozen=True)
class Step:
    """How one relationship is loaded; without a strategy it is only passed on the way."""

    relationship: Relationship[Any, Any]
    strategy: Strategy | None
    selection: Selection[Any, Any] | None = None
    #: the alias or subclass that rows of the related entity come from
    target: Any = None
    inner: bool = False
    #: how many levels of a self-reference; -1 for all
    depth: int | None = None

    @property
    def mapper(self) -> Mapper:
        """The entity that is loaded: the target of the relationship, or a subclass of it."""
        mapper: Mapper = entity_of(self.target or self.relationship.target.entity).__mapper__
        return mapper

    def places(self, source: Any) -> list[tuple[Any, Any]]:
        """What mapping and options call the entity, each with what stands for it in a statement."""
        named: list[Any] = [self.relationship.target.entity, self.mapper.entity]
        if isinstance(self.target, Alias):
            named.append(self.target)
        meant = (one for name in named for one in meanings(source_of(name)))
        return [(one, source) for one in dict.fromkeys(meant)]

    def checked(self) -> Step:
        """Itself; what a selection says must be about what is loaded, and nothing else.

        Another entity would be joined to it without a condition, or not at all.
        """
        if self.selection is None:
            return self
        mine = [one for one, _ in self.places(None)]
        if self.relationship.secondary is not None:
            mine.append(self.relationship.secondary.table)
        order = (one.expression for one in self.selection.order)
        for expression in (*self.selection.conditions, *order):
            for source in sources_of(expression):
                if not any(source is one for one in mine):
                    raise self._is_about(source)
        return self

    def _is_about(self, source: Any) -> ArgumentError:
        name, other = self.mapper.name, entity_name(source)
        below = [kind.name for kind in self.mapper.subtypes if source_of(kind.entity) is source]
        return ArgumentError(
            f"members of {self.relationship} are chosen by columns of {other}, not of {name}",
            hint=f"take those of the class only: {self.relationship}.of_type({below[0]}).where(...)"
            if below
            else f"use columns of {name}; those of related rows with any() or has() of its "
            f"relationships, or over .to",
        )

    @cached_property
    def _key(self) -> Hashable:
        chosen, target = self.selection, self.target
        return (
            self.relationship._key,
            self.strategy,
            chosen and chosen._key,
            getattr(target, "_key", target),
            self.inner,
            self.depth,
        )

    @property
    def _parameters(self) -> tuple[Any, ...]:
        found = () if self.selection is None else self.selection._parameters
        return found + getattr(self.target, "_parameters", ())


@dataclass(frozen=True)
class Everything:
    """How all relationships are loaded for which nothing else is said: ``raiseload("*")``."""

    strategy: Strategy

    @property
    def _key(self) -> Hashable:
        return self.strategy

    @property
    def _parameters(self) -> tuple[Any, ...]:
        return ()


@dataclass(frozen=True)
class Columns:
    """Which columns are read: "only" these, or "defer" or "undefer" them.

    Without columns the kind concerns a ``group`` of deferred ones, or without that all of them.
    """

    kind: str
    columns: tuple[BaseColumn[Any, Any], ...] = ()
    group: str | None = None

    @cached_property
    def _key(self) -> Hashable:
        return (self.kind, self.group, *(column._key for column in self.columns))

    @property
    def _parameters(self) -> tuple[Any, ...]:
        return combined(self.columns)[1]


Instruction = Step | Everything | Columns


@dataclass(frozen=True)
class Directive:
    """An instruction, and the relationships that lead from a statement's entity to its place."""

    path: tuple[Relationship[Any, Any], ...]
    instruction: Instruction
    #: the alias that the path begins at, if not the entity
    root: Any = None

    @cached_property
    def _key(self) -> Hashable:
        return (
            tuple(relationship._key for relationship in self.path),
            type(self.instruction),
            self.instruction._key,
            getattr(self.root, "_key", None),
        )

    @property
    def _parameters(self) -> tuple[Any, ...]:
        return self.instruction._parameters + getattr(self.root, "_parameters", ())

    def below(self, path: tuple[Relationship[Any, Any], ...]) -> Directive:
        """The same directive at the end of a path."""
        return replace(self, path=(*path, *self.path))

    def inside(self) -> Directive:
        """The same directive seen from the end of its first relationship."""
        return replace(self, path=self.path[1:], root=None)
