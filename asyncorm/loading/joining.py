"""Joined loading: related entities become further items, by LEFT JOINs to anonymous aliases."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

from asyncorm.compiler.results import result_of
from asyncorm.loading.contained import check_none_contained
from asyncorm.loading.directives import Strategy
from asyncorm.loading.draft import Draft, Place
from asyncorm.loading.tree import Edge, LoadNode
from asyncorm.sql.adapted import Adapted
from asyncorm.sql.conditions import and_
from asyncorm.sql.constructs import Constant, Extract
from asyncorm.sql.expressions import CastTo, Expression, Label, Operation, Parameter, ScalarQuery
from asyncorm.sql.functions.calls import FunctionCall
from asyncorm.sql.functions.func import func
from asyncorm.sql.nesting import nest
from asyncorm.sql.nodes import combined
from asyncorm.sql.operators.order import Order
from asyncorm.sql.sources import Alias, EntityOf, PartialEntity, column_of, is_entity, source_of
from asyncorm.sql.statements.clauses import Join
from asyncorm.sql.statements.select import Select, select
from asyncorm.sql.table import BaseColumn


def join_related(draft: Draft) -> None:
    """Join all that is loaded by a join, with what is loaded by a join with it in turn."""
    if not any(any(joined_edges(place)) for place in draft.places):
        return
    if _needs_nesting(draft) and not put_inside(draft):
        return
    pending = deque(draft.places)
    while pending:
        place = pending.popleft()
        for edge in joined_edges(place):
            draft.places.append(_join(draft, place, edge))
            pending.append(draft.places[-1])


def joined_edges(place: Place) -> Iterator[Edge]:
    """The edges that are loaded by a join, for all objects of a place.

    A default that leads back to where the joins came from is left to memory, or to a statement of
    its own: it would bring what is there already.
    """
    for edge in place.node.edges.values():
        relationship = edge.relationship
        if edge.strategy is not Strategy.JOINED:
            continue
        if edge.step.strategy is None and relationship.target.entity in place.above:
            continue
        if issubclass(place.node.mapper.entity, relationship.owner):
            yield edge


def nested_edges(node: LoadNode) -> Iterator[Edge]:
    """The edges of a node whose objects come as arrays, for all objects of its entity."""
    for edge in node.edges.values():
        is_nested = edge.strategy is Strategy.NESTED
        if is_nested and issubclass(node.mapper.entity, edge.relationship.owner):
            yield edge


def _join(draft: Draft, place: Place, edge: Edge) -> Place:
    relationship, selection = edge.relationship, edge.selection
    check_none_contained(edge.node)
    # an inner join behind an outer one would take rows away that the outer one has kept
    is_inner = edge.step.inner and not place.nullable
    kind = "JOIN" if is_inner else "LEFT JOIN"
    if selection is not None and selection.count is not None:
        target, order = _first_rows(place, edge, selection.count)
        present = (column_of(place.source, n).is_not(None) for n in relationship.local_attributes)
        draft.joins.append(Join(target, and_(*present), kind))
    else:
        target = Alias(edge.step.mapper.entity, None)
        _, condition, link = relationship._join(place.source, target)
        places = edge.places(source_of(target), link and link[0])
        conditions, order = edge.conditions(places), edge.order(places)
        if link is None:
            condition = and_(condition, *conditions)
        else:
            link = (link[0], and_(link[1], *conditions))
        draft.joins.append(Join(target, condition, kind, link))
    draft.constants.extend(relationship._bound)
    if relationship.to_many:
        draft.order.extend(order)
        draft.constants.extend(_values(relationship.order_by))
    return draft.add(place, edge, target, nullable=not is_inner)


def _first_rows(
    place: Place, edge: Edge, count: Expression[Any, Any]
) -> tuple[Alias, Sequence[Order]]:
    """The first related rows of each owner, as a lateral subquery, and what orders them."""
    relationship = edge.relationship
    entity = edge.step.mapper.entity
    inner: Any = Alias(entity, None)
    _, condition, link = relationship._join(place.source, inner)
    places = edge.places(source_of(inner), link and link[0])
    keys = [Order(column_of(inner, name)) for name in relationship.target.primary_key]
    name = "place"
    while name in inner.__table__.columns:
        name += "_"
    number = func.row_number().over(order_by=edge.order(places) or keys).label(name)
    # what an option wants to be read beside the usual columns
    wanted = dict.fromkeys((*entity.__mapper__.selected, *edge.node.attributes))
    items: list[Any] = [PartialEntity(inner, wanted) if edge.node.columns else inner, number]
    rows: Select[Any] = select(*items).where(condition, *edge.conditions(places))
    if link is not None:
        rows = rows.join(*link)
    rows = rows.order_by(number)
    rows._limit = count
    derived = rows.lateral()
    return EntityOf(entity, derived), [Order(derived.c[name])]


def _values(parts: Sequence[Any]) -> Iterator[Parameter[Any]]:
    """The values that parts of a mapping bind."""
    return (one for one in combined(parts)[1] if isinstance(one, Parameter))


# -- the statement as a subquery ---------------------------------------------------------------


def _needs_nesting(draft: Draft) -> bool:
    """Whether joins would change which rows there are, or what is computed of them."""
    statement = draft.statement
    if not isinstance(statement, Select):
        return True
    extras = statement._extras
    if extras.distinct is not None or extras.group_by or extras.having or extras.lock:
        return True
    if not any(map(_has_collection, draft.places)):
        return False
    return (
        statement._limit is not None
        or statement._offset is not None
        or not all(is_entity(item) or _is_column(item) for item in draft.items)
        or not all(_is_plain(order.expression) for order in statement._order)
    )


def _has_collection(place: Place) -> bool:
    above = (*place.above, place.node.mapper.entity)
    return any(
        edge.relationship.to_many or _has_collection(Place(0, None, edge.node, True, above))
        for edge in joined_edges(place)
    )


def _is_column(item: Any) -> bool:
    return isinstance(item.inner if isinstance(item, Label) else item, (BaseColumn, ScalarQuery))


def _is_plain(expression: Any) -> bool:
    """Whether an expression is computed of one row, and not of others beside it."""
    if isinstance(expression, (BaseColumn, Parameter, ScalarQuery, Constant)):
        return True
    if isinstance(expression, (Label, CastTo, Extract, Adapted)):
        return _is_plain(expression.inner)
    if isinstance(expression, Operation):
        return all(map(_is_plain, expression.operands))
    return isinstance(expression, FunctionCall) and all(map(_is_plain, expression.arguments))


def put_inside(draft: Draft, *, common: bool = False) -> bool:
    """Make the statement a subquery, so that it has its rows before anything is joined.

    It is a ``common`` table expression if several parts of the new statement ask for the rows.
    """
    items: Any = result_of(draft.statement)[1]
    names = [item.name for item in items]
    nullable = [getattr(item, "nullable", False) for item in items]
    needed: dict[int, Sequence[str]] = {
        place.position: [
            *(place.node.attributes if place.node.columns else ()),
            *(n for e in joined_edges(place) for n in e.relationship.local_attributes),
            *(n for e in nested_edges(place.node) for n in e.relationship.local_attributes),
        ]
        for place in draft.places
    }
    nesting = nest(draft.statement, names, needed, nullable, common=common)
    if nesting is None:
        return False
    outer: Select[Any] = Select(tuple(nesting.items))
    outer._order = nesting.order
    draft.begin_again(outer, [nesting.items[place.position] for place in draft.places])
    return True
