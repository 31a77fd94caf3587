"""Deciding on a submission: sign, return, reject, amend. Each act locks the review first; of two at once one takes effect."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.urls import reverse

from accounts.audit import canonical_json, record_event
from accounts.models import Function, Membership
from accounts.outbound import notify
from accounts.permissions import NotAllowed, Verdict
from assessments import permissions
from assessments.errors import Invalid, Missing, Refusal, WrongState, gathering
from assessments.live import announce
from assessments.models import (
    ApprovalStep,
    Decision,
    Delegation,
    ProposedDecision,
    ReturnQuestion,
    Review,
    Signature,
    Submission,
)
from assessments.models.decisions import LONGEST_CHAIN
from assessments.services import conditions as conditions_service
from assessments.services import deciding, owing_watches, proposals, routes, signing, telling, twice, watches
from assessments.services import tripwires as tripwires_service
from assessments.services.inputs import lock_program_of, lock_review
from assessments.services.leads import leads_of
from assessments.services.reviews import move, problem, seen
from assessments.services.versions import require_seen

RETURNED, ASKED, REJECTED = "review.returned", "review.question_asked", "review.rejected"
DID = {
    RETURNED: "You returned this review with this reason",
    ASKED: "You asked this question",
    REJECTED: "You rejected this review with this reason",
}
OPEN, WAITING, DONE, ENDED = (ApprovalStep.State[name] for name in ("OPEN", "WAITING", "DONE", "ENDED"))
UNCHANGED = "This is the proposed decision as it stands; nothing would change."


def steps_waiting_for(member: Membership) -> QuerySet[ApprovalStep]:
    """The open steps that wait for this person's signature now, the oldest due first."""
    return (
        ApprovalStep.objects.waiting_for(member)
        .select_related("review__program", "submission")
        .order_by(F("due_on").asc(nulls_last=True), "opened_at", "pk")
    )


def submission_of(review: Review) -> Submission | None:
    """The latest submission of a review; None before the first."""
    return review.submissions.select_related("submitted_by__user", "revision", "scorecard").order_by("-number").first()


def _locked(review_id: int) -> Review:
    """Lock the review, and before it the approved one that it may supersede, in the order of their ids."""
    program = Review.objects.filter(pk=review_id).values("program")
    both = Review.objects.filter(Q(pk=review_id) | Q(program__in=program, state=Review.State.APPROVED))
    list(both.select_for_update(no_key=True, of=("self",)).order_by("pk").values_list("pk", flat=True))
    return lock_review(review_id, states=("in_approval",))


@transaction.atomic
def sign(
    *,
    member: Membership,
    step_id: int,
    grant: str,
    meaning: str,
    function_key: str = "",
    on_behalf_of: Membership | None = None,
) -> Signature:
    """Sign a step. The signature that completes the last step makes the decision.

    grant         from signing.grant_to_sign
    meaning       reviewed (functional steps) or approved (executive steps)
    function_key  on a functional step: whom one speaks for; empty: the first of one's functions that is still missing
    on_behalf_of  who delegated to the member, where it signs in their place
    Raises        WrongState when somebody was faster, DoneAlready when it was oneself, NotAllowed, TooMany, GrantRefused,
                  Clash, Invalid
    """
    step_review = ApprovalStep.objects.values_list("review_id", flat=True).get(pk=step_id)
    # Facts that are saved meanwhile owe the watches that they see a look: they see this decision's, or it sees them.
    lock_program_of(step_review)
    review = _locked(step_review)
    step = ApprovalStep.objects.select_related("organization", "submission__submitted_by").get(pk=step_id)
    step.review = review
    now, giver = member.now(), on_behalf_of.now() if on_behalf_of else None
    proposed = signing.proposed_of(step)
    signing.require_first(now, step, proposed, giver, function_key)
    signing.require_open(step)
    if giver:
        _hold_delegations(now)
    verdict = permissions.can_sign_for(now, giver, step) if giver else permissions.can_sign(now, step)
    verdict.require()
    if meaning != signing.MEANING_OF[step.kind]:
        wanted = Signature.Meaning(signing.MEANING_OF[step.kind]).label.lower()
        raise Invalid([problem("meaning", f"On this step a signature means: {wanted}.", meaning)])
    function = _function(giver or now, step, proposed, function_key)
    if function is None and signing.has_signed(giver or now, step, proposed):
        raise WrongState(
            "You have signed this step already." if giver is None else f"{giver.name} has signed meanwhile."
        )
    shown = signing.what_is_signed(step, proposed)
    bounds = {signing.bound_in(shown, giver, key) for key in ("", function.key if function else "")}
    factors = signing.spend(now, grant, bounds)
    signature = signing.write_signature(
        now, step, proposed, meaning=meaning, capacity=signing.Capacity(function, giver), factors=factors
    )
    record_event(
        "signature.given",
        organization_id=review.organization_id,
        actor=now,
        on_behalf_of=giver,
        subject=signature,
        label=f"{step.name}: {signature.printed_name}",
        program=review.program,
        review=review,
        new={
            "step": step.key,
            "meaning": meaning,
            "function": function.key if function else None,
            "submission_sha256": signature.submission_sha256,
            "proposed_sha256": signature.proposed_sha256,
            "digest": signature.digest,
            "factors": factors,
        },
    )
    _advance(review, step, proposed, now, signature)
    announce(review, review.inputs_revision)
    telling.signed(step, signature, now)
    return signature


