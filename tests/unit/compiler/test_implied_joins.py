"""Columns over a to-one relationship bring their LEFT JOIN: once a path, where its owner is."""

from __future__ import annotations

from typing import Any

import pytest

from asyncorm import aliased, case, delete, exists, func, insert, select, union, update
from asyncorm import sql as raw
from asyncorm.compiler.cache import StatementCache
from asyncorm.errors import InvalidRequestError
from asyncorm.sql.adapted import adapted
from tests.support.language import compiled
from tests.support.publishing import Book, Node, Publisher, Shelf, User

AUTHOR = "LEFT JOIN users AS users_1 ON users_1.id = book.author_id"
alias = aliased(Book, "b")


def sql(statement: Any) -> str:
    return compiled(statement)[0].replace('"', "")


@pytest.mark.parametrize(
    ("statement", "text"),
    [
        (
            select(Book.id).where(Book.author.to.email == "x", Book.author.to.id > 1),
            (
                f"SELECT book.id FROM book {AUTHOR} "
                "WHERE users_1.email = $1::text AND users_1.id > $2::bigint"
            ),
        ),
        (select(Book.author.to.email), f"SELECT users_1.email FROM book {AUTHOR}"),
        (
            select(Book.id).order_by(Book.author.to.email.desc()),
            f"SELECT book.id FROM book {AUTHOR} ORDER BY users_1.email DESC",
        ),
        (
            select(Book.author.to.email, func.count()).group_by(Book.author.to.email),
            f"SELECT users_1.email, count(*) FROM book {AUTHOR} GROUP BY users_1.email",
        ),
        (
            select(func.count()).select_from(Book).having(func.max(Book.author.to.id) > 1),
            f"SELECT count(*) FROM book {AUTHOR} HAVING max(users_1.id) > $1::bigint",
        ),
        (
            select(case((Book.author.to.email == "x", Book.id), else_=0)).distinct(
                Book.author.to.id
            ),
            (
                "SELECT DISTINCT ON (users_1.id) CASE WHEN users_1.email = $1::text THEN book.id "
                f"ELSE $2::bigint END FROM book {AUTHOR}"
            ),
        ),
        (
            select(Book.author.to.email, Book.editor.to.email),
            (
                f"SELECT users_1.email, users_2.email FROM book {AUTHOR} "
                "LEFT JOIN users AS users_2 ON users_2.id = book.editor_id"
            ),
        ),
        (
            select(alias.id).where(alias.author.to.email == "x", alias.author.to.id == 1),
            (
                "SELECT b.id FROM book AS b LEFT JOIN users AS users_1 ON users_1.id = b.author_id "
                "WHERE users_1.email = $1::text AND users_1.id = $2::bigint"
            ),
        ),
        (
            select(Book.author.to.publisher.to.name, Book.author.to.email),
            (
                "SELECT publisher_1.name, users_1.email FROM book "
                f"{AUTHOR} LEFT JOIN publisher AS publisher_1 "
                "ON publisher_1.id = users_1.publisher_id"
            ),
        ),
        (
            select(Book.shelf.to.room).where(Book.id == 1),
            (
                "SELECT shelf_1.room FROM book LEFT JOIN shelf AS shelf_1 "
                "ON shelf_1.room = book.shelf_room AND shelf_1.number = book.shelf_number "
                "WHERE book.id = $1::bigint"
            ),
        ),
        (
            select(User.profile.to.text),
            (
                "SELECT profile_1.text FROM users "
                "LEFT JOIN profile AS profile_1 ON profile_1.user_id = users.id"
            ),
        ),
    ],
)
def test_a_path_is_joined_once_wherever_its_columns_stand(statement: Any, text: str) -> None:
    assert sql(statement) == text


