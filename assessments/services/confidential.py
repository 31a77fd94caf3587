"""Results and facts without prices and terms, for those who may not see them.

What rests on a commercial fact is found from the framework itself: a derived quantity, a rule or a gate that names a
commercial field, or a quantity that does. Scores, totals and which gates hold stay; figures and sentences that would
print money go.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from assessments.scoring.explanation import explain
from assessments.scoring.framework import Framework

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_CACHED = "confidential"
WITHHELD = "Rests on prices and terms, which are shown to Finance, leads, approvers, admins and auditors."
# What a result keeps for everyone; a part that the engine adds later is withheld until it is looked at here.
OPEN_PARTS = (
    "engine", "depth", "framework", "input_digest", "seed", "bit_generator", "draws", "basis", "options", "criteria",
    "weights", "facts", "panel", "moved", "lenses", "scenarios", "verdict", "warnings", "timings",
)  # fmt: skip


def confidential_names(framework: Framework) -> frozenset[str]:
    """The commercial fields and every derived quantity that rests on one."""
    if _CACHED not in framework.cache:
        names = {field["key"] for field in framework.data["schema"]["fields"] if field.get("commercial")}
        pending = True
        while pending:
            found = {row["key"] for row in framework.data.get("derived", []) if _uses(row.get("kinds"), names)}
            pending = not found <= names
            names |= found
        framework.cache[_CACHED] = frozenset(names)
    return framework.cache[_CACHED]


def _uses(part: Any, names: set[str] | frozenset[str]) -> bool:
    """Whether any text of a part of the document names one of them."""
    return not names.isdisjoint(_NAME.findall(json.dumps(part, default=str)))


def without_commercial_facts(facts: Mapping[str, Any], framework: Framework) -> dict[str, Any]:
    """The facts of a revision without the commercial fields."""
    hidden = {field["key"] for field in framework.data["schema"]["fields"] if field.get("commercial")}

    def shown(values: Mapping[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in values.items() if key.rpartition(".")[2] not in hidden}

    return {
        **facts,
        "program": shown(facts["program"]),
        "options": {
            key: {**option, "facts": shown(option["facts"])} for key, option in facts.get("options", {}).items()
        },
        **({"as_of": shown(facts["as_of"])} if "as_of" in facts else {}),
    }


def without_commercial(numbers: Mapping[str, Any], framework: Framework) -> dict[str, Any]:
    """A scorecard's numbers without figures and sentences that rest on commercial facts."""
    hidden = confidential_names(framework)
    rules = {
        leaf["key"]: leaf.get("rules") for dimension in framework.data["dimensions"] for leaf in dimension["criteria"]
    }
    gates = {gate["id"]: gate for gate in framework.data.get("gates", [])}
    kept = {key: numbers[key] for key in OPEN_PARTS if key in numbers}
    kept["robustness"] = {key: part for key, part in numbers["robustness"].items() if key == "first_share"}
    kept["derived"] = {
        option: {key: value for key, value in values.items() if key not in hidden}
        for option, values in numbers["derived"].items()
    }
    kept["program_derived"] = {key: value for key, value in numbers["program_derived"].items() if key not in hidden}
    kept["suggestions"] = {
        criterion: {
            option: {
                **cell,
                "reason": WITHHELD if cell["reason"] and _uses(rules.get(criterion), hidden) else cell["reason"],
            }
            for option, cell in cells.items()
        }
        for criterion, cells in numbers["suggestions"].items()
    }
    kept["gates"] = [
        {**gate, "message": WITHHELD} if _uses(gates.get(gate["id"]), hidden) else gate for gate in numbers["gates"]
    ]
    kept["explanation"] = explain(kept, framework)
    return kept
