"""Rows as a CSV file that a spreadsheet opens safely."""

import csv
import io
from collections.abc import Iterable, Sequence

_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def neutral(cell: object) -> str:
    """A cell that no spreadsheet runs as a formula; numbers stay numbers."""
    if cell is None:
        return ""
    text = str(cell)
    if isinstance(cell, int | float) or not text.lstrip(" ").startswith(_STARTS_A_FORMULA):
        return text
    return f"'{text}"


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """UTF-8 with a byte order mark, by which spreadsheets know it."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow([neutral(cell) for cell in header])
    writer.writerows([neutral(cell) for cell in row] for row in rows)
    return "\ufeff".encode() + written.getvalue().encode("utf-8", "replace")
