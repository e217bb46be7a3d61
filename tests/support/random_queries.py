"""Queries of the shop's tables in all shapes, drawn by hypothesis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from asyncorm import (
    aliased,
    except_,
    except_all,
    exists,
    func,
    intersect,
    intersect_all,
    literal,
    select,
    tablesample,
    true,
    tuple_,
    union,
    union_all,
)
from asyncorm import values as value_table
from tests.support.shop import Category, Product, Sale
from tests.support.statements import (
    ALIASES,
    Recipe,
    Recipes,
    Values,
    condition,
    plain_selects,
    scopes,
    value,
)

OPERATORS = (union, union_all, intersect, intersect_all, except_, except_all)
SOURCES = (
    "values", "typed", "cte", "series", "unnest", "pair", "rows", "elements", "each", "sample",
    "days", "column",
)  # fmt: skip
NAMES = st.sampled_from([None, "inner", 'in"ner', "select"])


@st.composite
def set_operations(draw: Any, depth: int = 1) -> Recipe:
    """Six operators, nested in each other, with ORDER BY, LIMIT, and as subquery or CTE."""
    wanted = tuple(draw(st.lists(st.sampled_from(["text", "number"]), min_size=1, max_size=2)))
    queries = draw(st.lists(plain_selects(wanted, 1), min_size=3, max_size=4))
    operator, outer = draw(st.sampled_from(OPERATORS)), draw(st.sampled_from(OPERATORS))
    form = draw(st.sampled_from(["flat", "nested", "methods", "subquery", "cte", "in", "lateral"]))
    down, limited = draw(st.booleans()), draw(st.booleans())

    def make(values: Values) -> Any:
        found = [recipe(values) for recipe in queries]
        statement = operator(*found)
        if form == "nested":
            statement = outer(found[0], operator(*found[1:]).limit(values.count()))
        elif form == "methods":
            statement = found[0].union_all(found[1]).except_(found[2])
        statement = statement.order_by(
            *(item.desc() if down else item for item in statement.queries[0]._output_items()[:1])
            if form == "flat"
            else ()
        )
        statement = statement.limit(values.count()) if limited else statement
        if form in ("subquery", "cte", "lateral"):
            source = getattr(statement, form)("u")
            return select(*source.c, Category.id).select_from(source).join(Category, true())
        if form == "in":
            row = tuple_(*(literal(getattr(values, kind)()) for kind in wanted))
            return select(Sale.id).where(row.in_(statement))
        return statement

    return make


@st.composite
def joins(draw: Any) -> Recipe:
    """Inner, left, full, cross and lateral joins, with conditions of all kinds."""
    where, on = draw(condition((Product,), 1)), draw(condition((Sale,), 1))
    inner = draw(plain_selects(("number", "text"), 1))
    name = draw(NAMES)
    form = draw(st.sampled_from(["full", "cross", "lateral", "left lateral", "subquery", "alias"]))
    other = draw(st.sampled_from(ALIASES[Product][:2]))

    def make(values: Values) -> Any:
        statement = select(Product.id, Product).where(where(values))
        if form == "full":
            # PostgreSQL joins fully on what it can merge or hash: an equality
            return statement.join(Sale, Sale.product_id == Product.id, full=True)
        if form == "cross":
            return statement.join(Sale, true()).limit(values.count())
        if form in ("lateral", "left lateral"):
            of_product = (
                select(Sale.id, Sale.quantity.label("n"))
                .where(Sale.product_id == Product.id, on(values))
                .order_by(Sale.sold_at.desc())
                .limit(values.count())
                .lateral(name)
            )
            is_outer = form == "left lateral"
            rows = select(Product.name, of_product.c.id, of_product.c.n)
            return rows.join(of_product, true(), isouter=is_outer).where(of_product.c.n > -9)
        if form == "subquery":
            source = inner(values).subquery(name)
            first = next(iter(source.c))
            return statement.outerjoin(source, first == Product.id).order_by(first.nulls_first())
        return select(Product.id, other.name).join(other, other.id > Product.id).where(
            exists(select(Sale).where(Sale.product_id == other.id, on(values)))
        )  # fmt: skip

    return make


@st.composite
def distinct_rows(draw: Any) -> Recipe:
    """DISTINCT ON, ties, locks of one of several tables."""
    scope, begin = draw(scopes())
    by = draw(value(scope, "number", 1))
    where = draw(condition(scope, 1))
    form = draw(st.sampled_from(["distinct on", "ties", "lock", "lock of all", "count"]))
    wait = draw(st.sampled_from([{}, {"skip_locked": True}, {"nowait": True}]))
    strength = draw(st.sampled_from([{}, {"read": True}, {"key_share": True}]))

    def make(values: Values) -> Any:
        key = by(values)
        statement = begin(values)(scope[-1], key.label("k")).where(where(values))
        if form == "distinct on":
            column = scope[0].id
            return statement.distinct(column).order_by(column, key.desc())
        if form == "ties":
            return statement.order_by(key).fetch(values.count(), with_ties=True).offset(1)
        if form == "count":
            inner = statement.subquery()
            return select(func.count(), func.max(inner.c.k)).select_from(inner)
        return statement.with_for_update(of=scope[0], **wait, **strength)

    return make


@st.composite
def tables_of_values(draw: Any) -> Recipe:
    """VALUES, functions and samples in FROM, beside tables and laterally."""
    form = draw(st.sampled_from(SOURCES))
    where, expression = draw(condition((Product,), 1)), draw(value((Product,), "number", 1))
    name, size = draw(NAMES), draw(st.integers(0, 4))
    outer = draw(st.booleans())

    def make(values: Values) -> Any:
        if form in ("values", "cte", "typed"):
            rows: list[Any] = [(values.number(), values.text()) for _ in range(size + 1)]
            if form == "typed":
                rows[0] = (expression(values) if size == 0 else func.length(rows[0][1]), None)
            kinds = {"id": Product.id, "label": str}
            if form == "typed" and size == 0:
                rows[0] = (literal(values.number()), None)
            source: Any = value_table(kinds, rows, name=name)
            source = source.cte() if form == "cte" else source
            statement = select(source.c.id, source.c.label, Product.name)
            return statement.join(Product, Product.id == source.c.id, isouter=outer)
        if form == "series":
            number = func.generate_series(1, values.count()).column_valued(name)
            return select(number, Product.id).join(Product, Product.id == number, isouter=outer)
        if form == "days":
            day = func.generate_series(
                values.time(), values.time(), func.make_interval(days=1)
            ).column_valued("day")
            return select(day, func.count(Sale.id)).outerjoin(
                Sale, func.date_trunc("day", Sale.sold_at) == day
            ).group_by(day).order_by(day)  # fmt: skip
        if form in ("unnest", "column"):
            call = func.unnest(Product.tags)
            tag = call.column_valued("tag") if form == "column" else call.table_valued(
                "tag", name=name, with_ordinality="place").c.tag  # fmt: skip
            return select(Product.id, tag).where(where(values), tag != values.text())
        if form == "pair":
            both = func.unnest(values.array(), [values.number()]).table_valued("a", "b")
            return select(both.c.a, both.c.b, Product.id).join(Product, where(values))
        if form == "rows":
            rows = func.jsonb_to_recordset(literal([values.json()])).table_valued(
                {"a": int, "b": str}, name=name
            )
            return select(rows.c.a, rows.c.b)
        if form == "elements":
            part = func.jsonb_array_elements(Product.details["parts"]).table_valued("part")
            return select(Product.id, part.c.part).join(part, true(), isouter=outer)
        if form == "each":
            pair = func.jsonb_each_text(Product.details).table_valued({"key": str, "value": str})
            return select(Product.id, pair.c.key).where(pair.c.value != values.text())
        sample = tablesample(Product, values.count(), name=name, seed=values.count())
        return select(sample, Sale.id).join(Sale, Sale.product_id == sample.id, isouter=outer)

    return make


@st.composite
def trees(draw: Any) -> Recipe:
    """Recursive CTEs with SEARCH and CYCLE; CTEs that are materialized or not, in chains."""
    where, part = draw(condition((Category,), 1)), draw(condition((Category,), 1))
    walk = draw(st.sampled_from(["", "depth", "breadth", "cycle", "both"]))
    is_all, entity = draw(st.booleans()), draw(st.booleans())
    materialized = draw(st.sampled_from([None, True, False]))
    name = draw(st.sampled_from([None, "tree", 'tr"ee']))

    def make(values: Values) -> Any:
        top = select(
            Category.id,
            literal(0).label("level"),
            func.array_append(literal([], list[int]), Category.id).label("way"),
        ).where(where(values))
        tree = top.cte(name, recursive=True)
        below = (
            select(Category.id, tree.c.level + 1, func.array_append(tree.c.way, Category.id))
            .join(tree, Category.parent_id == tree.c.id)
            .where(tree.c.level < values.count())
        )
        tree = tree.union_all(below) if is_all else tree.union(below)
        if walk in ("depth", "both"):
            tree = tree.search_depth_first(tree.c.id)
        if walk == "breadth":
            tree = tree.search_breadth_first("id", set_="o")
        if walk in ("cycle", "both"):
            tree = tree.cycle(tree.c.id)
        narrow = select(tree.c.id, tree.c.level).where(tree.c.level < values.count())
        second = narrow.cte(materialized=materialized)
        third = select(func.max(second.c.level).label("m")).cte(materialized=materialized)
        items: list[Any] = [second.c.id, third.c.m]
        if entity:
            items.append(Category)
        statement = select(*items).select_from(second).join(third, true())
        if entity:
            statement = statement.join(Category, (Category.id == second.c.id) & part(values))
        return statement.order_by(second.c.id.desc())

    return make


@st.composite
def entities_of_rows(draw: Any) -> Recipe:
    """Entities of subqueries, CTEs and set operations; correlated subqueries in all places."""
    where, deeper = draw(condition((Product,), 2)), draw(condition((Sale,), 1))
    form = draw(st.sampled_from(["subquery", "cte", "union", "alias"]))
    number, down = draw(value((Product,), "number", 1)), draw(st.booleans())

    def make(values: Values) -> Any:
        rows = select(Product).where(where(values))
        if form == "union":
            rows = rows.union(select(Product).where(Product.id > values.number()))
        source = rows.cte() if form == "cte" else rows.subquery()
        some = aliased(Product) if form == "alias" else aliased(Product, source)
        sold = (
            select(func.sum(Sale.quantity))
            .where(Sale.product_id == some.id, deeper(values))
            .scalar_subquery()
        )
        statement = select(some, sold.label("sold")).where(
            func.coalesce(sold, values.count()) >= values.number()
        )
        statement = statement.where(
            some.id.in_(select(Sale.product_id).where(deeper(values)))
            | exists(select(number(values)).where(Product.category_id == some.category_id))
        )
        return statement.order_by(sold.desc().nulls_last() if down else some.name.collate("C"))

    return make


QUERIES: dict[str, Callable[[], Recipes]] = {
    "set operations": set_operations,
    "joins": joins,
    "distinct rows, ties and locks": distinct_rows,
    "values, functions and samples": tables_of_values,
    "trees and chains": trees,
    "entities of rows": entities_of_rows,
}
