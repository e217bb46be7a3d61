"""The SQL text of a batch, made once for each table and shape, and the arrays it is sent with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from asyncorm._lazy_dataclass import dataclass
from asyncorm.compiler.quoting import quote_name as quote
from asyncorm.compiler.quoting import quote_qualified
from asyncorm.errors import DataError
from asyncorm.flush.plan import Batch, FlushPlan, Kind
from asyncorm.flush.unnest import element, matches, selected, unnest
from asyncorm.mapping.written_part import WrittenPart
from asyncorm.sql.table import BaseColumn
from asyncorm.types.base import Converter
from asyncorm.types.packing import PACKINGS, Packing

#: begins the message of a guarded statement that wrote too few rows; their number follows
_GUARD = "asyncorm rows: "

#: from how many rows on a batch is copied, if nothing has to come back. Measured: COPY saves 0.3
#: to 1.5 µs of 5 to 11 a row from about 100 rows on, but costs one more round trip, and two for a
#: transaction around it; with 1 ms a trip it is even at 1,300 to 3,800 rows of five columns
COPY_MINIMUM = 2000

Encoders = tuple[tuple[str, Converter | None], ...]


@dataclass(frozen=True)
class BatchStatement:
    """A statement's text, the attributes (with encoders) of its parameters and of its results.

    ``numbered``: the first value of a result row is the place of its object in the batch.
    ``returns_keys``: the results only say which rows there were.
    ``guarded``: the statement fails if it does not write all rows.
    """

    sql: str
    parameters: Encoders
    keys: Encoders
    results: Encoders
    many: bool
    numbered: bool = False
    returns_keys: bool = False
    guarded: bool = False
    #: the version that the rows must still have, with its encoder: the last parameter
    version: tuple[str, Converter | None] | None = None
    #: how the parameters travel packed, None for one that does not; empty if none do
    packings: tuple[Packing | None, ...] = ()
    #: whether the rows may hold dates and times that Python has no room for
    careful: bool = False


#: defaults that are read the fast way
_CLOCKS = frozenset(
    ("now()", "current_timestamp", "current_date", "localtimestamp", "clock_timestamp()",
     "statement_timestamp()", "transaction_timestamp()")
)  # fmt: skip


def uses_copy(batch: Batch) -> bool:
    """Whether a batch goes the COPY way, if its table takes it."""
    return (
        batch.kind is Kind.INSERT
        and not batch.returning
        and not batch.expressions
        and len(batch.instances) >= COPY_MINIMUM
    )


def is_atomic(plan: FlushPlan) -> bool:
    """Whether a plan is one statement that can stand outside a transaction.

    COPY can't be guarded: only its end tells how many rows a trigger has let through.
    """
    if len(plan.batches) != 1:
        return False
    (batch,) = plan.batches
    return not isinstance(batch, Batch) or not uses_copy(batch)


def ends_transaction(plan: FlushPlan) -> bool:
    """Whether COMMIT may go along with the last statement of a plan, which must be a guarded one.

    COPY and statements that the compiler writes can't be guarded.
    """
    batch = plan.batches[-1]
    return not isinstance(batch, Batch) or not (batch.expressions or uses_copy(batch))


def statement_for(batch: Batch, guarded: bool = False, packed: bool = False) -> BatchStatement:
    """The statement of a batch; kept with the part, since shapes recur.

    A guarded one fails if it does not write all rows. A packed one takes the values of many rows
    packed, where their types can be.
    """
    many = len(batch.instances) > 1
    packed = packed and many
    memo_key = (
        "flush",
        batch.kind,
        batch.columns,
        batch.defaults,
        batch.returning,
        many,
        guarded,
        packed,
    )
    found: BatchStatement | None = batch.part.memo.get(memo_key)
    if found is None:
        found = _BUILDERS[batch.kind](batch, many, packed)
        if packed:
            found = replace(found, packings=_packings(batch, found))
        if guarded:
            found = _guard(found)
        elif many and batch.kind is Kind.DELETE:
            found = _returning_keys(found, batch.part)
        if _brings_any_time(found, batch):
            found = replace(found, careful=True)
        batch.part.memo[memo_key] = found
    return found


def _brings_any_time(statement: BatchStatement, batch: Batch) -> bool:
    """Whether dates or times come back that the clock of the server has not made."""
    columns = [batch.part.columns[name] for name, _ in statement.results]
    return any(
        column._type.beyond_python and str(column.server_default).lower() not in _CLOCKS
        for column in columns
    )


def _guard(statement: BatchStatement) -> BatchStatement:
    """The same statement, failing as a whole when the number of rows is not the expected one.

    The cast of a text that is no number fails at run time only: it depends on the count, so the
    server can't evaluate it beforehand.
    """
    arguments = len(statement.parameters) + len(statement.keys) or 1
    arguments += statement.version is not None
    expected = f"${arguments + 1}::bigint" if statement.many else "1"
    count = checked_count("count(*)", expected)
    width = len(statement.results) + statement.numbered
    if width:
        names = ", ".join(f"r{n}" for n in range(1, width + 1))
        text = (
            f"WITH written({names}) AS ({statement.sql}) SELECT {names} FROM written "
            f"WHERE (SELECT {count} FROM written) >= 0"
        )
    else:
        text = f"WITH written AS ({statement.sql} RETURNING 1) SELECT {count} FROM written"
    return replace(statement, sql=text, guarded=True)


def checked_count(counted: str, expected: str) -> str:
    """A count that fails unless it is the expected one."""
    return (
        f"CASE WHEN {counted} = {expected} THEN {counted} "
        f"ELSE ('{_GUARD}' || {counted})::bigint END"
    )


def refused_count(error: DataError) -> int | None:
    """How many rows a guarded statement has found instead of all; None for another error."""
    _, guard, count = str(error.__cause__).rstrip('"').rpartition(_GUARD)
    return int(count) if guard else None


def _packings(batch: Batch, statement: BatchStatement) -> tuple[Packing | None, ...]:
    columns = batch.part.columns
    return tuple(PACKINGS.get(columns[name]._type.bulk_type) for name, _ in statement.parameters)


def _insert(batch: Batch, many: bool, packed: bool) -> BatchStatement:
    part = batch.part
    columns = [part.columns[name] for name in batch.columns]
    names = ", ".join(quote(column.name) for column in columns)
    target = quote_qualified(part.table.schema, part.table.name)
    if not many:
        values = ", ".join(_parameter(n, column) for n, column in enumerate(columns, 1))
        source = f"({names}) VALUES ({values})" if columns else "DEFAULT VALUES"
    elif columns:
        rows = unnest(columns, packed=len(columns) if packed else 0)
        source = f"({names}) SELECT {selected(columns)} FROM {rows} ORDER BY u.o"
    else:
        source = "SELECT FROM generate_series(1, $1::bigint)"
    return BatchStatement(
        f"INSERT INTO {target} {source}{_returning(batch)}",
        _encoders(batch.columns, part, many),
        (),
        _decoders(batch.returning, part),
        many,
    )


def _update(batch: Batch, many: bool, packed: bool) -> BatchStatement:
    part = batch.part
    columns = [part.columns[name] for name in batch.columns]
    keys = _checked_columns(part)
    target = quote_qualified(part.table.schema, part.table.name)
    # a changed key does not tell any more whose row it was, nor does a version that somebody
    # else's UPDATE may have made too
    changes_identity = part.version is not None or not part.key_names.isdisjoint(batch.columns)
    numbered = many and (bool(batch.returning) or changes_identity)
    if many:
        where = matches(keys, len(columns)) + _locked_in_order(part, len(columns))
        changes = [
            f"{quote(column.name)} = {element(n, column)}" for n, column in enumerate(columns, 1)
        ]
        # the keys stay arrays: as a parameter they are hashed, and their number is known
        source = " FROM " + unnest(
            [*columns, *keys], ordinality=numbered, packed=len(columns) if packed else 0
        )
    else:
        changes = [
            f"{quote(column.name)} = {_parameter(n, column)}" for n, column in enumerate(columns, 1)
        ]
        where = " AND ".join(
            f"t.{quote(column.name)} = {_parameter(n, column)}"
            for n, column in enumerate(keys, len(columns) + 1)
        )
        source = ""
    changes += [f"{quote(part.columns[name].name)} = DEFAULT" for name in batch.defaults]
    text = f"UPDATE {target} AS t SET {', '.join(changes)}{source} WHERE {where}"
    return BatchStatement(
        text + _returning(batch, "t.", numbered),
        _encoders(batch.columns, part, many),
        _encoders(part.primary_key, part, many),
        _decoders(batch.returning, part),
        many,
        numbered=numbered,
        version=_version(part, many),
    )


def _delete(batch: Batch, many: bool, packed: bool) -> BatchStatement:
    part = batch.part
    keys = _checked_columns(part)
    target = quote_qualified(part.table.schema, part.table.name)
    if not many:
        where = " AND ".join(
            f"t.{quote(column.name)} = {_parameter(n, column)}" for n, column in enumerate(keys, 1)
        )
        text = f"DELETE FROM {target} AS t WHERE {where}"
    elif len(keys) == 1:
        (key,) = keys
        text = f"DELETE FROM {target} AS t WHERE t.{quote(key.name)} = ANY({_array(1, key)})"
    else:
        source = unnest(keys, ordinality=False)
        text = f"DELETE FROM {target} AS t USING {source} WHERE {matches(keys, 0)}"
    return BatchStatement(
        text,
        (),
        _encoders(part.primary_key, part, many),
        (),
        many,
        version=_version(part, many),
    )


def _locked_in_order(part: WrittenPart, before: int) -> str:
    """A condition that locks the rows of an UPDATE by the order of keys, before any is written.

    How it joins an array is the server's affair, and so would be the order in which it locks: two
    sessions that write the same rows could wait for each other. Not for DELETE: a role that may
    delete need not have the right to lock, which is that to UPDATE.
    """
    keys = list(part.primary_key_columns)
    rows = f"{quote_qualified(part.table.schema, part.table.name)} AS t"
    if len(keys) == 1:
        # measured for 1,000 rows: 9 % of the UPDATE, against 41 for a join
        rows += f" WHERE t.{quote(keys[0].name)} = ANY({_array(before + 1, keys[0])})"
    else:
        rows += f" JOIN {unnest(keys, ordinality=False, before=before)} ON {matches(keys, 0)}"
    order = ", ".join(f"t.{quote(key.name)}" for key in keys)
    return (
        f" AND (SELECT count(*) FROM (SELECT FROM {rows} ORDER BY {order} "
        "FOR NO KEY UPDATE OF t) AS locked) >= 0"
    )


def _array(number: int, key: BaseColumn[Any, Any]) -> str:
    array = f"${number}::{key._type.bulk_type}[]"
    if key._type.bulk_type != key._type.cast_type:
        array += f"::{key._type.cast_type}[]"
    return array


def _checked_columns(part: WrittenPart) -> list[BaseColumn[Any, Any]]:
    """What WHERE compares: the primary key, and the version if there is one."""
    keys = list(part.primary_key_columns)
    return keys if part.version is None else [*keys, part.version.column]


def _version(part: WrittenPart, many: bool) -> tuple[str, Converter | None] | None:
    return None if part.version is None else _encoders((part.version.name,), part, many)[0]


_BUILDERS: dict[Kind, Callable[[Batch, bool, bool], BatchStatement]] = {
    Kind.INSERT: _insert,
    Kind.UPDATE: _update,
    Kind.DELETE: _delete,
}


def _returning_keys(statement: BatchStatement, part: WrittenPart) -> BatchStatement:
    """The same DELETE, saying which rows there were: afterwards nobody can tell."""
    names = ", ".join(f"t.{quote(k.name)}{_read_cast(k)}" for k in part.primary_key_columns)
    return replace(
        statement,
        sql=f"{statement.sql} RETURNING {names}",
        results=_decoders(part.primary_key, part),
        returns_keys=True,
    )


def existing_keys(part: WrittenPart) -> BatchStatement:
    """The statement that asks which of many rows are there, with the versions they must have."""
    checked = _checked_columns(part)
    statement = _stored(part, part.primary_key, checked)
    return replace(statement, version=_version(part, True))


def stored_rows(part: WrittenPart, names: tuple[str, ...]) -> BatchStatement:
    """The statement that reads attributes of many rows by primary key, which comes first."""
    return _stored(part, (*part.primary_key, *names), list(part.primary_key_columns))


def _stored(
    part: WrittenPart, names: tuple[str, ...], checked: list[BaseColumn[Any, Any]]
) -> BatchStatement:
    columns = [part.columns[name] for name in names]
    items = ", ".join(f"t.{quote(column.name)}{_read_cast(column)}" for column in columns)
    target = quote_qualified(part.table.schema, part.table.name)
    source = unnest(checked, ordinality=False)
    return BatchStatement(
        f"SELECT {items} FROM {target} AS t JOIN {source} ON {matches(checked, 0)}",
        (),
        _encoders(part.primary_key, part, True),
        _decoders(names, part),
        True,
    )


def _read_cast(column: BaseColumn[Any, Any]) -> str:
    return f"::{column._type.select_type}" if column._type.select_type else ""


def _parameter(number: int, column: BaseColumn[Any, Any]) -> str:
    type_ = column._type
    text = f"${number}::{type_.parameter_type}"
    return text if type_.parameter_type == type_.cast_type else f"{text}::{type_.cast_type}"


def _returning(batch: Batch, prefix: str = "", numbered: bool = False) -> str:
    columns = [batch.part.columns[name] for name in batch.returning]
    items = [f"{prefix}{quote(column.name)}{_read_cast(column)}" for column in columns]
    if numbered:
        items.insert(0, "u.o")
    return " RETURNING " + ", ".join(items) if items else ""


def _encoders(names: tuple[str, ...], part: WrittenPart, many: bool) -> Encoders:
    return tuple(
        (name, type_.encode_bulk if many else type_.encode)
        for name in names
        for type_ in (part.columns[name]._type,)
    )


def _decoders(names: tuple[str, ...], part: WrittenPart) -> Encoders:
    return tuple((name, part.columns[name]._type.decode) for name in names)
