from __future__ import annotations

from typing import Any

import pytest

from asyncorm import ArgumentError
from asyncorm.engine.query_watch import WATCHES, note_statement
from asyncorm.testing import assert_queries
from tests.support.lines import marked


@pytest.mark.parametrize(("given", "named"), [((), {}), ((1,), {"at_most": 2})])
def test_assert_queries_takes_one_number(given: Any, named: Any) -> None:
    with pytest.raises(ArgumentError, match="takes one number"):
        assert_queries(*given, **named)


def test_a_statement_is_noted_with_the_line_it_was_sent_from() -> None:
    with assert_queries(1) as statements:
        note_statement("SELECT 1")  # here
    assert statements == ["SELECT 1"]
    assert statements[0].line == f"{__file__}:{marked(__file__, 'here')}"


@pytest.mark.parametrize(
    "control",
    ["BEGIN", "begin isolation level serializable", "ROLLBACK TO SAVEPOINT a", "COMMIT;", "END"],
)
def test_transaction_control_is_noted_on_request(control: str) -> None:
    with assert_queries(0):
        note_statement(control)
    with assert_queries(1, transaction_control=True):
        note_statement(control)


def test_what_only_begins_like_transaction_control_is_noted() -> None:
    with assert_queries(1):
        note_statement("ENDLESS")


def test_a_long_statement_is_listed_in_one_line() -> None:
    with pytest.raises(AssertionError, match=r"\n  1\. select a from b\n     from "):
        with assert_queries(0):
            note_statement("select a\n  from b")


def test_nobody_watches_afterwards() -> None:
    with assert_queries(0):
        assert len(WATCHES) == 1
    assert len(WATCHES) == 0
