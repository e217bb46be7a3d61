"""LoadNode: what is loaded with the objects of one entity, and with what is loaded with them.

The tree is made of a statement's options and of the defaults of relationships (``lazy=``); it
does not depend on how the statement is sent.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from asyncorm.errors import InvalidRequestError
from asyncorm.loading.columns import Chosen, check_columns, chosen_attributes
from asyncorm.loading.criteria import narrowed
from asyncorm.loading.directives import (
    EAGER,
    Columns,
    Directive,
    Everything,
    Step,
    Strategy,
)
from asyncorm.loading.placing import place
from asyncorm.mapping.hierarchy import columns_below
from asyncorm.mapping.mapper import Mapper
from asyncorm.mapping.relationships import Relationship
from asyncorm.sql.adapted import adapted, adapted_order
from asyncorm.sql.criteria import Criteria, criteria_of
from asyncorm.sql.expressions import Expression
from asyncorm.sql.given import orders
from asyncorm.sql.nodes import Option, combined
from asyncorm.sql.operators.order import Order
from asyncorm.sql.statements.raw import Text

Path = tuple[Relationship[Any, Any], ...]
#: pairs of a source and of what stands for it in a statement
Renamed = list[tuple[Any, Any]]


class Edge:
    """A relationship that is loaded together with its owners, and what is loaded with it."""

    __slots__ = ("_key", "_parameters", "node", "relationship", "selection", "step", "strategy")

    def __init__(self, step: Step, strategy: Strategy, node: LoadNode | None) -> None:
        self.step = step
        self.relationship = step.relationship
        self.strategy = strategy
        self.selection = step.selection
        self._key: Hashable = (strategy, step._key, None if node is None else node._key)
        self._parameters = step._parameters + (() if node is None else node._parameters)
        #: what is loaded with the related objects; the node that the edge leaves, if levels repeat
        self.node: LoadNode = node  # type: ignore[assignment]

    def places(self, target: Any, link: Any) -> Renamed:
        """What mapping and options call the related entity and the link table, with their names."""
        secondary = self.relationship.secondary
        found = self.step.places(target)
        return found if secondary is None else [*found, (secondary.table, link)]

    def conditions(self, places: Renamed) -> list[Expression[bool, Any]]:
        """What the selection asks for."""
        given = () if self.selection is None else self.selection.conditions
        return [adapted(condition, *places) for condition in given]

    def order(self, places: Renamed) -> list[Order]:
        """How the members of a collection are ordered; by nothing if nothing is said."""
        own = () if self.selection is None else self.selection.order
        return [adapted_order(o, *places) for o in (*own, *orders(self.relationship.order_by))]


class LoadNode:
    """The relationships and columns that are loaded with objects of an entity."""

    __slots__ = (
        "_key",
        "_parameters",
        "columns",
        "criteria",
        "edges",
        "keys",
        "mapper",
        "unloaded",
    )

    def __init__(
        self,
        mapper: Mapper,
        columns: tuple[Columns, ...] = (),
        edges: Iterable[Edge] = (),
        unloaded: dict[Relationship[Any, Any] | None, Strategy] | None = None,
    ) -> None:
        self.mapper = mapper
        self.columns = columns
        self.edges: dict[Relationship[Any, Any], Edge] = {edge.relationship: edge for edge in edges}
        #: relationships that are left unloaded on purpose; None stands for all the others
        self.unloaded = unloaded or {}
        #: the columns by which a collection finds the objects here
        self.keys: tuple[str, ...] = ()
        #: conditions under which everything here is loaded, and what is loaded later
        self.criteria: tuple[Criteria, ...] = ()
        parts = (*columns, *self.edges.values())
        keys, self._parameters = combined(parts)
        without = tuple((r and r._key, strategy) for r, strategy in self.unloaded.items())
        self._key: Hashable = ("node", mapper.entity, keys, without)

    @property
    def attributes(self) -> tuple[str, ...]:
        """The columns that are read of each object."""
        return self.attributes_of(self.mapper)

    def attributes_of(self, mapper: Mapper) -> tuple[str, ...]:
        """The columns that are read of objects of the entity, or of a subclass."""
        if not self.columns:
            return mapper.selected
        # what an edge starts from must be known to follow it
        needed = [n for edge in self.edges.values() for n in edge.relationship.local_attributes]
        return chosen_attributes(mapper, self.columns, (*needed, *self.keys))

    @property
    def chosen(self) -> Chosen:
        """The same for a statement, with those of subclasses."""
        kinds = self.mapper.subtypes
        below = columns_below(self.mapper, self.attributes_of) if len(kinds) > 1 else None
        return Chosen(self.attributes, below)

    def strategy_of(self, relationship: Relationship[Any, Any]) -> str | None:
        """How options want a relationship to be left unloaded; None if they say nothing of it."""
        if relationship in self.edges:
            return self.edges[relationship].strategy.value
        said = self.unloaded.get(relationship) or self.unloaded.get(None)
        return None if said is None else said.value

    @property
    def is_trivial(self) -> bool:
        """Whether nothing is loaded but the columns that are always loaded."""
        return not (self.edges or self.columns or self.unloaded or self.criteria)

    @property
    def has_values(self) -> bool:
        """Whether it holds values that differ between statements of one shape."""
        return bool(self._parameters) or any(option._parameters for option in self.criteria)

    def filters(self, relationship: Relationship[Any, Any]) -> bool:
        """Whether criteria hold for what a relationship leads to."""
        return narrowed(relationship, None, self.criteria) is not None

    def narrow(self, criteria: tuple[Criteria, ...]) -> LoadNode:
        """Put everything from here on under criteria."""
        pending: list[LoadNode] = [self] if criteria else []
        while pending:
            node = pending.pop()
            if node.criteria is criteria:
                continue  # levels that repeat
            node.criteria = criteria
            for edge in node.edges.values():
                edge.selection = narrowed(edge.relationship, edge.step.selection, criteria)
                pending.append(edge.node)
        return self


class Resolved(Option):
    """The option of a statement that loads a relationship: a node that is known already."""

    def __init__(self, node: LoadNode) -> None:
        self.node = node
        self.criteria = node.criteria
        keys, parameters = combined(node.criteria)
        self._key: Hashable = (node._key, keys)
        self._parameters = node._parameters + parameters


def only(mapper: Mapper, names: Iterable[str]) -> Resolved:
    """The option of a statement that reads some columns and nothing else."""
    columns = Columns("only", tuple(mapper.columns[name] for name in names))
    return Resolved(LoadNode(mapper, (columns,)))


def trees_of(statement: Any) -> dict[int, LoadNode]:
    """What is loaded with each entity of a statement, by the entity's place among its items."""
    options = getattr(statement, "_options", ())
    resolved = next((option.node for option in options if isinstance(option, Resolved)), None)
    trees: dict[int, LoadNode] = {}
    for position, (mapper, directives) in place(statement).by_position.items():
        node = resolved or make_node(mapper, directives).narrow(criteria_of(options))
        if not node.is_trivial:
            trees[position] = node
    return trees


