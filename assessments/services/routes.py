"""The approval route: what a criteria version prescribes, and the steps that a submission makes of it."""

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
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
    Signature,
    Submission,
)
from assessments.models.asking import those_with_rows
from assessments.services.matching import matched


@dataclass(frozen=True)
class Place:
    """Whom a step names: a function, a role or a person; none of them where the criteria name what is gone.

    key     "function:qa", "role:approver", "person:ID" with the id of a membership; "person:ADDRESS", as the criteria have it,
            where the organization knows nobody of that address
    gone    why nobody can sign for it, in words; empty: somebody may
    former  whose place the person takes at this submission, and `reason` why
    signed  by a signature that stands from a former submission
    """

    key: str
    words: str
    function: Function | None = None
    role: str = ""
    membership: Membership | None = None
    gone: str = ""
    former: "Place | None" = None
    reason: str = ""
    signed: bool = False


@dataclass(frozen=True)
class Planned:
    """A step that a submission will make: whom it names, and how many of them must sign.

    despite   the duties that keep nobody from signing it
    stands_on the step of a former submission whose signatures stand for it, and `standing` those signatures
    """

    key: str
    name: str
    position: int
    kind: str
    rule: str
    at_least: int | None
    due_days: int | None
    despite: tuple[str, ...]
    places: tuple[Place, ...]
    stands_on: ApprovalStep | None = None
    standing: tuple[Signature, ...] = ()


def route_of(version: CriteriaVersion, *, stands_on: Submission | None = None) -> list[Planned]:
    """The steps that a version prescribes, in order; publishing checked their form.

    stands_on  a former submission that says the same: its steps keep their places
    Raises Missing for a version without an executive step
    """
    functions = {row.key: row for row in Function.objects.filter(organization_id=version.organization_id)}
    rows = list(version.routestep_rows.all())
    emails = {str(email).lower() for row in rows for email in row.definition.get("people") or []}
    members = Membership.objects.filter(organization_id=version.organization_id, user__email__in=emails)
    people = {person.user.email: person for person in members.select_related("user")}
    before = {step.key: step for step in stands_on.steps.all()} if stands_on else {}
    steps = []
    for position, row in enumerate(rows):
        given = row.definition
        roles = [*(given.get("roles") or []), *([given["role"]] if given.get("role") else [])]
        step = Planned(
            row.key,
            row.name or row.key,
            int(given.get("position", position)),
            given["kind"],
            given.get("rule", ApprovalStep.Rule.ANY),
            given.get("at_least"),
            given.get("due_days"),
            tuple(given.get("despite") or ()),
            (
                *(_function_named(key, functions.get(key)) for key in dict.fromkeys(given.get("functions") or [])),
                *(_role_named(role) for role in dict.fromkeys(roles)),
                *(_person_named(email, people.get(email)) for email in _lower(given.get("people") or [])),
            ),
        )
        steps.append(_as_before(step, before[row.key]) if row.key in before else step)
    if not any(step.kind == ApprovalStep.Kind.EXECUTIVE for step in steps):
        words = f"{version} has no executive step in its approval route."
        fault = {"what": "Approval route", "message": words}
        raise Missing("The approval route of these criteria cannot be followed.", [fault])
    return steps


def fault(step: Planned, words: str) -> dict:
    """What is wrong with a step, as a thing that holds a submission up; its key says where a place is given away."""
    return {"what": "Approval route", "step": step.key, "message": f"{step.name}: {words}."}


def _lower(emails: Iterable[object]) -> dict[str, None]:
    return dict.fromkeys(str(email).lower() for email in emails)


def _function_named(key: str, function: Function | None) -> Place:
    gone = "" if function else f"the function {key!r} does not exist"
    return Place(f"function:{key}", function.name if function else key, function=function, gone=gone)


def _person_named(email: str, person: Membership | None) -> Place:
    active = person is not None and person.is_active and person.user.is_active
    gone = "" if active else f"{email} is no active member"
    key = f"person:{person.uuid if person else email}"
    return Place(key, person.name if person else email, membership=person, gone=gone)


def _as_before(step: Planned, forerunner: ApprovalStep) -> Planned:
    """The step with the places of its forerunner, and the signatures of functions that stand from it."""
    parties = list(forerunner.parties.select_related("function", "membership__user"))
    stands_on = _whose_signatures_stand(forerunner)
    standing = tuple(counting_signatures(stands_on)) if stands_on else ()
    left = unsigned(forerunner, parties, standing)
    places = tuple(replace(_place_of(party), signed=bool(standing) and party not in left) for party in parties)
    return replace(step, places=places, stands_on=stands_on, standing=standing)


def _place_of(party: ApprovalParty) -> Place:
    """A place as it stands on a step already."""
    if party.membership:
        return _person_named(party.membership.user.email, party.membership)
    return _function_named(party.function.key, party.function) if party.function else _role_named(party.role)


def _role_named(role: str) -> Place:
    return Place(f"role:{role}", role.capitalize(), role=role)


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
            despite=list(planned.despite),
            stands_on=planned.stands_on,
            **common,
        )
        ApprovalParty.objects.bulk_create(
            ApprovalParty(step=step, function=place.function, role=place.role, membership=place.membership, **common)
            for place in planned.places
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


def is_named(place: Place | ApprovalParty, given: str) -> bool:
    """Whether a form or a request means this place: by its key, or a person by their address as the criteria do."""
    key = place.key if isinstance(place, Place) else party_key(place)
    address = f"person:{place.membership.user.email}" if place.membership else key
    return given == key or given.lower() == address.lower()


def party_key(party: ApprovalParty) -> str:
    """One text for one party of a step, which is that of its place (`Place.key`)."""
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
    held = [_roles_at(one) for one in signed]
    taken = matched([[at for at, roles in enumerate(held) if role in roles] for role in asked])
    return {asked[slot] for slot in taken.values()}


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

    A fixed number of queries, and one more for each former submission that signatures stand from.
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
        .prefetch_related("membership__grants", "on_behalf_of__grants")
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


def named_by(parties: Iterable[ApprovalParty | Place]) -> Q:
    """Of memberships: those whom any of the parties names."""
    found: dict[str, list] = {"people": [], "functions": [], "roles": []}
    for party in parties:
        if party.membership:
            found["people"].append(party.membership.pk)
        elif party.function:
            found["functions"].append(party.function.pk)
        elif party.role:
            found["roles"].append(party.role)
    return (
        Q(pk__in=found["people"])
        | Q(function_links__function__in=found["functions"])
        | Q(grants__role__in=found["roles"], grants__revoked_at=None)
    )


def still_missing(step: ApprovalStep) -> list[Membership]:
    """Everyone who could sign an open step now and whose signature is missing, delegates included; by name.

    In a fixed number of queries, however many they are: it is asked while the review is locked. Empty for a step that is
    not open. The step's review and submission are read where they are not at hand.
    """
    if step.state != ApprovalStep.State.OPEN:
        return []
    left = list(step.parties.select_related("function", "membership"))
    if step.rule == ApprovalStep.Rule.ALL:
        left = unsigned(step, left, counting_signatures(step))
    people = Membership.objects.active().filter(organization_id=step.organization_id)
    able = list(people.filter(named_by(left)).distinct().with_rights())
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
