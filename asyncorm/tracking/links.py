"""Links in memory: assigning a relationship records the change, keeps both sides in step, and
adds linked objects to the session along the save-update cascade. No I/O, ever."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from weakref import ref

from asyncorm.errors import ArgumentError, InvalidRequestError
from asyncorm.mapping.relationships import Direction, Relationship
from asyncorm.tracking.collections import (
    RelatedCollection,
    RelatedList,
    RelatedSet,
    make_collection,
    members_of,
    silent_add,
    silent_append,
    silent_remove,
)
from asyncorm.tracking.known import is_new, known_empty, known_one
from asyncorm.tracking.members import check_member, check_members
from asyncorm.tracking.protocols import Unit
from asyncorm.tracking.related_dict import RelatedDict
from asyncorm.tracking.state import (
    UNLOADED,
    InstanceState,
    Status,
    own_state,
    state_of,
    status_of,
    unit_of,
)
from asyncorm.tracking.unloaded import unloaded_error

_PENDING, _TRANSIENT = Status.PENDING, Status.TRANSIENT
_MANY_TO_MANY = Direction.MANY_TO_MANY


def record(instance: Any, name: str, before: Any) -> None:
    """Keep the value an attribute had before its first change, and mark the instance dirty."""
    state: InstanceState | None = instance._state
    if state is None or state.status is _PENDING or state.status is _TRANSIENT:
        return  # all of a new object counts as changed
    if state.originals is None:
        state = own_state(instance)
    originals = state.originals
    assert originals is not None
    if name not in originals:
        originals[name] = before
        unit = state.scope.unit
        if unit is not None:
            unit.mark_dirty(instance)


class Links:
    """The listener of all collections: what a change of one side means for the other."""

    def admit(
        self, owner: Any, relationship: Relationship[Any, Any], members: Iterable[Any]
    ) -> None:
        """Refuse members that can't be taken into the owner's session, before they come in."""
        owned = relationship.secondary is not None and relationship.declaration.single_parent
        if owner._state is None and not owned:
            return
        for member in members:
            _check_cascade(owner, relationship, member)
            if owned:
                _check_owner(owner, relationship, member)

    def changing(self, owner: Any, relationship: Relationship[Any, Any], before: Any) -> None:
        """Remember the members before the first change; raises for a collection of the past."""
        if owner.__dict__.get(relationship.name) is not before:
            raise InvalidRequestError(
                f"this {relationship} collection is not the one that its owner has now: it was "
                "expired, or loaded again, meanwhile",
                hint="change the collection through its owner",
            )
        state: InstanceState | None = owner._state
        if state is None or state.status is _PENDING or state.status is _TRANSIENT:
            return  # all members of a new owner count as added
        if state.originals is None or relationship.name not in state.originals:
            record(owner, relationship.name, list(members_of(before)))

    def added(
        self, owner: Any, relationship: Relationship[Any, Any], members: Iterable[Any]
    ) -> None:
        """Members have come in: point them back and take them into the session."""
        back = relationship.back
        many = back is not None and back.direction is _MANY_TO_MANY
        free = owner._state is None  # of no session, which only a cascade could change
        for member in members:
            if many:
                _enter(member, back, owner)
            elif back is not None:
                values = member.__dict__
                if member._state is None and values.get(back.name) is None:
                    # all that _point does to a new object that nobody has: 0.1 µs instead of 0.8
                    values[back.name] = owner
                else:
                    _point(member, back, owner)
            if not free:
                _cascade(owner, relationship, member)

    def removed(self, owner: Any, relationship: Relationship[Any, Any], member: Any) -> None:
        """A member has gone: it no longer points back."""
        back = relationship.back
        if back is not None and back.direction is Direction.MANY_TO_MANY:
            _leave(member, back, owner)
        elif back is not None:
            known = known_one(member, back)
            # a reference that is not loaded was what the collection says: a row read before the
            # flush must not bring it back
            if known is owner or known is UNLOADED:
                record(member, back.name, owner)
                member.__dict__[back.name] = None
                _forget_key(member, back, owner)
        _drop_orphan(relationship, member)


LINKS = Links()


def _point(member: Any, back: Relationship[Any, Any], owner: Any) -> None:
    """Let a member of a collection refer to its new owner, and leave its old one's collection."""
    old = known_one(member, back)
    if old is owner:
        return
    if old is not UNLOADED and old is not None:
        _leave(old, back.back, member)
    record(member, back.name, old)
    member.__dict__[back.name] = owner


