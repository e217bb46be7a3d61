"""Database URLs: our own parser, because the driver's refuses what environments really hold.

It reads what libpq reads, the ``+asyncpg`` spelling of other libraries, and ``embedded://``.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import field, replace
from typing import NoReturn
from urllib.parse import parse_qsl, unquote

from asyncorm._lazy_dataclass import dataclass
from asyncorm.errors import ConfigurationError

EXAMPLE = "postgresql://user:password@host:5432/database"
DEFAULT_PORT = 5432
SCHEMES = ("postgresql", "postgres", "postgresql+asyncpg", "postgres+asyncpg")
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
SSL_SPELLINGS = {"true": "require", "1": "require", "on": "require", "false": "disable"} | {
    "0": "disable",
    "off": "disable",
}
#: what the driver itself reads from the query of a URL, and has no argument for
DRIVER_OPTIONS = frozenset(
    {
        "gsslib",
        "krbsrvname",
        "passfile",
        "sslcert",
        "sslcrl",
        "sslkey",
        "sslnegotiation",
        "sslpassword",
        "sslrootcert",
        "ssl_max_protocol_version",
        "ssl_min_protocol_version",
        "target_session_attrs",
    }
)
OWN_OPTIONS = frozenset(
    {"connect_timeout", "database", "dbname", "host", "password", "port", "ssl", "sslmode", "user"}
)
#: libpq's options that can be left out without a loss, and those whose promise we can't keep
HARMLESS_OPTIONS = {"channel_binding": {"disable", "prefer"}, "gssencmode": {"disable", "prefer"}}

_SCHEME = r"([A-Za-z][A-Za-z0-9+.-]*)://"
_SETTING_NAME = r"[A-Za-z_][A-Za-z0-9_.]*"


@dataclass(frozen=True)
class ConnectionSettings:
    """Where and how to connect; what is None is left to the driver's usual defaults."""

    hosts: tuple[tuple[str, int], ...] = ()
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    database: str | None = None
    ssl: str | None = None
    connect_timeout: float | None = None
    driver_options: Mapping[str, str] = field(default_factory=dict, repr=False)
    server_settings: Mapping[str, str] = field(default_factory=dict)
    #: for ``embedded://``: the folder of the data, empty for the default one
    embedded: str | None = None

    @property
    def address(self) -> str:
        """The hosts for messages: ``db:5432``, or the socket."""
        if not self.hosts:
            return "the default socket or localhost"
        return ", ".join(_show_host(host, port) for host, port in self.hosts)

    def __str__(self) -> str:
        """The URL again, with the password masked."""
        if self.embedded is not None:
            return f"embedded:///{self.embedded}" if self.embedded else "embedded://"
        secret = ":***" if self.password is not None else ""
        login = f"{self.user or ''}{secret}@" if self.user or secret else ""
        sockets = any(host.startswith("/") for host, _ in self.hosts)
        location = "" if sockets else ",".join(_show_host(*host) for host in self.hosts)
        query = "?host=" + ",".join(host for host, _ in self.hosts) if sockets else ""
        return f"postgresql://{login}{location}/{self.database or ''}{query}"


def _show_host(host: str, port: int) -> str:
    if host.startswith("/"):
        return f"{host}/.s.PGSQL.{port}"
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def parse_url(url: str) -> ConnectionSettings:
    """The settings a URL stands for; raises ConfigurationError without repeating secrets."""
    match = re.match(_SCHEME, url.strip())
    if match is None:
        raise ConfigurationError("the database URL has no scheme", hint=f"write it as {EXAMPLE}")
    scheme, rest = match[1].lower(), url.strip()[match.end() :]
    if scheme == "embedded":
        return _parse_embedded(rest)
    if scheme not in SCHEMES:
        _refuse_scheme(scheme)
    location, _, query = rest.partition("?")
    authority, _, path = location.partition("/")
    if "@" in path or "@" in query or "#" in rest:
        raise ConfigurationError(
            "the database URL can't be read: it has an unescaped character before the host",
            hint="percent-encode / ? # @ : in the user and the password with "
            "urllib.parse.quote(password, safe='')",
        )
    login, _, hosts = authority.rpartition("@")
    user, colon, password = login.partition(":")
    settings = ConnectionSettings(
        user=unquote(user) or None,
        password=unquote(password) if colon and password else None,
        database=unquote(path) or None,
    )
    return _apply_query(settings, unquote(hosts) if "%2f" in hosts.lower() else hosts, query)


def _refuse_scheme(scheme: str) -> NoReturn:
    if scheme.startswith(("postgresql+", "postgres+")):
        raise ConfigurationError(
            f"the driver of the database URL is {scheme.partition('+')[2]}; asyncorm uses asyncpg",
            hint="start the URL with postgresql://",
        )
    raise ConfigurationError(
        f"{scheme}:// is no PostgreSQL URL; asyncorm speaks PostgreSQL only",
        hint=f"write it as {EXAMPLE}, or embedded:// for a private server",
    )


