"""post_update: foreign keys that are NULL in the INSERT, set by an UPDATE after it, and set NULL
again before a DELETE; so rows may refer to each other in a circle over them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from asyncorm.flush.changes import ChangeSet
from asyncorm.flush.link import Link, Links
from asyncorm.flush.rows import finder
from asyncorm.tracking.changes import stored_values
from asyncorm.tracking.unit_of_work import mapper_of


def written_after(inserts: Iterable[Any], changes: ChangeSet) -> Links:
    """The links of new rows that are written after their INSERT."""
    found: Links = {}
    for child in inserts:
        post_updated = type(child).__mapper__.post_updated
        if post_updated:
            for link in changes.links_of(child):
                if link.parent is not None and link.foreign_key in post_updated:
                    found[(child, link.foreign_key)] = link
    return found


def emptied_before(deletes: list[Any]) -> list[Link]:
    """The references between deleted rows that are set NULL before any of them goes."""
    concerned = [child for child in deletes if mapper_of(child).post_updated]
    if not concerned:
        return []
    find = finder(deletes, stored_values)
    return [
        Link(child, None, key)
        for child in concerned
        for key in mapper_of(child).post_updated
        if find(key, stored_values(child)) is not None
    ]
