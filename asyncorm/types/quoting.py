"""Names of types in quotes, and texts in the quotes that values within others have."""

from __future__ import annotations

import re

from asyncorm.errors import ConfigurationError
from asyncorm.types.base import characters

MAX_NAME_BYTES = 63

_ESCAPED = re.compile(r'\\(.)|""', re.DOTALL)


def is_name(name: str) -> bool:
    """Whether PostgreSQL can take it as a name without changing it."""
    try:
        return 0 < len(name.encode()) <= MAX_NAME_BYTES and "\0" not in name
    except UnicodeEncodeError:  # a lone surrogate
        return False


def type_name(name: str, schema: str | None = None) -> str:
    """The quoted name of a type; ConfigurationError if PostgreSQL can't take it as it is."""
    parts = tuple(map(characters, (name,) if schema is None else (schema, name)))
    for part in parts:
        if not is_name(part):
            raise ConfigurationError(
                f"{part!r} can't be the name of a type",
                hint=f"names are valid Unicode of 1 to {MAX_NAME_BYTES} bytes and without NUL",
            )
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


def quoted(text: str) -> str:
    """The text of a value within an array, a composite or an hstore.

    Quotes make empty texts, NULL, braces, commas and blanks plain text.
    """
    return '"' + characters(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def unescaped(text: str) -> str:
    """What stood between such quotes, as it was before; a quote may be doubled as well."""
    return _ESCAPED.sub(lambda found: found[1] or '"', text)
