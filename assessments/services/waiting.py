"""What waits for one person: cells to rate, steps to sign, reviews to bring on."""

import datetime
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from accounts.models import Membership
from assessments.models import Assignment, ProgramMember, Review
from assessments.services.approvals import steps_waiting_for

MOST = 20  # of each kind; who has more begins with these


@dataclass(frozen=True)
class Waiting:
    """kind: rate, sign, start, reveal or submit; due: None without a date."""

    kind: str
    words: str
    review: Review
    since: datetime.datetime
    due: datetime.date | None = None

    @property
    def is_late(self) -> bool:
        return self.due is not None and self.due < timezone.now().date()


def waiting_for(member: Membership) -> list[Waiting]:
    """Everything that waits for the membership, what is due first standing first; three queries."""
    found = [*_to_rate(member), *_to_sign(member), *_to_lead(member)]
    return sorted(found, key=lambda one: (one.due or datetime.date.max, one.since))


def _to_rate(member: Membership) -> list[Waiting]:
    mine = Assignment.objects.filter(
        membership=member, state=Assignment.State.OPEN, review__state=Review.State.SCORING
    ).select_related("review__program", "function")
    return [
        Waiting("rate", f"Rate for {one.function.name}", one.review, one.review.state_since, one.due_on)
        for one in mine.order_by("due_on", "pk")[:MOST]
    ]


def _to_sign(member: Membership) -> list[Waiting]:
    return [
        Waiting("sign", f"Sign: {step.name}", step.review, step.opened_at, step.due_on)
        for step in steps_waiting_for(member)[:MOST]
    ]


def _to_lead(member: Membership) -> list[Waiting]:
    leads = Exists(ProgramMember.objects.filter(program=OuterRef("program"), membership=member, is_lead=True))
    unfinished = Exists(Assignment.objects.filter(review=OuterRef("pk"), state=Assignment.State.OPEN))
    ready = Q(state__in=(Review.State.DRAFT, Review.State.RECONCILING)) | Q(~unfinished, state=Review.State.SCORING)
    reviews = Review.objects.filter(leads, ready).select_related("program").order_by("due_on", "pk")[:MOST]
    words = {
        "draft": ("start", "Assign people and start scoring"),
        "scoring": ("reveal", "Everyone has scored: reveal the ratings"),
        "reconciling": ("submit", "Reconcile, then submit"),
    }
    return [Waiting(*words[review.state], review, review.state_since, review.due_on) for review in reviews]
