"""InstanceState: what a session knows of one instance, or of all instances of one result.

Loading is the hot path, so the clean instances of one result share one state; an instance gets
a state of its own at its first change. A session lets go of everything at once by emptying the
``Scope`` that all its states refer to.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from asyncorm.tracking.protocols import Unit


class Unloaded:
    """Marks an attribute that has no value in memory."""

    def __repr__(self) -> str:
        return "<unloaded>"

    def __reduce__(self) -> str:
        return "UNLOADED"  # one object, also in copies and pickles


UNLOADED: Final = Unloaded()


class Status(Enum):
    """The five states of an instance; exactly one is true at any time."""

    TRANSIENT = "transient"
    PENDING = "pending"
    PERSISTENT = "persistent"
    DELETED = "deleted"
    DETACHED = "detached"


class Scope:
    """What ties states to a session's unit of work; empty once the session has let go."""

    __slots__ = ("unit",)

    def __init__(self, unit: Unit | None) -> None:
        self.unit = unit


#: what a state without a session belongs to
NO_SCOPE: Final = Scope(None)

_WITHOUT_SESSION = {
    Status.PENDING: Status.TRANSIENT,
    Status.PERSISTENT: Status.DETACHED,
    Status.DELETED: Status.DETACHED,
}


class InstanceState:
    """Session membership and changes of one instance, or of the clean ones of one result.

    ``originals`` maps each changed attribute to its value before the first change; None in a
    shared state. ``group`` is the shared state of the result the instance came from: instances
    with one group are siblings and load their relationships together. ``partial`` says that a
    column may be unloaded that is not deferred, ``inserted`` that unset collections are known to
    be empty.
    """

    __slots__ = (
        "expressions",
        "group",
        "inserted",
        "key",
        "originals",
        "own_tree",
        "partial",
        "queued",
        "scope",
        "snapshots",
        "status",
        "was_deleted",
    )

    def __init__(
        self,
        scope: Scope,
        status: Status,
        originals: dict[str, Any] | None = None,
        group: InstanceState | None = None,
        partial: bool = False,
    ) -> None:
        self.scope = scope
        self.status = status
        self.originals = originals
        self.group = group
        self.partial = partial
        self.inserted = False
        #: what was loaded with the instance, and what is not to be; None if nothing was said
        self.own_tree: Any = None
        #: whether a column may hold an SQL expression instead of a value
        self.expressions = False
        self.was_deleted = False
        #: the identity key, kept only while it can't be read from the attributes
        self.key: Any = None
        #: additions and removals of collections that are not loaded
        self.queued: dict[str, tuple[dict[Any, None], dict[Any, None]]] | None = None
        #: of mutable values that somebody may change inside: a snapshot of what the database has
        self.snapshots: dict[str, Any] | None = None

    @property
    def shared(self) -> bool:
        """Whether several instances use this state, so that it must not be changed."""
        return self.originals is None

    @property
    def tree(self) -> Any:
        """What was said of the loading of the instance, or of the result that it came from."""
        if self.own_tree is None and self.group is not None:
            return self.group.own_tree
        return self.own_tree

    @property
    def current(self) -> Status:
        """The status of the instance, seen with its session gone or not."""
        if self.scope.unit is None:
            return _WITHOUT_SESSION.get(self.status, self.status)
        return self.status


_set_attribute = object.__setattr__


def state_of(instance: Any) -> InstanceState | None:
    """The state of an instance; None for one that no session has ever seen."""
    state: InstanceState | None = instance._state
    return state


def status_of(instance: Any) -> Status:
    """Which of the five states an instance is in."""
    state = state_of(instance)
    return Status.TRANSIENT if state is None else state.current


def set_state(instance: Any, state: InstanceState | None) -> None:
    """Put a state in an instance's slot."""
    _set_attribute(instance, "_state", state)


def own_state(instance: Any) -> InstanceState:
    """The state of an instance, made its own if it was shared or missing."""
    state = state_of(instance)
    if state is None:
        state = InstanceState(NO_SCOPE, Status.TRANSIENT, {})
        set_state(instance, state)
    elif state.originals is None:
        state = split_state(instance, state, {})
    return state


def split_state(instance: Any, shared: InstanceState, originals: dict[str, Any]) -> InstanceState:
    """Give an instance a state of its own instead of the shared one."""
    state = InstanceState(shared.scope, shared.status, originals, shared, shared.partial)
    if shared.inserted:
        state.inserted = True
    _set_attribute(instance, "_state", state)
    return state


def unit_of(instance: Any) -> Unit | None:
    """The unit of work an instance belongs to."""
    state = state_of(instance)
    return None if state is None else state.scope.unit
