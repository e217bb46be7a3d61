"""Values that a compiled statement has beside those of who sends it."""

from __future__ import annotations

import pytest

from asyncorm import select
from asyncorm.compiler.compiler import compile_statement
from asyncorm.sql.expressions import Parameter
from asyncorm.types.scalars import TEXT
from tests.support.publishing import User

MINE: Parameter[str] = Parameter("mine", TEXT)


def test_values_of_the_statement_are_bound_each_time_and_constants_stay() -> None:
    written = select(User).where(User.id == 1)
    compiled = compile_statement(written.where(User.email == MINE), written, (MINE,))
    assert compiled.arguments(written) == [1, "mine"]
    assert compiled.arguments(select(User).where(User.id == 2)) == [2, "mine"]


def test_any_other_value_is_refused() -> None:
    written = select(User).where(User.id == 1)
    with pytest.raises(KeyError):
        compile_statement(written.where(User.email == "theirs"), written, (MINE,))
