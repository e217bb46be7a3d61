"""column(), generated(), foreign_key() and relationship(): the declarations inside a model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast, get_args, overload

from pydantic import Field
from pydantic.fields import FieldInfo

from asyncorm._lazy_dataclass import dataclass
from asyncorm.errors import ConfigurationError
from asyncorm.mapping.relationships import RelationshipDeclaration
from asyncorm.sql.constraints import ReferentialAction
from asyncorm.sql.expressions import Expression
from asyncorm.types.base import SQLType

if TYPE_CHECKING:
    from asyncorm.models.attributes import Mapped

T = TypeVar("T")

_MISSING: Any = object()

CASCADES = frozenset(
    {"save-update", "merge", "refresh-expire", "expunge", "delete", "delete-orphan"}
)
DEFAULT_CASCADE = frozenset({"save-update", "merge"})

#: "select" leaves a relationship to ``session.load()``, "raise" (and "raise_on_sql") says so in
#: the error; "selectin", "joined" and "nested" load it as the options of these names do, "noload"
#: leaves it empty, and "write_only" makes it a collection that is never loaded
Lazy = Literal[
    "select", "raise", "raise_on_sql", "selectin", "joined", "nested", "noload", "write_only"
]
LAZY: tuple[str, ...] = get_args(Lazy)

#: an expression; in a lambda, if it speaks of classes that are declared later
JoinCondition = Expression[bool, Any] | Callable[[], Expression[bool, Any]]


@dataclass(frozen=True)
class Reference:
    """The arguments of ``foreign_key()``."""

    target: Any
    ondelete: ReferentialAction | None
    onupdate: ReferentialAction | None
    deferrable: bool
    initially: Literal["IMMEDIATE", "DEFERRED"] | None
    name: str | None


@dataclass(frozen=True)
class ColumnDeclaration:
    """The arguments of a column declaration, carried in the pydantic field's metadata."""

    type: Any = None
    name: str | None = None
    primary_key: bool = False
    unique: bool = False
    index: bool = False
    server_default: Any = None
    computed: Any = None
    init: bool = True
    generated: bool = False
    has_default: bool = False
    #: True: every UPDATE writes the next version; "server": a trigger does so
    version: bool | str = False
    reference: Reference | None = None
    #: left out of SELECTs, until it is asked for
    deferred: bool = False
    deferred_group: str | None = None


#: makes the value of an attribute that the constructor was not given: None until the flush. Not a
#: function of Python, whose call would be 0.06 µs for each
unset: Callable[[], Any] = type(None)


