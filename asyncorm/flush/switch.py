"""Row switch: a new object with the key of a deleted one takes over its row.

DELETE and INSERT of one key become one UPDATE, which writes every column: what the new object
leaves open gets its default, as in an INSERT.
"""

from __future__ import annotations

from typing import Any

from asyncorm.flush.batches import omitted_columns
from asyncorm.flush.link import Link, Links, known_key, known_value
from asyncorm.flush.orphans import Unloaded, doom, empties_references, staying_members
from asyncorm.mapping.mapper import Key, Mapper
from asyncorm.tracking.changes import originals_of, same, stored_values
from asyncorm.tracking.known import is_whole, known_empty
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


def _doom_children(
    old: Any, unit: UnitOfWork, doomed: dict[Any, None], links: Links
) -> list[Unloaded]:
    """Delete with a replaced object what the server would delete; ask for what is not loaded."""
    unloaded: list[Unloaded] = []
    for relationship in mapper_of(old).relationships.values():
        if not empties_references(relationship):
            continue
        held = old.__dict__.get(relationship.name, UNLOADED)
        if not is_whole(held) and not known_empty(old, relationship):
            unloaded.append((old, relationship))
        if "delete" in relationship.cascade or relationship.foreign_key.ondelete == "CASCADE":
            members = staying_members(old, relationship, unit, links, doomed)
            unloaded += doom(members, unit, links, doomed)
    return unloaded


def written_columns(new: Any, old: Any, links: list[Link], all_links: Links) -> tuple[str, ...]:
    """The columns to write so that the row is the new object's; none if it is so already."""
    mapper = mapper_of(new)
    omitted = {n for part in mapper.written_parts for n in omitted_columns(part, new, links)}
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


def refers_to_replaced(link: Link, replaced: Replaced) -> bool:
    """Whether a stored child whose new parent takes a row refers to that row already."""
    if link.parent not in replaced or status_of(link.child) is not Status.PERSISTENT:
        return False
    now, row = link.child.__dict__, stored_values(replaced[link.parent])
    changed = originals_of(link.child)
    return all(
        name not in changed and now.get(name, UNLOADED) == row.get(target)
        for name, target in link.foreign_key.pairs
    )
