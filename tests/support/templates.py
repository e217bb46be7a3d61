"""A stand-in for t-strings, for Pythons that have none: exactly the attributes of Template."""

from __future__ import annotations

import re
from typing import Any


class Interpolation:
    """What ``string.templatelib.Interpolation`` has."""

    def __init__(
        self, value: Any, expression: str, conversion: str | None = None, format_spec: str = ""
    ) -> None:
        self.value = value
        self.expression = expression
        self.conversion = conversion
        self.format_spec = format_spec


class Template:
    """What ``string.templatelib.Template`` has."""

    __slots__ = ("_interpolations", "_strings")

    def __init__(self, strings: tuple[str, ...], interpolations: tuple[Interpolation, ...]) -> None:
        assert len(strings) == len(interpolations) + 1
        self._strings = strings
        self._interpolations = interpolations

    @property
    def strings(self) -> tuple[str, ...]:
        return self._strings

    @property
    def interpolations(self) -> tuple[Interpolation, ...]:
        return self._interpolations


def template(text: str, /, **values: Any) -> Template:
    """The template of ``t"..."`` with simple names in braces: ``{name}``, ``{name!r:>5}``."""
    strings, found = [], []
    position = 0
    for match in re.finditer(r"\{(\w+)(?:!([rsa]))?(?::([^}]*))?\}", text):
        strings.append(text[position : match.start()])
        found.append(Interpolation(values[match[1]], match[1], match[2], match[3] or ""))
        position = match.end()
    return Template((*strings, text[position:]), tuple(found))
