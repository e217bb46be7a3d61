"""Mapped classes as bodies and responses of FastAPI, without any adapter."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from pydantic import BaseModel, Field

from asyncorm import Mapped, MetaData, Model, Related, column, foreign_key, func, relationship
from asyncorm.tracking.unit_of_work import UnitOfWork
from tests.support.loaded import load_row

T = TypeVar("T")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Base(Model):
    metadata = MetaData()


class User(Base, table="users"):
    created_at: Mapped[datetime] = column(server_default=func.now(), init=False)
    id: Mapped[int] = column(primary_key=True, init=False)
    email: Mapped[Annotated[str, Field(pattern="@")]]
    age: Mapped[int | None] = column(default=None)
    books: Related[list[Book]] = relationship(back_populates="author")


class Book(Base, table="books"):
    id: Mapped[int] = column(primary_key=True, init=False)
    title: Mapped[str]
    author_id: Mapped[int] = foreign_key(User.id)
    author: Related[User] = relationship(back_populates="books")


class Page(BaseModel, Generic[T]):
    items: list[T]


class UserName(BaseModel):
    id: int
    email: str


UNIT = UnitOfWork()
app = FastAPI()


def stored() -> User:
    return load_row(UNIT, User, created_at=NOW, id=1, email="a@b", age=None)


@app.post("/users")
def create(user: User) -> User:
    user.id, user.created_at = 7, NOW
    return user


@app.post("/books")
def create_book(book: Book) -> Book:
    return book


@app.get("/users", response_model=Page[User])
def listing() -> dict[str, Any]:
    return {"items": [stored()]}


@app.get("/name", response_model=UserName)
def name() -> User:
    return stored()


@app.get("/set", response_model=User, response_model_exclude_unset=True)
def exclude_unset() -> User:
    return stored()


class BookName(BaseModel):
    title: str


class UserBooks(BaseModel):
    email: str
    age: int | None = None
    books: list[BookName] = []


def without_age() -> User:
    return load_row(UnitOfWork(), User, created_at=NOW, id=1, email="a@b")


@app.get("/part/model", response_model=User)
@app.get("/part/page", response_model=Page[User])
@app.get("/part/books", response_model=UserBooks)
@app.get("/part/unset", response_model=User, response_model_exclude_unset=True)
@app.get("/part/nothing")
def part(request: Request) -> Any:
    return {"items": [without_age()]} if request.url.path.endswith("page") else without_age()


@app.get("/part/list")
def part_list() -> list[User]:
    return [without_age()]


@app.get("/part/without", response_model=User, response_model_exclude={"age"})
def part_without() -> User:
    return without_age()


@pytest.fixture(scope="module")
def client() -> TestClient:
    return TestClient(app)


STORED = {"created_at": "2026-01-01T00:00:00Z", "id": 1, "email": "a@b", "age": None}


def test_a_mapped_class_is_body_and_response(client: TestClient) -> None:
    response = client.post("/users", json={"email": "a@b"})
    assert response.status_code == 200, response.text
    assert response.json() == {**STORED, "id": 7}


def test_a_body_can_not_set_what_the_database_makes(client: TestClient) -> None:
    response = client.post("/users", json={"email": "a@b", "id": 1})
    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"] == ["body", "id"]
    assert "init=False" in response.json()["detail"][0]["msg"]


@pytest.mark.parametrize(
    "body", [{"email": "x"}, {}, {"email": "a@b", "nope": 1}, {"email": "a@b", "books": []}]
)
def test_a_wrong_body_is_refused(client: TestClient, body: dict[str, Any]) -> None:
    assert client.post("/users", json=body).status_code == 422


def test_a_foreign_key_may_come_with_the_body(client: TestClient) -> None:
    sent = client.post("/books", json={"title": "t", "author_id": 3})
    assert sent.json() == {"id": None, "title": "t", "author_id": 3}
    assert client.post("/books", json={"title": "t"}).json()["author_id"] is None
    refused = client.post("/books", json={"title": "t", "author_id": None})
    assert refused.status_code == 422


def test_loaded_objects_are_serialised_without_their_relationships(client: TestClient) -> None:
    assert client.get("/users").json() == {"items": [STORED]}


def test_another_response_model_reads_the_attributes(client: TestClient) -> None:
    assert client.get("/name").json() == {"id": 1, "email": "a@b"}


def test_exclude_unset_keeps_what_was_loaded(client: TestClient) -> None:
    assert client.get("/set").json() == STORED


@pytest.mark.parametrize("path", ["model", "page", "list", "books", "unset", "nothing"])
def test_a_response_without_what_is_not_loaded_is_an_error(client: TestClient, path: str) -> None:
    with pytest.raises(Exception, match=r"UnloadedAttributeError|User\.age") as caught:
        client.get(f"/part/{path}")
    text = str(caught.value)
    assert "User.age is not loaded" in text
    assert "await session.refresh(obj)" in text
    if path == "books":
        assert "User.books is not loaded" in text
        assert "selectinload(User.books)" in text


def test_a_response_may_leave_out_what_is_not_loaded(client: TestClient) -> None:
    sent = client.get("/part/without")
    assert sent.json() == {n: v for n, v in STORED.items() if n != "age"}


def test_the_openapi_document_tells_input_from_output(client: TestClient) -> None:
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    assert schemas["User-Input"]["required"] == ["email"]
    assert list(schemas["User-Input"]["properties"]) == ["email", "age"]
    assert schemas["User-Output"]["required"] == ["created_at", "id", "email", "age"]
    json.dumps(schemas)
