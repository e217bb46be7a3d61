"""Custom types: a class of the application as values of any type of PostgreSQL."""

from __future__ import annotations

from typing import Any, ClassVar, Self, TypeVar, get_args, get_origin

from asyncorm.errors import AsyncORMError, ConfigurationError, DataError
from asyncorm.types.base import Converter, SQLType
from asyncorm.types.resolve import coerce_type

T = TypeVar("T")


class CustomType(SQLType[T]):
    """Values of a Python class, stored as another type says.

    A subclass names that type and says what becomes of a value on its way::

        class CashType(CustomType[Cash]):
            sql = Numeric(12, 2)

            def to_sql(self, value: Cash) -> Decimal:
                return value.amount

            def from_sql(self, value: Decimal) -> Cash:
                return Cash(value)

    NULL is None and never seen by either. Set ``mutable = True`` if values can change inside
    without being assigned; they are compared then by what ``to_sql`` makes of them.
    """

    #: the type that values are stored as
    sql: ClassVar[Any] = None
    #: the class of the values, if ``CustomType[...]`` does not say it
    values: ClassVar[type[Any] | None] = None

    def __init_subclass__(cls, **options: Any) -> None:
        """Raise ConfigurationError if something is missing."""
        super().__init_subclass__(**options)
        if cls.sql is None:
            raise ConfigurationError(
                f"{cls.__name__} does not say how its values are stored",
                hint="give it a type: sql = Numeric(12, 2)",
            )
        cls.sql = coerce_type(cls.sql)
        for name in ("to_sql", "from_sql"):
            if getattr(cls, name) is getattr(CustomType, name):
                raise ConfigurationError(
                    f"{cls.__name__} has no {name}()",
                    hint="define both to_sql(self, value) and from_sql(self, value)",
                )
        cls.values = cls.values or _values_of(cls)

    def to_sql(self, value: T, /) -> Any:
        """The value as ``sql`` takes it."""
        raise NotImplementedError

    def from_sql(self, value: Any, /) -> T:
        """The value of what ``sql`` has read."""
        raise NotImplementedError

    def __new__(cls, *_: Any, **__: Any) -> Self:  # noqa: D102 - what __init__ would do
        # here, so that a subclass may have an __init__ of its own
        made = super().__new__(cls)
        made._store_as(cls.sql)
        return made

    def __init__(self) -> None:
        """Nothing is left to do."""

    def _store_as(self, sql: SQLType[Any]) -> None:
        mutable = type(self).mutable
        self.parts = (sql,)
        self.python_type = type(self).values or object
        self.ddl, self.cast_type = sql.ddl, sql.cast_type
        self.element_type = sql.element_type
        self.parameter_type, self.bulk_type = sql.parameter_type, sql.bulk_type
        self.select_type, self.copyable = sql.select_type, sql.copyable
        self.comparable = sql.comparable
        self.beyond_python = sql.beyond_python
        self.encode = self._written(sql.encode)
        self.encode_bulk = self._written(sql.encode_bulk)
        self.decode = self._reader(sql.decode)
        if mutable:
            self.snapshot = self._written(sql.snapshot)
            self.thaw = self._reader(sql.thaw)
        self._given = frozenset((*vars(self), "_given", "key", "parameter_key"))

    def check(self, value: Any) -> Any:
        """The value, if it is of the class; DataError otherwise."""
        if not isinstance(value, self.python_type):
            raise self.unfit(value)
        return value

    def as_text(self, value: Any) -> str:
        """The text of the type that it is stored as."""
        return self._stored().as_text(self._converted(value))

    def _stored(self) -> SQLType[Any]:
        return self.parts[0]

    def _converted(self, value: Any) -> Any:
        self.check(value)
        try:
            return self.to_sql(value)
        except AsyncORMError:
            raise
        except Exception as error:
            raise self.unfit(
                value, f"{type(self).__name__}.to_sql() raised {type(error).__name__}"
            ) from error

    def _written(self, encode: Converter | None) -> Converter:
        convert = self._converted
        if encode is None:
            return convert
        return lambda value: encode(convert(value))

    def _reader(self, decode: Converter | None) -> Converter:
        def read(value: Any) -> T:
            try:
                return self.from_sql(value if decode is None else decode(value))
            except AsyncORMError:
                raise
            except Exception as error:
                raise DataError(
                    f"a value of the database can't be read by {type(self).__name__}.from_sql(): "
                    f"it raised {type(error).__name__}",
                    hint="let from_sql() take every value that the column can hold",
                ) from error

        return read

    def __eq__(self, other: object) -> bool:
        return self is other or (type(other) is type(self) and self._own() == other._own())

    def __hash__(self) -> int:
        return hash((type(self), self.ddl))

    def _own(self) -> dict[str, Any]:
        """What a subclass has put on it: types of one class may differ in that."""
        return {name: value for name, value in vars(self).items() if name not in self._given}


def _values_of(cls: type[Any]) -> type[Any] | None:
    """The class that ``CustomType[...]`` was given."""
    for base in getattr(cls, "__orig_bases__", ()):
        if get_origin(base) is CustomType:
            (found,) = get_args(base)
            plain = get_origin(found) or found
            return plain if isinstance(plain, type) else None
    return None
