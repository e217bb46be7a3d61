"""The classes that the rows of one hierarchy become, and where their values are in a row."""

from __future__ import annotations

from typing import Any, NamedTuple

from asyncorm.errors import InvalidRequestError
from asyncorm.mapping.mapper import Mapper
from asyncorm.sql.table import BaseColumn


class Member(NamedTuple):
    """One class: its value of the discriminator, and the position of each attribute in a row."""

    mapper: Mapper
    value: Any
    attributes: tuple[str, ...]
    positions: tuple[int, ...]


def members_of(
    mapper: Mapper,
    attributes: tuple[str, ...],
    start: int,
    further: tuple[BaseColumn[Any, Any], ...],
) -> list[Member]:
    """The classes whose rows an entity's statement may bring, abstract ones left out.

    Of a row with ``further`` columns the attributes of subclasses are known as well.
    """
    _check_discriminator(mapper, attributes)
    own = {name: start + number for number, name in enumerate(attributes)}
    beyond = start + len(attributes)
    places = {column._key: beyond + number for number, column in enumerate(further)}
    members: list[Member] = []
    for subtype in mapper.subtypes:
        assert subtype.discriminator is not None
        if subtype.discriminator.value is None:
            continue
        found = dict(own)
        for part in subtype.parts:
            for name, column in part.columns.items():
                if name not in mapper.columns and column._key in places:
                    found[name] = places[column._key]
        names = tuple(name for name in subtype.columns if name in found)
        positions = tuple(found[name] for name in names)
        members.append(Member(subtype, subtype.discriminator.value, names, positions))
    return members


def is_partial(
    mapper: Mapper, attributes: tuple[str, ...], further: tuple[BaseColumn[Any, Any], ...] = ()
) -> bool:
    """Whether rows may lack a column of the class that they become an object of."""
    if mapper.discriminator is None:
        return mapper.lacks_columns(attributes)
    members = members_of(mapper, attributes, 0, further)
    return any(member.mapper.lacks_columns(member.attributes) for member in members)


def _check_discriminator(mapper: Mapper, attributes: tuple[str, ...]) -> None:
    assert mapper.discriminator is not None
    name = mapper.discriminator.attribute
    if name not in attributes:
        raise InvalidRequestError(
            f"the statement returns no column {mapper.columns[name].name!r}, which tells of which "
            f"class a {mapper.name} is",
            hint="select it too, or use into() with a class that is not mapped",
        )


def unknown_kind(mapper: Mapper, kind: Any) -> InvalidRequestError:
    """The error for a row whose discriminator no class has."""
    assert mapper.discriminator is not None
    column = mapper.root.columns[mapper.discriminator.attribute]
    below = " or a subclass of it" if len(mapper.subtypes) > 1 else ""
    return InvalidRequestError(
        f"a row of table {mapper.root.table.full_name!r} has {column.name} = {kind!r}, which is no "
        f"polymorphic_identity of {mapper.name}{below}",
        hint="import the module of the class that has it, or correct the row",
    )
