"""JSON that the server makes of values and of whole rows."""

from __future__ import annotations

from typing import Any, Literal

from asyncorm.sql.expressions import Expression, Parameter
from asyncorm.sql.nodes import combined
from asyncorm.sql.sources import Derived
from asyncorm.types.json import JSON

_JSON = JSON()

#: the name of the column that is the key of a row among others
KEY = "key of the row"


class DocumentValue(Expression[Any, Any]):
    """A value as it stands in a document: a template, or the value that a label stands for."""

    __slots__ = ("inner", "template", "values")

    def __init__(
        self, inner: Expression[Any, Any], template: str, values: Parameter[Any] | None = None
    ) -> None:
        self.inner = inner
        self.template = template
        #: JSON by label, for enums whose values are not their labels
        self.values = values
        keys, parameters = combined((inner,) if values is None else (inner, values))
        super().__init__(_JSON, ("document value", template, keys), parameters)


class DocumentRows(Expression[Any, Any]):
    """The rows of a subquery as JSON: one as an object, or all in a list, or by their keys."""

    __slots__ = ("kind", "rows")

    def __init__(self, rows: Derived, kind: Literal["one", "list", "dict"]) -> None:
        self.rows = rows
        self.kind = kind
        super().__init__(_JSON, ("document rows", kind, rows._key), rows._parameters)
