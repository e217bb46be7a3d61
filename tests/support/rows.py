"""What is really in the database, seen from another connection."""

from __future__ import annotations

from typing import Any

from asyncorm.engine.engine import Engine


async def rows(engine: Engine, sql: str, *arguments: Any) -> list[tuple[Any, ...]]:
    """The committed rows of a query."""
    async with engine.connect() as connection:
        return [tuple(record) for record in await connection.fetch(sql, arguments)]


async def run(engine: Engine, *commands: str) -> None:
    """Run commands as somebody else would."""
    async with engine.connect() as connection:
        for command in commands:
            await connection.command(command)
