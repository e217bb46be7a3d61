"""Every line marked with an E must be reported, and no other."""

from __future__ import annotations

from asyncorm import Mapped, Model, Session, generated


class Letter(Model, table="letter"):
    id: Mapped[int] = generated(primary_key=True)
    text: Mapped[str]


async def copy_in(session: Session) -> None:
    await session.copy_in(Letter, [1, 2])  # E numbers are no rows
    await session.copy_in(Letter, [("a",)])  # E tuples need columns
    await session.copy_in(Letter, {"text": "a"})  # E one dict is no list of them
    await session.copy_in("Letter", [{"text": "a"}])  # E a class, not its name
    await session.copy_in(Letter, [{"text": "a"}], on_conflict="replace")  # E update or nothing
    await session.copy_in(Letter, [{"text": "a"}], batch_size="many")  # E a number


async def copy_out(session: Session) -> None:
    await session.copy_out(Letter, format="binary").to("letters")  # E csv or text
    await session.copy_out(Letter).to(5)  # E a path, a file or a function
    async for piece in session.copy_out(Letter):
        text: str = piece  # E bytes
        print(text)