def tree_of(instance: Any) -> LoadNode | None:
    """What was loaded with an instance, or would be if no option were given."""
    mapper: Mapper = type(instance).__mapper__
    known: LoadNode | None = instance._state.tree
    return make_node(mapper, ()) if known is None and mapper.eager else known


def loads_more(statement: Any) -> bool:
    """Whether a statement may load more or less than the columns of its entities."""
    if getattr(statement, "_options", ()):
        return True
    if isinstance(statement, Text):
        return False
    for item in statement._output_items():
        mapper = getattr(item, "__mapper__", None)
        if mapper is not None and mapper.eager:
            return True
    return False


def make_node(mapper: Mapper, directives: Sequence[Directive], above: Path = ()) -> LoadNode:
    """The node of an entity: defaults of its relationships, changed by what options say."""
    mapper.entity.metadata.configure()
    here = [d.instruction for d in directives if not d.path]
    below: dict[Relationship[Any, Any], list[Directive]] = {}
    for directive in directives:
        if directive.path:
            below.setdefault(directive.path[0], []).append(directive.inside())
    everything = [i for i in here if isinstance(i, Everything)]
    # what holds for all relationships holds further down as well
    passed_on = [d for d in directives if not d.path and isinstance(d.instruction, Everything)]
    edges: list[Edge] = []
    unloaded: dict[Relationship[Any, Any] | None, Strategy] = {}
    if everything:
        unloaded[None] = everything[-1].strategy
    for step in _steps(mapper, here, everything, above):
        strategy = step.strategy or Strategy(step.relationship.lazy)
        relationship = step.relationship
        if strategy in EAGER:
            inner = [*passed_on, *below.get(relationship, ())]
            edges.append(_edge(step, strategy, inner, (*above, relationship)))
        elif step.strategy is not None:
            unloaded[relationship] = strategy
    columns = tuple(i for i in here if isinstance(i, Columns))
    check_columns(mapper, columns)
    node = LoadNode(mapper, columns, edges, unloaded)
    for edge in edges:
        if edge.node is None:
            edge.node = node
    return node


