"""What changed between two versions of a framework, area by area, in the words of the pages."""

from collections.abc import Mapping
from typing import Any

from assessments.scoring.framework import Framework
from assessments.scoring.language.words import number_in_words
from assessments.views.criteria.reading import shares
from assessments.views.criteria.wording import Wording

WORDS = {
    "add": "points", "anchors": "anchors", "base": "branch", "adjust": "adjustment", "due": "due month", "when": "condition",
    "rules": "rule", "kinds": "rule", "why": "why", "value": "value", "reason": "reason", "owner": "owner",
    "multiply": "multiplier", "delay_months": "delay (months)", "cost_musd": "cost (MUSD)", "share_cost": "share of the cost",
    "share_delay": "share of the delay", "weight_rationale": "reason of the weight", "entries": "effect",
    "applies_to": "applies to", "despite": "signed in spite of having", "draws": "sample size",
}  # fmt: skip
EXPRESSIONS = ("when", "value", "add", "due", "multiply")


def compare(before: Framework, after: Framework) -> list[dict[str, Any]]:
    """Areas with their changes: (name, what happened, rows of (what, before, after)). Areas without any are left out."""
    areas = [
        ("Weights", _weights(before, after)),
        ("Criteria and rules", _rows(_criteria(before), _criteria(after), before, after)),
        ("Gates", _rows(_by(before, "gates", "id"), _by(after, "gates", "id"), before, after)),
        ("Risk events", _rows(_by(before, "risk_events", "id"), _by(after, "risk_events", "id"), before, after)),
        ("Scenarios", _rows(_by(before, "scenarios", "id"), _by(after, "scenarios", "id"), before, after)),
        ("Lenses", _rows(_by(before, "lenses", "key"), _by(after, "lenses", "key"), before, after)),
        ("Derived quantities", _rows(_by(before, "derived", "key"), _by(after, "derived", "key"), before, after)),
        ("Facts", _rows(_fields(before), _fields(after), before, after)),
        ("Approval route", _rows(_by(before, "route", "key"), _by(after, "route", "key"), before, after)),
        ("Thresholds and model", _rows(_models(before), _models(after), before, after)),
        ("Sources", _rows(_sources(before), _sources(after), before, after)),
    ]
    return [{"name": name, "changes": changes} for name, changes in areas if changes]


def _weights(before: Framework, after: Framework) -> list[dict[str, Any]]:
    """Weights as shares of 100: one heavier criterion makes all others lighter, and the reader sees which was meant."""
    old, new = shares(before), shares(after)
    rows = []
    for kind, framework in (("dimensions", before), ("criteria", before)):
        position = 0 if kind == "dimensions" else 1
        own_before = {row.key: row for row in getattr(framework, kind)}
        for row in getattr(after, kind):
            was = own_before.get(row.key)
            if was is not None and was.weight != row.weight:
                rows.append(
                    (
                        row.name,
                        f"{was.weight:g} ({old[position][row.key]:.1f} of 100)",
                        f"{row.weight:g} ({new[position][row.key]:.1f} of 100)",
                    )
                )
    return [{"name": "", "what": "changed", "rows": rows}] if rows else []


def _by(framework: Framework, part: str, key: str) -> dict[str, Any]:
    return {row[key]: row for row in framework.data.get(part) or ()}


def _criteria(framework: Framework) -> dict[str, Any]:
    leaves = [leaf for dimension in framework.data["dimensions"] for leaf in dimension["criteria"]]
    return {leaf["key"]: {key: value for key, value in leaf.items() if key != "weight"} for leaf in leaves}


def _fields(framework: Framework) -> dict[str, Any]:
    return {row["key"]: row for row in framework.data["schema"]["fields"]}


def _sources(framework: Framework) -> dict[str, Any]:
    return {
        key: {"name": f"{key} {row.get('title', '')}", **row}
        for key, row in (framework.data.get("sources") or {}).items()
    }


def _models(framework: Framework) -> dict[str, Any]:
    names = {
        "verdict": "Verdict thresholds",
        "plausible_weights": "Plausible weights",
        "risk": "Risk model",
        "kinds": "Kinds of option",
        "functions": "Functions",
        "about": "About",
        "label": "Label",
    }
    data = framework.data
    return {key: {"name": name, "value": data[key]} for key, name in names.items() if key in data}


def _rows(old: dict, new: dict, before: Framework, after: Framework) -> list[dict[str, Any]]:
    changes: list[dict[str, Any]] = [
        {"name": _name(new[key]), "what": "added", "rows": []} for key in new if key not in old
    ]
    changes += [{"name": _name(old[key]), "what": "removed", "rows": []} for key in old if key not in new]
    said_before, said_after = Wording(before), Wording(after)
    for key in new:
        if key in old and old[key] != new[key]:
            rows: list[tuple[str, str, str]] = []
            _walk(old[key], new[key], [], rows, said_before, said_after)
            changes.append({"name": _name(new[key]), "what": "changed", "rows": rows})
    return changes


def _name(row: Mapping[str, Any]) -> str:
    name = str(row.get("name") or row.get("label") or row.get("key") or row.get("id"))
    return f"{row['id']} {name}" if row.get("id") and row.get("name") else name


def _walk(old: Any, new: Any, path: list[str], rows: list, before: Wording, after: Wording) -> None:
    """Go down to the smallest parts that differ."""
    if old == new:
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in [*new, *(key for key in old if key not in new)]:
            _walk(old.get(key), new.get(key), [*path, _step(key, after)], rows, before, after)
    elif isinstance(old, list) and isinstance(new, list) and any(isinstance(one, Mapping) for one in [*old, *new]):
        for at in range(max(len(old), len(new))):
            one = old[at] if at < len(old) else None
            other = new[at] if at < len(new) else None
            _walk(one, other, [*path, str(at + 1)], rows, before, after)
    else:
        expression = bool(path) and path[-1] in {WORDS.get(key, key) for key in EXPRESSIONS}
        rows.append((", ".join(path), _said(old, expression, path, before), _said(new, expression, path, after)))


def _step(key: Any, wording: Wording) -> str:
    if key in wording.framework.kinds:
        return wording.framework.kinds[key]
    return WORDS.get(str(key), str(key).replace("_", " "))


def _said(value: Any, expression: bool, path: list[str], wording: Wording) -> str:
    if value is None:
        return "—"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return number_in_words(value)
    if expression and isinstance(value, str):
        pieces = wording.expression(value, condition=path[-1] == "condition")
        return "".join(text for _, text in pieces)
    if isinstance(value, list):
        return ", ".join(_said(one, False, path, wording) for one in value) or "none"
    if isinstance(value, Mapping):
        return "; ".join(f"{_step(key, wording)}: {_said(inner, False, path, wording)}" for key, inner in value.items())
    named = {"owner", "consulted", "functions"} & set(path)
    return wording.function(value) if named else str(value)
