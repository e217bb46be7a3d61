"""Rendering of SELECT and of set operations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from asyncorm.compiler.around import cast_around
from asyncorm.compiler.bases import check_linked, explicit_sources, standing_in
from asyncorm.compiler.compounds import result_order
from asyncorm.compiler.criteria import Filters
from asyncorm.compiler.joins import JoinTree, in_reach, join_trees, place_implied
from asyncorm.compiler.quoting import quote_name, quote_qualified
from asyncorm.compiler.renderer import Renderer
from asyncorm.compiler.scopes import Scope, SourceKey, source_key
from asyncorm.compiler.subtypes import Widened, kinds_of, write_subtype
from asyncorm.compiler.tables import write_function_table, write_sample, write_value_table
from asyncorm.errors import InvalidRequestError
from asyncorm.sql.expressions import Expression, Label
from asyncorm.sql.functions.sources import FunctionTable
from asyncorm.sql.implied import ImpliedAlias, ImpliedName
from asyncorm.sql.operators.order import Order
from asyncorm.sql.samples import Sample
from asyncorm.sql.sources import (
    Alias,
    Derived,
    Excluded,
    check_has_rows,
    entity_columns,
    entity_name,
    is_entity,
    source_of,
)
from asyncorm.sql.statements.clauses import Extras, Join, Lock
from asyncorm.sql.statements.query import Compound, Rows, WithTies
from asyncorm.sql.statements.select import Select
from asyncorm.sql.subtype import Subtype
from asyncorm.sql.table import BaseColumn, Table
from asyncorm.sql.value_tables import ValueTable


def render_select(renderer: Renderer, select: Select[Any]) -> None:
    """A nested SELECT."""
    write_select(renderer, select, is_top=False)


def render_compound(renderer: Renderer, compound: Compound[Any]) -> None:
    """A nested set operation."""
    write_compound(renderer, compound, is_top=False)


def write_select(renderer: Renderer, select: Select[Any], *, is_top: bool) -> None:
    """SELECT; at the top, columns that the driver should not see as they are get a cast."""
    if is_top and renderer.uncast is None and select._extras.distinct == ():
        cast_around(renderer, lambda: write_select(renderer, select, is_top=True))
        return
    with renderer.placing(_places(renderer, select)):
        with renderer.deriving({}):
            found = _named(renderer, select)
        bases = standing_in(renderer, select, found)
        found = {key: source for key, source in found.items() if key not in bases}
        with renderer.deriving(bases):
            _write_select(renderer, select, found, is_top=is_top)


def _write_select(
    renderer: Renderer, select: Select[Any], found: dict[SourceKey, Any], *, is_top: bool
) -> None:
    trees, visible = _sources(renderer, select, found)
    scope = Scope(visible)
    widened = Widened(select._items if is_top and renderer.loads else (), trees)
    filters = Filters(renderer.criteria, select, renderer.exempt)
    with renderer.within([*renderer.scopes, scope]):
        if any(isinstance(item, ImpliedName) for item in select._parameters):
            with renderer.aside():  # to learn which paths it uses, also in queries within it
                _write_body(renderer, select, widened, scope, filters, is_top=is_top)
            renderer.labels = frozenset()
            place_implied(trees, scope)
        _write_body(renderer, select, widened, scope, filters, is_top=is_top)


def _write_body(
    renderer: Renderer,
    select: Select[Any],
    widened: Widened,
    scope: Scope,
    filters: Filters,
    *,
    is_top: bool,
) -> None:
    extras, trees = select._extras, widened.trees
    for cte in extras.ctes:
        renderer.common_table(cte)
    renderer.write("SELECT ")
    if extras.distinct is not None:
        renderer.write("DISTINCT ")
        if extras.distinct:
            renderer.write("ON (")
            renderer.render_list(extras.distinct)
            renderer.write(") ")
    write_items(renderer, select._items, is_top=is_top, further=widened.columns)
    if trees:
        renderer.write(" FROM ")
        for index, tree in enumerate(trees):
            renderer.write(", " if index else "")
            write_tree(renderer, tree, filters)
    added = [condition for tree in trees for condition in _added(filters, tree.root)]
    write_where(renderer, (*select._where, *added))
    _write_groups(renderer, extras, widened.keys)
    renderer.labels = frozenset(item._key for item in select._items if isinstance(item, Label))
    _write_tail(renderer, select, select._order)
    if extras.lock is not None:
        is_wider = bool(scope.implied or widened.keys)
        _check_lock(renderer, select, extras.lock, scope)
        _write_lock(renderer, extras.lock, widened.sources if is_wider else [])


def _check_lock(renderer: Renderer, select: Select[Any], lock: Lock, scope: Scope) -> None:
    """Refuse a lock of rows that are none of a table, or that may not be there."""
    extras = select._extras
    if extras.distinct is not None or extras.group_by or extras.having:
        raise InvalidRequestError(
            "rows of a select() with distinct(), group_by() or having() can't be locked",
            hint="lock in a subquery: where(User.id.in_(select(User.id).with_for_update()))",
        )
    if not lock.of and any(join.kind in ("LEFT JOIN", "FULL JOIN") for join in select._joins):
        raise InvalidRequestError(
            "rows that an outer join may leave out can't be locked",
            hint="say what is to be locked: with_for_update(of=User)",
        )
    for source in lock.of:
        if source_key(renderer.placed(source)) not in scope:
            raise InvalidRequestError(
                f"with_for_update(of=...) names {entity_name(source)}, which is not in FROM",
                hint="name entities or aliases that the statement selects from or joins",
            )


def _write_lock(renderer: Renderer, lock: Lock, named: list[Any]) -> None:
    """FOR UPDATE; where joins are implied, of what was there without them."""
    sources = lock.of or tuple(
        source for source in named if not (isinstance(source, Derived) and source.kind == "cte")
    )
    renderer.write(" ", lock.strength)
    if sources:
        renderer.write(" OF ", ", ".join(_lock_name(renderer, source) for source in sources))
    renderer.write(f" {lock.wait}" if lock.wait else "")


def _places(renderer: Renderer, select: Select[Any]) -> Mapping[SourceKey, Any]:
    """What stands for other sources in a SELECT: not for those that it names itself."""
    if not renderer.places:
        return renderer.places
    named = explicit_sources(select)
    return {key: now for key, now in renderer.places.items() if key not in named}


def _named(renderer: Renderer, select: Select[Any]) -> dict[SourceKey, Any]:
    """The sources of a SELECT's FROM, select list and WHERE."""
    found = {source_key(source): source for source in select._extras.sources}
    for item in select._items:
        if is_entity(item):
            source = source_of(item)
            source = source._root if isinstance(source, ImpliedAlias) else source
            found.setdefault(source_key(source), source)
        else:
            found.update(renderer.sources_in([item]))
    found.update(renderer.sources_in(select._where))
    if not found and not select._joins:  # select(func.count()).group_by(User.city)
        extras = select._extras
        found.update(renderer.sources_in([*extras.group_by, *extras.having, *select._order]))
    for source in [one for one in found.values() if isinstance(one, FunctionTable)]:
        for key, beside in renderer.sources_in(source.call.arguments).items():
            found.setdefault(key, beside)
    return found


