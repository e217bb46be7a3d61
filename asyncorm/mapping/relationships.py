"""Relationships: the facts about a link between two entities, and how they are joined.

What is declared becomes complete when the models are configured.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from enum import Enum
from typing import Any, Generic, Protocol, TypeVar
from weakref import WeakKeyDictionary, ref

from asyncorm._lazy_dataclass import dataclass
from asyncorm.errors import ArgumentError, InvalidRequestError
from asyncorm.mapping.secondary import Secondary
from asyncorm.sql.adapted import adapted
from asyncorm.sql.conditions import and_
from asyncorm.sql.expressions import Expression
from asyncorm.sql.nodes import combined
from asyncorm.sql.sources import Alias, Derived, column_of, entity_name, entity_of, source_of
from asyncorm.sql.statements.clauses import JoinParts
from asyncorm.sql.table import BaseColumn, ForeignKey, Table

#: what a relationship seen from a subclass does not share with the one of the base
_OWN = ("owner", "mapper", "origin", "_key", "_implied")

E = TypeVar("E")
R = TypeVar("R", covariant=True)
U = TypeVar("U")


#: what configuration fills in; nothing else may use a relationship before
_LATER: Any = None


class MappedEntity(Protocol):
    """What a relationship knows of the mappers on its two sides."""

    entity: type[Any]
    table: Table
    source: Table
    columns: dict[str, BaseColumn[Any, Any]]
    primary_key: tuple[str, ...]
    primary_key_columns: tuple[BaseColumn[Any, Any], ...]
    relationships: dict[str, Relationship[Any, Any]]
    keepers: list[Relationship[Any, Any]]
    held_by: list[Relationship[Any, Any]]
    link_keys: dict[ForeignKey, bool]
    owning: list[Relationship[Any, Any]]

    @property
    def tables(self) -> tuple[Table, ...]:
        """Its physical tables, base first."""
        ...

    @property
    def foreign_keys(self) -> tuple[ForeignKey, ...]:
        """The foreign keys over its columns."""
        ...

    @property
    def root(self) -> MappedEntity:
        """The entity that all of its hierarchy derive from."""
        ...

    @property
    def subtypes(self) -> Sequence[MappedEntity]:
        """The entity itself and those that derive from it."""
        ...

    @property
    def name(self) -> str:
        """The entity's name, for messages."""
        ...


class Direction(Enum):
    """From which side of the foreign key a relationship looks."""

    MANY_TO_ONE = "many-to-one"
    ONE_TO_MANY = "one-to-many"
    MANY_TO_MANY = "many-to-many"


@dataclass(frozen=True)
class Target:
    """What a relationship's annotation says: the entity, and list, set or a single object."""

    entity: type[Any]
    collection: type[Any] | None
    optional: bool


@dataclass
class RelationshipDeclaration:
    """The arguments of ``relationship()`` as written, and how to resolve the annotation later."""

    back_populates: str | None = None
    cascade: frozenset[str] = frozenset()
    secondary: Any = None
    foreign_keys: Sequence[Any] = ()
    remote_side: Sequence[Any] = ()
    order_by: Any = None
    post_update: bool = False
    passive_deletes: bool | str | None = None
    passive_updates: bool = True
    single_parent: bool = False
    viewonly: bool = False
    collection_class: Any = None
    primaryjoin: Any = None
    secondaryjoin: Any = None
    lazy: str = "select"
    annotation: Any = None


