"""RepeatLimit: how often a session may send one statement, and what happens if it does."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, get_args

from asyncorm.errors import ConfigurationError

#: what is done about a statement that one transaction repeats
OnRepeat = Literal["warn", "raise", "off"]

_ACTIONS: tuple[str, ...] = get_args(OnRepeat)


class RepeatLimit(NamedTuple):
    """The options ``n_plus_one`` and ``n_plus_one_limit`` of an engine or a session."""

    action: OnRepeat = "off"
    limit: int = 10

    def changed(self, action: OnRepeat | None, limit: int | None) -> RepeatLimit:
        """The same with what is given here; ConfigurationError for what makes no sense."""
        if action is None and limit is None:
            return self
        return RepeatLimit(
            self.action if action is None else _checked_action(action),
            self.limit if limit is None else _checked_limit(limit),
        )


def _checked_action(action: Any) -> OnRepeat:
    if action not in _ACTIONS:
        raise ConfigurationError(
            f"n_plus_one={action!r} is unknown",
            hint=f"use one of {', '.join(map(repr, _ACTIONS))}",
        )
    known: OnRepeat = action
    return known


def _checked_limit(limit: Any) -> int:
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < 1:
        raise ConfigurationError(
            "n_plus_one_limit is not above 0",
            hint="give the number of times that a transaction may send one statement",
        )
    return limit
