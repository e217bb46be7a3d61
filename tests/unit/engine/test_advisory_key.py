"""Names of locks mean the same in every process, and after every update."""

from __future__ import annotations

from asyncorm.engine.signals.advisory_key import key_arguments


def test_the_numbers_of_names_never_change() -> None:
    assert key_arguments("nightly-report") == (-9216380091565040003,)
    assert key_arguments("ä") == (-1131041350483206087,)


def test_numbers_are_taken_as_they_are() -> None:
    assert key_arguments(-5) == (-5,)
    assert key_arguments((1, 2)) == (1, 2)
