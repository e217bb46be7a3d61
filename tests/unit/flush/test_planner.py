from __future__ import annotations

import pytest

from asyncorm.errors import CircularDependencyError
from asyncorm.sql.functions.func import func
from tests.support.library import (
    Author,
    Book,
    City,
    Country,
    Egg,
    Hen,
    Line,
    Node,
    Order,
    Player,
    Promise,
    Team,
    loaded,
    plan_of,
    steps,
    stored,
    unit_of,
)

INSERT_NODE = "INSERT node (name, parent_id) -> id, made_at"


def test_parents_are_inserted_before_children_whatever_was_added_first() -> None:  # E01
    author = Author(name="a")
    books = [Book(title="1", author=author), Book(title="2", author=author)]
    assert steps(plan_of(unit_of(*books, author))) == [
        "INSERT author (name, age) -> id, created_at: 1 row",
        "INSERT library.book (title, pages, author_id) -> id: 2 rows",
    ]


def test_children_are_deleted_before_parents() -> None:  # E02
    order, line, unit = Order(id=1), Line(id=2, order_id=1), unit_of()
    stored(unit, order, line)
    unit.delete(order)
    unit.delete(line)
    assert steps(plan_of(unit)) == ["DELETE line: 1 row", "DELETE order: 1 row"]


def test_references_are_emptied_before_their_target_is_deleted() -> None:  # E03, G04
    author, book, unit = Author(name="a"), Book(title="t"), unit_of()
    author.id, book.id, book.author_id = 1, 2, 1
    stored(unit, author, book)
    loaded(author, Author.books, book)
    unit.delete(author)
    assert steps(plan_of(unit)) == [
        "UPDATE library.book (author_id): 1 row",
        "DELETE author: 1 row",
    ]


def test_rows_are_inserted_as_added_and_changed_in_key_order() -> None:  # E04
    unit = unit_of()
    authors = [Author(name=str(number)) for number in range(6)]
    for author, key in zip(authors, (5, 3, 4, 1, 2, 6), strict=True):
        author.id = key
    stored(unit, *authors)
    for author in authors[:4]:
        author.name += "!"
    for author in authors[4:]:
        unit.delete(author)
    new = [Author(name=name) for name in "zyx"]
    for author in new:
        unit.add(author)
    update, insert, delete = plan_of(unit).batches
    assert [author.id for author in update.instances] == [1, 3, 4, 5]
    assert insert.instances == new
    assert [author.id for author in delete.instances] == [2, 6]


def test_updates_of_a_table_come_before_its_inserts() -> None:
    author, unit = Author(name="a"), unit_of()
    author.id = 1
    stored(unit, author)
    unit.add(Author(name="a"))
    author.name = "b"
    assert [batch.kind.value for batch in plan_of(unit).batches] == ["UPDATE", "INSERT"]


def test_a_changed_child_waits_for_its_new_parent() -> None:
    book, unit = Book(title="t"), unit_of()
    book.id = 1
    stored(unit, book)
    book.author = Author(name="a")
    assert steps(plan_of(unit)) == [
        "INSERT author (name, age) -> id, created_at: 1 row",
        "UPDATE library.book (author_id): 1 row",
    ]


def test_unrelated_tables_share_no_more_than_one_statement_each() -> None:  # E13
    unit = unit_of()
    for number in range(3):
        author = Author(name=str(number))
        unit.add(Order(id=number, lines=[Line(), Line()]))
        unit.add(Book(title="t", author=author))
    assert len(plan_of(unit)) == 4
    assert plan_of(unit).rows == 3 + 6 + 3 + 3


# ------------------------------------------------------------------------------- self-references


def test_a_tree_is_inserted_level_by_level() -> None:
    root = Node(children=[Node(children=[Node(), Node()]), Node()])
    assert steps(plan_of(unit_of(root))) == [
        f"{INSERT_NODE}: 1 row",
        f"{INSERT_NODE}: 2 rows",
        f"{INSERT_NODE}: 2 rows",
    ]


