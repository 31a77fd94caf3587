"""The colours of the product, as pairs (light page, dark page).

static/css/tokens.css holds the same values for the pages; a test compares the two and checks their contrast. A chart carries
the light value as a presentation attribute, which is all that a PDF sees, and a class that dark pages re-colour by.
Text in an option's colour has a contrast of at least 4.5 to the surface, a filled area at least 3 (WCAG 2.2, 1.4.3 and 1.4.11).
"""

from collections.abc import Sequence

SURFACE = ("#ffffff", "#1a2029")

TOKENS: dict[str, tuple[str, str]] = {
    "option-in_house": ("#0f766e", "#2dd4bf"),
    "option-cdmo": ("#b45309", "#fbbf24"),
    "option-hybrid": ("#1d5fd1", "#7cb0ff"),
    "option-variant_a": ("#7c3aed", "#b79cff"),
    "option-variant_b": ("#be185d", "#f58cc0"),
    "dim-1": ("#2f6fde", "#6ea2f7"),
    "dim-2": ("#1f7a84", "#48b4c0"),
    "dim-3": ("#7e57c2", "#b196ea"),
    "dim-4": ("#c2740a", "#e3a03a"),
    "dim-5": ("#4f8a3a", "#86bf6f"),
    "dim-6": ("#c04774", "#ee8db1"),
    "dim-7": ("#8a6a4f", "#c3a184"),
    "dim-8": ("#64748b", "#9aa9bd"),
    "dim-9": ("#8b8f97", "#7d838c"),
    "cat-O": ("#2f6fde", "#6ea2f7"),
    "cat-R": ("#7e57c2", "#b196ea"),
    "cat-X": ("#c2740a", "#e3a03a"),
    "good": ("#1f7a3a", "#6fd08c"),
    "warn": ("#8f5200", "#f2b54c"),
    "bad": ("#c42b2b", "#ff8f8f"),
    "text": ("#1f2733", "#e7ebf1"),
    "muted": ("#5b6472", "#a7b0bd"),
    "line": ("#e3e6ea", "#323a46"),
    "line-strong": ("#8a93a0", "#7d8794"),
    "track": ("#f0f1f3", "#2a323e"),
    "surface": SURFACE,
}

KINDS = ("in_house", "cdmo", "hybrid")
CATEGORY_NAMES = {"O": "operational", "R": "regulatory", "X": "execution"}


def accents(options: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The accent of every option of a review, by option key, so that it is the same on every chart and page.

    options  (key, kind) in the review's order
    The first option of a kind has the kind's accent, further ones variant_a, variant_b, and then the kind's again.
    """
    spare = ["variant_a", "variant_b"]
    taken: set[str] = set()
    given: dict[str, str] = {}
    for key, kind in options:
        if kind in KINDS and kind not in taken:
            taken.add(kind)
            given[key] = kind
        else:
            given[key] = spare.pop(0) if spare else (kind if kind in KINDS else "variant_b")
    return given


def paint(token: str) -> dict[str, str]:
    """Attributes that fill a shape with a token, on pages and in print."""
    name = token.removeprefix("option-")
    return {
        "fill": TOKENS[token][0],
        "class": f"c-opt-{name}" if token.startswith("option-") else f"c-{name}",
    }


def ink(token: str) -> dict[str, str]:
    """Attributes that draw a line with a token: text, bad, line, line-strong or an option's accent."""
    name = token.removeprefix("option-")
    return {
        "stroke": TOKENS[token][0],
        "class": f"c-{name}" if name.startswith("line") else f"c-stroke-{name}",
    }


def dimension(position: int) -> str:
    """The token of the dimension at this position (from 0) of the framework; from the ninth on they share one."""
    return f"dim-{min(position + 1, 9)}"
