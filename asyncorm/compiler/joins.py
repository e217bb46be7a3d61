"""Which source of FROM each JOIN belongs to, and its condition where none was given."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from asyncorm.compiler.renderer import Renderer
from asyncorm.compiler.scopes import Scope, SourceKey, source_key
from asyncorm.errors import InvalidRequestError
from asyncorm.sql.conditions import and_
from asyncorm.sql.expressions import Expression
from asyncorm.sql.functions.sources import FunctionTable
from asyncorm.sql.implied import ImpliedAlias
from asyncorm.sql.sources import Alias, Derived, column_of, entity_name
from asyncorm.sql.statements.clauses import Join
from asyncorm.sql.table import ForeignKey, Table


class JoinTree:
    """One element of FROM: a source and what is joined to it."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self.sources = [root]
        self.joins: list[tuple[Join, Expression[bool, Any]]] = []
        #: paths that begin at one of the sources
        self.implied: dict[SourceKey, list[ImpliedAlias]] = {}

    def add(self, join: Join, condition: Expression[bool, Any]) -> None:
        """Join one more source."""
        self.joins.append((join, condition))
        self.sources.append(join.source)
        if join.link is not None:
            self.sources.append(join.link[0])


def in_reach(renderer: Renderer, roots: list[Any]) -> list[Any]:
    """The elements of FROM, with those that refer to others after these."""
    ordered: list[Any] = []
    beside = {
        source_key(root): renderer.sources_in(root.call.arguments)
        for root in roots
        if isinstance(root, FunctionTable)
    }

    def place(root: Any) -> None:
        if all(root is not one for one in ordered):
            for other in roots:
                if source_key(other) in beside.get(source_key(root), ()):
                    place(other)
            ordered.append(root)

    # what a lateral subquery refers to, nobody has asked: it comes last
    for root in sorted(roots, key=lambda one: isinstance(one, Derived) and _looks_back(one)):
        place(root)
    return ordered


def _looks_back(source: Derived) -> bool:
    return source.kind in ("lateral", "function")


def join_trees(renderer: Renderer, roots: Iterable[Any], joins: tuple[Join, ...]) -> list[JoinTree]:
    """The elements of FROM, with each join at the one that its condition speaks of."""
    trees = [JoinTree(root) for root in roots]
    for join in joins:
        if join.condition is None:
            tree, condition = _by_foreign_key(trees, join)
        else:
            condition = join.condition
            tree = _mentioned(renderer, trees, join, condition)
        tree.add(join, condition)
    return trees


def place_implied(trees: list[JoinTree], scope: Scope) -> None:
    """Give each path that a statement's columns imply to the source where it begins."""
    for alias in scope.implied.values():
        root = source_key(alias._root)
        tree = next(t for t in trees if any(source_key(source) == root for source in t.sources))
        tree.implied.setdefault(root, []).append(alias)


def _mentioned(
    renderer: Renderer, trees: list[JoinTree], join: Join, condition: Expression[bool, Any]
) -> JoinTree:
    """The tree whose sources the condition mentions; a new one if FROM is still empty."""
    mentioned = renderer.sources_in([condition])
    mentioned.pop(source_key(join.source), None)
    if join.link is not None:
        mentioned.pop(source_key(join.link[0]), None)
    for tree in trees:
        if any(source_key(source) in mentioned for source in tree.sources):
            return tree
    if not trees and mentioned:
        trees.append(JoinTree(next(iter(mentioned.values()))))
    elif mentioned and not any(key in scope for key in mentioned for scope in renderer.scopes):
        unknown = entity_name(next(iter(mentioned.values())))
        raise InvalidRequestError(
            f"{entity_name(join.target)} is joined to {unknown}, which is not in FROM before it",
            hint="join that first, or begin with it: select_from(User).join(User.books)",
        )
    if not trees:
        raise InvalidRequestError(
            f"there is nothing to join {entity_name(join.target)} to",
            hint="name the other side: select_from(User).join(Book, ...)",
        )
    return trees[-1]


def _by_foreign_key(trees: list[JoinTree], join: Join) -> tuple[JoinTree, Expression[bool, Any]]:
    """The tree and condition of a join without ON: the one foreign key between the tables."""
    target = join.source
    found = [
        (tree, condition)
        for tree in trees
        for source in tree.sources
        for condition in (*_links(source, target), *_links(target, source, reverse=True))
    ]
    if len(found) == 1:
        return found[0]
    problem = "no foreign key links" if not found else "several foreign keys link"
    raise InvalidRequestError(
        f"join({entity_name(join.target)}) needs a condition: {problem} it to what is in FROM",
        hint="join along a relationship, join(User.books), or give one: join(Book, condition)",
    )


def _links(left: Any, right: Any, *, reverse: bool = False) -> list[Expression[bool, bool]]:
    """The conditions of the foreign keys of ``left`` that point at ``right``."""
    left_table, right_table = _table(left), _table(right)
    if left_table is None or right_table is None or (reverse and left_table is right_table):
        return []
    return [
        _condition(key, left, right)
        for table in left_table.physical
        for key in table.foreign_keys
        if key.target in right_table.physical
        and all(column.attribute in left_table.by_attribute for column in key.columns)
    ]


def _condition(key: ForeignKey, left: Any, right: Any) -> Expression[bool, bool]:
    return and_(
        *(
            column_of(left, column.attribute) == column_of(right, target.attribute)
            for column, target in zip(key.columns, key.targets, strict=True)
        )
    )


def _table(source: Any) -> Table | None:
    if isinstance(source, Alias):
        return source.__table__
    return source if isinstance(source, Table) else None
