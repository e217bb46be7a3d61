"""Options of the benchmark that make no sense are refused, with what would."""

from __future__ import annotations

import pytest

from benchmarks.options import read_options
from benchmarks.server import own_database


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--rounds", "0"], "at least one"),
        (["--rounds", "-1"], "at least one"),
        (["--delay", "-1"], "from 0 to 1000"),
        (["--delay", "nan"], "from 0 to 1000"),
        (["--libraries", "foo"], "asyncorm"),
        (["--workloads", "gett"], "get-32"),
    ],
)
def test_what_makes_no_sense_is_refused(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        read_options(arguments)
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("url", ["postgresql://nobody@127.0.0.1:1/x", "localhost"])
async def test_a_server_that_is_not_there_is_told_of_in_a_sentence(url: str) -> None:
    with pytest.raises(SystemExit, match="the server of DATABASE_URL can't be used"):
        async with own_database(url):
            pass
