"""Owing decision watches a look, inside the transaction of the act that makes it necessary."""

from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, TextField, Value
from django.db.models.functions import Cast, Concat, Now, TruncDate

from accounts.audit import database_now
from assessments import jobs
from assessments.models import CriteriaVersion, DecisionWatch, Job, Program, Review

SIFT = "batch"  # the depth of a job that looks at many


def end(review: Review) -> None:
    """A decision that another one replaced is watched no longer."""
    DecisionWatch.objects.filter(review=review, ended_at=None).update(ended_at=Now())


def owe(watch: DecisionWatch, wanted: int, actor: Any = None) -> None:
    jobs.owe(
        Job.Kind.WATCH,
        f"review:{watch.review_id}",
        organization_id=watch.organization_id,
        wanted=wanted,
        asked_by=actor,
    )


def _owe_all(found: Any, actor: Any = None) -> int:
    """Owe every watch of a queryset a look at its inputs as they are now, in three statements; how many there were."""
    going_on = found.filter(ended_at=None).order_by("pk")
    rows = list(
        going_on.select_for_update(no_key=True, of=("self",)).values_list(
            "pk", "review_id", "organization_id", "wanted"
        )
    )
    if rows:
        DecisionWatch.objects.filter(pk__in=[pk for pk, *_ in rows]).update(wanted=F("wanted") + 1)
        owed = [jobs.Owed(f"review:{review}", organization, wanted + 1) for _, review, organization, wanted in rows]
        jobs.owe_all(Job.Kind.WATCH, owed, asked_by=actor)
    return len(rows)


def owe_for_program(program: Program, actor: Any = None) -> None:
    """The facts moved: whatever is watched of the program is looked at again."""
    _owe_all(DecisionWatch.objects.filter(review__program=program), actor)


def owe_for_review(review_id: int, actor: Any = None) -> None:
    """Something of the decision itself moved, such as a condition that is done."""
    _owe_all(DecisionWatch.objects.filter(review=review_id), actor)


def owe_watches(keys: list[int]) -> int:
    """Owe those of these watches that go on a whole look."""
    return _owe_all(DecisionWatch.objects.filter(pk__in=keys))


def owe_for_criteria(version: CriteriaVersion, actor: Any = None) -> None:
    """A version was published: every decision under its set is sifted once, by one job however many there are.

    Owed also where none is watched yet: one whose last signature is given at this moment is seen by no query here, and
    its first look may read the criteria before this version is there
    """
    jobs.owe(
        Job.Kind.WATCH,
        f"criteria:{version.criteria_set_id}",
        organization_id=version.organization_id,
        wanted=version.number,
        depth=SIFT,
        asked_by=actor,
    )


def owe_today() -> int:
    """Owe every organization with watches that nobody looked at today (UTC) one sifting; how many were owed.

    Safe to call as often as one likes: what was looked at today is left alone, and so is what has a look of its own to
    come, or had one today that failed; the job is one row.
    """
    today = database_now().date()
    target = Concat(Value("review:"), Cast(OuterRef("review"), TextField()))
    own = Job.objects.filter(kind=Job.Kind.WATCH, target=target).exclude(state=Job.State.DONE)
    late = DecisionWatch.objects.annotate(day=TruncDate("checked_at")).filter(
        Q(checked_at=None) | Q(day__lt=today),
        ~Exists(own.annotate(day=TruncDate("updated_at")).filter(day=today)),
        ended_at=None,
    )
    found = list(late.order_by("organization_id").values_list("organization_id", flat=True).distinct())
    for organization_id in found:
        with transaction.atomic():
            jobs.owe(
                Job.Kind.WATCH,
                f"organization:{organization_id}",
                organization_id=organization_id,
                wanted=today.toordinal(),
                depth=SIFT,
            )
    return len(found)
