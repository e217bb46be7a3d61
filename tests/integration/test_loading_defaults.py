"""lazy= of relationships: what is loaded, or must not be, where a statement says nothing."""

from __future__ import annotations

import pytest

from asyncorm import (
    Mapped,
    MetaData,
    Model,
    Related,
    SessionFactory,
    UnloadedAttributeError,
    aliased,
    foreign_key,
    generated,
    insert,
    inspect,
    joinedload,
    lazyload,
    noload,
    raiseload,
    relationship,
    select,
    selectinload,
    sessionmaker,
)
from asyncorm.engine.engine import Engine
from tests.conftest import CreateTables
from tests.integration.conftest import Sent


class Kennel(Model):
    metadata = MetaData()


class Keeper(Kennel, table="keeper"):
    """Comes with its dogs, which come with their keeper."""

    id: Mapped[int] = generated(primary_key=True)
    name: Mapped[str]
    dogs: Related[list[Dog]] = relationship(back_populates="keeper", order_by="id", lazy="selectin")
    keys: Related[list[Key]] = relationship(back_populates="keeper", lazy="raise", order_by="id")
    coat: Related[Coat | None] = relationship(back_populates="keeper", lazy="noload")


class Dog(Kennel, table="dog"):
    id: Mapped[int] = generated(primary_key=True)
    name: Mapped[str]
    keeper_id: Mapped[int | None] = foreign_key(Keeper.id)
    keeper: Related[Keeper | None] = relationship(back_populates="dogs", lazy="selectin")
    toys: Related[list[Toy]] = relationship(order_by="id")
    collar: Related[Collar | None] = relationship(back_populates="dog", lazy="joined")


class Toy(Kennel, table="toy"):
    id: Mapped[int] = generated(primary_key=True)
    dog_id: Mapped[int | None] = foreign_key(Dog.id)
    dog: Related[Dog | None] = relationship(lazy="raise", viewonly=True)


class Collar(Kennel, table="collar"):
    id: Mapped[int] = generated(primary_key=True)
    dog_id: Mapped[int | None] = foreign_key(Dog.id)
    dog: Related[Dog | None] = relationship(back_populates="collar", lazy="raise_on_sql")


class Key(Kennel, table="key"):
    id: Mapped[int] = generated(primary_key=True)
    keeper_id: Mapped[int | None] = foreign_key(Keeper.id)
    keeper: Related[Keeper | None] = relationship(back_populates="keys")


class Coat(Kennel, table="coat"):
    id: Mapped[int] = generated(primary_key=True)
    keeper_id: Mapped[int | None] = foreign_key(Keeper.id)
    keeper: Related[Keeper | None] = relationship(back_populates="coat")


KEEPERS = select(Keeper).order_by(Keeper.id)


@pytest.fixture
async def Session(tables: CreateTables, engine: Engine) -> SessionFactory:  # noqa: N802
    await tables(Kennel)
    factory = sessionmaker(engine)
    async with factory.begin() as session:
        rex = Dog(name="rex", toys=[Toy(), Toy()], collar=Collar())
        ada = Keeper(name="ada", dogs=[rex, Dog(name="tim")], keys=[Key()], coat=Coat())
        session.add_all([ada, Keeper(name="bob")])
    return factory


async def test_a_default_is_loaded_with_every_statement(
    Session: SessionFactory, sent: Sent
) -> None:
    async with Session() as session:
        ada, bob = await session.all(KEEPERS)
        assert [dog.name for dog in ada.dogs] == ["rex", "tim"]
        assert bob.dogs == []
        assert [dog.keeper for dog in ada.dogs] == [ada, ada]
        assert ada.dogs[0].collar is not None
        assert ada.dogs[1].collar is None
        assert "dogs" in vars(ada)
        assert "toys" not in vars(ada.dogs[0])
        assert ada.coat is None
        assert len(sent()) <= 3


async def test_get_loads_defaults_but_not_for_what_is_held(
    Session: SessionFactory, sent: Sent
) -> None:
    async with Session() as session:
        ada = await session.get_one(Keeper, 1)
        assert [dog.name for dog in ada.dogs] == ["rex", "tim"]
        sent()
        assert await session.get(Keeper, 1) is ada
        assert sent() == []
        session.expire(ada, ["dogs"])
        assert await session.get(Keeper, 1) is ada
        assert sent() == []
        with pytest.raises(UnloadedAttributeError):
            _ = ada.dogs
    async with Session() as session:
        ada, bob = await session.get_many(Keeper, [1, 2])
        assert ada is not None
        assert bob is not None
        assert (len(ada.dogs), bob.dogs) == (2, [])


