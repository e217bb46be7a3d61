"""What stands in FROM beside tables: aliases of entities, subqueries, CTEs; and finding columns."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast, overload

from asyncorm.errors import InvalidRequestError
from asyncorm.sql.document_columns import NullDocumentColumn
from asyncorm.sql.expressions import Expression, Label
from asyncorm.sql.nodes import AnonymousName, Statement
from asyncorm.sql.subtype import Below
from asyncorm.sql.table import BaseColumn, NullColumn, Table
from asyncorm.sql.values import UNKNOWN, checked_name
from asyncorm.types.base import SQLType
from asyncorm.types.json import ModelJSON
from asyncorm.types.scalars import BOOLEAN

M = TypeVar("M")
Column = TypeVar("Column", bound=BaseColumn[Any, Any])
V = TypeVar("V")
R = TypeVar("R")


class Alias:
    """An entity under another name; its attributes are the entity's, of the alias."""

    #: whether it was made by ``aliased()``, and not for a join that is written by itself
    is_given = False

    def __init__(self, entity: type[Any] | Table, name: str | None) -> None:
        table = table_of(entity)
        self.__table__ = table
        self._entity: Any = entity
        self._name = AnonymousName(table.name) if name is None else checked_name(name)
        #: what columns reached over to-one relationships imply to be joined, by relationship
        self._implied: dict[Any, Any] = {}
        self._identify(("alias", name, table._key), (self._name,) if name is None else ())

    def _identify(self, key: Hashable, parameters: tuple[Any, ...]) -> None:
        """Take a key and parameters, which the columns share."""
        self._key = key
        self._parameters = parameters
        self._columns = {
            attribute: column._of(self, ("of", key, column._key), parameters)
            for attribute, column in self.__table__.by_attribute.items()
        }

    def __getattr__(self, name: str) -> Any:
        columns: dict[str, Any] = self.__dict__.get("_columns", {})
        if name in columns:
            return columns[name]
        found = getattr(self._entity, name)
        if isinstance(found, BaseColumn):  # a deferred one that a subquery does not have
            raise unknown_name(name, columns, repr(self))
        return found._seen_from(self) if hasattr(found, "_seen_from") else found

    def __repr__(self) -> str:
        return f"<alias of {entity_name(self._entity)}>"


class EntityOf(Alias):
    """An entity whose rows are those of a subquery or CTE.

    ``names`` are those of the columns there, by attribute, where they are not the table's.
    """

    def __init__(
        self, entity: type[Any], derived: Derived, names: dict[str, str] | None = None
    ) -> None:
        super().__init__(entity, None)
        self._derived = derived
        self._key = ("entity of", derived._key)
        self._parameters = derived._parameters
        found: dict[str, BaseColumn[Any, Any]] = {}
        for attribute, column in self.__table__.by_attribute.items():
            name = column.name if names is None else names.get(attribute)
            if name is None or (column.deferred and name not in derived.c._columns):
                continue
            inner = derived.c[name]
            found[attribute] = column._of(derived, inner._key, inner._parameters)
            found[attribute].name = name
        self._columns = found

    def __repr__(self) -> str:
        return f"<{entity_name(self._entity)} of {self._derived!r}>"


