"""Rows for a test to begin with."""

from __future__ import annotations

from asyncorm import Model, SessionFactory


async def store(Session: SessionFactory, *instances: Model) -> None:
    """Commit objects, and what they refer to, in a session of their own."""
    async with Session.begin() as session:
        session.add_all(instances)
