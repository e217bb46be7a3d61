"""Moving single objects between states by hand, and finding the session of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asyncorm.errors import InvalidRequestError
from asyncorm.models.model import Model
from asyncorm.tracking.notices import Watch, fire_all
from asyncorm.tracking.state import (
    NO_SCOPE,
    InstanceState,
    Status,
    set_state,
    state_of,
    status_of,
    unit_of,
)
from asyncorm.tracking.transitions import fill_unloaded
from asyncorm.tracking.unit_of_work import mapper_of

if TYPE_CHECKING:
    from asyncorm.session.session import Session


def object_session(instance: Model) -> Session | None:
    """The session an object belongs to, also while its deletion is not committed; or None."""
    mapper_of(instance)
    unit = unit_of(instance)
    found: Session | None = None if unit is None else unit.session()
    return found


def make_transient(instance: Model) -> None:
    """Turn any object into a new one with the same values, which belongs to no session.

    Adding it inserts a second row; a generated key has to be set to None for that. Columns that
    are not loaded become None.
    """
    mapper = mapper_of(instance)
    state, unit = state_of(instance), unit_of(instance)
    if state is None:
        return
    watch = None if unit is None else Watch(unit, (instance,))
    if unit is not None and state.status is not Status.TRANSIENT:
        unit.release(instance)
    given = instance.__pydantic_fields_set__
    given.update(name for name in mapper.columns if name in instance.__dict__)  # NULL included
    fill_unloaded(instance)
    set_state(instance, None)
    if unit is not None and watch is not None:
        fire_all(unit, watch.moves())


def make_transient_to_detached(instance: Model) -> None:
    """Turn a new object with a primary key into one as if it had been loaded and detached.

    What it was not given counts as not loaded. Raises InvalidRequestError for an object that is
    not transient, and for one without a key.
    """
    mapper = mapper_of(instance)
    entity = mapper.name
    if status_of(instance) is not Status.TRANSIENT:
        raise InvalidRequestError(
            f"the {entity} is not transient, so it can't be made detached",
            hint="give a new object that was never added to a session, or make_transient() it",
        )
    values: Any = instance.__dict__
    if any(values.get(name) is None for name in mapper.primary_key):
        raise InvalidRequestError(
            f"the {entity} has no primary key, so no row can be meant by it",
            hint=f"set {', '.join(f'{entity}.{name}' for name in mapper.primary_key)} first",
        )
    given = {*instance.__pydantic_fields_set__, *mapper.primary_key}
    for name in mapper.columns:
        if name not in given:
            values.pop(name, None)
    partial = mapper.lacks_columns(values)
    set_state(instance, InstanceState(NO_SCOPE, Status.PERSISTENT, {}, partial=partial))
