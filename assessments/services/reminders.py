"""Reminding of what is due or late: ratings, signatures, conditions. By the calendar of the organization; run as often
as one likes, each reminder is told once.

A thing is told three days before it is due, on the day, on the day after, and every week from then on. A day on which
nothing ran is caught up: the latest of these that has passed is what counts.
"""

import datetime
from collections import Counter, defaultdict

from django.db import transaction
from django.db.models.functions import Now
from django.urls import reverse

from accounts.models import Organization
from assessments.models import ApprovalStep, Assignment, Condition, Job, Report, Review
from assessments.services import routes, telling
from assessments.services.conditions import due_date

SOON_DAYS = 3
EVERY_DAYS = 7
FAILED_SINCE = datetime.timedelta(days=2)


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


def remind(today: datetime.date | None = None) -> Counter:
    """Tell everyone what is due or late; {kind: how many were told now}.

    today  of every organization; None: the day that it is there
    """
    told: Counter = Counter()
    for organization in Organization.objects.order_by("pk"):
        day = today or routes.today_in(organization)
        told["assignment_due"] += _ratings(organization, day)
        told["step_reminder"] += _signatures(organization, day)
        told["condition_due"] += _conditions(organization, day)
    told["report_failed"] += _failed_reports()
    return told


def _ratings(organization: Organization, today: datetime.date) -> int:
    told = 0
    late: dict[Review, list[datetime.date]] = defaultdict(list)
    found = (
        Assignment.objects.filter(organization=organization, state=Assignment.State.OPEN)
        .filter(review__state=Review.State.SCORING, due_on__lte=today + datetime.timedelta(days=SOON_DAYS))
        .select_related("review__program", "function", "membership")
    )
    for one in found:
        at = milestone(today, one.due_on)
        # Who was asked today heard of the day with the question.
        asked_at = max(one.assigned_at, one.review.state_since)
        if at == -SOON_DAYS and routes.day_in(organization, asked_at) >= today:
            continue
        if one.due_on < today:
            late[one.review].append(one.due_on)
        with transaction.atomic():
            told += telling.tell(
                [one.membership],
                "assignment_due",
                one.review,
                title=f"Your scoring for {one.function.name} {when(one.due_on, today)} ({telling.named(one.review)})",
                url=telling.page("review_score", one.review),
                key=f"assignment_due:{one.uuid}:{one.due_on}:{at}",
                due_on=one.due_on,
            )
    for review, days in late.items():
        people = "1 person is" if len(days) == 1 else f"{len(days)} people are"
        with transaction.atomic():
            told += telling.tell(
                telling.leads_of(review),
                "assignment_due",
                review,
                title=f"{people} late with their ratings ({telling.named(review)})",
                url=telling.page("review_setup", review),
                key=f"assignments_late:{review.uuid}:{min(days)}:{milestone(today, min(days))}",
            )
    return told


def _signatures(organization: Organization, today: datetime.date) -> int:
    told = 0
    steps = (
        ApprovalStep.objects.filter(organization=organization, state=ApprovalStep.State.OPEN)
        .filter(review__state=Review.State.IN_APPROVAL, due_on__lte=today + datetime.timedelta(days=SOON_DAYS))
        .select_related("organization", "submission", "review__program")
    )
    for step in steps:
        at = milestone(today, step.due_on)
        if at == -SOON_DAYS and routes.day_in(organization, step.opened_at) >= today:
            continue
        review = step.review
        common = {"url": telling.page("review_approval", review), "due_on": step.due_on}
        key = f"step_reminder:{step.uuid}:{step.due_on}:{at}"
        with transaction.atomic():
            told += telling.tell(
                routes.still_missing(step),
                "step_reminder",
                review,
                title=f"Your signature {when(step.due_on, today)}: {step.name} ({telling.named(review)})",
                key=key,
                **common,
            )
            if step.due_on < today:
                told += telling.tell(
                    telling.leads_of(review),
                    "step_reminder",
                    review,
                    title=f"Signatures are late: {step.name} ({telling.named(review)})",
                    key=f"{key}:lead",
                    **common,
                )
    return told


def _conditions(organization: Organization, today: datetime.date) -> int:
    told = 0
    found = (
        Condition.objects.filter(organization=organization, review__state=Review.State.APPROVED)
        .exclude(state=Condition.State.DONE)
        .exclude(owner=None)
        .exclude(due_month=None)
        .select_related("owner", "review__program", "review__revision")
    )
    for one in found:
        due = due_date(one.review.revision.assessment_date, one.due_month)
        at = milestone(today, due)
        if at is None:
            continue
        late = due < today
        with transaction.atomic():
            told += telling.tell(
                [one.owner, *(telling.leads_of(one.review) if late else [])],
                "condition_overdue" if late else "condition_due",
                one.review,
                title=f"A condition {when(due, today)}: {one.title} ({telling.named(one.review)})",
                url=reverse("assessments:condition_detail", args=[one.uuid]),
                key=f"condition_due:{one.uuid}:{due}:{at}",
                due_on=due,
            )
    return told


def _failed_reports() -> int:
    jobs = Job.objects.filter(kind=Job.Kind.REPORT, state=Job.State.FAILED, target__startswith="report:")
    told = 0
    for job in jobs.filter(updated_at__gt=Now() - FAILED_SINCE):
        report = Report.objects.filter(pk=job.target.removeprefix("report:"), made_at=None)
        for one in report.select_related("review__program", "asked_by"):
            with transaction.atomic():
                told += telling.report_failed(one, job.generation)
    return told
