"""Whose turn it is to check an organization's records, and how far that came.

One turn at a time, by a lease that ends by itself where its worker was killed. A review is begun, and counted, in a
transaction of its own before any work is done: one that ends its worker's process leaves that count behind.
"""

import datetime
import uuid
from dataclasses import asdict, dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.audit import database_now
from assessments.jobs import LeaseLost
from assessments.models import RecordCheck, Review

# The task of a turn is ended with its process before that, and each review lengthens the lease.
LEASE = datetime.timedelta(seconds=settings.CELERY_TASK_TIME_LIMIT + 30)


@dataclass(frozen=True)
class Found:
    """What is wrong with a review's records, in words. review: its key. is_error: the check of it ended in an error."""

    review: int
    what: str
    is_error: bool = False


@dataclass
class Turn:
    """The right to check an organization's records until the lease ends.

    after      the key of the last review with an answer today; 0: none
    begun      the key of the review that was begun and has no answer, and how often: (key, attempts)
    submissions, recomputed, faults  what the answers since the last event found
    """

    organization_id: int
    token: uuid.UUID
    after: int = 0
    begun: tuple[int | None, int] = (None, 0)
    submissions: int = 0
    recomputed: int = 0
    faults: tuple[Found, ...] = ()

    def begin(self, review: Review) -> int:
        """Count that a review's check begins, committed before it does; how often that was. Raises LeaseLost."""
        key, attempts = self.begun
        self.begun = review.pk, attempts + 1 if key == review.pk else 1
        self._write(begun=review, attempts=self.begun[1], lease_until=database_now() + LEASE)
        return self.begun[1]

    def answer(self, review: Review, submissions: int, recomputed: int, faults: list[Found]) -> None:
        """Keep what the check of a review found. Raises LeaseLost."""
        self.submissions += submissions
        self.recomputed += recomputed
        self.faults += tuple(faults)
        self.after, self.begun = review.pk, (None, 0)
        found = {
            "submissions": self.submissions,
            "recomputed": self.recomputed,
            "faults": [asdict(one) for one in self.faults],
        }
        self._write(through=review, begun=None, attempts=0, found=found)

    def end(self, *, done: bool) -> None:
        """Give the turn back, in the transaction that records what it found. Raises LeaseLost."""
        self._write(done=done, found={}, lease_token=None, lease_until=None)

    def _write(self, **values: Any) -> None:
        mine = RecordCheck.objects.filter(organization_id=self.organization_id, lease_token=self.token)
        if not mine.update(**values):
            raise LeaseLost(f"The check of records of organization {self.organization_id} went to another worker.")


def not_due() -> QuerySet[RecordCheck]:
    """The checks that are done today, or that somebody works on."""
    now = database_now()
    return RecordCheck.objects.filter(Q(day=now.date(), done=True) | Q(lease_until__gt=now))


@transaction.atomic
def take_turn(organization_id: int) -> Turn | None:
    """Take the turn; None where today's check is done, or somebody else's turn goes on."""
    today = database_now().date()
    RecordCheck.objects.get_or_create(organization_id=organization_id, defaults={"day": today})
    row = RecordCheck.objects.select_for_update(no_key=True).get(organization_id=organization_id)
    now = database_now()
    if row.lease_until and row.lease_until > now:
        return None
    if row.day != now.date():
        row.day, row.done, row.through, row.begun, row.attempts, row.found = now.date(), False, None, None, 0, {}
    if row.done:
        return None
    row.lease_token, row.lease_until = uuid.uuid4(), now + LEASE
    row.save()
    faults = tuple(Found(**one) for one in row.found.get("faults", ()))
    counts = row.found.get("submissions", 0), row.found.get("recomputed", 0)
    return Turn(organization_id, row.lease_token, row.through_id or 0, (row.begun_id, row.attempts), *counts, faults)