class Derived:
    """A statement in FROM: a subquery, a lateral subquery or a common table expression.

    Its columns are ``derived.c.<name>``.
    """

    #: the CTE that the statement of a recursive one refers to
    base: Derived | None = None
    #: of a CTE: the clauses SEARCH and CYCLE
    walks: tuple[Walk, ...] = ()

    def __init__(
        self,
        kind: str,
        statement: Statement[Any],
        name: str | None,
        *,
        recursive: bool = False,
        materialized: bool | None = None,
    ) -> None:
        self.kind = kind
        self.statement = statement
        self.recursive = recursive
        #: whether a CTE must be computed by itself, or must not; None leaves it to the server
        self.materialized = materialized
        self._name = AnonymousName(kind) if name is None else checked_name(name)
        self._identify()

    def _identify(self) -> None:
        """Take key, parameters and columns from the parts."""
        key, parameters = self.statement._structure
        if not isinstance(self._name, AnonymousName):
            name: str | None = self._name
        else:
            name, parameters = None, (self._name, *parameters)
        self._parameters: tuple[Any, ...] = parameters
        self._key: Hashable = (
            self.kind, name, self.recursive, self.materialized, self.walks, key,
        )  # fmt: skip
        own = output_columns(self.statement)
        columns = [(name, expression._type) for name, expression in own]
        columns += [pair for walk in self.walks for pair in walk.columns]
        self.c = DerivedColumns(self, columns, own)

    def _extended(self, statement: Statement[Any], walks: tuple[Walk, ...] = ()) -> Derived:
        found = Derived.__new__(Derived)
        found.kind, found.recursive = self.kind, self.recursive
        found.materialized, found._name = self.materialized, self._name
        found.statement = statement
        found.walks = walks
        found.base = self
        found._identify()
        return found

    def union(self, *queries: Any) -> Derived:
        """The CTE with more rows, which may come from itself: for recursive queries."""
        return self._united("UNION", queries)

    def union_all(self, *queries: Any) -> Derived:
        """Like ``union``, without looking for duplicates."""
        return self._united("UNION ALL", queries)

    def search_depth_first(self, *by: Any, set_: str = "search_order") -> Derived:
        """A recursive CTE with a column to order by: each row before those that come from it."""
        return self._walked(Walk("SEARCH DEPTH FIRST", self._names(by), (set_,)))

    def search_breadth_first(self, *by: Any, set_: str = "search_order") -> Derived:
        """A recursive CTE with a column to order by: all rows of a level before the next one."""
        return self._walked(Walk("SEARCH BREADTH FIRST", self._names(by), (set_,)))

    def cycle(self, *by: Any, set_: str = "is_cycle", using: str = "path") -> Derived:
        """A recursive CTE that ends where the columns have been before, and says so in a column."""
        return self._walked(Walk("CYCLE", self._names(by), (set_, using)))

    def _names(self, by: tuple[Any, ...]) -> tuple[str, ...]:
        names = [item if isinstance(item, str) else getattr(item, "name", item) for item in by]
        if not names:
            raise InvalidRequestError(
                "search and cycle of a CTE need columns", hint="write tree.cycle(tree.c.id)"
            )
        return tuple(self.c[name].name for name in names)

    def _walked(self, walk: Walk) -> Derived:
        if self.kind != "cte" or not self.recursive or self.base is None:
            raise InvalidRequestError(
                "search and cycle are for recursive common table expressions",
                hint="write select(...).cte(recursive=True).union_all(...).search_depth_first(...)",
            )
        for name in walk.added:
            checked_name(name)
        if any(known.word == walk.word for known in self.walks):
            raise InvalidRequestError(
                f"a recursive common table expression has one {walk.word} only",
                hint="call search_depth_first(), search_breadth_first() or cycle() once",
            )
        # SEARCH stands before CYCLE
        walks = sorted((*self.walks, walk), key=lambda known: known.word == "CYCLE")
        return self._extended(self.statement, tuple(walks))

    def _united(self, operator: str, queries: tuple[Any, ...]) -> Derived:
        if self.kind != "cte":
            raise InvalidRequestError(
                "only a common table expression can be extended with union()",
                hint="use union(select(...), select(...)).subquery()",
            )
        united = cast("Any", self.statement)._united(operator, queries)
        return self._extended(united)

    def __repr__(self) -> str:
        return f"<{self.kind} {self._name if isinstance(self._name, str) else ''}>"


class Walk(NamedTuple):
    """SEARCH or CYCLE of a recursive CTE: by which columns, and the names of those it adds."""

    clause: str
    by: tuple[str, ...]
    added: tuple[str, ...]

    @property
    def word(self) -> str:
        """The first word of the clause."""
        return self.clause.partition(" ")[0]

    @property
    def columns(self) -> tuple[tuple[str, SQLType[Any]], ...]:
        """The columns it adds; what they hold is for ORDER BY and WHERE."""
        kinds = (BOOLEAN, UNKNOWN) if self.clause == "CYCLE" else (UNKNOWN,)
        return tuple(zip(self.added, kinds, strict=True))