def test_a_tree_with_known_keys_is_one_statement() -> None:
    root = Node(id=1, children=[Node(id=2, children=[Node(id=3)])])
    assert steps(plan_of(unit_of(root))) == ["INSERT node (id, name, parent_id) -> made_at: 3 rows"]


def test_a_tree_linked_by_values_is_one_statement_too() -> None:
    child, root = Node(id=2, parent_id=1), Node(id=1)
    assert len(plan_of(unit_of(child, root))) == 1


def test_rows_with_known_keys_but_different_shapes_wait_for_each_other() -> None:
    moment = func.now()
    root, middle, leaf = Node(id=1), Node(id=2, parent_id=1), Node(id=3, parent_id=2)
    middle.made_at = moment  # type: ignore[assignment]
    plan = plan_of(unit_of(leaf, middle, root))
    assert [batch.instances for batch in plan.batches] == [[root], [middle], [leaf]]


def test_a_row_may_refer_to_itself() -> None:  # E10
    known, unknown = Node(id=1), Node()
    known.parent, unknown.parent = known, unknown
    assert steps(plan_of(unit_of(known))) == ["INSERT node (id, name, parent_id) -> made_at: 1 row"]
    assert steps(plan_of(unit_of(unknown))) == [
        f"{INSERT_NODE}: 1 row",
        "UPDATE node (parent_id): 1 row",
    ]


def test_a_changed_row_waits_for_the_new_row_of_its_own_table() -> None:
    moved, other, unit = Node(id=1), Node(id=2), unit_of()
    stored(unit, moved, other)
    moved.parent = Node(name="new")
    other.name = "x"
    assert [str(batch).partition(" (")[0] for batch in plan_of(unit).batches] == [
        "UPDATE node",
        "INSERT node",
        "UPDATE node",
    ]


def test_a_circle_of_rows_is_broken_by_a_later_update() -> None:
    first, second, third = Node(), Node(), Node()
    first.parent, second.parent, third.parent = second, third, first
    plan = plan_of(unit_of(first, second, third))
    assert steps(plan) == [f"{INSERT_NODE}: 3 rows", "UPDATE node (parent_id): 3 rows"]
    insert, update = plan.batches
    assert [link.parent for link in insert.links] == [None, None, None]
    assert [link.parent for link in update.links] == [second, third, first]


def test_a_circle_with_known_keys_needs_no_update() -> None:
    first, second = Node(id=1), Node(id=2)
    first.parent, second.parent = second, first
    assert len(plan_of(unit_of(first, second))) == 1


def test_a_whole_tree_is_deleted_by_one_statement() -> None:
    nodes = [Node(id=1), Node(id=2, parent_id=1), Node(id=3, parent_id=2)]
    unit = unit_of()
    stored(unit, *nodes)
    for node in nodes:
        unit.delete(node)
    assert steps(plan_of(unit)) == ["DELETE node: 3 rows"]


# ----------------------------------------------------------------------------- circles of tables


def test_a_circle_of_tables_without_a_circle_of_rows_needs_no_update() -> None:  # E11
    team = Team(players=[Player(), Player()])
    assert steps(plan_of(unit_of(team))) == [
        "INSERT team (captain_id) -> id: 1 row",
        "INSERT player (team_id) -> id: 2 rows",
    ]


def test_a_circle_of_tables_is_broken_over_its_nullable_key() -> None:
    teams = [Team(players=[Player(), Player()]) for _ in range(3)]
    for team in teams:
        team.captain = team.players[0]
    assert steps(plan_of(unit_of(*teams))) == [
        "INSERT team (captain_id) -> id: 3 rows",
        "INSERT player (team_id) -> id: 6 rows",
        "UPDATE team (captain_id): 3 rows",
    ]


