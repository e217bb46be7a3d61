"""How many statements a flush of a graph sends, by its plan: each a round trip."""

from __future__ import annotations

from typing import Any

from asyncorm.models.attributes import Mapped, Related
from asyncorm.models.fields import column, foreign_key, generated, relationship
from asyncorm.models.model import Model
from asyncorm.sql.table import MetaData
from tests.support.library import (
    Author,
    Book,
    Country,
    Line,
    Node,
    Note,
    Order,
    loaded,
    plan_of,
    stored,
    unit_of,
)


class Base(Model):
    metadata = MetaData()


class Page(Base, table="page"):
    id: Mapped[int] = generated(primary_key=True)
    number: Mapped[int] = column(default=0)
    next_id: Mapped[int | None] = foreign_key("page.id")
    next: Related[Page | None] = relationship(post_update=True, remote_side="id")


Base.metadata.configure()


def verbs(unit: Any) -> list[str]:
    return [batch.kind.value for batch in plan_of(unit).batches]


def tree(width: int) -> Node:
    return Node(children=[Node(children=[Node() for _ in range(width)]) for _ in range(width)])


def test_f8_a_tree_of_three_levels_takes_three_statements_whatever_its_width() -> None:
    assert verbs(unit_of(tree(1))) == verbs(unit_of(tree(20))) == ["INSERT"] * 3


def test_f8_a_tree_is_deleted_by_one_statement() -> None:
    unit = unit_of()
    nodes = [Node(id=n, parent_id=(n - 1) // 3 if n else None) for n in range(40)]
    stored(unit, *nodes)
    for node in nodes:
        unit.delete(node)
    assert verbs(unit) == ["DELETE"]


def test_e13_two_unrelated_chains_take_a_statement_for_each_table() -> None:
    rows: list[Any] = []
    for number in range(10):
        rows.append(Order(lines=[Line(notes=[Note()])]))
        rows.append(Author(name=str(number), books=[Book(title="t")]))
    assert verbs(unit_of(*rows)) == ["INSERT"] * 5


def test_a_mixed_graph_takes_a_statement_for_each_table_and_kind() -> None:
    unit = unit_of()
    orders = [Order(id=n) for n in range(20)]
    lines = [Line(id=n, order_id=n) for n in range(20)]
    stored(unit, *orders, *lines)
    for order, line in zip(orders, lines, strict=True):
        loaded(order, Order.lines, line)
        loaded(line, Line.notes)
        order.name = "new"
    for line in lines[:5]:
        unit.delete(line)
    for order, line in zip(orders[5:10], lines[5:10], strict=True):
        line.text = "changed"
        order.lines.append(Line())
    unit.add(Order(lines=[Line(notes=[Note()])]))
    assert verbs(unit) == ["UPDATE", "INSERT", "UPDATE", "INSERT", "INSERT", "DELETE"]


def test_f11_many_rows_are_switched_by_one_statement() -> None:
    unit = unit_of()
    old = [Country(code=str(n)) for n in range(50)]
    stored(unit, *old)
    for country in old:
        loaded(country, Country.cities)
        unit.delete(country)
    for country in old:
        unit.add(Country(code=country.code, name="new"))
    assert verbs(unit) == ["UPDATE"]


def test_e09_many_rows_are_post_updated_by_one_statement() -> None:
    pages = [Page(number=n) for n in range(50)]
    for page, following in zip(pages, (*pages[1:], pages[0]), strict=True):
        page.next = following
    assert verbs(unit_of(*pages)) == ["INSERT", "UPDATE"]


def test_d9_a_hundred_freed_names_take_two_statements() -> None:
    unit = unit_of()
    old = [Author(name=str(n)) for n in range(100)]
    for number, author in enumerate(old):
        author.id = number
    stored(unit, *old)
    for author in old:
        loaded(author, Author.books)
        unit.delete(author)
    for author in old:
        unit.add(Author(name=author.name))
    assert verbs(unit) == ["DELETE", "INSERT"]


def test_e18_a_flush_without_changes_has_no_statement() -> None:
    order, unit = Order(id=1, name="a"), unit_of()
    stored(unit, order)
    order.name = "b"
    order.name = "a"
    assert verbs(unit) == []
