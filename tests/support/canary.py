"""The canary: hostile texts for every parameter of every public callable, and who finds them.

Callables are found by introspection: what ``asyncorm`` exports, the methods of what these make,
and the functions of ``func``. None is listed, so a new one is covered the day it is added; one
that can't be called with anything out of the pool of values must be listed with a reason.
"""

from __future__ import annotations

import enum
import inspect
import itertools
import re
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

import pglast
from pglast import parser

import asyncorm
from asyncorm import (
    DDL,
    CheckConstraint,
    Column,
    CreateIndex,
    CreateTable,
    Expression,
    Index,
    Mapped,
    MetaData,
    Model,
    SQLType,
    Statement,
    Table,
    UniqueConstraint,
    func,
    generated,
    select,
    update,
)
from asyncorm.sql.assignment import Assignment
from asyncorm.sql.constraints import Constraint
from asyncorm.sql.nodes import Option
from asyncorm.sql.operators.order import Order
from asyncorm.sql.sources import Alias, Derived
from asyncorm.sql.statements.raw import Name
from asyncorm.sql.table import BaseColumn
from asyncorm.types.scalars import INTEGER, TEXT
from tests.support.canary_models import Category, Product

MARK = "\u27e6canary 7\u27e7"
QUOTES = (
    "", "'", '"', ";", "--", "/*", "*/", "\\", "\0", "$1", "{}", "{", "%", "%s", "?", ":x", "\n",
    "`", "$$", "$a$", "')", '")', "';", '";', "E'", 'U&"', "\x1f", "\x7f", "\x85", "\u2028",
    "::text", ".", '"."', "->", "@>", "\ud800", "\r", "''", '""', "\\'", "\uff07", "\u02bc",
    "\xbf'", "%27", "||", "=", "\\x27", "U&'\\0027", "\b", "\ufeff", "e\u0301", "\t",
)  # fmt: skip
_WORST = (
    ("", ""),
    ("'", "'"),
    ('"', '"'),
    ("'; ", " --"),
    ('"; ', " --"),
    ("/*", "*/"),
    ("$1{}", ""),
)
#: what each call is tried with first; the others follow where the text came near SQL
WORST = tuple(f"{before}{MARK}{after}" for before, after in _WORST)
_OTHERS = [f"{quote}{MARK}{end}" for quote in QUOTES for end in (quote, "", "'\";--", "\";'")]
EVERY = tuple(dict.fromkeys([*WORST, *_OTHERS]))
OTHERS = EVERY[len(WORST) :]
#: what a value for one parameter may look like
FORMS: tuple[Callable[[str], Any], ...] = (
    lambda text: text,
    lambda text: [text],
    lambda text: (text, text),
    lambda text: {text: 1},
    lambda text: {"name": text},
    lambda text: [{text: text}],
    lambda text: {text},
    lambda text: {"name": {text: text}},
)
OPERATORS = (
    "__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__add__", "__radd__", "__sub__",
    "__rsub__", "__mul__", "__rmul__", "__truediv__", "__floordiv__", "__mod__", "__getitem__",
    "__getattr__", "__and__", "__or__", "__rand__", "__ror__", "__invert__", "__neg__",
)  # fmt: skip


class Call(NamedTuple):
    """A public callable with arguments that it takes."""

    name: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    keywords: Mapping[str, Any]


# ------------------------------------------------------------------- what is wrong with a text


def misplaced(sql: str, *, constants: bool = False) -> str | None:
    """Why a text of SQL must not have been made of a payload; None if it holds none, or only in
    quoted names (in DDL also in constants)."""
    if MARK not in sql:
        return None
    if "\0" in sql:
        return "a NUL character"
    try:
        tokens, count = parser.scan(sql), len(pglast.parse_sql(sql))
    except (parser.ParseError, UnicodeEncodeError) as error:
        return f"{error}"
    allowed = [
        (token.start, token.end)
        for token in tokens
        if (token.name == "IDENT" and sql[token.start] == '"')
        or (constants and token.name == "SCONST")
    ]
    position = sql.find(MARK)
    while position >= 0:
        if not any(start <= position <= end for start, end in allowed):
            return "it stands in the text itself"
        position = sql.find(MARK, position + 1)
    return None if count == 1 else f"{count} statements"