def _sources(
    renderer: Renderer, select: Select[Any], found: dict[SourceKey, Any]
) -> tuple[list[JoinTree], set[SourceKey]]:
    """The FROM list of a SELECT, and all that it makes visible.

    A source of the statement around a nested query is not repeated in it, unless it would be its
    only one.
    """
    explicit = {source_key(source) for source in select._extras.sources}
    joined = {source_key(join.source) for join in select._joins}
    repeated = joined & explicit
    if repeated or len(joined) < len(select._joins):
        raise InvalidRequestError(
            "a table is joined that is in FROM already",
            hint="use aliased(Model) to have a table twice in one statement",
        )
    if len(found.keys() | joined) > 1:
        outer = set[SourceKey]().union(*renderer.scopes) - explicit - joined
        kept = {key: source for key, source in found.items() if key not in outer}
        found = kept if kept or joined else found
    roots = [source for key, source in found.items() if key not in joined]
    if len(roots) > 1:
        check_linked(renderer, roots, explicit_sources(select), select._where)
    trees = join_trees(renderer, in_reach(renderer, roots), select._joins)
    visible = {source_key(source) for tree in trees for source in tree.sources}
    return trees, visible


def write_tree(renderer: Renderer, tree: JoinTree, filters: Filters) -> None:
    """One element of FROM, with what is joined to it."""
    write_source(renderer, tree.root)
    _write_implied(renderer, tree, tree.root, filters)
    for join, condition in tree.joins:
        renderer.write(f" {join.kind} ")
        is_inside = source_key(join.source) in tree.implied and _has_paths(join, condition)
        is_nested = is_inside or join.link is not None
        renderer.write("(" if is_nested else "")
        write_source(renderer, join.source)
        if is_inside:
            _write_implied(renderer, tree, join.source, filters)
        if join.link is not None:
            link, link_condition = join.link
            renderer.write(" JOIN ")
            write_source(renderer, link)
            renderer.write(" ON ")
            renderer.render(link_condition)
        renderer.write(")" if is_nested else "")
        renderer.write(" ON ")
        write_conditions(renderer, (condition, *_added(filters, join.source)))
        if not is_inside:
            _write_implied(renderer, tree, join.source, filters)


