"""The first related rows of each owner: a LATERAL subquery with LIMIT for every key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from asyncorm.loading.directives import Step
from asyncorm.mapping.selection import Selection
from asyncorm.sql.adapted import adapted, adapted_order
from asyncorm.sql.conditions import and_
from asyncorm.sql.constructs import true
from asyncorm.sql.functions.func import func
from asyncorm.sql.given import orders
from asyncorm.sql.keys import any_key
from asyncorm.sql.sources import Alias, column_of, source_of
from asyncorm.sql.statements.select import Select, select


def first_of_each(
    step: Step,
    selection: Selection[Any, Any],
    keys: Sequence[Any],
) -> Select[Any]:
    """The SELECT of the first related objects of each key, each with the key.

    The subquery names the entity itself, since that is what the selection's conditions are about;
    only its keys come out, so that an index can find the first ones without reading the others.
    """
    assert selection.count is not None
    relationship, target = step.relationship, step.mapper
    places = step.places(source_of(target.entity))
    owner: Any = Alias(relationship.mapper.entity, None)
    found: Any = Alias(target.entity, None)
    given = selection.order or relationship.order_by or target.primary_key_columns
    order = [adapted_order(one, *places) for one in orders(given)]
    taken = {column.name for column in target.primary_key_columns}
    place = "place" if "place" not in taken else "place_of_row"
    number = func.row_number().over(order_by=order).label(place)
    _, condition, link = relationship._join(owner, target.entity)
    items: list[Any] = [*target.primary_key_columns, number]
    rows: Select[Any] = select(*items)
    if link is not None:
        rows = rows.join(*link)
    conditions = (adapted(one, *places) for one in selection.conditions)
    rows = rows.where(condition, *conditions).order_by(number)
    first = rows.limit(selection.count).lateral()
    same = and_(
        *(column_of(found, c.attribute) == first.c[c.name] for c in target.primary_key_columns)
    )
    key = [column_of(owner, name) for name in relationship.local_attributes]
    statement: Select[Any] = select(found, *key).select_from(owner).join(first, true())
    return statement.join(found, same).where(any_key(key, keys)).order_by(first.c[place])