class DerivedColumns:
    """The columns of a subquery, CTE or function in FROM.

    By name, or by what was ``selected``: then they have its type, also for type checkers.
    """

    def __init__(
        self,
        source: Derived,
        columns: Iterable[tuple[str, SQLType[Any]]],
        selected: Iterable[tuple[str, Expression[Any, Any]]] = (),
    ) -> None:
        found: dict[str, BaseColumn[Any, Any]] = {}
        repeated: set[str] = set()
        for name, type_ in columns:
            if name in found:
                repeated.add(name)
            kind: type[Any] = NullDocumentColumn if isinstance(type_, ModelJSON) else NullColumn
            column: BaseColumn[Any, Any] = kind(name, type_, nullable=True)
            column.table = source
            column._key = ("of", source._key, name)
            column._parameters = source._parameters
            found[name] = column
        self._columns = found
        self._repeated = repeated
        self._source = source
        self._selected: dict[Hashable, str] = {}
        for name, expression in selected:
            self._selected.setdefault(id(expression), name)
            inner = expression.inner if isinstance(expression, Label) else expression
            if isinstance(inner, BaseColumn):  # the same column, from wherever it was taken
                self._selected.setdefault(inner._key, name)

    @overload
    def __getitem__(self, name: str) -> NullColumn[Any]: ...
    @overload
    def __getitem__(self, name: Expression[V, R]) -> BaseColumn[V, R]: ...
    def __getitem__(self, name: str | Expression[Any, Any]) -> BaseColumn[Any, Any]:
        if isinstance(name, Expression):
            selected = self._selected.get(id(name)) or self._selected.get(name._key)
            if selected is None:
                raise InvalidRequestError(
                    f"the subquery does not select {name}", hint="add it to the select()"
                )
            return self[selected]
        if name in self._repeated:
            raise InvalidRequestError(
                f"the subquery has several columns {name!r}", hint="give them labels: .label(...)"
            )
        if name not in self._columns:
            check_has_rows(self._source)
            raise unknown_name(name, self._columns, "the subquery")
        return cast("NullColumn[Any]", self._columns[name])

    if not TYPE_CHECKING:

        def __getattr__(self, name):
            if name.startswith("__"):
                raise AttributeError(name)
            return self[name]
    else:

        def __getattr__(self, name: str) -> NullColumn[Any]:
            return self[name]

    def __iter__(self) -> Iterator[NullColumn[Any]]:
        return iter(cast("Iterable[NullColumn[Any]]", self._columns.values()))

    def __len__(self) -> int:
        return len(self._columns)


def check_has_rows(source: Derived) -> None:
    """Refuse to read from a CTE that changes rows and returns none."""
    if getattr(source.statement, "_returning", None) == ():
        raise InvalidRequestError(
            "a CTE that changes rows has no columns without RETURNING",
            hint="add .returning(...) before .cte(), or run it along by add_cte()",
        )


class Excluded:
    """``excluded``: the row that INSERT proposed, in ON CONFLICT DO UPDATE."""

    def __init__(self, target: Any, table: Table) -> None:
        self._target = target
        self._key: Hashable = ("excluded", table._key)
        self._parameters: tuple[Any, ...] = ()

    def __repr__(self) -> str:
        return f"excluded of {entity_name(self._target)}"

    @overload
    def __getitem__(self, name: Column) -> Column: ...
    @overload
    def __getitem__(self, name: str) -> NullColumn[Any]: ...
    def __getitem__(self, name: Any) -> Any:
        column = column_of(self._target, name)
        return column._of(self, ("of", self._key, column._key))

    if not TYPE_CHECKING:

        def __getattr__(self, name):
            if name.startswith("__"):
                raise AttributeError(name)
            return self[name]
    else:

        def __getattr__(self, name: str) -> NullColumn[Any]:
            return self[name]


class PartialEntity:
    """An entity or alias to select, with some of its columns."""

    def __init__(self, source: Any, attributes: Iterable[str], below: Below | None = None) -> None:
        self.source = source
        #: what is read for subclasses, if not all that they have
        self.below = below
        self.columns = tuple(column_of(source, name) for name in attributes)
        self.__table__ = table_of(source)
        is_alias = isinstance(source, Alias)
        self._entity: Any = entity_of(source)
        self._parameters: tuple[Any, ...] = source._parameters if is_alias else ()
        key = source._key if is_alias else source
        further = () if below is None else tuple(origin._key for origin in below.origins)
        self._key: Hashable = ("partial", key, further, *(c.attribute for c in self.columns))


