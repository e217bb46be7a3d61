"""A web service: one session per request, committed before the response is sent.

Run it with ``uvicorn examples.fastapi_app.app:app``; it uses DATABASE_URL, or a PostgreSQL of its
own in ``.pgdata``.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Request, status
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from asyncorm import IntegrityError, Session, create_engine, select, sessionmaker
from examples.fastapi_app.models import Author, Book, Email, Name


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[dict[str, Any]]:
    """The engine lives as long as the app does."""
    url = os.environ.get("DATABASE_URL") or "embedded:///./.pgdata"
    async with create_engine(url) as engine:
        await engine.create_all(Author, Book)
        yield {"sessions": sessionmaker(engine)}


async def request_session(request: Request) -> AsyncGenerator[Session]:
    """A session that commits at the end of the request, or rolls back if it failed."""
    async with request.state.sessions.begin() as session:
        yield session


# scope="function" ends the dependency, and so commits, before the response is sent. With the
# default scope the client would see a 200 even if the commit failed afterwards.
RequestSession = Annotated[Session, Depends(request_session, scope="function")]

app = FastAPI(title="Bookshop", lifespan=lifespan)


@app.exception_handler(IntegrityError)
async def conflict(request: Request, error: IntegrityError) -> JSONResponse:
    """409 and the columns that clash, whether the flush found it or the commit."""
    content = {"detail": type(error).__name__, "columns": list(error.columns)}
    return JSONResponse(content, status.HTTP_409_CONFLICT)


class AuthorChange(BaseModel):
    """What may be changed of an author; what is left out stays."""

    name: Name = ""
    email: Email = ""


@app.post("/authors", status_code=status.HTTP_201_CREATED)
async def create_author(author: Author, session: RequestSession) -> Author:
    """The body is a new object already; the flush gives it its id, for the response."""
    session.add(author)
    await session.flush()
    return author


@app.get("/authors/{author_id}")
async def read_author(author_id: int, session: RequestSession) -> Author:
    """One author."""
    return await author_or_404(session, author_id)


@app.patch("/authors/{author_id}")
async def change_author(author_id: int, change: AuthorChange, session: RequestSession) -> Author:
    """Apply what came, which is what is set; the commit writes what is different."""
    return await session.apply(await author_or_404(session, author_id), change)


@app.delete("/authors/{author_id}", status_code=status.HTTP_204_NO_CONTENT)
async def delete_author(author_id: int, session: RequestSession) -> None:
    """Remove an author, if no book needs it."""
    await session.delete(await author_or_404(session, author_id))


@app.get("/authors/{author_id}/books")
async def read_books(author_id: int, session: RequestSession) -> list[Book]:
    """The books of an author."""
    author = await author_or_404(session, author_id)
    await session.load(author, Author.books)
    return author.books


@app.get("/books")
async def search_books(session: RequestSession, search: str = "", after: int = 0) -> list[Book]:
    """A page of books, found by what people type, ``sea -wolf``; ``after`` is the last id."""
    page = select(Book).where(Book.id > after).order_by(Book.id).limit(20)
    if search:
        page = page.where(Book.title.match(search, config="english"))
    return await session.all(page)


@app.post("/authors/{author_id}/books", status_code=status.HTTP_201_CREATED)
async def create_book(author_id: int, book: Book, session: RequestSession) -> Book:
    """A new book of the author in the path, whatever the body says of its author."""
    book.author = await author_or_404(session, author_id)
    session.add(book)
    await session.flush()
    return book


async def author_or_404(session: Session, author_id: int) -> Author:
    """The author, or the answer 404."""
    author = await session.get(Author, author_id)
    if author is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, f"there is no author {author_id}")
    return author