def test_an_explicit_join_of_the_same_relationship_is_another_one() -> None:
    both = select(Book.id).join(Book.author).where(Book.author.to.email == User.email)
    assert sql(both) == (
        f"SELECT book.id FROM book {AUTHOR} JOIN users ON users.id = book.author_id "
        "WHERE users_1.email = users.email"
    )


def test_a_join_may_speak_of_a_path_before_it() -> None:
    same_mail = select(Book.id).join(User, User.email == Book.author.to.email)
    assert sql(same_mail) == (
        f"SELECT book.id FROM book {AUTHOR} JOIN users ON users.email = users_1.email"
    )


def test_a_join_that_speaks_of_a_path_from_its_own_target_takes_it_along() -> None:
    edited = (Book.author_id == User.id) & (Book.editor.to.email == "x")
    assert sql(select(User.id).outerjoin(Book, edited)) == (
        "SELECT users.id FROM users LEFT JOIN (book "
        "LEFT JOIN users AS users_1 ON users_1.id = book.editor_id) "
        "ON book.author_id = users.id AND users_1.email = $1::text"
    )


def test_so_does_a_join_whose_condition_was_written_for_the_entity() -> None:
    edited = adapted(Book.editor.to.email == "x", (Book.__table__, alias))
    joined = select(User.id).outerjoin(alias, (alias.author_id == User.id) & edited)
    assert sql(joined) == (
        "SELECT users.id FROM users LEFT JOIN (book AS b "
        "LEFT JOIN users AS users_1 ON users_1.id = b.editor_id) "
        "ON b.author_id = users.id AND users_1.email = $1::text"
    )


def test_the_statement_that_has_the_owner_joins() -> None:
    inner = select(User.id).where(User.books.any(Book.author.to.email == "x"))
    assert sql(inner) == (
        "SELECT users.id FROM users WHERE EXISTS (SELECT book.id FROM book "
        f"{AUTHOR} WHERE book.author_id = users.id AND users_1.email = $1::text)"
    )
    outer = exists(select(Publisher.id).where(Publisher.name == User.publisher.to.name))
    assert sql(select(User.id).where(outer)) == (
        "SELECT users.id FROM users "
        "LEFT JOIN publisher AS publisher_1 ON publisher_1.id = users.publisher_id "
        "WHERE EXISTS (SELECT publisher.id FROM publisher "
        "WHERE publisher.name = publisher_1.name)"
    )
    own = select(Book.id).where(Book.author.to.email == "x")
    assert sql(select(Book.id).where(Book.id.in_(own))) == (
        "SELECT book.id FROM book WHERE book.id IN (SELECT book.id FROM book "
        f"{AUTHOR} WHERE users_1.email = $1::text)"
    )


def test_each_branch_of_a_union_and_each_cte_joins_for_itself() -> None:
    two = union(select(Book.author.to.email), select(Book.author.to.email).where(Book.id == 1))
    assert sql(two) == (
        f"SELECT users_1.email FROM book {AUTHOR} UNION "
        f"SELECT users_1.email FROM book {AUTHOR} WHERE book.id = $1::bigint"
    )
    cte = select(Book.author.to.email).cte("mails")
    assert sql(select(cte.c.email)) == (
        f"WITH mails AS (SELECT users_1.email FROM book {AUTHOR}) SELECT mails.email FROM mails"
    )


def test_conditions_of_the_related_rows_start_at_the_path() -> None:
    assert sql(select(Book.id).where(Book.author.to.publisher.has(name="x"))) == (
        f"SELECT book.id FROM book {AUTHOR} WHERE EXISTS (SELECT publisher.id FROM publisher "
        "WHERE publisher.id = users_1.publisher_id AND publisher.name = $1::text)"
    )
    # Book is in the statement around it already: the author's books need another name
    assert sql(select(Book.id).where(Book.author.to.books.any(Book.title == "x"))) == (
        f"SELECT book.id FROM book {AUTHOR} WHERE EXISTS (SELECT book_1.id FROM book AS book_1 "
        "WHERE book_1.author_id = users_1.id AND book_1.title = $1::text)"
    )
    other = aliased(Book, "o")
    assert sql(select(other.id).select_from(Book).join(Book.author.to.books.of_type(other))) == (
        f"SELECT o.id FROM book {AUTHOR} JOIN book AS o ON o.author_id = users_1.id"
    )


