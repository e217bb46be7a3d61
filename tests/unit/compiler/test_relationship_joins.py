"""Joins along relationships: aliases at either end, chains, subqueries as entities."""

from __future__ import annotations

from typing import Any

import pytest

from asyncorm import aliased, select
from asyncorm.errors import InvalidRequestError
from tests.support.language import compiled
from tests.support.publishing import Book, Node, Publisher, Tag, User

book, user, tag = aliased(Book, "b"), aliased(User, "u"), aliased(Tag, "t")
child, grandchild = aliased(Node, "c"), aliased(Node, "g")


def sql(statement: Any) -> str:
    return compiled(statement)[0].replace('"', "")


@pytest.mark.parametrize(
    ("statement", "text"),
    [
        (
            select(User.id).join(book, User.books),
            "SELECT users.id FROM users JOIN book AS b ON b.author_id = users.id",
        ),
        (
            select(User.id).join(User.books.of_type(book)).where(book.title == "x"),
            (
                "SELECT users.id FROM users JOIN book AS b ON b.author_id = users.id "
                "WHERE b.title = $1::text"
            ),
        ),
        (
            select(user.id).outerjoin(user.books),
            "SELECT u.id FROM users AS u LEFT JOIN book ON book.author_id = u.id",
        ),
        (
            select(user.id).join(book, user.books),
            "SELECT u.id FROM users AS u JOIN book AS b ON b.author_id = u.id",
        ),
        (
            select(Book.id).outerjoin(Book.tags.of_type(tag)).filter_by(name="x"),
            (
                "SELECT book.id FROM book LEFT JOIN (tag AS t JOIN book_tag AS book_tag_1 "
                "ON book_tag_1.tag_id = t.id) ON book_tag_1.book_id = book.id "
                "WHERE t.name = $1::text"
            ),
        ),
        (
            select(Node.id)
            .join(Node.children.of_type(child))
            .outerjoin(child.children.of_type(grandchild))
            .where(grandchild.name == "x"),
            (
                "SELECT node.id FROM node JOIN node AS c ON c.parent_id = node.id "
                "LEFT JOIN node AS g ON g.parent_id = c.id WHERE g.name = $1::text"
            ),
        ),
        (
            select(Publisher.id)
            .join(User, User.publisher_id == Publisher.id)
            .join(User.books)
            .join(Book.shelf)
            .filter_by(room="A"),
            (
                "SELECT publisher.id FROM publisher "
                "JOIN users ON users.publisher_id = publisher.id "
                "JOIN book ON book.author_id = users.id JOIN shelf ON shelf.room = book.shelf_room "
                "AND shelf.number = book.shelf_number WHERE shelf.room = $1::text"
            ),
        ),
    ],
)
def test_a_join_follows_the_relationship_between_its_ends(statement: Any, text: str) -> None:
    assert sql(statement) == text


@pytest.mark.parametrize(
    ("statement", "text"),
    [
        (
            select(User.id).outerjoin(User.books.and_(Book.title == "x")),
            (
                "SELECT users.id FROM users LEFT JOIN book "
                "ON book.author_id = users.id AND book.title = $1::text"
            ),
        ),
        (
            select(user.id).join(user.books.of_type(book).and_(Book.title == "x")),
            (
                "SELECT u.id FROM users AS u JOIN book AS b "
                "ON b.author_id = u.id AND b.title = $1::text"
            ),
        ),
        (
            select(Book.id).outerjoin(tag, Book.tags.where(Tag.name == "x")),
            (
                "SELECT book.id FROM book LEFT JOIN (tag AS t JOIN book_tag AS book_tag_1 "
                "ON book_tag_1.tag_id = t.id AND t.name = $1::text) "
                "ON book_tag_1.book_id = book.id"
            ),
        ),
        (
            select(Node.id).join(Node.children.of_type(child).where(Node.name == "x")),
            (
                "SELECT node.id FROM node JOIN node AS c "
                "ON c.parent_id = node.id AND c.name = $1::text"
            ),
        ),
    ],
)
def test_conditions_of_the_related_rows_join_with_them(statement: Any, text: str) -> None:
    assert sql(statement) == text


def test_filter_by_takes_relationships() -> None:
    by_author = select(Book).filter_by(author=User(id=1, email="x"), title="t")
    assert sql(by_author).endswith("WHERE book.author_id = $1::bigint AND book.title = $2::text")


def test_an_entity_can_be_read_from_a_subquery() -> None:
    recent = select(User).where(User.id > 3).subquery("s")
    found = aliased(User, recent)
    inner = (
        "(SELECT users.id, users.email, users.publisher_id FROM users "
        "WHERE users.id > $1::bigint) AS s"
    )
    assert sql(select(found).where(found.email == "x")) == (
        f"SELECT s.id, s.email, s.publisher_id FROM {inner} WHERE s.email = $2::text"
    )
    assert sql(select(Book.id, found.email).join(found, Book.author)) == (
        f"SELECT book.id, s.email FROM book JOIN {inner} ON s.id = book.author_id"
    )
    assert sql(select(found.id).where(found.books.any(title="x"))) == (
        f"SELECT s.id FROM {inner} WHERE EXISTS (SELECT book.id FROM book "
        "WHERE book.author_id = s.id AND book.title = $2::text)"
    )
    assert sql(select(found.publisher.to.name)) == (
        f"SELECT publisher_1.name FROM {inner} "
        "LEFT JOIN publisher AS publisher_1 ON publisher_1.id = s.publisher_id"
    )


@pytest.mark.parametrize(
    ("make", "message", "hint"),
    [
        (lambda: select(Publisher.id).join(User.books), "users, which is not in FROM", "join that"),
        (lambda: select(Book.id).join(User), "several foreign keys", "along a relationship"),
        (lambda: select(User.id).join(tag, User.books), "leads to Book, not to Tag", "aliased"),
        (
            lambda: select(Book.id).join(select(User.id).subquery(), Book.author),
            "leads to User",
            "aliased(entity, subquery)",
        ),
        (lambda: select(User.id).join(User.books, Book.id == 1), "no ON condition", "join(alias"),
        (lambda: select(Node.id).join(Node.children), "rows of the same table", "of_type(aliased"),
        (lambda: select(User.id).join(User.books.top(1)), "can't be joined", "lateral"),
        (lambda: aliased(User, select(User.id).subquery()), "has no column 'email'", "id"),
    ],
)
def test_what_can_not_be_joined_is_refused_with_the_way_out(
    make: Any, message: str, hint: str
) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        compiled(make())
    assert message in caught.value.message
    assert hint in str(caught.value.hint)
