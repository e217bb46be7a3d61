"""Statements that change the shop's rows in all shapes, drawn by hypothesis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from asyncorm import (
    aliased,
    case,
    default,
    delete,
    func,
    insert,
    literal,
    merge,
    merge_action,
    new,
    old,
    select,
    update,
)
from asyncorm import values as value_table
from tests.support.shop import Category, Customer, Product, Sale
from tests.support.statements import Recipe, Recipes, Values, condition, plain_selects, value


def _versions(form: str) -> tuple[Any, ...]:
    return {
        "none": (),
        "entity": (Product,),
        "columns": (Product.id, Product.name),
        "old and new": (old(Product.stock), new(Product.stock).label("now"), Product.id),
        "change": ((new(Product.stock) - old(Product.stock)).label("change"),),
        "all": (*old(Product), *new(Product)),
    }[form]


VERSIONS = st.sampled_from(["none", "entity", "columns", "old and new", "change", "all"])


@st.composite
def upserts(draw: Any) -> Recipe:
    """INSERT of values, expressions, queries; conflicts with excluded, WHERE; RETURNING."""
    form = draw(st.sampled_from(["row", "rows", "mixed", "select", "default"]))
    conflict = draw(st.sampled_from(["", "nothing", "any", "update", "constraint"]))
    returned, condition_ = draw(VERSIONS), draw(condition((Product,), 1))
    number = draw(value((Product,), "number", 1))

    def make(values: Values) -> Any:
        def row() -> dict[str, Any]:
            return {
                "name": values.text(),
                "price": values.money(),
                "added_on": values.day(),
                "category_id": 1 + values.count() % 5,
                "details": values.json(),
                "tags": values.array(),
            }

        statement = insert(Product)
        if form == "select":
            source = aliased(Product)
            query = select(source.name + values.text(), source.price, source.added_on, source.id)
            names = [Product.name, "price", "added_on", "category_id"]
            statement = statement.from_select(names, query.where(source.id < 6))
        elif form == "row":
            statement = statement.values(row(), discount=default())
        elif form == "mixed":
            stock = select(func.max(Sale.id)).scalar_subquery()
            statement = statement.values([{**row(), "stock": stock}, {**row(), "discount": 1}])
        else:
            statement = statement.values([row() for _ in range(3)])
        if conflict == "any":
            statement = statement.on_conflict_do_nothing()
        elif conflict == "nothing":
            statement = statement.on_conflict_do_nothing(index_elements=[Product.name])
        elif conflict:
            excluded = statement.excluded
            where: dict[str, Any] = {"index_elements": ["name"]}
            if conflict == "constraint":
                where = {"constraint": "uq_product_name"}
            statement = statement.on_conflict_do_update(
                **where,
                set_={
                    "stock": Product.stock + func.coalesce(excluded.stock, number(values)),
                    "tags": func.array_cat(Product.tags, excluded[Product.tags]),
                    "price": case((condition_(values), excluded.price), else_=Product.price),
                },
                where=(Product.price != excluded.price) | condition_(values),
            )
        return statement.returning(*_versions(returned)) if returned != "none" else statement

    return make


@st.composite
def joined_updates(draw: Any) -> Recipe:
    """UPDATE with FROM of tables, subqueries, VALUES and CTEs; of aliases; rows of queries."""
    form = draw(st.sampled_from(["table", "join", "subquery", "values", "cte", "alias", "row"]))
    where, sold = draw(condition((Product,), 1)), draw(condition((Sale,), 1))
    returned, number = draw(VERSIONS), draw(value((Sale,), "number", 1))

    def make(values: Values) -> Any:
        statement = update(Product).where(where(values))
        if form == "table":
            statement = statement.values(stock=number(values)).where(
                Sale.product_id == Product.id, sold(values)
            )
        elif form == "join":
            statement = statement.values(name=Product.name + Customer.name)
            statement = statement.from_(Sale).join(Sale.customer)
            statement = statement.where(Sale.product_id == Product.id, sold(values))
        elif form in ("subquery", "cte"):
            totals = (
                select(Sale.product_id, func.sum(Sale.quantity).label("total"))
                .where(sold(values))
                .group_by(Sale.product_id)
            )
            source = getattr(totals, form)()
            statement = statement.values({Product.stock: Product.stock - source.c.total})
            statement = statement.where(source.c.product_id == Product.id)
        elif form == "values":
            rows = [(number_, values.money()) for number_ in range(1, 3 + values.count() % 2)]
            source = value_table({"id": Product.id, "price": Product.price}, rows)
            statement = statement.set(Product.price.set(source.c.price))
            statement = statement.where(source.c.id == Product.id)
        elif form == "alias":
            other = aliased(Product)
            statement = statement.values(stock=other.stock + values.number())
            statement = statement.where(other.id == Product.id + 1)
        else:
            row = select(func.count(), func.max(Sale.quantity)).where(
                Sale.product_id == Product.id, sold(values)
            )
            statement = statement.values({(Product.stock, Product.discount): row})
        return statement.returning(*_versions(returned)) if returned != "none" else statement

    return make


@st.composite
def joined_deletes(draw: Any) -> Recipe:
    """DELETE with USING, of duplicates, by queue; RETURNING."""
    form = draw(st.sampled_from(["using", "join", "duplicates", "queue", "exists", "alias"]))
    where, product = draw(condition((Sale,), 1)), draw(condition((Product,), 1))
    returned = draw(st.sampled_from([(), (Sale,), (Sale.id, Sale.quantity), "old", "joined"]))

    def make(values: Values) -> Any:
        statement = delete(Sale)
        if form == "using":
            statement = statement.where(Product.id == Sale.product_id, product(values))
        elif form == "join":
            statement = statement.using(Product).join(Product.category)
            statement = statement.where(Product.id == Sale.product_id, product(values))
        elif form == "duplicates":
            place = func.row_number().over(
                partition_by=[Sale.product_id, Sale.customer_id], order_by=Sale.id.desc()
            )
            ranked = select(Sale.id, place.label("place")).where(where(values)).subquery()
            statement = statement.where(Sale.id == ranked.c.id, ranked.c.place > 1)
        elif form == "queue":
            taken = (
                select(Sale.id).where(where(values)).order_by(Sale.sold_at).limit(values.count())
            )
            statement = statement.where(Sale.id.in_(taken.with_for_update(skip_locked=True)))
        elif form == "alias":
            other = aliased(Sale)
            statement = statement.where(other.product_id == Sale.product_id, other.id < Sale.id)
        else:
            statement = statement.where(
                select(Product).where(Product.id == Sale.product_id, product(values)).exists()
            )
        if returned == "old":
            return statement.returning(*old(Sale))
        if returned == "joined":
            is_joined = form in ("using", "join")
            return statement.returning(Sale.id, Product.name if is_joined else Sale.quantity)
        return statement.returning(*returned) if returned else statement

    return make


@st.composite
def merges(draw: Any) -> Recipe:
    """MERGE of tables, subqueries and VALUES with all branches."""
    form = draw(st.sampled_from(["values", "subquery", "cte", "alias"]))
    branches = draw(
        st.lists(
            st.sampled_from(["update", "set", "delete", "nothing", "insert", "by source"]),
            min_size=1,
            max_size=4,
        )
    )
    where, returns = draw(condition((Product,), 1)), draw(st.booleans())

    def make(values: Values) -> Any:
        number = Product.id.label("id")
        rows = [(place, values.text(), values.money()) for place in range(5, 12)]
        if form == "values":
            source: Any = value_table({"id": int, "name": str, "price": Product.price}, rows)
        elif form == "alias":
            source = aliased(Product)
        else:
            query = select(number, Product.name, Product.price).where(where(values))
            source = getattr(query, form)()
        columns = source if form == "alias" else source.c
        statement = merge(Product).using(source, columns.id == Product.id)
        for branch in branches:
            if branch == "update":
                statement = statement.when_matched(Product.stock > values.count()).update(
                    stock=values.count(), name=columns.name + values.text()
                )
            elif branch == "set":
                statement = statement.when_matched(where(values)).set(
                    Product.stock.set(Product.stock + values.count())
                )
            elif branch == "delete":
                statement = statement.when_matched(columns.price > values.money()).delete()
            elif branch == "nothing":
                statement = statement.when_not_matched(columns.id > values.number()).do_nothing()
            elif branch == "insert":
                statement = statement.when_not_matched(columns.id >= 0).insert(
                    name=columns.name + "!", price=columns.price, category_id=1,
                    added_on=values.day(),
                )  # fmt: skip
            else:
                statement = statement.when_not_matched_by_source(
                    Product.stock > values.count()
                ).update(stock=0)
        if returns:
            return statement.returning(merge_action(), Product.id, old(Product.stock))
        return statement

    return make


@st.composite
def writing_ctes(draw: Any) -> Recipe:
    """CTEs that change rows, in chains, before queries and other changes."""
    form = draw(st.sampled_from(["move", "insert", "update", "along", "two"]))
    where, query = draw(condition((Sale,), 1)), draw(plain_selects(("text", "text"), 1))

    def make(values: Values) -> Any:
        gone = delete(Sale).where(where(values)).returning(Sale.product_id, Sale.quantity)
        taken = gone.cte("taken")
        if form == "move":
            return insert(Category).from_select(
                ["name", "parent_id"],
                select(literal(values.text()), taken.c.product_id).where(taken.c.product_id < 6),
            )
        if form == "insert":
            made = insert(Customer).from_select(["name", "email"], query(values))
            made = made.on_conflict_do_nothing().returning(Customer.id)
            source = made.cte()
            return select(func.count(), func.max(source.c.id)).select_from(source)
        if form == "update":
            return (
                update(Product)
                .values(stock=Product.stock + taken.c.quantity)
                .where(taken.c.product_id == Product.id)
                .returning(Product.id, taken.c.quantity)
            )
        if form == "along":
            quiet = update(Customer).values(city=values.text()).cte("quiet")
            return select(Product.id).where(Product.stock > values.count()).add_cte(quiet, taken)
        raised = update(Product).values(stock=values.count()).returning(Product.id, Product.stock)
        first = raised.cte("raised")
        return (
            select(Product, first.c.stock, taken.c.quantity)
            .join(first, first.c.id == Product.id)
            .outerjoin(taken, taken.c.product_id == Product.id)
        )

    return make


CHANGES: dict[str, Callable[[], Recipes]] = {
    "upserts": upserts,
    "joined updates": joined_updates,
    "joined deletes": joined_deletes,
    "merges": merges,
    "writing CTEs": writing_ctes,
}