def _hold_delegations(taker: Membership) -> None:
    """Let whoever ends a delegation to the person wait: an act in another's place is done while it is in force, or not."""
    held = Delegation.objects.filter(taker=taker, revoked_at=None).select_for_update(no_key=True)
    list(held.order_by("pk").values_list("pk", flat=True))


def _function(member: Membership, step: ApprovalStep, proposed: ProposedDecision, key: str) -> Function | None:
    """The function that is signed for. Raises WrongState when its signature is there, Invalid for a foreign one.

    member  in whose name it is signed
    """
    left = signing.functions_to_sign_for(member, step, proposed)
    if key:
        for function in left:
            if function.key == key:
                return function
        if key in member.function_keys and step.parties.filter(function__key=key).exists():
            raise WrongState("This function has signed meanwhile.")
        raise Invalid([problem("function", "The step does not ask you to sign for this function.", key)])
    if left:
        return left[0]
    if not signing.is_named_otherwise(member, step):
        raise WrongState("Your function has signed this step meanwhile.")
    return None


def _advance(
    review: Review, step: ApprovalStep, proposed: ProposedDecision, member: Membership, signature: Signature
) -> None:
    """Close the step if its rule is met, open what comes next, and decide after the last."""
    counting = routes.counting_signatures(step)
    if not routes.fulfilled(step, list(step.parties.all()), counting):
        return
    ApprovalStep.objects.filter(pk=step.pk).update(state=DONE, done_at=Now())
    if step.submission.steps.filter(state=OPEN).exists() or routes.open_next(step.submission):
        return
    _decide(review, step.submission, proposed, member, signature)


def _decide(
    review: Review, submission: Submission, proposed: ProposedDecision, member: Membership, signature: Signature
) -> None:
    deciding.require_owners(review)
    former = Review.objects.select_related("program").filter(program=review.program, state=Review.State.APPROVED)
    for review_before in former:
        move(
            review_before,
            Review.State.SUPERSEDED,
            actor=member,
            action="review.superseded",
            reason=f"{review} was approved.",
            on_behalf_of=signature.on_behalf_of,
        )
        owing_watches.end(review_before)
    decision = Decision.objects.create(
        organization_id=review.organization_id,
        review=review,
        submission=submission,
        proposed_decision=proposed,
        decided_at=signature.at,
    )
    giver = signature.on_behalf_of
    move(review, Review.State.APPROVED, actor=member, action="review.approved", on_behalf_of=giver)
    record_event(
        "decision.made",
        organization_id=review.organization_id,
        actor=member,
        on_behalf_of=giver,
        subject=decision,
        program=review.program,
        review=review,
        new={
            "kind": proposed.kind,
            "option": proposed.option.key if proposed.option else None,
            "proposed_sha256": proposed.sha256,
        },
    )
    watches.begin(decision)


def _open_steps(review: Review) -> list[ApprovalStep]:
    steps = list(review.steps.filter(state=OPEN).select_related("submission__submitted_by"))
    for step in steps:
        step.review = review
    return steps


@dataclass(frozen=True)
class _Acting:
    """The step that lets a person act, and in whose place they do: None in their own right."""

    step: ApprovalStep
    giver: Membership | None