class Relationship(Generic[E, R]):
    """A relationship of entity ``E``; loading it gives ``R``."""

    def __init__(self, name: str, owner: type[Any], declaration: RelationshipDeclaration) -> None:
        self.name = name
        self.owner = owner
        self.declaration = declaration
        self.cascade = declaration.cascade
        self.viewonly = declaration.viewonly
        #: how statements load it where no option says otherwise
        self.lazy = declaration.lazy
        self.order_by: tuple[Any, ...] = ()
        #: says what the annotation means, once all models are known; set by who declares it
        self.resolve: Callable[[], Target] = _LATER
        # filled by mapping.configure
        self.mapper: MappedEntity = _LATER
        self.target: MappedEntity = _LATER
        self.direction: Direction = _LATER
        self.collection: type[Any] | None = None
        #: of a many-to-many relationship the one of the link table that refers to the owner
        self.foreign_key: ForeignKey = _LATER
        #: the link table of a many-to-many relationship
        self.secondary: Secondary | None = None
        self.back: Relationship[Any, Any] | None = None
        self._pairs: tuple[tuple[str, str], ...] = ()
        #: the attributes of the owner that identify its related rows
        self.local_attributes: tuple[str, ...] = ()
        #: the attributes of the related entity that match ``local_attributes``
        self.remote_attributes: tuple[str, ...] = ()
        #: the attribute of the members that is their key in a dict
        self.keyed_by: str | None = None
        #: with ``single_parent``: which owner an object was given to
        self.parents: WeakKeyDictionary[Any, ref[Any]] = WeakKeyDictionary()
        #: whether what it shows is written by other relationships of the owner as well
        self.overlaps = False
        #: the relationship of the base that this one is, as seen from a subclass
        self.origin: Relationship[E, R] = self
        #: the same for each subclass of the owner
        self.seen: list[Relationship[Any, Any]] = []
        self._passive_deletes: bool | None = None
        #: what related rows must fulfil besides the key (of ``primaryjoin``, ``secondaryjoin``)
        self.restrictions: tuple[Expression[bool, Any], ...] = ()
        self._key = ("relationship", id(self))
        #: the aliases that columns reached over it imply to be joined, by owner
        self._implied: dict[Any, Any] = {}

    @property
    def to_many(self) -> bool:
        """Whether the attribute holds a collection."""
        return self.collection is not None

    @property
    def passive_deletes(self) -> bool:
        """Whether children of a deleted object that are not loaded are left to the server."""
        if self._passive_deletes is None:
            self._passive_deletes = _is_passive(self, set())
        return self._passive_deletes

    @property
    def concerned_by_delete(self) -> bool:
        """Whether deleting the owner matters for the related objects."""
        if self.viewonly:
            return False
        return self.direction is Direction.ONE_TO_MANY or "delete" in self.cascade

    @property
    def server_deletes(self) -> bool:
        """Whether the foreign key tells the server what to do when its target is deleted."""
        return self.foreign_key.ondelete in ("CASCADE", "SET NULL", "SET DEFAULT")

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """(attribute of the row with the foreign key, attribute of the row it refers to)."""
        return self._pairs

    @pairs.setter
    def pairs(self, pairs: tuple[tuple[str, str], ...]) -> None:
        self._pairs = pairs
        # worked out once: loading asks for every object, at 1 µs each time
        side = 0 if self.direction is Direction.MANY_TO_ONE else 1
        self.local_attributes = tuple(pair[side] for pair in pairs)
        if self.secondary is not None:
            self.remote_attributes = tuple(name for _, name in self.secondary.target_key.pairs)
        else:
            self.remote_attributes = tuple(pair[1 - side] for pair in pairs)

    def seen_from(self, mapper: MappedEntity) -> Relationship[Any, Any]:
        """The relationship in statements about a subclass of its owner."""
        found = copy(self)
        found.origin, found.owner, found.mapper = self, mapper.entity, mapper
        found._key, found._implied = ("relationship", id(found)), {}
        self.seen.append(found)
        return found

    def follow_origin(self) -> None:
        """Take over what the configuration has found out of the base's relationship."""
        own = {name: vars(self)[name] for name in _OWN}
        vars(self).update(vars(self.origin), **own)

    @property
    def _bound(self) -> tuple[Any, ...]:
        """The values that a join along it binds."""
        return combined(self.restrictions)[1]

    @property
    def found_by_key(self) -> bool:
        """Whether the foreign key is the primary key of the one related object."""
        return not self.restrictions and self.remote_attributes == self.target.primary_key

    def restriction(
        self, target: Any = None, link: Any = None
    ) -> tuple[Expression[bool, Any], ...]:
        """What related rows must fulfil besides the key, for aliases if they are given.

        ``link`` is what stands for the link table of a many-to-many relationship.
        """
        if not self.restrictions:
            return ()
        places = [(self.target.source, source_of(target or self.target.entity))]
        if self.secondary is not None and link is not None:
            places.append((self.secondary.table, link))
        return tuple(adapted(condition, *places) for condition in self.restrictions)

    def _join(self, owner: Any = None, target: Any = None) -> JoinParts:
        """What a join along it is made of, with aliases of both sides if they are given."""
        self.owner.metadata.configure()
        owner = owner or self.mapper.entity
        target = target or self.target.entity
        self._check_target(target)
        if source_of(owner) is source_of(target):
            raise InvalidRequestError(
                f"{self} leads to rows of the same table, which needs another name in the join",
                hint=f"join an alias: join({self}.of_type(aliased({self.target.name})))",
            )
        if self.secondary is None:
            pairs = zip(self.local_attributes, self.remote_attributes, strict=True)
            matches = (
                column_of(target, remote) == column_of(owner, local) for local, remote in pairs
            )
            return JoinParts(target, and_(*matches, *self.restriction(target)))
        link = Alias(self.secondary.table, None)
        mine = referring(self.secondary.owner_key, link, owner)
        its = referring(self.secondary.target_key, link, target)
        return JoinParts(target, mine, (link, and_(its, *self.restriction(target, link))))

    def _check_target(self, target: Any) -> None:
        entity = entity_of(target)
        if isinstance(entity, type) and issubclass(entity, self.target.entity):
            return
        raise ArgumentError(
            f"{self} leads to {self.target.name}, not to {entity_name(target)}",
            hint=f"give {self.target.name} or an alias of it: aliased({self.target.name})"
            + (", or aliased(entity, subquery)" if isinstance(target, Derived) else ""),
        )

    def __repr__(self) -> str:
        return f"<relationship {self.owner.__name__}.{self.name}>"

    def __str__(self) -> str:
        return f"{self.owner.__name__}.{self.name}"


def _is_passive(relationship: Relationship[Any, Any], above: set[Relationship[Any, Any]]) -> bool:
    """Whether the server does all that becomes of children: theirs are left to it as well."""
    given = relationship.declaration.passive_deletes
    if given is not None:
        return bool(given)
    if relationship.direction is not Direction.ONE_TO_MANY or not relationship.server_deletes:
        return False
    if relationship.foreign_key.ondelete != "CASCADE":
        # it would only empty the keys of children that shall be deleted
        return "delete" not in relationship.cascade
    above.add(relationship)
    target = relationship.target
    return not any(target.link_keys.values()) and all(
        below in above or not below.concerned_by_delete or _is_passive(below, above)
        for below in target.relationships.values()
    )


def referring(key: ForeignKey, referring: Any, target: Any) -> Expression[bool, bool]:
    """The condition that rows refer to others along a foreign key."""
    return and_(
        *(column_of(referring, name) == column_of(target, referred) for name, referred in key.pairs)
    )


def referring_keys(entity: MappedEntity, target: MappedEntity) -> list[ForeignKey]:
    """The foreign keys of an entity that point at a table of another one."""
    return [key for key in entity.foreign_keys if key.target in target.tables]
