"""Renderer: the state of writing one statement, shared by the functions for the node types."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from asyncorm.compiler.compiled import Feature
from asyncorm.compiler.quoting import quote_name, quote_qualified
from asyncorm.compiler.scopes import Scope, SourceKey, source_key
from asyncorm.errors import InvalidRequestError
from asyncorm.sql.criteria import Criteria
from asyncorm.sql.expressions import Parameter
from asyncorm.sql.implied import ImpliedAlias
from asyncorm.sql.nodes import AnonymousName
from asyncorm.sql.sources import Derived, Excluded, Walk, entity_name
from asyncorm.sql.statements.row_versions import RowVersion
from asyncorm.sql.subtype import Subtype
from asyncorm.sql.table import Table

Render = Callable[["Renderer", Any], None]


class Renderer:
    """Collects pieces of text and parameters; numbers are given at the end, in text order."""

    def __init__(self, functions: Mapping[type[Any], Render], *, loads: bool = False) -> None:
        self._functions = functions
        #: whether the rows become objects: then the columns of their subclasses are read as well
        self.loads = loads
        self._out: list[str | Parameter[Any]] = []
        self._names: dict[AnonymousName, str] = {}
        self._counts: dict[str, int] = {}
        self._ctes: dict[SourceKey, str] = {}
        self._cte_texts: list[list[str | Parameter[Any]]] = []
        self.is_recursive = False
        #: whether a statement inside the one that is written changes rows, and of what
        self.writes = False
        self.written: list[Any] = []
        #: whether it calls functions, or has texts, of which nobody knows what they do
        self.acts = False
        #: the newest of what the server must understand
        self.needs: Feature | None = None
        #: in RETURNING, what the row before and after is called; None elsewhere
        self.row_versions: Mapping[str, str] | None = None
        self.uses_versions = False
        #: for each select being written, the sources its FROM makes visible
        self.scopes: list[set[SourceKey]] = []
        #: while FROM is being found out: the sources of the columns met
        self.collecting: dict[SourceKey, Any] | None = None
        #: what stands for a source in the condition that is written
        self.places: Mapping[SourceKey, Any] = {}
        #: classes in FROM that stand for those they derive from, which are not there themselves
        self.bases: Mapping[SourceKey, Subtype] = {}
        #: writes columns of the target of a statement whose rows are in several tables
        self.spread: tuple[SourceKey, Callable[[Any], str]] | None = None
        #: conditions for the rows of entities, wherever they are read
        self.criteria: tuple[Criteria, ...] = ()
        #: sources that are exempt from them
        self.exempt: set[SourceKey] = set()
        #: columns without their table: in DDL, and where PostgreSQL takes bare names only
        self.bare_columns = False
        #: labels that ORDER BY may refer to by name
        self.labels: frozenset[Any] = frozenset()
        #: while rows are written that get their casts around them: the columns of each
        self.uncast: list[Any] | None = None
        #: in raw SQL with several entities in a row, how many have been written
        self.entities_of_text: int | None = None
        #: writes a value as a constant, for DDL; None binds it
        self.constant: Callable[[Parameter[Any]], str] | None = None

    def write(self, *texts: str) -> None:
        """Add text, which must be a constant or come from ``quoting``."""
        self._out.extend(texts)

    def render(self, node: Any) -> None:
        """Add a node by the function for its type."""
        function = self._functions.get(type(node)) or self._inherited(type(node))
        function(self, node)

    def _inherited(self, kind: type[Any]) -> Render:
        for base in kind.__mro__:
            if base in self._functions:
                return self._functions[base]
        raise InvalidRequestError(
            f"{kind.__name__} can't be part of a SQL statement",
            hint="use columns, expressions and statements of asyncorm",
        )

    def render_list(self, nodes: Iterable[Any], separator: str = ", ") -> None:
        """Add nodes with a separator between them."""
        for index, node in enumerate(nodes):
            if index:
                self.write(separator)
            self.render(node)

    def parameter(self, parameter: Parameter[Any]) -> None:
        """Add a bound value."""
        if self.constant is not None:
            self.write(self.constant(parameter))
        else:
            self._out.append(parameter)

    def extend(self, pieces: Iterable[str | Parameter[Any]]) -> None:
        """Add what was written aside."""
        self._out.extend(pieces)

    # names

    def source_name(self, source: Any) -> str:
        """How columns of a source are qualified."""
        if isinstance(source, Table) and not isinstance(source, Subtype):
            return quote_qualified(source.schema, source.name)
        if isinstance(source, Excluded):
            return '"excluded"'
        if isinstance(source, RowVersion):
            self.uses_versions = True
            return quote_name(self._versions_here(source)[source._name])
        return quote_name(self.alias_name(source._name))

    def alias_name(self, name: str | AnonymousName) -> str:
        """The name of an alias; one without gets the next free number."""
        if isinstance(name, str):
            return name
        found = self._names.get(name)
        if found is None:
            base = name.base.encode()[:50].decode(errors="ignore")
            number = self._counts[base] = self._counts.get(base, 0) + 1
            found = self._names[name] = f"{base}_{number}"
        return found

    # where things are written

    @contextmanager
    def aside(self) -> Generator[list[str | Parameter[Any]]]:
        """Write to a list of its own instead of the statement."""
        kept, self._out = self._out, []
        try:
            yield self._out
        finally:
            self._out = kept

    def sources_in(self, nodes: Iterable[Any]) -> dict[SourceKey, Any]:
        """The sources of all columns in the nodes, but not of queries nested in them."""
        kept, self.collecting = self.collecting, {}
        try:
            with self.aside():
                for node in nodes:
                    self.render(node)
            return self.collecting
        finally:
            self.collecting = kept

    def collect(self, source: Any) -> None:
        """Note a source that belongs into FROM; of a path, the one where it begins."""
        root = source._root if isinstance(source, ImpliedAlias) else source
        if isinstance(source, RowVersion):
            self._versions_here(source)
        if self.collecting is not None:
            self.collecting.setdefault(source_key(root), root)

    def note_write(self, target: Any) -> None:
        """Note a statement inside the one that is written; what it changes, if rows are there."""
        self.writes = True
        if target is not None:
            self.written.append(target)

    def require(self, feature: Feature) -> None:
        """Note what the server must understand."""
        if self.needs is None or feature.version > self.needs.version:
            self.needs = feature

    def _versions_here(self, source: RowVersion) -> Mapping[str, str]:
        if self.row_versions is None:
            raise InvalidRequestError(
                f"{source!r} is used outside of returning()",
                hint="a condition sees the row as it was: use the column itself",
            )
        return self.row_versions

    @contextmanager
    def versions(self, names: Mapping[str, str]) -> Generator[None]:
        """Write RETURNING, where a row is known as it was and as it is."""
        kept, self.row_versions = (self.row_versions, self.uses_versions), names
        self.uses_versions = False
        try:
            yield
        finally:
            self.row_versions, self.uses_versions = kept

    @contextmanager
    def bare(self) -> Generator[None]:
        """Write columns without their table."""
        kept, self.bare_columns = self.bare_columns, True
        try:
            yield
        finally:
            self.bare_columns = kept

    @contextmanager
    def without_criteria(self) -> Generator[None]:
        """Write what criteria say themselves."""
        kept, self.criteria = self.criteria, ()
        try:
            yield
        finally:
            self.criteria = kept

    @contextmanager
    def within(self, scopes: list[set[SourceKey]]) -> Generator[None]:
        """Write a nested statement that sees these scopes."""
        kept, self.scopes = self.scopes, scopes
        labels, self.labels = self.labels, frozenset()
        bare, self.bare_columns = self.bare_columns, False
        try:
            yield
        finally:
            self.scopes, self.labels, self.bare_columns = kept, labels, bare

    @contextmanager
    def spreading(self, source: Any, column: Callable[[Any], str]) -> Generator[None]:
        """Write the columns of a source by a function."""
        kept, self.spread = self.spread, (source_key(source), column)
        try:
            yield
        finally:
            self.spread = kept

    @contextmanager
    def placing(self, places: Mapping[SourceKey, Any]) -> Generator[None]:
        """Write columns of some sources as those of others."""
        kept, self.places = self.places, places
        try:
            yield
        finally:
            self.places = kept

    @contextmanager
    def deriving(self, bases: Mapping[SourceKey, Subtype]) -> Generator[None]:
        """Write columns of some classes as those of classes that derive from them."""
        kept, self.bases = self.bases, bases
        try:
            yield
        finally:
            self.bases = kept

    def placed(self, source: Any) -> Any:
        """The source itself, or what stands for it."""
        if isinstance(source, ImpliedAlias):
            root = self._stand_in(source_key(source._root))
            return source if root is None else source._rooted_at(root)
        found = self._stand_in(source_key(source))
        return source if found is None else found

    def _stand_in(self, key: SourceKey) -> Any:
        return self.places.get(key) or self.bases.get(key)

    def imply(self, alias: ImpliedAlias) -> None:
        """Have a path joined by the SELECT that has its beginning in FROM."""
        root = source_key(alias._root)
        found = next((scope for scope in reversed(self.scopes) if root in scope), None)
        if isinstance(found, Scope):
            found.imply(alias)
        elif found is not None:
            raise InvalidRequestError(
                f"{alias!r} needs a join, which only a SELECT can have",
                hint="write the condition with has(): where(Book.author.has(User.name == ...))",
            )
        elif self.scopes:
            raise InvalidRequestError(
                f"{alias!r} is used, but {entity_name(alias._root)} is not in FROM",
                hint="name the entity where the path begins: select_from(Book)",
            )

    @contextmanager
    def common_text(self) -> Generator[None]:
        """Write a CTE that belongs to the statement and not to an expression."""
        with self.aside() as text:
            yield
        self._cte_texts.append(text)

    def common_table(self, derived: Derived) -> None:
        """Write a CTE once, before the statement."""
        name = self.alias_name(derived._name)
        key = source_key(derived)
        if key in self._ctes:
            return
        if name in self._ctes.values():
            raise InvalidRequestError(
                f"two different common table expressions are named {name!r}",
                hint="give each of them its own name",
            )
        base: Derived | None = derived
        while base is not None:  # the statement of a recursive CTE refers to its beginning
            self._ctes[source_key(base)] = name
            base = base.base
        self.is_recursive = self.is_recursive or derived.recursive
        with self.aside() as text, self.within([]), self.placing({}):
            materialized = {None: "", True: "MATERIALIZED ", False: "NOT MATERIALIZED "}
            self.write(quote_name(name), " AS ", materialized[derived.materialized], "(")
            self.render(derived.statement)
            self.write(")")
            for walk in derived.walks:
                self._walk(walk)
        self._cte_texts.append(text)

    def _walk(self, walk: Walk) -> None:
        """SEARCH or CYCLE of a recursive CTE."""
        by = ", ".join(map(quote_name, walk.by))
        added = " USING ".join(map(quote_name, walk.added))
        between = " " if walk.clause == "CYCLE" else " BY "
        self.write(" ", walk.clause, between, by, " SET ", added)

    # the end

    def finish(self, parameters: Iterable[Any]) -> tuple[str, list[int]]:
        """The SQL text, and for each ``$n`` the position among the parameters."""
        positions: dict[int, int] = {}
        for index, item in enumerate(parameters):
            positions.setdefault(id(item), index)
        numbers: dict[int, int] = {}
        order: list[int] = []
        text: list[str] = []
        for piece in self._pieces():
            if isinstance(piece, str):
                text.append(piece)
                continue
            number = numbers.get(id(piece))
            if number is None:
                number = numbers[id(piece)] = len(order) + 1
                order.append(positions[id(piece)])
            text.append(parameter_text(number, piece))
        return "".join(text), order

    def plain_text(self) -> str:
        """What was written, numbered by appearance: for people, and for DDL."""
        numbers: dict[int, int] = {}
        return "".join(
            piece
            if isinstance(piece, str)
            else parameter_text(numbers.setdefault(id(piece), len(numbers) + 1), piece)
            for piece in self._pieces()
        )

    def _pieces(self) -> Iterator[str | Parameter[Any]]:
        for index, text in enumerate(self._cte_texts):
            if index == 0:
                yield "WITH RECURSIVE " if self.is_recursive else "WITH "
            else:
                yield ", "
            yield from text
        if self._cte_texts:
            yield " "
        yield from self._out


def parameter_text(number: int, parameter: Parameter[Any]) -> str:
    """``$1::bigint``, or ``$1::text::order_status`` for what travels as another type."""
    type_ = parameter.type
    if not type_.cast_type:
        return f"${number}"
    if type_.parameter_type == type_.cast_type:
        return f"${number}::{type_.cast_type}"
    return f"${number}::{type_.parameter_type}::{type_.cast_type}"
