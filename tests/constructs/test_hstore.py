"""hstore, citext and ltree: their operators and functions."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from asyncorm import (
    ArgumentError,
    CIText,
    HStore,
    LTree,
    Mapped,
    MetaData,
    Model,
    Session,
    column,
    func,
    select,
    update,
)
from asyncorm.engine.engine import Engine
from tests.constructs.conftest import Same
from tests.support.rows import rows


class Store(Model):
    metadata = MetaData()


class Item(Store, table="item"):
    id: Mapped[int] = column(primary_key=True)
    name: Mapped[str] = column(CIText, unique=True)
    pairs: Mapped[dict[str, str | None]] = column(HStore)
    path: Mapped[str | None] = column(LTree, default=None)


ITEMS = [
    (1, "Rake", {"color": "red", "size": "10"}, "tools.garden"),
    (2, "SPADE", {"color": None, "it's": '"x"'}, "tools.garden.long"),
    (3, "hose", {}, None),
]


@pytest.fixture(scope="module", autouse=True)
async def store(engine: Engine) -> AsyncIterator[None]:
    found = await rows(engine, "select name from pg_available_extensions")
    missing = {"citext", "hstore", "ltree"} - {name for (name,) in found}
    if missing:
        pytest.skip(f"the server has not the extension {sorted(missing)[0]}")
    await engine.create_all(Store)
    async with Session(engine) as session:
        session.add_all([Item(id=i, name=n, pairs=p, path=t) for i, n, p, t in ITEMS])
        await session.commit()
    yield
    await engine.drop_all(Store)


async def test_keys_are_asked_for(same: Same) -> None:
    await same(
        select(Item.id).where(Item.pairs.has_key("color")),
        "select id from item where pairs ? 'color'",
        rows=2,
    )
    await same(
        select(Item.id).where(Item.pairs.has_any(["size", "it's"])),
        "select id from item where pairs ?| $1::text[]",
        ["size", "it's"],
        rows=2,
    )
    await same(
        select(Item.id).where(Item.pairs.has_all(["color", "size"])),
        "select id from item where pairs ?& $1::text[]",
        ["color", "size"],
        rows=1,
    )
    await same(
        select(Item.id).where(func.defined(Item.pairs, "color")),
        "select id from item where defined(pairs, 'color')",
        rows=1,
    )


async def test_stores_contain_each_other(same: Same) -> None:
    await same(
        select(Item.id).where(Item.pairs.contains({"color": "red"})),
        "select id from item where pairs @> 'color=>red'",
        rows=1,
    )
    await same(
        select(Item.id).where(Item.pairs.contained_by({"color": None, "it's": '"x"', "a": "b"})),
        """select id from item where pairs <@ $1::text::hstore""",
        '''"color"=>NULL, "it's"=>"\\"x\\"", "a"=>"b"''',
        rows=2,
    )
    await same(
        select(Item.id).where(Item.pairs == {"size": "10", "color": "red"}),
        "select id from item where pairs = 'color=>red, size=>10'",
        rows=1,
    )


async def test_values_are_read_by_key(same: Same) -> None:
    found = await same(
        select(Item.id, Item.pairs["color"], Item.pairs["it's"]).order_by(Item.id),
        "select id, pairs -> 'color', pairs -> 'it''s' from item order by id",
    )
    assert found == [(1, "red", None), (2, None, '"x"'), (3, None, None)]
    await same(
        select(Item.id).where(Item.pairs["size"] == "10"),
        "select id from item where pairs -> 'size' = '10'",
    )


async def test_functions_give_values_of_python(engine: Engine) -> None:
    async with engine.begin() as connection:
        found = await connection.execute(
            select(
                func.akeys(Item.pairs),
                func.avals(Item.pairs),
                func.hstore_to_jsonb(Item.pairs),
                func.slice(Item.pairs, ["size"]),
                func.delete(Item.pairs, "color"),
                func.delete(Item.pairs, ["color", "size"]),
                Item.pairs + {"new": None},
            ).where(Item.id == 1)
        )
        (row,) = found.all()
    assert tuple(row) == (
        ["size", "color"],
        ["10", "red"],
        {"color": "red", "size": "10"},
        {"size": "10"},
        {"size": "10"},
        {},
        {"color": "red", "size": "10", "new": None},
    )


async def test_stores_are_changed_by_statements(same: Same) -> None:
    await same(
        update(Item).where(Item.id == 1).values(pairs=Item.pairs + {"size": "12"}),
        "update item set pairs = pairs || 'size=>12' where id = 1",
        rows=0,
        then="select id, pairs::text from item order by id",
    )


async def test_texts_are_compared_without_regard_to_case(same: Same) -> None:
    await same(
        select(Item.id).where(Item.name == "rake"),
        "select id from item where name = 'rake'",
        rows=1,
    )
    await same(
        select(Item.id).where(Item.name.in_(["RAKE", "spade"])),
        "select id from item where lower(name::text) in ('rake', 'spade')",
        rows=2,
    )
    for condition in (
        Item.name.like("sp%"),
        Item.name.startswith("sp"),
        Item.name.contains("PAD"),
        Item.name.regexp("^spade$"),
    ):
        await same(select(Item.id).where(condition), "select id from item where id = 2", rows=1)
    await same(
        select(Item.id).where(Item.name > "rake").order_by(Item.name),
        "select id from item where name > 'rake'::citext order by name",
        rows=1,
    )


async def test_paths_contain_those_below(same: Same) -> None:
    await same(
        select(Item.id).where(Item.path.contained_by("tools.garden")),
        "select id from item where path <@ 'tools.garden'",
        rows=2,
    )
    await same(
        select(Item.id).where(Item.path.contains("tools.garden.long.handle")),
        "select id from item where path @> 'tools.garden.long.handle'",
        rows=2,
    )


async def test_wrong_operands_are_refused_while_building() -> None:
    with pytest.raises(ArgumentError, match=r"has_any\(\) of item\.pairs takes a list"):
        Item.pairs.has_any("color")
