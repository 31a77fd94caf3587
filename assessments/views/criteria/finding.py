"""Search within a framework: every part whose words hold what was asked, with the place where it stands."""

from collections.abc import Iterator, Mapping
from typing import Any

from assessments.scoring.framework import Framework

MOST_FOUND = 60
AROUND = 60


def find(framework: Framework, asked: str) -> list[dict[str, Any]]:
    """The parts in which the words stand: section, anchor, kind of part, name, and the words around the first find."""
    wanted = asked.casefold()
    found = []
    for section, anchor, kind, name, texts in _parts(framework.data):
        for text in (name, *texts):
            at = text.casefold().find(wanted)
            if at >= 0:
                start = max(0, at - AROUND)
                excerpt = text[start : at + len(asked) + AROUND]
                found.append(
                    {
                        "section": section,
                        "anchor": anchor,
                        "kind": kind,
                        "name": name,
                        "excerpt": "" if text is name else f"{'…' if start else ''}{excerpt}",
                    }
                )
                break
    return found[:MOST_FOUND]


def _parts(data: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str, list[str]]]:
    for dimension in data["dimensions"]:
        yield "criteria", dimension["key"], "Dimension", dimension["name"], [str(dimension.get("about", ""))]
        for leaf in dimension["criteria"]:
            texts = [str(leaf.get(key, "")) for key in ("question", "why", "weight_rationale")]
            anchors = [str(word) for scale in (leaf.get("anchors") or {}).values() for word in dict(scale).values()]
            yield "criteria", leaf["key"], "Criterion", leaf["name"], [*texts, *anchors, *_reasons(leaf.get("rules"))]
    for row in data.get("gates") or ():
        texts = [str(row.get("about", ""))]
        for entry in row["entries"]:
            texts += [str(entry.get("message", "")), str((entry.get("condition") or {}).get("title", ""))]
        yield "gates", row["id"], "Gate", f"{row['id']} {row.get('name', '')}", texts
    for row in data.get("risk_events") or ():
        texts = [str(driver.get("reason", "")) for driver in row.get("drivers") or ()]
        yield "risks", row["id"], "Risk event", f"{row['id']} {row['name']}", texts
    for row in data.get("scenarios") or ():
        yield "stress", row["id"], "Scenario", f"{row['id']} {row.get('name', '')}", [str(row.get("question", ""))]
    for row in data["schema"]["fields"]:
        choices = [str(words) for words in (row.get("choices") or {}).values()]
        yield "facts", row["key"], "Fact", str(row.get("label") or row["key"]), [str(row.get("why", "")), *choices]
    for row in data.get("derived") or ():
        yield "facts", row["key"], "Derived quantity", str(row.get("name") or row["key"]), []
    for key, row in (data.get("sources") or {}).items():
        yield (
            "sources",
            key,
            "Source",
            f"{key} {row.get('title', '')}",
            [str(row.get("where", "")), str(row.get("note", ""))],
        )


def _reasons(rules: Any) -> list[str]:
    if not isinstance(rules, Mapping):
        return []
    branches = [
        branch
        for rule in rules.values()
        if isinstance(rule, Mapping)
        for branch in [*(rule.get("base") or ()), *(rule.get("adjust") or ())]
    ]
    return [str(branch.get("reason", "")) for branch in branches]
