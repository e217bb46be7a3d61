"""Arrays of the other types, of one dimension or more."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from asyncorm.errors import ConfigurationError
from asyncorm.types.base import Converter, SQLType
from asyncorm.types.quoting import quoted

Container = Callable[[Iterable[Any]], Any]
#: what PostgreSQL has room for
_MOST_DIMENSIONS = 6


class Array(SQLType[Any]):
    """An array: ``text[]`` and so on; ``container`` is what values are read into.

    ``Array(Integer, dimensions=2)`` has lists of lists, which must be equally long. In a many-row
    statement each value travels as the text of an array, because unnest() would flatten an array
    of arrays.
    """

    mutable = True
    bulk_type = "text"
    contains_operator = "@>"
    contained_by_operator = "<@"
    overlaps_operator = "&&"

    def __init__(
        self,
        item: SQLType[Any] | type[SQLType[Any]],
        *,
        dimensions: int = 1,
        container: Container = list,
    ) -> None:
        """Raise ConfigurationError for elements that are arrays, and for unknown dimensions."""
        if isinstance(item, type):
            item = item()
        _check(item, dimensions, container)
        super().__init__()
        self.item = item
        self.dimensions = dimensions
        self.parts = (item,)
        self.container = container
        self.python_type = container if isinstance(container, type) else list
        self.ddl = item.ddl + "[]" * dimensions
        self.cast_type = f"{item.element_type or item.cast_type}[]"
        self.parameter_type = f"{item.parameter_type}[]"
        self.copyable = item.copyable and item.encode is None
        self.comparable = item.comparable
        self.beyond_python = item.beyond_python
        self.encode = None if item.encode is None else _each(item.encode, list, dimensions)
        if dimensions > 1:
            encode = self.encode
            self.encode = lambda value: (
                self._even(value) if encode is None else encode(self._even(value))
            )
        self.encode_bulk = self.as_text
        self.select_type = None if item.select_type is None else f"{item.select_type}[]"
        self.decode = _decoder(item.decode, container, dimensions)
        frozen = frozenset if self.python_type in (set, frozenset) else tuple
        is_plain = item.snapshot is None and dimensions == 1
        self.snapshot = frozen if is_plain else _each(item.snapshot or _same, tuple, dimensions)
        if item.snapshot is None or item.thaw is not None:
            self.thaw = container if is_plain else _each(item.thaw or _same, container, dimensions)
        # a tuple of fixed values can't change
        self.mutable = item.mutable or self.python_type not in (tuple, frozenset)
        self._identity = (item, container, dimensions)

    def check(self, value: Any) -> Any:
        """The value, if it is a list, tuple or set, of such ones where it has more dimensions;
        DataError otherwise."""
        if not isinstance(value, _LISTS):
            raise self.unfit(value, "expected a list, tuple or set")
        return value if self.dimensions == 1 else self._even(value)

    def as_text(self, value: Any) -> str:
        """The array as a literal with every element in quotes, ``{"a","b",NULL}``."""
        text = self.item.as_text

        def written(element: Any, depth: int) -> str:
            if depth:
                return "{" + ",".join([written(inner, depth - 1) for inner in element]) + "}"
            return "NULL" if element is None else quoted(text(element))

        return written(self.check(value), self.dimensions)

    def _even(self, value: Any) -> Any:
        """The value, if PostgreSQL can hold it: with lists of the same length on each level."""
        level = [value]
        for depth in range(self.dimensions):
            if not all(isinstance(one, _LISTS) for one in level):
                raise self.unfit(value, f"expected lists in lists, {self.dimensions} levels deep")
            if len({len(one) for one in level}) > 1 or (depth and not all(map(len, level))):
                raise self.unfit(value, "the lists inside are empty or not equally long")
            level = [inner for one in level for inner in one]
            if not level:
                break
        return value


class BulkArray(SQLType[Any]):
    """An array with values of one type for ``unnest()``."""

    python_type = list

    def __init__(self, item: SQLType[Any]) -> None:
        super().__init__(f"{item.bulk_type}[]")
        self.item = item
        self.encode = None if item.encode_bulk is None else _each(item.encode_bulk, list)
        self._identity = item


def is_array(type_: SQLType[Any]) -> bool:
    """Whether the server holds arrays: also of a domain or custom type over one."""
    return type_.cast_type.endswith("[]")


def each(convert: Converter, dimensions: int = 1) -> Converter:
    """What converts the elements of lists so many levels deep; NULL stays NULL."""
    return _each(convert, list, dimensions)


_LISTS = (list, tuple, set, frozenset)


def _check(item: SQLType[Any], dimensions: int, container: Container) -> None:
    if is_array(item):
        raise ConfigurationError(
            "an array of arrays is not supported",
            hint="write Array(Integer, dimensions=2), or use JSONB for nested lists",
        )
    if type(dimensions) is not int or not 1 <= dimensions <= _MOST_DIMENSIONS:
        raise ConfigurationError(
            f"the dimensions of an array are {dimensions!r}",
            hint=f"give a whole number from 1 to {_MOST_DIMENSIONS}",
        )
    if dimensions > 1 and container not in (list, tuple):
        raise ConfigurationError(
            "an array of several dimensions is read into something else than lists or tuples",
            hint="leave container= out",
        )


def _each(convert: Converter, container: Container, dimensions: int = 1) -> Converter:
    if dimensions > 1:
        inner = _each(convert, container, dimensions - 1)
        return lambda value: container([inner(one) for one in value])

    def converted(value: Iterable[Any]) -> Any:
        return container([None if one is None else convert(one) for one in value])

    return converted


def _same(value: Any) -> Any:
    return value


def _decoder(decode: Converter | None, container: Container, dimensions: int) -> Converter | None:
    if decode is not None:
        return _each(decode, container, dimensions)
    if container is list:
        return None
    return container if dimensions == 1 else _each(_same, container, dimensions)
