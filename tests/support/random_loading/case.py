"""One random case: a session in some state, a statement with options, and what must be there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container
from typing import Any

import pytest

from asyncorm import InvalidRequestError, select, sessionmaker, with_loader_criteria
from tests.support.imprint import Author, Book, Chapter, Stock, Tag
from tests.support.random_loading.changing import Changing
from tests.support.random_loading.checks import held, keys_of
from tests.support.random_loading.picture import (
    KEYS,
    WAYS,
    Entity,
    Key,
    Way,
    key_of,
    root_of,
    ways_of,
)
from tests.support.random_loading.trees import (
    EAGER,
    LOADED,
    Branch,
    Some,
    columns_option,
    random_columns,
    random_some,
    random_tree,
)
from tests.support.sent import Sent

ENTITIES = tuple(dict.fromkeys(way.owner for way in WAYS))
HOWS = (
    ("selectin",),
    ("joined",),
    ("nested",),
    ("selectin", "joined", "nested"),
    ("selectin", "joined", "nested", "default", "lazy", "raise", "noload"),
)
Place = tuple[Entity, Key, Way]


class Case(Changing):
    """Everything that happens in one session."""

    async def run(self, sent: Sent) -> None:
        await self.before()
        await self.statement(sent)
        for _ in range(self.chance.choice([0, 0, 1, 2])):
            steps = [
                self.load_relationship,
                self.load_column,
                self.refresh,
                self.change,
                self.merge,
            ]
            await self.chance.choice(steps)()
            self.check_memory()
        if self.chance.random() < 0.4:
            await self.delete()
        await self.finish(sent)

    async def change(self) -> None:
        self.changes(3)

    async def finish(self, sent: Sent) -> None:
        sent()
        had_changes = self.unflushed
        await self.flush()
        assert had_changes or sent() == [], self.story
        self.check_memory()
        await self.check_rows()
        await self.session.rollback()

    # -- before ----------------------------------------------------------------------------------

    async def before(self) -> None:
        """Something is loaded already, changed, expired, or about to be deleted."""
        self.fresh = True
        for _ in range(self.chance.choice([0, 0, 1, 2])):
            self.fresh = False
            entity = self.chance.choice(ENTITIES)
            hows = self.chance.choice(HOWS)
            tree = random_tree(self.chance, entity, 1, hows)
            found: Any = entity
            statement = select(entity).options(*(branch.option() for branch in tree))
            statement = statement.options(*columns_option(random_columns(self.chance), entity))
            if self.chance.random() < 0.5:
                statement = statement.where(found.rank >= 2)
            self.told("before", entity, tree)
            rows = await self.session.all(statement)
            self.keep()
            self.check_memory()
            del rows
        if not self.fresh and self.chance.random() < 0.3:
            for key, one in self.kept.items():
                if self.chance.random() < 0.3:
                    names = [None, ["name"], ["rank", "name"]]
                    chosen = self.chance.choice(names)
                    self.told("expire", key, chosen)
                    self.session.expire(one, chosen)
        if not self.fresh and self.chance.random() < 0.7:
            self.changes(4)
            if self.chance.random() < 0.2:
                with self.session.no_autoflush:
                    await self.delete()

    # -- the statement ---------------------------------------------------------------------------

    async def statement(self, sent: Sent) -> None:
        chance = self.chance
        entity = chance.choice(ENTITIES)
        tree = random_tree(chance, entity, 2, chance.choice(HOWS))
        columns = self.columns = random_columns(chance)
        options: list[Any] = [branch.option() for branch in tree]
        options += columns_option(columns, entity)
        autoflush = chance.random() < 0.6
        kind = chance.choice(["all"] * 6 + ["several", "several", "stream", "stream", "get"])
        if chance.random() < 0.15:
            its, minimum = chance.choice([Book, Author, Tag, Chapter, Stock]), chance.choice([1, 2])
            self.criteria[its] = minimum
            options.append(with_loader_criteria(its, its.rank >= minimum))
        populate = chance.random() < 0.15 and (autoflush or not self.unflushed) and kind != "stream"
        self.told(kind, entity, tree, columns, autoflush and "flush", populate, self.criteria)
        if kind == "get" and autoflush:
            await self.flush()
        whole = {} if populate else self.collections(partial=False)
        held_whole = set() if populate else set(self.collections(partial=False, kept=False))
        partial = self.collections(partial=True)
        with self.session.no_autoflush if not autoflush else Nothing():
            sent()
            keys, rows = await getattr(self, f"give_{kind}")(
                entity, options, populate, flushes=autoflush, tree=tree
            )
        texts = sent()
        if keys is None:
            self.check_memory()
            return
        self.check_memory()
        wants = self.gathered(keys, entity, tree)
        # who has a whole collection already keeps it, and all its members are gone on from
        held_whole |= {place for place, branches in wants.items() if len(branches) > 1}
        more = self.gathered(keys, entity, tree, held_whole) if held_whole else wants
        if self.fresh and not populate:
            for key in keys:
                instance = self.session.identity_map[self.now.class_of(entity, key), key]
                self.check_columns(instance, columns)
        self.check_wants(wants, more, whole, partial, populate=populate)
        if not self.several:
            self.check_count(kind, tree, texts)
        self.keep()
        del rows

    def collections(self, *, partial: bool, kept: bool = True) -> dict[Any, Any]:
        found = {}
        for (entity, key), one in self.objects().items():
            if kept and not partial and (entity, key) not in self.kept:
                continue  # it may be dropped meanwhile
            for way in ways_of(entity):
                value = one.__dict__.get(way.name)
                if way.many and value is not None and value.partial == partial:
                    found[entity, key, way] = True
        return found

    def rows_of(self, entity: Entity) -> list[Key]:
        """The rows of a class that its statements give."""
        minimum = self.minimum(entity)
        rows = self.stored
        return [k for k in rows.of(entity) if rows.row(entity, k)["rank"] >= minimum]

    async def give_all(
        self, entity: Any, options: list[Any], populate: bool, *, flushes: bool, tree: Any
    ) -> Any:
        statement, choose = self.random_select(entity, self.columns)
        statement = statement.options(*options)
        rows = await self.session.all(statement.execution_options(populate_existing=populate))
        if flushes:
            self.flushed()
        expected = choose()
        assert keys_of(rows) == expected, (self.story, keys_of(rows), expected)
        return expected, rows

    def random_select(self, entity: Any, columns: str) -> tuple[Any, Any]:
        chance = self.chance
        statement = select(entity)
        minimum, by_rank = chance.choice([0, 0, 1, 2, 3]), chance.random() < 0.5
        if minimum:
            statement = statement.where(entity.rank >= minimum)
        ways = [w for w in ways_of(entity) if issubclass(entity, w.owner)]
        way = chance.choice([None, None, None, None, *ways])
        if way is not None:
            way_to = getattr(chance.choice([entity, way.owner]), way.name)
            statement = statement.where(way_to.any() if way.many else way_to.has())
        order = [entity.rank.desc()] if by_rank else []
        statement = statement.order_by(*order, entity.name)
        first, most = 0, None
        if chance.random() < 0.4:
            first, most = chance.randrange(3), chance.randrange(1, 5)
            statement = statement.limit(most).offset(first)
        elif columns in ("", "text") and chance.random() < 0.1:
            statement = statement.distinct()

        def choose() -> list[Key]:
            rows = self.stored
            found = []
            for key in self.rows_of(entity):
                if rows.row(entity, key)["rank"] < minimum:
                    continue
                if way is not None:
                    least = self.minimum(way.target)
                    its = rows.related(way, key)
                    if not any(rows.row(way.target, one)["rank"] >= least for one in its):
                        continue
                found.append(key)
            found.sort(key=lambda key: rows.row(entity, key)["name"])
            if by_rank:
                found.sort(key=lambda key: -rows.row(entity, key)["rank"])
            return found[first : None if most is None else first + most]

        return statement, choose

    async def give_several(
        self, entity: Any, options: list[Any], populate: bool, *, flushes: bool, tree: Any
    ) -> Any:
        """Entities beside each other, the second one joined."""
        ways = [w for w in ways_of(entity) if issubclass(entity, w.owner)]
        ways = [w for w in ways if root_of(w.target) is not root_of(entity)]
        if not ways:
            return await self.give_all(entity, options, populate, flushes=flushes, tree=tree)
        way = self.chance.choice(ways)
        target: Any = way.target
        self.told("joined with", way)
        self.fresh = False  # the objects beside them are there before the options
        start = self.chance.choice([entity, way.owner])
        statement = select(entity, target).join(getattr(start, way.name))
        statement = statement.order_by(entity.name, target.name)
        statement = statement.options(*options).execution_options(populate_existing=populate)
        rows = await self.session.all(statement)
        if flushes:
            self.flushed()
        least = self.minimum(target)
        picture = self.stored
        pairs = [
            (key, other)
            for key in self.rows_of(entity)
            for other in picture.related(way, key)
            if picture.row(target, other)["rank"] >= least
        ]
        pairs.sort(
            key=lambda p: (picture.row(entity, p[0])["name"], picture.row(target, p[1])["name"])
        )
        assert [tuple(keys_of(list(row))) for row in rows] == pairs, self.story
        return [key for key, _ in pairs], rows

    async def give_stream(
        self, entity: Any, options: list[Any], populate: bool, *, flushes: bool, tree: list[Branch]
    ) -> Any:
        statement, choose = self.random_select(entity, self.columns)
        statement = statement.options(*options)
        if any(joins_collection(branch, entity) for branch in tree):
            with pytest.raises(InvalidRequestError, match="can't be streamed by a join"):
                await self.session.stream(statement)
            if flushes:
                await self.flush()
            return None, None
        stream = await self.session.stream(
            statement,
            prefetch=self.chance.choice([2, 500]),
            execution_options={"populate_existing": populate},
        )
        rows = [row async for row in stream]
        if flushes:
            self.flushed()
        expected = choose()
        assert keys_of(rows) == expected, (self.story, keys_of(rows), expected)
        return expected, rows

    async def give_get(
        self, entity: Any, options: list[Any], populate: bool, *, flushes: bool, tree: Any
    ) -> Any:
        keys = self.rows_of(entity)
        keys = [key for key in keys if self.now.has(entity, key)]
        if not keys:
            return None, None
        key = self.chance.choice(keys)
        found = await self.session.get(
            entity,
            key if len(key) > 1 else key[0],
            options=options,
            populate_existing=populate,
        )
        assert found is not None, self.story
        assert key_of(found) == (root_of(entity), key), self.story
        if not options and not populate:
            return None, None
        return [key], found

    # -- what must be there ----------------------------------------------------------------------

    def check_count(self, kind: str, tree: list[Branch], texts: list[str]) -> None:
        if not self.fresh or kind == "stream":
            return
        costs = [branch.statements() for branch in tree]
        if None not in costs:
            most = 1 + sum(cost or 0 for cost in costs)
            reads = [text for text in texts if text.startswith(("SELECT", "WITH"))]
            assert 1 <= len(reads) <= most, (self.story, reads)

    def effective(self, branch: Branch) -> Some:
        """What a branch loads, criteria included."""
        least = self.minimum(branch.way.target)
        return branch.some._replace(minimum=max(least, branch.some.minimum))

    def gathered(
        self,
        keys: list[Key],
        entity: Entity,
        tree: list[Branch],
        held_whole: Container[Place] = (),
    ) -> dict[Place, list[Branch]]:
        """What branches ask for at each place; ``held_whole`` ones lead on to all members."""
        wants: dict[Place, list[Branch]] = defaultdict(list)
        seen: set[Any] = set()
        for key in keys:
            self.gather(key, entity, tree, wants, seen, held_whole)
        return wants

    def gather(
        self,
        key: Key,
        entity: Entity,
        tree: list[Branch],
        wants: dict[Place, list[Branch]],
        seen: set[Any],
        held_whole: Container[Place],
    ) -> None:
        if not self.stored.has(entity, key):
            return
        for branch in tree:
            way = branch.way
            if branch.how not in EAGER or not issubclass(
                self.stored.class_of(entity, key), way.owner
            ):
                continue
            wants[root_of(entity), key, way].append(branch)
            if branch.depth == -1:  # to the end, but not around
                if (key, branch) in seen:
                    continue
                seen.add((key, branch))
            found = self.stored.related(way, key)
            if (root_of(entity), key, way) not in held_whole:
                found = self.effective(branch).among(way, self.stored, found)
            for other in found:
                if other in self.now_related(way, key):
                    self.gather(other, way.target, branch.next(), wants, seen, held_whole)

    def now_related(self, way: Way, key: Key) -> list[Key]:
        return self.now.related(way, key) if self.now.has(way.owner, key) else []

    def check_columns(self, instance: Any, columns: str) -> None:
        for name in LOADED[columns]:
            assert name in instance.__dict__, (self.story, instance, name)

    def check_wants(
        self,
        wants: dict[Place, list[Branch]],
        more: dict[Place, list[Branch]],
        whole: Any,
        partial: Any,
        *,
        populate: bool,
    ) -> None:
        self.several = several = any(
            len({self.effective(branch) for branch in branches}) > 1 for branches in wants.values()
        )
        objects = self.objects()
        for place, branches in wants.items():
            entity, key, way = place
            if not self.now.has(entity, key):
                continue
            owner = objects.get((entity, key))
            about = (self.story, entity, key, way)
            if owner is None:
                assert several, about
                continue
            assert way.name in owner.__dict__, about
            if way.many:
                somes = [self.effective(branch) for branch in branches]
                others = [self.effective(branch) for branch in more[place]]
                self.check_members(owner, place, somes, others, whole, partial, about)
            in_memory = way.one and is_apart(branches[0])
            unsaid = populate or several or in_memory or branches[0].mixed
            if self.fresh and not unsaid and len(branches) == 1:
                for one in held(owner, way):
                    self.check_columns(one, branches[0].columns)

    def check_members(
        self,
        owner: Any,
        place: Place,
        somes: list[Some],
        others: list[Some],
        whole: Any,
        partial: Any,
        about: Any,
    ) -> None:
        _, key, way = place
        collection = getattr(owner, way.name)
        if any(some.everything for some in somes) or place in whole:
            assert not collection.partial, about
            return
        if not collection.partial:
            assert not self.fresh or self.several or Some() in others, about
            return
        found = keys_of(held(owner, way))
        members, now = self.stored.related(way, key), self.now.related(way, key)
        possible = [some.among(way, self.stored, members) for some in (*somes, *others)]
        if self.unflushed:
            wanted = [{k for k in one if k in now} for one in possible]
            assert any(one <= set(found) for one in wanted) or place in partial, (about, found)
        elif self.changed and place in partial:
            pass  # the same part as before, which changes have changed
        elif isinstance(collection, set | dict):
            assert set(found) in map(set, possible), (about, found, possible)
        else:
            assert found in possible, (about, found, possible)

    # -- afterwards ------------------------------------------------------------------------------

    async def load_relationship(self) -> None:
        way = self.chance.choice(WAYS)
        one = self.pick(way.owner)
        if one is None or self.doomed:
            return
        await self.flush()
        if one not in self.session:
            return
        some = random_some(self.chance, way)
        key = key_of(one)[1]
        self.told("load", way, key, some)
        answer = await self.session.load(one, some.of(way))
        if not way.many or self.minimum(way.target):
            return
        members = answer.values() if isinstance(answer, dict) else answer
        found, expected = keys_of(list(members)), self.now.related(way, key)
        if some.everything:
            assert not answer.partial
            assert set(found) == set(expected), self.story
        elif not self.changed:
            wanted = some.among(way, self.now, expected)
            assert set(found) == set(wanted), (self.story, found, wanted)
        else:
            assert set(found) <= set(expected), (self.story, found, expected)

    async def load_column(self) -> None:
        entity: Any = self.chance.choice([Author, Book, Tag])
        one = self.pick(entity)
        if one is None or self.doomed:
            return
        await self.flush()
        if one in self.session:
            name = self.chance.choice(["text", "name"])
            self.told("load column", entity, key_of(one), name)
            value = await self.session.load(one, getattr(entity, name))
            assert value == self.now.row(entity, key_of(one)[1])[name], self.story

    async def refresh(self) -> None:
        one = self.pick(self.chance.choice(list(KEYS)))
        if one is None or self.doomed:
            return
        await self.flush()
        if one in self.session:
            self.told("refresh", key_of(one))
            await self.session.refresh(one)

    async def merge(self) -> None:
        """A detached object that was loaded elsewhere, with some of its members."""
        if self.changed:
            return
        entity: Any = self.chance.choice(ENTITIES)
        tree = random_tree(self.chance, entity, 1, ("selectin", "joined", "nested"))
        for branch in tree:
            branch.columns = ""
        async with sessionmaker(self.engine)() as other:
            statement = select(entity).options(*(branch.option() for branch in tree))
            sources = await other.all(statement.order_by(entity.name).limit(2))
        for source in sources:
            key = key_of(source)[1]
            source.name = f"m{key}{id(self)}"
            self.told("merge", entity, key, tree)
            merged = await self.session.merge(source)
            self.now.row(entity, key)["name"] = source.name
            self.kept[root_of(entity), key] = merged
            self.changed = self.unflushed = True
            self.check_memory()


def joins_collection(branch: Branch, entity: Entity) -> bool:
    """Whether a statement's rows would be repeated."""
    way = branch.way
    if branch.how != "joined" or not issubclass(entity, way.owner):
        return False
    return way.many or any(joins_collection(below, way.target) for below in branch.below)


def is_apart(branch: Branch) -> bool:
    """Whether memory is asked first for the one object."""
    return branch.how == "selectin" or issubclass(branch.way.target, Book)


class Nothing:
    """No condition."""

    def __enter__(self) -> None: ...

    def __exit__(self, *error: object) -> None: ...
