"""Risk over time of a full scorecard: chart data, rows and words. A headline has none, and everything here says so."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assessments.reporting.charts import BreachOverTime, BreachPanel, RiskOverTime, RiskPanel, Sparkline
from assessments.reporting.charts.colours import CATEGORY_NAMES
from assessments.reporting.result_view.words import Numbers, Option, options, result_of

CATEGORIES = tuple(CATEGORY_NAMES)
UNITS = {
    "delay": ("delay", "months of program delay we carry"),
    "cost": ("spending", "MUSD we carry"),
}
BREACH_SHARE = 0.5  # a half-year counts as beyond capacity when at least this share of the paths is


@dataclass(frozen=True)
class RiskRow:
    """One option's risk over the horizon, in words with units.

    delay         "10.9 (15.7)": months at the median and at the 80th percentile
    own, partner  MUSD in the mean and at the 80th percentile
    beyond        "within capacity through month 48" or from when it is not
    tightest      what binds: "execution cost: 0.3 MUSD missing"
    """

    key: str
    name: str
    accent: str
    blocked: bool
    delay: str
    own: str
    partner: str
    beyond: str
    tightest: str


@dataclass(frozen=True)
class EventRow:
    """One risk event of an option. probability: that it strikes at all over the horizon."""

    name: str
    category: str
    probability: str
    delay: str
    cost: str
    prior: bool


@dataclass(frozen=True)
class SpreadRow:
    """One option's months or MUSD over the horizon, each with the half-width of its 95% error."""

    option: Option
    blocked: bool
    mean: str
    p50: str
    p80: str
    p95: str


@dataclass(frozen=True)
class CategoryRow:
    """One option's mean by category, of months or MUSD, with the share of the whole."""

    option: Option
    cells: tuple[tuple[str, str], ...]
    whole: str


@dataclass(frozen=True)
class HeadroomRow:
    """What can be absorbed of one kind of risk, and what each option leaves of it at the 80th percentile.

    cells  per option: (words, whether it is too much)
    """

    kind: str
    limit: str
    stated: bool
    cells: tuple[tuple[str, bool], ...]


@dataclass(frozen=True)
class PairRow:
    """The mean difference of two options on the same paths. apart: whether it is more than two standard errors."""

    first: Option
    second: Option
    delay: str
    delay_apart: bool
    cost: str
    cost_apart: bool


def has_risk(numbers: Numbers) -> bool:
    return bool(numbers.get("risk"))


def _span(numbers: Numbers, half_year: int) -> str:
    return str(numbers["risk"]["half_years"][half_year]).replace("-", "–")


def _horizon(numbers: Numbers) -> int:
    risk = numbers["risk"]
    return len(risk["half_years"]) * int(risk["bucket_months"])


def beyond_words(numbers: Numbers, key: str) -> str:
    """When an option first asks for more than can be absorbed, in words."""
    risk = numbers["risk"]
    if not risk["capacity"]:
        return "no capacity is defined"
    first = risk["options"][key]["first_breach"]
    if first is None:
        return f"within capacity through month {_horizon(numbers)}"
    return f"above capacity from months {_span(numbers, first)}"


def beyond_figure(numbers: Numbers) -> tuple[str, str] | None:
    """(value, words) for the verdict strip; None without risk, capacity or a first option."""
    first = numbers["verdict"]["option"]
    if not has_risk(numbers) or not first or not numbers["risk"]["capacity"]:
        return None
    reached = numbers["risk"]["options"][first]["first_breach"]
    value = "none" if reached is None else f"months {_span(numbers, reached)}"
    return value, "half-year beyond what we can absorb" if reached is None else "first beyond what we can absorb"


def risk_over_time(numbers: Numbers, unit: str = "delay") -> RiskOverTime | None:
    """P80 per half-year by category, the options in the order of their value. unit: "delay" or "cost"."""
    if not has_risk(numbers):
        return None
    risk, known = numbers["risk"], options(numbers)
    part, words = UNITS[unit]
    panels = []
    for key in result_of(numbers)["order"]:
        one = risk["options"][key]
        buckets = tuple(tuple(float(half[category]) for category in CATEGORIES) for half in one[part])
        breach = tuple(share >= BREACH_SHARE for share in one.get("breach_by", {}).get(unit, ()))
        note = beyond_words(numbers, key) if risk["capacity"] else ""
        panels.append(RiskPanel(known[key].name, known[key].accent, buckets, note, breach))  # type: ignore[arg-type]
    return RiskOverTime(tuple(panels), _per_half_year(numbers, unit), words, int(risk["bucket_months"]))


