"""ToOne and ToMany: relationships as class attributes, and the SQL that is written with them.

``User.books`` is a ``ToMany``, ``Book.author`` a ``ToOne``. Seen from an alias, or with another
target (``of_type``), they are the same relationship between other ends.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar, cast

from asyncorm.errors import ArgumentError, InvalidRequestError, UnknownAttributeError
from asyncorm.mapping.matching import Ends, differs, equals, holds, is_one_of, lacks, links, relates
from asyncorm.mapping.relationships import Relationship
from asyncorm.mapping.selection import Selection, first_of
from asyncorm.sql.expressions import Condition, Expression
from asyncorm.sql.implied import implied_alias
from asyncorm.sql.sources import Alias
from asyncorm.sql.statements.clauses import JoinParts

E = TypeVar("E")
R = TypeVar("R")
U = TypeVar("U")
M = TypeVar("M")


class Attribute:
    """A relationship between two ends."""

    __hash__ = object.__hash__

    @property
    def _ends(self) -> Ends:
        raise NotImplementedError


class OneExpressions(Attribute, Generic[U]):
    """The conditions on a relationship to one object."""

    __hash__ = object.__hash__

    def __eq__(self, other: U | None) -> Condition:  # type: ignore[override]  # ty: ignore[invalid-method-override]  # pyright: ignore[reportIncompatibleMethodOverride]
        if isinstance(other, Attribute):
            # no SQL: in a list or as key of a dict a relationship is found by being the same one
            return cast("Condition", self is other)
        return lacks(self._ends) if other is None else equals(self._ends, other)

    def __ne__(self, other: U | None) -> Condition:  # type: ignore[override]  # ty: ignore[invalid-method-override]  # pyright: ignore[reportIncompatibleMethodOverride]
        if isinstance(other, Attribute):
            return cast("Condition", self is not other)
        return holds(self._ends) if other is None else differs(self._ends, other)

    def is_(self, other: None) -> Condition:
        """Whether there is no related object; only None can be given."""
        _check_none(self._ends, other)
        return lacks(self._ends)

    def is_not(self, other: None) -> Condition:
        """Whether there is a related object; only None can be given."""
        _check_none(self._ends, other)
        return holds(self._ends)

    def in_(self, others: Iterable[U]) -> Condition:
        """Whether the related object is one of these, which must have their keys."""
        return is_one_of(self._ends, others)

    def not_in(self, others: Iterable[U]) -> Condition:
        """Whether the related object is none of these, or there is none."""
        return Condition("IS NOT TRUE", (is_one_of(self._ends, others),))

    def has(self, *where: Expression[bool, Any], **values: Any) -> Condition:
        """Whether there is a related row that fulfils the conditions.

        The related entity in a condition means the related row, also if it is the owner's class.
        """
        return relates(self._ends, where, values)

    @property
    def to(self) -> type[U]:
        """The related entity, for its columns: ``Book.author.to.email`` implies a LEFT JOIN.

        A statement joins each such path once; the columns are NULL where nothing is related.
        """
        ends = self._ends
        if isinstance(ends.target, Alias):
            raise InvalidRequestError(
                f"{ends.relationship}.of_type(alias).to has two aliases",
                hint="join the alias and use its columns: join(Book.author.of_type(alias))",
            )
        return cast("type[U]", implied_alias(ends.owner, ends.relationship, ends.target))

    if not TYPE_CHECKING:

        def __getattr__(self, name):
            raise _unknown(
                self, name, "ask for the related row with has(), or compare with an object"
            )


class ManyExpressions(Attribute, Generic[U]):
    """The conditions on a relationship to a collection."""

    __hash__ = object.__hash__

    def any(self, *where: Expression[bool, Any], **values: Any) -> Condition:
        """Whether some related row fulfils the conditions.

        The related entity in a condition means the related row, also if it is the owner's class.
        """
        return relates(self._ends, where, values)

    def contains(self, member: U) -> Condition:
        """Whether this very object, which must have its key, is among the related ones."""
        return links(self._ends, member)

    if not TYPE_CHECKING:

        def __eq__(self, other):
            if isinstance(other, Attribute):
                return self is other
            raise _not_comparable(self._ends.relationship)

        def __ne__(self, other):
            if isinstance(other, Attribute):
                return self is not other
            raise _not_comparable(self._ends.relationship)

        @property
        def to(self) -> NoReturn:
            """Refused: there may be several related rows."""
            raise InvalidRequestError(
                f"{self._ends.relationship} is a collection: .to would repeat rows",
                hint="ask with any(), or join it: select(...).join(User.books)",
            )

        def __getattr__(self, name):
            hint = "ask for members with any() or contains(), choose some with where() or top()"
            raise _unknown(self, name, hint)


class ToOne(Relationship[E, R], OneExpressions[U], Generic[E, R, U]):
    """A relationship to one object, or to none.

    ``==`` and ``!=`` compare with an object by its key, or with None. As ``!=`` asks for what is
    not related to the object, it is true as well where nothing is related.
    """

    @property
    def _ends(self) -> Ends:
        return Ends.of(self)

    def _seen_from(self, owner: Alias) -> ToOneFrom[U]:
        return ToOneFrom(self, owner)

    def where(self, *conditions: Expression[bool, Any]) -> Selection[E, U | None]:
        """The related object if it fulfils the conditions: for loading."""
        return Selection[E, "U | None"](self).where(*conditions)

    def and_(self, *conditions: Expression[bool, Any]) -> Selection[E, U | None]:
        """The same as ``where``."""
        return self.where(*conditions)

    def of_type(self, target: type[M]) -> ToOne[E, R, M]:
        """The relationship to an alias of its target, or to a subclass only."""
        return cast("ToOne[E, R, M]", ToOneFrom(self, None, target))


class ToMany(Relationship[E, list[U]], ManyExpressions[U]):
    """A relationship to a collection of objects."""

    @property
    def _ends(self) -> Ends:
        return Ends.of(self)

    def _seen_from(self, owner: Alias) -> ToManyFrom[U]:
        return ToManyFrom(self, owner)

    def where(self, *conditions: Expression[bool, Any]) -> Selection[E, list[U]]:
        """The related objects that fulfil the conditions: for loading."""
        return Selection[E, "list[U]"](self).where(*conditions)

    def and_(self, *conditions: Expression[bool, Any]) -> Selection[E, list[U]]:
        """The same as ``where``."""
        return self.where(*conditions)

    def top(self, count: int, *, order_by: Any = None) -> Selection[E, list[U]]:
        """The first related objects of each owner, in an order: for loading.

        Without ``order_by`` it is the order of the relationship, or that of the primary key.
        """
        return first_of(self, count, order_by)

    def of_type(self, target: type[M]) -> ToMany[E, M]:
        """The relationship to an alias of its target, or to a subclass only."""
        return cast("ToMany[E, M]", ToManyFrom(self, None, target))


class Placed(Attribute):
    """A relationship seen from an alias, or leading to one: ``alias.books``, ``of_type()``."""

    def __init__(
        self, relationship: Relationship[Any, Any], owner: Any = None, target: Any = None
    ) -> None:
        self.relationship = relationship
        self.owner = owner
        self.target = target
        if target is not None:
            relationship.owner.metadata.configure()
            relationship._check_target(target)

    @property
    def _ends(self) -> Ends:
        return Ends.of(self.relationship, self.owner, self.target)

    def _join(self, owner: Any = None, target: Any = None) -> JoinParts:
        return self.relationship._join(owner or self.owner, target or self.target)

    def of_type(self, target: type[Any]) -> Placed:
        """The relationship to an alias of its target, or to a subclass only."""
        return type(self)(self.relationship, self.owner, target)

    def where(self, *conditions: Expression[bool, Any]) -> Selection[Any, Any]:
        """The related objects that fulfil the conditions: for loading, or to join them."""
        return Selection[Any, Any](self).where(*conditions)

    and_ = where

    @property
    def _key(self) -> Hashable:
        return self.relationship._key

    def __repr__(self) -> str:
        return f"<{self.relationship} between aliases>"

    def __str__(self) -> str:
        return str(self.relationship)


class ToOneFrom(Placed, OneExpressions[U]):
    """A relationship to one object, between aliases."""


class ToManyFrom(Placed, ManyExpressions[U]):
    """A relationship to a collection, between aliases."""

    def top(self, count: int, *, order_by: Any = None) -> Selection[Any, Any]:
        """The first related objects of each owner, in an order: for loading."""
        return first_of(self, count, order_by)


def _unknown(attribute: Attribute, name: str, hint: str) -> AttributeError:
    known = vars(attribute)
    relationship = known.get("relationship", attribute)
    if name.startswith("_") or "name" not in vars(relationship):
        # asked by Python, which copies and inspects objects, maybe before they are made
        return AttributeError(f"{type(attribute).__name__!r} object has no attribute {name!r}")
    if isinstance(attribute, OneExpressions) and name in getattr(
        relationship.target, "columns", ()
    ):
        hint = f"write {relationship}.to.{name}, which joins it"
    return UnknownAttributeError(f"{relationship} is a relationship and has no {name!r}", hint=hint)


def _not_comparable(relationship: Relationship[Any, Any]) -> ArgumentError:
    return ArgumentError(
        f"{relationship} is a collection and can't be compared",
        hint=f"write {relationship}.contains(object), or any() for whether there are members",
    )


def _check_none(ends: Ends, other: object) -> None:
    if other is not None:
        raise ArgumentError(
            f"is_() and is_not() of {ends.relationship} take None, not a {type(other).__name__}",
            hint="compare with an object by == or !=",
        )
