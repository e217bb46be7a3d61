"""Checks before any SQL: identity conflicts, missing keys, references that can't be empty."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import Any

from asyncorm.errors import FlushError, IdentityConflictError
from asyncorm.flush.link import Link
from asyncorm.flush.row import LinksOf
from asyncorm.mapping.mapper import Mapper
from asyncorm.tracking.unit_of_work import UnitOfWork, mapper_of

#: an entity and the columns that are written of some of its objects
UpdateShape = tuple[type[Any], tuple[str, ...]]


def check_inserts(
    unit: UnitOfWork,
    inserts: Iterable[Any],
    updates: Mapping[Any, tuple[str, ...]],
    links_of: LinksOf,
    doomed: Container[Any],
) -> None:
    """Raise IdentityConflictError or FlushError for new rows that can't be written."""
    seen: dict[tuple[Mapper, Any], Any] = {}
    known: dict[type[Any], tuple[str | None, tuple[str, ...]]] = {}
    for instance in inserts:
        links, kind = links_of(instance), type(instance)
        if kind not in known:
            known[kind] = _made_later(kind.__mapper__)
        key, needed = known[kind]
        # the server makes the key and all else that is needed is there: 0.15 µs instead of 0.6,
        # and with a link 0.35 instead of 1.1
        if key is not None:
            values = instance.__dict__
            if values.get(key) is None and (
                not (links or needed) or _surely_fits(values, key, needed, links)
            ):
                continue
        mapper: Mapper = kind.__mapper__
        filled = _linked_values(links, links_of) if links else {}
        _check_given(instance, mapper, filled)
        other = _same_key(instance, mapper, filled, seen, unit)
        if other is not None and other not in doomed and not _gives_up_key(other, updates):
            raise IdentityConflictError(
                f"a new {mapper.name} has the primary key of another {mapper_of(other).name} of "
                "this session",
                objects=(instance, other),
            )


def check_updates(
    updates: Mapping[Any, tuple[str, ...]], shapes: set[UpdateShape], links_of: LinksOf | None
) -> None:
    """Raise FlushError for changes that can't be written; ``links_of`` is None without links."""
    plain: set[UpdateShape] = set()
    for kind, columns in shapes:
        mapper: Mapper = kind.__mapper__
        if mapper.version is None and mapper.key_names.isdisjoint(columns):
            plain.add((kind, columns))
    if links_of is None and len(plain) == len(shapes):
        return
    for instance, columns in updates.items():
        links: list[Link] = []
        if links_of is not None and len(links := links_of(instance)) > 1:
            _linked_values(links, links_of)
        if links or (type(instance), columns) not in plain:
            _check_update(instance, type(instance).__mapper__, columns, links)


def _made_later(mapper: Mapper) -> tuple[str | None, tuple[str, ...]]:
    """The attribute of the key, if it may be missing, and those that may not."""
    names, needed = mapper.primary_key, mapper.must_be_given
    return names[0] if len(names) == 1 and names[0] not in needed else None, needed


def _surely_fits(
    values: dict[str, Any], key: str, needed: tuple[str, ...], links: list[Link]
) -> bool:
    """Whether links without anything in common fill what has no value, and not the key."""
    filled = [key]
    for link in links:
        if link.parent is None:
            return False
        known = link.parent.__dict__
        for name, target in link.foreign_key.pairs:
            if name in filled or target not in known:
                return False
            filled.append(name)
    for name in needed:  # noqa: SIM110 - all() would call a generator for each row
        if name not in filled and values.get(name) is None:
            return False
    return True


def _linked_values(links: list[Link], links_of: LinksOf) -> dict[str, Any]:
    """What the links fill in; None for the key of a parent that has none yet.

    Raises for two relationships that give one column different values.
    """
    filled: dict[str, Any] = {}
    by_name: dict[str, Link] = {}
    for link in links:
        if link.parent is not None:
            for name, value in link.values().items():
                other = by_name.setdefault(name, link)
                if other is not link and _disagree(name, link, other, links_of):
                    raise _disagreement(name, link, other)
                filled[name] = value
    return filled


