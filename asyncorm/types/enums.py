"""Python enums: as PostgreSQL enum types, and integer enums as numbers."""

from __future__ import annotations

import enum
import re
from typing import Any

from asyncorm.errors import ConfigurationError, DataError
from asyncorm.types.base import SQLType
from asyncorm.types.quoting import MAX_NAME_BYTES, is_name, type_name
from asyncorm.types.scalars import BigInteger


class EnumType(SQLType[Any]):
    """A PostgreSQL enum type made from a Python enum, created along with the tables that use it.

    Its labels are the values if all of them are strings, else the member names. The type's name
    is the class name in snake case, if none is given. With ``native=False`` it is text, and the
    table has a CHECK constraint for the labels.
    """

    parameter_type = "text"
    bulk_type = "text"
    select_type: str | None = "text"
    copyable = False

    def __init__(
        self,
        python_enum: type[enum.Enum],
        name: str | None = None,
        schema: str | None = None,
        *,
        native: bool = True,
    ) -> None:
        super().__init__()
        self.python_type = python_enum
        self.name = name or snake_case(python_enum.__name__)
        self.schema = schema
        self.native = native
        self.ddl = self.cast_type = type_name(self.name, schema) if native else "text"
        if not native:
            self.select_type = None
            self.copyable = True
        labels = _labels(python_enum)
        self.labels = tuple(labels.values())
        self.label_of: dict[Any, str] = labels
        self.encode = self.encode_bulk = self.as_text
        self.decode = _Members(self, {label: member for member, label in labels.items()})
        self._identity = (python_enum, self.labels, native)

    def as_text(self, value: Any) -> str:
        """The label of a member; of a string enum also its plain value."""
        try:
            return self.label_of[value]
        except (KeyError, TypeError):
            raise self.unfit(value, f"it is no member of {self.python_type.__name__}") from None


class IntegerEnum(BigInteger):
    """bigint, read into the members of an integer enum."""

    def __init__(self, python_enum: type[enum.IntEnum] | type[enum.IntFlag]) -> None:
        super().__init__()
        self.python_type = python_enum
        self.decode = python_enum
        self._identity = python_enum

    def check(self, value: Any) -> Any:
        """The value, if it is a member or a plain number; DataError otherwise."""
        if not isinstance(value, int):
            raise self.unfit(value)
        return value


class _Members(dict[str, Any]):
    """Label to member; called as a function by those who decode."""

    def __init__(self, type_: EnumType, members: dict[str, Any]) -> None:
        super().__init__(members)
        self._type = type_

    #: at the speed of a dict look-up, which calls __missing__ where there is none
    __call__ = dict.__getitem__
    #: row converters are kept by their decoders
    __hash__ = object.__hash__  # type: ignore[assignment]

    def __missing__(self, label: str) -> Any:
        name = self._type.python_type.__name__
        raise DataError(
            f'the database has a label of "{self._type.name}" that {name} has not',
            hint=f"add the missing member to {name}",
        )


def snake_case(name: str) -> str:
    """``OrderStatus`` -> ``order_status``, ``HTTPMethod`` -> ``http_method``."""
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()


def _labels(python_enum: type[enum.Enum]) -> dict[Any, str]:
    members = list(python_enum)
    if not members or issubclass(python_enum, enum.Flag):
        raise ConfigurationError(
            f"{python_enum.__name__} can't be a PostgreSQL enum: it "
            + ("is a Flag" if members else "has no members"),
            hint="use an IntFlag, or column(JSONB)" if members else "give it members",
        )
    by_value = all(isinstance(member.value, str) for member in members)
    labels = {m: str.__str__(m.value) if by_value else m.name for m in members}
    for member, label in labels.items():
        if label and not is_name(label):
            raise ConfigurationError(
                f"the label of {member} can't be stored",
                hint=f"labels are valid Unicode of up to {MAX_NAME_BYTES} bytes and without NUL",
            )
    return labels
