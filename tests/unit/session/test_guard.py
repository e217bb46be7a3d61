from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from asyncorm.errors import ConcurrentSessionUseError, InvalidRequestError
from asyncorm.session.guard import TaskGuard


class Transaction:
    """What a guard needs of one."""

    def __init__(self) -> None:
        self.connected = False
        self.hook: str | None = None
        self.failures: list[BaseException] = []

    def note_failure(self, error: BaseException) -> None:
        self.failures.append(error)


@pytest.fixture
def transaction() -> Transaction:
    return Transaction()


@pytest.fixture
def guard(transaction: Transaction) -> TaskGuard:
    return TaskGuard(transaction)


def run(coroutine: Coroutine[Any, Any, Any]) -> None:
    """On a loop of its own: nothing here waits for anything outside."""
    asyncio.run(coroutine)


async def hold(guard: TaskGuard, operation: str) -> None:
    with guard(operation):
        await asyncio.sleep(0.01)


def test_operations_one_after_the_other_pass_in_any_task(guard: TaskGuard) -> None:
    async def main() -> None:
        for name in ("get", "flush"):
            with guard(name):
                assert guard.operation == name
            assert guard.operation is None
        await asyncio.create_task(hold(guard, "commit"))
        guard.check("add")

    run(main())


def test_an_overlap_names_both_tasks_and_both_operations(
    guard: TaskGuard, transaction: Transaction
) -> None:
    async def main() -> None:
        first = asyncio.create_task(hold(guard, "execute"), name="one")
        await asyncio.sleep(0)
        for refused in (lambda: guard("get"), lambda: guard.check("add")):
            with pytest.raises(ConcurrentSessionUseError) as caught:
                refused()
            for part in ("'one'", "'two'", "session.execute()"):
                assert part in str(caught.value)
        assert guard.operation == "execute"
        await first
        assert guard.operation is None

    async def named() -> None:
        await asyncio.create_task(main(), name="two")

    run(named())
    assert transaction.failures == []  # the operation that was under way has not failed


def test_calling_the_session_from_inside_itself_is_another_mistake(guard: TaskGuard) -> None:
    async def main() -> None:
        with guard("flush"):
            with pytest.raises(InvalidRequestError, match=r"from inside session\.flush") as caught:
                guard("flush")
            assert not isinstance(caught.value, ConcurrentSessionUseError)

    run(main())


def test_an_error_ends_the_operation_and_is_told(
    guard: TaskGuard, transaction: Transaction
) -> None:
    error = ZeroDivisionError()

    async def main() -> None:
        with pytest.raises(ZeroDivisionError), guard("get"):
            raise error
        guard.check("get")

    run(main())
    assert transaction.failures == [error]


def test_after_closing_everything_is_refused(guard: TaskGuard) -> None:
    guard.closed = True
    with pytest.raises(InvalidRequestError, match=r"session\.add\(\) was called after close\(\)"):
        guard.check("add")


def test_a_connection_ties_the_session_to_its_event_loop(
    guard: TaskGuard, transaction: Transaction
) -> None:
    run(hold(guard, "get"))
    run(hold(guard, "get"))  # nothing is held: it may move on
    transaction.connected = True
    with pytest.raises(InvalidRequestError, match="second event loop"):
        run(hold(guard, "get"))


def test_what_is_no_task_can_be_refused_too(guard: TaskGuard) -> None:
    guard.operation = "flush"
    with pytest.raises(ConcurrentSessionUseError, match=r"task \(none\)"):
        guard.check("add")
