"""The SELECT of objects by their primary keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from asyncorm.mapping.mapper import Mapper
from asyncorm.sql.expressions import Parameter
from asyncorm.sql.keys import any_of
from asyncorm.sql.statements.select import Select, select


def key_statement(mapper: Mapper, keys: Sequence[tuple[Any, ...]]) -> Select[Any]:
    """The SELECT of the entity with these primary keys."""
    columns = mapper.primary_key_columns
    if len(keys) > 1:
        return select(mapper.entity).where(any_of(columns, keys))
    pairs = zip(columns, keys[0], strict=True)
    return select(mapper.entity).where(*(c == Parameter(v, c._type) for c, v in pairs))
