"""Ordering of anything by its dependencies: tables for DDL, rows for a flush."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Generic, TypeVar

N = TypeVar("N", bound=Hashable)


def sort_components(nodes: Sequence[N], dependencies: Callable[[N], Iterable[N]]) -> list[list[N]]:
    """Groups of nodes, dependencies first; nodes that depend on each other share a group.

    Deterministic: nodes come in the order of ``nodes``, each after what it depends on; a group
    keeps that order inside. Dependencies outside ``nodes`` are ignored. A node that depends on
    itself is a group of one.
    """
    return _Search(nodes, dependencies).run()


class _Search(Generic[N]):
    """Tarjan's search for strongly connected components, without recursion."""

    def __init__(self, nodes: Sequence[N], dependencies: Callable[[N], Iterable[N]]) -> None:
        self.position = {node: index for index, node in enumerate(nodes)}
        self.dependencies = dependencies
        self.visited: dict[N, int] = {}
        #: the earliest open node that can be reached
        self.lowest: dict[N, int] = {}
        self.open: list[N] = []
        self.is_open: set[N] = set()
        self.components: list[list[N]] = []

    def run(self) -> list[list[N]]:
        for node in self.position:
            if node not in self.visited:
                self._visit(node)
        return self.components

    def _visit(self, root: N) -> None:
        path = [(root, self._enter(root))]
        while path:
            node, pending = path[-1]
            for dependency in pending:
                if dependency not in self.visited:
                    path.append((dependency, self._enter(dependency)))
                    break
                if dependency in self.is_open:
                    self.lowest[node] = min(self.lowest[node], self.visited[dependency])
            else:
                path.pop()
                self._leave(node, path[-1][0] if path else None)

    def _enter(self, node: N) -> Iterator[N]:
        self.visited[node] = self.lowest[node] = len(self.visited)
        self.open.append(node)
        self.is_open.add(node)
        known = {item for item in self.dependencies(node) if item in self.position}
        return iter(sorted(known, key=self.position.__getitem__))

    def _leave(self, node: N, parent: N | None) -> None:
        if parent is not None:
            self.lowest[parent] = min(self.lowest[parent], self.lowest[node])
        if self.lowest[node] != self.visited[node]:
            return
        start = len(self.open) - 1
        while self.open[start] is not node:
            start -= 1
        component = self.open[start:]
        del self.open[start:]
        self.is_open.difference_update(component)
        self.components.append(sorted(component, key=self.position.__getitem__))
