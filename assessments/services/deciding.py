"""Which signature makes the decision, and what keeps it from being made."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from accounts.audit import database_now
from accounts.models import Membership
from assessments.errors import Missing
from assessments.models import ApprovalStep, Review, Signature
from assessments.services import routes

if TYPE_CHECKING:
    from assessments.services.signing import Capacity

UNFINISHED = (ApprovalStep.State.OPEN, ApprovalStep.State.WAITING)


def would_decide(step: ApprovalStep, member: Membership, capacities: Collection["Capacity"]) -> bool:
    """Whether the person's next signature on an open step completes the route, in whichever of the capacities it is given."""
    others = ApprovalStep.objects.filter(submission=step.submission_id, state__in=UNFINISHED).exclude(pk=step.pk)
    if not capacities or others.exists():
        return False
    parties, given, now = list(step.parties.all()), routes.counting_signatures(step), database_now()
    return all(
        routes.fulfilled(
            step, parties, [*given, Signature(membership=member, on_behalf_of=giver, function=function, at=now)]
        )
        for function, giver in ((one.function, one.giver) for one in capacities)
    )


def lacks(owner: Membership | None, gone: str, due_month: int | None) -> str:
    """What a condition lacks, an owner who can see to it or a date, in words; empty: nothing.

    gone  why its owner cannot, as `Condition.gone` says it
    """
    missing = []
    if owner is None:
        missing.append("an owner")
    elif gone:
        missing.append(f"an owner who can see to it ({owner.name} {gone})")
    if due_month is None:
        missing.append("a due month")
    return " and ".join(missing)


def holding_up(review: Review) -> list[dict]:
    """The conditions that lack somebody who sees to them or a date, as things that are missing: title and what it lacks."""
    found = []
    for row in review.conditions.with_gone().select_related("owner__user"):
        if words := lacks(row.owner, row.gone, row.due_month):
            found.append({"code": "condition", "what": row.title, "message": f"This condition lacks {words}."})
    return found


def require_owners(review: Review) -> None:
    """Nothing is decided while a condition lacks who sees to it or by when, whatever was checked before. Raises Missing."""
    if things := holding_up(review):
        raise Missing(
            "Every condition needs an owner and a date before it is approved. "
            "Amend the proposed decision with them, or return it.",
            things,
        )
