"""The plain picture of a publishing house: rows by key, and what is related to each."""

from __future__ import annotations

import random
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tests.support.imprint import (
    Atlas,
    Author,
    Award,
    Book,
    Chapter,
    Comic,
    Contract,
    Imprint,
    Publisher,
    Region,
    Shelf,
    Stock,
    Store,
    Tag,
)

Key = tuple[Any, ...]
Entity = type[Imprint]
Row = dict[str, Any]

#: the order in which rows can be inserted
KEYS: dict[Entity, tuple[str, ...]] = {
    Publisher: ("id",),
    Author: ("id",),
    Contract: ("id",),
    Award: ("code",),
    Shelf: ("room", "number"),
    Book: ("id",),
    Region: ("id",),
    Tag: ("id",),
    Store: ("id",),
    Stock: ("book_id", "store_id"),
    Chapter: ("id",),
}
#: link tables, with the columns of either side
LINKS = {
    "author_award": (("author_id",), ("award_code",)),
    "book_tag": (("book_id",), ("tag_id",)),
}


class Way(NamedTuple):
    """A relationship: to one row by its key, from one row to many, or through a link table."""

    owner: Entity
    name: str
    target: Entity
    #: the columns that refer, of the owner or of the target; the side of a link table's pairs
    by: tuple[str, ...] | int
    many: bool
    link: str = ""
    order: str = ""
    #: the same relationship seen from the other end
    back: str = ""
    #: members go with their owner, and with their place in the collection
    owned: bool = False

    @property
    def one(self) -> bool:
        """Whether the owner's row says what it leads to."""
        return not self.many and self.target_key

    @property
    def target_key(self) -> bool:
        return self.name != "contract"

    @property
    def attribute(self) -> Any:
        return getattr(self.owner, self.name)

    def __str__(self) -> str:
        return f"{self.owner.__name__}.{self.name}"


SHELF = ("shelf_room", "shelf_number")
WAYS = (
    Way(Publisher, "authors", Author, ("publisher_id",), True, order="name", back="publisher"),
    Way(Author, "publisher", Publisher, ("publisher_id",), False, back="authors"),
    Way(Author, "mentor", Author, ("mentor_id",), False, back="pupils"),
    Way(Author, "pupils", Author, ("mentor_id",), True, back="mentor"),
    Way(Author, "contract", Contract, ("author_id",), False, back="author", owned=True),
    Way(Author, "books", Book, ("author_id",), True, back="author"),
    Way(Author, "awards", Award, 0, True, link="author_award", back="winners"),
    Way(Contract, "author", Author, ("author_id",), False, back="contract"),
    Way(Award, "winners", Author, 1, True, link="author_award", order="name", back="awards"),
    Way(Shelf, "books", Book, SHELF, True, order="name", back="shelf"),
    Way(Book, "author", Author, ("author_id",), False, back="books"),
    Way(Book, "shelf", Shelf, SHELF, False, back="books"),
    Way(Book, "tags", Tag, 0, True, link="book_tag", back="books"),
    Way(Book, "stocks", Stock, ("book_id",), True, back="book", owned=True),
    Way(Book, "chapters", Chapter, ("book_id",), True, back="book", owned=True),
    Way(Atlas, "regions", Region, ("atlas_id",), True, back="atlas"),
    Way(Region, "atlas", Atlas, ("atlas_id",), False, back="regions"),
    Way(Tag, "books", Book, 1, True, link="book_tag", back="tags"),
    Way(Store, "stocks", Stock, ("store_id",), True, back="store", owned=True),
    Way(Stock, "book", Book, ("book_id",), False, back="stocks"),
    Way(Stock, "store", Store, ("store_id",), False, back="stocks"),
    Way(Chapter, "book", Book, ("book_id",), False, back="chapters"),
)
WAY = {(way.owner, way.name): way for way in WAYS}
KINDS: dict[str, Entity] = {"book": Book, "comic": Comic, "atlas": Atlas}


def root_of(entity: Entity) -> Entity:
    """The class whose rows those of an entity are among."""
    return Book if issubclass(entity, Book) else entity


def ways_of(entity: Entity) -> list[Way]:
    """The relationships of an entity, and of its subclasses."""
    return [w for w in WAYS if issubclass(entity, w.owner) or issubclass(w.owner, entity)]


def key_of(instance: Any) -> tuple[Entity, Key]:
    """Where the picture has the row of an object."""
    root = root_of(type(instance))
    return root, tuple(instance.__dict__[name] for name in KEYS[root])


