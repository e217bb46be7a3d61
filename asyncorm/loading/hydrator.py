"""Hydration: rows become instances through the identity map, by code generated per shape.

This is the hottest loop of reading. A generated function does no look-ups by name and no calls
per column. It has two loops: one that asks the identity map for each row, and one for a session
that holds no object of the entity. See ``models/construct.py`` for the measurements behind the way
instances are filled.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple
from weakref import ref

from asyncorm.loading.existing import Existing, completer
from asyncorm.loading.subtypes import Member, members_of, unknown_kind
from asyncorm.mapping.mapper import Mapper
from asyncorm.models.construct import STORES_EACH, make_twin, set_values
from asyncorm.models.model import Model
from asyncorm.sql.table import BaseColumn
from asyncorm.tracking.state import InstanceState, set_state


class _Shape(NamedTuple):
    """How rows bring an entity: whether it may be missing, whether rows repeat it, whether a row
    holds nothing else, and which related objects are there already."""

    nullable: bool
    repeated: bool
    is_alone: bool
    placed: tuple[str, ...]


#: how many results of a shape are expected to repeat rows after one that did
_REPEATING = 32
#: a value of a row in generated code
_POSITION = re.compile(r"\br\[(\d+)\]")

#: of rows, the state of what is made, references, and what happens to what exists; with objects to
#: be placed also these, a list for each attribute, and a list that takes whatever exists, with them
Hydrate = Callable[..., list[Any]]


def hydrator(
    mapper: Mapper,
    attributes: tuple[str, ...],
    start: int,
    nullable: bool,
    further: tuple[BaseColumn[Any, Any], ...] = (),
    *,
    repeated: bool = False,
    width: int | None = None,
    placed: tuple[str, ...] = (),
) -> Hydrate:
    """A function that makes instances from the columns of records beginning at ``start``.

    ``nullable`` says that the entity may be missing from a row (an outer join), which gives None;
    ``repeated`` that several rows may bring one entity, mostly one after the other.
    ``further`` columns, after the entity's own, are those of its subclasses. ``width`` is the
    number of columns of a row, if it is known. ``placed`` are to-one relationships, not of a
    hierarchy, whose objects the function is given: those of new instances it puts in place.
    """
    names = tuple(column._key for column in further)
    is_alone = start == 0 and width == len(attributes)
    memo_key = ("hydrate", attributes, start, nullable, repeated, names, is_alone, placed)
    found: Hydrate | None = mapper.memo.get(memo_key)
    if found is None:
        shape = _Shape(nullable, repeated, is_alone, placed)
        if mapper.discriminator is None:
            found = _generate(mapper, attributes, start, shape)
        else:
            found = _generate_for_kinds(mapper, attributes, start, shape, further)
        mapper.memo[memo_key] = found
    return found


def _generate(mapper: Mapper, attributes: tuple[str, ...], start: int, shape: _Shape) -> Hydrate:
    positions = range(start, start + len(attributes))
    names: dict[str, Any] = {
        "ref": ref,
        "complete": completer(mapper, attributes, positions),
        "repeating": [],
    }
    values = _values(mapper, attributes, positions, names)
    keys = [values[name] for name in mapper.primary_key]
    # each part of the key is read once
    values.update((name, f"k{number}") for number, name in enumerate(mapper.primary_key))
    placed = {name: f"b{number}" for number, name in enumerate(shape.placed)}
    fill = _filling(mapper, values | placed, names)
    if shape.repeated:
        fresh = _fresh_among_others(keys, fill, shape)
    else:
        fresh = _fresh(keys, fill, shape, positions)
    completing = _completing("complete(o, r, existing)", mapper, attributes)
    exec("\n".join(_source(keys, shape, completing, fill, fresh)), names)
    hydrate: Hydrate = names["hydrate"]
    return hydrate


def _generate_for_kinds(
    mapper: Mapper,
    attributes: tuple[str, ...],
    start: int,
    shape: _Shape,
    further: tuple[BaseColumn[Any, Any], ...],
) -> Hydrate:
    """The same for a class of a hierarchy: each row becomes an object of the class it names."""
    members = members_of(mapper, attributes, start, further)
    assert mapper.discriminator is not None
    names: dict[str, Any] = {"ref": ref, "repeating": []}
    keys = (*mapper.primary_key, mapper.discriminator.attribute)
    *key, kind = _values(
        mapper, keys, [start + attributes.index(name) for name in keys], names
    ).values()
    makers = {member.value: _maker(member) for member in members}
    completers = {
        member.mapper.entity: completer(member.mapper, member.attributes, member.positions)
        for member in members
    }

    def unknown(kind: Any) -> Exception:
        return unknown_kind(mapper, kind)

    def complete(instance: Any, row: Any, kind: Any, existing: Existing | None) -> None:
        if kind != type(instance).__mapper__.discriminator.value:
            raise unknown_kind(type(instance).__mapper__, kind)
        completers[type(instance)](instance, row, existing)

    names.update(maker=makers.get, unknown=unknown, complete=complete)
    completing = _completing(f"complete(o, r, {kind}, existing)", mapper, attributes)
    fill = [f"kind = {kind}", "make = maker(kind)", "if make is None: raise unknown(kind)"]
    fill.append("o = make(r, state)")
    shape = shape._replace(is_alone=False)  # the function of a class takes the whole row
    fresh = _fresh_among_others(key, fill, shape) if shape.repeated else _fresh(key, fill, shape)
    exec("\n".join(_source(key, shape, completing, fill, fresh)), names)
    hydrate: Hydrate = names["hydrate"]
    return hydrate


def _maker(member: Member) -> Callable[[Any, InstanceState], Any]:
    """A function that makes an object of one class from a row."""
    names: dict[str, Any] = {}
    values = _values(member.mapper, member.attributes, member.positions, names)
    fill = _filling(member.mapper, values, names)
    exec(
        "\n".join(["def make(r, state):", *(f"    {line}" for line in fill), "    return o"]), names
    )
    make: Callable[[Any, InstanceState], Any] = names["make"]
    return make


def _values(
    mapper: Mapper, attributes: Sequence[str], positions: Sequence[int], names: dict[str, Any]
) -> dict[str, str]:
    """For each attribute the expression that takes its value out of a row ``r``."""
    found: dict[str, str] = {}
    for attribute, position in zip(attributes, positions, strict=True):
        decode = mapper.columns[attribute]._type.decode
        found[attribute] = f"r[{position}]"
        if decode is not None:
            names[f"decode{position}"] = decode
            found[attribute] = f"None if (v := r[{position}]) is None else decode{position}(v)"
    return found


def _filling(mapper: Mapper, values: dict[str, str], names: dict[str, Any]) -> list[str]:
    """The lines that make an object ``o`` of the values of a row."""
    twin = _twin(mapper)
    names.update(cls=mapper.entity, twin=twin, new=object.__new__)
    literal = ", ".join(f"{name!r}: {value}" for name, value in values.items())
    if twin is None:
        names.update(set_values=set_values, set_state=set_state)
        return ["o = new(cls)", f"set_values(o, {{{literal}}})", "set_state(o, state)"]
    # calling it takes 0.05 µs less than object.__new__(twin)
    stores = [f"o.__dict__ = {{{literal}}}"]
    if STORES_EACH:
        stores = [f"o.{name} = {value}" for name, value in values.items()]
    return ["o = twin()", *stores, "o._state = state", "o.__class__ = cls"]


def _twin(mapper: Mapper) -> type[Any] | None:
    if "twin" not in mapper.memo:
        mapper.memo["twin"] = make_twin(mapper.entity, Model)
    twin: type[Any] | None = mapper.memo["twin"]
    return twin


def _completing(call: str, mapper: Mapper, attributes: Sequence[str]) -> str:
    """The line that takes a row over into an object held already, if it is to change that."""
    # an object that lacks only deferred columns does not count as partial
    cases = ["existing is not None", "o._state.partial"]
    cases += [f"{name!r} not in o.__dict__" for name in attributes if name in mapper.deferred]
    return f"if {' or '.join(cases)}: {call}"


def _fresh(
    keys: Sequence[str], fill: Sequence[str], shape: _Shape, positions: Sequence[int] = ()
) -> list[str]:
    """The lines for a session that holds no object of the entity: nothing is looked up, and all
    references are made at once (0.35 µs a row of ten columns instead of 0.43).

    Where a row comes twice, what was made is dropped, and the next results go the long way.
    """
    row, read = "r", list(keys)
    if shape.is_alone:  # reading all columns of a row at once is faster than one by one
        row = f"({', '.join(f'v{position}' for position in positions)},)"
        fill, read = [_unpacked(line) for line in fill], [_unpacked(key) for key in keys]
    made = "made" if shape.nullable else "found"
    return [
        "    if references: pass",
        "    elif repeating: repeating.pop()",
        "    else:",
        "        found, keys, made = [], [], []",
        f"        push, add, enter = found.append, keys.append, {made}.append",
        f"        for {_loop(row, shape)}:",
        *(f"            k{number} = {key}" for number, key in enumerate(read)),
        *([f"            {_absent_row(keys)}"] if shape.nullable else []),
        *(f"            {line}" for line in fill),
        f"            add({_key(keys)})",
        *(["            push(o)"] if shape.nullable else []),
        "            enter(o)",
        f"        references.update(zip(keys, map(ref, {made})))",
        "        if len(references) == len(keys): return found",
        "        references.clear()",
        f"        repeating.extend([True] * {_REPEATING})",
    ]


def _fresh_among_others(keys: Sequence[str], fill: Sequence[str], shape: _Shape) -> list[str]:
    """The same for rows that repeat an entity: one look for each row, and no reference.

    Meanwhile the objects themselves stand where their references will be.
    """
    return [
        "    if not references:",
        "        found = []",
        "        push, get = found.append, references.get",
        "        try:",
        f"            for {_loop('r', shape)}:",
        *(f"                k{number} = {key}" for number, key in enumerate(keys)),
        *([f"                {_absent_row(keys)}"] if shape.nullable else []),
        f"                k = {_key(keys)}",
        "                o = get(k)",
        "                if o is None:",
        *(f"                    {line}" for line in fill),
        "                    references[k] = o",
        "                push(o)",
        "        except BaseException:",
        "            references.clear()",
        "            raise",
        "        references.update(zip(list(references), list(map(ref, references.values()))))",
        "        return found",
    ]


def _absent_row(keys: Sequence[str]) -> str:
    absent = " or ".join(f"k{number} is None" for number in range(len(keys)))
    return f"if {absent}: push(None); continue"


def _unpacked(code: str) -> str:
    """Code that reads ``r[0]``, for rows whose columns are ``v0`` and so on."""
    return _POSITION.sub(r"v\1", code)


def _loop(row: str, shape: _Shape) -> str:
    if not shape.placed:
        return f"{row} in rows"
    beside = ", ".join(f"b{number}" for number in range(len(shape.placed)))
    return f"{row}, {beside} in zip(rows, *placed)"


def _key(keys: Sequence[str]) -> str:
    parts = [f"k{number}" for number in range(len(keys))]
    return parts[0] if len(parts) == 1 else f"({', '.join(parts)})"


def _source(
    keys: Sequence[str],
    shape: _Shape,
    completing: str,
    fill: Sequence[str],
    fresh: Sequence[str] = (),
) -> list[str]:
    held = "".join(f", b{number}" for number in range(len(shape.placed)))
    return [
        f"def hydrate(rows, state, references, existing{', placed, again' if held else ''}):",
        *fresh,
        "    found = []",
        "    push = found.append",
        "    get = references.get",
        *(["    last = None"] if shape.repeated else []),
        f"    for {_loop('r', shape)}:",
        *(f"        k{number} = {key}" for number, key in enumerate(keys)),
        *([f"        {_absent_row(keys)}"] if shape.nullable else []),
        f"        k = {_key(keys)}",
        *(
            ["        if k == last: push(o); continue", "        last = k"]
            if shape.repeated
            else []
        ),
        "        w = get(k)",
        "        if w is not None:",
        "            o = w()",
        "            if o is not None:",
        f"                {completing}",
        "                push(o)",
        *([f"                again.append((o{held}))"] if held else []),
        "                continue",
        *(f"        {line}" for line in fill),
        "        references[k] = ref(o)",
        "        push(o)",
        "    return found",
    ]
