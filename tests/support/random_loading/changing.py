"""Random changes of objects, unflushed, in memory and in the picture."""

from __future__ import annotations

from itertools import count
from typing import Any

from asyncorm import inspect
from tests.support.imprint import Author, Book, Chapter, Comic, Contract, Region, Tag
from tests.support.random_loading.checks import Checked, held
from tests.support.random_loading.picture import WAYS, Entity, Way, key_of, root_of

NAMES = count(1)
NUMBERS = count(1000)
OPTIONAL = ("publisher", "mentor", "author", "shelf", "atlas")


class Changing(Checked):
    """What is changed stays changed, whatever is loaded."""

    def changes(self, most: int) -> None:
        for _ in range(self.chance.randrange(most + 1)):
            step = self.chance.choice(
                [
                    self.set_column,
                    *(self.refer, self.refer),
                    *(self.append, self.append),
                    self.remove,
                    *(self.replace, self.replace),
                    self.add,
                    self.swap_contract,
                    self.drop_chapter,
                ]
            )
            if not self.doomed and step() is not False:
                self.changed = self.unflushed = True
                self.check_memory()

    def pick(self, entity: Entity, *loaded: str) -> Any:
        """An object of the session, with some attributes loaded; None if there is none."""
        known = [
            one
            for key, one in self.kept.items()
            if isinstance(one, entity)
            and self.now.has(*key)
            and one in self.session
            and all(name in one.__dict__ for name in loaded)
        ]
        return self.chance.choice(known) if known else None

    def pick_collection(self) -> tuple[Way, Any]:
        """A collection that is loaded, whole or in part; of members that may be moved."""
        way = self.chance.choice([w for w in WAYS if w.many and not w.owned])
        return way, self.pick(way.owner, way.name)

    def movable(self, way: Way) -> Any:
        """An object that may become a member."""
        names: Any = () if way.link else way.by
        return self.pick(way.target, *names)

    def set_column(self) -> Any:
        one = self.pick(self.chance.choice([Author, Book, Tag, Chapter]))
        if one is None:
            return False
        entity, key = key_of(one)
        name = self.chance.choice(["rank", "name", "text"])
        value = self.chance.randrange(5) if name == "rank" else f"x{next(NAMES)}"
        self.told("set", entity, key, name, value)
        setattr(one, name, value)
        self.now.row(entity, key)[name] = value
        return None

    def refer(self) -> Any:
        way = self.chance.choice([w for w in WAYS if w.one and w.name in OPTIONAL])
        names: Any = way.by
        if way.owner is Contract:
            return False
        one, other = self.pick(way.owner, *names), self.pick(way.target)
        if one is None or one is other:
            return False
        other = self.chance.choice([other, other, None])
        key, to = key_of(one)[1], None if other is None else key_of(other)[1]
        self.told("refer", way, key, to)
        setattr(one, way.name, other)
        self.now.refer(way, key, to)
        return None

    def append(self) -> Any:
        way, owner = self.pick_collection()
        member = self.movable(way)
        if owner is None or member is None or owner is member:
            return False
        key, its = key_of(owner)[1], key_of(member)[1]
        if its in self.now.related(way, key) or member in held(owner, way):
            return False
        self.told("append", way, key, its)
        collection = getattr(owner, way.name)
        collection.add(member) if isinstance(collection, set) else collection.append(member)
        self.now.take(way, key, its)
        return None

    def remove(self) -> Any:
        way, owner = self.pick_collection()
        if owner is None or not held(owner, way):
            return False
        key, member = key_of(owner)[1], self.chance.choice(held(owner, way))
        self.told("remove", way, key, key_of(member)[1])
        getattr(owner, way.name).remove(member)
        self.now.drop(way, key, key_of(member)[1])
        return None

    def replace(self) -> Any:
        """Of a collection that is not whole only the members that it holds are removed."""
        way, owner = self.pick_collection()
        if owner is None:
            return False
        key, old = key_of(owner)[1], held(owner, way)
        new = self.chance.sample(old, self.chance.randrange(len(old) + 1))
        member = self.movable(way)
        is_new = member is not None and member not in old and member is not owner
        if is_new and key_of(member)[1] not in self.now.related(way, key):
            new.append(member)
        kind = set if isinstance(getattr(owner, way.name), set) else list
        was_partial = getattr(owner, way.name).partial
        self.told("replace", way, key, [key_of(one)[1] for one in new], was_partial)
        setattr(owner, way.name, kind(new))
        assert getattr(owner, way.name).partial == was_partial
        for gone in old:
            if gone not in new:
                self.now.drop(way, key, key_of(gone)[1])
        for one in new:
            self.now.take(way, key, key_of(one)[1])
        return None

    def add(self) -> Any:
        """A new object, related to those that are there."""
        kind = self.chance.choice(["book", "comic", "region", "chapter"])
        number = next(NUMBERS)
        common: dict[str, Any] = {"rank": 2, "name": f"x{next(NAMES)}", "text": "new"}
        instance: Any
        if kind == "chapter":
            book = self.pick(Book)
            if book is None:
                return False
            instance = Chapter(id=number, number=number, book=book, **common)
            row = {"number": number, "book_id": book.id}
        elif kind == "region":
            instance, row = Region(id=number, **common), {"atlas_id": None}
        else:
            author, tag = self.pick(Author), self.pick(Tag)
            instance = (Book if kind == "book" else Comic)(
                id=number, author=author, tags=[tag] if tag else [], **common
            )
            row = {"kind": kind, "author_id": author and author.id}
            row |= {"shelf_room": None, "shelf_number": None}
            if tag is not None:
                self.now.links["book_tag"].add(((number,), (tag.id,)))
        self.told("add", kind, number, row)
        self.session.add(instance)
        self.now.add(type(instance), id=number, **common, **row)
        self.remember(instance)
        return None

    def remember(self, instance: Any) -> None:
        self.kept[key_of(instance)] = instance
        self.new.add(key_of(instance))

    def swap_contract(self) -> Any:
        author = self.pick(Author, "contract")
        if author is None:
            return False
        key = key_of(author)[1]
        if author.contract is not None:
            gone = key_of(author.contract)[1]
            self.told("drop contract", key)
            author.contract = None
            self.now.delete(Contract, gone)
        elif not any(row["author_id"] == author.id for row in self.stored.rows[Contract].values()):
            number, name = next(NUMBERS), f"x{next(NAMES)}"
            self.told("new contract", key)
            author.contract = Contract(id=number, rank=1, name=name, text="")
            self.now.add(Contract, id=number, rank=1, name=name, text="", author_id=author.id)
            self.remember(author.contract)
        return None

    def drop_chapter(self) -> Any:
        book = self.pick(Book, "chapters")
        if book is None or not book.chapters:
            return False
        number = self.chance.choice(sorted(book.chapters))
        gone = key_of(book.chapters[number])[1]
        self.told("drop chapter", gone)
        del book.chapters[number]
        self.now.delete(Chapter, gone)
        return None

    async def delete(self) -> None:
        """Mark an object; collections of it that are not whole are not taken for that."""
        one = self.pick(self.chance.choice([w.owner for w in WAYS]))
        if one is None or self.doomed or not inspect(one).persistent:
            return
        entity, key = key_of(one)
        self.told("delete", entity, key)
        await self.session.delete(one)
        self.doomed.append((root_of(entity), key))
        self.changed = self.unflushed = True

    def keep(self, share: float = 0.8) -> None:
        """Hold on to most of what is in memory."""
        for key, one in sorted(self.objects().items(), key=str):
            if self.chance.random() < share and self.now.has(*key):
                self.kept[key] = one
