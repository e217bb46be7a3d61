"""WriteOnlyCollection: a collection that is written to and asked, and never loaded."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from asyncorm.errors import InvalidRequestError
from asyncorm.mapping.relationships import Relationship, referring
from asyncorm.mapping.selection import Selection
from asyncorm.sql.conditions import and_
from asyncorm.sql.expressions import Expression
from asyncorm.sql.sources import column_of
from asyncorm.sql.statements.delete import Delete, delete
from asyncorm.sql.statements.insert import Insert, insert
from asyncorm.sql.statements.select import Select, exists, select
from asyncorm.sql.statements.update import Update, update
from asyncorm.tracking.collections import RelatedCollection, members_of, silent_append
from asyncorm.tracking.filling import fill_collection
from asyncorm.tracking.known import has_row
from asyncorm.tracking.links import empty_collection

T = TypeVar("T")


class WriteOnlyCollection(Generic[T]):
    """The members of a large collection, for ``relationship(lazy="write_only")``.

    Adding and removing is noted and written by the flush, without reading what is there; reading
    is a statement: ``await session.all(user.logins.select().limit(10))``.
    """

    def __init__(self, owner: Any, relationship: Relationship[Any, Any]) -> None:
        self._owner = owner
        self._relationship = relationship

    # -- writing -----------------------------------------------------------------------------

    def add(self, member: T) -> None:
        """Add a member; it is not looked up whether it is one already."""
        self.add_all((member,))

    def add_all(self, members: Iterable[T]) -> None:
        """Add several members."""
        changes: Any = self._changes()
        if isinstance(changes, dict):
            changes.update({changes.key_of(member): member for member in members})  # type: ignore[attr-defined]
        elif isinstance(changes, set):
            changes.update(members)
        else:
            changes.extend(members)

    def remove(self, member: T) -> None:
        """Remove a member."""
        changes: Any = self._changes()
        if not any(one is member for one in members_of(changes)):
            silent_append(changes, member)  # as if it had been loaded
        if isinstance(changes, dict):
            del changes[changes.key_of(member)]  # type: ignore[attr-defined]
        else:
            changes.remove(member)

    def _changes(self) -> RelatedCollection:
        """What stands in for the members: those of a new owner, or what has come and gone."""
        owner, relationship = self._owner, self._relationship
        held = owner.__dict__.get(relationship.name)
        if held is None:
            if has_row(owner):
                fill_collection(owner, relationship, [], Selection(relationship))
            else:
                empty_collection(owner, relationship)
            held = owner.__dict__[relationship.name]
        return cast("RelatedCollection", held)

    # -- statements --------------------------------------------------------------------------

    def select(self) -> Select[T]:
        """The SELECT of the members, in the order of the relationship."""
        relationship, target = self._relationship, self._relationship.target
        statement: Select[Any] = select(target.entity)
        secondary = relationship.secondary
        if secondary is not None:
            join = referring(secondary.target_key, secondary.table, target.entity)
            statement = statement.join(secondary.table, join)
        statement = statement.where(self._belongs(), *relationship.restriction())
        return statement.order_by(*relationship.order_by)

    def insert(self) -> Insert[Any]:
        """The INSERT of members, whose rows get the key of the owner: for many at once."""
        relationship = self._relationship
        if relationship.secondary is not None:
            raise InvalidRequestError(
                f"rows of {relationship} are linked by another table, which an INSERT of "
                f"{relationship.target.name} would not fill",
                hint="add the objects: obj.collection.add_all([...])",
            )
        names = relationship.remote_attributes
        return insert(relationship.target.entity)._fixed_to(
            dict(zip(names, self._key(), strict=True))
        )

    def update(self) -> Update[Any]:
        """The UPDATE of the members."""
        return update(self._relationship.target.entity).where(self._is_member())

    def delete(self) -> Delete[Any]:
        """The DELETE of the members' rows."""
        return delete(self._relationship.target.entity).where(self._is_member())

    def _key(self) -> tuple[Any, ...]:
        owner, names = self._owner, self._relationship.local_attributes
        values = tuple(owner.__dict__.get(name) for name in names)
        if None in values or not has_row(owner):
            raise InvalidRequestError(
                f"the {type(owner).__name__} has no row yet that members of "
                f"{self._relationship} could refer to",
                hint="await session.flush() first",
            )
        return values

    def _belongs(self) -> Expression[bool, Any]:
        """Whether a row has the key of the owner: its own, or that of the link table beside it."""
        relationship = self._relationship
        secondary = relationship.secondary
        if secondary is not None:
            columns: list[Any] = list(secondary.owner_key.columns)
        else:
            entity = relationship.target.entity
            columns = [column_of(entity, name) for name in relationship.remote_attributes]
        return and_(*(column == value for column, value in zip(columns, self._key(), strict=True)))

    def _is_member(self) -> Expression[bool, Any]:
        secondary = self._relationship.secondary
        if secondary is None:
            return and_(self._belongs(), *self._relationship.restriction())
        join = referring(secondary.target_key, secondary.table, self._relationship.target.entity)
        linked = select(secondary.owner_key.columns[0]).where(join, self._belongs())
        return exists(linked)

    # -- what would have to read -------------------------------------------------------------

    if not TYPE_CHECKING:  # type checkers refuse what they don't see

        def __iter__(self):
            raise self._unreadable("iterated over")

        def __len__(self):
            raise self._unreadable("counted")

        def __bool__(self):
            raise self._unreadable("asked whether it is empty")

        def __contains__(self, member):
            raise self._unreadable("searched")

        def __aiter__(self):
            raise self._unreadable("iterated over")

        def __getitem__(self, index):
            raise self._unreadable("indexed")

    def _unreadable(self, what: str) -> TypeError:
        name = self._relationship.name
        return TypeError(
            f"{self._relationship} is write-only, so it can't be {what} in memory\n"
            f"hint: read it by a statement: await session.all(obj.{name}.select())"
        )

    def __repr__(self) -> str:
        return f"<write-only {self._relationship}>"
