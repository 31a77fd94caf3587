"""The approval route: what a criteria version prescribes, and the steps that a submission makes of it."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q
from django.db.models.functions import Now

from accounts.audit import database_now
from accounts.models import Function, Membership
from assessments.errors import Missing
from assessments.models import ApprovalParty, ApprovalStep, CriteriaVersion, Review, Signature, Submission


@dataclass(frozen=True)
class Planned:
    """A step that a criteria version prescribes: whom it names, and how many of them must sign."""

    key: str
    name: str
    position: int
    kind: str
    rule: str
    at_least: int | None
    due_days: int | None
    functions: tuple[Function, ...]
    roles: tuple[str, ...]
    people: tuple[Membership, ...]


def route_of(version: CriteriaVersion) -> list[Planned]:
    """The steps that a version prescribes, in order; publishing checked their form.

    Raises Missing naming every function or person that is gone, and a version without an executive step
    """
    functions = {row.key: row for row in Function.objects.filter(organization_id=version.organization_id)}
    steps, faults = [], []
    for position, row in enumerate(version.routestep_rows.all()):
        given = row.definition
        emails = [str(email).lower() for email in given.get("people", [])]
        people = (
            Membership.objects.active()
            .select_related("user")
            .filter(organization_id=version.organization_id, user__email__in=emails)
        )
        keys = list(given.get("functions", []))
        roles = [*given.get("roles", []), *([given["role"]] if given.get("role") else [])]
        step = Planned(
            row.key,
            row.name or row.key,
            int(given.get("position", position)),
            given["kind"],
            given.get("rule", ApprovalStep.Rule.ANY),
            given.get("at_least"),
            given.get("due_days"),
            tuple(functions[key] for key in keys if key in functions),
            tuple(roles),
            tuple(people),
        )
        faults += [_fault(step, f"the function {key!r} does not exist") for key in keys if key not in functions]
        missing = set(emails) - {person.user.email for person in people}
        faults += [_fault(step, f"{email} is no active member") for email in sorted(missing)]
        steps.append(step)
    if not any(step.kind == ApprovalStep.Kind.EXECUTIVE for step in steps):
        faults.append({"what": "route", "message": f"{version} has no executive step in its approval route."})
    if faults:
        raise Missing("The approval route of these criteria cannot be followed.", faults)
    return steps


def _fault(step: Planned, words: str) -> dict:
    return {"what": "route", "message": f"{step.name}: {words}."}


def without_signers(review: Review, steps: Sequence[Planned], *, submitter: Membership) -> list[dict]:
    """What of the route nobody could sign: functions without people, executive steps without anyone uninvolved."""
    active = Membership.objects.active().filter(organization_id=review.organization_id)
    found = []
    for step in steps:
        if step.rule == ApprovalStep.Rule.ALL:
            for function in step.functions:
                if not active.filter(function_links__function=function).exists():
                    found.append(_fault(step, f"nobody speaks for {function.name}"))
        if step.kind == ApprovalStep.Kind.EXECUTIVE:
            approvers = active.filter(grants__role="approver", grants__revoked_at=None)
            named = (
                Q(pk__in=[person.pk for person in step.people])
                | Q(function_links__function__in=step.functions)
                | Q(grants__role__in=step.roles, grants__revoked_at=None)
            )
            raters = review.ratings.values("membership")
            if not approvers.filter(named).exclude(pk=submitter.pk).exclude(pk__in=raters).exists():
                found.append(_fault(step, "every approver that it names has rated or submits; name somebody else"))
    return found


def lay(submission: Submission, steps: Sequence[Planned]) -> list[ApprovalStep]:
    """Write the steps of a submission and open the first."""
    common = {"organization_id": submission.organization_id}
    made = []
    for planned in steps:
        step = ApprovalStep.objects.create(
            review=submission.review,
            submission=submission,
            key=planned.key,
            name=planned.name[:80],
            position=planned.position,
            kind=planned.kind,
            rule=planned.rule,
            at_least=planned.at_least,
            due_days=planned.due_days,
            **common,
        )
        ApprovalParty.objects.bulk_create(
            [ApprovalParty(step=step, function=function, **common) for function in planned.functions]
            + [ApprovalParty(step=step, role=role, **common) for role in planned.roles]
            + [ApprovalParty(step=step, membership=person, **common) for person in planned.people]
        )
        made.append(step)
    open_next(submission)
    return made


def open_next(submission: Submission) -> bool:
    """Open the waiting steps of the lowest position; False when none waits any more."""
    waiting = submission.steps.filter(state=ApprovalStep.State.WAITING).order_by("position")
    first = waiting.first()
    if first is None:
        return False
    today = database_now().date()
    for step in waiting.filter(position=first.position):
        due_on = None if step.due_days is None else today + datetime.timedelta(days=step.due_days)
        ApprovalStep.objects.filter(pk=step.pk).update(
            state=ApprovalStep.State.OPEN, opened_at=Now(), due_on=due_on, done_at=None
        )
    return True


def unsigned(step: ApprovalStep, parties: Sequence[ApprovalParty], signed: Sequence[Signature]) -> list[ApprovalParty]:
    """The parties of a step for whom nobody has signed yet."""
    named = {party.membership_id for party in parties if party.membership_id}
    functions = {signature.function_id for signature in signed if signature.function_id}
    people = {signature.membership_id for signature in signed}
    by_role = [s for s in signed if s.function_id is None and s.membership_id not in named]
    left = []
    for party in parties:
        if party.function_id:
            done = party.function_id in functions
        elif party.membership_id:
            done = party.membership_id in people
        else:
            done = bool(by_role)
        if not done:
            left.append(party)
    return left


def fulfilled(step: ApprovalStep, parties: Sequence[ApprovalParty], signed: Sequence[Signature]) -> bool:
    """Whether the counting signatures are enough for the step's rule."""
    if step.rule == ApprovalStep.Rule.ALL:
        return not unsigned(step, parties, signed)
    enough = step.at_least if step.rule == ApprovalStep.Rule.AT_LEAST else 1
    return len({signature.membership_id for signature in signed}) >= enough
