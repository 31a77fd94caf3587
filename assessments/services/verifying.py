"""Checking a stored decision: whether record, proposals and signatures still are what was signed."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from accounts.audit import sha256_of
from accounts.models import AuditEvent
from assessments.errors import FileDamaged
from assessments.models import Decision, ProposedDecision, Review, Signature, Submission
from assessments.scoring.framework import canonical
from assessments.services import files, questions, routes, signing

RECORDED = ("submission.made", "decision.amended", "signature.given")
ODD = (
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
    RecursionError,
)  # what rows and records of another form raise


@dataclass(frozen=True)
class Mismatch:
    """what: the record, by its name; message: what about it does not match."""

    what: str
    message: str


def verify(submission: Submission) -> list[Mismatch]:
    """Recompute every hash of a submission, its proposed decisions and its signatures; what does not match, by name.

    Finds a changed record or proposal, also one whose hash was taken anew, rows that say something else than the record,
    and a signature that was altered, moved, copied or removed.
    """
    events = _events(submission)
    name = str(submission)
    found = _part(name, lambda: [Mismatch(name, words) for words in _record(submission, events)])
    proposals = list(submission.proposed_decisions.select_related("option").order_by("number"))
    if [proposed.number for proposed in proposals] != list(range(1, len(proposals) + 1)) or not proposals:
        found.append(Mismatch(name, "A proposed decision of it is gone."))
    for proposed in proposals:
        found += _part(str(proposed), partial(_proposed, submission, proposed, events))
    signatures = list(
        submission.signatures.select_related(
            "organization", "step", "submission", "proposed_decision", "membership__user", "function"
        )
    )
    for signature in signatures:
        found += _part(f"Signature of {signature}", partial(_of_signature, submission, signature))
    found += _part(name, partial(_standing, submission))
    return found + _part(name, partial(_trail, submission, signatures, events))


def _part(what: str, check: Callable[[], Iterable[Mismatch]]) -> list[Mismatch]:
    """What a check finds; what it cannot read is a finding too, and keeps no other check from being made."""
    try:
        return list(check())
    except ODD as problem:
        words = f"Its rows or its record have not the form that this release reads ({type(problem).__name__})."
        return [Mismatch(what, words)]


def _said(event: AuditEvent, key: str) -> Any:
    """What an event says under a key; None where it says nothing of the kind."""
    return event.new.get(key) if isinstance(event.new, dict) else None


def _of_signature(submission: Submission, signature: Signature) -> list[Mismatch]:
    return [Mismatch(f"Signature of {signature}", words) for words in _signature(submission, signature)]


def _standing(submission: Submission) -> list[Mismatch]:
    """Signatures of former submissions stand for a step only where their record says the same."""
    found = []
    for step in submission.steps.exclude(stands_on=None).select_related("stands_on__submission"):
        former = step.stands_on.submission
        earlier = former.review_id == submission.review_id and former.number < submission.number
        if not earlier or not questions.says_the_same(former.record, submission.record):
            words = f"It stands on signatures of submission {former.number}, whose record says something else."
            found.append(Mismatch(step.name, words))
        standing = (
            Signature.objects.at(step)
            .exclude(step=step)
            .select_related("organization", "step", "submission", "proposed_decision", "membership__user", "function")
        )
        for one in standing:
            found += _of_signature(one.submission, one)
    return found


def _events(submission: Submission) -> dict[str, list[AuditEvent]]:
    """What the audit trail says of the review's records, by action."""
    found: dict[str, list[AuditEvent]] = {action: [] for action in RECORDED}
    for event in AuditEvent.objects.filter(review_uuid=submission.review.uuid, action__in=RECORDED).order_by("pk"):
        found[event.action].append(event)
    return found


def _record(submission: Submission, events: Mapping[str, list[AuditEvent]]) -> list[str]:
    if sha256_of(submission.record) != submission.sha256:
        # Nothing else is held against a record that was changed.
        return ["The record is not the one that its hash was taken of."]
    faults = []
    made = [_said(event, "sha256") for event in events["submission.made"] if event.object_uuid == submission.uuid]
    if not made:
        faults.append("The audit trail knows no such submission.")
    elif made[0] != submission.sha256:
        faults.append("The audit trail holds another hash for it.")
    try:
        held = json.loads(submission.record)
        said = (held["number"], held["review"]["uuid"], held["facts"]["revision"]["uuid"], held["result"]["uuid"])
        values, numbers = held["facts"]["values"], held["result"]["numbers"]
        answer = held["return"]["answer"] if "return" in held else ""
    except (ValueError, KeyError, TypeError):
        return [*faults, "The record cannot be read."]
    revision, scorecard = submission.revision, submission.scorecard
    if said != (submission.number, str(submission.review.uuid), str(revision.uuid), str(scorecard.uuid)):
        faults.append("Its row names other things than its record.")
    if answer != submission.return_answer:
        faults.append("Its row answers the return otherwise than its record.")
    if canonical(values) != canonical(revision.facts):
        faults.append(f"Revision {revision.number} of the facts says something else than the record.")
    if canonical(numbers) != canonical(scorecard.numbers):
        faults.append("The stored result says something else than the record.")
    return faults


