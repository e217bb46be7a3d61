"""``python -m benchmarks``: ratios of libraries to asyncpg by hand, in one run.

``python -m benchmarks.compiling`` measures what building and compiling statements costs.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from rich.console import Console

from benchmarks.child import Child
from benchmarks.counting import count_trips
from benchmarks.display import progress, show
from benchmarks.footprint import import_rounds, measure_imports, measure_memory, memory_rounds
from benchmarks.machine import describe_machine
from benchmarks.options import FOOTPRINT, Options, read_options
from benchmarks.report import write_report
from benchmarks.results import Results
from benchmarks.runner import Tell, run_workloads
from benchmarks.server import describe_server, own_database, require_connections, running_server
from benchmarks.workloads.catalogue import CATALOGUE, CONNECTIONS


def method(options: Options) -> dict[str, Any]:
    """How the figures of a run came about."""
    return {
        "rounds": options.rounds,
        "event loop": options.loop,
        "delay each way": f"{options.delay:g} ms",
        "connection": f"TCP, pool of {CONNECTIONS}, a process for each library",
        "ratio": "median over the rounds of the time by that of the base in the same round",
        "order": "libraries take turns in each workload, each round begins with another",
        "tables": "emptied and vacuumed before each sample, outside of the clock",
        "garbage": "gc.collect() before each sample; the collector is on",
    }


@asynccontextmanager
async def proxied(url: str, *options: str) -> AsyncIterator[tuple[Child, str]]:
    """A proxy in front of the server of a URL, and the URL through it."""
    parts = urlsplit(url)
    proxy = await Child.start(
        "benchmarks.proxy", parts.hostname or "localhost", str(parts.port or 5432), *options
    )
    try:
        port = (await proxy.ask("port"))["port"]
        login = parts.netloc.rpartition("@")[0]
        netloc = f"{login}@127.0.0.1:{port}" if login else f"127.0.0.1:{port}"
        yield proxy, urlunsplit(parts._replace(netloc=netloc))
    finally:
        await proxy.stop()


async def measure(options: Options, results: Results, server_url: str, tell: Tell) -> None:
    """Everything that was asked for."""
    async with own_database(server_url) as direct:
        connection: Any = await asyncpg.connect(direct)
        results.server = await describe_server(connection)
        await require_connections(connection, len(options.libraries) * CONNECTIONS)
        await connection.close()
        if options.delay:
            async with proxied(direct, "--delay", str(options.delay)) as (_, url):
                await run_workloads(options, results, url, direct, tell)
        else:
            await run_workloads(options, results, direct, direct, tell)
        if results.measured:
            async with proxied(direct, "--count") as (proxy, url):
                await count_trips(options, results, proxy, url, direct, tell)
        if "import" in options.workloads:
            await measure_imports(options, results, tell)
        if "memory" in options.workloads:
            await measure_memory(options, results, direct, tell)


def steps(options: Options) -> int:
    """Of the progress bar."""
    timed = [CATALOGUE[name] for name in options.workloads if name not in FOOTPRINT]
    count = sum(map(options.rounds_of, timed)) + bool(timed) * len(options.libraries)
    count += import_rounds(options) * ("import" in options.workloads)
    return count + memory_rounds(options) * ("memory" in options.workloads)


def main(arguments: list[str]) -> int:
    """Run, show and write; 1 if a library was wrong."""
    options = read_options(arguments)
    # an end by `kill` cleans up as one by Ctrl-C does
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    console = Console()
    now = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    results = Results(now, method(options), describe_machine())
    with running_server() as url, progress(console, steps(options)) as tell:
        asyncio.run(measure(options, results, url, tell))
    write_report(results, options.output)
    show(console, results)
    console.print(f"written to {options.output}", style="dim")
    return 1 if results.problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
