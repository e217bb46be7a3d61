"""merge: the state of an object, copied onto the session's own instance of the same key."""

from __future__ import annotations

from typing import Any

from asyncorm.errors import InvalidRequestError
from asyncorm.loading.on_demand import load_by_key
from asyncorm.loading.pipeline import load_path
from asyncorm.session.core import SessionCore
from asyncorm.tracking.collections import members_of
from asyncorm.tracking.links import replace_members
from asyncorm.tracking.state import Status, state_of, status_of
from asyncorm.tracking.unit_of_work import identity_key, mapper_of


async def merge(core: SessionCore, source: Any, merged: dict[Any, Any]) -> Any:
    """The session's instance with the source's values; a new pending one if there is no row.

    Only what is present on the source is copied: what its constructor was given, or what is
    loaded. ``merged`` maps sources to results, so that a graph with circles ends.
    """
    if source in merged:
        return merged[source]
    mapper = mapper_of(source)
    if core.unit.contains(source):
        merged[source] = source
        return source
    state = state_of(source)
    if state is not None and (state.was_deleted or state.status is Status.DELETED):
        raise InvalidRequestError(
            f"the {mapper.name} has been deleted, so it can't be merged",
            hint="make a new object with its values to store it again",
        )
    key = identity_key(source)
    target = None
    if key is not None:
        target = core.unit.identity_map.get(mapper, key)
        if target is None:
            target = await load_by_key(mapper, key, core.context)
    if target is None:
        target = merged[source] = _new_copy(source)
        core.unit.add(target)
    else:
        merged[source] = target
        for name in _present(source):
            if name not in mapper.primary_key:
                setattr(target, name, source.__dict__[name])
    await _merge_related(core, source, target, merged)
    return target


def _present(source: Any) -> list[str]:
    """The column attributes that the source has a value for."""
    columns = mapper_of(source).columns
    values = source.__dict__
    if status_of(source) is Status.TRANSIENT:
        given = source.__pydantic_fields_set__
        return [name for name in columns if name in given and name in values]
    return [name for name in columns if name in values]


def _new_copy(source: Any) -> Any:
    """A new object with the source's columns."""
    copied = source.model_copy()
    if status_of(source) is not Status.TRANSIENT:
        copied.__pydantic_fields_set__.update(_present(source))
    return copied


async def _merge_related(
    core: SessionCore, source: Any, target: Any, merged: dict[Any, Any]
) -> None:
    mapper = mapper_of(source)
    for name, relationship in mapper.relationships.items():
        if name not in source.__dict__ or "merge" not in relationship.cascade:
            continue
        value = source.__dict__[name]
        if relationship.to_many:
            members = [await merge(core, member, merged) for member in members_of(value)]
            await load_path([target], (relationship,), core.context)
            replace_members(target, relationship, members)
        elif value is None:
            setattr(target, name, None)
        else:
            setattr(target, name, await merge(core, value, merged))