async def test_what_an_insert_returns_has_its_defaults(Session: SessionFactory) -> None:
    async with Session() as session:
        statement = insert(Dog).values(name="new", keeper_id=1).returning(Dog)
        dog = (await session.execute(statement)).scalar_one()
        assert dog.keeper is not None
        assert dog.keeper.name == "ada"
        assert [one.name for one in dog.keeper.dogs] == ["rex", "tim", "new"]
        assert dog.collar is None


async def test_a_statement_says_something_else(Session: SessionFactory, sent: Sent) -> None:
    for option in (lazyload(Keeper.dogs), lazyload("*"), raiseload(Keeper.dogs), raiseload("*")):
        async with Session() as session:
            ada = (await session.all(KEEPERS.options(option)))[0]
            assert sent.verbs() == ["SELECT"]
            with pytest.raises(UnloadedAttributeError, match=r"Keeper\.dogs"):
                _ = ada.dogs
    async with Session() as session:
        ada = (await session.all(KEEPERS.options(noload(Keeper.dogs))))[0]
        assert sent.verbs() == ["SELECT"]
        assert ada.dogs == []
        assert "partial" in repr(ada)
    async with Session() as session:
        ada = (await session.all(KEEPERS.options(selectinload(Keeper.keys), lazyload("*"))))[0]
        assert [key.keeper_id for key in ada.keys] == [1]
        assert "dogs" not in vars(ada)
        assert ada.keys[0].keeper is ada
    async with Session() as session:
        ada = (await session.all(KEEPERS.options(joinedload(Keeper.dogs), noload("*"))))[0]
        assert len(ada.dogs) == 2
        assert ada.keys == []
        assert ada.dogs[0].toys == []


async def test_an_option_below_a_default_extends_it(Session: SessionFactory, sent: Sent) -> None:
    async with Session() as session:
        ada = (await session.all(KEEPERS.options(selectinload(Keeper.dogs, Dog.toys))))[0]
        assert [len(dog.toys) for dog in ada.dogs] == [2, 0]


async def test_an_alias_has_the_defaults_of_its_entity(Session: SessionFactory) -> None:
    other = aliased(Keeper)
    async with Session() as session:
        ada = await session.first(select(other).order_by(other.id))
        assert ada is not None
        assert [dog.name for dog in ada.dogs] == ["rex", "tim"]


async def test_refresh_loads_again_what_came_with_the_object(
    Session: SessionFactory, sent: Sent
) -> None:
    """L11"""
    async with Session() as session:
        ada = (await session.all(KEEPERS.options(lazyload("*"), selectinload(Keeper.keys))))[0]
        assert len(ada.keys) == 1
        async with Session.begin() as other:
            other.add(Key(keeper_id=1))
        await session.refresh(ada)
        assert len(ada.keys) == 2
        assert "dogs" not in vars(ada)
    async with Session() as session:
        ada = await session.get_one(Keeper, 1)
        async with Session.begin() as other:
            other.add(Dog(name="new", keeper_id=1))
        await session.refresh(ada)
        assert [dog.name for dog in ada.dogs] == ["rex", "tim", "new"]


async def test_refresh_leaves_changes_of_related_objects_alone(Session: SessionFactory) -> None:
    async with Session(autoflush=False) as session:
        ada = await session.get_one(Keeper, 1)
        ada.dogs[0].name = "changed"
        await session.refresh(ada)
        assert ada.dogs[0].name == "changed"
        assert ada.dogs[0] in session.dirty


async def test_load_brings_the_defaults_of_what_it_finds(
    Session: SessionFactory, sent: Sent
) -> None:
    async with Session() as session:
        key = (await session.all(select(Key).order_by(Key.id)))[0]
        sent()
        keeper = await session.load(key, Key.keeper)
        assert keeper is not None
        assert sent.verbs() == ["SELECT", "SELECT"]
        assert keeper.dogs[0].collar is not None
        assert keeper.coat is None
        session.expunge_all()
        key = (await session.all(select(Key).order_by(Key.id)))[0]
        await session.refresh(key, ["keeper"])
        assert key.keeper is not None
        assert key.keeper.dogs
        session.expunge_all()
        (keeper, *_) = await session.all(KEEPERS.options(lazyload("*")))
        key = (await session.all(select(Key).order_by(Key.id)))[0]
        assert await session.load(key, Key.keeper) is keeper
        assert "dogs" in inspect(keeper).unloaded


async def test_a_new_object_that_was_inserted_is_refreshed_with_defaults(
    Session: SessionFactory,
) -> None:
    async with Session() as session:
        eve = Keeper(name="eve", dogs=[Dog(name="max")])
        session.add(eve)
        await session.flush()
        await session.refresh(eve)
        assert [dog.name for dog in eve.dogs] == ["max"]