def test_a_path_of_a_self_reference_leads_on_from_the_related_row() -> None:
    assert sql(select(Node.id).where(Node.children.any(Node.parent.to.name == "x"))) == (
        "SELECT node.id FROM node WHERE EXISTS (SELECT node_1.id FROM node AS node_1 "
        "LEFT JOIN node AS node_2 ON node_2.id = node_1.parent_id "
        "WHERE node_1.parent_id = node.id AND node_2.name = $1::text)"
    )


def test_only_what_was_there_without_the_path_is_locked() -> None:
    assert sql(select(Book.id).where(Book.author.to.id == 1).with_for_update(nowait=True)) == (
        f"SELECT book.id FROM book {AUTHOR} WHERE users_1.id = $1::bigint FOR UPDATE OF book NOWAIT"
    )


def test_a_statement_that_can_not_join_says_what_to_write() -> None:
    condition = Book.author.to.email == "x"
    for statement in (update(Book).values(title="y").where(condition), delete(Book)):
        with pytest.raises(InvalidRequestError, match="only a SELECT can have") as caught:
            compiled(statement.where(condition))
        assert "has(" in str(caught.value.hint)
    with pytest.raises(InvalidRequestError, match="only a SELECT"):
        compiled(insert(Book).values(id=1, title="x").returning(Book.author.to.email))
    found = select(alias.id).where(alias.author.to.email == "x")
    assert sql(update(Book).values(title="y").where(Book.id.in_(found))) == (
        "UPDATE book SET title = $1::text WHERE book.id IN (SELECT b.id FROM book AS b "
        "LEFT JOIN users AS users_1 ON users_1.id = b.author_id WHERE users_1.email = $2::text)"
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: select(User.id).order_by(Book.author.to.email), "book is not in FROM"),
        (lambda: raw("select {} from book", Book.author.to.email), "book is not in FROM"),
        (lambda: select(Book.id).join(Book.author.to), "joined wherever a column"),
        (lambda: select(func.count()).select_from(Book.author.to), "joined wherever a column"),
        (lambda: select(User.id).where(User.books.to.title == "x"), "is a collection"),
        (lambda: aliased(Book.author.to), "was given an alias"),
        (lambda: Book.author.of_type(aliased(User)).to.email, "two aliases"),
        (lambda: Book.author.to.nothing, "nothing"),
    ],
)
def test_misuse_is_refused(make: Any, message: str) -> None:
    with pytest.raises(InvalidRequestError, match=message):
        compiled(make())


def test_statements_of_one_shape_share_an_entry_of_the_cache() -> None:
    cache = StatementCache()
    for value in range(3):
        other = aliased(Book)
        statement = select(other.id).where(other.author.to.id == value)
        assert cache.get(statement).arguments(statement) == [value]
        direct = select(Book.id).where(Book.author.to.publisher.to.id == value)
        assert cache.get(direct).arguments(direct) == [value]
    assert len(cache) == 2
    edited = select(Book.id).where(Book.editor.to.id == 1)
    assert "editor_id" in cache.get(edited).sql


def test_what_is_printed_is_the_statement() -> None:
    statement = select(Book.id).where(Book.author.to.email == "x")
    assert str(statement).replace('"', "") == (
        f"SELECT book.id FROM book {AUTHOR} WHERE users_1.email = $1::text"
    )
    assert str(Book.author.to.email == "x") == '"users_1"."email" = $1::text'
    assert repr(Book.author.to) == "<Book.author.to>"
    assert Book.author.to is Book.author.to
    assert Shelf.books is Shelf.books
