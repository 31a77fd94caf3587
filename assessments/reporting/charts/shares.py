"""First shares: in what share of plausible weight sets each option comes first."""

from dataclasses import dataclass

from assessments.reporting.charts import colours, svg
from assessments.reporting.charts.colours import paint


@dataclass(frozen=True)
class Share:
    """share: 0 to 1, None where the option is blocked and so not ranked; error: one standard error, 0 to 1."""

    name: str
    accent: str
    share: float | None
    error: float | None = None


@dataclass(frozen=True)
class FirstShares:
    options: tuple[Share, ...]
    draws: int
    threshold: float | None = None  # where the verdict becomes clear; drawn as a dashed line
    title: str = "First in how many plausible weight sets"


def share_words(share: float, error: float | None = None) -> str:
    """ "78 ± 2 %": a share with the half-width of its 95% interval, at least the last digit.

    share, error  0 to 1; the error is one standard error
    """
    if 0.995 <= share < 1:
        return "over 99 %"
    if 0 < share < 0.005:
        return "under 1 %"
    if not error:
        return f"{share * 100:.0f} %"
    return f"{share * 100:.0f} ± {max(1, round(error * 196)):d} %"


def fine_share_words(share: float, error: float) -> str:
    """ "61.3 ± 0.4 %": as `share_words`, with a digit more where the error allows it; a share never met is "none".

    share, error  0 to 1; the error is one standard error
    """
    if share <= 0:
        return "none"
    if share >= 1:
        return "all"
    if share < 0.0005:
        return "under 0.1 %"
    if share > 0.9995:
        return "over 99.9 %"
    half = error * 196
    return f"{share * 100:.1f} ± {max(0.1, half):.1f} %" if half < 0.95 else f"{share * 100:.0f} ± {half:.0f} %"


def _words(option: Share) -> str:
    return "not ranked" if option.share is None else share_words(option.share, option.error)


def describe(data: FirstShares) -> str:
    shown = "; ".join(f"{option.name} {_words(option)}" for option in data.options)
    return f"{shown}. {data.draws:,} draws."


def draw(data: FirstShares, width: float = 640, ident: str = "") -> str:
    label, value = min(170.0, width * 0.3), 74.0
    length = width - label - value
    parts, y = [], 4.0
    for option in data.options:
        tone = paint("muted" if option.share is None else "text")
        parts.append(svg.text(0, y + 14, svg.fit(option.name, label - 10, 12), tone, 12))
        parts.append(svg.rect(label, y + 4, length, 12, paint("track"), rx=2))
        if option.share:
            parts.append(
                svg.rect(label, y + 4, max(1.0, option.share * length), 12, paint(f"option-{option.accent}"), rx=2)
            )
        parts.append(svg.text(width, y + 14, _words(option), tone, 12, anchor="end", weight=600))
        y += 26
    if data.threshold is not None:
        x = label + data.threshold * length
        parts.append(svg.line(x, 2, x, y - 4, colours.ink("text"), stroke_width=1.25, stroke_dasharray="3 2"))
        parts.append(
            svg.text(x, y + 8, f"clear from {data.threshold * 100:.0f} %", paint("muted"), 10, anchor="middle")
        )
        y += 14
    return svg.document(data.title, describe(data), width, y, "".join(parts), ident)


def table(data: FirstShares) -> svg.Table:
    rows = tuple((option.name, _words(option)) for option in data.options)
    return svg.Table(f"{data.title} ({data.draws:,} draws)", ("Option", "First in"), rows)
