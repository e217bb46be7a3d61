"""What an import of asyncorm loads and compiles, beyond what its three dependencies have loaded.

Time is what it is about: a module costs 0.2 ms, and a text that is compiled 0.02 to 0.1 ms:
``dataclasses`` writes methods, a NamedTuple its constructor and a reference for each field.
"""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache

MODULES_AT_FIRST = 135
MODULES = 370
COMPILED = 320
#: of the standard library, beyond what the dependencies need
OTHERS = {"difflib", "gc", "shlex"}
DEPENDENCIES = {"anyio", "asyncpg", "orjson", "pydantic", "pydantic_core"}

PROGRAM = """
import json, sys
import asyncpg, anyio
from pydantic import BaseModel, TypeAdapter

class Used(BaseModel):  # what pydantic loads when the first model is declared
    number: int

before, compiled, listening = set(sys.modules), [], True


def listen(event, details):
    if listening and event == "compile":
        compiled.append(details[1])


sys.addaudithook(listen)
from asyncorm import *

listening = False
print(json.dumps([sorted(set(sys.modules) - before), compiled.count("<string>")]))
"""


@cache
def imported() -> tuple[list[str], int]:
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    modules, compiled = json.loads(run.stdout)
    return modules, compiled


def test_the_number_of_modules_before_a_name_is_used() -> None:
    program = "import sys, asyncorm; print(*sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    loaded = run.stdout.split()
    assert sum(name.split(".")[0] == "asyncorm" for name in loaded) <= MODULES_AT_FIRST
    assert not {"asyncpg", "anyio"} & set(loaded)


def test_the_number_of_modules_of_all_names() -> None:
    modules, _ = imported()
    assert sum(name.split(".")[0] == "asyncorm" for name in modules) <= MODULES


def test_no_other_module_than_what_is_listed_here() -> None:
    modules, _ = imported()
    others = {name for name in modules if name.split(".")[0] not in DEPENDENCIES | {"asyncorm"}}
    assert others <= OTHERS


def test_pydantics_types_of_networks_are_not_loaded() -> None:
    modules, _ = imported()
    assert "pydantic.networks" not in modules


def test_the_texts_that_are_compiled() -> None:
    _, compiled = imported()
    assert compiled <= COMPILED


def test_no_class_is_built_for_which_pydantic_looks_for_plugins() -> None:
    program = (
        "import sys; from asyncorm import *; sys.exit('pydantic.plugin._loader' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
