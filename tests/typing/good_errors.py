"""Errors are typed: what they carry can be read without a cast."""

from __future__ import annotations

from typing import assert_type

from asyncorm.errors import AsyncORMError, DatabaseError, UniqueViolation


def tell(error: UniqueViolation) -> None:
    assert_type(error.message, str)
    assert_type(error.hint, str | None)
    assert_type(error.sqlstate, str | None)
    parent: DatabaseError = error
    root: AsyncORMError = parent
    print(root)