def _steps(
    mapper: Mapper,
    here: Sequence[Any],
    everything: Sequence[Everything],
    above: Path,
) -> list[Step]:
    """One step for each relationship of which something is known; options said last win."""
    found: dict[Relationship[Any, Any], Step] = {}
    for relationship in _relationships(mapper):
        if everything:
            if everything[-1].strategy is Strategy.NOLOAD:
                found[relationship] = Step(relationship, Strategy.NOLOAD)
        elif Strategy(relationship.lazy) in EAGER and not _leads_back(relationship, above):
            found[relationship] = Step(relationship, None)
    for step in here:
        if not isinstance(step, Step):
            continue
        known = found.get(step.relationship)
        if step.strategy is None and known is not None:
            continue
        found[step.relationship] = step
    return list(found.values())


def _relationships(mapper: Mapper) -> Iterable[Relationship[Any, Any]]:
    """The relationships of an entity and of its subclasses, whose objects come with it."""
    if len(mapper.subtypes) == 1:
        return mapper.relationships.values()
    return dict.fromkeys(r for kind in mapper.subtypes for r in kind.relationships.values())


def _leads_back(relationship: Relationship[Any, Any], above: Path) -> bool:
    """Whether a default has been followed already, or joins owners to all that they belong to."""
    if relationship in above:
        return True
    target: Any = relationship.target
    came_from = [one.owner for one in above]
    is_joined = relationship.lazy == Strategy.JOINED.value
    return is_joined and relationship.to_many and target.entity in came_from


def _edge(step: Step, strategy: Strategy, directives: list[Directive], above: Path) -> Edge:
    target = step.mapper
    refuse_write_only(step.relationship)
    if strategy is Strategy.NOLOAD:
        return Edge(step, strategy, LoadNode(target))
    if step.depth is not None:
        if step.depth < 0:
            return _endless(step, strategy, directives, above)
        if step.depth > 1:
            again = replace(step, depth=step.depth - 1)
            repeated = [d.below((step.relationship,)) for d in directives]
            directives = [*directives, Directive((), again), *repeated]
    node = make_node(target, directives, above)
    if step.relationship.keyed_by is not None:
        node.keys = (step.relationship.keyed_by,)
    return Edge(step, strategy, node)


def refuse_write_only(relationship: Relationship[Any, Any]) -> None:
    """Refuse to load the members of a collection that is never loaded."""
    if relationship.lazy == Strategy.WRITE_ONLY.value:
        raise InvalidRequestError(
            f"{relationship} is write-only: its members are never loaded, which this needs",
            hint=f"read it by a statement, obj.{relationship.name}.select(); for a delete let "
            'the server see to the members: foreign_key(ondelete="CASCADE"), or passive_deletes',
        )


def _endless(step: Step, strategy: Strategy, directives: list[Directive], above: Path) -> Edge:
    """An edge whose node has the same edge again: levels to the end of the data."""
    edge = Edge(step, strategy, None)
    node = make_node(step.mapper, directives, above)
    node.edges[step.relationship] = edge
    node._key = (node._key, edge._key)
    if step.relationship.keyed_by is not None:
        node.keys = (step.relationship.keyed_by,)
    edge.node = node
    return edge