async def test_lazy_raise_says_so_even_where_memory_has_the_answer(Session: SessionFactory) -> None:
    async with Session() as session:
        ada = await session.get_one(Keeper, 1)
        with pytest.raises(UnloadedAttributeError, match=r'lazy="raise" asks(.|\n)*load\(obj'):
            _ = ada.keys
        toys = await session.load(ada.dogs[0], Dog.toys)
        with pytest.raises(UnloadedAttributeError, match=r"Toy\.dog is not loaded"):
            _ = toys[0].dog
        assert "unloaded" in repr(toys[0])
        assert await session.load(toys[0], Toy.dog) is ada.dogs[0]
        assert toys[0].dog is ada.dogs[0]
        assert [key.keeper_id for key in await session.load(ada, Keeper.keys)] == [1]


async def test_raise_on_sql_lets_memory_answer(Session: SessionFactory) -> None:
    async with Session() as session:
        collar = await session.get_one(Collar, 1)
        with pytest.raises(UnloadedAttributeError, match='lazy="raise_on_sql" asks'):
            _ = collar.dog
        dog = await session.get_one(Dog, 1)
        assert collar.dog is dog


async def test_new_objects_never_raise(Session: SessionFactory) -> None:
    async with Session() as session:
        toy, other, keeper = Toy(), Toy(), Keeper(name="new")
        assert toy.dog is None
        assert keeper.keys == []
        session.add_all([toy, other, keeper])
        assert toy.dog is None
        await session.flush()
        keeper.keys.append(Key())
        await session.flush()
        with pytest.raises(UnloadedAttributeError):
            _ = other.dog


async def test_a_flush_loads_what_reading_refuses(Session: SessionFactory) -> None:
    """L6"""
    async with Session() as session:
        ada = (await session.all(KEEPERS.options(raiseload("*"))))[0]
        await session.delete(ada)
        await session.commit()
    async with Session() as session:
        assert await session.all(select(Key.keeper_id)) == [None]
        assert await session.all(select(Dog.keeper_id)) == [None, None]


async def test_links_are_set_though_reading_them_raises(Session: SessionFactory) -> None:
    async with Session() as session:
        bob = (await session.all(KEEPERS.options(raiseload("*"))))[1]
        dog = await session.one(select(Dog).where(Dog.name == "rex").options(raiseload("*")))
        dog.keeper = bob
        await session.commit()
        assert await session.all(select(Dog.keeper_id).order_by(Dog.id)) == [2, 1]


async def test_raiseload_holds_for_the_whole_tree(Session: SessionFactory) -> None:
    statement = KEEPERS.options(selectinload(Keeper.dogs).selectinload(Dog.toys), raiseload("*"))
    async with Session() as session:
        ada = (await session.all(statement))[0]
        assert len(ada.dogs[0].toys) == 2
        for one, name in ((ada, "keys"), (ada, "coat"), (ada.dogs[0], "collar")):
            with pytest.raises(UnloadedAttributeError, match=r"raiseload\(\) asks for this error"):
                getattr(one, name)
    below = KEEPERS.options(selectinload(Keeper.dogs).raiseload("*"))
    async with Session() as session:
        ada = (await session.all(below))[0]
        assert ada.coat is None
        with pytest.raises(UnloadedAttributeError, match=r"raiseload\(\) asks"):
            _ = ada.dogs[0].collar


async def test_raiseload_of_a_reference_with_sql_only(Session: SessionFactory) -> None:
    dogs = select(Dog).order_by(Dog.id)
    async with Session() as session:
        ada = await session.one(KEEPERS.where(Keeper.name == "ada").options(lazyload("*")))
        dog = await session.first(dogs.options(raiseload(Dog.keeper)))
        assert dog is not None
        with pytest.raises(UnloadedAttributeError, match=r"Dog\.keeper is not loaded: raiseload"):
            _ = dog.keeper
        dog.name = "changed"  # its state is its own now
        with pytest.raises(UnloadedAttributeError, match=r"Dog\.keeper is not loaded: raiseload"):
            _ = dog.keeper
    async with Session() as session:
        ada = await session.one(KEEPERS.where(Keeper.name == "ada").options(lazyload("*")))
        dog = await session.first(dogs.options(raiseload(Dog.keeper, sql_only=True)))
        assert dog is not None
        assert dog.keeper is ada
    async with Session() as session:
        dog = await session.first(dogs.options(raiseload(Dog.keeper, sql_only=True)))
        assert dog is not None
        with pytest.raises(UnloadedAttributeError, match="raiseload"):
            _ = dog.keeper