def _acting(
    member: Membership, steps: Sequence[ApprovalStep], may: Callable[[Membership, ApprovalStep], Verdict]
) -> _Acting:
    """By which open step the person may act, one in their own right first. Raises NotAllowed with the first reason."""
    _hold_delegations(member)
    verdicts = [(step, may(member, step)) for step in steps]
    able = [_Acting(step, permissions.in_whose_place(member, step)) for step, verdict in verdicts if verdict]
    if not able:
        raise NotAllowed(verdicts[0][1].reason if verdicts else "No step is open now.")
    return next((one for one in able if one.giver is None), able[0])


def _end(
    member: Membership,
    review_id: int,
    reason: str,
    seen_version: int | None,
    *,
    may: Callable[[Membership, ApprovalStep], Verdict],
    state: str,
    action: str,
    words: str,
    field: str = "reason",
    **more: Any,
) -> tuple[Review, Membership, _Acting]:
    """End the open steps; the review, the person as they are now, and the step that lets them act."""
    try:
        review = _locked(review_id)
    except WrongState:
        twice.require_first_on_review(member, review_id, action, words=DID[action], reason=reason)
        raise
    now = member.now()
    acting = _acting(now, _open_steps(review), may)
    seen(review, seen_version)
    if not reason.strip():
        raise Invalid([problem(field, words, reason)])
    review.steps.filter(state__in=(OPEN, WAITING)).update(state=ENDED)
    move(review, state, actor=now, action=action, reason=reason.strip(), on_behalf_of=acting.giver, **more)
    return review, now, acting


@transaction.atomic
def return_review(*, member: Membership, review_id: int, reason: str, seen_version: int | None = None) -> Review:
    """Send a submission back to be reconciled again; signatures on it stay on record and bind nothing further.

    Whoever may sign an open step may return. Raises NotAllowed, WrongState, Invalid without a reason, Clash
    """
    review, _, _ = _end(
        member,
        review_id,
        reason,
        seen_version,
        may=permissions.can_act_on_step,
        state=Review.State.RECONCILING,
        action=RETURNED,
        words="Say what has to change before you can sign.",
        returned=F("returned") + 1,
    )
    return review


@transaction.atomic
def ask_question(
    *, member: Membership, review_id: int, question: str, seen_version: int | None = None
) -> ReturnQuestion:
    """Send a submission back for an answer alone: if nothing else changes, the functions' signatures stand.

    Whoever may sign an open step may ask. Raises NotAllowed, Invalid without a question, Clash, WrongState, also after
    as many questions in a row as signatures may stand over
    """
    submission = Submission.objects.defer("record").filter(review=review_id).order_by("-number").first()
    if submission and any(len(step.chain()) > LONGEST_CHAIN for step in submission.steps.all()):
        raise WrongState(
            f"{LONGEST_CHAIN} questions in a row were asked already. Return the submission with the reason."
        )
    review, now, acting = _end(
        member,
        review_id,
        question,
        seen_version,
        may=permissions.can_act_on_step,
        state=Review.State.RECONCILING,
        action=ASKED,
        words="Write the question that the lead has to answer.",
        field="question",
    )
    asked = ReturnQuestion.objects.create(
        organization_id=review.organization_id,
        review=review,
        submission_id=acting.step.submission_id,
        step=acting.step,
        asked_by=now,
        on_behalf_of=acting.giver,
        question=question.strip(),
    )
    notify(
        [*leads_of(review), *([acting.giver] if acting.giver else [])],
        "question_asked",
        organization_id=review.organization_id,
        title=f"{asked.asker} asks before signing ({review.program.name}, {review})",
        body=asked.question,
        url=reverse("assessments:review_approval", args=[review.uuid]),
        key=f"question_asked:{asked.uuid}",
        program=review.program,
        review=review,
        actor=now,
    )
    return asked


@transaction.atomic
def reject(*, member: Membership, review_id: int, reason: str, seen_version: int | None = None) -> Review:
    """End a review without a decision, for good: by an approver of the open executive step.

    Raises NotAllowed, WrongState, Invalid without a reason, Clash
    """
    review, _, _ = _end(
        member,
        review_id,
        reason,
        seen_version,
        may=permissions.can_reject,
        state=Review.State.REJECTED,
        action=REJECTED,
        words="Say why the proposal is rejected.",
    )
    return review


