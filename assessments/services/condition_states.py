"""What becomes of the conditions of an approved decision: how far each is, by which evidence, who sees to it now. The
signed record stays."""

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.urls import reverse

from accounts.audit import record_event
from accounts.models import Membership
from accounts.permissions import Verdict
from assessments import permissions
from assessments.errors import Invalid, WrongState
from assessments.live import announce
from assessments.models import Condition, ConditionEvidence, Evidence, Review
from assessments.models.texts import AsStored
from assessments.services import evidence as evidence_service
from assessments.services import telling, twice
from assessments.services.inputs import lock_review
from assessments.services.leads import leads_of
from assessments.services.owing_watches import owe_for_review
from assessments.services.owning import owner_of
from assessments.services.reviews import problem, too_long
from assessments.services.versions import require_seen, shown_person

State = Condition.State
# From, to: whether the move wants a reason or a note.
EDGES = {
    (State.OPEN, State.IN_PROGRESS): False,
    (State.OPEN, State.DONE): True,
    (State.IN_PROGRESS, State.DONE): True,
    (State.IN_PROGRESS, State.OPEN): True,
    (State.DONE, State.IN_PROGRESS): True,
    (State.DONE, State.OPEN): True,
}
LONGEST_NOTE = 4000
MOVED, HANDED_OVER = "condition.moved", "condition.handed_over"


def next_states(condition: Condition) -> list[str]:
    return [str(after) for before, after in EDGES if before == condition.state]


def _locked(
    member: Membership,
    condition_id: int,
    may: Callable[..., Verdict] = permissions.can_move_condition,
    first: Callable[[Condition], None] = lambda row: None,
) -> tuple[Condition, Membership]:
    """first  refuses what the person did before; whoever handed a condition over may not do it once more"""
    review_id = Condition.objects.values_list("review_id", flat=True).get(pk=condition_id)
    review = lock_review(review_id, states=(Review.State.APPROVED,))
    row = (
        Condition.objects.select_for_update(no_key=True, of=("self",))
        .select_related("owner__user")
        .get(pk=condition_id)
    )
    row.review = review
    now = member.now()
    first(row)
    may(now, row).require()
    return row, now


def require_first_move(member: Membership, row: Condition, state: str, note: str, seen_version: int | None) -> None:
    """Raises DoneAlready where the person moved the condition so already, since they looked at it."""
    if seen_version is None or seen_version >= row.version:
        return
    words = f"You set this condition to {dict(State.choices).get(state, state).lower()}"
    twice.require_first(member, row, MOVED, words=words, url=address_of(row), reason=note, new={"state": state})


def address_of(row: Condition) -> str:
    return reverse("assessments:condition_detail", args=[row.uuid])


def keep_file(member: Membership, condition_id: int, given: evidence_service.Given) -> evidence_service.Kept:
    """Write what is given for a condition to the disk, before the act that attaches it and outside its transaction.

    Raises NotAllowed before anything is written, Invalid, NotStored
    """
    row = Condition.objects.select_related("review__program").get(pk=condition_id)
    permissions.can_move_condition(member.now(), row).require()
    return evidence_service.keep(row.organization_id, given)


def move(
    *,
    member: Membership,
    condition_id: int,
    state: str,
    note: str = "",
    given: evidence_service.Given | None = None,
    seen_version: int | None = None,
) -> Condition:
    """Say how far a condition is: open, in_progress, done, or back again with the reason.

    note    what was done, or why it is open again
    given   evidence that is attached with it
    Raises  NotAllowed, WrongState, Clash, DoneAlready, Invalid without a note where one is due, NotStored
    """
    kept = keep_file(member, condition_id, given) if given is not None else None
    return _move(member, condition_id, state, note, kept, seen_version)


@transaction.atomic
def _move(
    member: Membership,
    condition_id: int,
    state: str,
    note: str,
    kept: evidence_service.Kept | None,
    seen_version: int | None,
) -> Condition:
    row, now = _locked(member, condition_id)
    require_first_move(member, row, state, note, seen_version)
    require_seen(
        "this condition",
        seen_version,
        row.version,
        current={"state": row.state, "note": row.note},
        attempted={"state": state, "note": note},
    )
    if (row.state, state) not in EDGES:
        words = dict(State.choices).get(state, state)
        raise WrongState(f"A condition that is {row.get_state_display().lower()} does not become {words.lower()}.")
    note = note.strip()
    if EDGES[State(row.state), State(state)] and not note:
        what = "Say what was done, so that others can check it." if state == State.DONE else "Say why it is open again."
        raise Invalid([problem("note", what)])
    if found := too_long("note", note, LONGEST_NOTE, what="A note"):
        raise Invalid(found)
    if kept is not None:
        _attach(row, now, kept)
    done = state == State.DONE
    before = row.state
    Condition.objects.filter(pk=row.pk).update(
        state=state,
        note=note or AsStored(row.note),
        done_at=Now() if done else None,
        done_by=now if done else None,
        version=F("version") + 1,
    )
    row.refresh_from_db(fields=["state", "note", "version", "done_at", "done_by"])
    record_event(
        MOVED,
        organization_id=row.organization_id,
        actor=now,
        subject=row,
        program=row.review.program,
        review=row.review,
        old={"state": before},
        new={"state": state},
        reason=note,
    )
    if done:
        telling.tell(
            leads_of(row.review),
            "condition_done",
            row.review,
            title=f"A condition is met: {row.title}",
            body=note,
            url=address_of(row),
            key=f"condition_done:{row.uuid}:{row.version}",
            actor=now,
        )
    announce(row.review, row.review.inputs_revision)
    owe_for_review(row.review_id, now)
    return row


