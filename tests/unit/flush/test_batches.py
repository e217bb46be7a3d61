from __future__ import annotations

from typing import Any

from asyncorm.flush import batches as flush_batches
from asyncorm.flush.batches import delete_batch
from asyncorm.flush.link import Link
from asyncorm.flush.plan import Batch
from asyncorm.flush.row import LinksOf
from asyncorm.mapping.written_part import WrittenPart
from asyncorm.sql.functions.func import func
from tests.support.library import Author, Book, City, Node, Order, Sum, stored, unit_of


def part_of(instance: Any) -> WrittenPart:
    [part] = type(instance).__mapper__.written_parts
    return part


def insert_batches(instances: list[Any], links_of: LinksOf) -> list[Batch]:
    return flush_batches.insert_batches(part_of(instances[0]), instances, links_of)


def update_batches(updates: dict[Any, tuple[str, ...]], links_of: LinksOf) -> list[Batch]:
    return flush_batches.update_batches(part_of(next(iter(updates))), updates, links_of)


def no_links(instance: Any) -> list[Link]:
    return []


def shapes(batches: list[Batch]) -> list[tuple[tuple[str, ...], tuple[str, ...], int]]:
    return [(batch.columns, batch.returning, len(batch.instances)) for batch in batches]


def new(*instances: Any) -> list[Any]:
    unit_of(*instances)
    return list(instances)


def test_rows_of_one_shape_share_a_batch() -> None:
    authors = new(Author(name="a"), Author(name="b", age=3), Author(name="c"))
    assert shapes(insert_batches(authors, no_links)) == [(("name", "age"), ("id", "created_at"), 3)]


def test_a_given_key_makes_another_batch() -> None:
    orders = new(Order(id=5), Order(), Order(id=6))
    batches = insert_batches(orders, no_links)
    assert shapes(batches) == [(("id", "name"), (), 2), (("name",), ("id",), 1)]
    assert batches[0].instances == [orders[0], orders[2]]


def test_none_for_a_server_default_is_not_the_same_as_nothing() -> None:
    nothing, none = new(Node(), Node())
    none.made_at = None
    assert shapes(insert_batches([nothing, none], no_links)) == [
        (("name", "parent_id"), ("id", "made_at"), 1),
        (("name", "made_at", "parent_id"), ("id",), 1),
    ]


def test_a_computed_column_is_never_written() -> None:
    [batch] = insert_batches(new(Sum(a=1, b=2)), no_links)
    assert (batch.columns, batch.returning) == (("a", "b"), ("id", "total"))


def test_a_key_filled_by_a_link_is_written() -> None:
    order, city = Order(), City(number=1, country_code="x")
    key = City.__table__.foreign_keys[0]
    unit_of(order, city)
    [batch] = insert_batches([city], lambda child: [Link(child, order, key)])
    assert batch.columns == ("country_code", "number")
    assert len(batch.links) == 1


def test_a_row_with_an_expression_has_a_batch_of_its_own() -> None:
    first, second, third = new(Book(title="1"), Book(title="2"), Book(title="3"))
    second.title = func.upper("x")
    batches = insert_batches([first, second, third], no_links)
    assert [(len(batch.instances), batch.expressions) for batch in batches] == [
        (2, False),
        (1, True),
    ]
    assert batches[1].returning == ("id", "title", "pages", "author_id")


def test_an_expression_replaced_by_a_value_is_none_any_more() -> None:
    [book] = new(Book(title="1"))
    book.title = func.upper("x")
    book.title = "y"
    assert not insert_batches([book], no_links)[0].expressions


def persistent(*instances: Any) -> list[Any]:
    stored(unit_of(), *instances)
    return list(instances)


def test_updates_of_the_same_columns_share_a_batch_in_key_order() -> None:
    orders = persistent(Order(id=3), Order(id=1), Order(id=2))
    [batch] = update_batches(dict.fromkeys(orders, ("name",)), no_links)
    assert [order.id for order in batch.instances] == [1, 2, 3]


def test_updates_of_different_columns_are_different_batches() -> None:
    first, second = persistent(Node(id=1), Node(id=2))
    batches = update_batches({first: ("name",), second: ("name", "parent_id")}, no_links)
    assert shapes(batches) == [(("name",), (), 1), (("name", "parent_id"), (), 1)]


def test_an_update_gets_back_what_the_server_computes() -> None:
    [row] = persistent(Sum(id=1, a=1, b=2))
    [batch] = update_batches({row: ("a",)}, no_links)
    assert batch.returning == ("total",)


def test_an_update_by_an_expression_gets_its_value_back() -> None:
    [row] = persistent(Sum(id=1, a=1, b=2))
    row.a = Sum.a + 1
    [batch] = update_batches({row: ("a",)}, no_links)
    assert (batch.expressions, batch.returning) == (True, ("a", "total"))


def test_deletes_are_one_batch_a_table_in_key_order() -> None:
    orders = persistent(Order(id=2), Order(id=1))
    batch = delete_batch(part_of(orders[0]), orders)
    assert [order.id for order in batch.instances] == [1, 2]


def test_keys_that_can_not_be_sorted_keep_the_order_they_came_in() -> None:
    cities = persistent(City(country_code="b", number=1), City(country_code="a", number=2))
    cities[0].__dict__["number"] = cities[1].__dict__["country_code"] = None
    batch = delete_batch(part_of(cities[0]), cities)
    assert batch.instances == cities
