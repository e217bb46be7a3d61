"""Which column holds the versions of a model: ``column(version=...)`` or ``__mapper_args__``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from asyncorm.errors import ConfigurationError
from asyncorm.mapping.version import Version, following_version
from asyncorm.models.inheritance import VERSION_ARGUMENTS, mapper_arguments
from asyncorm.sql.table import BaseColumn, Column
from asyncorm.types.scalars import TransactionId

#: columns that every table has by itself and that can serve as versions
SYSTEM_COLUMNS = ("xmin",)


class VersionOption(NamedTuple):
    """The attribute that is the version, and whether the server changes it."""

    name: str
    by_server: bool


def system_column(name: str) -> BaseColumn[Any, Any]:
    """The column xmin: the transaction that wrote the row, so that each one's UPDATE changes it.

    Also raw SQL and triggers of the session's own transaction do: refresh() loaded objects then.
    A partitioned table can't return it, so it needs a version column.
    """
    return Column(name, TransactionId(), system=True)


def version_option(cls: type[Any], declared: Mapping[str, bool | str]) -> VersionOption | None:
    """What a model says of its version; raises ConfigurationError if it says it twice."""
    found = [
        VersionOption(name, given == "server" or name in SYSTEM_COLUMNS)
        for name, given in declared.items()
        if given
    ]
    arguments = mapper_arguments(cls)
    for key in VERSION_ARGUMENTS:
        if key in arguments:
            option = _named(cls, key, arguments[key], declared)
            if option not in found:
                found.append(option)
    if len(found) > 1:
        names = " and ".join(f"{cls.__name__}.{option.name}" for option in found)
        raise ConfigurationError(
            f"{names} are both the version of {cls.__name__}", hint="keep one of them"
        )
    return found[0] if found else None


def _named(
    cls: type[Any], key: str, given: Any, declared: Mapping[str, bool | str]
) -> VersionOption:
    """The option of ``__mapper_args__``: a column attribute by name, or a system column."""
    name = getattr(given, "attribute", given)
    if name in declared:
        return VersionOption(name, declared[name] == "server")
    if name in SYSTEM_COLUMNS:
        return VersionOption(name, by_server=True)
    raise ConfigurationError(
        f"{cls.__name__}.__mapper_args__[{key!r}] names no column of {cls.__name__}",
        hint=f"give the name of a column attribute, or one of {', '.join(SYSTEM_COLUMNS)}",
    )


def version_of(
    cls: type[Any], option: VersionOption, columns: Mapping[str, BaseColumn[Any, Any]]
) -> Version:
    """The version column; raises ConfigurationError for one that can't serve as such."""
    name, column = option.name, columns[option.name]
    if column.primary_key or column.nullable or column.computed is not None:
        kind = "part of the primary key" if column.primary_key else "computed"
        raise ConfigurationError(
            f"{cls.__name__}.{name} is {'nullable' if column.nullable else kind}, so it can't be "
            "the version",
            hint=f"write {name}: Mapped[int] = column(version=True, init=False)",
        )
    if option.by_server:
        return Version(name, column, None)
    following = following_version(column._type)
    if following is None:
        raise ConfigurationError(
            f"{cls.__name__}.{name} is of type {column._type.ddl}, which can't count versions",
            hint='use int, datetime or UUID, or version="server" if a trigger changes it',
        )
    # rows of insert() statements begin with the same version
    column.default = lambda: following(None)
    return Version(name, column, following)
