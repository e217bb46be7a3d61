"""Full-text search: documents, queries, matching, ranks and headlines."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from asyncorm import (
    ArgumentError,
    Index,
    Mapped,
    MetaData,
    Model,
    Session,
    TSVector,
    cast,
    column,
    func,
    literal,
    select,
    sql,
)
from asyncorm.engine.engine import Engine
from asyncorm.types.text_search import TSQuery
from tests.constructs.conftest import Same


class Blog(Model):
    metadata = MetaData()


class Post(Blog, table="post"):
    id: Mapped[int] = column(primary_key=True)
    title: Mapped[str]
    body: Mapped[str]
    search: Mapped[str] = column(
        TSVector,
        init=False,
        computed=func.setweight(func.to_tsvector("english", "title"), "A").concat(
            func.setweight(func.to_tsvector("english", "body"), "D")
        ),
    )
    plain: Mapped[str] = column(TSVector, init=False, computed=sql("to_tsvector('simple', body)"))
    __table_args__ = (Index("ix_post_search", "search", using="gin"),)


POSTS = [
    (1, "Cats", "A cat sat on the mat, the fat cat."),
    (2, "Dogs and cats", "Dogs chase cats; the dog barks."),
    (3, "Birds", "Birds sing, it's true."),
    (4, "Weather", "It rained cats and dogs."),
]


@pytest.fixture(scope="module", autouse=True)
async def blog(engine: Engine) -> AsyncIterator[None]:
    await engine.create_all(Blog)
    async with Session(engine) as session:
        session.add_all([Post(id=id, title=title, body=body) for id, title, body in POSTS])
        await session.commit()
    yield
    await engine.drop_all(Blog)


async def test_what_people_type_is_searched_for(same: Same) -> None:
    searched = {
        "cat": 3,
        "cat -dog": 1,
        '"cats and dogs"': 2,
        "bird or dog": 3,
        "'; drop table post --": 0,
    }
    for text, found in searched.items():
        await same(
            select(Post.id).where(Post.search.match(text)),
            "select id from post where search @@ websearch_to_tsquery($1)",
            text,
            rows=found,
        )


async def test_a_configuration_is_bound(same: Same) -> None:
    statement = select(Post.id).where(Post.search.match("cats", config="english"))
    assert '"search" @@ websearch_to_tsquery($1::regconfig, $2::text)' in str(statement)
    await same(
        statement,
        "select id from post where search @@ websearch_to_tsquery('english', $1)",
        "cats",
        rows=3,
    )
    await same(
        select(Post.id).where(Post.plain.match("cats", config="simple")),
        "select id from post where plain @@ websearch_to_tsquery('simple', $1)",
        "cats",
        rows=2,
    )


async def test_text_is_searched_without_a_column_of_its_own(same: Same) -> None:
    await same(
        select(Post.id).where(Post.body.match("sing")),
        "select id from post where to_tsvector(body) @@ websearch_to_tsquery($1)",
        "sing",
    )
    await same(
        select(Post.id).where(Post.body.match("cats", config="simple")),
        "select id from post "
        "where to_tsvector('simple', body) @@ websearch_to_tsquery('simple', $1)",
        "cats",
        rows=2,
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("to_tsquery", "cat & !dog"),
        ("plainto_tsquery", "cats dogs"),
        ("phraseto_tsquery", "cats and dogs"),
        ("websearch_to_tsquery", "cats -dogs"),
    ],
)
async def test_queries_are_made_by_functions(same: Same, name: str, text: str) -> None:
    function = getattr(func, name)
    await same(
        select(Post.id).where(Post.search.match(function("english", text))),
        f"select id from post where search @@ {name}('english', $1)",
        text,
    )
    await same(
        select(Post.id).where(Post.search.match(function(text))),
        f"select id from post where search @@ {name}($1)",
        text,
    )


async def test_queries_are_combined(same: Same) -> None:
    cat, dog = func.to_tsquery("english", "cat"), func.plainto_tsquery("english", "dogs")
    await same(
        select(Post.id).where(Post.search.match(cat & ~dog)),
        "select id from post where search @@ "
        "(to_tsquery('english', 'cat') && !! plainto_tsquery('english', 'dogs'))",
        rows=1,
    )
    await same(
        select(Post.id).where(Post.search.match(func.to_tsquery("bird") | dog)),
        "select id from post where search @@ "
        "(to_tsquery('bird') || plainto_tsquery('english', 'dogs'))",
        rows=3,
    )
    await same(
        select(Post.id).where(Post.search.match(cat.followed_by(func.to_tsquery("sat")))),
        "select id from post where search @@ (to_tsquery('english', 'cat') <-> to_tsquery('sat'))",
        rows=1,
    )
    await same(
        select((cat | dog) & func.to_tsquery("rain")),
        "select ((to_tsquery('english', 'cat') || plainto_tsquery('english', 'dogs')) "
        "&& to_tsquery('rain'))::text",
    )


async def test_ranks_order_what_was_found(same: Same) -> None:
    query = func.websearch_to_tsquery("english", "cat")
    rank = func.ts_rank(Post.search, query, weights=[0.1, 0.2, 0.4, 1.0], normalization=2)
    await same(
        select(Post.id, rank.label("rank"))
        .where(Post.search.match(query))
        .order_by(rank.desc(), Post.id),
        "select id, ts_rank('{0.1,0.2,0.4,1.0}', search, q, 2) as rank "
        "from post, websearch_to_tsquery('english', 'cat') as q where search @@ q "
        "order by 2 desc, id",
        rows=3,
    )
    await same(
        select(Post.id, func.ts_rank_cd(Post.search, query)).order_by(Post.id),
        "select id, ts_rank_cd(search, websearch_to_tsquery('english', 'cat')) "
        "from post order by id",
    )


async def test_headlines_show_where(same: Same) -> None:
    query = func.plainto_tsquery("english", "dog")
    await same(
        select(func.ts_headline("english", Post.body, query, options="StartSel=<i>, StopSel=</i>")),
        "select ts_headline('english', body, plainto_tsquery('english', 'dog'), "
        "'StartSel=<i>, StopSel=</i>') from post",
    )
    await same(
        select(func.ts_headline(Post.body, query)),
        "select ts_headline(body, plainto_tsquery('english', 'dog')) from post",
    )


async def test_vectors_and_queries_are_values_too(same: Same) -> None:
    await same(
        select(Post.id).where(Post.search.match(literal("'cat' & 'sat'", TSQuery))),
        "select id from post where search @@ $1::text::tsquery",
        "'cat' & 'sat'",
        rows=1,
    )
    await same(
        select(cast(literal("a b"), TSVector), func.to_tsvector("english", "it's")),
        "select 'a b'::tsvector::text, to_tsvector('english', $1)::text",
        "it's",
    )


async def test_two_searches_of_one_shape_have_other_values(same: Same) -> None:
    for text, found in (("cat", 3), ("bird", 1)):
        for config in ("english", "simple"):
            await same(
                select(Post.id).where(Post.search.match(text, config=config)),
                "select id from post where search @@ websearch_to_tsquery($1::regconfig, $2)",
                config,
                text,
                rows=found,
            )


async def test_the_index_serves_the_search(engine: Engine) -> None:
    async with engine.begin() as connection:
        await connection.command("set local enable_seqscan = off")
        statement = select(Post.id).where(Post.search.match("cat", config="english"))
        plan = await connection.fetch(f"explain {statement}", ["english", "cat"])
        assert "ix_post_search" in str([tuple(row) for row in plan])


async def test_wrong_searches_are_refused_while_building() -> None:
    with pytest.raises(ArgumentError, match=r"post\.search is searched for str, not for int"):
        Post.search.match(5)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="has a config and a query that is made already"):
        Post.search.match(func.to_tsquery("a"), config="english")
    with pytest.raises(ArgumentError, match="unknown weight"):
        func.setweight(Post.search, "E")  # type: ignore[arg-type]


async def test_only_text_and_documents_are_searched() -> None:
    number: Any = Post.id
    with pytest.raises(ArgumentError, match="id is bigint"):
        number.match("cats")
