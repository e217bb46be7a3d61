from __future__ import annotations

from typing import Any

import pytest

from asyncorm.errors import InvalidRequestError
from asyncorm.sql.constructs import literal, true
from asyncorm.sql.functions.func import func
from asyncorm.sql.sources import aliased
from asyncorm.sql.statements.query import except_, intersect, union, union_all
from asyncorm.sql.statements.select import exists, select
from tests.support.language import BOOK_COLUMNS, USER_COLUMNS, Book, User, compiled

USERS, BOOK = '"users"', '"library"."book"'


@pytest.mark.parametrize(
    ("statement", "sql", "values"),
    [
        (select(User), f"SELECT {USER_COLUMNS} FROM {USERS}", []),
        (
            select(User.id, User.active),
            f'SELECT "users"."id", "users"."is_active" FROM {USERS}',
            [],
        ),
        (select(literal(5)), "SELECT $1::bigint", [5]),
        (
            select(User.id).where(User.id == 5, User.email == "x").where(User.active),
            (
                f'SELECT "users"."id" FROM {USERS} WHERE "users"."id" = $1::bigint '
                'AND "users"."email" = $2::text AND "users"."is_active"'
            ),
            [5, "x"],
        ),
        (
            select(User.id).where((User.id == 1) | (User.id == 2), User.active),
            (
                f'SELECT "users"."id" FROM {USERS} WHERE ("users"."id" = $1::bigint '
                'OR "users"."id" = $2::bigint) AND "users"."is_active"'
            ),
            [1, 2],
        ),
        (
            select(User.id).filter_by(active=True, age=None),
            (
                f'SELECT "users"."id" FROM {USERS} WHERE "users"."is_active" = $1::boolean '
                'AND "users"."age" IS NULL'
            ),
            [True],
        ),
        (
            select(User.id).order_by(
                User.age.desc().nulls_last(), User.id, User.email.nulls_first()
            ),
            (
                f'SELECT "users"."id" FROM {USERS} ORDER BY "users"."age" DESC NULLS LAST, '
                '"users"."id", "users"."email" NULLS FIRST'
            ),
            [],
        ),
        (
            select(User.id).limit(10).offset(20),
            f'SELECT "users"."id" FROM {USERS} LIMIT $1::bigint OFFSET $2::bigint',
            [10, 20],
        ),
        (
            select(User.age, func.count().label("n"))
            .group_by(User.age)
            .having(func.count() > 1)
            .order_by(func.count().label("n").desc()),
            (
                f'SELECT "users"."age", count(*) AS "n" FROM {USERS} GROUP BY "users"."age" '
                'HAVING count(*) > $1::bigint ORDER BY "n" DESC'
            ),
            [1],
        ),
        (select(User.age).distinct(), f'SELECT DISTINCT "users"."age" FROM {USERS}', []),
        (
            select(User.id).distinct(User.age),
            f'SELECT DISTINCT ON ("users"."age") "users"."id" FROM {USERS}',
            [],
        ),
        (select(func.count()).select_from(User), f"SELECT count(*) FROM {USERS}", []),
        (
            select(func.count()).where(User.id > 3),
            f'SELECT count(*) FROM {USERS} WHERE "users"."id" > $1::bigint',
            [3],
        ),
        (
            select(User.id, Book.title).where(User.id == Book.author_id),
            (
                f'SELECT "users"."id", "library"."book"."title" FROM {USERS}, {BOOK} '
                'WHERE "users"."id" = "library"."book"."author_id"'
            ),
            [],
        ),
    ],
)
def test_select(statement: Any, sql: str, values: list[object]) -> None:
    assert compiled(statement) == (sql, values)


ON = 'ON "library"."book"."author_id" = "users"."id"'


@pytest.mark.parametrize(
    ("statement", "sql"),
    [
        (select(User.id).join(Book), f'SELECT "users"."id" FROM {USERS} JOIN {BOOK} {ON}'),
        (
            select(User.id).outerjoin(Book, Book.author_id == User.id),
            f'SELECT "users"."id" FROM {USERS} LEFT JOIN {BOOK} {ON}',
        ),
        (
            select(User.id).join(User.books),  # type: ignore[attr-defined]
            f'SELECT "users"."id" FROM {USERS} JOIN {BOOK} {ON}',
        ),
        (
            select(func.count()).join(User.books),  # type: ignore[attr-defined]
            f"SELECT count(*) FROM {USERS} JOIN {BOOK} {ON}",
        ),
        (
            select(User.id, Book.title).join(Book),
            f'SELECT "users"."id", "library"."book"."title" FROM {USERS} JOIN {BOOK} {ON}',
        ),
        (
            select(Book.title).join(User).filter_by(active=True),
            (
                f'SELECT "library"."book"."title" FROM {BOOK} JOIN {USERS} {ON} '
                'WHERE "users"."is_active" = $1::boolean'
            ),
        ),
    ],
)
def test_joins(statement: Any, sql: str) -> None:
    assert compiled(statement)[0] == sql