def texts_of(found: Any, depth: int = 0) -> Iterator[tuple[str, bool]]:
    """The SQL texts that a result of a call leads to, and whether they are DDL."""
    if isinstance(found, DDL):
        yield str(found), True
    elif isinstance(found, asyncorm.CompiledStatement):
        yield found.sql, False
    elif isinstance(found, Table):
        yield str(CreateTable(found)), True
    elif isinstance(found, Name):
        yield str(asyncorm.sql("select {}", found)), False
    elif isinstance(found, BaseColumn) and found.table is None:
        yield from texts_of(Table("t", [found]))
        yield str(select(found)), False
    elif isinstance(found, (Constraint, Index)):
        table = Table("t", [Column("name", TEXT), Column("id", INTEGER)])
        if isinstance(found, Index):
            table.indexes.append(found)
            yield str(CreateIndex(table, found)), True
        elif isinstance(found, UniqueConstraint):
            table.unique.append(found)
        elif isinstance(found, CheckConstraint):
            table.checks.append(found)
        yield str(CreateTable(table)), True
    elif type(found).__module__ == "asyncorm.models.fields":
        model = declared(found)
        yield str(CreateTable(model)), True
        yield str(select(model)), False
    elif isinstance(found, (list, tuple, set, frozenset)) and depth < 2:
        for item in found:
            yield from texts_of(item, depth + 1)
    else:
        for statement in statements_of(found):
            yield str(statement), False


def declared(field: Any) -> Any:
    """A mapped class that has what ``column()`` and the like give."""

    def body(namespace: dict[str, Any]) -> None:
        namespace.update(
            __module__=__name__,
            metadata=MetaData(),
            __annotations__={"id": Mapped[int], "name": Mapped[str | None]},
            id=generated(primary_key=True),
            name=field,
        )

    return types.new_class("Declared", (Model,), {"table": "declared"}, body)


def statements_of(found: Any) -> Iterator[Statement[Any]]:
    """Statements in which the result of a call takes part."""
    if isinstance(found, Statement):
        yield found
    elif isinstance(found, Expression):
        yield select(found)
        yield select(found).order_by(found).group_by(found)
    elif isinstance(found, Order):
        yield select(Product.id).order_by(found)
    elif isinstance(found, Assignment):
        yield update(Product).set(found)
    elif isinstance(found, Derived):
        yield select(func.count()).select_from(found)
        yield select(*found.c)
    elif isinstance(found, Option):
        yield select(Category).options(found)
        yield select(Product).options(found)
    elif isinstance(found, Alias) or (
        isinstance(found, type) and issubclass(found, Model) and hasattr(found, "__table__")
    ):
        yield select(found)
    elif isinstance(found, SQLType):
        yield select(asyncorm.cast(Product.name, found))
        yield select(asyncorm.literal("x", found))


# ------------------------------------------------------------------------------- the callables


def public_members(kind: type[Any]) -> Iterator[tuple[str, str]]:
    """The public methods of a class and the operators: names with where they are defined."""
    for name in sorted(set(dir(kind))):
        if name.startswith("_") and name not in OPERATORS:
            continue
        owner = next((base for base in kind.__mro__ if name in vars(base)), None)
        if owner is None or not owner.__module__.startswith("asyncorm"):
            continue
        member = inspect.getattr_static(kind, name)
        if isinstance(member, (types.FunctionType, classmethod, staticmethod)):
            yield name, f"{owner.__name__}.{name}"


def parameters_of(function: Callable[..., Any]) -> list[inspect.Parameter]:
    return list(inspect.signature(function).parameters.values())


def required(function: Callable[..., Any]) -> int:
    """How many arguments must be given by position."""
    return sum(
        parameter.default is parameter.empty
        and parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
        for parameter in parameters_of(function)
    )


#: what an annotation asks for; values that are it are tried before all others
ANNOTATED: tuple[tuple[str, Callable[[Any], bool]], ...] = (
    (r"SQLType|coerce", lambda value: isinstance(value, SQLType)),
    (
        r"Sequence\[BaseColumn",
        lambda value: isinstance(value, list) and isinstance(value[0], Column),
    ),
    (r"Expression\[bool|Condition", lambda value: isinstance(value, asyncorm.Condition)),
    (r"list\[T\]", lambda value: value is Product.tags),
    (r"Query|Rows|Select\b|Statement", lambda value: isinstance(value, asyncorm.Select)),
    (r"Expression|Order|BaseColumn|Yields", lambda value: isinstance(value, BaseColumn)),
    (r"type\[M\]|entity", lambda value: value is Product),
    (r"\bstr\b", lambda value: isinstance(value, str)),
    (r"\bint\b", lambda value: type(value) is int),
    (r"\bIndex\b", lambda value: isinstance(value, Index)),
)


def likely(parameter: inspect.Parameter, pool: list[Any]) -> list[Any]:
    """The pool with what the annotation of a parameter asks for in front."""
    annotation = str(parameter.annotation)
    for pattern, fits in ANNOTATED:
        if re.search(pattern, annotation):
            return sorted(pool, key=lambda value: not fits(value))
    return pool


