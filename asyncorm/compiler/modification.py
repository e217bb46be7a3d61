"""Rendering of what statements that change rows share: target, SET, further tables, RETURNING."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from asyncorm.compiler.bases import check_linked
from asyncorm.compiler.compiled import OLD_AND_NEW
from asyncorm.compiler.criteria import Filters
from asyncorm.compiler.joins import JoinTree, join_trees
from asyncorm.compiler.quoting import quote_name, quote_qualified
from asyncorm.compiler.renderer import Renderer
from asyncorm.compiler.scopes import SourceKey, source_key
from asyncorm.compiler.select import write_items, write_tree
from asyncorm.compiler.subtypes import own_further
from asyncorm.errors import InvalidRequestError
from asyncorm.sql.assignment import Assignment
from asyncorm.sql.nodes import AnonymousName
from asyncorm.sql.sources import Alias, entity_name, is_entity, source_of
from asyncorm.sql.statements.assignments import RowAssignment
from asyncorm.sql.statements.modification import Filtered, Modification
from asyncorm.sql.statements.row_versions import RowVersion
from asyncorm.sql.statements.select import Select
from asyncorm.sql.subtype import Subtype
from asyncorm.sql.table import Table


def write_target(renderer: Renderer, source: Any, *, only: bool = False) -> None:
    """The table whose rows a statement changes."""
    table: Table = source.__table__ if isinstance(source, Alias) else source
    renderer.write("ONLY " if only else "")
    if isinstance(table, Subtype) and len(table.parts) > 1:
        raise InvalidRequestError(
            f"a statement can't write a row of {table.full_name!r}, which begins in "
            f"{table.parts[0].table.full_name!r}",
            hint="session.add_all() the objects: a flush writes each table with one statement",
        )
    renderer.write(quote_qualified(table.schema, table.name))
    if source is not table or isinstance(table, Subtype):
        renderer.write(" AS ", renderer.source_name(source))


def write_ctes(renderer: Renderer, statement: Modification[Any]) -> None:
    """The CTEs that the statement need not mention."""
    for cte in statement._ctes:
        renderer.common_table(cte)


def write_assignments(renderer: Renderer, assignments: tuple[Assignment, ...]) -> None:
    """What stands after SET."""
    for index, assignment in enumerate(assignments):
        renderer.write(", " if index else "")
        is_row = isinstance(assignment, RowAssignment)
        with renderer.bare():
            renderer.write("(" if is_row else "")
            renderer.render_list(assignment.columns)
            renderer.write(")" if is_row else "")
        renderer.write(" = ")
        renderer.render(assignment.value)


def other_trees(
    renderer: Renderer, statement: Filtered[Any], nodes: Iterable[Any]
) -> list[JoinTree]:
    """FROM or USING: the sources besides the target that the statement or its nodes name."""
    target = statement._source
    found = {source_key(source): source for source in statement._sources}
    joined = {source_key(join.source) for join in statement._joins}
    for key, source in renderer.sources_in(nodes).items():
        if key not in joined:
            found.setdefault(key, source)
    found.pop(source_key(target), None)
    roots = list(found.values())
    if statement._joins and not roots:
        raise InvalidRequestError(
            f"{statement._verb}({entity_name(statement._target)}).join() has nothing to join to",
            hint="name the first table by update(...).from_(), or delete(...).using()",
        )
    if roots:
        check_linked(renderer, [target, *roots], (), statement._where)
    return join_trees(renderer, roots, statement._joins)


def scope_of(statement: Modification[Any], sources: Iterable[Any]) -> set[SourceKey]:
    """What the parts of a statement can name: target, further sources, versions of the row."""
    target = statement._source
    versions = (RowVersion("old", target), RowVersion("new", target))
    return {source_key(source) for source in (target, *sources, *versions)}


def sources_of_trees(trees: list[JoinTree]) -> list[Any]:
    """All sources of FROM."""
    return [source for tree in trees for source in tree.sources]


def write_trees(renderer: Renderer, word: str, trees: list[JoinTree]) -> None:
    """FROM or USING, if there is anything."""
    filters = Filters((), Select(()))
    for index, tree in enumerate(trees):
        renderer.write(", " if index else word)
        write_tree(renderer, tree, filters)


def write_returning(
    renderer: Renderer, statement: Modification[Any], others: Iterable[Any], *, is_top: bool
) -> None:
    """RETURNING, if the statement has it; ``others`` are the sources besides its target."""
    if not statement._returning:
        return
    names = _version_names(renderer, (statement._source, *others))
    with renderer.versions(names), renderer.aside() as items:
        _check_visible(renderer, statement)
        write_returned_items(renderer, statement, is_top=is_top)
        used = renderer.uses_versions
    renderer.write(" RETURNING ")
    if used:
        renderer.require(OLD_AND_NEW)
        if names["old"] != "old":
            named = ", ".join(f"{old.upper()} AS {quote_name(name)}" for old, name in names.items())
            renderer.write("WITH (", named, ") ")
    renderer.extend(items)


def _version_names(renderer: Renderer, sources: Iterable[Any]) -> dict[str, str]:
    """What the versions of a row are called: others than usual beside a table of such a name."""
    taken = {source.name if isinstance(source, Table) else source._name for source in sources}
    if taken.isdisjoint(("old", "new")):
        return {"old": "old", "new": "new"}
    return {name: renderer.alias_name(AnonymousName(name)) for name in ("old", "new")}


def _check_visible(renderer: Renderer, statement: Modification[Any]) -> None:
    """Refuse to return what the statement is not about."""
    items = statement._returning
    found = renderer.sources_in(item for item in items if not is_entity(item))
    for item in items:
        if is_entity(item):
            source = renderer.placed(source_of(item))
            found[source_key(source)] = source
    for key, source in found.items():
        if key not in renderer.scopes[-1]:
            name = entity_name(source)
            raise InvalidRequestError(
                f"returning() of {statement._verb}({entity_name(statement._target)}) names {name}, "
                "which the statement is not about",
                hint=f"return columns of the table itself, or name {name} in a condition"
                if statement._verb != "insert"
                else "return columns of the table itself, or a subquery",
            )


def write_returned_items(renderer: Renderer, statement: Modification[Any], *, is_top: bool) -> None:
    """What stands after RETURNING, or in the SELECT that takes its place."""
    items = statement._returning
    loads = is_top and renderer.loads
    write_items(
        renderer,
        items,
        is_top=is_top,
        further=(lambda position: own_further(items[position])[0]) if loads else None,
    )
