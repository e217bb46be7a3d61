"""Placing: which entity of a statement, or of what is loaded with it, each directive is about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from asyncorm.errors import ArgumentError
from asyncorm.loading.columns import concerns, owner_of
from asyncorm.loading.directives import Columns, Directive, Step
from asyncorm.loading.options import LoaderOption
from asyncorm.mapping.mapper import Mapper
from asyncorm.mapping.relationships import Relationship
from asyncorm.sql.sources import Alias, entity_of, is_entity


class Places(NamedTuple):
    """The entities of a statement with the directives that are about them, by position."""

    by_position: dict[int, tuple[Mapper, list[Directive]]]
    #: directives that concern nothing
    left: list[Directive]


def place(statement: Any) -> Places:
    """The directives of a statement's options at the entities that they begin at.

    What begins at no selected entity holds where other options lead to its own: with
    ``selectinload(User.books)``, ``joinedload(Book.author)`` is about those books.
    """
    found: dict[int, tuple[Mapper, list[Directive]]] = {}
    given = _directives(statement)
    left = {id(directive): directive for directive in given}
    for position, item in enumerate(statement._output_items()):
        if is_entity(item):
            mapper: Mapper = entity_of(item).__mapper__
            mine = [d for d in given if _concerns(d, mapper, item)]
            found[position] = mapper, mine
            for directive in mine:
                left.pop(id(directive), None)
    further = list(left.values())
    for _, mine in found.values() if further else ():
        for directive in mine:  # which grows meanwhile
            for one in _reached(directive, further):
                left.pop(id(one), None)
                mine.append(one.below(_path_of(directive)))
    return Places(found, list(left.values()))


def _directives(statement: Any) -> list[Directive]:
    options = getattr(statement, "_options", ())
    return [d for o in options if isinstance(o, LoaderOption) for d in o.directives]


def _path_of(directive: Directive) -> tuple[Relationship[Any, Any], ...]:
    instruction = directive.instruction
    return (*directive.path, instruction.relationship) if isinstance(instruction, Step) else ()


def _reached(directive: Directive, further: Sequence[Directive]) -> list[Directive]:
    """Those of the further directives that are about what a directive leads to."""
    path = _path_of(directive)
    if not path or path[-1] in path[:-1]:
        return []
    target: Any = path[-1].target
    return [d for d in further if _concerns(d, target, target.entity)]


def check_options(statement: Any) -> None:
    """Refuse options about what the statement does not load: they would have no effect."""
    places = place(statement)
    mappers = [mapper for mapper, _ in places.by_position.values()]
    for option in getattr(statement, "_options", ()):
        directives = option.directives if isinstance(option, LoaderOption) else ()
        if any(directive is one for directive in directives for one in places.left):
            names = ", ".join(mapper.name for mapper in mappers) or "no entity"
            raise ArgumentError(
                f"{option!r} concerns nothing that is selected, which is {names}",
                hint="begin with an attribute of a selected entity, or of the alias of it that is "
                "selected",
            )
        for directive in directives:
            instruction = directive.instruction
            if isinstance(instruction, Columns) and instruction.group is not None:
                target: Any = directive.path[-1].target if directive.path else None
                _check_group(instruction.group, mappers if target is None else [target])


def _check_group(group: str, mappers: Sequence[Mapper]) -> None:
    kinds = [kind for mapper in mappers for kind in mapper.subtypes]
    known = {its for kind in kinds for its in kind.deferred.values() if its is not None}
    if group not in known:
        raise ArgumentError(
            f"{mappers[0].name} has no group of deferred columns named {group!r}",
            hint=f"it has {', '.join(sorted(known))}"
            if known
            else 'declare one: column(deferred=True, deferred_group="...")',
        )


def _concerns(directive: Directive, mapper: Mapper, item: Any) -> bool:
    """Whether a directive is about this entity of the statement."""
    if directive.root is not None and directive.root is not item:
        return False
    instruction = directive.instruction
    if directive.path:
        return _is_of(directive.path[0], mapper)
    if isinstance(instruction, Step):
        return _is_of(instruction.relationship, mapper)
    if isinstance(instruction, Columns) and instruction.columns:
        columns = instruction.columns
        if isinstance(item, Alias):
            return any(column.table is item for column in columns)
        return any(
            owner_of(column, mapper) is not None and concerns(column, kind)
            for column in columns
            for kind in mapper.subtypes
        )
    return True


def _is_of(relationship: Relationship[Any, Any], mapper: Mapper) -> bool:
    owner = relationship.owner
    return issubclass(mapper.entity, owner) or issubclass(owner, mapper.entity)
