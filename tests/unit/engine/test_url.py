from __future__ import annotations

import pytest

from asyncorm.engine.engine import create_engine
from asyncorm.engine.url import ConnectionSettings, parse_url
from asyncorm.errors import ConfigurationError

SECRET = "s3cr3t"


def settings(**changes: object) -> ConnectionSettings:
    return ConnectionSettings(**changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://db/app", settings(hosts=(("db", 5432),), database="app")),
        ("postgres://db:6000/app", settings(hosts=(("db", 6000),), database="app")),
        ("postgresql+asyncpg://db/app", settings(hosts=(("db", 5432),), database="app")),
        ("POSTGRESQL://db", settings(hosts=(("db", 5432),))),
        ("postgresql://", settings()),
        ("postgresql:///app", settings(database="app")),
        (
            "postgresql://ann:pw@db/app",
            settings(hosts=(("db", 5432),), user="ann", password="pw", database="app"),
        ),
        (
            "postgresql://a%40b:p%2Fw%3A@db/my%20app",
            settings(hosts=(("db", 5432),), user="a@b", password="p/w:", database="my app"),
        ),
        ("postgresql://ann:@db", settings(hosts=(("db", 5432),), user="ann")),
        ("postgresql://a@b:pw@db", settings(hosts=(("db", 5432),), user="a@b", password="pw")),
        ("postgresql://[::1]:6000/app", settings(hosts=(("::1", 6000),), database="app")),
        (
            "postgresql://one:1,two,three:3/app",
            settings(hosts=(("one", 1), ("two", 5432), ("three", 3)), database="app"),
        ),
        (
            "postgresql:///app?host=/var/run/postgresql&port=6000",
            settings(hosts=(("/var/run/postgresql", 6000),), database="app"),
        ),
        (
            "postgresql://%2Fvar%2Frun%2Fpostgresql/app",
            settings(hosts=(("/var/run/postgresql", 5432),), database="app"),
        ),
        (
            "postgresql://ignored/ignored?host=a,b&port=1,2&user=ann&password=pw&dbname=app",
            settings(hosts=(("a", 1), ("b", 2)), user="ann", password="pw", database="app"),
        ),
        ("postgresql://db?sslmode=verify-full", settings(hosts=(("db", 5432),), ssl="verify-full")),
        ("postgresql://db?ssl=true", settings(hosts=(("db", 5432),), ssl="require")),
        ("postgresql://db?ssl=verify_ca", settings(hosts=(("db", 5432),), ssl="verify-ca")),
        (
            "postgresql://db?connect_timeout=3",
            settings(hosts=(("db", 5432),), connect_timeout=3.0),
        ),
        (
            "postgresql://db?sslrootcert=ca.pem&target_session_attrs=read-write",
            settings(
                hosts=(("db", 5432),),
                driver_options={"sslrootcert": "ca.pem", "target_session_attrs": "read-write"},
            ),
        ),
        (
            "postgresql://db?application_name=x&search_path=a%2Cb&channel_binding=prefer",
            settings(
                hosts=(("db", 5432),),
                server_settings={"application_name": "x", "search_path": "a,b"},
            ),
        ),
    ],
)
def test_a_database_url_is_read(url: str, expected: ConnectionSettings) -> None:
    assert parse_url(url) == expected


@pytest.mark.parametrize(
    ("url", "folder", "options"),
    [
        ("embedded://", "", {}),
        ("embedded:///", "", {}),
        ("embedded:///./.pgdata", "./.pgdata", {}),
        ("embedded:////tmp/data", "/tmp/data", {}),
        ("embedded:///a%20b?fsync=off", "a b", {"fsync": "off"}),
    ],
)
def test_an_embedded_url_names_a_folder(url: str, folder: str, options: dict[str, str]) -> None:
    parsed = parse_url(url)
    assert parsed.embedded == folder
    assert parsed.server_settings == options


