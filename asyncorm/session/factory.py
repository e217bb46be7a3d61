"""sessionmaker: an engine and options, from which sessions are made."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from asyncorm.engine.engine import Engine
from asyncorm.session.blocks import TransactionBlock
from asyncorm.session.session import Session
from asyncorm.tracking.listeners import Listeners


class SessionFactory:
    """Makes sessions: ``Session()``, or ``Session.begin()`` for one that commits at its end."""

    def __init__(self, engine: Engine, **options: Any) -> None:
        self._engine = engine
        self._options = options
        #: who listens to the sessions made here
        self._listeners = Listeners()

    def __call__(self, **options: Any) -> Session:
        """A new session; options given here win over those of the factory."""
        session = Session(self._engine, **{**self._options, **options})
        session._unit.listeners += (self._listeners,)
        return session

    def configure(self, **options: Any) -> None:
        """Change the options of sessions made from now on."""
        self._engine = options.pop("engine", self._engine)
        self._options.update(options)

    def begin(self, **options: Any) -> SessionBlock:
        """``async with Session.begin() as session``: commits at the end, then closes."""
        return SessionBlock(self(**options))

    def __repr__(self) -> str:
        return f"<sessionmaker of {self._engine!r}>"


class SessionBlock:
    """A session and its transaction, for the time of an ``async with`` block."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._transaction: TransactionBlock[Session] = session.begin()

    async def __aenter__(self) -> Session:
        return await self._transaction.__aenter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            await self._transaction.__aexit__(kind, error, trace)
        finally:
            await self._session.__aexit__(kind, error, trace)


def sessionmaker(
    engine: Engine,
    *,
    autoflush: bool = True,
    expire_on_commit: bool = False,
    isolation_level: str | None = None,
    info: dict[Any, Any] | None = None,
) -> SessionFactory:
    """A factory of sessions on an engine; the options are those of ``Session``."""
    return SessionFactory(
        engine,
        autoflush=autoflush,
        expire_on_commit=expire_on_commit,
        isolation_level=isolation_level,
        info=info,
    )
