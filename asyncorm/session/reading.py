"""ReadingSession: the half of a session that reads; every method is one awaited round trip, or
none where memory has the answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar, overload

from asyncorm.engine.result import Result
from asyncorm.errors import ArgumentError, NoResultFound
from asyncorm.loading.on_demand import checked_key, load_by_key, load_many
from asyncorm.mapping.mapper import Mapper
from asyncorm.mapping.relationships import Relationship
from asyncorm.mapping.selection import Selection
from asyncorm.models.model import Model
from asyncorm.session.core import SessionCore
from asyncorm.session.executing import Options, Parameters, check_statement, execute, with_options
from asyncorm.session.explicit import load
from asyncorm.session.getting import get_by_key, listed
from asyncorm.session.guard import TaskGuard
from asyncorm.session.streaming import ResultStream, open_stream
from asyncorm.session.transaction import Transaction
from asyncorm.sql.nodes import Option, Statement
from asyncorm.sql.table import BaseColumn
from asyncorm.tracking.listeners import HEARD
from asyncorm.tracking.notices import Notices
from asyncorm.tracking.transitions import deleted_elsewhere, is_expired
from asyncorm.tracking.unit_of_work import UnitOfWork

M = TypeVar("M", bound=Model)
R = TypeVar("R")
F = TypeVar("F")
E = TypeVar("E")

#: what load() takes: a relationship, or some of what it leads to
Loaded: TypeAlias = Relationship[E, R] | Selection[E, R]


class ReadingSession:
    """What a session reads with: objects by key, rows of statements, relationships."""

    _core: SessionCore
    _unit: UnitOfWork
    _transaction: Transaction
    _guard: TaskGuard

    async def get(
        self,
        entity: type[M],
        key: Any,
        *,
        options: Sequence[Option] = (),
        populate_existing: bool = False,
        with_for_update: bool | Mapping[str, Any] | None = None,
    ) -> M | None:
        """The object with this primary key, or None; no SQL if the session has it already."""
        with self._guard("get"):
            self._transaction.check()
            mapper = mapper_of_entity(entity)
            checked = checked_key(mapper, key)
            if not (options or populate_existing or with_for_update):
                held: Any = self._unit.identity_map.get(mapper, checked)
                if held is not None and not (held._state.partial and is_expired(held)):
                    self._transaction.autobegin()
                    known: M = held
                    return known
                if held is None:
                    await self._core.autoflush()
                    self._transaction.autobegin()
                    loaded: M | None = await load_by_key(mapper, checked, self._core.context)
                    return loaded
            found: M | None = await get_by_key(
                self._core, mapper, checked, options, populate_existing, with_for_update
            )
            return found

    async def get_one(
        self,
        entity: type[M],
        key: Any,
        *,
        options: Sequence[Option] = (),
        populate_existing: bool = False,
        with_for_update: bool | Mapping[str, Any] | None = None,
    ) -> M:
        """Like ``get``, but a missing row raises NoResultFound."""
        found = await self.get(
            entity,
            key,
            options=options,
            populate_existing=populate_existing,
            with_for_update=with_for_update,
        )
        if found is None:
            raise NoResultFound(f"no {entity.__name__} has the primary key that was asked for")
        return found

    async def get_many(
        self, entity: type[M], keys: Iterable[Any], *, options: Sequence[Option] = ()
    ) -> list[M | None]:
        """The objects with these primary keys, in the order asked for; None for missing rows."""
        with self._guard("get_many"):
            self._transaction.check()
            mapper = mapper_of_entity(entity)
            wanted = [checked_key(mapper, key) for key in keys]
            await self._core.autoflush()
            self._transaction.autobegin()
            find = self._unit.identity_map.get
            held = {key: find(mapper, key) for key in wanted}
            missing = [k for k, i in held.items() if i is None or is_expired(i) or options]
            loaded = await self._load_many(mapper, held, missing, listed(options))
            for key in missing:
                if key not in loaded and (gone := held[key]) is not None:
                    deleted_elsewhere(self._unit, gone)
                held[key] = loaded.get(key)
            if self._unit.notices:
                await Notices(self._unit)
            return [held[key] for key in wanted]

    async def _load_many(
        self, mapper: Mapper, held: Mapping[Any, Any], keys: list[Any], options: Sequence[Any]
    ) -> dict[Any, Any]:
        context = self._core.context
        again = [key for key in keys if held[key] is not None]
        if not again or not (options or HEARD):
            return await load_many(mapper, keys, context, options)
        # criteria say which rows are found, not which of the objects held are still there
        first = [key for key in keys if held[key] is None]
        found = await load_many(mapper, first, context, options)
        return found | await load_many(mapper, again, context, options, again=True)

    async def execute(
        self,
        statement: Statement[R],
        parameters: Parameters = None,
        *,
        execution_options: Options = None,
    ) -> Result[R]:
        """Run a statement and return its rows; pending work is flushed first."""
        with self._guard("execute"):
            return await execute(self._core, with_options(statement, execution_options), parameters)

    @overload
    async def scalars(
        self,
        statement: Statement[tuple[F, *tuple[Any, ...]]],
        parameters: Parameters = None,
        *,
        execution_options: Options = None,
    ) -> Result[F]: ...
    @overload
    async def scalars(
        self,
        statement: Statement[R],
        parameters: Parameters = None,
        *,
        execution_options: Options = None,
    ) -> Result[R]: ...
    async def scalars(
        self,
        statement: Any,
        parameters: Parameters = None,
        *,
        execution_options: Options = None,
    ) -> Result[Any]:
        """The first value of every row."""
        result = await self.execute(statement, parameters, execution_options=execution_options)
        return result.scalars()

    @overload
    async def scalar(
        self,
        statement: Statement[tuple[F, *tuple[Any, ...]]],
        parameters: Parameters = None,
        *,
        execution_options: Options = None,
    ) -> F | None: ...
    @overload
    async def scalar(
        self,
        statement: Statement[R],
        parameters: Parameters = None,
        *,
        execution_options: Options = None,
    ) -> R | None: ...
    async def scalar(
        self,
        statement: Any,
        parameters: Parameters = None,
        *,
        execution_options: Options = None,
    ) -> Any:
        """The first value of the first row, or None."""
        result = await self.execute(statement, parameters, execution_options=execution_options)
        return result.scalar()

    async def all(self, statement: Statement[R]) -> list[R]:
        """All rows of a statement."""
        return (await self.execute(statement)).all()

    async def one(self, statement: Statement[R]) -> R:
        """The only row of a statement; NoResultFound or MultipleResultsFound otherwise."""
        return (await self.execute(statement)).one()

    async def first(self, statement: Statement[R]) -> R | None:
        """The first row of a statement, or None."""
        return (await self.execute(statement)).first()

    async def stream(
        self, statement: Statement[R], *, prefetch: int = 500, execution_options: Options = None
    ) -> ResultStream[R]:
        """Rows one by one through a server-side cursor, in bounded memory."""
        with self._guard("stream"):
            check_statement(statement)
            wanted = with_options(statement, execution_options)
            return await open_stream(self._core, self._guard, wanted, prefetch)

    @overload
    async def stream_scalars(
        self,
        statement: Statement[tuple[F, *tuple[Any, ...]]],
        *,
        prefetch: int = 500,
        execution_options: Options = None,
    ) -> ResultStream[F]: ...
    @overload
    async def stream_scalars(
        self, statement: Statement[R], *, prefetch: int = 500, execution_options: Options = None
    ) -> ResultStream[R]: ...
    async def stream_scalars(
        self, statement: Any, *, prefetch: int = 500, execution_options: Options = None
    ) -> ResultStream[Any]:
        """The first value of every row, through a server-side cursor."""
        rows = await self.stream(statement, prefetch=prefetch, execution_options=execution_options)
        return rows.scalars()

    @overload
    async def load(self, target: M, first: Loaded[M, R], /, *path: Loaded[Any, Any]) -> R: ...
    @overload
    async def load(
        self, target: Iterable[M], first: Loaded[M, Any], /, *path: Loaded[Any, Any]
    ) -> None: ...
    @overload
    async def load(self, target: Model, column: BaseColumn[Any, R], /) -> R: ...
    @overload
    async def load(self, target: Iterable[Model], column: BaseColumn[Any, Any], /) -> None: ...
    async def load(self, target: Any, /, *path: Any) -> Any:
        """Load relationships that are not loaded yet, one statement for each step of the path.

        They are loaded for all objects of the same result at once, so that a loop over a result
        costs one statement. Returns what the first relationship of a single object holds.

        ``User.books.where(...)`` and ``User.books.top(3, order_by=...)`` load some members only.
        A collection that was not loaded before then holds these, and says that it is partial; a
        whole one stays as it is.

        A column that is deferred or has expired is loaded in the same way, with its group.
        """
        with self._guard("load"):
            return await load(self._core, target, path)


def mapper_of_entity(entity: Any) -> Mapper:
    """The mapper of a mapped class; ArgumentError for anything else."""
    mapper = getattr(entity, "__mapper__", None)
    if not isinstance(mapper, Mapper):
        name = entity.__name__ if isinstance(entity, type) else repr(type(entity).__name__)
        raise ArgumentError(
            f"{name} is not a mapped class",
            hint='give a class with a table: class User(Model, table="users")',
        )
    return mapper