def test_a_circle_made_of_values_is_broken_as_well() -> None:
    team, player = Team(id=1, captain_id=2), Player(id=2, team_id=1)
    plan = plan_of(unit_of(team, player))
    assert steps(plan) == [
        "INSERT team (id, captain_id): 1 row",
        "INSERT player (id, team_id): 1 row",
        "UPDATE team (captain_id): 1 row",
    ]
    for batch in plan.batches:
        for link in batch.links:
            link.apply()
        if batch is plan.batches[0]:
            assert team.captain_id is None
    assert team.captain_id == 2


def test_a_circle_of_tables_is_deleted_after_its_nullable_key() -> None:
    team, player = Team(id=1, captain_id=2), Player(id=2, team_id=1)
    unit = unit_of()
    stored(unit, team, player)
    unit.delete(player)
    unit.delete(team)
    assert steps(plan_of(unit)) == [
        "UPDATE team (captain_id): 1 row",
        "DELETE player: 1 row",
        "DELETE team: 1 row",
    ]


def test_the_order_of_deletes_is_that_of_the_stored_references() -> None:
    team, player = Team(id=1), Player(id=2, team_id=1)
    other = Team(id=3)
    unit = unit_of()
    stored(unit, team, player, other)
    team.captain_id = 2  # never written
    unit.delete(team)
    unit.delete(player)
    assert steps(plan_of(unit)) == ["DELETE player: 1 row", "DELETE team: 1 row"]


def test_rows_that_need_each_other_are_an_error_before_sql() -> None:
    hen, egg = Hen(), Egg()
    hen.egg, egg.hen = egg, hen
    with pytest.raises(CircularDependencyError, match="2 rows of Egg, Hen") as caught:
        plan_of(unit_of(hen, egg))
    assert "hint: make one foreign key of the circle nullable" in str(caught.value)


def test_rows_that_need_each_other_can_not_be_deleted_either() -> None:
    hen, egg, unit = Hen(id=1, egg_id=2), Egg(id=2, hen_id=1), unit_of()
    stored(unit, hen, egg)
    unit.delete(hen)
    unit.delete(egg)
    with pytest.raises(CircularDependencyError, match="2 rows of Egg, Hen"):
        plan_of(unit)


def test_keys_that_are_checked_at_commit_need_no_order() -> None:
    first, second = Promise(id=1, other_id=2), Promise(id=2, other_id=1)
    assert len(plan_of(unit_of(first, second))) == 1


def test_a_composite_key_that_contains_a_reference_follows_its_parent() -> None:
    cities = [City(number=number) for number in (1, 2)]
    country = Country(code="de", cities=cities)
    assert steps(plan_of(unit_of(*cities, country))) == [
        "INSERT country (code, name): 1 row",
        "INSERT city (country_code, number): 2 rows",
    ]


# ------------------------------------------------------------------------------------- the text


def test_a_plan_prints_its_statements_with_row_counts() -> None:
    unit = unit_of(*(Author(name=str(number)) for number in range(1200)))
    unit.add(Book(title="t", author=Author(name="x")))
    assert str(plan_of(unit)) == (
        "flush plan: 2 statements, 1,202 rows\n"
        "  1. INSERT author (name, age) -> id, created_at: 1,201 rows\n"
        "  2. INSERT library.book (title, pages, author_id) -> id: 1 row"
    )


def test_an_empty_plan_says_so() -> None:
    assert str(plan_of(unit_of())) == "flush plan: nothing to do"


def test_a_row_that_takes_the_key_of_another_one_comes_after_it() -> None:
    unit, orders = unit_of(), [Order(id=n) for n in (1, 2, 3, 4)]
    stored(unit, *orders)
    first, second, third, other = orders
    first.id, second.id, third.id, other.id = 2, 3, 9, 8
    batches = plan_of(unit).of_entities
    assert [batch.instances for batch in batches] == [[third, other], [second], [first]]


def test_rows_that_exchange_their_keys_share_a_statement() -> None:
    unit, first, second = unit_of(), Order(id=1), Order(id=2)
    stored(unit, first, second)
    first.id, second.id = 2, 1
    [batch] = plan_of(unit).of_entities
    assert batch.instances == [first, second]
