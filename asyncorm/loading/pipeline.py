"""The read path by name: a statement becomes rows, and what its options ask for is loaded too."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, cast

from asyncorm.errors import ObjectDeletedError
from asyncorm.loading.attaching import attach
from asyncorm.loading.context import LoadContext
from asyncorm.loading.criteria import rereading, unfiltered
from asyncorm.loading.directives import Step, Strategy
from asyncorm.loading.execution import Execution
from asyncorm.loading.existing import Existing, Seen, forget_loaded
from asyncorm.loading.payload import Arrived, hand_out, unfold
from asyncorm.loading.plan import LoadPlan
from asyncorm.loading.selectin import RelatedLoad
from asyncorm.loading.tree import Edge, LoadNode, make_node, refuse_write_only
from asyncorm.mapping.relationships import Relationship
from asyncorm.sql.criteria import Criteria, criteria_of
from asyncorm.tracking.collector import MANY_ROWS, pausing, without_collections
from asyncorm.tracking.listeners import HEARD
from asyncorm.tracking.notices import Notice, Notices
from asyncorm.tracking.unit_of_work import UnitOfWork

Path = Sequence[Relationship[Any, Any]]

#: The driver holds the list of records it returned until the connection's next statement, at least
#: 80 bytes a row. Longer ones are emptied when their objects are made. Not all: freed apart from
#: their values, records are allocated apart the next time, and 20,000 rows took a tenth longer.
MANY_RECORDS = 50_000


class Loaded(NamedTuple):
    """The rows of a statement, the names of their items, and what it was filtered by."""

    rows: list[Any]
    names: tuple[str, ...]
    criteria: tuple[Criteria, ...] = ()
    #: the values of each item, where only the session needs them
    columns: Sequence[list[Any]] = ()
    #: what the rows were made of, and how, there too
    records: Sequence[Any] = ()
    plan: LoadPlan | None = None


def let_go(records: Sequence[Any]) -> None:
    """Empty a long list of the driver's, when all that is needed of it was taken out."""
    if len(records) > MANY_RECORDS:
        cast("list[Any]", records).clear()


async def announce(unit: UnitOfWork, execution: Execution) -> Any:
    """The statement to send once listeners have seen it."""
    await Notice(unit, "do_orm_execute", execution)
    return execution.statement


async def load(
    statement: Any,
    context: LoadContext,
    existing: Existing | None = None,
    seen: Seen | None = None,
    *,
    follow: bool = True,
    whole: bool = False,
    **kind: bool,
) -> Loaded:
    """Run a statement of the session's own, of which listeners are told as of any other.

    ``whole`` is for what a flush must know, whatever criteria listeners add.
    """
    if HEARD:
        statement = await announce(context.unit, Execution(statement, **kind))
        if whole:
            statement = unfiltered(statement)
    if kind.get("is_column_load"):
        statement = rereading(statement)
    plan = context.plan(statement)
    records = await context.fetch(plan.compiled.sql, plan.compiled.arguments(statement))
    loaded = await make_rows(statement, plan, records, context, existing, seen, follow=follow)
    if follow:
        let_go(records)
    return loaded


async def make_rows(
    statement: Any,
    plan: LoadPlan,
    records: Sequence[Any],
    context: LoadContext,
    existing: Existing | None = None,
    seen: Seen | None = None,
    *,
    follow: bool = True,
) -> Loaded:
    """Rows of records that are here already; only what is loaded with them still needs SQL.

    Without ``follow`` that is left to the caller.
    """
    shape = getattr(statement, "_shape", None)
    if plan.is_plain and follow and not context.unit.notices:
        if len(records) < MANY_ROWS or shape is not None:  # what a class does is not ours to pause
            return Loaded(plan.plain_rows(records, shape), plan.names)
        return Loaded(without_collections(plan.plain_rows, records), plan.names)
    trees = plan.trees(statement)
    if len(records) < MANY_ROWS and not plan.payloads:
        columns, seen, is_complete = _place(plan, records, trees, context.unit, existing, seen)
    else:
        columns, seen, is_complete = without_collections(
            _place, plan, records, trees, context.unit, existing, seen
        )
    if context.unit.notices:
        await Notices(context.unit)
    if follow and not is_complete:
        for position, node in trees.items():
            found = dict.fromkeys(columns[position])
            found.pop(None, None)
            await load_tree(found, node, context, seen)
    options = getattr(statement, "_options", ())
    criteria = criteria_of(options) if options else ()
    if not follow:
        values = plan.values(columns)
        return Loaded(values[0], plan.names, criteria, values, records, plan)
    return Loaded(plan.rows(columns, shape), plan.names, criteria)


