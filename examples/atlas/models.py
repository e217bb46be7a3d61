"""The atlas as models. Countries, languages and currencies are known by their codes, which are
their keys; subdivisions, time zones and airports get theirs from the database."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

from pydantic import BaseModel, Field

from asyncorm import Index, Mapped, Model, Related, column, foreign_key, relationship


class Names(BaseModel):
    """What a country is called besides its short name: one jsonb column."""

    official: str | None = None
    flag: str


class LanguageKind(Enum):
    """How a language lives, by the letters of ISO 639-3: a PostgreSQL enum."""

    LIVING = "L"
    EXTINCT = "E"
    HISTORICAL = "H"
    CONSTRUCTED = "C"
    ANCIENT = "A"
    SPECIAL = "S"


class Country(Model, table="country", schema="atlas"):
    """A country: a natural key, so its value is there before the row is."""

    code: Mapped[Annotated[str, Field(max_length=2)]] = column(primary_key=True)
    alpha3: Mapped[Annotated[str, Field(max_length=3)]] = column(unique=True)
    numeric: Mapped[Annotated[str, Field(max_length=3)]]
    name: Mapped[str]
    names: Mapped[Names]

    subdivisions: Related[list[Subdivision]] = relationship(
        back_populates="country", order_by="code"
    )
    zones: Related[list[CountryZone]] = relationship(
        back_populates="country", cascade="all, delete-orphan"
    )


class Subdivision(Model, table="subdivision", schema="atlas"):
    """A part of a country, or of another subdivision: the trees of the atlas."""

    id: Mapped[int] = column(primary_key=True, init=False)
    code: Mapped[str] = column(unique=True)
    name: Mapped[str]
    kind: Mapped[str]
    country_code: Mapped[str] = foreign_key(Country.code, index=True)
    parent_id: Mapped[int | None] = foreign_key("subdivision.id", index=True)

    country: Related[Country] = relationship(back_populates="subdivisions")
    parent: Related[Subdivision | None] = relationship(back_populates="children", remote_side="id")
    children: Related[list[Subdivision]] = relationship(back_populates="parent", order_by="code")


class TimeZone(Model, table="time_zone", schema="atlas"):
    """A time zone and the place that gives it its name."""

    id: Mapped[int] = column(primary_key=True, init=False)
    name: Mapped[str] = column(unique=True)
    latitude: Mapped[float]
    longitude: Mapped[float]
    comment: Mapped[str | None] = column(default=None)

    countries: Related[list[CountryZone]] = relationship(
        back_populates="zone", cascade="all, delete-orphan"
    )


class CountryZone(Model, table="country_zone", schema="atlas"):
    """The link between countries and time zones, with a fact of its own: a composite key."""

    country_code: Mapped[str] = foreign_key(Country.code, primary_key=True)
    zone_id: Mapped[int] = foreign_key(TimeZone.id, primary_key=True, index=True)
    home: Mapped[bool]

    country: Related[Country] = relationship(back_populates="zones")
    zone: Related[TimeZone] = relationship(back_populates="countries")


class Airport(Model, table="airport", schema="atlas"):
    """An airport; few have an IATA code, and not every region is a known subdivision."""

    id: Mapped[int] = column(primary_key=True, init=False)
    icao: Mapped[Annotated[str, Field(max_length=4)]] = column(unique=True)
    iata: Mapped[Annotated[str, Field(max_length=3)] | None] = column(default=None, unique=True)
    name: Mapped[str]
    city: Mapped[str]
    region: Mapped[str]
    elevation: Mapped[float]
    latitude: Mapped[float]
    longitude: Mapped[float]
    country_code: Mapped[str] = foreign_key(Country.code)
    subdivision_id: Mapped[int | None] = foreign_key(Subdivision.id, index=True)
    zone_id: Mapped[int] = foreign_key(TimeZone.id, index=True)

    country: Related[Country] = relationship()
    subdivision: Related[Subdivision | None] = relationship()
    zone: Related[TimeZone] = relationship()

    __table_args__ = (Index("ix_airport_country_name", "country_code", "name"),)


class Language(Model, table="language", schema="atlas"):
    """A language: it refers to nothing, and nothing refers to it."""

    code: Mapped[Annotated[str, Field(max_length=3)]] = column(primary_key=True)
    alpha2: Mapped[Annotated[str, Field(max_length=2)] | None] = column(default=None, unique=True)
    name: Mapped[str]
    kind: Mapped[LanguageKind]
    scope: Mapped[str]


class Currency(Model, table="currency", schema="atlas"):
    """A currency."""

    code: Mapped[Annotated[str, Field(max_length=3)]] = column(primary_key=True)
    numeric: Mapped[Annotated[str, Field(max_length=3)]]
    name: Mapped[str]


MODELS = (Country, Subdivision, TimeZone, CountryZone, Airport, Language, Currency)
