"""Statements about the shop, drawn by hypothesis: one strategy for each construct.

A strategy draws a recipe, a function of the values that the statement binds. So one shape can be
made with several sets of values: ``recipe(Values(1))`` and ``recipe(Values(2))``. Strategies of
expressions take the entities that are in FROM and the kind of the expression; whoever adds a
construct adds it to the list of its kind.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from asyncorm import (
    aliased,
    and_,
    case,
    cast,
    delete,
    except_,
    exists,
    extract,
    func,
    insert,
    intersect,
    literal,
    not_,
    or_,
    select,
    union,
    union_all,
    update,
)
from tests.support.shop import Category, Customer, Product, Sale

ENTITIES = (Category, Product, Customer, Sale)
# made once, so that strategies about them are made once
ALIASES: dict[Any, list[Any]] = {
    entity: [aliased(entity, name) for name in ("one", 'o"ne', None)] for entity in ENTITIES
}
LETTERS = "ab %_'\"\\;-$é€\n{}?:"
#: attributes of the entities by kind
ATTRIBUTES: dict[str, dict[str, list[str]]] = {
    "Category": {"text": ["name"], "number": ["id", "parent_id"]},
    "Product": {
        "text": ["name"],
        "number": ["id", "stock", "discount", "category_id"],
        "money": ["price"],
        "day": ["added_on"],
        "array": ["tags"],
        "json": ["details"],
    },
    "Customer": {"text": ["name", "email", "city"], "number": ["id"]},
    "Sale": {"number": ["id", "quantity", "product_id", "customer_id"], "time": ["sold_at"]},
}
#: relationships along which a join goes
JOINS: dict[type[Any], list[tuple[Any, Any]]] = {
    Category: [(Category.products, Product)],
    Product: [(Product.category, Category), (Product.sales, Sale)],
    Customer: [(Customer.sales, Sale)],
    Sale: [(Sale.product, Product), (Sale.customer, Customer)],
}


class Values:
    """The values of one making of a statement; another seed gives others of the same types."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def text(self) -> str:
        return "".join(self._random.choices(LETTERS, k=self._random.randrange(6)))

    def number(self) -> int:
        return self._random.randrange(-50, 50)

    def count(self) -> int:
        return self._random.randrange(20)

    def money(self) -> Decimal:
        return Decimal(self._random.randrange(10_000)) / 100

    def day(self) -> date:
        return date(2025, 1, 1) + timedelta(days=self._random.randrange(500))

    def time(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=self._random.randrange(900))

    def array(self) -> list[str]:
        return [self.text() for _ in range(self._random.randrange(4))]

    def json(self) -> dict[str, Any]:
        return {self.text(): self.number() for _ in range(self._random.randrange(3))}

    def several(self, kind: str) -> list[Any]:
        return [getattr(self, kind)() for _ in range(self._random.randrange(4))]


Recipe = Callable[[Values], Any]
Recipes = SearchStrategy[Recipe]
Scope = tuple[Any, ...]


def constant(value: Any) -> Recipe:
    return lambda values: value


def combined(function: Callable[..., Any], *parts: Recipes) -> Recipes:
    """The recipe of a function of what the parts make."""
    return st.tuples(*parts).map(
        lambda recipes: lambda values: function(*[recipe(values) for recipe in recipes])
    )


def listed(parts: Recipes, least: int = 1, most: int = 3) -> Recipes:
    """The recipe of a list."""
    return st.lists(parts, min_size=least, max_size=most).map(
        lambda recipes: lambda values: [recipe(values) for recipe in recipes]
    )


def entity_of(source: Any) -> str:
    return source.__name__ if isinstance(source, type) else source._entity.__name__


# ---------------------------------------------------------------------------------- expressions


def columns(scope: Scope, kind: str) -> list[Recipe]:
    return [
        constant(getattr(source, name))
        for source in scope
        for name in ATTRIBUTES[entity_of(source)].get(kind, ())
    ]


def bound(kind: str) -> Recipe:
    return lambda values: literal(getattr(values, kind)())


@cache
def value(scope: Scope, kind: str, depth: int = 2) -> Recipes:
    """A column, a bound value, or something made of others."""
    simple = st.sampled_from([*columns(scope, kind), *columns(scope, kind), bound(kind)])
    if depth <= 0 or kind not in MADE:
        return simple
    return st.one_of(simple, *MADE[kind](scope, depth - 1))


def _texts(scope: Scope, depth: int) -> list[Recipes]:
    text = value(scope, "text", depth)
    return [
        combined(func.lower, text),
        combined(func.upper, text),
        combined(lambda a, b: a + b, text, text),
        combined(func.concat, text, text),
        combined(lambda number: cast(number, str), value(scope, "number", depth)),
        combined(func.coalesce, text, text),
        *(
            combined(lambda document: document["k"].astext, st.just(document))
            for document in columns(scope, "json")
        ),
        choice(scope, "text", depth),
    ]


