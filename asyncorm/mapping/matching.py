"""Conditions on what a relationship leads to: a given object, none, or rows that fulfil some."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, cast

from asyncorm.errors import ArgumentError, InvalidRequestError
from asyncorm.mapping.relationships import Direction, Relationship, referring
from asyncorm.sql.adapted import adapted
from asyncorm.sql.conditions import and_, or_
from asyncorm.sql.correlated import exists_for
from asyncorm.sql.expressions import Condition, Expression, as_condition
from asyncorm.sql.implied import ImpliedAlias
from asyncorm.sql.sources import Alias, attribute_of, column_of, source_of
from asyncorm.sql.statements.select import Select, select


class Ends(NamedTuple):
    """A relationship and what stands at its two ends: entities, or aliases of them."""

    relationship: Relationship[Any, Any]
    owner: Any
    target: Any

    @classmethod
    def of(cls, relationship: Any, owner: Any = None, target: Any = None) -> Ends:
        """The ends that are given, and the entities for others."""
        relationship.owner.metadata.configure()
        return cls(
            relationship,
            owner or relationship.mapper.entity,
            target or relationship.target.entity,
        )

    @property
    def is_plain(self) -> bool:
        """Whether the columns of the owner say all of what is related."""
        to_one = self.relationship.direction is Direction.MANY_TO_ONE
        same = self.target is self.relationship.target.entity or isinstance(self.target, Alias)
        return to_one and same and not self.relationship.restrictions

    def locals(self) -> list[Any]:
        """The owner's columns that identify what is related."""
        return [column_of(self.owner, name) for name in self.relationship.local_attributes]


def equals(ends: Ends, instance: Any) -> Condition:
    """Whether the related object is this one."""
    if not ends.is_plain:
        return relates(ends, member=instance)
    values = _values(ends.relationship, instance, ends.relationship.remote_attributes)
    return _all(column == value for column, value in zip(ends.locals(), values, strict=True))


def differs(ends: Ends, instance: Any) -> Condition:
    """Whether the related object is another one, or there is none."""
    if not ends.is_plain:
        return ~relates(ends, member=instance)
    values = _values(ends.relationship, instance, ends.relationship.remote_attributes)
    pairs = zip(ends.locals(), values, strict=True)
    return _any(column.is_distinct_from(value) for column, value in pairs)


def lacks(ends: Ends) -> Condition:
    """Whether nothing is related."""
    if not ends.is_plain:
        return ~relates(ends)
    # one NULL in a key of several columns makes the whole reference empty
    names = ends.relationship.foreign_key.cleared
    return _any(column_of(ends.owner, name) == None for name in names)  # noqa: E711


def holds(ends: Ends) -> Condition:
    """Whether something is related."""
    if not ends.is_plain:
        return relates(ends)
    names = ends.relationship.foreign_key.cleared
    return _all(column_of(ends.owner, name) != None for name in names)  # noqa: E711


def is_one_of(ends: Ends, instances: Iterable[Any]) -> Condition:
    """Whether the related object is one of these."""
    relationship = ends.relationship
    single = str, Mapping, relationship.target.entity
    if isinstance(instances, single) or not isinstance(instances, Iterable):
        raise ArgumentError(
            f"in_() of {relationship} takes a list of objects, not a {type(instances).__name__}",
            hint=f"give objects: {relationship}.in_([one, other]); or has() for conditions",
        )
    names = _keys(ends)
    rows = [_values(relationship, instance, names) for instance in instances]
    if not ends.is_plain:
        target = _related_source(ends)
        columns = [column_of(target, name) for name in names]
        return _exists(ends, target, [_one_of(columns, rows)])
    return _one_of(ends.locals(), rows)


