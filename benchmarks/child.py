"""Child: a process that answers JSON lines with JSON lines; workers and the proxy are such."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from typing import IO, Any, Self

#: seconds that an answer may take
PATIENCE = 180


class Gone(Exception):
    """A child ended, or did not answer in time."""


class Child:
    """One process of a module of this package."""

    def __init__(self, process: asyncio.subprocess.Process, errors: IO[bytes]) -> None:
        self._process = process
        self._errors = errors

    @classmethod
    async def start(cls, module: str, *arguments: str) -> Self:
        """``python -m module arguments``; what it prints on stderr is kept for ``Gone``."""
        errors = tempfile.TemporaryFile()  # noqa: SIM115 - stop() closes it
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", module, *arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            limit=2**24,
        )
        return cls(process, errors)

    async def ask(self, do: str, **values: Any) -> dict[str, Any]:
        """Send a command and wait for its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps({"do": do, **values}).encode() + b"\n")
            async with asyncio.timeout(PATIENCE):
                await self._process.stdin.drain()
                line = await self._process.stdout.readline()
        except TimeoutError:
            await self.stop()
            raise Gone(f"no answer to {do} within {PATIENCE} s") from None
        except ConnectionError:
            line = b""
        if not line:
            reason = await self._last_words()
            await self.stop()
            raise Gone(f"the process ended at {do}: {reason}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    async def _last_words(self) -> str:
        await self._process.wait()
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else f"exit code {self._process.returncode}"

    async def stop(self) -> None:
        """End the process if it still runs."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        self._errors.close()