@transaction.atomic
def hand_over(
    *, member: Membership, condition_id: int, owner: Any, reason: str, seen_version: int | None = None
) -> Condition:
    """Let somebody else see to a condition, with the reason; whoever had it and whoever has it now are told.

    owner   a membership or its uuid
    Raises  NotAllowed, WrongState for one that is done, Clash, DoneAlready, Invalid
    """

    def first(row: Condition) -> None:
        given = shown_person(owner)
        if row.owner is None or given is None or given["id"] != str(row.owner.uuid):
            return
        if seen_version is not None and seen_version < row.version:
            words = f"You handed this condition over to {row.owner.name}"
            twice.require_first(member, row, HANDED_OVER, words=words, url=address_of(row), reason=reason)

    row, now = _locked(member, condition_id, permissions.can_hand_over_condition, first)
    require_seen(
        "this condition",
        seen_version,
        row.version,
        current={"owner": shown_person(row.owner), "state": row.state},
        attempted={"owner": shown_person(owner), "reason": reason},
    )
    if row.state == State.DONE:
        raise WrongState("This condition is done. Set it to in progress with the reason before it is handed over.")
    reason = reason.strip()
    problems: list[dict] = []
    taker = owner_of(row.review, owner, row.key, problems)
    former = row.owner
    if taker is not None and former is not None and taker.pk == former.pk:
        problems.append(problem("owner", f"{taker.name} owns it already.", str(taker.uuid), row.key))
    if not reason:
        problems.append(problem("reason", "Say why somebody else sees to it."))
    problems += too_long("reason", reason, LONGEST_NOTE)
    if problems:
        raise Invalid(problems)
    left = row.owner_left
    Condition.objects.filter(pk=row.pk).update(owner=taker, version=F("version") + 1)
    row.refresh_from_db(fields=["owner", "version"])
    row.gone = ""
    record_event(
        HANDED_OVER,
        organization_id=row.organization_id,
        actor=now,
        subject=row,
        program=row.review.program,
        review=row.review,
        old={"owner": former.name if former else None, "left": left},
        new={"owner": taker.name},
        reason=reason,
    )
    telling.handed_over(row, former, taker, reason, now)
    announce(row.review, row.review.inputs_revision)
    return row


@transaction.atomic
def attach(*, member: Membership, condition_id: int, kept: evidence_service.Kept) -> Evidence:
    """Attach a file or a link to a condition, in whatever state it is; who says how far it is may.

    kept    by `keep_file`
    Raises  NotAllowed, WrongState
    """
    row, now = _locked(member, condition_id)
    evidence = _attach(row, now, kept)
    announce(row.review, row.review.inputs_revision)
    return evidence


def _attach(row: Condition, member: Membership, kept: evidence_service.Kept) -> Evidence:
    evidence = evidence_service.add(member=member, program=row.review.program, review=row.review, kept=kept)
    ConditionEvidence.objects.create(
        organization_id=row.organization_id, condition=row, evidence=evidence, added_by=member
    )
    return evidence


@transaction.atomic
def remove_evidence(*, member: Membership, condition_id: int, evidence_id: int, reason: str) -> Evidence:
    """Take a piece of evidence off a condition; it is no longer shown or handed out, and the trail says why.

    Raises NotAllowed, Invalid without a reason, WrongState for one that is off already, or that the condition was
    closed with
    """
    row, now = _locked(member, condition_id)
    link = row.evidence_links.select_related("evidence").get(evidence=evidence_id)
    evidence = link.evidence
    if evidence.removed_at is not None:
        raise WrongState("This piece of evidence was removed already.")
    if row.done_at is not None and link.added_at <= row.done_at:
        raise WrongState(
            "The condition was set to done with this evidence. Set it to in progress with the reason, "
            "remove the evidence, and set it to done by what shows it instead."
        )
    reason = reason.strip()
    if not reason:
        raise Invalid([problem("reason", "Say why it is removed, so that others can follow it.")])
    if found := too_long("reason", reason, LONGEST_NOTE):
        raise Invalid(found)
    evidence_service.remove(member=now, evidence=evidence, review=row.review, reason=reason)
    announce(row.review, row.review.inputs_revision)
    return evidence