@dataclass
class Picture:
    """Rows by class and key, and the pairs of link tables."""

    rows: dict[Entity, dict[Key, Row]] = field(default_factory=lambda: {e: {} for e in KEYS})
    links: dict[str, set[tuple[Key, Key]]] = field(
        default_factory=lambda: {n: set() for n in LINKS}
    )

    def copy(self) -> Picture:
        """The same, to go on from."""
        return deepcopy(self)

    def add(self, entity: Entity, **values: Any) -> Key:
        """A new row."""
        root = root_of(entity)
        key = tuple(values[name] for name in KEYS[root])
        self.rows[root][key] = values
        return key

    def has(self, entity: Entity, key: Key) -> bool:
        """Whether there is such a row, of this class."""
        row = self.rows[root_of(entity)].get(key)
        return row is not None and issubclass(self.class_of(entity, key), entity)

    def class_of(self, entity: Entity, key: Key) -> Entity:
        """The class of the object for a row."""
        root = root_of(entity)
        return KINDS[self.rows[Book][key]["kind"]] if root is Book else root

    def of(self, entity: Entity) -> list[Key]:
        """The keys of a class and its subclasses."""
        return sorted(key for key in self.rows[root_of(entity)] if self.has(entity, key))

    def row(self, entity: Entity, key: Key) -> Row:
        return self.rows[root_of(entity)][key]

    def related(self, way: Way, key: Key) -> list[Key]:
        """The keys that a row's relationship leads to, in its order."""
        found: Iterable[Key]
        if way.link:
            side = way.by
            assert isinstance(side, int)
            found = [pair[1 - side] for pair in self.links[way.link] if pair[side] == key]
        elif way.one:
            refers = tuple(self.row(way.owner, key)[name] for name in way.by)  # type: ignore[union-attr]
            found = [] if None in refers else [refers]
        else:
            names: Any = way.by
            rows = self.rows[root_of(way.target)].items()
            found = [k for k, row in rows if tuple(row[name] for name in names) == key]
        return self.ordered(way.target, found, way.order)

    def ordered(self, entity: Entity, keys: Iterable[Key], order: str) -> list[Key]:
        if not order:
            return sorted(keys)
        return sorted(keys, key=lambda key: self.row(entity, key)[order])

    # -- changes ---------------------------------------------------------------------------

    def refer(self, way: Way, key: Key, to: Key | None) -> None:
        """Change what a row refers to."""
        names: Any = way.by
        self.row(way.owner, key).update(zip(names, to or (None,) * len(names), strict=True))

    def take(self, way: Way, key: Key, member: Key) -> None:
        """Put a member into a collection."""
        if way.link:
            self.links[way.link].add((key, member) if way.by == 0 else (member, key))
        else:
            self.refer(WAY[way.target, way.back], member, key)

    def drop(self, way: Way, key: Key, member: Key) -> None:
        """Take a member from a collection."""
        if way.link:
            self.links[way.link].discard((key, member) if way.by == 0 else (member, key))
        elif way.owned:
            self.delete(way.target, member)
        else:
            self.refer(WAY[way.target, way.back], member, None)

    def delete(self, entity: Entity, key: Key) -> None:
        """A row goes, with what it owns; what else refers to it, refers to nothing."""
        for way in WAYS:
            if issubclass(self.class_of(entity, key), way.owner) and not way.one:
                for member in self.related(way, key):
                    self.drop(way, key, member)
        del self.rows[root_of(entity)][key]


def random_house(chance: random.Random) -> Picture:
    """Rows of all kinds, related at random."""
    picture, number = Picture(), iter(range(10_000))

    def common() -> Row:
        n = next(number)
        return {"rank": chance.randrange(5), "name": f"n{n * 7919 % 10_000:04}", "text": f"t{n}"}

    def maybe(keys: list[Key], nothing: float = 0.25) -> Key:
        return (None,) if chance.random() < nothing or not keys else chance.choice(keys)

    publishers = [picture.add(Publisher, id=i, **common()) for i in range(1, 5)]
    awards = [picture.add(Award, code=c, **common()) for c in "abcd"]
    tags = [picture.add(Tag, id=i, **common()) for i in range(1, 6)]
    stores = [picture.add(Store, id=i, **common()) for i in range(1, 4)]
    shelves = [picture.add(Shelf, room=r, number=n, **common()) for r in "ab" for n in (1, 2)]
    authors: list[Key] = []
    for i in range(1, 10):
        (mentor,), (publisher,) = maybe(authors), maybe(publishers)
        authors.append(
            picture.add(Author, id=i, publisher_id=publisher, mentor_id=mentor, **common())
        )
        picture.links["author_award"] |= {
            ((i,), award) for award in chance.sample(awards, chance.choice([0, 0, 1, 2]))
        }
        if chance.random() < 0.5:
            picture.add(Contract, id=i + 100, author_id=i, **common())
    chapter, region = iter(range(1, 1000)), iter(range(1, 1000))
    for i in range(1, 19):
        kind = chance.choice(["book", "book", "comic", "atlas"])
        room, shelf = chance.choice([*shelves, (None, None)])
        own: Row = {"comic": {"colours": i}, "atlas": {"maps": i}}.get(kind, {})
        picture.add(
            Book,
            id=i,
            kind=kind,
            author_id=maybe(authors)[0],
            shelf_room=room,
            shelf_number=shelf,
            **common(),
            **own,
        )
        picture.links["book_tag"] |= {
            ((i,), tag) for tag in chance.sample(tags, chance.choice([0, 0, 1, 2, 3]))
        }
        for (store,) in chance.sample(stores, chance.choice([0, 0, 1, 2])):
            picture.add(Stock, book_id=i, store_id=store, **common())
        for n in range(chance.choice([0, 0, 1, 2, 3])):
            picture.add(Chapter, id=next(chapter), number=n, book_id=i, **common())
        for _ in range(chance.choice([0, 1, 2]) if kind == "atlas" else 0):
            picture.add(Region, id=next(region), atlas_id=i, **common())
    picture.add(Region, id=next(region), atlas_id=None, **common())
    return picture
