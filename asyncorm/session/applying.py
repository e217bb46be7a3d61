"""apply: what a payload says is written onto an object and the objects related to it.

Everything is loaded, matched and validated first; then everything is assigned. What is wrong
with a payload leaves all objects as they were.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from asyncorm.errors import ArgumentError, InvalidRequestError
from asyncorm.loading.on_demand import checked_key, load_many, refresh
from asyncorm.loading.pipeline import load_path
from asyncorm.mapping.mapper import Key, Mapper
from asyncorm.mapping.relationships import Direction, Relationship
from asyncorm.models.payload import (
    Payload,
    coerced,
    given_values,
    settable_columns,
    validated_columns,
)
from asyncorm.session.core import SessionCore
from asyncorm.session.merging import assign_if_changed, assign_related
from asyncorm.tracking.changes import same
from asyncorm.tracking.collections import members_of
from asyncorm.tracking.conflicts import check_given_version
from asyncorm.tracking.known import is_whole
from asyncorm.tracking.state import UNLOADED, Status, status_of
from asyncorm.tracking.unit_of_work import identity_key, mapper_of


async def apply(
    core: SessionCore, instance: Any, payload: Payload, ignore: Collection[str]
) -> None:
    """Write a payload onto an object; nothing is changed if any part of it is refused."""
    if not core.unit.contains(instance) and status_of(instance) is not Status.TRANSIENT:
        raise InvalidRequestError(
            f"the {type(instance).__name__} to apply a payload to is not in this session",
            hint="session.add() it first, or load it through this session",
        )
    applying = _Applying(core, frozenset(ignore))
    level = [await applying.root(instance, payload)]
    while level:
        level = await applying.descend(level)
    for step in applying.steps:
        step.write()


class _Step:
    """What is written onto one object."""

    def __init__(self, instance: Any) -> None:
        self.instance = instance
        self.columns: dict[str, Any] = {}
        #: payloads of related objects, and later those objects
        self.nested: dict[Relationship[Any, Any], Any] = {}
        self.related: dict[Relationship[Any, Any], Any] = {}

    def write(self) -> None:
        for name, value in self.columns.items():
            assign_if_changed(self.instance, name, value)
        for relationship, value in self.related.items():
            assign_related(self.instance, relationship, value)


class _Applying:
    """One payload on its way down a graph of objects, one relationship after the other."""

    def __init__(self, core: SessionCore, ignore: frozenset[str]) -> None:
        self.core = core
        self.ignore = ignore
        self.steps: list[_Step] = []
        self._flushed = False

    # -- one object --------------------------------------------------------------------------

    async def root(self, instance: Any, payload: Payload) -> _Step:
        given = given_values(payload)
        unloaded = [
            name
            for name in given
            if name in mapper_of(instance).columns and name not in instance.__dict__
        ]
        if unloaded and self.core.unit.contains(instance) and instance not in self.core.unit.new:
            await self._before_loading()
            await refresh(instance, unloaded, self.core.context, None)
        return self._update(instance, given)

    def _update(self, instance: Any, given: dict[str, Any]) -> _Step:
        step = _Step(instance)
        mapper = mapper_of(instance)
        columns = self._split(step, mapper, given)
        version = _take_version(instance, mapper, columns)
        _take_fixed(instance, columns)
        step.columns = validated_columns(instance, columns)
        if version is not None:
            what = f"the payload for a {mapper.name}"
            check_given_version(instance, instance, version, step.columns, what)
        self.steps.append(step)
        return step

    def _create(self, mapper: Mapper, given: dict[str, Any]) -> _Step:
        step = _Step(None)
        columns = self._split(step, mapper, given)
        for name in mapper.primary_key:
            if columns.get(name, UNLOADED) is None:
                del columns[name]
        step.instance = mapper.entity(**columns)
        self.steps.append(step)
        return step

    def _split(self, step: _Step, mapper: Mapper, given: dict[str, Any]) -> dict[str, Any]:
        """The columns of a payload; its relationships go into the step."""
        columns: dict[str, Any] = {}
        unknown: list[str] = []
        for name, value in given.items():
            if name in self.ignore:
                continue
            relationship: Any = mapper.relationships.get(name)
            if name in mapper.columns:
                columns[name] = value
            elif relationship is None or relationship.viewonly:
                unknown.append(name)
            else:
                step.nested[relationship] = value
        if unknown:
            names = ", ".join(f"{mapper.name}.{name}" for name in unknown)
            raise InvalidRequestError(
                f"the payload sets {names}, which can't be written",
                hint=f"leave it out of the payload, or apply(..., ignore={unknown!r})",
            )
        return columns

    # -- related objects ---------------------------------------------------------------------

    async def descend(self, level: list[_Step]) -> list[_Step]:
        """Match the nested payloads of a level with objects; the next level's steps."""
        by_relationship: dict[Relationship[Any, Any], list[_Step]] = {}
        for step in level:
            for relationship in step.nested:
                by_relationship.setdefault(relationship, []).append(step)
        below: list[_Step] = []
        for relationship, steps in by_relationship.items():
            await self._load_present(relationship, steps)
            matches = [_Match(step, relationship) for step in steps]
            others = await self._load_others(relationship, matches)
            for match in matches:
                below += self._match(match, others)
        return below

    async def _before_loading(self) -> None:
        if not self._flushed:
            self._flushed = True
            await self.core.autoflush()

    async def _load_present(self, relationship: Relationship[Any, Any], steps: list[_Step]) -> None:
        """What is related now; for all objects of the level at once."""
        many_to_one = relationship.direction is Direction.MANY_TO_ONE
        owners = [
            step.instance
            for step in steps
            if self.core.unit.contains(step.instance)
            and step.instance not in self.core.unit.new
            and not is_whole(step.instance.__dict__.get(relationship.name, UNLOADED))
            and not (many_to_one and step.nested[relationship] is None)
        ]
        if owners:
            await self._before_loading()
            await load_path(owners, (relationship,), self.core.context)

    async def _load_others(
        self, relationship: Relationship[Any, Any], matches: list[_Match]
    ) -> dict[Key, Any]:
        """The objects that are named by key but not related yet."""
        mapper: Any = relationship.target
        keys = [key for match in matches for key in match.keys if key not in match.present]
        found = {key: self.core.unit.identity_map.get(mapper, key) for key in keys}
        missing = [key for key, held in found.items() if held is None]
        if missing:
            await self._before_loading()
            found.update(await load_many(mapper, missing, self.core.context))
        return {key: held for key, held in found.items() if held is not None}

    def _match(self, match: _Match, others: dict[Key, Any]) -> list[_Step]:
        """Steps for the nested payloads of one object and one relationship."""
        below: list[_Step] = []
        members: list[Any] = []
        for position, (given, key) in enumerate(match.items):
            if key is None and not isinstance(given, dict):
                if self.core.unit.contains(match.step.instance):
                    self.core.unit.check_add(given)
                members.append(given)  # an object, to be linked as it is
                continue
            try:
                step = self._member(match, given, key, others)
            except ValueError as error:
                error.add_note(f"in {match.relationship} number {position}")
                raise
            below.append(step)
            members.append(step.instance)
        match.step.related[match.relationship] = match.value(members)
        return below

    def _member(
        self, match: _Match, given: dict[str, Any], key: Key, others: dict[Key, Any]
    ) -> _Step:
        relationship = match.relationship
        mapper: Any = relationship.target
        present = match.present.get(key) if key is not None else match.only
        if present is not None:
            return self._update(present, given)
        other = others.get(key) if key is not None else None
        if other is None:
            _check_new_key(relationship, mapper, key)
            return self._create(mapper, given)
        if relationship.direction is Direction.ONE_TO_MANY:
            _check_owner(relationship, match.step.instance, other)
            return self._update(other, given)
        return self._link(relationship, other, given)

    def _link(
        self, relationship: Relationship[Any, Any], other: Any, given: dict[str, Any]
    ) -> _Step:
        """An object that is shared is linked, but not changed by who is not linked to it yet."""
        step = self._update(other, given)
        for name, value in step.columns.items():
            if not same(other.__dict__.get(name, UNLOADED), value):
                raise InvalidRequestError(
                    f"the payload links a {type(other).__name__} to {relationship} and changes its "
                    f"{name}",
                    hint="link it by its key alone; what is linked already may be changed",
                )
        return step