def arguments_for(
    function: Callable[..., Any], pool: list[Any], keywords: Mapping[str, Any]
) -> tuple[tuple[Any, ...], Any] | None:
    """Arguments out of the pool that a function takes, and what it gives, if there are any.

    Those whose result compiles are better than others, which may be nonsense nobody has checked.
    """
    places = parameters_of(function)
    least = 0 if keywords else required(function)
    more = [p for p in places if p.kind is p.VAR_POSITIONAL]
    second = None
    if not more and not keywords:  # one that may be left out, or be needed after all
        more = [p for p in places[least:] if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        more = more[:1]
    for extra in range(1 + 2 * len(more)):
        if extra == 2 and more[0].kind is not inspect.Parameter.VAR_POSITIONAL:
            break
        pools = [likely(place, pool) for place in [*places[:least], *more * extra]]
        for arguments in itertools.islice(itertools.product(*pools), 1500):
            try:
                found = function(*arguments, **keywords)
            except Exception:
                continue
            try:
                texts = list(texts_of(found))
            except Exception:
                texts = []
            if texts:
                return arguments, found
            second = second or (arguments, found)
    return second


def hostile_calls(call: Call, payload: str) -> Iterator[tuple[str, Callable[[], Any]]]:
    """The calls with a payload in each of the places, in each of its forms."""
    for index, parameter in enumerate(parameters_of(call.function)):
        name, kind = parameter.name, parameter.kind
        for form in FORMS:
            arguments, keywords = call.arguments, dict(call.keywords)
            value = form(payload)
            if kind is parameter.VAR_KEYWORD:
                yield name, partial(call.function, *arguments, **keywords, **{payload: value})
                value, keywords = payload, {**keywords, "name": value}
            elif kind is parameter.VAR_POSITIONAL:
                arguments = (*arguments, value)
            elif kind is not parameter.KEYWORD_ONLY and index < len(arguments):
                arguments = (*arguments[:index], value, *arguments[index + 1 :])
            elif kind is not parameter.POSITIONAL_ONLY:
                keywords[name] = value
            yield name, partial(call.function, *arguments, **keywords)


def is_skipped(value: Any) -> bool:
    """Exports that make no SQL: exceptions, modules, enums."""
    if isinstance(value, types.ModuleType):
        return True
    return isinstance(value, type) and issubclass(value, (BaseException, enum.Enum))


class Surface:
    """What can be called: found by calling what is known, and looking at what comes of it."""

    def __init__(
        self,
        pool: list[Any],
        apart: tuple[type[Any], ...],
        keywords: Mapping[str, Mapping[str, Any]],
    ) -> None:
        self.pool = pool
        #: what some callables need by keyword, by their names
        self.keywords = keywords
        #: classes whose methods wait for a server; they are called elsewhere
        self.apart = apart
        self.calls: dict[str, list[Call]] = {}
        self.uncalled: dict[str, Callable[..., Any]] = {}
        self._seen: dict[type[Any], int] = {}

    def explore(self, exported: Iterable[tuple[str, Any]], subjects: Iterable[Any]) -> None:
        """Call what is exported and the methods of subjects, then those of their results."""
        waiting: list[Any] = []
        for subject in subjects:
            waiting += self._call_methods(subject)
        for name, value in exported:
            if callable(value) and not is_skipped(value) and value not in self.apart:
                waiting += self._call(name, value)
        while waiting:
            subject = waiting.pop()
            kind = type(subject)
            # some methods go with some of the values of a class only, so several are tried
            self._seen[kind] = self._seen.get(kind, 0) + 1
            if self._seen[kind] <= 4:
                waiting += self._call_methods(subject)

    def _call_methods(self, subject: Any) -> list[Any]:
        kind = type(subject)
        if not kind.__module__.startswith("asyncorm") or isinstance(subject, self.apart):
            return []
        found: list[Any] = []
        for name, place in public_members(kind):
            if len(self.calls.get(place, ())) < 2:
                found += self._call(place, getattr(subject, name))
        return found

    def _call(self, name: str, function: Callable[..., Any]) -> list[Any]:
        if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
            return []
        keywords = self.keywords.get(name, {})
        found = arguments_for(function, self.pool, keywords)
        if found is None:
            if name not in self.calls:
                self.uncalled[name] = function
            return []
        arguments, result = found
        self.calls.setdefault(name, []).append(Call(name, function, arguments, keywords))
        self.uncalled.pop(name, None)
        return list(result) if isinstance(result, (list, tuple)) else [result]
