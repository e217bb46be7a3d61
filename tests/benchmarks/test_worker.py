"""What a worker answers, with a library that needs no server."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from benchmarks import schema
from benchmarks.adapter import Adapter
from benchmarks.worker import Worker


class Library(Adapter):
    """Makes the people it is asked for, some of them wrong."""

    name, kind, packages, imports = "memory", "orm", ("anyio", "no-such-package"), "pass"
    asked: list[int]

    async def open(self, url: str, pool_size: int) -> None:
        self.asked = []

    async def close(self) -> None:
        self.asked = []

    async def get(self, key: int) -> Any:
        self.asked.append(key)
        await anyio.lowlevel.checkpoint()
        return SimpleNamespace(id=key, **schema.person(key))

    async def mixed(self, account: int, body: str) -> int:
        if account == 5:
            raise OSError("too many connections")
        await anyio.sleep(60)
        return 1

    async def filter(self, age: int) -> Any:
        return [SimpleNamespace(id=1, **schema.person(1))]

    async def eager_selectin(self) -> Any:
        raise OSError("gone")


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> None:
    modules = {"benchmarks.adapters.memory": SimpleNamespace(Library=Library)}

    def find(name: str) -> object:
        if name not in modules:
            raise ModuleNotFoundError(f"No module named {name!r}")
        return modules[name]

    monkeypatch.setattr("benchmarks.worker.import_module", find)


async def ask(worker: Worker, do: str, **values: Any) -> dict[str, Any]:
    return await worker.answer({"do": do, **values})


async def opened() -> Worker:
    worker = Worker()
    await ask(worker, "open", library="memory", url="", connections=1)
    return worker


async def test_a_worker_tells_what_it_has_opened(library: None) -> None:
    answer = await ask(Worker(), "open", library="memory", url="", connections=1)
    assert answer["name"] == "memory"
    assert answer["versions"]["no-such-package"] == "not installed, from the path"


async def test_a_library_that_is_not_installed_is_missing(library: None) -> None:
    answer = await ask(Worker(), "open", library="other", url="", connections=1)
    assert answer == {"missing": "No module named 'benchmarks.adapters.other'"}


async def test_a_sample_makes_the_calls_of_its_numbers(library: None) -> None:
    worker = await opened()
    answer = await ask(worker, "sample", workload="get", first=3, calls=2)
    assert answer.keys() == {"wall", "cpu"}
    assert answer["wall"] > 0
    assert isinstance(worker.adapter, Library)
    assert worker.adapter.asked == [1 + 3 * 7_919 % 20_000, 1 + 4 * 7_919 % 20_000]


async def test_tasks_share_the_calls_of_a_sample(library: None) -> None:
    worker = await opened()
    assert "wall" in await ask(worker, "sample", workload="get-32", first=0, calls=64)
    assert isinstance(worker.adapter, Library)
    assert len(set(worker.adapter.asked)) == 64


async def test_what_a_library_has_no_means_for_is_absent(library: None) -> None:
    answer = await ask(await opened(), "sample", workload="nested", first=0, calls=1)
    assert answer == {"absent": True}


async def test_a_wrong_answer_is_an_answer(library: None) -> None:
    worker = await opened()
    wrong = {"wrong": "rows is 1, not 20"}
    assert await ask(worker, "sample", workload="filter", first=1, calls=1) == wrong
    assert "wrong" in await ask(worker, "check", workload="filter", number=1)


async def test_an_error_is_an_answer(library: None) -> None:
    answer = await ask(await opened(), "check", workload="selectin", number=1)
    assert answer == {"failed": "OSError: gone"}


async def test_no_task_goes_on_after_one_has_failed(library: None) -> None:
    before = asyncio.all_tasks()
    answer = await ask(await opened(), "sample", workload="mixed-32", first=0, calls=64)
    assert answer == {"failed": "OSError: too many connections"}
    assert asyncio.all_tasks() == before