def _place(
    plan: LoadPlan,
    records: Sequence[Any],
    trees: dict[int, LoadNode],
    unit: UnitOfWork,
    existing: Existing | None,
    seen: Seen | None,
) -> tuple[list[list[Any]], Seen | None, bool]:
    """The values of records, with related ones in place; whether that was all of them."""
    nodes = plan.nodes(trees)
    columns, left = plan.columns(records, unit, existing, nodes)
    arrived: list[Arrived] = []
    if plan.payloads:
        arrived = unfold(plan.payloads, records, nodes, unit, existing)
    if existing is Existing.OVERWRITE:
        seen = {} if seen is None else seen
        for position in plan.entities:
            forget_loaded(columns[position], seen)
        for one in arrived:
            forget_loaded(one.objects, seen)
    is_complete = plan.brings_all
    if plan.attachments:
        is_complete &= attach(plan.attachments, columns, nodes, left)
    if arrived:
        is_complete &= hand_out(arrived, columns, unit)
    return columns, seen, is_complete


async def load_tree(
    instances: Iterable[Any], node: LoadNode, context: LoadContext, seen: Seen | None = None
) -> None:
    """Load what a tree asks for and objects still lack, one statement for each edge.

    With ``seen`` the related objects are overwritten, all but those that were already.
    """
    pending: deque[tuple[list[Any], LoadNode]] = deque([(list(dict.fromkeys(instances)), node)])
    visited: dict[Edge, dict[Any, None]] = {}
    while pending:
        owners, node = pending.popleft()
        for edge in node.edges.values():
            concerned = owners
            if not issubclass(node.mapper.entity, edge.relationship.owner):
                concerned = [o for o in owners if isinstance(o, edge.relationship.owner)]
            if not concerned:
                continue
            step = RelatedLoad(edge, concerned)
            await load_step(step, context, seen)
            if edge.node.edges:
                # levels that repeat may lead back to where they came from
                related = step.related()
                known = visited.get(edge)
                if known is None:
                    visited[edge] = dict.fromkeys(related)
                else:
                    related = [one for one in related if one not in known]
                    known.update(dict.fromkeys(related))
                if related:
                    pending.append((related, edge.node))


async def load_path(
    instances: Iterable[Any], path: Path, context: LoadContext, *, whole: bool = False
) -> None:
    """Load a path of relationships, one statement a step; what is loaded stays as it is.

    Criteria that the objects were loaded under do not hold, with ``whole`` not even those that
    listeners add.
    """
    owners = list(instances)
    for relationship in path:
        target: Any = relationship.target
        node = LoadNode(target) if whole else make_node(target, ())
        step = RelatedLoad(Edge(Step(relationship, None), Strategy.SELECTIN, node), owners)
        await load_step(step, context, whole=whole, follow=not whole)
        owners = step.related()


async def load_step(
    step: RelatedLoad,
    context: LoadContext,
    seen: Seen | None = None,
    *,
    whole: bool = False,
    follow: bool = False,
) -> None:
    """Load one relationship for the instances that lack it.

    With ``follow`` also what is loaded with the objects that it finds.
    """
    if step.instances:
        refuse_write_only(step.relationship)
    if step.edge.strategy is Strategy.NOLOAD:
        step.leave_empty()
        return
    if step.edge.strategy is Strategy.CONTAINS:
        return  # what was not in the rows is not asked for
    if step.unready:
        await _load_references(step, context)
    count = len(step.instances)
    statement = pausing(count, step.statement, context.unit, seen)
    if statement is not None:
        existing = None if seen is None else Existing.OVERWRITE
        loaded = await load(
            statement,
            context,
            existing,
            seen,
            follow=False,
            whole=whole,
            is_relationship_load=True,
        )
        pausing(max(count, len(loaded.rows)), _distribute, step, loaded)
        let_go(loaded.records)
        if follow and step.edge.node.edges:
            await load_tree(loaded.columns[0], step.edge.node, context)
    expired = None if whole or seen is not None else step.expired_statement()
    if expired is not None:
        # whoever asks for related objects wants to read them
        await load(expired, context, follow=follow, is_column_load=True)


def _distribute(step: RelatedLoad, loaded: Loaded) -> None:
    related, *keys = loaded.columns
    if not step.keyed and loaded.plan is not None:
        names = step.relationship.remote_attributes
        keys = loaded.plan.attributes(loaded.records, names) or [
            [one.__dict__.get(name) for one in related] for name in names
        ]
    step.distribute(related, keys, loaded.criteria)


async def _load_references(step: RelatedLoad, context: LoadContext) -> None:
    """Read the rows of expired owners, which do not know any more what they refer to."""
    await load(step.owners_statement(), context, follow=False, is_column_load=True)
    if step.unready:
        entity = step.relationship.mapper.name
        raise ObjectDeletedError(
            f"the row of the {entity} whose {step.relationship} is loaded no longer exists"
        )
