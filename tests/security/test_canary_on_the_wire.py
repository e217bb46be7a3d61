"""D1 and D3 on the wire: what a session, a connection and an engine send for hostile texts."""

from __future__ import annotations

import inspect
import re
from collections.abc import AsyncIterator, Callable
from typing import Any, NamedTuple

import pytest

from asyncorm import (
    AsyncORMError,
    Connection,
    Engine,
    Session,
    create_engine,
    delete,
    func,
    insert,
    select,
    selectinload,
    sql,
    update,
)
from tests.support.canary import FORMS, WORST, misplaced, public_members
from tests.support.canary_models import Category, Note, Own, Product
from tests.support.wire import WireProxy

#: what may be sent without the extended protocol: none of it has a value of anybody's in it
SIMPLE = re.compile(
    # the shortest statement lets go of one that was prepared and never sent
    r"SELECT|BEGIN( ISOLATION LEVEL [A-Z ]+?)?( READ (ONLY|WRITE))?( (NOT )?DEFERRABLE)?"
    r"|COMMIT|ROLLBACK"
    r'|(SAVEPOINT|RELEASE SAVEPOINT|ROLLBACK TO SAVEPOINT) "(sp_\d+|asyncorm_[a-z_]+)"'
    r"|SELECT pg_advisory_xact_lock\(\d+\)"
    r"|RESET ALL.*|DISCARD .*"
    r"|CLOSE ALL.*|UNLISTEN .*"
    # COPY has no extended form; its names are quoted, its rows are data
    r'|COPY "([^"]|"")+"(\."([^"]|"")+")?\("([^"]|"")+"(, "([^"]|"")+")*\) FROM STDIN .*'
)
#: parameters of connections that are SQL: what the session is built on (docs/security.md)
SQL_BY_CONTRACT = ("sql", "text", "query")
#: what is not called here, and why
NOT_CALLED = {
    "Engine.drop_all": "drops tables; names of tables: test_declared_names.py",
    "Engine.create_all": "makes tables; names of tables: test_declared_names.py",
    "Engine.dispose": "closes the engine under test; takes no text",
    "Engine.release": "takes no text",
    "Session.invalidate": "breaks the connection off; takes no text",
}


@pytest.fixture
async def proxy(database_url: str) -> AsyncIterator[WireProxy]:
    async with WireProxy(database_url) as proxy:
        yield proxy


@pytest.fixture
async def engine_through(proxy: WireProxy, engine: Engine) -> AsyncIterator[Engine]:
    """An engine whose protocol is read, and the tables with some rows."""
    await engine.create_all(Own)
    async with create_engine(proxy.url) as through:
        async with Session(through) as session:
            session.add(Category(name="x", products=[Product(name="x")]))
            await session.commit()
        proxy.reset()
        yield through
    await engine.drop_all(Own)


def check(proxy: WireProxy, where: str) -> None:
    """No text that was sent holds the mark but in a quoted name; simple queries are of the list."""
    for message in proxy.messages:
        if message.sql:
            assert misplaced(message.sql) is None, (where, message.sql)
        if message.kind == "Q":
            assert SIMPLE.fullmatch(message.sql), (where, message.sql)
    proxy.reset()


async def settle(found: Any) -> None:
    """Wait for what a call gives, enter what is entered, and read what is read."""
    if inspect.isawaitable(found):
        found = await found
    if hasattr(found, "__aiter__"):
        async for _ in found:
            break
    elif hasattr(found, "__aenter__"):
        async with found:
            pass


def methods(kind: type[Any]) -> list[str]:
    return [
        name
        for name, place in public_members(kind)
        if place not in NOT_CALLED and f"{kind.__name__}.{name}" not in NOT_CALLED
    ]


def argument_lists() -> list[tuple[Any, ...]]:
    """Positional arguments to begin with, for methods that need some."""
    product = Product(id=1, name="x", category_id=1)
    return [
        (),
        (Product,), (Product, 1), (Product, [1]), (select(Product),), (product,),
        (product, ["name"]),
        (product, {"name": "x"}), (update(Product).values(name="y"),), ("x",), ([product],),
        (insert(Product), [{"name": "z", "category_id": 1}]), ("canary_note", ["text"], [("x",)]),
    ]  # fmt: skip


