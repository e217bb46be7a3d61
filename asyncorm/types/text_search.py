"""Types of full-text search: documents, queries, and the names of configurations."""

from __future__ import annotations

from asyncorm.types.carried import CarriedText


class TSVector(CarriedText):
    """tsvector: the words of a document with their places; ``str`` in Python."""

    def __init__(self) -> None:
        super().__init__("tsvector")


class TSQuery(CarriedText):
    """tsquery: what documents are searched for; ``str`` in Python."""

    def __init__(self) -> None:
        super().__init__("tsquery")


class RegConfig(CarriedText):
    """regconfig: the name of a text search configuration, such as ``english``."""

    # bound as itself: a cast from text is not stable enough for an index to be used
    parameter_type = "regconfig"

    def __init__(self) -> None:
        super().__init__("regconfig")


TSVECTOR = TSVector()
TSQUERY = TSQuery()
REGCONFIG = RegConfig()
