"""Who is told what about a review: one function for each act, called inside its transaction.

Titles and bodies go to mailboxes. They name programs, reviews, people and reasons; never a rating, a price, or a figure.
"""

from collections.abc import Iterable, Sequence

from django.db.models import Q
from django.urls import reverse

from accounts.models import Membership
from accounts.outbound import notify
from assessments.models import (
    ApprovalStep,
    Assignment,
    Condition,
    ProposedDecision,
    Report,
    Review,
    Signature,
    Submission,
)
from assessments.models.asking import those_with_rows
from assessments.services import able_to_sign, routes, signing
from assessments.services.able_to_sign import Stuck
from assessments.services.leads import leads_of


def named(review: Review) -> str:
    """How titles name a review."""
    return f"{review.program.name}, {review}"


def page(name: str, review: Review) -> str:
    return reverse(f"assessments:{name}", args=[review.uuid])


def tell(people: Iterable[Membership | None], kind: str, review: Review, **given) -> int:
    """Tell those of the people who may see the review; see `accounts.outbound.notify`."""
    return notify(
        who_see(review, people),
        kind,
        organization_id=review.organization_id,
        program=review.program,
        review=review,
        **given,
    )


def who_see(review: Review, people: Iterable[Membership | None]) -> list[Membership]:
    """Those who may see the review now, each once; None, where nobody is named, is left out."""
    wanted = {person.pk for person in people if person is not None}
    found = Membership.objects.active().filter(pk__in=wanted, organization_id=review.organization_id).with_rights()
    return those_with_rows(found, Review.objects.filter(pk=review.pk).visible_to)


def raters_of(review: Review) -> list[Membership]:
    return list(Membership.objects.active().filter(assignments__review=review).distinct())


def signers_of(review: Review) -> list[Membership]:
    """Whoever signed any submission of the review, and those in whose place it was signed."""
    given = Signature.objects.filter(submission__review=review)
    return list(
        Membership.objects.active().filter(
            Q(pk__in=given.values("membership")) | Q(pk__in=given.values("on_behalf_of"))
        )
    )


def _of(giver: Membership | None) -> list[Membership]:
    """Whoever delegated is told of each act in their place."""
    return [giver] if giver else []


# -- rating --------------------------------------------------------------------------------------------------------


def assigned(review: Review, assignments: Iterable[Assignment], actor: Membership | None) -> None:
    """Tell people that they are asked to rate; only once they can."""
    for one in assignments:
        tell(
            [one.membership],
            "assignment_given",
            review,
            title=f"Rate for {one.function.name} ({named(review)})",
            body=review.question,
            url=page("review_score", review),
            key=f"assignment_given:{one.uuid}",
            due_on=one.due_on,
            actor=actor,
        )


def scoring_done(review: Review, actor: Membership) -> None:
    """Tell the leads once nobody's scoring is open any more."""
    if review.state != Review.State.SCORING or review.assignments.filter(state=Assignment.State.OPEN).exists():
        return
    tell(
        leads_of(review),
        "scoring_done",
        review,
        title=f"Everyone has scored ({named(review)})",
        body="You can reveal the ratings now.",
        url=page("review_setup", review),
        key=f"scoring_done:{review.uuid}:{review.assignments.count()}",
        actor=actor,
    )


# -- the life of a review ------------------------------------------------------------------------------------------


def moved(review: Review, action: str, reason: str, actor: Membership, on_behalf_of: Membership | None = None) -> None:
    """Tell whom it concerns that a review moved along an edge; called by `reviews.move` for every edge."""
    act = _MOVES.get(action)
    if act is not None:
        act(review, reason, actor, on_behalf_of)


def _started(review: Review, reason: str, actor: Membership, giver: Membership | None) -> None:
    assigned(review, review.assignments.select_related("function", "membership"), actor)


def _revealed(review: Review, reason: str, actor: Membership, giver: Membership | None) -> None:
    tell(
        [*raters_of(review), *leads_of(review)],
        "ratings_revealed",
        review,
        title=f"Everyone's ratings are shown now ({named(review)})",
        body="Yours can still be revised while the panel reconciles.",
        url=page("review_panel", review),
        key=f"ratings_revealed:{review.uuid}",
        actor=actor,
    )


