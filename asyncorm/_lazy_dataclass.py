"""dataclass: the standard one, whose methods are written when a class gets its first instance.

``dataclasses`` writes and compiles about six methods a class, 0.3 ms; for forty of them that was a
quarter of what importing asyncorm cost, and no program uses all. To type checkers, and from the
first instance on, a class is what the standard decorator makes of it. Public classes are made at
once: tools read the signatures of their constructors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:
    import dataclasses
    from functools import wraps
    from threading import RLock

    _lock = RLock()
    #: options, and the constructor that the class has itself, of classes without an instance yet
    _unfinished: dict[type, tuple[dict[str, bool], Any]] = {}

    def dataclass(cls: type | None = None, /, **options: bool) -> Any:
        """As ``dataclasses.dataclass``, but for ``slots=True``, which makes another class."""
        if cls is None:
            return lambda decorated: _prepare(decorated, options)
        return _prepare(cls, options)

    def _prepare(owner: type, options: dict[str, bool]) -> type:
        """Let the ways to a first instance, the constructor and pickle's, finish the class."""
        written = owner.__dict__.get("__init__")

        def construct(self: Any, *args: Any, **kwargs: Any) -> None:
            _finish(owner)
            owner.__init__(self, *args, **kwargs)

        def restore(self: Any, state: dict[str, Any]) -> None:
            _finish(owner)
            self.__dict__.update(state)

        _unfinished[owner] = options, written
        owner.__init__ = construct if written is None else wraps(written)(construct)
        owner.__setstate__ = restore
        return owner

    def _finish(owner: type) -> None:
        """Let ``dataclasses`` make what it makes of the class, and of those above it."""
        with _lock:
            for cls in reversed(owner.__mro__):
                if cls in _unfinished:
                    options, written = _unfinished[cls]
                    dataclasses.dataclass(**{**options, "init": False})(cls)
                    # replaced, not removed before: another thread may be constructing
                    cls.__init__ = written or _constructor(cls, options.get("frozen", False))
                    del cls.__setstate__
                    del _unfinished[cls]

    def _constructor(cls: type, frozen: bool) -> Any:
        """What ``dataclasses`` writes for a class with the same fields."""
        below = type(cls.__name__, (cls,), {"__module__": cls.__module__})
        return dataclasses.dataclass(below, frozen=frozen, eq=False, repr=False).__init__
