"""Loader options that can't mean anything are refused, each with the way out."""

from __future__ import annotations

from typing import Any

import pytest

from asyncorm import (
    AsyncORMError,
    ProgrammingError,
    SessionFactory,
    UnknownAttributeError,
    load_only,
    select,
    selectinload,
    with_loader_criteria,
)
from tests.support.bookshop import Author, Book, Bookshop

WRONG: dict[str, tuple[Any, str]] = {
    "columns of another entity": (
        lambda: selectinload(Author.books).load_only(Author.name),
        "author.name is no column of Book",
    ),
    "a column of a name that it has as well": (
        lambda: selectinload(Author.books).load_only(Author.id),
        "author.id is no column of Book",
    ),
    "columns of another entity, in options": (
        lambda: selectinload(Author.books).options(load_only(Author.name)),
        "author.name is no column of Book",
    ),
    "a condition that fails": (
        lambda: with_loader_criteria(Author, lambda cls: cls.shoe_size > 40),  # type: ignore[attr-defined]
        "Author has no column or relationship 'shoe_size'",
    ),
    "criteria for nothing": (
        lambda: with_loader_criteria(complex, lambda cls: cls.real == 1),
        "criteria for complex hold for no mapped class",
    ),
    "one condition for many": (
        lambda: with_loader_criteria(Bookshop, Author.id == 1),
        "the condition for Bookshop, which is not mapped, names columns of one class",
    ),
}


@pytest.mark.parametrize("case", WRONG)
async def test_options(Session: SessionFactory, case: str) -> None:
    make, message = WRONG[case]
    async with Session() as session:
        with pytest.raises((AsyncORMError, UnknownAttributeError), match=message) as caught:
            await session.all(select(Author).options(make()))
        assert "\nhint: " in str(caught.value)


async def test_criteria_about_another_table(Session: SessionFactory) -> None:
    about_books = with_loader_criteria(Author, Book.id == 1)
    async with Session() as session:
        with pytest.raises(ProgrammingError, match="hint: join what the condition is about"):
            await session.all(select(Author).options(about_books))
