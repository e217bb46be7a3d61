"""sessionmaker: an engine and options, from which sessions are made."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from asyncorm.engine.connection import Connection
from asyncorm.engine.engine import Engine
from asyncorm.engine.joined import JoinMode
from asyncorm.engine.repeat_limit import OnRepeat
from asyncorm.session.blocks import TransactionBlock
from asyncorm.session.session import Session
from asyncorm.tracking.listeners import Listeners


class SessionFactory:
    """Makes sessions: ``Session()``, or ``Session.begin()`` for one that commits at its end."""

    def __init__(
        self, bind: Engine | Connection, class_: type[Session] = Session, **options: Any
    ) -> None:
        self.class_ = class_
        self._options: dict[str, Any] = {**options, "bind": bind}
        #: who listens to the sessions made here
        self._listeners = Listeners()

    def __call__(self, **options: Any) -> Session:
        """A new session; options given here, ``bind`` among them, win over the factory's."""
        session = self.class_(**{**self._options, **options})
        session._unit.listeners += (self._listeners,)
        return session

    def configure(self, **options: Any) -> None:
        """Change the options of sessions made from now on, ``bind`` among them."""
        self._options.update(options)

    def begin(self, **options: Any) -> SessionBlock:
        """``async with Session.begin() as session``: commits at the end, then closes."""
        return SessionBlock(self(**options))

    def __repr__(self) -> str:
        return f"<sessionmaker of {self._options['bind']!r}>"


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
    bind: Engine | Connection,
    *,
    class_: type[Session] = Session,
    autoflush: bool = True,
    autobegin: bool = True,
    expire_on_commit: bool = False,
    close_resets_only: bool = False,
    isolation_level: str | None = None,
    join_transaction_mode: JoinMode = "create_savepoint",
    n_plus_one: OnRepeat | None = None,
    n_plus_one_limit: int | None = None,
    info: dict[Any, Any] | None = None,
) -> SessionFactory:
    """A factory of sessions on an engine or a connection; the options are those of ``Session``.

    ``class_`` is a subclass of Session to make them of.
    """
    return SessionFactory(
        bind,
        class_,
        autoflush=autoflush,
        autobegin=autobegin,
        expire_on_commit=expire_on_commit,
        close_resets_only=close_resets_only,
        isolation_level=isolation_level,
        join_transaction_mode=join_transaction_mode,
        n_plus_one=n_plus_one,
        n_plus_one_limit=n_plus_one_limit,
        info=info,
    )
