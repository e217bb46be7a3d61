"""Select-in loading: one further SELECT loads a relationship for many instances at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from asyncorm.errors import ObjectDeletedError
from asyncorm.loading.tree import Edge, Resolved
from asyncorm.mapping.relationships import Direction, Relationship, referring
from asyncorm.mapping.selection import Selection
from asyncorm.sql.expressions import Expression, and_, or_
from asyncorm.sql.select import Select, select
from asyncorm.tracking.changes import stored_values
from asyncorm.tracking.collections import members_of
from asyncorm.tracking.known import has_row, known_empty
from asyncorm.tracking.links import fill_collection
from asyncorm.tracking.state import UNLOADED
from asyncorm.tracking.unit_of_work import UnitOfWork, identity_key, mapper_of


class RelatedLoad:
    """One edge of a tree: a relationship to load for instances that lack it."""

    def __init__(self, edge: Edge, instances: Iterable[Any]) -> None:
        self.edge = edge
        self.relationship = edge.relationship
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
            if not is_loaded(instance, relationship, self.edge.selection)
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
            if is_loaded(instance, relationship, self.edge.selection):
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
        if not relationship.found_by_key:
            return False
        found = unit.find(target.entity, key)
        if found is not None:
            instance.__dict__[relationship.name] = found
        return found is not None

    def _select(self, keys: Sequence[tuple[Any, ...]]) -> Select[Any]:
        relationship, selection = self.relationship, self.edge.selection
        target, secondary = relationship.target, relationship.secondary
        if secondary is not None:
            table, columns = secondary.table, list(secondary.owner_key.columns)
            condition = referring(secondary.target_key, table, target.entity)
            statement: Select[Any] = select(target.entity, *columns).join(table, condition)
        else:
            columns = [target.columns[name] for name in relationship.remote_attributes]
            entities: list[Any] = [target.entity, *columns] if self.keyed else [target.entity]
            statement = select(*entities)
        statement = statement.where(_matches(columns, keys), *relationship.restriction())
        if selection is not None:
            statement = statement.where(*selection.conditions).order_by(*selection.order)
        statement = statement.order_by(*(relationship.order_by or target.primary_key_columns))
        node = self.edge.node
        return statement if node.is_trivial else statement.options(Resolved(node))

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
                    fill_collection(instance, relationship, members, self.edge.selection)
                else:
                    instance.__dict__[relationship.name] = members[0] if members else None

    def leave_empty(self) -> None:
        """Put nothing in place: None, or an empty collection that knows that it is not whole."""
        relationship = self.relationship
        for instance in self.instances:
            if relationship.name in instance.__dict__:
                continue
            if relationship.to_many:
                fill_collection(instance, relationship, [], Selection(relationship))
            else:
                instance.__dict__[relationship.name] = None

    def related(self) -> list[Any]:
        """All related objects, for the edges that go on from them."""
        name = self.relationship.name
        found: dict[Any, None] = {}
        for instance in self.instances:
            found.update(dict.fromkeys(members_of(instance.__dict__.get(name))))
        return list(found)


def is_loaded(
    instance: Any, relationship: Relationship[Any, Any], selection: Selection[Any, Any] | None
) -> bool:
    """Whether an attribute holds what is asked for: all related objects, or some that will do.

    A collection that is not whole does not stand for the whole, nor one selection for another.
    """
    values = instance.__dict__
    if relationship.name not in values:
        return False
    held = getattr(values[relationship.name], "selection", None)
    return held is None or (selection is not None and is_same(held, selection))


def is_same(one: Selection[Any, Any], other: Selection[Any, Any]) -> bool:
    """Whether two selections mean the same objects."""
    values = [p.value for p in one._parameters], [p.value for p in other._parameters]
    return one._key == other._key and values[0] == values[1]


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
