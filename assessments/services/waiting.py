"""What waits for one person, from the rows themselves: whatever was told, read or forgotten, this is what is left to do."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, replace
from uuid import UUID

from django.db.models import Count, Exists, F, OuterRef, Q
from django.urls import reverse

from accounts.models import Membership
from assessments.models import Assignment, Condition, DecisionWatch, ProgramMember, ReturnQuestion, Review
from assessments.services.approvals import steps_waiting_for
from assessments.services.conditions import due_date
from assessments.services.routes import today_in

MOST = 20  # of each kind; who has more begins with these


@dataclass(frozen=True)
class Waiting:
    """kind: one of PAGES; due: None without a date; detail: whose word or reason stands behind it; uuid: of what the
    page shows, where that is not the review; is_late: whether the day is past where the organization is.
    """

    kind: str
    words: str
    review: Review
    since: datetime.datetime
    due: datetime.date | None = None
    detail: str = ""
    uuid: UUID | None = None
    is_late: bool = False


# The page on which each kind is done.
PAGES = {
    "rate": "review_score",
    "sign": "review_approval",
    "answer": "review_approval",
    "start": "review_setup",
    "chase": "review_setup",
    "reveal": "review_setup",
    "submit": "review_panel",
    "returned": "review_approval",
    "condition": "condition_detail",
    "next_review": "review_approval",
}


def page_of(one: Waiting) -> str:
    """The path of the page on which a thing that waits is done."""
    return reverse(f"assessments:{PAGES[one.kind]}", args=[one.uuid or one.review.uuid])


def waiting_for(member: Membership) -> list[Waiting]:
    """Everything that waits for the membership, what is due first standing first; a fixed number of queries.

    Of reviews that it may see: whoever was taken off a restricted program is not reminded of it
    """
    if not member.is_active or not member.roles:
        return []
    today = today_in(member.organization)
    found = [
        *_to_rate(member),
        *_to_sign(member),
        *_to_lead(member, today),
        *_to_answer(member),
        *_to_fulfil(member),
        *_to_open_again(member),
    ]
    told = [replace(one, is_late=one.due is not None and one.due < today) for one in found]
    return sorted(told, key=lambda one: (one.due or datetime.date.max, one.since))


def _seen_by(member: Membership) -> Q:
    return Q(review__in=Review.objects.visible_to(member))


def _led_by(member: Membership, program: str = "program") -> Exists:
    return Exists(ProgramMember.objects.filter(program=OuterRef(program), membership=member, is_lead=True))


def _to_rate(member: Membership) -> Iterable[Waiting]:
    mine = Assignment.objects.filter(
        _seen_by(member), membership=member, state=Assignment.State.OPEN, review__state=Review.State.SCORING
    ).select_related("review__program", "function")
    for one in mine.order_by("due_on", "pk")[:MOST]:
        yield Waiting("rate", f"Rate for {one.function.name}", one.review, one.review.state_since, one.due_on)


def _to_sign(member: Membership) -> Iterable[Waiting]:
    for step in steps_waiting_for(member).filter(_seen_by(member))[:MOST]:
        yield Waiting("sign", f"Sign: {step.name}", step.review, step.opened_at, step.due_on)


def _to_lead(member: Membership, today: datetime.date) -> Iterable[Waiting]:
    unfinished = Q(assignments__state=Assignment.State.OPEN)
    reviews = (
        Review.objects.filter(_led_by(member), state__in=Review.BEFORE_APPROVAL)
        .filter(pk__in=Review.objects.visible_to(member).values("pk"))
        .annotate(
            left=Count("assignments", filter=unfinished),
            late=Count("assignments", filter=unfinished & Q(assignments__due_on__lt=today)),
            asked=Exists(ReturnQuestion.objects.filter(review=OuterRef("pk"), answered_at=None)),
        )
        .exclude(state=Review.State.SCORING, left__gt=0, late=0)
        .exclude(state=Review.State.RECONCILING, asked=True)
        .select_related("program")
        .order_by("due_on", "pk")
    )
    for review in reviews[:MOST]:
        since, due = review.state_since, review.due_on
        if review.state == Review.State.DRAFT:
            yield Waiting("start", "Assign people and start scoring", review, since, due)
        elif review.state == Review.State.SCORING and review.left:
            people = "1 person is" if review.late == 1 else f"{review.late} people are"
            yield Waiting("chase", f"{people} late with their ratings", review, since, due)
        elif review.state == Review.State.SCORING:
            yield Waiting("reveal", "Everyone has scored: reveal the ratings", review, since, due)
        elif review.returned:
            yield Waiting("returned", "Returned: change it, then submit again", review, since, due, review.state_reason)
        else:
            yield Waiting("submit", "Reconcile, then submit", review, since, due)


def _to_answer(member: Membership) -> Iterable[Waiting]:
    questions = (
        ReturnQuestion.objects.filter(_led_by(member, "review__program"), _seen_by(member), answered_at=None)
        .filter(review__state=Review.State.RECONCILING)
        .select_related("review__program", "asked_by__user", "on_behalf_of__user")
        .order_by("asked_at", "pk")
    )
    for one in questions[:MOST]:
        words = f"Answer {one.asker}"
        yield Waiting("answer", words, one.review, one.asked_at, one.review.due_on, one.question)


def _to_fulfil(member: Membership) -> Iterable[Waiting]:
    mine = (
        Condition.objects.filter(_seen_by(member), owner=member, review__state=Review.State.APPROVED)
        .exclude(state=Condition.State.DONE)
        .select_related("review__program", "review__revision")
        .order_by(F("due_month").asc(nulls_last=True), "pk")
    )
    for one in mine[:MOST]:
        due = due_date(one.review.revision.assessment_date, one.due_month)
        yield Waiting("condition", f"See to: {one.title}", one.review, one.review.state_since, due, uuid=one.uuid)


def _to_open_again(member: Membership) -> Iterable[Waiting]:
    opened = Review.objects.filter(program=OuterRef("review__program"), state__in=Review.OPEN)
    watches = (
        DecisionWatch.objects.filter(_led_by(member, "review__program"), _seen_by(member), ~Exists(opened))
        .filter(state=DecisionWatch.State.NO_LONGER_HOLDS, ended_at=None, review__state=Review.State.APPROVED)
        .select_related("review__program")
        .order_by("since", "pk")
    )
    for one in watches[:MOST]:
        words = "The decision no longer holds: open the next review"
        yield Waiting("next_review", words, one.review, one.since, None, one.sentence)