def _disagree(name: str, one: Link, other: Link, links_of: LinksOf) -> bool:
    """Whether two links fill a column from different places, with different values."""
    first, second = _source(one, name, links_of), _source(other, name, links_of)
    if first[0] is second[0] and first[1] == second[1]:
        return False
    value = first[0].__dict__.get(first[1])
    return value is None or value != second[0].__dict__.get(second[1])


def _source(link: Link, name: str, links_of: LinksOf) -> tuple[Any, str]:
    """The object and attribute a column is filled from in the end: a parent's may be linked too."""
    target = dict(link.foreign_key.pairs)[name]
    for above in links_of(link.parent):
        if above.parent is not None and target in above.attributes:
            return _source(above, target, links_of)
    return link.parent, target


def _disagreement(name: str, one: Link, other: Link) -> FlushError:
    entity = mapper_of(one.child).name
    parents = " and ".join(type(link.parent).__name__ for link in (other, one))
    return FlushError(
        f"{entity}.{name} gets different values from the {parents} that the {entity} refers to",
        hint="let the objects it refers to agree, or change both relationships",
    )


def _check_given(instance: Any, mapper: Mapper, filled: dict[str, Any]) -> None:
    """Keys and references that nobody makes must be filled by now."""
    values = instance.__dict__
    for name in mapper.must_be_given:
        if values.get(name) is None and name not in filled:
            link = "" if name in mapper.primary_key else ", or set a relationship that fills it"
            raise FlushError(
                f"{mapper.name}.{name} of a new object has no value", hint=f"give {name}{link}"
            )


def _same_key(
    instance: Any,
    mapper: Mapper,
    filled: dict[str, Any],
    seen: dict[tuple[Mapper, Any], Any],
    unit: UnitOfWork,
) -> Any:
    """Another object of the session, stored or new, that has the key of a new one; or None."""
    values = instance.__dict__
    key = mapper.key_of(values | filled if filled else values)
    if key is None:
        return None
    other = seen.setdefault((mapper.root, key), instance)
    if other is instance:
        other = unit.identity_map.get(mapper.root, key)
    return None if other is instance else other


def _gives_up_key(other: Any, updates: Mapping[Any, tuple[str, ...]]) -> bool:
    """Whether a stored object gets another key in this flush."""
    return not mapper_of(other).key_names.isdisjoint(updates.get(other, ()))


def _check_update(
    instance: Any, mapper: Mapper, columns: tuple[str, ...], links: list[Link]
) -> None:
    values = instance.__dict__
    for link in links:
        if link.parent is None and not link.foreign_key.nullable:
            names = ", ".join(f"{mapper.name}.{name}" for name in link.attributes)
            raise FlushError(
                f"{names} can't be empty, but the object it refers to was removed or deleted",
                hint="give it another one or delete it; cascade='all, delete-orphan' on the "
                "other side's relationship deletes it by itself",
            )
    version = mapper.version
    if version is not None and version.following is None and version.name in columns:
        raise FlushError(
            f"{mapper.name}.{version.name} was assigned, but the server makes this version",
            hint="leave it alone; await session.refresh() the object to have the row's version",
        )
    linked = {name for link in links for name in link.attributes}
    for name in mapper.primary_key:
        if name in columns and name not in linked and values.get(name) is None:
            raise FlushError(
                f"{mapper.name}.{name} is part of the primary key and was set to None",
                hint="give the key a value, or delete the object",
            )
    if len(mapper.written_parts) > 1 and not mapper.key_names.isdisjoint(columns):
        _check_renamed(mapper)


def _check_renamed(mapper: Mapper) -> None:
    """Raise FlushError for a key of several tables that none of them can change first."""
    for part in mapper.written_parts:
        key = part.key_to_base
        if key is not None and not part.key_follows and not key.initially_deferred:
            names = ", ".join(f"{mapper.name}.{name}" for name in part.primary_key)
            raise FlushError(
                f"the key of a {mapper.name} can't change in the table {key.target.full_name!r} "
                f"before it does in {part.table.full_name!r}, nor after",
                hint=f'declare {names} with foreign_key(..., onupdate="CASCADE"), or '
                'initially="DEFERRED"',
            )
