"""Row switch: a new object with the key of a deleted one takes over its row.

DELETE and INSERT of one key become one UPDATE, which writes every column: what the new object
leaves open gets its default, as in an INSERT.
"""

from __future__ import annotations

from typing import Any

from asyncorm.flush.batches import omitted_columns
from asyncorm.flush.link import Link, Links
from asyncorm.flush.orphans import Unloaded, doom, is_moved
from asyncorm.mapping.mapper import Key, Mapper
from asyncorm.mapping.relationships import Direction, Relationship
from asyncorm.tracking.changes import originals_of, same, stored_values
from asyncorm.tracking.collections import members_of
from asyncorm.tracking.links import known_empty
from asyncorm.tracking.state import UNLOADED, Status, status_of
from asyncorm.tracking.unit_of_work import UnitOfWork, identity_key, mapper_of

#: new objects with the deleted ones whose rows they take
Replaced = dict[Any, Any]


def find_switches(
    unit: UnitOfWork, doomed: dict[Any, None], links: Links
) -> tuple[Replaced, list[Unloaded]]:
    """Which new objects take the rows of which deleted ones, and what must be loaded for it.

    No DELETE is sent for such a row, so what the server would do to its children is done here:
    they are added to ``doomed``, which may lead to more switches.
    """
    replaced: Replaced = {}
    unloaded: list[Unloaded] = []
    while True:
        found = _switches(unit, doomed, links)
        more = [old for new, old in found.items() if new not in replaced]
        replaced = found
        if not more:
            return replaced, unloaded
        for old in more:
            unloaded += _doom_children(old, unit, doomed, links)


def _switches(unit: UnitOfWork, doomed: dict[Any, None], links: Links) -> Replaced:
    holders: dict[Mapper, dict[Key, Any]] = {}
    for old in doomed:
        if old not in unit.new:
            holders.setdefault(mapper_of(old), {})[identity_key(old)] = old
    replaced: Replaced = {}
    for new in unit.new:
        known = holders.get(mapper_of(new))
        if known is not None and new not in doomed:
            old = known.get(known_key(new, links))
            if old is not None:
                replaced[new] = old
    return replaced


def known_key(instance: Any, links: Links) -> Key:
    """The key that a new object will have, as far as it is known before anything is written."""
    mapper = mapper_of(instance)
    return mapper.key_of({n: known_value(instance, n, links) for n in mapper.primary_key})


def known_value(instance: Any, name: str, links: Links, depth: int = 0) -> Any:
    """What an attribute will be when it is written; the parent's key, if a link fills it."""
    for key in mapper_of(instance).table.foreign_keys:
        link = links.get((instance, key))
        if link is None or name not in link.attributes:
            continue
        if link.parent is None:
            return None
        target = next(target for own, target in key.pairs if own == name)
        if depth < len(links):  # or the keys come from each other in a circle
            return known_value(link.parent, target, links, depth + 1)
    return instance.__dict__.get(name)


def _doom_children(
    old: Any, unit: UnitOfWork, doomed: dict[Any, None], links: Links
) -> list[Unloaded]:
    """Delete with a replaced object what the server would delete; ask for what is not loaded."""
    unloaded: list[Unloaded] = []
    for relationship in mapper_of(old).relationships.values():
        if not is_left_to_server(relationship):
            continue
        if relationship.name not in old.__dict__:
            if not known_empty(old):
                unloaded.append((old, relationship))
        elif "delete" in relationship.cascade or relationship.foreign_key.ondelete == "CASCADE":
            key = relationship.foreign_key
            members = [
                member
                for member in members_of(old.__dict__[relationship.name])
                if member not in doomed
                and unit.contains(member)
                and not is_moved(member, key, links, doomed)
            ]
            unloaded += doom(members, unit, links, doomed)
    return unloaded


def is_left_to_server(relationship: Relationship[Any, Any]) -> bool:
    """Whether children of a deleted object are left to the server, if it is told what to do."""
    return (
        relationship.direction is Direction.ONE_TO_MANY
        and not relationship.viewonly
        and relationship.declaration.passive_deletes != "all"
    )


def written_columns(new: Any, old: Any, links: list[Link], all_links: Links) -> tuple[str, ...]:
    """The columns to write so that the row is the new object's; none if it is so already."""
    mapper = mapper_of(new)
    omitted = omitted_columns(new, mapper, links)
    names = tuple(
        name
        for name, column in mapper.columns.items()
        if name not in mapper.key_names
        and column.computed is None
        and (mapper.version is None or name != mapper.version.name)
    )
    before = stored_values(old)
    if mapper.version is not None and mapper.version.name not in before:
        return names  # its next version is not known either
    linked = {name for link in links if link.parent is not None for name in link.attributes}
    for name in names:
        if name in omitted or (name in linked and known_value(new, name, all_links) is None):
            return names  # what the server makes, or the key of a parent that has none yet
        if not same(before.get(name, UNLOADED), known_value(new, name, all_links)):
            return names
    return ()


def is_kept(link: Link, replaced: Replaced) -> bool:
    """Whether a stored child that gets a replacing parent refers to its row already."""
    if link.parent not in replaced or status_of(link.child) is not Status.PERSISTENT:
        return False
    now, row = link.child.__dict__, stored_values(replaced[link.parent])
    changed = originals_of(link.child)
    return all(
        name not in changed and now.get(name, UNLOADED) == row.get(target)
        for name, target in link.foreign_key.pairs
    )
