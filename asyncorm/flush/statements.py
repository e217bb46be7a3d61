"""The SQL text of a batch, made once for each table and shape, and the arrays it is sent with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from asyncorm.compiler.quoting import quote_name as quote
from asyncorm.compiler.quoting import quote_qualified
from asyncorm.flush.plan import Batch, Kind
from asyncorm.mapping.mapper import Mapper
from asyncorm.sql.table import BaseColumn
from asyncorm.types.base import Converter

#: from how many rows on COPY is faster than unnest, where nothing has to come back
COPY_MINIMUM = 2000

Encoders = tuple[tuple[str, Converter | None], ...]


@dataclass(frozen=True)
class BatchStatement:
    """A statement's text, the attributes (with encoders) of its parameters and of its results."""

    sql: str
    parameters: Encoders
    keys: Encoders
    results: Encoders
    many: bool


def uses_copy(batch: Batch) -> bool:
    """Whether a batch goes the COPY way."""
    return (
        batch.kind is Kind.INSERT
        and not batch.returning
        and not batch.expressions
        and len(batch.instances) >= COPY_MINIMUM
        and all(batch.mapper.columns[name]._type.copyable for name in batch.columns)
    )


def statement_for(batch: Batch) -> BatchStatement:
    """The statement of a batch; kept with the mapper, since shapes recur."""
    many = len(batch.instances) > 1
    memo_key = ("flush", batch.kind, batch.columns, batch.returning, many)
    found: BatchStatement | None = batch.mapper.memo.get(memo_key)
    if found is None:
        build = _BUILDERS[batch.kind]
        found = batch.mapper.memo[memo_key] = build(batch, many)
    return found


def _insert(batch: Batch, many: bool) -> BatchStatement:
    mapper = batch.mapper
    columns = [mapper.columns[name] for name in batch.columns]
    names = ", ".join(quote(column.name) for column in columns)
    target = quote_qualified(mapper.table.schema, mapper.table.name)
    if not many:
        values = ", ".join(_parameter(n, column) for n, column in enumerate(columns, 1))
        source = f"({names}) VALUES ({values})" if columns else "DEFAULT VALUES"
    elif columns:
        source = f"({names}) SELECT {_selected(columns)} FROM {_unnest(columns)} ORDER BY u.o"
    else:
        source = "SELECT FROM generate_series(1, $1::bigint)"
    return BatchStatement(
        f"INSERT INTO {target} {source}{_returning(batch)}",
        _encoders(batch.columns, mapper, many),
        (),
        _decoders(batch.returning, mapper),
        many,
    )


def _update(batch: Batch, many: bool) -> BatchStatement:
    mapper = batch.mapper
    columns = [mapper.columns[name] for name in batch.columns]
    keys = list(mapper.primary_key_columns)
    target = quote_qualified(mapper.table.schema, mapper.table.name)
    if many:
        where = _matches(keys, len(columns))
        changes = ", ".join(
            f"{quote(column.name)} = {_element(n, column)}" for n, column in enumerate(columns, 1)
        )
        source = _unnest([*columns, *keys], ordinality=False)
        text = f"UPDATE {target} AS t SET {changes} FROM {source} WHERE {where}"
    else:
        changes = ", ".join(
            f"{quote(column.name)} = {_parameter(n, column)}" for n, column in enumerate(columns, 1)
        )
        where = " AND ".join(
            f"t.{quote(column.name)} = {_parameter(n, column)}"
            for n, column in enumerate(keys, len(columns) + 1)
        )
        text = f"UPDATE {target} AS t SET {changes} WHERE {where}"
    return BatchStatement(
        text + _returning(batch, "t."),
        _encoders(batch.columns, mapper, many),
        _encoders(mapper.primary_key, mapper, many),
        _decoders(batch.returning, mapper),
        many,
    )


def _delete(batch: Batch, many: bool) -> BatchStatement:
    mapper = batch.mapper
    keys = list(mapper.primary_key_columns)
    target = quote_qualified(mapper.table.schema, mapper.table.name)
    if not many:
        where = " AND ".join(
            f"t.{quote(column.name)} = {_parameter(n, column)}" for n, column in enumerate(keys, 1)
        )
        text = f"DELETE FROM {target} AS t WHERE {where}"
    elif len(keys) == 1:
        (key,) = keys
        array = f"$1::{key._type.bulk_type}[]"
        if key._type.bulk_type != key._type.cast_type:
            array += f"::{key._type.cast_type}[]"
        text = f"DELETE FROM {target} AS t WHERE t.{quote(key.name)} = ANY({array})"
    else:
        source = _unnest(keys, ordinality=False)
        text = f"DELETE FROM {target} AS t USING {source} WHERE {_matches(keys, 0)}"
    return BatchStatement(text, (), _encoders(mapper.primary_key, mapper, many), (), many)


