"""Errors of the driver and the server become those of asyncorm/errors.py, here and nowhere else.

Messages hold no values of rows or parameters; what the server says about them is in ``detail``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, TypeGuard

import asyncpg

from asyncorm.engine.url import ConnectionSettings
from asyncorm.errors import (
    AsyncORMError,
    CheckViolation,
    ConfigurationError,
    ConnectionLost,
    DatabaseError,
    DataError,
    DeadlockDetected,
    ExclusionViolation,
    ForeignKeyViolation,
    IntegrityError,
    InvalidRequestError,
    LockTimeout,
    NotNullViolation,
    OperationalError,
    ProgrammingError,
    ReadOnlyTransaction,
    SerializationFailure,
    StatementTimeout,
    UniqueViolation,
)

#: by SQLSTATE, else by its first two characters, which are the class of the error
CLASSES: dict[str, type[DatabaseError]] = {
    "23502": NotNullViolation,
    "23503": ForeignKeyViolation,
    "23505": UniqueViolation,
    "23514": CheckViolation,
    "23P01": ExclusionViolation,
    "25006": ReadOnlyTransaction,
    "25P03": ConnectionLost,
    "25P04": ConnectionLost,
    "40001": SerializationFailure,
    "40P01": DeadlockDetected,
    "55P03": LockTimeout,
    "57014": StatementTimeout,
    "57P01": ConnectionLost,
    "57P02": ConnectionLost,
    "57P03": ConnectionLost,
    "57P05": ConnectionLost,
    "08": ConnectionLost,
    "0A": ProgrammingError,
    "21": ProgrammingError,
    "22": DataError,
    "23": IntegrityError,
    "25": OperationalError,
    "26": ProgrammingError,
    "28": OperationalError,
    "3D": OperationalError,
    "3F": ProgrammingError,
    "40": OperationalError,
    "42": ProgrammingError,
    "53": OperationalError,
    "54": ProgrammingError,
    "55": OperationalError,
    "57": OperationalError,
    "58": OperationalError,
}

_NO_PLACE_IN_TEXT = (
    r"text can't hold the character \0, nor what the database's encoding lacks: take it out, or "
    "store the value as bytes"
)

HINTS: dict[str, str] = {
    "0A000": "PostgreSQL can't do this in this form: say it in another way, such as by a subquery",
    "21000": "make sure that a subquery gives one row, and that no row is written twice",
    "22001": "shorten the value, or make the column longer",
    "22003": "use a type with a larger range, such as bigint or numeric",
    "22012": "let nullif(divisor, 0) make the result NULL, or leave such rows out",
    "22021": _NO_PLACE_IN_TEXT,
    "22P05": _NO_PLACE_IN_TEXT,
    "25P02": "roll back; the error before this one is the cause",
    "28000": "check user and database in the URL, and pg_hba.conf of the server",
    "28P01": "correct user and password in the database URL",
    "3D000": "create the database, or correct its name in the URL",
    "3F000": "create the schema; await engine.create_all(...) makes schemas too",
    "42501": "grant the role of the database URL the privilege",
    "42601": "correct the SQL text; error.statement holds it",
    "42703": "the table lacks this column: compare the model with the table",
    "42704": "check the name, and that the type, configuration or extension is there",
    "42803": "group by each column that is no aggregate; conditions on aggregates go to having()",
    "42804": "bring the types together by cast()",
    "42P20": "window functions belong in a subquery: where(subquery.c.rank == 1) outside of it",
    "42883": "check the name and the argument types; cast() sets a type",
    "42P01": "await engine.create_all(...) creates the tables of models; check schema and name",
    "42P07": "drop it first, or use create_all(), which leaves existing tables alone",
    "42P10": "a conflict needs columns of a unique constraint; what is distinct is ordered first",
    "53300": "lower pool_size, close other clients, or raise max_connections of the server",
}

_QUOTED_TAIL = r'(?s): ".*$'
_QUOTED = r'(?s)".*"'
_KEY_DETAIL = r"(?s)\((.+?)\)=\("
_COLUMN = r'"((?:[^"]|"")*)"|((?:[^,(]|\([^)]*\))+)'
_ARGUMENT = r"query argument \$(\d+)"
_WRONG_COUNT = r"the server expects (\d+) arguments?[^,]*, (\d+) (?:was|were) passed"
_LOST = ("connection is closed", "connection was closed", "released back", "underlying connection")


#: bytes of one message, with its own few
_LARGEST_MESSAGE = 2**30 - 2


def translate(
    error: BaseException, *, statement: str | None = None, arguments: Sequence[Any] = ()
) -> AsyncORMError:
    """The error of asyncorm for one of the driver, with the driver's to be its ``__cause__``."""
    if isinstance(error, AsyncORMError):
        return error
    if is_from_server(error):
        return _server_error(error, statement)
    if isinstance(error, asyncpg.DataError):
        return _bad_argument(error, statement, arguments)
    if isinstance(error, asyncpg.PostgresConnectionError):
        return _too_large(error, statement, arguments) or _lost(error, statement)
    if isinstance(error, asyncpg.InterfaceError):
        return _interface_error(error, statement)
    if isinstance(error, OSError):
        return ConnectionLost("the connection to PostgreSQL broke", statement=statement)
    if isinstance(error, asyncpg.OutdatedSchemaCacheError):
        return OperationalError(
            "a type was changed in the database while it was in use",
            hint="repeat the unit of work",
            statement=statement,
        )
    if is_unsent(error):
        return ConnectionLost("the connection to PostgreSQL broke", statement=statement)
    if isinstance(error, asyncpg.InternalClientError) and "no binary format encoder" in str(error):
        return DataError(
            "COPY can't carry a column of this type", hint="insert the rows instead of copying them"
        )
    return _too_large(error, statement, arguments) or DataError(
        f"a value can't be converted between Python and PostgreSQL ({type(error).__name__})",
        hint="change the value; what could not be read is read with more care from now on, so "
        "roll back and repeat the unit of work",
        detail=str(error),
        statement=statement,
    )