def _parse_embedded(rest: str) -> ConnectionSettings:
    location, _, query = rest.partition("?")
    authority, slash, path = location.partition("/")
    if authority:
        raise ConfigurationError(
            "an embedded:// URL has a folder, not a host",
            hint="use embedded:///./.pgdata (relative), embedded:////var/data (absolute), "
            "or embedded:// for the default folder",
        )
    return ConnectionSettings(
        user="postgres",
        database="postgres",
        embedded=unquote(path) if slash else "",
        server_settings=_server_settings(_parse_pairs(query)),
    )


def _parse_pairs(query: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(query, keep_blank_values=True, strict_parsing=True)) if query else {}
    except ValueError:
        raise ConfigurationError(
            "the query of the database URL can't be read", hint="write it as ?name=value&name=value"
        ) from None


def _apply_query(settings: ConnectionSettings, hosts: str, query: str) -> ConnectionSettings:
    options = _parse_pairs(query)
    for name, accepted in HARMLESS_OPTIONS.items():
        if options.pop(name, "disable") not in accepted:
            raise ConfigurationError(
                f"the database URL demands {name}, which the driver can't do",
                hint=f"take {name} out of the URL",
            )
    own = {name: options.pop(name) for name in OWN_OPTIONS & options.keys()}
    driver = {name: options.pop(name) for name in DRIVER_OPTIONS & options.keys()}
    return replace(
        settings,
        hosts=_parse_hosts(own.get("host") or hosts, own.get("port")),
        user=own.get("user", settings.user),
        password=own.get("password", settings.password),
        database=own.get("dbname", own.get("database", settings.database)),
        ssl=_parse_ssl(own.get("sslmode", own.get("ssl"))),
        connect_timeout=_parse_timeout(own.get("connect_timeout")),
        driver_options=driver,
        server_settings=_server_settings(options),
    )


def _server_settings(options: Mapping[str, str]) -> dict[str, str]:
    """What is left of a query goes to the server; a slip of the pen should not."""
    known = sorted(OWN_OPTIONS | DRIVER_OPTIONS)
    for name in options:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.85)
        if near or not re.fullmatch(_SETTING_NAME, name):
            raise ConfigurationError(
                f"the database URL has an unknown option {name!r}",
                hint=f"did you mean {near[0]!r}?" if near else "names are letters, digits and _",
            )
    return dict(options)


def _parse_hosts(text: str, ports: str | None) -> tuple[tuple[str, int], ...]:
    if not text:
        return (("localhost", _parse_port(ports)),) if ports else ()
    parts = [_split_port(part) for part in text.split(",")]
    given = ports.split(",") if ports else []
    if len(given) > 1 and len(given) != len(parts):
        raise ConfigurationError(
            f"the database URL has {len(parts)} hosts but {len(given)} ports",
            hint="give one port, or one for every host",
        )
    hosts = [host for host, _ in parts]
    if not all(hosts):
        raise ConfigurationError("a host of the database URL is empty", hint=f"as in {EXAMPLE}")
    default = given * len(parts) if len(given) == 1 else given or [None] * len(parts)  # type: ignore[list-item]
    return tuple(
        (host, _parse_port(port or other))
        for (host, port), other in zip(parts, default, strict=True)
    )


def _split_port(text: str) -> tuple[str, str | None]:
    if text.startswith("/"):
        return text, None
    if text.startswith("["):
        address, _, port = text[1:].partition("]")
        return address, port.removeprefix(":") or None
    host, _, port = text.partition(":")
    return unquote(host), port or None


def _parse_port(text: str | None) -> int:
    if text is None:
        return DEFAULT_PORT
    if text.isascii() and text.isdigit() and 0 < int(text) < 65536:
        return int(text)
    # the text is not repeated: it may be a piece of a password
    raise ConfigurationError(
        "the port of the database URL is no number from 1 to 65535",
        hint="if the password has a / ? # @ or :, percent-encode it with "
        "urllib.parse.quote(password, safe='')",
    )


def _parse_ssl(text: str | None) -> str | None:
    if text is None:
        return None
    mode = SSL_SPELLINGS.get(text.lower(), text.lower().replace("_", "-"))
    if mode not in SSL_MODES:
        raise ConfigurationError(
            f"sslmode={text!r} is unknown", hint=f"use one of {', '.join(SSL_MODES)}"
        )
    return mode


def _parse_timeout(text: str | None) -> float | None:
    if text is None:
        return None
    if not re.fullmatch(r"\d+(\.\d+)?", text) or not float(text):
        raise ConfigurationError(
            "connect_timeout of the database URL is no positive number", hint="give seconds"
        )
    return float(text)
