"""Rows as a CSV file that a spreadsheet opens safely."""

import csv
import io
import re
from collections.abc import Iterable, Sequence

# A cell is a formula to some spreadsheet when it begins like one: also behind blanks that are not seen, in full-width
# letters, or behind a separator or quote at which another country's settings cut the line.
_BLANK = r"[\s\u200b\u200e\u2060\ufeff]*"
_SIGN = r"[=+\-@\uff1d\uff0b\uff0d\uff20]"
_BEGINS = re.compile(rf"[\t\r\n]|{_BLANK}{_SIGN}")
_BEGINS_WITHIN = re.compile(rf"([;\t\r\n\"]{_BLANK})(?={_SIGN})")


def neutral(cell: object) -> str:
    """A cell that no spreadsheet runs as a formula; numbers stay numbers."""
    if cell is None:
        return ""
    if isinstance(cell, int | float):
        return str(cell)
    text = _BEGINS_WITHIN.sub(r"\1'", str(cell))
    return f"'{text}" if _BEGINS.match(text) else text


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """UTF-8 with a byte order mark, by which spreadsheets know it."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow([neutral(cell) for cell in header])
    writer.writerows([neutral(cell) for cell in row] for row in rows)
    return "\ufeff".encode() + written.getvalue().encode("utf-8", "replace")
