from __future__ import annotations

from typing import Any

import pytest

from asyncorm import ConfigurationError, create_engine
from asyncorm.engine.repeat_limit import RepeatLimit


def test_nothing_is_limited_by_default() -> None:
    assert create_engine("postgresql://localhost/app").repeat_limit == RepeatLimit("off", 10)


def test_the_options_of_an_engine_are_kept() -> None:
    engine = create_engine("postgresql://localhost/app", n_plus_one="warn", n_plus_one_limit=3)
    assert engine.repeat_limit == RepeatLimit("warn", 3)


def test_what_is_given_wins_and_the_rest_stays() -> None:
    assert RepeatLimit("warn", 3).changed("raise", None) == RepeatLimit("raise", 3)
    assert RepeatLimit("warn", 3).changed(None, 7) == RepeatLimit("warn", 7)
    assert RepeatLimit("warn", 3).changed(None, None) == RepeatLimit("warn", 3)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"n_plus_one": "loud"}, r"n_plus_one='loud' is unknown\nhint: use one of 'warn', 'raise'"),
        ({"n_plus_one_limit": 0}, "n_plus_one_limit is not above 0"),
        ({"n_plus_one_limit": 1.5}, "n_plus_one_limit is not above 0"),
        ({"n_plus_one_limit": True}, "n_plus_one_limit is not above 0"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: Any, text: str) -> None:
    with pytest.raises(ConfigurationError, match=text):
        create_engine("postgresql://localhost/app", **options)
