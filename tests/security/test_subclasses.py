"""Names and values of subclasses of str and int that say something else of themselves.

Markup of templates and members of enums are such: the characters count, not what ``replace()``,
``encode()`` or ``format()`` make of them.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from asyncorm import (
    Array,
    AsyncORMError,
    CIText,
    Column,
    Composite,
    CreateTable,
    Domain,
    HStore,
    Integer,
    Numeric,
    Session,
    SQLType,
    Table,
    Text,
    aliased,
    cast,
    func,
    ident,
    literal,
    select,
    sql,
    values,
)
from asyncorm.compiler.quoting import quote_name, quote_text
from asyncorm.types.copy_text import column_writer
from tests.support.shop import Product

EVIL = 'x" from secrets --'


def lying(name: str) -> Callable[..., Any]:
    return lambda *_: {"__contains__": False, "__len__": 1, "startswith": False}.get(name, EVIL)


#: a str of which every method lies; == and hash() are those of its characters
Liar: type[str] = type(
    "Liar",
    (str,),
    {
        name: lying(name)
        for name in (
            "__str__", "__repr__", "__format__", "__add__", "__radd__", "__mod__", "__getitem__",
            "__contains__", "__len__", "encode", "replace", "translate", "lower", "upper", "join",
            "split", "partition", "rpartition", "strip", "startswith", "casefold", "format",
        )
    },
)  # fmt: skip


class Odd(int):
    """A number that says it is another."""

    def __str__(self) -> str:
        return "66"

    __repr__ = __str__


class Level(int, enum.Enum):
    """Whose str() is ``Level.HIGH``."""

    HIGH = 5


class Pair(NamedTuple):
    word: str
    words: list[str]


NAME = Liar('a"b')
#: what a name may be given to
NAMED: dict[str, Callable[[Any], Any]] = {
    "label": lambda name: select(Product.id.label(name)),
    "alias": lambda name: select(aliased(Product, name)),
    "subquery": lambda name: select(select(Product.id).subquery(name).c.id),
    "cte": lambda name: select(select(Product.id).cte(name).c.id),
    "ident": lambda name: sql("select {}", ident(name, name)),
    "collation": lambda name: select(Product.name.collate(name)),
    "values": lambda name: select(values({name: int}, [(1,)], name=name).c[name]),
    "domain": lambda name: select(cast(Product.name, Array(Domain(name, Text)))),
    "composite": lambda name: select(cast(Product.name, Composite(Pair, name))),
    "table": lambda name: CreateTable(Table(name, [Column(name, Text())], schema=name)),
    "function": lambda name: select(func.unnest([1]).table_valued(name, name=name).c[name]),
}


@pytest.mark.parametrize("place", NAMED)
def test_names_are_their_characters(place: str) -> None:
    text = str(NAMED[place](NAME))
    assert '"a""b"' in text
    assert "secrets" not in text
    assert text == str(NAMED[place]('a"b'))


def test_constants_and_types_are_their_characters() -> None:
    assert quote_name(NAME) == '"a""b"'
    assert quote_text(Liar("a'b\\")) == "E'a''b\\\\'"
    assert str(select(cast(Product.tags, Array(SQLType(Liar("ltree")))))).count("ltree[]") == 1
    assert type(SQLType(Liar("ltree")).ddl) is str


def test_literals_are_the_characters_of_values() -> None:
    pair = Pair(Liar('a"b'), [Liar("c,d")])
    assert HStore().as_text({Liar('a"'): Liar('"b')}) == HStore().as_text({'a"': '"b'})
    assert Array(Text()).as_text([Liar('a"b')]) == '{"a\\"b"}'
    assert Composite(Pair).as_text(pair) == Composite(Pair).as_text(Pair('a"b', ["c,d"]))
    assert CIText().as_text(NAME) == 'a"b'
    assert column_writer(Text())([Liar("a\tb\n")]) == ["a\\tb\\n"]
    for number in (Odd(5), Level.HIGH):
        assert Integer().as_text(number) == Numeric().as_text(number) == "5"
        assert column_writer(Integer())([number]) == ["5"]


async def test_what_is_bound_is_what_it_holds(session: Session) -> None:
    assert await session.scalar(select(literal(NAME))) == 'a"b'
    assert await session.scalar(sql("select {}::int", Odd(5))) == 5
    for method in ("contains", "startswith", "endswith", "icontains"):
        found = select(Product.id).where(getattr(Product.name, method)(Liar("%w")))
        assert await session.all(found) == []
    product = await session.one(select(Product).where(Product.id == Odd(1)))
    product.name = NAME
    product.tags = [NAME]
    await session.flush()
    row = await session.one(select(Product.name, Product.tags).where(Product.id == 1))
    assert row == ('a"b', ['a"b'])


class Grumpy:
    """An object nothing can be done with."""

    def _refuse(self, *_: Any) -> Any:
        raise RuntimeError("secret")

    __eq__ = __len__ = __bool__ = __iter__ = __str__ = __repr__ = _refuse
    __format__ = _refuse

    def __hash__(self) -> int:
        raise RuntimeError("secret")


@pytest.mark.parametrize(
    "build",
    [
        lambda value: Product.name == value,
        lambda value: Product.id.in_([value]),
        lambda value: select(Product).where(value),
        lambda value: select(Product).order_by(value),
        lambda value: select(Product).limit(value),
        lambda value: select(value),
        lambda value: literal(value),
        lambda value: sql("select {}", value),
        lambda value: func.lower(value),
        lambda value: Product.name.contains(value),
        lambda value: ident(value),
    ],
)
def test_an_object_is_refused_without_being_asked(build: Callable[[Any], Any]) -> None:
    with pytest.raises(AsyncORMError, match=r"Grumpy|name"):
        str(build(Grumpy()))
