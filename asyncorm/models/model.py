"""Model: the base of all entities; a real pydantic model whose columns are tracked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticSerializationError

from asyncorm.mapping.mapper import Mapper
from asyncorm.mapping.registry import Registry
from asyncorm.mapping.relationships import Relationship
from asyncorm.models.attributes import ColumnAttribute, RelationshipAttribute
from asyncorm.models.construct import install_absent_slots
from asyncorm.models.copying import detach_copy, from_pickle, to_pickle
from asyncorm.models.declare import declaration_of
from asyncorm.models.metaclass import ModelMeta
from asyncorm.models.serializing import install_gaps, look_for_gaps, unloaded_in, without_gaps
from asyncorm.sql.expressions import Expression
from asyncorm.sql.table import MetaData, Table
from asyncorm.tracking.known import has_row
from asyncorm.tracking.state import UNLOADED, Status, own_state, split_state
from asyncorm.tracking.unloaded import shown_related

if TYPE_CHECKING:
    from typing import Self, Unpack


_PERSISTENT = Status.PERSISTENT


class Model(BaseModel, metaclass=ModelMeta):
    """Base class of entities; a subclass with ``table=`` is mapped, one without is a mixin.

    Constructing validates, loading from the database does not. Objects are equal if their
    columns are; they are hashed by identity, and collections look members up by identity.
    """

    if TYPE_CHECKING:
        # ty and pyrefly read the configuration: strict makes them check constructor arguments
        # exactly. At run time the model stays lax, for JSON bodies ("2026-01-01" for a date).
        model_config = ConfigDict(strict=True, extra="forbid")

        metadata: ClassVar[MetaData]
        __table__: ClassVar[Table]
        __mapper__: ClassVar[Mapper]
        __registry__: ClassVar[Registry]
        __attributes__: ClassVar[dict[str, ColumnAttribute | RelationshipAttribute]]
        __relationships__: ClassVar[dict[str, Relationship[Any, Any]]]
        __mapper_args__: ClassVar[Mapping[str, Any]]
        __table_args__: ClassVar[Any]

        def __init_subclass__(
            cls, *, table: str | None = None, schema: str | None = None, **kw: Unpack[ConfigDict]
        ) -> None: ...
        def __hash__(self) -> int: ...
    else:
        model_config = ConfigDict(
            extra="forbid",
            from_attributes=True,
            # values of a CustomType may be of any class; one without a type is refused by ours
            arbitrary_types_allowed=True,
            # a response lists generated columns as required, since a stored object has them
            json_schema_serialization_defaults_required=True,
            # of this class alone, see below
            defer_build=True,
        )
        __attributes__: ClassVar[dict[str, Any]] = {}
        __relationships__: ClassVar[dict[str, Any]] = {}
        # the session's knowledge: a slot takes no part in == and dumps
        __slots__ = ("__weakref__", "_state")

        def __init__(self, /, **data):
            related = None
            # a loop over the few there are: 0.1 µs less than isdisjoint()
            for name in self.__relationships__:
                if name in data:
                    related = related or {}
                    related[name] = data.pop(name)
            self.__pydantic_validator__.validate_python(data, self_instance=self)
            _no_state(self, None)  # 40 ns here save 700 where the session first asks
            if related is not None:
                for name, value in related.items():
                    self.__attributes__[name].write(self, value)

        # validated input goes straight to pydantic's validator: a body can't set relationships
        __init__.__pydantic_base_init__ = True

        def __setattr__(self, name, value):
            attribute = self.__attributes__.get(name)
            if attribute is None:
                super().__setattr__(name, value)
                return
            state = self._state
            if (
                state is None
                or state.status is not _PERSISTENT
                or not attribute.plain
                or isinstance(value, Expression)
            ):
                attribute.write(self, value)
                return
            # what attribute.write comes to, without its calls: 1.0 µs instead of 1.1 for the first
            # change of an object, 0.46 instead of 0.55 for one more
            values, originals = self.__dict__, state.originals
            if originals is None or name not in originals:
                before = values.get(name, UNLOADED)
                if originals is None:
                    split_state(self, state, {name: before})
                else:
                    originals[name] = before
                if (unit := state.scope.unit) is not None:
                    unit.mark_dirty(self)
            values[name] = value

        def __delattr__(self, name):
            super().__delattr__(name)
            if name in self.__attributes__ and has_row(self):
                own_state(self).partial = True

        def __getattr__(self, name):
            if name == "_state":
                return None
            return super().__getattr__(name)

        # the options are those of pydantic, which gives them all along, and more slowly

        def model_dump(self, **options):
            """The columns as a dict; UnloadedAttributeError for one that is not loaded."""
            try:
                return self.__pydantic_serializer__.to_python(self, **options)
            except PydanticSerializationError as error:
                raise unloaded_in(error) or error from None

        def model_dump_json(self, **options):
            """The columns as JSON; UnloadedAttributeError for one that is not loaded."""
            try:
                return self.__pydantic_serializer__.to_json(self, **options).decode()
            except PydanticSerializationError as error:
                # the text is all that pydantic keeps here of what was raised
                for name in ("indent", "ensure_ascii"):
                    options.pop(name, None)
                self.model_dump(**options, mode="json")
                raise error from None

        __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if type(self) is not type(other):
            return NotImplemented
        mine, theirs = self.__dict__, other.__dict__
        missing = object()
        return all(
            mine.get(name, missing) == theirs.get(name, missing)
            for name in type(self).__pydantic_fields__
        )

    def __copy__(self) -> Self:
        copied = super().__copy__()
        detach_copy(self, copied)
        return copied

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        copied = super(Model, self.__copy__()).__deepcopy__(memo)
        detach_copy(self, copied)
        return copied

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A detached copy; ``update`` are values it gets, which are not validated."""
        attributes = self.__attributes__
        given = update or {}
        others = {name: value for name, value in given.items() if name not in attributes}
        copied = super().model_copy(update=others, deep=deep)
        for name, value in given.items():
            if name in attributes:
                attributes[name].write_unvalidated(copied, value)
        return copied

    def __getstate__(self) -> dict[Any, Any]:
        return to_pickle(self, super().__getstate__())

    def __setstate__(self, state: dict[Any, Any]) -> None:
        super().__setstate__(state)
        from_pickle(self, state)

    def __iter__(self) -> Iterator[tuple[str, Any]]:  # type: ignore[override]
        names, stored = tuple(type(self).__pydantic_fields__), has_row(self)
        # read as attributes: what comes out may be changed inside, and what is missing raises
        return ((name, getattr(self, name)) for name in names if stored or name in self.__dict__)

    def __repr_args__(self) -> Iterator[tuple[str, Any]]:
        values, stored = self.__dict__, has_row(self)
        for name, field in type(self).__pydantic_fields__.items():
            if not field.repr:
                continue
            if name in values:
                yield name, values[name]
            elif stored:
                yield name, _UNLOADED
        for name, relationship in type(self).__relationships__.items():
            if (shown := shown_related(self, relationship)) is not None:
                yield name, _Text(shown)

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: Any, handler: GetCoreSchemaHandler, /
    ) -> CoreSchema:
        """The schema; what is written by it must be loaded."""
        schema = handler(source)
        look_for_gaps(handler.resolve_ref_schema(schema))
        return schema

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler, /
    ) -> dict[str, Any]:
        """The JSON schema; as input it does not list what input can't set."""
        schema = handler(without_gaps(core_schema))
        if handler.mode == "validation":
            properties = handler.resolve_ref_schema(schema).get("properties", {})
            for name, field in cls.__pydantic_fields__.items():
                if not declaration_of(field).init:
                    properties.pop(field.alias or name, None)
        return schema


class _Text(str):
    """Text shown as it is in a repr."""

    def __repr__(self) -> str:
        return str(self)


_UNLOADED = _Text(UNLOADED)

_no_state = Model.__dict__["_state"].__set__

# for the first class that it builds pydantic looks through all installed packages for plugins: 8 ms
# and more, which belong to the first class of a program and not to importing this one
del Model.model_config["defer_build"]

install_absent_slots(Model)
install_gaps(Model)
