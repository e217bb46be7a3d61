"""``python -m examples.atlas``: load real data, check that all of it arrived, and look around."""

from __future__ import annotations

import asyncio
import os
import sys
from time import perf_counter

from rich.console import Console

from asyncorm import ConfigurationError, ConnectionLost, create_engine, sessionmaker
from examples.atlas.load import load
from examples.atlas.models import MODELS
from examples.atlas.sources import read_source
from examples.atlas.tour import tour
from examples.atlas.verify import compare, show


async def run(database_url: str, console: Console) -> bool:
    """The whole job; returns whether the database holds what the source says."""
    started = perf_counter()
    source = read_source()
    console.rule("[bold]atlas: countries, languages, time zones and airports")
    console.print(f"{source.size:,} rows read in {perf_counter() - started:.1f} s")
    for note in source.notes:
        console.print(f"  [dim]{note}[/]")

    async with create_engine(database_url) as engine:
        console.print(f"\ndatabase: {engine.url}")
        await engine.drop_all(*MODELS)
        await engine.create_all(*MODELS)
        sessions = sessionmaker(engine)

        started = perf_counter()
        async with sessions.begin() as session:
            await load(session, source, console)
        seconds = perf_counter() - started
        rate = source.size / seconds
        console.print(f"{source.size:,} rows in {seconds:.1f} s: {rate:,.0f} rows/s\n")

        async with sessions() as session:
            complete = show(await compare(session, source), console)
        await tour(sessions, console)
    return complete


def main() -> int:
    """Run on DATABASE_URL, or on a PostgreSQL of our own in ``.pgdata``."""
    console = Console(highlight=False)
    started = perf_counter()
    database_url = os.environ.get("DATABASE_URL") or "embedded:///./.pgdata"
    try:
        complete = asyncio.run(run(database_url, console))
    except (ConfigurationError, ConnectionLost) as error:
        console.print(f"[bold red]{type(error).__name__}[/]", str(error))
        return 1
    console.print()
    console.rule(f"done in {perf_counter() - started:.1f} s", style="green" if complete else "red")
    return 0 if complete else 1


if __name__ == "__main__":
    sys.exit(main())
