"""D1: whatever text comes in, SQL is made of our constants, quoted names and $n only."""

from __future__ import annotations

import enum
import os
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from ipaddress import IPv4Address, IPv4Network
from itertools import chain
from typing import Any
from uuid import UUID

import pytest

import asyncorm
from asyncorm import (
    BitString,
    CheckConstraint,
    Column,
    Composite,
    Connection,
    Engine,
    Index,
    Inet,
    Int4Multirange,
    Int4Range,
    MetaData,
    Numeric,
    Result,
    ResultStream,
    Savepoint,
    Session,
    SessionFactory,
    SessionTransaction,
    SQLType,
    Table,
    Vector,
    aliased,
    cast,
    create_engine,
    delete,
    func,
    insert,
    literal,
    make_transient_to_detached,
    merge,
    select,
    selectinload,
    sql,
    true,
    update,
)
from asyncorm.compiler.quoting import quote_name
from asyncorm.types.scalars import INTEGER
from tests.support.canary import (
    EVERY,
    MARK,
    OTHERS,
    WORST,
    Call,
    Surface,
    hostile_calls,
    misplaced,
    texts_of,
)
from tests.support.canary_models import Category, Note, Place, Product

#: each callable gets one share of the many payloads, or with ASYNCORM_RANDOM_STEPS all of them
SHARES = 1 if "ASYNCORM_RANDOM_STEPS" in os.environ else 6
#: texts that are SQL by contract, written by the developer; docs/security.md names them
SQL_BY_CONTRACT = {
    ("sql", "text"),
    ("DDL", "text"),
    ("CheckConstraint", "condition"),
    ("Index", "expressions"),
    ("Index", "where"),
    ("CompiledStatement", "sql"),
}
#: what nothing out of the pool can call, and why that is no hole
NOT_CALLED = {
    "CustomType": "abstract; its subclasses name a type, as SQLType does",
    "MacAddress": "a value of Python",
    "Money": "refuses to be made",
    "Listener": "made by engine.listen(), with names that are checked: test_listening.py",
    "NullColumn.at": "only says that there are no parts",
    "create_engine": "a URL and settings of connections: no SQL",
    "scoped_session.__getattr__": "forwards to a session, whose methods are called on a server",
    "scoped_session.configure": "options of sessions, which are called on a server",
    "WriteOnlyCollection.__getitem__": "only says that it can't",
    "Model.__getattr__": "only reports what is missing",
    "CompiledStatement": "made by the compiler, of what was compiled",
    "ModelMeta.__getattr__": "only reports what is missing",
    "InstanceInspection.history": "looks at an object: no SQL",
    "make_transient_to_detached": "state of an object: no SQL",
    "OneExpressions.__getattr__": "only reports what is missing",
    "ManyExpressions.__getattr__": "only reports what is missing",
    "Relationship.seen_from": "takes what an alias is of; used by the mapping",
}
INDEXED = Table("t", [Column("a", INTEGER)], indexes=[Index("i", "a")])
#: needed by keyword
KEYWORDS: dict[str, dict[str, Any]] = {
    "JSONFunctions.jsonb_set": {"target": Product.details, "path": ["a"], "value": 1},
    "JSONFunctions.jsonb_insert": {"target": Product.details, "path": ["a"], "value": 1},
    "values": {"columns": {"a": int, "b": str}, "rows": [(1, "x")]},
    "Result": {"rows": [1], "keys": ["n"], "rowcount": 1},
    "CreateIndex": {"target": INDEXED, "index": INDEXED.indexes[0]},
    "Insert.on_conflict_do_update": {"index_elements": [Product.id], "set_": {"stock": 1}},
}
#: their methods wait for a server: test_canary_on_the_wire.py
ON_A_SERVER = (
    Session, Connection, Engine, ResultStream, SessionFactory, Savepoint, SessionTransaction,
)  # fmt: skip


def kept() -> Product:
    """An object that has a row, as far as it knows."""
    product = Product(id=1, name="x", category_id=1)
    make_transient_to_detached(product)
    return product


class Colour(enum.Enum):
    RED = "red"


def pool() -> list[Any]:
    """Values that callables are tried with, the likeliest first."""
    table = Product.__table__
    return [
        Product.name, Product, "name", 1, Product.stock > 1, select(Product.id), Product.discount,
        select(Product), Product.tags, Product.details, Category.products, Product.category,
        {"name": "x"}, ["a"], (Product.id, Product.id), table, Numeric(10, 2), INTEGER,
        aliased(Product), select(Product.id).cte("c"), (Product.stock > 1, 5), None, True,
        Product.added_on, Product.sold_at, timedelta(1), date(2026, 1, 1), time(12), b"x",
        datetime(2026, 1, 1, tzinfo=UTC), Decimal(1), 1.5, UUID(int=5), "day", str, Colour,
        CheckConstraint("true"), insert(Product).returning(Product.id), ("id",),
        Product.stock.label("x"), func.count(), lambda entity: true(), MetaData(), IPv4Address(1),
        IPv4Network("10.0.0.0/30"), Colour.RED, [1], [Category(id=5, name="y")],
        Note(text="x", product_id=1),
        [Note(text="x", product_id=1)],
        [Column("a", INTEGER)], Category(name="x"), Category.id.set(1),
        Category.id.desc(), literal("x"), sql("select {}", 1), create_engine("postgresql://h/d"),
        Product.stock, "A", lambda part: part.theme, [1.0, 2.0], Product.settings,
        cast(Product.name, Inet()),
        cast(Product.name, Int4Range()), cast(Product.name, Int4Multirange()),
        Product.name.set("x"),
    ]  # fmt: skip


