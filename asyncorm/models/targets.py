"""What the annotation of a relationship means, once all models are known."""

from __future__ import annotations

import builtins
import re
import sys
from types import NoneType, UnionType
from typing import Any, ForwardRef, Union, get_args, get_origin

from asyncorm.errors import ConfigurationError
from asyncorm.mapping.registry import Registry
from asyncorm.mapping.relationships import Relationship, Target
from asyncorm.models.attributes import MAPPED, RelatedTo
from asyncorm.tracking.write_only import WriteOnlyCollection


class _Names(dict[str, Any]):
    """The names an annotation may use: its module's, the registry's classes, builtins."""

    def __init__(self, module: str, registry: Registry) -> None:
        super().__init__(vars(sys.modules[module]) if module in sys.modules else {})
        self.module, self.registry = module, registry

    def __missing__(self, name: str) -> Any:
        if name not in self.registry.mappers and hasattr(builtins, name):
            return getattr(builtins, name)
        return self.registry.entity(name, self.module)


def resolve_target(relationship: Relationship[Any, Any], registry: Registry) -> Target:
    """The entity and the kind of collection that the annotation means."""
    owner = relationship.owner
    names = _Names(owner.__module__, registry)
    annotation = _evaluate(relationship.declaration.annotation, names, relationship)
    if MAPPED in getattr(annotation, "__metadata__", ()):
        raise ConfigurationError(
            f"{relationship} is a relationship, but annotated as a column",
            hint="write Related[...] instead of Mapped[...]",
        )
    collection = get_origin(annotation)
    if collection is WriteOnlyCollection:
        collection = list
    if collection in (list, set, dict):
        inner = _evaluate(get_args(annotation)[-1], names, relationship)
        return Target(_entity(inner, relationship), collection, False)
    if get_origin(annotation) in (Union, UnionType):
        choices = [a for a in get_args(annotation) if a is not NoneType]
        if len(choices) == 1:
            inner = _evaluate(choices[0], names, relationship)
            return Target(_entity(inner, relationship), None, True)
    return Target(_entity(annotation, relationship), None, False)


def _evaluate(annotation: Any, names: _Names, relationship: Relationship[Any, Any]) -> Any:
    """Evaluate an annotation that is, or holds, text."""
    if isinstance(annotation, RelatedTo):
        annotation = annotation.item
    if isinstance(annotation, ForwardRef):
        annotation = annotation.__forward_arg__
    if not isinstance(annotation, str):
        return annotation
    text = annotation.strip()
    optional = re.fullmatch(r"(.+?)\s*\|\s*None", text) or re.fullmatch(r"Optional\[(.+)\]", text)
    if optional is not None:
        inner = _evaluate(optional[1].strip("\"' "), names, relationship)
        return Union[inner, None]  # noqa: UP007 - built at run time from a value
    try:
        # the text is the developer's own annotation, as typing.get_type_hints evaluates it
        found = eval(text, {"__builtins__": {}}, names)
    except ConfigurationError as error:
        raise ConfigurationError(f"{relationship}: {error.message}", hint=error.hint) from None
    except Exception as error:
        raise ConfigurationError(
            f"{relationship}: the annotation {text!r} can't be understood",
            hint="write Related[list[Book]], Related[Book] or Related[Book | None]",
        ) from error
    # text in text, as in "Related['Book | None']"
    return found if found == text else _evaluate(found, names, relationship)


def _entity(found: Any, relationship: Relationship[Any, Any]) -> type[Any]:
    if isinstance(found, type):
        return found
    raise ConfigurationError(
        f"{relationship}: {found!r} is not a class",
        hint="write Related[list[Book]], Related[Book] or Related[Book | None]",
    )
