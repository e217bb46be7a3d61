"""Columns of JSON documents whose class is known."""

from __future__ import annotations

from typing import Any, TypeVar

from asyncorm.sql.document_paths import DocumentRoot, Parts, steps_structure
from asyncorm.sql.table import BaseColumn, Column, NullColumn
from asyncorm.types.base import SQLType
from asyncorm.types.document_parts import Part
from asyncorm.types.json import JSONB

V = TypeVar("V")

_JSONB = JSONB()


class DocumentColumn(Parts[V, V], DocumentRoot[V, V], Column[V]):
    """A NOT NULL column of documents: its fields are attributes."""

    __slots__ = ()

    def _path(self) -> tuple[DocumentRoot[Any, Any], tuple[Any, ...], Part]:
        return self, (), _part_of(self._type)

    def _target_of(self, steps: tuple[Any, ...]) -> PartColumn:
        return PartColumn.of(self, steps)


class NullDocumentColumn(Parts[V, "V | None"], DocumentRoot[V, "V | None"], NullColumn[V]):
    """A nullable column of documents.

    Its fields are attributes, too, but no type checker tells it from other nullable columns.
    """

    __slots__ = ()

    def _path(self) -> tuple[DocumentRoot[Any, Any], tuple[Any, ...], Part]:
        return self, (), _part_of(self._type)

    def _target_of(self, steps: tuple[Any, ...]) -> PartColumn:
        return PartColumn.of(self, steps)


class PartColumn(BaseColumn[Any, Any]):
    """A part of a column as the target of an assignment: ``SET "settings"['theme'] = ...``."""

    __slots__ = ("steps",)

    steps: tuple[Any, ...]

    @classmethod
    def of(cls, column: BaseColumn[Any, Any], steps: tuple[Any, ...]) -> PartColumn:
        """The part of a column."""
        found = cls.__new__(cls)
        for name in BaseColumn.__slots__:
            setattr(found, name, getattr(column, name))
        keys, parameters = steps_structure(steps)
        found._type = _JSONB
        found._key = ("part", column._key, keys)
        found._parameters = parameters
        found.steps = steps
        return found


def _part_of(type_: SQLType[Any]) -> Part:
    part = _parts.get(type_)
    if part is None:
        part = _parts[type_] = Part(getattr(type_, "annotation", Any))
    return part


_parts: dict[SQLType[Any], Part] = {}
