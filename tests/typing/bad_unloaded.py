"""Deferred columns: every line marked E is refused by all type checkers."""

from __future__ import annotations

from asyncorm import Mapped, Model, column
from tests.typing.good_unloaded import Article


class Bad(Model, table="bad"):
    id: Mapped[int] = column(primary_key=True, init=False)
    one: Mapped[str] = column(deferred="texts")  # E
    two: Mapped[str] = column(deferred=True, deferred_group=1)  # E
    three: Mapped[str] = column(default=3, deferred=True)  # E


Article(title="t", document={})  # E !pyrefly
Article(title="t", body=1, document={})  # E
