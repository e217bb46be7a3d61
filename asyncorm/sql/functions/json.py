"""Functions of JSON documents, with exact types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from asyncorm.errors import ArgumentError
from asyncorm.sql.expressions import Expression, Parameter, literal_of, operand
from asyncorm.sql.functions.calls import FunctionCall, NullFunctionCall
from asyncorm.sql.operators.json import path_of
from asyncorm.types.base import SQLType
from asyncorm.types.json import JSON, JSONB
from asyncorm.types.json_path import JSON_PATH
from asyncorm.types.scalars import BOOLEAN, INTEGER, TEXT

_JSON = JSON()
_JSONB = JSONB()
Path = Iterable[str | int]
JSONValue = Expression[Any, Any]


class JSONFunctions:
    """The functions of ``func`` that read, search and make JSON.

    What is no expression is bound: documents as jsonb, paths as arrays of text, and jsonpath as
    jsonpath, whose ``$name`` come from ``variables``.
    """

    def to_jsonb(self, value: object) -> FunctionCall[Any, Any]:
        """Any value as jsonb."""
        return FunctionCall("to_jsonb", (literal_of(value),), _JSONB)

    def to_json(self, value: object) -> FunctionCall[Any, Any]:
        """Any value as json."""
        return FunctionCall("to_json", (literal_of(value),), _JSON)

    def jsonb_build_object(self, *keys_and_values: object) -> FunctionCall[Any, Any]:
        """An object of keys and values in turn: ``jsonb_build_object("id", User.id)``."""
        if len(keys_and_values) % 2:
            raise ArgumentError(
                "jsonb_build_object() was given a key without a value",
                hint="give keys and values in turn: 'id', User.id, 'name', User.name",
            )
        return FunctionCall("jsonb_build_object", map(literal_of, keys_and_values), _JSONB)

    def jsonb_build_array(self, *values: object) -> FunctionCall[Any, Any]:
        """An array of the values."""
        return FunctionCall("jsonb_build_array", map(literal_of, values), _JSONB)

    def jsonb_set(
        self, target: JSONValue, path: Path, value: object, create_if_missing: bool = True
    ) -> FunctionCall[Any, Any]:
        """The document with another value at the path; None is JSON's null."""
        return _changed("jsonb_set", target, path, value, create_if_missing)

    def jsonb_insert(
        self, target: JSONValue, path: Path, value: object, insert_after: bool = False
    ) -> FunctionCall[Any, Any]:
        """The document with one more value at the path; None is JSON's null."""
        return _changed("jsonb_insert", target, path, value, insert_after)

    def jsonb_strip_nulls(self, value: JSONValue) -> FunctionCall[Any, Any]:
        """The document without the keys whose value is null."""
        return FunctionCall("jsonb_strip_nulls", _jsonb(value, "jsonb_strip_nulls"), _JSONB)

    def jsonb_array_length(self, value: JSONValue) -> NullFunctionCall[int]:
        """The number of items of an array."""
        return NullFunctionCall("jsonb_array_length", _jsonb(value, "jsonb_array_length"), INTEGER)

    def jsonb_typeof(self, value: JSONValue) -> NullFunctionCall[str]:
        """ "object", "array", "string", "number", "boolean" or "null"."""
        return NullFunctionCall("jsonb_typeof", _jsonb(value, "jsonb_typeof"), TEXT)

    def jsonb_pretty(self, value: JSONValue) -> NullFunctionCall[str]:
        """The document as text over several lines."""
        return NullFunctionCall("jsonb_pretty", _jsonb(value, "jsonb_pretty"), TEXT)

    def jsonb_object_keys(self, value: JSONValue) -> FunctionCall[str, str]:
        """A row for each key of an object."""
        return FunctionCall("jsonb_object_keys", _jsonb(value, "jsonb_object_keys"), TEXT)

    def jsonb_array_elements(self, value: JSONValue) -> FunctionCall[Any, Any]:
        """A row for each item of an array."""
        return FunctionCall("jsonb_array_elements", _jsonb(value, "jsonb_array_elements"), _JSONB)

    def jsonb_array_elements_text(self, value: JSONValue) -> NullFunctionCall[str]:
        """A row for each item of an array, as text."""
        return NullFunctionCall(
            "jsonb_array_elements_text", _jsonb(value, "jsonb_array_elements_text"), TEXT
        )

    def jsonb_path_query(
        self,
        target: JSONValue,
        path: str,
        variables: Mapping[str, Any] | None = None,
        silent: bool = False,
    ) -> FunctionCall[Any, Any]:
        """A row for each value that a jsonpath finds."""
        return _searched("jsonb_path_query", target, path, variables, silent, _JSONB)

    def jsonb_path_query_array(
        self,
        target: JSONValue,
        path: str,
        variables: Mapping[str, Any] | None = None,
        silent: bool = False,
    ) -> FunctionCall[Any, Any]:
        """All values that a jsonpath finds, as an array."""
        return _searched("jsonb_path_query_array", target, path, variables, silent, _JSONB)

    def jsonb_path_query_first(
        self,
        target: JSONValue,
        path: str,
        variables: Mapping[str, Any] | None = None,
        silent: bool = False,
    ) -> FunctionCall[Any, Any]:
        """The first value that a jsonpath finds."""
        return _searched("jsonb_path_query_first", target, path, variables, silent, _JSONB)

    def jsonb_path_exists(
        self,
        target: JSONValue,
        path: str,
        variables: Mapping[str, Any] | None = None,
        silent: bool = False,
    ) -> NullFunctionCall[bool]:
        """Whether a jsonpath finds anything."""
        found = _searched("jsonb_path_exists", target, path, variables, silent, BOOLEAN)
        return _nullable(found)

    def jsonb_path_match(
        self,
        target: JSONValue,
        path: str,
        variables: Mapping[str, Any] | None = None,
        silent: bool = False,
    ) -> NullFunctionCall[bool]:
        """Whether a jsonpath's condition is true."""
        found = _searched("jsonb_path_match", target, path, variables, silent, BOOLEAN)
        return _nullable(found)

    def jsonb_object_agg(
        self, key: Expression[Any, Any], value: Expression[Any, Any]
    ) -> FunctionCall[Any, Any]:
        """All pairs of a key and a value as an object."""
        return FunctionCall("jsonb_object_agg", (key, value), _JSONB)

    def json_object_agg(
        self, key: Expression[Any, Any], value: Expression[Any, Any]
    ) -> FunctionCall[Any, Any]:
        """All pairs of a key and a value as an object of type json."""
        return FunctionCall("json_object_agg", (key, value), _JSON)


