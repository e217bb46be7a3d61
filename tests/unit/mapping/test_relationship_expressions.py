"""The SQL of conditions on relationships: compared with objects, members, related rows."""

from __future__ import annotations

from typing import Any

import pytest

from asyncorm import aliased, func, not_, select
from asyncorm.errors import ArgumentError, InvalidRequestError
from asyncorm.mapping.related import Attribute
from tests.support.language import compiled
from tests.support.publishing import Book, Node, Profile, Publisher, Shelf, Tag, User

ada, bob = User(id=1, email="ada"), User(id=2, email="bob")
book, node, tag = Book(id=5, title="t"), Node(id=3, name="n"), Tag(id=4, name="g")
shelf, profile = Shelf(room="A", number=7), Profile(id=9)


def where(entity: Any, condition: Any) -> tuple[str, list[object]]:
    """The WHERE clause of a select, without quotes, and its values."""
    text, values = compiled(select(func.count()).select_from(entity).where(condition))
    return text.replace('"', "").partition(" WHERE ")[2], values


@pytest.mark.parametrize(
    ("condition", "sql", "values"),
    [
        (Book.author == ada, "book.author_id = $1::bigint", [1]),
        # as in SQLAlchemy, a book without an author is one whose author is not Ada
        (Book.author != ada, "book.author_id IS DISTINCT FROM $1::bigint", [1]),
        (Book.author == None, "book.author_id IS NULL", []),
        (Book.author.is_(None), "book.author_id IS NULL", []),
        (Book.author != None, "book.author_id IS NOT NULL", []),
        (Book.author.is_not(None), "book.author_id IS NOT NULL", []),
        (Book.author.in_([ada, bob]), "book.author_id = ANY ($1::bigint[])", [[1, 2]]),
        (Book.author.in_([]), "book.author_id = ANY ($1::bigint[])", [[]]),
        (
            Book.author.not_in([ada]),
            "book.author_id = ANY ($1::bigint[]) IS NOT TRUE",
            [[1]],
        ),
        (
            not_(Book.author == ada) & (Book.title == "t"),
            "NOT book.author_id = $1::bigint AND book.title = $2::text",
            [1, "t"],
        ),
    ],
)
def test_a_reference_is_compared_by_the_key_of_the_object(
    condition: Any, sql: str, values: list[object]
) -> None:
    assert where(Book, condition) == (sql, values)


@pytest.mark.parametrize(
    ("condition", "sql", "values"),
    [
        (
            Book.shelf == shelf,
            "book.shelf_room = $1::text AND book.shelf_number = $2::bigint",
            ["A", 7],
        ),
        (
            Book.shelf != shelf,
            (
                "book.shelf_room IS DISTINCT FROM $1::text "
                "OR book.shelf_number IS DISTINCT FROM $2::bigint"
            ),
            ["A", 7],
        ),
        # one NULL makes the reference empty
        (Book.shelf == None, "book.shelf_room IS NULL OR book.shelf_number IS NULL", []),
        (
            Book.shelf != None,
            "book.shelf_room IS NOT NULL AND book.shelf_number IS NOT NULL",
            [],
        ),
        (
            Book.shelf.in_([shelf, Shelf(room="B", number=8)]),
            (
                "book.shelf_room = $1::text AND book.shelf_number = $2::bigint "
                "OR book.shelf_room = $3::text AND book.shelf_number = $4::bigint"
            ),
            ["A", 7, "B", 8],
        ),
        (Book.shelf.in_([]), "book.shelf_room = ANY ($1::text[])", [[]]),
    ],
)
def test_all_parts_of_a_composite_key_are_compared(
    condition: Any, sql: str, values: list[object]
) -> None:
    assert where(Book, condition) == (sql, values)


PROFILE = "EXISTS (SELECT profile.id FROM profile WHERE profile.user_id = users.id"


@pytest.mark.parametrize(
    ("condition", "sql", "values"),
    [
        (User.profile == profile, f"{PROFILE} AND profile.id = $1::bigint)", [9]),
        (User.profile != profile, f"NOT {PROFILE} AND profile.id = $1::bigint)", [9]),
        (User.profile == None, f"NOT {PROFILE})", []),
        (User.profile.is_not(None), f"{PROFILE})", []),
        (User.profile.in_([profile]), f"{PROFILE} AND profile.id = ANY ($1::bigint[]))", [[9]]),
    ],
)
def test_the_side_without_the_key_asks_whether_the_row_exists(
    condition: Any, sql: str, values: list[object]
) -> None:
    assert where(User, condition) == (sql, values)


