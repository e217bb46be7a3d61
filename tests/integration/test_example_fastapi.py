"""The web service: objects as bodies, and an answer that is sent after the commit."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from asyncorm import create_engine, sql
from asyncorm.testing import assert_queries
from examples.fastapi_app.app import app
from examples.fastapi_app.models import Author, Book

ADA = {"name": "Ada", "email": "ada@example.org"}
BOB = {"name": "Bob", "email": "bob@example.org"}


async def make_empty_tables(database_url: str) -> None:
    async with create_engine(database_url) as engine:
        await engine.drop_all(Author, Book)
        await engine.create_all(Author, Book)


async def refuse_commits(database_url: str) -> None:
    """Let the commit of every new author fail, by a check that is made no earlier."""
    async with create_engine(database_url) as engine, engine.begin() as connection:
        await connection.execute(
            sql(
                "CREATE OR REPLACE FUNCTION bookshop.refuse() RETURNS trigger LANGUAGE plpgsql "
                "AS $$ BEGIN RAISE 'not today'; END $$"
            )
        )
        await connection.execute(
            sql(
                "CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON bookshop.author "
                "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION bookshop.refuse()"
            )
        )


@pytest.fixture
def client(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    asyncio.run(make_empty_tables(database_url))
    monkeypatch.setenv("DATABASE_URL", database_url)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def new_author(client: TestClient, body: dict[str, str]) -> int:
    answer = client.post("/authors", json=body)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def test_a_new_author_comes_back_with_the_id_of_the_database(client: TestClient) -> None:
    author_id = new_author(client, ADA)
    assert client.get(f"/authors/{author_id}").json() == {"id": author_id, **ADA}


def test_a_body_can_not_choose_the_id(client: TestClient) -> None:
    answer = client.post("/authors", json={"id": 4711, **ADA})
    assert answer.status_code == 422
    assert client.get("/authors/4711").status_code == 404


def test_a_body_that_does_not_fit_the_model_is_refused(client: TestClient) -> None:
    answer = client.post("/authors", json={"name": "", "email": "ada@example.org"})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", "name"]


def test_an_unknown_author_is_404(client: TestClient) -> None:
    assert client.get("/authors/1").status_code == 404
    assert client.patch("/authors/1", json={"name": "Eve"}).status_code == 404
    assert client.delete("/authors/1").status_code == 404
    assert client.get("/authors/1/books").status_code == 404
    assert client.post("/authors/1/books", json={"title": "Notes"}).status_code == 404


def test_a_taken_email_is_409_at_the_flush(client: TestClient) -> None:
    new_author(client, ADA)
    answer = client.post("/authors", json=BOB | {"email": ADA["email"]})
    assert answer.status_code == 409
    assert answer.json() == {"detail": "UniqueViolation", "columns": ["email"]}


def test_a_change_is_stored(client: TestClient) -> None:
    author_id = new_author(client, ADA)
    answer = client.patch(f"/authors/{author_id}", json={"name": "Augusta"})
    assert answer.json() == {"id": author_id, **ADA, "name": "Augusta"}
    assert client.get(f"/authors/{author_id}").json()["name"] == "Augusta"


def test_null_is_no_change_but_an_error(client: TestClient) -> None:
    author_id = new_author(client, ADA)
    assert client.patch(f"/authors/{author_id}", json={"name": None}).status_code == 422
    assert client.get(f"/authors/{author_id}").json()["name"] == ADA["name"]


def test_a_taken_email_is_409_when_only_the_commit_finds_it(client: TestClient) -> None:
    """The route does not flush: the commit comes after it, and still before the answer."""
    new_author(client, ADA)
    bob = new_author(client, BOB)
    answer = client.patch(f"/authors/{bob}", json={"email": ADA["email"]})
    assert answer.status_code == 409
    assert client.get(f"/authors/{bob}").json()["email"] == BOB["email"]


def test_a_commit_that_fails_is_500_and_not_201(client: TestClient, database_url: str) -> None:
    """The flush goes well; only COMMIT itself is refused, when the answer is already made."""
    asyncio.run(refuse_commits(database_url))
    assert client.post("/authors", json=ADA).status_code == 500
    assert client.get("/authors/1").status_code == 404


def test_books_of_an_author(client: TestClient) -> None:
    ada, bob = new_author(client, ADA), new_author(client, BOB)
    answer = client.post(f"/authors/{ada}/books", json={"title": "Notes", "author_id": bob})
    assert answer.status_code == 201
    assert answer.json()["author_id"] == ada
    assert client.get(f"/authors/{ada}/books").json() == [answer.json()]
    assert client.get(f"/authors/{bob}/books").json() == []


def test_books_are_searched_page_by_page(client: TestClient) -> None:
    path = f"/authors/{new_author(client, ADA)}/books"
    for number in range(21):
        client.post(path, json={"title": f"Seas, volume {number}"})
    client.post(path, json={"title": "The Sea-Wolf"})
    found = client.get("/books", params={"search": "sea -wolf"}).json()
    assert [book["title"] for book in found] == [f"Seas, volume {number}" for number in range(20)]
    found = client.get("/books", params={"search": "sea -wolf", "after": found[-1]["id"]}).json()
    assert [book["title"] for book in found] == ["Seas, volume 20"]
    assert client.get("/books", params={"search": "\"'; drop table --"}).json() == []
    assert len(client.get("/books").json()) == 20


def test_an_author_with_books_can_not_be_deleted(client: TestClient) -> None:
    author_id = new_author(client, ADA)
    client.post(f"/authors/{author_id}/books", json={"title": "Notes"})
    assert client.delete(f"/authors/{author_id}").status_code == 409
    assert client.get(f"/authors/{author_id}").status_code == 200


def test_an_author_without_books_is_deleted(client: TestClient) -> None:
    author_id = new_author(client, ADA)
    assert client.delete(f"/authors/{author_id}").status_code == 204
    assert client.get(f"/authors/{author_id}").status_code == 404


def test_the_api_description_does_not_ask_for_the_id(client: TestClient) -> None:
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    body = schemas.get("Author-Input") or schemas["Author"]
    assert sorted(body["required"]) == ["email", "name"]


def test_the_statements_of_a_request_can_be_counted(client: TestClient) -> None:
    author_id = new_author(client, ADA)
    with assert_queries(1) as statements:
        client.get(f"/authors/{author_id}")
    assert "examples/fastapi_app/" in statements[0].line
