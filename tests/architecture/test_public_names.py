"""Every public name can be imported and says what it is."""

from __future__ import annotations

import inspect

import pytest

import asyncorm


def test_all_is_without_duplicates_and_covers_what_is_imported() -> None:
    names = list(asyncorm.__all__)
    assert len(names) == len(set(names))
    imported = {
        name
        for name, value in vars(asyncorm).items()
        if not name.startswith("_") and not inspect.ismodule(value) and name != "annotations"
    }
    assert imported - set(names) == set()


def test_all_is_sorted() -> None:
    def place(name: str) -> tuple[int, str]:
        # constants, classes, functions: the order of the import sorter
        return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)

    assert asyncorm.__all__ == sorted(asyncorm.__all__, key=place)


# the column types as SQLAlchemy calls them; the enum type does not hide Python's own Enum
TYPES = """Array BigInteger Boolean Cidr Date DateTime EnumType Float Inet Integer Interval JSON
JSONB LargeBinary Numeric Real SmallInteger SQLType String Text Time Uuid"""


@pytest.mark.parametrize("name", TYPES.split())
def test_the_column_types_are_public(name: str) -> None:
    assert name in asyncorm.__all__
    assert issubclass(getattr(asyncorm, name), asyncorm.SQLType)


@pytest.mark.parametrize("name", asyncorm.__all__)
def test_a_public_name_can_be_imported_and_is_documented(name: str) -> None:
    value = getattr(asyncorm, name)
    if inspect.ismodule(value) or isinstance(value, str):
        return
    documented = value if inspect.isclass(value) or inspect.isroutine(value) else type(value)
    own = documented.__dict__.get("__doc__") if inspect.isclass(documented) else documented.__doc__
    assert (own or "").strip(), f"asyncorm.{name} has no docstring"


@pytest.mark.parametrize("name", asyncorm.__all__)
def test_the_public_methods_of_a_class_are_documented(name: str) -> None:
    value = getattr(asyncorm, name)
    if not inspect.isclass(value):
        return
    silent = [
        method
        for method, member in vars(value).items()
        if not method.startswith("_")
        and (inspect.isfunction(member) or isinstance(member, property))
        and not (member.__doc__ or "").strip()
    ]
    assert silent == []
