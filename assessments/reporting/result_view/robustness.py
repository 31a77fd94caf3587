"""What the order rests on: shares of weights, ranges of single weights, smallest changes. Rows, words and chart data.

Everything here but the first shares belongs to the full depth; a headline has none of it, and nothing is made up.
"""

from dataclasses import dataclass
from typing import Any

from assessments.reporting.charts import OptionRanks, RangeOfWeight, RankShares, Swing, Tornado, WeightRanges
from assessments.reporting.charts.shares import fine_share_words
from assessments.reporting.result_view.names import Names
from assessments.reporting.result_view.words import Numbers, Option, options, result_of

SURE = 2  # standard errors from which on two figures count as different


@dataclass(frozen=True)
class CentralRow:
    """The weights that favour each option. now: the share in use; shares: per option compared, None where never first."""

    dimension: str
    now: str
    shares: tuple[str | None, ...]


@dataclass(frozen=True)
class ConfidenceRow:
    """How sure an option is first at the weights that favour it most. words: "86 ± 1 %", empty with why_not."""

    option: Option
    words: str
    why_not: str


@dataclass(frozen=True)
class BeatsRow:
    """In what share of all weights an option beats each other one; None: itself."""

    option: Option
    shares: tuple[str | None, ...]


def _paired(found: Any, first: str, second: str) -> dict[str, float] | None:
    if not found:
        return None
    pair = found.get(f"{first}|{second}") or found.get(f"{second}|{first}")
    return dict(pair) if pair else None


def apart_words(numbers: Numbers) -> list[str]:
    """Which options the plausible weights tell apart, each pair of neighbours by the error of their difference."""
    known, robust = options(numbers), numbers["robustness"]
    shares, paired = robust["first_share"], robust.get("paired")
    open_ = [key for key in known if not result_of(numbers)["options"][key]["blocked"]]
    ranked = sorted(open_, key=lambda key: -shares[key]["value"])
    said = []
    for a, b in zip(ranked, ranked[1:], strict=False):
        pair = _paired(paired, a, b)
        if pair is None or not (shares[a]["value"] or shares[b]["value"]):
            continue
        gap, error = abs(pair["value"]), pair["se"]
        if gap < SURE * error:
            said.append(
                f"{known[a].name} and {known[b].name} are not distinguishable: their shares differ by "
                f"{gap * 100:.1f} ± {error * 196:.1f} points of percent on the same draws."
            )
        else:
            said.append(
                f"{known[a].name} is first more often than {known[b].name}, by {gap * 100:.1f} ± {error * 196:.1f} "
                "points of percent on the same draws."
            )
    return said


def _any_weights(numbers: Numbers) -> Any:
    return numbers["robustness"].get("any_weights")


def why_no_any_weights(numbers: Numbers) -> str:
    """Why there is no figure for any weights; empty where there is one or the full depth is not there yet."""
    return str(numbers["robustness"].get("why_not") or "")


def compared(numbers: Numbers) -> list[Option]:
    """The open options, in the order of their value."""
    smaa = _any_weights(numbers)
    known = options(numbers)
    return [known[key] for key in result_of(numbers)["order"] if smaa and key in smaa["options"]]


def rank_shares(numbers: Numbers) -> RankShares | None:
    smaa = _any_weights(numbers)
    if not smaa:
        return None
    rows = sorted(compared(numbers), key=lambda one: -smaa["options"][one.key]["ranks"][0]["value"])
    return RankShares(
        tuple(
            OptionRanks(
                one.name,
                one.accent,
                tuple((rank["value"], rank["se"]) for rank in smaa["options"][one.key]["ranks"]),
            )
            for one in rows
        ),
        smaa["draws"],
    )


def any_weights_words(numbers: Numbers) -> list[str]:
    """Pairs that any weights do not tell apart."""
    smaa = _any_weights(numbers)
    if not smaa:
        return []
    known, said = options(numbers), []
    for pair, one in (smaa.get("paired") or {}).items():
        a, b = pair.split("|")
        if abs(one["value"]) < SURE * one["se"]:
            said.append(f"{known[a].name} and {known[b].name} are not distinguishable under any weights.")
    return said


def confidence_rows(numbers: Numbers) -> list[ConfidenceRow]:
    smaa = _any_weights(numbers)
    rows = []
    for one in compared(numbers):
        found = smaa["options"][one.key]
        if found["confidence"] is None:
            rows.append(ConfidenceRow(one, "", "first under too few weights to say"))
        else:
            rows.append(ConfidenceRow(one, fine_share_words(found["confidence"], found["confidence_se"]), ""))
    return rows


def central_rows(numbers: Numbers, names: Names) -> list[CentralRow]:
    """The mean of the weights under which each option is first, beside the weights in use, per dimension."""
    smaa, shown = _any_weights(numbers), compared(numbers)
    if not smaa:
        return []
    now = dict.fromkeys(names.dimensions, 0.0)
    for criterion, weight in numbers["weights"].items():
        now[names.dimension_of[criterion]] += weight
    rows = []
    for key, name in names.dimensions.items():
        shares = []
        for one in shown:
            central = smaa["options"][one.key]["central"]
            shares.append(None if central is None else f"{central[key] * 100:.0f} %")
        rows.append(CentralRow(name, f"{now[key] * 100:.0f} %", tuple(shares)))
    return rows


def beats_rows(numbers: Numbers) -> list[BeatsRow]:
    smaa, shown = _any_weights(numbers), compared(numbers)
    rows = []
    for one in shown:
        beats = smaa["options"][one.key]["beats"]
        shares = tuple(
            None if other.key == one.key else fine_share_words(beats[other.key]["value"], beats[other.key]["se"])
            for other in shown
        )
        rows.append(BeatsRow(one, shares))
    return rows


def weight_ranges(numbers: Numbers, names: Names, group: str = "dimensions") -> WeightRanges | None:
    """Ranges of the weights of a group ("dimensions" or "criteria"), the tightest first; None without a first option."""
    ranges, first = numbers["robustness"].get("ranges"), numbers["verdict"]["option"]
    if not ranges or first is None:
        return None
    known, called = options(numbers), names.dimensions if group == "dimensions" else names.criteria
    now: dict[str, float] = dict(numbers["weights"])
    if group == "dimensions":
        now = dict.fromkeys(names.dimensions, 0.0)
        for criterion, weight in numbers["weights"].items():
            now[names.dimension_of[criterion]] += weight
    rows = [
        RangeOfWeight(
            called[key],
            now[key],
            one["low"],
            one["high"],
            one.get("order_low", 0.0),
            one.get("order_high", 1.0),
            known[one["below"]].name if one["below"] else "",
            known[one["above"]].name if one["above"] else "",
        )
        for key, one in names.ordered(ranges[group], tuple(called))
    ]
    rows.sort(
        key=lambda row: min(row.weight - row.low if row.below else 1.0, row.high - row.weight if row.above else 1.0)
    )
    return WeightRanges(tuple(rows), known[first].name)


def tornado(numbers: Numbers, names: Names) -> Tornado | None:
    """The margin with each dimension's weight halved and doubled, the widest first; None with fewer than two open."""
    verdict, rows = numbers["verdict"], numbers["robustness"].get("tornado")
    if not rows or not verdict["option"] or not verdict["runner_up"]:
        return None
    known = options(numbers)
    swings = tuple(Swing(names.dimensions[row["dimension"]], row["half"], row["double"]) for row in rows)
    return Tornado(swings, verdict["margin"], known[verdict["option"]].name, known[verdict["runner_up"]].name)
