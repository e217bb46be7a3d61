"""One worker: ``python -m examples.worker.process``; any number may run, on any machine.

SIGTERM lets it finish what it has begun. SIGKILL loses nothing either: the server rolls back, and
another worker takes the job.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys

import anyio

from asyncorm import (
    Engine,
    Gap,
    Listener,
    OperationalError,
    Session,
    SessionFactory,
    create_engine,
    sessionmaker,
)
from examples.worker.models import Job, Receipt, wake_up
from examples.worker.queue import Handler, run_job

#: seconds until an idle worker looks by itself: for jobs that failed and are due again, and for
#: wake-ups that were lost with a connection
LOOK_AGAIN = 0.5


async def send_receipt(session: Session, job: Job) -> None:
    """The work itself: addresses with "flaky" fail once, those with "broken" always."""
    session.add(Receipt(job_id=job.id, email=job.payload.email, worker=os.getpid()))
    await session.flush()
    if "broken" in job.payload.email or ("flaky" in job.payload.email and job.attempts == 1):
        raise RuntimeError("the mail server says no")


def ignore(gap: Gap) -> None:
    """A wake-up that was missed: the next look finds the jobs."""


async def work(engine: Engine, handle: Handler, stop: asyncio.Event) -> None:
    """Do jobs as they come, until ``stop`` is set and the job at hand is done."""
    sessions = sessionmaker(engine)
    # one message is enough to look at the table
    async with engine.listen(wake_up, on_gap=ignore, buffer=1) as wake_ups:
        stopping = asyncio.create_task(_close(wake_ups, stop))
        try:
            while not stop.is_set():
                if not await _run_job(sessions, handle):
                    await _rest(wake_ups)
        finally:
            stopping.cancel()


async def _run_job(sessions: SessionFactory, handle: Handler) -> bool:
    try:
        return await run_job(sessions, handle)
    except OperationalError as error:
        # a restart of the server, for one: nothing was stored, and the job comes back
        print(f"worker {os.getpid()}: {error.message}", file=sys.stderr)
        return False


async def _rest(wake_ups: Listener[str]) -> None:
    with anyio.move_on_after(LOOK_AGAIN):
        async for _ in wake_ups:
            return


async def _close(wake_ups: Listener[str], stop: asyncio.Event) -> None:
    await stop.wait()
    wake_ups.close()  # who rests goes on, and sees that it is over


async def main() -> None:
    """Work on the database of DATABASE_URL until SIGTERM."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with create_engine(pool_size=1) as engine:
        await work(engine, send_receipt, stop)


if __name__ == "__main__":
    asyncio.run(main())
