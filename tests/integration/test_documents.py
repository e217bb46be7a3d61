"""The examples of the documents run as printed, and print what they say they print.

Every section of a document runs by itself, its blocks one after the other as in ``python -m
asyncio``, after the blocks of the section that declares the models.
"""

from __future__ import annotations

import ast
import gc
import re
import sys
from codeop import CommandCompiler
from collections.abc import AsyncIterator
from inspect import CO_COROUTINE
from itertools import product
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import pytest

import asyncorm
from asyncorm import Model, event, sessionmaker
from asyncorm.engine.engine import Engine
from asyncorm.tracking.event_names import EVENTS
from asyncorm.tracking.listeners import HEARD
from tests.architecture.test_async_boundary import MAY_WAIT

ROOT = Path(__file__).resolve().parents[2]
SESSION = "docs/session.md"
TESTING = "docs/testing.md"
RELATIONSHIPS = "docs/relationships.md"
LOADING = "docs/loading.md"
INHERITANCE = "docs/inheritance.md"
CHANGING = "docs/changing_rows.md"
JSON_DOCUMENTS = "docs/json.md"
QUERIES = "docs/queries.md"
COPYING = "docs/copying.md"
MESSAGING = "docs/messaging.md"
RAW_SQL = "docs/raw_sql.md"
TYPES = "docs/types.md"
FROM_SQLALCHEMY = "docs/from_sqlalchemy.md"
MODELS_AND_ENGINES = "docs/models.md"
MODELS = "The models of the examples"


def sections(document: str) -> dict[str, str]:
    """The code of each section that has some; each line at its place, for messages of errors."""
    found: dict[str, list[str]] = {}
    title, inside = "", False
    for number, line in enumerate((ROOT / document).read_text("utf-8").splitlines()):
        if line.startswith("```"):
            inside = line == "```python"
        elif inside:
            lines = found.setdefault(title, [])
            lines += [""] * (number - len(lines)) + [line]
        elif line.startswith("## "):
            title = line.removeprefix("## ")
    return {title: "\n".join(lines) for title, lines in found.items()}


def promised(code: str) -> list[str]:
    """What the comments behind each print() say will be printed."""
    lines = code.splitlines()
    calls = [
        node
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
    ]
    calls.sort(key=lambda call: call.lineno)
    ends = [lines[(call.end_lineno or call.lineno) - 1] for call in calls]
    untold = [line for line in ends if ")  # " not in line]
    assert not untold, "say behind each print() what it prints"
    return [re.split(r"\)  # ", line)[1] for line in ends]


