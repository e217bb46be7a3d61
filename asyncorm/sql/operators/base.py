"""Operators: what the operators of one kind of type (text, arrays, ranges, ...) build on."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Generic, TypeVar

from asyncorm.errors import ArgumentError
from asyncorm.types.base import SQLType

V = TypeVar("V")
R = TypeVar("R")
C = TypeVar("C")


class Operators(Generic[V, R, C]):
    """Operators of expressions that compare with ``V`` and yield ``R``.

    ``C`` is ``Condition``. It is an expression itself and therefore can't be named here; an
    argument of the class instead of an import keeps each kind of operators in a file of its own.
    """

    __slots__ = ()

    _type: SQLType[Any]
    _key: Hashable
    _parameters: tuple[Any, ...]

    def _condition(self, operator: str, *operands: Any) -> C:
        """A condition: the expression, an operator of the compiler's list, further operands."""
        raise NotImplementedError

    def _operation(self, operator: str, *operands: Any, type_: SQLType[Any] | None = None) -> Any:
        """The same with a value as result: of the expression's type, or the one that is given."""
        raise NotImplementedError

    def _operand(
        self, value: Any, type_: SQLType[Any] | None = None, *, nullable: bool = False
    ) -> Any:
        """An expression as it is; a value bound as ``type_``, or else as what the expression is.

        None is refused, unless it is ``nullable``.
        """
        raise NotImplementedError

    def _part(self, value: Any) -> Any:
        """The other side of an operator of containment: of the type, or of its elements' type."""
        raise NotImplementedError

    def _describe(self) -> str:
        """What to call the expression in a message."""
        raise NotImplementedError

    def _unfit(self, rule: str, hint: str) -> ArgumentError:
        """The error for an expression of another kind of type; ``rule`` says who has what."""
        return ArgumentError(f"{self._describe()} is {self._type.ddl}; {rule}", hint=hint)
