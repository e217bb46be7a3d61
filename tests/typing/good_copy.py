"""Copying rows: everything in here must please all type checkers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from typing_extensions import assert_type

from asyncorm import Connection, CopyOut, CopyResult, Mapped, Model, Session, generated, select


class Letter(Model, table="letter"):
    id: Mapped[int] = generated(primary_key=True)
    text: Mapped[str]


class LetterIn(BaseModel):
    text: str


@dataclass
class LetterData:
    text: str


def generate() -> Iterator[dict[str, str]]:
    yield {"text": "a"}


async def read() -> AsyncIterator[tuple[int, str]]:
    yield 1, "a"


async def progress(count: int) -> None:
    print(count)


async def copy_in(session: Session, connection: Connection) -> None:
    result = await session.copy_in(Letter, [{"text": "a"}])
    assert_type(result, CopyResult)
    assert_type(result.inserted, int)
    await session.copy_in(Letter, [Letter(text="a")])
    await session.copy_in(Letter, [LetterIn(text="a")], validate=True)
    await session.copy_in(Letter, [LetterData("a")], progress=print)
    await session.copy_in(Letter, generate(), batch_size=10, progress=progress)
    await session.copy_in(Letter, read(), columns=[Letter.id, "text"])
    await session.copy_in(Letter, [("a",)], columns=["text"], on_conflict="nothing")
    await session.copy_in(
        Letter,
        generate(),
        on_conflict="update",
        index_elements=[Letter.id],
        set_=["text"],
        where=Letter.text != "b",
    )
    await session.copy_in(
        Letter,
        generate(),
        on_conflict="nothing",
        index_elements=["text"],
        index_where=Letter.id > 5,
    )
    await session.copy_in(Letter, generate(), on_conflict="update", constraint="letter_text")
    assert_type(await connection.copy_in(Letter, generate()), CopyResult)


async def copy_out(session: Session, connection: Connection) -> None:
    async with session.copy_out(Letter, header=True) as pieces:
        assert_type(pieces, CopyOut)
        async for piece in pieces:
            assert_type(piece, bytes)
    async for piece in connection.copy_out(Letter):
        assert_type(piece, bytes)
    found: list[Any] = []
    assert_type(await session.copy_out(select(Letter.text)).to(Path("letters.csv")), int)
    await connection.copy_out(Letter, format="text").to(found.append)