def set_related(instance: Any, relationship: Relationship[Any, Any], value: Any) -> None:
    """Assign a relationship: one object, None, or a whole collection."""
    if relationship.collection is not None:
        _set_collection(instance, relationship, value)
    else:
        _set_one(instance, relationship, value)


def _set_one(instance: Any, relationship: Relationship[Any, Any], value: Any) -> None:
    values, fresh = instance.__dict__, instance._state is None
    if value is not None:
        if type(value) is not relationship.target.entity:
            check_member(relationship, value)
        if not fresh:
            _check_cascade(instance, relationship, value)
    # of an object that no session has seen all is known, and nothing to be noted: 1 µs less
    old = values.get(relationship.name) if fresh else known_one(instance, relationship)
    if old is value:
        values[relationship.name] = value
        return
    if relationship.declaration.single_parent and value is not None:
        _check_owner(instance, relationship, value)
    if old is UNLOADED and relationship.direction is Direction.ONE_TO_MANY:
        # the row that refers to this one now must be known, or its link would be lost
        if not known_empty(instance, relationship):
            raise unloaded_error(instance, relationship.name)
        old = None
    if old is UNLOADED and "delete-orphan" in relationship.cascade:
        raise unloaded_error(instance, relationship.name)  # what is to be deleted must be known
    if not fresh:
        record(instance, relationship.name, old)
    values[relationship.name] = value
    if value is None:
        _forget_key(instance, relationship, old)
    if relationship.back is not None:
        if old is not UNLOADED and old is not None:
            _leave(old, relationship.back, instance)
        if value is not None:
            _enter(value, relationship.back, instance)
    if value is not None and not fresh:
        _cascade(instance, relationship, value)
    if old is not UNLOADED and old is not None:
        _drop_orphan(relationship, old)
        is_reference = relationship.direction is Direction.MANY_TO_ONE
        if is_reference and value is None and relationship.back is not None:
            _drop_orphan(relationship.back, instance)


def _forget_key(instance: Any, relationship: Relationship[Any, Any], old: Any) -> None:
    """A new object that refers to ``old`` no longer does not keep its key either.

    It has one if it was written before and rolled back: nothing else tells the next INSERT.
    """
    if relationship.direction is not Direction.MANY_TO_ONE or not is_new(instance):
        return
    if old is None or old is UNLOADED:
        return
    values, key = instance.__dict__, relationship.foreign_key
    primary = type(instance).__mapper__.key_names
    for name, target in key.pairs:
        same_key = values.get(name) == old.__dict__.get(target)
        if same_key and name in key.cleared and name not in primary:
            values[name] = None


def _check_owner(instance: Any, relationship: Relationship[Any, Any], value: Any) -> None:
    """Refuse an object that another one owns (``single_parent``)."""
    name = relationship.name
    given = relationship.parents.get(value)
    candidates: list[Any] = [] if given is None else [given()]
    back = relationship.back
    if back is not None and not back.to_many:
        candidates.append(known_one(value, back))
    elif back is not None and back.name in value.__dict__:
        candidates += members_of(value.__dict__[back.name])
    elif status_of(value) is Status.PERSISTENT:
        # its owner may have been loaded, so that nobody has told
        candidates += (i for i in unit_of(value) or () if isinstance(i, relationship.owner))
    for owner in candidates:
        if owner is None or owner is instance or owner is UNLOADED:
            continue
        if any(held is value for held in members_of(owner.__dict__.get(name))):
            raise InvalidRequestError(
                f"the {type(value).__name__} belongs to another {type(owner).__name__} along "
                f"{relationship}, which allows a single parent",
                hint="take it from the other one first, or give a new object",
            )
    relationship.parents[value] = ref(instance)


