"""A walk through the unit of work on the loaded atlas. No stop commits, so nothing stays."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.tree import Tree

from asyncorm import (
    Session,
    SessionFactory,
    UnflushedChangesError,
    UniqueViolation,
    func,
    inspect,
    select,
    sql,
)
from examples.atlas.models import (
    Airport,
    Country,
    CountryZone,
    Currency,
    Names,
    Subdivision,
    TimeZone,
)


async def tour(sessions: SessionFactory, console: Console) -> None:
    """Visit every stop, each with a session of its own."""
    for number, (title, stop) in enumerate(STOPS.items(), 1):
        console.print()
        console.rule(f"[bold]{number}. {title}", align="left", style="blue")
        async with sessions() as session:
            await stop(session, console)


async def identity_map(session: Session, console: Console) -> None:
    """One row is one object, however it was found."""
    iceland = await session.get_one(Country, "IS")
    again = await session.get_one(Country, "IS")  # no SQL: the session knows it
    found = await session.one(select(Country).where(Country.name == "Iceland"))
    console.print(f"by key, by key again, by name: the same object? {iceland is again is found}")
    console.print(f"{iceland.names.flag} {iceland.name}, officially {iceland.names.official}")


async def partial_update(session: Session, console: Console) -> None:
    """Only what changed is written."""
    airport = await session.one(select(Airport).where(Airport.icao == "BIKF"))
    airport.elevation += 1
    airport.city = airport.city.strip()  # assigned, but the same
    history = inspect(airport).history("elevation")
    console.print(f"{airport.name}: {history.deleted[0]} ft became {history.added[0]} ft")
    console.print(str(await session.plan()), soft_wrap=True)


async def foreign_key_order(session: Session, console: Console) -> None:
    """Objects are added in any order; the plan has them in that of the foreign keys."""
    time = TimeZone(name="Atlantic/Atlantis", latitude=31.0, longitude=-24.0)
    atlantis = Country(
        code="XA", alpha3="XAT", numeric="999", name="Atlantis", names=Names(flag="🔱")
    )
    harbour = Subdivision(code="XA-P-H", name="Harbour", kind="Quarter", country=atlantis)
    harbour.parent = Subdivision(code="XA-P", name="Poseidonis", kind="City", country=atlantis)
    airport = Airport(
        icao="XAPO",
        name="Poseidonis Seaplane Base",
        city="Poseidonis",
        region="Harbour",
        elevation=-3.0,
        latitude=31.0,
        longitude=-24.0,
        country=atlantis,
        subdivision=harbour,
        zone=time,
    )
    session.add_all([airport, CountryZone(country=atlantis, zone=time, home=True)])
    console.print(str(await session.plan()), soft_wrap=True)
    await session.flush()
    console.print(f"keys came back: harbour {harbour.id}, its parent {harbour.parent_id}")


async def savepoint(session: Session, console: Console) -> None:
    """A savepoint takes back its part, on the objects too."""
    euro = await session.get_one(Currency, "EUR")
    euro.name = "Euro, outside"
    async with session.begin_nested() as nested:
        doubloon = Currency(code="XDB", numeric="998", name="Doubloon")
        session.add(doubloon)
        await session.flush()
        console.print(f"inside: doubloon persistent? {inspect(doubloon).persistent}")
        await nested.rollback()
    console.print(f"after its rollback: doubloon transient? {inspect(doubloon).transient}")
    console.print(f"what came before it stays: {euro.name}")


async def expunge_and_clear(session: Session, console: Console) -> None:
    """Objects can leave the session; unsaved work never does so in silence."""
    norway = await session.get_one(Country, "NO")
    sweden = await session.get_one(Country, "SE")
    session.expunge(norway)
    console.print(f"expunged: {norway.name} is detached? {inspect(norway).detached}")
    sweden.name = "Sverige"
    try:
        session.clear()
    except UnflushedChangesError as error:
        console.print(f"[yellow]{type(error).__name__}[/]", str(error))
    await session.flush()
    session.clear()
    console.print(f"after a flush it is empty: {len(session.identity_map)} objects")


async def refresh(session: Session, console: Console) -> None:
    """What others changed is seen when asked for."""
    airport = await session.one(select(Airport).where(Airport.icao == "EGLL"))
    await session.execute(
        sql("UPDATE atlas.airport SET city = {} WHERE icao = {}", "Londinium", "EGLL")
    )
    console.print(f"before: {airport.city}")
    await session.refresh(airport, ["city"])
    console.print(f"after:  {airport.city}")


async def aggregate(session: Session, console: Console) -> None:
    """Who has the most airports, and how high up?"""
    airports = func.count(Airport.id)
    statement = (
        select(Country.name, airports, func.count(Airport.iata), func.max(Airport.elevation))
        .join(Country, Airport.country_code == Country.code)
        .group_by(Country.code)
        .order_by(airports.desc(), Country.name)
        .limit(6)
    )
    table = Table("country", box=None)
    for title in ("airports", "with IATA code", "highest (ft)"):
        table.add_column(title, justify="right")
    for name, count, with_iata, highest in await session.all(statement):
        table.add_row(name, f"{count:,}", f"{with_iata:,}", f"{highest or 0:,.0f}")
    console.print(table)


async def tree(session: Session, console: Console) -> None:
    """A country's subdivisions: one statement a step, however many objects."""
    country = await session.get_one(Country, "BE")
    await session.load(country, Country.subdivisions, Subdivision.children)
    root = Tree(f"{country.names.flag} {country.name}")
    for region in country.subdivisions:
        if region.parent_id is None:
            branch = root.add(f"{region.name} ({region.kind})")
            for province in region.children:
                branch.add(f"{province.name} ({province.kind})")
    console.print(root)


async def unique_violation(session: Session, console: Console) -> None:
    """One bad object among many: the error has it."""
    session.add_all(
        Currency(code=code, numeric="997", name=f"Test currency {code}")
        for code in ("XQA", "XQB", "EUR", "XQC")
    )
    try:
        await session.flush()
    except UniqueViolation as error:
        columns = ", ".join(error.columns)
        console.print(f"[yellow]{type(error).__name__}[/] on {error.table} ({columns})")
        console.print(str(error), markup=False)
        console.print(f"error.objects: {error.objects}", markup=False)


STOPS = {
    "Identity map": identity_map,
    "Partial UPDATE": partial_update,
    "Foreign-key order": foreign_key_order,
    "Savepoint": savepoint,
    "Expunge and clear": expunge_and_clear,
    "Refresh": refresh,
    "Aggregate per country": aggregate,
    "A tree of subdivisions": tree,
    "A unique violation names its object": unique_violation,
}
