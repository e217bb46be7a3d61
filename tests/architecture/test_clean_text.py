"""What is committed holds for every machine: no path and no package index of a particular one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT

MADE_BY_TOOLS = {"build", "dist", "__pycache__"}
HIDDEN_AND_OURS = {".ci", ".gitignore"}

MACHINE_PATH = re.compile(r"(?<![\w.~/])/(?:root|home|Users|work|opt)/\w+")
PACKAGE_INDEX = re.compile(r"(?i)index-url|find-links|trusted-host|https?://\S+/simple\b")


def text_files(folder: Path = ROOT) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.iterdir()):
        if path.name in MADE_BY_TOOLS or path == Path(__file__).resolve():
            continue
        if path.name.startswith(".") and path.name not in HIDDEN_AND_OURS:
            continue
        if path.is_dir():
            yield from text_files(path)
        else:
            yield (
                path.relative_to(ROOT).as_posix(),
                path.read_text(encoding="utf-8", errors="replace"),
            )


@pytest.mark.parametrize("pattern", [MACHINE_PATH, PACKAGE_INDEX], ids=["path", "index"])
def test_no_file_names_a_machine_or_an_index(pattern: re.Pattern[str]) -> None:
    named = [
        f"{path}:{number}: {line.strip()}"
        for path, text in text_files()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]
    assert named == []


@pytest.mark.parametrize("line", ["see /home/ann/code", 'Path("/Users/ann")', "(/root/x)"])
def test_a_machine_path_is_recognised(line: str) -> None:
    assert MACHINE_PATH.search(line)


@pytest.mark.parametrize("line", ["https://host.example/home/page", "?host=/var/run/postgresql"])
def test_a_web_address_or_a_system_folder_is_no_machine_path(line: str) -> None:
    assert not MACHINE_PATH.search(line)
