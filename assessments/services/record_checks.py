"""The daily check of everything on record: hashes, signatures, decisions, files, and a sample of results computed again."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from accounts.audit import acting_through, database_now, record_event
from accounts.models import AuditEvent, Membership, Organization
from assessments.models import Review, Submission
from assessments.services import recomputing, telling, verifying

RECOMPUTED_A_DAY = 20  # of all organizations together; the sample moves on every day
MOST_NAMED = 50  # faults that one audit event names


@dataclass(frozen=True)
class Fault:
    """What is wrong with a review's records, in words."""

    review: Review
    what: str


def check_records() -> int:
    """Verify every organization's records, write one event for each, and tell who answers for records of every fault.

    Returns the number of faults. Safe to repeat: of one review people are told once a day
    """
    sample = _sample()
    found = 0
    for organization in Organization.objects.filter(Exists(Submission.objects.filter(organization=OuterRef("pk")))):
        with acting_through(AuditEvent.Channel.WORKER):
            found += _check(organization, sample)
    return found


def _sample() -> set[int]:
    """The submissions whose results are computed again today: the next so many in a round of all."""
    count = Submission.objects.count()
    if count <= RECOMPUTED_A_DAY:
        return set(Submission.objects.values_list("pk", flat=True))
    first = database_now().date().toordinal() * RECOMPUTED_A_DAY % count
    keys = list(Submission.objects.order_by("pk").values_list("pk", flat=True))
    return set((keys + keys)[first : first + RECOMPUTED_A_DAY])


def _check(organization: Organization, sample: set[int]) -> int:
    faults: list[Fault] = []
    verified = recomputed = 0
    submitted = Exists(Submission.objects.filter(review=OuterRef("pk")))
    reviews = Review.objects.filter(organization=organization).filter(submitted | Q(state__in=Review.RECORDED))
    for review in reviews.select_related("program").order_by("pk").iterator():
        faults += [Fault(review, f"{one.what}: {one.message}") for one in verifying.verify_review(review)]
        for submission in review.submissions.select_related("review__program", "revision", "scorecard"):
            verified += 1
            faults += [Fault(review, f"{one.what}: {one.message}") for one in verifying.verify(submission)]
            if submission.pk in sample:
                recomputed += 1
                again = recomputing.recomputed(submission.record)
                if again.is_fault:
                    faults.append(Fault(review, f"{submission}: {again.sentence}"))
    with transaction.atomic():
        record_event(
            "records.checked",
            organization_id=organization.pk,
            actor=None,
            subject=organization,
            new={
                "submissions": verified,
                "recomputed": recomputed,
                "faults": len(faults),
                "named": [f"{one.review.program}, {one.review}: {one.what}" for one in faults[:MOST_NAMED]],
            },
        )
        _tell(organization, faults)
    return len(faults)


def _tell(organization: Organization, faults: Iterable[Fault]) -> None:
    """Admins, approvers, auditors and quality assurance: those of them who may see the review."""
    roles = Q(grants__role__in=("admin", "approver", "auditor"), grants__revoked_at=None)
    people = list(
        Membership.objects.active()
        .filter(roles | Q(function_links__function__key="qa"), organization=organization)
        .distinct()
    )
    today = database_now().date()
    for review in {one.review.pk: one.review for one in faults}.values():
        telling.tell(
            people,
            "integrity_failed",
            review,
            title=f"A record is not what was signed ({telling.named(review)})",
            body="The daily check of records failed. The page names what does not match; do not rely on it meanwhile.",
            url=telling.page("review_approval", review),
            key=f"integrity_failed:{review.uuid}:{today}",
        )
