"""Random trees of loader options, and what each of them asks for."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from asyncorm import (
    LoaderOption,
    defaultload,
    defer,
    joinedload,
    lazyload,
    load_only,
    nestedload,
    noload,
    raiseload,
    selectinload,
    undefer,
    undefer_group,
)
from tests.support.imprint import Atlas, Book
from tests.support.random_loading.picture import Entity, Key, Picture, Way, root_of, ways_of

LOADERS: dict[str, Any] = {
    "selectin": selectinload,
    "joined": joinedload,
    "nested": nestedload,
    "default": defaultload,
    "lazy": lazyload,
    "raise": raiseload,
    "noload": noload,
}
EAGER = ("selectin", "joined", "nested")


class Some(NamedTuple):
    """Some of the members of a collection."""

    minimum: int = 0
    count: int | None = None
    by_name: bool = False

    @property
    def everything(self) -> bool:
        return self == Some()

    def of(self, way: Way) -> Any:
        """As loaders take it."""
        relationship = way.attribute
        if self.everything:
            return relationship
        order = way.target.name.desc() if self.by_name else None  # type: ignore[attr-defined]
        if self.count is not None:
            chosen = relationship.top(self.count, order_by=order)
            return chosen.where(way.target.rank >= self.minimum) if self.minimum else chosen  # type: ignore[operator]
        chosen = relationship.where(way.target.rank >= self.minimum)  # type: ignore[operator]
        return chosen if order is None else chosen.order_by(order)

    def among(self, way: Way, picture: Picture, keys: Sequence[Key]) -> list[Key]:
        """Which members these are."""
        rows = {key: picture.row(way.target, key) for key in keys}
        found = [key for key in keys if rows[key]["rank"] >= self.minimum]
        if self.by_name:
            found.sort(key=lambda key: rows[key]["name"], reverse=True)
        return found[: self.count]


EVERYTHING = Some()


@dataclass(eq=False)
class Branch:
    """A relationship in the tree."""

    way: Way
    how: str
    some: Some = EVERYTHING
    depth: int | None = None
    columns: str = ""
    below: list[Branch] = field(default_factory=list)
    #: whether options may say more of its columns than this branch, for they mean the same path
    mixed: bool = False

    @property
    def says_again(self) -> bool:
        """Whether its further levels are also what a branch below it means: options add up."""
        repeats = self.depth is not None and self.depth > 1
        return repeats and any(one.way is self.way for one in self.below)

    def mix(self) -> None:
        """Note that options may say more of the columns here, and of all below."""
        self.mixed = True
        for one in self.below:
            one.mix()

    def option(self) -> LoaderOption:
        loader = LOADERS[self.how]
        given = self.some.of(self.way)
        option: LoaderOption = (
            loader(given) if self.depth is None else loader(given, recursion_depth=self.depth)
        )
        further = [
            *columns_option(self.columns, self.way.target),
            *(b.option() for b in self.below),
        ]
        return option.options(*further) if further else option

    def next(self) -> list[Branch]:
        """What is loaded with what this one has loaded."""
        if self.depth is None or self.depth == 1:
            return self.below
        again = self
        if self.depth > 0:
            again = replace(self, depth=self.depth - 1, mixed=self.mixed or self.says_again)
        return [*(one for one in self.below if one.way is not self.way), again]

    def statements(self, *, inside: bool = False, apart: bool = False) -> int | None:
        """How many more statements it may cost at most; None for any number.

        ``inside`` the rows of others a hierarchy has no rows, so that it is asked for apart, as is
        what only some objects have; then that is true of all below it.
        """
        inside = inside or self.how == "nested"
        apart = apart or self.way.owner is Atlas or (inside and issubclass(self.way.target, Book))
        # one object that memory has needs no statement, which others could have been a part of
        alone = apart or (self.how == "selectin" and not self.way.many)
        inner = [branch.statements(inside=inside, apart=alone) for branch in self.below]
        if None in inner or self.depth == -1:
            return None
        own = 1 if self.how == "selectin" or apart else 0
        return (self.depth or 1) * (own + sum(one or 0 for one in inner))

    def __repr__(self) -> str:
        depth = "" if self.depth is None else f" depth {self.depth}"
        some = "" if self.some.everything else f" {tuple(self.some)}"
        below = f" {self.below}" if self.below else ""
        return f"{self.how}({self.way}{some}{depth}){self.columns}{below}"


def columns_option(columns: str, entity: Entity) -> list[LoaderOption]:
    """The option about columns of an entity that a word stands for."""
    found: Any = entity
    return {
        "": [],
        "rank only": [load_only(found.rank)] if columns == "rank only" else [],
        "no name": [defer(found.name)] if columns == "no name" else [],
        "text": [undefer(found.text)] if columns == "text" else [],
        "texts": [undefer_group("texts")] if columns == "texts" else [],
    }[columns]


LOADED = {
    "": ("rank", "name"),
    "rank only": ("rank",),
    "no name": ("rank",),
    "text": ("rank", "name", "text"),
    "texts": ("rank", "name", "text"),
}


def random_columns(chance: random.Random) -> str:
    return chance.choice(["", "", "", "", "rank only", "no name", "text", "texts"])


def random_some(chance: random.Random, way: Way) -> Some:
    if not way.many or chance.random() < 0.6:
        return Some()
    kind = chance.choice(["where", "where", "top", "top by name", "both"])
    minimum = chance.choice([1, 2, 3]) if kind in ("where", "both") else 0
    count = chance.choice([1, 2]) if kind != "where" else None
    return Some(minimum, count, kind == "top by name" or (kind != "top" and chance.random() < 0.4))


def random_tree(
    chance: random.Random, entity: Entity, depth: int, hows: Sequence[str]
) -> list[Branch]:
    known = ways_of(entity)
    found = []
    for way in chance.sample(known, min(len(known), chance.choice([1, 1, 2, 2, 3]))):
        how = chance.choice(hows)
        if how in ("lazy", "raise", "noload"):
            if how != "noload" or way.many:
                found.append(Branch(way, how))
            continue
        if way.name == "store" and how == "default":
            how = "joined"  # which is its default
        branch = Branch(way, how)
        if how != "default":
            branch.some = random_some(chance, way)
            if root_of(way.target) is root_of(way.owner) and how != "joined":
                depths = [None, None, 1, 2, 3, -1] if how == "selectin" else [None, None, 1, 2, 3]
                branch.depth = chance.choice(depths)
            branch.columns = random_columns(chance)
        if depth and chance.random() < 0.6:
            branch.below = random_tree(chance, way.target, depth - 1, hows)
            if branch.says_again:
                for one in branch.below:
                    one.mix()
        found.append(branch)
    return found
