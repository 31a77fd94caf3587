"""Beginning to watch a decision: what of its frozen record the watch needs every day."""

import json
from typing import Any

from assessments.models import Decision, DecisionWatch, ProposedDecision
from assessments.services.owing_watches import owe
from assessments.services.records import panel_in


def begin(decision: Decision) -> DecisionWatch:
    """Watch a decision from its last signature on, and owe the first look."""
    submission = decision.submission
    watch = DecisionWatch.objects.create(
        organization_id=decision.organization_id,
        review_id=decision.review_id,
        decision=decision,
        revision_id=submission.revision_id,
        criteria_version_id=decision.review.criteria_version_id,
        scorecard_id=submission.scorecard_id,
        figures={"signed": signed_figures(json.loads(submission.record), decision.proposed_decision)},
        since=decision.decided_at,
        wanted=1,
    )
    owe(watch, 1)
    return watch


def signed_figures(record: dict[str, Any], proposed: ProposedDecision) -> dict[str, Any]:
    """What a watch needs of the frozen record, so that ten thousand of them need not read all of it each day."""
    said, numbers = json.loads(proposed.record), record["result"]["numbers"]
    option = said["option"]["key"] if said["option"] else ""
    told = numbers[numbers["basis"]]["options"]
    open_ = [one["total"] for one in told.values() if not one["blocked"] and one["total"] is not None]
    own = told[option]["total"] if option else None
    panel: dict[str, dict[str, Any]] = {}
    for criterion, cells in (panel_in(record) or {}).items():
        for key, cell in cells.items():
            then = cell["suggestion"]
            if then is None:  # agreed on without one: held against what the rules said of the signed facts
                then = numbers["suggestions"].get(criterion, {}).get(key, {}).get("score")
            panel.setdefault(criterion, {})[key] = {"value": cell["value"], "suggestion": then}
    demanding = [
        gate["id"]
        for gate in numbers["gates"]
        if gate["effect"] == "condition" and (not option or option in gate["options"])
    ]
    return {
        "kind": said["kind"],
        "option": option,
        "options": [one["key"] for one in record["options"]],
        "names": {one["key"]: one["name"] for one in record["options"]},
        "criteria": numbers["criteria"],
        "panel": panel,
        "verdict": numbers["verdict"]["kind"],
        "first": numbers["verdict"]["option"],
        "margin": numbers["verdict"]["margin"],
        "behind": max(0.0, max(open_) - own) if own is not None and open_ else 0.0,
        "place": told[option]["rank"] if option else None,
        "aside": [one["gate"] for one in said["overrides"]],
        "demanded": sorted(set(demanding)),
        "tripwires": said["tripwires"],
    }