_BUILDERS: dict[Kind, Callable[[Batch, bool], BatchStatement]] = {
    Kind.INSERT: _insert,
    Kind.UPDATE: _update,
    Kind.DELETE: _delete,
}


def existing_keys(mapper: Mapper) -> BatchStatement:
    """The statement that asks which of many primary keys have a row."""
    keys = list(mapper.primary_key_columns)
    source = _unnest(keys, ordinality=False)
    names = ", ".join(f"t.{quote(key.name)}{_read_cast(key)}" for key in keys)
    return BatchStatement(
        f"SELECT {names} FROM {quote_qualified(mapper.table.schema, mapper.table.name)} AS t JOIN {source} ON {_matches(keys, 0)}",
        (),
        _encoders(mapper.primary_key, mapper, True),
        _decoders(mapper.primary_key, mapper),
        True,
    )


def key_arguments(statement: BatchStatement, mapper: Mapper, keys: list[Any]) -> list[Any]:
    """The arrays of the primary keys of many rows."""
    rows = [mapper.key_values(key) for key in keys]
    return [
        _column_array([row[position] for row in rows], encode)
        for position, (_, encode) in enumerate(statement.keys)
    ]


def _read_cast(column: BaseColumn[Any, Any]) -> str:
    return f"::{column._type.select_type}" if column._type.select_type else ""


def _parameter(number: int, column: BaseColumn[Any, Any]) -> str:
    type_ = column._type
    text = f"${number}::{type_.parameter_type}"
    return text if type_.parameter_type == type_.cast_type else f"{text}::{type_.cast_type}"


def _unnest(columns: list[BaseColumn[Any, Any]], ordinality: bool = True) -> str:
    """One array parameter a column, so that one text serves every number of rows."""
    arrays = ", ".join(f"${n}::{column._type.bulk_type}[]" for n, column in enumerate(columns, 1))
    names = ", ".join(f"c{n}" for n in range(1, len(columns) + 1))
    if ordinality:
        return f"unnest({arrays}) WITH ORDINALITY AS u({names}, o)"
    return f"unnest({arrays}) AS u({names})"


def _selected(columns: list[BaseColumn[Any, Any]]) -> str:
    return ", ".join(_element(n, column) for n, column in enumerate(columns, 1))


def _element(number: int, column: BaseColumn[Any, Any]) -> str:
    type_ = column._type
    return (
        f"u.c{number}" if type_.bulk_type == type_.cast_type else f"u.c{number}::{type_.cast_type}"
    )


def _matches(keys: list[BaseColumn[Any, Any]], before: int) -> str:
    return " AND ".join(
        f"t.{quote(key.name)} = {_element(before + n, key)}" for n, key in enumerate(keys, 1)
    )


def _returning(batch: Batch, prefix: str = "") -> str:
    if not batch.returning:
        return ""
    columns = [batch.mapper.columns[name] for name in batch.returning]
    return " RETURNING " + ", ".join(
        f"{prefix}{quote(column.name)}{_read_cast(column)}" for column in columns
    )


def _encoders(names: tuple[str, ...], mapper: Mapper, many: bool) -> Encoders:
    return tuple(
        (name, type_.encode_bulk if many else type_.encode)
        for name in names
        for type_ in (mapper.columns[name]._type,)
    )


def _decoders(names: tuple[str, ...], mapper: Mapper) -> Encoders:
    return tuple((name, mapper.columns[name]._type.decode) for name in names)


def arguments_for(statement: BatchStatement, batch: Batch, keys: list[Any]) -> list[Any]:
    """The values of a batch: one array for each column, or the bare values of a single row.

    ``keys`` are the identity keys of the rows, for UPDATE and DELETE.
    """
    values = [instance.__dict__ for instance in batch.instances]
    if not statement.many:
        row = values[0]
        arguments = [_encoded(row[name], encode) for name, encode in statement.parameters]
        if statement.keys:
            parts = batch.mapper.key_values(keys[0])
            arguments += [
                _encoded(part, encode)
                for part, (_, encode) in zip(parts, statement.keys, strict=True)
            ]
        return arguments
    if not statement.parameters and not statement.keys:
        return [len(values)]
    arguments = [
        _column_array([row[name] for row in values], encode)
        for name, encode in statement.parameters
    ]
    return arguments + key_arguments(statement, batch.mapper, keys)


def _encoded(value: Any, encode: Converter | None) -> Any:
    return value if encode is None or value is None else encode(value)


def _column_array(values: list[Any], encode: Converter | None) -> list[Any]:
    if encode is None:
        return values
    return [None if value is None else encode(value) for value in values]


def copy_records(batch: Batch) -> list[tuple[Any, ...]]:
    """The rows of a batch as COPY takes them."""
    encoders = [(name, batch.mapper.columns[name]._type.encode) for name in batch.columns]
    return [
        tuple(_encoded(instance.__dict__[name], encode) for name, encode in encoders)
        for instance in batch.instances
    ]
