"""Columns of a base in a statement about a class that derives from it: they mean that class.

``select(Cat).where(Animal.name == "Tom")`` is about the names of cats. Animals are not one more
source of it, whose rows would be combined with all cats.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import Any

from asyncorm.compiler.renderer import Renderer
from asyncorm.compiler.scopes import SourceKey, source_key
from asyncorm.errors import InvalidRequestError
from asyncorm.sql.sources import entity_name, is_entity, source_of
from asyncorm.sql.statements.select import Select
from asyncorm.sql.subtype import Subtype


def explicit_sources(select: Select[Any]) -> dict[SourceKey, Any]:
    """The sources that a SELECT names as such, and not by their columns only."""
    named = [*select._extras.sources, *(join.source for join in select._joins)]
    named += (source_of(item) for item in select._items if is_entity(item))
    return {source_key(source): source for source in named}


def standing_in(
    renderer: Renderer, select: Select[Any], found: Mapping[SourceKey, Any]
) -> Mapping[SourceKey, Subtype]:
    """The classes that stand for their bases in a SELECT, of which it has ``found`` sources."""
    outer = set[SourceKey]().union(*renderer.scopes)
    # in a subquery of FROM nothing of what is around can be seen
    around = {key: now for key, now in renderer.bases.items() if source_key(now) in outer}
    joined = [join.source for join in select._joins]
    if not around and not any(isinstance(one, Subtype) for one in (*found.values(), *joined)):
        return {}
    explicit = explicit_sources(select)
    if found.keys() - outer - around.keys() or explicit:
        around = {key: now for key, now in around.items() if key not in explicit}
    else:
        around = {}  # a query that is about nothing else
    taken = {*explicit, *outer, *around, *renderer.places, *_joined_to(renderer, select, found)}
    return {**around, **_bases((*found.values(), *joined), taken)}


def _joined_to(
    renderer: Renderer, select: Select[Any], found: Mapping[SourceKey, Any]
) -> Iterable[SourceKey]:
    """The sources that classes are joined to, among them their own bases."""
    for join in select._joins:
        if not isinstance(join.source, Subtype):
            continue
        if join.condition is None:
            yield from found
        else:
            with renderer.deriving({}):
                yield from renderer.sources_in([join.condition])


def check_linked(
    renderer: Renderer, sources: Iterable[Any], named: Container[SourceKey], conditions: Any
) -> None:
    """Refuse a class that only columns name beside its base, if nothing says which rows belong
    together: all rows of the one would be combined with all of the other."""
    keys = {source_key(source): source for source in sources}
    for key, kind in keys.items():
        bases = kind.above if isinstance(kind, Subtype) and key not in named else ()
        for base in bases:
            both = {key, source_key(base)}
            if source_key(base) not in keys:
                continue
            if any(both <= renderer.sources_in([one]).keys() for one in conditions):
                continue
            raise InvalidRequestError(
                f"a statement about {entity_name(base)} has a condition on {kind.called}, which "
                "derives from it, and nothing that says which rows belong together",
                hint="select the subclass, or look for its keys: "
                "Animal.id.in_(select(Dog.id).where(...))",
            )


def bases_of(target: Any) -> Mapping[SourceKey, Subtype]:
    """The classes for which the target of an UPDATE or DELETE stands."""
    return _bases([target], set())


def _bases(sources: Iterable[Any], taken: set[SourceKey]) -> dict[SourceKey, Subtype]:
    found: dict[SourceKey, set[Subtype]] = {}
    kinds = [source for source in sources if isinstance(source, Subtype)]
    above = {source_key(base) for kind in kinds for base in kind.above} - taken
    for source in kinds:
        if source_key(source) not in above:
            for base in source.above:
                found.setdefault(source_key(base), set()).add(source)
    # two classes that both derive from it: nobody can say which one is meant
    return {
        key: next(iter(own)) for key, own in found.items() if len(own) == 1 and key not in taken
    }
