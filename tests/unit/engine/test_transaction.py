from __future__ import annotations

import pytest

from asyncorm.engine.text_connection import affected_rows
from asyncorm.engine.transaction import begin_text
from asyncorm.errors import ConfigurationError


@pytest.mark.parametrize(
    ("modes", "text"),
    [
        ((), "BEGIN"),
        (("SERIALIZABLE",), "BEGIN ISOLATION LEVEL SERIALIZABLE"),
        (("repeatable_read",), "BEGIN ISOLATION LEVEL REPEATABLE READ"),
        ((None, True), "BEGIN READ ONLY"),
        ((None, False, False), "BEGIN READ WRITE NOT DEFERRABLE"),
        (
            ("serializable", True, True),
            "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE",
        ),
    ],
)
def test_begin_has_the_modes_asked_for(modes: tuple[object, ...], text: str) -> None:
    assert begin_text(*modes) == text  # type: ignore[arg-type]


def test_an_unknown_isolation_level_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="'; DROP TABLE x") as caught:
        begin_text("'; DROP TABLE x")
    assert "SERIALIZABLE" in str(caught.value)


@pytest.mark.parametrize(
    ("tag", "rows"),
    [("INSERT 0 3", 3), ("UPDATE 12", 12), ("DELETE 0", 0), ("COPY 5", 5), ("BEGIN", 0), ("", 0)],
)
def test_the_command_tag_tells_the_affected_rows(tag: str, rows: int) -> None:
    assert affected_rows(tag) == rows
