"""Orphans: which objects a flush deletes, and what becomes of those that referred to them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from asyncorm.flush.association import Associations
from asyncorm.flush.link import Link, Links
from asyncorm.flush.references import refers_to
from asyncorm.mapping.relationships import Direction, Relationship
from asyncorm.sql.table import ForeignKey
from asyncorm.tracking.changes import originals_of, stored_values
from asyncorm.tracking.collections import members_of
from asyncorm.tracking.known import is_whole, known_empty
from asyncorm.tracking.state import UNLOADED
from asyncorm.tracking.unit_of_work import UnitOfWork, mapper_of

#: a relationship of an object that must be loaded before its children can be deleted with it
Unloaded = tuple[Any, Relationship[Any, Any]]


def find_doomed(
    unit: UnitOfWork, links: Links, associations: Associations
) -> tuple[dict[Any, None], list[Unloaded]]:
    """The objects to delete: marked ones, orphans, and the orphans' children by cascade.

    What was only marked along a cascade is kept if it has got another parent meanwhile. Also
    returns which relationships of orphans have to be loaded to find their children.
    """
    doomed: dict[Any, None] = {}
    owners = [owner for owner in unit.dirty if type(owner).__mapper__.owning]
    if not (unit.deleted or links or associations.released or owners):
        return doomed, []
    for instance, cause in unit.deleted.items():
        if cause is None or (
            cause.parent in doomed and not is_moved(instance, cause.foreign_key, links, doomed)
        ):
            doomed[instance] = None
    empty = [link for link in links.values() if link.parent is None]
    keeping = _Keeping(unit, links, doomed)
    orphans = [link.child for link in empty if _is_orphan(link, unit, keeping, doomed)]
    orphans += _released(unit, keeping, associations, doomed)
    orphans += _disowned(owners, unit, keeping, doomed)
    return doomed, doom(orphans, unit, links, doomed)


def doom(
    orphans: list[Any], unit: UnitOfWork, links: Links, doomed: dict[Any, None]
) -> list[Unloaded]:
    """Add objects to the doomed ones, with their children by cascade."""
    unloaded: list[Unloaded] = []
    for orphan in orphans:  # grows while it is walked
        doomed[orphan] = None
        for relationship in mapper_of(orphan).relationships.values():
            if _is_unloaded(orphan, relationship):
                unloaded.append((orphan, relationship))
            # some members may be there although not all are
            if "delete" in relationship.cascade and not relationship.viewonly:
                orphans += staying_members(orphan, relationship, unit, links, doomed)
    return unloaded


def staying_members(
    parent: Any,
    relationship: Relationship[Any, Any],
    unit: UnitOfWork,
    links: Links,
    doomed: dict[Any, None],
) -> list[Any]:
    """The loaded members that have not got another parent, and are not doomed already."""
    return [
        member
        for member in members_of(parent.__dict__.get(relationship.name))
        if member not in doomed
        and unit.contains(member)
        and not is_moved(member, relationship.foreign_key, links, doomed)
    ]


def is_moved(child: Any, key: ForeignKey, links: Links, doomed: dict[Any, None]) -> bool:
    """Whether the child has got another parent that stays."""
    link = links.get((child, key))
    return link is not None and link.parent is not None and link.parent not in doomed


def _is_orphan(link: Link, unit: UnitOfWork, keeping: _Keeping, doomed: dict[Any, None]) -> bool:
    """Whether a link to nobody takes a stored child from the last of the parents that keep it.

    A child whose foreign key can't be empty is nothing without that parent, whoever else keeps it.
    """
    if link.child in unit.new or link.child in doomed:
        return False
    keepers = mapper_of(link.child).keepers
    if not any(
        keeper.foreign_key is link.foreign_key and keeper.direction is Direction.ONE_TO_MANY
        for keeper in keepers
    ):
        return False
    return not link.foreign_key.nullable or not any(
        keeping.keeps(keeper, link.child) for keeper in keepers
    )


def _released(
    unit: UnitOfWork, keeping: _Keeping, associations: Associations, doomed: dict[Any, None]
) -> list[Any]:
    """What many-to-many relationships have let go, and nothing else keeps."""
    found: dict[Any, None] = {}
    for member, relationship in associations.released:
        if unit.contains(member) and member not in doomed and member not in unit.new:
            keepers = mapper_of(member).keepers
            if not any(
                keeping.keeps(keeper, member)
                if keeper.secondary is None
                else _holds_on(keeper, relationship, member, associations)
                for keeper in keepers
            ):
                found[member] = None
    return list(found)


def _holds_on(
    keeper: Relationship[Any, Any],
    released: Relationship[Any, Any],
    member: Any,
    associations: Associations,
) -> bool:
    """Whether a many-to-many relationship keeps what another one, or the same one, has let go."""
    if keeper.secondary is not None and associations.adds(member, keeper.secondary):
        return True
    back = keeper.back
    return keeper is not released and back is not None and bool(member.__dict__.get(back.name))


def _disowned(
    owners: list[Any], unit: UnitOfWork, keeping: _Keeping, doomed: dict[Any, None]
) -> list[Any]:
    """Stored objects that their owner, which has the foreign key, refers to no longer."""
    found: dict[Any, None] = {}
    for owner in owners:
        for relationship in mapper_of(owner).owning:
            old = originals_of(owner).get(relationship.name)
            if old is None or old is UNLOADED or owner.__dict__.get(relationship.name) is old:
                continue
            stored = unit.contains(old) and old not in unit.new and old not in doomed
            keepers = mapper_of(old).keepers
            if stored and not any(keeping.keeps(keeper, old) for keeper in keepers):
                found[old] = None
    return list(found)


class _Keeping:
    """Who keeps an object that somebody has let go, as long as ``doomed`` does not change."""

    def __init__(self, unit: UnitOfWork, links: Links, doomed: dict[Any, None]) -> None:
        self._unit = unit
        self._links = links
        self._doomed = doomed
        #: what the owners of a reference hold, and the keys of those that have not loaded it
        self._held: dict[Relationship[Any, Any], tuple[set[Any], set[tuple[Any, ...]]]] = {}

    def keeps(self, keeper: Relationship[Any, Any], child: Any) -> bool:
        """Whether a relationship keeps an object."""
        if keeper.direction is Direction.MANY_TO_MANY:
            return keeper.back is not None and bool(child.__dict__.get(keeper.back.name))
        if keeper.direction is Direction.MANY_TO_ONE:
            members, keys = self._held_by(keeper)
            known = stored_values(child) if keys else {}
            return child in members or tuple(known.get(n) for _, n in keeper.pairs) in keys
        key = keeper.foreign_key
        link = self._links.get((child, key))
        if link is not None:
            return link.parent is not None
        values = child.__dict__
        return all(name not in values or values[name] is not None for name, _ in key.pairs)

    def _held_by(self, keeper: Relationship[Any, Any]) -> tuple[set[Any], set[tuple[Any, ...]]]:
        """Asked of all owners at once: of each for each orphan it would be quadratic."""
        if keeper not in self._held:
            members: set[Any] = set()
            keys: set[tuple[Any, ...]] = set()
            for owner in self._unit:
                if not isinstance(owner, keeper.owner) or owner in self._doomed:
                    continue
                values = owner.__dict__
                if keeper.name in values:
                    members.add(values[keeper.name])
                else:
                    key = tuple(values.get(name) for name, _ in keeper.pairs)
                    if None not in key:
                        keys.add(key)
            self._held[keeper] = (members, keys)
        return self._held[keeper]


def _is_unloaded(instance: Any, relationship: Relationship[Any, Any]) -> bool:
    """Whether children have to be loaded because their fate is not left to the server."""
    held = instance.__dict__.get(relationship.name, UNLOADED)
    if is_whole(held) or not relationship.concerned_by_delete:
        return False
    return not relationship.passive_deletes and not known_empty(instance, relationship)


def release_children(
    unit: UnitOfWork, doomed: dict[Any, None], replaced: Collection[Any], links: Links
) -> None:
    """Children that stay lose their reference to a deleted parent, unless the server sees to it.

    It does not where the parent's row is ``replaced`` by a new object's instead of deleted.
    """
    for key, link in list(links.items()):
        if link.parent in doomed and link.child not in doomed:
            links[key] = Link(link.child, None, link.foreign_key)
    for parent in doomed:
        for relationship in mapper_of(parent).relationships.values():
            if _releases(relationship, parent in replaced):
                for child in members_of(parent.__dict__.get(relationship.name)):
                    _release(child, parent, relationship, unit, doomed, links)


def _releases(relationship: Relationship[Any, Any], replaced: bool) -> bool:
    """Whether the flush sets the references of loaded children NULL, and not the server."""
    return empties_references(relationship) and (
        replaced
        or not relationship.server_deletes
        or relationship.declaration.passive_deletes is False
    )


def empties_references(relationship: Relationship[Any, Any]) -> bool:
    """Whether the children of a deleted object are to lose their reference, whoever does it."""
    return (
        relationship.direction is Direction.ONE_TO_MANY
        and not relationship.viewonly
        and relationship.declaration.passive_deletes != "all"
    )


def _release(
    child: Any,
    parent: Any,
    relationship: Relationship[Any, Any],
    unit: UnitOfWork,
    doomed: dict[Any, None],
    links: Links,
) -> None:
    if child in doomed or child in unit.new or not unit.contains(child):
        return
    if refers_to(child, parent, relationship):
        key = relationship.foreign_key
        links.setdefault((child, key), Link(child, None, key))
