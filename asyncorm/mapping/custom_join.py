"""primaryjoin and secondaryjoin: which key they name, and what they ask for besides."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextvars import ContextVar
from typing import Any, NamedTuple, cast

from asyncorm.compiler.compiler import sources_of
from asyncorm.errors import ConfigurationError
from asyncorm.mapping.direction import candidates, check_names, column_name
from asyncorm.mapping.relationships import Direction, Relationship
from asyncorm.sql.expressions import Expression, Operation
from asyncorm.sql.table import BaseColumn, ForeignKey, Table

_making: ContextVar[Relationship[Any, Any] | None] = ContextVar("_making", default=None)

Pair = tuple[BaseColumn[Any, Any], BaseColumn[Any, Any]]


class Join(NamedTuple):
    """A join condition in two parts: columns of both sides that are equal, and the rest."""

    pairs: list[Pair]
    rest: list[Expression[bool, Any]]

    def has_key(self, key: ForeignKey) -> bool:
        """Whether a foreign key is all that makes rows belong together."""
        pairs = list(zip(key.columns, key.targets, strict=True))
        return len(pairs) == len(self.pairs) and all(
            any(_is_same(pair, other) or _is_same(pair, other[::-1]) for other in self.pairs)
            for pair in pairs
        )


def declared_join(
    relationship: Relationship[Any, Any], argument: str, near: Table, far: Table
) -> Join | None:
    """What ``primaryjoin`` or ``secondaryjoin`` says; None if it was not given."""
    given = getattr(relationship.declaration, argument)
    if given is None:
        return None
    condition = _made(relationship, given) if callable(given) else given
    if not isinstance(condition, Expression):
        what = "text" if isinstance(condition, str) else f"a {type(condition).__name__}"
        raise ConfigurationError(
            f"{relationship}: {argument} is {what}, not a condition",
            hint="write an expression, in a lambda where classes come later: "
            f"{argument}=lambda: and_(User.id == Book.author_id, Book.published)",
        )
    join = Join([], [])
    for part in _parts(condition):
        sides = part.operands if isinstance(part, Operation) and part.operator == "=" else ()
        if {getattr(side, "table", None) for side in sides} == {near, far}:
            join.pairs.append(cast("Pair", sides))
        else:
            join.rest.append(part)
    return join


def _made(relationship: Relationship[Any, Any], make: Callable[[], Any]) -> Any:
    """What the lambda of a declaration makes; relationships are of no use to it yet."""
    outer = _making.get()
    if outer is not None:
        raise ConfigurationError(
            f"{outer}: its join uses a relationship, which joins are made for first",
            hint="compare columns in primaryjoin and secondaryjoin; conditions over "
            "relationships go into queries",
        )
    token = _making.set(relationship)
    try:
        return make()
    finally:
        _making.reset(token)


def _parts(condition: Expression[Any, Any]) -> Iterator[Expression[Any, Any]]:
    if isinstance(condition, Operation) and condition.operator == "AND":
        for operand in condition.operands:
            yield from _parts(operand)
    else:
        yield condition


def _is_same(pair: Pair, given: Sequence[BaseColumn[Any, Any]]) -> bool:
    """Whether columns of a condition are those of a key, or stand for them in a hierarchy."""
    return all(
        column is physical
        or (column.attribute == physical.attribute and physical.table in column.table.physical)
        for physical, column in zip(pair, given, strict=True)
    )


def resolve_join(relationship: Relationship[Any, Any]) -> bool:
    """Follow ``primaryjoin`` to its key and restrictions; False where none was given."""
    owner, target = relationship.mapper.source, relationship.target.source
    join = declared_join(relationship, "primaryjoin", owner, target)
    if join is None:
        return False
    check_names(relationship, "foreign_keys")
    found = [(way, key) for way, key in candidates(relationship) if join.has_key(key)]
    if len(found) == 1:
        relationship.direction, relationship.foreign_key = found[0]
    else:
        relationship.foreign_key = _assumed_key(relationship, join)
        relationship.direction = _direction(relationship)
    relationship.pairs = relationship.foreign_key.pairs
    restrict(relationship, join.rest, [target])
    return True


def restrict(
    relationship: Relationship[Any, Any],
    conditions: Iterable[Expression[bool, Any]],
    tables: list[Table],
) -> None:
    """Keep what related rows must fulfil: it can speak of them and of the link table only."""
    relationship.restrictions = tuple(conditions)
    for condition in relationship.restrictions:
        for source in sources_of(condition):
            if source not in tables:
                name = source.full_name if isinstance(source, Table) else repr(source)
                raise ConfigurationError(
                    f"{relationship}: the join has a condition on {name!r}, which is neither "
                    "the target nor the link table",
                    hint="compare its columns with those of the other side, or put the condition "
                    "into queries: select(...).where(...)",
                )


def _assumed_key(relationship: Relationship[Any, Any], join: Join) -> ForeignKey:
    """A key that the database does not know of, where a relationship is only looked at."""
    names = relationship.declaration.foreign_keys
    if not (relationship.viewonly and names and join.pairs):
        raise ConfigurationError(
            f"{relationship}: primaryjoin follows no foreign key between "
            f"{relationship.mapper.table.full_name!r} and {relationship.target.table.full_name!r}",
            hint="compare all columns of one; or, to look along other columns, say which of them "
            'refer: relationship(viewonly=True, foreign_keys="Book.code", primaryjoin=...)',
        )
    pairs: list[Pair] = []
    for one, other in join.pairs:
        sides = [side for side in (one, other) if _is_named(relationship, side, names)]
        if len(sides) != 1 or (pairs and sides[0].table is not pairs[0][0].table):
            raise ConfigurationError(
                f"{relationship}: foreign_keys does not say which of {one} and {other} refers to "
                "the other",
                hint='name the columns of one side with their class: foreign_keys=["Book.code"]',
            )
        pairs.append((sides[0], other if sides[0] is one else one))
    columns, targets = zip(*pairs, strict=True)
    return ForeignKey(columns[0].table, tuple(columns), targets[0].table, tuple(targets))


def _is_named(
    relationship: Relationship[Any, Any], column: BaseColumn[Any, Any], names: Iterable[Any]
) -> bool:
    for name in names:
        if isinstance(name, BaseColumn):
            if name is column:
                return True
            continue
        place = str(name).rpartition(".")[0]
        mapper = next(
            m for m in (relationship.mapper, relationship.target) if m.source is column.table
        )
        if place in ("", mapper.name, mapper.table.full_name) and column_name(name) in (
            column.attribute,
            column.name,
        ):
            return True
    return False


def _direction(relationship: Relationship[Any, Any]) -> Direction:
    """From which side an assumed key is seen."""
    owner, target = relationship.mapper.source, relationship.target.source
    key = relationship.foreign_key
    if owner is target:
        remote = {column_name(column) for column in relationship.declaration.remote_side}
        is_remote = bool(remote) and remote <= {column.attribute for column in key.columns}
        to_many = relationship.to_many or is_remote
    else:
        to_many = key.table is target
    if relationship.to_many and not to_many:
        raise ConfigurationError(
            f"{relationship} is a collection, but its own columns refer to the other side",
            hint="name the columns of the other side in foreign_keys",
        )
    return Direction.ONE_TO_MANY if to_many else Direction.MANY_TO_ONE
