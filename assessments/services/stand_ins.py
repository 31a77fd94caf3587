"""Who may take a place of a route's steps: `permissions.can_take_over` asked of everybody at once."""

from collections.abc import Collection, Mapping, Sequence

from accounts.models import Membership
from accounts.permissions import has_role
from assessments import permissions
from assessments.models import ApprovalStep, Review, duties
from assessments.services.routes import Planned


def stand_ins(
    member: Membership,
    review: Review,
    steps: Sequence[ApprovalStep] | Sequence[Planned],
    signed: Mapping[str, Collection[int]],
    people: Sequence[Membership],
) -> dict[str, list[Membership]]:
    """Of the people those to whom the member could give a place of a step, by the step's key; in two queries.

    steps   all of one submission, laid with their parties at hand, or planned
    signed  by the step's key: whoever signed there, and in whose place it was signed, as keys of memberships
    people  with their rights, of the review's organization
    """
    carriers = duties.carriers(review)
    found = {}
    for step in steps:
        kept = {member.pk, *_named(step)}
        if duties.SIGNED not in step.despite:
            others = [one for one in steps if one.key != step.key and duties.SIGNED not in one.despite]
            kept |= {key for one in others for key in signed.get(one.key, ())}
        executive = step.kind == ApprovalStep.Kind.EXECUTIVE
        if executive:
            kept |= {key for duty in carriers.keys() - set(step.despite) for key in carriers[duty]}
        found[step.key] = [
            person
            for person in people
            if person.pk not in kept
            and person.is_here
            and permissions.reads_before_approval(person)
            and (not executive or has_role(person, "approver"))
        ]
    return found


def _named(step: ApprovalStep | Planned) -> set[int]:
    """Whom the step names in person."""
    parties = step.places if isinstance(step, Planned) else step.parties.all()
    return {one.membership.pk for one in parties if one.membership}
