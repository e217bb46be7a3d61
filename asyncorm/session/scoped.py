"""scoped_session: one session for each task, found without handing it around."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Iterator, MutableMapping
from types import TracebackType
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from asyncorm.errors import InvalidRequestError
from asyncorm.session.factory import SessionFactory
from asyncorm.session.session import Session


class ScopedRegistry:
    """The sessions of a ``scoped_session``, by task or by what ``scopefunc`` returns."""

    def __init__(self, scopefunc: Callable[[], Hashable] | None) -> None:
        self._key = scopefunc or _current_task
        # a task that ends takes its session along; a key of the application's own has no end
        self._sessions: MutableMapping[Any, Session] = WeakKeyDictionary() if not scopefunc else {}

    def has(self) -> bool:
        """Whether there is a session here and now."""
        return self.get() is not None

    def get(self) -> Session | None:
        """The session of here and now, if there is one that is not closed."""
        found = self._sessions.get(self._key())
        return None if found is None or found._guard.closed else found

    def set(self, session: Session) -> None:
        """Make a session the one of here and now."""
        self._sessions[self._key()] = session

    def clear(self) -> None:
        """Forget the session of here and now, without closing it."""
        self._sessions.pop(self._key(), None)


def _current_task() -> asyncio.Task[Any]:
    try:
        task = asyncio.current_task()
    except RuntimeError:
        task = None
    if task is None:
        raise InvalidRequestError(
            "a scoped session was used outside of a task, so it is nobody's",
            hint="use it in a coroutine, or give scoped_session a scopefunc",
        )
    return task


if TYPE_CHECKING:

    class scoped_session(Session):  # noqa: N801 - called like a function, as in SQLAlchemy
        """One session for each task: ``scoped()``, or its methods directly: ``scoped.add(x)``."""

        session_factory: SessionFactory
        registry: ScopedRegistry

        def __init__(
            self, session_factory: SessionFactory, scopefunc: Callable[[], Hashable] | None = None
        ) -> None: ...
        def __call__(self, **options: Any) -> Session:
            """The session of this task, made at its first use."""
            ...

        def configure(self, **options: Any) -> None:
            """Change the options of sessions made from now on."""

        async def remove(self) -> None:
            """Close the session of this task, if it has one, and forget it."""

else:

    class scoped_session:  # noqa: N801 - called like a function, as in SQLAlchemy
        """One session for each task: ``scoped()``, or its methods directly: ``scoped.add(x)``.

        A task that is started by another one has a session of its own. ``await scoped.remove()``
        closes the task's session, as leaving ``async with scoped:`` does. ``scopefunc`` gives the
        key of a scope instead of the task: whoever gets the same one shares the session.
        """

        def __init__(self, session_factory, scopefunc=None):
            self.session_factory = session_factory
            self.registry = ScopedRegistry(scopefunc)

        def __call__(self, **options: Any) -> Session:
            """The session of this task, made at its first use."""
            session = self.registry.get()
            if session is None:
                session = self.session_factory(**options)
                self.registry.set(session)
            elif options:
                raise InvalidRequestError(
                    "this task has a session already, so its options can't be chosen any more",
                    hint="give options at the first use, or await scoped.remove() before",
                )
            return session

        def configure(self, **options: Any) -> None:
            """Change the options of sessions made from now on."""
            self.session_factory.configure(**options)

        async def remove(self) -> None:
            """Close the session of this task, if it has one, and forget it."""
            session = self.registry.get()
            self.registry.clear()
            if session is not None:
                await session.close()

        async def __aenter__(self) -> Session:
            return await self().__aenter__()

        async def __aexit__(
            self,
            kind: type[BaseException] | None,
            error: BaseException | None,
            trace: TracebackType | None,
        ) -> None:
            session = self.registry.get()
            self.registry.clear()
            if session is not None:
                await session.__aexit__(kind, error, trace)

        def __getattr__(self, name: str) -> Any:
            if name.startswith("_"):
                raise AttributeError(name)
            return getattr(self(), name)

        def __contains__(self, instance: object) -> bool:
            return instance in self()

        def __iter__(self) -> Iterator[Any]:
            return iter(self())

        def __repr__(self) -> str:
            return f"<scoped_session of {self.session_factory!r}>"
