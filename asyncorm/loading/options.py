"""Loader options: what a statement loads beside its rows, and which columns of them."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Literal, Self, TypeAlias

from asyncorm.errors import ArgumentError
from asyncorm.loading.directives import Columns, Directive, Everything, Step, Strategy
from asyncorm.mapping.related import Placed
from asyncorm.mapping.relationships import Relationship
from asyncorm.mapping.selection import Selection
from asyncorm.sql.nodes import Option, combined
from asyncorm.sql.sources import entity_name, entity_of
from asyncorm.sql.table import BaseColumn

#: what an option may be told to load
Loadable: TypeAlias = Relationship[Any, Any] | Selection[Any, Any]
ColumnOf: TypeAlias = BaseColumn[Any, Any]


class LoaderOption(Option):
    """What is loaded with a statement's objects, as a value; every method gives a new one.

    The methods go on from the relationship named last:
    ``selectinload(User.books).joinedload(Book.publisher)``.
    """

    __slots__ = ("_key", "_parameters", "_root", "directives", "path")

    def __init__(
        self,
        directives: tuple[Directive, ...] = (),
        path: tuple[Relationship[Any, Any], ...] = (),
        root: Any = None,
    ) -> None:
        self.directives = directives
        self.path = path
        self._root = root
        keys, self._parameters = combined(directives)
        self._key: Hashable = ("load", keys)

    def selectinload(self, *path: Loadable, recursion_depth: int | None = None) -> Self:
        """Load a relationship with one more SELECT for all objects (``= ANY``)."""
        return self._steps(path, Strategy.SELECTIN, depth=recursion_depth)

    def joinedload(self, *path: Loadable, innerjoin: bool = False) -> Self:
        """Load a relationship in the same statement, by LEFT JOIN or with ``innerjoin`` JOIN."""
        return self._steps(path, Strategy.JOINED, inner=innerjoin)

    def nestedload(self, *path: Loadable, recursion_depth: int | None = None) -> Self:
        """Load a relationship in the same statement, as an array of rows in each row."""
        if recursion_depth == -1:
            raise ArgumentError(
                "one statement can't nest levels without end",
                hint="give the number of levels, or use selectinload(..., recursion_depth=-1)",
            )
        return self._steps(path, Strategy.NESTED, depth=recursion_depth)

    def contains_eager(self, *path: Loadable) -> Self:
        """Take a relationship's objects from a join that the statement has already."""
        return self._steps(path, Strategy.CONTAINS)

    def defaultload(self, *path: Loadable) -> Self:
        """Go on to a relationship without changing how it is loaded."""
        return self._steps(path, None)

    def lazyload(self, relationship: Loadable | Literal["*"]) -> Self:
        """Leave a relationship to ``session.load()``, whatever its default is."""
        return self._last(relationship, Strategy.SELECT)

    def raiseload(self, relationship: Loadable | Literal["*"], *, sql_only: bool = False) -> Self:
        """Let reading a relationship raise; with ``sql_only`` not where memory has the answer."""
        return self._last(relationship, Strategy.RAISE_ON_SQL if sql_only else Strategy.RAISE)

    def noload(self, relationship: Loadable | Literal["*"]) -> Self:
        """Leave a relationship empty: ``None``, or a collection that says that it is partial."""
        return self._last(relationship, Strategy.NOLOAD)

    def load_only(self, *columns: ColumnOf) -> Self:
        """Read only these columns, and the primary key."""
        return self._columns("only", columns)

    def defer(self, *columns: ColumnOf | Literal["*"]) -> Self:
        """Don't read these columns."""
        return self._columns("defer", columns)

    def undefer(self, *columns: ColumnOf | Literal["*"]) -> Self:
        """Read these deferred columns."""
        return self._columns("undefer", columns)

    def undefer_group(self, name: str) -> Self:
        """Read the deferred columns of a group."""
        return self._with(Columns("undefer", group=name))

    def options(self, *options: LoaderOption) -> Self:
        """Add options that begin at the relationship named last."""
        added: list[Directive] = []
        for option in options:
            if not isinstance(option, LoaderOption):
                raise ArgumentError(
                    f"options() takes loader options, not a {type(option).__name__}",
                    hint="write options(selectinload(Book.tags), load_only(Book.title))",
                )
            start = option.start
            if start is not None and self.path:
                check_follows(self.path[-1], start)
            added.extend(directive.below(self.path) for directive in option.directives)
        return type(self)((*self.directives, *added), self.path, self._root)

    @property
    def start(self) -> Relationship[Any, Any] | None:
        """The relationship that the option begins with; None for one about columns."""
        first = self.directives[0]
        if first.path:
            return first.path[0]
        instruction = first.instruction
        return instruction.relationship if isinstance(instruction, Step) else None

    # -- making new ones ---------------------------------------------------------------------

    def _steps(
        self,
        path: tuple[Any, ...],
        strategy: Strategy | None,
        *,
        inner: bool = False,
        depth: int | None = None,
    ) -> Self:
        if not path:
            raise ArgumentError(
                "no relationship to load was given", hint="name one: selectinload(User.books)"
            )
        found = self
        for given in path:
            found = found._step(given, strategy, inner=inner, depth=depth)
        return found

    def _step(
        self,
        given: Any,
        strategy: Strategy | None,
        *,
        inner: bool = False,
        depth: int | None = None,
    ) -> Self:
        root, relationship, selection, target = parts_of(given)
        if strategy is Strategy.CONTAINS and selection is not None:
            raise ArgumentError(
                f"contains_eager() takes no conditions on {relationship}: the statement has them",
                hint=f"write select(...).join({relationship}).where(...)",
            )
        if strategy is not Strategy.CONTAINS:
            selection = of_target(relationship, selection, target)
            if not relationship.to_many:
                target = None
        if self.path:
            check_follows(self.path[-1], relationship)
        if depth is not None:
            check_depth(relationship, depth)
        step = Step(relationship, strategy, selection, target, inner, depth).checked()
        first = self._root if self.path else root
        directive = Directive(self.path, step, first)
        return type(self)((*self.directives, directive), (*self.path, relationship), first)

    def _last(self, given: Any, strategy: Strategy) -> Self:
        """An instruction that nothing can follow, so that the path stays where it is."""
        if isinstance(given, str) and given == "*":
            return self._with(Everything(strategy))
        found = self._step(given, strategy)
        return type(self)(found.directives, self.path, self._root)

    def _columns(self, kind: str, columns: tuple[Any, ...]) -> Self:
        if len(columns) == 1 and isinstance(columns[0], str) and columns[0] == "*":
            return self._with(Columns(kind))
        for column in columns:
            if not isinstance(column, BaseColumn):
                raise _no_column(column)
        if not columns:
            raise ArgumentError("no column was given", hint="name some: load_only(User.name)")
        return self._with(Columns(kind, columns))

    def _with(self, instruction: Columns | Everything) -> Self:
        directive = Directive(self.path, instruction, self._root)
        return type(self)((*self.directives, directive), self.path, self._root)

    def __repr__(self) -> str:
        return f"<loader option {' > '.join(map(str, self.path or self._named()))}>"

    def _named(self) -> tuple[Any, ...]:
        """What the first directive is about."""
        instruction = self.directives[0].instruction
        if isinstance(instruction, Step):
            return (instruction.relationship,)
        return instruction.columns if isinstance(instruction, Columns) else ("*",)


