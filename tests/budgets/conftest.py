"""Budgets hold where BEGIN and COMMIT are sent along with statements, and where nobody listens."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from asyncorm.engine import pipelining
from asyncorm.tracking import listeners


@pytest.fixture(autouse=True)
def sent_along() -> None:
    if not pipelining.enabled:
        pytest.skip("BEGIN and COMMIT are sent alone")


@pytest.fixture(autouse=True, scope="module")
def unheard() -> Iterator[None]:
    """Classes of other tests have listeners for as long as the process runs."""
    gc.collect()  # listeners that go later would be taken off counts that are not there
    gc.freeze()  # counting collects each time: what other tests have made is 0.3 s of every one
    with pytest.MonkeyPatch.context() as monkeypatch:
        for counts in (listeners.HEARD, listeners.HEARD_BY_CLASSES):
            for name in list(counts):
                monkeypatch.delitem(counts, name)
        yield
