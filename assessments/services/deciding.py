"""Which signature makes the decision, and what keeps it from being made."""

from accounts.models import Membership
from assessments.errors import Missing
from assessments.models import ApprovalStep, Review
from assessments.services import routes

UNFINISHED = (ApprovalStep.State.OPEN, ApprovalStep.State.WAITING)


def would_decide(step: ApprovalStep) -> bool:
    """Whether the next signature on an open step completes the route."""
    others = ApprovalStep.objects.filter(submission=step.submission_id, state__in=UNFINISHED).exclude(pk=step.pk)
    if others.exists():
        return False
    signed = routes.counting_signatures(step)
    if step.rule == ApprovalStep.Rule.ALL:
        parties = list(step.parties.select_related("function", "membership"))
        return len(routes.unsigned(step, parties, signed)) <= 1
    return routes.missing_signatures(step, signed) <= 1


def lacks(owner: Membership | None, due_month: int | None) -> str:
    """What a condition lacks, an owner who is here or a date, in words; empty: nothing."""
    missing = []
    if owner is None:
        missing.append("an owner")
    elif not owner.is_here:
        missing.append(f"an owner who is still here ({owner.name} left)")
    if due_month is None:
        missing.append("a due month")
    return " and ".join(missing)


def holding_up(review: Review) -> list[dict]:
    """The conditions that lack somebody who sees to them or a date, as things that are missing: title and what it lacks."""
    found = []
    for row in review.conditions.select_related("owner__user"):
        if words := lacks(row.owner, row.due_month):
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
