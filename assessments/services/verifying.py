"""Checking a stored decision: whether record, proposals and signatures still are what was signed."""

import json
from dataclasses import dataclass

from accounts.audit import canonical_json, sha256_of
from accounts.models import AuditEvent
from assessments.models import ProposedDecision, Signature, Submission
from assessments.services import signing


@dataclass(frozen=True)
class Mismatch:
    """what: the record, by its name; message: what about it does not match."""

    what: str
    message: str


def verify(submission: Submission) -> list[Mismatch]:
    """Recompute every hash of a submission, its proposed decisions and its signatures; what does not match, by name.

    Finds a changed record, a changed proposal, and a signature that was altered, moved, copied or removed.
    """
    found = []
    if sha256_of(submission.record) != submission.sha256:
        found.append(Mismatch(str(submission), "The record is not the one that its hash was taken of."))
    proposals = list(submission.proposed_decisions.select_related("option"))
    for proposed in proposals:
        found += _proposed(submission, proposed)
    signatures = list(
        submission.signatures.select_related(
            "organization", "step", "submission", "proposed_decision", "membership__user", "function"
        )
    )
    for signature in signatures:
        found += [Mismatch(f"Signature of {signature}", words) for words in _signature(submission, signature)]
    return found + _trail(submission, signatures)


def _proposed(submission: Submission, proposed: ProposedDecision) -> list[Mismatch]:
    faults = []
    if sha256_of(proposed.record) != proposed.sha256:
        faults.append("The record is not the one that its hash was taken of.")
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


def _trail(submission: Submission, signatures: list[Signature]) -> list[Mismatch]:
    """The audit trail names every signature and its digest: none may be missing, none may be there without its event."""
    events = AuditEvent.objects.filter(review_uuid=submission.review.uuid, action="signature.given")
    recorded = {
        event.object_uuid: event
        for event in events
        if event.new and event.new.get("submission_sha256") == submission.sha256
    }
    found = []
    for signature in signatures:
        event = recorded.pop(signature.uuid, None)
        if event is None:
            found.append(Mismatch(f"Signature of {signature}", "The audit trail knows no such act."))
        elif event.new["digest"] != signature.digest:
            found.append(Mismatch(f"Signature of {signature}", "The audit trail holds another digest for it."))
    for event in recorded.values():
        found.append(Mismatch(event.object_label, "The audit trail holds this signature, and it is gone."))
    return found


def is_canonical(record: str) -> bool:
    """Whether a record is in the canonical form that its hash is defined for."""
    return canonical_json(json.loads(record)) == record
