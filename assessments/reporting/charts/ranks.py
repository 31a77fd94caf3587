"""Rank acceptability: in what share of all weights an option comes first, second, third; one stacked bar an option."""

from dataclasses import dataclass

from assessments.reporting.charts import svg
from assessments.reporting.charts.colours import paint
from assessments.reporting.charts.shares import fine_share_words

ORDINALS = ("First", "Second", "Third", "Fourth", "Fifth", "Sixth")
_STRENGTH = (1.0, 0.5, 0.25, 0.14)  # opacity of a rank's part of the bar; the last for all that follow


@dataclass(frozen=True)
class OptionRanks:
    """ranks: (share 0 to 1, one standard error) of every rank, the first rank first."""

    name: str
    accent: str
    ranks: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class RankShares:
    options: tuple[OptionRanks, ...]
    draws: int
    title: str = "Ranks under any weights"


def _strength(rank: int) -> float:
    return _STRENGTH[min(rank, len(_STRENGTH) - 1)]


def describe(data: RankShares) -> str:
    shown = "; ".join(f"{one.name} first in {fine_share_words(*one.ranks[0])}" for one in data.options if one.ranks)
    return f"{shown}. {data.draws:,} draws."


def draw(data: RankShares, width: float = 640, ident: str = "") -> str:
    label, value = min(170.0, width * 0.3), 92.0
    length = width - label - value
    parts, y = [], 4.0
    for option in data.options:
        parts.append(svg.text(0, y + 14, svg.fit(option.name, label - 10, 12), paint("text"), 12))
        x = label
        for rank, (share, _) in enumerate(option.ranks):
            wide = share * length
            if wide >= 0.5:
                tone = paint(f"option-{option.accent}")
                parts.append(svg.rect(x, y + 2, max(0.5, wide - 1), 16, tone, rx=1.5, opacity=_strength(rank)))
            x += wide
        parts.append(
            svg.text(width, y + 14, fine_share_words(*option.ranks[0]), paint("text"), 12, anchor="end", weight=600)
        )
        y += 28
    y += 8
    x = label
    for rank in range(max((len(one.ranks) for one in data.options), default=0)):
        word = ORDINALS[rank].lower() if rank < len(ORDINALS) else f"{rank + 1}th"
        parts.append(svg.rect(x, y - 9, 9, 9, paint("muted"), rx=1.5, opacity=_strength(rank)))
        parts.append(svg.text(x + 14, y, word, paint("muted"), 11))
        x += 14 + svg.width_of(word, 11) + 14
    return svg.document(data.title, describe(data), width, y + 6, "".join(parts), ident)


def table(data: RankShares) -> svg.Table:
    most = max((len(one.ranks) for one in data.options), default=0)
    headers = tuple(ORDINALS[rank] if rank < len(ORDINALS) else f"{rank + 1}th" for rank in range(most))
    rows = tuple((one.name, *(fine_share_words(*rank) for rank in one.ranks)) for one in data.options)
    return svg.Table(f"{data.title} ({data.draws:,} draws)", ("Option", *headers), rows)
