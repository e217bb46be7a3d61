from __future__ import annotations

import asyncpg
import pytest

from asyncorm import errors
from asyncorm.engine.error_translation import key_columns, translate, translate_connect
from asyncorm.engine.url import parse_url

SETTINGS = parse_url("postgresql://ann:s3cr3t@db:6000/app")


def server_error(sqlstate: str, message: str = "message", **fields: str) -> asyncpg.PostgresError:
    letters = {"detail": "D", "hint": "H", "table": "t", "column": "c", "constraint": "n"}
    error: asyncpg.PostgresError = asyncpg.PostgresError.new(
        {"S": "ERROR", "C": sqlstate, "M": message}
        | {letters[name]: value for name, value in fields.items()}
    )
    return error


@pytest.mark.parametrize(
    ("sqlstate", "expected"),
    [
        ("23505", errors.UniqueViolation),
        ("23503", errors.ForeignKeyViolation),
        ("23502", errors.NotNullViolation),
        ("23514", errors.CheckViolation),
        ("23P01", errors.ExclusionViolation),
        ("23001", errors.IntegrityError),
        ("22001", errors.DataError),
        ("22P02", errors.DataError),
        ("42P01", errors.ProgrammingError),
        ("42703", errors.ProgrammingError),
        ("42601", errors.ProgrammingError),
        ("42501", errors.ProgrammingError),
        ("0A000", errors.ProgrammingError),
        ("40001", errors.SerializationFailure),
        ("40P01", errors.DeadlockDetected),
        ("25006", errors.ReadOnlyTransaction),
        ("25P02", errors.OperationalError),
        ("55P03", errors.LockTimeout),
        ("57014", errors.StatementTimeout),
        ("57P01", errors.ConnectionLost),
        ("25P03", errors.ConnectionLost),
        ("08006", errors.ConnectionLost),
        ("53200", errors.OperationalError),
        ("28P01", errors.OperationalError),
        ("P0001", errors.DatabaseError),
        ("ZZ999", errors.DatabaseError),
    ],
)
def test_an_sqlstate_becomes_a_class(sqlstate: str, expected: type[Exception]) -> None:
    translated = translate(server_error(sqlstate), statement="SELECT 1")
    assert type(translated) is expected
    assert isinstance(translated, errors.DatabaseError)
    assert translated.sqlstate == sqlstate
    assert translated.statement == "SELECT 1"


def test_an_integrity_error_names_constraint_table_and_columns() -> None:
    translated = translate(
        server_error(
            "23505",
            'duplicate key value violates unique constraint "users_email_key"',
            detail="Key (email)=(ann@x.org) already exists.",
            table="users",
            constraint="users_email_key",
        )
    )
    assert isinstance(translated, errors.UniqueViolation)
    assert (translated.constraint, translated.table) == ("users_email_key", "users")
    assert translated.columns == ("email",)
    assert "ann@x.org" in (translated.detail or "")
    assert "ann@x.org" not in str(translated)
    assert "\nhint: " in str(translated)


@pytest.mark.parametrize(
    ("sqlstate", "message", "advice"),
    [
        ("42704", 'text search configuration "klingon" does not exist', "check the name"),
        ("42803", "aggregate functions are not allowed in WHERE", "having()"),
        ("42804", "UNION types bigint and text cannot be matched", "cast()"),
        ("42P10", "there is no unique constraint matching ON CONFLICT", "a unique constraint"),
        ("0A000", "cached plan must not change result type", "repeat the unit of work"),
        ("0A000", "FOR UPDATE is not allowed with GROUP BY clause", "in another way"),
        ("42P01", 'relation "users" does not exist', "create_all"),
        ("42P01", 'missing FROM-clause entry for table "users"', "join"),
    ],
)
def test_a_hint_is_about_what_was_wrong(sqlstate: str, message: str, advice: str) -> None:
    assert advice in (translate(server_error(sqlstate, message)).hint or "")


def test_a_null_names_its_column() -> None:
    translated = translate(server_error("23502", "null value", table="users", column="email"))
    assert isinstance(translated, errors.NotNullViolation)
    assert translated.columns == ("email",)


@pytest.mark.parametrize(
    ("detail", "columns"),
    [
        ("Key (email)=(a) already exists.", ("email",)),
        ("Key (a, b)=(1, 2) already exists.", ("a", "b")),
        ('Key ("a, b", c)=(1, 2) already exists.', ("a, b", "c")),
        ('Key ("say ""hi""")=(1) already exists.', ('say "hi"',)),
        ("Key (lower(email), org_id)=(a, 1) already exists.", ("lower(email)", "org_id")),
        ('Key (author_id)=(9) is not present in table "users".', ("author_id",)),
        ("Schlüssel »(email)=(a)« existiert bereits.", ("email",)),
        ("Failing row contains (1, null).", ()),
    ],
)
def test_columns_are_read_from_the_detail(detail: str, columns: tuple[str, ...]) -> None:
    assert key_columns(detail) == columns


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ('invalid input syntax for type integer: "4711"', "invalid input syntax for type integer"),
        ('value "4711" is out of range for type integer', "value … is out of range for type"),
        (
            'invalid input value for enum mood: "4711 "x" y"',
            "invalid input value for enum mood",
        ),
        ('malformed array literal: "{4711\n"', "malformed array literal"),
        (
            "value too long for type character varying(50)",
            "value too long for type character varying(50)",
        ),
    ],
)
def test_the_message_of_a_data_error_holds_no_value(message: str, shown: str) -> None:
    translated = translate(server_error("22P02", message))
    assert shown in str(translated)
    assert "4711" not in str(translated)
    assert isinstance(translated, errors.DatabaseError)
    assert translated.detail == message