def _numbers(scope: Scope, depth: int) -> list[Recipes]:
    number = value(scope, "number", depth)
    return [
        combined(lambda a, b: a + b, number, number),
        combined(lambda a, b: a - b, number, number),
        combined(lambda a, b: a * b, number, number),
        combined(lambda a: -a, number),
        combined(func.abs, number),
        combined(func.length, value(scope, "text", depth)),
        combined(func.coalesce, number, number),
        combined(func.greatest, number, number),
        choice(scope, "number", depth),
        counted(depth),
        *(combined(lambda d: extract("year", d), st.just(day)) for day in columns(scope, "day")),
    ]


def _moneys(scope: Scope, depth: int) -> list[Recipes]:
    money = value(scope, "money", depth)
    return [
        combined(lambda a, b: a + b, money, money),
        combined(lambda a, b: a * b, money, value(scope, "number", depth)),
        choice(scope, "money", depth),
    ]


def _conditions(scope: Scope, depth: int) -> list[Recipes]:
    text, number = value(scope, "text", depth), value(scope, "number", depth)
    deeper = condition(scope, depth)
    return [
        combined(lambda a, v: a.like(v), text, values_of("text")),
        combined(lambda a, v: a.ilike(v), text, values_of("text")),
        combined(lambda a, v: a.contains(v), text, values_of("text")),
        combined(lambda a, v: a.startswith(v), text, values_of("text")),
        combined(lambda a, v: a.endswith(v), text, values_of("text")),
        combined(lambda a, v: a.in_(v), text, values_of("text", several=True)),
        combined(lambda a, v: a.not_in(v), number, values_of("number", several=True)),
        combined(lambda a, low, high: a.between(low, high), number, number, number),
        combined(lambda a: a.is_(None), text),
        combined(lambda a, b: a.is_distinct_from(b), number, number),
        combined(lambda a, b: and_(a, b), deeper, deeper),
        combined(lambda a, b: or_(a, b), deeper, deeper),
        combined(not_, deeper),
        combined(lambda a, query: a.in_(query), number, one_column("number", depth)),
        combined(exists, one_column("number", depth)),
        *(
            combined(lambda a, v: a.overlap(v), st.just(array), values_of("array"))
            for array in columns(scope, "array")
        ),
        *(
            combined(lambda a, v: a.any(v), st.just(array), values_of("text"))
            for array in columns(scope, "array")
        ),
        *(
            combined(lambda a, v: a.contains(v), st.just(document), values_of("json"))
            for document in columns(scope, "json")
        ),
        *(
            combined(lambda a, v: a.has_key(v), st.just(document), values_of("text"))
            for document in columns(scope, "json")
        ),
    ]


MADE: dict[str, Callable[[Scope, int], list[Recipes]]] = {
    "text": _texts,
    "number": _numbers,
    "money": _moneys,
}
COMPARISONS = [
    lambda a, b: a == b,
    lambda a, b: a != b,
    lambda a, b: a < b,
    lambda a, b: a >= b,
]


def values_of(kind: str, *, several: bool = False) -> Recipes:
    """A bare value, or a list of some."""
    if several:
        return st.just(lambda values: values.several(kind))
    return st.just(lambda values: getattr(values, kind)())


def kinds(scope: Scope, *among: str) -> list[str]:
    """The kinds that the entities have columns of."""
    found = {kind for source in scope for kind in ATTRIBUTES[entity_of(source)]}
    return [kind for kind in among or ("text", "number", "money", "day", "time") if kind in found]


@cache
def condition(scope: Scope, depth: int = 2) -> Recipes:
    """A boolean expression."""
    compared = st.sampled_from(kinds(scope)).flatmap(
        lambda kind: st.sampled_from(COMPARISONS).flatmap(
            lambda compare: combined(
                compare,
                st.sampled_from(columns(scope, kind)),
                st.one_of(value(scope, kind, depth - 1), values_of(kind)),
            )
        )
    )
    return compared if depth <= 0 else st.one_of(compared, *_conditions(scope, depth - 1))


@cache
def choice(scope: Scope, kind: str, depth: int) -> Recipes:
    """CASE."""
    part = value(scope, kind, depth)
    return combined(
        lambda when, then, other: case((when, then), else_=other),
        condition(scope, depth),
        part,
        part,
    )


@cache
def counted(depth: int) -> Recipes:
    """A scalar subquery."""
    return st.sampled_from(ENTITIES).flatmap(
        lambda entity: combined(
            lambda where: select(func.count()).select_from(entity).where(where).scalar_subquery(),
            condition((entity,), depth - 1),
        )
    )