@pytest.mark.parametrize(
    ("entity", "condition", "sql", "values"),
    [
        (
            User,
            User.books.contains(book),
            (
                "EXISTS (SELECT book.id FROM book WHERE book.author_id = users.id "
                "AND book.id = $1::bigint)"
            ),
            [5],
        ),
        (
            Shelf,
            ~Shelf.books.contains(book),
            (
                "NOT EXISTS (SELECT book.id FROM book WHERE book.shelf_room = shelf.room "
                "AND book.shelf_number = shelf.number AND book.id = $1::bigint)"
            ),
            [5],
        ),
        (
            Node,
            Node.children.contains(node),
            (
                "EXISTS (SELECT node_1.id FROM node AS node_1 WHERE node_1.parent_id = node.id "
                "AND node_1.id = $1::bigint)"
            ),
            [3],
        ),
        (
            Book,
            Book.tags.contains(tag),
            (
                "EXISTS (SELECT book_tag_1.book_id FROM book_tag AS book_tag_1 "
                "WHERE book_tag_1.book_id = book.id AND book_tag_1.tag_id = $1::bigint)"
            ),
            [4],
        ),
        (
            Tag,
            ~Tag.shelves.contains(shelf),
            (
                "NOT EXISTS (SELECT shelf_tag_1.tag_id FROM shelf_tag AS shelf_tag_1 "
                "WHERE shelf_tag_1.tag_id = tag.id AND shelf_tag_1.shelf_room = $1::text "
                "AND shelf_tag_1.shelf_number = $2::bigint)"
            ),
            ["A", 7],
        ),
    ],
)
def test_a_member_is_found_by_its_key(
    entity: Any, condition: Any, sql: str, values: list[object]
) -> None:
    assert where(entity, condition) == (sql, values)


@pytest.mark.parametrize(
    ("entity", "condition", "sql"),
    [
        (
            User,
            User.books.any(),
            "EXISTS (SELECT book.id FROM book WHERE book.author_id = users.id)",
        ),
        (
            User,
            User.books.any(Book.title == "x", editor=bob),
            (
                "EXISTS (SELECT book.id FROM book WHERE book.author_id = users.id "
                "AND book.title = $1::text AND book.editor_id = $2::bigint)"
            ),
        ),
        (
            User,
            User.books.any((Book.title == "x") | (Book.id == 1)),
            (
                "EXISTS (SELECT book.id FROM book WHERE book.author_id = users.id "
                "AND (book.title = $1::text OR book.id = $2::bigint))"
            ),
        ),
        (
            Book,
            Book.author.has(User.books.any(Book.title == "x")),
            (
                "EXISTS (SELECT users.id FROM users WHERE users.id = book.author_id AND EXISTS "
                "(SELECT book.id FROM book WHERE book.author_id = users.id "
                "AND book.title = $1::text))"
            ),
        ),
        (
            Book,
            Book.tags.any(Tag.name == "x"),
            (
                "EXISTS (SELECT book_tag_1.book_id FROM book_tag AS book_tag_1 JOIN tag "
                "ON book_tag_1.tag_id = tag.id WHERE book_tag_1.book_id = book.id "
                "AND tag.name = $1::text)"
            ),
        ),
        (
            Node,
            Node.friends.any(name="x"),
            (
                "EXISTS (SELECT node_friend_1.node_id FROM node_friend AS node_friend_1 "
                "JOIN node AS node_1 ON node_friend_1.friends_id = node_1.id "
                "WHERE node_friend_1.node_id = node.id AND node_1.name = $1::text)"
            ),
        ),
    ],
)
def test_conditions_speak_of_the_related_rows(entity: Any, condition: Any, sql: str) -> None:
    assert where(entity, condition)[0] == sql


def test_in_a_self_reference_the_entity_means_the_related_rows() -> None:
    assert where(Node, Node.children.any((Node.name == "x") | (Node.id == 1)))[0] == (
        "EXISTS (SELECT node_1.id FROM node AS node_1 WHERE node_1.parent_id = node.id "
        "AND (node_1.name = $1::text OR node_1.id = $2::bigint))"
    )


def test_self_references_may_be_nested() -> None:
    nested = Node.children.any(Node.parent.has(Node.name == "x"), Node.name == "y")
    assert where(Node, nested)[0] == (
        "EXISTS (SELECT node_1.id FROM node AS node_1 WHERE node_1.parent_id = node.id "
        "AND EXISTS (SELECT node_2.id FROM node AS node_2 WHERE node_2.id = node_1.parent_id "
        "AND node_2.name = $1::text) AND node_1.name = $2::text)"
    )


def test_a_query_inside_that_names_the_entity_itself_has_its_own() -> None:
    largest = select(func.max(Node.id)).select_from(Node).scalar_subquery()
    assert where(Node, Node.children.any(Node.id == largest))[0] == (
        "EXISTS (SELECT node_1.id FROM node AS node_1 WHERE node_1.parent_id = node.id "
        "AND node_1.id = (SELECT max(node.id) FROM node))"
    )


