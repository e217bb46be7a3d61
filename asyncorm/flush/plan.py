"""FlushPlan: the statements of a flush in order, as values that can be read and printed."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from asyncorm.flush.link import Link
from asyncorm.mapping.mapper import Mapper


class Kind(Enum):
    """What a batch does."""

    INSERT = "INSERT"
    UPDATE = "UPDATE"
    DELETE = "DELETE"


@dataclass(frozen=True, eq=False)
class Batch:
    """Rows of one table and one shape, written by one statement.

    ``columns`` are the attributes written, ``returning`` those that come back; ``links`` are
    applied right before, when the parents' keys are known.
    """

    kind: Kind
    mapper: Mapper
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

    @property
    def holders(self) -> list[Any]:
        """The objects whose keys (and versions) the rows have before the statement."""
        return self.replaced or self.instances

    def __str__(self) -> str:
        text = f"{self.kind.value} {self.mapper.table.full_name}"
        count = f"{len(self.instances):,} row{'' if len(self.instances) == 1 else 's'}"
        if self.columns or self.defaults:
            names = (*self.columns, *(f"{name} = default" for name in self.defaults))
            text += f" ({', '.join(names)})"
        if self.returning:
            text += f" -> {', '.join(self.returning)}"
        return f"{text}: {count}"


@dataclass(frozen=True)
class FlushPlan:
    """All batches of a flush, in the order they are sent."""

    batches: tuple[Batch, ...]

    @property
    def rows(self) -> int:
        """How many rows are written, counting a row once per statement."""
        return sum(len(batch.instances) for batch in self.batches)

    def __len__(self) -> int:
        return len(self.batches)

    def __str__(self) -> str:
        if not self.batches:
            return "flush plan: nothing to do"
        statements = f"{len(self)} statement{'' if len(self) == 1 else 's'}"
        rows = f"{self.rows:,} row{'' if self.rows == 1 else 's'}"
        lines = [f"flush plan: {statements}, {rows}"]
        width = len(str(len(self)))
        lines += [f"  {n:>{width}}. {batch}" for n, batch in enumerate(self.batches, 1)]
        return "\n".join(lines)
