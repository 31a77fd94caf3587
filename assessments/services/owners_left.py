"""Open conditions whose owner is gone: the leads of the program are told once, in the transaction in which it happens.

The round of reminders asks for them too, for what happened while nobody led the program.
"""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery, TextField, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce

from accounts.models import AuditEvent, Membership, RoleGrant
from accounts.people import losing
from assessments.models import Condition, Review
from assessments.models.conditions import ConditionQuerySet
from assessments.services import telling

CONCERNED = (Review.State.RECONCILING, Review.State.IN_APPROVAL, Review.State.APPROVED)


@dataclass(frozen=True)
class Left:
    """What somebody who is gone leaves behind in a review.

    times  how often they came, to the organization, to a role and to the program: who leaves again is told of again
    """

    review: Review
    owner: Membership
    conditions: Sequence[Condition]
    times: int

    @property
    def key(self) -> str:
        """Under what the leads are told."""
        return f"condition_owner_left:{self.review.uuid}:{self.owner.uuid}:{self.times}"

    def tell(self) -> int:
        return telling.owner_left(self.review, self.owner, self.conditions, self.key)


def listen() -> None:
    """Hear of everybody who loses something; once per process, when the application is ready."""
    losing.connect(_when_losing, dispatch_uid="assessments.owners_left")


def _when_losing(sender, *, membership: Membership, **_ignored) -> Callable[[], None]:
    return partial(tell_of, Condition.objects.filter(owner=membership))


def tell_of(conditions: ConditionQuerySet) -> None:
    """Tell of those of some conditions whose owner is gone."""
    for one in found(conditions):
        one.tell()


def found(conditions: ConditionQuerySet) -> list[Left]:
    """Those of some conditions whose owner is gone, by review and owner, in one query."""
    rows = (
        conditions.left_behind()
        .filter(review__state__in=CONCERNED)
        .select_related("owner__user", "review__program")
        .annotate(times=_times_back() + _times_given_a_first_role() + _times_added())
        .order_by("review_id", "owner_id", "pk")
    )
    grouped: dict[tuple[uuid.UUID, uuid.UUID], list] = {}
    for row in rows:
        grouped.setdefault((row.review.uuid, row.owner.uuid), []).append(row)
    return [Left(rows[0].review, rows[0].owner, rows, rows[0].times) for rows in grouped.values()]


def _times_back() -> Coalesce:
    """How often the owner of the outer query's condition was reactivated."""
    return _count(
        AuditEvent.objects.filter(
            organization=OuterRef("organization"), object_uuid=OuterRef("owner__uuid"), action="member.reactivated"
        )
    )


def _times_given_a_first_role() -> Coalesce:
    """How often the owner came to hold a role after holding none, or another one than auditor after holding that alone: an
    auditor sees nothing of a program before its first approval."""
    held = RoleGrant.objects.filter(membership=OuterRef("membership"), pk__lt=OuterRef("pk"))
    beside = held.filter(Q(revoked_at=None) | Q(revoked_at__gt=OuterRef("granted_at")))
    auditor = Q(role=RoleGrant.Role.AUDITOR)
    first = (auditor & ~Exists(beside)) | (~auditor & ~Exists(beside.exclude(auditor)))
    return _count(RoleGrant.objects.filter(first, membership=OuterRef("owner")))


def _times_added() -> Coalesce:
    """How often the owner was made a member, or the lead, of the review's program."""
    of_the_program = AuditEvent.objects.filter(
        organization=OuterRef("organization"),
        object_uuid=OuterRef("review__program__uuid"),
        action__in=("program.member_added", "program.lead_appointed"),
    )
    whom = Cast(OuterRef("owner__uuid"), TextField())
    return _count(of_the_program.annotate(whom=KeyTextTransform("membership", "new")).filter(whom=whom))


def _count(rows: QuerySet) -> Coalesce:
    counted = rows.order_by().annotate(all=Value(1)).values("all").annotate(times=Count("pk")).values("times")
    return Coalesce(Subquery(counted), 0)
