"""SQL text is made of constants, quoted names and ``$n`` (D1): what is written, is looked at.

Whoever writes anything else adds it here, and says to himself where it comes from: a constant of
the source chosen by a closed table, a name that ``quoting`` has quoted, a type whose name was
checked when it was made, or the developer's own text in ``sql()``.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator

from tests.architecture.sources import library

QUOTED = ("quote_name(", "quote_qualified(", "quote_text(")
SOURCES = ("renderer.source_name(", "self.source_name(")
#: what ``write()`` is given, by file of the compiler
KNOWN = {
    # names that are counted, and the types of columns
    "around.py": {"', '.join(names)", "', '.join(outer)"},
    # SQL types and fields of documents
    "document_paths.py": {"type_.ddl"},
    "documents.py": {"KEY", "key", "name", "piece"},
    "expressions.py": {
        "call.name.upper()", "cast._type.ddl", "constant.text", "extract.part", "grouping.keyword",
        "name", "names", "node.quantifier", "renderer.spread[1](column)", "source",
        "type_.cast_type",
    },
    "insert.py": {"', '.join((quote_name(c.name) for c in rows.columns))", "names", "overriding"},
    "joined_dml.py": {
        "', '.join((f'{spread.column(c)} AS {quote_name(c.name)}' for c in columns))",
        "_qualified(part)", "found", "matches", "name", "spread.target()",
    },
    "merge.py": {"branch.kind"},
    "modification.py": {"named", "word"},
    # operators of the closed table PRECEDENCE
    "operators.py": {
        "_OF_COMPOSITES.get(operator, operator)", "array._type.ddl", "array._type.item.cast_type",
        "before", "between", "operator", "quantified", "text", "text or operator",
    },
    "renderer.py": {
        "added", "between", "by", "materialized[derived.materialized]", "self.constant(parameter)",
        "separator", "walk.clause",
    },
    "select.py": {
        "', '.join((_lock_name(renderer, source) for source in sources))", "cast",
        "compound.operator", "join.kind", "lock.strength", "lock.wait",
    },
    "subtypes.py": {
        "_table(first)", "_table(part)", "_table(subtype.parts[0])", "columns",
        "kinds_sql(condition.kinds, column)",
        "kinds_sql(subtype.kinds, _qualified(subtype.kinds.column))", "matches",
    },
    "tables.py": {"', '.join(columns)", "', '.join(typed)", "columns", "names"},
    # the developer's text, and quoted names
    "text.py": {"'.'.join(map(quote_name, name.parts))", "first", "piece"},
    "windows.py": {"_SIDES[bound.side]", "frame.excluded", "frame.mode", "separator"},
}  # fmt: skip
_KEYWORD = re.compile(
    r"^\W*(SELECT |INSERT INTO|UPDATE |DELETE FROM|CREATE |ALTER |DROP |COPY |SAVEPOINT|EXPLAIN |"
    r"LISTEN |WITH |VALUES|RELEASE |ROLLBACK |SET |GRANT |DECLARE |FETCH |CLOSE |MERGE )"
)
#: where texts of statements are put together outside of the compiler
BUILDERS = {
    "engine/command_tag.py", "engine/connection.py", "engine/copy/out.py", "engine/copy/into.py",
    "engine/joined.py", "engine/signals/locking.py", "engine/text_connection.py",
    "flush/blame.py", "flush/link_statements.py", "flush/statements.py", "schema/ddl.py",
    "schema/indexes.py", "session/explaining.py",
}  # fmt: skip


def parts(node: ast.expr) -> Iterator[ast.expr]:
    """What a text is made of, beside its constants."""
    if isinstance(node, ast.JoinedStr):
        for value in node.values:
            if isinstance(value, ast.FormattedValue):
                yield from parts(value.value)
    elif isinstance(node, ast.IfExp):
        yield from (*parts(node.body), *parts(node.orelse))
    elif isinstance(node, ast.BinOp):
        yield from (*parts(node.left), *parts(node.right))
    elif not isinstance(node, ast.Constant):
        yield node


def test_the_compiler_writes_constants_and_quoted_names() -> None:
    found: dict[str, set[str]] = defaultdict(set)
    for source in library():
        folder, _, name = source.path.rpartition("/")
        for node in ast.walk(source.tree) if folder == "compiler" else ():
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "write"
            ):
                texts = {ast.unparse(part) for given in node.args for part in parts(given)}
                found[name] |= {one for one in texts if not one.startswith(QUOTED + SOURCES)}
    written = {name: texts for name, texts in found.items() if texts}
    assert written == KNOWN


def test_only_these_files_put_statements_together() -> None:
    found = {
        source.path
        for source in library()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.JoinedStr)
        and isinstance(node.values[0], ast.Constant)
        and _KEYWORD.match(str(node.values[0].value))
        and any(isinstance(value, ast.FormattedValue) for value in node.values)
    }
    assert {path for path in found if not path.startswith("compiler/")} <= BUILDERS
    assert len(found) > 5


def test_no_text_is_filled_in_by_percent_or_format() -> None:
    for source in library():
        for node in ast.walk(source.tree):
            text = None
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
                text = node.left
            elif (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in ("format", "format_map")
            ):
                text = node.func.value
            if isinstance(text, ast.Constant) and isinstance(text.value, str):
                assert not _KEYWORD.match(text.value), f"{source.path}:{node.lineno}"
