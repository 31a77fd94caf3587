"""Open conditions whose owner is gone: the leads of the program are told once, in the transaction in which it happens.

The round of reminders asks for them too, for what happened while nobody led the program.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce

from accounts.models import AuditEvent, Membership
from accounts.people import access_ended
from assessments.models import Condition, Review
from assessments.models.conditions import ConditionQuerySet
from assessments.services import telling

CONCERNED = (Review.State.RECONCILING, Review.State.IN_APPROVAL, Review.State.APPROVED)


@dataclass(frozen=True)
class Left:
    """What somebody who is gone leaves behind in a review.

    times  how often they came back before: who leaves again is told of again
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
    """Hear of everybody whose access ends; once per process, when the application is ready."""
    access_ended.connect(_when_access_ended, dispatch_uid="assessments.owners_left")


def _when_access_ended(sender, *, membership: Membership, **_ignored) -> None:
    tell_of(Condition.objects.filter(owner=membership))


def tell_of(conditions: ConditionQuerySet) -> None:
    """Tell of those of some conditions that are open, whose owner is gone."""
    for one in found(conditions):
        one.tell()


def found(conditions: ConditionQuerySet) -> list[Left]:
    """Those of some conditions that are open, by review and owner, in one query."""
    back = (
        AuditEvent.objects.filter(
            organization=OuterRef("organization"), object_uuid=OuterRef("owner__uuid"), action="member.reactivated"
        )
        .values("object_uuid")
        .annotate(times=Count("pk"))
        .values("times")
    )
    rows = (
        conditions.open()
        .filter(review__state__in=CONCERNED)
        .exclude(owner=None)
        .select_related("owner__user", "review__program")
        .annotate(times=Coalesce(Subquery(back), 0))
        .order_by("review_id", "owner_id", "pk")
    )
    grouped: dict[tuple[uuid.UUID, uuid.UUID], list] = {}
    for row in rows:
        grouped.setdefault((row.review.uuid, row.owner.uuid), []).append(row)
    return [Left(rows[0].review, rows[0].owner, rows, rows[0].times) for rows in grouped.values()]