@overload
def column(
    type_: SQLType[Any] | type[SQLType[Any]] | None = None,
    /,
    *,
    init: Literal[False],
    default: Any = ...,
    default_factory: Callable[[], Any] = ...,
    primary_key: bool = False,
    unique: bool = False,
    index: bool = False,
    name: str | None = None,
    server_default: Any = None,
    computed: Expression[Any, Any] | None = None,
    version: bool | Literal["server"] = False,
    deferred: bool = False,
    deferred_group: str | None = None,
) -> Any: ...
@overload
def column(
    type_: SQLType[Any] | type[SQLType[Any]] | None = None,
    /,
    *,
    init: Literal[True] = True,
    primary_key: bool = False,
    unique: bool = False,
    index: bool = False,
    name: str | None = None,
    server_default: Any = None,
    deferred: bool = False,
    deferred_group: str | None = None,
) -> Any: ...
@overload
def column(
    type_: SQLType[Any] | type[SQLType[Any]] | None = None,
    /,
    *,
    default: T,
    init: Literal[True] = True,
    primary_key: bool = False,
    unique: bool = False,
    index: bool = False,
    name: str | None = None,
    server_default: Any = None,
    deferred: bool = False,
    deferred_group: str | None = None,
) -> Mapped[T]: ...
@overload
def column(
    type_: SQLType[Any] | type[SQLType[Any]] | None = None,
    /,
    *,
    default_factory: Callable[[], T],
    init: Literal[True] = True,
    primary_key: bool = False,
    unique: bool = False,
    index: bool = False,
    name: str | None = None,
    server_default: Any = None,
    deferred: bool = False,
    deferred_group: str | None = None,
) -> Mapped[T]: ...
def column(
    type_: Any = None,
    /,
    *,
    default: Any = _MISSING,
    default_factory: Any = _MISSING,
    init: bool = True,
    primary_key: bool = False,
    unique: bool = False,
    index: bool = False,
    name: str | None = None,
    server_default: Any = None,
    computed: Any = None,
    version: bool | Literal["server"] = False,
    deferred: bool = False,
    deferred_group: str | None = None,
) -> Any:
    """Options of a column.

    ``init=False``: the value comes from the database or from code, never from the constructor or
    validated input; an integer primary key with it is an identity column. ``default`` and
    ``default_factory`` are made in Python, ``server_default`` (a value or SQL expression) and
    ``computed`` (an expression) by the server. The first argument overrides the column's type.
    ``version=True`` makes a version of an int, datetime or UUID, which every UPDATE changes and
    every UPDATE and DELETE checks (one assigned by hand is written instead of the next);
    ``version="server"`` is one that a trigger changes.
    ``deferred=True`` leaves the column out of SELECTs of the entity until it is asked for, with
    all others of its ``deferred_group``. Raises ConfigurationError for a group without it.
    """
    if deferred_group is not None and not deferred:
        raise ConfigurationError(
            f"the column has the deferred_group {deferred_group!r}, but is not deferred",
            hint=f"write column(deferred=True, deferred_group={deferred_group!r})",
        )
    has_default = default is not _MISSING or default_factory is not _MISSING
    declaration = ColumnDeclaration(
        type=type_,
        name=name,
        primary_key=primary_key,
        unique=unique,
        index=index,
        server_default=server_default,
        computed=computed,
        init=init and computed is None and not version,
        has_default=has_default,
        version=version,
        deferred=deferred,
        deferred_group=deferred_group,
    )
    return _field(declaration, default, default_factory)


def generated(
    type_: SQLType[Any] | type[SQLType[Any]] | None = None,
    /,
    *,
    primary_key: bool = False,
    unique: bool = False,
    index: bool = False,
    name: str | None = None,
    server_default: Any = None,
) -> Any:
    """A column that may be given, and is made by the database if it is not."""
    declaration = ColumnDeclaration(
        type=type_,
        name=name,
        primary_key=primary_key,
        unique=unique,
        index=index,
        server_default=server_default,
        generated=True,
    )
    return _field(declaration, _MISSING, _MISSING)


def foreign_key(
    target: Any,
    *,
    ondelete: ReferentialAction | None = None,
    onupdate: ReferentialAction | None = None,
    deferrable: bool = False,
    initially: Literal["IMMEDIATE", "DEFERRED"] | None = None,
    primary_key: bool = False,
    unique: bool = False,
    index: bool = False,
    name: str | None = None,
) -> Any:
    """A column that refers to ``target``: a column, or ``"table.column"`` where it comes later.

    It may be left out of the constructor; a relationship fills it at the flush.
    """
    reference = Reference(target, ondelete, onupdate, deferrable, initially, None)
    declaration = ColumnDeclaration(
        name=name, primary_key=primary_key, unique=unique, index=index, reference=reference
    )
    return _field(declaration, _MISSING, _MISSING)


def _field(declaration: ColumnDeclaration, default: Any, default_factory: Any) -> FieldInfo:
    made: Any
    if default is not _MISSING:
        made = Field(default=default)
    elif default_factory is not _MISSING:
        made = Field(default_factory=default_factory)
    elif not declaration.init or declaration.generated or declaration.server_default is not None:
        made = Field(default_factory=unset)  # a factory, so that nothing lands in the JSON schema
    elif declaration.reference is not None:
        made = Field(default_factory=unset)
    else:
        made = Field()
    field = cast("FieldInfo", made)
    field.metadata.append(declaration)
    return field


