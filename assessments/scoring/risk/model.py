"""Risk events of a framework, compiled: when they can strike, how likely, how long, how dear, who carries them.

A document that got here was checked by `framework_risk`; nothing is refused any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from assessments.scoring.framework import Framework
from assessments.scoring.language import parse
from assessments.scoring.language.tree import Node

CATEGORIES = ("O", "R", "X")
DELAY, COST = "delay", "cost"
SPANS = ("until", "from", "at")

Trees = Mapping[str, Node]  # by kind of option


@dataclass(frozen=True)
class Stretch:
    """A value that holds from half-year `first` to `last`, counted from 1."""

    first: int
    last: int
    value: Node


@dataclass(frozen=True)
class Span:
    """The half-years in which an event can strike.

    form   "all", "until", "from" and "at" the half-year of `month`, or "buckets" first to last
    cap    the half-year of the month is at most the last one; otherwise a month beyond the horizon never comes
    plus   half-years added to it
    when   by kind: only if this holds; `when_bucket` is asked of each half-year
    """

    form: str = "all"
    month: Node | None = None
    cap: bool = False
    plus: int = 0
    first: int = 1
    last: int = 1
    when: Trees = field(default_factory=dict)
    when_bucket: Node | None = None


@dataclass(frozen=True)
class Driver:
    """Multiplies probability, delay or cost of the named kinds where it holds; with `scenarios` only in those runs."""

    when: Node
    multiply: Node
    kinds: tuple[str, ...]
    on: str
    scenarios: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class Contribution:
    """One source of a summed probability: each entry of a list fact, or one moment."""

    each: str
    month: Node | None
    span: Span | None
    when: Node | None
    multiply: tuple[tuple[Node, Node], ...]
    probability: Trees


@dataclass(frozen=True)
class Event:
    """One risk event.

    probability  of one half-year, by kind
    delay        (least, most likely, most) months, triangular; empty: it delays nothing
    cost         the same in MUSD by kind; `each` a fixed cost, of one lot or of one half-year
    share_*      the sponsor's, 0..1 by kind; the rest is the partner's
    """

    id: str
    name: str
    category: str
    prior: bool
    span: Span
    draws: str
    probability: Mapping[str, tuple[Stretch, ...]]
    probability_at: tuple[Node, Node] | None
    contributions: tuple[Contribution, ...]
    delay: tuple[Node, ...]
    delay_when: Node | None
    cost: Mapping[str, tuple[Node, ...]]
    each: Trees
    factors: Mapping[str, Mapping[str, float]]  # delay_multiplier, cost_multiplier, share_delay, share_cost by kind
    critical_path: float
    once: bool
    drivers: tuple[Driver, ...]
    lots: tuple[Stretch, ...]
    use: Node | None


@dataclass(frozen=True)
class Capacity:
    """What the sponsor can absorb within `window` half-years: months of delay and MUSD, by category.

    stated  names of the program's fields; where one is empty, `split` of the total stands in
    """

    window: int
    breach_at: float
    percentile: float
    total: Mapping[str, Node]
    split: Mapping[str, float]
    stated: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class RiskModel:
    """cap: highest probability of a draw; overlap: the part of the shorter delays that adds to the longest."""

    buckets: int
    bucket_months: int
    cap: float
    overlap: float
    paths: int
    events: tuple[Event, ...]
    capacity: Capacity | None
    left_out: tuple[str, ...]  # by the comparison with the demo programs' figures
    expected_cost: tuple[str, ...]

    def spans_of(self, bucket: int) -> str:
        """The months of a half-year, counted from 0: "12-18"."""
        return f"{bucket * self.bucket_months}-{(bucket + 1) * self.bucket_months}"


def risk_model(framework: Framework) -> RiskModel | None:
    """The compiled risk model of a framework, once per framework; None where it has no events."""
    if "risk_model" not in framework.cache:
        framework.cache["risk_model"] = _compiled(framework) if framework.data.get("risk_events") else None
    found: RiskModel | None = framework.cache["risk_model"]
    return found


def _tree(source: Any) -> Node:
    if isinstance(source, bool):
        return parse("true" if source else "false")
    return parse(repr(source) if isinstance(source, int | float) else str(source))


def _compiled(framework: Framework) -> RiskModel:
    settings = framework.data["risk"]
    kinds, buckets = tuple(framework.kinds), settings["months"] // settings["bucket_months"]
    compat = settings.get("compat_demo") or {}
    return RiskModel(
        buckets,
        settings["bucket_months"],
        float(settings["cap"]),
        float(settings["overlap"]),
        int(settings.get("paths", 20_000)),
        tuple(_event(row, kinds, buckets) for row in framework.data["risk_events"]),
        _capacity(settings.get("absorption")),
        tuple(compat.get("leave_out") or ()),
        tuple(compat.get("expected_cost") or ()),
    )


def _by_kind(data: Any, kinds: tuple[str, ...]) -> dict[str, Any]:
    """{kind: entry}, whether one entry stands for all kinds or each has its own."""
    if not isinstance(data, Mapping):
        return dict.fromkeys(kinds, data)
    every = dict.fromkeys(kinds, data["all"]) if "all" in data else {}
    return {**every, **{kind: entry for kind, entry in data.items() if kind in kinds}}


def _trees(data: Any, kinds: tuple[str, ...]) -> dict[str, Node]:
    return {kind: _tree(entry) for kind, entry in _by_kind(data, kinds).items()}


def _stretches(data: Any, buckets: int) -> tuple[Stretch, ...]:
    rows = data if isinstance(data, list) else [{"buckets": [1, buckets], "value": data}]
    return tuple(Stretch(row["buckets"][0], row["buckets"][1], _tree(row["value"])) for row in rows)


def _triple(data: Any) -> tuple[Node, ...]:
    return () if all(value in (0, "0") for value in data) else tuple(_tree(value) for value in data)


def _event(row: Mapping[str, Any], kinds: tuple[str, ...], buckets: int) -> Event:
    at, cost = row.get("probability_at"), row["cost_musd"]
    each = isinstance(cost, Mapping) and "each" in cost
    return Event(
        row["id"],
        row["name"],
        row["category"],
        bool(row.get("prior")),
        _span(row.get("active", "all"), kinds),
        row.get("draws", "per_bucket"),
        {kind: _stretches(entry, buckets) for kind, entry in _by_kind(row["probability"], kinds).items()},
        (_tree(at["month"]), _tree(at["value"])) if at else None,
        tuple(_contribution(one, kinds) for one in row.get("contributions") or ()),
        () if row.get("delay_off") else _triple(row["delay_months"]),
        _tree(row["delay_when"]) if "delay_when" in row else None,
        {} if each else {kind: _triple(entry) for kind, entry in _by_kind(cost, kinds).items()},
        _trees(cost["each"], kinds) if each else {},
        {
            key: {kind: float(value) for kind, value in _by_kind(row.get(key, 1), kinds).items()}
            for key in ("delay_multiplier", "cost_multiplier", "share_delay", "share_cost")
        },
        float(row["critical_path"]),
        bool(row.get("once")),
        tuple(_driver(one, kinds) for one in row.get("drivers") or ()),
        _stretches(rows, buckets) if (rows := row.get("lots_per_bucket") or row.get("lots_per_year")) else (),
        _tree(row["use"]) if "use" in row else None,
    )


def _span(data: Any, kinds: tuple[str, ...]) -> Span:
    if data == "all":
        return Span()
    when = _trees(data["when"], kinds) if "when" in data else {}
    in_bucket = _tree(data["when_bucket"]) if "when_bucket" in data else None
    if "buckets" in data:
        return Span("buckets", first=data["buckets"][0], last=data["buckets"][1], when=when, when_bucket=in_bucket)
    for form in SPANS:
        if form in data:
            given = data[form]
            month = _tree(given["month"])
            return Span(form, month, bool(given.get("cap")), int(given.get("plus", 0)), 1, 1, when, in_bucket)
    return Span(when=when, when_bucket=in_bucket)


def _contribution(row: Mapping[str, Any], kinds: tuple[str, ...]) -> Contribution:
    tests = [row[key] for key in ("where", "when") if key in row]
    return Contribution(
        row.get("each", ""),
        _tree(row["month"]) if "each" in row else None,
        None if "each" in row else _span({"at": row["at"]}, kinds),
        _tree(" and ".join(f"({test})" for test in tests)) if tests else None,
        tuple((_tree(one.get("when", True)), _tree(one["multiply"])) for one in row.get("multiply") or ()),
        _trees(row["probability"], kinds) if "probability" in row else {},
    )


def _driver(row: Mapping[str, Any], kinds: tuple[str, ...]) -> Driver:
    named = row.get("kinds")
    named = kinds if named in (None, "all") else tuple(named) if isinstance(named, list) else (named,)
    return Driver(
        _tree(row.get("when", True)),
        _tree(row["multiply"]),
        named,
        row["on"],
        tuple(row.get("scenarios") or ()),
        str(row.get("reason") or ""),
    )


def _capacity(data: Mapping[str, Any] | None) -> Capacity | None:
    if data is None:
        return None
    stated = data.get("stated") or {}
    return Capacity(
        int(data.get("window_buckets", 2)),
        float(data["breach_at"]),
        float(data["headroom_percentile"]),
        {DELAY: _tree(data["total_delay_months"]), COST: _tree(data["total_cost_musd"])},
        {category: float(share) for category, share in data["split"].items()},
        {DELAY: dict(stated.get("delay_months") or {}), COST: dict(stated.get("cost_musd") or {})},
    )
