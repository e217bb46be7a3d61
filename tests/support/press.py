"""A web service for articles, as an application would write it: its models, events and routes."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from asyncorm import (
    Mapped,
    MetaData,
    Model,
    Related,
    Session,
    SessionFactory,
    StaleDataError,
    UniqueViolation,
    column,
    event,
    foreign_key,
    inspect,
    relationship,
    scoped_session,
    select,
    selectinload,
)


class Press(Model):
    metadata = MetaData()


class Layout(BaseModel):
    theme: str = "light"
    widths: list[int] = []


class Article(Press, table="article"):
    id: Mapped[int] = column(primary_key=True, init=False)
    title: Mapped[str]
    likes: Mapped[int] = column(default=0)
    layout: Mapped[Layout] = column(default_factory=Layout)
    version: Mapped[int] = column(version=True, init=False)
    sections: Related[list[Section]] = relationship(
        back_populates="article", cascade="all, delete-orphan", order_by="id"
    )
    tags: Related[list[Tag]] = relationship(secondary="article_tag", order_by="name")


class Section(Press, table="section"):
    id: Mapped[int] = column(primary_key=True, init=False)
    text: Mapped[str]
    article_id: Mapped[int] = foreign_key(Article.id, index=True)
    article: Related[Article] = relationship(back_populates="sections")


class Tag(Press, table="tag"):
    name: Mapped[str] = column(primary_key=True)


class Audit(Press, table="audit"):
    """Who did what; written in the transaction of what it tells of."""

    id: Mapped[int] = column(primary_key=True, init=False)
    kind: Mapped[str]
    article_id: Mapped[int | None] = column(default=None)
    changed: Mapped[list[str]] = column(default_factory=list)


class SectionIn(BaseModel):
    id: int | None = None
    text: str


class ArticleIn(BaseModel):
    title: str = ""
    sections: list[SectionIn] = []
    version: int | None = None


def listen(sessions: SessionFactory, told: list[tuple[str, int]]) -> None:
    """Write an audit trail before every flush, and tell of it after every commit."""

    def trail(session: Session) -> None:
        for article in [a for a in session.dirty if isinstance(a, Article)]:
            state = inspect(article)
            names = [name for name in Article.__mapper__.columns if state.history(name).added]
            if names:
                session.add(Audit(kind="changed", article_id=article.id, changed=names))
                session.info.setdefault("tell", []).append(("changed", article.id))
        for article in [a for a in session.deleted if isinstance(a, Article)]:
            session.add(Audit(kind="deleted", article_id=article.id))
            session.info.setdefault("tell", []).append(("deleted", article.id))

    async def tell(session: Session) -> None:
        told.extend(session.info.pop("tell", []))

    def forget(session: Session) -> None:
        session.info.pop("tell", None)

    event.listen(sessions, "before_flush", trail)
    event.listen(sessions, "after_commit", tell)
    event.listen(sessions, "after_rollback", forget)


async def request_session(request: Request) -> AsyncGenerator[Session]:
    async with request.app.state.sessions.begin() as session:
        yield session


RequestSession = Annotated[Session, Depends(request_session, scope="function")]


async def whole_article(session: Session, article_id: int) -> Article:
    both = [selectinload(Article.sections), selectinload(Article.tags)]
    article = await session.get(Article, article_id, options=both)
    if article is None:
        raise HTTPException(404)
    return article


def shown(article: Article) -> dict[str, Any]:
    return {
        **article.model_dump(include={"id", "title", "likes", "layout", "version"}),
        "sections": [section.model_dump(include={"id", "text"}) for section in article.sections],
        "tags": [tag.name for tag in article.tags],
    }


def press(sessions: SessionFactory) -> FastAPI:
    """The application on these sessions."""
    app = FastAPI()
    app.state.sessions = sessions
    scoped = scoped_session(sessions)

    @app.exception_handler(StaleDataError)
    async def stale(request: Request, error: StaleDataError) -> JSONResponse:
        content = {"mine": error.mine, "theirs": error.theirs}
        return JSONResponse(_plain(content), 409)

    @app.exception_handler(UniqueViolation)
    async def taken(request: Request, error: UniqueViolation) -> JSONResponse:
        return JSONResponse({"taken": [type(o).__name__ for o in error.objects]}, 409)

    @app.post("/articles", status_code=201)
    async def create(body: ArticleIn, session: RequestSession) -> dict[str, Any]:
        article = Article(title=body.title)
        article.sections = [Section(text=section.text) for section in body.sections]
        session.add(article)
        await session.flush()
        return shown(article)

    @app.get("/articles/{article_id}")
    async def read(article_id: int, session: RequestSession) -> dict[str, Any]:
        return shown(await whole_article(session, article_id))

    @app.patch("/articles/{article_id}")
    async def change(article_id: int, body: ArticleIn, session: RequestSession) -> dict[str, Any]:
        article = await whole_article(session, article_id)
        await session.apply(article, body)
        await session.flush()
        return shown(article)

    @app.put("/articles/{article_id}/tags")
    async def retag(article_id: int, names: list[str], session: RequestSession) -> dict[str, Any]:
        article = await whole_article(session, article_id)
        held = {tag.name: tag for tag in await session.get_many(Tag, names) if tag is not None}
        article.tags = [held.get(name) or Tag(name=name) for name in names]
        await session.flush()
        return shown(article)

    @app.post("/articles/{article_id}/widths/{width}")
    async def widen(article_id: int, width: int, session: RequestSession) -> dict[str, Any]:
        article = await whole_article(session, article_id)
        article.layout.widths.append(width)
        await session.flush()
        return shown(article)

    @app.post("/articles/{article_id}/like")
    async def like(article_id: int) -> dict[str, Any]:
        """Repeats what another one was quicker with; its session is that of the task."""
        async with scoped:
            while True:
                article = await scoped.get(Article, article_id, populate_existing=True)
                assert article is not None
                article.likes += 1
                try:
                    await scoped.commit()
                except StaleDataError:
                    await scoped.rollback()
                else:
                    return {"likes": article.likes}

    @app.delete("/articles/{article_id}", status_code=204)
    async def remove(article_id: int, session: RequestSession) -> None:
        await session.delete(await whole_article(session, article_id))

    @app.get("/trail")
    async def trail(session: RequestSession) -> list[Any]:
        found = await session.all(select(Audit).order_by(Audit.id))
        return [[audit.kind, audit.article_id, audit.changed] for audit in found]

    return app


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump()
    return {k: _plain(v) for k, v in value.items()} if isinstance(value, dict) else value
