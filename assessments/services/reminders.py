"""Reminding of what is due or late: ratings, signatures, conditions. By the calendar of the organization; run as often
as one likes, each reminder is told once.

A thing is told three days before it is due, on the day, on the day after, and every week from then on. A day on which
nothing ran is caught up: the latest of these that has passed is what counts. What was told is asked for in one query, so
that a round with nothing new asks as many whatever is due.
"""

import datetime
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from django.db import transaction
from django.db.models.functions import Now
from django.urls import reverse

from accounts.models import Notification, Organization
from assessments.models import ApprovalStep, Assignment, Condition, ConditionEvidence, Job, Report, Review
from assessments.services import able_to_sign, owners_left, routes, telling
from assessments.services.conditions import due_date
from assessments.services.leads import leads_of
from assessments.services.rounds import Round

SOON_DAYS = 3
EVERY_DAYS = 7
FAILED_SINCE = datetime.timedelta(days=2)
EXPIRED_SINCE = datetime.timedelta(days=31)


def milestone(today: datetime.date, due: datetime.date) -> int | None:
    """The latest of -3, 0, 1, 7, 14, 21 .. days after `due` that has come; None while it is further away."""
    days = (today - due).days
    if days < -SOON_DAYS:
        return None
    if days < 0:
        return -SOON_DAYS
    return days if days < 2 else max(1, days // EVERY_DAYS * EVERY_DAYS)


def when(due: datetime.date, today: datetime.date) -> str:
    return f"{'was' if due < today else 'is'} due on {due:%-d %b %Y}"


@dataclass(frozen=True)
class Due:
    """One thing to be told.

    keys    it was told once anybody was told under one of them
    tell    tells it; how many were told now
    person  whom it is for, where it is for one: who takes a condition over is told anew. None: those whom `tell` finds
    """

    kind: str
    keys: tuple[str, ...]
    tell: Callable[[], int]
    person: int | None = None

    def is_told(self, told: set[tuple[str, int]], keys: set[str]) -> bool:
        if self.person is not None:
            return any((key, self.person) in told for key in self.keys)
        return not keys.isdisjoint(self.keys)


def remind(today: datetime.date | None = None) -> Counter:
    """Tell everyone what is due or late; {kind: how many were told now}. See `remind_in`."""
    told: Counter = Counter()
    for organization_id in Organization.objects.order_by("pk").values_list("pk", flat=True):
        told += remind_in(organization_id, today)
    return told


def remind_in(organization_id: int, today: datetime.date | None = None) -> Counter:
    """Tell everyone of an organization what is due or late; {kind: how many were told now}.

    today  None: the day that it is there
    A thing that cannot be told is on record, and the others are told.
    """
    organization = Organization.objects.get(pk=organization_id)
    day = today or routes.today_in(organization)
    this = Round(organization, "reminders")
    due: list[Due] = []
    for name, find in (
        ("ratings", _ratings),
        ("signatures", _signatures),
        ("steps", _stuck_steps),
        ("conditions", _conditions),
        ("owners", _owners_left),
        ("evidence", _expired_evidence),
        ("reports", _failed_reports),
    ):
        with this.attempt(name):
            due += find(organization, day, this)
    keys = [key for one in due for key in one.keys]
    known = Notification.objects.filter(organization=organization, key__in=keys)
    before = set(known.values_list("key", "membership_id"))
    told_keys = {key for key, _ in before}
    told: Counter = Counter()
    for one in due:
        if not one.is_told(before, told_keys):
            with this.attempt(one.keys[0]), transaction.atomic():
                told[one.kind] += one.tell()
    this.record()
    return told


def _ratings(organization: Organization, today: datetime.date, this: Round) -> Iterator[Due]:
    late: dict[Review, list[datetime.date]] = defaultdict(list)
    found = (
        Assignment.objects.filter(organization=organization, state=Assignment.State.OPEN)
        .filter(review__state=Review.State.SCORING, due_on__lte=today + datetime.timedelta(days=SOON_DAYS))
        .filter(membership__is_active=True, membership__user__is_active=True)
        .select_related("review__program", "function", "membership")
    )
    for one in found:
        with this.attempt(f"assignment {one.uuid}"):
            at = milestone(today, one.due_on)
            # Who was asked today heard of the day with the question.
            asked_at = max(one.assigned_at, one.review.state_since)
            if at == -SOON_DAYS and routes.day_in(organization, asked_at) >= today:
                continue
            if one.due_on < today:
                late[one.review].append(one.due_on)
            key = f"assignment_due:{one.uuid}:{one.due_on}:{at}"
            yield Due("assignment_due", (key,), partial(_tell_rater, one, today, key), one.membership_id)
    for review, days in late.items():
        key = f"assignments_late:{review.uuid}:{min(days)}:{milestone(today, min(days))}"
        yield Due("assignment_due", (key,), partial(_tell_leads_of_ratings, review, len(days), key))


def _tell_rater(one: Assignment, today: datetime.date, key: str) -> int:
    return telling.tell(
        [one.membership],
        "assignment_due",
        one.review,
        title=f"Your scoring for {one.function.name} {when(one.due_on, today)} ({telling.named(one.review)})",
        url=telling.page("review_score", one.review),
        key=key,
        due_on=one.due_on,
    )


def _tell_leads_of_ratings(review: Review, late: int, key: str) -> int:
    people = "1 person is" if late == 1 else f"{late} people are"
    return telling.tell(
        leads_of(review),
        "assignment_due",
        review,
        title=f"{people} late with their ratings ({telling.named(review)})",
        url=telling.page("review_setup", review),
        key=key,
    )


def _signatures(organization: Organization, today: datetime.date, this: Round) -> Iterator[Due]:
    steps = (
        ApprovalStep.objects.filter(organization=organization, state=ApprovalStep.State.OPEN)
        .filter(review__state=Review.State.IN_APPROVAL, due_on__lte=today + datetime.timedelta(days=SOON_DAYS))
        .select_related("organization", "submission", "review__program")
    )
    for step in steps:
        with this.attempt(f"step {step.uuid}"):
            at = milestone(today, step.due_on)
            if at == -SOON_DAYS and routes.day_in(organization, step.opened_at) >= today:
                continue
            key = f"step_reminder:{step.uuid}:{step.due_on}:{at}"
            yield Due("step_reminder", (key, f"{key}:lead"), partial(_tell_signers, step, today, key))


def _tell_signers(step: ApprovalStep, today: datetime.date, key: str) -> int:
    """Those whose signature is missing; and the leads, once it is late."""
    review = step.review
    common = {"url": telling.page("review_approval", review), "due_on": step.due_on}
    told = telling.tell(
        routes.still_missing(step),
        "step_reminder",
        review,
        title=f"Your signature {when(step.due_on, today)}: {step.name} ({telling.named(review)})",
        key=key,
        **common,
    )
    if step.due_on < today:
        told += telling.tell(
            leads_of(review),
            "step_reminder",
            review,
            title=f"Signatures are late: {step.name} ({telling.named(review)})",
            key=f"{key}:lead",
            **common,
        )
    return told


def _stuck_steps(organization: Organization, today: datetime.date, this: Round) -> Iterator[Due]:
    for one in able_to_sign.stuck(ApprovalStep.objects.filter(organization=organization)):
        key = telling.key_of_stuck(one.step)
        yield Due("step_stuck", (key,), partial(telling.step_stuck, one, key))


def _conditions(organization: Organization, today: datetime.date, this: Round) -> Iterator[Due]:
    found = (
        Condition.objects.filter(organization=organization, review__state=Review.State.APPROVED)
        .exclude(state=Condition.State.DONE)
        .exclude(owner=None)
        .exclude(due_month=None)
        .with_gone()
        .select_related("owner__user", "review__program", "review__revision")
    )
    for one in found:
        with this.attempt(f"condition {one.uuid}"):
            due = due_date(one.review.revision.assessment_date, one.due_month)
            at = milestone(today, due)
            if at is not None:
                key = f"condition_due:{one.uuid}:{due}:{at}"
                # Who is gone is told nothing, so that it is not waited for: the leads are told once.
                person = None if one.gone else one.owner_id
                yield Due("condition_due", (key,), partial(_tell_owner, one, due, today, key), person)


def _tell_owner(one: Condition, due: datetime.date, today: datetime.date, key: str) -> int:
    """The owner; and the leads, once it is late."""
    late = due < today
    return telling.tell(
        [one.owner, *(leads_of(one.review) if late else [])],
        "condition_overdue" if late else "condition_due",
        one.review,
        title=f"A condition {when(due, today)}: {one.title} ({telling.named(one.review)})",
        url=reverse("assessments:condition_detail", args=[one.uuid]),
        key=key,
        due_on=due,
    )


def _owners_left(organization: Organization, today: datetime.date, this: Round) -> Iterator[Due]:
    for one in owners_left.found(Condition.objects.filter(organization=organization)):
        yield Due("condition_owner_left", (one.key,), one.tell)


def _expired_evidence(organization: Organization, today: datetime.date, this: Round) -> Iterator[Due]:
    """Once, whether or not the condition is done: what showed it shows it no longer."""
    links = (
        ConditionEvidence.objects.filter(organization=organization, condition__review__state=Review.State.APPROVED)
        .filter(evidence__removed_at=None, evidence__valid_until__lt=today)
        .filter(evidence__valid_until__gte=today - EXPIRED_SINCE)
        .exclude(condition__owner=None)
        .select_related("evidence", "condition__owner", "condition__review__program")
    )
    for link in links:
        key = f"evidence_expired:{link.evidence.uuid}"
        yield Due("evidence_expired", (key,), partial(_tell_of_expiry, link, key), link.condition.owner_id)


def _tell_of_expiry(link: ConditionEvidence, key: str) -> int:
    condition, last = link.condition, link.evidence.valid_until
    return telling.tell(
        [condition.owner],
        "evidence_expired",
        condition.review,
        title=f"Evidence was valid until {last:%-d %b %Y}: {link.evidence.title} ({telling.named(condition.review)})",
        body=f"It shows how far this condition is: {condition.title}",
        url=reverse("assessments:condition_detail", args=[condition.uuid]),
        key=key,
    )


def _failed_reports(organization: Organization, today: datetime.date, this: Round) -> Iterator[Due]:
    jobs = Job.objects.filter(
        organization=organization, kind=Job.Kind.REPORT, state=Job.State.FAILED, target__startswith="report:"
    )
    recent = jobs.filter(updated_at__gt=Now() - FAILED_SINCE).values_list("target", "generation")
    times = {int(target.removeprefix("report:")): generation for target, generation in recent}
    found = Report.objects.filter(pk__in=times, made_at=None).exclude(asked_by=None)
    for one in found.select_related("review__program", "asked_by"):
        key = telling.key_of_failed(one, times[one.pk])
        yield Due("report_failed", (key,), partial(telling.report_failed, one, times[one.pk]))
