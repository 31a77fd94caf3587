"""The places of a route before it is submitted: who can sign for each, and who takes whose."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from accounts.models import Membership
from assessments import permissions
from assessments.errors import Invalid
from assessments.models import ApprovalStep, Review, duties
from assessments.services import routes
from assessments.services.reviews import problem
from assessments.services.routes import Place, Planned
from assessments.services.signers import Demand, completable, most_signatures

EXECUTIVE = ApprovalStep.Kind.EXECUTIVE
LONGEST_REASON = 4000


def take_places(
    member: Membership, review: Review, steps: Sequence[Planned], given: Sequence[Mapping[str, Any]]
) -> list[Planned]:
    """The route with somebody else in the places that are given away at the submission.

    given   {step: its key, place: as `routes.is_named` reads it, person, reason} each
    Raises  Invalid naming the field of the entry ("places", with the step and the place as its option)
    """
    by_key = {step.key: step for step in steps}
    problems: list[dict] = []
    taken: set[str] = set()
    left, sound = [_by_key(by_key, entry) for entry in given], True
    # Whom a place takes can leave another one without signers: what is stuck is asked again after each round.
    while left and (stuck := stuck_places(review, list(by_key.values()), submitter=member)):
        sound = False
        now = [entry for entry in left if _option(entry) in stuck]
        if not now:
            break
        left = [entry for entry in left if entry not in now]
        for entry in now:
            found = _twice(entry, taken) or _take(member, review, by_key, entry)
            if found:
                problems.append(problem(found[0], found[1], str(entry.get("reason", "")), _option(entry)))
    for entry in left:
        field, words = _twice(entry, taken) or _not_stuck(by_key, entry, sound=sound)
        problems.append(problem(field, words, str(entry.get("reason", "")), _option(entry)))
    if problems:
        raise Invalid(problems)
    return [by_key[step.key] for step in steps]


def _by_key(steps: Mapping[str, Planned], entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """The entry with its place named by its key."""
    step = steps.get(entry["step"])
    found = [place.key for place in step.places if routes.is_named(place, entry["place"])] if step else []
    return {**entry, "place": found[0]} if found else entry


def _option(entry: Mapping[str, Any]) -> str:
    return option_of(entry["step"], entry["place"])


def _twice(entry: Mapping[str, Any], taken: set[str]) -> tuple[str, str] | None:
    twice = _option(entry) in taken
    taken.add(_option(entry))
    return ("places", "This place is given away twice; name one person.") if twice else None


def _not_stuck(steps: dict[str, Planned], entry: Mapping[str, Any], *, sound: bool) -> tuple[str, str]:
    """Why a place is not given away at a submission: there is none, it is signed for, or it can be filled as it is."""
    step, place = _find(steps, entry)
    if step is None or place is None:
        return "places", f"The route names no {entry['place']} at {entry['step']!r}."
    if place.signed:
        return "places", f"{step.name}: somebody has signed for {place.words} already, and the signature stands."
    afterwards = "Submit it so; a step can be reassigned afterwards, with a reason."
    if sound:
        return "places", f"The route can be completed as it is. {afterwards}"
    return "places", f"{step.name}: the place of {place.words} can be filled as it is. {afterwards}"


def _find(steps: Mapping[str, Planned], entry: Mapping[str, Any]) -> tuple[Planned | None, Place | None]:
    step = steps.get(entry["step"])
    return step, next((one for one in step.places if one.key == entry["place"]), None) if step else None


def stuck_places(review: Review, steps: Sequence[Planned], *, submitter: Membership) -> set[str]:
    """The places (`option_of`) for which somebody else has to be named before a route can be completed.

    Where too few are left beside those who sign other steps, which of its places is given away is the lead's choice
    """
    people = _Signers(review, steps, submitter)
    signers = [people.of(step) for step in steps]
    found = {option_of(one.step.key, place.key) for one in signers for place in one.stuck()}
    if found:
        return found
    named = {fault["step"] for fault in without_signers(review, steps, submitter=submitter)}
    left = [(step, place) for step in steps if step.key in named for place in step.places if not place.signed]
    return {option_of(step.key, place.key) for step, place in left}


def stuck_beside(
    member: Membership, review: Review, steps: Sequence[Planned], given: Sequence[Mapping[str, Any]]
) -> set[str]:
    """The places that are stuck, and those that get stuck once others are given away; reasons are not asked for.

    given  as for `take_places`; what nobody can take is passed over
    """
    by_key = {step.key: step for step in steps}
    found: set[str] = set()
    left = [_by_key(by_key, entry) for entry in given]
    while stuck := stuck_places(review, list(by_key.values()), submitter=member):
        found |= stuck
        now = [entry for entry in left if _option(entry) in stuck]
        if not now:
            break
        left = [entry for entry in left if entry not in now]
        for entry in now:
            _put(member, review, by_key, entry)
    return found


def option_of(step_key: str, place_key: str) -> str:
    """One text for one place of a route, as a form names it."""
    return f"{step_key}/{place_key}"


def _take(
    member: Membership, review: Review, steps: dict[str, Planned], entry: Mapping[str, Any]
) -> tuple[str, str] | None:
    """Put one place that is there right in `steps`, with a reason; else (field, why not)."""
    step, place = _find(steps, entry)
    assert step is not None and place is not None
    reason = _reason(entry)
    if not reason:
        return "reason", f"{step.name}: say why somebody else signs in the place of {place.words}."
    if len(reason) > LONGEST_REASON:
        return "reason", f"A reason has at most {LONGEST_REASON} characters."
    return _put(member, review, steps, entry)


def _reason(entry: Mapping[str, Any]) -> str:
    return str(entry.get("reason", "")).strip()


def _put(
    member: Membership, review: Review, steps: dict[str, Planned], entry: Mapping[str, Any]
) -> tuple[str, str] | None:
    step, place = _find(steps, entry)
    assert step is not None and place is not None
    taker = entry["person"].now()
    if taker.organization_id != review.organization_id:
        return "person", "Name somebody of this organization."
    if any(one.membership and one.membership.pk == taker.pk for one in step.places):
        return "person", f"{step.name} names {taker.name} already."
    as_step = ApprovalStep(review=review, kind=step.kind, despite=list(step.despite))
    if not (verdict := permissions.can_take_over(member, taker, as_step)):
        return "person", verdict.reason
    taken = Place(f"person:{taker.uuid}", taker.name, membership=taker, former=place, reason=_reason(entry))
    steps[step.key] = replace(step, places=tuple(taken if one is place else one for one in step.places))
    return None


def without_signers(review: Review, steps: Sequence[Planned], *, submitter: Membership) -> list[dict]:
    """What of a route different people cannot complete, each with its step: places for which nobody can sign, and steps
    for which too few are left beside those who sign the others."""
    found: list[dict] = []
    people = _Signers(review, steps, submitter)
    signers = [people.of(step) for step in steps]
    for one in signers:
        found += [routes.fault(one.step, words) for words in one.lacking()]
    if found:
        return found
    for count in range(1, len(signers) + 1):
        if not completable([one.demand for one in signers[:count]]):
            last = signers[count - 1]
            before = [one for one in signers[: count - 1] if one.demand.apart]
            others = [one.step.name for one in before if one.demand.people & last.demand.people]
            words = (
                f"nobody signs two steps, and beside those who sign {' and '.join(others)} too few are left who can sign "
                "it; name more people"
            )
            return [routes.fault(last.step, words)]
    return []


@dataclass(frozen=True)
class _OfStep:
    """Who can sign a step: by place, and what the step still wants of them."""

    step: Planned
    by_place: Sequence[tuple[Place, frozenset[int]]]
    demand: Demand

    def lacking(self) -> list[str]:
        """What the step alone lacks, in words."""
        gone = [place.gone for place in self.step.places if place.gone and not place.signed]
        if gone:
            return gone
        executive = self.step.kind == EXECUTIVE
        if executive and self.demand.single and not self.demand.people:
            return ["nobody whom it names is an approver who neither rated, recorded an agreed value nor submits"]
        if self.step.rule == ApprovalStep.Rule.ALL:
            words = "who neither rated nor submits can sign for" if executive else "speaks for"
            found = [
                f"nobody {words} {in_words(place)}" for place, who in self.by_place if not who and not place.signed
            ]
            if found:
                return found
        wanted, can = len(self.demand.single), most_signatures(self.demand.single)
        if can >= wanted:
            return []
        return [
            f"{'one has' if wanted == 1 else f'{wanted} have'} to sign, and {f'only {can}' if can else 'nobody'} can"
        ]

    def stuck(self) -> list[Place]:
        """The places without which the step alone cannot be completed: those that nobody can fill, or else all."""
        if not self.lacking():
            return []
        left = [(place, who) for place, who in self.by_place if not place.signed]
        gone = [place for place, _ in left if place.gone]
        empty = [place for place, who in left if not who]
        if self.step.rule == ApprovalStep.Rule.ALL:
            return empty or [place for place, _ in left]
        return gone or empty or [place for place, _ in left]


def in_words(place: Place) -> str:
    return f"the role {place.role}" if place.role else place.words


class _Signers:
    """Who could sign the steps of a route; read once for all steps."""

    def __init__(self, review: Review, steps: Sequence[Planned], submitter: Membership):
        places = [place for step in steps for place in step.places]
        active = Membership.objects.active().filter(routes.named_by(places), organization_id=review.organization_id)
        self.people = [one for one in active.distinct().with_rights() if permissions.reads_before_approval(one)]
        self.carriers = duties.carriers(review)
        self.carriers[duties.SUBMITTED].add(submitter.pk)

    def of(self, step: Planned) -> _OfStep:
        kept = {
            person
            for duty, people in self.carriers.items()
            if step.kind == EXECUTIVE and duty not in step.despite
            for person in people
        }
        able = [
            person
            for person in self.people
            if person.pk not in kept and (step.kind != EXECUTIVE or "approver" in person.roles)
        ]
        by_place = [(place, frozenset(one.pk for one in able if _names(place, one))) for place in step.places]
        return _OfStep(step, by_place, self._demand(step, by_place))

    def _demand(self, step: Planned, by_place: Sequence[tuple[Place, frozenset[int]]]) -> Demand:
        apart = duties.SIGNED not in step.despite
        # Whoever signed already, or let somebody sign for them, is taken by this step.
        signed = {key for one in step.standing for key in (one.membership_id, one.on_behalf_of_id) if key}
        taken = [frozenset({key}) for key in sorted(signed)]
        if step.rule != ApprovalStep.Rule.ALL:
            anyone = frozenset().union(*(who for _, who in by_place)) - signed
            wanted = step.at_least if step.rule == ApprovalStep.Rule.AT_LEAST and step.at_least else 1
            left = max(0, wanted - len({one.membership_id for one in step.standing}))
            return Demand((*taken, *(anyone,) * left), apart=apart)
        # Whoever is named in person signs as themselves, never for the role (`routes.unsigned`).
        in_person = {place.membership.pk for place in step.places if place.membership}
        left_over = [(place, who) for place, who in by_place if not place.signed]
        own = [who - in_person if place.role else who for place, who in left_over if not place.function]
        of_functions = [who for place, who in left_over if place.function]
        if step.kind == EXECUTIVE:  # one person gives one signature, as the voice of however many functions
            return Demand((*own, *of_functions), apart=apart)
        return Demand((*taken, *own), tuple(of_functions), apart)


def _names(place: Place, person: Membership) -> bool:
    if place.membership:
        return place.membership.pk == person.pk
    return place.function.key in person.function_keys if place.function else place.role in person.roles
