"""nestedload(): whole trees of tracked objects come with one statement."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from asyncorm import (
    ArgumentError,
    Mapped,
    MetaData,
    Model,
    Related,
    Session,
    UnloadedAttributeError,
    aliased,
    column,
    foreign_key,
    func,
    inspect,
    joinedload,
    nestedload,
    relationship,
    select,
    selectinload,
    union,
    with_loader_criteria,
)
from asyncorm.engine.engine import Engine
from tests.conftest import CreateTables
from tests.integration.conftest import Sent
from tests.support.forest import (
    Book,
    Branch,
    Chair,
    Forest,
    Loan,
    Publisher,
    Room,
    Tag,
    Writer,
    plant,
)


@pytest.fixture
async def session(tables: CreateTables, engine: Engine, sent: Sent) -> AsyncIterator[Session]:
    await tables(Forest)
    async with Session(engine) as session:
        await plant(session)
    async with Session(engine) as session:
        sent()
        yield session


def shown(value: Any, *path: str) -> Any:
    """Loaded objects as plain values, along attributes that must be loaded."""
    if value is None:
        return None
    if isinstance(value, dict):
        return {key: shown(one, *path) for key, one in value.items()}
    if isinstance(value, list):
        return [shown(one, *path) for one in value]
    if isinstance(value, set):
        return sorted((shown(one, *path) for one in value), key=repr)
    columns = {name: value.__dict__[name] for name in type(value).__mapper__.columns}
    below = {path[0]: shown(getattr(value, path[0]), *path[1:])} if path else {}
    return columns | below


#: what is selected, and a path of relationships
TREES: dict[str, tuple[Any, list[Any]]] = {
    "one to many": (Writer, [Writer.books]),
    "many to many below": (Writer, [Writer.books, Book.tags]),
    "three levels": (Writer, [Writer.books, Book.tags, Tag.books]),
    "five levels": (
        Writer,
        [Writer.books, Book.tags, Tag.books, Book.publisher, Publisher.books],
    ),
    "many to one": (Book, [Book.publisher]),
    "many to one and back": (Book, [Book.publisher, Publisher.books, Book.writer]),
    "one to one": (Writer, [Writer.profile]),
    "a dict": (Writer, [Writer.by_title, Book.tags]),
    "association objects": (Writer, [Writer.books, Book.loans, Loan.reader]),
    "composite keys": (Room, [Room.chairs]),
    "composite references": (Chair, [Chair.room, Room.chairs]),
    "itself": (Branch, [Branch.children, Branch.children]),
    "itself upward": (Branch, [Branch.parent, Branch.parent]),
    "itself up and down": (Branch, [Branch.parent, Branch.children]),
}


@pytest.mark.parametrize("name", TREES)
async def test_a_tree_is_the_same_as_by_further_selects(
    session: Session, engine: Engine, sent: Sent, name: str
) -> None:
    entity, path = TREES[name]
    names = [relationship.name for relationship in path]
    statement = select(entity).order_by(*entity.__mapper__.primary_key_columns)
    rows = await session.all(statement.options(nestedload(*path)))
    assert sent.verbs() == ["WITH"]
    async with Session(engine) as other:
        expected = await other.all(statement.options(selectinload(*path)))
        sent()
        assert shown(rows, *names) == shown(expected, *names)
    assert sent.verbs() == []


async def test_objects_are_tracked_and_each_row_is_one(session: Session, sent: Sent) -> None:
    statement = select(Writer).options(nestedload(Writer.books).nestedload(Book.publisher))
    ada, ben, cid = await session.all(statement.order_by(Writer.id))
    a1, a2, a3 = ada.books
    assert a1.publisher is a2.publisher
    assert a3.publisher is None
    assert a1.publisher in session
    assert cid.books == []
    a1.publisher.name = "new"
    ben.books[0].title = "changed"
    await session.commit()
    await session.refresh(ben.books[0])
    assert ben.books[0].title == "changed"


async def test_several_relationships_of_one_entity_come_in_one_statement(
    session: Session, sent: Sent
) -> None:
    statement = select(Writer).options(
        nestedload(Writer.profile),
        nestedload(Writer.books).options(nestedload(Book.tags), nestedload(Book.loans)),
    )
    ada, *_ = await session.all(statement.order_by(Writer.id))
    assert ada.profile is not None
    assert ada.profile.text == "poet"
    assert [[tag.name for tag in book.tags] for book in ada.books] == [["x", "y"], [], ["x"]]
    assert [len(book.loans) for book in ada.books] == [2, 0, 0]
    assert sent.verbs() == ["WITH"]


async def test_levels_of_a_self_reference(session: Session, sent: Sent) -> None:
    levels = nestedload(Branch.children, recursion_depth=2)
    root = await session.one(select(Branch).where(Branch.id == 1).options(levels))
    assert [[below.id for below in child.children] for child in root.children] == [[4, 5], [6, 7]]
    assert sent.verbs() == ["WITH"]
    assert "children" in inspect(root.children[0].children[0]).unloaded


async def test_all_levels_of_a_self_reference_are_refused() -> None:
    with pytest.raises(ArgumentError, match="selectinload"):
        nestedload(Branch.children, recursion_depth=-1)


async def test_an_alias_of_the_entity_is_selected(session: Session, sent: Sent) -> None:
    parent = aliased(Branch)
    statement = select(parent).where(parent.id == 2).options(nestedload(Branch.children))
    assert [child.id for child in (await session.one(statement)).children] == [4, 5]
    assert sent.verbs() == ["WITH"]


async def test_a_limit_counts_the_parents(session: Session, sent: Sent) -> None:
    statement = select(Writer).order_by(Writer.name.desc()).limit(2)
    rows = await session.all(statement.options(nestedload(Writer.books)))
    assert [(row.name, len(row.books)) for row in rows] == [("cid", 0), ("ben", 1)]
    assert sent.verbs() == ["WITH"]


async def test_conditions_choose_members(session: Session, engine: Engine, sent: Sent) -> None:
    for price, expected in ((3, ["a2", "a3"]), (2, ["a2"])):
        cheap = nestedload(Writer.books.where(Book.price < price).order_by(Book.price))
        statement = select(Writer).where(Writer.name == "ada")
        async with Session(engine) as other:
            (ada,) = await other.all(statement.options(cheap.nestedload(Book.tags)))
            assert [book.title for book in ada.books] == expected
    assert sent.verbs() == ["WITH", "WITH"]


async def test_the_first_of_each_and_what_is_below_them(session: Session, sent: Sent) -> None:
    first = nestedload(Writer.books.top(2, order_by=Book.price))
    tags = first.nestedload(Book.tags.top(1, order_by=Tag.name.desc()))
    ada, ben, cid = await session.all(select(Writer).order_by(Writer.id).options(tags))
    assert [(book.title, [t.name for t in book.tags]) for book in ada.books] == [
        ("a2", []),
        ("a3", ["x"]),
    ]
    assert [(book.title, [t.name for t in book.tags]) for book in ben.books] == [("b1", ["z"])]
    assert cid.books == []
    assert sent.verbs() == ["WITH"]


async def test_other_loads_above_and_below(session: Session, sent: Sent) -> None:
    statement = select(Writer).order_by(Writer.id)
    below = selectinload(Writer.books).nestedload(Book.tags)
    ada, *_ = await session.all(statement.options(below))
    assert [len(book.tags) for book in ada.books] == [2, 0, 1]
    assert sent.verbs() == ["SELECT", "WITH"]
    session.clear()
    above = nestedload(Writer.books).selectinload(Book.tags)
    ada, *_ = await session.all(statement.options(above))
    assert [len(book.tags) for book in ada.books] == [2, 0, 1]
    assert sent.verbs() == ["WITH", "SELECT"]


async def test_below_and_above_joins(session: Session, sent: Sent) -> None:
    statement = select(Book).order_by(Book.id)
    joined = joinedload(Book.writer).nestedload(Writer.books).joinedload(Book.publisher)
    a1, *_ = await session.all(statement.options(joined))
    assert a1.writer is not None
    assert [book.publisher and book.publisher.name for book in a1.writer.books] == [
        "acme",
        "acme",
        None,
    ]
    assert sent.verbs() == ["WITH"]
    session.clear()
    # rows that come once for each book bring the profile each time
    both = select(Writer).order_by(Writer.id).limit(1)
    options = joinedload(Writer.books).nestedload(Book.tags), nestedload(Writer.profile)
    (ada,) = await session.all(both.options(*options))
    assert [[tag.name for tag in book.tags] for book in ada.books] == [["x", "y"], [], ["x"]]
    assert ada.profile is not None
    assert sent.verbs() == ["WITH"]


async def test_a_joined_collection_beside_a_nested_one_repeats_no_member(session: Session) -> None:
    options = joinedload(Writer.books), nestedload(Writer.by_title).nestedload(Book.tags)
    ada, *_ = await session.all(select(Writer).order_by(Writer.id).options(*options))
    assert [len(book.tags) for book in ada.books] == [2, 0, 1]
    assert list(ada.by_title) == ["a1", "a2", "a3"]


async def test_local_changes_stay(session: Session) -> None:
    ada = await session.one(select(Writer).where(Writer.name == "ada"))
    books = await session.all(select(Book).where(Book.writer_id == ada.id).order_by(Book.id))
    with session.no_autoflush:
        books[0].title = "mine"
        books[1].writer = None
        (again,) = await session.all(
            select(Writer).where(Writer.name == "ada").options(nestedload(Writer.books))
        )
    assert again is ada
    assert [book.title for book in ada.books] == ["mine", "a3"]


async def test_what_is_loaded_stays_and_populate_existing_overwrites(
    session: Session, engine: Engine
) -> None:
    statement = select(Writer).where(Writer.name == "ada").options(nestedload(Writer.books))
    ada = await session.one(statement)
    async with Session(engine) as other:
        book = await other.get_one(Book, ada.books[0].id)
        book.title, book.writer = "theirs", None
        (await other.get_one(Book, ada.books[1].id)).title = "new"
        await other.commit()
    assert (await session.one(statement)).books[0].title == "a1"
    await session.one(statement.execution_options(populate_existing=True))
    assert [book.title for book in ada.books] == ["new", "a3"]


async def test_a_stream_brings_whole_trees(session: Session, sent: Sent) -> None:
    statement = select(Writer).order_by(Writer.id).options(nestedload(Writer.books, Book.tags))
    found = [
        (writer.name, [[tag.name for tag in book.tags] for book in writer.books])
        async for writer in await session.stream(statement, prefetch=1)
    ]
    assert found == [("ada", [["x", "y"], [], ["x"]]), ("ben", [["x", "y", "z"]]), ("cid", [])]
    assert "SELECT" not in sent.verbs()  # beside the one of the cursor
    session.clear()
    rows = await session.all(statement)  # the same statement, whose rows come all at once
    assert [len(writer.books) for writer in rows] == [3, 1, 0]
    assert sent.verbs() == ["WITH"]


ada_and_ben = select(Writer).where(Writer.id < 3).cte("cte_1")
either = aliased(Writer, ada_and_ben)

#: selects of writers that become a common table expression when something is nested in them
FORMS: dict[str, Any] = {
    "distinct": select(Writer).distinct().join(Writer.books).order_by(Writer.name),
    "distinct on": select(Writer)
    .distinct(Writer.id)
    .join(Writer.books)
    .order_by(Writer.id, Book.price),
    "groups": select(Writer)
    .join(Writer.books)
    .group_by(Writer.id)
    .having(func.count() > 0)
    .order_by(func.count().desc(), Writer.id),
    "an expression orders": select(Writer).order_by(func.lower(Writer.name).desc().nulls_last()),
    "a part": select(Writer).order_by(Writer.id.desc()).limit(2).offset(1),
    "repeated rows": select(Writer).join(Writer.books).order_by(Book.price, Writer.id),
    "a CTE of the same name": select(either).order_by(either.id.desc()),
    "criteria": select(Writer)
    .order_by(Writer.id)
    .options(with_loader_criteria(Writer, Writer.name != "ben")),
}


@pytest.mark.parametrize("name", FORMS)
async def test_all_forms_of_statements_keep_their_rows(
    session: Session, engine: Engine, sent: Sent, name: str
) -> None:
    path = [Writer.books, Book.tags]
    rows = await session.all(FORMS[name].options(nestedload(*path)))
    assert sent.verbs() == ["WITH"]
    async with Session(engine) as other:
        expected = await other.all(FORMS[name].options(selectinload(*path)))
    assert shown(rows, "books", "tags") == shown(expected, "books", "tags")
    assert rows


async def test_nothing_is_nested_in_no_rows(session: Session, sent: Sent) -> None:
    nobody = select(Writer).where(Writer.name == "zoe")
    assert await session.all(nobody.options(nestedload(Writer.books, Book.tags))) == []
    assert sent.verbs() == ["WITH"]


async def test_an_object_by_key_and_a_set_operation(session: Session, sent: Sent) -> None:
    ada = await session.get(Writer, 1, options=[nestedload(Writer.books)])
    assert ada is not None
    assert len(ada.books) == 3
    assert sent.verbs() == ["WITH"]
    session.clear()
    # its rows have no place for more: the books come by a SELECT of their own
    both = union(select(Writer).where(Writer.id == 1), select(Writer).where(Writer.id == 2))
    rows = await session.all(both.options(nestedload(Writer.books)))
    assert sorted(len(row.books) for row in rows) == [1, 3]
    assert sent.verbs() == ["SELECT", "SELECT"]


async def test_several_entities_in_a_row(session: Session, sent: Sent) -> None:
    statement = (
        select(Writer, Book, Book.price)
        .outerjoin(Writer.books)
        .order_by(Writer.id, Book.id)
        .options(nestedload(Writer.profile), nestedload(Book.tags))
    )
    rows = await session.all(statement)
    assert [(w.name, b and [t.name for t in b.tags], p) for w, b, p in rows] == [
        ("ada", ["x", "y"], 3),
        ("ada", [], 1),
        ("ada", ["x"], 2),
        ("ben", ["x", "y", "z"], 9),
        ("cid", None, None),
    ]
    assert sent.verbs() == ["WITH"]


async def test_chosen_columns_below(session: Session, sent: Sent) -> None:
    option = nestedload(Writer.books).load_only(Book.title).nestedload(Book.publisher)
    ada, *_ = await session.all(select(Writer).order_by(Writer.id).options(option))
    assert [book.title for book in ada.books] == ["a1", "a2", "a3"]
    assert [book.publisher and book.publisher.name for book in ada.books] == ["acme", "acme", None]
    assert sent.verbs() == ["WITH"]
    with pytest.raises(UnloadedAttributeError):
        _ = ada.books[0].price


async def test_chosen_columns_of_what_a_join_may_not_find(session: Session, sent: Sent) -> None:
    joined = joinedload(Book.publisher).load_only(Publisher.name)
    statement = select(Book).where(Book.title.in_(["a2", "a3"])).order_by(Book.id.desc())
    books = await session.all(statement.options(joined, nestedload(Book.tags)))
    assert [book.publisher and book.publisher.name for book in books] == [None, "acme"]
    assert sent.verbs() == ["WITH"]
    assert [one.name for one in session if isinstance(one, Publisher)] == ["acme"]


async def test_criteria_hold_below(session: Session, sent: Sent) -> None:
    for price in (3, 2):
        statement = select(Writer).order_by(Writer.id).options(nestedload(Writer.books, Book.tags))
        cheap = with_loader_criteria(Book, Book.price < price)
        ada, *_ = await session.all(
            statement.options(cheap).execution_options(populate_existing=True)
        )
        assert [book.title for book in ada.books] == ["a2", "a3"][: price - 1]
    assert sent.verbs() == ["WITH", "WITH"]


async def test_a_relationship_that_is_nested_by_default(
    tables: CreateTables, engine: Engine, sent: Sent
) -> None:
    class Own(Model):
        metadata = MetaData()

    class Owner(Own, table="default_owner"):
        id: Mapped[int] = column(primary_key=True)
        pets: Related[list[Pet]] = relationship(lazy="nested", order_by="id")

    class Pet(Own, table="default_pet"):
        id: Mapped[int] = column(primary_key=True)
        owner_id: Mapped[int] = foreign_key(Owner.id)

    await tables(Own)
    async with Session(engine) as session:
        session.add(Owner(id=1, pets=[Pet(id=1), Pet(id=2)]))
        await session.commit()
    async with Session(engine) as session:
        sent()
        owner = await session.one(select(Owner))
        assert [pet.id for pet in owner.pets] == [1, 2]
        assert sent.verbs() == ["WITH"]


async def test_members_in_the_order_that_a_link_table_says(
    tables: CreateTables, engine: Engine, sent: Sent
) -> None:
    class Own(Model):
        metadata = MetaData()

    class Track(Own, table="ordered_track"):
        id: Mapped[int] = column(primary_key=True)

    class Playlist(Own, table="ordered_playlist"):
        id: Mapped[int] = column(primary_key=True)
        tracks: Related[list[Track]] = relationship(
            secondary="ordered_entry", order_by="ordered_entry.place", viewonly=True
        )

    class Entry(Own, table="ordered_entry"):
        playlist_id: Mapped[int] = foreign_key(Playlist.id, primary_key=True)
        track_id: Mapped[int] = foreign_key(Track.id, primary_key=True)
        place: Mapped[int]

    await tables(Own)
    async with Session(engine) as session:
        session.add_all([Playlist(id=1), *(Track(id=number) for number in (1, 2, 3))])
        await session.flush()
        places = ((1, 3), (2, 1), (3, 2))
        session.add_all([Entry(playlist_id=1, track_id=t, place=p) for t, p in places])
        await session.commit()
    async with Session(engine) as session:
        found = await session.one(select(Playlist).options(nestedload(Playlist.tracks)))
        assert [track.id for track in found.tracks] == [2, 3, 1]


async def test_locks_are_on_the_rows_of_the_statement(session: Session, sent: Sent) -> None:
    statement = select(Writer).where(Writer.name == "ada").options(nestedload(Writer.books))
    ada = await session.one(statement.with_for_update())
    assert len(ada.books) == 3
    assert sent.verbs() == ["BEGIN", "SELECT"]


async def test_objects_of_a_hierarchy_come_by_a_select_of_their_own(
    tables: CreateTables, engine: Engine, sent: Sent
) -> None:
    class Own(Model):
        metadata = MetaData()

    class Zoo(Own, table="zoo"):
        id: Mapped[int] = column(primary_key=True)
        animals: Related[list[Animal]] = relationship(order_by="id")

    class Animal(Own, table="animal"):
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "animal"}
        id: Mapped[int] = column(primary_key=True)
        kind: Mapped[str] = column(init=False)
        zoo_id: Mapped[int | None] = foreign_key(Zoo.id)

    class Dog(Animal):
        __mapper_args__ = {"polymorphic_identity": "dog"}
        bark: Mapped[str | None] = column(default=None)

    class Cat(Animal, table="cat"):
        __mapper_args__ = {"polymorphic_identity": "cat"}
        id: Mapped[int] = foreign_key(Animal.id, primary_key=True)
        lives: Mapped[int] = column(default=9)

    await tables(Own)
    async with Session(engine) as session:
        session.add(Zoo(id=1))
        await session.flush()
        session.add_all(
            [Dog(id=1, zoo_id=1, bark="w"), Cat(id=2, zoo_id=1), Animal(id=3, zoo_id=1)]
        )
        await session.commit()
    async with Session(engine) as session:
        sent()
        zoo = await session.one(select(Zoo).options(nestedload(Zoo.animals)))
        assert [type(a).__name__ for a in zoo.animals] == ["Dog", "Cat", "Animal"]
    assert sent.verbs() == ["SELECT", "SELECT"]
