"""Attributes without a value: which they are, how they look, and what happens when one is read: an
error that names the attribute and the way to load it."""

from __future__ import annotations

from typing import Any

from asyncorm.errors import DetachedInstanceError, UnloadedAttributeError
from asyncorm.mapping.mapper import Mapper
from asyncorm.mapping.relationships import Relationship
from asyncorm.tracking.known import has_row, known_empty, known_one, refusal
from asyncorm.tracking.state import UNLOADED, Status, state_of, status_of


def unloaded_error(
    instance: Any, name: str, reason: str | None = None
) -> UnloadedAttributeError | DetachedInstanceError:
    """The error for reading (or replacing) an attribute that is not loaded.

    ``reason`` is why it is not, where a statement or a model has asked for that.
    """
    entity, status = type(instance), status_of(instance)
    attribute = f"{entity.__name__}.{name}"
    because = f": {reason}" if reason else ""
    if status is Status.DETACHED:
        state = state_of(instance)
        gone = state is not None and (state.was_deleted or state.status is Status.DELETED)
        return DetachedInstanceError(
            f"{attribute} is not loaded, and the {entity.__name__} "
            f"{'was deleted' if gone else 'belongs to no session'}{because}",
            hint=_before_deletion(attribute) if gone else _after_adding(instance, name),
        )
    if status is Status.DELETED:
        return UnloadedAttributeError(
            f"{attribute} is not loaded, and the {entity.__name__} is deleted{because}",
            hint=_before_deletion(attribute),
        )
    call, option = _ways(instance, name)
    return UnloadedAttributeError(
        f"{attribute} is not loaded{because}", hint=f"await session.{call}, or {option}"
    )


def is_unloaded(instance: Any, name: str) -> bool:
    """Whether reading the attribute raises, because memory has no answer."""
    if name in instance.__dict__ or not has_row(instance):
        return False
    relationship = type(instance).__mapper__.relationships.get(name)
    if relationship is None:
        return True
    if relationship.lazy == "write_only":
        return False
    if relationship.to_many:
        return not known_empty(instance, relationship)
    refused = refusal(instance, relationship)
    return bool(refused and refused.always) or known_one(instance, relationship) is UNLOADED


def shown_related(instance: Any, relationship: Relationship[Any, Any]) -> str | None:
    """A relationship's value in a few words, without a look at the objects; None for nothing."""
    if relationship.target is None:
        return None  # nothing of the models was used yet
    if relationship.lazy == "write_only":
        return "<write-only>"
    if is_unloaded(instance, relationship.name):
        return repr(UNLOADED)
    if not relationship.to_many:
        held = known_one(instance, relationship)
        return None if held is None else f"<{type(held).__name__}>"
    members = instance.__dict__.get(relationship.name)
    if members is None:
        return None
    partial = ", partial" if getattr(members, "partial", False) else ""
    return f"<{len(members)} {relationship.target.name}{partial}>"


def _before_deletion(attribute: str) -> str:
    return f"read or load {attribute} before the object is deleted"


def _after_adding(instance: Any, name: str) -> str:
    call, option = _ways(instance, name)
    earlier = "" if option.startswith("await") else f"; or {option} before it leaves its session"
    return f"session.add(obj) and await session.{call}{earlier}"


def _ways(instance: Any, name: str) -> tuple[str, str]:
    """A call of a session that loads the attribute, and what else does."""
    mapper: Mapper = type(instance).__mapper__
    tree = None if (state := state_of(instance)) is None else state.tree
    entity, attribute = mapper.name, f"{mapper.name}.{name}"
    if name in mapper.relationships:
        option = f"options(selectinload({attribute}))"
    elif name in mapper.deferred or (tree is not None and name not in tree.attributes):
        option = f"options(undefer({attribute}))"
    else:
        return "refresh(obj)", f"await session.refresh(obj, [{name!r}])"
    return f"load(obj, {attribute})", f"select({entity}).{option}"
