"""How a submission came back to the lead: returned or asked about, by whom, and in which words."""

from collections.abc import Iterable
from dataclasses import dataclass

from accounts.models import AuditEvent
from assessments.models import Review, Submission
from assessments.services.approvals import ASKED, RETURNED


@dataclass(frozen=True)
class CameBack:
    """
    who    with the name of whoever had delegated to them
    asked  whether it was for an answer alone
    words  the reason, or the question
    """

    who: str
    asked: bool
    words: str


def returned_by(review: Review) -> str:
    """Who last returned the review, with the name of whoever had delegated to them; empty if nobody did."""
    event = _events(review, RETURNED).last()
    return "" if event is None else _who(event)


def came_back(review: Review, submissions: Iterable[Submission]) -> dict[int, CameBack]:
    """By the submission's key; one that did not come back is left out."""
    events = list(_events(review, RETURNED, ASKED))
    found = {}
    for submission in sorted(submissions, key=lambda one: one.number, reverse=True):
        while events and events[-1].at >= submission.submitted_at:
            event = events.pop()
            found[submission.pk] = CameBack(_who(event), event.action == ASKED, event.reason)
    return found


def _events(review: Review, *actions: str):
    found = AuditEvent.objects.filter(review_uuid=review.uuid, action__in=actions)
    return found.select_related("on_behalf_of__user").order_by("pk")


def _who(event: AuditEvent) -> str:
    return f"{event.actor_name} on behalf of {event.on_behalf_of.name}" if event.on_behalf_of else event.actor_name
