"""Select-in loading: one further SELECT loads a relationship for many instances at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from asyncorm.errors import ObjectDeletedError
from asyncorm.mapping.relationships import Direction, Relationship, referring
from asyncorm.sql.expressions import Expression, and_, or_
from asyncorm.sql.select import Select, select
from asyncorm.tracking.changes import stored_values
from asyncorm.tracking.collections import members_of
from asyncorm.tracking.known import has_row, known_empty
from asyncorm.tracking.links import fill_collection
from asyncorm.tracking.state import UNLOADED
from asyncorm.tracking.unit_of_work import UnitOfWork, identity_key, mapper_of


class RelatedLoad:
    """One step of a path: a relationship to load for instances that lack it."""

    def __init__(self, relationship: Relationship[Any, Any], instances: Iterable[Any]) -> None:
        self.relationship = relationship
        self.instances = list(dict.fromkeys(instances))
        self._ready = not any(instance._state.partial for instance in self.instances)
        self.missing: dict[Any, list[Any]] = {}
        #: whether rows bring their keys, since those of objects held already may be stale
        self.keyed = False

    @property
    def unready(self) -> list[Any]:
        """The owners that can't tell what is related to them: their own columns are expired."""
        relationship = self.relationship
        if self._ready:
            return []
        found = [
            instance
            for instance in self.instances
            if relationship.name not in instance.__dict__
            and any(name not in instance.__dict__ for name in relationship.local_attributes)
            and not known_empty(instance, relationship)
        ]
        self._ready = not found
        return found

    def owners_statement(self) -> Select[Any]:
        """The SELECT of the rows of those owners."""
        mapper: Any = self.relationship.mapper
        keys = [mapper.key_values(identity_key(instance)) for instance in self.unready]
        return select(mapper.entity).where(_matches(mapper.primary_key_columns, keys))

    def statement(self, unit: UnitOfWork) -> Select[Any] | None:
        """The SELECT still needed once memory has answered what it can; None if nothing is."""
        relationship = self.relationship
        to_one = relationship.direction is Direction.MANY_TO_ONE
        for instance in self.instances:
            values = instance.__dict__
            if relationship.name in values:
                continue
            # children refer to the key that the row has, whatever it will be after the flush
            known = values if to_one else stored_values(instance)
            key = tuple(known.get(name, UNLOADED) for name in relationship.local_attributes)
            if UNLOADED in key:
                raise ObjectDeletedError(
                    f"the row of the {relationship.mapper.name} to load {relationship} for no "
                    "longer exists"
                )
            if to_one and self._answer(instance, key, unit):
                continue
            if not to_one and not has_row(instance):
                continue
            self.missing.setdefault(key, []).append(instance)
        if not self.missing:
            return None
        self.keyed = relationship.secondary is not None or (
            not to_one and bool(unit.identity_map.references(relationship.target))  # type: ignore[arg-type]
        )
        return self._select(list(self.missing))

    def _answer(self, instance: Any, key: tuple[Any, ...], unit: UnitOfWork) -> bool:
        """Set a to-one value that needs no SQL: none, or an object in the identity map."""
        relationship = self.relationship
        target = relationship.target
        if None in key:
            instance.__dict__[relationship.name] = None
            return True
        if relationship.remote_attributes != target.primary_key:
            return False
        found = unit.find(target.entity, key)
        if found is not None:
            instance.__dict__[relationship.name] = found
        return found is not None

    def _select(self, keys: Sequence[tuple[Any, ...]]) -> Select[Any]:
        relationship = self.relationship
        target, secondary = relationship.target, relationship.secondary
        order = relationship.order_by or target.primary_key_columns
        if secondary is not None:
            table, owner_key = secondary.table, secondary.owner_key.columns
            condition = referring(secondary.target_key, table, target.entity)
            linked: Select[Any] = select(target.entity, *owner_key).join(table, condition)
            return linked.where(_matches(owner_key, keys)).order_by(*order)
        columns = [target.columns[name] for name in relationship.remote_attributes]
        entities: list[Any] = [target.entity, *columns] if self.keyed else [target.entity]
        statement: Select[Any] = select(*entities)
        return statement.where(_matches(columns, keys)).order_by(*order)

    def distribute(self, found: list[Any]) -> None:
        """Hand the loaded objects out to the instances that refer to them."""
        relationship = self.relationship
        by_key: dict[tuple[Any, ...], list[Any]] = {}
        for row in found:
            if self.keyed:
                related, key = row[0], tuple(row[1:])
            else:
                related, values = row, row.__dict__
                key = tuple(values.get(name) for name in relationship.remote_attributes)
            by_key.setdefault(key, []).append(related)
        for key, instances in self.missing.items():
            members = by_key.get(key, [])
            for instance in instances:
                if relationship.to_many:
                    fill_collection(instance, relationship, members)
                else:
                    instance.__dict__[relationship.name] = members[0] if members else None

    def related(self) -> list[Any]:
        """All related objects, for the next step of the path."""
        name = self.relationship.name
        found: dict[Any, None] = {}
        for instance in self.instances:
            found.update(dict.fromkeys(members_of(instance.__dict__.get(name))))
        return list(found)


def _matches(
    columns: Sequence[Expression[Any, Any]], keys: Sequence[tuple[Any, ...]]
) -> Expression[bool, bool]:
    if len(columns) == 1:
        return columns[0].in_([key[0] for key in keys])
    return or_(*(and_(*(c == v for c, v in zip(columns, key, strict=True))) for key in keys))


def siblings(instance: Any, unit: UnitOfWork) -> list[Any]:
    """The live instances that came from the same result as this one, itself included."""
    group = group_of(instance)
    if group is None:
        return [instance]
    references = unit.identity_map.references(mapper_of(instance))
    same = [i for i in references.live() if group_of(i) is group]
    return [instance, *(other for other in same if other is not instance)]


def group_of(instance: Any) -> Any:
    """What instances of one result have in common: the state they share or shared."""
    state = instance._state
    if state is None:
        return None
    return state if state.shared else state.group
