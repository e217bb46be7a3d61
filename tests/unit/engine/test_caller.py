from __future__ import annotations

from weakref import finalize

from asyncorm.engine import caller
from asyncorm.engine.caller import caller_line, is_own
from tests.support.lines import marked


def test_the_line_that_calls_is_found() -> None:
    assert caller_line() == f"{__file__}:{marked(__file__, 'calls')}"  # calls


def test_the_standard_library_is_passed_over() -> None:
    call_from_there = finalize(caller_line, caller_line)
    line = call_from_there()  # through it
    assert line == f"{__file__}:{marked(__file__, 'through it')}"


def test_files_of_the_library_are_its_own() -> None:
    assert is_own(caller.__file__)
    assert not is_own(__file__)
    assert not is_own(caller.__file__.replace("asyncorm", "asyncorm_user", 1))
