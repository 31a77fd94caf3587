"""Proposed decisions: which choice is open under which result, in which words, and how it is frozen."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from accounts.audit import canonical_json, database_now, sha256_of
from accounts.models import Membership
from assessments.errors import Invalid
from assessments.models import ProposedDecision, Review, ReviewOption, Submission
from assessments.scoring.confidential import HIDDEN, confidential
from assessments.services import conditions, tripwires
from assessments.services.conditions import Line
from assessments.services.frameworks import framework_of
from assessments.services.reviews import problem, too_long

FORMAT = "makewhere.proposed_decision/1"
Kind = ProposedDecision.Kind
LONGEST_TEXT = 8000
LONGEST_REASON = 4000
AMENDED_MEANWHILE = "The proposed decision was amended meanwhile. Read it before you amend it again."
AMENDED_ALREADY = "You amended it yourself already, on {at:%-d %b at %H:%M} UTC: number {number} is yours."


@dataclass(frozen=True)
class Choice:
    """A choice that the result leaves open.

    overrides  the blocking gates that it sets aside, each {"gate", "name", "message", "reason"}
    sentence   the choice in words, worded by the verdict
    """

    kind: str
    option: ReviewOption | None
    justification: str
    overrides: list[dict[str, str]]
    sentence: str

    @property
    def option_key(self) -> str:
        return self.option.key if self.option else ""


def blocking(numbers: Mapping[str, Any], option_key: str) -> list[dict[str, str]]:
    """The gates that block an option, each once: {"gate", "name", "message"}."""
    found: dict[str, dict[str, str]] = {}
    for gate in numbers["gates"]:
        if gate["effect"] == "block" and option_key in gate["options"]:
            entry = found.setdefault(gate["id"], {"gate": gate["id"], "name": gate["name"], "message": ""})
            entry["message"] = f"{entry['message']} {gate['message']}".strip()
    return list(found.values())


def sentence_of(kind: str, option_key: str, numbers: Mapping[str, Any]) -> str:
    """A choice in one sentence. Only an option ahead of another open one is called recommended."""
    verdict = numbers["verdict"]
    names = {option["key"]: option["name"] for option in numbers["options"]}
    name, first = names.get(option_key, ""), names.get(verdict["option"] or "", "")
    if kind == Kind.NOT_YET:
        return "Commit to no option until the conditions are met."
    if kind == Kind.RECOMMENDED:
        match verdict["kind"]:
            case "best_remaining":
                return f"Choose {name}, the best remaining option: every other one is blocked."
            case "clear" | "leaning":
                return f"Choose {name}, as recommended."
        return f"Choose {name}, first in a close call."
    stopped = [gate["name"] for gate in blocking(numbers, option_key)]
    aside = f", setting aside what blocks it ({', '.join(stopped)})" if stopped else ""
    if option_key in verdict["tied"]:
        others = " and ".join(names[key] for key in verdict["tied"] if key != option_key)
        return f"Choose {name}, which the result puts level with {others}."
    if not first:
        standing = "the result names no option" if verdict["tied"] else "the result holds no option credible"
        return f"Choose {name}, although {standing}{aside}."
    standing = {
        "best_remaining": "the best remaining option",
        "clear": "the recommended option",
        "leaning": "the recommended option",
    }.get(verdict["kind"], "first in a close call")
    return f"Choose {name} instead of {first}, {standing}{aside}."


def check_choice(
    review: Review,
    numbers: Mapping[str, Any],
    *,
    kind: str,
    option_key: str,
    justification: str,
    overrides: Mapping[str, str] | None,
) -> Choice:
    """The choice, if the result leaves it open.

    recommended  the option that the verdict names, and no other
    alternative  any other; a blocked one only with a reason for each gate that blocks it
    not_yet      no option
    Raises       Invalid naming every fault
    """
    problems = []
    first = numbers["verdict"]["option"]
    option = ReviewOption.objects.filter(review=review, key=option_key).first() if option_key else None
    if kind not in Kind.values:
        problems.append(problem("kind", "Choose what is proposed.", kind))
    elif kind == Kind.NOT_YET:
        if option_key:
            problems.append(problem("option", "“Not yet” commits to no option.", option_key))
    elif option is None:
        problems.append(problem("option", "Choose an option of this review.", option_key))
    elif kind == Kind.RECOMMENDED and option.key != first:
        words = "The result names no option." if first is None else f"The result does not name {option.name}."
        problems.append(problem("option", f"{words} Propose it as another option, with the reasons.", option_key))
    elif kind == Kind.ALTERNATIVE and option.key == first:
        problems.append(problem("kind", f"{option.name} is what the result says; propose it as that.", kind))
    if not justification.strip():
        problems.append(problem("justification", "Say why, in the words that the signers will read.", justification))
    problems += too_long("justification", justification, LONGEST_TEXT, what="A justification")
    given = {gate: reason.strip() for gate, reason in (overrides or {}).items() if reason.strip()}
    stopped = blocking(numbers, option.key) if option and kind == Kind.ALTERNATIVE else []
    for gate in stopped:
        if gate["gate"] not in given:
            message = f"{gate['name']} ({gate['gate']}) blocks {option.name}: give the reason for setting it aside."
            problems.append(problem("overrides", message, "", gate["gate"]))
        else:
            problems += too_long("overrides", given[gate["gate"]], LONGEST_REASON, option=gate["gate"])
    for key in sorted(set(given) - {gate["gate"] for gate in stopped}):
        problems.append(problem("overrides", f"{key} does not block this choice.", given[key], key))
    if problems:
        raise Invalid(problems)
    reasons = [gate | {"reason": given[gate["gate"]]} for gate in stopped]
    sentence = sentence_of(kind, option.key if option else "", numbers)
    return Choice(kind, option, justification.strip(), reasons, sentence)


def content_of(choice: Choice, lines: Sequence[Line], submission: Submission) -> dict[str, Any]:
    """What a proposed decision says, without who wrote it when."""
    return {
        "kind": choice.kind,
        "option": {"key": choice.option.key, "kind": choice.option.kind, "name": choice.option.name}
        if choice.option
        else None,
        "sentence": choice.sentence,
        "justification": choice.justification,
        "conditions": conditions.entries_of(lines, submission.revision.assessment_date),
        "tripwires": tripwires.entries_of(
            submission.review, submission.revision.facts, submission.revision.assessment_date
        ),
        "overrides": choice.overrides,
    }


def said_in(proposed: ProposedDecision, review: Review, *, commercial: bool) -> dict[str, Any]:
    """What a proposed decision says, read from its frozen record.

    commercial  False leaves out what rests on prices and terms: reasons of gates, and of tripwires on such facts the
                threshold, the words, and what somebody wrote beside them
    """
    said: dict[str, Any] = json.loads(proposed.record)
    if commercial:
        return said
    hidden = confidential(framework_of(review.criteria_version)).gates
    shown: dict[str, Any] = dict(said)
    shown["conditions"] = [
        entry | {"because": HIDDEN} if entry["gate"] in hidden else entry for entry in said["conditions"]
    ]
    shown["overrides"] = [
        entry | {"message": HIDDEN} if entry["gate"] in hidden else entry for entry in said["overrides"]
    ]
    shown["tripwires"] = [
        wire | {"sentence": HIDDEN, "threshold": None, "because": ""} if wire["commercial"] else wire
        for wire in said["tripwires"]
    ]
    return shown


def write(
    submission: Submission,
    choice: Choice,
    lines: Sequence[Line],
    author: Membership,
    *,
    on_behalf_of: Membership | None = None,
) -> ProposedDecision:
    """The next proposed decision of a submission, frozen with its digest, which covers the submission's.

    on_behalf_of  in whose place the author wrote it, by a delegation
    """
    written_by: dict[str, Any] = {"uuid": author.uuid, "name": author.name}
    if on_behalf_of:
        written_by["on_behalf_of"] = {"uuid": on_behalf_of.uuid, "name": on_behalf_of.name}
    number = submission.proposed_decisions.count() + 1
    at = database_now()
    record = canonical_json(
        {
            "format": FORMAT,
            "submission": {"uuid": submission.uuid, "number": submission.number, "sha256": submission.sha256},
            "number": number,
            "author": written_by,
            "at": at,
            **content_of(choice, lines, submission),
        }
    )
    return ProposedDecision.objects.create(
        organization_id=submission.organization_id,
        submission=submission,
        number=number,
        kind=choice.kind,
        option=choice.option,
        justification=choice.justification,
        record=record,
        sha256=sha256_of(record),
        author=author,
        created_at=at,
    )


def amended_words(stands: ProposedDecision, member: Membership) -> str:
    """What is said to somebody who amends a former proposed decision: also that the later one is their own."""
    if stands.author_id != member.pk or stands.number == 1:
        return AMENDED_MEANWHILE
    return AMENDED_ALREADY.format(at=stands.created_at, number=stands.number)
