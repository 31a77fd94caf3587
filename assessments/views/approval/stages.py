"""Steps, proposals and signatures as the approval page prints them."""

import datetime
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from accounts.models import Membership, Organization
from assessments import permissions
from assessments.models import (
    ApprovalParty,
    ApprovalStep,
    Condition,
    Delegation,
    ProposedDecision,
    ReturnQuestion,
    Review,
    Signature,
    StepReassignment,
    Submission,
    Tripwire,
)
from assessments.services import proposals, rerouting, routes
from assessments.services.able_to_sign import Able
from assessments.views.duty_words import despite_words

STATES = {"done": "done", "open": "current", "waiting": "waiting", "ended": "stopped"}
MOST_NAMES = 3


@dataclass(frozen=True)
class SignatureLine:
    """A signature and whether it still counts.

    stands_from  number of the former submission that it was given on, and whose hash it binds; None: of this one
    place        in whose place on the step its signer stands, in words; empty: in nobody's
    """

    signature: Signature
    void: bool
    stands_from: int | None = None
    place: str = ""


@dataclass(frozen=True)
class Stage:
    """A step: its signatures, and for whom it waits in words.

    reassigned   what was reassigned, by whom and why, in sentences
    days_late    since it was due; 0 if it is not late
    reminded_at  by the lead, within the last day
    left         the parties for whom nobody has signed yet
    stuck        whether it cannot be completed as things are: nobody can sign for a place that it needs
    """

    step: ApprovalStep
    state: str
    rule: str
    signatures: Sequence[SignatureLine]
    waiting: Sequence[str]
    reassigned: Sequence[str] = ()
    days_late: int = 0
    reminded_at: datetime.datetime | None = None
    left: Sequence[ApprovalParty] = ()
    stuck: bool = False


@dataclass(frozen=True)
class Proposal:
    """A proposed decision as it was frozen.

    conditions  each also with `gone`, who has to see to it now and why they cannot ("" where they can), and, of a decision
                that was made, `now`: the condition as it stands, with `new_owner`, to whom it was handed over since ("")
    stands      whether it is the latest of its submission
    tripwires   each also with `gone`, as a condition
    may_hand_over  whether the reader may give a condition whose owner is gone to somebody else
    """

    row: ProposedDecision
    sentence: str
    conditions: Sequence[Mapping[str, Any]]
    overrides: Sequence[Mapping[str, Any]]
    tripwires: Sequence[Mapping[str, Any]] = ()
    stands: bool = True
    may_hand_over: bool = False

    @property
    def option_kind(self) -> str:
        return self.row.option.kind if self.row.option else ""


def short(digest: str) -> str:
    return f"{digest[:4]}…{digest[-4:]}"


def proposals_of(
    submission: Submission, review: Review, *, commercial: bool, reader: Membership | None = None
) -> list[Proposal]:
    """The proposed decisions of a submission, the latest first.

    reader  who reads the latest submission to act on it: what became of its conditions, and whether the reader may hand
            one over; None: of a submission whose decision is not made, only what was frozen
    """
    decided = review.state in Review.RECORDED
    followed = decided or (reader is not None and review.state == Review.State.IN_APPROVAL)
    standing = {row.key: row for row in review.conditions.with_gone().select_related("owner__user")} if followed else {}
    watched = {row.key: row for row in review.tripwires.with_gone().select_related("owner__user")} if followed else {}
    left = [row for row in standing.values() if row.owner_left]
    # Somebody who is gone hands nothing over: whether the reader may is the same for each of these.
    may = bool(left and reader and review.state == Review.State.APPROVED) and bool(
        permissions.can_hand_over_condition(reader, left[0])
    )
    found: list[Proposal] = []
    for row in submission.proposed_decisions.select_related("option", "author__user").order_by("-number"):
        said = proposals.said_in(row, review, commercial=commercial)
        rows, wires = (standing, watched) if decided or not found else ({}, {})
        conditions = [_followed(entry, rows.get(entry["key"]), decided) for entry in said["conditions"]]
        tripwires = [
            wire | {"by_on": _date(wire["by_on"]), "gone": _gone_words(wires.get(wire["key"]))}
            for wire in said["tripwires"]
        ]
        found.append(Proposal(row, said["sentence"], conditions, said["overrides"], tripwires, not found, may))
    return found


def _followed(entry: Mapping[str, Any], row: Condition | None, decided: bool) -> dict[str, Any]:
    """A condition as it was frozen, with what became of it."""
    owner = row.owner if row else None
    signed = entry["owner"]["uuid"] if entry["owner"] else ""
    return {
        **entry,
        "due_on": _date(entry["due_on"]),
        "now": row if decided else None,
        "new_owner": owner.name if decided and owner and str(owner.uuid) != signed else "",
        "gone": _gone_words(row),
    }


def _gone_words(row: Condition | Tripwire | None) -> str:
    """Who has to see to it and why they cannot; "" where they can."""
    return f"{row.owner.name} {row.gone}" if row and row.owner and row.gone else ""


def _date(text: str | None) -> datetime.date | None:
    return datetime.date.fromisoformat(text) if text else None


