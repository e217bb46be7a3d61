from __future__ import annotations

import functools
import gc
from typing import Any
from weakref import ref

import pytest

from asyncorm import (
    ArgumentError,
    InvalidRequestError,
    Mapped,
    MetaData,
    Model,
    Session,
    column,
    create_engine,
    event,
    scoped_session,
    sessionmaker,
)
from asyncorm.session.factory import SessionFactory
from asyncorm.tracking.event_names import EVENTS
from asyncorm.tracking.listeners import HEARD

SYNC = sorted(name for name, known in EVENTS.items() if not known.awaited)
AWAITED = sorted(name for name, known in EVENTS.items() if known.awaited)


class Base(Model):
    metadata = MetaData()


class Timestamped(Base):
    """A mixin."""


class Note(Timestamped, table="note"):
    id: Mapped[int] = column(primary_key=True)


class Tag(Base, table="tag"):
    id: Mapped[int] = column(primary_key=True)


@pytest.fixture
def factory() -> SessionFactory:
    return sessionmaker(create_engine("postgresql://nobody@localhost/none"))


def nothing(session: Any) -> None: ...


def nothing_of_it(session: Any, instance: Any) -> None: ...


async def nothing_later(session: Any, instance: Any = None) -> None: ...


def test_the_names_of_sqlalchemy_are_known() -> None:
    names = """after_attach after_begin after_commit after_flush after_flush_postexec after_rollback
    after_soft_rollback after_transaction_create after_transaction_end before_attach before_commit
    before_flush deleted_to_detached deleted_to_persistent detached_to_persistent do_orm_execute
    loaded_as_persistent pending_to_persistent pending_to_transient persistent_to_deleted
    persistent_to_detached persistent_to_transient transient_to_pending before_insert after_insert
    before_update after_update before_delete after_delete load refresh expire"""
    assert set(EVENTS) == {*names.split(), "after_savepoint_release"}


def test_an_unknown_event_is_named_with_the_nearest_one(factory: SessionFactory) -> None:
    with pytest.raises(ArgumentError) as caught:
        event.listen(factory, "before_comit", nothing)
    assert "there is no event 'before_comit'" in str(caught.value)
    assert "did you mean 'before_commit'? the events are after_attach" in str(caught.value)
    with pytest.raises(ArgumentError, match="hint: the events are after_attach"):
        event.listen(factory, "xyz", nothing)


@pytest.mark.parametrize("target", [3, None, object(), Note(id=1), dict, "Session"])
def test_only_sessions_and_models_have_events(target: Any) -> None:
    with pytest.raises(ArgumentError, match="has no events"):
        event.listen(target, "before_flush", nothing)


def test_a_model_has_no_events_of_sessions() -> None:
    with pytest.raises(ArgumentError, match="before_flush is an event of sessions") as caught:
        event.listen(Note, "before_flush", nothing)
    assert "event.listen(Session" in str(caught.value)


@pytest.mark.parametrize("name", SYNC)
def test_an_async_listener_is_refused_where_nothing_is_awaited(
    factory: SessionFactory, name: str
) -> None:
    class Later:
        async def __call__(self, session: Any, instance: Any = None) -> None: ...

    for function in (nothing_later, functools.partial(nothing_later), Later()):
        with pytest.raises(ArgumentError, match=rf"is async, but {name} happens where nothing is"):
            event.listen(factory, name, function)


@pytest.mark.parametrize("name", AWAITED)
def test_an_async_listener_is_taken_where_the_operation_is_awaited(
    factory: SessionFactory, name: str
) -> None:
    event.listen(factory, name, nothing_later)
    assert event.contains(factory, name, nothing_later)


@pytest.mark.parametrize("name", EVENTS)
def test_the_number_of_arguments_is_checked(factory: SessionFactory, name: str) -> None:
    def too_many(one: Any, two: Any, three: Any) -> None: ...

    def none() -> None: ...

    arguments = ", ".join(EVENTS[name].arguments)
    for function in (none, too_many):
        with pytest.raises(ArgumentError, match=rf"can't be called.*of {name}") as caught:
            event.listen(factory, name, function)
        assert f"is called with ({arguments})" in str(caught.value)
    event.listen(factory, name, lambda *arguments: None)


def test_what_is_no_function_is_refused(factory: SessionFactory) -> None:
    with pytest.raises(ArgumentError, match="a str can't listen to before_flush"):
        event.listen(factory, "before_flush", "audit")  # type: ignore[arg-type]


def test_a_function_without_signature_is_taken(factory: SessionFactory) -> None:
    seen: list[Any] = []
    event.listen(factory, "after_transaction_create", seen.append)
    session = factory()
    session.add(Note(id=1))
    assert seen == [session]


def test_listening_twice_with_one_function_is_listening_once(factory: SessionFactory) -> None:
    seen: list[Any] = []

    def listener(session: Any) -> None:
        seen.append(session)

    event.listen(factory, "after_transaction_create", listener)
    event.listen(factory, "after_transaction_create", listener)
    factory().add(Note(id=1))
    assert len(seen) == 1


def test_the_decorator_leaves_the_function_as_it_is(factory: SessionFactory) -> None:
    @event.listens_for(factory, "before_flush")
    def listener(session: Any) -> None: ...

    assert event.contains(factory, "before_flush", listener)
    listener(None)


