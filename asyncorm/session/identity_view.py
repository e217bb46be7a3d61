"""A session's identity map as users see it: a mapping from identity key to instance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from asyncorm.mapping.mapper import Mapper
from asyncorm.tracking.unit_of_work import UnitOfWork

IdentityKey = tuple[type[Any], tuple[Any, ...]]


class IdentityView(Mapping[IdentityKey, Any]):
    """The persistent instances of a session that are alive, by ``(class, key values)``."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    def __getitem__(self, key: IdentityKey) -> Any:
        given: Any = key
        entity, values = given if isinstance(given, tuple) and len(given) == 2 else (None, None)
        mapper = getattr(entity, "__mapper__", None)
        found = None
        if isinstance(mapper, Mapper) and isinstance(values, tuple) and values:
            bare = values[0] if len(mapper.primary_key) == 1 else values
            found = self._unit.identity_map.get(mapper, bare)
        if found is None:
            raise KeyError(key)
        return found

    def __iter__(self) -> Iterator[IdentityKey]:
        for (mapper, key), _ in self._unit.identity_map.items():  # noqa: PERF102 - no dict
            yield mapper.entity, mapper.key_values(key)

    def __len__(self) -> int:
        return len(self._unit.identity_map.instances())

    def __repr__(self) -> str:
        return f"<identity map of {len(self)} instances>"