def test_each_join_goes_to_the_element_of_from_that_its_condition_names() -> None:
    other = aliased(User, "other")
    statement = select(User.id, other.id).join(Book, Book.author_id == User.id)
    assert compiled(statement)[0] == (
        f'SELECT "users"."id", "other"."id" FROM {USERS} JOIN {BOOK} {ON}, "users" AS "other"'
    )


def test_an_alias_has_columns_of_its_own() -> None:
    boss = aliased(User, "boss")
    statement = select(User.id, boss.email).join(boss, boss.id == User.age)
    assert compiled(statement)[0] == (
        f'SELECT "users"."id", "boss"."email" FROM {USERS} '
        'JOIN "users" AS "boss" ON "boss"."id" = "users"."age"'
    )


def test_aliases_without_names_are_numbered() -> None:
    first, second = aliased(User), aliased(User)
    statement = select(first.id, second.id).where(first.id < second.id)
    assert compiled(statement)[0] == (
        'SELECT "users_1"."id", "users_2"."id" FROM "users" AS "users_1", "users" AS "users_2" '
        'WHERE "users_1"."id" < "users_2"."id"'
    )


def test_an_alias_can_be_selected_as_entity() -> None:
    boss = aliased(User, "boss")
    sql, _ = compiled(select(boss))
    expected = USER_COLUMNS.replace('"users".', '"boss".')
    assert sql == f'SELECT {expected} FROM "users" AS "boss"'


def test_a_relationship_can_be_joined_to_an_alias() -> None:
    novel = aliased(Book, "novel")
    statement = select(User.id).join(novel, User.books)  # type: ignore[attr-defined]
    assert compiled(statement)[0] == (
        f'SELECT "users"."id" FROM {USERS} '
        'JOIN "library"."book" AS "novel" ON "novel"."author_id" = "users"."id"'
    )


def test_a_relationship_of_an_alias_starts_at_the_alias() -> None:
    boss: Any = aliased(User, "boss")
    assert compiled(select(boss.id).join(boss.books))[0] == (
        'SELECT "boss"."id" FROM "users" AS "boss" '
        f'JOIN {BOOK} ON "library"."book"."author_id" = "boss"."id"'
    )


@pytest.mark.parametrize(
    ("options", "sql"),
    [
        ({}, "FOR UPDATE"),
        ({"read": True}, "FOR SHARE"),
        ({"key_share": True}, "FOR NO KEY UPDATE"),
        ({"read": True, "key_share": True}, "FOR KEY SHARE"),
        ({"nowait": True}, "FOR UPDATE NOWAIT"),
        ({"skip_locked": True}, "FOR UPDATE SKIP LOCKED"),
        ({"of": Book}, 'FOR UPDATE OF "book"'),
        ({"of": [Book, User]}, 'FOR UPDATE OF "book", "users"'),
    ],
)
def test_row_locks(options: dict[str, Any], sql: str) -> None:
    statement = select(Book).join(User).with_for_update(**options)
    assert compiled(statement)[0] == f"SELECT {BOOK_COLUMNS} FROM {BOOK} JOIN {USERS} {ON} {sql}"


def test_a_nested_query_does_not_repeat_a_source_from_outside() -> None:
    statement = select(User.id).where(exists(select(Book.id).where(Book.author_id == User.id)))
    assert compiled(statement)[0] == (
        f'SELECT "users"."id" FROM {USERS} WHERE EXISTS (SELECT "library"."book"."id" '
        f'FROM {BOOK} WHERE "library"."book"."author_id" = "users"."id")'
    )


def test_correlation_does_not_depend_on_the_order_of_conditions() -> None:
    inner = exists(select(Book.id).where(Book.author_id == User.id))
    sql, _ = compiled(select(literal(1)).where(inner).where(User.active))
    assert sql.count('FROM "users"') == 1