def _submitted(review: Review, reason: str, actor: Membership, giver: Membership | None) -> None:
    steps_open(review.submissions.order_by("-number")[0])


def _returned(review: Review, reason: str, actor: Membership, giver: Membership | None) -> None:
    tell(
        [*leads_of(review), *signers_of(review), *_of(giver)],
        "review_returned",
        review,
        title=f"{signing.printed_name(actor, giver)} returned {named(review)}",
        body=reason,
        url=page("review_approval", review),
        key=f"review_returned:{review.uuid}:{review.returned}",
        actor=actor,
    )


def _rejected(review: Review, reason: str, actor: Membership, giver: Membership | None) -> None:
    tell(
        [*leads_of(review), *signers_of(review), *raters_of(review), *_of(giver)],
        "review_rejected",
        review,
        title=f"{signing.printed_name(actor, giver)} rejected {named(review)}",
        body=reason,
        url=page("review_approval", review),
        key=f"review_rejected:{review.uuid}",
        actor=actor,
    )


def _withdrawn(review: Review, reason: str, actor: Membership, giver: Membership | None) -> None:
    tell(
        [*leads_of(review), *signers_of(review), *raters_of(review)],
        "review_withdrawn",
        review,
        title=f"{actor.name} withdrew {named(review)}",
        body=reason,
        url=page("review_detail", review),
        key=f"review_withdrawn:{review.uuid}",
        actor=actor,
    )


def _approved(review: Review, reason: str, actor: Membership, giver: Membership | None) -> None:
    owners = Membership.objects.active().filter(pk__in=review.conditions.values("owner"))
    tell(
        [*leads_of(review), *signers_of(review), *raters_of(review), *owners],
        "decision_made",
        review,
        title=f"The decision is made ({named(review)})",
        body=f"{signing.printed_name(actor, giver)} gave the last signature.",
        url=page("review_approval", review),
        key=f"decision_made:{review.uuid}",
        actor=actor,
    )
    for one in review.conditions.exclude(owner=None).select_related("owner"):
        tell(
            [one.owner],
            "condition_assigned",
            review,
            title=f"See to: {one.title} ({named(review)})",
            body="You own this condition of the decision.",
            url=reverse("assessments:condition_detail", args=[one.uuid]),
            key=f"condition_assigned:{one.uuid}:{one.owner.uuid}",
        )


_MOVES = {
    "review.started": _started,
    "review.revealed": _revealed,
    "review.submitted": _submitted,
    "review.returned": _returned,
    "review.rejected": _rejected,
    "review.withdrawn": _withdrawn,
    "review.approved": _approved,
}


# -- the route -----------------------------------------------------------------------------------------------------


def steps_open(submission: Submission) -> None:
    """Tell everyone whose signature an open step of the submission waits for, and the leads of one that waits for nobody;
    whoever was told is not told again."""
    proposed = submission.proposed_decisions.order_by("-number")[0]
    steps = submission.steps.filter(state=ApprovalStep.State.OPEN).select_related("organization", "review__program")
    for step in steps:
        executive = step.kind == ApprovalStep.Kind.EXECUTIVE
        tell(
            routes.still_missing(step),
            "step_open",
            step.review,
            title=f"Sign: {step.name} ({named(step.review)})",
            body=step.review.question,
            url=page("review_approval", step.review),
            key=f"step_open:{step.uuid}:{proposed.number if executive else 0}",
            due_on=step.due_on,
        )
    for one in able_to_sign.stuck(submission.steps.all()):
        step_stuck(one, key_of_stuck(one.step))


def step_stuck(one: Stuck, key: str, lost: Membership | None = None) -> int:
    """Tell the leads that nobody can sign for a place of an open step; how many were told.

    lost  who could until now, where it is known
    """
    last = f"{lost.name} was the last who could sign in the place of" if lost else "Nobody can sign in the place of"
    return tell(
        leads_of(one.step.review),
        "step_stuck",
        one.step.review,
        title=f"Nobody can sign now: {one.step.name} ({named(one.step.review)})",
        body=f"{last} {one.words}. The step stays open until you put somebody in that place: reassign it.",
        url=where_reassigned(one.step),
        key=key,
        due_on=one.step.due_on,
    )


