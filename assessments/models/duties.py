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
    """The keys of the memberships that carry each duty in a review, in two queries."""
    rated = review.ratings.filter(to_confirm=False).order_by().values_list("membership_id", flat=True)
    agreed = _agreed().filter(review_uuid=review.uuid, actor__isnull=False).values_list("actor_id", flat=True)
    return {
        RATED: set(rated.union(agreed)),
        SUBMITTED: set(review.submissions.values_list("submitted_by_id", flat=True)),
    }


def has_rated(member, review) -> bool:
    return review.ratings.filter(membership=member, to_confirm=False).exists()


def has_agreed(member, review) -> bool:
    """Whether the membership recorded an agreed value, also one that was replaced or taken back since."""
    return _agreed().filter(review_uuid=review.uuid, actor=member).exists()


def has_submitted(member, review) -> bool:
    return review.submissions.filter(submitted_by=member).exists()


def _agreed():
    return AuditEvent.objects.filter(action=AGREED).order_by()
