"""What a command tag such as ``UPDATE 3`` says, and what the log says of a COPY."""

from __future__ import annotations

from collections.abc import Sequence


def affected_rows(tag: str) -> int:
    """The number at the end of a command tag such as ``UPDATE 3``; 0 if it has none."""
    count = tag.rpartition(" ")[2]
    return int(count) if count.isdigit() else 0


def row_count(result: object) -> int:
    """How many rows a result of the driver stands for."""
    if isinstance(result, tuple):  # rows and tag of raw SQL
        result = result[0]
    if isinstance(result, list):
        return len(result)
    return result if isinstance(result, int) else affected_rows(str(result))


def copy_text_of(table: str, columns: Sequence[str]) -> str:
    """A COPY for the log: the driver writes its own, with quoted names."""
    return f"COPY {table} ({', '.join(columns)}) FROM STDIN"