@transaction.atomic
def amend(
    *,
    member: Membership,
    review_id: int,
    kind: str,
    option_key: str = "",
    justification: str,
    conditions: Sequence[Mapping] = (),
    dropped_conditions: Sequence[str] = (),
    tripwires: Sequence[Mapping] = (),
    dropped_tripwires: Sequence[str] = (),
    overrides: Mapping[str, str] | None = None,
    seen_number: int | None = None,
) -> ProposedDecision:
    """Put another decision up for signature: executive signatures on the former no longer count, functional ones do.

    conditions         to change or add, see conditions.put_conditions
    dropped_conditions keys of advised ones to take off; those of gates stay
    tripwires          to change or add, see tripwires.put; dropped_tripwires: keys of those to take off
    seen_number        of the proposed decision that the approver looked at
    Raises       NotAllowed, WrongState, Clash, Invalid, Missing for conditions without owner or date
    """
    review = _locked(review_id)
    now = member.now()
    acting = _acting(now, _open_steps(review), permissions.can_amend)
    submission = Submission.objects.select_related("revision", "scorecard").get(pk=acting.step.submission_id)
    former = submission.proposed_decisions.order_by("-number")[0]
    require_seen("the proposed decision", seen_number, former.number, moved=proposals.amended_words(former, now))
    numbers = submission.scorecard.numbers
    # Whatever is wrong is said at once: nothing of it stays where something is.
    problems: list[dict] = []
    with gathering(problems):
        choice = proposals.check_choice(
            review, numbers, kind=kind, option_key=option_key, justification=justification, overrides=overrides
        )
    with gathering(problems):
        conditions_service.drop_rows(member=now, review=review, keys=dropped_conditions, on_behalf_of=acting.giver)
    # Which conditions an option has that the review does not know, nobody can say.
    if conditions and option_key in {"", *(option["key"] for option in numbers["options"])}:
        with gathering(problems):
            conditions_service.put_conditions(
                member=now,
                review=review,
                numbers=numbers,
                option_key=option_key,
                entries=conditions,
                on_behalf_of=acting.giver,
            )
    tripwires_service.drop_rows(member=now, review=review, keys=dropped_tripwires, on_behalf_of=acting.giver)
    with gathering(problems):
        tripwires_service.put(member=now, review=review, entries=tripwires, on_behalf_of=acting.giver)
    if problems:
        raise Invalid(problems)
    lines = conditions_service.settle(
        member=now, review=review, numbers=numbers, option_key=choice.option_key, on_behalf_of=acting.giver
    )
    if lacking := conditions_service.lacking(lines):
        raise Missing(
            "Every condition needs an owner and a date before it can be signed.",
            [
                {"code": "condition", "what": line.title, "message": f"This condition lacks {words}."}
                for line, words in lacking
            ],
        )
    if _says_the_same(former, proposals.content_of(choice, lines, submission)):
        raise Invalid([problem("kind", UNCHANGED, kind)])
    proposed = proposals.write(submission, choice, lines, now, on_behalf_of=acting.giver)
    _open_executive_steps_again(submission)
    record_event(
        "decision.amended",
        organization_id=review.organization_id,
        actor=now,
        on_behalf_of=acting.giver,
        subject=proposed,
        program=review.program,
        review=review,
        old={"number": former.number, "sha256": former.sha256, "kind": former.kind},
        new={
            "number": proposed.number,
            "sha256": proposed.sha256,
            "kind": proposed.kind,
            "option": choice.option_key,
        },
        reason=choice.justification,
    )
    announce(review, review.inputs_revision)
    telling.amended(review, proposed, now, acting.giver)
    return proposed


def faults_of_amendment(**given: Any) -> list[dict]:
    """The problems for which `amend`, which takes the same, would raise Invalid; nothing is written.

    Of what is left of a form that was refused: that it changes nothing is not said, as what is missing may be the change
    """
    try:
        with transaction.atomic():
            amend(**given)
            transaction.set_rollback(True)
    except Invalid as invalid:
        return [one for one in invalid.problems if one["message"] != UNCHANGED]
    except Refusal:
        pass
    return []


def _says_the_same(former: ProposedDecision, content: Mapping) -> bool:
    held = json.loads(former.record)
    return {key: held[key] for key in content} == json.loads(canonical_json(content))


def _open_executive_steps_again(submission: Submission) -> None:
    """Completed executive steps were signed for the former proposed decision: they wait once more, in their order."""
    executive = submission.steps.filter(kind=ApprovalStep.Kind.EXECUTIVE)
    if executive.filter(state=DONE).exists():
        executive.filter(state__in=(OPEN, DONE)).update(state=WAITING, done_at=None)
        routes.open_next(submission)
