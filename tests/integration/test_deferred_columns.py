"""Deferred columns: SELECTs leave them out, everything else has them."""

from __future__ import annotations

import pickle
from collections.abc import AsyncIterator
from copy import deepcopy

import pytest
from pydantic import BaseModel

from asyncorm import (
    Mapped,
    MetaData,
    Model,
    Related,
    Session,
    UnflushedChangesError,
    UnloadedAttributeError,
    column,
    foreign_key,
    func,
    insert,
    inspect,
    make_transient,
    relationship,
    select,
    sessionmaker,
    sql,
    update,
)
from asyncorm.engine.engine import Engine
from asyncorm.session.factory import SessionFactory
from tests.conftest import CreateTables
from tests.integration.conftest import Sent


class Base(Model):
    metadata = MetaData()


class Settings(BaseModel):
    theme: str = "light"


class Article(Base, table="deferred_article"):
    id: Mapped[int] = column(primary_key=True, init=False)
    title: Mapped[str]
    body: Mapped[str] = column(deferred=True, deferred_group="texts")
    summary: Mapped[str | None] = column(default=None, deferred=True, deferred_group="texts")
    settings: Mapped[Settings] = column(default_factory=Settings, deferred=True)
    made: Mapped[str] = column(server_default=func.upper("made"), init=False, deferred=True)
    section_id: Mapped[int | None] = foreign_key("deferred_section.id")
    section: Related[Section | None] = relationship(back_populates="articles")


class Section(Base, table="deferred_section"):
    id: Mapped[int] = column(primary_key=True, init=False)
    name: Mapped[str]
    articles: Related[list[Article]] = relationship(back_populates="section")


DEFERRED = {"body", "summary", "settings", "made"}


@pytest.fixture
async def Sessions(engine: Engine, tables: CreateTables) -> SessionFactory:  # noqa: N802
    await tables(Section, Article)
    return sessionmaker(engine)


@pytest.fixture
async def session(Sessions: SessionFactory) -> AsyncIterator[Session]:
    async with Sessions() as session:
        article = Article(title="t", body="b", settings=Settings(theme="dark"))
        session.add(Section(name="s", articles=[article]))
        await session.commit()
        session.clear()
        yield session


async def stored(session: Session) -> Article:
    return await session.one(select(Article))


def test_the_mapper_knows_groups() -> None:
    assert Article.__mapper__.deferred == {
        "body": "texts",
        "summary": "texts",
        "settings": None,
        "made": None,
    }
    assert Article.__mapper__.selected == ("id", "title", "section_id")


async def test_a_new_object_keeps_its_values_and_gets_those_of_the_server(
    session: Session, sent: Sent
) -> None:
    article = Article(title="n", body="x")
    session.add(article)
    await session.commit()
    sent()
    assert (article.body, article.summary, article.made) == ("x", None, "MADE")
    assert inspect(article).unloaded == frozenset()
    assert article.model_dump()["settings"] == {"theme": "light"}
    assert await session.get(Article, article.id) is article
    assert sent() == []


async def test_a_select_leaves_them_out_and_reading_says_how_to_load_them(
    session: Session, sent: Sent
) -> None:
    article = await stored(session)
    (text,) = sent()[-1:]
    assert not any(name in text for name in DEFERRED)
    assert inspect(article).unloaded == DEFERRED | {"section"}
    with pytest.raises(UnloadedAttributeError) as caught:
        _ = article.body
    assert str(caught.value) == (
        "Article.body is not loaded\nhint: await session.load(obj, Article.body), or "
        "select(Article).options(undefer(Article.body))"
    )
    with pytest.raises(UnloadedAttributeError, match=r"Article\.settings"):
        _ = article.settings
    assert "body=<unloaded>" in repr(article)


async def test_an_object_without_them_is_whole_for_the_identity_map(
    session: Session, sent: Sent
) -> None:
    article = await stored(session)
    other = await session.one(select(Article))
    sent()
    assert await session.get(Article, article.id) is article is other
    assert await session.get_many(Article, [article.id]) == [article]
    assert sent() == []
    session.expire(article, ["body"])
    assert await session.get(Article, article.id) is article
    assert sent() == []
    session.expire(article)
    assert await session.get(Article, article.id) is article
    assert sent.verbs() == ["SELECT"]
    assert inspect(article).unloaded == DEFERRED | {"section"}


async def test_refresh_reads_those_that_are_named_or_were_loaded(
    session: Session, sent: Sent
) -> None:
    article = await stored(session)
    await session.refresh(article, ["body", "title", "settings"])
    assert (article.body, article.settings.theme) == ("b", "dark")
    assert inspect(article).unloaded == {"summary", "made", "section"}
    await session.execute(sql("update deferred_article set body = 'elsewhere'"))
    sent()
    await session.refresh(article)
    (text,) = sent()
    assert not any(name in text for name in ("summary", "made"))
    assert inspect(article).unloaded == {"summary", "made", "section"}
    assert article.body == "elsewhere"


async def test_refresh_by_name_works_under_a_lock(session: Session) -> None:
    article = await stored(session)
    await session.refresh(article, ["body"], with_for_update=True)
    assert article.body == "b"