def _per_half_year(numbers: Numbers, unit: str) -> float | None:
    """What can be absorbed is stated for twelve months; half of it is drawn against each half-year."""
    limits = numbers["risk"]["capacity"]
    return sum(limits[unit][category] for category in CATEGORIES) / 2 if limits else None


def risk_summary(numbers: Numbers) -> dict[str, Any] | None:
    """What lists keep of the first option's delay: {"p80": months per half-year, "capacity": months per half-year or null,
    "bucket_months", "beyond": [whether one half-year asks for more than can be absorbed in half of the runs], "first_breach":
    half-year from 0 or null}. None before the full depth or without a first option.
    """
    first = numbers["verdict"]["option"]
    if not has_risk(numbers) or not first:
        return None
    one, held = numbers["risk"]["options"][first], _per_half_year(numbers, "delay")
    return {
        "p80": [round(half["p80"], 2) for half in one["delay"]],
        "capacity": None if held is None else round(held, 2),
        "bucket_months": numbers["risk"]["bucket_months"],
        "beyond": [share >= BREACH_SHARE for share in one.get("breach", ())],
        "first_breach": one.get("first_breach"),
    }


def risk_sparkline(summary: Mapping[str, Any]) -> Sparkline:
    """A `risk_summary` as a chart for a table's cell."""
    beyond = tuple(summary.get("beyond", ()))
    return Sparkline(tuple(summary["p80"]), summary["capacity"], "months", "Delay at P80 per half-year", beyond)


def risk_summary_words(summary: Mapping[str, Any]) -> str:
    """When the first option first asks for more than can be absorbed, in as few words as fit a table's cell."""
    if summary["capacity"] is None:
        return "no capacity defined"
    if summary["first_breach"] is None:
        return "within capacity"
    return f"beyond from month {summary['first_breach'] * summary['bucket_months']}"


def risk_caption(numbers: Numbers) -> str:
    """What the frames and the dashed line of `risk_over_time` mean; empty where nothing is held against a capacity."""
    if not has_risk(numbers) or not numbers["risk"]["capacity"]:
        return ""
    return (
        f"Framed: in at least {BREACH_SHARE:.0%} of the runs one kind of risk asks for more than can be absorbed within "
        "twelve months. Dashed: half of what all kinds together may take in twelve months."
    )


def capacity_words(numbers: Numbers) -> list[str]:
    """What can be absorbed within twelve months, and whether that is the organisation's own word."""
    limits = numbers["risk"]["capacity"] if has_risk(numbers) else None
    if not limits:
        return []
    said = []
    for unit, name in (("delay", "months of delay"), ("cost", "MUSD")):
        figures = [f"{CATEGORY_NAMES[category]} {limits[unit][category]:.1f}" for category in CATEGORIES]
        stated = limits[unit]["stated"]
        source = "stated" if len(stated) == len(CATEGORIES) else "partly stated" if stated else "a default, not stated"
        said.append(f"{', '.join(figures)} {name} within twelve months ({source})")
    return said


def risk_rows(numbers: Numbers) -> list[RiskRow]:
    """One row an option, in the order of their value."""
    if not has_risk(numbers):
        return []
    known, result = options(numbers), result_of(numbers)
    rows = []
    for key in result["order"]:
        one: Any = numbers["risk"]["options"][key]
        binding = one.get("binding")
        tightest = ""
        if binding:
            name = CATEGORY_NAMES[binding["category"]]
            unit, kind = ("months", "delay") if binding["unit"] == "delay" else ("MUSD", "cost")
            left = binding["headroom"]
            tightest = f"{name} {kind}: {abs(left):.1f} {unit} {'left' if left >= 0 else 'missing'}"
        rows.append(
            RiskRow(
                key,
                known[key].name,
                known[key].accent,
                result["options"][key]["blocked"],
                f"{one['slip']['p50']:.1f} ({one['slip']['p80']:.1f})",
                f"{one['cost']['mean']:.1f} ({one['cost']['p80']:.1f})",
                f"{one['partner_cost']['mean']:.1f} ({one['partner_cost']['p80']:.1f})",
                beyond_words(numbers, key),
                tightest,
            )
        )
    return rows


def event_rows(numbers: Numbers, key: str) -> list[EventRow]:
    """The events that matter most for an option."""
    if not has_risk(numbers):
        return []
    return [
        EventRow(
            event["name"],
            CATEGORY_NAMES[event["category"]],
            f"{event['probability']:.0%}",
            f"{event['slip_mean']:.1f}",
            "confidential" if event["cost_mean"] is None else f"{event['cost_mean']:.1f}",
            event["prior"],
        )
        for event in numbers["risk"]["options"][key]["events"]
    ]


