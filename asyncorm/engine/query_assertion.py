"""QueryAssertion: a block that fails if another number of statements was sent inside it."""

from __future__ import annotations

from types import TracebackType

from asyncorm.engine.query_watch import QueryWatch, SentStatement


class QueryAssertion:
    """``with assert_queries(3) as statements:``; ``async with`` does the same."""

    def __init__(
        self, exactly: int | None, at_most: int | None, *, transaction_control: bool
    ) -> None:
        self._exactly = exactly
        self._at_most = at_most
        self._control = transaction_control
        self._open: list[QueryWatch] = []

    def __enter__(self) -> list[SentStatement]:
        watch = QueryWatch(transaction_control=self._control)
        self._open.append(watch)
        watch.open()
        return watch.statements

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        __tracebackhide__ = True  # pytest shows the block instead
        watch = self._open.pop()
        watch.close()
        if error is None and not self._holds(len(watch.statements)):
            raise AssertionError(self._complaint(watch.statements))

    async def __aenter__(self) -> list[SentStatement]:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        __tracebackhide__ = True
        self.__exit__(kind, error, trace)

    def _holds(self, count: int) -> bool:
        return count == self._exactly if self._at_most is None else count <= self._at_most

    def _complaint(self, statements: list[SentStatement]) -> str:
        expected = f"{self._exactly}" if self._at_most is None else f"at most {self._at_most}"
        lines = [f"statements expected: {expected}, sent: {len(statements)}"]
        for number, statement in enumerate(statements, 1):
            lines.append(f"{number:>3}. {' '.join(statement.split())}")
            lines.append(f"     from {statement.line}")
        return "\n".join(lines)
