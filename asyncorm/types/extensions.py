"""Types of PostgreSQL's own extensions, which ``create_all`` installs: citext, hstore, ltree."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from asyncorm.errors import DataError
from asyncorm.types.carried import Carried, CarriedText
from asyncorm.types.quoting import quoted, unescaped

#: a key or value of hstore's text: in quotes with escapes, or NULL
_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|NULL', re.DOTALL)


class CIText(CarriedText):
    """citext: text that is compared without regard to upper and lower case."""

    extension = "citext"
    contains_operator = "LIKE"

    def __init__(self) -> None:
        super().__init__("citext")


class LTree(CarriedText):
    """ltree: a path of labels such as ``shop.tools.garden``."""

    extension = "ltree"
    contains_operator = "@>"
    contained_by_operator = "<@"

    def __init__(self) -> None:
        super().__init__("ltree")


class HStore(Carried[dict[str, Any]]):
    """hstore: a dict of ``str`` to ``str`` or None."""

    extension = "hstore"
    contains_operator = "@>"
    contained_by_operator = "<@"
    python_type = dict
    mutable = True

    def __init__(self) -> None:
        super().__init__("hstore")
        self.encode = self.encode_bulk = self.as_text
        self.decode = read_hstore
        self.snapshot = self._snapshot
        self.thaw = dict

    def check(self, value: Any) -> Any:
        """The value, if it is a dict of strings; DataError otherwise."""
        if not isinstance(value, Mapping):
            raise self.unfit(value, "expected a dict of str to str or None")
        for key, item in value.items():
            if not isinstance(key, str) or not (item is None or isinstance(item, str)):
                raise self.unfit(
                    value, f"expected str keys and str values or None, got {type(item).__name__}"
                )
        return value

    def as_text(self, value: Any) -> str:
        """The pairs as hstore writes them, ``"a"=>"1", "b"=>NULL``."""
        return ", ".join(
            f"{quoted(key)}=>{'NULL' if item is None else quoted(item)}"
            for key, item in self.check(value).items()
        )

    def _snapshot(self, value: Any) -> frozenset[tuple[str, str | None]]:
        return frozenset(self.check(value).items())


def read_hstore(text: str) -> dict[str, str | None]:
    """The dict that hstore's text stands for."""
    words = [None if match[1] is None else unescaped(match[1]) for match in _WORD.finditer(text)]
    if len(words) % 2:
        raise DataError(
            "the text of an hstore has a key without a value",
            hint="select the column itself, not a text made of it",
        )
    pairs = zip(words[::2], words[1::2], strict=True)
    return {key: value for key, value in pairs if key is not None}
