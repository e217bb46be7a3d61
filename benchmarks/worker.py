"""``python -m benchmarks.worker``: one library in a process of its own.

Commands come as JSON lines on stdin, each is answered by one on stdout. What the library prints
goes to stderr.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import sys
from collections.abc import Callable, Coroutine
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from time import perf_counter, process_time
from typing import IO, Any

from benchmarks.adapter import Adapter
from benchmarks.memory import resident_bytes
from benchmarks.schema import PEOPLE
from benchmarks.workloads.catalogue import CATALOGUE
from benchmarks.workloads.workload import Workload, Wrong

Answer = dict[str, Any]


class Worker:
    """The adapter of one library, and what can be asked of it."""

    def __init__(self) -> None:
        self._adapter: Adapter | None = None

    @property
    def adapter(self) -> Adapter:
        """The library, when it is open."""
        if self._adapter is None:
            raise RuntimeError("the first command is open")
        return self._adapter

    async def answer(self, command: dict[str, Any]) -> Answer:
        """Carry out one command; what goes wrong is an answer too."""
        try:
            method: Callable[..., Coroutine[Any, Any, Answer]] = getattr(self, command.pop("do"))
            return await method(**command)
        except NotImplementedError:
            return {"absent": True}
        except Wrong as error:
            return {"wrong": str(error)}
        except Exception as error:
            return {"failed": f"{type(error).__name__}: {error}"}

    async def open(self, library: str, url: str, connections: int) -> Answer:
        """Import the library and connect; ``missing`` says why that can't be done here."""
        try:
            adapter: Adapter = import_module(f"benchmarks.adapters.{library}").Library()
        except ImportError as error:
            return {"missing": str(error)}
        await adapter.open(url, connections)
        self._adapter = adapter
        return {
            "name": adapter.name,
            "kind": adapter.kind,
            "imports": adapter.imports,
            "versions": {name: version_of(name) for name in adapter.packages},
        }

    async def close(self) -> Answer:
        """Disconnect."""
        await self.adapter.close()
        return {}

    async def prepare(self, workload: str) -> Answer:
        """What the workload needs before its calls."""
        await CATALOGUE[workload].prepare(self.adapter)
        return {}

    async def check(self, workload: str, number: int) -> Answer:
        """One call, whose answer is checked thoroughly; the keys it brought back."""
        chosen = CATALOGUE[workload]
        arguments = chosen.trial(number)
        answer = await getattr(self.adapter, chosen.method)(*arguments)
        chosen.check(arguments, answer)
        return {"keys": chosen.keys(answer)}

    async def call(self, workload: str, number: int) -> Answer:
        """One call, without a clock."""
        chosen = CATALOGUE[workload]
        arguments = chosen.trial(number)
        chosen.glance(arguments, await getattr(self.adapter, chosen.method)(*arguments))
        return {}

    async def sample(self, workload: str, first: int, calls: int) -> Answer:
        """Seconds a call, of the clock and of the CPU, over calls with consecutive numbers."""
        chosen = CATALOGUE[workload]
        given = [chosen.arguments(number) for number in range(first, first + calls)]
        call = getattr(self.adapter, chosen.method)
        gc.collect()
        if chosen.clients == 1:
            wall, cpu = await in_a_row(chosen, call, given)
        else:
            wall, cpu = await side_by_side(chosen, call, given)
        return {"wall": wall / calls, "cpu": cpu / calls}

    async def memory(self) -> Answer:
        """Bytes by which the process grows while it holds all people."""
        await self.adapter.load(10)
        gc.collect()
        before = resident_bytes()
        people = await self.adapter.load(PEOPLE)
        gc.collect()
        grown = resident_bytes() - before
        if len(people) != PEOPLE:
            raise Wrong(f"{len(people)} people were loaded")
        return {"bytes": grown}


def version_of(package: str) -> str:
    """The installed version; a clone may be on the path without being installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed, from the path"


Call = Callable[..., Coroutine[Any, Any, Any]]
Given = list[tuple[Any, ...]]


async def in_a_row(workload: Workload, call: Call, given: Given) -> tuple[float, float]:
    """Seconds of calls one after the other; the clock stands still while an answer is checked.

    Letting go of the answer is part of the time: it is work that the library makes.
    """
    wall = cpu = 0.0
    for arguments in given:
        start, used = perf_counter(), process_time()
        answer = await call(*arguments)
        wall, cpu = wall + perf_counter() - start, cpu + process_time() - used
        workload.glance(arguments, answer)
        start, used = perf_counter(), process_time()
        del answer
        wall, cpu = wall + perf_counter() - start, cpu + process_time() - used
    return wall, cpu


async def side_by_side(workload: Workload, call: Call, given: Given) -> tuple[float, float]:
    """Seconds until all calls are done, shared among the tasks; answers are checked afterwards."""

    async def client(number: int) -> list[Any]:
        return [await call(*arguments) for arguments in given[number :: workload.clients]]

    start, used = perf_counter(), process_time()
    tasks = [asyncio.ensure_future(client(number)) for number in range(workload.clients)]
    try:
        answers = await asyncio.gather(*tasks)
        wall, cpu = perf_counter() - start, process_time() - used
    except BaseException:
        # what goes on calling would disturb the other libraries
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
    for number, of_client in enumerate(answers):
        for arguments, answer in zip(given[number :: workload.clients], of_client, strict=True):
            workload.glance(arguments, answer)
    return wall, cpu


async def serve(output: IO[str]) -> None:
    """Answer until stdin ends; the event loop stays free for the library in between."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    worker = Worker()
    while line := await reader.readline():
        answer = await worker.answer(json.loads(line))
        print(json.dumps(answer), file=output, flush=True)


def main() -> None:
    """Take stdout for the answers alone, and run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--loop", choices=("asyncio", "uvloop"), default="asyncio")
    options = parser.parse_args()
    output = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    factory = None
    if options.loop == "uvloop":
        import uvloop

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(serve(output))


if __name__ == "__main__":
    main()