def _set_collection(instance: Any, relationship: Relationship[Any, Any], value: Any) -> None:
    keyed = relationship.collection is dict
    if not isinstance(value, dict if keyed else list | tuple | set | frozenset):
        raise ArgumentError(
            f"{relationship} takes a collection, not {type(value).__name__}",
            hint=f"assign a {relationship.collection.__name__ if relationship.collection else ''}",
        )
    check_members(relationship, members_of(value))
    current: RelatedCollection | None = instance.__dict__.get(relationship.name)
    if value is current:
        return  # as after +=
    if current is None:
        if not known_empty(instance, relationship):
            raise unloaded_error(instance, relationship.name)
        fresh = empty_collection(instance, relationship)
        if isinstance(fresh, RelatedList):
            fresh.extend(value)  # without a comparison of before and after
        else:
            _fill(fresh, value)
        return
    # the old one is left as it is: in a.items, b.items = b.items, a.items it is assigned next
    fresh = make_collection(instance, relationship, LINKS, members_of(current))
    fresh.selection = current.selection  # members that are not loaded stay unknown
    instance.__dict__[relationship.name] = fresh
    try:
        _fill(fresh, value)
    except (ArgumentError, InvalidRequestError):
        instance.__dict__[relationship.name] = current
        raise
    current._release()


def _fill(collection: RelatedCollection, value: Any) -> None:
    """Let a collection hold these members and no other."""
    if isinstance(collection, RelatedSet):
        collection._replace(set(value))
    elif isinstance(collection, RelatedDict):
        collection.replace(dict(value))
    else:
        collection[:] = value


def _enter(owner: Any, relationship: Relationship[Any, Any] | None, member: Any) -> None:
    """Let a member appear on the owner's side, whatever is known of that side."""
    if relationship is None:
        return
    values = owner.__dict__
    if relationship.collection is None:
        old = known_one(owner, relationship)
        if old is not member:
            record(owner, relationship.name, old)
            values[relationship.name] = member
            if old is not UNLOADED and old is not None and relationship.back is not None:
                record(old, relationship.back.name, owner)
                old.__dict__[relationship.back.name] = None
                _forget_key(old, relationship.back, owner)
                _drop_orphan(relationship, old)
        return
    collection = values.get(relationship.name)
    if collection is None and known_empty(owner, relationship):
        collection = empty_collection(owner, relationship)
    if collection is None:
        _queue(owner, relationship, member, 0)
    else:
        LINKS.changing(owner, relationship, collection)
        displaced = None
        if relationship.collection is dict:
            displaced = _displaced(collection, member)
        if is_new(member) and relationship.direction is Direction.ONE_TO_MANY:
            silent_append(collection, member)
        else:
            silent_add(collection, member)
        if displaced is not None:
            LINKS.removed(owner, relationship, displaced)


def _displaced(collection: RelatedCollection, member: Any) -> Any:
    """Who has to leave a dict because a new member takes its key."""
    if not isinstance(collection, RelatedDict):
        return None
    other = collection.get(collection.key_of(member))
    return None if other is member else other


def _leave(owner: Any, relationship: Relationship[Any, Any] | None, member: Any) -> None:
    """Let a member disappear from the owner's side, whatever is known of that side."""
    if relationship is None:
        return
    values = owner.__dict__
    if relationship.collection is None:
        if known_one(owner, relationship) is member or _is_expired(owner, relationship):
            record(owner, relationship.name, member)
            values[relationship.name] = None
            _forget_key(owner, relationship, member)
        return
    collection = values.get(relationship.name)
    if collection is None or (collection.partial and not _holds(collection, member)):
        _queue(owner, relationship, member, 1)
    else:
        LINKS.changing(owner, relationship, collection)
        silent_remove(collection, member)


