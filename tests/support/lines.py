"""The lines of a test file that are marked, to compare with those that messages name."""

from __future__ import annotations

from pathlib import Path


def marked(file: str, mark: str) -> int:
    """The number of the line that ends in ``# <mark>``."""
    lines = Path(file).read_text("utf-8").splitlines()
    (found,) = [number for number, line in enumerate(lines, 1) if line.endswith(f"# {mark}")]
    return found