def _added(filters: Filters, source: Any) -> tuple[Any, ...]:
    """The conditions for rows of a source that the statement does not name."""
    return (*filters.of(source), *kinds_of(source))


def _has_paths(join: Join, condition: Expression[bool, Any]) -> bool:
    """Whether what a source is joined on may speak of paths from it, to be joined before."""
    parameters = condition._parameters
    if join.link is not None:
        parameters += join.link[1]._parameters
    return any(isinstance(item, ImpliedName) for item in parameters)


def _write_implied(renderer: Renderer, tree: JoinTree, source: Any, filters: Filters) -> None:
    """The joins of the paths that begin at a source."""
    for alias in tree.implied.get(source_key(source), ()):
        renderer.write(" LEFT JOIN ")
        write_source(renderer, alias)
        renderer.write(" ON ")
        write_conditions(renderer, (alias._condition(), *_added(filters, alias)))


def write_source(renderer: Renderer, source: Any) -> None:
    """A source as FROM names it."""
    if isinstance(source, Excluded):
        raise InvalidRequestError(
            f"{source!r} is used outside of on_conflict_do_update()",
            hint="use it in set_ and where of the insert() that it belongs to",
        )
    if isinstance(source, Table):
        write_table(renderer, source)
        if isinstance(source, Subtype):
            renderer.write(" AS ", renderer.source_name(source))
    elif isinstance(source, Sample):
        write_sample(renderer, source)
    elif isinstance(source, Alias):
        write_table(renderer, source.__table__)
        renderer.write(" AS ", renderer.source_name(source))
    elif source.kind == "cte":
        check_has_rows(source)
        renderer.common_table(source)
        renderer.write(renderer.source_name(source))
    elif isinstance(source, FunctionTable):
        write_function_table(renderer, source)
    elif isinstance(source, ValueTable):
        write_value_table(renderer, source)
    else:
        _write_subquery(renderer, source)


def write_table(renderer: Renderer, table: Table) -> None:
    """A table, or what a subtype stands for."""
    if isinstance(table, Subtype):
        write_subtype(renderer, table)
    else:
        renderer.write(quote_qualified(table.schema, table.name))


def _write_subquery(renderer: Renderer, source: Derived) -> None:
    is_lateral = source.kind == "lateral"
    renderer.write("LATERAL (" if is_lateral else "(")
    # only a lateral subquery sees what stands beside it
    with renderer.within(renderer.scopes if is_lateral else renderer.scopes[:-1]):
        renderer.render(source.statement)
    renderer.write(") AS ", renderer.source_name(source))


def write_items(
    renderer: Renderer,
    items: tuple[Any, ...],
    *,
    is_top: bool,
    further: Callable[[int], tuple[Any, ...]] | None = None,
) -> None:
    """A select list, or RETURNING; ``further`` columns of an item come after its own."""
    columns: list[Any] = []
    for position, item in enumerate(items):
        columns.extend(entity_columns(item) if is_entity(item) else (item,))
        if further is not None:
            columns.extend(further(position))
    if is_top and renderer.uncast is not None and not renderer.uncast:
        renderer.uncast.extend(columns)
    for index, column in enumerate(columns):
        renderer.write(", " if index else "")
        _write_item(renderer, column, is_top=is_top)