def where_reassigned(step: ApprovalStep) -> str:
    """The place of the approval page where a step is reassigned, for whoever may."""
    return f"{page('review_approval', step.review)}#reassign-{step.key}"


def key_of_stuck(step: ApprovalStep, times: int | str = 0) -> str:
    """Under what `step_stuck` tells; times: how often it was told of the step before."""
    return f"step_stuck:{step.uuid}:{times}"


def signed(step: ApprovalStep, signature: Signature, actor: Membership) -> None:
    """Tell the leads, and the one in whose place it was, that somebody signed, and the next that it waits for them."""
    review = step.review
    tell(
        [*leads_of(review), *_of(signature.on_behalf_of)],
        "signed",
        review,
        title=f"{signature.printed_name} signed: {step.name} ({named(review)})",
        url=page("review_approval", review),
        key=f"signed:{signature.uuid}",
        actor=actor,
    )
    if review.state == Review.State.IN_APPROVAL:
        steps_open(step.submission)


def amended(
    review: Review, proposed: ProposedDecision, actor: Membership, on_behalf_of: Membership | None = None
) -> None:
    """Tell leads and signers of another proposed decision, and those who have to sign it."""
    tell(
        [*leads_of(review), *signers_of(review), *_of(on_behalf_of)],
        "decision_amended",
        review,
        title=f"{signing.printed_name(actor, on_behalf_of)} amended the proposed decision ({named(review)})",
        body="Executive signatures on the former one no longer count.",
        url=page("review_approval", review),
        key=f"decision_amended:{proposed.uuid}",
        actor=actor,
    )
    steps_open(proposed.submission)


# -- conditions ----------------------------------------------------------------------------------------------------


def handed_over(row: Condition, former: Membership | None, taker: Membership, reason: str, actor: Membership) -> None:
    """Tell whoever owned a condition, and whoever owns it now."""
    common = {"url": reverse("assessments:condition_detail", args=[row.uuid]), "actor": actor}
    tell(
        [taker],
        "condition_assigned",
        row.review,
        title=f"See to: {row.title} ({named(row.review)})",
        body=f"{actor.name} handed this condition of the decision over to you: {reason}",
        key=f"condition_assigned:{row.uuid}:{taker.uuid}:{row.version}",
        **common,
    )
    tell(
        [former],
        "condition_handed_over",
        row.review,
        title=f"{taker.name} sees to it now: {row.title} ({named(row.review)})",
        body=reason,
        key=f"condition_handed_over:{row.uuid}:{row.version}",
        **common,
    )


def owner_left(review: Review, owner: Membership, conditions: Sequence[Condition], key: str) -> int:
    """Tell the leads that conditions lost whoever saw to them; how many were told."""
    names = ", ".join(f"\u201c{one.title}\u201d" for one in conditions)
    if len(conditions) == 1:
        words = f"{owner.name} saw to an open condition and no longer can: {names}. Hand it over to somebody else."
    else:
        words = (
            f"{owner.name} saw to {len(conditions)} open conditions and no longer can: {names}. "
            "Hand them over to somebody else."
        )
    url = page("review_approval", review)
    if review.state == Review.State.APPROVED:
        url = reverse("assessments:conditions") + f"?state=undone&program={review.program.uuid}"
        if len(conditions) == 1:
            url = reverse("assessments:condition_detail", args=[conditions[0].uuid])
    return tell(
        leads_of(review),
        "condition_owner_left",
        review,
        title=f"{owner.name} no longer sees to conditions ({named(review)})",
        body=words,
        url=url,
        key=key,
    )


# -- reports -------------------------------------------------------------------------------------------------------


def report_failed(report: Report, time: int) -> int:
    """Tell whoever asked for a report that it could not be made; how many were told.

    time  which time it was tried: another one that fails is told again
    """
    review = report.review
    return tell(
        [report.asked_by] if report.asked_by else [],
        "report_failed",
        review,
        title=f"A report could not be made ({named(review)})",
        body="The page of reports says why. Ask for it again there.",
        url=page("review_reports", review),
        key=key_of_failed(report, time),
    )


def key_of_failed(report: Report, time: int) -> str:
    """Under what `report_failed` tells."""
    return f"report_failed:{report.uuid}:{time}"