def test_a_nested_query_keeps_its_only_source() -> None:
    statement = select(User.id).where(User.age == select(func.max(User.age)).scalar_subquery())
    assert compiled(statement)[0] == (
        f'SELECT "users"."id" FROM {USERS} '
        f'WHERE "users"."age" = (SELECT max("users"."age") FROM {USERS})'
    )


def test_a_scalar_subquery_can_be_selected() -> None:
    books = select(func.count()).where(Book.author_id == User.id).scalar_subquery().label("books")
    assert compiled(select(User.id, books).order_by(books))[0] == (
        f'SELECT "users"."id", (SELECT count(*) FROM {BOOK} '
        'WHERE "library"."book"."author_id" = "users"."id") AS "books" '
        f'FROM {USERS} ORDER BY "books"'
    )


def test_a_subquery_has_columns() -> None:
    counts = (
        select(Book.author_id, func.count().label("n"))
        .where(Book.title != "q")
        .group_by(Book.author_id)
        .subquery("counts")
    )
    statement = (
        select(User.email, counts.c.n)
        .join(counts, counts.c.author_id == User.id)
        .where(counts.c.n > 1)
    )
    assert compiled(statement) == (
        (
            f'SELECT "users"."email", "counts"."n" FROM {USERS} '
            f'JOIN (SELECT "library"."book"."author_id", count(*) AS "n" FROM {BOOK} '
            'WHERE "library"."book"."title" <> $1::text GROUP BY "library"."book"."author_id") '
            'AS "counts" ON "counts"."author_id" = "users"."id" WHERE "counts"."n" > $2::bigint'
        ),
        ["q", 1],
    )


def test_a_subquery_of_an_entity_is_not_cast_inside() -> None:
    inner = select(User).subquery()
    sql, _ = compiled(select(inner.c.settings, inner.c["mood"]))
    assert sql == (
        'SELECT "subquery_1"."settings"::text, "subquery_1"."mood"::text FROM '
        f'(SELECT {USER_COLUMNS.replace("::text", "")} FROM "users") AS "subquery_1"'
    )


def test_a_lateral_subquery_sees_what_stands_beside_it() -> None:
    last = select(Book.title).where(Book.author_id == User.id).limit(1).lateral("last")
    assert compiled(select(User.id, last.c.title).outerjoin(last, true()))[0] == (
        f'SELECT "users"."id", "last"."title" FROM {USERS} '
        f'LEFT JOIN LATERAL (SELECT "library"."book"."title" FROM {BOOK} '
        'WHERE "library"."book"."author_id" = "users"."id" LIMIT $1::bigint) AS "last" ON TRUE'
    )


def test_a_common_table_expression_is_written_once() -> None:
    adults = select(User.id).where(User.age > 17).cte("adults")
    statement = select(adults.c.id).where(adults.c.id.in_(select(adults.c.id).limit(3)))
    assert compiled(statement) == (
        (
            f'WITH "adults" AS (SELECT "users"."id" FROM {USERS} '
            'WHERE "users"."age" > $1::integer) '
            'SELECT "adults"."id" FROM "adults" '
            'WHERE "adults"."id" IN (SELECT "adults"."id" FROM "adults" LIMIT $2::bigint)'
        ),
        [17, 3],
    )


def test_a_recursive_common_table_expression() -> None:
    base = select(User.id, User.age).where(User.id == 1).cte("tree", recursive=True)
    tree = base.union_all(select(User.id, User.age).join(base, base.c.id == User.age))
    assert compiled(select(tree.c.id))[0] == (
        f'WITH RECURSIVE "tree" AS (SELECT "users"."id", "users"."age" FROM {USERS} '
        'WHERE "users"."id" = $1::bigint UNION ALL SELECT "users"."id", "users"."age" '
        f'FROM {USERS} JOIN "tree" ON "tree"."id" = "users"."age") SELECT "tree"."id" FROM "tree"'
    )


@pytest.mark.parametrize(
    ("operation", "word"),
    [(union, "UNION"), (union_all, "UNION ALL"), (intersect, "INTERSECT"), (except_, "EXCEPT")],
)
def test_set_operations(operation: Any, word: str) -> None:
    statement = operation(select(User.id), select(Book.author_id)).order_by(User.id).limit(3)
    assert compiled(statement) == (
        (
            f'SELECT "users"."id" FROM {USERS} {word} SELECT "library"."book"."author_id" '
            f'FROM {BOOK} ORDER BY "id" LIMIT $1::bigint'
        ),
        [3],
    )


