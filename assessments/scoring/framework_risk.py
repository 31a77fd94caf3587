"""Checks the risk part of a framework document: every event's category, expressions, ranges and shares, by place."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from assessments.scoring.language import BOOLEAN, NUMBER, Scope, Type
from assessments.scoring.language.check import nearest
from assessments.scoring.rules import Problems, compile_text

CATEGORIES = {"O": "operational", "R": "regulatory", "X": "execution"}
DRAWS = ("per_bucket", "summed_per_bucket", "binomial_lots")
MAYBE = Type("number", nullable=True)  # a month that may not be stated: its event or capacity then falls away
EVENT_KEYS = frozenset(
    "id name category about note active draws contributions lots_per_bucket lots_per_year use probability "
    "probability_at delay_months delay_when delay_off delay_multiplier cost_musd cost_multiplier share_cost "
    "share_delay critical_path once drivers prior sources".split()
)
ACTIVE_KEYS = frozenset({"from", "until", "at", "buckets", "when", "when_bucket"})
MONTH_KEYS = frozenset({"month", "cap", "plus"})
DRIVER_KEYS = frozenset({"when", "kinds", "scenarios", "multiply", "on", "reason"})


@dataclass(frozen=True)
class Names:
    """What the risk part may refer to."""

    scopes: Mapping[str, Scope]  # by kind
    program: Scope
    scenarios: frozenset[str]
    sources: frozenset[str]
    buckets: int


def check_risk(data: Mapping[str, Any], names: Callable[[int], Names], problems: Problems) -> None:
    """Check `risk` and `risk_events` of a document; problems are recorded with their places.

    names  gives the names for a number of buckets
    """
    risk = data.get("risk")
    if risk is None and not data.get("risk_events"):
        return
    if not isinstance(risk, Mapping):
        problems.append(("risk", "the risk model states months, bucket_months, cap and overlap"))
        return
    checker = _Checker(names(_buckets(risk, problems)), problems)
    checker.number(risk.get("cap"), "risk.cap", 0, 1)
    checker.number(risk.get("overlap"), "risk.overlap", 0, 1)
    checker.absorption(risk.get("absorption"), "risk.absorption")
    seen: set[str] = set()
    rows = data.get("risk_events") or []
    if not isinstance(rows, list):
        problems.append(("risk_events", "risk events are a list"))
        return
    for at, row in enumerate(rows):
        if not isinstance(row, Mapping) or not isinstance(row.get("id"), str) or not row["id"].strip():
            problems.append((f"risk_events[{at}]", "a risk event has an id, a name and a category"))
            continue
        if row["id"] in seen:
            problems.append((f"risk_events[{row['id']}]", "this id stands twice"))
        seen.add(row["id"])
        checker.event(row, f"risk_events[{row['id']}]")


def _buckets(risk: Mapping[str, Any], problems: Problems) -> int:
    months, length = risk.get("months"), risk.get("bucket_months")
    if isinstance(months, int) and isinstance(length, int) and 0 < length <= months <= 120 and months % length == 0:
        return months // length
    problems.append(("risk.months", "the months are a multiple of bucket_months, at most 120"))
    return 1


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


class _Checker:
    def __init__(self, names: Names, problems: Problems):
        self.names, self.problems = names, problems
        self.kinds = tuple(names.scopes)
        self.extra: dict[str, Type] = {}  # names that the event itself brings, such as `lots`

    def say(self, place: str, message: str) -> None:
        self.problems.append((place, message))

    def known(self, row: Mapping[str, Any], keys: Iterable[str], place: str) -> None:
        for key in row:
            if key not in keys:
                self.say(f"{place}.{key}", f"unknown setting.{nearest(str(key), sorted(keys))}")

    def number(self, value: Any, place: str, low: float, high: float) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            self.say(place, f"this is a number from {low:g} to {high:g}, not {value!r}")
        elif not low <= value <= high:
            self.say(place, f"this lies between {low:g} and {high:g}, and {value:g} does not")

    def flag(self, row: Mapping[str, Any], key: str, place: str) -> None:
        if key in row and not isinstance(row[key], bool):
            self.say(f"{place}.{key}", "this is true or false")

    def scope(self, kind: str, more: Mapping[str, Type] | None = None) -> Scope:
        own = self.names.program if kind == "all" else self.names.scopes[kind]
        return replace(own, names={**own.names, **self.extra, **(more or {})})

    def text(
        self, source: Any, place: str, kinds: Iterable[str], expected: Type, more: Mapping[str, Type] | None = None
    ) -> None:
        """One expression, which has to hold for each of the kinds."""
        for kind in kinds:
            before = len(self.problems)
            compile_text(source, self.scope(kind, more), expected, place, self.problems)
            if len(self.problems) > before:
                return

    def by_kind(self, value: Any, place: str, *, whole: bool = False) -> list[tuple[str, tuple[str, ...], Any]]:
        """(place, kinds, entry) of {kind: entry}; `all` stands for every kind. whole: every kind must have one."""
        if not isinstance(value, Mapping) or not value:
            self.say(place, f"this stands per kind: {', '.join(self.kinds)}, or all")
            return []
        found = []
        for kind, entry in value.items():
            if kind == "all":
                found.append((f"{place}.all", self.kinds, entry))
            elif kind in self.kinds:
                found.append((f"{place}.{kind}", (kind,), entry))
            else:
                self.say(f"{place}.{kind}", f"unknown kind.{nearest(str(kind), self.kinds)}")
        missing = [kind for kind in self.kinds if kind not in value]
        if whole and "all" not in value and missing:
            self.say(place, f"nothing stands for {', '.join(missing)}")
        return found

    def of_kinds(self, value: Any, place: str) -> tuple[str, ...]:
        if value in (None, "all"):
            return self.kinds
        listed = value if isinstance(value, list) else [value]
        for kind in listed:
            if kind not in self.kinds:
                self.say(place, f"unknown kind {kind!r}.{nearest(str(kind), self.kinds)}")
        return tuple(kind for kind in listed if kind in self.kinds)

    # -- one event ---------------------------------------------------------------------------------------------

    def event(self, row: Mapping[str, Any], place: str) -> None:
        self.extra = {}
        self.known(row, EVENT_KEYS, place)
        if not isinstance(row.get("name"), str) or not row["name"].strip():
            self.say(f"{place}.name", "a risk event has a name")
        if row.get("category") not in CATEGORIES:
            words = ", ".join(f"{key} ({word})" for key, word in CATEGORIES.items())
            self.say(f"{place}.category", f"the category is one of {words}, not {row.get('category')!r}")
        if row.get("draws", "per_bucket") not in DRAWS:
            self.say(f"{place}.draws", f"{row['draws']!r} is none of {', '.join(DRAWS)}")
        for key in ("once", "prior", "delay_off"):
            self.flag(row, key, place)
        for source in row.get("sources") or ():
            if source not in self.names.sources:
                self.say(f"{place}.sources", f"unknown source {source!r}.{nearest(str(source), self.names.sources)}")
        for key in ("lots_per_bucket", "lots_per_year"):
            if key in row:
                self.steps(row[key], f"{place}.{key}", self.kinds)
                self.extra["lots"] = NUMBER
        if "use" in row:
            self.text(row["use"], f"{place}.use", self.kinds, NUMBER)
            self.extra["use"] = NUMBER
        self.active(row.get("active", "all"), f"{place}.active")
        self.probability(row, place)
        self.effects(row, place)
        for at, driver in enumerate(row.get("drivers") or ()):
            self.driver(driver, f"{place}.drivers[{at}]")
        for at, contribution in enumerate(row.get("contributions") or ()):
            self.contribution(contribution, f"{place}.contributions[{at}]")

    def steps(self, rows: Any, place: str, kinds: Iterable[str]) -> None:
        """[{buckets: [from, to], value: expression}, ..]"""
        if not isinstance(rows, list) or not rows:
            self.say(place, "this is a list of {buckets: [from, to], value: ..}")
            return
        for at, row in enumerate(rows):
            here = f"{place}[{at}]"
            if not isinstance(row, Mapping):
                self.say(here, "a step has buckets and a value")
                continue
            self.buckets(row.get("buckets"), f"{here}.buckets")
            self.text(row.get("value"), f"{here}.value", kinds, NUMBER)

    def buckets(self, value: Any, place: str) -> None:
        fits = isinstance(value, list) and len(value) == 2 and all(_whole(one) for one in value)
        if not fits or not 1 <= value[0] <= value[1] <= self.names.buckets:
            self.say(place, f"buckets are [from, to] with 1 <= from <= to <= {self.names.buckets}")

    def active(self, value: Any, place: str) -> None:
        if value == "all":
            return
        if not isinstance(value, Mapping):
            self.say(place, "an event is active in all buckets, or from, until or at a month, or in named buckets")
            return
        self.known(value, ACTIVE_KEYS, place)
        for key in ("from", "until", "at"):
            if key in value:
                self.month(value[key], f"{place}.{key}")
        if "buckets" in value:
            self.buckets(value["buckets"], f"{place}.buckets")
        if "when" in value:
            for here, kinds, entry in self.by_kind(value["when"], f"{place}.when"):
                self.text(entry, here, kinds, BOOLEAN)
        if "when_bucket" in value:
            self.text(value["when_bucket"], f"{place}.when_bucket", self.kinds, BOOLEAN)

    def month(self, value: Any, place: str) -> None:
        if not isinstance(value, Mapping) or "month" not in value:
            self.say(place, "this is {month: ..}, with cap and plus where needed")
            return
        self.known(value, MONTH_KEYS, place)
        self.text(value["month"], f"{place}.month", self.kinds, MAYBE)
        self.flag(value, "cap", place)
        if "plus" in value and not _whole(value["plus"]):
            self.say(f"{place}.plus", "this is a whole number of buckets")

    def chance(self, entry: Any, place: str, kinds: Iterable[str]) -> None:
        """A probability: a number or expression, or steps over the buckets."""
        if isinstance(entry, list):
            self.steps(entry, place, kinds)
            for at, row in enumerate(entry):
                if isinstance(row, Mapping):
                    self.within_one(row.get("value"), f"{place}[{at}].value")
            return
        self.text(entry, place, kinds, NUMBER)
        self.within_one(entry, place)

    def within_one(self, value: Any, place: str) -> None:
        try:
            number = float(value)
        except (TypeError, ValueError):
            return  # an expression, which its own check has read
        if not 0 <= number <= 1:
            self.say(place, f"a probability lies between 0 and 1, and {number:g} does not")

    def probability(self, row: Mapping[str, Any], place: str) -> None:
        for here, kinds, entry in self.by_kind(row.get("probability"), f"{place}.probability", whole=True):
            self.chance(entry, here, kinds)
        special = row.get("probability_at")
        if special is None:
            return
        if not isinstance(special, Mapping) or set(special) != {"month", "value"}:
            self.say(f"{place}.probability_at", "this is {month: .., value: ..}")
            return
        self.text(special["month"], f"{place}.probability_at.month", self.kinds, MAYBE)
        self.chance(special["value"], f"{place}.probability_at.value", self.kinds)

    def effects(self, row: Mapping[str, Any], place: str) -> None:
        self.spread(row.get("delay_months"), f"{place}.delay_months", self.kinds)
        if "delay_when" in row:
            self.text(row["delay_when"], f"{place}.delay_when", self.kinds, BOOLEAN)
        self.cost(row.get("cost_musd"), f"{place}.cost_musd")
        for key in ("share_cost", "share_delay"):
            for here, _, entry in self.by_kind(row.get(key), f"{place}.{key}", whole=True):
                self.number(entry, here, 0, 1)
        for key in ("delay_multiplier", "cost_multiplier"):
            if key in row:
                for here, _, entry in self.by_kind(row[key], f"{place}.{key}"):
                    self.number(entry, here, 0, 100)
        self.number(row.get("critical_path"), f"{place}.critical_path", 0, 1)

    def spread(self, value: Any, place: str, kinds: Iterable[str]) -> None:
        """[least, most likely, most] of a triangular draw."""
        if not isinstance(value, list) or len(value) != 3:
            self.say(place, "this is [least, most likely, most]")
            return
        for at, entry in enumerate(value):
            self.text(entry, f"{place}[{at}]", kinds, NUMBER)
        try:
            least, likely, most = (float(entry) for entry in value)
        except (TypeError, ValueError):
            return  # expressions: their order is that of the facts
        if not 0 <= least <= likely <= most:
            self.say(place, "least, most likely and most rise from 0 or more")

    def cost(self, value: Any, place: str) -> None:
        if isinstance(value, list):
            self.spread(value, place, self.kinds)
        elif isinstance(value, Mapping) and set(value) == {"each"}:
            each = value["each"]
            entries = (
                self.by_kind(each, f"{place}.each")
                if isinstance(each, Mapping)
                else [(f"{place}.each", self.kinds, each)]
            )
            for here, kinds, entry in entries:
                self.text(entry, here, kinds, NUMBER)
        else:
            for here, kinds, entry in self.by_kind(value, place):
                self.spread(entry, here, kinds)

    def driver(self, row: Any, place: str) -> None:
        if not isinstance(row, Mapping):
            self.say(place, "a driver has when, multiply and on")
            return
        self.known(row, DRIVER_KEYS, place)
        kinds = self.of_kinds(row.get("kinds"), f"{place}.kinds")
        self.text(row.get("when", True), f"{place}.when", kinds, BOOLEAN)
        self.text(row.get("multiply"), f"{place}.multiply", kinds, NUMBER)
        if row.get("on") not in ("probability", "delay", "cost"):
            self.say(f"{place}.on", f"a driver works on probability, delay or cost, not {row.get('on')!r}")
        for scenario in row.get("scenarios") or ():
            if scenario not in self.names.scenarios:
                self.say(
                    f"{place}.scenarios",
                    f"unknown scenario {scenario!r}.{nearest(str(scenario), sorted(self.names.scenarios))}",
                )

    def contribution(self, row: Any, place: str) -> None:
        """A part of a summed probability: once for each entry of a list, or at a month."""
        if not isinstance(row, Mapping):
            self.say(place, "a contribution stands for each entry of a list, or at a month")
            return
        more: dict[str, Type] = {}
        if "each" in row:
            listed = self.names.program.names.get(row["each"])
            if listed is None or listed.kind != "list":
                self.say(f"{place}.each", f"{row['each']!r} is no list of the program's facts")
                return
            more = dict(listed.items)
            self.text(row.get("month"), f"{place}.month", self.kinds, MAYBE, more)
            if "where" in row:
                self.text(row["where"], f"{place}.where", self.kinds, BOOLEAN, more)
        elif "at" in row:
            self.month(row["at"], f"{place}.at")
        else:
            self.say(place, "a contribution stands for each entry of a list, or at a month")
        if "when" in row:
            self.text(row["when"], f"{place}.when", self.kinds, BOOLEAN, more)
        if "probability" in row:
            for here, kinds, entry in self.by_kind(row["probability"], f"{place}.probability"):
                self.chance(entry, here, kinds)
        for at, factor in enumerate(row.get("multiply") or ()):
            here = f"{place}.multiply[{at}]"
            if not isinstance(factor, Mapping):
                self.say(here, "a factor has when and multiply")
                continue
            self.text(factor.get("when", True), f"{here}.when", self.kinds, BOOLEAN, more)
            self.text(factor.get("multiply"), f"{here}.multiply", self.kinds, NUMBER, more)

    # -- what the risk is held against -------------------------------------------------------------------------

    def absorption(self, value: Any, place: str) -> None:
        if value is None:
            return
        if not isinstance(value, Mapping):
            self.say(place, "the capacity states total_delay_months, total_cost_musd, split and stated")
            return
        for key in ("total_delay_months", "total_cost_musd"):
            self.text(value.get(key), f"{place}.{key}", ("all",), NUMBER)
        self.number(value.get("breach_at"), f"{place}.breach_at", 0, 1)
        self.number(value.get("headroom_percentile"), f"{place}.headroom_percentile", 1, 99)
        split = value.get("split")
        if not isinstance(split, Mapping) or set(split) != set(CATEGORIES):
            self.say(f"{place}.split", f"the split gives a share for each of {', '.join(CATEGORIES)}")
        else:
            before = len(self.problems)
            for key, share in split.items():
                self.number(share, f"{place}.split.{key}", 0, 1)
            if len(self.problems) == before and abs(sum(split.values()) - 1) > 1e-9:
                self.say(f"{place}.split", f"the shares add up to 1, not {sum(split.values()):g}")
        stated = value.get("stated")
        for key, fields in stated.items() if isinstance(stated, Mapping) else ():
            for category, name in fields.items() if isinstance(fields, Mapping) else ():
                if category not in CATEGORIES:
                    self.say(f"{place}.stated.{key}.{category}", f"the category is one of {', '.join(CATEGORIES)}")
                self.text(name, f"{place}.stated.{key}.{category}", ("all",), MAYBE)
