"""The state of an object in one word, as a test wants to compare it."""

from __future__ import annotations

from asyncorm import inspect

STATES = ("transient", "pending", "persistent", "deleted", "detached")


def state_of(instance: object) -> str:
    """The one of the five flags that is true; more or fewer than one is an error."""
    found = inspect(instance)
    (name,) = [name for name in STATES if getattr(found, name)]
    return name
