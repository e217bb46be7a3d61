"""A hierarchy of entities: what a new class in it means for the classes above."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from asyncorm.compiler.cache import forget_statements
from asyncorm.errors import ConfigurationError
from asyncorm.mapping.mapper import Mapper
from asyncorm.mapping.registry import Registry
from asyncorm.sql.subtype import Below, Kinds, Part, Subtype
from asyncorm.sql.table import BaseColumn

Column = BaseColumn[Any, Any]


def enter(mapper: Mapper, registry: Registry) -> None:
    """Take a class that derives from another entity in, and tell those above of it."""
    if mapper.has_own_part:
        registry.add(mapper)
    else:
        registry.add_derived(mapper)
    above: list[Mapper] = []
    base = mapper.base
    while base is not None:
        same = (mapper.entity.__module__, mapper.entity.__qualname__)
        base.subtypes[:] = [  # a class that is executed again takes the place of the one before
            m for m in base.subtypes if (m.entity.__module__, m.entity.__qualname__) != same
        ]
        base.subtypes.append(mapper)
        base.eager = base.eager or mapper.eager
        above.append(base)
        base = base.base
    for concerned in (mapper, *above):
        _limit(concerned)
    for concerned in above:
        concerned.source.below = columns_below(concerned)
        concerned.memo.clear()
    forget_statements()


def check_key(mapper: Mapper) -> None:
    """Raise ConfigurationError if the key of a table does not refer to that of the base."""
    if not mapper.has_own_part or any(mapper.joins_parts(key) for key in mapper.table.foreign_keys):
        return
    assert mapper.base is not None
    names = ", ".join(f"{mapper.base.name}.{name}" for name in mapper.primary_key)
    raise ConfigurationError(
        f"the primary key of {mapper.name} does not refer to the one of {mapper.base.name}, from "
        "which it derives",
        hint=f"write {mapper.primary_key[0]}: Mapped[...] = foreign_key({names}, primary_key=True)",
    )


def _limit(mapper: Mapper) -> None:
    """Limit the rows of a class in its base's table to those of itself and its subclasses."""
    source = mapper.source
    if mapper.base is None or mapper.has_own_part or mapper.discriminator is None:
        return
    assert isinstance(source, Subtype)
    values = [m.discriminator.value for m in mapper.subtypes if m.discriminator is not None]
    column = source.origins[source.by_attribute[mapper.discriminator.attribute].name]
    source.kinds = Kinds(column, tuple(value for value in values if value is not None))


def columns_below(mapper: Mapper, chosen: Callable[[Mapper], Iterable[str]] | None = None) -> Below:
    """The columns that only subclasses have: in the same tables, or in tables of their own.

    ``chosen`` gives those to read of a class, if it is not what a SELECT usually brings.
    """
    source, tables = mapper.source, mapper.tables
    own = {column._key for part in mapper.parts for column in part.columns.values()}
    found: dict[object, tuple[Column, Column]] = {}
    joined: dict[object, Part] = {}
    parts = [(part, subtype) for subtype in mapper.subtypes[1:] for part in subtype.parts]
    for part, subtype in parts:
        names = subtype.selected if chosen is None else chosen(subtype)
        is_new = part.table not in tables
        if is_new:
            if chosen is None or any(
                name in names for name in part.columns if name not in mapper.columns
            ):
                joined.setdefault(part.table, part)
            own.update(column._key for column in part.primary_key)
        for name, origin in part.columns.items():
            if origin._key not in own and name in names:
                seen = (
                    source.showing(origin) if isinstance(source, Subtype) and not is_new else origin
                )
                found[origin._key] = (seen, origin)
    columns = [pair[0] for pair in found.values()]
    return Below(tuple(columns), tuple(p[1] for p in found.values()), tuple(joined.values()))
