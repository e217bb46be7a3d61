from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from asyncorm._graph import sort_components


def groups(edges: dict[str, str], nodes: str) -> list[str]:
    found = sort_components(list(nodes), lambda node: edges.get(node, ""))
    return ["".join(group) for group in found]


def test_dependencies_come_first() -> None:
    assert groups({"a": "b", "b": "c"}, "abc") == ["c", "b", "a"]


def test_independent_nodes_keep_their_order() -> None:
    assert groups({}, "cab") == ["c", "a", "b"]


def test_a_circle_is_one_group_in_the_given_order() -> None:
    assert groups({"a": "c", "c": "b", "b": "a", "d": "a"}, "dcba") == ["cba", "d"]


def test_a_node_that_depends_on_itself_is_a_group_of_one() -> None:
    assert groups({"a": "a"}, "a") == ["a"]


def test_dependencies_outside_the_nodes_are_ignored() -> None:
    assert groups({"a": "xz"}, "a") == ["a"]


def test_two_circles_joined_one_way_are_two_groups() -> None:
    assert groups({"a": "b", "b": "a", "c": "db", "d": "c"}, "cdab") == ["ab", "cd"]


def test_a_chain_of_a_hundred_thousand_nodes_needs_no_recursion() -> None:
    nodes = range(100_000)
    found = sort_components(nodes, lambda node: [node + 1])
    assert found == [[node] for node in reversed(nodes)]


def test_a_circle_of_a_hundred_thousand_nodes_is_one_group() -> None:
    size = 100_000
    assert sort_components(range(size), lambda node: [(node + 1) % size]) == [list(range(size))]


@given(
    st.integers(1, 12).flatmap(
        lambda size: st.tuples(
            st.just(size),
            st.sets(st.tuples(st.integers(0, size - 1), st.integers(0, size - 1)), max_size=40),
        )
    )
)
def test_groups_are_exactly_the_nodes_that_reach_each_other(
    drawn: tuple[int, set[tuple[int, int]]],
) -> None:
    size, edges = drawn
    reach = {node: reachable(node, edges) for node in range(size)}
    found = sort_components(range(size), lambda node: [to for start, to in edges if start == node])
    assert sorted(node for group in found for node in group) == list(range(size))
    done: set[int] = set()
    for group in found:
        first = group[0]
        assert set(group) == {first} | {n for n in reach[first] if first in reach[n]}
        assert all(reach[node] <= done | set(group) for node in group)
        done.update(group)


def reachable(start: int, edges: set[tuple[int, int]]) -> set[int]:
    found: set[int] = set()
    pending = [start]
    while pending:
        node = pending.pop()
        for begin, end in edges:
            if begin == node and end not in found:
                found.add(end)
                pending.append(end)
    return found
