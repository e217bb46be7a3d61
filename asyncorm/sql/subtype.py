"""Subtype: the rows of one class of a hierarchy, as a table of its own in statements."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, NamedTuple

from asyncorm._lazy_dataclass import dataclass
from asyncorm.sql.nodes import AnonymousName
from asyncorm.sql.table import BaseColumn, Table


@dataclass(frozen=True, eq=False)
class Part:
    """One physical table that holds values of an entity: the entity's columns in it."""

    table: Table
    columns: Mapping[str, BaseColumn[Any, Any]]
    primary_key: tuple[BaseColumn[Any, Any], ...]


class Kinds(NamedTuple):
    """Which values the discriminator has in the rows of a class and of all below it."""

    column: BaseColumn[Any, Any]
    values: tuple[Any, ...]


class Below(NamedTuple):
    """What loading objects reads beside the columns of their class: those of its subclasses.

    ``columns`` belong to the source itself, or to one of the tables in ``joined``, which extend
    its rows. ``origins`` are the physical columns behind them.
    """

    columns: tuple[BaseColumn[Any, Any], ...]
    origins: tuple[BaseColumn[Any, Any], ...]
    joined: tuple[Part, ...]


class OfKind:
    """The condition that the rows of a subtype, or of an alias of one, are of its kinds."""

    def __init__(self, source: Any, kinds: Kinds) -> None:
        self.source = source
        self.kinds = kinds


class Subtype(Table):
    """A table in FROM for the parts of an entity that has no table for itself, base first.

    One part is its table with the condition that rows are of the right ``kinds``; several are a
    subquery that joins them by their keys. Every attribute has a column here that stands for a
    physical one.
    """

    def __init__(
        self,
        called: str,
        parts: Sequence[Part],
        nullable: Mapping[str, bool],
        above: Sequence[Table] = (),
    ) -> None:
        last = parts[-1].table
        super().__init__(last.name, (), schema=last.schema)
        self._name = AnonymousName(last.name)
        #: the entity's name, for messages
        self.called = called
        self.parts = tuple(parts)
        #: what the bases are in FROM: their columns are also columns here, by the same attributes
        self.above = tuple(above)
        self.kinds: Kinds | None = None
        #: the physical column behind each column, by name
        self.origins: dict[str, BaseColumn[Any, Any]] = {}
        self._known: dict[Hashable, BaseColumn[Any, Any]] = {}
        for part in parts:
            for attribute, origin in part.columns.items():
                if attribute not in self.by_attribute:
                    column = self.by_attribute[attribute] = self.showing(origin)
                    column.nullable = nullable.get(attribute, column.nullable)
        self.primary_key = tuple(self.by_attribute[c.attribute] for c in parts[0].primary_key)

    @property
    def physical(self) -> tuple[Table, ...]:
        """The tables of the database that it stands for, base first."""
        return tuple(part.table for part in self.parts)

    def showing(self, origin: BaseColumn[Any, Any]) -> BaseColumn[Any, Any]:
        """The column for a physical one, which enters the subtype now if it is not there."""
        found = self._known.get(origin._key)
        if found is None:
            found = self._known[origin._key] = origin._of(self, ("of", self._key, origin._key))
            taken = origin.name in self.columns
            found.name = f"{origin.table.name}_{origin.name}" if taken else origin.name
            self.columns[found.name] = found
            self.origins[found.name] = origin
        return found

    def referred(self, attribute: str) -> BaseColumn[Any, Any]:
        """The physical column that a foreign key to an attribute refers to."""
        return next(p.columns[attribute] for p in reversed(self.parts) if attribute in p.columns)


def meanings(source: Any) -> tuple[Any, ...]:
    """The sources that conditions may name when they mean this one: itself, and its bases."""
    return (source, *source.above) if isinstance(source, Subtype) else (source,)
