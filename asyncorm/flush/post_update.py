"""post_update: foreign keys that are NULL in the INSERT, set by an UPDATE after it, and set NULL
again before a DELETE; so rows may refer to each other in a circle over them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from asyncorm.flush.changed_rows import ChangedRows
from asyncorm.flush.changes import ChangeSet
from asyncorm.flush.link import Link, Links
from asyncorm.flush.row import rows_of
from asyncorm.flush.rows import finder
from asyncorm.sql.table import Table
from asyncorm.tracking.changes import stored_values


def written_after(rows: ChangedRows, tables: Iterable[Table], changes: ChangeSet) -> Links:
    """The links of new rows of some tables that are written after their INSERT."""
    found: Links = {}
    concerned = [table for table in tables if table.post_updated]
    if not concerned:
        return found
    for part in rows.parts(concerned):
        for child in rows.inserts.get(part, ()):
            for link in changes.links_of(child):
                key = link.foreign_key
                if key in part.table.post_updated and link.parent is not None:
                    found[(child, key)] = link
    return found


def emptied_before(deletes: list[Any]) -> list[Link]:
    """The references between deleted rows that are set NULL before any of them goes."""
    rows = rows_of(deletes)
    if not any(table.post_updated for table in {part.table for _, part in rows}):
        return []
    find = finder(rows, stored_values)
    return [
        Link(child, None, key)
        for child, part in rows
        for key in part.table.post_updated
        if find(key, stored_values(child)) is not None
    ]