def _holds(collection: RelatedCollection, member: Any) -> bool:
    return any(other is member for other in members_of(collection))


def leave_owners(instance: Any, parent: Any) -> None:
    """Take a new object that is let go with one parent out of what its other parents hold."""
    for name, relationship in type(instance).__mapper__.relationships.items():
        other = instance.__dict__.get(name)
        if relationship.direction is Direction.MANY_TO_ONE and not (
            other is None or other is parent
        ):
            _leave(other, relationship.back, instance)


def _is_expired(instance: Any, relationship: Relationship[Any, Any]) -> bool:
    """Whether nothing is known of a reference: then whoever holds the instance is right."""
    values = instance.__dict__
    return (
        relationship.direction is Direction.MANY_TO_ONE
        and status_of(instance) is Status.PERSISTENT
        and relationship.name not in values
        and not any(name in values for name in relationship.local_attributes)
    )


def _queue(owner: Any, relationship: Relationship[Any, Any], member: Any, which: int) -> None:
    """Remember an addition (0) or removal (1) until the collection is loaded."""
    if relationship.lazy == "write_only":
        return  # it never is
    state: InstanceState | None = owner._state
    if state is None or state.originals is None:
        state = own_state(owner)
    if state.scope.unit is not None:
        # so that a flush ends the queue, and a rollback empties it
        state.scope.unit.mark_dirty(owner)
    if state.queued is None:
        state.queued = {}
    queues = state.queued.setdefault(relationship.name, ({}, {}))
    if member in queues[1 - which]:
        del queues[1 - which][member]
    else:
        queues[which][member] = None


def _cascade(owner: Any, relationship: Relationship[Any, Any], member: Any) -> None:
    if "save-update" in relationship.cascade:
        unit = unit_of(owner)
        if unit is not None:
            unit.cascade_add(member)


def _drop_orphan(relationship: Relationship[Any, Any], member: Any) -> None:
    """A pending object leaves the session with the last of the parents that keep it.

    A stored one is deleted by the flush instead, if it has not got another parent by then.
    """
    if "delete-orphan" not in relationship.cascade or status_of(member) is not Status.PENDING:
        return
    unit = unit_of(member)
    if unit is not None:
        keepers: list[Relationship[Any, Any]] = type(member).__mapper__.keepers
        if not any(_keeps(keeper, member, unit) for keeper in keepers):
            unit.drop_pending(member)


def _keeps(keeper: Relationship[Any, Any], member: Any, unit: Unit) -> bool:
    """Whether a pending object has a parent along a relationship."""
    if keeper.back is not None and keeper.back.to_many:
        return any(members_of(member.__dict__.get(keeper.back.name)))
    if keeper.back is not None:
        return known_one(member, keeper.back) is not None
    return any(
        isinstance(owner, keeper.owner)
        and any(other is member for other in members_of(owner.__dict__.get(keeper.name)))
        for owner in unit
    )


def _check_cascade(owner: Any, relationship: Relationship[Any, Any], member: Any) -> None:
    if "save-update" in relationship.cascade:
        unit = unit_of(owner)
        if unit is not None:
            unit.check_add(member)


def know_collections(instance: Any) -> None:
    """Put what is known to be empty in place, before a part of the instance is forgotten."""
    state = state_of(instance)
    if state is None or not state.inserted:
        return
    for name, relationship in type(instance).__mapper__.relationships.items():
        if relationship.direction is Direction.MANY_TO_ONE or relationship.overlaps:
            continue
        if name not in instance.__dict__:
            if relationship.to_many:
                empty_collection(instance, relationship)
            else:
                instance.__dict__[name] = None
    state.inserted = False


def empty_collection(instance: Any, relationship: Relationship[Any, Any]) -> RelatedCollection:
    """Give an instance an empty collection that reports its changes."""
    collection = make_collection(instance, relationship, LINKS)
    instance.__dict__[relationship.name] = collection
    return collection
