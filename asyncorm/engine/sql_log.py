"""The logger ``asyncorm.sql``: statements, durations and row counts, never a value."""

from __future__ import annotations

import logging

logger = logging.getLogger("asyncorm.sql")


def echo_to_console() -> None:
    """Give the logger a console if the application has set up no logging."""
    if not logger.hasHandlers():
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(message)s"))
        logger.addHandler(handler)


def log_statement(sql: str, parameters: int, seconds: float, outcome: int | str) -> None:
    """Log one statement; ``outcome`` is the number of rows, or the class of the error.

    Whether to log was decided by the caller: an engine with ``echo`` logs at any level.
    """
    milliseconds = round(seconds * 1000, 3)
    rows = f"{outcome} rows" if isinstance(outcome, int) else outcome
    record = logger.makeRecord(
        logger.name,
        logging.INFO,
        "",
        0,
        "%s  [%d parameters, %.2f ms, %s]",
        (sql, parameters, milliseconds, rows),
        None,
        extra={
            "sql": sql,
            "parameter_count": parameters,
            "milliseconds": milliseconds,
            "outcome": outcome,
        },
    )
    logger.handle(record)