# --------------------------------------------------------------------------------------- SELECT


@st.composite
def scopes(draw: Any) -> tuple[Scope, Recipe]:
    """What is in FROM, and the recipe of a SELECT of nothing yet that has it there."""
    root = draw(st.sampled_from(ENTITIES))
    if draw(st.booleans()):
        source = draw(st.sampled_from(ALIASES[root]))
        return (source,), lambda values: lambda *items: select(*items).select_from(source)
    scope: list[Any] = [root]
    joined: list[tuple[Any, bool]] = []
    for _ in range(draw(st.integers(0, 2))):
        path, target = draw(st.sampled_from(JOINS[draw(st.sampled_from(scope))]))
        if target not in scope:
            joined.append((path, draw(st.booleans())))
            scope.append(target)

    def begin(*items: Any) -> Any:
        statement = select(*items).select_from(root)
        for path, outer in joined:
            statement = statement.outerjoin(path) if outer else statement.join(path)
        return statement

    return tuple(scope), lambda values: begin


@st.composite
def plain_selects(draw: Any, wanted: tuple[str, ...] = (), depth: int = 2) -> Recipe:
    """SELECT with WHERE, ORDER BY, LIMIT, OFFSET, DISTINCT, locks; with columns of given kinds."""
    scope, begin = draw(scopes())
    found = [draw(value(scope, kind, depth)) for kind in wanted]
    if not wanted:
        found = draw(
            st.lists(
                st.one_of(
                    *(value(scope, kind, depth) for kind in kinds(scope)),
                    st.sampled_from([constant(source) for source in scope]),
                    window(scope),
                ),
                min_size=1,
                max_size=3,
            )
        )
    where = draw(st.lists(condition(scope, depth), max_size=2))
    order = draw(st.lists(value(scope, "number", 1), max_size=2))
    down, limited, moved = draw(st.booleans()), draw(st.booleans()), draw(st.booleans())
    is_locked = not wanted and draw(st.booleans()) and not any(map(_is_window, found))
    is_distinct = not order and not is_locked and bool(wanted) and draw(st.booleans())

    def make(values: Values) -> Any:
        items = [recipe(values) for recipe in found]
        labels = [
            item.label(f"c{number}") if hasattr(item, "label") else item
            for number, item in enumerate(items)
        ]
        statement = begin(values)(*labels).where(*[recipe(values) for recipe in where])
        for recipe in order:
            term = recipe(values)
            statement = statement.order_by(term.desc().nulls_last() if down else term)
        statement = statement.limit(values.count()) if limited else statement
        statement = statement.offset(values.count()) if moved else statement
        statement = statement.distinct() if is_distinct else statement
        return statement.with_for_update(of=scope[0], skip_locked=down) if is_locked else statement

    return make


def _is_window(recipe: Recipe) -> bool:
    return hasattr(recipe(Values(0)), "call")


@cache
def window(scope: Scope) -> Recipes:
    """A function over a window."""
    number = value(scope, "number", 1)
    return st.one_of(
        combined(lambda a: func.row_number().over(order_by=a), number),
        combined(lambda a, b: func.sum(a).over(partition_by=b), number, number),
        combined(lambda a, b: func.lag(a).over(order_by=b.desc()), number, number),
        combined(lambda a, b: func.rank().over(partition_by=[a], order_by=[b]), number, number),
    )


@cache
def one_column(kind: str, depth: int) -> Recipes:
    """A SELECT of one column."""
    return plain_selects((kind,), max(0, depth - 1))


@st.composite
def grouped_selects(draw: Any) -> Recipe:
    """GROUP BY with aggregates and HAVING."""
    scope, begin = draw(scopes())
    by = draw(st.lists(st.sampled_from(columns(scope, "number")), min_size=1, max_size=2))
    number, text, where = (
        draw(value(scope, "number", 1)),
        draw(value(scope, "text", 1)),
        draw(condition(scope, 1)),
    )
    having = draw(st.booleans())

    def make(values: Values) -> Any:
        keys = [recipe(values) for recipe in by]
        statement = begin(values)(
            *[key.label(f"k{index}") for index, key in enumerate(keys)],
            func.count().label("n"),
            func.sum(number(values)).filter(where(values)).label("s"),
            func.string_agg(text(values), values.text()).label("t"),
            func.array_agg(number(values)).label("a"),
        ).group_by(*keys)
        return statement.having(func.count() > values.count()) if having else statement

    return make


