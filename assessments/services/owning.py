"""Who sees to a thing of a decision, and by which month: conditions and tripwires take both alike."""

import uuid
from typing import Any

from accounts.models import Membership
from assessments import permissions
from assessments.models import Review
from assessments.services.reviews import problem

LAST_MONTH = 120


def owner_of(review: Review, owner: Any, key: str, problems: list[dict]) -> Membership | None:
    """Who can see to a thing, named by a membership or its uuid; None, and a problem of the thing `key`, for anybody else."""
    try:
        named = owner.uuid if isinstance(owner, Membership) else uuid.UUID(str(owner))
    except ValueError:
        named = None
    people = Membership.objects.with_rights().filter(organization_id=review.organization_id)
    found = people.filter(uuid=named).first()
    if found is None:
        problems.append(problem("owner", "Choose an active person of this organization.", str(owner), key))
        return None
    if not (verdict := permissions.can_see_to(found, review.program)):
        problems.append(problem("owner", f"{verdict.reason} Choose somebody who can see to it.", str(owner), key))
        return None
    return found


def month_of(month: Any, field: str, key: str, problems: list[dict]) -> int | None:
    """A month counted from the assessment date; None, and a problem of the thing's `field`, for what is none."""
    try:
        number = int(str(month).strip())
    except ValueError:
        number = -1
    if not 0 <= number <= LAST_MONTH:
        words = "due month" if field == "due_month" else "month"
        problems.append(problem(field, f"A {words} is a whole number from 0 to {LAST_MONTH}.", str(month), key))
        return None
    return number