def relationship(
    *,
    back_populates: str | None = None,
    cascade: str | None = None,
    secondary: Any = None,
    foreign_keys: Any = None,
    remote_side: Any = None,
    order_by: Any = None,
    post_update: bool = False,
    passive_deletes: bool | Literal["all"] | None = None,
    passive_updates: bool = True,
    single_parent: bool = False,
    viewonly: bool = False,
    collection_class: Any = None,
    primaryjoin: JoinCondition | None = None,
    secondaryjoin: JoinCondition | None = None,
    lazy: Lazy = "select",
) -> Any:
    """A relationship to another model; its target and kind come from the annotation.

    ``cascade`` is a comma-separated list of save-update, merge, refresh-expire, expunge, delete,
    delete-orphan, or all (everything but delete-orphan); the default is "save-update, merge".
    Columns may be given by name where they are declared later. Raises ConfigurationError.
    ``order_by`` may say ``"year.desc()"``, or be a lambda: ``lambda: Book.year.desc()``.

    ``secondary`` makes it many-to-many: the name of the link table, or the class that maps it. A
    table that no class maps is made automatically: a column ``<table>_<key>`` for each side's
    key, the primary key over all, ON DELETE and ON UPDATE CASCADE. In a self-reference the
    columns are called after the relationships that lead to them (``followers_id`` refers to who
    follows), or after the table. ``remote_side`` says which columns refer to the target.

    ``collection_class`` is ``attribute_keyed_dict(...)`` for a ``Related[dict[...]]``.

    ``primaryjoin`` (``secondaryjoin`` from a link table on) says which columns are equal, and so
    names the foreign key, and what related rows must fulfil besides; writing sets the key alone.
    Columns without a foreign key need ``viewonly`` and ``foreign_keys``, those that refer.

    ``lazy`` says how statements load it where no option says otherwise; see ``Lazy``.
    """
    return RelationshipDeclaration(
        back_populates=back_populates,
        cascade=_viewonly_cascades(cascade) if viewonly else _cascades(cascade),
        secondary=secondary,
        foreign_keys=_as_sequence(foreign_keys),
        remote_side=_as_sequence(remote_side),
        order_by=order_by,
        post_update=post_update,
        passive_deletes=passive_deletes,
        passive_updates=passive_updates,
        single_parent=single_parent,
        viewonly=viewonly,
        collection_class=collection_class,
        primaryjoin=primaryjoin,
        secondaryjoin=secondaryjoin,
        lazy=_checked_lazy(lazy),
    )


#: what is called differently here, or is not there
_SQLALCHEMY_LAZY: dict[object, str] = {
    "dynamic": '"write_only", and select() of the collection to read it',
    "subquery": '"selectin"',
    "immediate": '"selectin"',
    "joinedload": '"joined"',
    "selectinload": '"selectin"',
    "nestedload": '"nested"',
    True: '"select", which is the default: reading it raises until it is loaded',
    False: '"joined"',
    None: '"noload"',
}


def _checked_lazy(lazy: str) -> str:
    if lazy not in LAZY:
        instead = _SQLALCHEMY_LAZY.get(lazy)
        raise ConfigurationError(
            f"relationship(lazy={lazy!r}) is not known",
            hint=f"use {instead}" if instead else f"use one of {', '.join(LAZY)}",
        )
    return lazy


def _as_sequence(given: Any) -> Sequence[Any]:
    if given is None:
        return ()
    return tuple(given) if isinstance(given, list | tuple | set) else (given,)


def _viewonly_cascades(text: str | None) -> frozenset[str]:
    found = _cascades(text or "none")
    if found:
        raise ConfigurationError(
            f"viewonly=True does not go with the cascade {sorted(found)[0]!r}",
            hint="leave cascade out: nothing follows a relationship that is only looked at",
        )
    return found


def _cascades(text: str | None) -> frozenset[str]:
    if text is None:
        return DEFAULT_CASCADE
    names = {name.strip() for name in text.split(",") if name.strip()}
    unknown = names - CASCADES - {"all", "none"}
    if unknown:
        raise ConfigurationError(
            f"unknown cascade {sorted(unknown)[0]!r}",
            hint=f"use some of: all, {', '.join(sorted(CASCADES))}",
        )
    if "all" in names:
        names |= CASCADES - {"delete-orphan"}
    if "delete-orphan" in names and "delete" not in names:
        raise ConfigurationError(
            "the cascade delete-orphan needs delete as well",
            hint='write cascade="all, delete-orphan"',
        )
    return frozenset(names - {"all", "none"})
