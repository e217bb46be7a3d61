"""docs/architecture.md names every file of the package, and no file that is not there."""

from __future__ import annotations

import re
from fnmatch import fnmatch

from tests.architecture.sources import ROOT, library

TEXT = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
NAMED = set(re.findall(r"`(?:asyncorm/)?([\w/*]+\.py)`", TEXT))
FILES = {source.path for source in library()}


def test_every_file_is_found_by_a_question_of_the_document() -> None:
    named = {file for file in FILES for pattern in NAMED if fnmatch(file, pattern)}
    assert sorted(file for file in FILES - named if not file.endswith("__init__.py")) == []


def test_every_file_that_the_document_names_is_there() -> None:
    # a file without its folder is named within a sentence about the folder
    gone = {name for name in NAMED if not any(fnmatch(file, f"*{name}") for file in FILES)}
    assert sorted(name for name in gone if not (ROOT / name).exists()) == []
