"""The queue: jobs go in with the business data, and come out one worker each.

A worker holds a job by the lock of its row, in the transaction in which it does the job too. So a
job is done exactly once as far as the database goes: what it writes and "done" are one commit, and
a worker that dies, or loses its connection, is rolled back by the server, which frees the job at
once. The price: a transaction is open for as long as a job takes, which keeps a connection, and
VACUUM from removing rows that died meanwhile. Jobs of minutes, or such that are mostly waiting for
others, take a lease instead: set ``leased_until`` and commit, work, and set "done" if the lease is
one's own still. Then a job of a dead worker waits until its lease is over, and one that was slow is
done twice, so that what it does must bear that. So must, in both designs, what no database can
roll back: an e-mail is sent again if the commit after it fails.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta

from asyncorm import Session, SessionFactory, func, select
from examples.worker.models import Job, JobStatus, Order, SendReceipt, wake_up

Handler = Callable[[Session, Job], Awaitable[None]]

MAX_ATTEMPTS = 5
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=0.1), timedelta(minutes=10)
#: jobs of one transaction: fewer commits, but as many are done again after a crash
BATCH = 10


async def place_orders(session: Session, emails: Sequence[str]) -> None:
    """Orders and their jobs; both are there with the caller's commit, which wakes workers too."""
    orders = [Order(email=email) for email in emails]
    session.add_all(orders)
    await session.flush()
    session.add_all([Job(payload=SendReceipt(order_id=o.id, email=o.email)) for o in orders])
    await session.notify(wake_up, "")


async def run_jobs(sessions: SessionFactory, handle: Handler) -> int:
    """Take some jobs that are due, do them, and commit; returns how many there were."""
    async with sessions.begin() as session:
        due = (
            select(Job)
            .where(Job.status == JobStatus.READY, Job.run_at <= func.now())
            .order_by(Job.run_at, Job.id)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        )
        jobs = await session.all(due)
        for job in jobs:
            await _run(session, job, handle)
        return len(jobs)


async def _run(session: Session, job: Job, handle: Handler) -> None:
    """One job, in a savepoint: what it wrote before it failed is not kept."""
    try:
        async with session.begin_nested():
            await handle(session, job)
    except Exception as error:
        if not session.is_active:
            raise  # not the job has failed but the transaction, with its connection
        fail(job, error, datetime.now(UTC))
    else:
        job.status = JobStatus.DONE
        job.error = None
    job.attempts += 1


def fail(job: Job, error: Exception, now: datetime) -> None:
    """Try again later, or give up for somebody to look at.

    Workers that are killed are no attempt: nothing of theirs is stored. If a job may kill its
    worker, count attempts in a transaction of their own before it is done.
    """
    job.error = f"{type(error).__name__}: {error}"
    if job.attempts + 1 >= MAX_ATTEMPTS:
        job.status = JobStatus.DEAD
    else:
        job.run_at = now + pause(job.attempts)


def pause(attempts: int) -> timedelta:
    """How long to wait after so many failures: doubled each time, and spread out by half."""
    longest = min(FIRST_PAUSE * 2 ** min(attempts, 20), LONGEST_PAUSE)
    return timedelta(seconds=longest.total_seconds() * random.uniform(0.5, 1.0))