class _Match:
    """The nested payloads of one object and relationship, and the objects related now."""

    def __init__(self, step: _Step, relationship: Relationship[Any, Any]) -> None:
        self.step = step
        self.relationship = relationship
        self.given = step.nested[relationship]
        self.items = self._items()
        self.keys = [key for _, key in self.items if key is not None]
        held = members_of(step.instance.__dict__.get(relationship.name))
        self.held = list(held)
        self.present = {
            key: member for member in self.held if (key := identity_key(member)) is not None
        }
        if len(set(self.keys)) != len(self.keys):
            raise InvalidRequestError(
                f"the payload has a {relationship.target.name} twice in {relationship}",
                hint="give every primary key once",
            )

    @property
    def only(self) -> Any:
        """What a to-one payload without a key is about: the object that is there."""
        return self.held[0] if self.held and not self.relationship.to_many else None

    def _items(self) -> list[tuple[Any, Key]]:
        items: list[tuple[Any, Key]] = []
        for position, one in enumerate(_payloads(self.relationship, self.given)):
            try:
                items.append(self._item(one))
            except (ValueError, ArgumentError) as error:
                error.add_note(f"in {self.relationship} number {position}")
                raise
        return items

    def _item(self, one: Any) -> tuple[Any, Key]:
        """A payload's values and the key in them; an object of the entity stays as it is."""
        mapper: Any = self.relationship.target
        if isinstance(one, mapper.entity):
            return one, None
        given = given_values(one)
        values = {**given, **self._take_reference(given)}
        parts = tuple(coerced(mapper.entity, n, values.get(n)) for n in mapper.primary_key)
        return given, None if None in parts else checked_key(mapper, parts)

    def _take_reference(self, given: dict[str, Any]) -> dict[str, Any]:
        """What a child has of its parent's key: it may repeat that, but not name another one."""
        relationship = self.relationship
        if relationship.direction is not Direction.ONE_TO_MANY:
            return {}
        owner, entity = self.step.instance.__dict__, relationship.target.entity
        found = {}
        for remote, local in relationship.pairs:
            found[remote] = owner.get(local)
            if remote in given and not same(
                coerced(entity, remote, given.pop(remote)), found[remote]
            ):
                name = f"{entity.__name__}.{remote}"
                raise InvalidRequestError(
                    f"the payload gives another parent in {relationship}: {name}",
                    hint=f"leave {remote} out: the relationship fills it",
                )
        return found

    def value(self, members: list[Any]) -> Any:
        """The members as the relationship takes them."""
        if not self.relationship.to_many:
            return members[0] if members else None
        if isinstance(self.given, Mapping):
            return dict(zip(self.given, members, strict=True))
        if self.relationship.keyed_by is not None:
            return self._by_key(members, self.relationship.keyed_by)
        return members

    def _by_key(self, members: list[Any], name: str) -> dict[Any, Any]:
        """A list of payloads as a dict, under the keys that the members will have."""
        entity = self.relationship.target.entity
        found = {
            coerced(entity, name, given[name])
            if isinstance(given, dict) and name in given
            else getattr(member, name): member
            for (given, _), member in zip(self.items, members, strict=True)
        }
        if len(found) != len(members):
            raise InvalidRequestError(
                f"the payload has a {entity.__name__}.{name} twice in {self.relationship}",
                hint=f"give every {name} once",
            )
        return found