def stages_of(submission: Submission, proposed: ProposedDecision) -> list[Stage]:
    """The steps of a submission with who signed and whom they wait for, in a fixed number of queries."""
    steps = list(
        submission.steps.prefetch_related("parties__function", "parties__membership__user").order_by("position", "pk")
    )
    signatures = routes.signatures_of(steps)
    unfinished = [step for step in steps if step.state in ("open", "waiting")]
    counting = {key: [one for one in given if not _is_void(one, proposed)] for key, given in signatures.items()}
    able = Able(steps, [submission.review], signatures, counting)
    people = _People(submission.organization, able)
    moved = reassignments_of(steps)
    reminders = rerouting.reminders_of(submission.review, unfinished) if unfinished else {}
    today = routes.today_in(submission.organization)
    found = []
    for step in steps:
        given_away = moved.get(step.pk, [])
        places = places_of(given_away)
        lines = [
            SignatureLine(
                one,
                _is_void(one, proposed),
                None if one.submission_id == submission.pk else one.submission.number,
                "" if one.function_id else places.get(routes.signer_of(one), ""),
            )
            for one in signatures[step.pk]
        ]
        left = routes.unsigned(step, list(step.parties.all()), counting[step.pk])
        waiting = [people.words(party, step) for party in left] if step in unfinished else []
        if step.state == "open" and step.rule != ApprovalStep.Rule.ALL and counting[step.pk]:
            signed = {one.membership_id for one in counting[step.pk]}
            who = [people.words(party, step, without=signed) for party in step.parties.all()]
            waiting = [f"{routes.missing_signatures(step, counting[step.pk])} more ({'; '.join(who)})"]
        late = (today - step.due_on).days if step.state == "open" and step.due_on else 0
        reminded = reminders.get(step.pk) if step.state == "open" else None
        found.append(
            Stage(
                step,
                STATES[step.state],
                rule_words(step),
                lines,
                waiting,
                [_reassigned_words(row) for row in given_away],
                max(0, late),
                reminded,
                left,
                step in unfinished and bool(able.lacking(step)),
            )
        )
    return found


def reassignments_of(steps: Sequence[ApprovalStep]) -> dict[int, list[StepReassignment]]:
    """What was reassigned on the steps of one submission, by the step's key, in its order.

    After a question the places are those of the submission that it was asked of: what was reassigned there stands too, as
    far as whoever took a place then has it still
    """
    if not steps:
        return {}
    followed = _answers_of(steps[0].review_id, steps[0].submission_id)
    rows = list(
        StepReassignment.objects.filter(step__submission__in=followed, step__key__in=[step.key for step in steps])
        .select_related("step", "former_membership__user", "former_function", "membership__user", "by__user")
        .order_by("pk")
    )
    found: dict[int, list[StepReassignment]] = {}
    for step in steps:
        held = {party.membership_id for party in step.parties.all() if party.membership_id}
        kept: list[StepReassignment] = []
        for row in reversed([one for one in rows if one.step.key == step.key]):
            if row.step_id == step.pk or row.membership_id in held:
                kept.insert(0, row)
                held.add(row.former_membership_id)
        if kept:
            found[step.pk] = kept
    return found


def _answers_of(review: int, submission: int) -> list[int]:
    """The submission and, where it answers a question, the one of which that was asked, and so on; as keys."""
    asked = ReturnQuestion.objects.filter(review=review).exclude(answered_in=None)
    before = dict(asked.values_list("answered_in", "submission"))
    found = [submission]
    while found[-1] in before:
        found.append(before[found[-1]])
    return found


def _reassigned_words(row: StepReassignment) -> str:
    return f"{row.membership.name} in place of {row.in_place_of}, by {row.by.name} {row.at:%-d %b %Y}: {row.reason}"


def places_of(rows: Sequence[StepReassignment]) -> dict[int, str]:
    """Who stands in whose place on a step, in words by the key of the membership: whom the route named at first, however
    often the place was given on."""
    found: dict[int, str] = {}
    for row in rows:
        found[row.membership_id] = found.pop(row.former_membership_id or 0, "") or row.in_place_of
    return found


def _is_void(signature: Signature, proposed: ProposedDecision) -> bool:
    return signature.proposed_decision_id is not None and signature.proposed_decision_id != proposed.pk


def rule_words(step: Any) -> str:
    """How many must sign, and whom the route lets sign in spite of what they did: "at least 2 sign"."""
    words = {ApprovalStep.Rule.ALL: "each of them signs", ApprovalStep.Rule.AT_LEAST: f"at least {step.at_least} sign"}
    who = despite_words(step.despite)
    return words.get(step.rule, "one of them signs") + (f", also {who}" if who else "")


class _People:
    """Who could sign for the places, by name."""

    def __init__(self, organization: Organization, able: Able):
        self.able = able
        self.delegated: dict[int, list[str]] = {}
        given = Delegation.objects.in_force(organization).filter(giver__in=able.people)
        for one in given.select_related("taker__user"):
            self.delegated.setdefault(one.giver_id, []).append(f"{one.taker.name} until {one.last_day:%-d %b %Y}")

    def words(self, party: ApprovalParty, step: ApprovalStep, *, without: Collection[int] = ()) -> str:
        """For whom a place waits; a named person with whoever signs in their place.

        without  those who signed already, by key
        """
        names = [self._name(person) for person in self.able.of(party, step) if person.pk not in without]
        if party.membership_id:
            return names[0] if names else f"{party.membership.name}, who cannot sign now"
        return f"{party.function.name if party.function else party.role}: {names_of(names)}"

    def _name(self, person: Membership) -> str:
        takers = self.delegated.get(person.pk)
        return f"{person.name} (delegated to {' and '.join(takers)})" if takers else person.name


def names_of(names: Sequence[str]) -> str:
    """ "Ada Ng or Ben Ode", at most three names."""
    if not names:
        return "nobody can sign now"
    if len(names) > MOST_NAMES:
        return f"{', '.join(names[:MOST_NAMES])} or {len(names) - MOST_NAMES} more"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