def aliased(entity: type[M], name: str | Derived | None = None) -> type[M]:
    """The entity under another name, to have it twice in one statement.

    With a subquery or CTE instead of a name, the entity's rows are those of the subquery.
    """
    if isinstance(entity, Alias):
        raise InvalidRequestError(
            "aliased() was given an alias", hint="make each alias from the model itself"
        )
    if isinstance(name, Derived):
        return cast("type[M]", EntityOf(entity, name))
    alias = Alias(entity, name)
    alias.is_given = True
    return cast("type[M]", alias)


def table_of(target: Any) -> Table:
    """The table of an entity or alias, or the table itself."""
    if isinstance(target, Table):
        return target
    table = getattr(target, "__table__", None)
    if isinstance(table, Table):
        return table
    name = target.__name__ if isinstance(target, type) else type(target).__name__
    raise InvalidRequestError(
        f"{name} has no table", hint="use a mapped class: class User(Model, table='users')"
    )


def entity_of(item: Any) -> Any:
    """The class of an entity that is selected or joined; of a link table's alias the table."""
    return item._entity if isinstance(item, (Alias, PartialEntity)) else item


def whole(item: Any) -> Any:
    """The entity or alias itself where some of its columns are selected."""
    return item.source if isinstance(item, PartialEntity) else item


def source_of(target: Any) -> Any:
    """What ``target`` is in FROM: a Table, Alias or Derived."""
    if isinstance(target, type):  # the usual case
        return table_of(target)
    target = whole(target)
    if isinstance(target, EntityOf):
        return target._derived
    return target if isinstance(target, (Alias, Derived)) else table_of(target)


def entity_columns(entity: Any) -> tuple[BaseColumn[Any, Any], ...]:
    """The columns that selecting the entity or alias gives, in table order."""
    if isinstance(entity, PartialEntity):
        return entity.columns
    if isinstance(entity, Alias):
        return tuple(column for column in entity._columns.values() if not column.deferred)
    return tuple(column for column in table_of(entity).by_attribute.values() if not column.deferred)


def is_entity(item: Any) -> bool:
    """Whether ``item`` can be selected as an object."""
    if isinstance(item, type):
        return isinstance(getattr(item, "__table__", None), Table)
    return isinstance(item, (Alias, PartialEntity))


def output_columns(statement: Any) -> list[tuple[str, Expression[Any, Any]]]:
    """The named columns of a statement's rows."""
    found: list[tuple[str, Expression[Any, Any]]] = []
    for item in statement._output_items():
        if is_entity(item):
            found.extend((column.name, column) for column in entity_columns(item))
        elif isinstance(item, (BaseColumn, Label)):
            found.append((item.name, cast("Expression[Any, Any]", item)))
    return found


def column_of(target: Any, name: str | BaseColumn[Any, Any]) -> BaseColumn[Any, Any]:
    """The column of an entity, alias, table or subquery by attribute name (or itself)."""
    if isinstance(name, BaseColumn):
        if name.table is source_of(target):
            return name
        raise InvalidRequestError(
            f"the column {name} does not belong to {entity_name(target)}",
            hint="use a column of the entity that the statement is about",
        )
    if isinstance(target, Derived):
        return target.c[name]
    columns = target._columns if isinstance(target, Alias) else table_of(target).by_attribute
    if name not in columns:
        raise unknown_name(name, columns, entity_name(target))
    return columns[name]


def attribute_of(target: Any, name: str) -> Any:
    """A column, or relationship of an entity or alias, by attribute name."""
    found = getattr(target, name, None)
    return found if hasattr(found, "_join") else column_of(target, name)


def entity_name(target: Any) -> str:
    """What to call an entity, alias, table or subquery in a message."""
    if isinstance(target, Alias):
        return entity_name(target._entity)
    if isinstance(target, Table):
        return f"table {target.full_name}"
    if isinstance(target, Excluded):
        return repr(target)
    return str(getattr(target, "__name__", "the subquery"))


def unknown_name(name: object, known: Iterable[str], owner: str) -> InvalidRequestError:
    """The error for a column that does not exist, with the nearest name that does."""
    names = list(known)
    near = get_close_matches(name, names, 1) if isinstance(name, str) else []
    hint = f"did you mean {near[0]!r}?" if near else "its columns are " + ", ".join(names)
    return InvalidRequestError(f"{owner} has no column {_shown(name)}", hint=hint)


def _shown(name: object) -> str:
    return repr(name) if isinstance(name, str) else f"of type {type(name).__name__}"
