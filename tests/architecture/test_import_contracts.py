"""The rules of imports: the contracts of pyproject.toml, and how an import is spelled."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, Source, library


@pytest.mark.timeout(180)
def test_the_contracts_of_import_linter_are_kept() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def imports_from(source: Source) -> Iterator[ast.ImportFrom]:
    return (node for node in ast.walk(source.tree) if isinstance(node, ast.ImportFrom))


def test_imports_are_absolute() -> None:
    relative = [
        f"{source.path}:{node.lineno}"
        for source in library()
        for node in imports_from(source)
        if node.level
    ]
    assert relative == []


def test_the_library_imports_files_and_never_its_own_packages() -> None:
    packages = {"asyncorm"} | {
        "asyncorm." + source.path.removesuffix("/__init__.py").replace("/", ".")
        for source in library()
        if source.path.endswith("/__init__.py")
    }
    through_packages = [
        f"{source.path}:{node.lineno} from {node.module} import {name.name}"
        for source in library()
        for node in imports_from(source)
        for name in node.names
        if node.module in packages and f"{node.module}.{name.name}" not in files()
    ]
    assert through_packages == []


def files() -> set[str]:
    return {"asyncorm." + source.path.removesuffix(".py").replace("/", ".") for source in library()}


def test_the_init_files_of_packages_are_empty() -> None:
    full = [
        source.path
        for source in library()
        if source.path.endswith("/__init__.py") and source.text.strip()
    ]
    assert full == []
