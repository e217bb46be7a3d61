"""CompiledStatement: SQL text, the order of its arguments, and what its rows hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from asyncorm._lazy_dataclass import dataclass
from asyncorm.sql.nodes import Statement
from asyncorm.sql.table import BaseColumn
from asyncorm.types.base import Converter, SQLType

Kind = Literal["select", "insert", "update", "delete", "merge", "text"]


class Feature(NamedTuple):
    """What only servers from a version on understand."""

    version: int
    name: str


MERGE = Feature(15, "merge()")
MERGE_RETURNING = Feature(17, "returning() of merge()")
BY_SOURCE = Feature(17, "when_not_matched_by_source()")
OLD_AND_NEW = Feature(18, "returning() of old() and new()")


@dataclass(frozen=True)
class ResultColumn:
    """One column of the result; ``column`` is that of the table, where it is one."""

    name: str
    type: SQLType[Any]
    column: BaseColumn[Any, Any] | None = None


@dataclass(frozen=True)
class EntityItem:
    """An entity in a row: its columns begin at ``start``.

    ``nullable`` says that an outer join may have found no row; all columns are NULL then.
    ``source`` is what was selected: the entity, or an alias of it. ``further`` columns, which only
    subclasses have, come after its own.
    """

    entity: type[Any]
    start: int
    columns: tuple[BaseColumn[Any, Any], ...]
    nullable: bool = False
    source: Any = None
    further: tuple[BaseColumn[Any, Any], ...] = ()

    @property
    def name(self) -> str:
        """The name of the item in a row."""
        return self.entity.__name__


@dataclass(frozen=True)
class ColumnItem:
    """A single value in a row, at ``index``."""

    index: int
    name: str
    type: SQLType[Any]


ResultItem = EntityItem | ColumnItem


class CompiledStatement:
    """A statement as PostgreSQL gets it, good for all statements with the same key."""

    def __init__(
        self,
        sql: str,
        kind: Kind,
        order: Sequence[int],
        statement: Statement[Any],
        columns: tuple[ResultColumn, ...] = (),
        items: tuple[ResultItem, ...] = (),
        *,
        writes: bool = False,
        constants: tuple[Any, ...] = (),
        needs: Feature | None = None,
        written: tuple[Any, ...] = (),
        acts: bool = False,
    ) -> None:
        self.sql = sql
        self.kind = kind
        self.columns = columns
        self.items = items
        #: whether a statement inside it changes rows
        self.writes = writes
        #: whether it may do more than read: it calls functions that nobody has described
        self.acts = acts
        #: the entities (or tables) whose rows those change
        self.written = written
        #: what the server must understand
        self.needs = needs
        #: what loading knows of its rows, kept as long as this is
        self.plan: Any = None
        self.returns_rows = kind in ("select", "text") or bool(items)
        #: values that belong to the text: those of a mapping, not of who sends the statement
        self._constants = constants
        parameters = (*statement._parameters, *constants)
        encoders: list[tuple[int, Converter | None]] = [
            (index, parameters[index].type.encode) for index in order
        ]
        self._encoders = tuple(encoders)
        self._is_plain = (
            not constants
            and list(order) == list(range(len(parameters)))
            and not any(encode for _, encode in encoders)
        )

    def arguments(self, statement: Statement[Any]) -> list[object]:
        """The values that ``statement`` binds, in the order of ``$n``."""
        parameters = statement._parameters
        if self._is_plain:
            return [parameter.value for parameter in parameters]
        parameters += self._constants
        found: list[object] = []
        for index, encode in self._encoders:
            value = parameters[index].value
            found.append(value if encode is None or value is None else encode(value))
        return found

    def __repr__(self) -> str:
        return f"<CompiledStatement {self.sql}>"
