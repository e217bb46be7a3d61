"""The main job, as ``make demo`` runs it, on the database of the tests."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from examples.atlas.__main__ import run


@pytest.mark.timeout(120)
async def test_the_main_job_loads_verifies_and_tours(database_url: str) -> None:
    output = StringIO()
    assert await run(database_url, Console(file=output, width=120))
    text = output.getvalue()
    assert text.count("same") >= 7
    assert "DIFFERENT" not in text
    assert "A unique violation names its object" in text
