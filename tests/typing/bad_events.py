"""Mistakes with listeners and scoped sessions that a type checker finds."""

from __future__ import annotations

from asyncorm import Session, SessionFactory, event, scoped_session


def listener(session: Session) -> None: ...


event.listen(Session, "before_flush", "listener")  # E
event.listen(Session, 7, listener)  # E
event.listen(Session, "before_flush", listener, twice=True)  # E


@event.listens_for(Session)  # E
def another(session: Session) -> None: ...


async def use(factory: SessionFactory) -> None:
    scoped = scoped_session(factory)
    scoped.nothing_like_it()  # E
    scoped.get(7)  # E
    scoped_session()  # E
