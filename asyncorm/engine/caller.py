"""The caller: the line of the application that the library works for, to be named in messages."""

from __future__ import annotations

import asyncio
import os
import sys
import sysconfig
from pathlib import Path
from types import FrameType

_OWN = str(Path(__file__).parents[1]) + os.sep
_STDLIB = sysconfig.get_path("stdlib") + os.sep
_INSTALLED = ("site-packages", "dist-packages")
#: where a task begins: what is further out is not what has called the library
_LOOP = tuple(
    str(Path(asyncio.__file__).with_name(name))
    for name in ("events.py", "base_events.py", "runners.py")
)


def is_own(filename: str) -> bool:
    """Whether a file belongs to this library."""
    return filename.startswith(_OWN)


def _is_standard(filename: str) -> bool:
    return filename.startswith(_STDLIB) and not any(name in filename for name in _INSTALLED)


def caller_frame() -> FrameType | None:
    """The innermost frame outside of this and the standard library.

    None in a task that was given nothing but a coroutine of the library to run.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename not in _LOOP:
        filename = frame.f_code.co_filename
        if not is_own(filename) and not _is_standard(filename):
            return frame
        frame = frame.f_back
    return None


def caller_line() -> str | None:
    """``file:line`` of that frame."""
    frame = caller_frame()
    return None if frame is None else f"{frame.f_code.co_filename}:{frame.f_lineno}"
