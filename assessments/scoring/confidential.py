"""Which numbers and sentences rest on commercial facts, and a scorecard without them.

What a field's `commercial` flag marks is confidential, and so is every derived quantity that reads it, in any kind of
option. Scores and totals stay: they are bands and sums that give no price away.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from assessments.scoring.framework import Framework
from assessments.scoring.language.tree import Name
from assessments.scoring.risk import risk_model
from assessments.scoring.rules import Rule, slots_of

HIDDEN = "Rests on confidential prices and terms."


@dataclass(frozen=True)
class Confidential:
    """names   fields and derived quantities
    criteria  those whose reasons print or follow them; gates: ids of those whose messages do
    events    ids of the risk events that cost what they say
    """

    names: frozenset[str]
    criteria: frozenset[str]
    gates: frozenset[str]
    events: frozenset[str]


def _reads(rules: Iterable[Rule]) -> set[str]:
    found: set[str] = set()
    for rule in rules:
        for branch in (*rule.base, *rule.adjust):
            found |= branch.value.reads | slots_of(branch.reason)
            if branch.when is not None:
                found |= branch.when.reads
    return {name.removeprefix("host.") for name in found}


def confidential(framework: Framework) -> Confidential:
    """What rests on commercial facts in this framework; computed once per compiled framework."""
    if "confidential" not in framework.cache:
        names = {entry.key for entry in framework.schema.fields.values() if entry.commercial}
        for quantity in framework.derived:  # in order: each reads only earlier ones
            if _reads(quantity.rules.values()) & names:
                names.add(quantity.key)
        criteria = {one.key for one in framework.criteria if _reads(one.rules.values()) & names}
        gates = {gate.id for gate in framework.gates for entry in gate.entries if slots_of(entry.message) & names}
        model = risk_model(framework)
        events = {e.id for e in (model.events if model else ()) if set(_names_in((e.cost, e.each))) & names}
        found = Confidential(frozenset(names), frozenset(criteria), frozenset(gates), frozenset(events))
        framework.cache["confidential"] = found
    kept: Confidential = framework.cache["confidential"]
    return kept


def _names_in(part: Any) -> Iterator[str]:
    """The names that parsed expressions read, wherever they stand in a structure."""
    if isinstance(part, Name):
        yield part.name
    elif isinstance(part, Mapping):
        for one in part.values():
            yield from _names_in(one)
    elif isinstance(part, tuple):
        for one in part:
            yield from _names_in(one)
    elif is_dataclass(part):
        for one in fields(part):
            yield from _names_in(getattr(part, one.name))


def facts_without_commercial(facts: Mapping[str, Any], framework: Framework) -> dict[str, Any]:
    """Plain facts (see profile) without the fields that are commercial, nor the days that they are dated."""
    hidden = {entry.key for entry in framework.schema.fields.values() if entry.commercial}

    def shown(values: Mapping[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in values.items() if key.rpartition(".")[2] not in hidden}

    kept = dict(facts) | {"program": shown(facts["program"])}
    kept["options"] = {key: {**option, "facts": shown(option["facts"])} for key, option in facts["options"].items()}
    if "as_of" in facts:
        kept["as_of"] = shown(facts["as_of"])
    return kept


def without_commercial(numbers: Mapping[str, Any], framework: Framework) -> dict[str, Any]:
    """The scorecard as somebody sees it who may not see prices and terms. The given one stays as it is."""
    hidden = confidential(framework)
    sums = {g["message"].rstrip("."): g["name"].lower() for g in numbers["gates"] if g["id"] in hidden.gates}
    shown = dict(numbers)
    shown["gates"] = [
        gate | {"message": f"{gate['name']}. {HIDDEN}"} if gate["id"] in hidden.gates else gate
        for gate in numbers["gates"]
    ]
    shown["suggestions"] = {
        criterion: {key: cell | {"reason": HIDDEN} for key, cell in cells.items()}
        if criterion in hidden.criteria
        else cells
        for criterion, cells in numbers["suggestions"].items()
    }
    shown["derived"] = {
        key: {name: value for name, value in values.items() if name not in hidden.names}
        for key, values in numbers["derived"].items()
    }
    shown["program_derived"] = {
        name: value for name, value in numbers["program_derived"].items() if name not in hidden.names
    }
    if "flips" in numbers:
        kept = {key: [row for row in numbers["flips"][key] if not row["commercial"]] for key in ("facts", "opens")}
        shown["flips"] = numbers["flips"] | kept
    if numbers.get("risk"):
        shown["risk"] = numbers["risk"] | {
            "options": {key: _without_costs(one, hidden.events) for key, one in numbers["risk"]["options"].items()}
        }
    shown["explanation"] = [
        said | {"text": _without(said["text"], sums)} if "gates" in said["from"] else said
        for said in numbers["explanation"]
    ]
    if "flips" in numbers:
        shown["flips"] = {
            kind: [row for row in rows if not row.get("commercial")] for kind, rows in numbers["flips"].items()
        }
    return shown


def _without_costs(option: Mapping[str, Any], events: frozenset[str]) -> dict[str, Any]:
    rows = [row | {"cost_mean": None} if row["id"] in events else row for row in option["events"]]
    return {**option, "events": rows}


def _without(text: str, sums: Mapping[str, str]) -> str:
    for message, gate in sums.items():
        text = text.replace(message, f"{gate} (confidential)")
    return text
