"""The approval route: what a criteria version prescribes, and the steps that a submission makes of it."""

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.db.models import Prefetch, Q
from django.db.models.functions import Now

from accounts.audit import database_now
from accounts.models import Function, Membership, Organization
from assessments.errors import Missing
from assessments.models import (
    ApprovalParty,
    ApprovalStep,
    CriteriaVersion,
    Delegation,
    Review,
    Signature,
    Submission,
)
from assessments.models.asking import those_with_rows


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
        emails = [str(email).lower() for email in given.get("people") or []]
        people = (
            Membership.objects.active()
            .select_related("user")
            .filter(organization_id=version.organization_id, user__email__in=emails)
        )
        keys = list(dict.fromkeys(given.get("functions") or []))
        roles = list(dict.fromkeys([*(given.get("roles") or []), *([given["role"]] if given.get("role") else [])]))
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
    """What of the route nobody could sign: parties without people, or fewer uninvolved approvers than a step wants."""
    people = list(Membership.objects.active().filter(organization_id=review.organization_id).with_rights())
    raters = set(review.ratings.filter(to_confirm=False).values_list("membership_id", flat=True))
    found = []
    for step in steps:
        executive = step.kind == ApprovalStep.Kind.EXECUTIVE
        able = [
            person
            for person in people
            if person.roles
            and (not executive or "approver" in person.roles and person.pk not in raters | {submitter.pk})
        ]
        parties: list[tuple[str, list[Membership]]] = [
            *((one.name, [p for p in able if one.key in p.function_keys]) for one in step.functions),
            *((f"the role {role}", [p for p in able if role in p.roles]) for role in step.roles),
            *((person.name, [p for p in able if p.pk == person.pk]) for person in step.people),
        ]
        anyone = {person.pk for _, who in parties for person in who}
        wanted = step.at_least or 1
        if executive and not anyone:
            found.append(_fault(step, "every approver that it names has rated or submits; name somebody else"))
        elif step.rule == ApprovalStep.Rule.ALL:
            words = "who neither rated nor submits can sign for" if executive else "speaks for"
            found += [_fault(step, f"nobody {words} {name}") for name, who in parties if not who]
        elif len(anyone) < wanted:
            found.append(_fault(step, f"{wanted} have to sign, and only {len(anyone)} can"))
    return found


def lay(submission: Submission, steps: Sequence[Planned], *, stands_on: Submission | None = None) -> list[ApprovalStep]:
    """Write the steps of a submission and open the first.

    stands_on  a former submission that says the same: its steps keep their parties, and signatures of functions stand
    """
    common = {"organization_id": submission.organization_id}
    before = {step.key: step for step in stands_on.steps.all()} if stands_on else {}
    made = []
    for planned in steps:
        former = before.get(planned.key)
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
            stands_on=_whose_signatures_stand(former) if former else None,
            **common,
        )
        ApprovalParty.objects.bulk_create(
            [
                ApprovalParty(
                    step=step, function=party.function, role=party.role, membership=party.membership, **common
                )
                for party in former.parties.select_related("function", "membership")
            ]
            if former
            else [ApprovalParty(step=step, function=function, **common) for function in planned.functions]
            + [ApprovalParty(step=step, role=role, **common) for role in planned.roles]
            + [ApprovalParty(step=step, membership=person, **common) for person in planned.people]
        )
        made.append(step)
    open_next(submission)
    return made


def _whose_signatures_stand(former: ApprovalStep) -> ApprovalStep | None:
    """The step that a functional step stands on: its forerunner, or what that stood on if nobody signed it since."""
    if former.kind != ApprovalStep.Kind.FUNCTIONAL or not Signature.objects.at(former).exists():
        return None
    return former if former.signatures.exists() or former.reassignments.exists() else former.stands_on


def open_next(submission: Submission) -> bool:
    """Open the waiting steps of the lowest position that want signatures; False when none waits any more.

    A step whose signatures stand from a former submission is done as soon as its turn comes.
    """
    while True:
        waiting = list(submission.steps.filter(state=ApprovalStep.State.WAITING).order_by("position"))
        if not waiting:
            return False
        today = today_in(submission.organization)
        opened = False
        for step in waiting:
            if step.position != waiting[0].position:
                break
            changed: dict = {"opened_at": Now(), "due_on": None, "done_at": None, "state": ApprovalStep.State.OPEN}
            if step.due_days is not None:
                changed["due_on"] = today + datetime.timedelta(days=step.due_days)
            if step.stands_on_id and fulfilled(step, list(step.parties.all()), list(Signature.objects.at(step))):
                changed |= {"state": ApprovalStep.State.DONE, "done_at": Now()}
            else:
                opened = True
            ApprovalStep.objects.filter(pk=step.pk).update(**changed)
        if opened:
            return True


def party_words(party: ApprovalParty) -> str:
    """Whom a party names: a person, a function or a role."""
    if party.membership:
        return party.membership.name
    return party.function.name if party.function else party.role.capitalize()


def party_key(party: ApprovalParty) -> str:
    """One text for one party of a step, as a form or a request names it: "function:qa"."""
    if party.membership:
        return f"person:{party.membership.uuid}"
    return f"function:{party.function.key}" if party.function else f"role:{party.role}"


def today_in(organization: Organization) -> datetime.date:
    """The day that it is where the organization is, by the database's clock."""
    return day_in(organization, database_now())


def day_in(organization: Organization, moment: datetime.datetime) -> datetime.date:
    """On which day a moment falls where the organization is."""
    return moment.astimezone(ZoneInfo(organization.time_zone)).date()


def signer_of(signature: Signature) -> int:
    """The key of the membership in whose name a signature was given."""
    return signature.on_behalf_of_id or signature.membership_id


