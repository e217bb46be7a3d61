"""What copy_in() takes, for type checkers."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping
from typing import Any, ClassVar, Protocol, TypeAlias, TypedDict, TypeVar

from asyncorm.engine.copy.conflict import OnConflict
from asyncorm.engine.copy.source import Progress
from asyncorm.sql.expressions import Expression
from asyncorm.sql.statements.raw import Text
from asyncorm.sql.table import BaseColumn

T = TypeVar("T")


class ModelRow(Protocol):
    """An object of a pydantic model."""

    __pydantic_fields__: ClassVar[dict[str, Any]]


class DataclassRow(Protocol):
    """An object of a dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


#: a row that says itself what its values are
NamedRow: TypeAlias = Mapping[str, Any] | ModelRow | DataclassRow
#: where rows come from
Rows: TypeAlias = Iterable[T] | AsyncIterable[T]
#: columns by name, or as attributes of the entity
ColumnNames: TypeAlias = Iterable[str | BaseColumn[Any, Any]]


class CopyOptions(TypedDict, total=False):
    """The options of copy_in()."""

    batch_size: int
    progress: Progress | None
    validate: bool
    on_conflict: OnConflict | None
    index_elements: Iterable[str | Expression[Any, Any]]
    index_where: Expression[bool, Any] | Text[Any] | None
    constraint: str | None
    set_: Mapping[Any, Any] | ColumnNames | None
    where: Expression[bool, Any] | None
