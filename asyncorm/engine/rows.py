"""Records of the driver become rows: a bare value for one column, a named tuple for several."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

from asyncorm.compiler.compiled import CompiledStatement

Convert = Callable[[list[Any]], list[Any]]
Decoder = Callable[[Any], Any]


def row_converter(names: Sequence[str], decoders: Sequence[Decoder | None]) -> Convert:
    """Make the function from records to rows for columns of these names; keep what you made.

    ``decoders`` are those of the columns' types; they are not called with None. The loop is
    written and compiled: twice as fast as one over the columns of each row.
    """
    namespace: dict[str, Any] = {"new": tuple.__new__, "Row": row_class(tuple(names))}
    values: list[str] = []
    for index, decoder in enumerate(decoders):
        if decoder is None:
            values.append(f"r[{index}]")
        else:
            namespace[f"d{index}"] = decoder
            values.append(f"None if (v := r[{index}]) is None else d{index}(v)")
    if len(names) == 1:
        row = values[0]
    elif any(decoders):
        row = f"new(Row, ({', '.join(f'({value})' for value in values)},))"
    else:
        row = "new(Row, r)"
    exec(f"def convert(records): return [{row} for r in records]", namespace)
    convert: Convert = namespace["convert"]
    return convert


@lru_cache(maxsize=1024)
def row_class(names: tuple[str, ...]) -> type[tuple[Any, ...]]:
    """The named tuple of a row; names that can't be attributes or come twice become ``_1``."""
    return namedtuple("Row", names, rename=True)  # pyright: ignore[reportUntypedNamedTuple]


def convert_records(compiled: CompiledStatement, records: list[Any]) -> list[Any]:
    """Rows of a compiled statement's records; a mapped class yields its columns."""
    if not compiled.columns:
        return _plain_converter(row_names(compiled, records))(records) if records else []
    convert = _converters.get(compiled)
    if convert is None:
        decoders = [column.type.decode for column in compiled.columns]
        convert = _converters[compiled] = row_converter(row_names(compiled), decoders)
    return convert(records)


#: of the statements that are still kept by a cache
_converters: WeakKeyDictionary[CompiledStatement, Convert] = WeakKeyDictionary()


@lru_cache(maxsize=1024)
def _plain_converter(names: tuple[str, ...]) -> Convert:
    return row_converter(names, [None] * len(names))


def row_names(compiled: CompiledStatement, records: Sequence[Any] = ()) -> tuple[str, ...]:
    """The names of the columns; for raw SQL they are known when there is a record."""
    if compiled.columns:
        return tuple(column.name for column in compiled.columns)
    return tuple(records[0].keys()) if records else ()
