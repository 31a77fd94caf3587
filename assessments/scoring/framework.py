"""A framework document, checked whole and compiled once.

`Framework.from_data(document)` raises FrameworkErrors with every problem at its place, such as
("gates[G04].entries[0].when, character 12", "Unknown name 'redy'. Did you mean 'ready'?").
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from assessments.scoring.framework_risk import Names, check_risk
from assessments.scoring.framework_route import check_route
from assessments.scoring.language import BOOLEAN, NUMBER, Checked, Scope, Type
from assessments.scoring.language.check import nearest
from assessments.scoring.rules import Problems, Rule, check_template, compile_rule, compile_text
from assessments.scoring.schema import HOSTED, Schema, read_schema
from assessments.scoring.shocks import Scenario, read_scenario

FORMAT = "makewhere-framework/1"
EFFECTS = ("block", "condition", "warn")


class FrameworkErrors(Exception):
    """Every problem of a document: (place, message)."""

    def __init__(self, problems: Problems):
        self.problems = problems
        super().__init__("; ".join(f"{place}: {text}" for place, text in problems))


@dataclass(frozen=True)
class Derived:
    key: str
    name: str
    unit: str | None
    scope: str
    round: int | None
    rules: Mapping[str, Rule]  # by kind; {"all": rule} in program scope


@dataclass(frozen=True)
class Criterion:
    key: str
    name: str
    dimension: str
    weight: float  # own weight among its siblings
    points: tuple[tuple[float, float], ...]  # value function: score to value in 0..1
    rules: Mapping[str, Rule]


@dataclass(frozen=True)
class Dimension:
    key: str
    name: str
    weight: float
    criteria: tuple[str, ...]


@dataclass(frozen=True)
class Entry:
    effect: str
    when: Mapping[str, Checked]  # by kind; {"all": ..} where it applies to every option
    per_option: bool
    applies_to_all: bool
    otherwise: bool
    message: str
    title: str
    owner: str
    due: Mapping[str, Checked]


@dataclass(frozen=True)
class Gate:
    id: str
    name: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Framework:
    """A compiled framework; `digest` is the SHA-256 of its canonical JSON, `data` the document."""

    data: Mapping[str, Any]
    digest: str
    key: str
    label: str
    schema: Schema
    kinds: Mapping[str, str]
    derived: tuple[Derived, ...]
    dimensions: tuple[Dimension, ...]
    criteria: tuple[Criterion, ...]
    gates: tuple[Gate, ...]
    scenarios: tuple[Scenario, ...]
    lenses: Mapping[str, tuple[str, Mapping[str, float]]]
    plausible: Mapping[str, Any]
    verdict: Mapping[str, float]
    cache: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def from_data(cls, data: Any) -> Framework:
        """Compile a document. Raises FrameworkErrors naming all of its problems."""
        if not isinstance(data, Mapping):
            raise FrameworkErrors([("", "a framework is a document of keys and values")])
        reader = _Reader(data)
        try:
            return reader.read()
        except (TypeError, AttributeError, KeyError, ValueError) as error:  # a part has another shape than the format's
            known = list(dict.fromkeys(reader.problems))
            raise FrameworkErrors([*known, ("", f"a part of the document has the wrong shape: {error}")]) from error


def canonical(data: Any) -> bytes:
    """Canonical JSON: sorted keys, no spaces, whole numbers without a fraction."""

    def plain(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {str(key): plain(entry) for key, entry in value.items()}
        if isinstance(value, list | tuple):
            return [plain(entry) for entry in value]
        if isinstance(value, float) and math.isfinite(value) and value == int(value):
            return int(value)
        return value if value is None or isinstance(value, bool | int | float | str) else str(value)

    return json.dumps(plain(data), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _rows(value: Any) -> list[Mapping[str, Any]]:
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []


class _Reader:
    def __init__(self, data: Mapping[str, Any]):
        self.data = data
        self.problems: Problems = []

    def say(self, place: str, message: str) -> None:
        self.problems.append((place, message))

    def positive(self, value: Any, place: str) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value <= 0:
            self.say(place, f"a weight is a positive number, not {value!r}")
            return 1.0
        return float(value)

    def read(self) -> Framework:
        data = self.data
        if data.get("format") != FORMAT:
            self.say("format", f"this reads {FORMAT}, not {data.get('format')!r}")
        kinds = data.get("kinds")
        if not isinstance(kinds, Mapping) or not kinds:
            self.say("kinds", "a framework names its option kinds: {key: {name}}")
            kinds = {}
        self.kinds = {k: str(v.get("name", k)) if isinstance(v, Mapping) else str(v) for k, v in kinds.items()}
        functions = data.get("functions")
        self.functions: Mapping[str, Any] = functions if isinstance(functions, Mapping) else {}
        self.schema = read_schema(data.get("schema"), self.kinds, self.problems)
        self.program: dict[str, Type] = {f.key: f.language_type for f in self.schema.program_fields()}
        self.option = {k: {f.key: f.language_type for f in self.schema.option_fields(k)} for k in self.kinds}
        for name in self.program:
            if any(name in names for names in self.option.values()):
                self.say(f"schema.fields[{name}]", "this key stands in both scopes")
        derived = self.read_derived()
        dimensions, criteria = self.read_tree()
        gates = self.read_gates()
        scenarios = self.read_scenarios()
        lenses = self.read_lenses({dimension.key for dimension in dimensions})
        check_risk(data, self.names_for_risk, self.problems)
        check_route(data, self.functions, self.problems)
        verdict = {
            "clear_margin": 2.5, "clear_first_share": 0.8, "clear_scenarios": 7, "leaning_first_share": 0.75,
            "resolution": 2.5,
        }  # fmt: skip
        verdict |= {key: value for key, value in (data.get("verdict") or {}).items() if isinstance(value, int | float)}
        plausible = {"dimension": [0.4, 1.6], "criterion": [0.5, 1.5], "draws": 2000} | dict(
            data.get("plausible_weights") or {}
        )
        for key in ("dimension", "criterion"):
            low_high = plausible[key]
            if not isinstance(low_high, list | tuple) or len(low_high) != 2 or not 0 < low_high[0] <= low_high[1]:
                self.say(f"plausible_weights.{key}", "a range is [low, high] with 0 < low <= high")
        if not isinstance(plausible["draws"], int) or not 100 <= plausible["draws"] <= 100_000:
            self.say("plausible_weights.draws", "draws are a whole number from 100 to 100,000")
        if self.problems:
            raise FrameworkErrors(list(dict.fromkeys(self.problems)))
        digest = hashlib.sha256(canonical(data)).hexdigest()
        return Framework(
            data, digest, str(data.get("key", "")), str(data.get("label", "")), self.schema, self.kinds, derived,
            dimensions, criteria, gates, scenarios, lenses, plausible, verdict,
        )  # fmt: skip

    def names_for_risk(self, buckets: int) -> Names:
        sources = self.data.get("sources")
        return Names(
            {kind: self.scope(kind) for kind in self.kinds},
            self.scope(None),
            frozenset(str(row.get("id")) for row in _rows(self.data.get("scenarios"))),
            frozenset(sources) if isinstance(sources, Mapping) else frozenset(),
            buckets,
        )

    def scope(self, kind: str | None) -> Scope:
        across: dict[str, Type] = {}
        for names in self.option.values():
            across |= {key: t.present() for key, t in names.items() if t.kind == "number"}
        if kind is None:
            return Scope(dict(self.program), None, across)
        host = HOSTED.get(kind)
        host_names = dict(self.option[host]) if host in self.option else None
        return Scope({**self.program, **self.option[kind]}, host_names, across)

    def of_kinds(self, value: Any, place: str) -> list[str]:
        if value in (None, "all"):
            return list(self.kinds)
        found = []
        for kind in value if isinstance(value, list) else [value]:
            if kind in self.kinds:
                found.append(kind)
            else:
                self.say(place, f"unknown kind {kind!r}.{nearest(str(kind), tuple(self.kinds))}")
        return found

    def by_kind(self, rules: Any, place: str) -> dict[str, Any]:
        """{kind: (rule data, the key it stands under)}; `all` stands for every kind."""
        if not isinstance(rules, Mapping) or not rules:
            self.say(place, "rules stand per kind: {all: ..} or {in_house: .., ..}")
            return {}
        found = {kind: (rules["all"], "all") for kind in self.kinds} if "all" in rules else {}
        for kind, rule in rules.items():
            if kind in self.kinds:
                found[kind] = (rule, kind)
            elif kind != "all":
                self.say(f"{place}.{kind}", f"unknown kind.{nearest(str(kind), tuple(self.kinds))}")
        hosts_first = sorted(found, key=lambda kind: kind in HOSTED)
        return {kind: found[kind] for kind in hosts_first}

    def read_derived(self) -> tuple[Derived, ...]:
        found = []
        for at, row in enumerate(_rows(self.data.get("derived"))):
            key = row.get("key")
            place = f"derived[{key or at}]"
            if not isinstance(key, str) or not key.isidentifier():
                self.say(place, "a derived quantity has a key of letters, digits and underscores")
                continue
            if key in self.program or any(key in names for names in self.option.values()) or key == "value":
                self.say(place, "this key is taken by a field or an earlier quantity")
                continue
            scope = row.get("scope", "option")
            unit = row.get("unit")
            rules: dict[str, Rule] = {}
            source = row.get("kinds") or row.get("rules")
            if scope == "program":
                rule = source.get("all") if isinstance(source, Mapping) else None
                made = compile_rule(rule, self.scope(None), f"{place}.kinds.all", self.problems, None)
                if made:
                    rules["all"] = made
                self.program[key] = self.result(made, unit, place)
            else:
                for kind, (rule, under) in self.by_kind(source, f"{place}.kinds").items():
                    made = compile_rule(rule, self.scope(kind), f"{place}.kinds.{under}", self.problems, None)
                    if made:
                        rules[kind] = made
                    self.option[kind][key] = self.result(made, unit, place)
            digits = row.get("round")
            found.append(Derived(key, str(row.get("name") or key), unit, scope, digits, rules))
        return tuple(found)

    def result(self, rule: Rule | None, unit: str | None, place: str) -> Type:
        if rule is None:
            return NUMBER  # its own problem is recorded; its readers are not blamed
        if rule.type.kind == "boolean":
            return BOOLEAN
        if rule.type.kind != "number":
            self.say(place, "a derived quantity is a number or a yes/no value")
        return Type("number", unit, nullable=rule.type.nullable)

    def read_tree(self) -> tuple[tuple[Dimension, ...], tuple[Criterion, ...]]:
        dimensions: list[Dimension] = []
        criteria: list[Criterion] = []
        seen: set[str] = set()
        for at, row in enumerate(_rows(self.data.get("dimensions"))):
            key = str(row.get("key") or at)
            place = f"dimensions[{key}]"
            leaves = []
            for leaf_at, leaf in enumerate(_rows(row.get("criteria"))):
                leaf_key = str(leaf.get("key") or leaf_at)
                here = f"{place}.criteria[{leaf_key}]"
                if leaf_key in seen:
                    self.say(here, "this key stands twice")
                seen.add(leaf_key)
                if self.functions and leaf.get("owner") not in self.functions:
                    self.say(
                        f"{here}.owner",
                        f"unknown function {leaf.get('owner')!r}.{nearest(str(leaf.get('owner')), tuple(self.functions))}",
                    )
                self.functions_of(leaf.get("consulted"), f"{here}.consulted")
                self.cited(leaf.get("sources"), f"{here}.sources")
                rules = {}
                for kind, (rule, under) in (
                    self.by_kind(leaf["rules"], f"{here}.rules").items() if leaf.get("rules") else ()
                ):
                    made = compile_rule(rule, self.scope(kind), f"{here}.rules.{under}", self.problems)
                    if made:
                        rules[kind] = made
                points = self.points(leaf.get("value_function"), f"{here}.value_function")
                weight = self.positive(leaf.get("weight"), f"{here}.weight")
                criteria.append(Criterion(leaf_key, str(leaf.get("name") or leaf_key), key, weight, points, rules))
                leaves.append(leaf_key)
            if not leaves:
                self.say(place, "a dimension has criteria")
            if key in {dimension.key for dimension in dimensions}:
                self.say(place, "this key stands twice")
            weight = self.positive(row.get("weight"), f"{place}.weight")
            dimensions.append(Dimension(key, str(row.get("name") or key), weight, tuple(leaves)))
        if not dimensions:
            self.say("dimensions", "a framework has dimensions with criteria")
        return tuple(dimensions), tuple(criteria)

    def functions_of(self, keys: Any, place: str) -> None:
        for key in keys if isinstance(keys, list) else ():
            if self.functions and key not in self.functions:
                self.say(place, f"unknown function {key!r}.{nearest(str(key), tuple(self.functions))}")

    def cited(self, keys: Any, place: str) -> None:
        known = self.data.get("sources")
        for key in keys if isinstance(keys, list) else ():
            if key not in (known if isinstance(known, Mapping) else ()):
                self.say(place, f"unknown source {key!r}.{nearest(str(key), tuple(known or ()))}")

    def points(self, data: Any, place: str) -> tuple[tuple[float, float], ...]:
        straight = ((1.0, 0.0), (5.0, 1.0))
        if data is None or (isinstance(data, Mapping) and data.get("type") == "linear"):
            return straight
        try:
            points = tuple((float(score), float(value)) for score, value in data["points"])
        except (KeyError, TypeError, ValueError):
            self.say(place, "a value function is {type: linear} or {type: piecewise, points: [[score, value], ..]}")
            return straight
        rising = all(a[0] < b[0] and a[1] <= b[1] for a, b in zip(points, points[1:], strict=False))
        if len(points) < 2 or not rising or points[0] != (1.0, 0.0) or points[-1] != (5.0, 1.0):
            self.say(place, "the points rise from [1, 0] to [5, 1]")
            return straight
        return points

    def read_gates(self) -> tuple[Gate, ...]:
        gates: list[Gate] = []
        for at, row in enumerate(_rows(self.data.get("gates"))):
            gate = str(row.get("id") or at)
            if gate in {known.id for known in gates}:
                self.say(f"gates[{gate}]", "this id stands twice")
            entries = []
            for entry_at, entry in enumerate(_rows(row.get("entries"))):
                made = self.read_entry(entry, f"gates[{gate}].entries[{entry_at}]")
                if made:
                    entries.append(made)
            self.cited(row.get("sources"), f"gates[{gate}].sources")
            gates.append(Gate(gate, str(row.get("name") or gate), tuple(entries)))
        return tuple(gates)

    def read_entry(self, row: Mapping[str, Any], place: str) -> Entry | None:
        effect = row.get("effect")
        if effect not in EFFECTS:
            self.say(f"{place}.effect", f"the effect is one of {', '.join(EFFECTS)}, not {effect!r}")
        to_all = row.get("applies_to") == "all"
        condition = row.get("condition") or {}
        if effect == "condition" and not condition.get("title"):
            self.say(f"{place}.condition", "a condition has a title and an owner")
        owner = condition.get("owner", "")
        if owner and self.functions and owner not in self.functions:
            self.say(
                f"{place}.condition.owner", f"unknown function {owner!r}.{nearest(str(owner), tuple(self.functions))}"
            )
        whens, dues = {}, {}
        scopes = (
            {"all": self.scope(None)}
            if to_all
            else {k: self.scope(k) for k in self.of_kinds(row.get("kinds"), f"{place}.kinds")}
        )
        for kind, scope in scopes.items():
            when = compile_text(row.get("when"), scope, BOOLEAN, f"{place}.when", self.problems)
            if when:
                whens[kind] = when
            if condition.get("due") is not None:
                due = compile_text(
                    condition["due"], scope, Type("number", nullable=True), f"{place}.condition.due", self.problems
                )
                if due:
                    dues[kind] = due
            names = {**scope.names, "option": 1, "options": 1, **{f"host.{name}": 1 for name in scope.host or ()}}
            check_template(row.get("message"), names, f"{place}.message", self.problems)
            check_template(condition.get("title"), names, f"{place}.condition.title", self.problems)
        return Entry(
            str(effect), whens, row.get("per", "option") == "option" and not to_all, to_all, bool(row.get("else")),
            str(row.get("message") or ""), str(condition.get("title") or ""), str(owner), dues,
        )  # fmt: skip

    def read_scenarios(self) -> tuple[Scenario, ...]:
        scopes = {kind: self.scope(kind) for kind in self.kinds} | {"all": self.scope(None)}
        found = []
        for at, row in enumerate(_rows(self.data.get("scenarios"))):
            found.append(read_scenario(row, f"scenarios[{row.get('id') or at}]", self.schema, scopes, self.problems))
        return tuple(found)

    def read_lenses(self, dimensions: set[str]) -> dict[str, tuple[str, Mapping[str, float]]]:
        lenses: dict[str, tuple[str, Mapping[str, float]]] = {}
        for at, row in enumerate(_rows(self.data.get("lenses"))):
            place = f"lenses[{row.get('key') or at}]"
            multipliers = {}
            for key, value in (row.get("multipliers") or {}).items():
                if key not in dimensions:
                    self.say(
                        f"{place}.multipliers", f"unknown dimension {key!r}.{nearest(str(key), tuple(dimensions))}"
                    )
                multipliers[key] = self.positive(value, f"{place}.multipliers.{key}")
            lenses[str(row.get("key") or at)] = (str(row.get("name") or row.get("key")), multipliers)
        return lenses
