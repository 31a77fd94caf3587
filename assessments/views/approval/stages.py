"""Steps, proposals and signatures as the approval page prints them."""

import datetime
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from accounts.models import Membership
from assessments.models import ApprovalParty, ApprovalStep, ProposedDecision, Review, Signature, Submission
from assessments.scoring.confidential import HIDDEN, confidential
from assessments.services import routes
from assessments.services.frameworks import framework_of

STATES = {"done": "done", "open": "current", "waiting": "waiting", "ended": "stopped"}
MOST_NAMES = 3


@dataclass(frozen=True)
class SignatureLine:
    """A signature and whether it still counts."""

    signature: Signature
    void: bool


@dataclass(frozen=True)
class Stage:
    """A step: its signatures, and for whom it waits in words."""

    step: ApprovalStep
    state: str
    rule: str
    signatures: Sequence[SignatureLine]
    waiting: Sequence[str]


@dataclass(frozen=True)
class Proposal:
    """A proposed decision as it was frozen."""

    row: ProposedDecision
    sentence: str
    conditions: Sequence[Mapping[str, Any]]
    overrides: Sequence[Mapping[str, Any]]

    @property
    def option_kind(self) -> str:
        return self.row.option.kind if self.row.option else ""


def short(digest: str) -> str:
    return f"{digest[:4]}…{digest[-4:]}"


def proposals_of(submission: Submission, review: Review, *, commercial: bool) -> list[Proposal]:
    """The proposed decisions of a submission, the latest first."""
    hidden = frozenset() if commercial else confidential(framework_of(review.criteria_version)).gates
    found = []
    for row in submission.proposed_decisions.select_related("option", "author__user").order_by("-number"):
        record = json.loads(row.record)
        conditions = [
            entry
            | {"because": HIDDEN if entry["gate"] in hidden else entry["because"], "due_on": _date(entry["due_on"])}
            for entry in record["conditions"]
        ]
        found.append(Proposal(row, record["sentence"], conditions, record["overrides"]))
    return found


def _date(text: str | None) -> datetime.date | None:
    return datetime.date.fromisoformat(text) if text else None


def stages_of(submission: Submission, proposed: ProposedDecision) -> list[Stage]:
    """The steps of a submission with who signed and whom they wait for, in a fixed number of queries."""
    steps = list(
        submission.steps.prefetch_related(
            "parties__function", "parties__membership__user", "signatures__function"
        ).order_by("position", "pk")
    )
    people = _People(submission)
    found = []
    for step in steps:
        lines = [SignatureLine(one, _is_void(one, proposed)) for one in step.signatures.all()]
        counting = [line.signature for line in lines if not line.void]
        left = routes.unsigned(step, list(step.parties.all()), counting)
        waiting = [people.words(party, step) for party in left] if step.state in ("open", "waiting") else []
        if step.state == "open" and step.rule != ApprovalStep.Rule.ALL and counting:
            waiting = [f"{_missing(step, counting)} more"]
        found.append(Stage(step, STATES[step.state], rule_words(step), lines, waiting))
    return found


def _is_void(signature: Signature, proposed: ProposedDecision) -> bool:
    return signature.proposed_decision_id is not None and signature.proposed_decision_id != proposed.pk


def _missing(step: ApprovalStep, counting: Sequence[Signature]) -> int:
    wanted = step.at_least or 1
    return max(0, wanted - len({signature.membership_id for signature in counting}))


def rule_words(step: Any) -> str:
    """How many must sign: "each of them", "one of them", "at least 2"."""
    if step.rule == ApprovalStep.Rule.ALL:
        return "each of them signs"
    if step.rule == ApprovalStep.Rule.AT_LEAST:
        return f"at least {step.at_least} sign"
    return "one of them signs"


class _People:
    """Who could sign for a party, by name; read once for all steps."""

    def __init__(self, submission: Submission):
        review = submission.review
        self.all = list(
            Membership.objects.active()
            .filter(organization_id=review.organization_id)
            .with_rights()
        )  # fmt: skip
        self.involved = set(review.ratings.values_list("membership_id", flat=True))
        self.involved |= set(review.submissions.values_list("submitted_by_id", flat=True))

    def words(self, party: ApprovalParty, step: ApprovalStep) -> str:
        if party.membership_id:
            return party.membership.name
        who = [
            person
            for person in self.all
            if (party.function_id and party.function_id in {one.pk for one in person.functions})
            or (party.role and party.role in person.roles)
        ]
        if step.kind == ApprovalStep.Kind.EXECUTIVE:
            who = [person for person in who if "approver" in person.roles and person.pk not in self.involved]
        return f"{party.function.name if party.function else party.role}: {names_of(who)}"


def names_of(people: Sequence[Membership]) -> str:
    """ "Ada Ng or Ben Ode", at most three names."""
    if not people:
        return "nobody can sign now"
    names = [person.name for person in people[:MOST_NAMES]]
    if len(people) > MOST_NAMES:
        return f"{', '.join(names)} or {len(people) - MOST_NAMES} more"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