def _payloads(relationship: Relationship[Any, Any], given: Any) -> Iterator[Any]:
    if not relationship.to_many:
        return iter(() if given is None else (given,))
    if isinstance(given, Mapping) and relationship.collection is dict:
        return (_keyed(relationship, key, one) for key, one in given.items())
    if isinstance(given, str | bytes | Mapping) or not isinstance(given, Iterable):
        raise InvalidRequestError(
            f"the payload sets {relationship} to a {type(given).__name__}",
            hint="give a list of nested payloads",
        )
    return iter(given)


def _take_version(instance: Any, mapper: Mapper, columns: dict[str, Any]) -> Any:
    """Take out the version that the payload was made for; None if it does not say."""
    version = mapper.version
    if version is None or version.name not in columns or status_of(instance) is Status.TRANSIENT:
        return None
    return coerced(mapper.entity, version.name, columns.pop(version.name))


def _keyed(relationship: Relationship[Any, Any], key: Any, one: Any) -> Any:
    """The payload of a member of a dict, which need not repeat its key."""
    name = relationship.keyed_by
    if isinstance(one, Mapping) and name in relationship.target.columns and name not in one:
        return {**one, name: key}
    return one


def _take_fixed(instance: Any, columns: dict[str, Any]) -> None:
    """Take out what the payload must not change and repeats as it is; refuse other values."""
    mapper = mapper_of(instance)
    settable, new = settable_columns(mapper.entity), status_of(instance) is Status.TRANSIENT
    for name in list(columns):
        if name not in settable or (name in mapper.key_names and not new):
            given = coerced(mapper.entity, name, columns[name])
            if not same(instance.__dict__.get(name), given):
                raise InvalidRequestError(
                    f"the payload changes {mapper.name}.{name}, which it may only repeat",
                    hint="assign it in your code if that is meant",
                )
            del columns[name]


def _check_new_key(relationship: Relationship[Any, Any], mapper: Mapper, key: Key) -> None:
    if key is not None and not mapper.key_names <= settable_columns(mapper.entity):
        raise InvalidRequestError(
            f"the payload names a {mapper.name} in {relationship} that does not exist",
            hint="leave the primary key out to add a new one",
        )


def _check_owner(relationship: Relationship[Any, Any], owner: Any, other: Any) -> None:
    """A row that belongs to another parent must not be taken over by naming its key."""
    for remote, local in relationship.pairs:
        mine = owner.__dict__.get(local)
        if mine is None or other.__dict__.get(remote) != mine:
            raise InvalidRequestError(
                f"the payload names a {relationship.target.name} in {relationship} that does not "
                f"belong to this {type(owner).__name__}",
                hint="move it in your code if that is meant: assign its other side",
            )