class Way(NamedTuple):
    """A hostile way to call a method: which arguments, and in which place the payload how."""

    row: int
    index: int
    place: inspect.Parameter
    form: Callable[[str], Any]

    def call(self, function: Callable[..., Any], payload: str) -> Any:
        arguments, hostile, place = argument_lists()[self.row], self.form(payload), self.place
        if place.kind is place.VAR_KEYWORD:
            return function(*arguments, **{payload: hostile})
        if self.index < len(arguments):
            return function(*arguments[: self.index], hostile, *arguments[self.index + 1 :])
        if place.kind is place.VAR_POSITIONAL:
            return function(*arguments, hostile)
        return function(*arguments, **{place.name: hostile})


def ways(function: Callable[..., Any], kind: type[Any]) -> list[Way]:
    """All of them for a method, with the payload in the place of each parameter."""
    _, *places = inspect.signature(function).parameters.values()
    return [
        Way(row, index, place, form)
        for row, arguments in enumerate(argument_lists())
        for index, place in enumerate(places)
        if not (kind is Connection and place.name in SQL_BY_CONTRACT)
        for form in FORMS[:5]
        if index < len(arguments) or place.kind is not place.POSITIONAL_ONLY
    ]


async def attempt(engine: Engine, kind: type[Any], name: str, payload: str) -> tuple[int, int]:
    """Call a method of fresh objects in every hostile way: how many calls, how many refused."""
    refused, tried = 0, ways(getattr(kind, name), kind)
    for way in tried:
        subject: Any = engine
        if kind is not Engine:
            subject = Session(engine) if kind is Session else await engine.acquire()
        try:
            await settle(way.call(getattr(subject, name), payload))
        except Exception:
            refused += 1
        if kind is Session:
            subject.expunge_all()
            await subject.close()
        elif kind is Connection:
            subject.release()
    return len(tried), refused


@pytest.mark.parametrize("kind", [Session, Connection, Engine], ids=lambda kind: kind.__name__)
async def test_no_method_sends_a_text_it_was_given(
    kind: type[Any], proxy: WireProxy, engine_through: Engine, report: Callable[[str], None]
) -> None:
    calls = refused = sent = 0
    names = methods(kind)
    for payload in (WORST[3], WORST[4]):
        for name in names:
            count, not_taken = await attempt(engine_through, kind, name, payload)
            calls, refused = calls + count, refused + not_taken
            sent += len(proxy.messages)
            check(proxy, f"{kind.__name__}.{name}")
    report(
        f"canary on the wire: {kind.__name__}, {len(names)} methods, {calls} calls, "
        f"{refused} refused, {sent} messages read"
    )
    assert sent > 0 or kind is Engine


async def test_values_travel_in_bind_messages_only(
    proxy: WireProxy, engine_through: Engine
) -> None:
    payload = WORST[3]
    async with Session(engine_through) as session:
        product = (await session.scalars(select(Product))).one()
        product.name = payload
        product.details = {payload: [payload]}
        product.tags = [payload]
        await session.flush()
        for statement in (
            select(Product).where(Product.name.contains(payload)),
            select(Product).where(Product.details[payload].astext == payload),
            select(Category).options(selectinload(Category.products)),
            select(func.concat(payload, Product.name)),
            update(Product).values(name=payload).where(Product.name == payload),
            insert(Category).values(name=payload).returning(Category.id),
            insert(Category).values(name=payload),
            sql("select {}", payload),
            sql("insert into canary_category (name) values ({})", payload),
            delete(Note),
            delete(Note).where(Note.text.in_([payload])),
        ):
            await session.execute(statement)
        async with session.begin_nested():
            await session.execute(select(Product).limit(1))
        found = await session.stream(select(Product).where(Product.name == payload))
        assert [one.name async for one in found] == [payload]
        assert {"P", "B", "E"} <= {message.kind for message in proxy.messages}
        await session.rollback()
    async with engine_through.begin() as connection:
        await connection.execute(delete(Note))
        await connection.execute(sql("delete from canary_note"))
    check(proxy, "statements")


async def test_several_commands_in_one_text_are_refused_by_the_protocol(
    engine_through: Engine,
) -> None:
    async with engine_through.connect() as connection:
        with pytest.raises(AsyncORMError, match="multiple commands"):
            await connection.run("delete from canary_note; delete from canary_note")
