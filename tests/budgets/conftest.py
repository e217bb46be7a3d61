"""Budgets hold where BEGIN and COMMIT are sent along with statements."""

from __future__ import annotations

import pytest

from asyncorm.engine import pipelining


@pytest.fixture(autouse=True)
def sent_along() -> None:
    if not pipelining.enabled:
        pytest.skip("BEGIN and COMMIT are sent alone")
