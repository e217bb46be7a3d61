"""What a class says of its place in a hierarchy: ``__mapper_args__`` and its mapped base."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from asyncorm.errors import ConfigurationError
from asyncorm.mapping.mapper import Discriminator, Mapper

VERSION_ARGUMENTS = ("version", "version_id_col")
_OF_KINDS = ("polymorphic_on", "polymorphic_identity", "polymorphic_abstract")


class Place(NamedTuple):
    """The entity that a class extends, and what tells its rows from those of others."""

    base: Mapper | None = None
    discriminator: Discriminator | None = None


def mapped_base(cls: type[Any]) -> Mapper | None:
    """The mapper of the entity with a discriminator that a class derives from, if it does."""
    above: tuple[Any, ...] = cls.__mro__[1:]
    found = [
        mapper
        for kind in above
        if (mapper := kind.__dict__.get("__mapper__")) is not None
        and mapper.discriminator is not None
        and kind.__pydantic_generic_metadata__["origin"] is None
    ]
    for mapper in found[1:]:
        if mapper.entity not in found[0].entity.__mro__:
            raise ConfigurationError(
                f"{cls.__name__} derives from two entities, {found[0].name} and {mapper.name}",
                hint="derive from one of them, and from mixins without a table",
            )
    return found[0] if found else None


def mapper_arguments(cls: type[Any], base: Mapper | None = None) -> Mapping[str, Any]:
    """``__mapper_args__`` of a class and its mixins; raises ConfigurationError for what is none."""
    arguments = own_argument(cls, "__mapper_args__", base)
    if arguments is None:
        return {}
    if not isinstance(arguments, Mapping):
        raise ConfigurationError(
            f"{cls.__name__}.__mapper_args__ is a {type(arguments).__name__}",
            hint='write a dict: __mapper_args__ = {"version": "xmin"}',
        )
    known = (*VERSION_ARGUMENTS, *_OF_KINDS)
    for key in arguments:
        if key not in known:
            raise ConfigurationError(
                f"{cls.__name__}.__mapper_args__ has an unknown key {key!r}",
                hint=f"known: {', '.join(known)}",
            )
        if base is not None and key in VERSION_ARGUMENTS:
            raise ConfigurationError(
                f"{cls.__name__} says its {key}, but derives from {base.name}",
                hint=f"declare the version on {base.root.name}, for all its subclasses",
            )
    return arguments


def own_argument(cls: type[Any], name: str, base: Mapper | None) -> Any:
    """``__mapper_args__`` or ``__table_args__`` of a class or its mixins, not of its base."""
    known = () if base is None else base.entity.__mro__
    for kind in cls.__mro__:
        if kind not in known and name in vars(kind):
            return vars(kind)[name]
    return None


def place_of(cls: type[Any], base: Mapper | None) -> Place:
    """Where a class stands in its hierarchy; raises ConfigurationError."""
    given = mapper_arguments(cls, base)
    attribute = _attribute(cls, base, given)
    if attribute is None:
        for name in _OF_KINDS[1:]:
            if name in given:
                raise ConfigurationError(
                    f"{cls.__name__} has a {name}, but nothing says which column it is the value "
                    "of",
                    hint='name the column on the base: __mapper_args__ = {"polymorphic_on": '
                    '"kind", ...}',
                )
        _check_key(cls)
        return Place()
    identity = given.get("polymorphic_identity")
    if identity is None and base is not None and not given.get("polymorphic_abstract"):
        raise ConfigurationError(
            f"{cls.__name__} derives from {base.name}, but has no polymorphic_identity",
            hint='write __mapper_args__ = {"polymorphic_identity": "..."}, or '
            '{"polymorphic_abstract": True} if only its subclasses have rows; a class that is no '
            "entity says __abstract__ = True",
        )
    if identity is not None:
        if given.get("polymorphic_abstract"):
            raise ConfigurationError(
                f"{cls.__name__} has a polymorphic_identity, but is polymorphic_abstract",
                hint="leave one of them out: an abstract class has no rows of its own",
            )
        identity = _checked(cls, attribute, identity)
        _check_unused(cls, identity, base)
    return Place(base, Discriminator(attribute, identity))


def _check_key(cls: type[Any]) -> None:
    """Refuse a key that refers to that of a mapped base: it would be a copy of all its columns."""
    for kind in cls.__mro__[1:]:
        mapper: Mapper | None = kind.__dict__.get("__mapper__")
        for name in () if mapper is None else mapper.primary_key:
            metadata = cls.__pydantic_fields__[name].metadata
            references = [m.reference for m in metadata if getattr(m, "reference", None)]
            if mapper is not None and any(
                str(r.target) == f"{mapper.table.full_name}.{name}" for r in references
            ):
                raise ConfigurationError(
                    f"the primary key of {cls.__name__} refers to {kind.__name__}, from which it "
                    "derives, but nothing tells rows of one from those of the other",
                    hint=f"name a column of {kind.__name__} that does: __mapper_args__ = "
                    '{"polymorphic_on": "kind", "polymorphic_identity": ...}',
                )


def _attribute(cls: type[Any], base: Mapper | None, given: Mapping[str, Any]) -> str | None:
    """The attribute that tells classes apart."""
    on = given.get("polymorphic_on")
    if base is not None:
        assert base.discriminator is not None
        if on is not None:
            raise ConfigurationError(
                f"{cls.__name__} says polymorphic_on, as {base.root.name} does",
                hint=f"leave it out: {base.root.name}.{base.discriminator.attribute} tells all "
                "classes apart",
            )
        return base.discriminator.attribute
    if on is None:
        return None
    name = getattr(on, "attribute", on)
    if name not in cls.__pydantic_fields__:
        raise ConfigurationError(
            f"{cls.__name__}.__mapper_args__['polymorphic_on'] names no column of {cls.__name__}",
            hint="give the name of a column attribute",
        )
    return str(name)


def _checked(cls: type[Any], attribute: str, identity: Any) -> Any:
    """The identity as a value of the column."""
    field = cls.__pydantic_fields__[attribute]
    try:
        return TypeAdapter(field.annotation).validate_python(identity)
    except ValidationError:
        raise ConfigurationError(
            f"the polymorphic_identity {identity!r} of {cls.__name__} is no value of "
            f"{cls.__name__}.{attribute}",
            hint="give a value of the column's type",
        ) from None


def _check_unused(cls: type[Any], identity: Any, base: Mapper | None) -> None:
    for other in base.root.subtypes if base is not None else ():
        assert other.discriminator is not None
        known = other.entity
        if other.discriminator.value == identity and (
            (known.__module__, known.__qualname__) != (cls.__module__, cls.__qualname__)
        ):
            raise ConfigurationError(
                f"{cls.__name__} and {known.__name__} have the same polymorphic_identity "
                f"{identity!r}",
                hint="give each class its own",
            )
