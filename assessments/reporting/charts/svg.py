"""Writing SVG: escaped text, measured lines, a document with its title and description."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from assessments.reporting.charts.colours import paint

FONT = "Inter, sans-serif"
# Advance widths of Inter at weight 400 in em, rounded up; what is not listed counts as an average letter.
_WIDTHS = {
    **dict.fromkeys("iljI.,:;'|!·", 0.30),
    **dict.fromkeys("frt()[]/- ", 0.38),
    **dict.fromkeys("mwMW%@–—", 0.88),
}
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # not allowed in XML 1.0


@dataclass(frozen=True)
class Table:
    """What a chart shows, as words: the first cell of a row names it."""

    caption: str
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Figure:
    """A chart for a page: wide and narrow drawing (the narrow one may be empty) and the table behind them."""

    title: str
    svg: str
    narrow: str
    table: Table


def clean(text: str) -> str:
    """Text without the control characters that no XML document may hold."""
    return _FORBIDDEN.sub("\ufffd", str(text))


def number(value: float) -> str:
    """A coordinate: two decimals at most, no negative zero."""
    shown = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if shown in ("-0", "") else shown


def tag(name: str, attributes: dict[str, object], *children: str) -> str:
    """One element; attribute values and nothing else are escaped here, children are SVG already."""
    written = "".join(
        f" {key}={quoteattr(number(value) if isinstance(value, float) else clean(str(value)))}"
        for key, value in attributes.items()
        if value is not None
    )
    inner = "".join(children)
    return f"<{name}{written}>{inner}</{name}>" if inner else f"<{name}{written}/>"


def rect(x: float, y: float, width: float, height: float, colour: dict[str, str], **more: object) -> str:
    box = {"x": float(x), "y": float(y), "width": float(width), "height": float(height)}
    return tag("rect", {**box, **colour, **{key.replace("_", "-"): value for key, value in more.items()}})


def line(x1: float, y1: float, x2: float, y2: float, colour: dict[str, str], **more: object) -> str:
    ends = {"x1": float(x1), "y1": float(y1), "x2": float(x2), "y2": float(y2)}
    return tag("line", {**ends, **colour, **{key.replace("_", "-"): value for key, value in more.items()}})


def text(x: float, y: float, words: str, colour: dict[str, str], size: float = 12, **more: object) -> str:
    """One line of text with its baseline at y; `anchor` is start, middle or end, `weight` a number."""
    attributes: dict[str, object] = {"x": float(x), "y": float(y), "font-size": float(size), **colour}
    attributes["text-anchor"] = more.get("anchor")
    attributes["font-weight"] = more.get("weight")
    return tag("text", attributes, escape(clean(words)))


def width_of(words: str, size: float) -> float:
    """About how wide a line will be, in px; errs on the wide side."""
    return sum(_WIDTHS.get(letter, 0.66 if letter.isupper() else 0.58) for letter in words) * size


def fit(words: str, room: float, size: float) -> str:
    """The line, shortened with an ellipsis if it would be wider than the room. The table has the whole text."""
    words = " ".join(words.split())
    if width_of(words, size) <= room:
        return words
    while words and width_of(words + "…", size) > room:
        words = words[:-1]
    return words.rstrip() + "…"


def wrap(words: str, room: float, size: float, lines: int = 2) -> list[str]:
    """The words on at most so many lines; the last is shortened if need be."""
    rest = words.split()
    done: list[str] = []
    while rest and len(done) < lines - 1:
        taken = 1
        while taken < len(rest) and width_of(" ".join(rest[: taken + 1]), size) <= room:
            taken += 1
        done.append(fit(" ".join(rest[:taken]), room, size))
        rest = rest[taken:]
    if rest:
        done.append(fit(" ".join(rest), room, size))
    return done


def legend(entries: Iterable[tuple[str, str]], x: float, y: float, room: float, size: float = 11) -> tuple[str, float]:
    """Squares with names, wrapped to the room. entries: (token, name). Returns the SVG and the y below the last line."""
    parts, left = [], x
    for token, name in entries:
        shown = fit(name, room - 16, size)
        needed = 15 + width_of(shown, size) + 12
        if left > x and left + needed - 12 > x + room:
            left, y = x, y + size + 8
        parts.append(rect(left, y - size + 2, 9, 9, paint(token), rx=1.5))
        parts.append(text(left + 14, y, shown, paint("muted"), size))
        left += needed
    return "".join(parts), y + 6


def document(title: str, description: str, width: float, height: float, body: str, ident: str = "") -> str:
    """A whole drawing. Its ids are unique to its content and size, or begin with `ident` where a page shows it twice."""
    digest = hashlib.sha256(f"{ident}|{title}|{description}|{width}|{body}".encode("utf-8", "replace")).hexdigest()[:12]
    name = f"{ident or 'chart'}-{digest}"
    return tag(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {number(width)} {number(height)}",
            "width": number(width),
            "height": number(height),
            "role": "img",
            "aria-labelledby": f"{name}-t {name}-d",
            "font-family": FONT,
        },
        tag("title", {"id": f"{name}-t"}, escape(clean(title))),
        tag("desc", {"id": f"{name}-d"}, escape(clean(description))),
        body,
    )
