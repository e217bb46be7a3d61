"""What happens when an attribute without a value is read: an answer known in memory, or an error
that names the attribute and the ways to load it."""

from __future__ import annotations

from typing import Any

from asyncorm.errors import DetachedInstanceError, UnloadedAttributeError
from asyncorm.tracking.state import Status, status_of


def unloaded_error(instance: Any, name: str) -> Exception:
    """The error for reading (or replacing) an attribute that is not loaded."""
    entity = type(instance).__name__
    attribute = f"{entity}.{name}"
    is_relationship = name in type(instance).__mapper__.relationships
    if status_of(instance) is Status.DETACHED:
        load = f"options(selectinload({attribute}))" if is_relationship else "refresh it"
        return DetachedInstanceError(
            f"{attribute} is not loaded and the {entity} belongs to no session",
            hint=f"session.add() the object and load the attribute, or {load} before it leaves "
            "its session",
        )
    if is_relationship:
        hint = (
            f"await session.load(obj, {attribute}), "
            f"or select({entity}).options(selectinload({attribute}))"
        )
    else:
        hint = f"await session.refresh(obj), or await session.refresh(obj, [{name!r}])"
    return UnloadedAttributeError(f"{attribute} is not loaded", hint=hint)
