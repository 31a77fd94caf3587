"""The separation of duties: who has had a hand in what is decided, and is kept from deciding it.

docs/decisions/0007 says what is a duty and what is not. Whoever asks, of one person or of many, asks here.
"""

from django.db.models import Exists, OuterRef, Q

from accounts.models import AuditEvent
from assessments.models.decisions import Submission
from assessments.models.ratings import Rating

RATED, SUBMITTED, SIGNED = "rated", "submitted", "signed"
ALL = (RATED, SUBMITTED, SIGNED)
AGREED = "value.agreed"  # the event stays where the value is replaced or taken back


def carries(duty: str, member, *, review: str = "review") -> Q:
    """Of a queryset whose rows belong to a review: those in whose review the membership carries the duty.

    duty    RATED or SUBMITTED
    review  the path to the review: "review" from steps
    """
    if duty == SUBMITTED:
        return Q(Exists(Submission.objects.filter(review=OuterRef(review), submitted_by=member)))
    # What was only carried along from an earlier review is nobody's word yet.
    rated = Rating.objects.filter(review=OuterRef(review), membership=member, to_confirm=False)
    return Q(Exists(rated)) | Q(Exists(_agreed().filter(review_uuid=OuterRef(f"{review}__uuid"), actor=member)))


def carriers(review) -> dict[str, set[int]]:
    """The keys of the memberships that carry each duty in a review."""
    return carriers_in([review])[review.pk]


def carriers_in(reviews) -> dict[int, dict[str, set[int]]]:
    """The same of many reviews, by their keys, in three queries."""
    by_uuid = {review.uuid: review.pk for review in reviews}
    found: dict[int, dict[str, set[int]]] = {key: {RATED: set(), SUBMITTED: set()} for key in by_uuid.values()}
    rated = Rating.objects.filter(review__in=found, to_confirm=False).order_by()
    for review, person in rated.values_list("review_id", "membership_id").distinct():
        found[review][RATED].add(person)
    agreed = _agreed().filter(review_uuid__in=by_uuid, actor__isnull=False)
    for uuid, person in agreed.values_list("review_uuid", "actor_id").distinct():
        found[by_uuid[uuid]][RATED].add(person)
    submitted = Submission.objects.filter(review__in=found).order_by()
    for review, person in submitted.values_list("review_id", "submitted_by_id"):
        found[review][SUBMITTED].add(person)
    return found


def has_rated(member, review) -> bool:
    return review.ratings.filter(membership=member, to_confirm=False).exists()


def has_agreed(member, review) -> bool:
    """Whether the membership recorded an agreed value, also one that was replaced or taken back since."""
    return _agreed().filter(review_uuid=review.uuid, actor=member).exists()


def has_submitted(member, review) -> bool:
    return review.submissions.filter(submitted_by=member).exists()


def _agreed():
    return AuditEvent.objects.filter(action=AGREED).order_by()
