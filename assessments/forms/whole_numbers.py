"""Whole numbers as addresses and hidden fields bring them, outside of a form."""

MOST_DIGITS = 18  # whatever has more does not fit a column


def whole_number(given: str) -> int | None:
    """The number that a text of ASCII digits says; None for every other text, such as "", "-1" or "²"."""
    return int(given) if given.isascii() and given.isdecimal() and len(given) <= MOST_DIGITS else None
