"""Bit strings as values."""

from __future__ import annotations

import copy
import pickle

import pytest
from pydantic import TypeAdapter, ValidationError

from asyncorm import BitString


def test_operators() -> None:
    one, other = BitString("0101"), BitString("0011")
    assert one & other == BitString("0001")
    assert one | other == BitString("0111")
    assert one ^ other == BitString("0110")
    assert ~one == BitString("1010")
    assert one << 1 == BitString("1010")
    assert one >> 1 == BitString("0010")
    assert int(one) == 5
    assert len(one) == 4
    assert list(one) == [0, 1, 0, 1]
    assert one[1] == 1


def test_length_belongs_to_the_value() -> None:
    assert BitString("01") != BitString("1")
    assert BitString("01") != "01"
    assert len({BitString("01"), BitString("01"), BitString("1")}) == 2
    with pytest.raises(ValueError, match="different lengths"):
        BitString("01") & BitString("1")


def test_of_numbers() -> None:
    assert BitString.from_int(5, 4) == BitString("0101")
    assert BitString.from_int(-1, 4) == BitString("1111")
    assert BitString.from_int(0, 0) == BitString()
    for number, length in ((16, 4), (-9, 4), (1, 0), (1, -1)):
        with pytest.raises(ValueError, match="does not fit"):
            BitString.from_int(number, length)


def test_it_never_changes() -> None:
    value = BitString("01")
    with pytest.raises(AttributeError, match="never changes"):
        value._text = "1"
    with pytest.raises(AttributeError, match="never changes"):
        del value._text
    with pytest.raises(ValueError, match="0 and 1"):
        BitString("012")


@pytest.mark.parametrize("text", ["", "0", "00101"])
def test_copies_and_json(text: str) -> None:
    value = BitString(text)
    for copied in (copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
        assert copied == value
        assert hash(copied) == hash(value)
    adapter = TypeAdapter(BitString)
    assert adapter.validate_json(adapter.dump_json(value)) == value
    assert adapter.validate_python(text) == value
    assert adapter.json_schema()["type"] == "string"
    with pytest.raises(ValidationError):
        adapter.validate_python("2")
