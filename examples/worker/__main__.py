"""``python -m examples.worker``: four workers do two thousand jobs, and one of them is killed."""

from __future__ import annotations

import asyncio
import os
import sys
from time import perf_counter

from asyncorm import Engine, Session, create_engine, func, select, sessionmaker
from examples.worker.models import MODELS, Job, JobStatus, Receipt
from examples.worker.queue import place_orders

JOBS, WORKERS = 2000, 4
#: orders whose receipt can't be sent the first time, or ever
FLAKY, BROKEN = 20, 2


async def demonstrate(url: str, jobs: int = JOBS, workers: int = WORKERS) -> bool:
    """Place orders, start workers, kill one, and count; whether each job was done once."""
    async with create_engine(url) as engine:
        await engine.drop_all(*MODELS)
        await engine.create_all(*MODELS)
        running = [await _start(url) for _ in range(workers)]
        try:
            started = perf_counter()
            await _place(engine, jobs)
            print(f"{jobs:,} orders placed, {workers} workers at work")
            await _until_done(engine, jobs // 4)
            running[0].kill()
            await running[0].wait()
            print(f"worker {running[0].pid} killed by SIGKILL after {await _done(engine):,} jobs")
            await _until_done(engine, jobs)
            seconds = perf_counter() - started
        finally:
            for process in running[1:]:
                process.terminate()
            codes = [await process.wait() for process in running]
        print(f"all done in {seconds:.1f} s: {jobs / seconds:,.0f} jobs/s")
        print(f"the workers left with {codes}")
        return await _report(engine, jobs) and not any(codes[1:])


async def _start(url: str) -> asyncio.subprocess.Process:
    command = (sys.executable, "-m", "examples.worker.process")
    return await asyncio.create_subprocess_exec(*command, env={**os.environ, "DATABASE_URL": url})


async def _place(engine: Engine, jobs: int) -> None:
    kinds = ["broken"] * BROKEN + ["flaky"] * FLAKY
    names = [*kinds, *["customer"] * (jobs - len(kinds))]
    emails = [f"{name}{number}@example.org" for number, name in enumerate(names)]
    for first in range(0, jobs, 100):
        async with sessionmaker(engine).begin() as session:
            await place_orders(session, emails[first : first + 100])


async def _done(engine: Engine) -> int:
    """How many jobs are out of the queue."""
    async with Session(engine) as session:
        ended = select(func.count()).select_from(Job).where(Job.status != JobStatus.READY)
        return await session.scalar(ended) or 0


async def _until_done(engine: Engine, jobs: int) -> None:
    async with asyncio.timeout(120):
        while True:
            if await _done(engine) >= jobs:
                return
            await asyncio.sleep(0.02)


async def _report(engine: Engine, jobs: int) -> bool:
    async with Session(engine) as session:
        statuses = await session.all(
            select(Job.status, func.count(), func.max(Job.attempts)).group_by(Job.status)
        )
        receipts = await session.all(
            select(Receipt.worker, func.count()).group_by(Receipt.worker).order_by(Receipt.worker)
        )
    for status, count, attempts in statuses:
        print(f"  {status}: {count:,} jobs, at most {attempts} attempts")
    for worker, count in receipts:
        print(f"  worker {worker} sent {count:,} receipts")
    found = {status: count for status, count, _ in statuses}
    sent = sum(count for _, count in receipts)
    complete = found == {JobStatus.DONE: jobs - BROKEN, JobStatus.DEAD: BROKEN} and (
        sent == jobs - BROKEN
    )
    print("every job was done exactly once" if complete else "JOBS WERE LOST")
    return complete


if __name__ == "__main__":
    found_url = os.environ.get("DATABASE_URL") or "embedded:///./.pgdata"
    sys.exit(0 if asyncio.run(demonstrate(found_url)) else 1)
