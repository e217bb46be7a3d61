"""Arrivals: the instances that a result has brought in, for those who listen to that."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from asyncorm.tracking.event_names import LOAD_EVENTS
from asyncorm.tracking.listeners import hears
from asyncorm.tracking.state import InstanceState
from asyncorm.tracking.unit_of_work import UnitOfWork


def note_loaded(unit: UnitOfWork, found: Iterable[Any], state: InstanceState) -> None:
    """Note the instances made for a result: they, and no others, have the state made for it."""
    if not hears(unit, LOAD_EVENTS):
        return
    for instance in dict.fromkeys(found):
        if instance is not None and instance._state is state:
            for name in LOAD_EVENTS:
                unit.note(name, instance)