@pytest.mark.parametrize(
    ("text", "sql", "arguments", "shown"),
    [
        (
            "invalid input for query argument $2: 'secret' ('str' object has no toordinal)",
            "SELECT $1::text, $2::bigint",
            ["x", "secret"],
            "parameter $2 is no bigint (got str)",
        ),
        (
            "invalid input for query argument $1: 'secret' (…)",
            "UPDATE t SET d = $1::double precision WHERE t.id = $2::timestamp with time zone",
            ["secret"],
            "parameter $1 is no double precision (got str)",
        ),
        (
            "invalid input for query argument $1: 5 (…)",
            "UPDATE t SET name = $1::text WHERE t.id = 1",
            [5],
            "parameter $1 is no text (got int)",
        ),
        (
            "invalid input for query argument $1: 99999 (value out of int16 range)",
            "SELECT $1::smallint",
            [99999],
            "parameter $1 is out of range for smallint (got int)",
        ),
        (
            "invalid input for query argument $1: ['secret', 3] (…)",
            "SELECT $1::bigint[]",
            [["secret", 3]],
            "parameter $1 is no bigint[] (got list of int and str)",
        ),
        (
            "invalid input for query argument $1: 'secret' (…)",
            "UPDATE t SET a = $1::double precision WHERE t.id = 1",
            ["secret"],
            "parameter $1 is no double precision (got str)",
        ),
        (
            "invalid input for query argument $1: 'secret' (…)",
            "INSERT INTO t VALUES ($1)",
            [],
            "parameter $1 is no value of the type its place demands",
        ),
    ],
)
def test_a_misfit_argument_is_named_by_position(
    text: str, sql: str, arguments: list[object], shown: str
) -> None:
    translated = translate(asyncpg.DataError(text), statement=sql, arguments=arguments)
    assert isinstance(translated, errors.DataError)
    assert translated.message == shown
    assert translated.detail == text
    assert "secret" not in str(translated)


def test_too_few_arguments_are_told_by_number() -> None:
    error = asyncpg.InterfaceError("the server expects 2 arguments for this query, 1 was passed")
    translated = translate(error)
    assert isinstance(translated, errors.ProgrammingError)
    assert "has 2 parameters, but 1 values were given" in str(translated)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (asyncpg.InterfaceError("connection is closed"), errors.ConnectionLost),
        (asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
         errors.ConnectionLost),
        (ConnectionResetError("reset"), errors.ConnectionLost),
        (asyncpg.InterfaceError("cannot perform operation: another operation is in progress"),
         errors.InvalidRequestError),
        (OverflowError("date value out of range"), errors.DataError),
    ],
)  # fmt: skip
def test_errors_of_the_client_are_translated(
    error: Exception, expected: type[errors.AsyncORMError]
) -> None:
    translated = translate(error)
    assert type(translated) is expected
    assert "\nhint: " in str(translated)


def test_the_last_words_of_a_server_are_kept() -> None:
    error = asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")
    error.__cause__ = server_error("57P01", "terminating connection due to administrator command")
    translated = translate(error)
    assert isinstance(translated, errors.ConnectionLost)
    assert translated.sqlstate == "57P01"
    assert "administrator command" in str(translated)


def test_an_error_of_our_own_is_left_as_it_is() -> None:
    error = errors.DataError("x")
    assert translate(error) is error


@pytest.mark.parametrize(
    ("error", "expected", "message"),
    [
        (ConnectionRefusedError(111, "refused"), errors.ConnectionLost, "no PostgreSQL server"),
        (FileNotFoundError(2, "no file"), errors.ConnectionLost, "no PostgreSQL server"),
        (TimeoutError(), errors.ConnectionLost, "no answer from db:6000 in time"),
        (server_error("28P01", "password authentication failed"), errors.OperationalError,
         "db:6000 refuses the connection: password authentication failed"),
        (server_error("3D000", 'database "app" does not exist'), errors.OperationalError,
         'database "app" does not exist'),
        (server_error("53300", "too many clients"), errors.OperationalError, "too many clients"),
        (server_error("42704", 'unrecognized configuration parameter "x"'),
         errors.ConfigurationError, 'parameter "x"'),
        (asyncpg.ClientConfigurationError("root certificate"), errors.ConfigurationError,
         "root certificate"),
        (ConnectionError("PostgreSQL server at db rejected SSL upgrade"), errors.ConnectionLost,
         "can't agree on TLS"),
    ],
)  # fmt: skip
def test_what_fails_while_connecting_is_one_clear_error(
    error: Exception, expected: type[errors.AsyncORMError], message: str
) -> None:
    translated = translate_connect(error, SETTINGS)
    assert type(translated) is expected
    assert message in str(translated)
    assert "\nhint: " in str(translated)
    assert "s3cr3t" not in str(translated)


class Long(bytes):
    """Bytes that need no memory."""

    def __len__(self) -> int:
        return 2**30


@pytest.mark.parametrize("arguments", [[Long()], [1, [b"x", Long()]]], ids=["one", "in an array"])
def test_values_too_large_for_a_message_are_named_as_the_cause(arguments: list[object]) -> None:
    closed = asyncpg.ConnectionDoesNotExistError("connection was closed")
    lost = translate(closed, statement="select $1", arguments=arguments)
    unsent = translate(BufferError("message is too large"), arguments=arguments)
    assert isinstance(lost, errors.ConnectionLost)
    assert isinstance(unsent, errors.DataError)
    for error in (lost, unsent):
        assert "larger than the 1 GiB" in str(error)
        assert "repeat" not in str(error)
    assert "1 GiB" not in str(translate(closed, arguments=[b"x" * 100, ["y"]]))
