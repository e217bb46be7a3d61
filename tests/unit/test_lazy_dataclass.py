"""Dataclasses whose methods are made with the first instance: the same as the standard ones."""

from __future__ import annotations

import dataclasses
import inspect
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from asyncorm._lazy_dataclass import dataclass


def point() -> type[Any]:
    """A class of its own for each test: it has no instance yet."""

    @dataclass(frozen=True)
    class Point:
        x: int
        y: int = 0
        notes: list[str] = dataclasses.field(default_factory=list, hash=False)

    return Point


@dataclass(frozen=True)
class Shipped:
    """Found by pickle under its name; only the test of pickle may use it."""

    x: int


SHIPPED = (
    b"\x80\x04\x95\x00\x00\x00\x00\x00\x00\x00\x00\x8c"
    + bytes([len(__name__)])
    + __name__.encode()
    + b"\x8c\x07Shipped\x93)\x81}\x8c\x01xK\x05sb."
)


def test_the_methods_are_made_with_the_first_instance() -> None:
    cls = point()
    assert "__eq__" not in cls.__dict__
    cls(1)
    assert "__eq__" in cls.__dict__
    assert "__setstate__" not in cls.__dict__


def test_the_constructor_takes_fields_by_place_and_by_name() -> None:
    cls = point()
    first = cls(1, y=2)
    assert (first.x, first.y, first.notes) == (1, 2, [])
    assert cls(1).notes is not cls(1).notes
    assert str(inspect.signature(cls)).startswith("(x: 'int', y: 'int' = 0, notes:")


@pytest.mark.parametrize("arguments", [(), (1, 2, [], 3)])
def test_wrong_arguments_are_refused_from_the_first_call_on(arguments: tuple[Any, ...]) -> None:
    cls = point()
    for _ in range(2):
        with pytest.raises(TypeError, match=r"__init__\(\)"):
            cls(*arguments)


def test_values_are_equal_hashed_and_shown_by_their_fields() -> None:
    cls = point()
    assert cls(1, 2) == cls(1, 2) != cls(1, 3)
    assert len({cls(1, 2), cls(1, 2)}) == 1
    assert repr(cls(1, 2)).endswith("Point(x=1, y=2, notes=[])")


def test_a_frozen_one_refuses_assignments() -> None:
    first = point()(1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        first.x = 2


def test_a_copy_with_changes() -> None:
    cls = point()
    assert dataclasses.replace(cls(1, 2), y=3) == cls(1, 3)
    assert [each.name for each in dataclasses.fields(cls)] == ["x", "y", "notes"]


def test_a_constructor_of_ones_own_is_kept() -> None:
    @dataclass(frozen=True, init=False)
    class Named:
        names: tuple[str, ...]

        def __init__(self, *names: str) -> None:
            object.__setattr__(self, "names", names)

    assert str(inspect.signature(Named)) == "(*names: 'str') -> 'None'"
    assert Named("a", "b") == Named("a", "b")
    assert repr(Named("a")).endswith("Named(names=('a',))")


@pytest.mark.parametrize("first", ["base", "derived"])
def test_a_dataclass_that_derives_from_one(first: str) -> None:
    base = point()
    derived: Callable[..., Any] = dataclass(frozen=True)(
        type("Deep", (base,), {"__annotations__": {"z": "int"}, "z": 9})
    )
    if first == "base":
        base(1)
    assert derived(1, z=3) == derived(1, 0, [], 3)
    assert derived(1, z=3) != base(1)
    assert derived(1).z == 9


def test_a_plain_class_that_derives_from_one() -> None:
    class Louder(point()):  # type: ignore[misc] # a class that is made by a function
        def __init__(self, x: int) -> None:
            super().__init__(x * 10)

    assert Louder(1).x == 10
    assert Louder(1) == Louder(1)


def test_a_class_whose_first_instance_comes_out_of_a_pickle() -> None:
    first = pickle.loads(SHIPPED)
    assert first == Shipped(5)
    assert pickle.loads(pickle.dumps(first)) == first
    assert len({first, Shipped(5)}) == 1


def test_threads_that_make_the_first_instance_at_once() -> None:
    for _ in range(50):
        cls, barrier = point(), Barrier(4)

        def construct(number: int, cls: Any = cls, barrier: Barrier = barrier) -> Any:
            barrier.wait()
            return cls(number)

        with ThreadPoolExecutor(4) as pool:
            assert [made.x for made in pool.map(construct, range(4))] == [0, 1, 2, 3]
