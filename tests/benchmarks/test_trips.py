"""Counting round trips from the bytes of a connection."""

from __future__ import annotations

import struct

from benchmarks.trips import Frames, Trips


def message(kind: str, body: bytes = b"") -> bytes:
    return kind.encode() + struct.pack("!I", len(body) + 4) + body


def messages(kinds: str) -> bytes:
    return b"".join(message(kind, b"body") for kind in kinds)


def trips(*turns: str) -> Trips:
    """Counts of a connection where client and server speak in turn, after the opening."""
    found = Trips()
    found.server_sends(messages("RKZ"))
    for number, kinds in enumerate(turns):
        (found.server_sends if number % 2 else found.client_sends)(messages(kinds))
    return found


def counts(*turns: str) -> tuple[int, int]:
    found = trips(*turns)
    return found.round_trips, found.statements


def test_a_query_is_a_round_trip() -> None:
    assert counts("Q", "TDCZ", "Q", "CZ") == (2, 2)


def test_the_opening_is_none() -> None:
    assert counts() == (0, 0)


def test_a_prepared_statement_is_one_and_its_preparation_another() -> None:
    assert counts("PDH", "1tT", "BES", "2DCZ", "BES", "2DCZ") == (3, 2)
    assert counts("PDS", "1tnZ", "BES", "2CZ") == (2, 1)


def test_what_is_sent_ahead_counts_once() -> None:
    assert counts("QBESQ", "CZ2DCZCZ") == (1, 3)


def test_what_follows_before_all_is_answered_is_part_of_the_same_trip() -> None:
    assert counts("BESBES", "2CZ", "BES", "2CZ2CZ") == (1, 3)


def test_rows_that_are_sent_while_answers_arrive_are_one_trip() -> None:
    # executemany: the client flushes what it has, and goes on before the answers
    assert counts("BEBEH", "2C2C", "BEBES", "2C2CZ") == (1, 4)


def test_a_row_limit_ends_a_statement_too() -> None:
    assert counts("BES", "2DsZ") == (1, 1)


def test_copy_waits_for_the_server_to_be_ready() -> None:
    assert counts("Q", "G", "ddc", "CZ") == (2, 1)


def test_a_goodbye_is_none() -> None:
    assert counts("Q", "CZ", "X") == (1, 1)


def test_messages_are_found_wherever_chunks_end() -> None:
    data = messages("BES") + message("d", b"x" * 300)
    for size in (1, 3, 7, len(data)):
        frames = Frames()
        found = [
            kind for at in range(0, len(data), size) for kind in frames.kinds(data[at : at + size])
        ]
        assert found == [b"B", b"E", b"S", b"d"]
