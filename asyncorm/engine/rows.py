"""Records of the driver become rows: a bare value for one column, a named tuple for several."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

Convert = Callable[[list[Any]], list[Any]]
Decoder = Callable[[Any], Any]


def row_converter(names: Sequence[str], decoders: Sequence[Decoder | None]) -> Convert:
    """The function from records to rows for columns of these names; made once per shape.

    ``decoders`` are those of the columns' types; they are not called with None.
    """
    return _make_converter(tuple(names), tuple(decoders))


@lru_cache(maxsize=1024)
def _make_converter(names: tuple[str, ...], decoders: tuple[Decoder | None, ...]) -> Convert:
    """Write and compile the loop: twice as fast as a loop over the columns of each row."""
    namespace: dict[str, Any] = {"new": tuple.__new__, "Row": row_class(names)}
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
    return namedtuple("Row", names, rename=True)


def convert_records(compiled: Any, records: list[Any]) -> list[Any]:
    """Rows of a compiled statement's records; a mapped class yields its columns."""
    columns = compiled.columns
    if columns:
        decoders = [column.type.decode for column in columns]
        return row_converter([column.name for column in columns], decoders)(records)
    names = row_names(compiled, records)
    return row_converter(names, [None] * len(names))(records) if records else []


def row_names(compiled: Any, records: Sequence[Any] = ()) -> tuple[str, ...]:
    """The names of the columns; for raw SQL they are known when there is a record."""
    if compiled.columns:
        return tuple(column.name for column in compiled.columns)
    return tuple(records[0].keys()) if records else ()
