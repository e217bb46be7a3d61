"""Conflicts: what an object wanted, what its row holds instead, and where both came from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from asyncorm.errors import Conflict, StaleDataError
from asyncorm.tracking.changes import same
from asyncorm.tracking.state import UNLOADED, own_state, state_of


def conflict_of(instance: Any, wanted: Iterable[str], theirs: dict[str, Any] | None) -> Conflict:
    """The conflict of an object whose ``wanted`` attributes were to be written."""
    mapper, values, state = type(instance).__mapper__, instance.__dict__, state_of(instance)
    originals = (state.originals if state is not None else None) or {}
    wanted = list(wanted)
    loaded = {name: originals.get(name, values.get(name, UNLOADED)) for name in mapper.columns}
    for name in wanted:
        if name in mapper.mutable and name not in originals:
            del loaded[name]  # changed inside: only the new state is still there
    version = mapper.version.name if mapper.version is not None else None
    return Conflict(
        object=instance,
        mine={name: values[name] for name in wanted if name != version and name in values},
        theirs=theirs,
        base={name: value for name, value in loaded.items() if value is not UNLOADED},
    )


def take_version(source: Any, target: Any, given: list[str]) -> list[str]:
    """Check the version that a merged object was given; returns the other attributes given.

    Raises StaleDataError if it is not that of the target. A target whose version is not loaded
    takes it over, so that the flush checks it.
    """
    mapper = type(target).__mapper__
    if mapper.version is None or mapper.version.name not in given:
        return given
    name = mapper.version.name
    others, wanted = [n for n in given if n != name], source.__dict__[name]
    if wanted is None:
        return others
    if _stored_version(target) is UNLOADED:
        target.__dict__[name] = wanted
    else:
        mine = {n: source.__dict__[n] for n in others}
        check_given_version(source, target, wanted, mine, f"the {mapper.name} to merge")
    return others


def check_given_version(
    source: Any, target: Any, given: Any, mine: dict[str, Any], what: str
) -> None:
    """Raise StaleDataError if values made for one version of a row meet another one."""
    mapper, values, originals = (
        type(target).__mapper__,
        target.__dict__,
        own_state(target).originals,
    )
    assert mapper.version is not None
    assert originals is not None
    if same(_stored_version(target), given):
        return
    mine = {name: value for name, value in mine.items() if name not in mapper.key_names}
    theirs = {n: originals.get(n, values[n]) for n in mapper.columns if n in values}
    raise StaleDataError(
        f"{what} has another version than its row",
        objects=[source],
        conflicts=[Conflict(source, mine, theirs, {mapper.version.name: given})],
        hint="load the row, put your changes on it, and flush; or leave the version out",
    )


def _stored_version(target: Any) -> Any:
    """The version that the row of an object had when it was loaded."""
    name = type(target).__mapper__.version.name
    return (own_state(target).originals or {}).get(name, target.__dict__.get(name, UNLOADED))
