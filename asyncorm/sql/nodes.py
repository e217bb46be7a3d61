"""What expressions and statements have in common: cache keys, anonymous names, text for people."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any, Generic, Self, TypeAlias, TypeVar

from asyncorm.types.base import SQLType

R = TypeVar("R")


class Yields(Generic[R]):
    """What select() takes: one type parameter only, so that nested calls infer well."""

    __slots__ = ()


#: what can be selected or returned: an entity, or an expression
Item: TypeAlias = "type[R] | Yields[R]"


class AnonymousName:
    """Stands for the name of an alias that was given none; the compiler numbers it.

    It is listed among the ``_parameters`` of whatever uses the alias: like a value it is no part
    of the structure, but which uses are the same one is (see ``Statement._key``).
    """

    __slots__ = ("base",)

    def __init__(self, base: str) -> None:
        self.base = base


class Statement(Generic[R]):
    """A statement with rows of ``R``: immutable, with a structural key and the values it binds.

    ``_structure`` is the nested key and the parameters in its order, computed once. ``_key`` adds
    which parameters are the same object, since one object becomes one ``$n``.
    """

    __slots__ = ("_known_key", "_known_structure")

    _known_key: Hashable
    _known_structure: tuple[Hashable, tuple[Any, ...]] | None

    def _copy(self) -> Self:
        """A new statement with the same parts, for a method to change."""
        raise NotImplementedError

    def _build_structure(self) -> tuple[Hashable, tuple[Any, ...]]:
        """The nested key and the parameters; each kind of statement has its own."""
        # not an ABC: its isinstance() is Python code, and statements are asked often
        raise NotImplementedError

    @property
    def _structure(self) -> tuple[Hashable, tuple[Any, ...]]:
        known = self._known_structure
        if known is None:
            known = self._known_structure = self._build_structure()
        return known

    @property
    def _parameters(self) -> tuple[Any, ...]:
        return (self._known_structure or self._structure)[1]

    @property
    def _key(self) -> Hashable:
        key = self._known_key
        if key is None:
            known = self._known_structure
            if known is None:
                known = self._known_structure = self._build_structure()
            key, parameters = known
            if len(parameters) > 1 and len(set(parameters)) < len(parameters):
                key = (key, sharing(parameters))
            self._known_key = key
        return key

    def __str__(self) -> str:
        return render(self)


class Option:
    """What ``options()`` takes: it says what a statement brings, beside its own rows."""

    __slots__ = ()


class Query(Statement[R]):
    """A statement that yields rows and may stand inside another one."""

    __slots__ = ()

    def _result_type(self) -> SQLType[Any]:
        """The type of its only column, for use as a value."""
        raise NotImplementedError


def sharing(parameters: tuple[Any, ...]) -> tuple[int, ...]:
    """For each parameter the position where the same object came first."""
    first: dict[int, int] = {}
    return tuple(first.setdefault(id(item), index) for index, item in enumerate(parameters))


def combined(parts: Iterable[Any]) -> tuple[tuple[Hashable, ...], tuple[Any, ...]]:
    """The keys of all parts, and their parameters in order."""
    keys: list[Hashable] = []
    parameters: tuple[Any, ...] = ()
    for part in parts:
        keys.append(part._key)
        parameters += part._parameters
    return tuple(keys), parameters


_renderer: list[Callable[[Any], str]] = []


def set_renderer(renderer: Callable[[Any], str]) -> None:
    """Install the function that writes a node as SQL text; the compiler does it when imported."""
    _renderer[:] = [renderer]


def render(node: object) -> str:
    """SQL text of a statement or expression, with ``$n`` for values."""
    return _renderer[0](node) if _renderer else object.__repr__(node)
