"""Tables and columns: the relational side of a model, and its columns as expressions."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import cached_property
from itertools import count
from typing import Any, Protocol, Self, TypeVar

from asyncorm._lazy_dataclass import dataclass
from asyncorm.errors import ArgumentError
from asyncorm.sql.assignment import Assignment
from asyncorm.sql.constraints import (
    CheckConstraint,
    ExcludeConstraint,
    ForeignKeyConstraint,
    Identity,
    Index,
    ReferentialAction,
    UniqueConstraint,
)
from asyncorm.sql.document_paths import DocumentPath
from asyncorm.sql.expressions import Expression
from asyncorm.types.base import SQLType

V = TypeVar("V")
R = TypeVar("R")
U = TypeVar("U")


class Document(Protocol):
    """An instance of a pydantic model, which this layer does not know."""

    @property
    def model_fields_set(self) -> set[str]:
        """The fields that were given."""
        ...


D = TypeVar("D", bound=Document)

_keys = count(1)


class BaseColumn(Expression[V, R]):
    """A column of a table (or of an alias or subquery), usable in every expression.

    ``name`` is the column's name in the database, ``attribute`` that of the model's attribute.
    """

    __slots__ = (
        "attribute",
        "computed",
        "default",
        "deferred",
        "deferred_group",
        "identity",
        "name",
        "nullable",
        "primary_key",
        "server_default",
        "system",
        "table",
    )

    def __init__(
        self,
        name: str,
        type_: SQLType[Any],
        *,
        attribute: str | None = None,
        nullable: bool = False,
        primary_key: bool = False,
        identity: Identity | None = None,
        server_default: Expression[Any, Any] | None = None,
        computed: Expression[Any, Any] | None = None,
        deferred: bool = False,
        deferred_group: str | None = None,
        default: Callable[[], Any] | None = None,
        system: bool = False,
    ) -> None:
        # a number instead of the column itself: hashing is cheap, and == of keys never meets
        # the overloaded == of expressions
        super().__init__(type_, ("column", next(_keys)))
        self.name = name
        self.attribute = attribute or name
        self.nullable = nullable
        self.primary_key = primary_key
        self.identity = identity
        self.server_default = server_default
        self.computed = computed
        #: makes the value that ``insert()`` writes for a row that gives none
        self.default = default
        #: whether SELECTs of the entity leave it out, and what is loaded with it when it is
        self.deferred = deferred
        self.deferred_group = deferred_group
        #: whether every table has it by itself (xmin), so that CREATE TABLE must not name it
        self.system = system
        #: the table, alias or subquery the column belongs to; set when it is put together
        self.table: Any = None

    def _of(self, source: Any, key: Hashable, parameters: tuple[Any, ...] = ()) -> Self:
        """The same column of an alias or subquery ``source``."""
        found = type(self).__new__(type(self))
        for name in BaseColumn.__slots__:
            setattr(found, name, getattr(self, name))
        found.table = source
        found._type = self._type
        found._key = key
        found._parameters = parameters
        return found

    @property
    def server_generated(self) -> bool:
        """Whether the server makes a value when INSERT gives none."""
        return (
            self.identity is not None
            or self.server_default is not None
            or self.computed is not None
        )

    def set(self, value: V | Expression[V, Any]) -> Assignment:
        """An assignment for ``update(...).set(...)``."""
        return Assignment(self, value)

    def __str__(self) -> str:
        # an alias has the attributes of its entity, which may have a column called "name"
        table = getattr(self.table, "__table__", self.table)
        return f"{table.name}.{self.name}" if isinstance(table, Table) else self.name


class Column(BaseColumn[V, V]):
    """A NOT NULL column as class attribute: compares with and yields ``V``."""

    __slots__ = ()


class NullColumn(BaseColumn[V, "V | None"]):
    """A nullable column as class attribute: compares with ``V``, yields ``V | None``."""

    __slots__ = ()

    def set(self, value: V | Expression[V, Any] | None) -> Assignment:
        """An assignment for ``update(...).set(...)``."""
        return Assignment(self, value)

    def at(self: NullColumn[D], path: Callable[[D], U | None]) -> DocumentPath[U]:
        """The part of a document that a function leads to, as in ``at(lambda s: s.theme)``."""
        raise ArgumentError(
            f"{self} is {self._type.ddl} and has no parts", hint="compare it as it is"
        )


@dataclass(frozen=True, eq=False)
class ForeignKey:
    """A resolved foreign key: ``columns`` of ``table`` refer to ``targets`` of ``target``."""

    table: Table
    columns: tuple[BaseColumn[Any, Any], ...]
    target: Table
    targets: tuple[BaseColumn[Any, Any], ...]
    name: str | None = None
    ondelete: ReferentialAction | None = None
    onupdate: ReferentialAction | None = None
    deferrable: bool = False
    initially_deferred: bool = False

    @property
    def nullable(self) -> bool:
        """Whether the reference may be left empty (any of its columns is nullable)."""
        return any(column.nullable for column in self.columns)

    @cached_property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """(attribute of the referring row, attribute of the row it refers to) of each column."""
        columns = zip(self.columns, self.targets, strict=True)
        return tuple((column.attribute, target.attribute) for column, target in columns)

    @cached_property
    def attributes(self) -> tuple[str, ...]:
        """The attributes that hold the reference."""
        return tuple(name for name, _ in self.pairs)

    @cached_property
    def cleared(self) -> tuple[str, ...]:
        """The attributes that are NULL when the reference is empty: one NULL makes it so."""
        return tuple(c.attribute for c in self.columns if c.nullable or not self.nullable)


class Table:
    """A table: its columns in order, keys, constraints and indexes.

    ``foreign_keys`` is filled when the models are configured, because keys are declared by name
    and may point forward. ``name`` and ``schema`` are as written, unquoted.
    """

    def __init__(
        self,
        name: str,
        columns: Sequence[BaseColumn[Any, Any]],
        *,
        schema: str | None = None,
        unique: Sequence[UniqueConstraint] = (),
        checks: Sequence[CheckConstraint] = (),
        exclusions: Sequence[ExcludeConstraint] = (),
        indexes: Sequence[Index] = (),
        foreign_keys: Sequence[ForeignKeyConstraint] = (),
        comment: str | None = None,
    ) -> None:
        self.name = name
        self.schema = schema
        self.columns: dict[str, BaseColumn[Any, Any]] = {column.name: column for column in columns}
        #: those of the entity; columns of classes that share its table are in ``columns`` only
        self.by_attribute: dict[str, BaseColumn[Any, Any]] = {c.attribute: c for c in columns}
        self.primary_key = tuple(column for column in columns if column.primary_key)
        #: as written, by name; ``foreign_keys`` are the resolved ones
        self.declared_foreign_keys = tuple(foreign_keys)
        self.foreign_keys: list[ForeignKey] = []
        #: foreign keys that a flush writes by a second UPDATE
        self.post_updated: list[ForeignKey] = []
        self.unique = list(unique)
        self.checks = list(checks)
        self.exclusions = list(exclusions)
        self.indexes = list(indexes)
        self.comment = comment
        #: made for a many-to-many relationship; created and dropped along with what it links
        self.automatic = False
        #: what loading objects reads beside ``by_attribute``: the columns of subclasses
        self.below: Any = None
        #: structural identity for cache keys
        self._key: Hashable = ("table", next(_keys))
        #: nothing is bound in a table; aliases and subqueries, used in its place, have some
        self._parameters: tuple[Any, ...] = ()
        for column in columns:
            column.table = self

    @property
    def full_name(self) -> str:
        """``schema.table`` or ``table``, unquoted: for messages and look-ups."""
        return f"{self.schema}.{self.name}" if self.schema else self.name

    @property
    def physical(self) -> tuple[Table, ...]:
        """The tables of the database that it stands for: itself."""
        return (self,)

    def __repr__(self) -> str:
        return f"<Table {self.full_name}>"


class MetaData:
    """All tables of one base class, by full name.

    ``configure_hook`` is set by whoever declares tables by name before their targets exist (the
    models), with what is ``unresolved``; ``configure()`` resolves what is still open and must be
    called before tables are used.
    """

    def __init__(self, schema: str | None = None) -> None:
        self.schema = schema
        self.tables: dict[str, Table] = {}
        self.configure_hook: Callable[[], None] | None = None
        self.unresolved: Sequence[Any] = ()

    def configure(self) -> None:
        """Resolve names that models have used for each other; raises ConfigurationError."""
        if self.unresolved and self.configure_hook is not None:
            self.configure_hook()

    def __repr__(self) -> str:
        return f"<MetaData {len(self.tables)} tables>"
