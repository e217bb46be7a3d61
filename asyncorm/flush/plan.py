"""FlushPlan: the statements of a flush in order, as values that can be read and printed."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from asyncorm.flush.association import Association, LinkTable
from asyncorm.flush.link import Link
from asyncorm.mapping.written_part import WrittenPart
from asyncorm.sql.table import ForeignKey


class Kind(Enum):
    """What a batch does."""

    INSERT = "INSERT"
    UPDATE = "UPDATE"
    DELETE = "DELETE"

    # each kind is one object; that of Enum is a function of Python
    __hash__ = object.__hash__


@dataclass(eq=False, slots=True)  # not frozen: 1 µs instead of 2.5
class Batch:
    """Rows of one table and one shape, written by one statement.

    ``columns`` are the attributes written, ``returning`` those that come back; ``links`` are
    applied right before, when the parents' keys are known.
    """

    kind: Kind
    part: WrittenPart
    columns: tuple[str, ...]
    instances: list[Any]
    returning: tuple[str, ...] = ()
    links: list[Link] = field(default_factory=list)
    #: whether a value is an SQL expression, so that the row needs a statement of its own
    expressions: bool = False
    #: columns that an UPDATE sets to their server default
    defaults: tuple[str, ...] = ()
    #: the deleted objects whose rows the instances take, one each; else empty
    replaced: list[Any] = field(default_factory=list)
    #: of rows being written: what their mutable values were when they were sent
    snapshots: list[tuple[Any, dict[str, Any]]] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """How many rows are written."""
        return len(self.instances)

    @property
    def holders(self) -> list[Any]:
        """The objects whose keys (and versions) the rows have before the statement."""
        return self.replaced or self.instances

    def __str__(self) -> str:
        text = f"{self.kind.value} {self.part.table.full_name}"
        if self.columns or self.defaults:
            names = (*self.columns, *(f"{name} = default" for name in self.defaults))
            text += f" ({', '.join(names)})"
        if self.returning:
            text += f" -> {', '.join(self.returning)}"
        return f"{text}: {_count(self.rows)}"


@dataclass(frozen=True, eq=False)
class AssociationBatch:
    """Rows of a link table that one statement adds or removes."""

    kind: Kind
    linked: LinkTable
    associations: list[Association]

    @property
    def rows(self) -> int:
        """How many rows are written."""
        return len(self.associations)

    def __str__(self) -> str:
        names = [column.name for key in self.linked.keys for column in key.columns]
        columns = f" ({', '.join(names)})" if self.kind is Kind.INSERT else ""
        return f"{self.kind.value} {self.linked.table.full_name}{columns}: {_count(self.rows)}"


@dataclass(frozen=True, eq=False)
class UnlinkBatch:
    """All rows of a link table that refer to objects which are deleted, whoever they link to."""

    foreign_key: ForeignKey
    instances: list[Any]

    @property
    def rows(self) -> int:
        """None that are known beforehand."""
        return 0

    def __str__(self) -> str:
        key = self.foreign_key
        names = ", ".join(column.name for column in key.columns)
        return (
            f"DELETE {key.table.full_name} ({names}): the links of "
            f"{_count(len(self.instances))} of {key.target.full_name}"
        )


AnyBatch = Batch | AssociationBatch | UnlinkBatch


def _count(rows: int) -> str:
    return f"{rows:,} row{'' if rows == 1 else 's'}"


@dataclass(frozen=True)
class FlushPlan:
    """All batches of a flush, in the order they are sent."""

    batches: tuple[AnyBatch, ...]

    @property
    def of_entities(self) -> list[Batch]:
        """The batches that write rows of entities, not of link tables."""
        return [batch for batch in self.batches if isinstance(batch, Batch)]

    @property
    def rows(self) -> int:
        """How many rows are written, counting a row once per statement."""
        return sum(batch.rows for batch in self.batches)

    def __len__(self) -> int:
        return len(self.batches)

    def __str__(self) -> str:
        if not self.batches:
            return "flush plan: nothing to do"
        statements = f"{len(self)} statement{'' if len(self) == 1 else 's'}"
        lines = [f"flush plan: {statements}, {_count(self.rows)}"]
        width = len(str(len(self)))
        lines += [f"  {n:>{width}}. {batch}" for n, batch in enumerate(self.batches, 1)]
        return "\n".join(lines)
