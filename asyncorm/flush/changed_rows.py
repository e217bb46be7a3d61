"""ChangedRows: the rows that a flush writes, by part and by table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from asyncorm.flush.changes import ChangeSet
from asyncorm.flush.row import Row, Updates, by_part, updated_rows
from asyncorm.mapping.written_part import WrittenPart
from asyncorm.sql.table import Table


class ChangedRows:
    """The changed rows by part, and the parts by table."""

    def __init__(self, changes: ChangeSet) -> None:
        self.inserts = by_part(changes.inserts)
        self.updates = updated_rows(changes.updates)
        self.deletes = by_part(changes.deletes)
        self.by_table: dict[Table, list[WrittenPart]] = {}
        for part in self.inserts | self.updates | self.deletes:
            self.by_table.setdefault(part.table, []).append(part)

    def parts(self, tables: Iterable[Table]) -> Iterator[WrittenPart]:
        """The parts in some tables."""
        return (part for table in tables for part in self.by_table[table])

    def inserted(self, part: WrittenPart) -> list[Row]:
        """The rows to insert."""
        return [(instance, part) for instance in self.inserts.get(part, ())]

    def updated(self, part: WrittenPart) -> dict[Row, tuple[str, ...]]:
        """The rows to update, with the columns to write."""
        updates: Updates = self.updates.get(part, {})
        return {(instance, part): columns for instance, columns in updates.items()}

    def deleted(self, tables: Iterable[Table]) -> list[Row]:
        """The rows to delete from some tables."""
        return [(i, part) for part in self.parts(tables) for i in self.deletes.get(part, ())]