async def test_a_row_that_is_read_again_does_not_leave_a_stale_value_beside_new_ones(
    session: Session,
) -> None:
    article = await stored(session)
    await session.refresh(article, ["body"])
    await session.execute(sql("update deferred_article set body = 'new', title = 'new'"))
    statement = select(Article)
    assert (await session.one(statement)).body == "b"  # what is loaded stays
    await session.one(statement.execution_options(populate_existing=True))
    assert article.title == "new"
    with pytest.raises(UnloadedAttributeError):
        _ = article.body
    await session.refresh(article, ["body"])
    await session.one(statement.with_for_update())
    assert "body" in inspect(article).unloaded


async def test_an_unflushed_change_is_not_forgotten_by_a_row_that_is_read_again(
    session: Session,
) -> None:
    article = await stored(session)
    with session.no_autoflush:
        article.body = "mine"
        with pytest.raises(UnflushedChangesError, match=r"Article\.body"):
            await session.one(select(Article).execution_options(populate_existing=True))
        with pytest.raises(UnflushedChangesError, match=r"Article\.body"):
            await session.refresh(article)
    assert article.body == "mine"


async def test_one_that_is_not_loaded_can_be_changed(session: Session, sent: Sent) -> None:
    article = await stored(session)
    sent()
    article.body = "new"
    article.settings = Settings(theme="blue")
    await session.commit()
    (update_,) = [text for text in sent() if text.startswith("UPDATE")]
    assert '"body"' in update_
    assert '"summary"' not in update_
    assert (article.body, article.settings.theme) == ("new", "blue")
    article.settings.theme = "red"
    await session.commit()
    session.clear()
    article = await stored(session)
    await session.refresh(article, ["body", "settings"])
    assert (article.body, article.settings.theme) == ("new", "red")


async def test_a_rollback_forgets_a_change_of_one(session: Session) -> None:
    article = await stored(session)
    article.body = "new"
    await session.rollback()
    assert await session.get(Article, article.id) is article
    assert inspect(article).unloaded == DEFERRED | {"section"}


async def test_an_object_whose_insert_is_undone_can_be_added_again(session: Session) -> None:
    article = Article(title="n", body="x")
    session.add(article)
    await session.flush()
    session.expire(article, ["summary"])
    await session.rollback()
    assert inspect(article).transient
    assert (article.body, article.summary) == ("x", None)
    session.add(article)
    await session.commit()
    await session.refresh(article, ["body"])
    assert article.body == "x"


async def test_they_travel_with_copies_as_far_as_they_are_loaded(session: Session) -> None:
    article = await stored(session)
    await session.refresh(article, ["body"])
    for again in (deepcopy(article), pickle.loads(pickle.dumps(article)), article.model_copy()):
        assert again.body == "b"
        assert inspect(again).unloaded >= {"summary", "settings", "made"}
        session.clear()
        session.add(again)
        assert await session.get(Article, again.id) is again
        await session.refresh(again, ["summary"])
        assert again.summary is None


async def test_merge_and_apply_write_what_they_are_given(session: Session) -> None:
    article = await stored(session)
    detached = deepcopy(article)
    detached.body = "merged"
    assert await session.merge(detached) is article
    await session.commit()
    session.clear()
    article = await stored(session)
    await session.apply(article, {"summary": "applied"})
    await session.commit()
    await session.refresh(article, ["body", "summary"])
    assert (article.body, article.summary) == ("merged", "applied")


async def test_merging_what_lacks_them_changes_nothing(session: Session, sent: Sent) -> None:
    article = await stored(session)
    detached = deepcopy(article)
    session.clear()
    await session.merge(detached)
    sent()
    await session.commit()
    assert "UPDATE" not in sent.verbs()
    session.clear()
    copied = await session.merge(detached, load=False)
    assert await session.get(Article, detached.id) is copied


async def test_relationships_leave_them_out_too(session: Session, sent: Sent) -> None:
    section = await session.one(select(Section))
    (article,) = await session.load(section, Section.articles)
    assert article.section is section
    assert inspect(article).unloaded == DEFERRED
    sent()
    assert await session.get(Article, article.id) is article
    assert sent() == []


async def test_statements_write_them_and_columns_read_them(session: Session) -> None:
    article = await stored(session)
    assert await session.scalar(select(Article.body)) == "b"
    await session.execute(update(Article).values(body="u"))
    assert article.body == "u"
    made = await session.one(
        insert(Article).values(title="i", body="ib", settings=Settings()).returning(Article)
    )
    assert made.title == "i"
    assert "body" in inspect(made).unloaded
    (whole,) = await session.all(
        sql("select id, title, body from deferred_article where title = 'i'").into(Article)
    )
    assert whole is made
    assert await session.get(Article, made.id) is made


async def test_raw_sql_may_bring_them(session: Session, sent: Sent) -> None:
    (article,) = await session.all(
        sql("select id, title, section_id, body from deferred_article").into(Article)
    )
    assert article.body == "b"
    sent()
    assert await session.get(Article, article.id) is article
    assert sent() == []


async def test_one_that_is_made_transient_is_none(session: Session) -> None:
    article = await stored(session)
    make_transient(article)
    assert article.body is None
