"""Assignments that pydantic has a say in: ``validate_assignment=True`` and ``frozen=True``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import InitErrorDetails, SchemaValidator

from asyncorm.models.construct import set_values
from asyncorm.models.fields import ColumnDeclaration
from asyncorm.models.markers import Unsettable

#: (instance, value) -> the value to store
Validate = Callable[[Any, Any], Any]


def assignment_validator(name: str, field: FieldInfo, config: ConfigDict) -> Validate | None:
    """What an assignment to the attribute goes through before it is tracked, if anything."""
    if config.get("frozen") or field.frozen:
        return _refusal(name, "frozen_instance" if config.get("frozen") else "frozen_field")
    if not config.get("validate_assignment"):
        return None
    if any(isinstance(item, Unsettable) for item in field.metadata):
        return annotation_validator(name, field)

    def validate(instance: Any, value: Any) -> Any:
        return _by_model(instance, name, value)

    return validate


def _refusal(name: str, kind: str) -> Validate:
    def refuse(instance: Any, value: Any) -> Any:
        raise ValidationError.from_exception_data(
            type(instance).__name__, [InitErrorDetails(type=kind, loc=(name,), input=value)]
        )

    return refuse


def annotation_validator(name: str, field: FieldInfo) -> Validate:
    """By the annotation alone: as input the model would refuse the value, code may assign it.

    ``name`` is what the error speaks of.
    """
    annotation: Any = field.annotation
    for item in field.metadata:
        if not isinstance(item, ColumnDeclaration | Unsettable):
            annotation = Annotated[annotation, item]
    validator = SchemaValidator(TypeAdapter(annotation).core_schema, {"title": name})
    return lambda instance, value: validator.validate_python(value)


def _by_model(instance: Any, name: str, value: Any) -> Any:
    """By all validators of the model, run on a stand-in so that nothing is changed untracked."""
    cls = type(instance)
    before = {n: v for n, v in instance.__dict__.items() if n in cls.__pydantic_fields__}
    stand_in: Any = object.__new__(cls)
    set_values(stand_in, dict(before))
    stand_in.__pydantic_fields_set__ = set(before)
    cls.__pydantic_validator__.validate_assignment(stand_in, name, value)
    after = stand_in.__dict__
    missing = object()
    for other in before:
        if other != name and after.get(other, missing) is not before[other]:
            instance.__attributes__[other].write_unvalidated(instance, after[other])
    return after[name]
