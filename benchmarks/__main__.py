"""``python -m benchmarks [eager | copy | compile] [rounds]``: ratios to asyncpg, in one run.

On DATABASE_URL or an embedded server. ``eager`` loads trees, ``compile`` only builds statements;
both beside SQLAlchemy if it is there. ``copy`` copies many rows.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile

import asyncpg

from asyncorm import create_engine
from asyncorm.engine.embedded import start_embedded
from asyncorm.engine.url import parse_url
from benchmarks import compiling, copying, eager
from benchmarks.timing import measure, ratio
from benchmarks.workloads import prepare, workloads


async def _keep(connection: object) -> None:
    """No reset query: the base must not pay for what asyncorm does not send either."""


def embedded_url(folder: str) -> str:
    """The URL of a server of our own, which both sides can use."""
    return str(start_embedded(parse_url(f"embedded:///{folder}/data?fsync=off")))


async def compare(url: str, rounds: int) -> None:
    """Run the workloads of single tables and print medians and ratios."""
    async with create_engine(url) as engine:
        await prepare(engine)
        async with asyncpg.create_pool(url, min_size=1, max_size=4, reset=_keep) as pool:
            for workload in workloads(engine, pool):
                times = await measure(workload.cases, rounds, workload.repeat)
                base = next(iter(workload.cases))
                print(f"\n{workload.name} (target {workload.target})")
                for name in workload.cases:
                    milliseconds = statistics.median(times[name]) * 1000
                    against = ratio(times, name, base)
                    print(f"  {name:<26}{milliseconds:9.3f} ms   x{against:.2f}")


def main(arguments: list[str]) -> None:
    """``[eager | copy | compile] [rounds]``."""
    rounds = next((int(argument) for argument in arguments if argument.isdigit()), 25)
    if "compile" in arguments:
        compiling.run(rounds)
        return
    runs = {"eager": eager.run, "copy": copying.run}
    run = next((runs[word] for word in arguments if word in runs), compare)
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(os.environ.get("DATABASE_URL") or embedded_url(folder), rounds))


main(sys.argv[1:])