def subjects() -> list[Any]:
    """Objects whose methods are called, beside those that other calls give."""
    return [
        *pool(), func, update(Product), delete(Product), Product.details["a"]["b"],
        func.sum(Product.stock).over(order_by=Product.id), selectinload(Category.products),
        kept().notes, Result([1], ["n"], 1),
        select(Product.id, Product.name).cte("t", recursive=True).union_all(
            select(Product.id, Product.name)
        ),
        Product.settings.at(lambda part: part.theme),
        merge(Product).using(Category, Product.category_id == Category.id).when_matched(),
        cast(Product.name, Composite(Place)), cast(Product.tags, Vector(2)),
        func.percentile_cont(0.5), func.mode(), Result([(1, 2)], ["n", "m"], 1), func.lower("x"),
    ]  # fmt: skip


@cache
def surface() -> Surface:
    found = Surface(pool(), ON_A_SERVER, KEYWORDS)
    exported = [(name, getattr(asyncorm, name)) for name in asyncorm.__all__]
    found.explore(exported, subjects())
    return found


def trouble(
    call: Call, payloads: tuple[str, ...], seen: Counter[str], *, where_named: bool = False
) -> list[str]:
    """The calls that brought a payload into SQL; counts calls, and places that names get to."""
    found: list[str] = []
    for payload in payloads:
        for place, hostile in hostile_calls(call, payload):
            if (call.name, place) in SQL_BY_CONTRACT:
                continue
            if where_named and not seen[f"named {call.name}.{place}"]:
                continue
            seen["calls"] += 1
            try:
                texts = list(texts_of(hostile()))
            except Exception:
                seen["refused"] += 1
                continue
            for text, constants in texts:
                seen["texts"] += 1
                seen[f"named {call.name}.{place}"] += MARK in text
                wrong = misplaced(text, constants=constants)
                if wrong is not None:
                    found.append(f"{call.name}({place}=...) with {payload!r}: {wrong}: {text}")
    return found


def is_of_values(function: Callable[..., Any]) -> bool:
    """Methods of types and of values that take or make values of Python only."""
    owner = getattr(function, "__self__", None)
    return isinstance(owner, BitString) or (
        isinstance(owner, SQLType) and function.__name__ in ("as_text", "check", "unfit")
    )


def test_every_public_callable_is_called() -> None:
    uncalled = {name for name, of in surface().uncalled.items() if not is_of_values(of)}
    assert uncalled - set(NOT_CALLED) == set(), "find arguments for these, or list them"
    assert set(NOT_CALLED) - uncalled == set(), "these are called now"


@pytest.mark.timeout(240)
def test_no_text_gets_into_sql(report: Callable[[str], None]) -> None:
    seen: Counter[str] = Counter()
    found: list[str] = []
    for number, call in enumerate(chain.from_iterable(surface().calls.values())):
        found += trouble(call, WORST, seen)
        found += trouble(call, OTHERS[number % SHARES :: SHARES], seen, where_named=True)
    assert found == []
    near = sum(count > 0 for name, count in seen.items() if name.startswith("named "))
    report(
        f"canary: {len(surface().calls)} callables, {len(EVERY)} payloads, "
        f"{seen['calls']} calls, {seen['refused']} refused, {seen['texts']} SQL texts; "
        f"{near} parameters take names, all quoted"
    )
    assert seen["texts"] > 5_000


@pytest.mark.parametrize("payload", EVERY, ids=ascii)
def test_functions_have_names_of_letters_only(payload: str) -> None:
    with pytest.raises(AttributeError):
        getattr(func, payload)


def test_the_harness_sees_what_it_is_for() -> None:
    for payload in WORST:
        assert misplaced(f"select {payload}") is not None or payload == f'"{MARK}"'
        assert misplaced(f"select 1, '{payload}'") is not None
        assert misplaced(f"select 1 as {quote_name(payload)}") is None
    assert misplaced(f"select 1 as \"x\"; select '{MARK}'") is not None
    assert misplaced(f'select "{MARK}"; select 2') == "2 statements"
    assert misplaced(f"comment on table t is '{MARK}'", constants=True) is None
    leaking = Call("leaking", lambda name: sql(f"select {name}"), ("x",), {})
    assert trouble(leaking, WORST[:1], Counter()) != []
