from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest

from asyncorm import NPlusOneError, NPlusOneWarning, Session, create_engine, sessionmaker
from asyncorm.session.guard import TaskGuard
from asyncorm.session.repeats import RepeatGuard
from tests.support.lines import marked

URL = "postgresql://localhost/app"
plain = create_engine(URL)
warning = create_engine(URL, n_plus_one="warn", n_plus_one_limit=2)


@pytest.mark.parametrize(
    "session",
    [Session(plain), Session(plain, n_plus_one_limit=3), Session(warning, n_plus_one="off")],
)
def test_a_session_that_does_not_count_has_a_guard_that_does_not(session: Session) -> None:
    assert type(session._guard) is TaskGuard
    assert session._core.context is session._core.own_context
    assert session._core.count_statement is None


@pytest.mark.parametrize(
    "session",
    [
        Session(warning),
        Session(plain, n_plus_one="raise"),
        sessionmaker(plain, n_plus_one="warn")(),
        sessionmaker(plain)(n_plus_one="warn"),
    ],
)
def test_a_session_that_counts_has_a_guard_that_does(session: Session) -> None:
    assert type(session._guard) is RepeatGuard


def counting(**options: Any) -> RepeatGuard:
    guard = Session(plain, n_plus_one_limit=2, **options)._guard
    assert isinstance(guard, RepeatGuard)
    return guard


def send(guard: RepeatGuard, sql: str, times: int) -> None:
    for _ in range(times):
        guard._call += 1
        guard.count(sql)  # sent


def test_each_statement_is_counted_by_itself() -> None:
    guard = counting(n_plus_one="raise")
    for sql in ("SELECT 1", "SELECT 2", "SELECT 3"):
        send(guard, sql, 2)
    with pytest.raises(NPlusOneError, match=r"one statement 3 times .*: SELECT 2\n"):
        send(guard, "SELECT 2", 1)


def test_a_statement_of_several_lines_is_told_in_one() -> None:
    with pytest.raises(NPlusOneError, match=r": select a from b\nhint"):
        send(counting(n_plus_one="raise"), "select a\n  from b", 3)


def test_the_line_is_that_of_the_caller() -> None:
    with pytest.warns(NPlusOneWarning) as caught:
        send(counting(n_plus_one="warn"), "SELECT 1", 6)
    assert [(one.filename, one.lineno) for one in caught] == [(__file__, marked(__file__, "sent"))]


def test_a_session_that_counts_is_let_go_like_any_other() -> None:
    """Without a circle of references, so that a dropped session is noticed at once."""
    session = Session(plain, n_plus_one="warn")
    reference = weakref.ref(session)
    gc.disable()
    try:
        del session
        assert reference() is None
    finally:
        gc.enable()
