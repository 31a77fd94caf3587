"""Which facts, months or criteria made a decision weaker: each is taken back alone, to see whether it holds again."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assessments.scoring.clock import (
    Place,
    elapsed_months,
    is_anchored,
    later,
    later_value,
    places,
    runs_out,
    shifted_value,
)
from assessments.scoring.language import EvaluationError
from assessments.scoring.profile import reads
from assessments.scoring.watching import HOLDS, STATES
from assessments.services.frameworks import framework_of
from assessments.services.watches.inputs import Look, Watched, look, outcomes

MOST = 8  # causes told


@dataclass(frozen=True)
class Cause:
    """kind    fact, time or criteria
    place   of a fact: where it stands, with its newest value
    was     the value that was signed
    alone   whether taking it back alone mends the decision; otherwise it worked together with the others
    """

    kind: str
    place: Place | None = None
    was: Any = None
    alone: bool = True


def changed_facts(one: Watched) -> list[tuple[Place, Any]]:
    """Facts that people changed since the signed revision, each with its signed value.

    An anchored month that re-anchoring moved stands for the same day and is no change; nor is a runway that was taken over
    less the months.
    """
    if one.revision.pk == one.signed_revision.pk:
        return []
    signed = one.signed_revision.facts
    gone = elapsed_months(one.signed_revision.assessment_date, one.revision.assessment_date)
    found = []
    compared = {*one.signed["options"]}
    compared |= {host for key in one.keys if (host := one.revision.facts["options"][key].get("host"))}
    for place in places(one.revision.facts, one.framework.schema):
        if place.option and (place.option not in compared or place.option not in signed["options"]):
            continue
        own = signed["options"][place.option]["facts"] if place.option else signed["program"]
        if place.field.key not in own or place.field.key == "assessment_date":
            continue
        was = own[place.field.key]
        if place.value not in (was, later_value(place.field, was, gone)):
            found.append((place, was))
    return found


def put(facts: Mapping[str, Any], place: Place, value: Any) -> dict[str, Any]:
    """The facts with one value replaced."""
    if not place.option:
        return {**facts, "program": {**facts["program"], place.field.key: value}}
    own = facts["options"][place.option]
    changed = {**own, "facts": {**own["facts"], place.field.key: value}}
    return {**facts, "options": {**facts["options"], place.option: changed}}


def causes_of(one: Watched, found: Look) -> list[Cause]:
    """What made the decision what it is: single changes whose taking back mends it, or else all that work together."""
    if found.state == HOLDS:
        return []
    gravity = STATES.index(found.state)
    framework, today, changed = one.framework, one.facts_today, changed_facts(one)
    tried: list[tuple[Cause, dict[str, Any], int]] = [
        (Cause("fact", place, was), put(today, place, later_value(place.field, was, one.total)), one.total)
        for place, was in changed
    ]
    if one.total:
        tried.append((Cause("time"), _as_signed_day(one), 0))
    done = outcomes(framework, [(one, facts) for _, facts, _ in tried])
    mends = [
        cause
        for (cause, facts, months), outcome in zip(tried, done, strict=True)
        if STATES.index(look(one, framework, facts, outcome, months).state) < gravity
    ]
    if one.version != one.signed_version and _mended_by_former_criteria(one, gravity):
        mends.append(Cause("criteria"))
    if mends:
        return mends[:MOST]
    together = [Cause(cause.kind, cause.place, cause.was, alone=False) for cause, _, _ in tried]
    if one.version != one.signed_version:
        together.append(Cause("criteria", alone=False))
    return together[:MOST]


def _as_signed_day(one: Watched) -> dict[str, Any]:
    """The newest facts as of the day of the signed ones: anchored months counted from there, nothing run out."""
    gone = elapsed_months(one.signed_revision.assessment_date, one.revision.assessment_date)
    schema = one.framework.schema
    facts = later(one.revision.facts, schema, 0)
    signed = one.signed_revision.facts["program"]
    for place in places(facts, schema):
        if is_anchored(place.field):
            facts = put(facts, place, shifted_value(place.field, place.value, -gone))
        elif runs_out(place.field) and place.value == later_value(place.field, signed.get(place.field.key), gone):
            facts = put(facts, place, signed[place.field.key])
    return facts


def _mended_by_former_criteria(one: Watched, gravity: int) -> bool:
    former = framework_of(one.signed_version)
    if not reads(former.schema, one.revision.facts, one.keys):
        return False
    facts = later(one.revision.facts, former.schema, one.elapsed)
    try:
        outcome = outcomes(former, [(one, facts)])[0]
    except EvaluationError:
        return False
    return STATES.index(look(one, former, facts, outcome, one.total).state) < gravity
