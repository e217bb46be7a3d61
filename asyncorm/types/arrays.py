"""One-dimensional arrays of a scalar type."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from asyncorm.errors import ConfigurationError
from asyncorm.types.base import Converter, SQLType
from asyncorm.types.domains import Domain
from asyncorm.types.quoting import quoted


class Array(SQLType[Any]):
    """An array: ``text[]`` and so on; ``container`` is what values are read into.

    In a many-row statement each value travels as the text of an array, because unnest() would
    flatten an array of arrays.
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
        container: Callable[[Iterable[Any]], Any] = list,
    ) -> None:
        if isinstance(item, type):
            item = item()
        if isinstance(item, Array):
            raise ConfigurationError(
                "an array of arrays is not supported", hint="use JSONB for nested lists"
            )
        super().__init__()
        self.item = item
        self.parts = (item,)
        self.container = container
        self.python_type = container if isinstance(container, type) else list
        self.ddl = f"{item.ddl}[]"
        # values of a domain are cast to its base, but arrays of both are no arrays of one type
        self.cast_type = f"{item.ddl if isinstance(item, Domain) else item.cast_type}[]"
        self.parameter_type = f"{item.parameter_type}[]"
        self.copyable = item.copyable and item.encode is None
        self.encode = None if item.encode is None else _each(item.encode, list)
        self.encode_bulk = self.as_text
        self.select_type = None if item.select_type is None else f"{item.select_type}[]"
        self.decode = _decoder(item.decode, container)
        frozen = frozenset if self.python_type in (set, frozenset) else tuple
        self.snapshot = frozen if item.snapshot is None else _each(item.snapshot, tuple)
        if item.snapshot is None:
            self.thaw = container
        elif item.thaw is not None:
            self.thaw = _each(item.thaw, container)
        # a tuple of fixed values can't change
        self.mutable = item.mutable or self.python_type not in (tuple, frozenset)
        self._identity = (item, container)

    def check(self, value: Any) -> Any:
        """The value, if it is a list, tuple or set; DataError otherwise."""
        if not isinstance(value, (list, tuple, set, frozenset)):
            raise self.unfit(value, "expected a list, tuple or set")
        return value

    def as_text(self, value: Any) -> str:
        """The array as a literal with every element in quotes, ``{"a","b",NULL}``."""
        text = self.item.as_text
        items = [
            "NULL" if element is None else quoted(text(element)) for element in self.check(value)
        ]
        return "{" + ",".join(items) + "}"


def _each(convert: Converter, container: Callable[[Iterable[Any]], Any]) -> Converter:
    def converted(value: Iterable[Any]) -> Any:
        return container([None if one is None else convert(one) for one in value])

    return converted


def _decoder(
    decode: Converter | None, container: Callable[[Iterable[Any]], Any]
) -> Converter | None:
    if decode is not None:
        return _each(decode, container)
    return None if container is list else container
