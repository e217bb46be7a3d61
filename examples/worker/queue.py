"""The queue: jobs go in with the business data, and come out one worker each.

A worker takes a job in one transaction and does it in another. The first counts the attempt and
puts the job off for a moment, so that a job which kills its worker has been counted, comes back
later, and is put aside after some attempts like one that fails. The second holds the job by the
lock of its row, and in it the job is done too. So a job is done exactly once as far as the database
goes: what it writes and "done" are one commit, and a worker that dies, or loses its connection, is
rolled back by the server, which frees the job.

The price: a transaction is open for as long as a job takes, which keeps a connection, and VACUUM
from removing rows that died meanwhile. Jobs of minutes, or such that are mostly waiting for others,
are done outside of a transaction: take them for as long as they may take (LEASE), and set "done" if
``attempts`` is as it was. Then one that was slow may be done twice, so that what it does must bear
that. So must, in both designs, what no database can roll back: an e-mail is sent again if the
commit after it fails.
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
#: after so long the job of a worker that died is free again; one that lives holds it by the lock
LEASE = timedelta(seconds=1)


async def place_orders(session: Session, emails: Sequence[str]) -> None:
    """Orders and their jobs; both are there with the caller's commit, which wakes workers too."""
    orders = [Order(email=email) for email in emails]
    session.add_all(orders)
    await session.flush()
    session.add_all([Job(payload=SendReceipt(order_id=o.id, email=o.email)) for o in orders])
    await session.notify(wake_up, "")


async def run_job(sessions: SessionFactory, handle: Handler) -> bool:
    """Take a job that is due, and do it; whether there was one."""
    async with sessions.begin() as session:
        taken = await take(session)
    if taken is None:
        return False
    async with sessions.begin() as session:
        # another worker has taken it only if this one slept for longer than the lease
        still_taken = select(Job).where(Job.id == taken.id, Job.attempts == taken.attempts)
        ready = still_taken.where(Job.status == JobStatus.READY)
        job = await session.scalar(ready.with_for_update(skip_locked=True))
        if job is not None:
            await _run(session, job, handle)
    return True


async def take(session: Session) -> Job | None:
    """The job that is due next, its attempt counted, for when the worker does not survive it."""
    due = (
        select(Job)
        .where(Job.status == JobStatus.READY, Job.run_at <= func.now())
        .order_by(Job.run_at, Job.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    job = await session.scalar(due)
    if job is None:
        return None
    if job.attempts >= MAX_ATTEMPTS:
        job.status = JobStatus.DEAD
        job.error = "its worker died"
    else:
        job.attempts += 1
        job.run_at = datetime.now(UTC) + LEASE
    return job


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


def fail(job: Job, error: Exception, now: datetime) -> None:
    """Try again later, or give up for somebody to look at."""
    job.error = f"{type(error).__name__}: {error}"
    if job.attempts >= MAX_ATTEMPTS:
        job.status = JobStatus.DEAD
    else:
        job.run_at = now + pause(job.attempts)


def pause(attempts: int) -> timedelta:
    """How long to wait after so many attempts: doubled each time, and spread out by half."""
    longest = min(FIRST_PAUSE * 2 ** min(attempts - 1, 20), LONGEST_PAUSE)
    return timedelta(seconds=longest.total_seconds() * random.uniform(0.5, 1.0))
