"""COMMIT is carried through to its answer, whoever cancels the task that waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from asyncorm.engine.shield import Interrupted, shielded

GRACE = 5.0


class Work:
    """An operation that waits twice and tells how far it has come."""

    def __init__(self) -> None:
        self.first: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.second: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.tasks: list[asyncio.Task[Any] | None] = []

    async def run(self) -> str:
        self.tasks.append(asyncio.current_task())
        answer = await self.first
        self.tasks.append(asyncio.current_task())
        return answer + await self.second

    def answer(self) -> None:
        for future, text in ((self.first, "one "), (self.second, "two")):
            if not future.done():
                future.set_result(text)


async def start(
    work: Work, grace: float = GRACE, outcomes: list[BaseException | None] | None = None
) -> asyncio.Task[str]:
    async def caller() -> str:
        try:
            return await shielded(work.run(), grace)
        except Interrupted as interrupted:
            done = interrupted.task.done()
            if outcomes is not None:
                outcomes.append(interrupted.task.exception() if done else interrupted.cancelled)
            raise interrupted.cancelled from None

    task = asyncio.create_task(caller())
    await asyncio.sleep(0)
    return task


async def test_what_nobody_cancels_runs_in_the_task_of_its_caller() -> None:
    work = Work()
    task = await start(work)
    work.answer()
    assert await task == "one two"
    assert work.tasks == [task, task]


async def test_an_error_comes_out_of_the_operation_that_may_handle_it() -> None:
    async def handles(future: asyncio.Future[str]) -> str:
        try:
            return await future
        except LookupError:
            await asyncio.sleep(0)
            raise ValueError("translated") from None

    future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(future.set_exception, LookupError())
    with pytest.raises(ValueError, match="translated"):
        await shielded(handles(future), GRACE)


async def test_a_future_that_somebody_else_cancels_cancels_the_operation() -> None:
    work = Work()
    task = await start(work)
    work.first.cancel("the driver gave up")
    with pytest.raises(asyncio.CancelledError, match="the driver gave up"):
        await task
    assert task.cancelling() == 0


@pytest.mark.parametrize("answered", [0, 1])
async def test_a_cancelled_caller_hears_of_it_when_the_operation_is_over(answered: int) -> None:
    work, outcomes = Work(), list[BaseException | None]()
    task = await start(work, outcomes=outcomes)
    if answered:
        work.first.set_result("one ")
        await asyncio.sleep(0)
    task.cancel("stop")
    for _ in range(5):
        await asyncio.sleep(0)
    assert not task.done()
    assert not work.first.cancelled()
    work.answer()
    with pytest.raises(asyncio.CancelledError, match="stop"):
        await task
    assert outcomes == [None]


async def test_a_cancellation_that_comes_with_the_answer_loses_neither() -> None:
    work, outcomes = Work(), list[BaseException | None]()
    task = await start(work, outcomes=outcomes)
    work.first.set_result("one ")  # the task is about to be woken
    task.cancel()
    work.second.set_result("two")
    with pytest.raises(asyncio.CancelledError):
        await task
    assert outcomes == [None]


async def test_a_task_cancelled_before_its_first_step_still_carries_the_operation_through() -> None:
    work, outcomes = Work(), list[BaseException | None]()

    async def caller() -> None:
        own = asyncio.current_task()
        assert own is not None
        own.cancel()
        try:
            await shielded(work.run(), GRACE)
        except Interrupted as interrupted:
            outcomes.append(interrupted.task.exception())

    asyncio.get_running_loop().call_later(0.01, work.answer)
    await asyncio.create_task(caller())
    assert outcomes == [None]


async def test_what_an_operation_raises_after_the_cancellation_is_in_its_task() -> None:
    work, outcomes = Work(), list[BaseException | None]()
    task = await start(work, outcomes=outcomes)
    task.cancel()
    await asyncio.sleep(0)
    error = LookupError("refused")
    work.first.set_exception(error)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert outcomes == [error]


async def test_cancelling_again_changes_nothing() -> None:
    work, outcomes = Work(), list[BaseException | None]()
    task = await start(work, outcomes=outcomes)
    for _ in range(3):
        task.cancel()
        task.cancel()
        await asyncio.sleep(0)
    work.answer()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert outcomes == [None]


async def test_past_the_grace_the_caller_is_let_go_while_the_operation_goes_on() -> None:
    work, outcomes = Work(), list[BaseException | None]()
    task = await start(work, 0.01, outcomes)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert isinstance(outcomes[0], asyncio.CancelledError)
    assert not work.first.done()
    work.answer()
    await asyncio.sleep(0)


@pytest.mark.parametrize(
    "scope", [lambda: anyio.move_on_after(0.01), lambda: asyncio.timeout(0.01)]
)
async def test_a_deadline_is_told_after_the_operation(scope: Callable[[], Any]) -> None:
    work, outcomes = Work(), list[BaseException | None]()

    async def caller() -> None:
        # after the deadline has been set, so that it comes after that on a busy machine, too
        asyncio.get_running_loop().call_later(0.05, work.answer)
        try:
            await shielded(work.run(), GRACE)
        except Interrupted as interrupted:
            outcomes.append(interrupted.task.exception())
            raise interrupted.cancelled from None

    block = scope()
    if isinstance(block, asyncio.Timeout):
        with pytest.raises(TimeoutError):
            async with block:
                await caller()
    else:
        with block:
            await caller()
        assert block.cancelled_caught
    assert outcomes == [None]
    own = asyncio.current_task()
    assert own is not None
    assert own.cancelling() == 0


async def test_an_operation_that_only_lets_others_run_is_shielded_too() -> None:
    steps = list[int]()

    async def steady() -> str:
        for number in range(5):
            steps.append(number)
            await asyncio.sleep(0)
        return "done"

    async def caller() -> None:
        with pytest.raises(Interrupted) as caught:
            await shielded(steady(), GRACE)
        assert caught.value.task.result() == "done"

    task = asyncio.create_task(caller())
    await asyncio.sleep(0)
    task.cancel()
    await task
    assert steps == [0, 1, 2, 3, 4]
