"""What the tests of models have in common."""

from __future__ import annotations

from typing import Any

import pytest

from asyncorm import MetaData, Model


@pytest.fixture
def base() -> Any:
    """A base class whose models nobody else sees."""

    class Base(Model):
        metadata = MetaData()

    return Base
