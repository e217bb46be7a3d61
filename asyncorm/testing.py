"""For the tests of applications: how many statements does this send?"""

from __future__ import annotations

from typing import overload

from asyncorm.engine.query_assertion import QueryAssertion
from asyncorm.engine.query_watch import SentStatement
from asyncorm.errors import ArgumentError

__all__ = ["QueryAssertion", "SentStatement", "assert_queries"]


@overload
def assert_queries(exactly: int, *, transaction_control: bool = False) -> QueryAssertion: ...
@overload
def assert_queries(*, at_most: int, transaction_control: bool = False) -> QueryAssertion: ...
def assert_queries(
    exactly: int | None = None, *, at_most: int | None = None, transaction_control: bool = False
) -> QueryAssertion:
    """A block in which exactly, or at most, so many statements may be sent; else AssertionError.

    ``with assert_queries(3) as statements:`` counts what any engine sends for the present task and
    for tasks started inside the block. BEGIN, COMMIT, SAVEPOINT and the like are counted with
    ``transaction_control`` only; a COPY, and the opening of a stream, are one statement each.
    """
    if (exactly is None) is (at_most is None):
        raise ArgumentError(
            "assert_queries() takes one number of statements",
            hint="assert_queries(3), or assert_queries(at_most=3)",
        )
    return QueryAssertion(exactly, at_most, transaction_control=transaction_control)
