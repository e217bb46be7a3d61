"""Domains: a type of the server with a rule, made of another type."""

from __future__ import annotations

from typing import Any

from asyncorm.errors import ConfigurationError
from asyncorm.types.base import SQLType
from asyncorm.types.quoting import type_name


class Domain(SQLType[Any]):
    """A domain, created along with the tables that use it: values are those of its base type.

    ``check`` is a condition about ``VALUE``, as SQL text: ``Domain("email", Text, check="VALUE ~
    '@'")``. A value that breaks it is a CheckViolation. In conditions a domain's values are
    values of its base type, so that looking for one that breaks the rule finds nothing.
    """

    def __init__(
        self,
        name: str,
        base: SQLType[Any] | type[SQLType[Any]],
        *,
        check: str | None = None,
        not_null: bool = False,
        default: Any = None,
        schema: str | None = None,
    ) -> None:
        super().__init__()
        base = base() if isinstance(base, type) else base
        if not base.cast_type:
            raise ConfigurationError(
                f"the domain {name!r} has no base type", hint='write Domain("email", Text)'
            )
        self.name = name
        self.schema = schema
        self.base = base
        self.parts = (base,)
        self.condition = check
        self.not_null = not_null
        self.default = default
        self.python_type = base.python_type
        self.ddl = type_name(name, schema)
        self.cast_type = base.cast_type
        self.element_type = self.ddl
        self.parameter_type = base.parameter_type
        self.bulk_type = base.bulk_type
        # arrays of a domain are a type that the driver does not know
        self.select_type = base.select_type or base.cast_type
        self.encode, self.encode_bulk, self.decode = base.encode, base.encode_bulk, base.decode
        self.beyond_python = base.beyond_python
        self.mutable, self.snapshot, self.thaw = base.mutable, base.snapshot, base.thaw
        self.copyable, self.comparable = base.copyable, base.comparable
        self.contains_operator = base.contains_operator
        self.contained_by_operator = base.contained_by_operator
        self.overlaps_operator = base.overlaps_operator
        self._identity = (base, check, not_null, default)

    def as_text(self, value: Any) -> str:
        """The text of the base type."""
        return self.base.as_text(value)

    def part_type(self, part: Any) -> SQLType[Any]:
        """What the base type takes as a part of its values."""
        return self.base.part_type(part)
