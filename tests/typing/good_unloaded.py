"""Deferred columns are typed like others: every line passes all type checkers."""

from __future__ import annotations

from typing import assert_type

from asyncorm import JSONB, Column, Mapped, Model, NullColumn, column, inspect


class Article(Model, table="article"):
    id: Mapped[int] = column(primary_key=True, init=False)
    title: Mapped[str]
    body: Mapped[str] = column(deferred=True)
    notes: Mapped[str | None] = column(default=None, deferred=True, deferred_group="texts")
    tags: Mapped[list[str]] = column(default_factory=list, deferred=True)
    document: Mapped[dict[str, int]] = column(JSONB, deferred=True, deferred_group="texts")
    made: Mapped[str] = column(init=False, server_default="x", deferred=True)


def use(article: Article) -> None:
    assert_type(Article.body, Column[str])
    assert_type(Article.notes, NullColumn[str])
    assert_type(article.body, str)
    assert_type(article.notes, str | None)
    assert_type(article.model_dump_json(exclude={"body"}), str)
    assert_type(inspect(article).unloaded, frozenset[str])
    Article(title="t", body="b", document={})
    Article(title="t", body="b", notes="n", tags=["a"], document={"a": 1})
