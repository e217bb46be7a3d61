"""KeyedDict: the collection class of a relationship whose members are found by an attribute."""

from __future__ import annotations

from asyncorm._lazy_dataclass import dataclass


@dataclass(frozen=True)
class KeyedDict:
    """A dict of related objects by the value of one of their attributes."""

    attribute: str


def attribute_keyed_dict(name: str) -> KeyedDict:
    """A ``collection_class``: a dict of the related objects by their attribute ``name``.

    ``notes: Related[dict[str, Note]] = relationship(collection_class=attribute_keyed_dict("key"))``
    The attribute must be set before an object comes in, and be unique among the members.
    """
    return KeyedDict(name)