async def run(code: str, namespace: dict[str, Any], name: str) -> None:
    compiled = compile(code, name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    result = FunctionType(compiled, namespace)()
    if compiled.co_flags & CO_COROUTINE:
        await result


@pytest.fixture
async def module(engine: Engine) -> AsyncIterator[ModuleType]:
    """A module that has what each document says it has, and whose tables are dropped at the end."""
    module = ModuleType("document_under_test")
    sys.modules[module.__name__] = module
    module.__dict__.update(engine=engine, Session=sessionmaker(engine))
    gc.collect()  # listeners of other tests that would go only later
    heard = dict(HEARD)
    yield module
    del sys.modules[module.__name__]
    entities = [v for v in vars(module).values() if isinstance(v, type) and issubclass(v, Model)]
    entities = [entity for entity in entities if hasattr(entity, "__mapper__")]
    stop_listening(entities, [v for v in vars(module).values() if isinstance(v, FunctionType)])
    assert heard == HEARD, "the document still listens, which other tests would notice"
    await engine.drop_all(*entities)
    assert engine.pool.in_use == 0, "the document has left a connection checked out"


def stop_listening(entities: list[type[Model]], functions: list[FunctionType]) -> None:
    names = [name for name, kind in EVENTS.items() if kind.of_instance]
    for entity, name, function in product(entities, names, functions):
        if event.contains(entity, name, function):
            event.remove(entity, name, function)


async def check(module: ModuleType, document: str, *titles: str) -> None:
    """Run sections one after the other; the last one must print what its comments say."""
    found = sections(document)
    printed: list[str] = []
    vars(module)["print"] = lambda *values: printed.append(" ".join(map(str, values)))
    for title in titles:
        await run(found[title], vars(module), document)
    assert printed == promised(found[titles[-1]])


@pytest.mark.parametrize(
    ("document", "title"),
    [
        (d, title)
        for d in (
            SESSION,
            TESTING,
            RELATIONSHIPS,
            LOADING,
            INHERITANCE,
            CHANGING,
            COPYING,
            FROM_SQLALCHEMY,
            JSON_DOCUMENTS,
            MESSAGING,
            MODELS_AND_ENGINES,
            QUERIES,
            RAW_SQL,
            TYPES,
        )
        for title in sections(d)
        if title != MODELS
    ],
)
async def test_a_section_of_a_document_runs_as_printed(
    module: ModuleType, document: str, title: str
) -> None:
    await check(module, document, MODELS, title)


@pytest.mark.parametrize(
    "document", [*sorted(f"docs/{path.name}" for path in ROOT.glob("docs/*.md")), "README.md"]
)
def test_examples_can_be_pasted_into_python(document: str) -> None:
    """An empty line ends a block there, and only an empty line does."""
    complete = CommandCompiler()
    complete.compiler.flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    for title, code in sections(document).items():
        typed: list[str] = []
        for line in [*code.splitlines(), ""]:
            typed.append(line)
            if complete("\n".join(typed), f"{document}: {title}") is not None:
                typed = []
        assert not typed, title


@pytest.mark.parametrize("title", [title for title in sections("README.md") if title])
async def test_the_examples_of_the_readme_run_as_printed(module: ModuleType, title: str) -> None:
    await check(module, "README.md", title)


@pytest.mark.parametrize(
    "document", sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]), ids=lambda path: path.name
)
def test_the_links_of_a_document_lead_somewhere(document: Path) -> None:
    text = document.read_text("utf-8")
    for target in re.findall(r"\]\(([^)]+)\)", text):
        path, _, anchor = target.partition("#")
        if "://" in target:
            continue
        linked = (document.parent / path).resolve() if path else document
        assert linked.exists(), target
        if anchor:
            titles = re.findall(r"^#+ (.*)$", linked.read_text("utf-8"), re.MULTILINE)
            assert anchor in [title.lower().replace(" ", "-") for title in titles], target


def test_the_files_that_the_architecture_names_exist() -> None:
    text = (ROOT / "docs/architecture.md").read_text("utf-8")
    named = set(re.findall(r"`((?!asyncorm)\w+/\w+\.py)`", text))
    assert len(named) > 80
    assert [name for name in sorted(named) if not (ROOT / "asyncorm" / name).exists()] == []


def test_the_architecture_names_every_file_that_may_wait() -> None:
    text = (ROOT / "docs/architecture.md").read_text("utf-8")
    rule = text[text.index("5. `async def`") : text.index("6. Imports are absolute")]
    assert sorted(re.findall(r"`(\w+/\w+\.py|engine|session)`", rule)) == sorted(
        place.rstrip("/") for place in MAY_WAIT
    )


def test_the_table_of_events_is_complete() -> None:
    rows = re.findall(
        r"^\| (`.*?) \| .* \| (.*) \| (yes|no) \|$",
        (ROOT / SESSION).read_text("utf-8"),
        re.MULTILINE,
    )
    told = {
        name: (tuple(arguments.split(", ")), awaited == "yes")
        for names, arguments, awaited in rows
        for name in re.findall(r"`(\w+)`", names)
    }
    assert told == {name: (of.arguments, of.awaited) for name, of in EVENTS.items()}


def test_every_public_name_is_found_in_the_index() -> None:
    text = (ROOT / "docs/README.md").read_text("utf-8")
    listed = [
        name
        for row in re.findall(r"^\| (`.*`) \| \[", text, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", row)
    ]
    assert sorted(listed) == sorted(asyncorm.__all__)
    pages = {path.name for path in ROOT.glob("docs/*.md")} - {"README.md"}
    assert pages == set(re.findall(r"^\| \[(\w+\.md)\]", text, re.MULTILINE))
