"""The daily check of everything on record: hashes, signatures, decisions, files, and a sample of results computed again.

Each organization is checked in short pieces, review by review, by one worker at a time. What a review's check found is kept
before the next begins, so that the next piece goes on there, also after a worker was killed; what was checked today (UTC) is
not done again.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

import structlog
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.audit import acting_through, database_now, record_event
from accounts.models import AuditEvent, Membership, Organization
from assessments.jobs import LeaseLost
from assessments.models import Review, Submission
from assessments.services import recomputing, telling, verifying
from assessments.services.check_turns import Found, Turn, not_due, take_turn

RECOMPUTED_A_DAY = 20  # of all organizations together; the sample moves on every day
MOST_NAMED = 50  # faults that one audit event names
MOST_IN_A_PIECE = 200  # reviews
MOST_ATTEMPTS = 3  # that end without an answer, before a review is a fault and the check goes on
PIECE_SECONDS = 60.0  # after which a piece ends with the review that it is at
MISMATCH = (
    "A record is not what was signed",
    "The daily check of records failed. The page names what does not match; do not rely on it meanwhile.",
)
ERROR = (
    "A record could not be checked",
    "The daily check of it ended in an error or without an answer: tell whoever runs this system, whose log says more.",
)

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Piece:
    """What a piece found. more: reviews are left for the next."""

    submissions: int = 0
    recomputed: int = 0
    faults: tuple[Found, ...] = ()
    more: bool = False


def organizations_due() -> list[int]:
    """The organizations with anything on record whose check of today is not done, and that nobody is checking."""
    found = Organization.objects.filter(
        Exists(Submission.objects.filter(organization=OuterRef("pk")))
        | Exists(Review.objects.filter(organization=OuterRef("pk"), state__in=Review.RECORDED))
    ).exclude(pk__in=not_due().values("organization_id"))
    return list(found.order_by("pk").values_list("pk", flat=True))


def check_next(organization_id: int) -> Piece:
    """Check an organization's next reviews, write one event of it, and tell who answers for records of every fault.

    Safe to repeat: what is done today is not done again, of two runs at once one does the work, and people are told of a
    review once a day. A review whose check raises, or ends its process time and again, is a fault itself, and the others
    are checked.
    """
    turn = take_turn(organization_id)
    if turn is None:
        return Piece()
    try:
        return _piece(turn)
    except LeaseLost as problem:
        log.warning("check_taken_over", organization=organization_id, problem=str(problem))
        return Piece()


def _piece(turn: Turn) -> Piece:
    organization = Organization.objects.get(pk=turn.organization_id)
    ends = time.monotonic() + PIECE_SECONDS
    sample = _sample()
    keys = list(_on_record(organization).filter(pk__gt=turn.after).values_list("pk", flat=True)[: MOST_IN_A_PIECE + 1])
    for key in keys[:MOST_IN_A_PIECE]:
        review = Review.objects.select_related("program").get(pk=key)
        attempts = turn.begin(review)
        turn.answer(review, *_check(review, sample, attempts))
        if time.monotonic() > ends:
            break
    more = bool(keys) and turn.after != keys[-1]
    _record(organization, turn, more)
    return Piece(turn.submissions, turn.recomputed, turn.faults, more)


def _on_record(organization: Organization) -> QuerySet:
    submitted = Exists(Submission.objects.filter(review=OuterRef("pk")))
    found = Review.objects.filter(organization=organization).filter(submitted | Q(state__in=Review.RECORDED))
    return found.order_by("pk")


def _sample() -> set[int]:
    """The submissions whose results are computed again today: the next so many in a round of all."""
    keys = Submission.objects.order_by("pk").values_list("pk", flat=True)
    count = keys.count()
    if count <= RECOMPUTED_A_DAY:
        return set(keys)
    first = database_now().date().toordinal() * RECOMPUTED_A_DAY % count
    return {*keys[first : first + RECOMPUTED_A_DAY], *keys[: max(0, first + RECOMPUTED_A_DAY - count)]}


def _check(review: Review, sample: set[int], attempts: int) -> tuple[int, int, list[Found]]:
    """(submissions verified, results computed again, faults) of one review. Raises only where the database is lost.

    attempts  how often this was begun, this time included. After MOST_ATTEMPTS without an answer nothing is computed
              again, since that takes the most; where it is not that, one attempt later nothing is done at all
    """
    keys = list(review.submissions.order_by("number").values_list("pk", flat=True))
    computing = [key for key in keys if key in sample]
    before = attempts - 1
    if before > MOST_ATTEMPTS or (before == MOST_ATTEMPTS and not computing):
        return 0, 0, [_unanswered(review, "The records could not be checked", before)]
    faults = _part(review, lambda: [f"{one.what}: {one.message}" for one in verifying.verify_review(review)])
    if before == MOST_ATTEMPTS:
        faults.append(_unanswered(review, "The result could not be recomputed", before))
        computing = []
    for key in keys:
        submission = Submission.objects.select_related("review__program", "revision", "scorecard").get(pk=key)
        faults += _part(review, partial(_verify, submission))
        if key in computing:
            faults += _part(review, partial(_recompute, submission))
    return len(keys), len(computing), faults


def _unanswered(review: Review, what: str, attempts: int) -> Found:
    words = f"{what}: {attempts} attempts ended without an answer, as where the process is ended for want of memory."
    log.error("record_not_answered", review=str(review.uuid), attempts=attempts)
    return Found(review.pk, words, is_error=True)


def _verify(submission: Submission) -> list[str]:
    return [f"{one.what}: {one.message}" for one in verifying.verify(submission)]


def _recompute(submission: Submission) -> list[str]:
    again = recomputing.recomputed(submission.record)
    return [f"{submission}: {again.sentence}"] if again.is_fault else []


def _part(review: Review, check: Callable[[], Iterable[str]]) -> list[Found]:
    try:
        return [Found(review.pk, words) for words in check()]
    except Exception as problem:
        if not connection.is_usable():
            raise
        log.exception("record_not_checked", review=str(review.uuid))
        words = f"A part of its check ended in an error ({type(problem).__name__}); the log says more."
        return [Found(review.pk, words, is_error=True)]


@transaction.atomic
def _record(organization: Organization, turn: Turn, more: bool) -> None:
    """Write the event of a piece, tell of its faults, and give the turn back. Raises LeaseLost."""
    turn.end(done=not more)
    wanted = {one.review for one in turn.faults} | {turn.after}
    reviews = {one.pk: one for one in Review.objects.filter(pk__in=wanted).select_related("program")}
    last = reviews.get(turn.after)
    named = [f"{reviews[one.review].program}, {reviews[one.review]}: {one.what}" for one in turn.faults[:MOST_NAMED]]
    with acting_through(AuditEvent.Channel.WORKER):
        record_event(
            "records.checked",
            organization_id=organization.pk,
            actor=None,
            subject=organization,
            new={
                "submissions": turn.submissions,
                "recomputed": turn.recomputed,
                "faults": len(turn.faults),
                "named": named,
                "through": str(last.uuid) if last else None,
                "more": more,
            },
        )
        _tell(organization, turn.faults, reviews)


def _tell(organization: Organization, faults: Iterable[Found], reviews: Mapping[int, Review]) -> None:
    """Admins, approvers, auditors and quality assurance: those of them who may see the review."""
    roles = Q(grants__role__in=("admin", "approver", "auditor"), grants__revoked_at=None)
    people = list(
        Membership.objects.active()
        .filter(roles | Q(function_links__function__key="qa"), organization=organization)
        .distinct()
    )
    today = database_now().date()
    wrong = {one.review for one in faults if not one.is_error}
    for review in [reviews[key] for key in dict.fromkeys(one.review for one in faults)]:
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
