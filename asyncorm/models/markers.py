"""Markers in a field's metadata that tell pydantic how values made by the database behave:
absent until the flush, and (with ``init=False``) never taken from input."""

from __future__ import annotations

from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema, to_jsonable_python

from asyncorm.errors import InvalidRequestError


class Unsettable:
    """``init=False``: refused in input, None until it is made, serialised as its own type."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_before_validator_function(
            _refuse, core_schema.nullable_schema(handler(source))
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        inner: Any = schema
        declared = inner["schema"]["schema"]
        return handler(schema) if declared["type"] == "nullable" else _without_null(handler(schema))


class Omittable:
    """May be left out and is None until it is made; an explicit None is refused."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        schema = handler(source)
        if schema["type"] == "nullable":
            return schema  # a nullable column: None is a value like others
        return core_schema.no_info_before_validator_function(
            _refuse_none, core_schema.nullable_schema(schema)
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return handler(schema) if schema["type"] == "nullable" else _without_null(handler(schema))


class Fixed:
    """The attribute that tells the classes of a hierarchy apart: one value only in each class."""

    def __init__(self, entity: type[Any], value: Any) -> None:
        self.entity = entity
        self.value = value

    def missing(self) -> Any:
        """The default of a class without rows of its own: there is none to make an object of."""
        raise self.abstract()

    def abstract(self) -> InvalidRequestError:
        """The error for an object of a class that has only its subclasses' rows."""
        below = ", ".join(mapper.name for mapper in self.entity.__mapper__.subtypes[1:])
        return InvalidRequestError(
            f"{self.entity.__name__} has no polymorphic_identity, so it has no rows of its own",
            hint=f"make an object of one of its subclasses: {below or 'there are none yet'}",
        )

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        found = handler(schema)
        if self.value is not None and len(self.entity.__mapper__.subtypes) == 1:
            value = to_jsonable_python(self.value)
            return {**handler.resolve_ref_schema(found), "const": value}
        return found

    def _check(self, value: Any) -> Any:
        if self.value is None:
            raise self.abstract()
        if value != self.value:
            raise PydanticCustomError(
                "discriminator",
                "each {entity} has the value {value} here, which can't be another one",
                {"entity": self.entity.__name__, "value": repr(self.value)},
            )
        return self.value


def _refuse(value: Any) -> Any:
    raise PydanticCustomError(
        "not_settable",
        "the value is made by the database and can't be given (init=False); "
        "assign it to the object where your code must set it",
    )


def _refuse_none(value: Any) -> Any:
    if value is None:
        raise PydanticCustomError(
            "none_not_allowed", "the column is NOT NULL: leave it out instead"
        )
    return value


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """The JSON schema of a value that is None only before its row exists."""
    choices = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
    if len(choices) == 1 and len(schema["anyOf"]) == 2:
        rest = {key: value for key, value in schema.items() if key != "anyOf"}
        return {**choices[0], **rest}
    return schema