def _no_column(given: Any) -> ArgumentError:
    if isinstance(given, Relationship):
        return ArgumentError(
            f"{given} is a relationship, not a column",
            hint=f"leave it unloaded with lazyload({given}), or forbid it with raiseload({given})",
        )
    return ArgumentError(
        f"{given!r} is not a column"
        if isinstance(given, str)
        else f"a {type(given).__name__} is not a column",
        hint="name columns of a model: load_only(User.name)",
    )


def parts_of(given: Any) -> tuple[Any, Relationship[Any, Any], Selection[Any, Any] | None, Any]:
    """The alias it begins at, the relationship, the selection and the target of what was given."""
    selection = given if isinstance(given, Selection) else None
    if selection is not None:
        given = selection.relationship
        selection = None if selection.is_whole else selection
    root, target = None, None
    if isinstance(given, Placed):
        root, target, given = given.owner, given.target, given.relationship
    if not isinstance(given, Relationship):
        raise ArgumentError(
            f"{given!r} is not a relationship",
            hint="name a relationship of a model: User.books",
        )
    given.owner.metadata.configure()
    return root, given.origin, selection, target


def of_target(
    relationship: Relationship[Any, Any], selection: Selection[Any, Any] | None, target: Any
) -> Selection[Any, Any] | None:
    """What is loaded of a collection whose target is narrowed to a subclass by ``of_type()``.

    One object is loaded whatever it is: None would say that there is none.
    """
    entity = entity_of(target)
    if entity is None or entity is relationship.target.entity or not relationship.to_many:
        return selection
    return (Selection(relationship) if selection is None else selection).of_kind(entity)


