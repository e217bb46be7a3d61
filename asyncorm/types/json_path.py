"""jsonpath: the language in which JSON documents are searched."""

from __future__ import annotations

from asyncorm.types.carried import CarriedText


class JSONPath(CarriedText):
    """jsonpath, such as ``$.items[*] ? (@.price > 10)``; the values of Python are ``str``."""

    comparable = False

    def __init__(self) -> None:
        super().__init__("jsonpath")


JSON_PATH = JSONPath()
