"""No data becomes code (#61): the functions that could are not used, but for generated loops."""

from __future__ import annotations

import ast

from tests.architecture.sources import library

#: what makes code of a text, or objects of bytes, by name
DANGEROUS = {"eval", "exec", "compile", "__import__"}
MODULES = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "yaml", "subprocess"}
#: functions written for one shape of rows, whose source is made of positions and mapped names;
#: and annotations of the developer, read as typing.get_type_hints does
KNOWN = {"engine/rows.py", "loading/hydrator.py", "models/targets.py"}


def test_no_file_makes_code_of_a_text_but_those_that_are_known() -> None:
    found = {
        source.path
        for source in library()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in DANGEROUS
    }
    assert found == KNOWN


def test_no_file_imports_what_makes_objects_of_bytes() -> None:
    found = {
        (source.path, name)
        for source in library()
        for node in ast.walk(source.tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
        if name.partition(".")[0] in MODULES
    }
    assert found <= {("engine/embedded.py", "subprocess")}


def test_modules_are_imported_by_constant_names_only() -> None:
    for source in library():
        for node in ast.walk(source.tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, (ast.Name, ast.Attribute))
                and getattr(node.func, "id", getattr(node.func, "attr", "")) == "import_module"
            ):
                # the public names are looked up in a table of constants
                assert source.path == "__init__.py" or isinstance(node.args[0], ast.Constant), (
                    f"{source.path}:{node.lineno}"
                )