def test_remove_ends_it_and_needs_a_listener(factory: SessionFactory) -> None:
    event.listen(factory, "before_flush", nothing)
    event.remove(factory, "before_flush", nothing)
    assert not event.contains(factory, "before_flush", nothing)
    with pytest.raises(InvalidRequestError, match="nothing does not listen to before_flush here"):
        event.remove(factory, "before_flush", nothing)


def test_once_is_for_one_call(factory: SessionFactory) -> None:
    seen: list[Any] = []

    def again(session: Any, note: Note) -> None:
        seen.append(note)
        if len(seen) < 3:
            session.add(Note(id=len(seen)))  # does not come back here

    event.listen(factory, "before_attach", again, once=True)
    session = factory()
    session.add(Note(id=0))
    session.add(Note(id=9))
    assert len(seen) == 1
    assert not event.contains(factory, "before_attach", again)


def test_order_is_that_of_listening_and_insert_comes_first(factory: SessionFactory) -> None:
    order: list[int] = []
    event.listen(factory, "after_attach", lambda s, i: order.append(1))
    event.listen(factory, "after_attach", lambda s, i: order.append(2))
    event.listen(factory, "after_attach", lambda s, i: order.append(0), insert=True)
    factory().add(Note(id=1))
    assert order == [0, 1, 2]


def test_all_sessions_then_the_factory_then_the_session_then_the_model(
    factory: SessionFactory,
) -> None:
    order: list[str] = []

    def listener(name: str) -> Any:
        return lambda session, instance: order.append(name)

    session = factory()
    targets: list[tuple[Any, Any]] = [
        (target, listener(name))
        for target, name in [
            (Note, "model"),
            (Timestamped, "mixin"),
            (Base, "base"),
            (Session, "all"),
            (session, "session"),
            (factory, "factory"),
        ]
    ]
    for target, function in targets:
        event.listen(target, "after_attach", function)
    try:
        session.add(Note(id=1))
        assert order == ["all", "factory", "session", "base", "mixin", "model"]
        order.clear()
        session.add(Tag(id=1))
        assert order == ["all", "factory", "session", "base"]
    finally:
        for target, function in targets:
            event.remove(target, "after_attach", function)


def test_a_subclass_of_session_hears_of_its_own_sessions() -> None:
    class Audited(Session):
        pass

    seen: list[Any] = []
    engine = create_engine("postgresql://nobody@localhost/none")
    session = Audited(engine)
    event.listen(Audited, "after_attach", lambda session, instance: seen.append(session))
    session.add(Note(id=1))
    Session(engine).add(Note(id=2))
    assert seen == [session]


def test_a_factory_makes_sessions_of_a_subclass() -> None:
    class Audited(Session):
        pass

    engine = create_engine("postgresql://nobody@localhost/none")
    seen: list[Any] = []
    event.listen(Audited, "after_attach", lambda session, instance: seen.append(session))
    factory = sessionmaker(engine, class_=Audited, autoflush=False)
    session = factory()
    session.add(Note(id=1))
    assert type(session) is Audited
    assert type(sessionmaker(engine)()) is Session
    assert seen == [session]


def test_a_scoped_session_listens_for_its_factory(factory: SessionFactory) -> None:
    event.listen(scoped_session(factory), "before_flush", nothing)
    assert event.contains(factory, "before_flush", nothing)


def test_before_attach_can_refuse_an_object(factory: SessionFactory) -> None:
    @event.listens_for(factory, "before_attach")
    def refuse(session: Any, instance: Any) -> None:
        raise ZeroDivisionError

    session = factory()
    with pytest.raises(ZeroDivisionError):
        session.add(Note(id=1))
    assert session.new == ()


def test_an_awaitable_from_a_plain_function_is_refused_at_the_event(
    factory: SessionFactory,
) -> None:
    event.listen(factory, "after_attach", lambda session, note: nothing_later(session, note))
    with pytest.raises(InvalidRequestError, match="after_attach has returned an awaitable"):
        factory().add(Note(id=1))


def test_attributes_may_be_set_before_an_object_is_attached(factory: SessionFactory) -> None:
    @event.listens_for(factory, "before_attach")
    def number(session: Any, note: Note) -> None:
        note.id = 7

    note = Note(id=1)
    factory().add(note)
    assert note.id == 7


def test_a_session_is_not_kept_by_its_listeners(factory: SessionFactory) -> None:
    session = factory()
    event.listen(session, "before_flush", nothing)
    seen = ref(session)
    del session
    assert seen() is None


def test_what_is_gone_is_not_heard_of_any_more() -> None:
    gc.collect()  # what other tests have left behind goes now, and not in between
    before = HEARD.get("after_soft_rollback", 0)
    session = Session(create_engine("postgresql://nobody@localhost/none"))
    event.listen(session, "after_soft_rollback", nothing)
    assert HEARD["after_soft_rollback"] == before + 1
    del session
    gc.collect()
    assert HEARD.get("after_soft_rollback", 0) == before


def test_the_bulk_path_of_add_is_taken_while_others_listen_to_something_else(
    factory: SessionFactory,
) -> None:
    event.listen(factory, "before_commit", nothing)
    session = factory()
    notes = [Note(id=1), Note(id=2)]
    session.add_all(notes)
    assert notes[0]._state is notes[1]._state  # type: ignore[attr-defined]