@pytest.mark.parametrize(
    ("url", "message", "hint"),
    [
        ("", "has no scheme", "postgresql://user:password@host"),
        ("localhost/app", "has no scheme", "postgresql://user:password@host"),
        ("sqlite:///x.db", "speaks PostgreSQL only", "embedded://"),
        ("mysql://db/app", "mysql:// is no PostgreSQL URL", "embedded://"),
        ("postgresql+psycopg://db", "the driver of the database URL is psycopg", "postgresql://"),
        (f"postgresql://ann:{SECRET}/x@db/app", "unescaped character", "percent-encode"),
        (f"postgresql://ann:{SECRET}#x@db/app", "unescaped character", "percent-encode"),
        (f"postgresql://ann:{SECRET}?x@db/app", "unescaped character", "percent-encode"),
        (f"postgresql://ann:{SECRET}", "is no number from 1 to 65535", "percent-encode"),
        ("postgresql://db:0/app", "is no number from 1 to 65535", "percent-encode"),
        ("postgresql://db:99999/app", "is no number from 1 to 65535", "percent-encode"),
        ("postgresql://one,,three/app", "a host of the database URL is empty", "host"),
        ("postgresql://a,b,c?port=1,2", "has 3 hosts but 2 ports", "one for every host"),
        ("postgresql://db?sslmode=yes", "sslmode='yes' is unknown", "verify-full"),
        ("postgresql://db?sslmod=require", "unknown option 'sslmod'", "did you mean 'sslmode'?"),
        ("postgresql://db?host", "can't be read", "?name=value"),
        ("postgresql://db?connect_timeout=soon", "no positive number", "seconds"),
        ("postgresql://db?connect_timeout=0", "no positive number", "seconds"),
        ("postgresql://db?channel_binding=require", "demands channel_binding", "take"),
        ("embedded://data", "a folder, not a host", "embedded:///./.pgdata"),
    ],
)
def test_a_bad_url_is_refused_with_a_hint(url: str, message: str, hint: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_url(url)
    text = str(caught.value)
    assert message in text
    assert "\nhint: " in text
    assert hint in text.partition("\nhint: ")[2]
    assert SECRET not in text


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"postgresql://ann:{SECRET}@db:6000/app", "postgresql://ann:***@db:6000/app"),
        (f"postgresql://db/app?user=ann&password={SECRET}", "postgresql://ann:***@db:5432/app"),
        ("postgresql:///app?host=/run", "postgresql:///app?host=/run"),
        ("postgresql://[::1]/app", "postgresql://[::1]:5432/app"),
        ("embedded:///./.pgdata", "embedded:///./.pgdata"),
        ("embedded://", "embedded://"),
    ],
)
def test_a_password_is_never_shown(url: str, shown: str) -> None:
    engine = create_engine(url)
    assert engine.url == shown
    for text in (repr(engine), repr(parse_url(url)), str(parse_url(url))):
        assert SECRET not in text


def test_an_engine_without_a_url_takes_the_one_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://db/app")
    assert create_engine().url == "postgresql://db:5432/app"


def test_an_engine_without_any_url_says_what_to_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with pytest.raises(ConfigurationError, match="DATABASE_URL") as caught:
        create_engine()
    assert "create_engine('postgresql://" in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pool_size": 0}, "pool_size is not above 0"),
        ({"pool_timeout": -1}, "pool_timeout is not above 0"),
        ({"connect_timeout": 0}, "connect_timeout is not above 0"),
        ({"cancel_grace": 0}, "cancel_grace is not above 0"),
        ({"pool_size": "ten"}, "pool_size is not above 0"),
        ({"statement_cache_size": -1}, "statement_cache_size is below 0"),
        ({"ssl": "yes"}, "ssl='yes' is unknown"),
    ],
)
def test_a_bad_option_of_an_engine_is_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        create_engine("postgresql://db", **options)  # type: ignore[arg-type]
