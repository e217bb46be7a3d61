"""Registry: the mapped entities of one base class, by class name and table name."""

from __future__ import annotations

from typing import Any

from asyncorm.errors import ConfigurationError
from asyncorm.mapping.mapper import Mapper
from asyncorm.sql.table import MetaData, Table


class Registry:
    """All mappers that may refer to each other by name; one registry per ``MetaData``."""

    def __init__(self, metadata: MetaData) -> None:
        self.metadata = metadata
        self.mappers: dict[str, list[Mapper]] = {}
        #: declared since the last configuration
        self.pending: list[Mapper] = []

    def add(self, mapper: Mapper) -> None:
        """Enter a new entity; a second class for a table is refused."""
        name = mapper.table.full_name
        known = next((m for m in self._owners() if m.table.full_name == name), None)
        if known is not None:
            if not _same_definition(known.entity, mapper.entity):
                raise ConfigurationError(
                    f"table {name!r} is mapped by two classes: {_path(known.entity)} and "
                    f"{_path(mapper.entity)}",
                    hint="give one of them another table=, or a base of its own: "
                    "class Base(Model): metadata = MetaData()",
                )
            self.mappers[known.entity.__name__].remove(known)
        automatic = self.metadata.tables.get(name)
        if automatic is not None and automatic.automatic:
            raise ConfigurationError(
                f"{_path(mapper.entity)} maps the table {name!r}, which a relationship has made "
                "for itself already",
                hint="import the module of the class before the models are first used",
            )
        self.mappers.setdefault(mapper.entity.__name__, []).append(mapper)
        self.metadata.tables[name] = mapper.table
        self.pending.append(mapper)

    def add_derived(self, mapper: Mapper) -> None:
        """Enter an entity whose rows are in the table of its base."""
        known = self.mappers.setdefault(mapper.entity.__name__, [])
        known[:] = [m for m in known if not _same_definition(m.entity, mapper.entity)]
        known.append(mapper)
        self.pending.append(mapper)

    def entity(self, name: str, module: str) -> type[Any]:
        """The class called ``name``, seen from ``module``; raises ConfigurationError."""
        found = self.mappers.get(name, [])
        nearest = [m for m in found if m.entity.__module__ == module] or found
        if len(nearest) == 1:
            return nearest[0].entity
        if not found:
            known = ", ".join(sorted(self.mappers)) or "none"
            raise ConfigurationError(
                f"no mapped class is called {name!r}",
                hint=f"import the module that defines it before the first use; known: {known}",
            )
        raise ConfigurationError(
            f"several mapped classes are called {name!r}: "
            + ", ".join(_path(m.entity) for m in nearest),
            hint="rename one, or annotate the relationship with the class itself",
        )

    def mapper_of(self, table: Table) -> Mapper | None:
        """The mapper of a table, if it has one."""
        return next((mapper for mapper in self._owners() if mapper.table is table), None)

    def _owners(self) -> list[Mapper]:
        """The entities that have a table of their own."""
        mappers = [mapper for mappers in self.mappers.values() for mapper in mappers]
        return [m for m in mappers if m.base is None or m.base.table is not m.table]


def _path(entity: type[Any]) -> str:
    return f"{entity.__module__}.{entity.__qualname__}"


def _same_definition(one: type[Any], other: type[Any]) -> bool:
    """Whether a class was executed again (a reloaded module, a notebook cell)."""
    return _path(one) == _path(other)
