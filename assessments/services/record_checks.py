"""The daily check of everything on record: hashes, signatures, decisions, files, and a sample of results computed again.

Each organization is checked in short pieces, review by review. The event of a piece says how far it came, so that the next
goes on there, also after a worker was killed; what was recorded today (UTC) is not done again.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.audit import acting_through, database_now, record_event
from accounts.models import AuditEvent, Membership, Organization
from assessments.models import Review, Submission
from assessments.services import recomputing, telling, verifying

RECOMPUTED_A_DAY = 20  # of all organizations together; the sample moves on every day
MOST_NAMED = 50  # faults that one audit event names
MOST_IN_A_PIECE = 200  # reviews
PIECE_SECONDS = 60.0  # after which a piece ends with the review that it is at
MISMATCH = (
    "A record is not what was signed",
    "The daily check of records failed. The page names what does not match; do not rely on it meanwhile.",
)
ERROR = (
    "A record could not be checked",
    "The daily check of it ended in an error: tell whoever runs this system, whose log says more.",
)

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Fault:
    """What is wrong with a review's records, in words. is_error: the check of it ended in an error."""

    review: Review
    what: str
    is_error: bool = False


@dataclass(frozen=True)
class Piece:
    """What a piece found. more: reviews are left for the next."""

    submissions: int = 0
    recomputed: int = 0
    faults: tuple[Fault, ...] = ()
    more: bool = False


@dataclass(frozen=True)
class _Progress:
    """How far today's check came: the review after which it goes on (0: none yet), and whether it is done."""

    after: int = 0
    done: bool = False


def organizations_due() -> list[int]:
    """The organizations with anything on record whose check of today is not done."""
    found = Organization.objects.filter(
        Exists(Submission.objects.filter(organization=OuterRef("pk")))
        | Exists(Review.objects.filter(organization=OuterRef("pk"), state__in=Review.RECORDED))
    )
    return [key for key in found.order_by("pk").values_list("pk", flat=True) if not _progress(key).done]


def check_next(organization_id: int) -> Piece:
    """Check an organization's next reviews, write one event of it, and tell who answers for records of every fault.

    Safe to repeat: what is done today is not done again, of two runs at once one is recorded, and people are told of a
    review once a day. A review whose check raises is a fault itself, and the others are checked.
    """
    organization = Organization.objects.get(pk=organization_id)
    began = _progress(organization_id)
    if began.done:
        return Piece()
    ends = time.monotonic() + PIECE_SECONDS
    sample = _sample()
    keys = list(_on_record(organization).filter(pk__gt=began.after).values_list("pk", flat=True)[: MOST_IN_A_PIECE + 1])
    faults: list[Fault] = []
    verified = recomputed = 0
    last = None
    for key in keys[:MOST_IN_A_PIECE]:
        last = Review.objects.select_related("program").get(pk=key)
        counts, found = _check(last, sample)
        verified, recomputed = verified + counts[0], recomputed + counts[1]
        faults += found
        if time.monotonic() > ends:
            break
    piece = Piece(verified, recomputed, tuple(faults), more=last is not None and last.pk != keys[-1])
    return piece if _record(organization, began, last, piece) else Piece(more=piece.more)


def _on_record(organization: Organization) -> QuerySet:
    submitted = Exists(Submission.objects.filter(review=OuterRef("pk")))
    found = Review.objects.filter(organization=organization).filter(submitted | Q(state__in=Review.RECORDED))
    return found.order_by("pk")


def _progress(organization_id: int) -> _Progress:
    checks = AuditEvent.objects.filter(organization_id=organization_id, action="records.checked")
    last = checks.order_by("-pk").first()
    if last is None or last.at.date() != database_now().date():
        return _Progress()
    said: dict[str, Any] = last.new or {}
    if not said.get("more"):
        return _Progress(done=True)
    after = Review.objects.filter(organization_id=organization_id, uuid=said["through"])
    return _Progress(after=after.values_list("pk", flat=True).first() or 0)


def _sample() -> set[int]:
    """The submissions whose results are computed again today: the next so many in a round of all."""
    keys = Submission.objects.order_by("pk").values_list("pk", flat=True)
    count = keys.count()
    if count <= RECOMPUTED_A_DAY:
        return set(keys)
    first = database_now().date().toordinal() * RECOMPUTED_A_DAY % count
    return {*keys[first : first + RECOMPUTED_A_DAY], *keys[: max(0, first + RECOMPUTED_A_DAY - count)]}


def _check(review: Review, sample: set[int]) -> tuple[tuple[int, int], list[Fault]]:
    """((submissions verified, results computed again), faults) of one review. Raises only where the database is lost."""
    faults = _part(review, lambda: [f"{one.what}: {one.message}" for one in verifying.verify_review(review)])
    verified = recomputed = 0
    for key in review.submissions.order_by("number").values_list("pk", flat=True):
        submission = Submission.objects.select_related("review__program", "revision", "scorecard").get(pk=key)
        verified += 1
        faults += _part(review, partial(_verify, submission))
        if key in sample:
            recomputed += 1
            faults += _part(review, partial(_recompute, submission))
    return (verified, recomputed), faults


def _verify(submission: Submission) -> list[str]:
    return [f"{one.what}: {one.message}" for one in verifying.verify(submission)]


def _recompute(submission: Submission) -> list[str]:
    again = recomputing.recomputed(submission.record)
    return [f"{submission}: {again.sentence}"] if again.is_fault else []


def _part(review: Review, check: Callable[[], Iterable[str]]) -> list[Fault]:
    try:
        return [Fault(review, words) for words in check()]
    except Exception as problem:
        if not connection.is_usable():
            raise
        log.exception("record_not_checked", review=str(review.uuid))
        words = f"A part of its check ended in an error ({type(problem).__name__}); the log says more."
        return [Fault(review, words, is_error=True)]


@transaction.atomic
def _record(organization: Organization, began: _Progress, last: Review | None, piece: Piece) -> bool:
    """Write the event of a piece and tell of its faults, unless another run was faster; whether it was written."""
    # Of two runs at once the second sees the event of the first.
    Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
    if _progress(organization.pk) != began:
        return False
    with acting_through(AuditEvent.Channel.WORKER):
        record_event(
            "records.checked",
            organization_id=organization.pk,
            actor=None,
            subject=organization,
            new={
                "submissions": piece.submissions,
                "recomputed": piece.recomputed,
                "faults": len(piece.faults),
                "named": [f"{one.review.program}, {one.review}: {one.what}" for one in piece.faults[:MOST_NAMED]],
                "through": str(last.uuid) if last else None,
                "more": piece.more,
            },
        )
        _tell(organization, piece.faults)
    return True


def _tell(organization: Organization, faults: Iterable[Fault]) -> None:
    """Admins, approvers, auditors and quality assurance: those of them who may see the review."""
    roles = Q(grants__role__in=("admin", "approver", "auditor"), grants__revoked_at=None)
    people = list(
        Membership.objects.active()
        .filter(roles | Q(function_links__function__key="qa"), organization=organization)
        .distinct()
    )
    today = database_now().date()
    wrong = {one.review.pk for one in faults if not one.is_error}
    for review in {one.review.pk: one.review for one in faults}.values():
        title, body = MISMATCH if review.pk in wrong else ERROR
        telling.tell(
            people,
            "integrity_failed",
            review,
            title=f"{title} ({telling.named(review)})",
            body=body,
            url=telling.page("review_approval", review),
            key=f"integrity_failed:{review.uuid}:{today}",
        )
