"""How a submission came back to the lead: returned or asked about, by whom, and in which words."""

import datetime
import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from accounts.models import AuditEvent, Membership
from assessments.models import Review, Submission
from assessments.services.approvals import ASKED, RETURNED


@dataclass(frozen=True)
class CameBack:
    """
    by     who sent it back; giver: who had delegated to them, where they did so in that place
    who    both in words
    asked  whether it was for an answer alone
    words  the reason, or the question
    """

    by: Membership | None
    giver: Membership | None
    who: str
    asked: bool
    words: str
    at: datetime.datetime


def open_return(review: Review) -> tuple[Submission, CameBack] | None:
    """The submission that was returned with a reason, and how, while the review waits to be submitted again."""
    if review.state != Review.State.RECONCILING or not review.returned:
        return None
    last = review.submissions.defer("record").order_by("-number").first()
    back = came_back(review, [last]).get(last.pk) if last else None
    return (last, back) if last and back and not back.asked else None


def answers_to_returns(review: Review) -> dict[int, dict[str, Any]]:
    """By the number of each submission that followed a return: {"reason", "returned_by", "on_behalf_of", "answer"}."""
    submissions = list(review.submissions.defer("record").order_by("number"))
    back = came_back(review, submissions)
    found = {}
    for before, after in itertools.pairwise(submissions):
        one = back.get(before.pk)
        if one is not None and not one.asked:
            found[after.number] = {
                "reason": one.words,
                "returned_by": one.by,
                "on_behalf_of": one.giver,
                "answer": after.return_answer,
            }
    return found


def entry_of(submission: Submission, back: CameBack, answer: str) -> dict[str, Any]:
    """The return and what was done about it, as the record of the next submission holds them."""
    by = {"name": back.who} if back.by is None else {"uuid": back.by.uuid, "name": back.by.name}
    giver = {"on_behalf_of": {"uuid": back.giver.uuid, "name": back.giver.name}} if back.giver else {}
    return {
        "of_submission": {"number": submission.number, "sha256": submission.sha256},
        "returned_by": by | giver,
        "returned_at": back.at,
        "reason": back.words,
        "answer": answer,
    }


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
            found[submission.pk] = CameBack(
                event.actor, event.on_behalf_of, _who(event), event.action == ASKED, event.reason, event.at
            )
    return found


def _events(review: Review, *actions: str):
    found = AuditEvent.objects.filter(review_uuid=review.uuid, action__in=actions)
    return found.select_related("actor__user", "on_behalf_of__user").order_by("pk")


def _who(event: AuditEvent) -> str:
    return f"{event.actor_name} on behalf of {event.on_behalf_of.name}" if event.on_behalf_of else event.actor_name
