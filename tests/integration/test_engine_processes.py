"""Engines, event loops and processes: none disturbs another, and nothing is left behind."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from asyncorm.engine.embedded import EmbeddedServer
from asyncorm.engine.engine import Engine, create_engine
from asyncorm.errors import InvalidRequestError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder for data; not pytest's own, which every run of pytest closes to other users."""
    path = Path(tempfile.mkdtemp(prefix="asyncorm-"))
    yield path
    shutil.rmtree(path)


async def use(engine: Engine) -> int:
    async with engine.connect() as connection:
        return int((await connection.fetch("SELECT 1"))[0][0])


def in_another_thread(engine: Engine) -> BaseException | int:
    answers: list[BaseException | int] = []

    def run() -> None:
        try:
            answers.append(asyncio.run(use(engine)))
        except InvalidRequestError as error:
            answers.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return answers[0]


async def test_a_second_event_loop_is_refused_and_the_first_is_unharmed(database_url: str) -> None:
    async with create_engine(database_url) as engine:
        assert await use(engine) == 1
        error = await asyncio.to_thread(in_another_thread, engine)
        assert isinstance(error, InvalidRequestError)
        assert "second event loop" in str(error)
        assert "engine.dispose()" in str(error)
        assert await use(engine) == 1
        assert engine.pool.idle == 1


async def test_after_dispose_the_engine_may_move_to_another_loop(database_url: str) -> None:
    engine = create_engine(database_url)
    assert await use(engine) == 1
    await engine.dispose()

    def run() -> int:
        async def main() -> int:
            async with engine:
                return await use(engine)

        return asyncio.run(main())

    assert await asyncio.to_thread(run) == 1
    assert await use(engine) == 1
    await engine.dispose()


def run_python(text: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", text, *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


PRELUDE = """
import asyncio, os, sys
from asyncorm.engine.engine import create_engine

async def use(engine):
    async with engine.connect() as connection:
        return (await connection.fetch("SELECT pg_backend_pid()"))[0][0]
"""

FORK = """
async def main():
    async with create_engine(sys.argv[1]) as engine:
        async with engine.connect() as held:
            before = await use(engine)
            child = os.fork()
            if child == 0:
                # a new loop in the child, as worker processes have
                asyncio.events._set_running_loop(None)
                own = asyncio.new_event_loop()
                pid = own.run_until_complete(use(engine))
                os._exit(0 if pid != before else 3)
            status = await asyncio.to_thread(os.waitpid, child, 0)
            assert status[1] == 0, status
            assert await use(engine) == before, "the parent's connection was lost"
            assert await held.fetch("SELECT 1")
    print("unharmed")

asyncio.run(main())
"""

FORK_LISTENING = """
from asyncorm import Channel
texts = Channel("forked")

async def main():
    async with create_engine(sys.argv[1]) as engine, engine.listen(texts) as notifications:
        child = os.fork()
        if child == 0:
            asyncio.events._set_running_loop(None)
            notifications.close()
            os._exit(0)
        status = await asyncio.to_thread(os.waitpid, child, 0)
        assert status[1] == 0, status
        async with engine.connect() as connection:
            await connection.notify(texts, "unharmed")
        print((await anext(notifications)).payload)

asyncio.run(main())
"""

UNDISPOSED = """
async def main():
    await use(create_engine(sys.argv[1]))

asyncio.run(main())
print("ended")
"""

TWICE = """
engine = create_engine(sys.argv[1])
print(asyncio.run(use(engine)) != asyncio.run(use(engine)))
"""

HOLD = """
async def main():
    async with create_engine(sys.argv[1]) as engine:
        await use(engine)
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        await use(engine)

asyncio.run(main())
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_opens_its_own_connections(database_url: str) -> None:
    finished = run_python(PRELUDE + FORK, database_url)
    assert finished.stdout == "unharmed\n", finished.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_leaves_the_listener_to_its_parent(database_url: str) -> None:
    finished = run_python(PRELUDE + FORK_LISTENING, database_url)
    assert finished.stdout == "unharmed\n", finished.stderr


def test_a_process_that_disposes_of_nothing_ends_without_hanging(database_url: str) -> None:
    finished = run_python(PRELUDE + UNDISPOSED, database_url, PYTHONWARNINGS="default")
    assert finished.returncode == 0
    assert finished.stdout == "ended\n"


def test_an_engine_survives_the_end_of_its_loop(database_url: str) -> None:
    text = PRELUDE + TWICE
    finished = subprocess.run(
        [sys.executable, "-c", text, database_url],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert finished.stdout == "True\n", finished.stderr


def test_an_embedded_server_is_shared_and_the_last_process_stops_it(folder: Path) -> None:
    url = f"embedded:///{folder / 'data'}?fsync=off"
    server = EmbeddedServer((folder / "data").resolve())

    def start() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", PRELUDE + HOLD, url],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    first = start()
    second = start()
    pid = (folder / "data/data/postmaster.pid").read_text().split()[0]
    # the one that started it goes first
    assert first.communicate("\n", timeout=50) == ("", "")
    assert server._answers()
    assert (folder / "data/data/postmaster.pid").read_text().split()[0] == pid
    assert second.communicate("\n", timeout=50) == ("", "")
    assert not server._answers()
    assert not (folder / "data/data/postmaster.pid").exists()


def test_a_crashed_process_does_not_keep_an_embedded_server_alive(folder: Path) -> None:
    url = f"embedded:///{folder / 'data'}?fsync=off"
    server = EmbeddedServer((folder / "data").resolve())
    crash = PRELUDE + "asyncio.run(use(create_engine(sys.argv[1]))); os._exit(1)"
    assert run_python(crash, url, PYTHONWARNINGS="ignore").returncode == 1
    assert server._answers()
    finished = run_python(PRELUDE + HOLD.replace("sys.stdin.readline", "int"), url)
    assert finished.returncode == 0, finished.stderr
    assert not server._answers()


def test_settings_in_an_embedded_url_are_those_the_server_is_started_with(folder: Path) -> None:
    url = f"embedded:///{folder / 'a folder'}?fsync=off&shared_buffers=16MB"
    text = PRELUDE + (
        "async def main():\n"
        "    async with create_engine(sys.argv[1]) as engine, engine.connect() as connection:\n"
        "        for name in ('fsync', 'shared_buffers', 'listen_addresses'):\n"
        "            print((await connection.fetch(f'SHOW {name}'))[0][0])\n"
        "asyncio.run(main())\n"
    )
    finished = run_python(text, url)
    assert finished.stdout == "off\n16MB\n\n", finished.stderr


def test_a_server_that_can_not_be_started_says_why(folder: Path) -> None:
    url = f"embedded:///{folder / 'data'}?shared_buffers=nonsense"
    finished = run_python(PRELUDE + "asyncio.run(use(create_engine(sys.argv[1])))", url)
    assert finished.returncode == 1
    assert "can't be started" in finished.stderr
    assert "shared_buffers" in finished.stderr
    assert "hint: see " in finished.stderr
