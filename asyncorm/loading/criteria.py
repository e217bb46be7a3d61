"""Criteria while loading: what was loaded under a condition says so, and passes it on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from asyncorm.errors import ArgumentError
from asyncorm.mapping.relationships import Relationship
from asyncorm.mapping.selection import Selection
from asyncorm.sql.criteria import REREADING, Criteria, criteria_of
from asyncorm.sql.expressions import Expression

E = TypeVar("E")


def with_loader_criteria(
    entity: type[E],
    where: Expression[bool, Any] | Callable[[type[E]], Expression[bool, Any]],
    *,
    include_aliases: bool = False,
    propagate_to_loaders: bool = True,
) -> Criteria:
    """Only rows of an entity that fulfil a condition, wherever a statement reads them.

    ``entity`` may be a base class or mixin; then ``where`` is a function that is given each mapped
    class: ``with_loader_criteria(SoftDelete, lambda cls: cls.deleted_at.is_(None))``. It holds for
    what is selected, joined, looked at in subqueries and loaded with it, and for relationships
    of the objects that are loaded later; never for reading an object again.
    """
    if not isinstance(entity, type):
        raise ArgumentError(
            f"with_loader_criteria() takes a class, not {entity!r}",
            hint="give a mapped class, or a base class of several; aliases of it are filtered "
            "with include_aliases=True",
        )
    if not isinstance(where, Expression) and not callable(where):
        raise ArgumentError(
            f"a {type(where).__name__} is no condition for {entity.__name__}",
            hint="give an expression, or a function of the class: lambda cls: cls.active.is_(True)",
        )
    if isinstance(where, Expression) and getattr(entity, "__mapper__", None) is None:
        raise ArgumentError(
            f"the condition for {entity.__name__}, which is not mapped, names columns of one class",
            hint="give a function of the class: lambda cls: cls.active.is_(True)",
        )
    return Criteria(entity, where, include_aliases=include_aliases, propagates=propagate_to_loaders)


def narrowed(
    relationship: Relationship[Any, Any],
    selection: Selection[Any, Any] | None,
    criteria: Iterable[Criteria],
) -> Selection[Any, Any] | None:
    """What a collection holds that is loaded under criteria: not all related objects."""
    found = [option.condition_for(relationship.target.entity) for option in criteria]
    conditions = [condition for condition in found if condition is not None]
    if not conditions:
        return selection
    base: Selection[Any, Any] = Selection(relationship) if selection is None else selection
    return base.where(*conditions)


def carried(instance: Any) -> tuple[Criteria, ...]:
    """The criteria that an instance was loaded under, and that hold for what is loaded for it."""
    state = instance._state
    tree = None if state is None else state.tree
    return () if tree is None else tuple(c for c in tree.criteria if c.propagates)


def by_criteria(instances: Iterable[Any]) -> list[tuple[tuple[Criteria, ...], list[Any]]]:
    """Instances, those together that carry the same criteria."""
    found: dict[tuple[Criteria, ...], list[Any]] = {}
    for instance in instances:
        found.setdefault(carried(instance), []).append(instance)
    return list(found.items())


def rereading(statement: Any) -> Any:
    """The statement with its criteria kept away from the rows that it is about."""
    return statement.options(REREADING) if criteria_of(statement._options) else statement


def unfiltered(statement: Any) -> Any:
    """The statement without criteria that a listener has added."""
    kept = tuple(o for o in statement._options if not isinstance(o, Criteria))
    if len(kept) == len(statement._options):
        return statement
    new = statement._copy()
    new._options = kept
    return new
