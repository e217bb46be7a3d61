"""Edge: a row that must be written before another one."""

from __future__ import annotations

from asyncorm._lazy_dataclass import dataclass
from asyncorm.flush.link import Link
from asyncorm.flush.row import Row
from asyncorm.sql.table import ForeignKey


@dataclass(frozen=True, eq=False)
class Edge:
    """``first`` must be written before ``then``, because of a foreign key between them
    (or a unique key).

    A ``strict`` edge needs two statements. The others may share one, because PostgreSQL checks
    foreign keys at the end of a statement: rows of one shape whose keys are known beforehand.
    """

    first: Row
    then: Row
    #: None if it is a unique key whose value goes from one row to the other
    foreign_key: ForeignKey | None
    strict: bool
    #: writing this link later (or, for a DELETE, before) makes the order free
    link: Link | None
    #: the foreign key is checked at COMMIT only, so the order is free anyway
    deferred: bool
