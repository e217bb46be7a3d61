"""Every public name can be imported and says what it is."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import asyncorm
from asyncorm._public_names import MODULES


def imported_names() -> dict[str, str]:
    """What type checkers see: each imported name, and its module."""
    tree = ast.parse(Path(asyncorm.__file__).read_text(encoding="utf-8"))
    return {
        name.name: statement.module
        for statement in ast.walk(tree)
        if isinstance(statement, ast.ImportFrom) and statement.module
        if statement.module.startswith("asyncorm.")
        for name in statement.names
        if name.name != "MODULES"
    }


def test_all_has_each_imported_name_once() -> None:
    assert sorted(imported_names()) == sorted(asyncorm.__all__)


def test_a_name_comes_from_where_type_checkers_see_it() -> None:
    known = MODULES | {"sql": "asyncorm.sql.statements.raw", "event": "asyncorm.session"}
    assert imported_names() == known


def test_of_the_names_only_event_is_a_module() -> None:
    modules = [name for name in asyncorm.__all__ if inspect.ismodule(getattr(asyncorm, name))]
    assert modules == ["event"]


def test_an_import_does_not_load_what_it_does_not_name() -> None:
    program = "import sys; from asyncorm import select; print(*sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    loaded = set(run.stdout.split())
    assert "asyncorm.sql.statements.select" in loaded
    assert not loaded & {"asyncpg", "asyncorm.models.model", "asyncorm.session.session"}


def test_the_function_sql_is_not_hidden_by_the_package_of_its_name() -> None:
    program = "import asyncorm.sql.table; from asyncorm import sql; print(sql('SELECT 1'))"
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)


def test_a_statement_is_printed_as_sql_whatever_else_is_loaded() -> None:
    program = "from asyncorm import func, select; print(select(func.count()))"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout == "SELECT count(*)\n"


def test_a_star_import_and_dir_have_every_name() -> None:
    names: dict[str, object] = {}
    exec("from asyncorm import *", names)
    assert set(asyncorm.__all__) <= set(names)
    assert dir(asyncorm) == sorted(asyncorm.__all__)


def test_an_unknown_name_is_an_attribute_error_that_says_so() -> None:
    with pytest.raises(AttributeError, match="module 'asyncorm' has no attribute 'Modle'"):
        asyncorm.Modle  # type: ignore[attr-defined]  # noqa: B018
    with pytest.raises(ImportError, match="cannot import name 'Modle'"):
        from asyncorm import Modle  # type: ignore[attr-defined]  # noqa: F401


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
