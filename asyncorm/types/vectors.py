"""Types of the extension pgvector: vectors of numbers, whole, of half precision and sparse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from asyncorm.errors import ConfigurationError
from asyncorm.types.carried import Carried

_MOST = {"vector": 16_000, "halfvec": 16_000, "sparsevec": 1_000_000_000}


class _Sized(Carried[Any]):
    """What the types have in common: a number of dimensions, which a column may leave open."""

    extension = "vector"
    mutable = True

    def __init__(self, name: str, dimensions: int | None) -> None:
        super().__init__(name)
        self.dimensions = dimensions
        if dimensions is not None:
            if type(dimensions) is not int or not 1 <= dimensions <= _MOST[name]:
                raise ConfigurationError(
                    f"the dimensions of {name} are {dimensions!r}",
                    hint=f"give a whole number from 1 to {_MOST[name]}",
                )
            self.ddl = f"{name}({dimensions})"
        self.encode = self.encode_bulk = self.as_text

    def _number(self, value: Any, item: Any) -> str:
        # a bool is an int to Python; a number of another library knows float()
        if isinstance(item, (bool, str, bytes)):
            raise self.unfit(value, "expected numbers")
        try:
            return repr(float(item))
        except (TypeError, ValueError):
            raise self.unfit(value, "expected numbers") from None


class Vector(_Sized):
    """vector: a list of floats; arrays of numeric libraries are taken, too."""

    python_type = list

    def __init__(self, dimensions: int | None = None, *, name: str = "vector") -> None:
        super().__init__(name, dimensions)
        self.decode = read_vector
        self.snapshot = self.as_text
        self.thaw = read_vector

    def check(self, value: Any) -> Any:
        """The value as a sequence, if it has the right number of dimensions; else DataError."""
        listed = value.tolist() if hasattr(value, "tolist") else value
        if not isinstance(listed, Sequence) or isinstance(listed, (str, bytes)):
            raise self.unfit(value, "expected a list of float")
        if self.dimensions is not None and len(listed) != self.dimensions:
            raise self.unfit(value, f"it has {len(listed)} dimensions")
        return listed

    def as_text(self, value: Any) -> str:
        """The numbers as pgvector writes them, ``[1.0,2.5]``."""
        return "[" + ",".join(self._number(value, item) for item in self.check(value)) + "]"


class HalfVector(Vector):
    """halfvec: a list of floats of half precision."""

    def __init__(self, dimensions: int | None = None) -> None:
        super().__init__(dimensions, name="halfvec")


class SparseVector(_Sized):
    """sparsevec: a dict of the numbers that are not 0 by their place, which counts from 1."""

    python_type = dict

    def __init__(self, dimensions: int) -> None:
        super().__init__("sparsevec", dimensions)
        self.decode = read_sparse_vector
        self.snapshot = self.as_text
        self.thaw = read_sparse_vector

    def check(self, value: Any) -> Any:
        """The value, if it is a dict with places of the vector; DataError otherwise."""
        if not isinstance(value, Mapping):
            raise self.unfit(value, "expected a dict of int to float")
        last = self.dimensions or 0
        if not all(type(place) is int and 1 <= place <= last for place in value):
            raise self.unfit(value, f"expected places from 1 to {last}")
        return value

    def as_text(self, value: Any) -> str:
        """The numbers as pgvector writes them, ``{1:1.5,3:2.0}/5``."""
        items = sorted(self.check(value).items())
        numbers = ",".join(f"{place}:{self._number(value, item)}" for place, item in items)
        return f"{{{numbers}}}/{self.dimensions}"


def read_vector(text: str) -> list[float]:
    """The numbers of a vector's text."""
    inner = text.strip("[]")
    return [float(number) for number in inner.split(",")] if inner else []


def read_sparse_vector(text: str) -> dict[int, float]:
    """The numbers of a sparse vector's text, by place."""
    inner = text.partition("/")[0].strip("{}")
    pairs = [pair.split(":") for pair in inner.split(",")] if inner else []
    return {int(place): float(number) for place, number in pairs}