HALF_WIDTH = 1.96  # standard errors of a 95% interval
SURE = 2  # standard errors from which on two options count as different


def _with_error(value: float, error: float | None) -> str:
    """ "9.8 ± 0.1"; no error where it is 0, as of what never happens, or where an older engine stored none."""
    shown = f"{value:.1f}".replace("-", "−")
    return shown if not error else f"{shown} ± {max(0.1, error * HALF_WIDTH):.1f}"


def spread_rows(numbers: Numbers, part: str) -> list[SpreadRow]:
    """part: "slip" (months), "cost" (MUSD that we carry) or "partner_cost" (MUSD that the partner carries)."""
    if not has_risk(numbers):
        return []
    known, result = options(numbers), result_of(numbers)
    rows = []
    for key in result["order"]:
        one = numbers["risk"]["options"][key][part]
        figures = (_with_error(one[name], one.get(f"{name}_se")) for name in ("p50", "p80", "p95"))
        blocked = result["options"][key]["blocked"]
        rows.append(SpreadRow(known[key], blocked, _with_error(one["mean"], one["se"]), *figures))
    return rows


def category_rows(numbers: Numbers, part: str) -> list[CategoryRow]:
    """part: "slip" or "cost"."""
    if not has_risk(numbers):
        return []
    known, rows = options(numbers), []
    for key in result_of(numbers)["order"]:
        by_category = numbers["risk"]["options"][key]["by_category"]
        means = [by_category[category][part] for category in CATEGORIES]
        whole = sum(means)
        cells = tuple((f"{mean:.1f}", f"{mean / whole:.0%}".replace("%", " %") if whole else "") for mean in means)
        rows.append(CategoryRow(known[key], cells, f"{whole:.1f}"))
    return rows


def headroom_rows(numbers: Numbers) -> list[HeadroomRow]:
    """Months first, then MUSD; empty where nothing is held against a capacity. Cells in the review's order."""
    limits = numbers["risk"]["capacity"] if has_risk(numbers) else None
    if not limits:
        return []
    rows = []
    for unit, words in (("delay", "months"), ("cost", "MUSD")):
        for category in CATEGORIES:
            cells = []
            for key in options(numbers):
                left = numbers["risk"]["options"][key]["headroom"][unit][category]
                cells.append((f"{abs(left):.1f} {'left' if left >= 0 else 'missing'}", left < 0))
            kind = f"{CATEGORY_NAMES[category].capitalize()}, {words}"
            limit = f"{limits[unit][category]:.1f}"
            rows.append(HeadroomRow(kind, limit, category in limits[unit]["stated"], tuple(cells)))
    return rows


def pair_rows(numbers: Numbers) -> list[PairRow]:
    """Every pair of options, the first less the second, on the same paths."""
    if not has_risk(numbers):
        return []
    known, rows = options(numbers), []
    for pair, one in numbers["risk"]["paired"].items():
        a, b = pair.split("|")
        rows.append(
            PairRow(
                known[a],
                known[b],
                _difference(one["slip"], one["slip_se"]),
                abs(one["slip"]) >= SURE * one["slip_se"],
                _difference(one["cost"], one["cost_se"]),
                abs(one["cost"]) >= SURE * one["cost_se"],
            )
        )
    return rows


def _difference(value: float, error: float) -> str:
    return f"{value:+.2f} ± {max(0.01, error * HALF_WIDTH):.2f}".replace("-", "−")


def breach_over_time(numbers: Numbers) -> BreachOverTime | None:
    """How likely each half-year asks for more than can be absorbed; None where nothing is held against a capacity."""
    if not has_risk(numbers) or not numbers["risk"]["capacity"]:
        return None
    risk, known, panels = numbers["risk"], options(numbers), []
    for key in result_of(numbers)["order"]:
        one = risk["options"][key]
        errors = one.get("breach_se") or [0.0] * len(one["breach"])
        chances = tuple(zip(one["breach"], errors, strict=True))
        note = f"in at least one half-year: {one['breach_ever'] * 100:.0f} %"
        panels.append(BreachPanel(known[key].name, known[key].accent, chances, note))
    spans = tuple(_span(numbers, at) for at in range(len(risk["half_years"])))
    return BreachOverTime(tuple(panels), spans, BREACH_SHARE)


def risk_words(numbers: Numbers) -> list[str]:
    """The sentences of the result that rest on risk."""
    return [one["text"] for one in numbers["explanation"] if any(path.startswith("risk") for path in one["from"])]
