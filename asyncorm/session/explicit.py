"""session.load(): relationships of objects, for all objects of the same result at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from asyncorm.errors import ArgumentError, InvalidRequestError
from asyncorm.loading.criteria import by_criteria, narrowed
from asyncorm.loading.directives import Step, Strategy
from asyncorm.loading.options import check_follows, of_target, parts_of
from asyncorm.loading.pipeline import load_step
from asyncorm.loading.selectin import RelatedLoad, lacks_values, siblings
from asyncorm.loading.tree import Edge, make_node
from asyncorm.mapping.relationships import Relationship
from asyncorm.models.model import Model
from asyncorm.session.column_loading import load_column
from asyncorm.session.core import SessionCore
from asyncorm.sql.criteria import Criteria
from asyncorm.sql.table import BaseColumn
from asyncorm.tracking.collections import members_of
from asyncorm.tracking.known import is_whole
from asyncorm.tracking.state import UNLOADED


async def load(core: SessionCore, target: Any, path: Sequence[Any]) -> Any:
    """Load a path of relationships for an object or several, and for their siblings.

    Returns what the first one holds for a single object. Instead of a path it may be a column.
    """
    core.transaction.check()
    if (held := _held(core, target, path)) is not UNLOADED:
        return held
    single = isinstance(target, Model)
    instances = [target] if single else _instances(target)
    if len(path) == 1 and isinstance(path[0], BaseColumn):
        await load_column(core, instances, path[0])
        return getattr(target, path[0].attribute) if single else None
    steps = _steps(path)
    _check_path(steps, instances)
    for instance in instances:
        core.unit.require_persistent(instance)
    first = _loads(steps[0], instances)
    if len(steps) > 1 or not all(load.is_done for load in first):
        await core.autoflush()
        core.transaction.autobegin()
        await _load_steps(core, _with_siblings(core, instances), steps)
    return first[0].answer(target) if single else None


def _instances(given: Any) -> list[Any]:
    if not isinstance(given, Iterable) or isinstance(given, type):
        raise ArgumentError(
            f"load() takes an object or several, not {_named(given)}",
            hint="write session.load(user, User.books)",
        )
    return list(given)


def _named(given: Any) -> str:
    if isinstance(given, type):
        return f"the class {given.__name__}"
    return "None" if given is None else f"a {type(given).__name__}"


def _held(core: SessionCore, target: Any, path: Sequence[Any]) -> Any:
    """What a single object holds whole already: in a loop over a result all but the first do."""
    relationship = path[0] if len(path) == 1 else None
    if not (isinstance(relationship, Relationship) and isinstance(target, relationship.owner)):
        return UNLOADED
    held = target.__dict__.get(relationship.name, UNLOADED)
    if held is UNLOADED or (relationship.to_many and not is_whole(held)):
        return UNLOADED
    if any(map(lacks_values, members_of(held))) or not core.unit.contains(target):
        return UNLOADED
    return held


def _with_siblings(core: SessionCore, instances: Iterable[Any]) -> list[Any]:
    owners: dict[Any, None] = {}
    for instance in instances:
        if instance not in owners:
            owners.update(dict.fromkeys(siblings(instance, core.unit)))
    return list(owners)


async def _load_steps(core: SessionCore, owners: list[Any], steps: Sequence[Step]) -> None:
    for step in steps:
        # those of a class beside the one that has the relationship are passed over
        concerned = [owner for owner in owners if isinstance(owner, step.relationship.owner)]
        related: dict[Any, None] = {}
        for load in _loads(step, concerned):
            await load_step(load, core.context, follow=True)
            related.update(dict.fromkeys(load.related()))
        owners = list(related)


def _loads(step: Step, owners: Iterable[Any]) -> list[RelatedLoad]:
    """The loading of a relationship: one for each criteria that owners were loaded under."""
    return [
        RelatedLoad(_edge(step, criteria), concerned, aside=True)
        for criteria, concerned in by_criteria(owners)
    ]


def _edge(step: Step, criteria: tuple[Criteria, ...]) -> Edge:
    edge = Edge(step, Strategy.SELECTIN, make_node(step.mapper, ()).narrow(criteria))
    edge.selection = narrowed(step.relationship, step.selection, criteria)
    return edge


def _steps(path: Sequence[Any]) -> list[Step]:
    if not path:
        raise ArgumentError(
            "load() was given no relationship", hint="write session.load(user, User.books)"
        )
    steps: list[Step] = []
    for given in path:
        if isinstance(given, BaseColumn):
            raise ArgumentError(
                "load() takes one column at a time, and no relationship with it",
                hint="call it once more, or put both into options()",
            )
        alias, relationship, selection, target = parts_of(given)
        if alias is not None:
            raise ArgumentError(
                f"load() takes relationships of entities, not of an alias, as {relationship} here",
                hint="write session.load(user, User.books)",
            )
        selection = of_target(relationship, selection, target)
        if selection is not None and not relationship.to_many:
            raise ArgumentError(
                f"a condition on {relationship} could hide the one object that it leads to",
                hint=f"load {relationship} and look at the object",
            )
        target = target if relationship.to_many else None
        steps.append(Step(relationship, Strategy.SELECTIN, selection, target).checked())
    return steps


def _check_path(steps: Sequence[Step], instances: Sequence[Any]) -> None:
    """A path to load must be relationships that follow each other, from the objects given."""
    path = [step.relationship for step in steps]
    for instance in instances:
        if not isinstance(instance, path[0].owner):
            raise InvalidRequestError(
                f"{path[0]} is no relationship of {type(instance).__name__}",
                hint=f"give {path[0].owner.__name__} objects",
            )
    for before, after in pairwise(path):
        check_follows(before, after)
