"""Link rows in the plan: early deletes, late inserts, and none for what goes anyway."""

from __future__ import annotations

from typing import Any

import pytest

from asyncorm.errors import FlushError
from asyncorm.flush import association, echo
from asyncorm.flush.association import Associations, referred_values
from asyncorm.flush.link_statements import association_statement
from asyncorm.flush.plan import AssociationBatch
from asyncorm.flush.statements import is_atomic
from asyncorm.models.attributes import Mapped, Related
from asyncorm.models.fields import column, foreign_key, relationship
from asyncorm.models.model import Model
from asyncorm.sql.table import ForeignKey, MetaData
from asyncorm.tracking.filling import fill_collection
from asyncorm.tracking.unit_of_work import UnitOfWork
from tests.support.library import plan_of, steps, stored, unit_of
from tests.support.links import Book, Linked, Reader, Tag


class Own(Model):
    metadata = MetaData()


class Group(Own, table="party"):
    id: Mapped[int] = column(primary_key=True)
    left: Related[list[Member]] = relationship(secondary="trusted", passive_deletes=True)
    careful: Related[list[Member]] = relationship(secondary="watched", passive_deletes=False)


class Member(Own, table="member"):
    id: Mapped[int] = column(primary_key=True)


class Trusted(Own, table="trusted"):
    group_id: Mapped[int] = foreign_key(Group.id, primary_key=True)
    member_id: Mapped[int] = foreign_key(Member.id, primary_key=True)


def held(unit: UnitOfWork, count: int = 2) -> tuple[Book, list[Tag]]:
    Linked.metadata.configure()
    book, tags = Book(), [Tag(name=f"{n}") for n in range(count)]
    book.id = 1
    for number, tag in enumerate(tags, 1):
        tag.id = number
    stored(unit, book, *tags)
    fill_collection(book, Book.tags, tags[:-1])
    return book, tags


def test_links_go_before_rows_and_come_after_them() -> None:
    unit = unit_of()
    book, tags = held(unit, 3)
    book.tags = [tags[2], Tag(name="new")]
    book.title = "changed"
    unit.delete(tags[0])
    assert steps(plan_of(unit)) == [
        "DELETE book_tag: 1 row",
        "INSERT tag (name) -> id: 1 row",
        "UPDATE book (title): 1 row",
        "DELETE tag: 1 row",
        "INSERT book_tag (book_id, tag_id): 2 rows",
    ]


def test_no_net_change_is_no_statement() -> None:
    unit = unit_of()
    book, tags = held(unit)
    book.tags.append(tags[1])
    book.tags.remove(tags[1])
    book.tags.reverse()
    assert str(plan_of(unit)) == "flush plan: nothing to do"


def test_what_is_linked_and_deleted_in_one_flush_is_not_linked() -> None:
    unit = unit_of()
    book, tags = held(unit)
    book.tags.append(tags[1])
    unit.delete(tags[1])
    assert steps(plan_of(unit)) == ["DELETE tag: 1 row"]


def test_an_end_without_a_cascade_is_unlinked_first_from_either_side() -> None:  # G11
    Linked.metadata.configure()
    unit = unit_of()
    reader, other = Reader(name="a"), Reader(name="b")
    stored(unit, reader, other)
    unit.delete(reader)
    unit.delete(other)
    plan = plan_of(unit)
    assert steps(plan) == [
        "DELETE reading (reader): the links of 2 rows of reader",
        "DELETE reader: 2 rows",
    ]
    assert plan.rows == 2


@pytest.mark.parametrize(
    ("table", "unlinked"), [("trusted", False), ("watched", True)], ids=["passive", "active"]
)
def test_passive_deletes_says_who_deletes_the_links(table: str, unlinked: bool) -> None:
    Own.metadata.configure()
    unit, group = unit_of(), Group(id=1)
    stored(unit, group)
    unit.delete(group)
    assert any(table in step for step in steps(plan_of(unit))) is unlinked


def test_a_single_statement_of_links_stands_alone() -> None:
    unit = unit_of()
    book, _ = held(unit, 3)
    book.tags.clear()
    plan = plan_of(unit)
    assert is_atomic(plan)
    (batch,) = plan.batches
    statement = association_statement(batch, guarded=True)  # type: ignore[arg-type]
    assert "count(DISTINCT o) = $3::bigint" in statement.sql


def test_a_link_to_a_key_that_is_not_loaded_is_refused() -> None:
    unit = unit_of()
    book, tags = held(unit)
    book.tags.append(tags[1])
    del tags[1].__dict__["id"]
    (batch,) = plan_of(unit).batches
    with pytest.raises(FlushError, match=r"Tag\.id is not loaded, but a row of book_tag"):
        batch.linked.rows(batch.associations, stored=False)  # type: ignore[union-attr]


def test_a_key_is_asked_for_once_whatever_the_links_and_not_for_what_nobody_maps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[Any] = []

    def ask(key: ForeignKey, end: Any, *, stored: bool = True) -> dict[str, Any]:
        asked.append(end)
        return referred_values(key, end, stored=stored)

    monkeypatch.setattr(association, "referred_values", ask)
    monkeypatch.setattr(echo, "referred_values", ask)
    unit = unit_of()
    book, tags = held(unit, 4)
    book.tags.clear()
    plan = plan_of(unit)
    (batch,) = plan.batches
    assert isinstance(batch, AssociationBatch)
    rows = batch.linked.rows(batch.associations, stored=True)
    assert rows == [{"book_id": 1, "tag_id": tag.id} for tag in tags[:-1]]
    assert asked == [book, *tags[:-1]]
    assert echo.echo_links(unit, plan) == []
    assert len(asked) == 4


def test_who_gets_a_new_link_is_found_out_again_when_links_come_and_go() -> None:
    unit = unit_of()
    book, tags = held(unit)
    book.tags.append(tags[1])
    tagging = Book.__mapper__.relationships["tags"]
    assert tagging.secondary is not None
    changes = Associations(unit)
    assert not changes.adds(tags[1], tagging.secondary)
    changes.collect(book, tagging, tagging.secondary)
    assert changes.adds(tags[1], tagging.secondary)
    changes.leave_out([book])
    assert not changes.adds(tags[1], tagging.secondary)
