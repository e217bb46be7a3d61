"""Dates and times of PostgreSQL that Python's have no room for: before year 1, after 9999, 24:00.

They are dates and times themselves, so that nothing that holds them has to know: a table with
one such row can be read, and the row is written back as it was. Each says what != is, since
Python's own classes have one that does not ask ==.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, Self, SupportsIndex

#: what PostgreSQL counts from
DAY_ZERO = date(2000, 1, 1).toordinal()
MOMENT_ZERO = datetime(2000, 1, 1)
_MOMENT_ZERO_UTC = datetime(2000, 1, 1, tzinfo=UTC)
_LAST_DAY = date.max.toordinal()
#: fewer surely fit into a timedelta, whatever the time of day beside them is
_MANY_DAYS = 800_000_000
#: pydantic writes no longer ones of a class that derives from timedelta
_LONGEST = timedelta(days=timedelta.max.days)
INFINITE_MONTHS = 2**31 - 1
_SECOND = 1_000_000
_DAY = 86_400 * _SECOND
#: after 400 years the calendar begins anew
_CYCLE = 146_097


class OutOfRangeDate(date):
    """A date before year 1 or after 9999; ``str()`` says which.

    To Python's arithmetic it is the first or the last day there is.
    """

    _ordinal: int

    def __new__(cls, ordinal: int) -> Self:
        """``ordinal`` counts days as ``date.toordinal`` does: 1 is the first of January in 1."""
        day = date.max if ordinal > 0 else date.min
        made = super().__new__(cls, day.year, day.month, day.day)
        made._ordinal = ordinal
        return made

    def toordinal(self) -> int:
        """The number of the day; of BC it is 0 or below."""
        return self._ordinal

    def isoformat(self) -> str:
        """The date as PostgreSQL writes it: ``10000-01-01``, ``0044-03-15 BC``."""
        text, era = _day_text(self._ordinal)
        return text + era

    __str__ = isoformat

    def __repr__(self) -> str:
        return f"OutOfRangeDate({self})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OutOfRangeDate) and other._ordinal == self._ordinal

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self._ordinal)

    def __lt__(self, other: date) -> bool:
        return self._ordinal < other.toordinal()

    def __le__(self, other: date) -> bool:
        return self._ordinal <= other.toordinal()

    def __gt__(self, other: date) -> bool:
        return self._ordinal > other.toordinal()

    def __ge__(self, other: date) -> bool:
        return self._ordinal >= other.toordinal()

    def __reduce__(self) -> tuple[Any, ...]:
        return OutOfRangeDate, (self._ordinal,)


class OutOfRangeDateTime(datetime):
    """A time stamp before year 1 or after 9999; ``str()`` says which.

    To Python's arithmetic it is the first or the last moment there is.
    """

    _microseconds: int

    def __new__(cls, microseconds: int, zone: tzinfo | None = None) -> Self:
        """``microseconds`` count from the begin of the year 2000."""
        at = datetime.max if microseconds > 0 else datetime.min
        made = super().__new__(
            cls, at.year, at.month, at.day, at.hour, at.minute, at.second, at.microsecond, zone
        )
        made._microseconds = microseconds
        return made

    def isoformat(self, sep: str = " ", timespec: str = "auto") -> str:
        """The time stamp as PostgreSQL writes it, in UTC if it has a zone."""
        days, rest = divmod(self._microseconds, _DAY)
        text, era = _day_text(days + DAY_ZERO)
        zone = "" if self.tzinfo is None else "+00"
        clock = (datetime.min + timedelta(microseconds=rest)).time()
        return f"{text}{sep}{clock.isoformat(timespec)}{zone}{era}"

    def __str__(self) -> str:
        return self.isoformat()

    def __repr__(self) -> str:
        return f"OutOfRangeDateTime({self})"

    def astimezone(self, tz: tzinfo | None = None) -> Self:
        """The same: no zone changes what is out of range."""
        return self

    def toordinal(self) -> int:
        """The number of the day; of BC it is 0 or below."""
        return self._microseconds // _DAY + DAY_ZERO

    def __sub__(self, other: Any) -> Any:
        if isinstance(other, datetime):
            return timedelta(microseconds=self._microseconds - _since_zero(other))
        return OutOfRangeDateTime(
            self._microseconds - other // timedelta(microseconds=1), self.tzinfo
        )

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, OutOfRangeDateTime)
            and other._microseconds == self._microseconds
            and (other.tzinfo is None) is (self.tzinfo is None)
        )

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self._microseconds)

    def __lt__(self, other: date) -> bool:
        return self._microseconds < _since_zero(other)

    def __le__(self, other: date) -> bool:
        return self._microseconds <= _since_zero(other)

    def __gt__(self, other: date) -> bool:
        return self._microseconds > _since_zero(other)

    def __ge__(self, other: date) -> bool:
        return self._microseconds >= _since_zero(other)

    def __reduce_ex__(self, protocol: SupportsIndex, /) -> tuple[Any, ...]:
        return OutOfRangeDateTime, (self._microseconds, self.tzinfo)


class EndOfDay(time):
    """24:00:00, which PostgreSQL tells from 00:00:00; to Python's arithmetic the last moment."""

    def __new__(cls, zone: tzinfo | None = None) -> Self:
        """With the zone of a ``timetz``."""
        return super().__new__(cls, 23, 59, 59, 999_999, zone)

    # what the driver reads to write it

    @property
    def hour(self) -> int:
        """24."""
        return 24

    @property
    def minute(self) -> int:
        """0."""
        return 0

    @property
    def second(self) -> int:
        """0."""
        return 0

    @property
    def microsecond(self) -> int:
        """0."""
        return 0

    def isoformat(self, timespec: str = "auto") -> str:
        """``24:00:00``, with the offset of its zone."""
        return "24:00:00" + time.min.replace(tzinfo=self.tzinfo).isoformat()[8:]

    __str__ = isoformat

    def __repr__(self) -> str:
        return f"EndOfDay({self})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, EndOfDay) and other.utcoffset() == self.utcoffset()

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(("24:00:00", self.utcoffset()))

    def __reduce_ex__(self, protocol: SupportsIndex, /) -> tuple[Any, ...]:
        return EndOfDay, (self.tzinfo,)


