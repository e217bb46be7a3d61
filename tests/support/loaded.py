"""Instances as a session loads them, made without a database: rows through the hydrator."""

from __future__ import annotations

from typing import Any, TypeVar

from asyncorm.loading.hydrator import hydrator
from asyncorm.models.model import Model
from asyncorm.tracking.state import InstanceState, Status
from asyncorm.tracking.unit_of_work import UnitOfWork

M = TypeVar("M", bound=Model)


def load_row(unit: UnitOfWork, entity: type[M], **values: Any) -> M:
    """An instance of a row with these columns, persistent in the unit of work."""
    mapper = entity.__mapper__
    mapper.entity.metadata.configure()
    partial = mapper.lacks_columns(values)
    state = InstanceState(unit.scope, Status.PERSISTENT, partial=partial)
    hydrate = hydrator(mapper, tuple(values), 0, nullable=False)
    references = unit.identity_map.references(mapper)
    loaded: M = hydrate([tuple(values.values())], state, references, None)[0]
    return loaded