def relates(
    ends: Ends,
    where: Sequence[Expression[bool, Any]] = (),
    values: Mapping[str, Any] | None = None,
    *,
    member: Any = None,
) -> Condition:
    """Whether some related row fulfils the conditions, or is that of ``member``."""
    relationship = ends.relationship
    target = _related_source(ends)
    places = relationship.target.source, source_of(target)
    conditions = [adapted(as_condition(condition), places) for condition in where]
    for name, value in (values or {}).items():
        conditions.append(attribute_of(target, name) == value)
    if member is not None:
        conditions.append(_is_row_of(relationship, target, member))
    return _exists(ends, target, conditions)


def links(ends: Ends, member: Any) -> Condition:
    """Whether an object is a member of a collection: among rows, or only in the link table."""
    relationship = ends.relationship
    secondary = relationship.secondary
    if secondary is None or relationship.restrictions:
        return relates(ends, member=member)
    values = _values(relationship, member, relationship.remote_attributes)
    table = Alias(secondary.table, None)
    names = [name for name, _ in secondary.target_key.pairs]
    matches = (column_of(table, name) == value for name, value in zip(names, values, strict=True))
    key = column_of(table, relationship.pairs[0][0])
    condition = referring(secondary.owner_key, table, ends.owner)
    query = select(key).select_from(table).where(condition, *matches)
    return exists_for(source_of(ends.owner), query)


def _is_row_of(
    relationship: Relationship[Any, Any], target: Any, member: Any
) -> Expression[bool, bool]:
    names = relationship.target.primary_key
    values = _values(relationship, member, names)
    pairs = zip(names, values, strict=True)
    return and_(*(column_of(target, name) == value for name, value in pairs))


def _exists(ends: Ends, target: Any, conditions: Sequence[Expression[bool, Any]]) -> Condition:
    relationship = ends.relationship
    _, condition, link = relationship._join(ends.owner, target)
    if link is None:
        key = column_of(target, relationship.target.primary_key[0])
        query: Select[Any] = select(key).select_from(target)
        return exists_for(source_of(ends.owner), query.where(condition, *conditions))
    table, its = link
    key = column_of(table, relationship.pairs[0][0])
    linked: Select[Any] = select(key).select_from(table).join(target, its)
    return exists_for(source_of(ends.owner), linked.where(condition, *conditions))


def _related_source(ends: Ends) -> Any:
    """What stands for the related rows: in a self-reference they need another name."""
    source = source_of(ends.owner)
    root = source._root if isinstance(source, ImpliedAlias) else source
    return Alias(ends.target, None) if source_of(ends.target) is root else ends.target


def _keys(ends: Ends) -> tuple[str, ...]:
    relationship = ends.relationship
    return relationship.remote_attributes if ends.is_plain else relationship.target.primary_key


def _values(relationship: Relationship[Any, Any], instance: Any, names: Sequence[str]) -> list[Any]:
    """The values by which rows refer to an object; it must have them."""
    target = relationship.target
    if not isinstance(instance, target.entity):
        kind = instance.__name__ if isinstance(instance, type) else type(instance).__name__
        raise ArgumentError(
            f"{relationship} leads to {target.name} and can't be compared with {kind}",
            hint=f"give an object of {target.name}; a key is compared with the column that has it",
        )
    values = [vars(instance).get(name) for name in names]
    if any(value is None or isinstance(value, Expression) for value in values):
        raise InvalidRequestError(
            f"{relationship} is compared with an object of {target.name} that has no "
            f"{', '.join(names)} yet",
            hint="await session.flush() first, so that it gets its key; or refresh() it, if it "
            "has expired",
        )
    return values


def _one_of(columns: Sequence[Any], rows: Sequence[Sequence[Any]]) -> Condition:
    if len(columns) == 1:
        return cast("Condition", columns[0].in_([row[0] for row in rows]))
    if not rows:
        return cast("Condition", columns[0].in_([]))
    return _any(
        and_(*(column == value for column, value in zip(columns, row, strict=True))) for row in rows
    )


def _all(conditions: Iterable[Expression[bool, bool]]) -> Condition:
    return cast("Condition", and_(*conditions))


def _any(conditions: Iterable[Expression[bool, bool]]) -> Condition:
    return cast("Condition", or_(*conditions))