def check_follows(before: Relationship[Any, Any], after: Relationship[Any, Any]) -> None:
    """A path is made of relationships, each of the entity the one before leads to."""
    target = before.target.entity
    if not (issubclass(target, after.owner) or issubclass(after.owner, target)):
        raise ArgumentError(
            f"{after} does not follow {before}, which leads to {entity_name(target)}",
            hint=f"continue with a relationship of {entity_name(target)}",
        )


def check_depth(relationship: Relationship[Any, Any], depth: int) -> None:
    """Levels make sense for a relationship that leads to its own entity."""
    if type(depth) is not int or depth < -1 or depth == 0:
        raise ArgumentError(
            f"recursion_depth={depth!r:.20} makes no sense",
            hint="give 1 or more, or -1 for all levels",
        )
    if not issubclass(relationship.target.entity, relationship.owner):
        raise ArgumentError(
            f"{relationship} leads to another entity, so it has no levels",
            hint="recursion_depth is for self-references such as Node.children",
        )


def selectinload(*path: Loadable, recursion_depth: int | None = None) -> LoaderOption:
    """Load a relationship for all rows of a statement with one more SELECT (``= ANY``).

    ``selectinload(User.books)`` or a path, ``selectinload(User.books).selectinload(Book.tags)``;
    some of the members: ``selectinload(User.books.where(Book.price < 10))``. A self-reference is
    followed ``recursion_depth`` levels deep, with -1 to its end.
    """
    return LoaderOption().selectinload(*path, recursion_depth=recursion_depth)


def joinedload(*path: Loadable, innerjoin: bool = False) -> LoaderOption:
    """Load a relationship in the same statement, by LEFT JOIN or with ``innerjoin`` JOIN."""
    return LoaderOption().joinedload(*path, innerjoin=innerjoin)


def nestedload(*path: Loadable, recursion_depth: int | None = None) -> LoaderOption:
    """Load a relationship in the same statement, as an array of rows in each row.

    A whole tree costs one round trip: ``nestedload(User.books).nestedload(Book.tags)``.
    """
    return LoaderOption().nestedload(*path, recursion_depth=recursion_depth)


def contains_eager(*path: Loadable) -> LoaderOption:
    """Take a relationship's objects from a join that the statement has already."""
    return LoaderOption().contains_eager(*path)


def defaultload(*path: Loadable) -> LoaderOption:
    """Go on to a relationship without changing how it is loaded."""
    return LoaderOption().defaultload(*path)


def lazyload(relationship: Loadable | Literal["*"]) -> LoaderOption:
    """Leave a relationship to ``session.load()``, whatever its default is."""
    return LoaderOption().lazyload(relationship)


def raiseload(relationship: Loadable | Literal["*"], *, sql_only: bool = False) -> LoaderOption:
    """Let reading a relationship raise; with ``sql_only`` not where memory has the answer."""
    return LoaderOption().raiseload(relationship, sql_only=sql_only)


def noload(relationship: Loadable | Literal["*"]) -> LoaderOption:
    """Leave a relationship empty: ``None``, or a collection that says that it is partial."""
    return LoaderOption().noload(relationship)


def load_only(*columns: ColumnOf) -> LoaderOption:
    """Read only these columns, and the primary key."""
    return LoaderOption().load_only(*columns)


def defer(*columns: ColumnOf | Literal["*"]) -> LoaderOption:
    """Don't read these columns."""
    return LoaderOption().defer(*columns)


def undefer(*columns: ColumnOf | Literal["*"]) -> LoaderOption:
    """Read these deferred columns."""
    return LoaderOption().undefer(*columns)


def undefer_group(name: str) -> LoaderOption:
    """Read the deferred columns of a group."""
    return LoaderOption().undefer_group(name)
