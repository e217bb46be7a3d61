from __future__ import annotations

from typing import Any

import pytest

from asyncorm.compiler.compiled import ColumnItem, EntityItem
from asyncorm.compiler.compiler import compile_statement, constant_sql
from asyncorm.errors import InvalidRequestError
from asyncorm.sql.functions.func import func
from asyncorm.sql.nodes import Statement
from asyncorm.sql.sources import aliased
from asyncorm.sql.statements.delete import delete
from asyncorm.sql.statements.insert import insert
from asyncorm.sql.statements.raw import sql
from asyncorm.sql.statements.select import select
from asyncorm.sql.statements.update import update
from tests.support.language import Book, Mood, User


@pytest.mark.parametrize(
    ("statement", "kind", "returns_rows"),
    [
        (select(User), "select", True),
        (insert(User), "insert", False),
        (insert(User).returning(User.id), "insert", True),
        (update(User).values(age=1), "update", False),
        (delete(User).returning(User), "delete", True),
        (sql("select 1"), "text", True),
    ],
)
def test_the_kind_of_a_statement(statement: Any, kind: str, returns_rows: bool) -> None:
    compiled = compile_statement(statement)
    assert (compiled.kind, compiled.returns_rows) == (kind, returns_rows)


def test_items_say_where_entities_and_values_are_in_a_row() -> None:
    compiled = compile_statement(select(User.id, Book, func.count().label("n"), func.count()))
    first, book, label, count = compiled.items
    assert isinstance(first, ColumnItem)
    assert isinstance(book, EntityItem)
    assert isinstance(label, ColumnItem)
    assert (first.index, first.name) == (0, "id")
    assert (book.start, book.entity, book.name, book.nullable) == (1, Book, "Book", False)
    assert book.columns == (Book.id, Book.title, Book.author_id)
    assert (label.index, label.name, count.name) == (4, "n", "count")
    assert [column.name for column in compiled.columns] == [
        "id",
        "id",
        "title",
        "author_id",
        "n",
        "count",
    ]
    assert compiled.columns[2].column is Book.title
    assert compiled.columns[4].column is None


def test_columns_are_named_by_attribute_and_deferred_ones_are_left_out() -> None:
    names = [column.name for column in compile_statement(select(User)).columns]
    assert "active" in names
    assert "is_active" not in names
    assert "notes" not in names


def test_an_outer_joined_entity_may_be_missing() -> None:
    compiled = compile_statement(select(User, Book).outerjoin(Book))
    assert [item.nullable for item in compiled.items if isinstance(item, EntityItem)] == [
        False,
        True,
    ]


def test_an_alias_gives_objects_of_its_entity() -> None:
    boss = aliased(User, "boss")
    (item,) = compile_statement(select(boss)).items
    assert isinstance(item, EntityItem)
    assert item.entity is User
    assert item.source is boss
    assert item.columns[0] is User.id


def test_values_are_encoded_by_their_type_and_none_is_not() -> None:
    statement = insert(User).values(mood=Mood.SAD, settings=None, age=None)
    assert compile_statement(statement).arguments(statement) == ["sad", None, None]


def test_an_expression_for_ddl_has_constants_and_bare_columns() -> None:
    condition = (User.age > 5) & func.lower(User.email).like("a'b")
    text = constant_sql(condition, lambda parameter: repr(parameter.value))
    assert text == '"age" > 5 AND lower("email") LIKE "a\'b"'


def test_what_is_no_statement_can_not_be_compiled() -> None:
    class Other(Statement[Any]):
        pass

    with pytest.raises(InvalidRequestError, match="Other is no statement"):
        compile_statement(Other())
