"""Loading by key: get, get_many, and refresh of instances already held."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from asyncorm.errors import ArgumentError, DataError, InvalidRequestError
from asyncorm.loading.by_key import key_statement
from asyncorm.loading.columns import loaded_with
from asyncorm.loading.context import LoadContext
from asyncorm.loading.criteria import rereading
from asyncorm.loading.directives import Columns
from asyncorm.loading.execution import Execution
from asyncorm.loading.existing import Existing, overwrite_columns
from asyncorm.loading.hydrator import hydrator
from asyncorm.loading.pipeline import announce, load, load_path, load_tree
from asyncorm.loading.subtypes import is_partial
from asyncorm.loading.tree import LoadNode, Resolved, only, tree_of
from asyncorm.mapping.mapper import Key, Mapper
from asyncorm.sql.statements.select import Select
from asyncorm.tracking.event_names import LOAD_EVENTS
from asyncorm.tracking.listeners import HEARD, hears
from asyncorm.tracking.notices import Notices
from asyncorm.tracking.state import InstanceState, Status
from asyncorm.tracking.transitions import is_expired
from asyncorm.tracking.unit_of_work import identity_key, identity_keys, mapper_of

_NO_WHOLE_NUMBERS = (bool, float, Decimal)
#: what is a key, or a part of one, as it is: 0.1 µs for each key instead of 0.6
_PLAIN = frozenset((int, str, UUID))
_LOADING = ("do_orm_execute", *LOAD_EVENTS)


def checked_key(mapper: Mapper, given: Any) -> Key:
    """A key as the identity map uses it, from a value, a tuple or a dict of attributes."""
    names = mapper.primary_key
    if type(given) in _PLAIN and len(names) == 1:
        return given
    if (
        type(given) is tuple
        and len(given) == len(names) > 1
        and _PLAIN.issuperset(map(type, given))
    ):
        return given
    if isinstance(given, dict):
        if set(given) != set(names):
            raise InvalidRequestError(
                f"the primary key of {mapper.name} is ({', '.join(names)}), "
                f"not ({', '.join(map(str, given))})",
                hint="give every attribute of the key once",
            )
        given = tuple(given[name] for name in names)
    parts = tuple(given) if isinstance(given, tuple | list) else (given,)
    if len(parts) != len(names):
        form = names[0] if len(names) == 1 else f"({', '.join(names)})"
        raise InvalidRequestError(
            f"the primary key of {mapper.name} is {form}, but the number of values given "
            f"is {len(parts)}",
            hint=f"give a value for each column: session.get({mapper.name}, {form})",
        )
    for part, column in zip(parts, mapper.primary_key_columns, strict=True):
        # True equals 1, and the driver makes 1 of 1.9: the keys of other objects
        if isinstance(part, _NO_WHOLE_NUMBERS) and column._type.python_type is int:
            raise ArgumentError(
                f"a {type(part).__name__} is no primary key of {mapper.name}",
                hint="give the number of the key, an int",
            )
    if None in parts:
        raise InvalidRequestError(
            f"None is no primary key of {mapper.name}",
            hint="check for the missing key before asking for the object",
        )
    try:
        hash(parts)
    except TypeError:
        raise ArgumentError(
            f"a {_unhashable(parts)} is no part of a primary key of {mapper.name}",
            hint="give the key's value, or a tuple for a composite key",
        ) from None
    return parts[0] if len(names) == 1 else parts


def _unhashable(parts: tuple[Any, ...]) -> str:
    return next(type(part).__name__ for part in parts if type(part).__hash__ is None)


async def load_by_key(mapper: Mapper, key: Key, context: LoadContext) -> Any:
    """The instance of a key that is not in the identity map, or None; one statement.

    The text is kept with the mapper, so that the most common query builds no statement.
    """
    if mapper.eager or (HEARD and hears(context.unit, _LOADING)):
        found = (await load(key_statement(mapper, [mapper.key_values(key)]), context)).rows
        return found[0] if found else None
    known = mapper.memo.get("by key")
    if known is None:
        known = mapper.memo["by key"] = _by_key(mapper, context)
    sql, encoders, hydrate, partial = known
    parts = mapper.key_values(key)
    if encoders is not None:
        parts = tuple(p if e is None else e(p) for p, e in zip(parts, encoders, strict=True))
    try:
        records = await context.fetch(sql, parts)
    except DataError as error:
        error.message = f"the primary key of {mapper.name}: {error.message}"
        raise
    if not records:
        return None
    state = InstanceState(context.unit.scope, Status.PERSISTENT, partial=partial)
    references = context.unit.identity_map.references(mapper)
    references.sweep()
    return hydrate(records, state, references, None)[0]


def _by_key(mapper: Mapper, context: LoadContext) -> tuple[Any, ...]:
    statement = key_statement(mapper, [(None,) * len(mapper.primary_key)])
    compiled = context.statements.get(statement)
    item: Any = compiled.items[0]
    attributes = tuple(column.attribute for column in item.columns)
    encoders = tuple(column._type.encode for column in mapper.primary_key_columns)
    return (
        compiled.sql,
        encoders if any(encoders) else None,
        hydrator(mapper, attributes, 0, False, item.further, width=len(compiled.columns)),
        is_partial(mapper, attributes, item.further),
    )


async def load_many(
    mapper: Mapper,
    keys: Iterable[Key],
    context: LoadContext,
    options: Sequence[Any] = (),
    *,
    again: bool = False,
) -> dict[Key, Any]:
    """The instances of these keys, by key; one statement for all."""
    parts = [mapper.key_values(key) for key in dict.fromkeys(keys)]
    if not parts:
        return {}
    statement = key_statement(mapper, parts).options(*options)
    found = (await load(statement, context, is_column_load=again)).rows
    return dict(zip(identity_keys(found), found, strict=True))


async def load_columns(
    mapper: Mapper, instances: Iterable[Any], name: str, context: LoadContext
) -> None:
    """Read a column of the instances that lack it, with its group; what has expired comes along."""
    lacking = [one for one in instances if name not in one.__dict__]
    columns = tuple(mapper.columns[other] for other in loaded_with(mapper, name))
    kind = "undefer" if any(map(is_expired, lacking)) else "only"
    keys = [mapper.key_values(identity_key(instance)) for instance in lacking]
    statement = key_statement(mapper, keys).options(
        Resolved(LoadNode(mapper, (Columns(kind, columns),)))
    )
    await load(statement, context, follow=False, is_column_load=True)


async def refresh(
    instance: Any, names: Sequence[str] | None, context: LoadContext, lock: dict[str, Any] | None
) -> bool:
    """Read attributes of an instance again; False if its row is gone.

    Without names the columns are read that were loaded, or would be by the statement that has
    brought the instance; relationships are forgotten, and those loaded again that came with it.
    With names only those are read, columns or relationships.
    """
    mapper = mapper_of(instance)
    relationships = [n for n in names or () if n in mapper.relationships]
    columns = [n for n in names or () if n in mapper.columns]
    if names is None or columns or lock is not None:
        key = mapper.key_values(identity_key(instance))
        wanted = columns if names else _columns_of(instance)
        statement = key_statement(mapper, [key]).options(only(mapper, wanted))
        if lock is not None:
            statement = statement.with_for_update(**lock)
        if not await _read_columns(instance, statement, columns if names else None, context):
            return False
    if names is None and (tree := tree_of(instance)) is not None:
        await load_tree([instance], tree, context)
    for name in relationships:
        instance.__dict__.pop(name, None)
        await load_path([instance], (mapper.relationships[name],), context)
    return True


def _columns_of(instance: Any) -> list[str]:
    """The columns that an instance was loaded with, and others that it has got since then."""
    mapper, tree = mapper_of(instance), instance._state.tree
    usual = mapper.selected if tree is None else tree.attributes_of(mapper)
    return [name for name in mapper.columns if name in usual or name in instance.__dict__]


async def _read_columns(
    instance: Any, statement: Select[Any], columns: list[str] | None, context: LoadContext
) -> bool:
    """Overwrite the named columns of an instance with its row, or all that the statement reads."""
    if columns is None:
        loaded = await load(
            statement, context, Existing.OVERWRITE, follow=False, is_column_load=True
        )
        return bool(loaded.rows)
    if HEARD:
        statement = await announce(context.unit, Execution(statement, is_column_load=True))
        statement = rereading(statement)
    compiled = context.plan(statement).compiled
    records = await context.fetch(compiled.sql, compiled.arguments(statement))
    if not records:
        return False
    item: Any = compiled.items[0]
    position = {column.attribute: n for n, column in enumerate(item.columns, item.start)}
    overwrite_columns(instance, mapper_of(instance), {n: records[0][position[n]] for n in columns})
    if context.unit.notices:
        await Notices(context.unit)
    return True
