"""Markers in a field's metadata that tell pydantic how values made by the database behave:
absent until the flush, and (with ``init=False``) never taken from input."""

from __future__ import annotations

from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema


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