def _write_item(renderer: Renderer, item: Expression[Any, Any], *, is_top: bool) -> None:
    inner = item.inner if isinstance(item, Label) else item
    cast = item._type.select_type if is_top else None
    if cast is not None and renderer.uncast is not None and item._type.comparable:
        cast = None
    is_wrapped = cast is not None and not isinstance(inner, BaseColumn)
    renderer.write("(" if is_wrapped else "")
    renderer.render(inner)
    renderer.write(")" if is_wrapped else "")
    if cast is not None:
        renderer.write("::", cast)
    if isinstance(item, Label):
        renderer.write(" AS ", quote_name(item.name))


def write_where(renderer: Renderer, conditions: tuple[Any, ...]) -> None:
    """WHERE with all conditions joined by AND."""
    if conditions:
        renderer.write(" WHERE ")
        write_conditions(renderer, conditions)


def write_conditions(renderer: Renderer, conditions: tuple[Any, ...]) -> None:
    """Conditions joined by AND."""
    for index, condition in enumerate(conditions):
        renderer.write(" AND " if index else "")
        is_loose = len(conditions) > 1 and getattr(condition, "operator", "") == "OR"
        renderer.write("(" if is_loose else "")
        renderer.render(condition)
        renderer.write(")" if is_loose else "")


def _write_groups(renderer: Renderer, extras: Extras, keys: Sequence[BaseColumn[Any, Any]]) -> None:
    if extras.group_by:
        renderer.write(" GROUP BY ")
        renderer.render_list((*extras.group_by, *keys))
    if extras.having:
        renderer.write(" HAVING ")
        write_conditions(renderer, extras.having)


def _write_tail(renderer: Renderer, rows: Rows[Any], order: tuple[Order, ...]) -> None:
    if order:
        renderer.write(" ORDER BY ")
        renderer.render_list(order)
    limit = rows._limit
    if isinstance(limit, WithTies) and not rows._order:
        raise InvalidRequestError(
            "fetch(with_ties=True) needs an order, by which rows are equal",
            hint="add order_by(...)",
        )
    if limit is not None and not isinstance(limit, WithTies):
        renderer.write(" LIMIT ")
        renderer.render(limit)
    if rows._offset is not None:
        renderer.write(" OFFSET ")
        renderer.render(rows._offset)
    if isinstance(limit, WithTies):
        renderer.write(" FETCH FIRST (")
        renderer.render(limit.inner)
        renderer.write(") ROWS WITH TIES")


def _lock_name(renderer: Renderer, source: Any) -> str:
    # OF takes the name alone, without a schema
    if isinstance(source, Table) and not isinstance(source, Subtype):
        return quote_name(source.name)
    return renderer.source_name(source)


def write_compound(renderer: Renderer, compound: Compound[Any], *, is_top: bool) -> None:
    """A set operation; its ORDER BY can only name columns of the result."""
    is_plain = compound.operator == "UNION ALL" and not compound._order
    if is_top and renderer.uncast is None and not is_plain:
        cast_around(renderer, lambda: write_compound(renderer, compound, is_top=True))
        return
    for index, query in enumerate(compound.queries):
        renderer.write(f" {compound.operator} " if index else "")
        is_loose = _is_loose(query)
        renderer.write("(" if is_loose else "")
        if isinstance(query, Select):
            write_select(renderer, query, is_top=is_top)
        elif isinstance(query, Compound):
            write_compound(renderer, query, is_top=is_top)
        renderer.write(")" if is_loose else "")
    items = compound._output_items()
    with renderer.within(renderer.scopes), renderer.bare():
        renderer.labels = frozenset(item._key for item in items if isinstance(item, Label))
        _write_tail(renderer, compound, tuple(result_order(compound)))


def _is_loose(query: Rows[Any]) -> bool:
    """Whether a branch of a set operation needs parentheses."""
    has_tail = bool(query._order) or query._limit is not None or query._offset is not None
    return has_tail or not isinstance(query, Select) or query._extras.lock is not None
