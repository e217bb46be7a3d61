"""Values that travel as text of PostgreSQL's own: an array of composites of hstores, say.

The server reads such a text by the rules of its type, so a quote too few would make one value
into another: values of users must come back as they were, whatever they hold and on every way.
"""

from __future__ import annotations

import enum
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from asyncorm import (
    Array,
    CIText,
    Composite,
    Domain,
    HStore,
    Mapped,
    MetaData,
    Model,
    Session,
    Text,
    cast,
    column,
    generated,
    literal,
    select,
)
from tests.support.canary import QUOTES

if TYPE_CHECKING:
    from asyncorm.engine.engine import Engine

#: what the rules of arrays, records, hstores, COPY and CSV give a meaning
PARTS = [
    *[quote for quote in QUOTES if "\0" not in quote and "\ud800" not in quote],
    ",", "{", "}", "(", ")", "[", "]", "=>", "NULL", "null", "\\N", "\\.", "\n\\.\n", "\t", "\r\n",
    "\\t", "\\\\", '\\"', '","', '"=>"', "{}", '{""}', "()", " ", "\v", "\f", "a", "é", "\u00a0",
    "\U0001f600", "$1", "empty", "''",
]  # fmt: skip
texts = st.lists(st.sampled_from(PARTS), max_size=5).map("".join)
stores = st.dictionaries(texts, st.none() | texts, max_size=3)


class Mood(enum.Enum):
    """Labels that would have a meaning in a text."""

    QUOTED = 'say "no"'
    BRACED = "{a,b}"
    NOTHING = "NULL"
    ESCAPED = "\\N"
    SPLIT = "'), ("


class Inner(NamedTuple):
    word: str | None
    words: list[str | None]


@dataclass
class Outer:
    name: str
    store: Annotated[dict[str, str | None], HStore()]
    inner: Annotated[Inner | None, Composite(Inner, "literal_inner")]
    inners: Annotated[list[Inner | None], Array(Composite(Inner, "literal_inner"))]
    mood: Mood | None


class Note(BaseModel):
    text: str
    more: dict[str, str]


INNER = Composite(Inner, "literal_inner")
OUTER = Composite(Outer, "literal_outer")


class Base(Model):
    metadata = MetaData()


class Kept(Base, table="literal_kept"):
    id: Mapped[int] = generated(primary_key=True)
    text: Mapped[str]
    short: Mapped[str] = column(Domain("literal_domain", Text))
    texts: Mapped[list[str | None]]
    store: Mapped[dict[str, str | None]] = column(HStore())
    stores: Mapped[list[dict[str, str | None]]] = column(Array(HStore()))
    inner: Mapped[Inner] = column(INNER)
    outer: Mapped[Outer] = column(OUTER)
    outers: Mapped[list[Outer | None]] = column(Array(OUTER))
    mood: Mapped[Mood]
    moods: Mapped[list[Mood | None]]
    folded: Mapped[str] = column(CIText())
    note: Mapped[Note]
    data: Mapped[bytes]


inners = st.builds(Inner, st.none() | texts, st.lists(st.none() | texts, max_size=3))
moods = st.sampled_from(Mood)
outers = st.builds(
    Outer,
    texts,
    stores,
    st.none() | inners,
    st.lists(st.none() | inners, max_size=2),
    st.none() | moods,
)
rows = st.fixed_dictionaries(
    {
        "text": texts,
        "short": texts,
        "texts": st.lists(st.none() | texts, max_size=3),
        "store": stores,
        "stores": st.lists(stores, max_size=2),
        "inner": inners,
        "outer": outers,
        "outers": st.lists(st.none() | outers, max_size=2),
        "mood": moods,
        "moods": st.lists(st.none() | moods, max_size=2),
        "folded": texts,
        "note": st.builds(Note, text=texts, more=st.dictionaries(texts, texts, max_size=2)),
        "data": texts.map(str.encode),
    }
)


def drawn(count: int) -> list[dict[str, Any]]:
    """Rows of hostile values."""
    found: list[dict[str, Any]] = []

    @settings(
        max_examples=count,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(rows)
    def draw(row: dict[str, Any]) -> None:
        found.append(row)

    draw()
    return found


def values_of(kept: Kept) -> dict[str, Any]:
    return {name: getattr(kept, name) for name in Kept.model_fields if name != "id"}


@pytest.fixture
async def session(engine: Engine) -> AsyncIterator[Session]:
    await engine.create_all(Base)
    async with Session(engine) as session:
        yield session
        session.expunge_all()
        await session.rollback()
    await engine.drop_all(Base)


async def read(session: Session) -> list[dict[str, Any]]:
    session.expunge_all()
    return [values_of(one) for one in await session.all(select(Kept).order_by(Kept.id))]


async def test_what_is_flushed_comes_back(session: Session) -> None:
    given_rows = drawn(60)
    session.add_all([Kept(**row) for row in given_rows])  # many rows: as elements of arrays
    await session.flush()
    assert await read(session) == given_rows
    one = drawn(1)[0] | {"outer": Outer('"', {'"': "\\"}, Inner("'", ['"']), [None], Mood.QUOTED)}
    kept = Kept(**one)
    session.add(kept)  # one row: as parameters of their own
    await session.flush()
    assert (await read(session))[-1] == one


async def test_what_is_copied_comes_back(session: Session) -> None:
    given_rows = drawn(60)
    await session.copy_in(Kept, given_rows)
    assert await read(session) == given_rows


async def test_what_is_updated_comes_back(session: Session) -> None:
    before, after = drawn(30), drawn(30)[::-1]
    before, after = before[: len(after)], after[: len(before)]
    kept = [Kept(**row) for row in before]
    session.add_all(kept)
    await session.flush()
    for one, row in zip(kept, after, strict=True):
        for name, value in row.items():
            setattr(one, name, value)
    await session.flush()
    assert await read(session) == after


@pytest.mark.parametrize("name", [name for name in Kept.model_fields if name != "id"])
async def test_as_text_is_what_the_server_reads(session: Session, name: str) -> None:
    type_ = getattr(Kept, name)._type
    for row in drawn(15):
        value = row[name]
        text = cast(literal(type_.as_text(value)), type_)
        assert await session.scalar(select(text)) == value
        assert await session.scalar(select(literal(value, type_))) == value
