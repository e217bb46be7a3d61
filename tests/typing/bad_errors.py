"""Every line marked with an E must be reported, and no other."""

from __future__ import annotations

from asyncorm.errors import ConfigurationError, DatabaseError, UniqueViolation

ConfigurationError()  # E the message is missing
ConfigurationError("message", "hint")  # E the hint is given by name


def tell(error: UniqueViolation) -> None:
    code: int = error.sqlstate  # E a string, or None
    error.sql_state  # E no such attribute
    other: ConfigurationError = error  # E another branch of the hierarchy
    parent: DatabaseError = error
    print(code, other, parent)
