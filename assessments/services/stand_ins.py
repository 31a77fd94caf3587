"""Who may take a place of a route's steps: `permissions.can_take_over` asked of everybody at once."""

from collections.abc import Collection, Mapping, Sequence

from django.db.models import Exists, OuterRef, Q

from accounts.models import Membership
from accounts.permissions import has_role
from assessments import permissions
from assessments.models import ApprovalStep, Review, duties
from assessments.models.decisions import ApprovalStepQuerySet
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


def kept_from_some(steps: ApprovalStepQuerySet, people: Sequence[Membership]) -> set[int]:
    """Of the people the keys of those who could not sign all of these steps in another's place, once they are open:
    `permissions.can_stand_in` asked of everybody at once, in two queries.
    """
    kinds = set(steps.order_by().values_list("kind", flat=True))
    if not kinds:
        return set()
    others = ApprovalStep.objects.filter(submission=OuterRef("submission")).exclude(pk=OuterRef("pk")).apart()
    signed_another = Exists(others.signed_by(OuterRef(OuterRef(OuterRef("pk")))))
    apart = ~Q(despite__has_key=duties.SIGNED) & Q(signed_another)
    for duty in (duties.RATED, duties.SUBMITTED):
        carries = duties.carries(duty, OuterRef(OuterRef("pk")))
        apart |= Q(kind=ApprovalStep.Kind.EXECUTIVE) & ~Q(despite__has_key=duty) & carries
    found = Membership.objects.filter(Exists(steps.filter(apart)), pk__in=[person.pk for person in people])
    kept = set(found.values_list("pk", flat=True))
    decides = ApprovalStep.Kind.EXECUTIVE in kinds
    for person in people:
        able = person.is_here and person.roles and permissions.reads_before_approval(person)
        if not able or decides and not has_role(person, "approver"):
            kept.add(person.pk)
    return kept


def _named(step: ApprovalStep | Planned) -> set[int]:
    """Whom the step names in person."""
    parties = step.places if isinstance(step, Planned) else step.parties.all()
    return {one.membership.pk for one in parties if one.membership}
