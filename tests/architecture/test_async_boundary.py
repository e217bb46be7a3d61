"""What is pure stays pure: `async def` only where something may wait for the network."""

from __future__ import annotations

import ast

from tests.architecture.sources import library

MAY_WAIT = (
    "engine/",
    "session/",
    "loading/pipeline.py",
    "loading/on_demand.py",
    "flush/connection.py",
    "flush/pipeline.py",
    "flush/executor.py",
    "flush/hooks.py",
    "flush/diagnosis.py",
    "flush/link_executor.py",
    "flush/search.py",
)


def test_coroutines_are_only_where_the_network_is() -> None:
    elsewhere = [
        f"{source.path}:{function.lineno} {function.name}"
        for source in library()
        if not source.path.startswith(MAY_WAIT)
        for function in source.functions()
        if isinstance(function, ast.AsyncFunctionDef)
    ]
    assert elsewhere == []


def test_every_place_that_may_wait_exists() -> None:
    paths = [source.path for source in library()]
    stale = [place for place in MAY_WAIT if not any(path.startswith(place) for path in paths)]
    assert stale == []
