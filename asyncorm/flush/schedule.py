"""Schedule: rows in an order that their dependencies allow, in as few statements as can be had."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from asyncorm.flush.edge import Edge

Waits = dict[Any, list[Edge]]
Shape = Hashable


def schedule(
    rows: list[Any], groups: list[list[Any]], waits: Waits, shape_of: Callable[[Any], Shape]
) -> list[list[Any]]:
    """Rows statement by statement, all rows of a statement of one shape.

    ``groups`` are in dependency order; the rows of a group share a statement. A shape whose rows
    are all ready goes first, since waiting gains nothing for it; otherwise the shape that the
    longest chain waits for. For one shape this is the least number of statements; with several,
    where the least number is hard to find, it may be some more.
    """
    return _Schedule(rows, groups, waits, shape_of).run()


class _Schedule:
    def __init__(
        self,
        rows: list[Any],
        groups: list[list[Any]],
        waits: Waits,
        shape_of: Callable[[Any], Shape],
    ) -> None:
        self.position = {row: number for number, row in enumerate(rows)}
        self.groups = groups
        self.shapes = [shape_of(group[0]) for group in groups]
        self.followers: list[list[tuple[int, bool]]] = [[] for _ in groups]
        self.waiting = [0] * len(groups)
        self._connect(waits)
        self.heights = self._heights()
        self.remaining: dict[Shape, int] = {}
        for shape in self.shapes:
            self.remaining[shape] = self.remaining.get(shape, 0) + 1
        self.ready: dict[Shape, list[int]] = {shape: [] for shape in self.remaining}

    def _connect(self, waits: Waits) -> None:
        group_of = {row: number for number, group in enumerate(self.groups) for row in group}
        for number, group in enumerate(self.groups):
            for row in group:
                for edge in waits[row]:
                    before = group_of[edge.first]
                    if before != number:
                        self.followers[before].append((number, edge.strict))
                        self.waiting[number] += 1

    def _heights(self) -> list[int]:
        """How many statements at least must follow the one of each group."""
        heights = [0] * len(self.groups)
        for number in reversed(range(len(self.groups))):
            for follower, strict in self.followers[number]:
                heights[number] = max(heights[number], heights[follower] + strict)
        return heights

    def run(self) -> list[list[Any]]:
        for number in [n for n, count in enumerate(self.waiting) if not count]:
            self._make_ready(number)
        steps: list[list[Any]] = []
        while self.remaining:
            shape = self._choose()
            numbers, self.ready[shape] = self.ready[shape], []
            self.remaining[shape] -= len(numbers)
            if not self.remaining[shape]:
                del self.remaining[shape]
            step = [row for number in numbers for row in self.groups[number]]
            steps.append(sorted(step, key=self.position.__getitem__))
            for number in numbers:
                self._release(number, strict=True)
        return steps

    def _choose(self) -> Shape:
        waiting = [shape for shape in self.remaining if self.ready[shape]]
        for shape in waiting:
            if len(self.ready[shape]) == self.remaining[shape]:
                return shape
        return max(waiting, key=lambda shape: max(self.heights[n] for n in self.ready[shape]))

    def _make_ready(self, number: int) -> None:
        """The group can go with the next statement of its shape, and with it all that may share
        that statement."""
        pending = [number]
        for member in pending:
            self.ready[self.shapes[member]].append(member)
            pending += self._count_down(member, strict=False)

    def _release(self, number: int, strict: bool) -> None:
        for follower in self._count_down(number, strict):
            self._make_ready(follower)

    def _count_down(self, number: int, strict: bool) -> list[int]:
        found: list[int] = []
        for follower, is_strict in self.followers[number]:
            if is_strict is strict:
                self.waiting[follower] -= 1
                if not self.waiting[follower]:
                    found.append(follower)
        return found