def is_from_server(error: BaseException) -> TypeGuard[asyncpg.PostgresError]:
    """Whether the server sent it; the driver uses some of the server's classes for its own."""
    return isinstance(error, asyncpg.PostgresError) and error.severity is not None


def is_unsent(error: BaseException | None) -> bool:
    """Whether the driver sent nothing, because the connection has ended.

    It is closed; or the server has said so while nobody asked, and the end of the stream is not
    read yet.
    """
    if isinstance(error, asyncpg.InternalClientError):
        return "cannot switch" in str(error)
    return isinstance(error, asyncpg.InterfaceError) and "connection is closed" in str(error)


def _server_error(error: asyncpg.PostgresError, statement: str | None) -> DatabaseError:
    sqlstate = error.sqlstate or ""
    found = CLASSES.get(sqlstate) or CLASSES.get(sqlstate[:2]) or DatabaseError
    message, detail = str(error.args[0]) if error.args else "", error.detail
    if sqlstate.startswith("22"):
        message, detail = _without_values(message), detail or message
    columns: tuple[str, ...] = (error.column_name,) if error.column_name else ()
    if not columns and detail and issubclass(found, IntegrityError):
        columns = key_columns(detail)
    hint = (error.hint if sqlstate.startswith(("0A", "42")) else None) or HINTS.get(sqlstate)
    if sqlstate == "42P01" and message.startswith("missing FROM-clause"):
        hint = "join what the condition is about, or put it into exists(), any() or has()"
    if sqlstate == "0A000" and message.startswith("cached plan"):
        hint = "the table was changed beneath a prepared statement: repeat the unit of work"
    return found(
        message,
        hint=hint,
        sqlstate=sqlstate or None,
        constraint=error.constraint_name,
        table=error.table_name,
        columns=columns,
        detail=detail,
        statement=statement,
    )


def _lost(error: BaseException, statement: str | None) -> ConnectionLost:
    """The connection went away; the server's last words, if any, are the cause of the cause."""
    words = error.__cause__
    if isinstance(words, asyncpg.PostgresError):
        return ConnectionLost(
            f"the connection to PostgreSQL broke: {words.args[0]}",
            sqlstate=words.sqlstate,
            statement=statement,
        )
    return ConnectionLost("the connection to PostgreSQL broke", statement=statement)


def _too_large(
    error: BaseException, statement: str | None, arguments: Sequence[Any]
) -> AsyncORMError | None:
    """The error for values that made a message too large; the same work would fail again.

    Nothing is measured before: the driver refuses to send 2 GiB, and the server closes the
    connection, unread, for more than 1 GiB.
    """
    if sum(map(_size, arguments)) <= _LARGEST_MESSAGE:
        return None
    kind = ConnectionLost if isinstance(error, asyncpg.PostgresConnectionError) else DataError
    return kind(
        "the values of a statement are larger than the 1 GiB that PostgreSQL takes at once",
        hint="store large values in parts, or outside of the database",
        statement=statement,
    )


def _size(value: Any) -> int:
    if isinstance(value, (list, tuple)):
        return sum(map(_size, value))
    return len(value) if isinstance(value, (str, bytes, bytearray, memoryview)) else 0