def test_a_branch_with_limit_stands_in_parentheses() -> None:
    statement = union_all(select(User.id).limit(1), union(select(User.id), select(User.age)))
    assert compiled(statement)[0] == (
        f'(SELECT "users"."id" FROM {USERS} LIMIT $1::bigint) UNION ALL '
        f'(SELECT "users"."id" FROM {USERS} UNION SELECT "users"."age" FROM {USERS})'
    )


def test_every_method_gives_a_new_statement() -> None:
    first = select(User.id)
    text = str(first)
    first.where(User.id == 1), first.order_by(User.id), first.limit(1), first.distinct()
    first.join(Book), first.group_by(User.id), first.with_for_update(), first.into(dict)
    assert str(first) == text


def test_printing_a_statement_shows_sql_without_values() -> None:
    assert str(select(User.id).where(User.email == "secret")) == (
        f'SELECT "users"."id" FROM {USERS} WHERE "users"."email" = $1::text'
    )


@pytest.mark.parametrize("value", ["1; drop table users", "1", True, 1.5, -1, 10**30, None, [1]])
@pytest.mark.parametrize("clause", ["limit", "offset"])
def test_limit_and_offset_take_whole_numbers_only(clause: str, value: Any) -> None:
    with pytest.raises(InvalidRequestError, match=rf"{clause}\(\) takes a (whole )?number"):
        getattr(select(User), clause)(value)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: select(), "select\\(\\) was given nothing"),
        (lambda: select("id"), "select\\(\\) can't select a str"),
        (lambda: select(int), "select\\(\\) can't select int"),
        (lambda: select(User.books), "options\\(selectinload"),  # type: ignore[attr-defined]
        (lambda: select(select(User.id).subquery()), "subquery.c.id"),
        (lambda: select(User).where(True), "a condition must be a SQL expression"),
        (lambda: select(User).where("1=1"), "a condition must be a SQL expression"),
        (lambda: select(User).order_by("id; drop table users"), "order_by\\(\\) takes columns"),
        (lambda: select(User).group_by("id"), "group_by\\(\\) takes columns"),
        (lambda: select(User).distinct("id"), "distinct\\(\\) takes columns"),
        (lambda: select(User).having("x"), "a condition must be"),
        (lambda: select(User).join("book"), "str has no table"),
        (lambda: select(User).join(int), "int has no table"),
        (lambda: select(User).options("books"), "options\\(\\) takes loader options"),
        (lambda: select(User).options(User.active), "options\\(\\) takes loader options"),
        (
            lambda: select(User).filter_by(emial="x"),
            "no column 'emial'\nhint: did you mean 'email'",
        ),
        (lambda: select(func.count()).filter_by(email="x"), "filter_by\\(\\) can't tell"),
        (lambda: select(User).with_for_update(nowait=True, skip_locked=True), "choose nowait"),
        (lambda: select(User).join(User.books, User.active), "takes no ON"),  # type: ignore[attr-defined]
        (lambda: exists(User), "exists\\(\\) takes a select"),
        (lambda: User.id.in_(select(User)), "must select one column, this one has 8"),
        (lambda: union(select(User.id)), "takes two or more"),
        (lambda: aliased(aliased(User)), "make each alias from the model"),
        (lambda: select(User.id).subquery().c.nope, "the subquery has no column 'nope'"),
        (lambda: select(User.id, User.id).subquery().c.id, "several columns 'id'"),
        (lambda: select(User.id).subquery("x" * 64), "longer than PostgreSQL's 63 bytes"),
        (lambda: select(User.id).subquery().union(select(User.id)), "only a common table"),
    ],
)
def test_a_wrong_request_is_refused_when_the_statement_is_built(build: Any, message: str) -> None:
    with pytest.raises(InvalidRequestError, match=message):
        build()


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (select(User.id).join(aliased(User, "boss")), "no foreign key links it"),
        (select(User.id).join(Book).join(Book), "a table is joined that is in FROM already"),
        (select(literal(1)).join(User, true()), "there is nothing to join User to"),
    ],
)
def test_a_join_that_can_not_be_placed_is_refused(statement: Any, message: str) -> None:
    with pytest.raises(InvalidRequestError, match=message):
        str(statement)


def test_two_common_table_expressions_can_not_share_a_name() -> None:
    first, second = select(User.id).cte("a"), select(User.age).cte("a")
    with pytest.raises(InvalidRequestError, match="named 'a'"):
        str(select(first.c.id, second.c.age))