@st.composite
def compounds(draw: Any) -> Recipe:
    """UNION, INTERSECT and EXCEPT."""
    wanted = tuple(draw(st.lists(st.sampled_from(["text", "number"]), min_size=1, max_size=2)))
    operator = draw(st.sampled_from([union, union_all, intersect, except_]))
    queries = draw(st.lists(plain_selects(wanted, 1), min_size=2, max_size=3))
    limited = draw(st.booleans())

    def make(values: Values) -> Any:
        found = operator(*[recipe(values) for recipe in queries])
        return found.limit(values.count()) if limited else found

    return make


@st.composite
def nested_selects(draw: Any) -> Recipe:
    """A SELECT of a subquery, a CTE, or a lateral subquery."""
    inner = draw(st.one_of(plain_selects(("number", "text"), 1), grouped_selects()))
    form = draw(st.sampled_from(["subquery", "cte"]))
    name = draw(st.sampled_from([None, "inner", 'in"ner']))
    doubled = form == "cte" and draw(st.booleans())

    def make(values: Values) -> Any:
        source = getattr(inner(values), form)(name)
        first = next(iter(source.c))
        statement = select(*source.c).where(first > values.number()).order_by(first)
        if doubled:
            return union_all(select(first), select(first).where(first < values.number()))
        return statement

    return make


@st.composite
def recursive_selects(draw: Any) -> Recipe:
    """A recursive CTE over the tree of categories."""
    where = draw(condition((Category,), 1))

    def make(values: Values) -> Any:
        tree = select(Category.id, literal(0).label("level")).where(where(values))
        tree = tree.cte("tree", recursive=True)
        below = select(Category.id, tree.c.level + 1).join(tree, Category.parent_id == tree.c.id)
        tree = tree.union_all(below.where(tree.c.level < values.count()))
        return select(tree.c.id, tree.c.level)

    return make


# ------------------------------------------------------------------------------------- changes


@st.composite
def inserts(draw: Any) -> Recipe:
    """INSERT of values, of rows, of a query; with ON CONFLICT and RETURNING."""
    rows, form = draw(st.integers(1, 3)), draw(st.sampled_from(["values", "rows", "select"]))
    conflict = draw(st.sampled_from(["", "nothing", "update"]))
    returns, query = draw(st.booleans()), draw(plain_selects(("text", "text"), 1))

    def make(values: Values) -> Any:
        statement = insert(Customer)
        if form == "select":
            statement = statement.from_select(["name", "email"], query(values))
        else:
            found = [{"name": values.text(), "email": values.text()} for _ in range(rows)]
            statement = statement.values(found[0] if form == "values" else found)
        if conflict == "nothing":
            statement = statement.on_conflict_do_nothing(index_elements=[Customer.email])
        elif conflict == "update":
            statement = statement.on_conflict_do_update(
                index_elements=[Customer.email],
                set_={"name": statement.excluded.name + values.text()},
                where=Customer.id > values.number(),
            )
        return statement.returning(Customer.id, Customer.name) if returns else statement

    return make


@st.composite
def updates(draw: Any) -> Recipe:
    """UPDATE with expressions, and RETURNING."""
    where = draw(st.lists(condition((Product,), 2), min_size=1, max_size=2))
    number, text = draw(value((Product,), "number", 1)), draw(value((Product,), "text", 1))
    expressed, returns = draw(st.booleans()), draw(st.sampled_from([(), (Product,), (Product.id,)]))

    def make(values: Values) -> Any:
        assigned = (
            {"stock": number(values), "name": text(values)}
            if expressed
            else {"stock": values.count(), "tags": values.array(), "details": values.json()}
        )
        statement = update(Product).values(assigned).where(*[recipe(values) for recipe in where])
        return statement.returning(*returns) if returns else statement

    return make


@st.composite
def deletes(draw: Any) -> Recipe:
    """DELETE, and RETURNING."""
    where = draw(st.lists(condition((Sale,), 2), min_size=1, max_size=2))
    returns = draw(st.booleans())

    def make(values: Values) -> Any:
        statement = delete(Sale).where(*[recipe(values) for recipe in where])
        return statement.returning(Sale.id) if returns else statement

    return make


@st.composite
def changing_ctes(draw: Any) -> Recipe:
    """A SELECT of the rows that a CTE changes."""
    where = draw(condition((Product,), 1))

    def make(values: Values) -> Any:
        changed = update(Product).values(stock=values.count()).where(where(values))
        source = changed.returning(Product.id, Product.stock).cte("changed")
        return select(source.c.id).where(source.c.stock > values.number())

    return make


CONSTRUCTS: dict[str, Callable[[], Recipes]] = {
    "select": plain_selects,
    "group by": grouped_selects,
    "set operations": compounds,
    "subqueries and CTEs": nested_selects,
    "recursive CTEs": recursive_selects,
    "insert and upsert": inserts,
    "update": updates,
    "delete": deletes,
    "data-modifying CTEs": changing_ctes,
}
