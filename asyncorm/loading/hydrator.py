"""Hydration: rows become instances through the identity map, by code generated per shape.

This is the hottest loop of reading. A generated function does no look-ups by name and no calls
per column; see ``models/construct.py`` for the measurements behind the way instances are filled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from weakref import ref

from asyncorm.loading.existing import Existing, completer
from asyncorm.mapping.mapper import Mapper
from asyncorm.models.construct import make_twin, set_values
from asyncorm.models.model import Model
from asyncorm.tracking.identity_map import References
from asyncorm.tracking.state import InstanceState, set_state

Hydrate = Callable[[Sequence[Any], InstanceState, References, Existing | None], list[Any]]


def hydrator(
    mapper: Mapper,
    attributes: tuple[str, ...],
    start: int,
    nullable: bool,
    *,
    repeated: bool = False,
) -> Hydrate:
    """A function that makes instances from the columns of records beginning at ``start``.

    ``nullable`` says that the entity may be missing from a row (an outer join), which gives None;
    ``repeated`` that rows of one entity follow each other, once for each of its members.
    """
    memo_key = ("hydrate", attributes, start, nullable, repeated)
    found: Hydrate | None = mapper.memo.get(memo_key)
    if found is None:
        found = mapper.memo[memo_key] = _generate(mapper, attributes, start, nullable, repeated)
    return found


def _generate(
    mapper: Mapper, attributes: tuple[str, ...], start: int, nullable: bool, repeated: bool
) -> Hydrate:
    twin = _twin(mapper)
    names: dict[str, Any] = {
        "cls": mapper.entity,
        "twin": twin,
        "new": object.__new__,
        "set_values": set_values,
        "set_state": set_state,
        "ref": ref,
        "complete": completer(mapper, attributes, start),
    }
    values = {}
    for position, attribute in enumerate(attributes, start):
        values[attribute] = _value(mapper, attribute, position, names)
    source = _source(mapper, values, twin is not None, nullable, repeated)
    exec(source, names)
    hydrate: Hydrate = names["hydrate"]
    return hydrate


def _twin(mapper: Mapper) -> type[Any] | None:
    if "twin" not in mapper.memo:
        mapper.memo["twin"] = make_twin(mapper.entity, Model)
    twin: type[Any] | None = mapper.memo["twin"]
    return twin


def _value(mapper: Mapper, attribute: str, position: int, names: dict[str, Any]) -> str:
    decode = mapper.columns[attribute]._type.decode
    if decode is None:
        return f"r[{position}]"
    names[f"decode{position}"] = decode
    return f"None if (v := r[{position}]) is None else decode{position}(v)"


def _source(
    mapper: Mapper, values: dict[str, str], swaps_class: bool, nullable: bool, repeated: bool
) -> str:
    parts = [f"({values[name]})" for name in mapper.primary_key]
    key = parts[0] if len(parts) == 1 else f"({', '.join(parts)})"
    absent = " or ".join(f"{part} is None" for part in parts)
    # an object that lacks only deferred columns does not count as partial
    incomplete = ["existing is not None", "o._state.partial"]
    incomplete += [f"{name!r} not in o.__dict__" for name in values if name in mapper.deferred]
    if swaps_class:
        fill = ["o = new(twin)", *(f"o.{name} = {value}" for name, value in values.items())]
        fill += ["o._state = state", "o.__class__ = cls"]
    else:
        literal = ", ".join(f"{name!r}: {value}" for name, value in values.items())
        fill = ["o = new(cls)", f"set_values(o, {{{literal}}})", "set_state(o, state)"]
    lines = [
        "def hydrate(rows, state, references, existing):",
        "    found = []",
        "    push = found.append",
        "    get = references.get",
        *(["    last = None"] if repeated else []),
        "    for r in rows:",
        *([f"        if {absent}: push(None); continue"] if nullable else []),
        f"        k = {key}",
        *(["        if k == last: push(o); continue", "        last = k"] if repeated else []),
        "        w = get(k)",
        "        if w is not None:",
        "            o = w()",
        "            if o is not None:",
        f"                if {' or '.join(incomplete)}: complete(o, r, existing)",
        "                push(o)",
        "                continue",
        *(f"        {line}" for line in fill),
        "        references[k] = ref(o)",
        "        push(o)",
        "    return found",
    ]
    return "\n".join(lines)