def test_the_outer_alias_is_the_one_that_is_related() -> None:
    outer = aliased(Node, "n")
    condition = outer.children.any(Node.name == outer.name)
    assert where(outer, condition)[0] == (
        "EXISTS (SELECT node.id FROM node WHERE node.parent_id = n.id AND node.name = n.name)"
    )
    writer, other = aliased(User, "w"), aliased(Book, "o")
    assert where(writer, writer.books.of_type(other).any(other.title == "x"))[0] == (
        "EXISTS (SELECT o.id FROM book AS o WHERE o.author_id = w.id AND o.title = $1::text)"
    )
    assert where(other, other.author == ada)[0] == "o.author_id = $1::bigint"
    assert where(writer, writer.books.contains(book))[0] == (
        "EXISTS (SELECT book.id FROM book WHERE book.author_id = w.id AND book.id = $1::bigint)"
    )


def test_the_owner_of_a_condition_is_selected_from() -> None:
    text, _ = compiled(select(func.count()).where(User.books.any()))
    assert text.replace('"', "") == (
        "SELECT count(*) FROM users WHERE EXISTS "
        "(SELECT book.id FROM book WHERE book.author_id = users.id)"
    )
    text, _ = compiled(select(Book.author.to.books.any(Book.title == "x")))
    assert text.replace('"', "") == (
        "SELECT EXISTS (SELECT book_1.id FROM book AS book_1 WHERE book_1.author_id = users_1.id "
        "AND book_1.title = $1::text) FROM book "
        "LEFT JOIN users AS users_1 ON users_1.id = book.author_id"
    )


def test_the_same_condition_has_the_same_key_for_other_objects() -> None:
    def statement(user: User, title: str) -> Any:
        return select(Book).where(Book.author == user, Book.author.has(User.email == title))

    assert statement(ada, "x")._key == statement(bob, "y")._key
    assert "has" not in str(statement(ada, "x"))
    trees = [select(Node).where(Node.children.any(Node.name == name)) for name in "xy"]
    assert trees[0]._key == trees[1]._key
    assert trees[0]._key != select(Node).where(Node.children.any(Node.id == 1))._key


@pytest.mark.parametrize(
    ("make", "message", "hint"),
    [
        (lambda: Book.author == book, "Book.author leads to User", "give an object of User"),
        (lambda: Book.author != 5, "can't be compared with int", "the column that has it"),
        (lambda: Book.author == User, "can't be compared with User", "give an object"),
        (lambda: Book.author.in_(5), "takes a list of objects", "in_"),
        (lambda: Book.author.in_(ada), "takes a list of objects", "in_"),
        (lambda: Book.author.in_([tag]), "can't be compared with Tag", "give an object"),
        (lambda: Book.author.is_(ada), "take None", "=="),
        (lambda: User.books == book, "is a collection and can't be compared", "contains"),
        (lambda: User.books != None, "is a collection", "any()"),
        (lambda: User.books.contains(ada), "leads to Book", "give an object of Book"),
        (lambda: User.books.of_type(aliased(Tag)), "leads to Book, not to Tag", "aliased(Book)"),
        (lambda: User.books.any("x"), "must be a SQL expression", "compare columns"),
        (lambda: User.books.any(nothing=1), "no column", "its columns are"),
    ],
)
def test_what_can_not_be_compared_is_refused_with_the_way_out(
    make: Any, message: str, hint: str
) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        make()
    assert message in caught.value.message
    assert caught.value.hint is not None
    assert hint in caught.value.hint


def test_an_object_without_its_key_must_be_flushed_first() -> None:
    new = Publisher(id=1, name="p")
    del new.__dict__["id"]
    with pytest.raises(InvalidRequestError, match=r"no id yet(.|\n)*flush\(\) first"):
        User.publisher == new  # noqa: B015
    with pytest.raises(InvalidRequestError, match="flush"):
        Shelf.books.contains(Book.model_construct(title="x"))


def test_relationships_compare_with_each_other_by_identity() -> None:
    assert (Book.author == Book.author) is True
    assert (Book.author == Book.editor) is False
    assert (Book.author != Book.editor) is True
    assert [Book.editor, User.books, Book.author].index(Book.author) == 2
    assert {Book.author: 1, User.books: 2}[User.books] == 2
    assert (User.books == Book.author) is False
    assert (Book.author == User.books) is False
    assert isinstance(Book.author, Attribute)


def test_a_comparison_has_no_truth() -> None:
    with pytest.raises(ArgumentError, match="known only to the database"):
        assert Book.author == ada
