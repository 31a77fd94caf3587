"""Who could sign the steps of submissions, and for which places nobody could: asked of many steps at once.

Of one person and step `permissions.can_sign` says it. Whoever signs for somebody who delegated adds nobody: they sign where
that person could.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import Membership
from assessments import permissions
from assessments.models import ApprovalParty, ApprovalStep, ProposedDecision, Review, Signature, duties
from assessments.services import routes

UNFINISHED = (ApprovalStep.State.OPEN, ApprovalStep.State.WAITING)
EXECUTIVE = ApprovalStep.Kind.EXECUTIVE


@dataclass(frozen=True)
class Stuck:
    """A step that cannot be completed as things are.

    places  of those that it needs the ones for which nobody can sign
    """

    step: ApprovalStep
    places: Sequence[ApprovalParty]

    @property
    def words(self) -> str:
        return " and ".join(routes.party_words(place) for place in self.places)


class Able:
    """Who could sign the unfinished ones of some steps, each in their own name; read once for all of them.

    steps     with their parties at hand: all of each submission, of one organization
    reviews   to which they belong
    given     the signatures of each step by its key, void ones too (`routes.signatures_of`), and `counting` without these
    """

    def __init__(
        self,
        steps: Sequence[ApprovalStep],
        reviews: Iterable[Review],
        given: Mapping[int, Sequence[Signature]],
        counting: Mapping[int, Sequence[Signature]],
    ):
        self.counting = counting
        parties = [party for step in steps if step.state in UNFINISHED for party in step.parties.all()]
        self.people: list[Membership] = []
        self.carriers: dict[int, dict[str, set[int]]] = {}
        if parties:
            here = Membership.objects.active().filter(organization_id=steps[0].organization_id)
            named = here.filter(routes.named_by(parties)).distinct().with_rights()
            self.people = [one for one in named if permissions.reads_before_approval(one)]
            self.carriers = duties.carriers_in(reviews)
        self.elsewhere = _signed_elsewhere(steps, given)

    def of(self, place: ApprovalParty, step: ApprovalStep) -> list[Membership]:
        """Those who could sign for a place of a step."""
        counting, signed = self.counting[step.pk], set(self.elsewhere[step.pk])
        if place.function_id and place.function_id in {one.function_id for one in counting}:
            return []
        if step.kind == EXECUTIVE:
            # One person gives one signature, in whoever's name.
            signed |= {one.membership_id for one in counting}
            carried = self.carriers[step.review_id]
            signed |= {key for duty in carried.keys() - set(step.despite) for key in carried[duty]}
        elif not place.function_id:
            signed |= {routes.signer_of(one) for one in counting if one.function_id is None}
        return [
            person
            for person in self.people
            if person.pk not in signed
            and _names(place, person)
            and (step.kind != EXECUTIVE or "approver" in person.roles)
        ]

    def lacking(self, step: ApprovalStep, *, without: Membership | None = None) -> list[ApprovalParty]:
        """The places that keep an unfinished step from being completed: nobody, or too few, can sign for them.

        without  as if this person could not sign
        """
        gone = {without.pk} if without else set()
        parties, counting = list(step.parties.all()), self.counting[step.pk]
        if step.rule == ApprovalStep.Rule.ALL:
            left = routes.unsigned(step, parties, counting)
            return [place for place in left if not {one.pk for one in self.of(place, step)} - gone]
        can = {one.pk for place in parties for one in self.of(place, step)} - gone
        fresh = can - {one.membership_id for one in counting}
        return parties if len(fresh) < routes.missing_signatures(step, counting) else []


def _names(place: ApprovalParty, person: Membership) -> bool:
    if place.membership_id:
        return place.membership_id == person.pk
    if place.function_id:
        return any(place.function_id == function.pk for function in person.functions)
    return place.role in person.roles


def _signed_elsewhere(
    steps: Sequence[ApprovalStep], given: Mapping[int, Sequence[Signature]]
) -> dict[int, frozenset[int]]:
    """By the step's key: whom a signature on another step of the submission keeps from it; see `duties.SIGNED`."""
    found = {step.pk: frozenset[int]() for step in steps}
    by_submission: dict[int, list[ApprovalStep]] = {}
    for step in steps:
        if duties.SIGNED not in step.despite:
            by_submission.setdefault(step.submission_id, []).append(step)
    for apart in by_submission.values():
        for step in apart:
            others = [sign for one in apart if one is not step for sign in given[one.pk]]
            signed = {key for sign in others for key in (sign.membership_id, sign.on_behalf_of_id)}
            found[step.pk] = frozenset(key for key in signed if key)
    return found


def stuck(steps: QuerySet[ApprovalStep]) -> list[Stuck]:
    """Those of some steps that are open and cannot be completed, in a fixed number of queries."""
    rows, able = _read(steps)
    each = [(step, able.lacking(step)) for step in rows] if able else []
    return [Stuck(step, places) for step, places in each if places]


def held_alone_by(member: Membership) -> list[Stuck]:
    """The open steps that could not be completed without the person, and for which of their places; as `stuck`.

    member  with their rights
    """
    naming = ApprovalParty.objects.filter(step=OuterRef("pk")).naming(member)
    rows, able = _read(ApprovalStep.objects.filter(Exists(naming), organization_id=member.organization_id))
    found = []
    for step in rows if able else ():
        before = able.lacking(step)
        alone = [place for place in able.lacking(step, without=member) if place not in before]
        if alone:
            found.append(Stuck(step, alone))
    return found


def _read(steps: QuerySet[ApprovalStep]) -> tuple[list[ApprovalStep], "Able | None"]:
    """Of some steps the open ones, and who could sign them; None where none is open."""
    opened = steps.filter(state=ApprovalStep.State.OPEN, review__state=Review.State.IN_APPROVAL)
    wanted = set(opened.values_list("pk", flat=True))
    if not wanted:
        return [], None
    submissions = ApprovalStep.objects.filter(pk__in=wanted).values("submission")
    rows = list(
        ApprovalStep.objects.filter(submission__in=submissions)
        .select_related("organization", "review__program")
        .prefetch_related("parties__function", "parties__membership__user")
        .order_by("review_id", "position", "pk")
    )
    given = routes.signatures_of(rows)
    latest = ProposedDecision.objects.filter(submission__in=submissions).order_by("number")
    stands = dict(latest.values_list("submission_id", "pk"))
    counting = {
        step.pk: [one for one in given[step.pk] if one.proposed_decision_id in (None, stands.get(step.submission_id))]
        for step in rows
    }
    reviews = {step.review_id: step.review for step in rows}
    return [step for step in rows if step.pk in wanted], Able(rows, reviews.values(), given, counting)
