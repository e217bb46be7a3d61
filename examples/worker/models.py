"""An order, the job that follows it, and the receipt that the job makes."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel

from asyncorm import Channel, Index, Mapped, Model, column, foreign_key, func


class JobStatus(StrEnum):
    """What is to become of a job."""

    READY = "ready"
    DONE = "done"
    #: tried too often: somebody has to look at it
    DEAD = "dead"


class SendReceipt(BaseModel):
    """What a job is about: small, since it is copied with every change of the row."""

    order_id: int
    email: str


class Order(Model, table="worker_order"):
    """The business data: its job is stored with it, or not at all."""

    id: Mapped[int] = column(primary_key=True, init=False)
    email: Mapped[str]


class Job(Model, table="worker_job"):
    """A thing to do once, not before ``run_at``."""

    __table_args__ = (
        # the jobs that wait, and no other: it stays small however many are done
        Index("worker_job_ready", "run_at", "id", where="status = 'ready'"),
    )

    id: Mapped[int] = column(primary_key=True, init=False)
    payload: Mapped[SendReceipt]
    status: Mapped[JobStatus] = column(default=JobStatus.READY)
    #: how often a worker has taken it
    attempts: Mapped[int] = column(default=0)
    run_at: Mapped[datetime] = column(init=False, server_default=func.now())
    error: Mapped[str | None] = column(default=None)


class Receipt(Model, table="worker_receipt"):
    """What a job does: the key lets no job do it twice."""

    job_id: Mapped[int] = foreign_key(Job.id, primary_key=True)
    email: Mapped[str]
    worker: Mapped[int]


MODELS = (Receipt, Job, Order)

#: says that there are jobs; the message is only a wake-up, the jobs are in the table
wake_up = Channel("worker_wake_up")
