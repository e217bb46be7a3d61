"""The quickstart runs as it is, on a PostgreSQL of its own, and runs again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
QUICKSTART = ROOT / "examples" / "quickstart.py"


@pytest.mark.timeout(120)
def test_the_quickstart_runs_twice(tmp_path: Path) -> None:
    outputs = []
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-W", "error", QUICKSTART],
            cwd=tmp_path,
            env={"PYTHONPATH": str(ROOT), "PATH": ""},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        outputs.append(done.stdout)
    assert "Le Guin" in outputs[0]
    assert "Tehanu" in outputs[0]
    assert outputs[0] == outputs[1]


def test_the_quickstart_is_short() -> None:
    assert len(QUICKSTART.read_text("utf-8").splitlines()) < 40