def _changed(
    name: str, target: JSONValue, path: Path, value: object, flag: bool
) -> FunctionCall[Any, Any]:
    keys: Parameter[Any] = Parameter(*path_of(path, f"the path of {name}()"))
    return FunctionCall(
        name, (*_jsonb(target, name), keys, _document(value), literal_of(flag)), _JSONB
    )


def _jsonb(value: Any, name: str) -> tuple[Expression[Any, Any]]:
    """The value as the only argument of a function that takes jsonb alone."""
    found = literal_of(value)
    if found._type.cast_type not in ("jsonb", ""):
        raise ArgumentError(
            f"{name}() was given {found._type.ddl} and takes jsonb",
            hint="give a jsonb column or expression, or cast(expression, JSONB)",
        )
    return (found,)


def _document(value: Any) -> Expression[Any, Any]:
    """A value as jsonb: bound, or made of an expression by the server."""
    if isinstance(value, Expression):
        found: Expression[Any, Any] = value
        is_jsonb = found._type.cast_type == "jsonb"
        return found if is_jsonb else FunctionCall("to_jsonb", (found,), _JSONB)
    return Parameter(JSON.NULL if value is None else value, _JSONB)


def _searched(
    name: str,
    target: JSONValue,
    path: str,
    variables: Mapping[str, Any] | None,
    silent: bool,
    type_: SQLType[Any],
) -> FunctionCall[Any, Any]:
    if not isinstance(variables, Mapping | None):
        raise ArgumentError(
            f"the variables of {name}() are a dict, not {type(variables).__name__}",
            hint='write {"limit": 5}, and $limit in the path',
        )
    jsonpath = operand(path, Parameter("", JSON_PATH))
    given: Parameter[Any] = Parameter(dict(variables or {}), _JSONB)
    arguments = (*_jsonb(target, name), jsonpath, given, literal_of(silent))
    return FunctionCall(name, arguments, type_)


def _nullable(call: FunctionCall[bool, Any]) -> NullFunctionCall[bool]:
    return NullFunctionCall(call.name, call.arguments, call._type)