def _without_values(message: str) -> str:
    return re.sub(_QUOTED, "…", re.sub(_QUOTED_TAIL, "", message))


def key_columns(detail: str) -> tuple[str, ...]:
    """The columns of ``Key (a, b)=(...)``; an expression of an index stays an expression."""
    match = re.search(_KEY_DETAIL, detail)
    if match is None:
        return ()
    names = (
        quoted.replace('""', '"') if quoted else plain.strip()
        for quoted, plain in re.findall(_COLUMN, match[1])
    )
    return tuple(name for name in names if name)


def _bad_argument(
    error: asyncpg.DataError, statement: str | None, arguments: Sequence[Any]
) -> DatabaseError:
    text = str(error)
    match = re.search(_ARGUMENT, text)
    if match is None:
        return DataError("a value does not fit its parameter", detail=text, statement=statement)
    position = int(match[1])
    wanted = _parameter_type(statement or "", position)
    # the driver's text repeats the value, its last words tell what kind of misfit it was
    too_big = re.search(r"out of \S* ?range|overflow", text) is not None
    kind = "is out of range for" if too_big else "is no"
    given = f" (got {_kind(arguments[position - 1])})" if position <= len(arguments) else ""
    return DataError(
        f"parameter ${position} {kind} {wanted}{given}",
        # as the server says it of a value that gets there
        sqlstate="22003" if too_big else None,
        detail=text,
        statement=statement,
    )


def _parameter_type(statement: str, position: int) -> str:
    words = r"[a-z_]\w*(?: precision| varying| with(?:out)? time zone)?(?:\[\])?"
    match = re.search(rf"\${position}::({words})", statement)
    return match[0].partition("::")[2] if match else "value of the type its place demands"


def _kind(value: Any) -> str:
    name = type(value).__name__
    if isinstance(value, list) and value:
        return f"list of {' and '.join(sorted({type(item).__name__ for item in value})[:4])}"
    return name


def _interface_error(error: asyncpg.InterfaceError, statement: str | None) -> AsyncORMError:
    text = str(error.args[0]) if error.args else ""
    count = re.search(_WRONG_COUNT, text)
    if count is not None:
        return ProgrammingError(
            f"the statement has {count[1]} parameters, but {count[2]} values were given",
            hint="give one value for every $n",
            statement=statement,
        )
    if any(words in text for words in _LOST):
        return _lost(error, statement)
    if "another operation" in text:
        return InvalidRequestError(
            "two tasks use one connection at the same time",
            hint="give every task its own connection or session",
        )
    if isinstance(error, asyncpg.UnsupportedClientFeatureError):
        return DataError(text, hint="select the column cast to text", statement=statement)
    return DatabaseError(text.partition("\n")[0], statement=statement)


def translate_connect(error: BaseException, settings: ConnectionSettings) -> AsyncORMError:
    """One clear error for a connection that could not be made; never with the password."""
    place = settings.address
    if isinstance(error, asyncpg.ClientConfigurationError | ValueError):
        return ConfigurationError(
            f"the database URL can't be used: {str(error).partition(chr(10))[0]}",
            hint="correct the URL or the arguments of create_engine()",
        )
    if isinstance(error, asyncpg.UndefinedObjectError | asyncpg.CantChangeRuntimeParamError):
        return ConfigurationError(
            f"the server refuses a setting: {error.args[0]}",
            hint="correct server_settings, or the query of the database URL",
        )
    if is_from_server(error):
        translated = _server_error(error, None)
        translated.message = f"{place} refuses the connection: {translated.message}"
        return translated
    if isinstance(error, TimeoutError):
        return ConnectionLost(
            f"no answer from {place} in time",
            hint="check host and port, the network and firewalls, or raise connect_timeout",
        )
    if isinstance(error, OSError):
        return _unreachable(error, place)
    return ConnectionLost(f"{place} closed the connection while it was being made")


def _unreachable(error: OSError, place: str) -> ConnectionLost:
    text = str(error)
    if "SSL" in text or "ssl" in text:
        return ConnectionLost(
            f"{place} and the client can't agree on TLS: {text}",
            hint="set sslmode in the database URL to what the server offers",
        )
    if type(error).__name__ == "gaierror":
        return ConnectionLost(
            f"the host name of {place} is unknown", hint="correct the host in the database URL"
        )
    return ConnectionLost(
        f"no PostgreSQL server answers at {place}",
        hint="start the server, or correct host and port in the database URL; "
        "embedded:// starts a private one",
    )
