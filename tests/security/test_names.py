"""Injection through names; the numbers are those of the catalogue in docs/security.md."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncorm import (
    Array,
    AsyncORMError,
    Session,
    Text,
    aliased,
    cast,
    extract,
    func,
    ident,
    insert,
    select,
    sql,
    update,
)
from asyncorm.compiler.compiler import compile_statement
from asyncorm.compiler.quoting import quote_name
from tests.support.sent import Sent
from tests.support.shop import Category, Product, Sale

if TYPE_CHECKING:
    from asyncorm.engine.engine import Engine

# what a check of arguments raises; anything else would be an accident
REFUSED = (AsyncORMError, TypeError, AttributeError)
TEXTS = [
    "name", "id;drop", "(select 1)", 'id" desc', "id desc, (select 1)", "a.b", "?", '-id"', "",
    "category__name", "id --", "max(id)",
]  # fmt: skip
ALIASES = [
    'a"b', "a'b", "a;b", "a--b", "a/*b", "a.b", "a%b", "a\nb", "a\x1fb", "a\x7fb", "a\x85b",
    "a\u2028b", "select", "a b", "Ä", "a$1", "a{}", "x" * 63, "é" * 31,
]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_1_3_13_a_text_is_no_column(text: Any) -> None:
    for build in (
        lambda: select(Product).order_by(text),
        lambda: select(Product).group_by(text),
        lambda: select(Product).distinct(text),
        lambda: select(Product).having(text),
        lambda: select(Product).where(text),
        lambda: select(text),
        lambda: select(Product.id, text),
        lambda: select(Product).select_from(text),
        lambda: select(Product).join(text),
        lambda: func.array_agg(Product.id).order_by(text),
        lambda: func.count().filter(text),
        lambda: func.row_number().over(order_by=text),
        lambda: func.row_number().over(partition_by=text),
        lambda: insert(Product).values(name="x").returning(text),
    ):
        with pytest.raises(REFUSED):
            compile_statement(build())


async def test_2_ordering_over_a_relationship_multiplies_no_rows(session: Session) -> None:
    with pytest.raises(REFUSED):
        select(Category).order_by("products__name")  # type: ignore[arg-type]
    by_category = await session.all(select(Product).order_by(Product.category.to.name, Product.id))
    assert sorted(product.id for product in by_category) == list(range(1, 9))


@pytest.mark.parametrize("alias", ALIASES)
async def test_4_an_alias_comes_back_as_it_was_given(session: Session, alias: str) -> None:
    statement = select(Product.id.label(alias), Product.name.label("n")).order_by(Product.id)
    first = (await session.execute(statement)).mappings().first()
    assert first == {alias: 1, "n": "rake"}
    for source in (select(Product.id).subquery(alias), select(Product.id).cte(alias)):
        assert await session.all(select(source.c.id).order_by(source.c.id)) == list(range(1, 9))
    other: Any = aliased(Category, alias)
    assert (await session.all(select(other).order_by(other.id)))[0].name == "tools"


@pytest.mark.parametrize("alias", ["x" * 64, "é" * 32, "a\0b", "", "a\ud800"], ids=ascii)
def test_4_an_alias_that_would_be_cut_is_refused(alias: str) -> None:
    for build in (
        lambda: Product.id.label(alias),
        lambda: select(Product.id).subquery(alias),
        lambda: select(Product.id).cte(alias),
        lambda: aliased(Product, alias),
        lambda: ident(alias),
    ):
        with pytest.raises(AsyncORMError, match="name"):
            build()


async def test_4_long_names_that_are_made_stay_apart(session: Session) -> None:
    table = "t" * 63
    pairs = [aliased(Category), aliased(Category)]
    assert len(str(select(*pairs)).split('"category_1"')) > 1
    assert quote_name(table) == f'"{table}"'


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1))
def test_5_a_quoted_name_reads_back(name: str) -> None:
    if len(name.encode()) > 63:
        with pytest.raises(AsyncORMError, match="63 bytes"):
            quote_name(name)
        return
    quoted = quote_name(name)
    assert quoted[0] == quoted[-1] == '"'
    assert quoted[1:-1].replace('""', "").count('"') == 0
    assert quoted[1:-1].replace('""', '"') == name
    assert str(sql("select {}", ident(name))) == f"select {quoted}"


async def test_5_the_server_quotes_names_alike(session: Session) -> None:
    names = [*ALIASES, '"', '""', "a\\b", "\ufeff", "'"]
    answered = await session.all(
        sql("select quote_ident(n || '\"') from unnest({}::text[]) with ordinality as t(n, o) "
            "order by o", names).into(str)
    )  # fmt: skip
    # the quote at the end makes the server quote every name; longer ones are not cut by it
    assert answered == ['"' + f'{name}"'.replace('"', '""') + '"' for name in names]


@pytest.mark.parametrize("text", ["(select password from users)", "name", "id) --"])
def test_6_aggregates_take_no_names(text: Any) -> None:
    for function in (func.max, func.min, func.sum, func.avg):
        try:
            statement = select(function(text))
        except REFUSED:
            continue
        compiled = compile_statement(statement)
        assert text not in compiled.sql
        assert compiled.arguments(statement) == [text]


@pytest.mark.parametrize("kind", ["year from now()) --", "YEAR", "", "day; drop", "épok"])
def test_7_extract_knows_its_fields(kind: Any) -> None:
    with pytest.raises(AsyncORMError, match="unknown field"):
        extract(kind, Sale.sold_at)


async def test_7_units_of_functions_are_values(session: Session) -> None:
    statement = select(func.date_trunc("day') --", Sale.sold_at))
    assert "day" not in str(statement)
    with pytest.raises(AsyncORMError):
        await session.all(statement)


async def test_7_explain_has_no_options_by_name(session: Session, sent: Sent) -> None:
    with pytest.raises(TypeError):
        await session.explain(select(Product), **{"analyze) select 1 --": True})  # type: ignore[arg-type]
    assert "Scan" in await session.explain(select(Product))
    sent()
    # a text that says "false" would be true
    for analyze in ("false", ") select 1 --", 1, None):
        with pytest.raises(AsyncORMError, match="analyze is True or False"):
            await session.explain(select(Product), analyze=analyze)  # type: ignore[arg-type]
    assert sent() == []


def test_8_a_separator_is_a_value() -> None:
    statement = select(func.string_agg(Product.name, "'); drop table product --"))
    compiled = compile_statement(statement)
    assert "drop" not in compiled.sql
    assert compiled.arguments(statement) == ["'); drop table product --"]


@pytest.mark.parametrize("key", ["a'b", 'a"b', "a->b", "$.x", "0", "", "?", "a.b", "a}", "{a,b}"])
async def test_9_a_key_of_json_is_one_key(session: Session, key: str) -> None:
    category = await session.get(Category, 1)
    assert category is not None
    product = Product(id=100, name="keys", price=1, added_on=date(2026, 1, 1), category_id=1,
                      details={key: {key: "found"}, "a": {"b": "not this"}})  # fmt: skip
    session.add(product)
    await session.flush()
    mine = Product.id == product.id
    for statement in (
        select(Product.details[key][key].astext).where(mine),
        select(Product.name).where(mine, Product.details.has_key(key)),
        select(Product.name).where(mine, Product.details.contains({key: {key: "found"}})),
    ):
        assert await session.one(statement) in ("found", "keys")
        assert key == "" or key in ("0", "?") or key not in str(statement).partition(" FROM ")[0]


async def test_10_savepoints_are_numbered(session: Session, sent: Sent) -> None:
    async with session.begin_nested():
        await session.execute(select(Product).limit(1))
    savepoints = [text for text in sent() if "SAVEPOINT" in text]
    assert savepoints == ['SAVEPOINT "sp_1"', 'RELEASE SAVEPOINT "sp_1"']


async def test_10_the_lower_half_takes_plain_names_only(engine: Engine) -> None:
    async with engine.begin() as connection:
        for name in ('a"; drop', "a b", "A", "é", "", "x" * 64):
            for method in ("savepoint", "release_savepoint", "rollback_to_savepoint"):
                with pytest.raises(AsyncORMError, match="name of a savepoint"):
                    await getattr(connection, method)(name)


@pytest.mark.parametrize("text", ["OR 1=1 OR", "desc nulls first; x", "NOWAIT; drop", "of x"])
async def test_12_options_are_looked_up(engine: Engine, text: Any) -> None:
    for build in (
        lambda: select(Product).filter_by(_connector=text),
        lambda: select(Product).filter_by(_negated=True, name="x"),
        lambda: select(Product).with_for_update(of=text),
        lambda: select(Product).join(Category, text),
        lambda: Product.id.desc(text),
        lambda: Product.id.desc().nulls_first(text),
        lambda: select(Product).with_for_update(text),
        lambda: select(Product).with_for_update(**{text: True}),
    ):
        with pytest.raises(REFUSED):
            compile_statement(build())
    # flags are true or false, whatever is given for them
    locked = str(select(Product).with_for_update(nowait=text))
    assert locked.endswith(" FOR UPDATE NOWAIT")
    for isolation in (text, "serializable; drop table product"):
        with pytest.raises(AsyncORMError, match="isolation level"):
            async with Session(engine, isolation_level=isolation) as session:
                await session.connection()


PRIVATE = [
    "_x",
    "__x__",
    "$x",
    "x__y",
    "self",
    "cls",
    "model_config",
    "metadata",
    "__dict__",
    "id ",
]


@pytest.mark.parametrize("key", PRIVATE)
def test_12_39_45_keys_of_filters_and_values_are_attributes(key: str) -> None:
    for build in (
        lambda: select(Category).filter_by(**{key: 1}),
        lambda: update(Category).filter_by(**{key: 1}),
        lambda: insert(Category).values({key: 1}),
        lambda: insert(Category).values(**{key: 1}),
        lambda: update(Category).values({key: 1}),
        lambda: update(Category).values(**{key: 1}),
        lambda: update(Category).values({Category.name: "x", key: 1}),
    ):
        with pytest.raises(AsyncORMError, match="has no column"):
            compile_statement(build())


def test_14_placeholders_are_numbers() -> None:
    payload = {"a'; drop": 1, ":x": 2}
    for values in (payload, payload.items()):
        with pytest.raises(AsyncORMError):
            compile_statement(select(Product).where(Product.id.in_(values)))  # type: ignore[arg-type]
    statement = select(Product).where(Product.name.in_(["a'; drop", "$1"]))
    assert "drop" not in str(statement)
    assert compile_statement(statement).arguments(statement) == [["a'; drop", "$1"]]


async def test_16_copy_takes_columns_of_a_table(engine: Engine, shop: None) -> None:
    async with engine.connect() as connection:
        for table, column in (("category", "name\") from program 'x' --"), ('category"x', "name")):
            with pytest.raises(AsyncORMError):
                await connection.copy_records(table, [column], [("x",)])


def test_19_operators_are_known_ones() -> None:
    for name in ("op", "operate", "bool_op"):
        assert not hasattr(Product.name, name)


def test_types_are_names() -> None:
    for name in ("int); drop table x", "int -- ", "text'", "a;b", "", "int)(", 'a"b'):
        with pytest.raises(REFUSED):
            compile_statement(select(cast(Product.id, name)))  # type: ignore[call-overload]
    assert str(select(cast(Product.tags, Array(Text)))).count("CAST(") == 1
