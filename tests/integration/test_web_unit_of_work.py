"""The unit of work in a web service: a session for each request, many requests at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from httpx2 import ASGITransport, AsyncClient

from asyncorm import create_engine, sessionmaker
from asyncorm.engine.engine import Engine
from tests.conftest import CreateTables
from tests.support.press import Article, Audit, Section, Tag, listen, press
from tests.support.rows import rows


@dataclass
class Web:
    """A client of the service, and what the service has told of its commits."""

    client: AsyncClient
    told: list[tuple[str, int]]

    async def send(self, method: str, path: str, body: Any = None, expect: int = 200) -> Any:
        answer = await self.client.request(method, path, json=body)
        assert answer.status_code == expect, answer.text
        return answer.json() if answer.content else None

    async def article(self, *texts: str) -> Any:
        body = {"title": "old", "sections": [{"text": text} for text in texts]}
        return await self.send("POST", "/articles", body, expect=201)


@pytest.fixture
async def web(database_url: str, tables: CreateTables) -> AsyncIterator[Web]:
    await tables(Article, Section, Tag, Audit)
    async with create_engine(database_url, pool_size=5) as engine:
        sessions = sessionmaker(engine)
        told: list[tuple[str, int]] = []
        listen(sessions, told)
        transport = ASGITransport(app=press(sessions), raise_app_exceptions=False)
        async with AsyncClient(transport=transport, base_url="http://test") as client:
            yield Web(client, told)
        assert engine.pool.in_use == 0


async def test_a_patch_says_what_its_children_are(web: Web) -> None:
    made = await web.article("a", "b", "c")
    ids = [section["id"] for section in made["sections"]]
    body = {
        "title": "new",
        "sections": [{"id": ids[2], "text": "C"}, {"text": "d"}, {"id": ids[0], "text": "a"}],
        "version": made["version"],
    }
    answer = await web.send("PATCH", f"/articles/{made['id']}", body)
    assert answer["version"] == made["version"] + 1
    read = await web.send("GET", f"/articles/{made['id']}")
    texts = {section["id"]: section["text"] for section in read["sections"]}
    assert (texts[ids[0]], texts[ids[2]]) == ("a", "C")
    assert ids[1] not in texts
    assert sorted(texts.values()) == ["C", "a", "d"]
    assert await web.send("GET", "/trail") == [["changed", made["id"], ["title"]]]
    assert web.told == [("changed", made["id"])]


async def test_a_patch_of_an_old_version_is_409_and_shows_both(web: Web, engine: Engine) -> None:
    made = await web.article("a")
    path = f"/articles/{made['id']}"
    await web.send("PATCH", path, {"title": "theirs", "version": 1})
    body = {"title": "mine", "sections": [], "version": 1}
    answer = await web.send("PATCH", path, body, expect=409)
    assert answer["mine"] == {"title": "mine"}
    assert (answer["theirs"]["title"], answer["theirs"]["version"]) == ("theirs", 2)
    read = await web.send("GET", path)
    assert (read["title"], len(read["sections"])) == ("theirs", 1)
    assert await rows(engine, "select count(*) from audit") == [(1,)]
    assert web.told == [("changed", made["id"])]


async def test_patches_at_once_let_one_through_for_each_version(web: Web, engine: Engine) -> None:
    """All have read version 1: some meet the winner when they look, others when they write."""
    made = await web.article("a")
    bodies = [{"title": f"t{n}", "version": 1} for n in range(50)]
    answers = await asyncio.gather(
        *(web.client.patch(f"/articles/{made['id']}", json=body) for body in bodies)
    )
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 49}
    [winner] = [answer.json() for answer in answers if answer.status_code == 200]
    read = await web.send("GET", f"/articles/{made['id']}")
    assert (read["title"], read["version"]) == (winner["title"], 2)
    for answer in answers:
        if answer.status_code == 409:
            conflict = answer.json()
            assert conflict["theirs"]["title"] == winner["title"]
            assert conflict["mine"]["title"].startswith("t")
    # the trail of those that lost is rolled back with them, and nobody was told
    assert await rows(engine, "select count(*) from audit") == [(1,)]
    assert web.told == [("changed", made["id"])]


async def test_fifty_likes_on_five_connections_are_fifty(web: Web, engine: Engine) -> None:
    made = await web.article()
    path = f"/articles/{made['id']}/like"
    async with asyncio.timeout(60):
        likes = await asyncio.gather(*(web.send("POST", path) for _ in range(50)))
    assert sorted(answer["likes"] for answer in likes) == list(range(1, 51))
    assert await rows(engine, "select likes, version from article") == [(50, 51)]
    assert await rows(engine, "select count(*) from audit") == [(50,)]
    assert web.told == [("changed", made["id"])] * 50


async def test_settings_are_changed_in_place(web: Web, engine: Engine) -> None:
    made = await web.article()
    for width in (10, 20):
        await web.send("POST", f"/articles/{made['id']}/widths/{width}")
    read = await web.send("GET", f"/articles/{made['id']}")
    assert read["layout"] == {"theme": "light", "widths": [10, 20]}
    assert read["version"] == 3
    trail = await web.send("GET", "/trail")
    assert trail == [["changed", made["id"], ["layout"]]] * 2
    answers = await asyncio.gather(
        *(web.client.post(f"/articles/{made['id']}/widths/{n}") for n in range(50))
    )
    through = [n for n, answer in enumerate(answers) if answer.status_code == 200]
    assert {answer.status_code for answer in answers} <= {200, 409}
    read = await web.send("GET", f"/articles/{made['id']}")
    # who was answered 200 is in it, who was answered 409 is not
    assert sorted(read["layout"]["widths"]) == sorted([10, 20, *through])
    assert read["version"] == 3 + len(through)


async def test_tags_are_replaced(web: Web, engine: Engine) -> None:
    made, other = await web.article(), await web.article()
    path = f"/articles/{made['id']}/tags"
    assert (await web.send("PUT", path, ["b", "a"]))["tags"] == ["b", "a"]
    await web.send("PUT", f"/articles/{other['id']}/tags", ["a"])
    await web.send("PUT", path, ["c", "a"])
    assert (await web.send("GET", f"/articles/{made['id']}"))["tags"] == ["a", "c"]
    await web.send("PUT", path, [])
    assert await rows(engine, "select article_id, tag_name from article_tag") == [
        (other["id"], "a")
    ]
    assert await rows(engine, "select name from tag order by name") == [("a",), ("b",), ("c",)]


async def test_new_tags_that_many_want_at_once_are_made_once(web: Web, engine: Engine) -> None:
    made = [await web.article() for _ in range(10)]

    async def retag(article: Any) -> int:
        path, tries = f"/articles/{article['id']}/tags", 0
        while (answer := await web.client.put(path, json=["new", "old"])).status_code == 409:
            tries += 1
            assert answer.json() == {"taken": ["Tag"]}
            assert tries < 20
        assert answer.status_code == 200, answer.text
        return tries

    async with asyncio.timeout(60):
        await asyncio.gather(*(retag(article) for article in made))
    assert await rows(engine, "select count(*) from tag") == [(2,)]
    assert await rows(engine, "select count(*) from article_tag") == [(20,)]


async def test_a_delete_takes_all_along_and_leaves_a_trail(web: Web, engine: Engine) -> None:
    made = await web.article("a", "b")
    await web.send("PUT", f"/articles/{made['id']}/tags", ["a"])
    await web.send("DELETE", f"/articles/{made['id']}", expect=204)
    await web.send("GET", f"/articles/{made['id']}", expect=404)
    for table in ("article", "section", "article_tag"):
        assert await rows(engine, f"select count(*) from {table}") == [(0,)]
    assert await web.send("GET", "/trail") == [["deleted", made["id"], []]]
    assert web.told == [("deleted", made["id"])]


async def test_fifty_different_requests_leave_all_as_it_should_be(web: Web, engine: Engine) -> None:
    made = [await web.article("a", "b") for _ in range(10)]

    async def visit(number: int) -> int:
        article = made[number % 10]
        path = f"/articles/{article['id']}"
        kind = number // 10
        sections = [{"id": article["sections"][0]["id"], "text": f"t{number}"}]
        answer = await [
            lambda: web.client.get(path),
            lambda: web.client.patch(path, json={"sections": sections}),
            lambda: web.client.post(f"{path}/like"),
            lambda: web.client.put(f"{path}/tags", json=[f"tag{number}"]),
            lambda: web.client.patch(path, json={"title": f"t{number}", "version": 99}),
        ][kind]()
        return int(answer.status_code)

    async with asyncio.timeout(60):
        answers = await asyncio.gather(*(visit(number) for number in range(50)))
    assert answers == [200] * 40 + [409] * 10
    for number, article in enumerate(made):
        read = await web.send("GET", f"/articles/{article['id']}")
        assert (read["likes"], read["title"]) == (1, "old")
        assert read["tags"] == [f"tag{30 + number}"]
        assert [section["text"] for section in read["sections"]] == [f"t{10 + number}"]
