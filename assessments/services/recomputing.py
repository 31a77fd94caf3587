"""Recompute from the record: the frozen result again, from nothing but its own record, held against what it says."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction

from accounts.audit import record_event
from accounts.models import Membership
from assessments import permissions
from assessments.models import Submission
from assessments.scoring.framework import FrameworkErrors, canonical
from assessments.scoring.full import full
from assessments.scoring.headline import ENGINE_VERSION
from assessments.scoring.language import EvaluationError
from assessments.scoring.reproduction import Comparison, Gap, compare
from assessments.scoring.software import software
from assessments.services import records

SAME, WITHIN, BEYOND, DIFFERS, UNREADABLE = "same", "within", "beyond", "differs", "unreadable"
# Which versions must be the same for a result to be the same bit for bit, and the words for them.
DECIDE = {"engine": "engine", "numpy": "NumPy", "scipy": "SciPy", "python": "Python", "machine": "machine"}


@dataclass(frozen=True)
class Version:
    """A version that the record names, and the one here."""

    name: str
    then: str
    now: str


@dataclass(frozen=True)
class Recomputation:
    """outcome  same: bit for bit. within, beyond: computed by other versions, within the stated errors or not. differs:
             by the very versions that the record names, and yet not the same. unreadable: nothing could be computed
    figures  how many were compared; 0 where nothing could be
    others   the versions that are not those of the record
    largest  the difference that is farthest from what is allowed, None without one; `place` names it
    cause    of an unreadable record
    """

    outcome: str
    figures: int = 0
    others: tuple[Version, ...] = ()
    largest: Gap | None = None
    place: str = ""
    cause: str = ""

    @property
    def is_fault(self) -> bool:
        return self.outcome not in (SAME, WITHIN)

    @property
    def sentence(self) -> str:
        """The outcome in words."""
        versions = "; ".join(f"{one.name} {one.now} here, {one.then} in the record" for one in self.others)
        match self.outcome:
            case "same":
                also = f" This although other versions compute here ({versions})." if self.others else ""
                return f"Computed again from the record: {self.figures:,} figures, the same bit for bit.{also}"
            case "within":
                return (
                    f"Computed again from the record by other versions ({versions}): {self.figures:,} figures, all within "
                    f"the stated errors. {self.difference}"
                )
            case "beyond":
                return (
                    f"Other versions compute here ({versions}), and they do not give the recorded figures within the "
                    f"stated errors. {self.difference} This says nothing about the record itself: whether it was changed, "
                    "its hash tells."
                )
            case "differs":
                return (
                    f"The versions that the record names do not give its figures again. {self.difference} Whether the "
                    "record was changed, its hash tells; if it was not, this installation computes otherwise."
                )
        return f"Nothing could be computed from the record: {self.cause}"

    @property
    def difference(self) -> str:
        """The largest difference, in words."""
        if self.largest is None:
            return "No single figure differs."
        gap = self.largest
        size = "" if gap.of_errors is None else f", {gap.of_errors:.1f} standard errors apart"
        return f"The largest difference: {self.place}, {_figure(gap.stored)} in the record and {_figure(gap.again)} here{size}."


def recomputed(record: str) -> Recomputation:
    """Compute the result of a record again at full depth and compare. Reads nothing but the text; writes nothing."""
    try:
        held = json.loads(record)
        problem = records.problem_of(held)
        stored, others = held["result"]["numbers"], _others(held["software"])
        if canonical(problem.panel) != canonical(held["panel"]):
            return Recomputation(UNREADABLE, cause="its panel values are not what its ratings and agreed values give.")
        again = json.loads(json.dumps(full(problem)))
        found = compare(stored, again)
    except (FrameworkErrors, EvaluationError, LookupError, TypeError, ValueError, AttributeError) as problem_found:
        return Recomputation(UNREADABLE, cause=_cause(problem_found))
    digests = stored["input_digest"], again["input_digest"]
    if stored["engine"] == again["engine"] and digests[0] != digests[1]:
        return Recomputation(UNREADABLE, cause="its facts, criteria and ratings are not those that its result names.")
    place = words_of(found.largest.path, stored, held) if found.largest else ""
    return Recomputation(_outcome(found, others), found.figures, others, found.largest, place)


def _outcome(found: Comparison, others: tuple[Version, ...]) -> str:
    if found.exact:
        return SAME
    if not others:
        return DIFFERS
    return WITHIN if found.within else BEYOND


def _others(named: Mapping[str, str]) -> tuple[Version, ...]:
    """The versions that decide and are not the record's; one that an old record does not name counts as the same."""
    here = {"engine": ENGINE_VERSION} | software()
    return tuple(
        Version(words, named[key], here[key])
        for key, words in DECIDE.items()
        if key in named and named[key] != here[key]
    )


def _cause(problem: Exception) -> str:
    if isinstance(problem, KeyError):
        return f"it lacks {problem}."
    if isinstance(problem, json.JSONDecodeError):
        return "it is no JSON."
    if isinstance(problem, (TypeError, IndexError, AttributeError)):
        return "it has not the form that this release reads."
    return str(problem)


def _figure(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return "nothing" if value is None else str(value)


_WORDS = {
    "first_share": "share of plausible weights",
    "any_weights": "any weights",
    "p50": "median",
    "p80": "P80",
    "p95": "P95",
    "slip": "delay",
    "spending": "cost by half-year",
    "delay": "delay by half-year",
    "breach": "chance of more than can be absorbed",
    "breach_by": "chance of more than can be absorbed",
    "breach_ever": "chance of more than can ever be absorbed",
    "O": "operational",
    "R": "regulatory",
    "X": "execution",
}


def words_of(path: tuple[str, ...], numbers: Mapping[str, Any], held: Mapping[str, Any]) -> str:
    """Where in a scorecard a figure stands, in words: "risk, CDMO, delay, P80"."""
    document = held["criteria"]["document"]
    names = {option["key"]: option["name"] for option in numbers["options"]}
    for dimension in document["dimensions"]:
        names[dimension["key"]] = dimension["name"]
        names |= {leaf["key"]: leaf["name"] for leaf in dimension["criteria"]}
    names |= {key: one["name"] for key, one in numbers["scenarios"].items()}
    parts = []
    for step in path:
        if step in ("options", "value"):
            continue
        if "|" in step:
            parts.append(" against ".join(names.get(key, key) for key in step.split("|")))
        elif step.isdecimal():
            parts.append(f"no. {int(step) + 1}")
        else:
            parts.append(names.get(step) or _WORDS.get(step, step.replace("_", " ")))
    return ", ".join(parts)


def recompute(*, member: Membership, submission: Submission) -> Recomputation:
    """Recompute a submission from its record before somebody's eyes; the reading is an audit event.

    submission  one whose review the member may see
    Raises      NotAllowed
    """
    permissions.can_verify(member.now(), submission.review.program).require()
    found = recomputed(submission.record)
    with transaction.atomic():
        record_event(
            "submission.recomputed",
            organization_id=submission.organization_id,
            actor=member,
            subject=submission,
            program=submission.review.program,
            review=submission.review,
            new={
                "sha256": submission.sha256,
                "outcome": found.outcome,
                "said": found.sentence,
                "software": {"makewhere": settings.VERSION, "engine": ENGINE_VERSION} | software(),
            },
        )
    return found
