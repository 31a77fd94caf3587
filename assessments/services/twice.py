"""An act that is sent twice, as by a double click: the second is told as what it is, the person's own and done already."""

import datetime
from collections.abc import Mapping
from typing import Any

from django.urls import reverse

from accounts.models import AuditEvent, Membership
from assessments.errors import DoneAlready
from assessments.models import Review


def done_already(words: str, at: datetime.datetime, url: str) -> DoneAlready:
    """words  what the person did, such as "You returned this review" """
    return DoneAlready(f"{words} already, on {at:%-d %b at %H:%M} UTC. It was done once.", url)


def require_first(
    member: Membership, subject: Any, action: str, *, words: str, url: str, reason: str, new: Mapping | None = None
) -> None:
    """Raises DoneAlready where the newest act on the object is the very same one, by the same person.

    words  as of `done_already`
    new    what the act was to make; None: its reason says enough
    """
    of_it = AuditEvent.objects.filter(organization_id=subject.organization_id, object_uuid=subject.uuid)
    last = of_it.order_by("-pk").first()
    if last is None or (last.action, last.actor_id, last.reason) != (action, member.pk, reason.strip()):
        return
    if new is None or last.new == new:
        raise done_already(words, last.at, url)


def require_first_on_review(
    member: Membership, review_id: int, action: str, *, words: str, reason: str = "", page: str = "review_approval"
) -> None:
    """As `require_first`, of a review whose state does not take the act any more; page: where what was done is seen."""
    review = Review.objects.get(pk=review_id)
    url = reverse(f"assessments:{page}", args=[review.uuid])
    require_first(member, review, action, words=words, url=url, reason=reason)