def unsigned(step: ApprovalStep, parties: Sequence[ApprovalParty], signed: Sequence[Signature]) -> list[ApprovalParty]:
    """The parties of a step for whom nobody has signed yet."""
    named = {party.membership_id for party in parties if party.membership_id}
    functions = {signature.function_id for signature in signed if signature.function_id}
    people = {signer_of(signature) for signature in signed}
    roles = _roles_signed(
        [party.role for party in parties if party.role],
        [one for one in signed if one.function_id is None and signer_of(one) not in named],
    )
    left = []
    for party in parties:
        if party.function_id:
            done = party.function_id in functions
        elif party.membership_id:
            done = party.membership_id in people
        else:
            done = party.role in roles
        if not done:
            left.append(party)
    return left


def _roles_signed(asked: Sequence[str], signed: Sequence[Signature]) -> set[str]:
    """The roles for which there is a signature; of several roles each takes one of its own, as many as can have one."""
    if len(asked) < 2:
        return set(asked) if signed else set()
    holders = {role: [at for at, one in enumerate(signed) if role in _roles_at(one)] for role in asked}
    taken: dict[int, str] = {}

    def place(role: str, tried: set[int]) -> bool:
        for at in holders[role]:
            if at not in tried:
                tried.add(at)
                if at not in taken or place(taken[at], tried):
                    taken[at] = role
                    return True
        return False

    for role in asked:
        place(role, set())
    return set(taken.values())


def _roles_at(signature: Signature) -> set[str]:
    """The roles that the person in whose name it was given held when it was."""
    person = signature.on_behalf_of or signature.membership
    return {
        grant.role
        for grant in person.grants.all()
        if grant.granted_at <= signature.at and (grant.revoked_at is None or grant.revoked_at > signature.at)
    }


def fulfilled(step: ApprovalStep, parties: Sequence[ApprovalParty], signed: Sequence[Signature]) -> bool:
    """Whether the counting signatures are enough for the step's rule. A number counts people, not signatures."""
    if step.rule == ApprovalStep.Rule.ALL:
        return not unsigned(step, parties, signed)
    enough = step.at_least if step.rule == ApprovalStep.Rule.AT_LEAST else 1
    return len({signature.membership_id for signature in signed}) >= enough


def signatures_of(steps: Sequence[ApprovalStep]) -> dict[int, list[Signature]]:
    """The signatures of each step by its key, void ones too and those that stand from former submissions; oldest first.

    One query, and one more for each former submission that signatures stand from.
    """
    chains = {step.pk: [step.pk] for step in steps}
    ahead = {step.pk: step.stands_on_id for step in steps if step.stands_on_id}
    while ahead:
        for step, before in ahead.items():
            chains[step].append(before)
        further = dict(ApprovalStep.objects.filter(pk__in=ahead.values()).values_list("pk", "stands_on_id"))
        ahead = {step: further[before] for step, before in ahead.items() if further[before]}
    given = (
        Signature.objects.filter(step__in=[key for chain in chains.values() for key in chain])
        .select_related("function", "submission", "membership__user", "on_behalf_of__user", "proposed_decision")
        .defer("submission__record", "proposed_decision__record")
        .order_by("at", "pk")
    )
    by_step: dict[int, list[Signature]] = {}
    for signature in given:
        by_step.setdefault(signature.step_id, []).append(signature)
    return {
        step: sorted((one for key in chain for one in by_step.get(key, [])), key=lambda one: (one.at, one.pk))
        for step, chain in chains.items()
    }


def counting_signatures(step: ApprovalStep) -> list[Signature]:
    """The signatures that count on a step: given on it or standing from before, and not void."""
    people = Membership.objects.prefetch_related("grants")
    found = Signature.objects.at(step).current().select_related("function").order_by("at", "pk")
    return list(found.prefetch_related(Prefetch("membership", people), Prefetch("on_behalf_of", people)))


def still_missing(step: ApprovalStep) -> list[Membership]:
    """Everyone who could sign an open step now and whose signature is missing, delegates included; by name.

    In a fixed number of queries, however many they are: it is asked while the review is locked. Empty for a step that is
    not open. The step's review and submission are read where they are not at hand.
    """
    if step.state != ApprovalStep.State.OPEN:
        return []
    left = list(step.parties.all())
    if step.rule == ApprovalStep.Rule.ALL:
        left = unsigned(step, left, counting_signatures(step))
    people = Membership.objects.active().filter(organization_id=step.organization_id)
    named = (
        Q(pk__in=[party.membership_id for party in left if party.membership_id])
        | Q(function_links__function__in=[party.function_id for party in left if party.function_id])
        | Q(grants__role__in=[party.role for party in left if party.role], grants__revoked_at=None)
    )
    able = list(people.filter(named).distinct().with_rights())
    by_key = {person.pk: person for person in able}
    given = Delegation.objects.in_force(step.organization).filter(giver__in=able)
    givers: dict[int, list[Membership]] = {}
    for taker, giver in given.values_list("taker", "giver"):
        givers.setdefault(taker, []).append(by_key[giver])
    able += people.filter(pk__in=givers.keys() - by_key.keys()).with_rights()
    this = ApprovalStep.objects.filter(pk=step.pk)
    waited_for = those_with_rows(able, lambda person: this.open_for(person, givers.get(person.pk, [])))
    return sorted(waited_for, key=lambda person: (person.name, person.pk))


def missing_signatures(step: ApprovalStep, signed: Iterable[Signature]) -> int:
    """How many more people have to sign a step whose rule is a number."""
    wanted = step.at_least if step.rule == ApprovalStep.Rule.AT_LEAST else 1
    return max(0, (wanted or 1) - len({signature.membership_id for signature in signed}))
