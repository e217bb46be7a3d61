"""Runs four type checkers over the examples of this folder, and compares what they report.

`good_*.py` must be clean. In `bad_*.py` exactly the lines marked `# E` must be reported; a line
marked `# E !pyrefly` is one that the named checkers are known to miss. `python run_checks.py`
prints a table.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BIN = Path(sys.executable).parent

# as a user runs them: our own settings are not used, and every command says which interpreter has
# the dependencies. basedpyright takes its files from the project file, for the strict setting
COMMANDS: dict[str, list[str]] = {
    "mypy": [
        "mypy",
        "--config-file=",
        "--strict",
        "--explicit-package-bases",
        f"--python-executable={sys.executable}",
    ],
    "basedpyright": ["basedpyright", f"--project={HERE}", f"--pythonpath={sys.executable}"],
    "ty": ["ty", "check", "--output-format=concise", f"--python={sys.executable}"],
    "pyrefly": [
        "pyrefly",
        "check",
        "--output-format=min-text",
        f"--python-interpreter-path={sys.executable}",
    ],
}

# on several threads ty misses a bad line of its own accord now and then (one run in eight at four
# threads, every second at sixteen); on one thread its answer was the same in all of fifty runs
ENVIRONMENT = {"TY_MAX_PARALLELISM": "1"}

REPORT = re.compile(r"((?:good|bad)_\w+\.py):(\d+)(?=[:\s])")
MARK = re.compile(r"#\s*E\b((?:\s+!\w+)*)")

Lines = set[tuple[str, int]]


@dataclass(frozen=True)
class Outcome:
    """What one checker reported against what the marks ask of it."""

    checker: str
    missed: Lines
    extra: Lines
    output: str

    def __str__(self) -> str:
        wrong = [f"{kind} {file}:{line}" for kind, file, line in self.wrong()]
        verdict = f"{len(wrong)} wrong" if wrong else "ok"
        return "\n".join([f"{self.checker}: {verdict}", *wrong])

    def wrong(self) -> list[tuple[str, str, int]]:
        missed = [("not reported:", *line) for line in sorted(self.missed)]
        return missed + [("reported:", *line) for line in sorted(self.extra)]


def example_files() -> list[Path]:
    return sorted([*HERE.glob("good_*.py"), *HERE.glob("bad_*.py")])


def expected(checker: str) -> Lines:
    """The lines of the bad files that the checker has to report."""
    return {
        (path.name, number)
        for path in HERE.glob("bad_*.py")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if (mark := MARK.search(line)) and f"!{checker}" not in mark[1].split()
    }


def run(checker: str) -> Outcome:
    """Run one checker once over all example files."""
    program, *arguments = COMMANDS[checker]
    files = [] if checker == "basedpyright" else [str(path) for path in example_files()]
    done = subprocess.run(
        [BIN / program, *arguments, *files],
        cwd=ROOT,
        env=os.environ | ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    output = done.stdout + done.stderr
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{checker} failed with exit status {done.returncode}:\n{output}")
    reported = {
        (match[1], int(match[2]))
        for line in output.splitlines()
        if "error" in line.lower() and ": note:" not in line
        for match in [REPORT.search(line)]
        if match
    }
    want = expected(checker)
    return Outcome(checker, want - reported, reported - want, output)


def run_all() -> dict[str, Outcome]:
    """All checkers at the same time."""
    with ThreadPoolExecutor(len(COMMANDS)) as threads:
        return dict(zip(COMMANDS, threads.map(run, COMMANDS), strict=True))


def main() -> int:
    outcomes = run_all().values()
    for outcome in outcomes:
        print(outcome)
    return int(any(outcome.missed or outcome.extra for outcome in outcomes))


if __name__ == "__main__":
    raise SystemExit(main())