def day_of(ordinal: int) -> date:
    """The day of an ordinal, in range or not."""
    return date.fromordinal(ordinal) if 1 <= ordinal <= _LAST_DAY else OutOfRangeDate(ordinal)


def moment_of(microseconds: int) -> datetime:
    """The time stamp without zone of microseconds since 2000, in range or not."""
    try:
        return MOMENT_ZERO + timedelta(microseconds=microseconds)
    except OverflowError:
        return OutOfRangeDateTime(microseconds)


def moment_in_utc(microseconds: int) -> datetime:
    """The time stamp in UTC of microseconds since 2000, in range or not."""
    try:
        return _MOMENT_ZERO_UTC + timedelta(microseconds=microseconds)
    except OverflowError:
        return OutOfRangeDateTime(microseconds, UTC)


def time_of(microseconds: int, zone: tzinfo | None = None) -> time:
    """The time of day of microseconds since midnight."""
    if microseconds >= _DAY:
        return EndOfDay(zone)
    found = (datetime.min + timedelta(microseconds=microseconds)).time()
    return found if zone is None else found.replace(tzinfo=zone)


def microseconds_of(moment: datetime) -> int:
    """The opposite of ``moment_of`` and ``moment_in_utc``."""
    return _since_zero(moment)


def _since_zero(moment: Any) -> int:
    if isinstance(moment, OutOfRangeDateTime):
        return moment._microseconds
    zero = MOMENT_ZERO if moment.tzinfo is None else _MOMENT_ZERO_UTC
    since: timedelta = moment - zero
    return since // timedelta(microseconds=1)


def _day_text(ordinal: int) -> tuple[str, str]:
    """Year, month and day of any ordinal; the era."""
    cycles, rest = divmod(ordinal - DAY_ZERO, _CYCLE)
    day = date.fromordinal(DAY_ZERO + rest)
    year = day.year + 400 * cycles
    era = " BC" if year < 1 else ""
    return f"{year if year > 0 else 1 - year:04}-{day.month:02}-{day.day:02}", era


class CalendarInterval(timedelta):
    """An interval with months (which have no fixed length), or one that is infinite.

    To Python's arithmetic a month is 30 days and a year 365; written back it is what it was.
    """

    months: int
    whole_days: int
    clock: int

    def __new__(cls, months: int, whole_days: int, clock: int) -> Self:
        """Months, days and microseconds, which PostgreSQL keeps apart."""
        years, rest = divmod(abs(months), 12)
        days = (years * 365 + rest * 30) * (1 if months > 0 else -1) + whole_days
        try:
            span = min(timedelta(days, 0, clock), _LONGEST)
        except OverflowError:
            span = _LONGEST if days > 0 else timedelta.min
        made = super().__new__(cls, span.days, span.seconds, span.microseconds)
        made.months, made.whole_days, made.clock = months, whole_days, clock
        return made

    @property
    def is_infinite(self) -> bool:
        """Whether it is PostgreSQL's infinity or -infinity."""
        return self.months in (INFINITE_MONTHS, -INFINITE_MONTHS - 1)

    def __str__(self) -> str:
        if self.is_infinite:
            return "infinity" if self.months > 0 else "-infinity"
        return f"{self.months:+d} mons {self.whole_days:+d} days {self.clock:+d} microseconds"

    def __repr__(self) -> str:
        return f"CalendarInterval({self})"

    def __eq__(self, other: object) -> bool:
        if isinstance(other, CalendarInterval):
            return (self.months, self.whole_days, self.clock) == (
                other.months,
                other.whole_days,
                other.clock,
            )
        return not self.is_infinite and super().__eq__(other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return super().__hash__()

    def __reduce__(self) -> tuple[Any, ...]:
        return CalendarInterval, (self.months, self.whole_days, self.clock)


def interval_of(months: int, days: int, clock: int) -> timedelta:
    """The interval of PostgreSQL's three parts."""
    if months == 0 and abs(days) < _MANY_DAYS:
        return timedelta(days, 0, clock)
    return CalendarInterval(months, days, clock)