def _proposed(
    submission: Submission, proposed: ProposedDecision, events: Mapping[str, list[AuditEvent]]
) -> list[Mismatch]:
    faults = []
    if sha256_of(proposed.record) != proposed.sha256:
        faults.append("The record is not the one that its hash was taken of.")
    recorded = [
        _said(event, "proposed_sha256") for event in events["submission.made"] if event.object_uuid == submission.uuid
    ]
    if proposed.number > 1:
        recorded = [
            _said(event, "sha256") for event in events["decision.amended"] if event.object_uuid == proposed.uuid
        ]
    if recorded != [proposed.sha256]:
        faults.append("The audit trail knows no proposed decision with this hash.")
    try:
        held = json.loads(proposed.record)
        option = held["option"]["key"] if held["option"] else None
        said = (held["kind"], option, held["justification"], held["number"], held["submission"]["sha256"])
    except (ValueError, KeyError, TypeError):
        return [Mismatch(str(proposed), "The record cannot be read.")]
    stored = (
        proposed.kind,
        proposed.option.key if proposed.option else None,
        proposed.justification,
        proposed.number,
        submission.sha256,
    )
    if said != stored:
        faults.append("Its row says something else than its record.")
    return [Mismatch(str(proposed), words) for words in faults]


def _signature(submission: Submission, signature: Signature) -> list[str]:
    faults = []
    if signing.digest_of(signature) != signature.digest:
        faults.append("It was altered, moved or copied: its digest does not match what it stands under.")
    if signature.step.submission_id != submission.pk:
        faults.append("It stands under the step of another submission.")
    if signature.submission_sha256 != submission.sha256:
        faults.append("It was given for another submission.")
    proposed = signature.proposed_decision
    if proposed is not None and (
        proposed.submission_id != submission.pk or proposed.sha256 != signature.proposed_sha256
    ):
        faults.append("It was given for another proposed decision.")
    return faults


def _trail(
    submission: Submission, signatures: list[Signature], events: Mapping[str, list[AuditEvent]]
) -> list[Mismatch]:
    """The audit trail names every signature and its digest: none may be missing, none may be there without its event."""
    recorded = {
        event.object_uuid: event
        for event in events["signature.given"]
        if _said(event, "submission_sha256") == submission.sha256
    }
    found = []
    for signature in signatures:
        event = recorded.pop(signature.uuid, None)
        if event is None:
            found.append(Mismatch(f"Signature of {signature}", "The audit trail knows no such act."))
        elif _said(event, "digest") != signature.digest:
            found.append(Mismatch(f"Signature of {signature}", "The audit trail holds another digest for it."))
    for event in recorded.values():
        found.append(Mismatch(event.object_label, "The audit trail holds this signature, and it is gone."))
    return found


def verify_review(review: Review) -> list[Mismatch]:
    """What does not match among the records of a review: its submissions as a row, its decision, its reports' files.

    The submissions themselves are verified one by one, see `verify`.
    """
    submissions = list(review.submissions.order_by("number").defer("record"))
    found = []
    made = AuditEvent.objects.filter(review_uuid=review.uuid, action="submission.made")
    there = {submission.uuid for submission in submissions}
    for event in made.order_by("pk"):
        if event.object_uuid not in there:
            found.append(Mismatch(event.object_label, "The audit trail holds this submission, and it is gone."))
    decision = Decision.objects.filter(review=review).select_related("submission", "proposed_decision").first()
    decided = review.state in (Review.State.APPROVED, Review.State.SUPERSEDED)
    if decided and decision is None:
        found.append(Mismatch(str(review), f"It is {review.get_state_display().lower()} without a decision."))
    if decision is not None:
        name = f"Decision of {review}"
        if not decided:
            found.append(Mismatch(name, f"The review is {review.get_state_display().lower()}."))
        found += _part(name, partial(_of_decision, name, decision, submissions))
    for report in review.reports.filter(made_at__isnull=False).order_by("pk"):
        try:
            files.read_back(report.path, report.sha256)
        except FileDamaged as damage:
            found.append(Mismatch(f"Report {report.filename}", str(damage)))
    return found


def _of_decision(name: str, decision: Decision, submissions: list[Submission]) -> list[Mismatch]:
    return [Mismatch(name, words) for words in _decision(decision, submissions)]


def _decision(decision: Decision, submissions: list[Submission]) -> list[str]:
    faults = []
    proposed, submission = decision.proposed_decision, decision.submission
    if proposed.submission_id != submission.pk or submission.pk not in {one.pk for one in submissions}:
        return ["It stands on a submission or a proposed decision of something else."]
    if submission.pk != submissions[-1].pk:
        faults.append("It stands on a submission that was replaced.")
    if submission.proposed_decisions.filter(number__gt=proposed.number).exists():
        faults.append("It stands on a proposed decision that was amended.")
    for step in submission.steps.prefetch_related("parties"):
        counting = list(Signature.objects.at(step).counting(proposed))
        if step.state != step.State.DONE or not routes.fulfilled(step, list(step.parties.all()), counting):
            faults.append(f"{step.name} lacks signatures.")
    last = submission.signatures.counting(proposed).order_by("-at").first()
    if last is not None and last.at != decision.decided_at:
        faults.append("It bears another time than the last signature.")
    events = AuditEvent.objects.filter(action="decision.made", object_uuid=decision.uuid)
    if [_said(event, "proposed_sha256") for event in events] != [proposed.sha256]:
        faults.append("The audit trail knows no such decision.")
    return faults
